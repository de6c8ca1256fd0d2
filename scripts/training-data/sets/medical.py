"""Sets of the family medical that are made from the Disease Ontology."""

import collections
import random
import re

from registry import data_set
from sampling import labelled, prepare
from sets.questions import MEDQUAD, MEDQUAD_LICENCE, medquad_answers
from tables import fields
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
