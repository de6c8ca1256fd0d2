"""Which texts are kept, and how they are cleaned."""

import html
import re

from languages import in_script

CODES = re.compile(r"%[\d$.+-]*(?:l{0,2}[sdiufxcgn]|\()|%[A-Za-z0-9]|\{[^}]*\}|\$\w|<[^>]*>|</|\[/?\w+=?|\\[nt]|https?:|www\.|@|--\w|\w/\w+/|\*\*|==|\|\w")
# Hebrew points and Arabic vowel signs: dictionaries write them, texts do not.
POINTS = re.compile("[\u0591-\u05c7\u064b-\u0652\u0670]")
ACCELERATOR = re.compile(r"\s*\([_&]\w\)|(?<!\w)[_&](?=\w)")


def cleaned(text):
    """A text on one line, without accelerators, wesnoth's context before ^ and the mark-up of dialogue (<i>...</i>)."""
    text = re.sub(r"^[^\s^]{1,40}(?: [^\s^]{1,20})?\^", "", text)
    text = html.unescape(re.sub(r"</?(?:i|b|em|strong|p|small|big|q|br ?/?)>", " ", text))
    text = re.sub(r"\\n|\s+", " ", ACCELERATOR.sub("", text))
    return POINTS.sub("", text).replace("\u200b", "").replace("\ufeff", "").replace("\xad", "").strip(" ~")


def says_something(text, fewest, most=80):
    """Whether an English text has so many words and no codes, mark-up, addresses or options; nearly all letters."""
    words = text.split()
    if not fewest <= len(words) <= most or CODES.search(text) or "_" in text:
        return False
    letters = sum(character.isalpha() or character in " ,.'" for character in text)
    return letters > 0.85 * len(text) and sum(len(word) > 1 for word in words) >= min(fewest, len(words))


def is_translation(text, english, language):
    """Whether a text can be a translation: no codes, of its language's script, about as long, not the English itself."""
    if not text or CODES.search(text) or "_" in text or not in_script(text, language):
        return False
    if text.casefold().strip(" .") == english.casefold().strip(" ."):
        return False
    # A character of these says as much as some letters.
    dense = language in ("ja", "zh", "ko")
    ratio = (len(text) + 5) / (len(english) + 5)
    return (0.12 if dense else 0.4) < ratio < (1.6 if dense else 2.8)
