"""Which questions an episode is asked, and its lines of LLaVA-style JSON.

Which pictures are asked about, and what, follows from the seed and the episode alone, whoever asks.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, require_known
from sightline.data.dataset import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EpisodeLabels
from sightline.engine.generation.object_shapes import bodies_of
from sightline.engine.vqa import grounding, planning, reasoning, space
from sightline.engine.vqa.picture import Job, Moment, Picture, Speech, Turn
from sightline.language.paraphrases import wording
from sightline.tasks.goals import is_done

KINDS: dict[str, Callable[[Picture, np.random.Generator], list[Turn] | None]] = {
    "box": grounding.box,
    "amodal": grounding.amodal,
    "point": grounding.point,
    "trace": grounding.trace,
    "trace3d": grounding.trace3d,
    "affordance": grounding.affordance,
    "free_space": space.free_space,
    "counting": reasoning.counting,
    "relation": reasoning.relation,
    "choice": reasoning.choice,
    "planning": planning.planning,
}
SHARES: dict[str, float] = {
    "box": 0.19,
    "amodal": 0.05,
    "point": 0.15,
    "trace": 0.12,
    "trace3d": 0.03,
    "affordance": 0.10,
    "free_space": 0.08,
    "counting": 0.07,
    "relation": 0.09,
    "choice": 0.05,
    "planning": 0.07,
}
SHAPED = ("amodal", "affordance")  # need the shapes of objects
LEAST = 4  # lines about a picture that is asked about at all: looking at it costs more than a question
TRIES = 2  # times that a picture may have no (new) question of a kind before it is no longer asked for one
URGE = 2.0  # by how much a kind becomes more likely for every line that it is behind its share (exponent)
FAR = 20.0  # lines behind or ahead beyond which a kind becomes no more, or less, likely
ROUNDS = 4  # times that all pictures of an episode are gone through


@dataclass(frozen=True)
class Order:
    """What is wanted of a run, apart from how many lines: ``kinds`` of KINDS, ``seed``, ``language``, ``phrasing``."""

    kinds: tuple[str, ...] = tuple(KINDS)
    seed: int = 0
    language: str = "rich"
    phrasing: str = "train"

    def check(self) -> None:
        """Raise SightlineError on unknown kinds or words."""
        if not self.kinds:
            raise SightlineError(f"Name at least one kind of question; known: {', '.join(KINDS)}.")
        for kind in self.kinds:
            require_known("kind of question", kind, KINDS)
        wording(self.language, self.phrasing)


@dataclass
class Lines:
    """The lines of one episode, each a JSON record and a line break, with what they contain.

    ``pictures``: (frame, camera) of every picture that is named.
    """

    text: str = ""
    count: int = 0
    pairs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    pictures: set[tuple[int, str]] = field(default_factory=set)


@dataclass
class Asked:
    """The questions about a picture so far, and how often it had none of a kind."""

    questions: set[str] = field(default_factory=set)
    misses: Counter[str] = field(default_factory=Counter)


def picture_name(dataset: str, episode: int, frame: int, camera: str) -> str:
    """Path of a picture's file within the folder of pictures."""
    return f"{dataset}/{episode:06d}/{camera}-{frame:04d}.jpg"


def ask_episode(dataset: Dataset, name: str, episode: int, wanted: int, order: Order) -> Lines:
    """About ``wanted`` lines about an episode; fewer only when its pictures give no more different questions.

    Args:
        name: what the dataset is called in identifiers and paths.
    """
    lines = Lines()
    if not wanted:
        return lines
    meta, labels = dataset.meta(episode), dataset.labels(episode)
    rng = np.random.default_rng([order.seed, zlib.crc32(name.encode()), episode])
    places = [(t, camera) for t in range(len(labels)) for camera in dataset.cameras]
    each = max(LEAST, -(-wanted // len(places)))
    chosen = [places[k] for k in rng.permutation(len(places))[: -(-wanted // each) + len(places) // 4]]
    reader = Reader(dataset, meta, labels, order, chosen)
    asked = {place: Asked() for place in chosen}
    for _ in range(ROUNDS):
        for place in chosen:
            picture = reader.picture(*place)
            for _ in range(min(each, wanted - lines.count)):
                if (found := ask(picture, order.kinds, lines.kinds, rng, asked[place])) is not None:
                    _add(lines, name, episode, place, picture, *found)
            if lines.count == wanted:
                return lines
    return lines


def _add(
    lines: Lines, name: str, episode: int, place: tuple[int, str], picture: Picture, kind: str, turns: list[Turn]
) -> None:
    frame, camera = place
    conversation = []
    for number, (question, answer) in enumerate(turns):
        conversation.append({"from": "human", "value": question if number else f"<image>\n{question}"})
        conversation.append({"from": "gpt", "value": answer})
    record = {
        "id": f"{name}-{episode:06d}-{frame:04d}-{camera}-{lines.count}",
        "image": picture_name(name, episode, frame, camera),
        "width": picture.camera.width,
        "height": picture.camera.height,
        "kind": kind,
        "conversations": conversation,
    }
    lines.text += json.dumps(record) + "\n"
    lines.count += 1
    lines.pairs += len(turns)
    lines.kinds[kind] += 1
    lines.pictures.add(place)


def ask(
    picture: Picture, kinds: tuple[str, ...], done: Counter[str], rng: np.random.Generator, asked: Asked
) -> tuple[str, list[Turn]] | None:
    """A kind and its turns about a picture, not ``asked`` before; None when it has no more.

    Kinds are drawn by their shares; one that has fallen behind its share of what is ``done`` is more likely, so that
    kinds which few pictures allow are asked where they can be.
    """
    share = sum(SHARES[kind] for kind in kinds)
    behind = {kind: SHARES[kind] / share * done.total() - done[kind] for kind in kinds}
    chance = {kind: SHARES[kind] * math.exp(URGE * min(max(lines, -FAR), FAR)) for kind, lines in behind.items()}
    for kind in sorted(kinds, key=lambda kind: rng.exponential() / chance[kind]):
        while asked.misses[kind] < TRIES:
            turns = KINDS[kind](picture, rng)
            if turns is not None and turns[0][0] not in asked.questions:
                asked.questions.add(turns[0][0])
                return kind, turns
            asked.misses[kind] += 1
    return None


class Reader:
    """The pictures of one episode at the given places (frame, camera).

    Raises SightlineError when kinds are asked about for which shapes are needed and these cannot be found again.
    """

    def __init__(
        self,
        dataset: Dataset,
        meta: EpisodeMeta,
        labels: EpisodeLabels,
        order: Order,
        places: list[tuple[int, str]],
    ) -> None:
        self.meta, self.labels = meta, labels
        self.speech = Speech(order.language, order.phrasing)
        self.bodies = bodies_of(dataset, meta) if set(order.kinds) & set(SHAPED) else None
        self._maps: dict[tuple[int, str], NDArray[np.uint8]] = {}
        for camera in dataset.cameras:
            frames = [t for t, other in places if other == camera]
            maps = dataset.ids(meta.index, camera, frames) if frames else ()
            self._maps |= {(t, camera): ids for t, ids in zip(frames, maps, strict=True)}

    def picture(self, frame: int, camera: str) -> Picture:
        """One picture of the episode."""
        labels = self.labels
        moment = Moment(labels.scene(frame), self.speech, self._own(frame), self.bodies)
        return Picture(moment, labels.camera(frame, camera), labels.boxes[camera][frame], self._maps[frame, camera])

    def _own(self, frame: int) -> Job | None:
        """The demonstration's task as it is at a frame."""
        labels, task = self.labels, self.meta.task
        if task is None:
            return None
        done = is_done(labels.scene(frame), task, labels.scene(0))
        return Job(task.instruction, task, labels.way(frame), labels.subtasks[frame], done)
