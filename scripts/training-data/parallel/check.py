#!/usr/bin/env python3
"""
Checks files of parallel texts: texts of evaluation sets (English and translations), doubles, empty or unknown translations. Exit code 1 if anything is found.

  python3 check.py --evaluation FOLDER FILE...
"""

import argparse
import collections
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from languages import LANGUAGES  # noqa: E402
from overlap import EvaluationTexts  # noqa: E402
from rows import read_rows  # noqa: E402
from texts import squash  # noqa: E402


def faults(row, seen, evaluation):
    """What is wrong with a row; adds its English text to the texts seen."""
    folded = squash(row["en"])
    found = {
        "twice in the file": folded in seen,
        "text of an evaluation set": evaluation.hold(row["en"]),
        "translation is a text of an evaluation set": any(evaluation.hold(text) for text in row["to"].values()),
        "no translation, an empty one or of an unknown language": not row["to"] or not all(text.strip() and language in LANGUAGES for language, text in row["to"].items()),
    }
    seen.add(folded)
    return [fault for fault, is_so in found.items() if is_so]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluation", required=True, help="folder of evaluation sets (*/*.jsonl)")
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    evaluation, seen, counts, total = EvaluationTexts(options.evaluation), set(), collections.Counter(), 0
    for file in options.files:
        for number, row in enumerate(read_rows(file), 1):
            total += 1
            for fault in faults(row, seen, evaluation):
                counts[fault] += 1
                print(f"{file}:{number}: {fault}: {row['en'][:100]}")
    summary = ", ".join(f"{fault} {count}" for fault, count in counts.items()) or "nothing found"
    print(f"{total:,} texts in {len(options.files)} files: {summary}", file=sys.stderr)
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
