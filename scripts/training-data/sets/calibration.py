"""Rows of sets that nothing is trained on: temperature and bias are fitted to them."""

import bz2
import json
import re
import struct

from tables import fields, lines, lists_of, rows_of


def course_evaluations(context):
    """(remark, positive or negative) of an R data file: a vector of scores, then one of strings."""
    content = bz2.decompress(context.repositories.read("trinker/sentimentr", "data/course_evaluations.rda"))
    start = content.index(b"\0\0\0\x0e") + 4
    (count,) = struct.unpack_from(">i", content, start)
    scores = struct.unpack_from(f">{count}d", content, start + 4)
    at = start + 4 + 8 * count + 8
    for score in scores:
        _, size = struct.unpack_from(">ii", content, at)
        text = content[at + 8 : at + 8 + size].decode("utf-8", "replace")
        at += 8 + size
        if score:
            yield text, "positive" if score > 0 else "negative"


def pull_request_messages(context, part):
    """Every second message, so that the two sets made from them share none."""
    (text,) = context.texts("pull_request_sentiment")
    return json.loads(text)[part::2]


def pull_request_sentiment(context):
    """(message, polarity after discussion, or of the second pass)."""
    for message in pull_request_messages(context, 0):
        polarity = message.get("discussion_polarity") or message["part2_aggregate"]["polarity"]
        if polarity in ("positive", "negative", "neutral"):
            yield message["raw_message"], polarity


def pull_request_emotion(context):
    """(message, emotions that two of the three annotators saw)."""
    names = {"positivesurprise": "surprise", "negativesurprise": "surprise"}
    for message in pull_request_messages(context, 1):
        seen = [
            {names.get(emotion, emotion) for emotion in answer["part2"]["emotions"]} or {"no emotion"} for answer in message["individual_answers"]
        ]
        agreed = [emotion for emotion in sorted(set().union(*seen)) if sum(emotion in one for one in seen) > 1]
        if agreed:
            yield message["raw_message"], agreed


def puns(context):
    """(sentence, 1 for a pun or 0): the fourth column may hold commas."""
    for text in context.texts("puns"):
        for row in (line.split(",", 3) for line in lines(text)):
            if len(row) > 3 and row[1] in "01":
                yield row[3], "1" if row[1] == "1" else "0"


def figurative_sentences(context):
    """One sentence of each pair, in turn the figurative and the literal one."""
    pairs = [row[:2] for text in context.texts("figurative_sentences") for row in fields(text) if len(row) > 1]
    return [(pair[number % 2], ("figurative", "literal")[number % 2]) for number, pair in enumerate(pairs)]


def hate_german(context):
    """(tweet, YES or NO) where both experts agree."""
    for text in context.texts("hate_german"):
        for tweet, first, second, *_ in lists_of(text):
            if first == second:
                yield tweet, first


def citizen_proposals_german(context):
    """(sentence, what it is: a proposal, a reason, both or neither)."""
    names = {
        "mpos": ["proposal"],
        "premise": ["reason"],
        "mpos+premise": ["proposal", "reason"],
        "non-arg": ["neither proposal nor reason"],
    }
    for text in context.texts("citizen_proposals_german"):
        for row in lists_of(text, delimiter="\t"):
            if len(row) > 4 and row[4] in names:
                yield row[3], names[row[4]]


HOME = "home-assistant/intents"
# Questions to sensors of these read like the intents for doors, locks and the thermostat themselves.
HOME_DOUBTFUL = re.compile(r"door|window|garage|lock|opening|curtain|blind|temperature", re.IGNORECASE)


def smart_home_sentences(context):
    """(sentence, file of its intent) of the test files."""
    for path in context.repositories.files(HOME, "tests/en/", ".yaml"):
        file, inside = path.split("/")[-1].removesuffix(".yaml"), False
        for line in lines(context.repositories.text(HOME, path)):
            sentence = re.match(r"\s+- (?!sentences:|name:)[\"']?(.+?)[\"']?\s*$", line)
            if re.match(r"\s*(- )?sentences:", line):
                inside = True
            elif inside and sentence:
                if not ("sensor_" in file and HOME_DOUBTFUL.search(sentence[1])):
                    yield sentence[1], file
            elif line.strip() and not line.strip().startswith("#"):
                inside = False


HR = ("CiscoDevNet/mindmeld-blueprints", "blueprints/hr_assistant/domains/")
HR_ENTITY = re.compile(r"\{([^{}|]*)(?:\|[^{}]*)?\}")


def hr_questions(context):
    """(question, domain/intent); entities as their text."""
    folders = dict.fromkeys(path.rpartition("/")[0] for path in context.repositories.files(*HR, "/train.txt"))
    for path in (f"{folder}/{part}.txt" for folder in folders for part in ("train", "test")):
        intent = path.removeprefix(HR[1]).rpartition("/")[0]
        for line in lines(context.repositories.text(HR[0], path)):
            while HR_ENTITY.search(line):
                line = HR_ENTITY.sub(r"\1", line)
            yield line, intent


CLAUSES = "HazyResearch/legalbench"
CLAUSE_NAMES = {
    "affiliate license-licensee": "license for the licensee's affiliates",
    "affiliate license-licensor": "license of the licensor's affiliates' property",
    "ip ownership assignment": "assignment of intellectual property",
    "joint ip ownership": "joint ownership of intellectual property",
    "most favored nation": "most favored nation terms",
    "no-solicit of customers": "no solicitation of customers",
    "no-solicit of employees": "no solicitation of employees",
    "revenue-profit sharing": "revenue or profit sharing",
    "rofr-rofo-rofn": "right of first refusal, offer or negotiation",
    "unlimited-all-you-can-eat license": "unlimited license",
    "unlimited-all-you-can-eat-license": "unlimited license",
}


def contract_clauses(context):
    """(clause, name of the task that says Yes to it)."""
    for path in context.repositories.files(CLAUSES, "tasks", "train.tsv"):
        if path.startswith("tasks/cuad_"):
            name = path.split("/")[1].removeprefix("cuad_").replace("_", " ")
            for row in rows_of(context.repositories.text(CLAUSES, path), delimiter="\t"):
                if row["answer"] == "Yes":
                    yield row["text"], CLAUSE_NAMES.get(name, name)


def industries(context):
    """(first paragraph of a six-digit industry's description, title of its three-digit subsector)."""
    (text,) = context.texts("industries")
    items = json.loads(text)["items"]
    titles = {str(item["code"]): item["title"] for item in items if "title" in item}
    for item in items:
        description = (item.get("description") or [""])[0]
        if len(str(item["code"])) == 6 and not re.match(r"see industry", description, re.IGNORECASE):
            yield description, titles[str(item["code"])[:3]]
