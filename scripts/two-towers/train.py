#!/usr/bin/env python3
"""
Trains an encoder to read texts and labels into vectors whose cosine says whether a label fits: one round of the recipe (README.md).

  python3 train.py --start ENCODER --teacher FOLDER[,SHARE]... --at-hand FOLDER --data FOLDER --output weights.pt
"""

import argparse
import copy
import json
import random
import time
from collections import defaultdict
from pathlib import Path

import torch
from batches import Batches
from encoders import Reader
from evaluation_sets import macro_f1, read_sets
from examples import all_groups, named_plainly, open_rows, parallel_texts, part_of
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, kl_div, log_softmax, softmax

SHARES = {
    **{"domains": 0.4, "open": 0.22, "requests": 0.07, "tasks": 0.05, "intents": 0.04, "topics": 0.05, "things": 0.06},
    **{"sentiment": 0.06, "emotion": 0.03, "style": 0.02, "finance": 0.02, "questions": 0.02, "medical": 0.02, "relations": 0.005},
}
LONGEST_TEXT, LONGEST_LABEL = 128, 64
# A choice is the softmax of so many times the cosine; teachers' scores, standardised over a batch's labels, are times the second.
SCALE, TEACHER_SCALE = 20, 2.2
# What is known lifts and lowers a teacher's standardised score.
TRUE_LIFT, WRONG_LIFT = 1.6, -1.0
CHOICE_WEIGHT = 1.3
# Of fewer texts of a set their labels' shares say nothing.
FEWEST_FOR_SHARES = 4
# Snapshots of the last part of a run, whose mean is what comes out.
AVERAGED_FROM, AVERAGED_EVERY = 0.6, 10


def standardised(scores):
    """Over the labels of each text. [T, L] -> [T, L]"""
    return (scores - scores.mean(1, keepdim=True)) / scores.std(1, keepdim=True)


def distance_to_teacher(cosines, teacher, known):
    """How far the choice of a label for each text, and of a text for each label, is from the teacher's, corrected by what is known."""
    corrected = TEACHER_SCALE * (teacher + TRUE_LIFT * (known > 0) + WRONG_LIFT * (known < 0))  # [T, L]
    over_labels = kl_div(log_softmax(SCALE * cosines, 1), softmax(corrected, 1), reduction="batchmean")
    over_texts = kl_div(log_softmax(SCALE * cosines, 0).T, softmax(corrected, 0).T, reduction="batchmean")
    return over_labels + 0.3 * over_texts


def may_be_true(teacher, known):
    """Labels of other rows that the teacher finds nearly as likely as a text's own: they are no negatives. [T, L]"""
    own = teacher.masked_fill(known <= 0, 9).min(1, keepdim=True).values
    return (known == 0) & (teacher > (own - 1).clamp(min=0.5))


def choice_loss(cosines, known, is_wrong):
    """Each true label against all wrong ones; a text counts once."""
    logits = SCALE * cosines
    wrong = torch.logsumexp(logits.masked_fill(~is_wrong, -1e4), 1, keepdim=True)  # [T, 1]
    share = 1 / (known > 0).sum(1, keepdim=True).clamp(min=1)  # [T, 1]
    return ((torch.logaddexp(wrong, logits) - logits) * share * (known > 0)).sum() / len(known)


def share_loss(cosines, known, own, sets):
    """How far the labels' shares among a set's texts are from the true ones: a label is not to be preferred whatever the texts say."""
    total, count = 0.0, 0
    for number in sets.unique():
        of_set = sets == number  # [T]
        if of_set.sum() < FEWEST_FOR_SHARES:
            continue
        labels = own[of_set].any(0)  # [L]
        true = (known[of_set][:, labels] > 0).float()  # [texts, labels of the set]
        shares = (true / true.sum(1, keepdim=True).clamp(min=1)).mean(0)
        given = softmax(SCALE * cosines[of_set][:, labels], 1).mean(0)
        total = total + of_set.sum() * kl_div((given + 1e-9).log(), shares, reduction="sum")
        count += int(of_set.sum())
    return total / count if count else cosines.sum() * 0


def label_loss(cosines, head, known, unsure):
    """Each label by itself: what is known, and some eight labels of other rows a text."""
    others = (torch.rand_like(cosines) < 8 / cosines.shape[1]) & (known == 0) & ~unsure
    losses = binary_cross_entropy_with_logits(head[0] * cosines + head[1], (known > 0).float(), reduction="none")
    return losses[(known != 0) | others].mean()


def translation_loss(cosines, texts, english):
    """
    What a translation is read as is what its English is: the choice among a batch's labels is the teacher's for the English, and of all English texts the own one is nearest.
    cosines: translations to labels [P, L]; texts: translations to the batch's English texts [P, P]; english: the teacher's standardised scores of the English [P, L]
    """
    over_labels = kl_div(log_softmax(SCALE * cosines, 1), softmax(TEACHER_SCALE * english, 1), reduction="batchmean")
    own = torch.arange(len(texts))
    return over_labels + 0.5 * (cross_entropy(SCALE * texts, own) + cross_entropy(SCALE * texts.T, own))


class Mean:
    """Mean of snapshots."""

    def __init__(self):
        self.count, self.weights = 0, {}

    def add(self, weights):
        self.count += 1
        for name, value in weights.items():
            before = self.weights.get(name, torch.zeros_like(value))
            self.weights[name] = before + (value - before) / self.count


def teachers_of(given, reader):
    """[(reader, share)]; "start" is what the run starts from."""
    found = []
    for each in given:
        name, _, share = each.partition(",")
        teacher = copy.copy(reader) if name == "start" else Reader(*name.split(":"))
        if name == "start":
            teacher.model = copy.deepcopy(reader.model)
        found.append((teacher, float(share or 1)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", required=True, type=Path, help="folder of an encoder or a glz checkpoint")
    parser.add_argument("--weights", type=Path, help="what an earlier round wrote, in place of the folder's weights")
    parser.add_argument("--teacher", action="append", default=[], help="start, FOLDER or FOLDER:WEIGHTS, with a comma its share")
    parser.add_argument("--at-hand", required=True, type=Path, help="folder of the sets at hand")
    parser.add_argument("--data", required=True, type=Path, help="folder that training-data/build.py wrote")
    parser.add_argument("--look-at", action="append", default=[], type=Path, help="folder of sets that are measured between steps")
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--shares", type=json.loads, default=SHARES, help="JSON: family to share")
    parser.add_argument("--data-share", type=float, default=1, help="part of the written sets, of the rows of other files and of open rows")
    parser.add_argument("--plain-names", action="store_true", help="labels by their first name only: no wordings, no descriptions")
    parser.add_argument("--statements", type=float, default=0, help="share of the texts that come with statements about them too")
    parser.add_argument("--all-languages", action="store_true", help="rows that are not English too")
    parser.add_argument("--parallel", type=Path, help="file of training-data/parallel: English texts with their translations")
    parser.add_argument("--translations", type=int, default=16, help="of a step, with --parallel")
    parser.add_argument("--token-share", type=float, help="how much labels read tokens, and how sharply, in place of what --start says")
    parser.add_argument("--token-sharpness", type=float)
    parser.add_argument("--at-once", type=int, default=12, help="texts of a set in a step")
    parser.add_argument("--own-share", type=float, default=0.77, help="of the choice among labels: how much of it is among the text's own set, the rest among all of the step")
    parser.add_argument("--share-weight", type=float, default=0.7, help="of labels' shares among the texts of a set")
    parser.add_argument("--centred", type=float, default=0.5, help="how much of a label's mean over the step's texts is taken off the teachers' scores")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--minutes", type=float, default=1e9, help="ends, and lowers the rate, by the clock")
    parser.add_argument("--texts", type=int, default=48, help="of a step")
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--teacher-weight", type=float, default=1.0)
    parser.add_argument("--look-every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    rng = random.Random(options.seed)
    reader = Reader(options.start, options.weights)
    reader.token_share = reader.token_share if options.token_share is None else options.token_share
    reader.token_sharpness = options.token_sharpness or reader.token_sharpness
    teachers = teachers_of(options.teacher or ["start"], reader)
    groups, rows = part_of(all_groups(options.data, options.at_hand, options.all_languages), open_rows(), options.data_share)
    if options.plain_names:
        groups = [named_plainly(group) for group in groups]
    batches = Batches(groups, rows, options.shares, options.texts, rng, options.statements, options.at_once)
    parallel = parallel_texts(options.parallel) if options.parallel else []
    sets = read_sets(options.look_at, 100)

    def teach(texts, labels):
        """The teachers' standardised scores: [T, L]"""
        found = sum(s * standardised(t.cosines(texts, labels, LONGEST_TEXT, LONGEST_LABEL)) for t, s in teachers)
        return found / sum(share for _, share in teachers)

    def loss_of_translations(labels, read_labels):
        """Of some English texts, each with one of its translations; in three steps of ten they are read as labels are."""
        pairs = [(english, rng.choice(others)) for english, others in rng.sample(parallel, options.translations)]
        english, others = zip(*pairs, strict=True)
        as_labels = rng.random() < 0.3
        with torch.autocast("cpu", torch.bfloat16):
            read_english = reader.read(english, as_labels, LONGEST_LABEL)  # [P, size]
            read_others = reader.read(others, as_labels, LONGEST_LABEL)  # [P, size]
        return translation_loss(read_others @ read_labels.T, read_others @ read_english.T, teach(english, labels))

    # The embeddings of words stay: rare ones would only be decayed.
    for parameter in reader.model.embeddings.parameters():
        parameter.requires_grad_(False)
    head = torch.nn.Parameter(torch.load(options.weights)["head"] if options.weights else torch.tensor([15.0, -5.0]))
    trained = [parameter for parameter in reader.model.parameters() if parameter.requires_grad]
    matrices, vectors = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": 0.01, "lr": options.rate},
            {"params": vectors, "weight_decay": 0, "lr": options.rate},
            {"params": [head], "weight_decay": 0, "lr": 0.02},
        ],
        betas=(0.9, 0.98),
    )
    rates = [group["lr"] for group in optimizer.param_groups]

    def look(step):
        for name, found in sets.items():
            scores = [macro_f1(reader.cosines(each["texts"], each["labels"], 160), each) for each in found]
            print(f"step {step}: {name} {sum(scores) / len(scores):.3f}", flush=True)

    mean, sums, began = Mean(), defaultdict(float), time.monotonic()
    for step in range(options.steps):
        done = max((step + 1) / options.steps, (time.monotonic() - began) / 60 / options.minutes)
        if done > 1:
            break
        factor = min(1, (step + 1) / 30) * max(0.02, 1 - done)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        texts, labels, known, own, sets_of_texts = batches.draw()
        known, own = torch.tensor(known), torch.tensor(own)  # [T, L] each
        teacher = teach(texts, labels)  # [T, L]
        teacher = teacher - options.centred * teacher.mean(0, keepdim=True)  # [T, L]
        reader.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            read_labels = reader.read(labels, True, LONGEST_LABEL)  # [L, size]
            cosines = reader.compared(texts, read_labels, LONGEST_TEXT)  # [T, L]
        unsure = may_be_true(teacher, known)
        is_wrong = (known < 0) | ((known == 0) & ~unsure)  # [T, L]
        losses = {
            "teacher": distance_to_teacher(cosines, teacher, known),
            "choice": choice_loss(cosines, known, is_wrong),
            "own choice": choice_loss(cosines, known, is_wrong & own),
            "shares": share_loss(cosines, known, own, torch.tensor(sets_of_texts)),
            "labels": label_loss(cosines, head, known, unsure),
        }
        total = options.teacher_weight * losses["teacher"] + 0.5 * losses["labels"] + options.share_weight * losses["shares"]
        total = total + CHOICE_WEIGHT * ((1 - options.own_share) * losses["choice"] + options.own_share * losses["own choice"])
        if parallel:
            losses["translations"] = loss_of_translations(labels, read_labels)
            total = total + losses["translations"]
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        for name, value in losses.items():
            sums[name] += value.item()
        if done > AVERAGED_FROM and step % AVERAGED_EVERY == 0:
            mean.add({name: value.detach().clone() for name, value in reader.model.state_dict().items()})
        if (step + 1) % 25 == 0:
            minutes = (time.monotonic() - began) / 60
            print(f"{step + 1} {minutes:.1f} min", {name: round(value / 25, 3) for name, value in sums.items()}, flush=True)
            sums.clear()
        if (step + 1) % options.look_every == 0:
            look(step + 1)
    reader.model.load_state_dict(mean.weights)
    torch.save({"encoder": mean.weights, "head": head.detach()}, options.output)
    look("mean")


if __name__ == "__main__":
    main()
