#!/usr/bin/env python3
"""
Prints the lists of docs/log/training-data.md: families with their files, sections by data set, and the sets that
temperature and bias are fitted to.

  python3 describe.py --data FOLDER --at-hand FOLDER
"""

import argparse
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import sets  # noqa: F401  registers the data sets
from registry import CALIBRATION, DATA_SETS, HELD_OUT
from rows import read_rows
from settings import HERE, entries, numbered_runs


def rows_in(path, languages):
    """Rows of a file that the run can see: of these languages or without one."""
    return sum(1 for row in read_rows(path) if not languages or row.get("lang") in (None, *languages))


def files_of(data_set, names):
    """The files of a data set among these names: its own name, or with the number of a wording."""
    return sorted(name for name in names if re.fullmatch(re.escape(data_set) + r"(_?v?\d+)?", name))


def matches(name, patterns):
    """Whether a file's name is like one of these."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder that build.py wrote")
    parser.add_argument("--at-hand", required=True, type=Path, help="folder of the sets that are not made here")
    options = parser.parse_args()
    mix = json.loads((HERE / "mix.json").read_text())
    folder = {name: options.at_hand for name in mix["at_hand"]}
    runs = numbered_runs(mix)
    rows, sizes = {}, [{} for _ in runs]
    for number, own in enumerate(sizes, 1):
        for entry in entries(mix, number, lambda name: folder.get(name, options.data)):
            name = Path(entry["path"]).stem
            if name not in rows:
                rows[name] = rows_in(Path(entry["path"]), entry.get("languages"))
            own[name] = entry["weight"] * rows[name] ** 0.5
    print(f"{len(rows)} files, {sum(rows.values()):,} rows\n")
    print(f"| family | {' | '.join(f'run {number}' for number in range(1, len(runs) + 1))} | sets (rows) |\n|{' --- |' * (len(runs) + 2)}")
    for family, settings in sorted(mix["families"].items(), key=lambda item: -runs[0][1]["shares"].get(item[0], 0)):
        patterns = sorted(settings["files"], key=lambda name: (name not in mix["at_hand"], name))
        counts = {pattern: sum(rows[name] for name in rows if fnmatch(name, pattern)) for pattern in patterns}
        shares = [sum(own[name] for name in own if matches(name, patterns)) / sum(own.values()) for own in sizes]
        print(f"| {family} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} | {', '.join(f'{name} {n:,}' for name, n in counts.items())} |")
    print()
    for data_set in sorted(DATA_SETS.values(), key=lambda data_set: data_set.name):
        if data_set.family in (CALIBRATION, HELD_OUT):
            continue
        pattern = f"{data_set.name}_*"
        # Sets with a file a part stand in the mix by a pattern; their files are too many to list.
        in_parts = pattern in mix["families"][data_set.family]["files"]
        names = [name for name in rows if fnmatch(name, pattern)] if in_parts else files_of(data_set.name, rows)
        counts = [sum(rows[name] for name in names)] if in_parts else [rows[name] for name in names]
        print(f"#### {f'{data_set.name}_* ({len(names)} files)' if in_parts else ', '.join(names)}\n")
        print(f"- Family: {data_set.family}; distill: {str(data_set.distill).lower()}; rows: {', '.join(f'{count:,}' for count in counts)}")
        print(f"- Source: {data_set.source_text}\n- Licence: {data_set.licence}\n- Conversion: {data_set.conversion}\n")
    print("| set | source | licence | what it is |\n| --- | --- | --- | --- |")
    for data_set in sorted(DATA_SETS.values(), key=lambda data_set: data_set.name):
        if data_set.family == CALIBRATION:
            print(f"| {data_set.name} | {data_set.source_text} | {data_set.licence} | {data_set.conversion} |")


if __name__ == "__main__":
    main()
