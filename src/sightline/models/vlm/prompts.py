"""From words to planner input: turns of a chat, spatial prompts, and packing of many questions a picture.

Every question about a picture sees the picture and itself, never its neighbours, and has the positions it would have
alone. A packed batch therefore gives the same numbers as one question at a time, at a fraction of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.models.config import PlannerConfig
from sightline.models.vlm import backbone
from sightline.models.vlm.base import TokenBatch
from sightline.models.vlm.tokenizer import END, READOUTS, START, WordTokenizer

SPATIAL_PROMPT = "Your task is {instruction}. Locate the key objects."
PLAIN_PROMPT = "Your task is {instruction}."


def system_turn(words: str) -> str:
    """How a chat begins in which the assistant is told ``words``, or nothing."""
    return f"{START}system\n{words}{END}\n" if words else ""


@dataclass(frozen=True)
class Prompt:
    """One question about the pictures.

    Attributes:
        text: the user's words.
        readouts: which of READOUTS to append; their hidden states feed the grounding head.
        answer: words to learn (text route), empty otherwise.
    """

    text: str
    readouts: tuple[str, ...] = ()
    answer: str = ""


def task_prompt(instruction: str, guided: bool, form: str = "") -> Prompt:
    """The prompt of the action path: with the spatial prompt and all readouts, or the bare task.

    ``form`` (with ``{instruction}``) replaces the words of a planner without readouts.
    """
    if form:
        return Prompt(form.replace("{instruction}", instruction.lower()))
    if guided:
        return Prompt(SPATIAL_PROMPT.format(instruction=instruction.lower()), READOUTS)
    return Prompt(PLAIN_PROMPT.format(instruction=instruction.lower()))


def refer_prompt(phrase: str) -> Prompt:
    """Ask for one object."""
    return Prompt(f"Locate {phrase.lower()}.", ("target",))


class Packer:
    """Builds TokenBatch from lists of prompts.

    Args:
        left: pad on the left and no further than the longest sample, as the official code does.
    """

    def __init__(self, tokenizer: WordTokenizer, config: PlannerConfig, left: bool = False) -> None:
        self.tokenizer = tokenizer
        self.left = left
        self.backbone = backbone(config)
        self.grid = config.image_size // (config.patch * config.merge)
        self.pad, self.image = config.ids.pad, config.ids.image
        self.vision = config.ids.vision_start, config.ids.vision_end
        self._prefixes: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def prefix(self, views: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids [N] and positions [3,N] of the system turn and the pictures."""
        if views not in self._prefixes:
            cells = self.grid * self.grid
            ids: list[int] = self.tokenizer.encode(f"{system_turn(self.backbone.system)}{START}user\n")
            positions = [np.tile(np.arange(len(ids)), (3, 1))]
            opening, closing = self.vision
            for _ in range(views):
                start = int(positions[-1].max()) + 1
                text = np.full((3, 1), start)
                picture = self.backbone.picture_positions(start + 1, self.grid, self.grid)
                end = np.full((3, 1), int(picture.max()) + 1)
                ids = [*ids, opening, *[self.image] * cells, closing]
                positions += [text, picture, end]
            self._prefixes[views] = (np.array(ids), np.concatenate(positions, 1))
        return self._prefixes[views]

    def question(self, prompt: Prompt) -> tuple[list[int], list[int]]:
        """Token ids of one question and the labels aligned with them."""
        ids = self.tokenizer.encode(f"{prompt.text}{END}\n{START}assistant\n")
        labels = [-100] * len(ids)
        if prompt.answer:
            answer = self.tokenizer.encode(f"{prompt.answer}{END}\n")
            # The label stands at the token it is predicted from: one before.
            return ids + answer, [*labels[:-1], *answer, -100]
        extra = [self.tokenizer.id(f"<|{name}|>") for name in prompt.readouts]
        return ids + extra, labels + [-100] * len(extra)

    def pack(self, prompts: list[list[Prompt]], views: int, pad_to: int = 4) -> TokenBatch:
        """Pack the prompts of each sample behind its pictures; lengths are rounded up to a multiple of ``pad_to``."""
        if not prompts or not all(prompts):
            raise SightlineError("Every sample needs at least one question.")
        prefix_ids, prefix_positions = self.prefix(views)
        start, offset = len(prefix_ids), int(prefix_positions.max()) + 1
        parts = [[self.question(prompt) for prompt in sample] for sample in prompts]
        length = start + max(sum(len(ids) for ids, _ in sample) for sample in parts)
        length = length if self.left else -(-length // pad_to) * pad_to
        batch, slots = len(prompts), max(len(sample) for sample in prompts)
        ids = np.full((batch, length), self.pad)
        labels = np.full((batch, length), -100)
        segments = np.full((batch, length), -1)
        positions = np.zeros((3, batch, length), dtype=np.int64)
        readouts = np.full((batch, slots, len(READOUTS)), -1)
        ids[:, :start], segments[:, :start] = prefix_ids, 0
        positions[:, :, :start] = prefix_positions[:, None]
        for b, sample in enumerate(parts):
            at = start
            for q, (question_ids, question_labels) in enumerate(sample):
                end = at + len(question_ids)
                ids[b, at:end], labels[b, at:end], segments[b, at:end] = question_ids, question_labels, q + 1
                positions[:, b, at:end] = offset + np.arange(len(question_ids))
                asked = prompts[b][q].readouts
                for k, name in enumerate(asked if not prompts[b][q].answer else ()):
                    readouts[b, q, READOUTS.index(name)] = end - len(asked) + k
                at = end
            if self.left:
                ids[b], labels[b], segments[b] = (np.roll(row[b], length - at) for row in (ids, labels, segments))
                positions[:, b] = np.roll(positions[:, b], length - at, 1)
                readouts[b] = np.where(readouts[b] < 0, -1, readouts[b] + length - at)
        tensors = {"ids": ids, "positions": positions, "segments": segments, "readouts": readouts, "labels": labels}
        made = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in tensors.items()}
        return TokenBatch(**made, image_mask=made["ids"] == self.image)
