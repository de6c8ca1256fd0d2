"""Sets of the family finance: tone of headlines, and tone towards each name in them."""

import collections
import random

from registry import data_set
from sampling import pass_over, prepare
from sets.sentiment import news_targets
from tables import rows_of
from texts import clean_message

SENTFIN = ("pyRis/SEntFiN", "SEntFiN.csv")
SENTFIN_LICENCE = "MIT: LICENSE of the repository (its authors)"
TONES = ("positive", "negative", "neutral")
PRONOUNS = {"he", "she", "they", "him", "her", "them", "it", "i", "we", "his", "their", "you", "who", "me", "us", "himself", "herself"}


def headlines(context):
    """(headline, {company: positive/negative/neutral})."""
    for row in rows_of(context.repositories.text(*SENTFIN)):
        # Written like a Python dictionary, but names with an apostrophe ("Moody's") are not escaped.
        pairs = row["Decisions"].removeprefix("{'").removesuffix("'}").split("', '")
        yield row["Title"], dict(pair.split("': '", 1) for pair in pairs)


def financial_headlines(context):
    """(headline, tone) where all companies have the same."""
    return [(title, min(tones.values())) for title, tones in headlines(context) if len(set(tones.values())) == 1]


def tones_of_names(text, named_tones, link):
    """A row with "tone link name" of each (name, tone) as label and the two other tones as not_labels."""
    return {
        "text": text,
        "labels": [f"{tone} {link} {clean_message(name)}" for name, tone in named_tones],
        "not_labels": [f"{other} {link} {clean_message(name)}" for name, tone in named_tones for other in TONES if other != tone],
    }


@data_set(
    "financial_company_sentiment",
    "finance",
    [SENTFIN],
    SENTFIN_LICENCE,
    'sentiment towards each named company ("positive for X"), headlines with different sentiments first; not_labels are the other two',
)
def financial_company_sentiment(context):
    draw = random.Random(11)
    by_title = collections.defaultdict(list)
    for title, tones in headlines(context):
        by_title[title] += tones.items()
    rows = prepare(list(by_title.items()), context.evaluation)
    draw.shuffle(rows)
    rows.sort(key=lambda row: len({tone for _, tone in row[1]}) == 1)
    made = []
    for title, tones in rows[:3500]:
        of_company = collections.defaultdict(set)
        for company, tone in tones:
            of_company[clean_message(company)].add(tone)
        clear = [(company, min(tones)) for company, tones in of_company.items() if len(tones) == 1 and tones <= set(TONES)]
        if clear:
            made.append(tones_of_names(title, clear[:4], "for"))
    draw.shuffle(made)
    return {"financial_company_sentiment": made}


@data_set(
    "news_target_sentiment",
    "finance",
    [("fhamborg/NewsMTSC", "NewsSentiment/controller_data/datasets/NewsMTSC-dataset/{train,devtest_rw}.jsonl")],
    'MIT-style text in LICENSE "for newly developed files" (the author of the repository is the author of the data)',
    'polarity 2/4/6 of each named mention ("positive towards X"); pronouns left out; not_labels are the other two',
)
def news_target_sentiment(context):
    draw = random.Random(11)
    pass_over(draw, [10_684, 3_500])
    rows = []
    for text, targets in news_targets(context):
        named = [target for target in targets if target[0].lower() not in PRONOUNS]
        if named:
            rows.append((text, named))
    rows = prepare(rows, context.evaluation)
    draw.shuffle(rows)
    rows.sort(key=lambda row: all(tone == "neutral" for _, tone in row[1]))
    made = [tones_of_names(text, list(dict(named).items())[:3], "towards") for text, named in rows[:4500]]
    draw.shuffle(made)
    return {"news_target_sentiment": made}
