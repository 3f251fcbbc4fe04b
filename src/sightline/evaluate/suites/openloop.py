"""The suite ``openloop``: what a policy would do at every moment of recorded episodes, beside what was done.

No robot moves, so it says nothing about success; it says whether a policy has learned from a dataset what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.console import progress, say, table
from sightline.core.errors import SightlineError
from sightline.core.outputs import keeping
from sightline.data.dataset import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.recordings import Recordings
from sightline.evaluate.policies import load_policy
from sightline.evaluate.report import write_open_loop_report
from sightline.evaluate.suites.base import Suite, SuiteSettings

if TYPE_CHECKING:
    from sightline.models.policy import Policy

BATCH = 8


@dataclass(frozen=True, kw_only=True)
class OpenLoopSettings(SuiteSettings):
    """Which recordings the policy is asked about.

    Attributes:
        episodes: of each dataset, the first ones.
        data: folders of recorded datasets.
        embodiment: how to read them.
    """

    data: tuple[Path, ...] = ()
    embodiment: str = "sightline"


def run(policy: str, settings: OpenLoopSettings, about: Mapping[str, Any]) -> dict:
    """Ask a policy about recordings, print the result and write the report.

    Returns ``open_loop_error``, ``constant_error``, ``by_dimension``, ``frames`` and ``settings``.
    Raises SightlineError where the policy is not a trained one, and as :func:`evaluate_open_loop`.
    """
    from sightline.models.policy import Policy  # imports torch, which takes seconds

    actor = load_policy(policy)
    if not isinstance(actor, Policy):
        raise SightlineError(f"The suite openloop needs a trained policy, not '{policy}'.")
    scores = evaluate_open_loop(actor, settings.data, settings.embodiment, settings.episodes)
    scores.print()
    about = {**about, "data": ", ".join(map(str, settings.data)), "embodiment": settings.embodiment}
    result = scores.summary() | {"settings": about}
    if settings.report is not None:
        with keeping(result):
            write_open_loop_report(settings.report, f"{policy}: open loop", scores, about)
        say(f"Report: {settings.report}")
    return result


@dataclass
class EpisodeCurves:
    """One episode of T frames: ``recorded`` [T,A] actions, and what the policy would do first in each frame,
    ``predicted`` [F,A] in the ``frames`` [F] that it was asked in."""

    name: str
    instruction: str
    frames: NDArray[np.int64]
    recorded: NDArray[np.float32]
    predicted: NDArray[np.float32]


@dataclass
class OpenLoopScores:
    """Errors of all dimensions.

    Attributes:
        names: of the dimensions.
        error: [A] mean of |predicted - recorded| over all frames asked and all known actions of their chunks, in units
            of the action; spread: [A] range of the recorded actions.
        constant: [A] the error of always doing what is done on average: what nothing learned would score.
        curves: for the report.
    """

    names: tuple[str, ...]
    error: NDArray[np.float64]
    spread: NDArray[np.float64]
    constant: NDArray[np.float64]
    curves: list[EpisodeCurves]

    @property
    def percent(self) -> NDArray[np.float64]:
        """[A] errors in per cent of the range; 0 where nothing varies and nothing is wrong."""
        return 100 * self.error / np.where(self.spread > 0, self.spread, 1.0)

    def summary(self) -> dict:
        """``open_loop_error`` and ``constant_error`` (means over the dimensions, in per cent of their ranges), the
        former ``by_dimension``, and the number of ``frames`` asked."""
        constant = 100 * self.constant / np.where(self.spread > 0, self.spread, 1.0)
        return {
            "open_loop_error": float(self.percent.mean()),
            "constant_error": float(constant.mean()),
            "by_dimension": dict(zip(self.names, self.percent.tolist(), strict=True)),
            "frames": int(sum(len(curve.frames) for curve in self.curves)),
        }

    def print(self) -> None:
        """The console's table."""
        rows = [[name, value] for name, value in zip(self.names, self.percent.tolist(), strict=True)]
        summary = self.summary()
        rows += [["mean", summary["open_loop_error"]], ["(always the average)", summary["constant_error"]]]
        table("Open-loop error", ["dimension", "% of its range"], rows)


def evaluate_open_loop(
    policy: Policy, data: Sequence[Path], embodiment: str, episodes: int, stride: int = 1
) -> OpenLoopScores:
    """Ask a policy in every ``stride``-th frame of the first ``episodes`` usable episodes of each dataset.

    Raises SightlineError where the policy was made for another interface, or a dataset cannot be read that way.
    """
    if not data:
        raise SightlineError("The suite openloop needs recorded data: give --data DIR.")
    robot = find_embodiment(embodiment)
    errors, recorded, curves = [], [], []
    for folder in data:
        recordings = Recordings(load_dataset(folder), robot, policy.config.chunk, pauses=True)
        _require_fit(policy, recordings)
        for episode in recordings.episodes[:episodes]:
            frames = np.arange(0, len(recordings.action(episode)), stride)
            found, known, firsts = _predictions(policy, recordings, episode, frames)
            errors.append(found[known])
            recorded.append(recordings.action(episode))
            name = f"{folder.name}, episode {episode}"
            told = recordings.instruction(episode, 0)
            curves.append(EpisodeCurves(name, told, frames, recordings.action(episode), firsts))
    actions = np.concatenate(recorded).astype(np.float64)
    constant = np.abs(actions - actions.mean(0)).mean(0)
    error = np.concatenate(errors).astype(np.float64).mean(0)
    return OpenLoopScores(recordings.card.action_names, error, np.ptp(actions, 0), constant, curves)


def _predictions(
    policy: Policy, recordings: Recordings, episode: int, frames: NDArray[np.int64]
) -> tuple[NDArray, NDArray, NDArray]:
    """Errors [F,chunk,A], which of them count [F,chunk], and first actions [F,A]."""
    errors, known, firsts = [], [], []
    with progress(len(frames), f"episode {episode}", unit="frame") as bar:
        for part in np.array_split(frames, -(-len(frames) // BATCH)):
            samples = [recordings.sample(episode, int(t)) for t in part]
            policy.reset()  # every frame is a beginning: nothing is remembered from the one before
            chunks = policy.act_batch([sample.observation for sample in samples], list(range(len(samples))))
            for chunk, sample in zip(chunks, samples, strict=True):
                errors.append(np.abs(chunk.actions - sample.actions))
                known.append(sample.known)
                firsts.append(chunk.actions[0])
            bar.update(len(part))
    return np.stack(errors), np.stack(known), np.stack(firsts)


def _require_fit(policy: Policy, recordings: Recordings) -> None:
    ours, theirs = policy.card, recordings.card
    fields = ["cameras", "image_rotation", "image_mirrored", "action_names", "action_space", "rotation", "gripper"]
    fields += ["state_names"] if policy.config.state_dim else []
    fields += ["control_hz"] if "embodiments" not in policy.statistics else []  # several robots have a rate each
    if wrong := [f"{name}: {getattr(ours, name)} != {getattr(theirs, name)}" for name in fields
                 if getattr(ours, name) != getattr(theirs, name)]:  # fmt: skip
        raise SightlineError(f"The policy was not made for {recordings.dataset.root}: {'; '.join(wrong)}.")


OPENLOOP = Suite(OpenLoopSettings, run)
