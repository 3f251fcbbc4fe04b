"""Recorded episodes as a policy learns from them: observation, the actions that follow, how much of them is known."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import Observation
from sightline.data.binding import bind
from sightline.data.columns import read_columns
from sightline.data.dataset import Dataset
from sightline.data.embodiments import Embodiment
from sightline.data.episode_index import SHOWN, listed
from sightline.data.info import camera_features, picture_size
from sightline.data.instructions import Instructions
from sightline.data.modality import read_modality
from sightline.data.pairing import unpaired
from sightline.data.statistics import array_statistics, require_binary, to_lists

Floats = NDArray[np.float32]


class Sample(NamedTuple):
    """One training sample in physical units: ``actions`` [chunk,A] float32; ``known`` [chunk] is false past the end."""

    observation: Observation
    actions: Floats
    known: NDArray[np.bool_]


class Recordings:
    """The episodes of a dataset, read as an embodiment says. ``len()`` is the number of usable frames.

    All states and actions are held in memory (4 bytes a number); pictures are decoded when a sample is asked for.

    Attributes:
        dataset, embodiment, chunk: as given.
        card: the interface of a policy that learns from it.
        episodes: those that can be learned from: their numbers are readable, they have an instruction and all cameras,
            and every row has its picture. Films are looked through when they are first asked for.
        problems: why others are left out, one sentence each.
        states, actions: [N,S], [N,A] float32 of all readable episodes, one after the other, physical units.
    """

    def __init__(
        self, dataset: Dataset, embodiment: Embodiment, chunk: int, episodes: Sequence[int] | None = None,
        pauses: bool = False,
    ) -> None:  # fmt: skip
        """Read everything but the pictures.

        Args:
            chunk: number of actions in a sample.
            episodes: the episodes to use (default all), e.g. to keep others for evaluation.
            pauses: also use frames in which nothing moves (embodiments without ``motion`` know none). Dropped frames
                are not where samples start; they stay in the chunks of others.
        Raises:
            SightlineError: the dataset lacks a camera, column or sub-key that the embodiment asks for, or no episode
                is left; it names what is missing.
        """
        if chunk < 1:
            raise SightlineError(f"A chunk needs at least one action, got {chunk}.")
        self.dataset, self.embodiment, self.chunk = dataset, embodiment, chunk
        self._problems: list[str] = []
        # Where pauses are welcome, the dataset need not say what moves.
        bound = replace(embodiment, motion=()) if pauses else embodiment
        self._binding = bind(bound, dataset, read_modality(dataset.root, dataset.info))
        self.card = self._card()
        self._hold = np.array([not part.delta for part in embodiment.action for _ in part.names])
        self._vectors = lru_cache(maxsize=256)(dataset.calibrations)
        self._instructions = Instructions(dataset.root)
        self._moving = self._read(self._wanted(episodes))
        self._require_usable(self._complete)

    def __len__(self) -> int:
        return len(self._frames)

    @cached_property
    def episodes(self) -> list[int]:
        """See above. Raises SightlineError when none is left, with the reasons."""
        apart = unpaired(self.dataset, self._complete, self._binding.cameras.values())
        self._problems += [f"episode {episode} is left out: {reason.rstrip('.')}." for episode, reason in apart.items()]
        return self._require_usable([episode for episode in self._complete if episode not in apart])

    @cached_property
    def _frames(self) -> NDArray[np.int64]:
        """Rows of the usable frames."""
        frames = np.concatenate([np.arange(*self._rows[episode]) for episode in self.episodes])
        return frames[self._moving[frames]]

    @property
    def problems(self) -> list[str]:
        """See above."""
        return self._problems if self.episodes else []

    def _require_usable(self, episodes: list[int]) -> list[int]:
        """The episodes. Raises SightlineError when there is none, or no sample can start in any of them."""
        if not episodes:
            found = " ".join(self._problems[:SHOWN]) or "It holds none, or none was asked for."
            raise SightlineError(f"{self.dataset.root} has no episode that '{self.embodiment.name}' can use. {found}")
        if not any(self._moving[slice(*self._rows[episode])].any() for episode in episodes):
            raise SightlineError(f"{self.dataset.root}: no frame moves; use its pauses too, or mend 'motion'.")
        return episodes

    def split(self, share: float) -> tuple[Recordings, Recordings | None]:
        """These recordings without the last ``share`` of their episodes, and those (at least one; None of a single
        episode, or where the share is zero). Both are read already: nothing is read again."""
        count = max(1, round(share * len(self.episodes))) if len(self.episodes) > 1 and share > 0 else 0
        kept, held = self.episodes[: len(self.episodes) - count], self.episodes[len(self.episodes) - count :]
        return self._restricted(kept), self._restricted(held) if held else None

    def _restricted(self, episodes: Sequence[int]) -> Recordings:
        owner = self._numbers[np.searchsorted(self._starts, self._frames, side="right") - 1]
        view = copy.copy(self)
        view.__dict__ |= {"episodes": list(episodes), "_frames": self._frames[np.isin(owner, episodes)]}
        return view

    def _card(self) -> Card:
        own = self.dataset.card
        if own is not None:
            # Datasets of our own say it all themselves; the embodiment must have read them right.
            names = (self.embodiment.state_names, self.embodiment.action_names)
            if (own.state_names, own.action_names) != names:
                raise SightlineError(
                    f"{self.dataset.root} has a card with state {list(own.state_names)} and action "
                    f"{list(own.action_names)}; the embodiment '{self.embodiment.name}' reads it as something else."
                )
            return replace(own, cameras=tuple(self._binding.cameras), chunk=self.chunk)
        first = next(iter(self._binding.cameras.values()))
        size = picture_size(self.dataset.info, camera_features(self.dataset.info)[first])
        return self.embodiment.card(size, self.dataset.fps, self.chunk)

    # ---- reading ------------------------------------------------------------------------------------------------

    def _wanted(self, episodes: Sequence[int] | None) -> list[int]:
        """Numbers of the demonstrations among the episodes asked for."""
        have = {meta.index: meta for meta in self.dataset.episodes}
        if absent := [i for i in episodes or () if i not in have]:
            raise SightlineError(
                f"{self.dataset.root} has no episodes {absent}: it holds {len(have)}, numbered {listed(list(have))}."
            )
        chosen = list(have) if episodes is None else sorted(set(episodes))
        return [i for i in chosen if have[i].kind == "episodes" and have[i].length > 0]

    def _read(self, wanted: Sequence[int]) -> NDArray[np.bool_]:
        """Fill states, actions and instructions; returns whether something moves, for each row."""
        binding = self._binding
        names = list(dict.fromkeys([*binding.columns, binding.language]))
        parts: list[tuple[NDArray, ...]] = []
        self._rows: dict[int, tuple[int, int]] = {}
        end = 0
        for episode, columns in read_columns(self.dataset, names, wanted, self._problems, clocks=True):
            try:
                state, action, moving = binding.numbers(columns)
            except SightlineError as error:
                self._problems.append(f"episode {episode} is left out: {str(error).rstrip('.')}.")
                continue
            moving &= self.dataset.drawn(episode)  # a picture of another moment would teach nothing
            told = self._instructions.encode(columns[binding.language])
            parts.append((state.astype(np.float32), action.astype(np.float32), moving, told))
            self._rows[episode] = (end, end + len(state))
            end += len(state)
        sizes = (len(self.card.state_names), len(self.card.action_names))
        empty = (np.zeros((0, sizes[0]), np.float32), np.zeros((0, sizes[1]), np.float32), np.zeros(0, bool))
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)] or [*empty, np.zeros(0, np.int32)]
        self.states, self.actions, moving, self._told = joined
        self._starts = np.array([first for first, _ in self._rows.values()], np.int64)
        self._numbers = np.array(list(self._rows), np.int64)
        for values, parts_of in ((self.states, self.embodiment.state), (self.actions, self.embodiment.action)):
            named = [(part, name) for part in parts_of for name in part.names]
            modes = [(name if name == part.key else f"{name} ({part.key})", part.mode) for part, name in named]
            require_binary(values, modes, str(self.dataset.root))
        return moving

    @cached_property
    def _complete(self) -> list[int]:
        """Readable episodes with every camera and an instruction in every frame; others are reported."""
        lacking: dict[str, list[int]] = {}
        for episode, (first, last) in self._rows.items():
            had = self.dataset.meta(episode).cameras
            reasons = [f"camera '{name}' is missing" for name in self._binding.cameras.values() if name not in had]
            if (self._told[first:last] == 0).any():
                reasons.append("the instruction is empty or unreadable")
            for reason in reasons:
                lacking.setdefault(reason, []).append(episode)
        for reason, episodes in lacking.items():
            shown = listed(episodes)
            self._problems.append(f"{reason} in {len(episodes)} of {len(self._rows)} episodes ({shown}): left out.")
        dropped = {episode for episodes in lacking.values() for episode in episodes}
        return [episode for episode in self._rows if episode not in dropped]

    # ---- frames -------------------------------------------------------------------------------------------------

    def frame(self, number: int) -> tuple[int, int]:
        """(episode, t) of a usable frame; ``number`` counts from 0 to ``len(self)``."""
        row = int(self._frames[number])
        place = int(np.searchsorted(self._starts, row, side="right")) - 1
        return int(self._numbers[place]), row - int(self._starts[place])

    def _span(self, episode: int) -> tuple[int, int]:
        if episode not in self._rows:
            raise SightlineError(f"{self.dataset.root}: episode {episode} is not among those that could be read.")
        return self._rows[episode]

    def state(self, episode: int) -> Floats:
        """[T,S] states of an episode."""
        first, last = self._span(episode)
        return self.states[first:last]

    def action(self, episode: int) -> Floats:
        """[T,A] actions of an episode."""
        first, last = self._span(episode)
        return self.actions[first:last]

    def instruction(self, episode: int, t: int) -> str:
        """What the robot was told at frame ``t``; empty where the dataset does not say."""
        return self._instructions.texts[self._told[self._row(episode, t)]]

    def _row(self, episode: int, t: int) -> int:
        first, last = self._span(episode)
        if not 0 <= t < last - first:
            raise SightlineError(f"{self.dataset.root}: episode {episode} has no frame {t}: it holds {last - first}.")
        return first + t

    def chunk_at(self, episode: int, t: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Actions [chunk,A] from frame ``t`` on and which are known [chunk].

        Past the end of the episode targets are held and changes are zero; none of that was recorded, so it is unknown.
        """
        row, (_, last) = self._row(episode, t), self._span(episode)
        wanted = row + np.arange(self.chunk)
        known = wanted < last
        actions = self.actions[np.minimum(wanted, last - 1)]
        actions[np.ix_(~known, ~self._hold)] = 0.0
        return actions, known

    def pictures(self, episode: int) -> Iterator[dict[str, NDArray[np.uint8]]]:
        """The pictures [H,W,3] uint8 of all frames of an episode by camera, one frame after the other.

        Several times faster than to ask for each. Raises SightlineError when a video is damaged or too short.
        """
        streams = {name: self.dataset.stream(episode, camera) for name, camera in self._binding.cameras.items()}
        for frames in zip(*streams.values(), strict=True):
            yield dict(zip(streams, frames, strict=True))

    def sample(self, episode: int, t: int, images: dict[str, NDArray[np.uint8]] | None = None) -> Sample:
        """What there is to learn from a frame; pictures are those shown at exactly its time.

        Args:
            images: its pictures where they are at hand already.

        Raises SightlineError when a picture is damaged, or a film has none at that time.
        """
        row = self._row(episode, t)
        if images is None:
            images = {name: self.dataset.frame(episode, t, camera) for name, camera in self._binding.cameras.items()}
        seen = Observation(images, self.states[row], self.instruction(episode, t), self._calibrations(episode, t))
        return Sample(seen, *self.chunk_at(episode, t))

    def _calibrations(self, episode: int, t: int) -> dict[str, Camera]:
        """Calibration of each camera at a frame; datasets from elsewhere have none that could be relied on."""
        if self.dataset.meta(episode).labels is None:
            return {}
        vectors = self._vectors(episode)
        return {name: Camera.from_vector(vectors[camera][t]) for name, camera in self._binding.cameras.items()}

    def statistics(self) -> dict[str, dict[str, list]]:
        """Statistics of ``observation.state`` and ``action`` over all readable frames, each with the ``mode`` of every
        dimension: what a policy needs (checkpoint's statistics.json). No video is decoded."""
        return with_modes({"observation.state": self.states, "action": self.actions}, self.embodiment)


def with_modes(values: dict[str, Floats], embodiment: Embodiment) -> dict[str, dict[str, list]]:
    """JSON-ready statistics of ``observation.state`` and ``action`` [N,d] with the embodiment's modes."""
    found = to_lists({name: array_statistics(rows) for name, rows in values.items()})
    for name, parts in (("observation.state", embodiment.state), ("action", embodiment.action)):
        found[name]["mode"] = [part.mode for part in parts for _ in part.names]
    return found
