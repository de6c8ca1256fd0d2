"""The table of data sets: what each is, where it comes from and the function that makes it."""

import dataclasses
import typing

from repositories import COMMITS

# Families whose label texts a distilled encoder would blur: "positive" and "negative" are close neighbours for it.
WITHOUT_DISTILLATION = {"sentiment", "emotion", "toxicity", "style", "finance"}


@dataclasses.dataclass
class DataSet:
    """One data set; build(context) gives {file name without ending: rows}."""

    name: str
    family: str
    sources: list
    licence: str
    conversion: str
    build: typing.Callable

    @property
    def distill(self):
        """Whether the distillation loss is used for it."""
        return self.family not in WITHOUT_DISTILLATION

    @property
    def source_text(self):
        """The sources with their commits, as one line."""
        return "; ".join(f"https://github.com/{repository}{commit(repository)}, {path}" for repository, path in self.sources)


def commit(repository):
    """ "Its commit as words, for a repository that the recipe reads."""
    return f" commit {COMMITS[repository]}" if repository in COMMITS else ""


DATA_SETS = {}


def data_set(name, family, sources, licence, conversion):
    """Registers the function below it. sources: (owner/name, files) pairs."""

    def register(build):
        DATA_SETS[name] = DataSet(name, family, sources, licence, conversion, build)
        return build

    return register
