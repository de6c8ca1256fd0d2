"""What is trained on: groups of rows that share labels, and rows with labels of their own ("open")."""

import gzip
import json
import random
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path

TRAINING_DATA = Path(__file__).parent.parent / "training-data"
sys.path.append(str(TRAINING_DATA))
from sets.written import domains  # noqa: E402
from settings import left_out  # noqa: E402

MOST_ROWS = 6000
LONGEST_TEXT = 1500


@dataclass
class Group:
    """Rows (text, numbers of its labels, numbers of labels that are near and wrong) of one set of labels, each with its wordings."""

    name: str
    family: str
    wordings: list
    descriptions: list
    rows: list = field(default_factory=list)

    def names(self, rng, number):
        """One of a label's names: itself in half of the cases, else another wording, at times what it means."""
        own, meaning, drawn = self.wordings[number], self.descriptions[number], rng.random()
        if meaning and drawn < 0.08:
            return meaning
        if meaning and drawn < 0.13:
            return f"{own[0]}: {meaning}"
        return rng.choice(own[1:]) if len(own) > 1 and drawn < 0.5 else own[0]


def lines(path):
    with (gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")) as file:
        for line in file:
            yield json.loads(line)


def written_domains():
    for each in lines(TRAINING_DATA / "written" / "domains.jsonl.gz"):
        number = {name: at for at, name in enumerate(each["labels"])}
        known = [[name, *(about.get("w") or [])] for name, about in each["labels"].items()]
        rows = [(row[0], [number[x] for x in row[1]], [number[x] for x in (row[2] if len(row) > 2 else [])]) for row in each["rows"]]
        yield Group(each["name"], "domains", known, [about.get("d") for about in each["labels"].values()], rows)


def written_requests():
    for name, intents in domains(unseen=False):
        rows = [(text, [at], []) for at, intent in enumerate(intents) for text in intent["texts"]]
        yield Group(f"requests_{name}", "requests", [[each["short"], each["plain"]] for each in intents], [None] * len(intents), rows)


def written_tasks():
    for path in sorted((TRAINING_DATA / "written" / "tasks").glob("*.json")):
        for task in json.loads(path.read_text(encoding="utf-8"))["tasks"]:
            labels = task["labels"]
            rows = [(text, [at], []) for at, label in enumerate(labels) for text in label["texts"]]
            known = [[label["label"], *([label["other"]] if label.get("other") else [])] for label in labels]
            yield Group(f"tasks_{task['name']}", "tasks", known, [None] * len(labels), rows)


def files_of_sources(data, at_hand, all_languages):
    """The rows of the files of mix.json that are there and of no reserved source: English ones, or all."""
    mix = json.loads((TRAINING_DATA / "mix.json").read_text())
    dropped = left_out(mix["rounds"])
    for family, settings in mix["families"].items():
        for name in settings["files"]:
            path = (at_hand if name in mix["at_hand"] else data) / f"{name}.jsonl"
            if name in dropped or not path.exists():
                continue
            rows = [row for row in lines(path) if (all_languages or row.get("lang", "en") == "en") and row.get("labels")]
            labels = sorted({label for row in rows for label in row["labels"] + row.get("not_labels", [])})
            number = {label: at for at, label in enumerate(labels)}
            random.Random(zlib.crc32(name.encode())).shuffle(rows)
            found = [
                (row["text"][:LONGEST_TEXT], [number[x] for x in row["labels"]], [number[x] for x in row.get("not_labels", [])])
                for row in rows[:MOST_ROWS]
            ]
            if found:
                yield Group(name, family, [[label] for label in labels], [None] * len(labels), found)


def open_rows():
    """(text, true labels, wrong labels)"""
    return [(row["text"], row["labels"], row["not_labels"]) for row in lines(TRAINING_DATA / "written" / "open-labels.jsonl.gz")]


def all_groups(data, at_hand, all_languages=False):
    return [*written_domains(), *written_requests(), *written_tasks(), *files_of_sources(data, at_hand, all_languages)]


def parallel_texts(path):
    """(English, [its translations]) of what training-data/parallel wrote."""
    return [(row["en"], list(row["to"].values())) for row in lines(path)]


WRITTEN = {"domains", "requests", "tasks"}


def part_of(groups, rows, share):
    """So much of what is trained on: whole written sets, and rows of all others."""
    if share == 1:
        return groups, rows
    found = []
    for group in groups:
        if group.family in WRITTEN:
            if zlib.crc32(group.name.encode()) % 1000 < 1000 * share:
                found.append(group)
        else:
            kept = group.rows[: max(1, round(len(group.rows) * share))]
            found.append(Group(group.name, group.family, group.wordings, group.descriptions, kept))
    return found, rows[: round(len(rows) * share)]


def named_plainly(group):
    """The same without wordings and descriptions."""
    return Group(group.name, group.family, [names[:1] for names in group.wordings], [None] * len(group.wordings), group.rows)
