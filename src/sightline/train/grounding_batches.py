"""From frames and questions to packed model input with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.language.paraphrases import spoken
from sightline.language.questions import Answer, Question, answer, chat_question, sample_questions, text_answer
from sightline.language.rewording import reworded
from sightline.language.vocabulary import pick
from sightline.models.config import GroundingHeadConfig
from sightline.models.grounding.pointing import ROLES, GroundingLabels
from sightline.models.policy import Policy
from sightline.models.vlm.base import TokenBatch
from sightline.models.vlm.prompts import Packer, Prompt, refer_prompt, task_prompt
from sightline.train.config import GroundingConfig
from sightline.train.frame_bank import FrameBank

UNKNOWN_CAMERAS = 0.2  # share of samples whose calibration is withheld: pictures from anywhere are welcome
ASKED = {"refer": (True, False, False), "task": (True, True, True)}


def own_question(bank: FrameBank, frame: int) -> Question:
    """The instruction of the demonstration that a frame belongs to, about target and reference of the step at hand."""
    episode = bank.episode[frame]
    task = bank.meta[episode].task
    assert task is not None
    target, reference = bank.labels[episode].roles(task)[bank.time[frame]].tolist()
    return Question(task.instruction, "task", "own", target, reference, task)


def questions_for(
    bank: FrameBank, frame: int, config: GroundingConfig, kinds: Sequence[str], rng: np.random.Generator
) -> list[Question]:
    """Questions about one frame, by one speaker; a demonstration's own instruction comes first.

    Args:
        kinds: what may be asked for where it is not there.
    """
    scene = bank.labels[bank.episode[frame]].scene(bank.time[frame])
    own = [own_question(bank, frame)] if bank.kind == "episodes" else []
    if own and config.reworded and rng.random() < config.reworded:
        own = [replace(own[0], text=reworded(own[0].text, rng))]
    words, count = spoken(pick(config.phrasings, rng)), config.questions - len(own)
    return own + sample_questions(scene, count, rng, config.task_share, words, config.absent, kinds)


def answers_for(bank: FrameBank, frame: int, questions: Sequence[Question]) -> list[list[Answer]]:
    """[question][view] labels in pixels of the stored pictures. A demonstration's own trace and place are what the
    tool did and where it let go."""
    labels, time = bank.labels[bank.episode[frame]], bank.time[frame]
    scene = labels.scene(time)
    found = []
    for question in questions:
        own = (labels.way(time), labels.place[time]) if question.style == "own" else (None, None)
        views = [
            answer(question, scene, labels.camera(time, name), labels.boxes[name][time], *own) for name in bank.cameras
        ]
        found.append(views)
    return found


def prompt_for(question: Question) -> Prompt:
    """The readout prompt of a question."""
    return task_prompt(question.text, guided=True) if question.kind == "task" else refer_prompt(question.text)


def text_prompt(question: Question, seen: Answer, scale: NDArray[np.float64]) -> Prompt | None:
    """A question to be answered in words with a box in pixels of the model's picture; None when it cannot be seen."""
    box = seen.target_box * np.tile(scale, 2)
    if not np.isfinite(box).all():
        return None
    scaled = Answer(**{**vars(seen), "target_box": box})
    phrase = Question(question.text, "refer", question.style, question.target, -1, None)
    return Prompt(chat_question(phrase, "box"), (), text_answer(phrase, scaled, "box"))


class LabelMaker:
    """Turns answers into the tensors that a grounding head learns from."""

    def __init__(self, head: GroundingHeadConfig) -> None:
        self.kinds = {name: index + 1 for index, name in enumerate(head.kinds)}
        self.colours = {name: index for index, name in enumerate(head.colours)}
        self.trace_points = head.trace_points

    def __call__(
        self,
        bank: FrameBank,
        frames: NDArray[np.int64],
        questions: list[list[Question]],
        answers: list[list[list[Answer]]],
    ) -> GroundingLabels:
        """Labels for B frames with up to Q questions each; missing question slots are not asked."""
        arrays = self._of_frames(bank, frames) | self._of_answers(bank, frames, questions, answers)
        return GroundingLabels(**{name: torch.from_numpy(value) for name, value in arrays.items()})

    def _of_frames(self, bank: FrameBank, frames: NDArray[np.int64]) -> dict[str, NDArray]:
        """What stands where, where the tool is, and the calibration, whatever is asked."""
        batch, views = len(frames), len(bank.cameras)
        objects = max(len(bank.labels[bank.episode[f]].objects) for f in frames)
        object_boxes = np.full((batch, views, objects + 1, 4), np.nan, np.float32)
        tools = np.full((batch, views, 2), np.nan, np.float32)
        cameras = np.zeros((batch, views, 15), np.float32)
        kinds = np.zeros((batch, objects + 1), np.int64)
        colours = np.full((batch, objects + 1), -100, np.int64)
        for b, frame in enumerate(frames):
            labels, time = bank.labels[bank.episode[frame]], bank.time[frame]
            count = len(labels.objects)
            kinds[b, 1 : count + 1] = [self.kinds.get(info.kind, 0) for info in labels.objects]
            colours[b, 1 : count + 1] = [self.colours.get(info.colour, -100) for info in labels.objects]
            for v, name in enumerate(bank.cameras):
                size = bank.picture_size(frame, name)
                cameras[b, v] = labels.cameras[name][time]
                tools[b, v] = labels.camera(time, name).project(labels.tool[time])[0] / size
                object_boxes[b, v, 1 : count + 1] = labels.boxes[name][time] / np.tile(size, 2)
        return {
            "cells": bank.owners(frames).astype(np.int64),
            "kinds": kinds,
            "colours": colours,
            "object_boxes": object_boxes,
            "tools": _inside(tools),
            "cameras": cameras,
        }

    def _of_answers(
        self,
        bank: FrameBank,
        frames: NDArray[np.int64],
        questions: list[list[Question]],
        answers: list[list[list[Answer]]],
    ) -> dict[str, NDArray]:
        """What the answers say, in widths and heights of the pictures."""
        batch, slots, views, roles = len(frames), max(map(len, questions)), len(bank.cameras), len(ROLES)
        points = np.full((batch, slots, roles, views, 2), np.nan, np.float32)
        boxes = np.full((batch, slots, roles, views, 4), np.nan, np.float32)
        axes = np.full((batch, slots, roles, views, 2), np.nan, np.float32)
        heights = np.full((batch, slots, roles), np.nan, np.float32)
        traces = np.full((batch, slots, self.trace_points, 2), np.nan, np.float32)
        asked = np.zeros((batch, slots, roles), bool)
        owners = np.zeros((batch, slots, roles + 1), np.int64)
        for b, v in np.ndindex(batch, views):
            size = bank.picture_size(int(frames[b]), bank.cameras[v])
            for q, question in enumerate(questions[b]):
                seen = answers[b][q][v]
                asked[b, q] = ASKED[question.kind if question.target >= 0 else "refer"]
                if question.target < 0:
                    continue  # it is to be told that there is none; of the rest nothing is asked
                owners[b, q] = question.target + 1, question.reference + 1, 0, question.landmark + 1
                boxes[b, q, 0, v] = seen.target_box / np.tile(size, 2)
                axes[b, q, 0, v] = seen.target_axis
                # What cannot be seen cannot be pointed at: the gripper hides it, or another object does.
                if np.isfinite(seen.target_box).all():
                    points[b, q, 0, v] = seen.target_point / size
                heights[b, q, 0] = seen.target_height
                if question.kind != "task":
                    continue
                boxes[b, q, 1, v] = seen.place_box / np.tile(size, 2)
                points[b, q, 1, v] = boxes[b, q, 1, v].reshape(2, 2).mean(0)
                points[b, q, 2, v] = seen.place_point / size
                heights[b, q, 2] = seen.place_height
                if v == 0:
                    traces[b, q] = seen.trace / size
        return {
            "points": _inside(points),
            "boxes": boxes,
            "heights": heights,
            "axes": axes,
            "traces": _inside(traces),
            "asked": asked,
            "owners": owners,
        }


def _inside(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points [...,2] with NaN for those that lie outside the picture."""
    return np.where(((points >= 0) & (points <= 1)).all(-1, keepdims=True), points, np.nan).astype(np.float32)


def pictures(
    bank: FrameBank, frames: NDArray[np.int64], rng: np.random.Generator | None = None, jitter: float = 0.0
) -> Tensor:
    """[B,V,S,S,3] uint8 pictures of frames, jittered where ``rng`` is given."""
    stack = torch.from_numpy(bank.seen(frames))
    return stack if rng is None else jittered(stack, rng, jitter)


def jittered(images: Tensor, rng: np.random.Generator, jitter: float) -> Tensor:
    """Pictures [B,V,S,S,3] uint8 with random gain, tint and offset for each sample; as they are for 0."""
    if jitter == 0:
        return images
    shape = (len(images), 1, 1, 1, 1)
    gain = 1 + jitter * (rng.uniform(-1, 1, shape) + 0.5 * rng.uniform(-1, 1, (*shape[:-1], 3)))
    offset = 255 * jitter * 0.5 * rng.uniform(-1, 1, shape)
    changed = images.numpy() * gain.astype(np.float32) + offset.astype(np.float32)
    return torch.from_numpy(np.clip(changed, 0, 255).astype(np.uint8))


@dataclass
class GroundingBatch:
    """Pictures [B,V,S,S,3], packed questions, labels."""

    images: Tensor
    tokens: TokenBatch
    labels: GroundingLabels


class GroundingBatches:
    """Draws questions about frames and packs them, with pictures and labels.

    Args:
        packer, labels: of the policy that learns, or is scored.
    """

    def __init__(self, packer: Packer, labels: LabelMaker, config: GroundingConfig) -> None:
        self.packer, self.labels, self.config = packer, labels, config

    @staticmethod
    def of(policy: Policy, config: GroundingConfig) -> GroundingBatches:
        """Those that a policy reads."""
        return GroundingBatches(policy.transforms.packer, LabelMaker(policy.config.grounding), config)

    def batch(
        self,
        bank: FrameBank,
        frames: NDArray[np.int64],
        rng: np.random.Generator,
        jitter: float,
        in_words: bool,
        views: int | None = None,
    ) -> GroundingBatch:
        """A batch for given frames; ``views`` pictures are mentioned in the prompt, by default all."""
        config = self.config
        kinds = tuple(self.labels.kinds)
        # Scenes in which nothing can be singled out are rare; their slot stays empty.
        drawn = [(f, questions_for(bank, f, config, kinds, rng)) for f in frames]
        drawn = [(f, self._fitting(questions)) for f, questions in drawn if questions]
        if not drawn:
            return self.batch(bank, rng.choice(bank.training_frames, len(frames)), rng, jitter, in_words, views)
        frames, questions = np.array([f for f, _ in drawn]), [q for _, q in drawn]
        answers = [answers_for(bank, f, q) for f, q in drawn]
        prompts = [[prompt_for(question) for question in sample] for sample in questions]
        if in_words:
            for b, frame in enumerate(frames):
                scale = bank.images[bank.cameras[0]].shape[1] / bank.picture_size(frame, bank.cameras[0])
                prompts[b] += self._in_words(questions[b], [seen[0] for seen in answers[b]], scale)
        labels = self.labels(bank, frames, questions, answers)
        labels.cameras[torch.from_numpy(rng.random(len(frames)) < UNKNOWN_CAMERAS)] = torch.nan
        tokens = self.packer.pack(prompts, len(bank.cameras) if views is None else views)
        if tokens.readouts.shape[1] > labels.asked.shape[1]:
            tokens.readouts = tokens.readouts[:, : labels.asked.shape[1]]
        return GroundingBatch(pictures(bank, frames, rng, jitter), tokens, labels)

    def _fitting(self, questions: list[Question]) -> list[Question]:
        """The first questions that together fit into the token budget: short sequences waste less on padding."""
        lengths = np.cumsum([len(self.packer.question(prompt_for(question))[0]) for question in questions])
        return questions[: max(1, int((lengths <= self.config.tokens).sum()))]

    @staticmethod
    def _in_words(questions: list[Question], seen: list[Answer], scale: NDArray[np.float64]) -> list[Prompt]:
        """The first question about one visible object, to be answered in words; none where there is none."""
        asked = [text_prompt(q, a, scale) for q, a in zip(questions, seen, strict=True) if q.kind == "refer"]
        return [prompt for prompt in asked if prompt is not None][:1]
