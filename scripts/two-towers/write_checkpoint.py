#!/usr/bin/env python3
"""
Writes a glz checkpoint: the mean of weights, calibrated on sets that nothing was trained on, matrices in 8 bits with a scale a row (the table of
words, where wanted, in 4).

  python3 write_checkpoint.py --encoder FOLDER --weights A.pt[,SHARE] --weights start,SHARE --calibration FOLDER --options CHECKPOINT --output FOLDER

FOLDER of --calibration holds what training-data/untrained_sets.py wrote; without it the calibration stays that of --options. Options (pooling and so on)
are those of another checkpoint.
"""

import argparse
import json
import math
import shutil
from pathlib import Path

import numpy as np
import torch
from encoders import GLIZNET, Reader, encoder_weights
from examples import written_domains
from quantized import floats, stored
from safetensors.torch import load_file, save_file

LONGEST_TEXT, LONGEST_LABEL, TEXTS_OF_A_SET = 160, 64, 200


def mean_weights(given, encoder):
    """({name: mean}, head of the last that has one)"""
    total, mean, head = 0.0, {}, torch.tensor([15.0, -5.0])
    for each in given:
        path, _, share = each.partition(",")
        share = float(share or 1)
        if path == "start":
            weights = encoder_weights(encoder)
        else:
            stored = torch.load(path)
            weights, head = stored["encoder"], stored["head"]
        total += share
        for name, value in weights.items():
            mean[name] = mean.get(name, 0) + share * value.float()
    return {name: value / total for name, value in mean.items()}, head


def calibration_sets(folder, reader):
    """[(cosines [texts, labels], truth [texts, labels])]"""
    found = []
    for each in sorted(path.parent for path in folder.glob("*/test.jsonl")):
        # Law: of a source that is reserved for evaluation by now.
        if each.name == "contract_clauses":
            continue
        rows = [json.loads(line) for line in (each / "test.jsonl").open(encoding="utf-8")][:TEXTS_OF_A_SET]
        labels = sorted({label for row in rows for label in row["labels"]})
        cosines = reader.cosines([row["text"] for row in rows], labels, LONGEST_TEXT, LONGEST_LABEL).numpy()
        found.append((cosines, np.array([[label in row["labels"] for label in labels] for row in rows], np.float64)))
    return found


def training_sets(reader, count=60, rows=10):
    """The same of rows that were trained on, of every so many-th written domain."""
    groups = list(written_domains())
    for group in groups[:: len(groups) // count]:
        taken = [row for row in group.rows if row[1]][:rows]
        cosines = reader.cosines([row[0] for row in taken], [own[0] for own in group.wordings], LONGEST_TEXT, LONGEST_LABEL).numpy()
        yield cosines, np.array([[number in row[1] for number in range(len(group.wordings))] for row in taken], np.float64)


def factor_of(labels, calibration):
    """What logits are times in a choice among so many labels: choiceScale of src/classify/probabilities.ts."""
    above = calibration.get("sharpenAbove", 30)
    return 1 + calibration["sharpening"] * math.log(labels / above) if labels > above or calibration.get("flattens") else 1


def choice_scale(apart, trained, calibration):
    """What cosines are times in a softmax, so that true labels are likeliest: half by sets apart, half by rows that were trained on; each set counts alike."""

    def surprise(sets, scale):
        total = 0.0
        for cosines, truth in sets:
            labels = cosines.shape[1]
            logits = scale * factor_of(labels, calibration) * cosines
            logits = logits - logits.max(1, keepdims=True)
            log = logits - np.log(np.exp(logits).sum(1, keepdims=True))
            total -= ((log * truth).sum(1) / truth.sum(1)).mean() / math.log(labels)
        return total / len(sets)

    return min(np.arange(4, 30, 0.25), key=lambda scale: surprise(apart, scale) + surprise(trained, scale))


def weights_of(sets):
    """A set with more labels counts by their root; all together count 1."""
    weight = np.concatenate([np.full(truth.size, 1 / len(truth) / math.sqrt(truth.shape[1])) for _, truth in sets])
    return weight / weight.sum()


def label_line(apart, trained):
    """Slope and intercept of a label's own logit over its cosine, by Newton's method: half by sets apart, half by rows that were trained on."""
    x = np.concatenate([cosines.ravel() for cosines, _ in apart + trained]).astype(np.float64)
    y = np.concatenate([truth.ravel() for _, truth in apart + trained])
    weight = np.concatenate([weights_of(apart), weights_of(trained)]) / 2
    line = np.array([12.0, -5.0])
    for _ in range(60):
        p = 1 / (1 + np.exp(-(line[0] * x + line[1])))
        gradient = np.array([(weight * (p - y) * x).sum(), (weight * (p - y)).sum()])
        curvature = weight * p * (1 - p)
        hessian = np.array([[(curvature * x * x).sum(), (curvature * x).sum()], [(curvature * x).sum(), curvature.sum()]])
        line -= np.linalg.solve(hessian + 1e-6 * np.eye(2), gradient)
    return line


def calibrate(calibration, tensors, bias, reader, folder):
    """Fits scale, temperature and bias to the weights as they are stored; `calibration` is changed, what is returned goes with the weights."""
    reader.model.load_state_dict({name.removeprefix(GLIZNET): value for name, value in floats(tensors).items()})
    sets, trained = calibration_sets(folder, reader), list(training_sets(reader))
    scale = choice_scale(sets, trained, calibration)
    slope, intercept = label_line(sets, trained)
    # glz: a choice is the softmax of scale x cosine + bias, a label's own probability the sigmoid of that, over temperature, and its bias.
    calibration["temperature"] = float(scale / slope)
    calibration["bias"] = float(intercept - bias / calibration["temperature"])
    print(f"scale {scale}, slope {slope:.3f}, intercept {intercept:.3f}", calibration)
    return {"similarity.scale": torch.tensor([float(scale)]), "similarity.bias": torch.tensor([bias])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True, type=Path)
    parser.add_argument("--weights", required=True, action="append")
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--options", required=True, type=Path)
    parser.add_argument("--training", type=Path, help="training.json to go with it")
    parser.add_argument("--table-bits", type=int, choices=[4, 8], default=8, help="bits of a number in the table of words")
    parser.add_argument("--token-share", type=float, default=0, help="how much labels read tokens")
    parser.add_argument("--token-sharpness", type=float, default=20)
    parser.add_argument("--output", required=True, type=Path)
    options = parser.parse_args()

    weights, head = mean_weights(options.weights, options.encoder)
    tensors = {key: part for name, value in weights.items() for key, part in stored(GLIZNET + name, value, options.table_bits).items()}
    options.output.mkdir(parents=True, exist_ok=True)
    config = json.loads((options.options / "config.json").read_text())
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(options.encoder / name, options.output / name)
    reader = Reader(options.encoder)
    reader.token_share, reader.token_sharpness = options.token_share, options.token_sharpness
    config["gliznet"] |= {"tokenShare": options.token_share, "tokenSharpness": options.token_sharpness}
    config["encoder"] = reader.config
    # A label is read behind the token that a text begins with, whatever that is called here.
    config["gliznet"]["marker"] = reader.tokenizer.cls_token
    if options.calibration:
        tensors |= calibrate(config["gliznet"]["calibration"], tensors, float(head[1]), reader, options.calibration)
    else:
        kept = load_file(options.options / "model.safetensors")
        tensors |= {name: kept[name].float() for name in ("similarity.scale", "similarity.bias")}
    ordered = dict(sorted(tensors.items(), key=lambda each: -each[1].element_size()))
    save_file(ordered, options.output / "model.safetensors", metadata={"format": "pt"})
    (options.output / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if options.training:
        shutil.copyfile(options.training, options.output / "training.json")


if __name__ == "__main__":
    main()
