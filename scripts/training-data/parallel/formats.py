"""Readers of the formats that translations come in: pairs of texts, or the texts of one language by their names."""

import gettext
import html
import io
import re
import struct
import zipfile



def mo_pairs(content):
    """(English, translation) of a compiled gettext catalogue."""
    try:
        catalogue = gettext.GNUTranslations(io.BytesIO(content))._catalog
    except (UnicodeDecodeError, OSError, IndexError):
        return
    for key, value in catalogue.items():
        # Plural forms have a tuple as their key.
        if isinstance(key, str) and key and value:
            yield key.split("\x04")[-1], value


def qm_pairs(content):
    """(English, translation) of a compiled Qt catalogue."""
    at, messages = 16, b""
    while at + 5 <= len(content):
        tag, size = content[at], struct.unpack(">I", content[at + 1 : at + 5])[0]
        if tag == 0x69:
            messages = content[at + 5 : at + 5 + size]
        at += 5 + size
    at, translation, source = 0, None, None
    while at < len(messages):
        tag = messages[at]
        at += 1
        if tag == 1:
            if translation and source:
                yield source, translation
            translation = source = None
        elif tag in (3, 6, 7, 8):
            size = struct.unpack(">I", messages[at : at + 4])[0]
            field = b"" if size == 0xFFFFFFFF else messages[at + 4 : at + 4 + size]
            at += 4 + len(field)
            if tag == 3 and translation is None:
                translation = field.decode("utf-16-be", "replace")
            elif tag == 6:
                source = field.decode("utf-8", "replace")
        elif tag == 5:
            at += 4
        else:
            return


def tmx_pairs(content):
    """(English, translation) of a translation memory in a zip file, but none of texts from Wikinews and Wikivoyage."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    text = archive.read(archive.namelist()[0]).decode("utf-8")
    for unit in re.findall(r"<tu .*?</tu>", text, re.S):
        if re.search(r"wikinews|wikivoyage", unit[:400], re.I):
            continue
        segments = [html.unescape(segment).strip() for segment in re.findall(r"<seg>(.*?)</seg>", unit, re.S)]
        if len(segments) == 2:
            yield segments


def conllu_texts(content):
    """{sentence id: text} of a treebank."""
    found = re.findall(r"^# sent_id = (\S+)\n(?:#.*\n)*?# text = (.*)$", content, re.M)
    return dict(found)


def story_pages(content):
    """Title and pages of a story of the Storybook projects; none where its licence is neither CC BY nor public domain."""
    parts = re.split(r"^##.*$", content, flags=re.M)
    pages = [re.sub(r"\s+", " ", part).strip(" #") for part in parts[:-1]]
    return pages if "CC-BY]" in parts[-1].replace("CC BY", "CC-BY") or "Public Domain" in parts[-1] else []


def paragraphs(page):
    """The paragraphs of a page of the declaration."""
    return [html.unescape(re.sub(r"<[^>]+>|\s+", " ", part)).strip() for part in re.findall(r"<p>(.*?)</p>", page, re.S)]


def description_parts(index):
    """{digest: (short description, paragraphs)} of an index of package descriptions."""
    found = {}
    for stanza in index.split("\n\n"):
        digest = re.search(r"^Description-md5: (\w+)$", stanza, re.M)
        text = re.search(r"^Description-[\w@]+: (.*?)\n((?: .*\n?)*)", stanza.split("Description-md5:", 1)[-1], re.M)
        if digest and text:
            body = re.sub(r"^ ", "", text[2], flags=re.M)
            found[digest[1]] = [re.sub(r"\s+", " ", part).strip() for part in [text[1], *re.split(r"^\.$", body, flags=re.M)]]
    return found


def labels_of(tree, path=()):
    """{path: text} of all texts of nested tables."""
    if isinstance(tree, str):
        return {path: tree}
    found = {}
    for name, part in tree.items() if isinstance(tree, dict) else ():
        found.update(labels_of(part, (*path, name)))
    return found


