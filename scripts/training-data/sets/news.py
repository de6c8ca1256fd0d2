"""News sets of the families topics and topics_multilingual."""

import random
import re

from registry import data_set
from sampling import sample
from tables import rows_of
from texts import clean_document, cut, squash

EVENTS = ("ianrastall/current-events-context", "20*/*/*.yaml (daily files of Wikipedia's Portal:Current events)")
EVENTS_LICENCE = "CC0 1.0: LICENSE of the repository; text of Wikipedia's Current events portal CC BY-SA 4.0"

SECTIONS = {
    "war": [
        "Armed conflicts and attacks",
        "Armed conflict and attacks",
        "Armed conflicts and incidents",
        "Armed attacks and conflicts",
    ],
    "politics": ["Politics and elections", "Politics", "Politics and election"],
    "law": ["Law and crime", "Law and Crime"],
    "disaster": ["Disasters and accidents", "Disasters"],
    "intl": ["International relations", "International Relations"],
    "health": ["Health and environment", "Health", "Health and medicine"],
    "business": ["Business and economy", "Business and economics"],
    "arts": ["Arts and culture", "Art and culture"],
    "sports": ["Sports", "Sport"],
    "science": ["Science and technology", "Science"],
}
SECTION_OF = {name: section for section, names in SECTIONS.items() for name in names}
HARD_NEWS = ("war", "politics", "disaster", "intl", "law")


def daily_items(text):
    """(section, item) of a daily file: sections indented by two, items as a list, their further lines by four."""
    section, items, current = None, [], None
    for line in text.split("\n"):
        head = re.match(r"^  ('?)([A-Z][^:]*)\1:\s*$", line)
        item = re.match(r"^  - (.*)$", line)
        if head:
            section, current = head.group(2), None
        elif item and section:
            current = [section, item.group(1)]
            items.append(current)
        elif re.match(r"^    \S", line) and current:
            current[1] += " " + line.strip()
        elif line.strip():
            current = None
            if not line.startswith(" "):
                section = None
    return [(section, unquoted(item)) for section, item in items]


def unquoted(item):
    """A YAML string without its quotes; one with escaped characters becomes empty."""
    if item[:1] == item[-1:] == "'":
        return item[1:-1].replace("''", "'")
    if item[:1] == item[-1:] == '"':
        item = item[1:-1].replace('\\"', '"')
        return "" if "\\x" in item or "\\u" in item else re.sub(r"\\ ?", "", item)
    return item


def event_sentences(context):
    """(sentence, section) of the ten sections, shuffled, each sentence once, without source names at the end."""
    return context.once("event sentences", _event_sentences)


def _event_sentences(context):
    repository = EVENTS[0]
    paths = [path for path in context.repositories.files(repository) if re.fullmatch(r"20[^/]*/[^/]*/[^/]*\.yaml", path)]
    rows = []
    for _, text in context.repositories.texts(repository, paths):
        for section, item in daily_items(text) if len(text) <= 20_000 else []:
            if section not in SECTION_OF:
                continue
            if item.endswith(")"):
                item = re.sub(r"\s*(\((?:[^()]|\([^()]*\)){2,70}\)\s*)+$", "", item).strip()
            if item.endswith((".", "!", "?", '"')) and len(item.split()) >= 7:
                rows.append((item, SECTION_OF[section]))
    random.Random(3).shuffle(rows)
    first = {}
    for text, section in rows:
        first.setdefault(squash(text), (text, section))
    return list(first.values())


def part_of(rows, start, end):
    """The rows from one share of the list to another."""
    return rows[int(len(rows) * start) : int(len(rows) * end)]


WORLD_EVENTS = [
    {
        "war": "armed conflicts and attacks",
        "politics": "politics and elections",
        "law": "law and crime",
        "disaster": "disasters and accidents",
        "intl": "international relations",
        "health": "health and environment",
        "business": "business and economy",
        "arts": "arts and culture",
        "sports": "sports",
        "science": "science and technology",
    },
    {
        "war": "war and terrorism",
        "politics": "politics",
        "law": "crime and justice",
        "disaster": "disaster",
        "intl": "diplomacy",
        "health": "health and the environment",
        "business": "business",
        "arts": "entertainment and culture",
        "sports": "sport",
        "science": "science and tech",
    },
    {
        "war": "news about war, fighting or attacks",
        "politics": "news about government and elections",
        "law": "news about crime, courts and police",
        "disaster": "news about an accident or natural disaster",
        "intl": "news about relations between countries",
        "health": "news about health or the environment",
        "business": "business and financial news",
        "arts": "news about film, music, art or celebrities",
        "sports": "sports news",
        "science": "science and technology news",
    },
    {
        "war": "conflict",
        "politics": "government",
        "law": "crime",
        "disaster": "accident or natural disaster",
        "intl": "foreign affairs",
        "health": "health",
        "business": "economy",
        "arts": "culture",
        "sports": "athletics and games",
        "science": "research and technology",
    },
]


@data_set(
    "world_events",
    "topics",
    [EVENTS],
    EVENTS_LICENCE,
    "event sentences of the ten sections, source names in brackets at the end cut off",
)
def world_events(context):
    rows = part_of(event_sentences(context), 0, 0.5)
    return sample("world_events", rows, WORLD_EVENTS, context.evaluation, per_class=1100)


def world_joined(rows):
    """The rows with the sections on war, politics, disasters and international relations as one, "world"."""
    return [(text, "world" if section in ("war", "politics", "disaster", "intl") else section) for text, section in rows]


@data_set(
    "news_four_sections",
    "topics",
    [EVENTS],
    EVENTS_LICENCE,
    "the sections armed conflicts, politics, disasters and international relations joined to one; sports, business, "
    "science kept; other rows than in world_events",
)
def news_four_sections(context):
    rows = world_joined(part_of(event_sentences(context), 0.5, 0.78))
    wordings = [
        {"world": "world", "sports": "sports", "business": "business", "science": "science and technology"},
        {
            "world": "world news",
            "sports": "sports news",
            "business": "business news",
            "science": "science and technology news",
        },
        {
            "world": "international affairs and politics",
            "sports": "sport",
            "business": "business and finance",
            "science": "tech and science",
        },
        {
            "world": "this is about world politics, war or disasters",
            "sports": "this is about sports",
            "business": "this is about business, companies or the economy",
            "science": "this is about science or technology",
        },
    ]
    return sample("news_four_sections", rows, wordings, context.evaluation, per_class=1000)


@data_set(
    "news_seven_sections",
    "topics",
    [EVENTS],
    EVENTS_LICENCE,
    "as news_four_sections with seven sections; other rows than in the other two sets",
)
def news_seven_sections(context):
    rows = world_joined(part_of(event_sentences(context), 0.78, 1))
    wordings = [
        {
            "world": "world",
            "sports": "sports",
            "business": "business",
            "science": "science and technology",
            "law": "crime and law",
            "health": "health",
            "arts": "entertainment",
        },
        {
            "world": "international news",
            "sports": "sport",
            "business": "money and business",
            "science": "technology and science",
            "law": "police and courts",
            "health": "health and environment",
            "arts": "arts, film and music",
        },
        {
            "world": "politics and world affairs",
            "sports": "sports and games",
            "business": "economy",
            "science": "science",
            "law": "legal",
            "health": "medicine and nature",
            "arts": "culture",
        },
    ]
    return sample("news_seven_sections", rows, wordings, context.evaluation, per_class=700)


@data_set(
    "hard_news",
    "topics",
    [EVENTS],
    EVENTS_LICENCE,
    "the five hard-news sections only, rows that no other set of this source holds",
)
def hard_news(context):
    used = {
        squash(row["text"])
        for name in ("world_events", "news_four_sections", "news_seven_sections")
        for rows in context.made(name).values()
        for row in rows
    }
    rows = [row for row in event_sentences(context) if row[1] in HARD_NEWS and squash(cut(clean_document(row[0]))) not in used]
    wordings = [
        {
            "war": "war",
            "politics": "elections and parliament",
            "disaster": "natural disaster or accident",
            "intl": "diplomacy between countries",
            "law": "court case or crime",
        },
        {
            "war": "military attack",
            "politics": "domestic politics",
            "disaster": "disaster",
            "intl": "international relations",
            "law": "crime and police",
        },
    ]
    return sample("hard_news", rows, wordings, context.evaluation, most=3000, per_class=600)
