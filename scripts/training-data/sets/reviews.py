"""Review sentences of three sites (UCI Sentiment Labelled Sentences), from which several sets are made."""

from sampling import prepare
from tables import lines

SOURCE = ("varunchitale/SentimentAnalysis", "{imdb,amazon_cells,yelp}_labelled.txt")
LICENCE = "UCI Sentiment Labelled Sentences: CC BY 4.0 (the UCI page); repository Apache 2.0"


def sentences(context):
    """(sentence, 1 positive or 0 negative, site), cleaned and free of evaluation texts."""
    return context.once("review sentences", _sentences)


def signs(context):
    """(sentence, 1 positive or 0 negative)."""
    return [(text, sign) for text, sign, _ in sentences(context)]


def _sentences(context):
    rows = []
    for site in ("imdb", "amazon_cells", "yelp"):
        for line in lines(context.repositories.text(SOURCE[0], f"{site}_labelled.txt")):
            text, _, sign = line.rpartition("\t")
            if sign.strip() in ("0", "1"):
                rows.append((text, int(sign), site))
    return prepare(rows, context.evaluation)
