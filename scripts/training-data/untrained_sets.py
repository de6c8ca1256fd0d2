#!/usr/bin/env python3
"""
Writes the sets that nothing is trained on, as folders of labels.json and test.jsonl: those that temperature and bias are fitted to, or those that
nothing is fitted to either. See README.md.

  python3 untrained_sets.py --family calibration --clones FOLDER --evaluation FOLDER --output FOLDER
  python3 untrained_sets.py --family "held out" --output FOLDER
"""

import argparse
import json
from pathlib import Path

import sets  # noqa: F401  registers the data sets
from build import Context
from registry import CALIBRATION, DATA_SETS, HELD_OUT
from rows import write_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", required=True, choices=(CALIBRATION, HELD_OUT))
    parser.add_argument("--clones", default="clones", help="folder with the clones, each owner+name (clone.sh)")
    parser.add_argument("--evaluation", help="folder of evaluation sets (*/*.jsonl); rows that hold their texts are dropped")
    parser.add_argument("--output", required=True, type=Path, help="folder for the sets")
    options = parser.parse_args()
    context = Context(options.clones, None, options.evaluation)
    for data_set in DATA_SETS.values():
        if data_set.family != options.family:
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
