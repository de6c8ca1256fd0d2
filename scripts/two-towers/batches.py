"""Draws batches: texts of some groups and open rows, all labels that any of them brings, and what is known of each pair."""

from collections import defaultdict

import numpy as np

# Rows with labels of their own come three at a time; those of a group as many as is said, so that its labels are read for more than one text.
OPEN_AT_ONCE = 3
MANY_LABELS = 40
LABELS_OF_A_GROUP = 12
# Families whose files name some of the true labels only: what is not named is not wrong.
PARTLY_NAMED = {"things", "relations"}
# What may be said of a text and a label, and its negation.
STATEMENTS = [
    ("This is about {}", "This is not about {}"),
    ("The text is {}", "The text is not {}"),
    ("{}", "not {}"),
    ("The answer is {}", "The answer is anything but {}"),
    ("It has to do with {}", "It has nothing to do with {}"),
    ("{} describes it", "{} does not describe it"),
]


class Batches:
    """Endless batches; each row of a group or of the open ones comes once before any comes again."""

    def __init__(self, groups, open_rows, shares, texts, rng, statements, at_once):
        self.rng, self.texts, self.open_rows, self.statements, self.at_once = rng, texts, open_rows, statements, at_once
        self.groups = defaultdict(list)
        for group in groups:
            self.groups[group.family].append(group)
        self.shares = {family: share for family, share in shares.items() if family == "open" or self.groups[family]}
        # A file counts by the root of its rows.
        self.weights = {family: [len(group.rows) ** 0.5 for group in found] for family, found in self.groups.items()}
        self.left = {}

    def next_of(self, name, rows):
        if not self.left.get(name):
            self.left[name] = list(range(len(rows)))
            self.rng.shuffle(self.left[name])
        return rows[self.left[name].pop()]

    def open(self):
        """Sets of one row each: ([(text, known)], labels)."""
        for _ in range(OPEN_AT_ONCE):
            text, true, wrong = self.next_of("open", self.open_rows)
            known = {label: -1 for label in self.rng.sample(wrong, min(len(wrong), 4))}
            known |= {label: 1 for label in self.rng.sample(true, min(len(true), 3))}
            yield [(text, known)], set(known)

    def of_group(self, group, room):
        """Some rows of a group and what they choose among: ([(text, known)], labels); no labels where not all that is true is named."""
        at_once = self.at_once if len(group.wordings) < MANY_LABELS else (self.at_once + 1) // 2
        count = min(len(group.rows), at_once, max(1, room))
        rows = [row for row in (self.next_of(group.name, group.rows) for _ in range(count)) if row[1]]
        used = {number for row in rows for number in row[1][:3]}
        for row in rows:
            used |= set(self.rng.sample(row[2], min(2, len(row[2]))))
        is_whole = len(group.wordings) <= MANY_LABELS and group.family not in PARTLY_NAMED
        if is_whole:
            rest = [number for number in range(len(group.wordings)) if number not in used]
            used |= set(self.rng.sample(rest, min(len(rest), max(3, LABELS_OF_A_GROUP - len(used)))))
        name = {number: group.names(self.rng, number) for number in sorted(used)}
        found = []
        for text, true, near in rows:
            known = {}
            for number in sorted(used):
                if number in true:
                    known[name[number]] = 1
                elif is_whole or number in near:
                    known.setdefault(name[number], -1)
            found.append((text, known))
        return found, set() if group.family in PARTLY_NAMED else set(name.values())

    def with_statements(self, known):
        """A statement and its negation of a true and of a wrong label, for some texts."""
        true, wrong = [label for label in known if known[label] > 0], [label for label in known if known[label] < 0]
        if not true or not wrong or self.rng.random() >= self.statements:
            return known
        said, denied = self.rng.choice(STATEMENTS)
        right, false = self.rng.choice(true), self.rng.choice(wrong)
        return known | {said.format(right): 1, denied.format(right): -1, said.format(false): -1, denied.format(false): 1}

    def draw(self):
        """(texts [T], labels [L], known [T, L]: 1 true, -1 wrong, 0 not known; own [T, L]: whether a label is of the text's set; sets [T]: which one that is)"""
        rows, families = [], list(self.shares)
        number_of_set = 0
        while len(rows) < self.texts:
            family = self.rng.choices(families, [self.shares[each] for each in families])[0]
            if family == "open":
                drawn = self.open()
            else:
                drawn = [self.of_group(self.rng.choices(self.groups[family], self.weights[family])[0], self.texts - len(rows))]
            for of_set, names in drawn:
                rows += [(text, known, names, number_of_set) for text, known in of_set]
                number_of_set += 1
        if self.statements:
            rows = [(text, self.with_statements(known), *rest) for text, known, *rest in rows]
        labels = sorted({label for _, known, _, _ in rows for label in known})
        number = {label: at for at, label in enumerate(labels)}
        known = np.zeros((len(rows), len(labels)), np.float32)
        own = np.zeros((len(rows), len(labels)), bool)
        for at, (_, said, names, _) in enumerate(rows):
            for label, value in said.items():
                known[at, number[label]] = value
            for label in set(said) | names:
                if label in number:
                    own[at, number[label]] = True
        return [row[0] for row in rows], labels, known, own, np.array([row[3] for row in rows])
