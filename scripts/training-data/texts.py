"""Cleaning and comparing of texts."""

import html
import re


def squash(text):
    """Letters and digits only, in lower case: two texts are the same if these are equal."""
    return "".join(character for character in text.lower() if character.isalnum())


def words(text):
    """Words in lower case."""
    return re.findall(r"\w+", text.lower())


def five_grams(text):
    """The set of all runs of five words."""
    found = words(text)
    return {hash(tuple(found[i : i + 5])) for i in range(len(found) - 4)}


# There are two cleaners because the sets were made in two batches. They differ in what counts as an address or a tag;
# one of them for all would change the files.


def clean_message(text):
    """Cleaner of the sets that `prepare` and `balance` sample: entities, addresses, user names, tags, white space."""
    text = html.unescape(html.unescape(html.unescape(text))).replace("\u200b", "").replace("\ufeff", "")
    text = re.sub(r"(?:(?:https?://)+|www\.)\S*", "http", text)
    text = text.replace("[URL]", "http").replace("[USER]", "@user")
    text = re.sub(r"(?<![\w@.])@\w+", "@user", text)
    text = re.sub(r"<[^<>]{1,60}>", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def clean_document(text):
    """Cleaner of the sets that `sample` makes: as clean_message, and mail addresses."""
    text = html.unescape(html.unescape(text))
    text = re.sub(r"<[a-zA-Z/][^<>]{0,300}>", " ", text)
    text = re.sub(r"\bhttps?://\S+|\bwww\.\S+", "http", text)
    text = re.sub(r"(?<!\w)@\w+", "@user", text)
    text = re.sub(r"[\w.+-]+@[\w-]+\.[\w.]+", "@user", text)
    return re.sub(r"\s+", " ", text).strip()


def cut(text, most=1500):
    """The first `most` characters, up to the last sentence end in them or, where that is early, the last space."""
    if len(text) <= most:
        return text
    start = text[:most]
    sentence = max(start.rfind(". "), start.rfind("? "), start.rfind("! "))
    return start[: sentence + 1] if sentence > most * 0.4 else start[: start.rfind(" ")]


def cut_at_word(text, most):
    """At most `most` characters, whole words."""
    return text[:most].rsplit(" ", 1)[0] if len(text) > most else text
