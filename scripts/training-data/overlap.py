"""Whether a training text is, or is mostly, a text of an evaluation set."""

import collections
import json
from pathlib import Path

from texts import clean_document, five_grams, squash


class EvaluationTexts:
    """All texts of the JSONL files ("text") in the folders of a folder; without a folder, none."""

    def __init__(self, folder=None):
        self._equal = set()
        self._sizes = []
        self._holders = collections.defaultdict(list)
        for file in sorted(Path(folder).glob("*/*.jsonl")) if folder else []:
            for line in file.read_text(encoding="utf-8").splitlines():
                self._add(json.loads(line)["text"])

    def _add(self, text):
        self._equal.update((squash(text), squash(clean_document(text))))
        grams = five_grams(text)
        for gram in grams:
            self._holders[gram].append(len(self._sizes))
        self._sizes.append(len(grams))

    def hold(self, text):
        """
        True if letters and digits equal those of an evaluation text, if more than half of the text's runs of five words
        lie in one evaluation text, or more than half of an evaluation text's lie in the text.
        """
        if squash(text) in self._equal:
            return True
        grams = five_grams(text)
        shared = collections.Counter(number for gram in grams for number in self._holders.get(gram, ()))
        return any(count * 2 > len(grams) or count * 2 > self._sizes[number] for number, count in shared.items())
