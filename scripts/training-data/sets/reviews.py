"""Reviews: sentences of three sites (UCI Sentiment Labelled Sentences), from which several sets are made, and reviews of customers."""

from sampling import prepare
from tables import lines, rows_of, zip_texts
from texts import words


def sentences(context):
    """(sentence, 1 positive or 0 negative, site), cleaned and free of evaluation texts."""
    return context.once("review sentences", _sentences)


def signs(context):
    """(sentence, 1 positive or 0 negative)."""
    return [(text, sign) for text, sign, _ in sentences(context)]


def _sentences(context):
    rows = []
    for site, table in zip(("imdb", "amazon_cells", "yelp"), context.texts("review_sentencesa")):
        for line in lines(table):
            text, _, sign = line.rpartition("\t")
            if sign.strip() in ("0", "1"):
                rows.append((text, int(sign), site))
    return prepare(rows, context.evaluation)


def starred(table, stars, headline, review):
    """
    (text, 1 positive or -1 negative) of a CSV text with these columns: headlines of at least three words, and reviews of at most
    500 characters.
    """
    for row in rows_of(table):
        sign = {"5": 1, "2": -1, "1": -1}.get(row[stars])
        if sign and len(words(row[headline] or "")) >= 3:
            yield row[headline], sign
        if sign and len(row[review] or "") <= 500:
            yield row[review], sign


def food_reviews(context):
    """(headline or review, 1 or -1) of food."""
    return [row for text in context.texts("food_reviews") for row in starred(text, "Score", "Summary", "Text")]


CLOTHES = ("ftadithyan/CLOTHING_E_COMMERCE_AUTOMATED_REVIEW_SYSTEM", "DATASET/Womens Clothing E-Commerce Reviews.csv.zip")


def clothing_reviews(context):
    """(headline or review, 1 or -1) of clothes."""
    tables = zip_texts(context.repositories.read(*CLOTHES), ending=".csv")
    return [row for _, table in tables for row in starred(table, "Rating", "Title", "Review Text")]
