#!/usr/bin/env python3
"""
Makes parallel texts: lines {"en": text, "source": name, "to": {language: translation}}.

  python3 build.py --clones CLONES --packages PACKAGES --lists LISTS --evaluation EVALUATION --output parallel.jsonl

sources.json says which repositories, packages and lists. Texts of EVALUATION (one folder a set) are left out.
"""

import argparse
import collections
import hashlib
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from languages import LANGUAGES  # noqa: E402
from overlap import EvaluationTexts  # noqa: E402
from readers import READERS, Places  # noqa: E402
from texts import squash  # noqa: E402
from tidy import cleaned, is_translation, says_something  # noqa: E402

SOURCES = json.loads((Path(__file__).parent / "sources.json").read_text())


def texts_of(source, places, evaluation, seen):
    """{English text: {language: translation}} of a source, without texts seen in another; adds its own to those."""
    found = collections.defaultdict(dict)
    fewest = source.get("fewest", 4)
    kept, plain_texts = {}, {}
    for english, language, text in READERS[source["reader"]](places, source):
        if english not in kept:
            plain = cleaned(english)
            good = says_something(plain, fewest) and squash(plain) not in seen and not evaluation.hold(plain)
            # Texts that differ in case or signs only are one.
            kept[english] = plain_texts.setdefault(squash(plain), plain) if good else None
        if kept[english]:
            text = cleaned(text)
            if is_translation(text, kept[english], language) and not evaluation.hold(text):
                found[kept[english]].setdefault(language, text)
    seen.update(squash(english) for english in found)
    return found


def most_useful(found, most_pairs):
    """The texts with the most pairs in the rarest languages, so many that they have at most that many pairs."""
    frequency = collections.Counter(language for translations in found.values() for language in translations)
    rarity = {language: 1 / count for language, count in frequency.items()}

    def use(item):
        return -sum(rarity[language] for language in item[1]), hashlib.md5(item[0].encode()).digest()

    kept, pairs = {}, 0
    for english, translations in sorted(found.items(), key=use):
        if pairs + len(translations) <= most_pairs:
            kept[english] = translations
            pairs += len(translations)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clones", required=True, help="folder of git clones, each owner+name")
    parser.add_argument("--packages", required=True, help="folder of .deb and .tgz files")
    parser.add_argument("--lists", required=True, help="folder of apt's lists with Translation-* files (lz4)")
    parser.add_argument("--evaluation", required=True, help="folder of evaluation sets (*/*.jsonl), whose texts are left out")
    parser.add_argument("--only", help="names of sources, with commas")
    parser.add_argument("--output", required=True, type=Path)
    options = parser.parse_args()
    places, evaluation = Places(options.clones, options.packages, options.lists), EvaluationTexts(options.evaluation)
    names = options.only and options.only.split(",")
    seen, rows, counts = set(), [], {}
    for source in SOURCES:
        if names and source["name"] not in names:
            continue
        found = most_useful(texts_of(source, places, evaluation, seen), source.get("most_pairs", 10**9))
        rows += [{"en": english, "source": source["name"], "to": dict(sorted(found[english].items()))} for english in sorted(found)]
        counts[source["name"]] = collections.Counter(language for translations in found.values() for language in translations)
        print(f"{source['name']}: {len(found):,} texts, {counts[source['name']].total():,} pairs, {len(counts[source['name']])} languages", file=sys.stderr)
    part = options.output.with_suffix(".part")
    part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(part, options.output)
    total = sum(counts.values(), collections.Counter())
    print(f"{len(rows):,} texts, {total.total():,} pairs: " + ", ".join(f"{name} {total[name]:,}" for name in LANGUAGES), file=sys.stderr)


if __name__ == "__main__":
    main()
