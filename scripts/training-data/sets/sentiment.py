"""Sets of the family sentiment."""

import collections
import html
import json
import random
import re

from registry import data_set
from sampling import balance, deal, one_label, prepare, shuffled, versions
from sets import goemotions, reviews
from tables import fields, json_lines, lines, rows_of, tar_member, zip_texts
from texts import words

SIGNS = {1: "positive", -1: "negative", 0: "neutral"}
NAMED = {"positive": "positive", "negative": "negative", "neutral": "neutral"}

VADER = ("cjhutto/vaderSentiment", "additional_resources/hutto_ICWSM_2014.tar.gz")


@data_set(
    "vader_tweets",
    "sentiment",
    [(VADER[0], f"{VADER[1]} (tweets_GroundTruth.txt)")],
    "MIT: LICENSE.txt of the repository",
    "mean human rating >= .9 positive, <= -.9 negative, |x| <= .3 neutral; the reviews and editorials of the archive are not used",
)
def vader_tweets(context):
    content = tar_member(context.repositories.read(*VADER), "/tweets_GroundTruth.txt")
    rows = []
    for row in fields(content.decode("utf-8", "replace")):
        if len(row) < 3:
            continue
        rating = float(row[1])
        if rating >= 0.9 or rating <= -0.9 or abs(rating) <= 0.3:
            rows.append((row[2], 1 if rating >= 0.9 else -1 if rating <= -0.9 else 0))
    wordings = [
        SIGNS,
        {1: "positive sentiment", -1: "negative sentiment", 0: "neutral sentiment"},
        {1: "happy or pleased", -1: "unhappy or annoyed", 0: "neither happy nor unhappy"},
    ]
    return versions("vader_tweets_v", prepare(rows, context.evaluation), wordings)


@data_set(
    "news_sentence_tone",
    "sentiment",
    [("fhamborg/NewsMTSC", "NewsSentiment/controller_data/datasets/NewsMTSC-dataset/{train,devtest_rw}.jsonl")],
    'MIT-style text in LICENSE "for newly developed files" (the author of the repository is the author of the data)',
    "polarity 2/4/6 of one mention; sentences with a single target",
)
def news_sentence_tone(context):
    single = [(text, targets[0][1]) for text, targets in news_targets(context) if len(targets) == 1]
    rows = balance(prepare(single, context.evaluation), 3900, 5, ratio=2)
    wordings = [
        NAMED,
        {"positive": "speaks well of someone", "negative": "speaks badly of someone", "neutral": "neutral report"},
    ]
    return versions("news_sentence_tone_v", rows, wordings)


def news_targets(context):
    """(sentence, [(mention, positive/negative/neutral)]) of NewsMTSC."""
    tone = {2.0: "negative", 4.0: "neutral", 6.0: "positive"}
    for part in ("train", "devtest_rw"):
        path = f"NewsSentiment/controller_data/datasets/NewsMTSC-dataset/{part}.jsonl"
        for row in json_lines(context.repositories.text("fhamborg/NewsMTSC", path)):
            targets = [(target["mention"], tone.get(target["polarity"])) for target in row["targets"]]
            yield row["sentence_normalized"], [target for target in targets if target[1]]


@data_set(
    "goemotions_sentiment",
    "sentiment",
    [goemotions.SOURCE],
    goemotions.LICENCE,
    "positive emotions, negative emotions or neutral; the third wording has two classes",
)
def goemotions_sentiment(context):
    _, _, rows = goemotion_draws(context)
    wordings = [
        SIGNS,
        {1: "positive feeling", -1: "negative feeling", 0: "no feeling"},
        {1: "favourable", -1: "unfavourable"},
        {1: "good mood", -1: "bad mood", 0: "neither good nor bad mood"},
        {1: "positive comment", -1: "negative comment", 0: "neutral comment"},
    ]
    return deal("goemotions_sentiment_", shuffled(balance(rows, 18200, 24, ratio=2), 25), wordings)


def goemotion_draws(context):
    """All comments, those of the set goemotions and those with a sign, shuffled by one source of numbers one after the other."""
    return context.once("GoEmotions draws", _goemotion_draws)


def _goemotion_draws(context):
    draw = random.Random(21)
    rows = list(goemotions.comments(context))
    draw.shuffle(rows)
    count = {emotion: sum(emotion in emotions for _, emotions in rows) for emotion in goemotions.EMOTIONS}
    taken = dict.fromkeys(goemotions.EMOTIONS, 0)
    fine = []
    for text, emotions in sorted(rows, key=lambda row: min(count[emotion] for emotion in row[1])):
        if len(fine) < 7600 and all(taken[emotion] < 420 for emotion in emotions):
            fine.append((text, emotions))
            for emotion in emotions:
                taken[emotion] += 1
    draw.shuffle(fine)
    signed = []
    for text, emotions in rows:
        signs = [
            1
            if emotion in goemotions.POSITIVE
            else -1
            if emotion in goemotions.NEGATIVE
            else 0
            if emotion == "neutral"
            else None
            for emotion in emotions
        ]
        neutral_only = emotions == ("neutral",)
        if None not in signs and (1 in signs) + (-1 in signs) + neutral_only == 1:
            signed.append((text, 1 if 1 in signs else -1 if -1 in signs else 0))
    draw.shuffle(signed)
    return rows, fine, signed


@data_set(
    "poem_sentiment",
    "sentiment",
    [("google-research-datasets/poem-sentiment", "data/{train,dev,test}.tsv")],
    "CC BY 4.0: LICENSE",
    "-1 negative, 0 no impact, 1 positive; class 2 (mixed) left out",
)
def poem_sentiment(context):
    rows = []
    for part in ("train", "dev", "test"):
        for row in fields(context.repositories.text("google-research-datasets/poem-sentiment", f"data/{part}.tsv")):
            if len(row) == 3 and row[2] in ("-1", "0", "1"):
                rows.append((row[1], int(row[2])))
    rows = balance(prepare(rows, context.evaluation), 720, 51, ratio=2.8)
    return one_label("poem_sentiment", rows, {1: "a positive verse", -1: "a negative verse", 0: "a verse without feeling"})


@data_set("review_sentencesa", "sentiment", [reviews.SOURCE], reviews.LICENCE, "1 positive, 0 negative")
def review_sentences_a(context):
    wordings = [
        {1: "positive", 0: "negative"},
        {1: "positive review", 0: "negative review"},
        {1: "the writer likes it", 0: "the writer dislikes it"},
    ]
    return versions("review_sentencesa_", reviews.signs(context), wordings, 41)


@data_set("review_sentencesb", "sentiment", [reviews.SOURCE], reviews.LICENCE, "the same sentences in other wordings")
def review_sentences_b(context):
    wordings = [{1: "positive opinion", 0: "negative opinion"}, {1: "good", 0: "bad"}, {1: "praise", 0: "complaint"}]
    return versions("review_sentencesb_", reviews.signs(context), wordings, 42)


@data_set(
    "pros_cons",
    "sentiment",
    [("nltk/nltk_data", "packages/corpora/pros_cons.zip")],
    "CC BY 4.0: packages/corpora/pros_cons.xml and the README of the archive (Bing Liu)",
    "lines of IntegratedPros.txt and IntegratedCons.txt",
)
def pros_cons(context):
    texts = dict(zip_texts(context.repositories.read("nltk/nltk_data", "packages/corpora/pros_cons.zip")))
    rows = []
    for name, sign in (("Pros", 1), ("Cons", -1)):
        for line in lines(texts[f"pros_cons/Integrated{name}.txt"]):
            text = re.sub(r"</?(Pros|Cons)>", "", line).strip()
            if len(text) > 15:
                rows.append((text, sign))
    rows = balance(prepare(rows, context.evaluation, shortest=15), 6000, 62, ratio=1)
    wordings = [
        {1: "positive", -1: "negative"},
        {1: "good", -1: "bad"},
        {1: "advantage", -1: "disadvantage"},
        {1: "strengths of the product", -1: "weaknesses of the product"},
    ]
    return versions("pros_cons_v", rows, wordings, 62)


@data_set(
    "nusax_sentiment",
    "sentiment",
    [
        (
            "IndoNLP/nusax",
            "datasets/sentiment/{english,indonesian,javanese,sundanese,minangkabau,balinese,acehnese,banjarese}/*.csv",
        )
    ],
    "CC BY-SA 4.0: datasets/LICENSE",
    'all English and Indonesian rows, 1,500 of six local languages; field "lang"',
)
def nusax_sentiment(context):
    languages = {
        "english": "en",
        "indonesian": "id",
        "javanese": "jv",
        "sundanese": "su",
        "minangkabau": "min",
        "balinese": "ban",
        "acehnese": "ace",
        "banjarese": "bjn",
    }
    rows = []
    for folder, language in languages.items():
        for part in ("train", "valid", "test"):
            table = context.repositories.text("IndoNLP/nusax", f"datasets/sentiment/{folder}/{part}.csv")
            rows += [(row["text"], row["label"], language) for row in rows_of(table)]
    rows = prepare(rows, context.evaluation)
    draw = random.Random(111)
    draw.shuffle(rows)
    large = [row for row in rows if row[2] in ("en", "id")]
    kept = large + [row for row in rows if row[2] not in ("en", "id")][:1500]
    draw.shuffle(kept)
    wordings = [NAMED, {"positive": "positive opinion", "negative": "negative opinion", "neutral": "no opinion"}]
    return deal("nusax_sentiment_v", kept, wordings)


@data_set(
    "dynasent",
    "sentiment",
    [
        (
            "aksinia-02/Sentiment_Analysis_of_Text",
            "dynasent-v1.1/dynasent-v1.1-{round01-yelp,round02-dynabench}-{dev,test}.jsonl (DynaSent v1.1 of cgpotts/dynasent)",
        )
    ],
    "CC BY 4.0: README.md and dynasent_datasheet.md of cgpotts/dynasent (the repository with this copy is MIT)",
    "majority label positive/negative/neutral; the other sets in that repository (SST, IMDB, SemEval) are not used",
)
def dynasent(context):
    rows = []
    for part in ("round01-yelp-dev", "round01-yelp-test", "round02-dynabench-dev", "round02-dynabench-test"):
        path = f"dynasent-v1.1/dynasent-v1.1-{part}.jsonl"
        for row in json_lines(context.repositories.text("aksinia-02/Sentiment_Analysis_of_Text", path)):
            if row["gold_label"] in NAMED:
                rows.append((row["sentence"], row["gold_label"]))
    rows = balance(prepare(rows, context.evaluation), 8000, 171, ratio=1.3)
    wordings = [
        NAMED,
        {"positive": "positive opinion", "negative": "negative opinion", "neutral": "no opinion"},
        {
            "positive": "the reviewer liked it",
            "negative": "the reviewer did not like it",
            "neutral": "the reviewer only states facts",
        },
        {"positive": "good experience", "negative": "bad experience", "neutral": "neither good nor bad"},
    ]
    return versions("dynasent_v", rows, wordings, 172)


@data_set(
    "parliament_tweets",
    "sentiment",
    [("ari-dasci/OD-SentiMP-21", "{sp,uk,gr}/*_simple.csv")],
    "CC BY-SA 4.0: README.md",
    'final_label -1/0/1; Spanish, English, Greek; field "lang"',
)
def parliament_tweets(context):
    rows = []
    for country, language in (("sp", "es"), ("uk", "en"), ("gr", "el")):
        for row in rows_of(context.repositories.text("ari-dasci/OD-SentiMP-21", f"{country}/{country}_simple.csv")):
            sign = row["final_label"].replace(".0", "")
            if sign in ("-1", "0", "1"):
                rows.append((row["full_text"], int(sign), language))
    wordings = [SIGNS, {1: "positive message", -1: "critical or negative message", 0: "neutral message"}]
    return deal("parliament_tweets_v", shuffled(prepare(rows, context.evaluation), 181), wordings)


@data_set(
    "korean_film_reviews",
    "sentiment",
    [("e9t/nsmc", "raw/*.json (120 films)")],
    "CC0 1.0: README.md",
    "ratings 9 and 10 positive, 1 to 4 negative, balanced; Korean",
)
def korean_film_reviews(context):
    draw = random.Random(211)
    films = context.repositories.files("e9t/nsmc", "raw/", ".json")
    draw.shuffle(films)
    rows = []
    for _, text in context.repositories.texts("e9t/nsmc", films[:120]):
        for review in json.loads(text):
            rating = int(review["rating"])
            if review.get("review") and (rating <= 4 or rating >= 9):
                rows.append((review["review"], 1 if rating >= 9 else -1))
    draw.shuffle(rows)
    rows = balance(prepare(rows[:6000], context.evaluation, shortest=12), 2000, 212, ratio=1)
    rows = [(text, sign, "ko") for text, sign in rows]
    wordings = [{1: "positive", -1: "negative"}, {1: "the viewer liked the film", -1: "the viewer disliked the film"}]
    return deal("korean_film_reviews_v", rows, wordings)


FILM_REVIEWS = ("nltk/nltk_data", "packages/corpora/movie_reviews.zip")
LEXICON = ("clips/pattern", "pattern/text/en/en-sentiment.xml")
FILM_WORDINGS = [
    {1: "positive", -1: "negative"},
    {1: "positive review", -1: "negative review"},
    {1: "praise", -1: "criticism"},
    {1: "the critic likes the film", -1: "the critic dislikes the film"},
    {1: "good", -1: "bad"},
]
# What turns a sentence around, and marks of ratings, which the source leaves at the ends of reviews.
TURNS = re.compile(r"\b(?:not|no|never|nothing|neither|nor|without|but|yet|although|though|however|despite|hardly)\b|n't\b")
RATING = re.compile(r"\d|\*|\b(?:rated|rating|mpaa|stars?|grade|reviewed|copyright)\b|\(c\)")


def film_reviews(context):
    """(sentences, 1 positive or -1 negative) of the 2,000 reviews; sentences of 6 to 45 words, without ratings."""
    content = context.repositories.read(*FILM_REVIEWS)
    for name, text in zip_texts(content):
        if "/pos/" in name or "/neg/" in name:
            sentences = [" ".join(line.split()) for line in lines(text)]
            kept = [line for line in sentences if 6 <= len(words(line)) <= 45 and not RATING.search(line)]
            yield kept, 1 if "/pos/" in name else -1


def polar_words(context):
    """(word, sense, polarity) of the lexicon of adjectives; polarity from -1 to 1."""
    found = re.findall(r'<word form="([^"]+)"[^>]*? sense="([^"]*)" polarity="([^"]+)"', context.repositories.text(*LEXICON))
    return [(html.unescape(word), html.unescape(sense), float(polarity)) for word, sense, polarity in found]


def polarities(context):
    """{word: mean polarity of its senses}."""
    senses = collections.defaultdict(list)
    for word, _, polarity in polar_words(context):
        senses[word].append(polarity)
    return {word: sum(values) / len(values) for word, values in senses.items()}


@data_set(
    "film_review_ends",
    "sentiment",
    [FILM_REVIEWS],
    "CC BY 4.0: packages/corpora/movie_reviews.xml (Bo Pang and Lillian Lee, polarity dataset 2.0; reviews of a Usenet group)",
    "the last three sentences of a review to its sign",
)
def film_review_ends(context):
    rows = [(" ".join(sentences[-3:]), sign) for sentences, sign in film_reviews(context)]
    return versions("film_review_ends_v", prepare(rows, context.evaluation), FILM_WORDINGS, 63)


@data_set(
    "film_review_sentences",
    "sentiment",
    [FILM_REVIEWS, LEXICON],
    "CC BY 4.0: packages/corpora/movie_reviews.xml; lexicon ODC-PDDL 1.0: head of the file",
    "sentences whose words in the lexicon of adjectives agree with the sign of their review (sum of polarities at least 0.3, none of "
    "the other sign, no negation or contrast); label by these two, not by annotation",
)
def film_review_sentences(context):
    polarity = polarities(context)
    rows = []
    for sentences, sign in film_reviews(context):
        for sentence in sentences[:-3]:
            found = [polarity[word] * sign for word in words(sentence) if abs(polarity.get(word, 0)) >= 0.2]
            if found and min(found) > 0 and sum(found) >= 0.3 and not TURNS.search(sentence):
                rows.append((sentence, sign))
    return versions("film_review_sentences_v", balance(prepare(rows, context.evaluation), 10000, 64, ratio=1), FILM_WORDINGS, 64)


@data_set(
    "opinion_adjectives",
    "sentiment",
    [LEXICON],
    "ODC-PDDL 1.0: head of the file (Tom De Smedt, Walter Daelemans)",
    "adjective with its sense; polarity >= .4 positive, <= -.4 negative, |x| <= .1 neutral",
)
def opinion_adjectives(context):
    rows = []
    for word, sense, polarity in polar_words(context):
        if abs(polarity) >= 0.4 or abs(polarity) <= 0.1:
            rows.append((f"{word}: {sense}" if sense else word, 1 if polarity >= 0.4 else -1 if polarity <= -0.4 else 0))
    wordings = [SIGNS, {1: "a good quality", -1: "a bad quality", 0: "neither good nor bad"}, {1: "praise", -1: "criticism"}]
    return versions("opinion_adjectives_v", balance(prepare(rows, context.evaluation), 2400, 65, ratio=1.3), wordings, 65)


EMOBANK = ("JULIELab/EmoBank", "corpus/{emobank.csv,meta.tsv}")


@data_set(
    "sentence_mood",
    "sentiment",
    [EMOBANK],
    "CC BY-SA 4.0: README.md (text of MASC, which is free of restrictions)",
    "valence of a sentence of fiction, letters, blogs, essays, newspapers or travel guides: at least 3.4 positive, at most 2.6 negative, "
    "2.98 to 3.02 neutral; the headlines of SemEval left out; at least 25 characters",
)
def sentence_mood(context):
    category = {row[0]: row[2] for row in fields(context.repositories.text(EMOBANK[0], "corpus/meta.tsv"))}
    rows = []
    for row in rows_of(context.repositories.text(EMOBANK[0], "corpus/emobank.csv")):
        valence = float(row["V"])
        sign = 1 if valence >= 3.4 else -1 if valence <= 2.6 else 0 if 2.98 <= valence <= 3.02 else None
        if sign is not None and category.get(row["id"], "SemEval") != "SemEval":
            rows.append((row["text"], sign))
    wordings = [
        SIGNS,
        {1: "pleasant", -1: "unpleasant", 0: "neither pleasant nor unpleasant"},
        {1: "a good feeling", -1: "a bad feeling", 0: "no feeling"},
    ]
    rows = balance(prepare(rows, context.evaluation, shortest=25), 4000, 411, ratio=1.3)
    return versions("sentence_mood_v", rows, wordings, 412)
