"""Sets of the family emotion, most of them from the comments of GoEmotions, which others read too."""

import json
import random
import re

from sampling import prepare, shuffled
from tables import fields, lists_of

EMOTIONS = [
    "admiration",
    "amusement",
    "anger",
    "annoyance",
    "approval",
    "caring",
    "confusion",
    "curiosity",
    "desire",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "excitement",
    "fear",
    "gratitude",
    "grief",
    "joy",
    "love",
    "nervousness",
    "optimism",
    "pride",
    "realization",
    "relief",
    "remorse",
    "sadness",
    "surprise",
    "neutral",
]
POSITIVE = {"admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love", "optimism", "pride", "relief"}
NEGATIVE = {"anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief", "nervousness", "remorse", "sadness"}


EKMAN = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "neutral": "neutral",
}
FEELINGS = {
    "sadness": "sadness grief remorse disappointment",
    "joy": "joy amusement excitement",
    "love": "love caring",
    "anger": "anger annoyance",
    "fear": "fear nervousness",
    "surprise": "surprise",
}
OWN_FEELINGS = {
    "sadness": "sadness grief remorse disappointment",
    "joy": "joy excitement amusement pride relief gratitude",
    "love": "love caring admiration",
    "anger": "anger annoyance disgust",
    "fear": "fear nervousness",
    "surprise": "surprise realization",
}
FIRST_PERSON = re.compile(r"\b(I|I'm|I’m|im|Im|I've|my|My|me|myself)\b")


def comments(context):
    """(comment, emotions), cleaned and free of evaluation texts, in the order of the files."""
    return context.once("GoEmotions comments", _comments)


def _comments(context):
    rows = []
    for part in ("train", "dev", "test"):
        for text, numbers, _ in fields(context.repositories.text("monologg/GoEmotions-pytorch", f"data/original/{part}.tsv")):
            text = text.replace("[NAME]", "@user").replace("[RELIGION]", "religion")
            rows.append((text, tuple(EMOTIONS[int(number)] for number in numbers.split(","))))
    return prepare(rows, context.evaluation)


def group_of(groups):
    """{emotion: group} of {group: "emotion emotion"}."""
    return {emotion: group for group, members in groups.items() for emotion in members.split()}


def in_one_group(rows, groups):
    """(comment, group) of the comments whose emotions are all in the same group."""
    group = group_of(groups)
    return [(text, group[emotions[0]]) for text, emotions in rows if len({group.get(emotion) for emotion in emotions}) == 1 and emotions[0] in group]


def draws(context):
    """All comments, those of the set goemotions and those with a sign, shuffled by one source of numbers one after the other."""
    return context.once("GoEmotions draws", _draws)


def _draws(context):
    draw = random.Random(21)
    rows = list(comments(context))
    draw.shuffle(rows)
    count = {emotion: sum(emotion in emotions for _, emotions in rows) for emotion in EMOTIONS}
    taken = dict.fromkeys(EMOTIONS, 0)
    fine = []
    for text, emotions in sorted(rows, key=lambda row: min(count[emotion] for emotion in row[1])):
        if len(fine) < 7600 and all(taken[emotion] < 420 for emotion in emotions):
            fine.append((text, emotions))
            for emotion in emotions:
                taken[emotion] += 1
    draw.shuffle(fine)
    signed = []
    for text, emotions in rows:
        signs = [1 if emotion in POSITIVE else -1 if emotion in NEGATIVE else 0 if emotion == "neutral" else None for emotion in emotions]
        neutral_only = emotions == ("neutral",)
        if None not in signs and (1 in signs) + (-1 in signs) + neutral_only == 1:
            signed.append((text, 1 if 1 in signs else -1 if -1 in signs else 0))
    draw.shuffle(signed)
    return rows, fine, signed


def rare_first(context):
    """(comment, emotions), rare emotions first."""
    return draws(context)[1]


def signed_comments(context):
    """(comment, 1 positive, -1 negative or 0 neutral)."""
    return draws(context)[2]


def ekman_emotion(context):
    """(comment, Ekman group) of comments in one group."""
    return in_one_group(draws(context)[0], EKMAN)


def feeling(context):
    """(comment, group) of comments in one of six groups."""
    return in_one_group(draws(context)[0], FEELINGS)


def own_feeling(context):
    """(comment, group) of comments in the first person."""
    return in_one_group([row for row in comments(context) if FIRST_PERSON.search(row[0])], OWN_FEELINGS)


def friends_emotion(context):
    """(what is said, emotion) of the dialogues."""
    for text in context.texts("friends_emotion"):
        for scene in (scene for episode in json.loads(text)["episodes"] for scene in episode["scenes"]):
            for said in scene["utterances"]:
                yield said["transcript"], said["emotion"]


def museum_tweet_emotion(context):
    """(tweet, emotions), at most 250 without one."""
    names = {
        "happy": "happiness",
        "angry": "anger",
        "sad": "sadness",
        "surprise": "surprise",
        "disgust": "disgust",
        "nocode": "no emotion",
    }
    rows = []
    for text in context.texts("museum_tweet_emotion"):
        for _, tweet, codes in lists_of(text):
            emotions = tuple(names.get(code) for code in codes.split("|"))
            if all(emotions):
                rows.append((tweet, emotions))
    rows = shuffled(prepare(rows, context.evaluation), 45)
    none = [row for row in rows if row[1] == ("no emotion",)]
    return shuffled([row for row in rows if row[1] != ("no emotion",)] + none[:250], 46)
