#!/usr/bin/env python3
"""
Cuts the vocabulary of a Unigram encoder to the pieces that matter most for many languages, and measures what that costs.

  python3 trim_vocabulary.py --encoder me5 --parallel parallel.jsonl --rows data --without ntrex --sizes 64000,96000 --output me5

A piece's weight is the sum over the languages of its share of the running text (mixed with a word list's, where wordfreq has
one), times the tokens that a text grows by where the piece is gone. Languages whose texts grow more than others' count more in
the next round. A tenth of the texts, and the sources of --without, choose nothing: they measure. Writes OUTPUT-64k, OUTPUT-96k.
"""

import argparse
import collections
import hashlib
import json
import random
import shutil
import unicodedata
from pathlib import Path

import numpy
import torch
import wordfreq
from encoders import Reader
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

TABLE = "embeddings.word_embeddings.weight"
SPECIAL = 4
WITHOUT_SPACES = ("ja", "zh", "th")
LESS = "bg,ca,cs,da,et,fa,hr,hu,lt,lv,ms,nb,ro,sk,sl,sr,sv,ur"
UNCASED = ("ar", "bn", "fa", "he", "hi", "ja", "ko", "ta", "th", "ur", "zh")


class Segmenter:
    """Unigram segmentation of one string of pieces, with some left out."""

    def __init__(self, vocabulary, kept):
        self.scores = {vocabulary[i][0]: (vocabulary[i][1], i) for i in kept}
        self.longest = 16
        self.lowest = min(score for score, _ in self.scores.values()) - 10

    def pieces(self, text, without=None):
        """Indices of the best pieces; None for a character that there is no piece for."""
        best = [(0.0, 0, None)] + [(-1e30, 0, None)] * len(text)
        for end in range(1, len(text) + 1):
            for start in range(max(0, end - self.longest), end):
                piece = text[start:end]
                known = self.scores.get(piece) if piece != without else None
                if known:
                    score, index = known
                elif end - start == 1:
                    score, index = self.lowest, None
                else:
                    continue
                if best[start][0] + score > best[end][0]:
                    best[end] = (best[start][0] + score, start, index)
        found, end = [], len(text)
        while end:
            found.append(best[end][2])
            end = best[end][1]
        return found[::-1]


def held_out(english):
    """Whether a text is not for choosing: one in ten, by its English."""
    return hashlib.md5(english.encode()).digest()[0] % 10 == 0


def read_texts(parallel, without):
    """{language: texts} to choose by, of a tenth that is held out, and of the sources that are held out as a whole."""
    parts = [collections.defaultdict(list) for _ in range(3)]
    for line in parallel.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        part = parts[2 if row["source"] in without else 1 if held_out(row["en"]) else 0]
        for language, text in [("en", row["en"]), *row["to"].items()]:
            part[language].append(text)
    return parts


def english_rows(folder, most=150000):
    """Texts and labels of training rows in English, a sample."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        found += [text for row in rows if (row.get("lang") or "en") == "en" for text in (row["text"], *row["labels"])]
    return random.Random(1).sample(found, min(most, len(found)))


def shares(tokenizer, texts, size):
    """Each piece's share of the pieces of texts."""
    counts = numpy.zeros(size)
    for start in range(0, len(texts), 2000):
        encodings = tokenizer.encode_batch(texts[start : start + 2000], add_special_tokens=False)
        counts += numpy.bincount(numpy.concatenate([numpy.array(each.ids, dtype=int) for each in encodings]), minlength=size)
    return counts / max(1, counts.sum())


def word_shares(tokenizer, segmenter, language, size, most=30000):
    """Each piece's share of a language's words, each as often as wordfreq says; capitalized words a fifth as often. None where it has no list."""
    if language not in wordfreq.available_languages("best"):
        return None
    words = sorted(wordfreq.get_frequency_dict(language, "best").items(), key=lambda item: -item[1])[:most]
    if language not in UNCASED:
        words += [(word.capitalize(), frequency / 5) for word, frequency in words]
    if language in WITHOUT_SPACES:
        segmented = [segmenter.pieces(word) for word, _ in words]
    else:
        segmented = [encoding.ids for encoding in tokenizer.encode_batch([word for word, _ in words], add_special_tokens=False)]
    counts = numpy.zeros(size)
    for (_, frequency), indices in zip(words, segmented, strict=True):
        for index in indices:
            if index is not None:
                counts[index] += frequency
    return counts / counts.sum()


def language_shares(whole, vocabulary, texts, rows, of_words):
    """{language: each piece's share}: of running text and, as of_words says, of a word list; English half by training rows."""
    segmenter, size = Segmenter(vocabulary, range(SPECIAL, len(vocabulary))), len(vocabulary)
    found = {}
    for language, some in texts.items():
        found[language] = shares(whole, some, size)
        words = word_shares(whole, segmenter, language, size)
        if words is not None:
            found[language] = (1 - of_words) * found[language] + of_words * words
    if rows:
        found["en"] = found["en"] / 2 + shares(whole, rows, size) / 2
    return found


def always_kept(vocabulary, used, weights):
    """Special pieces, printable ASCII, signs and digits, and single characters of used pieces, alone and at a word's start."""
    characters = {character for index in numpy.flatnonzero(used) for character in vocabulary[index][0]}
    characters |= {chr(code) for code in range(33, 127)}
    kept = set(range(SPECIAL))
    for index, (piece, _) in enumerate(vocabulary):
        plain = piece.lstrip("▁") or "▁"
        if len(plain) == 1 and plain in characters and (len(piece) == 1 or weights[index] > 0 or plain.isascii()):
            kept.add(index)
        elif index >= SPECIAL and len(piece) <= 3 and weights[index] > 0 and not any(unicodedata.category(each)[0] in "LM" for each in plain):
            kept.add(index)
    return kept


def growth_of_pieces(vocabulary, kept, candidates):
    """By how many tokens a text grows where a piece is gone: {index: tokens}."""
    segmenter, growth = Segmenter(vocabulary, kept), {}
    for index in candidates:
        piece = vocabulary[index][0]
        if len(piece) > 1:
            found = segmenter.pieces(piece, without=piece)
            # A character without a piece costs its meaning too.
            growth[index] = len(found) - 1 + 4 * found.count(None)
    return growth


def chosen(tokenizer, by_language, texts, size, options):
    """Sorted indices of the pieces kept: those that must be and those with the largest weight times growth."""
    vocabulary, growth = tokenizer["model"]["vocab"], numpy.ones(len(tokenizer["model"]["vocab"]))
    used = sum(by_language.values())
    must = always_kept(vocabulary, used > 0, used)
    less = options.less.split(",") if options.less else []
    importance = {language: 0.6 if language in less else options.english if language == "en" else 1 for language in by_language}
    balanced = [language for language in by_language if language not in less and language != "en"]
    sample = {language: texts[language][:120] for language in balanced}
    for turn in range(options.rounds + 1):
        weights = sum(importance[language] * share for language, share in by_language.items())
        order = [int(index) for index in numpy.argsort(-weights * growth, kind="stable") if int(index) not in must]
        kept = sorted([*must, *order[: size - len(must)]])
        if turn == options.rounds:
            return kept
        if turn < 2:
            for index, tokens in growth_of_pieces(vocabulary, kept, numpy.flatnonzero(used)).items():
                growth[index] = tokens
        times = growth_by_language(options.whole, Tokenizer.from_str(json.dumps(cut_tokenizer(tokenizer, kept, options.digits))), sample)
        mean = numpy.mean(list(times.values()))
        for language in times:
            importance[language] *= (times[language] / mean) ** options.balance


def cut_tokenizer(tokenizer, kept, digits):
    """The tokenizer's settings with the kept pieces only, scores rounded to so many digits."""
    model = tokenizer["model"]
    vocabulary = [[piece, round(score, digits)] for piece, score in (model["vocab"][index] for index in kept)]
    added = [entry for entry in tokenizer["added_tokens"] if entry["id"] < SPECIAL]
    return {**tokenizer, "added_tokens": added, "model": {**model, "vocab": vocabulary, "unk_id": kept.index(model["unk_id"])}}


def write_folder(encoder, output, kept, tokenizer, weights):
    """An encoder folder with the kept pieces."""
    shutil.copytree(encoder, output, dirs_exist_ok=True, ignore=shutil.ignore_patterns("model.safetensors", "tokenizer.json"))
    (output / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    table = next(name for name in weights if name.endswith(TABLE))
    save_file({**weights, table: numpy.ascontiguousarray(weights[table][kept])}, output / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((encoder / "config.json").read_text())
    (output / "config.json").write_text(json.dumps({**config, "vocab_size": len(kept)}, indent=1) + "\n")
    settings = json.loads((encoder / "tokenizer_config.json").read_text())
    settings.pop("mask_token", None)
    (output / "tokenizer_config.json").write_text(json.dumps(settings) + "\n")


def growth_by_language(whole, cut, texts, most=150):
    """{language: tokens of the cut vocabulary a token of the whole one}"""

    def count(tokenizer, some):
        return sum(len(encoding.ids) for encoding in tokenizer.encode_batch(some, add_special_tokens=False))

    return {language: count(cut, some[:most]) / count(whole, some[:most]) for language, some in sorted(texts.items()) if len(some) >= 20}


def vector_cosines(encoder, folder, texts, most=8):
    """{language: mean cosine between the vectors of texts under the whole and the cut vocabulary}"""
    whole, cut = Reader(encoder), Reader(folder)
    found = {}
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for language, some in sorted(texts.items()):
            found[language] = float((whole.read(some[:most], False, 128) * cut.read(some[:most], False, 128)).sum(1).mean())
    return found


def report(name, values, worst):
    """One line with the mean and one with all languages."""
    print(f"  {name}: mean {numpy.mean(list(values.values())):.4f}, worst {worst(values.values()):.3f}")
    print("    " + " ".join(f"{language} {value:.3f}" for language, value in values.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True, type=Path)
    parser.add_argument("--parallel", required=True, type=Path, help="parallel texts, as training-data/parallel makes them")
    parser.add_argument("--rows", type=Path, help="folder of training rows (*.jsonl), of which those in English count")
    parser.add_argument("--sizes", default="96000")
    parser.add_argument("--without", default="", help="sources that are held out as a whole, with commas")
    parser.add_argument("--less", default=LESS, help="languages that count 0.6 and are not balanced, with commas")
    parser.add_argument("--words", type=float, default=0.4, help="share of the word lists in a language's weights")
    parser.add_argument("--english", type=float, default=4, help="English counts as so many languages")
    parser.add_argument("--balance", type=float, default=8, help="power of a language's growth over the mean growth")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of reckoning what the loss of a piece costs")
    parser.add_argument("--digits", type=int, default=4, help="digits of the scores")
    parser.add_argument("--output", type=Path, help="folders' name, without -96k; without it, nothing is written")
    options = parser.parse_args()
    tokenizer = json.loads((options.encoder / "tokenizer.json").read_text(encoding="utf-8"))
    options.whole = Tokenizer.from_file(str(options.encoder / "tokenizer.json"))
    texts, *held = read_texts(options.parallel, options.without.split(","))
    rows = english_rows(options.rows) if options.rows else []
    by_language = language_shares(options.whole, tokenizer["model"]["vocab"], texts, rows, options.words)
    trim(options, tokenizer, by_language, texts, held)


def trim(options, tokenizer, by_language, texts, held):
    """Writes and measures a folder for each size; the vectors after all are written."""
    stored = load_file(options.encoder / "model.safetensors") if options.output else None
    names, folders = ("a tenth held out", options.without), []
    for size in map(int, options.sizes.split(",")):
        kept = chosen(tokenizer, by_language, texts, size, options)
        smaller = cut_tokenizer(tokenizer, kept, options.digits)
        cut = Tokenizer.from_str(json.dumps(smaller))
        print(f"{len(kept):,} pieces", flush=True)
        for name, some in zip(names, held, strict=True):
            if some:
                report(f"tokens, {name}", growth_by_language(options.whole, cut, some), max)
        if options.output:
            folder = options.output.with_name(f"{options.output.name}-{size // 1000}k")
            write_folder(options.encoder, folder, kept, smaller, stored)
            print(f"  {folder}: tokenizer.json {(folder / 'tokenizer.json').stat().st_size / 1e6:.2f} MB, table {len(kept) * 384 / 1e6:.1f} MB in 8 bits")
            folders.append(folder)
    for folder in folders:
        for name, some in zip(names, held, strict=True):
            if some:
                report(f"cosines, {folder.name}, {name}", vector_cosines(options.encoder, folder, some), min)


if __name__ == "__main__":
    main()
