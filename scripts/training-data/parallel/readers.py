"""A reader for each source: gives (English text, language, translation), from clones and packages."""

import collections
import json
import re
import subprocess
import tarfile
from pathlib import Path

import formats
from languages import LANGUAGES, OF_THREE_LETTERS, language_of


class Places:
    """The folders of clones (owner+name), Debian and npm packages, and Debian's lists of translated descriptions."""

    def __init__(self, clones, packages, lists):
        self.clones, self.packages, self.lists = Path(clones), Path(packages), Path(lists)

    def git(self, repository, *arguments, input=None):
        """What git prints on a clone, with or without a work tree."""
        clone = self.clones / repository.replace("/", "+")
        folder = next(each for each in (clone / ".git", clone / "repo", clone) if each.is_dir())
        command = ["git", f"--git-dir={folder}", "-c", "core.quotepath=off", *arguments]
        return subprocess.run(command, input=input, capture_output=True, check=True).stdout

    def files(self, source, repository, folder=""):
        """(path, bytes) of all files under a folder of a repository, with one git process."""
        commit = source["repositories"][repository]
        listed = self.git(repository, "ls-tree", "-r", "-l", commit, *([folder] if folder else [])).decode().splitlines()
        # The size of a file that a partial clone lacks is BAD.
        entries = [line.split("\t", 1) for line in listed if " BAD" not in line.split("\t", 1)[0]]
        blobs = [facts.split()[2] for facts, _ in entries]
        answer, at = self.git(repository, "cat-file", "--batch", input="\n".join(blobs).encode() + b"\n"), 0
        for _, path in entries:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[-1])
            yield path, answer[end + 1 : end + 1 + size]
            at = end + 2 + size

    def npm(self, source, wanted):
        """(path, bytes) of an npm package's files of wanted names."""
        archive = source["npm"].lstrip("@").replace("/", "-") + f"-{source['version']}.tgz"
        with tarfile.open(self.packages / archive) as file:
            for member in file:
                if member.isfile() and re.search(wanted, member.name):
                    yield member.name.split("/", 1)[1], file.extractfile(member).read()

    def debian(self, source, wanted):
        """(path, bytes) of a Debian package's files of wanted names."""
        version = source["version"].replace(":", "%3a")
        for name in source["debian"].split():
            package = next(self.packages.glob(f"{name}_{version}_*.deb"))
            unpacked = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
            with tarfile.open(fileobj=unpacked.stdout, mode="r|") as file:
                for member in file:
                    if member.isfile() and re.search(wanted, member.name):
                        yield member.name, file.extractfile(member).read()
            unpacked.communicate()


def ntrex(places, source):
    """One file a language, a sentence a line."""
    lines = {}
    for path, content in places.files(source, "MicrosoftTranslator/NTREX", "NTREX-128"):
        lines[path.split(".")[-2]] = content.decode().splitlines()
    for code, translated in lines.items():
        if code in OF_THREE_LETTERS or code in ("srp-Cyrl", "zho-CN"):
            for english, text in zip(lines["eng-US"], translated, strict=True):
                yield english, OF_THREE_LETTERS[code[:3]], text


def tico(places, source):
    """Translation memories in zip files."""
    for path, content in places.files(source, "tico-19/tico-19.github.io", "data/TM"):
        found = re.fullmatch(r"data/TM/all\.en-([\w-]+)\.tmx\.zip", path)
        language = found and language_of(found[1])
        if language:
            for english, text in formats.tmx_pairs(content):
                yield english, language, text


def tatoeba(places, source):
    """Two files a language, a sentence a line."""
    files = dict(places.files(source, "facebookresearch/LASER", "data/tatoeba/v1"))
    for path, content in files.items():
        found = re.fullmatch(r"(.*tatoeba\.(\w{3})-eng\.)\2", path)
        if found and found[2] in OF_THREE_LETTERS:
            for english, text in zip(files[found[1] + "eng"].decode().splitlines(), content.decode().splitlines(), strict=True):
                yield english, OF_THREE_LETTERS[found[2]], text


def pud(places, source):
    """A treebank a language, sentences of the same ids."""
    texts = {}
    for language, repository in source["languages"].items():
        content = next(content for path, content in places.files(source, repository) if path.endswith("pud-ud-test.conllu"))
        texts[language] = formats.conllu_texts(content.decode())
    for language in texts.keys() - {"en"}:
        for name, english in texts["en"].items():
            if name in texts[language]:
                yield english, language, texts[language][name]


def xquad(places, source):
    """A file a language, paragraphs and questions in the same order; of paragraphs, the sentences where there are as many."""
    texts = {}
    for path, content in places.files(source, "google-deepmind/xquad"):
        if path.endswith(".json"):
            parts = [part for article in json.loads(content)["data"] for part in article["paragraphs"]]
            texts[path.split(".")[1]] = [[part["context"], [each["question"] for each in part["qas"]]] for part in parts]
    for language in texts.keys() - {"en"}:
        for (english, questions), (text, translated) in zip(texts["en"], texts[language], strict=True):
            yield from ((question, language, other) for question, other in zip(questions, translated, strict=True))
            mark = r"(?<=[.?!۔।。])\s+(?=[^\sa-z\d])" if language != "zh" else r"(?<=[。？！])\s*(?=.)"
            sentences, others = re.split(r"(?<=[.?!])\s+(?=[^\sa-z\d])", english), re.split(mark, text)
            if len(sentences) == len(others):
                yield from ((sentence, language, other) for sentence, other in zip(sentences, others, strict=True))


def stories(places, source):
    """A file a story and language; the number before the name says which story."""
    pages = collections.defaultdict(dict)
    for repository in source["repositories"]:
        series = "pb" if "pb" in repository else "asp"
        for path, content in places.files(source, repository):
            found = re.fullmatch(r"(\w+)/(\d{4})_.*\.md", path)
            language = found and (found[1] if found[1] == "en" else language_of(found[1]))
            if language:
                pages[series, found[2]][language] = formats.story_pages(content.decode("utf-8", "replace"))
    for translations in pages.values():
        english = translations.pop("en", [])
        for language, translated in translations.items():
            if english and len(english) == len(translated):
                yield from ((page, language, other) for page, other in zip(english, translated, strict=True))


def wordnet(places, source):
    """The first lemma of each language for what is the first meaning of an English word; words that six languages have."""
    first = {}
    for path, content in places.debian(source, r"usr/share/wordnet/(index\.(noun|verb|adj|adv))$"):
        letter = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}[path.split(".")[-1]]
        for line in content.decode().splitlines():
            if not line.startswith(" "):
                fields = line.split()
                offset = fields[-int(fields[2])]
                first.setdefault(f"{offset}-{letter}", []).append((fields[0].replace("_", " "), int(fields[-int(fields[2]) - 1])))
    lemmas = collections.defaultdict(dict)
    for path, content in places.files(source, "omwn/omw-data", "wns"):
        found = re.fullmatch(r"wns/\w+/wn-data-(\w{3})\.tab", path)
        if not found or found[1] not in OF_THREE_LETTERS or "/cldr/" in path or "/iwn/" in path:
            continue
        for line in content.decode().splitlines():
            fields = line.split("\t")
            if len(fields) == 3 and fields[1].endswith("lemma"):
                lemmas[fields[0]].setdefault(OF_THREE_LETTERS[found[1]], fields[2].replace("_", " ").strip())
    for synset, names in first.items():
        # The word that has been seen most often in this meaning.
        english = max(names, key=lambda name: name[1])
        if english[1] and len(lemmas[synset]) >= 6:
            yield from ((english[0], language, lemma) for language, lemma in lemmas[synset].items())


def catalogues(places, source):
    """Compiled catalogues, one a language; long texts by paragraph, where there are as many."""
    wanted = "(" + "|".join(re.escape(name) for name in source["files"].split()) + ")$"
    for path, content in places.debian(source, wanted):
        locale = path.split("/LC_MESSAGES")[0].split("/")[-1] if path.endswith(".mo") else re.sub(r"^(gcompris|.*/)_?", "", path.split("/")[-1][:-3])
        language = language_of(locale)
        if language:
            read = formats.mo_pairs if path.endswith(".mo") else formats.qm_pairs
            for english, text in read(content):
                parts, others = re.split(r"\n\n+", english), re.split(r"\n\n+", text)
                if len(parts) == len(others):
                    yield from ((part, language, other) for part, other in zip(parts, others, strict=True))


def descriptions(places, source):
    """Debian's lists of descriptions: a paragraph each, where there are as many."""
    parts = {}
    for file in sorted(places.lists.glob("*_main_i18n_Translation-*.lz4")):
        locale = file.name.split("Translation-")[1][:-4].replace("%5f", "_")
        language = "en" if locale == "en" else language_of(locale)
        if language:
            content = subprocess.run(["lz4", "-dc", file], capture_output=True, check=True).stdout.decode()
            parts.setdefault(language, {}).update(formats.description_parts(content))
    english = parts.pop("en")
    for language, translated in parts.items():
        for digest, texts in translated.items():
            if len(texts) == len(english.get(digest, ())):
                yield from ((one, language, other) for one, other in zip(english[digest], texts, strict=True))


def declaration(places, source):
    """A page a language: paragraphs, where there are as many."""
    others = {"cmn_hans": "zh", "deu_1996": "de", "ell_monotonic": "el", "pes_1": "fa", "por_BR": "pt", "ron_2006": "ro", "srp_cyrl": "sr", "zlm": "ms"}
    pages = {path.split("/")[-1][:-5]: formats.paragraphs(content.decode()) for path, content in places.npm(source, r"declaration/\w+\.html$")}
    for name, texts in pages.items():
        language = others.get(name) or OF_THREE_LETTERS.get(name)
        if language and len(texts) == len(pages["eng"]):
            yield from ((english, language, text) for english, text in zip(pages["eng"], texts, strict=True))


def places(places, source):
    """A table of names and descriptions a language."""
    labels = {}
    for path, content in places.npm(source, r"dist/translations/[\w-]+\.json$"):
        locale, tree = next(iter(json.loads(content).items()))
        language = "en" if locale == "en" else language_of(locale) if locale in LANGUAGES or locale in ("pt-BR", "zh-CN", "nb", "no") else None
        if language and isinstance(tree, dict):
            labels.setdefault(language, {}).update(formats.labels_of(tree.get("presets", {})))
    for language in labels.keys() - {"en"}:
        for path, english in labels["en"].items():
            if path[-1] != "terms" and path in labels[language]:
                yield english, language, labels[language][path]


def annotations(places, source):
    """A table of the names of emoji and signs a language."""
    names = {}
    for path, content in places.npm(source, r"annotations/[\w-]+/annotations\.json$"):
        locale = path.split("/")[1]
        if locale == "en" or locale in LANGUAGES or locale == "no":
            table = json.loads(content)["annotations"]["annotations"]
            names["en" if locale == "en" else language_of(locale)] = {sign: entry["tts"][0] for sign, entry in table.items() if "tts" in entry}
    for language in names.keys() - {"en"}:
        yield from ((english, language, names[language][sign]) for sign, english in names["en"].items() if sign in names[language])


READERS = {each.__name__: each for each in (ntrex, tico, tatoeba, pud, xquad, stories, wordnet, catalogues, descriptions, declaration, places, annotations)}
