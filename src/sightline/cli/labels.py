"""Commands about the labels of a dataset: are they true, and what can be asked with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sightline.cli.options import Folder, Json, NeededFile, OptionalFolder


@dataclass(frozen=True)
class Audit:
    """Work out every label of a dataset again in another way and compare: boxes, points, traces, words, goals."""

    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Dataset folder."""
    json: Json = None
    """Write the result here: episodes, frames, checked, worst_px, problems, counts, unshown, seconds."""

    def run(self) -> dict:
        from sightline.engine.audit.run import audit

        return audit(self.dataset)


@dataclass(frozen=True)
class Questions:
    """Question-answer pairs for vision-language models from a dataset's labels, as LLaVA-style JSON lines."""

    data: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="DIR..")]
    """Dataset folders (made with generate, either kind)."""
    out: NeededFile
    """Write the lines here: all of them, or no file."""
    count: int = 100_000
    """Number of lines; each holds one question with its answer, some a second one that follows from the first."""
    kinds: str = ""
    """Kinds of questions, with commas between them: box, amodal, point, trace, trace3d, affordance, free_space,
    counting, relation, choice, planning. All when left out."""
    seed: int = 0
    """The same seed gives the same lines for any number of workers."""
    workers: int = 2
    """Processes."""
    images: OptionalFolder = None
    """Write the pictures here as JPEG, at the paths that the lines name, and a registry beside FILE by which `--chat
    FILE` finds them. Left out, no pictures are written."""
    language: Literal["plain", "rich"] = "rich"
    """plain: the words of the dataset's own instructions. rich: synonyms and paraphrases."""
    phrasing: Literal["train", "unseen"] = "train"
    """unseen: only sentences that are held out of training (rich language)."""
    json: Json = None
    """Write the result here: lines, pairs, pictures, kinds, seconds, pairs_per_second, bytes."""

    def run(self) -> dict:
        from sightline.engine.vqa.stream import write_questions

        return write_questions(
            data=list(self.data),
            out=self.out,
            count=self.count,
            kinds=tuple(filter(None, (kind.strip() for kind in self.kinds.split(",")))),
            seed=self.seed,
            workers=self.workers,
            images=self.images,
            language=self.language,
            phrasing=self.phrasing,
        )


@dataclass(frozen=True)
class Annotate:
    """Copy a dataset with LeRobot's language columns: paraphrases, stages, plans, questions and traces."""

    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Dataset folder."""
    out: Folder
    """Folder of the copy; must not exist."""
    seed: int = 0
    """Seed of the words and questions."""
    language: Literal["plain", "rich"] = "rich"
    """plain: the words of the dataset's own instructions. rich: synonyms and paraphrases."""
    phrasing: Literal["train", "unseen"] = "train"
    """unseen: only sentences that are held out of training (rich language)."""
    json: Json = None
    """Write the result here: episodes, rows, seconds."""

    def run(self) -> dict:
        from sightline.engine.vqa.columns import add_language

        return add_language(self.dataset, self.out, self.seed, self.language, self.phrasing)
