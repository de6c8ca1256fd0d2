"""From raw rows to the rows of a file: cleaning, no doubles, no evaluation text, balance of classes, wordings of labels."""

import collections
import random

from texts import clean_document, clean_message, cut, squash, words

# Words of a label that say nothing about which others are close to it.
LITTLE_WORDS = {"a", "the", "to", "of", "for", "an", "my", "and", "or", "in", "on"}


def prepare(rows, evaluation, shortest=8, longest=1500):
    """Of rows (text, key, ...) those of fitting length, cleaned, each text once, free of evaluation texts."""
    seen, kept = set(), []
    for text, *rest in rows:
        text = clean_message(text)
        folded = squash(text)
        if not shortest <= len(text) <= longest or folded in seen:
            continue
        seen.add(folded)
        if folded and not evaluation.hold(text):
            kept.append((text, *rest))
    return kept


def balance(rows, most, seed, ratio):
    """At most `most` rows (text, key, ...), no class more than `ratio` times the smallest; the largest are lowered first."""
    draw = random.Random(seed)
    classes = collections.defaultdict(list)
    for row in rows:
        classes[row[1]].append(row)
    for members in classes.values():
        draw.shuffle(members)
    limit = max(int(min(map(len, classes.values())) * ratio), 1)
    if sum(min(len(members), limit) for members in classes.values()) > most:
        low, high = 0, limit
        while low < high:
            middle = (low + high + 1) // 2
            if sum(min(len(members), middle) for members in classes.values()) <= most:
                low = middle
            else:
                high = middle - 1
        limit = low
    kept = [row for key in sorted(classes, key=str) for row in classes[key][:limit]]
    draw.shuffle(kept)
    return kept


def shuffled(rows, seed):
    """The rows in another order."""
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    return rows


def pass_over(draw, sizes):
    """
    Moves a source of numbers on by shuffles of lists of these sizes. Some sets were made one after the other from one
    source; this lets each be made alone.
    """
    for size in sizes:
        draw.shuffle(list(range(size)))


def versions(name, rows, wordings, seed=1):
    """Shuffles rows (text, key, ...) and deals them out to one file a wording; see deal."""
    return deal(name, shuffled(rows, seed), wordings)


def deal(name, rows, wordings):
    """Every n-th row (text, key, language?) to the n-th of the wordings {key: label}: {name + number: rows}."""
    files = {}
    for number, wording in enumerate(wordings):
        part = [row for row in rows[number :: len(wordings)] if row[1] in wording]
        files[f"{name}{number + 1}"] = [labelled(text, [wording[key]], *rest) for text, key, *rest in part]
    return files


def labelled(text, labels, language=None):
    """A row of a file."""
    return {"text": text, "labels": list(labels), **({"lang": language} if language else {})}


def one_label(name, rows, wording=None):
    """One file of rows (text, key); the key is the label where there is no wording."""
    return {name: [labelled(text, [wording[key] if wording else key]) for text, key, *_ in rows]}


def sample(name, rows, wordings, evaluation, most=8000, per_class=None, siblings=None, negatives=6, seed=7):
    """
    Shuffles rows (text, key or keys) and takes up to `most` of them: known keys only, texts cleaned and cut, each once,
    no evaluation text, about `per_class` of a class. Deals them out to one file a wording ("name", or "name_v1" ...).
    siblings {key: close keys} give not_labels, at most `negatives` drawn from them.
    """
    draw = random.Random(seed)
    rows = list(rows)
    draw.shuffle(rows)
    seen, taken, kept = set(), collections.Counter(), []
    for text, keys in rows:
        keys = [keys] if isinstance(keys, str) else list(keys)
        if not keys or any(key not in wordings[0] for key in keys):
            continue
        text = cut(clean_document(text))
        folded = squash(text)
        if len(text) < 8 or len(folded) < 4 or folded in seen:
            continue
        if per_class and all(taken[key] >= per_class for key in keys):
            continue
        seen.add(folded)
        if evaluation.hold(text):
            continue
        taken.update(keys)
        kept.append((text, keys))
        if len(kept) >= most:
            break
    files = {}
    for number, wording in enumerate(wordings):
        file = name if len(wordings) == 1 else f"{name}_v{number + 1}"
        files[file] = []
        for text, keys in kept[number :: len(wordings)]:
            row = labelled(text, dict.fromkeys(wording[key] for key in keys))
            others = _others(row["labels"], keys, wording, siblings or {})
            if len(others) > negatives:
                others = draw.sample(others, negatives)
            files[file].append({**row, "not_labels": others} if others else row)
    return files


def _others(labels, keys, wording, siblings):
    close = dict.fromkeys(other for key in keys for other in siblings.get(key, []))
    names = dict.fromkeys(wording[other] for other in close if other not in keys and wording.get(other))
    return [name for name in names if name not in labels]


def all_others(keys):
    """Siblings for sample: every key but the key itself."""
    keys = list(keys)
    return {key: [other for other in keys if other != key] for key in keys}


def drawn(name, rows, evaluation, seed, most=200):
    """One file: `most` of the rows (text, labels), drawn in the proportions of the source."""
    kept = shuffled(prepare(rows, evaluation, shortest=10, longest=1000), seed)[:most]
    return {name: [labelled(text, labels, *rest) for text, labels, *rest in kept]}


def few(name, rows, evaluation, most=200, seed=17):
    """Of rows (text, label) up to `most`, the rarest labels first; rows of the same text become one with several labels."""
    texts, labels_of = {}, collections.defaultdict(dict)
    for text, label in rows:
        texts.setdefault(squash(text), text)
        labels_of[squash(text)][label] = True
    merged = [(text, list(labels_of[folded])) for folded, text in texts.items()]
    taken, ranked = collections.Counter(), []
    for text, labels in shuffled(prepare(merged, evaluation, 10, 1000), seed):
        ranked.append((min(taken[label] for label in labels), text, labels))
        taken.update(labels)
    ranked.sort(key=lambda row: row[0])
    return {name: [labelled(text, labels) for _, text, labels in shuffled(ranked[:most], seed)]}


def near_intents(names):
    """Siblings: the intents whose names share a word come first, then others to at least six."""
    siblings = {}
    for key, name in names.items():
        own = set(words(name)) - LITTLE_WORDS
        near = [other for other in names if other != key and own & set(words(names[other]))]
        rest = [other for other in names if other != key and other not in near]
        random.Random(key).shuffle(rest)
        siblings[key] = near + rest[: max(2, 6 - len(near))]
    return siblings


def of_same_bot(names):
    """Siblings: the near intents of the same bot."""
    groups = collections.defaultdict(dict)
    for key, name in names.items():
        groups[key.partition("/")[0]][key] = name
    return {key: near for group in groups.values() for key, near in near_intents(group).items()}


def distinct(rows, names, fewest):
    """Rows of the labels with enough examples, one key a label, and the table of these keys."""
    key_of = {}
    for key, name in names.items():
        key_of.setdefault(name, key)
    rows = [(text, key_of[names[key]]) for text, key in rows]
    count = collections.Counter(key for _, key in rows)
    return [row for row in rows if count[row[1]] >= fewest], {key: names[key] for key in names if count[key] >= fewest}
