"""The data sets: those of facts/*.json, and those that code makes. Importing this registers them all."""

import facts
from sets import assistants, by_rule, economics, finance, intents, medical, questions, style, things, topics, toxicity, written  # noqa: F401

facts.register_all()
