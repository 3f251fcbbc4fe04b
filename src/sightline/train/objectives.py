"""What is learned. An objective draws a batch (a pure function of seed and step) and turns it into a loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.language.questions import Answer, Question
from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.grounding.pointing import GroundingLabels
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.base import TokenBatch
from sightline.models.vlm.prompts import Packer, Prompt
from sightline.train.action_targets import plans
from sightline.train.config import ActionConfig, GroundingConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import (
    LabelMaker,
    answers_for,
    own_question,
    pictures,
    prompt_for,
    questions_for,
    text_prompt,
)
from sightline.train.planner_cache import LatentStore
from sightline.train.true_guidance import TrueGuidance

Numbers = dict[str, float]
UNKNOWN_CAMERAS = 0.2  # share of grounding samples whose calibration is withheld: pictures from anywhere are welcome


class Objective(Protocol):
    """One thing to learn."""

    name: str
    weight: float

    def batch(self, step: int, progress: float, part: int = 0) -> Any:
        """Micro-batch ``part`` of a step, a pure function of both and the seed; None when the objective sits the step
        out. ``progress`` runs from 0 to 1. All parts of a step take the same way through planner, visual encoder and
        action expert: processes that share these wait for each other there."""

    def loss(self, system: DualSystem, batch: Any) -> tuple[Tensor, dict[str, Tensor], int]:
        """The loss, its named parts, and the number of samples."""


@dataclass
class GroundingBatch:
    """Pictures [B,V,S,S,3], packed questions, labels."""

    images: Tensor
    tokens: TokenBatch
    labels: GroundingLabels


def generator(seed: int, step: int, stream: int, part: int = 0) -> np.random.Generator:
    """Random numbers of one micro-batch: a resumed run draws what the uninterrupted one would have drawn."""
    return np.random.default_rng([seed, step, stream, part] if part else [seed, step, stream])


@dataclass
class RecognitionBatch:
    """Windows [B,V,s,s,3] cut out of pictures at ``corners`` [B,V,2] (row, column; in patches), with labels of their
    cells, without questions."""

    images: Tensor
    corners: Tensor
    labels: GroundingLabels


class RecognitionObjective:
    """The first part of stage 1: the visual encoder learns alone what stands where."""

    name = "recognition"
    weight = 1.0
    episode_share = 0.25

    def __init__(
        self, scenes: FrameBank, episodes: FrameBank, labels: LabelMaker, config: GroundingConfig, seed: int
    ) -> None:
        self.banks, self.labels, self.config, self.seed = (scenes, episodes), labels, config, seed

    def batch(self, step: int, progress: float, part: int = 0) -> RecognitionBatch | None:
        if progress >= self.config.apart_first:
            return None
        rng = generator(self.seed, step, 4, part)
        scenes, episodes = self.banks
        bank = episodes if not len(scenes) or (len(episodes) and rng.random() < self.episode_share) else scenes
        count = max(1, self.config.recognise_images // len(bank.cameras))
        frames = rng.choice(np.flatnonzero(~bank.held_out), count)
        nothing: list[list] = [[] for _ in frames]
        labels = self.labels(bank, frames, nothing, nothing)
        images = pictures(bank, frames, rng, self.config.jitter)
        if rng.random() < 0.5:
            # Kinds and colours stay what they are in a mirror; words like "left" do not: only this objective uses one.
            images, labels = mirrored(images, labels)
        return windows(images, labels, self.config.recognise_window, rng)

    def loss(self, system: DualSystem, batch: RecognitionBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        terms = system.recognition_loss(batch.images, batch.corners, batch.labels)
        return torch.stack(list(terms.values())).sum(), terms, len(batch.images)


@dataclass
class WordsBatch:
    """Packed questions without pictures, and what their words mean."""

    tokens: TokenBatch
    labels: GroundingLabels


class WordsObjective:
    """The first part of stage 1, beside recognition: the language model learns alone what words mean."""

    name = "words"
    weight = 1.0
    every = 4  # words are learned sooner than pictures

    def __init__(self, grounding: GroundingObjective) -> None:
        self.grounding = grounding

    def batch(self, step: int, progress: float, part: int = 0) -> WordsBatch | None:
        config = self.grounding.config
        if progress >= config.apart_first or step % self.every:
            return None
        rng = generator(self.grounding.seed, step, 5, part)
        bank = self.grounding.scenes if len(self.grounding.scenes) else self.grounding.episodes
        frames = rng.choice(self.grounding.frames[bank.kind], config.images)
        batch = self.grounding.assemble(bank, frames, rng, 0.0, words=False, views=0)
        return WordsBatch(batch.tokens, batch.labels)

    def loss(self, system: DualSystem, batch: WordsBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        terms = system.words_loss(batch.tokens, batch.labels)
        return torch.stack(list(terms.values())).sum(), terms, len(batch.tokens.ids)


def mirrored(images: Tensor, labels: GroundingLabels) -> tuple[Tensor, GroundingLabels]:
    """The same pictures [B,V,S,S,3] and labels with left and right exchanged."""
    boxes = labels.object_boxes[..., [2, 1, 0, 3]] * torch.tensor([-1.0, 1.0, -1.0, 1.0])
    boxes = boxes + torch.tensor([1.0, 0.0, 1.0, 0.0])
    tools = labels.tools * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    return images.flip(-2), replace(labels, cells=labels.cells.flip(-1), object_boxes=boxes, tools=tools)


def windows(images: Tensor, labels: GroundingLabels, size: int, rng: np.random.Generator) -> RecognitionBatch:
    """A window of ``size`` x ``size`` cells of each picture [B,V,S,S,3], over a random cell that holds something.

    Most of a picture is empty table; windows show several times more objects for the same work.
    """
    side = labels.cells.shape[-1]
    size, patch = min(size, side), images.shape[2] // side
    batch, views = images.shape[:2]
    corners = np.zeros((batch, views, 2), np.int64)
    cut = torch.empty(batch, views, size * patch, size * patch, 3, dtype=images.dtype)
    cells = torch.empty(batch, views, size, size, dtype=labels.cells.dtype)
    for b, v in np.ndindex(batch, views):
        occupied = labels.cells[b, v].nonzero().numpy()
        centre = occupied[rng.integers(len(occupied))] if len(occupied) else np.full(2, side // 2)
        row, column = corners[b, v] = np.clip(centre - rng.integers(size, size=2), 0, side - size)
        cells[b, v] = labels.cells[b, v, row : row + size, column : column + size]
        cut[b, v] = images[b, v, row * patch : (row + size) * patch, column * patch : (column + size) * patch]
    first = torch.from_numpy(corners[..., ::-1].copy()).float()[:, :, None]
    tools = (labels.tools[:, :, None] * side - first)[:, :, 0] / size
    tools = tools.masked_fill(((tools < 0) | (tools > 1)).any(-1, keepdim=True), float("nan"))
    boxes = (labels.object_boxes * side - first.repeat(1, 1, 1, 2)) / size
    return RecognitionBatch(
        cut, torch.from_numpy(corners), replace(labels, cells=cells, object_boxes=boxes, tools=tools)
    )


class GroundingObjective:
    """Stage 1: boxes, points and traces from packed questions; some answered in words."""

    name = "grounding"

    def __init__(
        self, scenes: FrameBank, episodes: FrameBank, packer: Packer, labels: LabelMaker, config: GroundingConfig,
        seed: int, weight: float = 1.0, every: int = 1, after: float = 0.0,
    ) -> None:  # fmt: skip
        self.scenes, self.episodes = scenes, episodes
        self.packer, self.labels, self.config, self.seed = packer, labels, config, seed
        self.weight, self.every, self.after = weight, every, after
        self.frames = {bank.kind: np.flatnonzero(~bank.held_out) for bank in (scenes, episodes)}

    def batch(self, step: int, progress: float, part: int = 0) -> GroundingBatch | None:
        if step % self.every or progress < self.after:
            return None
        rng = generator(self.seed, step, 1, part)
        late = progress >= self.config.scenes_first
        use_episodes = len(self.scenes) == 0 or (
            len(self.episodes) > 0 and late and rng.random() < self.config.episode_share
        )
        bank = self.episodes if use_episodes else self.scenes
        # Two views cost twice the visual tokens; half the pictures keep the update's cost level.
        count = max(1, self.config.images // len(bank.cameras))
        frames = rng.choice(self.frames[bank.kind], count)
        return self.assemble(bank, frames, rng, self.config.jitter, rng.random() < self.config.text_share)

    def assemble(
        self, bank: FrameBank, frames: NDArray[np.int64], rng: np.random.Generator, jitter: float, words: bool,
        views: int | None = None,
    ) -> GroundingBatch:  # fmt: skip
        """A batch for given frames; ``views`` pictures are mentioned in the prompt, by default all."""
        config = self.config
        # Scenes in which nothing can be singled out are rare; their slot stays empty.
        drawn = [(f, questions_for(bank, f, config.questions, config.task_share, rng)) for f in frames]
        drawn = [(f, self._fitting(questions)) for f, questions in drawn if questions]
        if not drawn:
            return self.assemble(bank, rng.choice(self.frames[bank.kind], len(frames)), rng, jitter, words, views)
        frames, questions = np.array([f for f, _ in drawn]), [q for _, q in drawn]
        answers = [answers_for(bank, f, q) for f, q in drawn]
        prompts = [[prompt_for(question) for question in sample] for sample in questions]
        if words:
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

    def loss(self, system: DualSystem, batch: GroundingBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        seen = system.see(batch.images, batch.tokens, batch.labels.cameras, batch.labels)
        terms = system.grounding_loss(seen, batch.labels)
        terms["text"] = self.config.text_weight * system.planner.text_loss(seen.states, batch.tokens)
        total = torch.stack([term.float() for term in terms.values()]).sum()
        return total, terms, len(batch.images)


@dataclass
class ActionBatch:
    """Joint training: pictures, prompts, calibration, states, chunks and how much of them is known."""

    images: Tensor
    tokens: TokenBatch
    cameras: Tensor
    state: Tensor
    normalised: Tensor
    actions: Tensor
    known: Tensor


class FrameNumbers:
    """State, calibration and action chunk of demonstration frames as tensors."""

    def __init__(self, bank: FrameBank, policy: Policy) -> None:
        transforms = policy.transforms
        self.state = bank.state
        self.normalised = transforms.scaled_state(bank.state)
        meant = plans(bank.action, bank.state, bank.episode, policy.config.chunk, policy.card)
        self.actions, self.known = transforms.action.forward(meant.actions), meant.known
        per_episode = [np.stack([labels.cameras[name] for name in bank.cameras], 1) for labels in bank.labels]
        self.cameras = np.concatenate(per_episode).astype(np.float32)

    def at(self, frames: NDArray[np.int64]) -> dict[str, Tensor]:
        """Tensors ``cameras`` [B,V,15], ``state``, ``normalised`` [B,S], ``actions`` [B,T,A] and ``known`` [B,T] of
        frames."""
        return {
            name: torch.from_numpy(getattr(self, name)[frames])
            for name in ("cameras", "state", "normalised", "actions", "known")
        }


def expert_loss(system: DualSystem, actions: Tensor, known: Tensor, condition: Tensor, repeats: int) -> Tensor:
    """The action loss with the settings of the system's expert; see ActionExpert.loss."""
    config = system.config.expert
    return system.expert.loss(actions, condition, repeats, config.condition_drop, known, config.path_weight)


def joint_action_loss(system: DualSystem, batch: ActionBatch) -> Tensor:
    """The action loss of a batch, felt by planner and action expert."""
    seen = system.see(batch.images, batch.tokens, batch.cameras)
    spatial = SpatialInputs.from_pointing(seen.pointing, 0, batch.cameras, batch.state, batch.normalised)
    expert = system.config.expert
    latent = system.query_tokens(seen.states.layers, seen.dense, seen.ignore) if expert.latent else None
    condition = system.condition(spatial, latent)
    return expert_loss(system, batch.actions, batch.known, condition, expert.repeated_steps)


class JointActionObjective:
    """Stage 2, planner and action expert together: the action loss reaches the planner through the scaled gradient."""

    name = "action"
    weight = 1.0

    def __init__(self, bank: FrameBank, policy: Policy, config: ActionConfig, seed: int, jitter: float) -> None:
        self.bank, self.config, self.seed, self.jitter = bank, config, seed, jitter
        self.transforms = policy.transforms
        self.numbers = FrameNumbers(bank, policy)
        self.frames = np.flatnonzero(~bank.held_out)

    def batch(self, step: int, progress: float, part: int = 0) -> ActionBatch:
        rng = generator(self.seed, step, 2, part)
        frames = rng.choice(self.frames, self.config.samples)
        prompts = [[self.transforms.prompt(own_question(self.bank, f).text)] for f in frames]
        images = pictures(self.bank, frames, rng, self.jitter)
        tokens = self.transforms.packer.pack(prompts, len(self.bank.cameras))
        return ActionBatch(images, tokens, **self.numbers.at(frames))

    def loss(self, system: DualSystem, batch: ActionBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        action = joint_action_loss(system, batch)
        return action, {"action": action}, len(batch.images)


@dataclass
class CachedBatch:
    """Cached training: frames, what is known of them, where everything is, and arguments of
    DualSystem.query_tokens in batches that see latent query tokens."""

    actions: Tensor
    known: Tensor
    spatial: SpatialInputs
    latent: tuple[list[Tensor], Tensor, Tensor] | None


class CachedActionObjective:
    """Stage 2 on true guidance and stored planner states: hundreds of times more samples than pictures can be
    encoded."""

    name = "action"
    weight = 1.0

    def __init__(
        self, bank: FrameBank, guidance: TrueGuidance, latents: LatentStore | None, policy: Policy,
        config: ActionConfig, seed: int,
    ) -> None:  # fmt: skip
        self.guidance, self.latents, self.config, self.seed = guidance, latents, config, seed
        self.numbers = FrameNumbers(bank, policy)
        self.frames = np.flatnonzero(~bank.held_out)

    def batch(self, step: int, progress: float, part: int = 0) -> CachedBatch:
        rng = generator(self.seed, step, 2, part)
        latents = self.latents if rng.random() < self.config.latent_share else None
        chosen = self.frames if latents is None else np.intersect1d(self.frames, latents.frames)
        frames = rng.choice(chosen, self.config.cached_samples)
        numbers = self.numbers.at(frames)
        latent = None if latents is None else latents.at(frames)
        return CachedBatch(numbers["actions"], numbers["known"], self.guidance.at(frames, numbers), latent)

    def loss(self, system: DualSystem, batch: CachedBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        spatial = batch.spatial.jitter(self.config.point_noise, self.config.height_noise)
        latent = None if batch.latent is None else system.query_tokens(*batch.latent)
        condition = system.condition(spatial, latent)
        # A cached sample costs little: fresh samples teach more than further noise on the same ones.
        loss = expert_loss(system, batch.actions, batch.known, condition, 1)
        return loss, {"action": loss}, len(batch.actions)
