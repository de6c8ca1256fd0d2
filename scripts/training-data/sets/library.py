"""Sets of the families topics and medical: titles in Finnish libraries to their subjects."""

import collections
import re

from sampling import shuffled
from tables import fields, lines

FINNA = "NatLibFi/Annif-corpora"

# A subject needs this many titles to be a label.
LEAST_TITLES = 20


def subject_files(context, addresses):
    """[(address of the subject, its titles)] in English: no abstracts, no titles in two languages, at least four words."""
    there = set(context.once("Finna", lambda context: context.repositories.files(FINNA, "subjects/yso-finna-en/", ".txt")))
    asked = {f"subjects/yso-finna-en/{address.split('/')[-1]}-en.txt": address for address in addresses}
    found = []
    for path, text in context.repositories.texts(FINNA, sorted(there & set(asked))):
        titles = [re.sub(r"\s+:", ":", title.strip()) for title in lines(text)[1:]]
        titles = [title for title in titles if len(title) <= 250 and len(title.split()) >= 4 and " = " not in title]
        found.append((asked[path], titles))
    return found


def subject_names(context):
    """{address of a subject: its English name without what stands in brackets}."""
    names = {}
    for row in fields(context.repositories.text(FINNA, "vocab/yso-en.tsv")):
        if len(row) > 1:
            names[row[0].strip("<>")] = re.sub(r"\s*\([^()]*\)", "", row[1]).strip()
    return names


def titles_with_subjects(context, wanted=None):
    """(title, names of its subjects); of all subjects with enough titles, or of the wanted ones only."""
    names, subjects = context.once("Finna names", subject_names), collections.defaultdict(list)
    addresses = [address for address, name in names.items() if not wanted or name in wanted]
    for address, titles in subject_files(context, addresses):
        if wanted or len(titles) >= LEAST_TITLES:
            for title in titles:
                subjects[title].append(names[address])
    return [(title, list(dict.fromkeys(found))) for title, found in sorted(subjects.items())]


def even_rows(rows, most, per_label, seed=11):
    """Up to `most` of the rows (title, labels), so that each adds a label that is not there `per_label` times yet."""
    taken, kept = collections.Counter(), []
    for text, labels in shuffled(rows, seed):
        if min(taken[label] for label in labels) < per_label and len(kept) < most:
            taken.update(labels)
            kept.append((text, labels))
    return kept


def library_subjects(context):
    """(title, its subjects), at least two."""
    return even_rows([(title, found) for title, found in titles_with_subjects(context) if 2 <= len(found) <= 8], 8600, 2)


COMMODITIES = """wheat; barley; oats; rye; rice; maize; cereal; soybeans; oil plants; vegetable oils; palm oil; olive oil; rape oil; coffee; cocoa; tea;
sugar; sugar beet; cotton; wool; rubber; meat; beef; pork; cattle; dairy cattle; poultry; fish; potatoes; fruit; vegetables; timber; sawn timber; pulp
industry; paper industry; crude oil; oil production; oil refining; natural gas; petrol; coal; peat; nuclear energy; electricity; wind energy; solar energy;
gold; silver; copper; zinc; nickel; aluminium; tin; lead; iron; steel; steel industry; mining; fertilisers; tobacco industry; wine; beer; milk"""
ECONOMY = """economic growth; economic policy; economic crises; economic forecasts; economic indicators; gross national product; national income; unemployment;
youth unemployment; employment policy; wages; minimum wage; labour market; strikes; trade unions; collective labour agreements; labour disputes; pensions;
pension schemes; taxation; corporate taxation; value-added tax; income taxation; tax evasion; tax policy; public finances; budgets; budget policy; public
debt; state debt; monetary policy; central banks; money market; monetary unions; interest; currency; rates of exchange; foreign exchange market; currency
crises; banks; banking sector; banking crises; credits; loans; housing loans; stock exchanges; stocks; securities; derivative markets; options; capital
market; dividends; investments; foreign investments; direct investments; investors; venture capital investments; insurance; insurance companies; financial
statements; accounting; cost accounting; auditing; profitability; profits; bankruptcy; corporate acquisitions; mergers; company takeover; privatisation;
state-owned companies; competition law; cartels; monopolies; foreign trade; international trade; export; import; customs duties; barriers to trade; free
trade; trade agreements; balance of payments; trade balance; trade policy; economic sanctions; economic integration; development aid; subsidies; agricultural
policy; agriculture; forestry; fishery; fishing; food industry; food security; retail trade; wholesale trade; consumer prices; prices; price formation; consumer
behaviour; consumption; shipping; sea transport; harbours; air transport; airlines; railway transport; road transport; freight; logistics; automobile
industry; shipbuilding industry; chemical industry; pharmaceutical industry; textile industry; clothing industry; electronics industry; construction industry;
real estate market; housing market; housing policy; energy policy; energy consumption; energy market; electricity market; emission trade; renewable energy
sources; tourism; telecommunications; software industry; entrepreneurship; small enterprises; startup companies; family businesses; marketing; advertising;
electronic commerce; money laundering; corruption; poverty; income distribution; inequality; globalisation; patents; trademarks; arms trade; arms industry;
corporate governance; corporate responsibility; risk management; research and development"""


def listed(*texts):
    """The names in texts of names with semicolons."""
    return {name.strip() for text in texts for name in re.sub(r"\s+", " ", text).split(";")}


def library_economy(context):
    """(title, its subjects of economy)."""
    return even_rows(titles_with_subjects(context, listed(COMMODITIES, ECONOMY)), 8600, 80)


CONDITIONS = """ADHD; Aids; HIV infection; Alzheimer's disease; Asperger's syndrome; autism; Crohn's disease; Down syndrome; Huntington's disease; Hodgkin's disease;
Parkinson's disease; Sjögren's syndrome; Tourette syndrome; Lyme disease; acne; adult-onset diabetes; juvenile diabetes; gestational diabetes; diabetes;
alcoholism; drug addiction; allergy; food allergy; milk allergy; amyotrophic lateral sclerosis; anemia; anorexia nervosa; bulimia; eating disorders; anxiety
disorders; phobias; panic disorder; social phobia; obsessive-compulsive disorder; post-traumatic stress disorder; depression; postpartum depression; bipolar
disorder; schizophrenia; psychoses; personality disorders; aphasia; stuttering; dyslexia; speech disorders; voice disorders; arrhythmias; arterial
hypertension; hypertension; hypotension; heart failure; heart diseases; coronary disease; myocardial infarction; cerebral stroke; cerebral infarction;
cerebrovascular disorders; atherosclerosis; thrombosis; vascular diseases; arthritis; arthrosis; rheumatoid arthritis; rheumatic diseases; osteoporosis; bone
fractures; sports injuries; diseases of the back; asthma; bronchitis; pneumonia; chronic obstructive pulmonary disease; tuberculosis; influenza; avian
influenza; lung diseases; breast cancer; prostate cancer; pulmonary cancer; cancer of the large intestine; rectal cancer; gastric cancer; pancreatic cancer; skin
cancer; melanoma; ovarian cancer; cervical cancer; uterine cancer; bladder cancer; renal cancer; liver cancer; oral cancer; brain tumors; leukemia; lymphomas;
sarcoma; brain injuries; spinal cord injuries; epilepsy; migraine; headache; dementia; memory disorders; multiple sclerosis; cerebral palsy; paralysis;
poliomyelitis; encephalitis; burns and scalds; wounds; pressure ulcer; caries; gingivitis; parodontitis; cataract; glaucoma; blindness; deafness; hearing
disorders; otitis; rhinitis; celiac disease; lactose intolerance; gastritis; stomach ulcer; colitis; cirrhosis; liver diseases; pancreatitis; renal diseases;
urinary incontinence; urinary tract infection; dermatitis; psoriasis; skin diseases; mycoses; malaria; salmonella infection; listeriosis; food poisoning;
diarrhea; sepsis; nosocomial infection; sexually transmitted diseases; virus diseases; bacterial diseases; parasitic diseases; tropical diseases; hereditary
diseases; metabolic syndrome; hypercholesterolemia; obesity; nutritional disorders; insomnia; sleep disorders; sleep apnea syndrome; chronic pain; infertility;
pregnancy; menopause; poisonings; occupational diseases; nausea; fever; vertigo; sexual disorders; developmental disorders"""


def library_conditions(context):
    """(title, its diseases and conditions)."""
    return even_rows(titles_with_subjects(context, listed(CONDITIONS)), 7000, 60)
