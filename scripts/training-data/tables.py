"""Reads tables and archives out of the bytes or the text of a file."""

import csv
import io
import json
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
