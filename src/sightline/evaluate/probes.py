"""Probes: does a policy do what it is told, and nothing when there is nothing to do?

Each runs the same scenes with one thing changed, so that a policy which acts by heart, or on whatever it sees, shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sightline.core.card import Card
from sightline.core.types import ActionChunk, Observation, PolicyLike, SceneState, Task
from sightline.evaluate.language_probe import swap_target
from sightline.evaluate.pointed import PROMPTS, Pointed, Shown
from sightline.evaluate.rates import Rate
from sightline.evaluate.rollout import RolloutSettings, rollout_in_processes
from sightline.evaluate.rows import EpisodeRow
from sightline.language.instructions import TaskSampler
from sightline.language.paraphrases import wording
from sightline.language.questions import Question, QuestionSampler, made_up
from sightline.language.referring import Phrasebook
from sightline.tasks.goals import place_point

if TYPE_CHECKING:
    from sightline.envs.tabletop import TabletopEnv

NONSENSE_WORDS = (3, 8)  # fewest and one more than most


class Scene(NamedTuple):
    """A scene of an environment that was just reset, its task, and what else there may be in its world."""

    env: TabletopEnv
    task: Task
    rng: np.random.Generator
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Probe:
    """One way to ask.

    Attributes:
        about: what is changed, and what is right then.
        change: options of the environment's reset for a scene; None where the scene does not offer this.
        right: whether an episode went as it should.
        blind: whether the policy is shown black pictures.
        prompt: one of ``pointed.PROMPTS``, how the target of the changed task is pointed out; empty = by words alone.
    """

    about: str
    change: Callable[[Scene], dict[str, Any] | None]
    right: Callable[[EpisodeRow], bool]
    blind: bool = False
    prompt: str = ""


def named_lifted(row: EpisodeRow) -> bool:
    """The thing that was named was the first to be lifted."""
    return row.target is not None and row.lifted == row.target


def nothing_lifted(row: EpisodeRow) -> bool:
    """Nothing was lifted."""
    return not row.lifted


def _flipped(scene: Scene) -> dict[str, Any] | None:
    other = swap_target(scene.env.scene(), scene.task, scene.rng)
    return None if other is None else {"task": other}


def _pointed_out(scene: Scene) -> dict[str, Any] | None:
    """The words stay what they are; what is to be done is what is pointed at."""
    other = _flipped(scene)
    return None if other is None else {**other, "instruction": scene.task.instruction}


def _reworded(scene: Scene) -> dict[str, Any] | None:
    state = scene.env.scene()
    task = TaskSampler(state, Phrasebook(state, wording("rich", "unseen"))).reword(scene.task, scene.rng)
    return None if task is None else {"task": task}


def _absent(scene: Scene) -> dict[str, Any] | None:
    task = scene.task
    asked = Question(task.instruction, "task", "attribute", task.target, task.reference, task)
    for _ in range(8):
        found = QuestionSampler(scene.env.scene()).absent(asked, scene.kinds, scene.rng)
        if found is not None:
            return {"instruction": found.text}
    return None


def _nonsense(scene: Scene) -> dict[str, Any]:
    return {"instruction": " ".join(made_up(scene.rng) for _ in range(int(scene.rng.integers(*NONSENSE_WORDS))))}


PROBES: dict[str, Probe] = {
    "as told": Probe("nothing is changed; the named thing is lifted first", lambda scene: {}, named_lifted),
    "flip": Probe("another thing is named; that one is lifted first", _flipped, named_lifted),
    "paraphrase": Probe("the same in other words; the named thing is lifted first", _reworded, named_lifted),
    "absent": Probe("a thing that is not there is named; nothing is lifted", _absent, nothing_lifted),
    "nonsense": Probe("words that mean nothing; nothing is lifted", _nonsense, nothing_lifted),
    "blank": Probe("all cameras are black; nothing is lifted", lambda scene: {}, nothing_lifted, blind=True),
    **{
        prompt: Probe(f"a {prompt} shows another thing than is named; that one is lifted first", _pointed_out,
                      named_lifted, prompt=prompt)
        for prompt in PROMPTS
    },
}  # fmt: skip


class Blindfolded:
    """A policy that is shown black pictures."""

    def __init__(self, policy: PolicyLike) -> None:
        self.policy = policy
        self.card: Card = policy.card

    def reset(self, episodes: list[int]) -> None:
        """As the policy does."""
        self.policy.reset(episodes)

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """What the policy does without seeing anything."""
        black = [
            replace(seen, images={name: np.zeros_like(image) for name, image in seen.images.items()})
            for seen in observations
        ]
        return self.policy.act_batch(black, rows)


@dataclass(frozen=True)
class _Probed:
    """Makes the policy and puts it under a probe; picklable."""

    make_policy: Callable[[], PolicyLike]
    probe: str
    shown: Mapping[int, Shown]

    def __call__(self) -> PolicyLike:
        policy = self.make_policy()
        if PROBES[self.probe].blind:
            return Blindfolded(policy)
        return Pointed(policy, self.shown) if PROBES[self.probe].prompt else policy


def run_probes(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], TabletopEnv],
    seeds: Sequence[int],
    settings: RolloutSettings,
    workers: int,
    names: Sequence[str],
) -> dict[str, list[EpisodeRow]]:
    """The rows of each probe, over the seeds whose scenes offer it."""
    changes = _changes(make_env(), seeds, names)
    rows = {}
    for name in names:
        options = {seed: change.options for seed, change in changes[name].items()}
        shown = {seed: change.shown for seed, change in changes[name].items() if change.shown is not None}
        maker = _Probed(make_policy, name, shown)
        rows[name] = rollout_in_processes(maker, make_env, list(options), settings, workers, options, label=name)
    return rows


@dataclass(frozen=True)
class Change:
    """How a scene is changed: options of the reset, and what is pointed out."""

    options: dict[str, Any]
    shown: Shown | None = None


def _changes(env: TabletopEnv, seeds: Sequence[int], names: Sequence[str]) -> dict[str, dict[int, Change]]:
    """Changes by probe and seed."""
    found: dict[str, dict[int, Change]] = {name: {} for name in names}
    scenes: list[tuple[int, set[str]]] = []
    for seed in seeds:  # what stands in one scene is what may be missing in another
        env.reset(seed=seed)
        scenes.append((seed, {info.kind for info in env.scene().objects}))
    kinds = tuple(sorted(set().union(*(kinds for _, kinds in scenes))))
    for seed, _ in scenes:
        env.reset(seed=seed)
        assert env.task is not None, "a reset environment has a task"
        for name in names:
            rng = np.random.default_rng([seed, 1 + list(PROBES).index(name)])
            options = PROBES[name].change(Scene(env, env.task, rng, kinds))
            if options is not None:
                prompt = PROBES[name].prompt
                found[name][seed] = Change(options, _shown(env.scene(), options["task"], prompt) if prompt else None)
    return found


def _shown(scene: SceneState, task: Task, prompt: str) -> Shown:
    """A task's target and place, to be pointed out."""
    return Shown(scene.grasp_points[task.target], place_point(scene, task), prompt)


def outcome(name: str, rows: Sequence[EpisodeRow]) -> Rate:
    """How often a probe went as it should."""
    return Rate(sum(PROBES[name].right(row) for row in rows), len(rows))


def summary(rows: Mapping[str, Sequence[EpisodeRow]]) -> dict[str, dict[str, Any]]:
    """JSON-ready: for each probe what is right, how often it was, and of how many."""
    result = {}
    for name, mine in rows.items():
        rate = outcome(name, mine)
        result[name] = {
            "about": PROBES[name].about,
            "right": rate.value if mine else float("nan"),
            "ci95": list(rate.interval) if mine else [0.0, 1.0],
            "episodes": len(mine),
        }
    return result
