"""Sets of the family toxicity."""

import re

from registry import data_set
from sampling import balance, labelled, prepare, shuffled
from sets import emotion
from tables import rows_of


def sexism_kind(context):
    """(text, fine vector without its number) of sexist rows."""
    for text in context.texts("sexism_kind"):
        for row in rows_of(text):
            if row["label_vector"] != "none":
                yield row["text"], re.sub(r"^[\d.]+\s*", "", row["label_vector"])


def multilingual_hatecheck(context):
    """(case, hateful or non-hateful, language), 330 of each language."""
    for language, text in zip(("ar", "fr", "de", "hi", "it", "pt", "es", "nl", "pl"), context.texts("multilingual_hatecheck")):
        cases = prepare([(case["test_case"], case["label_gold"]) for case in rows_of(text)], context.evaluation)
        yield from ((case, key, language) for case, key in balance(cases, 330, 141, ratio=1.1))


def forum_hate(context):
    """(sentence, hate or noHate)."""
    repository = "Vicomtech/hate-speech-dataset"
    table = rows_of(context.repositories.text(repository, "annotations_metadata.csv"))
    kinds = {f"all_files/{row['file_id']}.txt": row["label"] for row in table if row["label"] in ("hate", "noHate")}
    return [(text, kinds[path]) for path, text in context.repositories.texts(repository, list(kinds))]


SWEAR_WORDS = re.compile(
    r"\b(fuck|shit|bitch|cunt|ass|asshole|nigg|fag|damn|hell|dick|pussy|retard|idiot|stupid|moron|crap|suck|bastard|whore|"
    r"slut|kill|hate|dumb)\w*",
    re.IGNORECASE,
)
HATE, OFFENSIVE, NEITHER = 0, 1, 2


def civil_comments(context):
    """GoEmotions comments that are neutral or positive and hold no swear word, shuffled."""
    found = [text for text, emotions in emotion.comments(context) if emotions == ("neutral",) or emotion.POSITIVE.issuperset(emotions)]
    return [text for text in shuffled(found, 31) if not SWEAR_WORDS.search(text)]


def toxicity(context):
    """(tweet or comment, hate, offensive or neither), cleaned and free of evaluation texts."""
    tweets = []
    table = context.repositories.text("t-davidson/hate-speech-and-offensive-language", "data/labeled_data.csv")
    for row in rows_of(table):
        text = re.sub(r'^[!\s"]*RT\s+@\w+:?', "", row["tweet"])
        tweets.append((re.sub(r'^[!"\s:]+', "", text), int(row["class"])))
    tweets = prepare(tweets, context.evaluation)
    classes = [shuffled([row for row in tweets if row[1] == key], 32) for key in (HATE, OFFENSIVE, NEITHER)]
    civil = [(text, NEITHER) for text in civil_comments(context)[:2600]]
    return classes[HATE] + classes[OFFENSIVE][:5200] + classes[NEITHER] + civil


def abuse_of_bots(context):
    """(message, whether it is abusive) where all annotators agree; their ratings go from 1, not abusive, to -3."""
    for text in context.texts("abuse_of_bots"):
        for row in rows_of(text):
            ratings = [value for number in range(1, 9) for value in (1, 0, -1, -2, -3) if row[f"Annotator{number}_is_abuse.{value}"].startswith("1")]
            if ratings and (max(ratings) < 0 or min(ratings) == 1):
                yield row["user"], max(ratings) < 0


SPANS = ("ipavlopoulos/toxic_spans", "data/{comments,annotations,spans}.csv")
TALK = ("ipavlopoulos/context_toxicity", "data/CAT_LARGE/gn.csv")


def toxic_comments(context):
    """(comment, number of annotators, {kind of toxicity: annotators who marked a span of it}) of Civil Comments chosen as toxic."""
    tables = {name: list(rows_of(context.repositories.text(SPANS[0], f"data/{name}.csv"))) for name in ("comments", "annotations", "spans")}
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


def civil_comment_toxic(context):
    """(comment, whether it is toxic)."""
    rows = [(text, False) for text in civil_comments(context)[2600:4400]]
    talk = []
    for text, asked, kinds in toxic_comments(context):
        if asked and max(kinds.values(), default=0) == asked and len(text) <= 300:
            rows.append((text, True))
    for row in rows_of(context.repositories.text(*TALK)):
        if row["label"] == "0" and float(row["api"]) < 0.15 and 25 <= len(row["text"]) <= 300:
            talk.append((row["text"].replace("\n", " "), False))
    return rows + shuffled(talk, 413)[:1800]


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
