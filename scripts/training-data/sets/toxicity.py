"""Sets of the family toxicity."""

import re

from registry import data_set
from sampling import balance, deal, labelled, one_label, prepare, shuffled, versions
from sets import goemotions
from tables import fields, rows_of

HATEFUL = [
    {"hateful": "hateful", "non-hateful": "not hateful"},
    {"hateful": "hate speech", "non-hateful": "not hate speech"},
]

EDOS = ("rewire-online/edos", "data/edos_labelled_aggregated.csv")


@data_set("sexism", "toxicity", [EDOS], "CC0 1.0: LICENSE", "binary label, balanced")
def sexism(context):
    rows = [(row["text"], row["label_sexist"]) for row in rows_of(context.repositories.text(*EDOS))]
    wordings = [
        {"sexist": "sexist", "not sexist": "not sexist"},
        {"sexist": "sexist language", "not sexist": "no sexism"},
        {"sexist": "demeaning towards women", "not sexist": "harmless"},
        {"sexist": "misogynistic", "not sexist": "not misogynistic"},
    ]
    return versions("sexism_v", balance(prepare(rows, context.evaluation), 5200, 7, ratio=1), wordings)


@data_set("sexism_kind", "toxicity", [EDOS], "CC0 1.0: LICENSE", "the 11 fine vectors of sexist rows")
def sexism_kind(context):
    rows = [
        (row["text"], re.sub(r"^[\d.]+\s*", "", row["label_vector"]))
        for row in rows_of(context.repositories.text(*EDOS))
        if row["label_vector"] != "none"
    ]
    return one_label("sexism_kind", balance(prepare(rows, context.evaluation), 3000, 7, ratio=1000))


HATECHECK = ("paul-rottger/hatecheck-data", "test_suite_cases.csv")


@data_set("hatecheck", "toxicity", [HATECHECK], "CC BY 4.0: LICENSE", "gold label; templated text")
def hatecheck(context):
    rows = [(row["test_case"], row["label_gold"]) for row in rows_of(context.repositories.text(*HATECHECK))]
    return versions("hatecheck_v", balance(prepare(rows, context.evaluation), 1980, 8, ratio=1.1), HATEFUL)


@data_set("hatecheck_target", "toxicity", [HATECHECK], "CC BY 4.0: LICENSE", "target identity; templated text")
def hatecheck_target(context):
    rows = [
        (row["test_case"], row["target_ident"]) for row in rows_of(context.repositories.text(*HATECHECK)) if row["target_ident"]
    ]
    return one_label("hatecheck_target", balance(prepare(rows, context.evaluation), 1400, 8, ratio=10))


@data_set(
    "multilingual_hatecheck",
    "toxicity",
    [
        (
            "rewire-online/multilingual-hatecheck",
            "MHC Final Cases/hatecheck_cases_final_{arabic,dutch,french,german,hindi,italian,polish,portuguese,spanish}.csv",
        )
    ],
    "CC BY 4.0: LICENSE",
    "gold label, 330 rows a language; templated text",
)
def multilingual_hatecheck(context):
    languages = {
        "arabic": "ar",
        "french": "fr",
        "german": "de",
        "hindi": "hi",
        "italian": "it",
        "portuguese": "pt",
        "spanish": "es",
        "dutch": "nl",
        "polish": "pl",
    }
    rows = []
    for name, language in languages.items():
        path = f"MHC Final Cases/hatecheck_cases_final_{name}.csv"
        cases = rows_of(context.repositories.text("rewire-online/multilingual-hatecheck", path))
        cases = prepare([(case["test_case"], case["label_gold"]) for case in cases], context.evaluation)
        rows += [(text, key, language) for text, key in balance(cases, 330, 141, ratio=1.1)]
    return deal("multilingual_hatecheck_v", shuffled(rows, 142), HATEFUL)


@data_set(
    "hatemoji",
    "toxicity",
    [("HannahKirk/Hatemoji", "HatemojiBuild/{train,validation,test}.csv")],
    "CC BY 4.0: LICENSE, README.md",
    "gold label",
)
def hatemoji(context):
    rows = []
    for part in ("train", "validation", "test"):
        table = context.repositories.text("HannahKirk/Hatemoji", f"HatemojiBuild/{part}.csv")
        rows += [(row["text"], int(row["label_gold"])) for row in rows_of(table)]
    wordings = [{1: "hateful", 0: "not hateful"}, {1: "abusive towards a group", 0: "not abusive"}]
    return versions("hatemoji_v", balance(prepare(rows, context.evaluation), 4000, 131, ratio=1.1), wordings, 131)


@data_set(
    "forum_hate",
    "toxicity",
    [("Vicomtech/hate-speech-dataset", "annotations_metadata.csv, all_files/")],
    "CC BY-SA 3.0 ES: LICENSE",
    "labels hate and noHate",
)
def forum_hate(context):
    repository = "Vicomtech/hate-speech-dataset"
    table = rows_of(context.repositories.text(repository, "annotations_metadata.csv"))
    kinds = {f"all_files/{row['file_id']}.txt": row["label"] for row in table if row["label"] in ("hate", "noHate")}
    rows = [(text, kinds[path]) for path, text in context.repositories.texts(repository, list(kinds))]
    wordings = [
        {"hate": "hate speech", "noHate": "not hate speech"},
        {"hate": "hateful towards a group of people", "noHate": "not hateful"},
    ]
    return versions("forum_hate_v", balance(prepare(rows, context.evaluation), 2840, 9, ratio=1.5), wordings)


@data_set(
    "wiki_toxic",
    "toxicity",
    [
        (
            "conversationai/unintended-ml-bias-analysis",
            "archive/unintended_ml_bias/eval_datasets/toxicity_nonfuzzed_testset.csv",
        )
    ],
    "Apache 2.0: LICENSE and archive/LICENSE (the README says CC BY 4.0 for data); text of Wikipedia talk pages CC BY-SA",
    "toxic yes or no, at most 3 civil comments to 1",
)
def wiki_toxic(context):
    path = "archive/unintended_ml_bias/eval_datasets/toxicity_nonfuzzed_testset.csv"
    rows = [
        (row["comment"].replace("NEWLINE_TOKEN", " ").replace("TAB_TOKEN", " "), row["toxic"] == "True")
        for row in rows_of(context.repositories.text("conversationai/unintended-ml-bias-analysis", path))
    ]
    wordings = [
        {True: "toxic", False: "not toxic"},
        {True: "a personal attack or insult", False: "a civil comment"},
        {True: "rude or disrespectful", False: "respectful"},
    ]
    return versions("wiki_toxic_v", balance(prepare(rows, context.evaluation), 1500, 10, ratio=3), wordings)


SWEAR_WORDS = re.compile(
    r"\b(fuck|shit|bitch|cunt|ass|asshole|nigg|fag|damn|hell|dick|pussy|retard|idiot|stupid|moron|crap|suck|bastard|whore|"
    r"slut|kill|hate|dumb)\w*",
    re.IGNORECASE,
)
HATE, OFFENSIVE, NEITHER = 0, 1, 2


def civil_comments(context):
    """GoEmotions comments that are neutral or positive and hold no swear word, shuffled."""
    found = [
        text
        for text, emotions in goemotions.comments(context)
        if emotions == ("neutral",) or goemotions.POSITIVE.issuperset(emotions)
    ]
    return [text for text in shuffled(found, 31) if not SWEAR_WORDS.search(text)]


def two_classes(offensive, neither):
    """A wording in which hate speech counts as offensive."""
    return {HATE: offensive, OFFENSIVE: offensive, NEITHER: neither}


@data_set(
    "toxicity",
    "toxicity",
    [("t-davidson/hate-speech-and-offensive-language", "data/labeled_data.csv"), goemotions.SOURCE],
    "MIT: LICENSE; GoEmotions as there",
    'hate speech, offensive, neither; GoEmotions rows that are neutral or positive and hold no swear word added to "neither"; '
    "leading RT dropped",
)
def toxicity(context):
    civil = [(text, NEITHER) for text in civil_comments(context)]
    tweets = []
    table = context.repositories.text("t-davidson/hate-speech-and-offensive-language", "data/labeled_data.csv")
    for row in rows_of(table):
        text = re.sub(r'^[!\s"]*RT\s+@\w+:?', "", row["tweet"])
        tweets.append((re.sub(r'^[!"\s:]+', "", text), int(row["class"])))
    tweets = prepare(tweets, context.evaluation)
    classes = [shuffled([row for row in tweets if row[1] == key], 32) for key in (HATE, OFFENSIVE, NEITHER)]
    rows = classes[HATE] + classes[OFFENSIVE][:5200] + classes[NEITHER] + civil[:2600]
    wordings = [
        two_classes("offensive", "not offensive"),
        two_classes("offensive language", "not offensive"),
        two_classes("toxic", "not toxic"),
        two_classes("abusive or vulgar language", "clean language"),
        two_classes("insulting or swearing", "polite or neutral"),
        {HATE: "hate speech", OFFENSIVE: "offensive language", NEITHER: "neither hateful nor offensive"},
    ]
    return versions("toxicity_", rows, wordings, 33)


@data_set(
    "german_offensive",
    "toxicity",
    [("uds-lsv/GermEval-2018-Data", "germeval2018.{training,test}.txt")],
    "CC BY 4.0: LICENSE.md/LICENSE.md",
    "OFFENSE and OTHER, 1 to 1.2; German tweets; v3 has German labels",
)
def german_offensive(context):
    rows = []
    for part in ("training", "test"):
        for row in fields(context.repositories.text("uds-lsv/GermEval-2018-Data", f"germeval2018.{part}.txt")):
            if len(row) == 3:
                rows.append((row[0].replace("|LBR|", " "), row[1]))
    rows = [(text, key, "de") for text, key in balance(prepare(rows, context.evaluation), 4000, 121, ratio=1.2)]
    wordings = [
        {"OFFENSE": "offensive", "OTHER": "not offensive"},
        {"OFFENSE": "offensive language", "OTHER": "acceptable language"},
        {"OFFENSE": "beleidigend", "OTHER": "nicht beleidigend"},
    ]
    return deal("german_offensive_v", rows, wordings)


CONVABUSE = ("amandacurry/convabuse", "2_splits/ConvAbuseEMNLP{train,valid,test}.csv")


def abuse_votes(context):
    """(user's message, annotators' ratings from 1 not abusive to -3) of ConvAbuse."""
    for part in ("train", "valid", "test"):
        for row in rows_of(context.repositories.text(CONVABUSE[0], f"2_splits/ConvAbuseEMNLP{part}.csv")):
            ratings = [
                value
                for number in range(1, 9)
                for value in (1, 0, -1, -2, -3)
                if row[f"Annotator{number}_is_abuse.{value}"].startswith("1")
            ]
            yield row["user"], ratings


@data_set(
    "abuse_of_bots",
    "toxicity",
    [CONVABUSE],
    "CC BY 4.0: LICENSE",
    "message of a user to a chat robot; abusive where all annotators say so, not abusive where all say so; at most 2 to 1",
)
def abuse_of_bots(context):
    rows = []
    for text, ratings in abuse_votes(context):
        if ratings and (max(ratings) < 0 or min(ratings) == 1):
            rows.append((text, max(ratings) < 0))
    wordings = [
        {True: "abusive", False: "not abusive"},
        {True: "offensive", False: "not offensive"},
        {True: "insulting or harassing", False: "a normal message"},
    ]
    return versions("abuse_of_bots_v", balance(prepare(rows, context.evaluation), 3000, 401, ratio=2), wordings, 402)


SURGE = ("surge-ai/toxicity", "toxicity_en.csv")


@data_set("social_media_toxic", "toxicity", [SURGE], "MIT: LICENSE", "Toxic and Not Toxic")
def social_media_toxic(context):
    rows = [(row["text"], row["is_toxic"]) for row in rows_of(context.repositories.text(*SURGE))]
    wordings = [
        {"Toxic": "offensive", "Not Toxic": "not offensive"},
        {"Toxic": "toxic", "Not Toxic": "not toxic"},
        {"Toxic": "hostile or abusive", "Not Toxic": "friendly or neutral"},
    ]
    return versions("social_media_toxic_v", prepare(rows, context.evaluation), wordings, 404)


SPANS = ("ipavlopoulos/toxic_spans", "data/{comments,annotations,spans}.csv")
TALK = ("ipavlopoulos/context_toxicity", "data/CAT_LARGE/gn.csv")


def toxic_comments(context):
    """(comment, number of annotators, {kind of toxicity: annotators who marked a span of it}) of Civil Comments chosen as toxic."""
    tables = {
        name: list(rows_of(context.repositories.text(SPANS[0], f"data/{name}.csv"))) for name in ("comments", "annotations", "spans")
    }
    marked = {}
    for span in tables["spans"]:
        marked.setdefault(span["annotation"], set()).add(span["type"])
    asked, kinds = {}, {}
    for row in tables["annotations"]:
        comment = row["comment_id"]
        asked[comment] = asked.get(comment, 0) + 1
        for kind in sorted(marked.get(row["annotation"], ())):
            seen = kinds.setdefault(comment, {})
            seen[kind] = seen.get(kind, 0) + 1
    for row in tables["comments"]:
        comment = row["comment_id"]
        yield row["comment_text"], asked.get(comment, 0), kinds.get(comment, {})


@data_set(
    "civil_comment_toxic",
    "toxicity",
    [SPANS, TALK, goemotions.SOURCE],
    "CC0 1.0: LICENSE of toxic_spans (Civil Comments); Apache 2.0: LICENSE of context_toxicity, text of Wikipedia talk pages CC BY-SA; "
    "GoEmotions as there",
    "toxic: comments in which all annotators marked insulting, profane, threatening or attacking words, at most 300 characters; "
    "not toxic: talk page posts of label 0 with a score below 0.15, and as many GoEmotions rows as in toxicity, but others; 1 to 1; "
    "label partly by source",
)
def civil_comment_toxic(context):
    rows = [(text, False) for text in civil_comments(context)[2600:4400]]
    talk = []
    for text, asked, kinds in toxic_comments(context):
        if asked and max(kinds.values(), default=0) == asked and len(text) <= 300:
            rows.append((text, True))
    for row in rows_of(context.repositories.text(*TALK)):
        if row["label"] == "0" and float(row["api"]) < 0.15 and 25 <= len(row["text"]) <= 300:
            talk.append((row["text"].replace("\n", " "), False))
    rows += shuffled(talk, 413)[:1800]
    wordings = [
        {True: "offensive language", False: "not offensive"},
        {True: "toxic", False: "not toxic"},
        {True: "insulting or swearing", False: "civil"},
        {True: "rude comment", False: "polite or neutral comment"},
    ]
    return versions("civil_comment_toxic_v", balance(prepare(rows, context.evaluation), 6000, 407, ratio=1), wordings, 408)


@data_set(
    "toxicity_kind",
    "toxicity",
    [SPANS],
    "CC0 1.0: LICENSE (Civil Comments)",
    "toxic comments of at most 300 characters, the kinds of which more than half of the annotators marked spans; Other Toxicity left out; "
    "at most 450 rows a combination of kinds",
)
def toxicity_kind(context):
    names = [
        {
            "Insult": "insult",
            "Profane/Obscene": "profanity",
            "Identity based Attack": "attack on a group of people",
            "Threat": "violent language",
        },
        {
            "Insult": "calls someone names",
            "Profane/Obscene": "obscene or swear words",
            "Identity based Attack": "hate against an identity",
            "Threat": "speaks of killing or hurting",
        },
    ]
    rows = []
    for text, asked, kinds in toxic_comments(context):
        found = tuple(kind for kind in sorted(kinds) if kind in names[0] and kinds[kind] * 2 > asked)
        if found and len(text) <= 300:
            rows.append((text, found))
    rows = shuffled(prepare(rows, context.evaluation), 409)
    taken, kept = {}, []
    for text, found in rows:
        taken[found] = taken.get(found, 0) + 1
        if taken[found] <= 450:
            kept.append((text, found))
    return {
        f"toxicity_kind_v{number + 1}": [labelled(text, [wording[kind] for kind in found]) for text, found in kept[number::2]]
        for number, wording in enumerate(names)
    }
