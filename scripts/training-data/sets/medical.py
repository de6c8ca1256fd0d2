"""Sets of the family medical: diseases, headings of MeSH and symptoms to the kinds above them."""

import collections
import random
import re

from registry import data_set
from sampling import labelled, prepare, shuffled
from sets.questions import MEDQUAD, MEDQUAD_LICENCE, medquad_answers
from tables import fields, rows_of
from texts import cut_at_word, squash

ONTOLOGY = "DiseaseOntology/HumanDiseaseOntology"
SUBSETS = [f"src/ontology/subsets/{name}.obo" for name in ("DO_rare_slim", "NCIthesaurus", "DO_cancer_slim", "DO_infectious_disease_slim")]
ONTOLOGY_LICENCE = "CC0 1.0: LICENSE"
# Kinds that say nothing, or too little to be told from a text.
EMPTY = {"disease", "syndrome", "disease of anatomical entity", "disease by infectious agent", "disease of cellular proliferation"}

# Types of questions whose answers do not show what the condition is.
SAYS_LITTLE = {"inheritance", "frequency", "genetic changes", "considerations", "support groups"}


def ontology(context):
    """({name: names of the kinds right above it}, {id: (definition, synonyms)}, {id: name})."""
    return context.once("Disease Ontology", _ontology)


def _ontology(context):
    above, name_of = collections.defaultdict(list), {}
    for row in fields(context.repositories.text(ONTOLOGY, "DOreports/HumanDO.tsv"))[1:]:
        identifier, name, kind = [field.strip('"') for field in row]
        name_of[identifier] = name
        if kind and not kind.startswith("obsolete"):
            above[name].append(kind)
    said = {}
    for path in SUBSETS:
        for term in context.repositories.text(ONTOLOGY, path).split("[Term]")[1:]:
            identifier = re.search(r"^id: (\S+)", term, re.MULTILINE).group(1)
            definition = re.search(r'^def: "((?:[^"\\]|\\.)*)"', term, re.MULTILINE)
            synonyms = re.findall(r'^synonym: "([^"]+)" EXACT', term, re.MULTILINE)
            said[identifier] = (definition.group(1).replace("_", " ").replace("\\", "") if definition else "", synonyms)
    return above, said, name_of


def kinds_above(above, name):
    """Names of all kinds above a disease, the nearest first."""
    found, next_ones = [], list(above.get(name, []))
    while next_ones:
        kind = next_ones.pop(0)
        if kind not in found:
            found.append(kind)
            next_ones += above.get(kind, [])
    return found


class Kinds:
    """Which kinds are common enough to be labels, and which stand beside each other."""

    def __init__(self, above):
        self._above = above
        self.of = {name: [kind for kind in kinds_above(above, name) if kind not in EMPTY] for name in list(above)}
        self._size = collections.Counter(kind for kinds in self.of.values() for kind in kinds)
        self._beside = collections.defaultdict(list)
        for name, kinds in above.items():
            for kind in kinds:
                if self._size[name] >= 20:
                    self._beside[kind].append(name)

    def row(self, text, name, least, draw):
        """A row with the kinds of `name` that have at least `least` diseases; not_labels stand beside them. None without a kind."""
        kinds = [kind for kind in self.of[name] if self._size[kind] >= least]
        if not kinds:
            return None
        beside = {other for kind in kinds for parent in self._above.get(kind, []) for other in self._beside[parent]}
        beside = sorted(other for other in beside if other not in self.of[name] and other != name and self._size[other] >= least)
        row = labelled(text, kinds[:4])
        return {**row, "not_labels": draw.sample(beside, min(4, len(beside)))} if beside else row


@data_set(
    "disease_kinds",
    "medical",
    [(ONTOLOGY, "DOreports/HumanDO.tsv, src/ontology/subsets/{DO_rare_slim,NCIthesaurus,DO_cancer_slim,DO_infectious_disease_slim}.obo")],
    ONTOLOGY_LICENCE,
    "name of a disease, with its definition where it has one, to the kinds above it that hold 20 diseases and more; not_labels are "
    "kinds beside those",
)
def disease_kinds(context):
    above, said, name_of = ontology(context)
    kinds, draw = Kinds(above), random.Random(111)
    texts = [(f"{name}. {said[key][0]}" if said.get(key, ("",))[0] else name, name) for key, name in name_of.items()]
    draw.shuffle(texts)
    with_definition = [row for row in texts if row[0] != row[1]]
    bare = [row for row in texts if row[0] == row[1]]
    rows = prepare((with_definition + bare)[:9000], context.evaluation)
    draw.shuffle(rows)
    made = (kinds.row(text, name, 20, draw) for text, name in rows)
    return {"disease_kinds": [row for row in made if row]}


@data_set(
    "medquad_disease_kinds",
    "medical",
    [MEDQUAD, (ONTOLOGY, "as disease_kinds")],
    f"{MEDQUAD_LICENCE}; {ONTOLOGY_LICENCE} (ontology)",
    "answers (150 to 900 characters, not those on inheritance and frequency) about a condition that the ontology names, to the kinds above it that hold 60 diseases and more",
)
def medquad_disease_kinds(context):
    above, said, name_of = ontology(context)
    kinds, draw = Kinds(above), random.Random(112)
    known = {squash(other): name_of[key] for key, (_, others) in said.items() if key in name_of for other in others}
    known.update((squash(name), name) for name in name_of.values())
    rows = []
    for focus, topic, _, answer in medquad_answers(context):
        name = known.get(squash(re.sub(r"\(.*?\)", "", focus)))
        telling = topic not in SAYS_LITTLE and not answer.startswith("These resources")
        if name in kinds.of and len(answer) > 150 and telling:
            rows.append((cut_at_word(answer, 900), name))
    draw.shuffle(rows)
    made = (kinds.row(text, name, 60, draw) for text, name in prepare(rows, context.evaluation))
    return {"medquad_disease_kinds": [row for row in made if row][:6000]}


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
            said = [re.sub(r"^.*?\bcharacterized (?:by|as) (?:the |an? )?(?:occurring )?", "", text.replace("\\", "")) for text in definition]
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
