"""Sets of the family emotion."""

import json
import re

from registry import data_set
from sampling import balance, labelled, one_label, prepare, shuffled, versions
from sets import goemotions
from sets.sentiment import goemotion_draws
from tables import lists_of, rows_of

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


def own_names(groups):
    """The wording in which each group's name is its label."""
    return {group: group for group in groups}


@data_set(
    "goemotions",
    "emotion",
    [goemotions.SOURCE],
    goemotions.LICENCE,
    "all 28 labels, rare ones first, at most 420 rows a label; [NAME] written as @user",
)
def goemotions_fine(context):
    _, fine, _ = goemotion_draws(context)
    return {"goemotions": [labelled(text, emotions) for text, emotions in fine]}


@data_set("ekman_emotion", "emotion", [goemotions.SOURCE], goemotions.LICENCE, "rows whose labels fall in one Ekman group")
def ekman_emotion(context):
    comments, _, _ = goemotion_draws(context)
    rows = balance(goemotions.in_one_group(comments, EKMAN), 9264, 22, ratio=2.6)
    wordings = [
        own_names(EKMAN),
        {
            "anger": "the writer is angry",
            "disgust": "the writer is disgusted",
            "fear": "the writer is afraid",
            "joy": "the writer is happy",
            "sadness": "the writer is sad",
            "surprise": "the writer is surprised",
            "neutral": "the writer shows no emotion",
        },
        {
            "anger": "angry",
            "disgust": "disgusted",
            "fear": "scared or nervous",
            "joy": "joyful",
            "sadness": "sad",
            "surprise": "surprised or curious",
            "neutral": "calm, no emotion",
        },
    ]
    return versions("ekman_emotion_", rows, wordings, 22)


@data_set(
    "feeling",
    "emotion",
    [goemotions.SOURCE],
    goemotions.LICENCE,
    "six groups: sadness (grief, remorse, disappointment), joy (amusement, excitement), love (caring), anger (annoyance), "
    "fear (nervousness), surprise",
)
def feeling(context):
    comments, _, _ = goemotion_draws(context)
    rows = balance(goemotions.in_one_group(comments, FEELINGS), 6000, 23, ratio=3)
    wordings = [
        own_names(FEELINGS),
        {"sadness": "sad", "joy": "happy", "love": "loving", "anger": "angry", "fear": "afraid", "surprise": "surprised"},
        {
            "sadness": "the writer feels sad",
            "joy": "the writer feels joy",
            "love": "the writer feels love or affection",
            "anger": "the writer feels angry",
            "fear": "the writer feels fear",
            "surprise": "the writer feels surprised",
        },
    ]
    return versions("feeling_v", rows, wordings, 23)


@data_set(
    "own_feeling",
    "emotion",
    [goemotions.SOURCE],
    goemotions.LICENCE,
    "rows in the first person (I, my, me) in six groups: sadness (grief, remorse, disappointment), joy (excitement, "
    "amusement, pride, relief, gratitude), love (caring, admiration), anger (annoyance, disgust), fear (nervousness), "
    "surprise (realization); part of the rows also in feeling",
)
def own_feeling(context):
    comments = [row for row in goemotions.comments(context) if FIRST_PERSON.search(row[0])]
    rows = balance(goemotions.in_one_group(comments, OWN_FEELINGS), 4500, 201, ratio=3)
    wordings = [
        own_names(OWN_FEELINGS),
        {
            "sadness": "I feel sad",
            "joy": "I feel happy",
            "love": "I feel love",
            "anger": "I feel angry",
            "fear": "I feel afraid",
            "surprise": "I feel surprised",
        },
        {
            "sadness": "a sad message",
            "joy": "a joyful message",
            "love": "a loving message",
            "anger": "an angry message",
            "fear": "a fearful message",
            "surprise": "a surprised message",
        },
    ]
    return versions("own_feeling_v", rows, wordings, 202)


@data_set(
    "friends_emotion",
    "emotion",
    [("emorynlp/emotion-detection", "json/emotion-detection-{dev,tst}.json")],
    "Apache 2.0: LICENSE.txt",
    "emotion of one utterance of a television dialogue; the training file is not used",
)
def friends_emotion(context):
    wording = {
        "Joyful": "joyful",
        "Mad": "mad",
        "Sad": "sad",
        "Scared": "scared",
        "Powerful": "proud or powerful",
        "Peaceful": "peaceful",
        "Neutral": "neutral",
    }
    rows = []
    for part in ("dev", "tst"):
        show = json.loads(context.repositories.text("emorynlp/emotion-detection", f"json/emotion-detection-{part}.json"))
        for scene in (scene for episode in show["episodes"] for scene in episode["scenes"]):
            rows += [
                (said["transcript"], wording[said["emotion"]]) for said in scene["utterances"] if said["emotion"] in wording
            ]
    return one_label("friends_emotion", balance(prepare(rows, context.evaluation, shortest=15), 1500, 151, ratio=3))


@data_set(
    "indonesian_emotion",
    "emotion",
    [("IndoNLP/indonlu", "dataset/emot_emotion-twitter/{train,valid}_preprocess.csv")],
    "Apache 2.0: LICENSE (the README badge says MIT)",
    "five emotions of Indonesian tweets",
)
def indonesian_emotion(context):
    names = {"anger": "anger", "fear": "fear", "happy": "joy", "love": "love", "sadness": "sadness"}
    rows = []
    for part in ("train", "valid"):
        table = context.repositories.text("IndoNLP/indonlu", f"dataset/emot_emotion-twitter/{part}_preprocess.csv")
        for row in rows_of(table):
            rows.append((row["tweet"].replace("[USERNAME]", "@user").replace("[URL]", "http"), row["label"]))
    rows = balance(prepare(rows, context.evaluation), 2400, 161, ratio=2)
    return {"indonesian_emotion": [labelled(text, [names[key]], "id") for text, key in rows]}


@data_set(
    "museum_tweet_emotion",
    "emotion",
    [("Prerakshah98/Sentiment-Analysis-with-Deep-learning-using-BERT", "smile-annotations-final.csv")],
    "SMILE (figshare 3187909): annotations CC BY (stated on figshare and in felicitywang/TFMTL, "
    "datasets/emotion/SMILE/README.md); the repository with this copy states none; text of tweets",
    "not-relevant left out; at most 250 rows without emotion",
)
def museum_tweet_emotion(context):
    names = {
        "happy": "happiness",
        "angry": "anger",
        "sad": "sadness",
        "surprise": "surprise",
        "disgust": "disgust",
        "nocode": "no emotion",
    }
    table = context.repositories.text(
        "Prerakshah98/Sentiment-Analysis-with-Deep-learning-using-BERT", "smile-annotations-final.csv"
    )
    rows = []
    for _, tweet, codes in lists_of(table):
        emotions = tuple(names.get(code) for code in codes.split("|"))
        if all(emotions):
            rows.append((tweet, emotions))
    rows = shuffled(prepare(rows, context.evaluation), 45)
    none = [row for row in rows if row[1] == ("no emotion",)]
    rows = shuffled([row for row in rows if row[1] != ("no emotion",)] + none[:250], 46)
    return {"museum_tweet_emotion": [labelled(text, emotions) for text, emotions in rows]}
