"""GoEmotions comments, from which several sets are made."""

from sampling import prepare
from tables import fields

SOURCE = ("monologg/GoEmotions-pytorch", "data/original/*.tsv")
LICENCE = "Apache 2.0: LICENSE; the original (google-research): Apache 2.0, data CC BY 4.0"

EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval disgust "
    "embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief remorse sadness "
    "surprise neutral"
).split()
POSITIVE = set("admiration amusement approval caring desire excitement gratitude joy love optimism pride relief".split())
NEGATIVE = set(
    "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness".split()
)


def comments(context):
    """(comment, emotions), cleaned and free of evaluation texts, in the order of the files."""
    return context.once("GoEmotions comments", _comments)


def _comments(context):
    rows = []
    for part in ("train", "dev", "test"):
        for text, numbers, _ in fields(context.repositories.text(SOURCE[0], f"data/original/{part}.tsv")):
            text = text.replace("[NAME]", "@user").replace("[RELIGION]", "religion")
            rows.append((text, tuple(EMOTIONS[int(number)] for number in numbers.split(","))))
    return prepare(rows, context.evaluation)


def group_of(groups):
    """{emotion: group} of {group: "emotion emotion"}."""
    return {emotion: group for group, members in groups.items() for emotion in members.split()}


def in_one_group(rows, groups):
    """(comment, group) of the comments whose emotions are all in the same group."""
    group = group_of(groups)
    return [
        (text, group[emotions[0]])
        for text, emotions in rows
        if len({group.get(emotion) for emotion in emotions}) == 1 and emotions[0] in group
    ]
