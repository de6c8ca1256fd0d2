"""Sets of the family sentiment."""

import collections
import html
import json
import random
import re

from sampling import prepare
from tables import fields, json_lines, lines, rows_of, zip_texts
from texts import words


def news_sentence_tone(context):
    """(sentence, tone) of sentences with a single target."""
    return [(text, targets[0][1]) for text, targets in news_targets(context) if len(targets) == 1]


def news_targets(context):
    """(sentence, [(mention, positive/negative/neutral)]) of NewsMTSC."""
    tone = {2.0: "negative", 4.0: "neutral", 6.0: "positive"}
    for text in context.texts("news_sentence_tone"):
        for row in json_lines(text):
            targets = [(target["mention"], tone.get(target["polarity"])) for target in row["targets"]]
            yield row["sentence_normalized"], [target for target in targets if target[1]]


def pros_cons(context):
    """(remark, 1 or -1) of the lists of pros and of cons."""
    texts = dict(zip_texts(context.repositories.read("nltk/nltk_data", "packages/corpora/pros_cons.zip")))
    for name, sign in (("Pros", 1), ("Cons", -1)):
        for line in lines(texts[f"pros_cons/Integrated{name}.txt"]):
            text = re.sub(r"</?(Pros|Cons)>", "", line).strip()
            if len(text) > 15:
                yield text, sign


def nusax_sentiment(context):
    """(text, sentiment, language): all in English and Indonesian, 1,500 in six local languages."""
    languages = [language for language in ("en", "id", "jv", "su", "min", "ban", "ace", "bjn") for _ in range(3)]
    rows = [(row["text"], row["label"], language) for language, text in zip(languages, context.texts("nusax_sentiment")) for row in rows_of(text)]
    rows = prepare(rows, context.evaluation)
    draw = random.Random(111)
    draw.shuffle(rows)
    large = [row for row in rows if row[2] in ("en", "id")]
    kept = large + [row for row in rows if row[2] not in ("en", "id")][:1500]
    draw.shuffle(kept)
    return kept


def parliament_tweets(context):
    """(tweet, -1, 0 or 1, language)."""
    for language, text in zip(("es", "en", "el"), context.texts("parliament_tweets")):
        for row in rows_of(text):
            yield row["full_text"], row["final_label"].replace(".0", ""), language


def korean_film_reviews(context):
    """(review, 1 or -1) of 120 films: ratings 9 and 10, and 1 to 4."""
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
    return rows[:6000]


FILM_REVIEWS = ("nltk/nltk_data", "packages/corpora/movie_reviews.zip")
LEXICON = ("clips/pattern", "pattern/text/en/en-sentiment.xml")

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


def film_review_ends(context):
    """(last three sentences of a review, 1 or -1)."""
    return [(" ".join(sentences[-3:]), sign) for sentences, sign in film_reviews(context)]


def film_review_sentences(context):
    """(sentence, 1 or -1) of those whose words in the lexicon agree with the sign of their review."""
    polarity = polarities(context)
    for sentences, sign in film_reviews(context):
        for sentence in sentences[:-3]:
            found = [polarity[word] * sign for word in words(sentence) if abs(polarity.get(word, 0)) >= 0.2]
            if found and min(found) > 0 and sum(found) >= 0.3 and not TURNS.search(sentence):
                yield sentence, sign


def opinion_adjectives(context):
    """(adjective with its sense, 1, -1 or 0)."""
    for word, sense, polarity in polar_words(context):
        if abs(polarity) >= 0.4 or abs(polarity) <= 0.1:
            yield f"{word}: {sense}" if sense else word, 1 if polarity >= 0.4 else -1 if polarity <= -0.4 else 0


def sentence_mood(context):
    """(sentence, 1, -1 or 0) by its valence; the headlines of SemEval left out."""
    table, categories = context.texts("sentence_mood")
    category = {row[0]: row[2] for row in fields(categories)}
    for row in rows_of(table):
        valence = float(row["V"])
        sign = 1 if valence >= 3.4 else -1 if valence <= 2.6 else 0 if 2.98 <= valence <= 3.02 else None
        if sign is not None and category.get(row["id"], "SemEval") != "SemEval":
            yield row["text"], sign


def afrisenti(context):
    """(text, sentiment, language): of a set at hand, the rows in other languages than English."""
    for row in context.at_hand("sentiment_mix"):
        if row.get("lang", "en") != "en":
            yield row["text"], row["labels"], row["lang"]
