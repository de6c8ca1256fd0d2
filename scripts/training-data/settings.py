#!/usr/bin/env python3
"""
Writes the settings of one of the runs from base.json, mix.json and the number of rows of each file.

  python3 settings.py --run 1 --data FOLDER --at-hand FOLDER --encoder FOLDER --output FILE
  python3 settings.py --run 3 --checkpoint FOLDER ...

A file's weight times the square root of its rows (mixing_temperature 0.5) is its share of its family, times its boost.
"""

import argparse
import json
from pathlib import Path

from registry import WITHOUT_DISTILLATION

HERE = Path(__file__).parent


def entries(mix, number, folder_of):
    """The list "data" of the settings of a run (from 1); folder_of(file name) gives its folder."""
    round_number, run = numbered_runs(mix)[number - 1]
    all_boosts = {**kept(mix, round_number, "boosts"), **run.get("boosts", {})}
    noises = kept(mix, round_number, "label_noise")
    dropped = left_out(mix["rounds"][: round_number + 1])
    first_round = {name: index for index, each in enumerate(mix["rounds"]) for name in each.get("new_files", [])}
    for family, settings in mix["families"].items():
        patterns = [name for name in settings["files"] if first_round.get(name, 0) <= round_number]
        names = [name for pattern in patterns for name in file_names(pattern, folder_of(pattern)) if name not in dropped]
        boosts = {name: starting(name, all_boosts, 1) for name in names}
        paths = {name: folder_of(name) / f"{name}.jsonl" for name in names}
        sizes = {name: count_lines(path) ** 0.5 * boosts[name] for name, path in paths.items()}
        for name, path in paths.items():
            weight = run["shares"][family] / sum(sizes.values()) * boosts[name] * 1000
            entry = {"path": str(path), "weight": round(weight, 4)}
            if family in WITHOUT_DISTILLATION:
                entry["distill"] = False
            if noise := starting(name, noises, 0):
                entry["label_noise"] = noise
            if name in mix["languages"]:
                entry["languages"] = mix["languages"][name]
            yield entry


def left_out(rounds):
    """Names of the files that these rounds leave out."""
    return {name for each in rounds for name in each.get("left_out", [])}


def file_names(pattern, folder):
    """The name itself or, of one with an asterisk, the names of the files like it, in order."""
    return sorted(path.stem for path in folder.glob(f"{pattern}.jsonl")) if "*" in pattern else [pattern]


def numbered_runs(mix):
    """(number of its round from 0, run) of all runs, in order."""
    return [(number, run) for number, each in enumerate(mix["rounds"]) for run in each["runs"]]


def kept(mix, round_number, field):
    """A table that a round has with what the rounds before it set."""
    return {key: value for each in mix["rounds"][: round_number + 1] for key, value in each.get(field, {}).items()}


def starting(name, table, otherwise):
    """What a table has for the longest beginning of a file's name that is in it."""
    return next((table[start] for start in sorted(table, key=len, reverse=True) if name.startswith(start)), otherwise)


def count_lines(path):
    """Rows of a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mix = json.loads((HERE / "mix.json").read_text())
    runs = range(1, len(numbered_runs(mix)) + 1)
    parser.add_argument("--run", required=True, type=int, choices=runs, help="two of each round")
    parser.add_argument("--data", required=True, type=Path, help="folder that build.py wrote")
    parser.add_argument("--at-hand", required=True, type=Path, help="folder of the sets that are not made here")
    parser.add_argument("--encoder", required=True, help="folder of the encoder to start from")
    parser.add_argument("--checkpoint", help="weights from which a round after the first starts")
    parser.add_argument("--output", required=True, type=Path, help="settings file for glz train --config")
    options = parser.parse_args()
    settings = json.loads((HERE / "base.json").read_text())
    round_number, run = numbered_runs(mix)[options.run - 1]
    if (round_number > 0) != bool(options.checkpoint):
        parser.error("--checkpoint is for the runs after the first round, which need it")
    if options.checkpoint:
        # A checkpoint brings its model options; what the distillation keeps is still the encoder's own similarity.
        del settings["encoder"], settings["model"]
        settings["checkpoint"] = options.checkpoint
        settings["loss"]["teacher"] = options.encoder
    else:
        settings["encoder"] = options.encoder
    settings.update(kept(mix, round_number, "settings"))
    settings["seed"] = run["seed"]
    settings["loss"].update({name: run[name] for name in ("distill_weight", "softmax_weight") if name in run})
    settings["data"] = list(entries(mix, options.run, lambda name: options.at_hand if name in mix["at_hand"] else options.data))
    options.output.write_text(json.dumps(settings, indent=2) + "\n")


if __name__ == "__main__":
    main()
