#!/usr/bin/env python3
"""
Writes the training sets of glz-mini from git clones: see README.md.

  python3 build.py --clones FOLDER --at-hand FOLDER --evaluation FOLDER --output FOLDER [--only NAME,NAME]
"""

import argparse
from pathlib import Path

import sets  # noqa: F401  registers the data sets
from facts import texts_of
from overlap import EvaluationTexts
from registry import CALIBRATION, DATA_SETS, HELD_OUT
from repositories import Repositories
from rows import read_rows, tidy, write_rows


class Context:
    """What the functions of the data sets read."""

    def __init__(self, clones, at_hand, evaluation):
        self.repositories = Repositories(clones)
        self.evaluation = EvaluationTexts(evaluation)
        self._at_hand = Path(at_hand) if at_hand else None
        self._made = {}

    def made(self, name):
        """The files of another data set, made once: {file: rows}."""
        if name not in self._made:
            self._made[name] = {file: [tidy(row) for row in rows] for file, rows in DATA_SETS[name].build(self).items()}
        return self._made[name]

    def once(self, key, make):
        """The value of make(self), made once."""
        if key not in self._made:
            self._made[key] = make(self)
        return self._made[key]

    def texts(self, name):
        """The texts of the files of a data set, source by source."""
        return texts_of(self, name)

    def at_hand(self, name):
        """Rows of a set that this recipe does not make (README.md, "Sets at hand")."""
        if not self._at_hand:
            raise SystemExit(f"this needs the set {name}: give its folder with --at-hand")
        return read_rows(self._at_hand / f"{name}.jsonl")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clones", required=True, help="folder with the clones, each owner+name (clone.sh)")
    parser.add_argument("--output", required=True, help="folder for the JSONL files")
    parser.add_argument("--at-hand", help="folder of the sets that are not made here; afrisenti, answer_kind and subjectivity_mix read some")
    parser.add_argument("--evaluation", help="folder of evaluation sets (*/*.jsonl); rows that hold their texts are dropped")
    parser.add_argument("--only", help="names of data sets, with commas")
    options = parser.parse_args()
    trained_on = [name for name, data_set in DATA_SETS.items() if data_set.family not in (CALIBRATION, HELD_OUT)]
    names = options.only.split(",") if options.only else trained_on
    unknown = [name for name in names if name not in DATA_SETS]
    if unknown:
        parser.error(f"no such data set: {', '.join(unknown)}; there are {', '.join(DATA_SETS)}")
    context = Context(options.clones, options.at_hand, options.evaluation)
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    for name in names:
        for file, rows in context.made(name).items():
            write_rows(output / f"{file}.jsonl", rows)
            print(f"{file}: {len(rows):,} rows", flush=True)


if __name__ == "__main__":
    main()
