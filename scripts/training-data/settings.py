#!/usr/bin/env python3
"""
Writes the settings of one of the runs from base.json, mix.json and the number of rows of each file.

  python3 settings.py --run 1 --data FOLDER --at-hand FOLDER --encoder FOLDER --output FILE

A file's weight times the square root of its rows (mixing_temperature 0.5) is its share of its family, times its boost.
"""

import argparse
import json
from pathlib import Path

from registry import WITHOUT_DISTILLATION

HERE = Path(__file__).parent


def entries(mix, shares, folder_of):
    """The list "data" of the settings; shares by family, folder_of(file name) gives its folder."""
    for family, settings in mix["families"].items():
        paths = {name: folder_of(name) / f"{name}.jsonl" for name in settings["files"]}
        sizes = {name: count_lines(path) ** 0.5 * mix["boosts"].get(name, 1) for name, path in paths.items()}
        for name, path in paths.items():
            weight = shares[family] / sum(sizes.values()) * mix["boosts"].get(name, 1) * 1000
            entry = {"path": str(path), "weight": round(weight, 4)}
            if family in WITHOUT_DISTILLATION:
                entry["distill"] = False
            if name in mix["languages"]:
                entry["languages"] = mix["languages"][name]
            yield entry


def count_lines(path):
    """Rows of a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, type=int, choices=(1, 2), help="which of the runs that are averaged")
    parser.add_argument("--data", required=True, type=Path, help="folder that build.py wrote")
    parser.add_argument("--at-hand", required=True, type=Path, help="folder of the sets that are not made here")
    parser.add_argument("--encoder", required=True, help="folder of the encoder to start from")
    parser.add_argument("--output", required=True, type=Path, help="settings file for glz train --config")
    options = parser.parse_args()
    mix = json.loads((HERE / "mix.json").read_text())
    settings = json.loads((HERE / "base.json").read_text())
    settings["encoder"] = options.encoder
    run = mix["runs"][options.run - 1]
    settings["seed"] = run["seed"]
    settings["loss"]["distill_weight"] = run["distill_weight"]
    settings["data"] = list(entries(mix, run["shares"], lambda name: options.at_hand if name in mix["at_hand"] else options.data))
    options.output.write_text(json.dumps(settings, indent=2) + "\n")


if __name__ == "__main__":
    main()
