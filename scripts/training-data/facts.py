"""
The data sets of facts/*.json: where the texts are, which columns are read, what the labels are called, how rows are drawn. README.md says what each
field means.
"""

from __future__ import annotations

import gzip
import importlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sampling
from registry import DATA_SETS, DataSet
from tables import FORMATS, label_table, tar_member, zip_texts

FOLDER = Path(__file__).parent / "facts"
FIELDS = {"sources", "licence", "conversion", "like", "table", "rows", "labels", "make", "language"}
TABLE_FIELDS = {"format", "text", "label", "values", "bands", "prefix", "replace", "member", "width", "delimiter"}

Row = tuple[Any, ...]
Wording = dict[str, str]


def register_all() -> None:
    """Registers the sets of all families; a fault in one ends the program with a line that names file, set and field."""
    families = [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json"))]
    sets = [(file, family["family"], name, facts) for file, family in families for name, facts in family["sets"].items()]
    # Those that say "like" come last: what they are like is there by then.
    for file, family, name, facts in sorted(sets, key=lambda each: "like" in each[3]):
        if fault := fault_of(facts):
            raise SystemExit(f"{file}: {name}: {fault}")
        like = DATA_SETS.get(facts.get("like"))
        said = {**({"sources": like.sources, "licence": like.licence} if like else {}), **facts}
        sources = [tuple(source) for source in said["sources"]]
        DATA_SETS[name] = DataSet(name, family, sources, said["licence"], said["conversion"], builder(name, facts))


def fault_of(facts: dict[str, Any]) -> str | None:
    """What is wrong with the facts of a set, if anything."""
    tables = tables_of(facts)
    unknown = set(facts) - FIELDS or {field for table in tables for field in set(table) - TABLE_FIELDS} or set(facts.get("make", [])) - set(STEPS)
    if unknown:
        return f"there is no field {', '.join(sorted(unknown))}"
    missing = {"conversion", "make"} - set(facts) or ({"sources", "licence"} - set(facts) if "like" not in facts else set())
    if missing:
        return f"without {', '.join(sorted(missing))}"
    if ("rows" in facts) == bool(tables):
        return 'either "table" or "rows" says where its rows are'
    if "like" in facts and facts["like"] not in DATA_SETS:
        return f"like {facts['like']}, but that is no set, or is like another itself"
    wrong = [table.get("format") for table in tables if table.get("format") not in FORMATS]
    return f"there is no format {wrong[0]}; there are {', '.join(FORMATS)}" if wrong else None


def tables_of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables of a set: one for all its sources, or one for each."""
    table = facts.get("table", [])
    return table if isinstance(table, list) else [table]


def builder(name: str, facts: dict[str, Any]):
    """The function that makes the files of a set: its rows, then the steps of "make" in their order."""

    def build(context):
        names = names_of(facts)
        wordings, rows = wordings_of(names), list(rows_of_set(context, name, facts, names))
        for step, options in facts["make"].items():
            rows = STEPS[step](context, name, rows, wordings, dict(options))
        return rows

    return build


def names_of(facts: dict[str, Any]) -> dict[str, Any] | None:
    """{key: what it is called}, from the facts or a table of labels/; None where a key is its own name."""
    labels = facts.get("labels")
    return label_table(labels) if isinstance(labels, str) else labels


def wordings_of(names: dict[str, Any] | None) -> list[Wording] | None:
    """What the keys are called, a table a wording; without the keys that a wording does not name."""
    if names is None:
        return None
    count = max(len(name) if isinstance(name, list) else 1 for name in names.values())
    all_names = {key: name if isinstance(name, list) else [name] * count for key, name in names.items()}
    return [{key: name[number] for key, name in all_names.items() if name[number]} for number in range(count)]


def rows_of_set(context, name: str, facts: dict[str, Any], names: dict[str, Any] | None) -> Iterator[Row]:
    """(text, key, language?) of a set, from its tables or from the function that "rows" names; without the keys that "labels" has not."""
    if "rows" in facts:
        module, function = facts["rows"].split(".")
        rows = getattr(importlib.import_module(f"sets.{module}"), function)(context)
    else:
        rows = table_rows(context, DATA_SETS[name].sources, facts["table"])
    language = [facts["language"]] if "language" in facts else []
    for text, key, *rest in rows:
        key = key if isinstance(key, (str, tuple, list)) else str(key)
        if names is None or not isinstance(key, str) or key in names:
            yield (text, key, *rest, *language)


def table_rows(context, sources, table) -> Iterator[Row]:
    """(text, key) of tables."""
    tables = table if isinstance(table, list) else [table] * len(sources)
    if len(tables) != len(sources):
        raise SystemExit(f"{len(tables)} tables for {len(sources)} sources: {sources}")
    for (repository, path), facts in zip(sources, tables):
        for content in contents(context, repository, path, facts.get("member")):
            for row in FORMATS[facts["format"]](content, **({"delimiter": facts["delimiter"]} if "delimiter" in facts else {})):
                try:
                    text, label = cells(row, facts)
                except KeyError as column:
                    raise SystemExit(f"{repository}, {path}: there is no column {column}; there are {', '.join(row)}") from None
                key = key_of(label, facts)
                if key:
                    for old, new in facts.get("replace", {}).items():
                        text = text.replace(old, new)
                    yield text, key


def cells(row, facts: dict[str, Any]) -> tuple[str, Any]:
    """A row's text and label; a row that is too short, or not as wide as it must be, has none."""
    text, label = facts.get("text", 0), facts.get("label", 1)
    if isinstance(text, int) and (len(row) <= max(text, label) or len(row) != facts.get("width", len(row))):
        return "", None
    return row[text], row[label]


def key_of(label: Any, facts: dict[str, Any]) -> str | None:
    """The key that a label stands for; None for a label that is left out."""
    if label is None or label == "":
        return None
    if "bands" in facts:
        number = float(label)
        bands = facts["bands"].items()
        return next((key for key, (low, high) in bands if (low is None or number >= low) and (high is None or number <= high)), None)
    label = facts.get("prefix", "") + str(label)
    return facts["values"].get(label) if "values" in facts else label


def paths_of(context, repository: str, path: str) -> list[str]:
    """The files that a source's path means: {a,b} is each, * is any name in a folder, what follows in brackets is a remark; a comma parts paths."""
    paths = []
    for one in re.split(r", (?![^{}]*\})", re.sub(r" \(.*\)$", "", path)):
        parts = re.split(r"\{([^{}]*)\}", one)
        paths += ["".join(chosen) for chosen in itertools.product(*[part.split(",") if at % 2 else [part] for at, part in enumerate(parts)])]
    if "*" not in path:
        return paths
    there = context.repositories.files(repository)
    patterns = [re.compile(re.escape(one).replace(r"\*", "[^/]*")) for one in paths]
    return [file for pattern in patterns for file in there if pattern.fullmatch(file)]


def texts_of(context, name: str) -> Iterator[str]:
    """The texts of a set's files, source by source."""
    for repository, path in DATA_SETS[name].sources:
        yield from contents(context, repository, path)


def contents(context, repository: str, path: str, member: str = "") -> Iterator[str]:
    """The texts of a source's files, or of their members with this ending in an archive."""
    paths = paths_of(context, repository, path)
    if not paths[0].endswith((".zip", ".gz")):
        yield from (text for _, text in context.repositories.texts(repository, paths))
        return
    for file in paths:
        content = context.repositories.read(repository, file)
        if file.endswith(".zip"):
            yield from (text for _, text in zip_texts(content, member))
        else:
            plain = tar_member(content, member) if file.endswith(".tar.gz") else gzip.decompress(content)
            yield plain.decode("utf-8", "replace")


def labels_of(key: Any, wordings: list[Wording] | None) -> list[str]:
    """What a key, or each of several, is called in the first wording."""
    return [wordings[0][one] if wordings else one for one in ([key] if isinstance(key, str) else key)]


def sampled(context, name, rows, wordings, options):
    """The files of `sample`; "fewest" leaves out rare labels, "not_labels" says which labels are close to each."""
    if "fewest" in options:
        rows, names = sampling.distinct(rows, wordings[0], options.pop("fewest"))
        wordings = [names]
    wordings = wordings or [{label: label for _, key in rows for label in labels_of(key, None)}]
    if "not_labels" in options:
        options["siblings"] = SIBLINGS[options.pop("not_labels")](wordings[0])
    return sampling.sample(name, rows, wordings, context.evaluation, **options)


SIBLINGS = {
    "all others": sampling.all_others,
    "near names": sampling.near_intents,
    "near names of the same bot": sampling.of_same_bot,
}

# The steps of "make": each gets the rows of the step before, the last gives the files.
STEPS = {
    "prepare": lambda context, name, rows, wordings, options: sampling.prepare(rows, context.evaluation, **options),
    "balance": lambda context, name, rows, wordings, options: sampling.balance(rows, **options),
    "one_label": lambda context, name, rows, wordings, options: {
        name: [sampling.labelled(text, labels_of(key, wordings), *rest) for text, key, *rest in rows]
    },
    "versions": lambda context, name, rows, wordings, options: sampling.versions(
        options.get("file", f"{name}_v"), rows, wordings, options.get("seed", 1)
    ),
    "deal": lambda context, name, rows, wordings, options: sampling.deal(options.get("file", f"{name}_v"), rows, wordings),
    "sample": sampled,
    "drawn": lambda context, name, rows, wordings, options: sampling.drawn(
        name, [(text, labels_of(key, wordings), *rest) for text, key, *rest in rows], context.evaluation, **options
    ),
    "few": lambda context, name, rows, wordings, options: sampling.few(
        name, [(text, label) for text, key in rows for label in labels_of(key, wordings)], context.evaluation, **options
    ),
}
