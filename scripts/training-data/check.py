#!/usr/bin/env python3
"""
Checks files of rows: lengths, doubles, labels, and texts of evaluation sets. Exit code 1 if anything is found.

  python3 check.py --evaluation FOLDER FILE...

FOLDER holds one folder a set with JSONL files in it; each row's "text" is read.
"""

import sys

from checked_files import check_files
from texts import squash


def faults(row, seen, evaluation):
    """What is wrong with a row; adds its text to the texts seen."""
    text, labels, others = row["text"], row["labels"], row.get("not_labels", [])
    folded = squash(text)
    found = {
        "shorter than 8 or longer than 1,500 characters": not 8 <= len(text) <= 1500,
        "twice in the file": folded in seen,
        "text of an evaluation set": evaluation.hold(text),
        "no label, or an empty one": not labels or not all(isinstance(label, str) and label.strip() for label in labels),
        "a label is also a not_label": bool(set(labels) & set(others)),
    }
    seen.add(folded)
    return [fault for fault, is_so in found.items() if is_so]


if __name__ == "__main__":
    sys.exit(check_files(__doc__, faults, "text", "rows"))
