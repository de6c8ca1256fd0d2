"""Reads tables and archives out of the bytes or the text of a file."""

import csv
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

from repositories import universal_newlines

csv.field_size_limit(10**8)


def lines(text):
    """Lines, as a loop over an opened file gives them, without their ends."""
    return universal_newlines(text).removesuffix("\n").split("\n")


def rows_of(text, **dialect):
    """Rows of a CSV text as dictionaries by the head's names."""
    return csv.DictReader(io.StringIO(universal_newlines(text)), **dialect)


def lists_of(text, **dialect):
    """Rows of a CSV text as lists."""
    return csv.reader(io.StringIO(universal_newlines(text)), **dialect)


def fields(text):
    """Rows of a text with tabs and without quoting."""
    return [line.split("\t") for line in lines(text)]


def json_lines(text):
    """Values of a text with one JSON value a line."""
    return [json.loads(line) for line in lines(text) if line.strip()]


def tar_member(content, ending):
    """Bytes of the one file of a .tar.gz whose name has this ending."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        member = next(member for member in archive if member.name.endswith(ending) and "/._" not in member.name)
        return archive.extractfile(member).read()


def zip_texts(content, ending=".txt"):
    """(name, text) of the files of a .zip with this ending, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(ending):
                yield name, universal_newlines(archive.read(name).decode("utf-8", "replace"))


def label_table(name):
    """A table of labels/: {key of the source: label}."""
    return json.loads((Path(__file__).parent / "labels" / f"{name}.json").read_text(encoding="utf-8"))


def word_lists(name):
    """The lists of words and sentences of lists/ from which sets are made by rule."""
    return json.loads((Path(__file__).parent / "lists" / f"{name}.json").read_text(encoding="utf-8"))


RASA_ENTITY = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")
LU_ENTITY = re.compile(r"\{@?[\w:]+=([^{}]*)\}")


def watson_examples(text):
    """(example, intent) of a skill of Watson Assistant."""
    for intent in json.loads(text)["intents"]:
        for example in intent["examples"]:
            if "*" not in example["text"]:
                yield example["text"], intent["intent"]


def rasa_examples(text):
    """(example, intent) of a training file of Rasa; entities as their text."""
    intent = None
    for line in text.splitlines():
        if line.startswith("- "):
            intent = line[10:].strip() if line.startswith("- intent: ") else None
        elif intent and re.match(r"\s+- ", line):
            yield RASA_ENTITY.sub(r"\1", line.strip()[2:]), intent


def lu_examples(text):
    """(example, intent) of a .lu file of the Bot Framework; entities as their text, patterns left out."""
    intent = None
    for line in text.lstrip("\ufeff").splitlines():
        if re.match(r"##? \w+$", line.strip()):
            intent = line.strip("# \r")
        elif re.match(r"[#@$>!]", line):
            intent = intent if line.startswith(">") and "definitions" not in line else None
        elif intent and line.startswith("- "):
            while LU_ENTITY.search(line):
                line = LU_ENTITY.sub(r"\1", line)
            # Lines with ^ are patterns, not sentences.
            if "{" not in line and "^" not in line:
                yield re.sub(r" ?' ?(?=s\b)", "'", line[2:]).strip(), intent


# Readers of the formats that facts/*.json name: each gives the rows of a text, which are read by a column's name or number.
FORMATS = {
    "csv": rows_of,
    "csv without head": lists_of,
    "tabs": fields,
    "json": json.loads,
    "json lines": json_lines,
    "watson": watson_examples,
    "rasa": rasa_examples,
    "lu": lu_examples,
}
