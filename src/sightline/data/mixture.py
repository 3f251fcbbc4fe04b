"""Mixtures of recordings: which frame is learned from at which moment, as a pure function of a seed and a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.core.config import load_config
from sightline.core.errors import SightlineError, require_known
from sightline.data.dataset import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.recordings import Recordings, with_modes
from sightline.data.weighted_order import Rotation

FEATURES = ("observation.state", "action")
MEANING = ("state_names", "action_names", "action_space", "rotation", "gripper")
Rule = Literal["exact", "official"]
Lists = dict[str, dict[str, list]]


class Draw(NamedTuple):
    """Frame ``t`` of an episode of one of the recordings."""

    recordings: Recordings
    episode: int
    t: int


class Mixture:
    """Recordings drawn from by weight, each without replacement.

    Probabilities go by weight alone, whatever the sizes, then uniformly over usable frames (InternVLA-M1's rule), or by
    weight times number of usable frames (``balance``). Drawn from as a Rotation does: shares are met in every round,
    within a pass over a recording every usable frame is drawn once, and each pass has an order of its own.

    Attributes:
        recordings, weights: as given; shares: probability of each.
    """

    def __init__(
        self, recordings: Sequence[Recordings], weights: Sequence[float] | None = None, seed: int = 0,
        balance: bool = False,
    ) -> None:  # fmt: skip
        """Raises SightlineError on weights that are not positive and finite, or recordings that one policy cannot
        learn from together: other camera names, chunks or sizes of actions."""
        self.recordings = list(recordings)
        self.weights = np.asarray([1.0] * len(self.recordings) if weights is None else weights, np.float64)
        self.seed, self.balance = seed, balance
        if not self.recordings or self.weights.shape != (len(self.recordings),):
            raise SightlineError(
                f"A mixture needs recordings and a weight for each, got {len(self.recordings)} and {self.weights.size}."
            )
        if not (np.isfinite(self.weights).all() and (self.weights > 0).all()):
            raise SightlineError(f"The weights of a mixture must be positive numbers, got {self.weights.tolist()}.")
        for first, other in combinations(self.recordings, 2):
            _require_alike(first, other)
        sizes = np.array([len(part) for part in self.recordings], np.float64)
        parts = self.weights * sizes if balance else self.weights
        self.shares = parts / parts.sum()
        self._rotation = Rotation([len(part) for part in self.recordings], self.shares)

    def draw(self, index: int) -> Draw:
        """The sample of global number ``index``: the same in every process, whatever was drawn before."""
        member, frame = self._rotation.place(self.seed, index)
        recordings = self.recordings[member]
        return Draw(recordings, *recordings.frame(frame))

    def split(self, share: float) -> tuple[Mixture, Mixture | None]:
        """This mixture without the last ``share`` of each recording's episodes, and those (see Recordings.split).

        A recording of which nothing is left to learn from stays whole.
        """
        halves = [(kept, held) if len(kept) else (whole, None) for whole in self.recordings
                  for kept, held in [whole.split(share)]]  # fmt: skip
        held = [(part, weight) for (_, part), weight in zip(halves, self.weights, strict=True) if part and len(part)]
        kept = Mixture([part for part, _ in halves], self.weights.tolist(), self.seed, self.balance)
        if not held:
            return kept, None
        return kept, Mixture([part for part, _ in held], [weight for _, weight in held], self.seed, self.balance)

    @property
    def tags(self) -> tuple[str, ...]:
        """Embodiment tags, in the order of the recordings."""
        return tuple(dict.fromkeys(part.embodiment.tag for part in self.recordings))

    @property
    def problems(self) -> list[str]:
        """Why episodes are left out, with the dataset's folder."""
        return [f"{part.dataset.root}: {problem}" for part in self.recordings for problem in part.problems]

    def statistics(self, rule: Rule = "exact") -> dict:
        """What a policy needs to normalise: statistics of state and action, pooled over the recordings of each tag.

        ``exact`` counts every frame once, so that the range of a robot does not depend on how often its datasets are
        drawn or into how many folders they are split. ``official`` repeats InternVLA-M1's merge of finished statistics:
        the widest quantiles of any recording (one odd dataset stretches the range of all), mean and variance by weight;
        weights count within a tag here, where the original mixes them up across tags. Use it to go on from official
        checkpoints, ``exact`` otherwise.

        Returns:
            ``observation.state`` and ``action`` of the first tag; with several tags also ``embodiments``: tag -> both.
        """
        require_known("rule for pooled statistics", rule, ("exact", "official"))
        pooled: dict[str, Lists] = {}
        for tag in self.tags:
            members = [i for i, part in enumerate(self.recordings) if part.embodiment.tag == tag]
            parts = [self.recordings[i] for i in members]
            for other in parts[1:]:
                _require_same_numbers(parts[0], other)
            if rule == "exact" or len(parts) == 1:
                values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("states", "actions"))
                pooled[tag] = with_modes(dict(zip(FEATURES, values, strict=True)), parts[0].embodiment)
            else:
                pooled[tag] = _merged([part.statistics() for part in parts], self.weights[members])
        first = pooled[self.tags[0]]
        return {**first, "embodiments": pooled} if len(pooled) > 1 else dict(first)


def _require_alike(first: Recordings, other: Recordings) -> None:
    for what, mine, theirs in (
        ("cameras", first.card.cameras, other.card.cameras),
        ("chunk", first.chunk, other.chunk),
        ("size of an action", len(first.card.action_names), len(other.card.action_names)),
        ("image_rotation", first.card.image_rotation, other.card.image_rotation),
        ("image_mirrored", first.card.image_mirrored, other.card.image_mirrored),
    ):
        if mine != theirs:
            raise SightlineError(
                f"One policy cannot learn from {first.dataset.root} and {other.dataset.root} together: {what} "
                f"{mine} against {theirs}; give one of them an embodiment of its own (YAML) that fits."
            )
    if first.embodiment.tag == other.embodiment.tag and first.card.control_hz != other.card.control_hz:
        raise SightlineError(
            f"{first.dataset.root} and {other.dataset.root} share the tag '{first.embodiment.tag}' but not the rate "
            f"(control_hz {first.card.control_hz} against {other.card.control_hz}): a step of one is not a step of the "
            "other; bring them to one rate, or give one of them an embodiment with another tag (YAML)."
        )


def _require_same_numbers(first: Recordings, other: Recordings) -> None:
    """Raise SightlineError unless both call, measure and normalise states and actions alike."""
    mine, theirs = first.embodiment, other.embodiment
    same = all(getattr(first.card, name) == getattr(other.card, name) for name in MEANING)
    modes = [[part.mode for part in (*e.state, *e.action) for _ in part.names] for e in (mine, theirs)]
    if not same or modes[0] != modes[1]:
        raise SightlineError(
            f"The embodiments '{mine.name}' and '{theirs.name}' share the tag '{mine.tag}' but not the meaning of "
            "states and actions; give one of them another tag."
        )


def _merged(parts: Sequence[Lists], weights: NDArray[np.float64]) -> Lists:
    """The official merge of finished statistics."""
    shares = weights / weights.sum()
    merged: Lists = {}
    for feature in FEATURES:
        stacked = {
            name: np.array([part[feature][name] for part in parts])
            for name in ("min", "max", "q01", "q99", "mean", "std", "count")
        }
        mean = shares @ stacked["mean"]
        variance = shares @ (stacked["std"] ** 2 + (stacked["mean"] - mean) ** 2)
        found = {
            "min": stacked["min"].min(0), "max": stacked["max"].max(0), "mean": mean, "std": np.sqrt(variance),
            "count": stacked["count"].sum(0), "q01": stacked["q01"].min(0), "q99": stacked["q99"].max(0),
        }  # fmt: skip
        merged[feature] = {name: value.tolist() for name, value in found.items()} | {"mode": parts[0][feature]["mode"]}
    return merged


# ---- named mixtures -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A dataset folder (below the data root), the embodiment that reads it (name or YAML file), its weight."""

    folder: str
    embodiment: str
    weight: float = 1.0


@dataclass(frozen=True)
class MixtureConfig:
    """Sources of a mixture; ``balance`` lets the number of usable frames count beside the weight."""

    sources: tuple[Source, ...]
    balance: bool = False


LIBERO = {
    suite: Source(f"libero_{suite}_no_noops_1.0.0_lerobot", "libero_franka")
    for suite in ("object", "goal", "spatial", "10")
}
LIBERO["90"] = Source("libero_90_no_noops_lerobot", "libero_franka")
BRIDGE = Source("bridge_orig_1.0.0_lerobot", "oxe_bridge")
RT1 = Source("fractal20220817_data_0.1.0_lerobot", "oxe_rt1")

MIXTURES = {f"libero_{name}": MixtureConfig((source,)) for name, source in LIBERO.items()} | {
    "libero_all": MixtureConfig(tuple(LIBERO.values())),
    "bridge": MixtureConfig((BRIDGE,)),
    "bridge_rt_1": MixtureConfig((BRIDGE, RT1)),
    "demo_sim_pick_place": MixtureConfig((Source("sim_pick_place", "demo_sim_franka_delta_joints"),)),
}


def open_mixture(source: str | Path, root: Path | str, chunk: int, seed: int = 0, pauses: bool = False) -> Mixture:
    """A mixture by its name (MIXTURES) or from a YAML file (keys as in MixtureConfig), opened.

    Args:
        root: folder that holds the dataset folders.
        chunk, pauses: see Recordings.
    Raises:
        SightlineError: unknown name, a source listed twice, or a dataset that is missing or lacks what is asked for.
    """
    if str(source).endswith((".yaml", ".yml")):
        config = load_config(MixtureConfig, Path(source))
    else:
        require_known("mixture", str(source), MIXTURES)
        config = MIXTURES[str(source)]
    seen: set[tuple[str, str]] = set()
    for part in config.sources:
        if (part.folder, part.embodiment) in seen:
            raise SightlineError(f"The mixture '{source}' lists {part.folder} twice; add up the weights instead.")
        seen.add((part.folder, part.embodiment))
    recordings = [
        Recordings(load_dataset(Path(root) / part.folder), find_embodiment(part.embodiment), chunk, pauses=pauses)
        for part in config.sources
    ]
    return Mixture(recordings, [part.weight for part in config.sources], seed, config.balance)
