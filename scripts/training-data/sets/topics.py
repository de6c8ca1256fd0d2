"""Sets of the families topics and topics_multilingual that are not news."""

import collections
import random
import re

from registry import data_set
from sampling import all_others, labelled, one_label, prepare, sample
from sets import reviews
from tables import json_lines, label_table, lines, lists_of, rows_of, tar_member
from texts import clean_document, cut, words


@data_set("review_kind", "topics", [reviews.SOURCE], reviews.LICENCE, "which of the three sites")
def review_kind(context):
    wording = {"imdb": "film review", "amazon_cells": "phone or electronics review", "yelp": "restaurant review"}
    return one_label("review_kind", [(text, site) for text, _, site in reviews.sentences(context)], wording)


@data_set(
    "counselling_topics",
    "topics",
    [("nbertagnolli/counsel-chat", "data/20200325_counsel_chat.csv")],
    "MIT: LICENSE; questions and answers of counselchat.com (README)",
    "topic of the question; a few answers with the question's topic",
)
def counselling_topics(context):
    rows, asked = [], set()
    for row in rows_of(context.repositories.text("nbertagnolli/counsel-chat", "data/20200325_counsel_chat.csv")):
        topic, question = row["topic"].replace("-", " "), f"{row['questionTitle']} {row['questionText'] or ''}".strip()
        if question not in asked:
            asked.add(question)
            rows.append((question[:1500], topic))
        elif random.Random(row["answerText"]).random() < 0.05:
            rows.append((row["answerText"][:1400].rsplit(" ", 1)[0], topic))
    return {"counselling_topics": [labelled(text, [topic]) for text, topic in prepare(rows, context.evaluation) if topic]}


EXAM_FIELDS = {
    "math": "abstract_algebra college_mathematics elementary_mathematics high_school_mathematics high_school_statistics "
    "formal_logic",
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
EXAM_FIELD_NAMES = [
    {
        "math": "mathematics",
        "physics": "physics",
        "chem": "chemistry",
        "bio": "biology",
        "med": "health and medicine",
        "cs": "computers and technology",
        "biz": "business and management",
        "econ": "economics",
        "law": "law",
        "pol": "politics and government",
        "hist": "history",
        "phil": "philosophy",
        "rel": "religion",
        "psy": "psychology",
        "soc": "sociology",
        "geo": "geography",
    },
    {
        "math": "science and mathematics",
        "physics": "science and mathematics",
        "chem": "science and mathematics",
        "bio": "science and mathematics",
        "med": "health",
        "cs": "computers and internet",
        "biz": "business and finance",
        "econ": "business and finance",
        "law": "law and justice",
        "pol": "politics and government",
        "hist": "history and education",
        "phil": "society and culture",
        "rel": "society and culture",
        "psy": "family, relationships and the mind",
        "soc": "society and culture",
        "geo": "geography and travel",
    },
    {
        "math": "math",
        "physics": "natural science",
        "chem": "natural science",
        "bio": "life science",
        "med": "medicine",
        "cs": "computing",
        "biz": "business",
        "econ": "finance and economy",
        "law": "legal matters",
        "pol": "government",
        "hist": "the past",
        "phil": "ethics and philosophy",
        "rel": "faith and religion",
        "psy": "mental health and behaviour",
        "soc": "society",
        "geo": "places and countries",
    },
]
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
    short = {
        subject: re.sub(r"^(high school|college|professional|elementary|conceptual) ", "", subject.replace("_", " "))
        for subject in subjects
    }
    short = {subject: name.replace("us ", "US ") for subject, name in short.items()}
    siblings = {}
    for subject in subjects:
        others = [other for other in subjects if short[other] != short[subject]]
        near = [other for other in others if EXAM_FIELD_OF[other] == EXAM_FIELD_OF[subject]]
        siblings[subject] = near + random.Random(subject).sample(others, 2)
    rows = questions[: len(questions) // 2]
    return sample("exam_subjects", rows, [short, full], context.evaluation, per_class=110, siblings=siblings)


@data_set(
    "exam_fields",
    "topics",
    [MMLU],
    MMLU_LICENCE,
    "as exam_subjects, 16 fields (9 to 16 labels); other rows than in exam_subjects",
)
def exam_fields(context):
    questions, _ = exam_questions(context)
    rows = [(text, EXAM_FIELD_OF[subject]) for text, subject in questions[len(questions) // 2 :]]
    return sample("exam_fields", rows, EXAM_FIELD_NAMES, context.evaluation, per_class=330)


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


@data_set(
    "school_exams_multilingual",
    "topics_multilingual",
    [EXAMS],
    "CC BY-SA 4.0: LICENSE and README",
    "exam questions in 15 languages (German, French, Spanish, Italian, Portuguese, Croatian in full, others thinned), half "
    "with the answers, to the subject in English",
)
def school_exams_multilingual(context):
    _, draw = exam_questions(context)
    subjects = label_table("school_subjects")
    rows = []
    for row in json_lines(tar_member(context.repositories.read(*EXAMS), "test.jsonl").decode("utf-8")):
        if row["info"]["subject"] in subjects:
            question = row["question"]["stem"]
            if draw.random() < 0.5:
                question += " " + " / ".join(choice["text"] for choice in row["question"]["choices"])
            rows.append((row["info"]["language"], question, row["info"]["subject"]))
    rows = [(text, subject) for language, text, subject in rows if draw.random() < EXAM_LANGUAGES.get(language, 0.5)]
    broad = {
        **subjects,
        "Biology": "living things",
        "Physics": "science: physics",
        "Chemistry": "science: chemistry",
        "History": "past events",
        "Business": "business and finance",
        "Politics": "politics and government",
        "Fine Arts": "arts and culture",
        "Informatics": "computers and internet",
        "Psychology": "psychology and behaviour",
        "Sociology": "society",
        "Economics": "economy",
        "Economics Basics (Theoretical)": "economy",
        "Geography": "countries and places",
    }
    return sample(
        "school_exams_multilingual",
        rows,
        [subjects, broad],
        context.evaluation,
        most=4000,
        per_class=420,
        siblings=all_others(subjects),
        negatives=4,
    )


@data_set(
    "assistant_topics",
    "topics",
    [("pswietojanski/slurp", "dataset/slurp/{devel,test}.jsonl")],
    "CC BY 4.0 for the text: LICENSE.txt",
    "18 scenarios, names by hand",
)
def assistant_topics(context):
    rows = []
    for part in ("devel", "test"):
        said = json_lines(context.repositories.text("pswietojanski/slurp", f"dataset/slurp/{part}.jsonl"))
        rows += [(row["sentence"], row["scenario"]) for row in said]
    names = label_table("assistant_scenarios")
    return sample("assistant_topics", rows, [names], context.evaluation, most=3000, per_class=250)


CHATTERBOT = "gunthercox/chatterbot-corpus"
CHATTERBOT_LICENCE = "BSD 3-Clause: license.md"
CHAT_TOPICS = {
    "ai": "artificial intelligence",
    "IA": "artificial intelligence",
    "computers": "computers",
    "food": "food",
    "health": "health",
    "history": "history",
    "humor": "jokes",
    "literature": "books",
    "money": "money",
    "dinero": "money",
    "movies": "films",
    "politics": "politics",
    "psychology": "psychology",
    "psicologia": "psychology",
    "science": "science",
    "sports": "sports",
    "emotion": "feelings",
    "emociones": "feelings",
    "gossip": "gossip",
    "greetings": "greetings",
    "games": "games",
    "tech_support": "technical support",
    "coding": "programming",
}


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
        if language not in languages or topic not in CHAT_TOPICS:
            continue
        for question, answer in (
            said[:2] for said in conversations(context.repositories.text(CHATTERBOT, path)) if len(said) > 1
        ):
            rows.append((f"{question.lower() if question.upper() == question else question} {answer}", topic))
    return rows


@data_set(
    "chat_topics",
    "topics",
    [(CHATTERBOT, "chatterbot_corpus/data/english/*.yml")],
    CHATTERBOT_LICENCE,
    "question and answer to the topic of the file",
)
def chat_topics(context):
    rows = exchanges(context, ("english",))
    return sample("chat_topics", rows, [CHAT_TOPICS], context.evaluation, most=2500, per_class=150)


@data_set(
    "chat_topics_multilingual",
    "topics_multilingual",
    [(CHATTERBOT, "chatterbot_corpus/data/{german,french,spanish,italian,portuguese}/*.yml")],
    CHATTERBOT_LICENCE,
    "as chat_topics, five languages, labels in English",
)
def chat_topics_multilingual(context):
    rows = exchanges(context, ("german", "french", "spanish", "italian", "portuguese"))
    return sample("chat_topics_multilingual", rows, [CHAT_TOPICS], context.evaluation, most=2500, per_class=150)


COOKING = ("HuStanding/ml", "fasttext/data/cooking.stackexchange.txt")


@data_set(
    "cooking_questions",
    "topics",
    [COOKING],
    'CC BY-SA 3.0: fasttext/readme.txt ("We distribute two files, under CC-BY-SA 3.0")',
    "title with all its tags",
)
def cooking_questions(context):
    rows = []
    for line in lines(context.repositories.text(*COOKING)):
        parts = line.split()
        tags = [part.removeprefix("__label__").replace("-", " ") for part in parts if part.startswith("__label__")]
        rows.append((" ".join(part for part in parts if not part.startswith("__label__")), tags))
    tags = dict.fromkeys(tag for _, tags in rows for tag in tags)
    return sample("cooking_questions", rows, [{tag: tag for tag in tags}], context.evaluation, most=5000)


ARXIV = ("gechhai/Topic_Discovery", "arxiv_data.csv")


def arxiv_draws(context):
    """(text, subjects) of the articles; and the source of numbers as it stands, which software_libraries goes on with."""
    return context.once("arXiv draws", _arxiv_draws)


def _arxiv_draws(context):
    names = label_table("arxiv_categories")
    draw = random.Random(2)
    rows = []
    for row in rows_of(context.repositories.text(*ARXIV)):
        subjects = dict.fromkeys(
            subject for subject in (arxiv_subject(code, names) for code in row["categories"].split()) if subject
        )
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
# The first start of a group's name that fits gives its broad topic.
BROAD_NEWSGROUPS = [
    {
        "alt.atheism": "religion and belief",
        "comp.": "computers",
        "misc.": "buying and selling",
        "rec.sport": "sports",
        "rec.": "cars and motorcycles",
        "sci.med": "health",
        "sci.": "science and technology",
        "soc.": "religion and belief",
        "talk.politics": "politics and government",
        "talk.religion": "religion and belief",
    },
    {
        "alt.atheism": "society and culture",
        "comp.": "computers and internet",
        "misc.": "shopping",
        "rec.sport": "sport",
        "rec.": "vehicles",
        "sci.med": "medicine and health",
        "sci.": "science",
        "soc.": "society and culture",
        "talk.politics": "politics",
        "talk.religion": "society and culture",
    },
]
QUOTED_LINE = re.compile(r"\s*([>|:}#]|[A-Z]{1,3}>)")
OPENING_LINE = re.compile(r"(writes|wrote|said|says):?\s*$|^In article|^Archive-name|^Last-modified")


def newsgroup_messages(context):
    """Shuffled (text, group): messages without header, quoted lines and signature, half of them with the subject."""
    return context.once("newsgroup messages", _newsgroup_messages)


def _newsgroup_messages(context):
    repository = NEWSGROUPS[0]
    draw = random.Random(6)
    rows = []
    for path, message in context.repositories.texts(
        repository, context.repositories.files(repository, "mini_newsgroups/"), "latin-1"
    ):
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


@data_set(
    "newsgroup_broad",
    "topics",
    [NEWSGROUPS],
    NEWSGROUPS_LICENCE,
    "as newsgroup_topics, joined to eight broad topics; other messages",
)
def newsgroup_broad(context):
    wordings = [
        {group: next(name for start, name in names.items() if group.startswith(start)) for group in NEWSGROUP_NAMES}
        for names in BROAD_NEWSGROUPS
    ]
    return sample("newsgroup_broad", newsgroup_messages(context)[1::2], wordings, context.evaluation)
