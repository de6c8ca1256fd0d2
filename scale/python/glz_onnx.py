"""What `glz export` wrote, in Python: labels are compiled once, texts are scored in batches. Used by label_spark.py and label_ray.py.

    from glz_onnx import Model, compile_labels, scores
    model = Model("exported")
    columns = compile_labels(model, ["delivery", "billing"])     # once; small: 1.5 kB a label
    scores(model, columns, ["The parcel never came"])            # [texts, labels], each row sums to 1
    best_labels(model, columns, labels, texts)                    # lists for a table's columns

Needs onnxruntime, tokenizers and numpy. For checkpoints that read labels once, without upper layers, such as the one that ships.
"""
import argparse
import functools
import json
import os

# onnxruntime reports to its maker otherwise; the tokenizer's own threads would take the cores of other workers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

# As glz: a processor's caches hold what a layer makes of so many tokens.
BATCH_TOKENS = 1024
BATCH_TEXTS = 32
WINDOWS = 4


class Model:
    """The graphs and the tokenizer of an exported folder."""

    def __init__(self, folder, graph="model.onnx", threads=1):
        with open(os.path.join(folder, "example.json"), encoding="utf-8") as file:
            self.sequences = json.load(file).get("sequences")
        if self.sequences is None or os.path.exists(os.path.join(folder, "labels.onnx")):
            raise ValueError(f"{folder}: not exported from a checkpoint that reads labels once and without upper layers")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        session = lambda name: onnxruntime.InferenceSession(os.path.join(folder, name), options, providers=["CPUExecutionProvider"])
        self.texts = session(graph)
        self.scores = session("scores.onnx")
        # Where labels read tokens: their states, not the text's one vector.
        self.reads_tokens = "hidden" in {each.name for each in self.scores.get_inputs()}
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()


@functools.cache
def model_of(folder, graph="model.onnx"):
    """The model of a folder, once a process: a worker keeps it from task to task. Here, since Spark sends what a script itself holds."""
    return Model(folder, graph)


def _feeds(rows, before, behind, pad, own_is_before=False):
    """Rows of ids between what stands before and behind them, padded to the longest."""
    extra = len(before) + len(behind)
    length = max(map(len, rows)) + extra
    ids = np.full((len(rows), length), pad, np.int32)
    attended = np.zeros((len(rows), length), np.int32)
    own = np.zeros((len(rows), length), np.int32)
    for at, row in enumerate(rows):
        ids[at, : len(row) + extra] = [*before, *row, *behind]
        attended[at, : len(row) + extra] = 1
        if own_is_before:
            own[at, : len(before)] = 1
        else:
            own[at, len(before) : len(before) + len(row)] = 1
    return {"input_ids": ids, "attention_mask": attended, "text_mask": own, "positions": np.arange(length, dtype=np.int32)}


def compile_labels(model, labels):
    """Vectors of labels (names) as columns [size, labels]: once for a label set, for all texts and workers."""
    facts = model.sequences
    rows = [encoding.ids for encoding in model.tokenizer.encode_batch(labels, add_special_tokens=False)]
    wrong = [label for label, row in zip(labels, rows) if not 0 < len(row) <= facts["most_label_tokens"]]
    if wrong or len(set(labels)) < len(labels):
        raise ValueError(f"labels that are empty, too long or there twice: {wrong[:3]}")
    vectors = []
    for start in range(0, len(rows), BATCH_TEXTS):
        feeds = _feeds(
            rows[start : start + BATCH_TEXTS], facts["label_before"], facts["label_behind"], facts["pad"], facts["label_mask_on"] == "marker"
        )
        vectors.append(model.texts.run(["labels"], feeds)[0])
    return np.ascontiguousarray(np.concatenate(vectors).T)


def _windows(row, room):
    """A long text in overlapping windows, as `glz predict --windows 4` reads it."""
    if len(row) <= room:
        return [row]
    stride = max(1, room - room // 8)
    count = min(WINDOWS, 1 + -(-(len(row) - room) // stride))
    covered = min(len(row), room + (count - 1) * stride)
    starts = [at * (covered - room) // (count - 1) for at in range(count)]
    return [row[start : start + room] for start in starts]


def logits(model, columns, texts):
    """Logits [texts, labels]. Texts of like length are read together, whatever their order."""
    facts = model.sequences
    rows = [encoding.ids for encoding in model.tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    parts = [(text, part) for text, row in enumerate(rows) for part in _windows(row, facts["most_text_tokens"])]
    order = sorted(range(len(parts)), key=lambda at: -len(parts[at][1]))
    sums = np.zeros((len(rows), columns.shape[1]), np.float32)
    counts = np.zeros(len(rows), np.int32)
    start = 0
    while start < len(order):
        longest = len(parts[order[start]][1]) + 2
        batch = [parts[at] for at in order[start : start + max(1, min(BATCH_TEXTS, BATCH_TOKENS // longest))]]
        start += len(batch)
        feeds = _feeds([part for _, part in batch], facts["text_before"], facts["text_behind"], facts["pad"])
        read = "hidden" if model.reads_tokens else "text"
        given = {read: model.texts.run([read], feeds)[0], "labels": columns}
        if model.reads_tokens:
            given["text_mask"] = feeds["text_mask"]
        scored = model.scores.run(["logits"], given)[0]
        for (text, _), row in zip(batch, scored):
            sums[text] += row
            counts[text] += 1
    return sums / counts[:, None]


def choice_scale(count, sharpening=0, sharpenAbove=30, flattens=False, **_):
    """What logits are times in a choice among so many labels: the best of many counts more, and where the checkpoint says so the best of few less."""
    if count < sharpenAbove and not flattens:
        return 1
    return max(0.05, 1 + sharpening * np.log(count / sharpenAbove))


def scores(model, columns, texts, multi_label=False):
    """Scores [texts, labels]: a softmax over the labels, or with multi_label a probability of each by itself."""
    found = logits(model, columns, texts).astype(np.float64)
    calibration = model.sequences["calibration"]
    # A label alone has nothing to be chosen among.
    if multi_label or found.shape[1] == 1:
        return 1 / (1 + np.exp(-(found / calibration["temperature"] + calibration["bias"])))
    found *= choice_scale(found.shape[1], **calibration)
    shares = np.exp(found - found.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def best_labels(model, columns, labels, texts, multi_label=False):
    """The best label of each text, its score, and the scores of all in the order of `labels`; None of blank texts, as glz has it."""
    texts = [text if isinstance(text, str) and text.strip() else None for text in texts]
    written = [at for at, text in enumerate(texts) if text is not None]
    best, score, every = [[None] * len(texts) for _ in range(3)]
    if written:
        found = scores(model, columns, [texts[at] for at in written], multi_label)
        for at, row in zip(written, found):
            first = int(row.argmax())
            best[at], score[at], every[at] = labels[first], float(row[first]), row
    return best, score, every


def command_flags():
    """A parser of what label_spark.py and label_ray.py are called with."""
    parser = argparse.ArgumentParser()
    for name in ["--model", "--labels", "--input", "--output"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--text-field", default="text")
    parser.add_argument("--multi-label", action="store_true")
    return parser


def read_labels(path):
    """Labels of a file, one a line."""
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]
