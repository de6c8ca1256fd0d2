"""The data sets by kind; importing this registers them all."""

from sets import (  # noqa: F401
    at_hand,
    emotion,
    feeling_words,
    finance,
    intents,
    medical,
    news,
    newswire,
    questions,
    sentiment,
    style,
    things,
    topics,
    toxicity,
)
