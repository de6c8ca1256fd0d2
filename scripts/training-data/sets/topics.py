"""Sets of the families topics and topics_multilingual that are not news."""

import collections
import random
import re

from registry import data_set
from sampling import all_others, sample
from sets import reviews
from tables import json_lines, label_table, lines, lists_of, rows_of, tar_member
from texts import clean_document, cut, words


def review_kind(context):
    """(review sentence, its site)."""
    return [(text, site) for text, _, site in reviews.sentences(context)]


def counselling_topics(context):
    """(question, topic), and a few answers."""
    (text,), asked = context.texts("counselling_topics"), set()
    for row in rows_of(text):
        topic, question = row["topic"].replace("-", " "), f"{row['questionTitle']} {row['questionText'] or ''}".strip()
        if question not in asked:
            asked.add(question)
            yield question[:1500], topic
        elif random.Random(row["answerText"]).random() < 0.05:
            yield row["answerText"][:1400].rsplit(" ", 1)[0], topic


EXAM_FIELDS = {
    "math": "abstract_algebra college_mathematics elementary_mathematics high_school_mathematics high_school_statistics formal_logic",
    "physics": "college_physics conceptual_physics high_school_physics astronomy electrical_engineering",
    "chem": "college_chemistry high_school_chemistry",
    "bio": "college_biology high_school_biology virology medical_genetics",
    "med": "anatomy clinical_knowledge college_medicine human_aging nutrition professional_medicine human_sexuality",
    "cs": "college_computer_science computer_security high_school_computer_science machine_learning",
    "biz": "business_ethics management marketing professional_accounting public_relations",
    "econ": "econometrics high_school_macroeconomics high_school_microeconomics",
    "law": "international_law jurisprudence professional_law",
    "pol": "high_school_government_and_politics us_foreign_policy security_studies",
    "hist": "high_school_european_history high_school_us_history high_school_world_history prehistory",
    "phil": "philosophy logical_fallacies moral_disputes",
    "rel": "world_religions",
    "psy": "high_school_psychology professional_psychology",
    "soc": "sociology",
    "geo": "high_school_geography",
}
EXAM_FIELD_OF = {subject: field for field, subjects in EXAM_FIELDS.items() for subject in subjects.split()}

MMLU = ("HaeChan0305/MLILAB-FedLLM", "data/mmlu/test/*_test.csv")
MMLU_LICENCE = "MIT: the data set hendrycks/test (its LICENSE); the repository with this copy is Apache 2.0"


def exam_questions(context):
    """Shuffled (question, subject) of MMLU's test part, 4 in 10 with the answers; and the source of numbers as it stands."""
    return context.once("exam questions", _exam_questions)


def _exam_questions(context):
    rows = []
    for path, table in context.repositories.texts(MMLU[0], context.repositories.files(MMLU[0], "data/mmlu/test")):
        subject = path.split("/")[-1].removesuffix("_test.csv")
        rows += [(row[0], row[1:5], subject) for row in lists_of(table) if len(row) >= 6]
    draw = random.Random(9)
    draw.shuffle(rows)
    questions = []
    for question, answers, subject in rows:
        if subject not in ("miscellaneous", "moral_scenarios", "global_facts"):
            bare = len(question) > 45 and draw.random() < 0.6
            questions.append((question if bare else f"{question} {' / '.join(answers)}", subject))
    return questions, draw


@data_set(
    "exam_subjects",
    "topics",
    [MMLU],
    MMLU_LICENCE,
    "question, in 4 of 10 rows with the four answers, to its subject; levels (high school, college) joined in v1; moral "
    "scenarios, miscellaneous and global facts left out; not_labels are subjects of the same field",
)
def exam_subjects(context):
    questions, _ = exam_questions(context)
    subjects = sorted({subject for _, subject in questions})
    full = {subject: subject.replace("_", " ").replace("us ", "US ") for subject in subjects}
    short = {subject: re.sub(r"^(high school|college|professional|elementary|conceptual) ", "", subject.replace("_", " ")) for subject in subjects}
    short = {subject: name.replace("us ", "US ") for subject, name in short.items()}
    siblings = {}
    for subject in subjects:
        others = [other for other in subjects if short[other] != short[subject]]
        near = [other for other in others if EXAM_FIELD_OF[other] == EXAM_FIELD_OF[subject]]
        siblings[subject] = near + random.Random(subject).sample(others, 2)
    rows = questions[: len(questions) // 2]
    return sample("exam_subjects", rows, [short, full], context.evaluation, per_class=110, siblings=siblings)


def exam_fields(context):
    """(question, its field) of the questions that exam_subjects does not hold."""
    questions, _ = exam_questions(context)
    return [(text, EXAM_FIELD_OF[subject]) for text, subject in questions[len(questions) // 2 :]]


EXAMS = ("mhardalov/exams-qa", "data/exams/cross-lingual/test.jsonl.tar.gz")
# The share of a language's questions that is taken.
EXAM_LANGUAGES = {
    "French": 1,
    "German": 1,
    "Spanish": 1,
    "Italian": 1,
    "Portuguese": 1,
    "Croatian": 1,
    "Serbian": 0.5,
    "Bulgarian": 0.5,
    "Hungarian": 0.8,
    "Turkish": 0.7,
    "Albanian": 0.5,
    "Macedonian": 0.3,
    "Lithuanian": 0.5,
    "Vietnamese": 0.3,
    "Arabic": 0.3,
}


def school_exams_multilingual(context):
    """(question, half with the answers, subject): some of a language's."""
    _, draw = exam_questions(context)
    subjects = label_table("school_subjects")
    rows = []
    for row in json_lines(tar_member(context.repositories.read(*EXAMS), "test.jsonl").decode("utf-8")):
        if row["info"]["subject"] in subjects:
            question = row["question"]["stem"]
            if draw.random() < 0.5:
                question += " " + " / ".join(choice["text"] for choice in row["question"]["choices"])
            rows.append((row["info"]["language"], question, row["info"]["subject"]))
    return [(text, subject) for language, text, subject in rows if draw.random() < EXAM_LANGUAGES.get(language, 0.5)]


CHATTERBOT = "gunthercox/chatterbot-corpus"


def conversations(text):
    """The lists of strings under "conversations:" of a YAML file that holds nothing but such lists."""
    found, value = [], None
    for line in text[text.index("conversations:") :].split("\n")[1:]:
        item = re.match(r"^(- |  )\s*- ?(.*)$", line)
        if item and (item.group(1) == "- " or re.match(r"^ {2,4}- ", line)):
            if item.group(1) == "- ":
                found.append([])
            found[-1].append([item.group(2)])
            value = found[-1][-1]
        elif value is not None:
            value.append(line)
    return [[scalar(parts) for parts in conversation] for conversation in found]


def scalar(parts):
    """A YAML string from its lines: a block after "|", or plain or quoted text folded to one line."""
    if parts[0].strip() in ("|", "|-"):
        return "\n".join(part.strip() for part in parts[1:])
    folded = " ".join(part.strip() for part in parts if part.strip())
    if folded[:1] == folded[-1:] == "'" and len(folded) > 1:
        return folded[1:-1].replace("''", "'")
    if folded[:1] == folded[-1:] == '"' and len(folded) > 1:
        return folded[1:-1].replace('\\"', '"')
    return folded


def exchanges(context, languages):
    """(first two lines of a conversation, topic of its file)."""
    rows = []
    for path in context.repositories.files(CHATTERBOT, "chatterbot_corpus/data", ".yml"):
        language, topic = path.removesuffix(".yml").split("/")[-2:]
        if language not in languages:
            continue
        for question, answer in (said[:2] for said in conversations(context.repositories.text(CHATTERBOT, path)) if len(said) > 1):
            rows.append((f"{question.lower() if question.upper() == question else question} {answer}", topic))
    return rows


def chat_topics(context):
    """(question and answer, topic of the file), English."""
    return exchanges(context, ("english",))


def chat_topics_multilingual(context):
    """(question and answer, topic of the file) in five languages."""
    return exchanges(context, ("german", "french", "spanish", "italian", "portuguese"))


def cooking_questions(context):
    """(title, its tags)."""
    for text in context.texts("cooking_questions"):
        for parts in (line.split() for line in lines(text)):
            tags = [part.removeprefix("__label__").replace("-", " ") for part in parts if part.startswith("__label__")]
            yield " ".join(part for part in parts if not part.startswith("__label__")), tags


ARXIV = ("gechhai/Topic_Discovery", "arxiv_data.csv")


def arxiv_draws(context):
    """(text, subjects) of the articles; and the source of numbers as it stands, which software_libraries goes on with."""
    return context.once("arXiv draws", _arxiv_draws)


def _arxiv_draws(context):
    names = label_table("arxiv_categories")
    draw = random.Random(2)
    rows = []
    for row in rows_of(context.repositories.text(*ARXIV)):
        subjects = dict.fromkeys(subject for subject in (arxiv_subject(code, names) for code in row["categories"].split()) if subject)
        if subjects:
            title, abstract = clean_document(row["title"]), clean_document(row["abstract"])
            rows.append((draw.choice([title, f"{title}. {abstract}", abstract]), list(subjects)))
    return rows, draw


def arxiv_subject(code, names):
    """The name of an arXiv category; parts of condensed matter and astrophysics are named as the whole."""
    whole = {"cond-mat": "condensed matter physics", "astro-ph": "astrophysics"}
    return names.get(code) or next((name for start, name in whole.items() if code.startswith(start)), None)


@data_set(
    "arxiv_subjects",
    "topics",
    [ARXIV],
    "arXiv metadata CC0 (Cornell-University/arxiv; the repository states no licence)",
    "category codes to names by hand; title, title and abstract, or abstract",
)
def arxiv_subjects(context):
    rows, _ = arxiv_draws(context)
    subjects = sorted({subject for _, subjects in rows for subject in subjects})
    wording = {subject: subject for subject in subjects}
    return sample("arxiv_subjects", rows, [wording], context.evaluation, siblings=all_others(subjects), negatives=4)


NEWSGROUPS = ("vaishnavivisweswaraiah/IR_TextMining", "mini_newsgroups/*/*")
NEWSGROUPS_LICENCE = 'CC BY 4.0: the UCI page of the data set "Twenty Newsgroups" (of which mini_newsgroups is a part); the repository states none'
NEWSGROUP_NAMES = {
    "alt.atheism": "atheism",
    "comp.graphics": "computer graphics",
    "comp.os.ms-windows.misc": "Microsoft Windows",
    "comp.sys.ibm.pc.hardware": "PC hardware",
    "comp.sys.mac.hardware": "Apple Macintosh",
    "comp.windows.x": "X Window System",
    "misc.forsale": "things for sale",
    "rec.autos": "cars",
    "rec.motorcycles": "motorcycles",
    "rec.sport.baseball": "baseball",
    "rec.sport.hockey": "ice hockey",
    "sci.crypt": "encryption and privacy",
    "sci.electronics": "electronics",
    "sci.med": "medicine",
    "sci.space": "space",
    "soc.religion.christian": "Christianity",
    "talk.politics.guns": "gun politics",
    "talk.politics.mideast": "politics of the Middle East",
    "talk.politics.misc": "politics",
    "talk.religion.misc": "religion",
}

QUOTED_LINE = re.compile(r"\s*([>|:}#]|[A-Z]{1,3}>)")
OPENING_LINE = re.compile(r"(writes|wrote|said|says):?\s*$|^In article|^Archive-name|^Last-modified")


def newsgroup_messages(context):
    """Shuffled (text, group): messages without header, quoted lines and signature, half of them with the subject."""
    return context.once("newsgroup messages", _newsgroup_messages)


def _newsgroup_messages(context):
    repository = NEWSGROUPS[0]
    draw = random.Random(6)
    rows = []
    for path, message in context.repositories.texts(repository, context.repositories.files(repository, "mini_newsgroups/"), "latin-1"):
        head, _, body = message.partition("\n\n")
        subject = re.search(r"^Subject: (.*)$", head, re.MULTILINE)
        subject = re.sub(r"^(Re|RE|re|Fwd):\s*", "", subject.group(1)).strip() if subject else ""
        body = re.split(r"\n-- ?\n", body)[0]
        own = [line for line in body.split("\n") if not QUOTED_LINE.match(line) and not OPENING_LINE.search(line)]
        body = re.sub(r"\s+", " ", re.sub(r"[-=_*~^+#]{4,}", " ", " ".join(own))).strip()
        if len(words(body)) < 12:
            continue
        text = cut(body, draw.choice([300, 600, 1200]))
        if subject and draw.random() < 0.5:
            text = f"{subject}. {text}"
        rows.append((text, path.split("/")[1]))
    random.Random(8).shuffle(rows)
    return rows


@data_set(
    "newsgroup_topics",
    "topics",
    [NEWSGROUPS],
    NEWSGROUPS_LICENCE,
    "20 newsgroups, names in words; header, quoted lines and signature cut off; first 300 to 1,200 characters, half with "
    "the subject; not_labels are groups of the same hierarchy",
)
def newsgroup_topics(context):
    siblings = collections.defaultdict(list)
    for group in NEWSGROUP_NAMES:
        siblings[group] = [other for other in NEWSGROUP_NAMES if other != group and other.split(".")[0] == group.split(".")[0]]
    rows = newsgroup_messages(context)[::2]
    return sample("newsgroup_topics", rows, [NEWSGROUP_NAMES], context.evaluation, siblings=siblings)


def newsgroup_broad(context):
    """(message, its group) of the messages that newsgroup_topics does not hold."""
    return newsgroup_messages(context)[1::2]
