"""A set of the family questions: what kind of answer a question of WebQuestions asks for."""

import json
import re

from registry import data_set
from sampling import all_others, sample
from tables import label_table

WEB_QUESTIONS = "brmson/dataset-factoid-webquestions"
ASKED_WORDS = (
    (re.compile(r"^(when|what (year|date|day|month|time(?! ?zone))|which year|in what year)\b"), "date or time"),
    (re.compile(r"^how (many|much|old|big|tall|long|far|high)\b|^what (percent|is the population)"), "number"),
)
COARSE = {
    "person": "asks who",
    "place": "asks where",
    "date or time": "asks when",
    "number": "asks how much or how many",
    "postal code": "asks for a code",
    "school or university": "asks for an institution",
    "sports team": "asks for a group of people",
    "political party": "asks for a group of people",
    "company or organization": "asks for an institution",
    "film or programme": "asks for a work",
    "book or writing": "asks for a work",
    "song or album": "asks for a work",
    "newspaper": "asks for a work",
    "character in a story": "asks for a character",
    "tourist sight": "asks for a sight",
    "stadium": "asks for a building",
    "airport": "asks for a building",
    "cause of death": "asks for a cause",
}


def web_answer_kinds(context):
    """(question, kind of its answer): by its first words or by the Freebase relation that leads to the answer."""
    kind_of = {ending: kind for kind, endings in label_table("web_answer_kinds").items() for ending in endings}
    for part in ("trainmodel", "val", "devtest", "test"):
        asked = json.loads(context.repositories.text(WEB_QUESTIONS, f"main/{part}.json"))
        paths = json.loads(context.repositories.text(WEB_QUESTIONS, f"d-freebase-rp/{part}.json"))
        paths_of = {row["qId"]: row["relPaths"] for row in paths}
        for row in asked:
            question = row["qText"]
            kind = next((kind for form, kind in ASKED_WORDS if form.search(question)), None)
            found = paths_of.get(row["qId"])
            if not kind and found:
                relation = max(found, key=lambda path: path[1])[0][-1]
                kind = next((kind for ending, kind in kind_of.items() if relation.endswith("/" + ending)), None)
            if kind and fits(question, kind) and not re.search(r"\b(famous|known|accomplish)", question):
                yield question, kind


def fits(question, kind):
    """Whether the question word agrees with the kind."""
    if question.startswith(("who ", "whos ", "who's ", "whose ")):
        return kind in ("person", "sports team")
    if question.startswith("where "):
        return kind in ("place", "school or university", "stadium", "airport")
    return kind != "person" or question.startswith("what") and re.search(r"\bnames?\b|called|wife|husband|parent|son", question)


@data_set(
    "web_answer_kind",
    "questions",
    [(WEB_QUESTIONS, "main/*.json, d-freebase-rp/*.json")],
    "CC BY 4.0: README.md",
    "questions that people typed into a search engine (WebQuestions) to the kind of the answer, from the question word or the "
    "Freebase relation; v1 fine, v2 coarse",
)
def web_answer_kind(context):
    rows = [(question, kind) for question, kind in web_answer_kinds(context)]
    kinds = sorted({kind for _, kind in rows})
    fine = {kind: kind for kind in kinds}
    coarse = {kind: COARSE.get(kind, "asks for a thing or a notion") for kind in kinds}
    return sample("web_answer_kind", rows, [fine, coarse], context.evaluation, per_class=500, siblings=all_others(kinds))
