"""Sets of the family things: what a piece of software is about."""

import ast
import collections
import re

from registry import data_set
from sampling import all_others, sample
from sets.topics import arxiv_draws
from tables import lines

LIBRARY_LISTS = ("avelino/awesome-go", "rust-unofficial/awesome-rust", "vinta/awesome-python")
NO_SECTIONS = {
    "contents",
    "license",
    "contributing",
    "applications",
    "libraries",
    "resources",
    "miscellaneous",
    "misc",
    "other",
    "registries",
    "contents ",
    "sponsors",
    "projects",
    "see also",
}


def listed_libraries(text):
    """(name, description, section) of the entries of an "awesome" list in Markdown."""
    section = None
    for line in lines(text):
        head = re.match(r"^(#{2,4}) (.*)", line)
        entry = re.match(r"^\s*[-*] \[([^\]]+)\]\([^)]*\)(.*)$", line)
        if head:
            section = link_text(head.group(2)).strip().lower()
        elif entry and section is not None:
            description = link_text(re.sub(r"\[!\[.*$", "", entry.group(2)))
            if re.search(r"[-–—]\s", description):
                description = re.sub(r"^.*?[-–—]\s+", "", description.strip())
            description = description.strip().strip("`")
            if len(description) >= 20:
                yield entry.group(1), description, section


def link_text(text):
    """Markdown links as their texts."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


@data_set(
    "software_libraries",
    "things",
    [(repository, "README.md") for repository in LIBRARY_LISTS],
    "MIT (awesome-go), CC0 (awesome-rust), CC BY 4.0 (awesome-python): LICENSE of each",
    "description (half with the name) to the section of the list",
)
def software_libraries(context):
    _, draw = arxiv_draws(context)
    rows = []
    for repository in LIBRARY_LISTS:
        for name, description, section in listed_libraries(context.repositories.text(repository, "README.md")):
            rows.append((description if draw.random() < 0.5 else f"{name}: {description}", section))
    count = collections.Counter(section for _, section in rows)
    wording = {section: section.replace("&", "and") for section, times in count.items() if times >= 4 and section not in NO_SECTIONS}
    return sample("software_libraries", rows, [wording], context.evaluation, siblings=all_others(wording), negatives=5)


def javascript_snippets(context):
    """(description before the code, tags)."""
    for text in context.texts("javascript_snippets"):
        parts = re.match(r"---\n(.*?)\n---\n(.*?)```", text, re.DOTALL)
        tags = parts and re.search(r"^tags: (.*)$", parts.group(1), re.MULTILINE)
        if tags:
            tags = [tag.strip() for tag in tags.group(1).split(",")]
            tags = [tag for tag in tags if tag not in ("beginner", "intermediate", "advanced")]
            yield re.sub(r"^- ", "", parts.group(2).strip(), flags=re.MULTILINE).replace("`", ""), tags


ALGORITHMS = "TheAlgorithms/Python"


@data_set("algorithm_topics", "things", [(ALGORITHMS, "*/**/*.py")], "MIT: LICENSE.md", "first docstring of a file to its folder")
def algorithm_topics(context):
    paths = [path for path in context.repositories.files(ALGORITHMS, "", ".py") if "/" in path and not path.startswith(".")]
    rows = []
    for path, code in context.repositories.texts(ALGORITHMS, paths):
        folder = path.split("/")[0]
        if folder in ("scripts", "project_euler", "docs"):
            continue
        try:
            text = ast.get_docstring(ast.parse(code)) or ""
        except SyntaxError:
            continue
        text = re.split(">>>|Usage|python3? ", text)[0]
        if len(text) > 40:
            rows.append((text, folder))
    count = collections.Counter(folder for _, folder in rows)
    wording = {folder: folder.replace("_", " ") for folder, times in count.items() if times >= 3}
    return sample("algorithm_topics", rows, [wording], context.evaluation, siblings=all_others(wording), negatives=4)
