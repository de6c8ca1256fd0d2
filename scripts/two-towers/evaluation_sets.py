"""Sets to look at between steps, and macro-F1 as glz eval counts it."""

import json
from collections import Counter
from pathlib import Path


def read_set(folder, limit):
    """Texts spread evenly over the set."""
    rows = [json.loads(line) for line in (folder / "test.jsonl").open(encoding="utf-8")]
    if limit and len(rows) > limit:
        rows = [rows[at * len(rows) // limit] for at in range(limit)]
    labels = [label if isinstance(label, str) else label["label"] for label in json.loads((folder / "labels.json").read_text())]
    return {"name": folder.name, "texts": [row["text"][:900] for row in rows], "true": [row["labels"] for row in rows], "labels": labels}


def read_sets(folders, limit, most_labels=1000, without=()):
    """{name of a folder: its sets}; those with very many labels are left out."""
    found = {}
    for folder in map(Path, folders):
        sets = [read_set(each, limit) for each in sorted(folder.iterdir()) if each.is_dir() and each.name not in without]
        found[folder.name] = [each for each in sets if len(each["labels"]) <= most_labels]
    return found


def macro_f1(scores, truth):
    """scores [texts, labels]; a text's label is right if it is one of its own."""
    right, given, wanted = Counter(), Counter(), Counter()
    for best, own in zip(scores.argmax(1).tolist(), truth["true"], strict=True):
        label = truth["labels"][best]
        if label in own:
            right[label] += 1
        else:
            given[label] += 1
            wanted.update(own)
    seen = set(right) | set(given) | set(wanted)
    return sum(2 * right[label] / (2 * right[label] + given[label] + wanted[label]) for label in seen) / len(seen)
