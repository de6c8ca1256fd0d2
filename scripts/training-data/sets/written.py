"""
Sets written for this project by a language model after written/BRIEF-requests.md and written/BRIEF-tasks.md: requests with near intents, a file
a domain, and small tasks of many kinds, a file a group of them.
"""

import json
from pathlib import Path

from registry import HELD_OUT, data_set
from sampling import sample

FOLDER = Path(__file__).parent.parent / "written"
LICENCE = "Apache 2.0, as this project"

# Domains that nothing is trained on: they show what the others are worth for a domain not seen.
UNSEEN_DOMAINS = {"cloud_hosting", "gym", "market_buyer", "transit_card"}


def domains(unseen):
    """(name, intents) of the domains of requests, by name."""
    for path in sorted((FOLDER / "requests").glob("*.json")):
        if (path.stem in UNSEEN_DOMAINS) == unseen:
            yield path.stem, json.loads(path.read_text(encoding="utf-8"))["intents"]


def texts_of(intents):
    """(text, short name of its intent)."""
    return [(text, intent["short"]) for intent in intents for text in intent["texts"]]


def wording(intents, field):
    """{short name: name in this field}."""
    return {intent["short"]: intent[field] for intent in intents}


@data_set(
    "requests",
    "requests",
    [],
    LICENCE,
    "texts to 36 kinds of companies, offices and advisers with some 48 near intents each; half of the texts with the short names of the intents, half "
    "with the plain ones",
)
def requests(context):
    files = {}
    for domain, intents in domains(unseen=False):
        near = {intent["short"]: intent["near"] for intent in intents}
        wordings = [wording(intents, "short"), wording(intents, "plain")]
        files |= sample(f"requests_{domain}", texts_of(intents), wordings, context.evaluation, siblings=near)
    return files


@data_set("requests_unseen", HELD_OUT, [], LICENCE, "requests of four other domains, with the short names of the intents")
def requests_unseen(context):
    files = {}
    for domain, intents in domains(unseen=True):
        files |= sample(domain, texts_of(intents), [wording(intents, "short")], context.evaluation)
    return files


@data_set(
    "tasks",
    "tasks",
    [],
    LICENCE,
    "64 small tasks on how things are said, feelings, fields of knowledge, business and questions; half of the texts with one wording of the labels, "
    "half with another",
)
def tasks(context):
    files = {}
    for path in sorted((FOLDER / "tasks").glob("*.json")):
        for task in json.loads(path.read_text(encoding="utf-8"))["tasks"]:
            labels = task["labels"]
            rows = [(text, label["label"]) for label in labels for text in label["texts"]]
            wordings = [{label["label"]: label[field] for label in labels} for field in ("label", "other")]
            files |= sample(f"tasks_{path.stem}_{task['name']}", rows, wordings, context.evaluation)
    return files
