"""The command line of what checks files of rows: faults are printed by file and line, a summary comes last; exit code 1 if anything is found."""

import argparse
import collections
import sys
from pathlib import Path

from overlap import EvaluationTexts
from rows import read_rows


def check_files(description, faults, text, unit):
    """
    Reads the arguments and checks the files that they name.
    faults: (row, folded texts seen in the file, evaluation texts) -> what is wrong with a row; text: the field that is shown; unit: what a row is
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
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
                print(f"{file}:{number}: {fault}: {row[text][:100]}")
    summary = ", ".join(f"{fault} {count}" for fault, count in counts.items()) or "nothing found"
    print(f"{total:,} {unit} in {len(options.files)} files: {summary}", file=sys.stderr)
    return 1 if counts else 0
