#!/usr/bin/env python3
"""
Checks files of parallel texts: texts of evaluation sets (English and translations), doubles, empty or unknown translations. Exit code 1 if anything is found.

  python3 check.py --evaluation FOLDER FILE...
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from checked_files import check_files  # noqa: E402
from languages import LANGUAGES  # noqa: E402
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


if __name__ == "__main__":
    sys.exit(check_files(__doc__, faults, "en", "texts"))
