"""News sets of the families topics and topics_multilingual."""

import random
import re

from texts import clean_document, cut, squash

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
    rows = []
    for text in context.texts("world_events"):
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


def world_events(context):
    """(sentence, section) of the first half."""
    return part_of(event_sentences(context), 0, 0.5)


def world_joined(rows):
    """The rows with the sections on war, politics, disasters and international relations as one, "world"."""
    return [(text, "world" if section in ("war", "politics", "disaster", "intl") else section) for text, section in rows]


def news_four_sections(context):
    """(sentence, section) of the next 28 %, world news joined."""
    return world_joined(part_of(event_sentences(context), 0.5, 0.78))


def news_seven_sections(context):
    """(sentence, section) of the rest, world news joined."""
    return world_joined(part_of(event_sentences(context), 0.78, 1))


def hard_news(context):
    """(sentence, section) of sentences that none of the other sets holds."""
    used = {
        squash(row["text"])
        for name in ("world_events", "news_four_sections", "news_seven_sections")
        for rows in context.made(name).values()
        for row in rows
    }
    return [row for row in event_sentences(context) if row[1] in HARD_NEWS and squash(cut(clean_document(row[0]))) not in used]
