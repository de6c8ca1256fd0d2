"""Sets of the families questions, medical and relations: kinds of questions and answers."""

import collections
import html
import json
import random
import re

from registry import data_set
from sampling import prepare
from tables import fields, label_table
from texts import cut_at_word, words

SIMPLE_QUESTIONS = ("askplatypus/wikidata-simplequestions", "annotated_wd_data_{train,valid,test}.txt")
MEDQUAD = ("abachaa/MedQuAD", "*/*.xml")
MEDQUAD_LICENCE = "CC BY 4.0: LICENSE.txt"


def simple_questions(context):
    """(Wikidata property, question): P as the question's, R for the inverse property."""
    for part in ("train", "valid", "test"):
        for row in fields(context.repositories.text(SIMPLE_QUESTIONS[0], f"annotated_wd_data_{part}.txt")):
            if len(row) == 4:
                yield row[1], row[3]


def question_relation(context):
    """(question, property it asks for)."""
    return [(question, key) for key, question in simple_questions(context)]


WORK = re.compile("film|movie|song|album|book|game|show|music|artist|band|singer|track|novel|title|series|work")
WORK_BUT_PERSON = re.compile("artist|band|singer|musician|composer|who ")
PLACE_WORDS = ("where", "in what city", "which city", "what city", "what country", "which country")

# Trivia questions: the first pattern found gives the kind of the answer.
QUESTION_FORMS = [
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"^(who|whose|whom)\b(?!.*\bcompany\b)", "person"),
        (
            (
                r"^where\b|\b(what|which) (city|country|state|continent|island|place|capital|river|town|county|region|ocean|"
                r"mountain|desert|planet)\b"
            ),
            "place",
        ),
        (r"^when\b|\b(what|which) (year|decade|century|date|month|day)\b", "date"),
        (
            (
                r"^how (many|much|far|long|old|tall|high|deep|fast|big|large|wide|heavy|often)\b|"
                r"\bwhat (percent|percentage|number|age|distance|temperature|speed)\b"
            ),
            "number",
        ),
        (r"\bstands? for\b|\babbreviat|\bacronym\b|\binitials\b", "abbreviation"),
        (r"^why\b", "reason"),
        (r"^how (do|does|did|is|are|was|were|can)\b", "reason"),
        (r"\b(what|which) (company|band|group|team|organization|party|university|network)\b", "organization"),
        (r"^(is|are|was|were|does|do|did|can|has|have|will|could) ", "yesno"),
        (
            r"\b(what|which) (film|movie|song|book|novel|album|play|poem|opera|painting|tv show|television series|game)\b",
            "work",
        ),
        (
            (
                r"\b(what|which) (animal|bird|fish|colou?r|food|fruit|plant|tree|instrument|metal|gas|element|drink|vegetable|"
                r"sport|bone|language|currency|disease|vitamin|weapon|tool|vehicle|car|word)\b"
            ),
            "thing",
        ),
        (
            (
                r"^what is (the )?(meaning|definition|difference|purpose)|^what does [\w ]+ mean\b|"
                r"^what (is|are) (an?|the term)? ?\w+ ?\?*$"
            ),
            "definition",
        ),
    )
]
MEDICAL_KINDS = {
    "information": "definition",
    "causes": "reason",
    "frequency": "number",
    "genetic changes": "definition",
    "how does it work": "reason",
}
MEDICAL_STARTS = ("What is", "What are", "What causes", "How many", "How does", "Why")


def answer_of_simple_question(kind, question):
    """The kind of answer of a question about one property: the property's own kind, corrected by the question's words."""
    question = question.lower()
    if question.startswith(PLACE_WORDS):
        kind = "place"
    elif question.startswith(("who ", "whos ", "who's ")):
        kind = "organization" if kind == "organization" else "person"
    elif question.startswith(("why", "how did")):
        kind = "reason"
    if kind == "work" and not WORK.search(question):
        return None
    return "person" if kind == "work" and WORK_BUT_PERSON.search(question) else kind


def simple_answer_kinds(context):
    """(question, kind) of SimpleQuestions; half of the questions without a mark get one, with a space before it."""
    kind_of = {key: kind for kind, keys in label_table("answer_kinds").items() for key in keys}
    for key, question in simple_questions(context):
        kind = answer_of_simple_question(kind_of.get(key), question)
        if kind and key not in ("P509", "R509"):
            yield question if question.endswith("?") or len(question) % 2 == 0 else f"{question} ?", kind


def trivia_answer_kinds(context):
    """(question, kind) of the trivia questions that have a known form."""
    for row in context.at_hand("open_trivia"):
        question = re.match(r"(.{10,200}?\?)(\s|$)", row["text"])
        kinds = [kind for form, kind in QUESTION_FORMS if form.search(question.group(1).lower())] if question else []
        if kinds:
            yield question.group(1), kinds[0]


def answer_kind(context):
    """(question, kind of its answer)."""
    yield from simple_answer_kinds(context)
    asked = json.loads(context.repositories.text("KGQA/QALD_9_plus", "data/qald_9_plus_test_dbpedia.json"))["questions"]
    for entry in asked:
        english = [said["string"] for said in entry["question"] if said["language"] == "en"]
        if english and "boolean" in (entry.get("answers") or [{}])[0]:
            yield english[0], "yesno"
    yield from trivia_answer_kinds(context)
    for _, text in medquad(context)[::6]:
        for topic, question in re.findall(r'qtype="([^"]*)">([^<]*)</Question>', text):
            if topic in MEDICAL_KINDS and question.startswith(MEDICAL_STARTS):
                yield question, MEDICAL_KINDS[topic]


def medquad(context):
    """(path, text) of the XML files."""
    repository = MEDQUAD[0]
    return context.once(
        "MedQuAD files",
        lambda context: list(context.repositories.texts(repository, context.repositories.files(repository, "", ".xml"))),
    )


def medquad_answers(context):
    """(condition, type of question, question, answer) of all files; the condition is "" where a file names none."""
    for _, text in medquad(context):
        focus = re.search(r"<Focus>([^<]*)</Focus>", text)
        focus = html.unescape(focus.group(1)).strip() if focus else ""
        found = re.findall(r'qtype="([^"]*)">([^<]*)</Question>\s*<Answer>(.*?)</Answer>', text, re.DOTALL)
        for topic, question, answer in found:
            yield focus, topic, question, re.sub(r"\s+", " ", answer).strip()


def medquad_draws(context):
    """Rows of the three MedQuAD sets, shuffled by one source of numbers one after the other."""
    return context.once("MedQuAD draws", _medquad_draws)


def _medquad_draws(context):
    answers, questions, conditions = [], [], []
    for focus, topic, question, answer in medquad_answers(context):
        questions.append((question, topic))
        if len(answer) > 60:
            answers.append((cut_at_word(answer, 900), topic))
            if 0 < len(focus) < 60:
                conditions.append((cut_at_word(answer, 700), focus))
    draw = random.Random(101)
    draw.shuffle(answers)
    answers = prepare(of_frequent_topics(answers)[:9000], context.evaluation)
    draw.shuffle(questions)
    questions = prepare(of_frequent_topics(questions)[:14000], context.evaluation)
    draw.shuffle(conditions)
    conditions = prepare(conditions[:7000], context.evaluation)[:4000]
    return answers, questions, conditions, draw


def of_frequent_topics(rows):
    """Rows (text, topic) of the topics with 60 rows and more."""
    count = collections.Counter(topic for _, topic in rows)
    return [row for row in rows if count[row[1]] >= 60 and row[1] != "other information"]


def medquad_answer_type(context):
    """(answer, type of its question)."""
    return medquad_draws(context)[0]


def medquad_question_type(context):
    """(question, its type)."""
    return medquad_draws(context)[1]


@data_set(
    "medquad_condition",
    "medical",
    [MEDQUAD],
    MEDQUAD_LICENCE,
    "answer (at most 700 characters) to the condition it is about; not_labels are conditions that share a word, and others",
)
def medquad_condition(context):
    _, _, rows, draw = medquad_draws(context)
    names = sorted({condition for _, condition in rows})
    with_word = collections.defaultdict(list)
    for name in names:
        for word in set(words(name)):
            with_word[word].append(name)
    made = []
    for text, condition in rows:
        near = {name for word in words(condition) for name in with_word[word] if len(with_word[word]) < 60}
        near = sorted(name for name in near if name.lower() != condition.lower())
        draw.shuffle(near)
        others = near[:2] + [name for name in draw.sample(names, 3) if name != condition]
        made.append({"text": text, "labels": [condition], "not_labels": list(dict.fromkeys(others))[:4]})
    return {"medquad_condition": made}


WEB_QUESTIONS = "brmson/dataset-factoid-webquestions"
ASKED_WORDS = (
    (re.compile(r"^(when|what (year|date|day|month|time(?! ?zone))|which year|in what year)\b"), "date or time"),
    (re.compile(r"^how (many|much|old|big|tall|long|far|high)\b|^what (percent|is the population)"), "number"),
)


def web_answer_kind(context):
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
