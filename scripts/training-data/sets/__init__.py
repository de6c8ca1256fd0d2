"""The data sets by kind; importing this registers them all."""

from sets import (  # noqa: F401
    at_hand,
    emotion,
    finance,
    intents,
    medical,
    news,
    questions,
    sentiment,
    style,
    things,
    topics,
    toxicity,
)
