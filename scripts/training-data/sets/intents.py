"""Sets of the family intents, and the domains of the same dialogues."""

import collections
import json
import random
import re

from registry import data_set
from sampling import all_others, near_intents, sample
from tables import json_lines, label_table, lists_of, rows_of
from texts import clean_document, squash, words

SHOP = ("ShivaaniSivanandan/Supportbot", "Bitext_Sample_Customer_Service_Training_Dataset.csv")


@data_set(
    "shop_support_intents",
    "intents",
    [SHOP],
    "CDLA-Sharing 1.0: the data set of Bitext (LICENSE.txt of bitext/customer-support-llm-chatbot-training-dataset); the "
    "repository with this copy states none",
    "27 intents, names by hand (v1) and as in the file (v2)",
)
def shop_support_intents(context):
    rows, category = [], {}
    for row in lists_of(context.repositories.text(*SHOP)):
        if len(row) == 4 and re.fullmatch("[a-z_]+", row[3]) and row[3] != "intent":
            rows.append((row[1], row[3]))
            category[row[3]] = row[2]
    by_hand = {key: name for key, name in label_table("shop_support").items() if key in category}
    near = near_intents(by_hand)
    siblings = {key: [other for other in by_hand if other != key and category[other] == category[key]] + near[key] for key in by_hand}
    wordings = [by_hand, {key: key.replace("_", " ") for key in by_hand}]
    return sample("shop_support_intents", rows, wordings, context.evaluation, most=5000, per_class=200, siblings=siblings)


CLINC = "clinc/oos-eval"
CLINC_LICENCE = "CC BY 3.0: LICENSE"


def clinc(context):
    """Shuffled (request, intent); {domain: intents}; {intent: name in words}."""
    return context.once("CLINC", _clinc)


def _clinc(context):
    domains = json.loads(context.repositories.text(CLINC, "data/domains.json"))
    parts = json.loads(context.repositories.text(CLINC, "data/data_full.json"))
    rows = [tuple(row) for part in ("train", "val", "test") for row in parts[part]]
    random.Random(1).shuffle(rows)
    names = {intent: intent.replace("_", " ") for intents in domains.values() for intent in intents}
    return rows, domains, {**names, **label_table("clinc_intents")}


@data_set(
    "clinc_intents",
    "intents",
    [(CLINC, "data/data_full.json, data/domains.json")],
    CLINC_LICENCE,
    "150 intents, names in words; not_labels are intents of the same domain",
)
def clinc_intents(context):
    rows, domains, names = clinc(context)
    siblings = {intent: others for intents in domains.values() for intent, others in all_others(intents).items()}
    return sample("clinc_intents", rows, [names], context.evaluation, per_class=60, siblings=siblings)


def clinc_spare(context):
    """(request, intent) of the requests that clinc_intents does not hold."""
    used = {squash(row["text"]) for row in context.made("clinc_intents")["clinc_intents"]}
    return [row for row in clinc(context)[0] if squash(clean_document(row[0])) not in used]


def clinc_domains(context):
    """(request, domain) of rows that clinc_intents does not hold."""
    domain_of = {intent: domain for domain, intents in clinc(context)[1].items() for intent in intents}
    return [(text, domain_of[intent]) for text, intent in clinc_spare(context) if intent in domain_of]


SNIPS = "sonos/nlu-benchmark"


def snips_intents(context):
    """(request, intent); one of the files is not UTF-8."""
    for intent in ("AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook", "SearchCreativeWork", "SearchScreeningEvent"):
        content = context.repositories.read(SNIPS, f"2017-06-custom-intent-engines/{intent}/train_{intent}_full.json")
        try:
            requests = json.loads(content.decode("utf-8"))
        except UnicodeDecodeError:
            requests = json.loads(content.decode("latin-1"))
        for request in requests[intent]:
            yield "".join(part["text"] for part in request["data"]), intent


NLUPP = "PolyAI-LDN/task-specific-datasets"
NLUPP_NAMES = {
    "cancel_close_leave_freeze": "cancel, close or freeze",
    "make_open_apply_setup_get_activate": "open, apply, set up or activate",
    "wrong_notworking_notshowing": "wrong or not working",
    "lost_stolen": "lost or stolen",
    "more_higher_after": "more or later",
    "less_lower_before": "less or earlier",
    "transfer_payment_deposit": "transfer, payment or deposit",
    "fees_interests": "fees or interest",
    "dont_know": "does not know",
}
NLUPP_OPENING = re.compile(
    r"^is the (intent|intention) (asking about|to ask about something related to|to ask something about|"
    r"to ask about something about|to ask about|about|to|asking|of)\s*"
)


def nlupp(name):
    """Registers the set of one domain of NLU++."""

    @data_set(
        f"nlupp_{name}",
        "intents",
        [(NLUPP, f"nlupp/data/{name}/fold*.json, nlupp/data/ontology.json")],
        "CC BY 4.0: LICENSE, nlupp/README.md refers to it",
        "multi-label; v1 short names, v2 from the descriptions of ontology.json; banking_data (= banking77) is not used",
    )
    def build(context):
        ontology = json.loads(context.repositories.text(NLUPP, "nlupp/data/ontology.json"))["intents"]
        rows = []
        for _, text in context.repositories.texts(NLUPP, context.repositories.files(NLUPP, f"nlupp/data/{name}", ".json")):
            for row in json.loads(text):
                intents = [intent for intent in row.get("intents", []) if intent in ontology]
                if intents:
                    rows.append((row["text"], intents))
        used = sorted({intent for _, intents in rows for intent in intents})
        short = {intent: intent.replace("_", ", " if intent.count("_") > 2 else " ") for intent in used}
        short.update((intent, label) for intent, label in NLUPP_NAMES.items() if intent in short)
        long = {intent: NLUPP_OPENING.sub("", ontology[intent]["description"].rstrip("?. ")) for intent in used}
        long = {intent: text.replace("ovedraft", "overdraft").strip().lower() for intent, text in long.items()}
        return sample(f"nlupp_{name}", rows, [short, long], context.evaluation, siblings=all_others(used))


for domain in ("banking", "hotels"):
    nlupp(domain)

SERVICE = ("awslabs/multi-domain-goal-oriented-dialogues-dataset", "data/paper_splits/splits_annotated_at_sentence_level")
SERVICE_LICENCE = "CDLA-Permissive 1.0: LICENSE.txt"
SERVICE_DOMAINS = ("airline", "fastfood", "finance", "insurance", "media", "software")
COURTESIES = ("thankyou", "openinggreeting", "closinggreeting", "confirmation", "rejection")


def service_sentences(context):
    """(domain, sentence, intents) of the sentences with an intent."""
    return context.once("service sentences", _service_sentences)


def _service_sentences(context):
    rows = []
    for domain in SERVICE_DOMAINS:
        for part in ("train", "dev", "test"):
            table = context.repositories.text(SERVICE[0], f"{SERVICE[1]}/{domain}/{part}.tsv")
            for row in rows_of(table, delimiter="\t", quoting=3):
                intents = [intent for intent in re.split(r"[|,;]|<div>", row["intent"] or "") if intent]
                if row["utterance"] and not {"contentonly", "outofdomain"} & set(intents):
                    rows.append((domain, row["utterance"], list(dict.fromkeys(intents))))
    return rows


@data_set(
    "customer_service_intents",
    "intents",
    [(SERVICE[0], f"{SERVICE[1]}/*")],
    SERVICE_LICENCE,
    "intent names by hand; contentonly and outofdomain left out",
)
def customer_service_intents(context):
    names = label_table("customer_service")
    rows, of_domain = [], collections.defaultdict(set)
    for domain, text, intents in service_sentences(context):
        if intents and all(intent in names for intent in intents) and len(words(text)) >= 3:
            rows.append((text, intents))
            of_domain[domain].update(intents)
    siblings = {}
    for intent in names:
        same = [other for known in of_domain.values() if intent in known for other in sorted(known - {intent, *COURTESIES})]
        siblings[intent] = same + [other for other in COURTESIES if other != intent]
    return sample("customer_service_intents", rows, [names], context.evaluation, most=5000, per_class=220, siblings=siblings)


def customer_service_domain(context):
    """(sentence, domain) of sentences with an intent that customer_service_intents does not hold."""
    used = {squash(row["text"]) for row in context.made("customer_service_intents")["customer_service_intents"]}
    for domain, text, intents in service_sentences(context):
        if not set(intents) & set(COURTESIES) and len(words(text)) >= 5 and squash(clean_document(text)) not in used:
            yield text, domain


def docs_issues(context):
    """(text, documentation or other): more than half of the annotators said it is about the documentation, or not."""
    for text in context.texts("docs_issues"):
        for row in json_lines(text):
            share = row.get("cats", {}).get("DOCUMENTATION")
            if share is not None:
                yield row["text"], "documentation" if share > 0.5 else "other"


VACCINE = "IBM/vira-intent-classification"
COMMON_IN_VACCINE = {"vaccine", "covid", "will", "have", "does", "that", "what"}


@data_set(
    "vaccine_questions",
    "intents",
    [(VACCINE, "intent_dataset/{train,validation}.csv")],
    "Apache 2.0: LICENSE",
    "intent sentences as in the file (question mark off); not_labels are intents that share a word, and random ones",
)
def vaccine_questions(context):
    rows = []
    for part in ("train", "validation"):
        rows += rows_of(context.repositories.text(VACCINE, f"intent_dataset/{part}.csv"))
    intents = sorted({row["label"] for row in rows})
    siblings = {}
    for intent in intents:
        own = {word for word in words(intent) if len(word) > 3} - COMMON_IN_VACCINE
        near = [other for other in intents if other != intent and own & set(words(other))]
        rest = [other for other in intents if other != intent and other not in near]
        siblings[intent] = near + random.Random(intent).sample(rest, 3)
    names = {intent: clean_document(intent).rstrip("?.") for intent in intents}
    names = {intent: name if name.startswith(("I ", "I'", "COVID")) else name[0].lower() + name[1:] for intent, name in names.items()}
    rows = [(row["sentence"], row["label"]) for row in rows]
    return sample("vaccine_questions", rows, [names], context.evaluation, most=5000, per_class=60, siblings=siblings)
