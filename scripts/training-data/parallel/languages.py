"""The languages of the parallel texts, their names in the sources, and their scripts."""

import re

# Language: its three-letter codes in the sources.
LANGUAGES = {
    "ar": "arb ara", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "es": "spa", "et": "est",
    "fa": "fas pes", "fi": "fin", "fr": "fra", "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn",
    "ko": "kor", "lt": "lit", "lv": "lav lvs", "ms": "msa zsm", "nb": "nob", "nl": "nld", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus",
    "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "sw": "swa swh", "ta": "tam", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd",
    "vi": "vie", "zh": "zho cmn",
}  # fmt: skip
OF_THREE_LETTERS = {code: language for language, codes in LANGUAGES.items() for code in codes.split()}
OTHER_NAMES = {"iw": "he", "in": "id", "no": "nb", "zh_hans": "zh", "zh_cn": "zh", "zh": "zh", "kr": "ko"}
# A locale of these regions is another language than the plain one, or another script.
LEFT_OUT = {"zh_tw", "zh_hk", "zh_hant", "zh_sg", "sr_latn", "sr_ijekavianlatin", "ar_aa", "hi_latn", "ca_valencia", "ca_es_valencia", "fa_prs"}

SCRIPTS = {
    **dict.fromkeys("ar fa ur".split(), r"[\u0600-\u06ff]"),
    **dict.fromkeys("bg ru sr uk".split(), r"[\u0400-\u04ff]"),
    "bn": r"[\u0980-\u09ff]", "el": r"[\u0370-\u03ff\u1f00-\u1fff]", "he": r"[\u0590-\u05ff]", "hi": r"[\u0900-\u097f]",
    "ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "ko": r"[\uac00-\ud7af]", "ta": r"[\u0b80-\u0bff]", "th": r"[\u0e00-\u0e7f]", "zh": r"[\u4e00-\u9fff]",
}  # fmt: skip
SCRIPTS = {language: re.compile(script) for language, script in SCRIPTS.items()}


def language_of(locale):
    """The language of a locale's name (pt_BR, zh-Hans, sr@latin, deu), or None where it is none of ours."""
    name = locale.replace("-", "_").replace("@", "_").split(".")[0].lower()
    if name in LEFT_OUT or name.endswith("_latin"):
        return None
    plain = OTHER_NAMES.get(name) or OTHER_NAMES.get(name.split("_")[0], name.split("_")[0])
    plain = OF_THREE_LETTERS.get(plain, plain)
    return plain if plain in LANGUAGES else None


def in_script(text, language):
    """Whether at least two fifths of a text's letters are of the language's script, where that is not the Latin one."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return False
    own = SCRIPTS.get(language)
    if not own:
        return sum(character < "\u0250" or "\u1e00" <= character < "\u1f00" for character in letters) * 2 > len(letters)
    return len(own.findall(text)) * 5 > len(letters) * 2
