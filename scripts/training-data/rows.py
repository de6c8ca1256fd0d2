"""Files of rows: one JSON object a line."""

import json


def read_rows(path):
    """The rows of a file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_rows(path, rows):
    """Writes a file of rows."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def tidy(row):
    """Each label once, and no label that is also a not_label."""
    labels = list(dict.fromkeys(row["labels"]))
    others = [label for label in dict.fromkeys(row.get("not_labels", [])) if label not in labels]
    kept = {"text": row["text"], "labels": labels}
    if others:
        kept["not_labels"] = others
    if row.get("lang"):
        kept["lang"] = row["lang"]
    return kept
