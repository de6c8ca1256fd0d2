"""Of the sets at hand, the part that may be used."""

from registry import data_set


@data_set(
    "afrisenti",
    "sentiment",
    [("afrisenti-semeval/afrisent-semeval-2023", "data/<language>/train.tsv, by way of the set sentiment_mix")],
    "CC BY 4.0: README.md",
    "the rows of sentiment_mix in other languages than English; its English rows (CR, MPQA) are for research use",
)
def afrisenti(context):
    return {"afrisenti": [row for row in context.at_hand("sentiment_mix") if row.get("lang", "en") != "en"]}
