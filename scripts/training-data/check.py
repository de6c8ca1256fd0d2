#!/usr/bin/env python3
"""
Checks files of rows: lengths, doubles, labels, and texts of evaluation sets. Exit code 1 if anything is found.

  python3 check.py --evaluation FOLDER FILE...

FOLDER holds one folder a set with JSONL files in it; each row's "text" is read.
"""

import argparse
import collections
import sys
from pathlib import Path

from overlap import EvaluationTexts
from rows import read_rows
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluation", required=True, help="folder of evaluation sets (*/*.jsonl)")
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    evaluation = EvaluationTexts(options.evaluation)
    total, counts = 0, collections.Counter()
    for file in options.files:
        seen = set()
        for number, row in enumerate(read_rows(file), 1):
            total += 1
            for fault in faults(row, seen, evaluation):
                counts[fault] += 1
                print(f"{file}:{number}: {fault}: {row['text'][:100]}")
    summary = ", ".join(f"{fault} {count}" for fault, count in counts.items()) or "nothing found"
    print(f"{total:,} rows in {len(options.files)} files: {summary}", file=sys.stderr)
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
