"""Sets of the family medical: headings of MeSH and symptoms to the kinds above them."""

import collections
import random
import re

from registry import data_set
from sampling import labelled, shuffled
from tables import rows_of
from texts import squash

MESH = "dhimmel/mesh"
# Tree branches whose terms are used, and headings that are too wide to be labels.
BRANCHES = ("C", "F01", "F02", "F03", "A", "D26", "D27", "E02", "E04", "J02")
WIDE = {
    "Pathologic Processes",
    "Pathological Conditions, Signs and Symptoms",
    "Signs and Symptoms",
    "Chemical Actions and Uses",
    "Pharmacologic Actions",
}


@data_set(
    "mesh_kinds",
    "medical",
    [(MESH, "data/tree-numbers.tsv")],
    'CC0: README.md ("This repository is released as CC0"); MeSH is made by the US National Library of Medicine',
    "headings for diseases, mental disorders, body parts, therapies, drugs and foods to up to three headings above them that stand over 8 to 400 others; words put in "
    "speaking order; at most 60 a label; not_labels are headings beside a label that do not stand above the term",
)
def mesh_kinds(context):
    name_at, numbers = {}, collections.defaultdict(list)
    for row in rows_of(context.repositories.text(MESH, "data/tree-numbers.tsv"), delimiter="\t"):
        name_at[row["mesh_tree_number"]] = row["mesh_name"]
        if row["mesh_tree_number"].startswith(BRANCHES):
            numbers[row["mesh_name"]].append(row["mesh_tree_number"])
    above = {name: headings_above(name_at, places) for name, places in numbers.items()}
    size = collections.Counter(heading for headings in above.values() for heading in headings)
    beside = collections.defaultdict(set)
    for number, name in name_at.items():
        beside[number.rpartition(".")[0] or number[:1]].add(name)
    fit = {heading for heading, count in size.items() if 8 <= count <= 400 and heading not in WIDE}
    draw, taken, rows = random.Random(13), collections.Counter(), []
    for name, headings in shuffled(sorted(above.items()), 13):
        labels = [heading for heading in headings if heading in fit][:3]
        text = spoken(name)
        if not labels or len(text) < 8 or min(taken[label] for label in labels) >= 60 or context.evaluation.hold(text):
            continue
        taken.update(labels)
        near = {other for number in numbers[labels[0]] for other in beside[number.rpartition(".")[0] or number[:1]]} & fit
        near = sorted(near - set(headings) - {name})
        row = labelled(text, [spoken(label) for label in labels])
        rows.append({**row, "not_labels": [spoken(other) for other in draw.sample(near, min(4, len(near)))]})
    return {"mesh_kinds": rows[:8000]}


def headings_above(name_at, places):
    """Names of the headings above places in the tree, the nearest first."""
    found = [(place.count("."), place) for place in places]
    steps = [(number.count(".") - up, ".".join(number.split(".")[:up])) for _, number in found for up in range(number.count("."), 0, -1)]
    return list(dict.fromkeys(name_at[number] for _, number in sorted(steps) if number in name_at))


def spoken(heading):
    """A heading in speaking order and small letters: "Lung Diseases, Parasitic" is "parasitic lung diseases"."""
    parts = heading.split(", ")
    if len(parts) == 2 and " and " not in heading:
        parts = [" ".join(reversed(parts))]
    return " ".join(word if word.isupper() or any(sign.isdigit() for sign in word) else word.lower() for word in ", ".join(parts).split())


SYMPTOMS = "DiseaseOntology/SymptomOntology"


@data_set(
    "symptom_kinds",
    "medical",
    [(SYMPTOMS, "src/ontology/symp.obo")],
    "CC0 1.0: License",
    "names, synonyms and definitions of symptoms to the kinds above them; what the definition says of the kind is cut off",
)
def symptom_kinds(context):
    terms, kinds = {}, collections.defaultdict(list)
    for term in context.repositories.text(SYMPTOMS, "src/ontology/symp.obo").split("[Term]")[1:]:
        name = re.search(r"^name: (.*)$", term, re.MULTILINE).group(1)
        if "is_obsolete: true" not in term:
            definition = re.findall(r'^def: "((?:[^"\\]|\\.)*)"', term, re.MULTILINE)
            said = [
                re.sub(r"^.*?\bcharacterized (?:by|as) (?:the |an? )?(?:occurring )?", "", text.replace("\\", "")) for text in definition
            ]
            terms[name] = [name, *re.findall(r'^synonym: "([^"]+)" EXACT', term, re.MULTILINE), *said]
            kinds[name] = re.findall(r"^is_a: \S+ ! (.*)$", term, re.MULTILINE)
    rows, seen = [], set()
    for name, texts in terms.items():
        above = list(kinds[name])
        for kind in above:
            above += [other for other in kinds[kind] if other not in above]
        labels = [kind for kind in above if kind not in ("symptom", "general symptom")]
        for text in texts:
            if labels and len(text) >= 8 and squash(text) not in seen and not context.evaluation.hold(text):
                seen.add(squash(text))
                rows.append(labelled(text, labels))
    return {"symptom_kinds": shuffled(rows, 17)}
