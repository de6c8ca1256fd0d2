#!/usr/bin/env python3
"""
Writes the sets that temperature and bias are fitted to, as folders of labels.json and test.jsonl: see README.md.

  python3 calibration_sets.py --clones FOLDER --evaluation FOLDER --output FOLDER
"""

import argparse
import json
from pathlib import Path

import sets  # noqa: F401  registers the data sets
from build import Context
from registry import CALIBRATION, DATA_SETS
from rows import write_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clones", required=True, help="folder with the clones, each owner+name (clone.sh)")
    parser.add_argument("--evaluation", help="folder of evaluation sets (*/*.jsonl); rows that hold their texts are dropped")
    parser.add_argument("--output", required=True, type=Path, help="folder for the sets")
    options = parser.parse_args()
    context = Context(options.clones, None, options.evaluation)
    for data_set in DATA_SETS.values():
        if data_set.family != CALIBRATION:
            continue
        for name, rows in context.made(data_set.name).items():
            folder = options.output / name
            folder.mkdir(parents=True, exist_ok=True)
            labels = sorted({label for row in rows for label in row["labels"]}, key=str.lower)
            (folder / "labels.json").write_text(json.dumps(labels, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            write_rows(folder / "test.jsonl", rows)
            print(f"{name}: {len(rows):,} rows, {len(labels)} labels", flush=True)


if __name__ == "__main__":
    main()
