"""The table of data sets: what each is, where it comes from and the function that makes it."""

import dataclasses
import typing

from repositories import COMMITS

# Families whose label texts a distilled encoder would blur: "positive" and "negative" are close neighbours for it.
WITHOUT_DISTILLATION = {"sentiment", "emotion", "toxicity", "style", "finance", "tasks"}

# The family of the sets that nothing is trained on (untrained_sets.py).
CALIBRATION = "calibration"

# The family of the sets that nothing is trained on and nothing is fitted to: they measure (untrained_sets.py).
HELD_OUT = "held out"

# One repository is read by way of a set at hand only, so it is not cloned.
ALL_COMMITS = {**COMMITS, "afrisenti-semeval/afrisent-semeval-2023": "5aec3cfcf87b59f885e98641f72e52182776429d"}


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
        if not self.sources:
            return "sentences written for this project"
        return "; ".join(f"https://github.com/{repository} commit {ALL_COMMITS[repository]}, {path}" for repository, path in self.sources)


DATA_SETS = {}


def data_set(name, family, sources, licence, conversion):
    """Registers the function below it. sources: (owner/name, files) pairs."""

    def register(build):
        DATA_SETS[name] = DataSet(name, family, sources, licence, conversion, build)
        return build

    return register
