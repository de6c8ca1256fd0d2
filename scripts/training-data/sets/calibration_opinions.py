"""Sets of opinions, style and tone that are not trained on: temperature and bias are fitted to them."""

import bz2
import json
import struct

from registry import CALIBRATION, data_set
from sampling import labelled, prepare, shuffled
from tables import fields, lines, lists_of, rows_of, tar_member

MOST = 200


def drawn(name, rows, context, seed, language=None):
    """One file: MOST of the rows (text, labels), drawn in the proportions of the source."""
    kept = shuffled(prepare(rows, context.evaluation, shortest=10, longest=1000), seed)[:MOST]
    return {name: [labelled(text, labels, language) for text, labels in kept]}


def one_of_each_pair(pairs, labels):
    """(text, labels) of one text of each pair, in turn the first and the second."""
    return [(pair[number % 2], [labels[number % 2]]) for number, pair in enumerate(pairs)]


CRYPTO = ("surge-ai/crypto-sentiment", "sentiment.csv")


@data_set("crypto_comment_sentiment", CALIBRATION, [CRYPTO], "MIT: LICENSE", "Reddit comments on cryptocurrencies")
def crypto_comment_sentiment(context):
    rows = [(row["Comment Text"], [row["Sentiment"].lower()]) for row in rows_of(context.repositories.text(*CRYPTO))]
    return drawn("crypto_comment_sentiment", rows, context, 201)


COURSES = ("trinker/sentimentr", "data/course_evaluations.rda")


@data_set(
    "course_evaluations",
    CALIBRATION,
    [COURSES],
    "MIT: DESCRIPTION and LICENSE of the R package",
    "students' remarks on courses and teachers; score above or below 0",
)
def course_evaluations(context):
    content = bz2.decompress(context.repositories.read(*COURSES))
    start = content.index(b"\0\0\0\x0e") + 4  # an R vector of numbers, then one of strings
    (count,) = struct.unpack_from(">i", content, start)
    scores = struct.unpack_from(f">{count}d", content, start + 4)
    at, rows = start + 4 + 8 * count + 8, []
    for score in scores:
        _, size = struct.unpack_from(">ii", content, at)
        text = content[at + 8 : at + 8 + size].decode("utf-8", "replace")
        at += 8 + size
        if score:
            rows.append((text, ["positive" if score > 0 else "negative"]))
    return drawn("course_evaluations", rows, context, 203)


PULL_REQUESTS = ("opus-research/sentiment-dataset", "data/dataset.json")
PULL_REQUEST_LICENCE = "MIT: LICENSE and README.md"


def pull_request_messages(context, part):
    """Every second message, so that the two sets made from them share none."""
    return json.loads(context.repositories.text(*PULL_REQUESTS))[part::2]


@data_set(
    "pull_request_sentiment",
    CALIBRATION,
    [PULL_REQUESTS],
    PULL_REQUEST_LICENCE,
    "half of the messages; polarity of the second pass, after discussion where the annotators disagreed",
)
def pull_request_sentiment(context):
    rows = []
    for message in pull_request_messages(context, 0):
        polarity = message.get("discussion_polarity") or message["part2_aggregate"]["polarity"]
        if polarity in ("positive", "negative", "neutral"):
            rows.append((message["raw_message"], [polarity]))
    return drawn("pull_request_sentiment", rows, context, 204)


@data_set(
    "pull_request_emotion",
    CALIBRATION,
    [PULL_REQUESTS],
    PULL_REQUEST_LICENCE,
    "the other half; emotions that two of the three annotators saw in the second pass, or none seen by two",
)
def pull_request_emotion(context):
    names = {"positivesurprise": "surprise", "negativesurprise": "surprise"}
    rows = []
    for message in pull_request_messages(context, 1):
        seen = [
            {names.get(emotion, emotion) for emotion in answer["part2"]["emotions"]} or {"no emotion"}
            for answer in message["individual_answers"]
        ]
        agreed = [emotion for emotion in sorted(set().union(*seen)) if sum(emotion in one for one in seen) > 1]
        if agreed:
            rows.append((message["raw_message"], agreed))
    return drawn("pull_request_emotion", rows, context, 205)


PUNS = ("orionw/RedditHumorDetection", "data/puns/dev.tsv")


@data_set("puns", CALIBRATION, [PUNS], "MIT: LICENSE.txt", "puns against sentences of news, answers and proverbs")
def puns(context):
    table = [line.split(",", 3) for line in lines(context.repositories.text(*PUNS))]
    rows = [(row[3], ["pun" if row[1] == "1" else "not a pun"]) for row in table if len(row) > 3 and row[1] in "01"]
    return drawn("puns", rows, context, 207)


CLICKBAIT = ("gmordecki/TA1C", "TA1C_dataset_minimal.tar.gz")


@data_set(
    "clickbait_spanish",
    CALIBRATION,
    [CLICKBAIT],
    "MIT: LICENSE",
    "Spanish headlines and tweets of newspapers, judged by hand; the test part",
)
def clickbait_spanish(context):
    names = {"Clickbait": "clickbait", "No": "not clickbait"}
    table = rows_of(tar_member(context.repositories.read(*CLICKBAIT), "test_minimal.csv").decode())
    rows = [(row["Teaser Text"], [names[row["Tag Value"]]]) for row in table]
    return drawn("clickbait_spanish", rows, context, 218, "es")


FIGURATIVE = "UKPLab/acl2022-impli"


@data_set(
    "figurative_sentences",
    CALIBRATION,
    [(FIGURATIVE, "idioms/manual_e.tsv, metaphors/manual_e.tsv")],
    "Apache 2.0: LICENSE",
    "sentences with an idiom or metaphor and their literal paraphrases by annotators; one sentence of each pair",
)
def figurative_sentences(context):
    pairs = []
    for kind in ("idioms", "metaphors"):
        pairs += [row[:2] for row in fields(context.repositories.text(FIGURATIVE, f"{kind}/manual_e.tsv")) if len(row) > 1]
    return drawn("figurative_sentences", one_of_each_pair(pairs, ["figurative", "literal"]), context, 208)


POLITENESS = "Genius1237/TyDiP"
POLITENESS_PATH = "data/binary/{}_test_binary.csv"


def politeness(context, language):
    """(request, labels) of the quarter of requests rated most and the quarter rated least polite."""
    table = rows_of(context.repositories.text(POLITENESS, POLITENESS_PATH.format(language)))
    return [(row["sentence"], ["polite" if float(row["score"]) > 0 else "impolite"]) for row in table]


@data_set(
    "politeness_english",
    CALIBRATION,
    [(POLITENESS, POLITENESS_PATH.format("en"))],
    "CC BY 4.0: README.md (code MIT)",
    "requests between Wikipedia editors, from the Stanford Politeness Corpus; most and least polite quarter",
)
def politeness_english(context):
    return drawn("politeness_english", politeness(context, "en"), context, 210)


@data_set(
    "politeness_french_spanish",
    CALIBRATION,
    [(POLITENESS, POLITENESS_PATH.format("{fr,es}"))],
    "CC BY 4.0: README.md (code MIT)",
    "French and Spanish requests between Wikipedia editors; most and least polite quarter",
)
def politeness_french_spanish(context):
    rows = politeness(context, "fr") + politeness(context, "es")
    return drawn("politeness_french_spanish", rows, context, 211)


REFUGEES = ("UCSM-DUE/IWG_hatespeech_public", "german hatespeech refugees.csv")


@data_set(
    "hate_german",
    CALIBRATION,
    [REFUGEES],
    "CC BY-SA 3.0: README.md",
    "German tweets on refugees on whose label both experts agree",
)
def hate_german(context):
    names = {"YES": "hate speech", "NO": "not hate speech"}
    table = lists_of(context.repositories.text(*REFUGEES))
    rows = [(text, [names[first]]) for text, first, second, *_ in table if first == second and first in names]
    return drawn("hate_german", rows, context, 213, "de")


CITIZENS = "juliaromberg/cimt-argument-mining-dataset"
CITIZENS_PATHS = [f"Cycling-Dialogue-{city}/dataset_CD{city[0]}.tsv" for city in ("Bonn", "Cologne", "Moers")]


@data_set(
    "citizen_proposals_german",
    CALIBRATION,
    [(CITIZENS, ", ".join(CITIZENS_PATHS))],
    "CC BY-SA 4.0: README.md",
    "German sentences of citizens on cycling; a sentence can be a proposal and a reason",
)
def citizen_proposals_german(context):
    names = {
        "mpos": ["proposal"],
        "premise": ["reason"],
        "mpos+premise": ["proposal", "reason"],
        "non-arg": ["neither proposal nor reason"],
    }
    rows = []
    for path in CITIZENS_PATHS:
        table = lists_of(context.repositories.text(CITIZENS, path), delimiter="\t")
        rows += [(row[3], names[row[4]]) for row in table if len(row) > 4 and row[4] in names]
    return drawn("citizen_proposals_german", rows, context, 215, "de")


QUERIES = ("google-research-datasets/query-wellformedness", "test.tsv")


@data_set(
    "question_form",
    CALIBRATION,
    [QUERIES],
    "CC BY-SA 4.0: README.md",
    "queries that at least four of five, or at most one of five annotators found well-formed",
)
def question_form(context):
    rows = []
    for line in lines(context.repositories.text(*QUERIES)):
        text, _, score = line.rpartition("\t")
        if not 0.3 < float(score) < 0.7:
            rows.append((text, ["well-formed question" if float(score) > 0.5 else "badly formed question"]))
    return drawn("question_form", rows, context, 216)


DEBT = ("yikun-li/satd-different-sources-data", "satd-dataset-commit_messages.csv")


@data_set("commit_debt", CALIBRATION, [DEBT], "MIT: LICENSE", "commit messages that admit technical debt, by its kind")
def commit_debt(context):
    names = {
        "code_debt": "code quality",
        "design_debt": "design",
        "documentation_debt": "documentation",
        "test_debt": "tests",
        "build_debt": "build",
        "requirement_debt": "requirements",
        "architecture_debt": "architecture",
    }
    table = rows_of(context.repositories.text(*DEBT))
    rows = [(row["text"], [names[row["classification"]]]) for row in table if row["classification"] in names]
    return drawn("commit_debt", rows, context, 217)
