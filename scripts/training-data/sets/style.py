"""Sets of the family style: sarcasm, clickbait, spam, reading level, subjective or objective."""

import gzip
import json
import random
import re

from registry import data_set
from sampling import (
    balance,
    deal,
    labelled,
    one_label,
    pass_over,
    prepare,
    shuffled,
    versions,
)
from sets import goemotions, reviews
from tables import lines, lists_of, rows_of, zip_texts

MUSTARD = ("soujanyaporia/MUStARD", "data/sarcasm_data.json")


def dialogues(context):
    """Dialogues with speakers, the last line and whether it is sarcastic."""
    return json.loads(context.repositories.text(*MUSTARD)).values()


@data_set("sarcasm_dialogue", "style", [MUSTARD], "MIT: LICENSE", "last two context lines and the utterance")
def sarcasm_dialogue(context):
    rows = []
    for scene in dialogues(context):
        said = list(zip(scene["context_speakers"], scene["context"]))[-2:]
        before = " ".join(f"{speaker.title()}: {line}" for speaker, line in said)
        rows.append((f"{before} {scene['speaker'].title()}: {scene['utterance']}", scene["sarcasm"]))
    wording = {True: "the last line is sarcastic", False: "the last line is sincere"}
    return one_label("sarcasm_dialogue", prepare(rows, context.evaluation), wording)


SARCASTIC = [{True: "sarcastic", False: "not sarcastic"}, {True: "ironic", False: "not ironic"}]


@data_set(
    "sarcasm",
    "style",
    [("iabufarha/iSarcasmEval", "train/train.En.csv, test/task_A_En_test.csv"), MUSTARD],
    "MIT: LICENSE of each",
    "author-labelled tweets; half of the authors' own plain rephrasings as non-sarcastic; plus MUStARD utterances",
)
def sarcasm(context):
    rows = [(scene["utterance"], scene["sarcasm"]) for scene in dialogues(context)]
    plain = []
    for row in rows_of(context.repositories.text("iabufarha/iSarcasmEval", "train/train.En.csv")):
        rows.append((row["tweet"], row["sarcastic"] == "1"))
        if row["sarcastic"] == "1" and row["rephrase"]:
            plain.append((row["rephrase"], False))
    for row in rows_of(context.repositories.text("iabufarha/iSarcasmEval", "test/task_A_En_test.csv")):
        rows.append((row["text"], row["sarcastic"] == "1"))
    draw = random.Random(11)
    pass_over(draw, [10_684, 3_500, 7_421, 4_500])
    draw.shuffle(plain)
    rows = balance(prepare(rows + plain[: len(plain) // 2], context.evaluation), 3120, 12, ratio=1.3)
    wordings = SARCASTIC + [
        {True: "the writer means the opposite", False: "the writer means it literally"},
        {True: "sarcasm or irony", False: "a sincere statement"},
    ]
    return versions("sarcasm_v", rows, wordings)


@data_set(
    "sarcasm_arabic",
    "style",
    [("iabufarha/iSarcasmEval", "train/train.Ar.csv, test/task_A_Ar_test.csv")],
    "MIT: LICENSE",
    "author-labelled Arabic texts, a third of the authors' own plain rephrasings as non-sarcastic",
)
def sarcasm_arabic(context):
    rows = []
    for path in ("train/train.Ar.csv", "test/task_A_Ar_test.csv"):
        for row in rows_of(context.repositories.text("iabufarha/iSarcasmEval", path)):
            text = row.get("text") or row.get("tweet")
            rows.append((text, row["sarcastic"] == "1"))
            if row["sarcastic"] == "1" and row.get("rephrase") and len(text) % 3 == 0:
                rows.append((row["rephrase"], False))
    rows = [(text, key, "ar") for text, key in balance(prepare(rows, context.evaluation), 2000, 191, ratio=1.2)]
    return deal("sarcasm_arabic_v", rows, SARCASTIC)


@data_set(
    "clickbait",
    "style",
    [("bhargaviparanjape/clickbait", "dataset/*.gz")],
    "MIT: LICENSE",
    "v3 is a wording of the same two classes",
)
def clickbait(context):
    rows = []
    for name, key in (("clickbait_data", 1), ("non_clickbait_data", 0)):
        packed = context.repositories.read("bhargaviparanjape/clickbait", f"dataset/{name}.gz")
        rows += [(line, key) for line in lines(gzip.decompress(packed).decode("utf-8", "replace")) if line.strip()]
    wordings = [
        {1: "clickbait", 0: "not clickbait"},
        {1: "clickbait headline", 0: "news headline"},
        {1: "a headline that teases the reader", 0: "a headline that states the news"},
    ]
    return versions("clickbait_v", balance(prepare(rows, context.evaluation), 3000, 13, ratio=1), wordings)


@data_set(
    "sms",
    "style",
    [("hamzaaacodes/sms-spam-collection", "SMSSpamCollection")],
    "UCI SMS Spam Collection: CC BY 4.0 (the UCI page; the repository states none)",
    "spam and ham, balanced 1 to 1.5",
)
def sms(context):
    rows = []
    for line in lines(context.repositories.text("hamzaaacodes/sms-spam-collection", "SMSSpamCollection")):
        key, _, text = line.partition("\t")
        if key in ("ham", "spam") and text:
            rows.append((text, key))
    wordings = [
        {"spam": "spam", "ham": "not spam"},
        {"spam": "unwanted advertising message", "ham": "personal message"},
    ]
    return versions("sms_", balance(prepare(rows, context.evaluation), 1880, 43, ratio=1.5), wordings)


@data_set(
    "youtube_spam",
    "style",
    [("ECE457-A/FeatureSelection", "Youtube01-Psy.csv"), ("jeevanchavan143/CommentSpam", "Youtube05-Shakira.csv")],
    "UCI YouTube Spam Collection: CC BY 4.0 (the UCI page; the repositories state none)",
    "spam and ham",
)
def youtube_spam(context):
    rows = []
    for row in lists_of(context.repositories.text("ECE457-A/FeatureSelection", "Youtube01-Psy.csv")):
        if len(row) >= 2:
            rows.append((",".join(row[1:]), row[0].strip()))
    for row in rows_of(context.repositories.text("jeevanchavan143/CommentSpam", "Youtube05-Shakira.csv")):
        rows.append((row["CONTENT"], "spam" if row["CLASS"] == "1" else "ham"))
    wording = {"spam": "spam comment", "ham": "genuine comment"}
    return one_label("youtube_spam", prepare([row for row in rows if row[1] in wording], context.evaluation), wording)


@data_set(
    "reading_level",
    "style",
    [("nishkalavallabhi/OneStopEnglishCorpus", "Texts-SeparatedByReadingLevel/")],
    "CC BY-SA 4.0: LICENSE.markdown, README",
    "up to 3 paragraphs a text",
)
def reading_level(context):
    repository = "nishkalavallabhi/OneStopEnglishCorpus"
    wording = {"Adv": "advanced reader", "Int": "intermediate reader", "Ele": "elementary reader"}
    rows = []
    for level in wording:
        folder = f"Texts-SeparatedByReadingLevel/{level}-Txt/"
        paths = [path for path in context.repositories.files(repository, folder) if "/" not in path.removeprefix(folder)]
        for path, text in context.repositories.texts(repository, paths):
            paragraphs = [part.strip() for part in text.split("\n") if len(part.strip()) > 150]
            rows += [(paragraph, level) for paragraph in shuffled(paragraphs, path.removeprefix(folder))[:3]]
    rows = balance(prepare(rows, context.evaluation), 1200, 44, ratio=1.2)
    return one_label("reading_level", rows, wording)


SUBJECTIVE = [
    {1: "subjective", 0: "objective"},
    {1: "subjective opinion", 0: "objective description"},
    {1: "opinion", 0: "fact"},
    {1: "personal view of the writer", 0: "plain description of the story or the facts"},
]
JUDGEMENT = re.compile(
    "review|acclaim|prais|critic|gross|box office|award|Academy|best|success|fail|popular|consider|well.received|cult|poll|regard",
    re.IGNORECASE,
)
PLOT = re.compile(r"\b(follows|tells|who|whose|when|after|story|centers|revolves|he|she|they|his|her|their)\b")
MAKING = re.compile(r"\b(directed|produced|starring|released|distributed|film)\b")


def film_sentences(context):
    """Sentences of 40 to 320 characters of Wikipedia's articles on films, without those that judge."""
    for decade in range(1930, 2030, 10):
        films = json.loads(context.repositories.text("prust/wikipedia-movie-data", f"movies-{decade}s.json"))
        for film in films:
            for sentence in re.split(r'(?<=[a-z0-9)][.!?])\s+(?=[A-Z"])', film.get("extract") or ""):
                sentence = sentence.strip()
                if 40 <= len(sentence) <= 320 and not JUDGEMENT.search(sentence):
                    yield sentence


def product_opinions(context):
    """Sentences of the customer reviews in nltk_data whose feature marks all have one sign."""
    for number in (1, 2):
        archive = context.repositories.read("nltk/nltk_data", f"packages/corpora/product_reviews_{number}.zip")
        for name, text in zip_texts(archive):
            for line in lines(text) if "README" not in name else []:
                marks, _, sentence = line.partition("##")
                if sentence and len(set(re.findall(r"\[([+-])\d?\]", marks))) == 1:
                    sentence = re.sub(r"\s+('s|'re|'ve|'m|'d|'ll|n't)\b", r"\1", sentence)
                    yield re.sub(r"\s+([.,!?;:])", r"\1", sentence)


@data_set(
    "film_subjectivity",
    "style",
    [
        ("prust/wikipedia-movie-data", "movies-{1930s..2020s}.json (objective)"),
        (reviews.SOURCE[0], f"{reviews.SOURCE[1]} and the sentences of dynasent (subjective)"),
    ],
    "MIT: LICENSE of prust/wikipedia-movie-data, extracts from Wikipedia CC BY-SA; the others as their own sets",
    "sentences of film articles, mostly about the plot, against opinion sentences of reviews; label by source, not by "
    "annotation. The draw was made with customer reviews of nltk_data, which are then replaced by DynaSent",
)
def film_subjectivity(context):
    sentences = [(sentence, 0) for sentence in film_sentences(context)]
    draw = random.Random(71)
    draw.shuffle(sentences)
    plot = [row for row in sentences if PLOT.search(row[0]) and not MAKING.search(row[0])]
    plots = set(plot)
    rest = [row for row in sentences if row not in plots][:1200]
    opinions = [(sentence, 1) for sentence in product_opinions(context) if len(sentence) > 25]
    draw.shuffle(opinions)
    subjective = [(text, 1) for text, _ in reviews.signs(context)] + opinions[:1600]
    plot = prepare(plot, context.evaluation)[: len(subjective) - 1200]
    rows = balance(prepare(subjective + plot + rest, context.evaluation), 8000, 71, ratio=1.15)
    return without_product_opinions(context, versions("film_subjectivity_v", rows, SUBJECTIVE, 72))


def without_product_opinions(context, files):
    """The files with DynaSent sentences in place of the subjective sentences that are not of the review sentences."""
    allowed = {text for text, _ in reviews.signs(context)}
    neutral = {"neutral", "no opinion", "the reviewer only states facts", "neither good nor bad"}
    spare = [row["text"] for rows in context.made("dynasent").values() for row in rows if row["labels"][0] not in neutral]
    random.Random(5).shuffle(spare)
    used, replaced = 0, {}
    for number, (file, rows) in enumerate(files.items()):
        wording = SUBJECTIVE[number]
        kept = [row for row in rows if row["labels"] == [wording[0]] or row["text"] in allowed]
        objective = sum(row["labels"] == [wording[0]] for row in kept)
        missing = 2 * objective - len(kept)
        fill = [labelled(text, [wording[1]]) for text in spare[used : used + missing]]
        used += missing
        replaced[file] = shuffled(kept + fill, number + 1)
    return replaced


@data_set(
    "subjectivity_mix",
    "style",
    [reviews.SOURCE, goemotions.SOURCE],
    "as review_sentences and goemotions; the objective sentences as the sets at hand they are taken from",
    "review sentences and GoEmotions comments as subjective; texts of fewrel_relations, debian_packages, onet_occupations, "
    "hs_goods and software_catalogues as objective; label by source, not by annotation",
)
def subjectivity_mix(context):
    draw = random.Random(81)
    comments = [
        (text, 1)
        for text, emotions in goemotions.comments(context)
        if "neutral" not in emotions and len(text) > 25 and "?" not in text
    ]
    draw.shuffle(comments)
    rows = [(text, 1) for text, _ in reviews.signs(context)] + comments[:2300]
    for name in ("fewrel_relations", "debian_packages", "onet_occupations", "hs_goods", "software_catalogues"):
        texts = [row["text"] for row in context.at_hand(name)]
        draw.shuffle(texts)
        texts = [re.sub(r"\s*\[[^\[\]]* – [^\[\]]*\]\s*$", "", text) for text in texts]
        rows += [(text, 0) for text in texts if 25 <= len(text) <= 400][:1050]
    rows = balance(prepare(rows, context.evaluation), 9900, 82, ratio=1.05)
    wordings = [
        SUBJECTIVE[0],
        {1: "opinion or feeling", 0: "factual statement"},
        {1: "expresses a personal opinion", 0: "gives neutral information"},
    ]
    return versions("subjectivity_mix_", rows, wordings, 83)


COMMENTS = "AGalassi/StructurePrediction18"


def propositions(context):
    """(proposition, its kind) of the comments: value, fact, testimony, policy or reference."""
    paths = context.repositories.files(COMMENTS, "Datasets/cdcp_ACL17/", ".ann.json")
    comments = context.repositories.texts(COMMENTS, [path.replace(".ann.json", ".txt") for path in paths])
    for (_, notes), (_, text) in zip(context.repositories.texts(COMMENTS, paths), comments):
        notes = json.loads(notes)
        for (start, end), kind in zip(notes["prop_offsets"], notes["prop_labels"]):
            yield text[start:end].strip(), kind


@data_set(
    "comment_proposition_kind",
    "style",
    [(COMMENTS, "Datasets/cdcp_ACL17/{train,test}/*.{txt,ann.json}")],
    "ODbL 1.0, contents DbCL 1.0: Datasets/cdcp_ACL17/readme.txt (Cornell eRulemaking Corpus CDCP)",
    "propositions of comments on a rule for debt collectors to their kind: opinion, fact, experience or proposal",
)
def comment_proposition_kind(context):
    rows = [row for row in propositions(context) if row[1] != "reference"]
    rows = balance(prepare(rows, context.evaluation, shortest=20), 3000, 343, ratio=1.3)
    wording = {
        "value": "opinion",
        "fact": "statement of fact",
        "testimony": "personal experience",
        "policy": "proposal of what should be done",
    }
    return one_label("comment_proposition_kind", rows, wording)
