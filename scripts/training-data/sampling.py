"""From raw rows to the rows of a file: cleaning, no doubles, no evaluation text, balance of classes, wordings of labels."""

import collections
import random

from texts import clean_document, clean_message, cut, squash


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


def same_names(rows):
    """A wording for sample that leaves each label of rows (text, labels) as it is."""
    return {label: label for _, labels in rows for label in labels}
