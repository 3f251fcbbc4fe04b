"""Demonstrations of SimplerEnv's WidowX tasks in layouts that are not the benchmark's: the expert, disturbed.

Every candidate is a pure function of the recipe and its number.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from sightline.core import console
from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array
from sightline.core.types import Episode, Frame, ObjectInfo, SceneState, Task, View
from sightline.data import load_dataset
from sightline.engine.expert.perturbation import Disturbance
from sightline.engine.generation.generate import bring, check_arguments
from sightline.envs.demonstrated import check_numbers, episode_again, executed_actions, turn_of
from sightline.envs.simpler.environment import SimplerEnv
from sightline.envs.simpler.expert import local
from sightline.envs.simpler.protocol import SUITE, TASKS

WIDER = 0.025  # metres
RESTS = 8  # steps at the end in which the hand keeps away: success ends no episode of this benchmark
TURNED = 0.35  # radians by which a thing is turned at most where it lies about as in the benchmark
DRAWS = 1000  # of two places that are far enough apart


@dataclass(frozen=True)
class Thing:
    """What a thing is called, and what it is for."""

    kind: str
    colour: str
    role: str


@dataclass(frozen=True)
class Setting:
    """What a task's labels say, and how its layouts are drawn.

    Attributes:
        source, target: the two things.
        relation: of our engine's.
        apart: metres between their middles, at least.
        narrow: share of ``wider`` by which there is room.
        fixed: whether the target is where it always is.
    """

    source: Thing
    target: Thing
    relation: str
    apart: float
    narrow: float = 1.0
    fixed: bool = False


SETTINGS = {
    "widowx_spoon_on_towel": Setting(Thing("spoon", "green", "item"), Thing("towel", "", "surface"), "onto", 0.125),
    "widowx_carrot_on_plate": Setting(Thing("carrot", "orange", "item"), Thing("plate", "", "surface"), "onto", 0.12),
    "widowx_stack_cube": Setting(Thing("block", "green", "item"), Thing("block", "yellow", "surface"), "onto", 0.07),
    "widowx_put_eggplant_in_basket": Setting(
        Thing("eggplant", "purple", "item"), Thing("basket", "yellow", "container"), "into", 0.0, 0.4, True
    ),
}


@dataclass(frozen=True)
class WidowXDemonstrations:
    """All that decides what a dataset of WidowX demonstrations contains, apart from its length.

    Attributes:
        seed: of the dataset; candidate i is a pure function of it and i.
        wider: metres by which places reach beyond those of the benchmark's layouts.
        suite_tasks: numbers of the suite's tasks that are demonstrated, in turn; all where none is named.
        in_a_row: candidates of one task that follow each other.
        suite, kind, renders_per_plan, shard: what other recipes have; always the same here.
    """

    seed: int = 0
    wider: float = WIDER
    suite_tasks: tuple[int, ...] = ()
    in_a_row: int = 1
    suite: str = SUITE
    kind: str = "episodes"
    renders_per_plan: int = 1
    shard: int | None = None

    def check(self) -> None:
        """Raise SightlineError when nothing can be made so."""
        require_known("suite", self.suite, (SUITE,))
        if not 0 <= self.wider <= 0.05:
            raise SightlineError(f"Things are in reach up to 0.05 m beyond the benchmark's places, not {self.wider}.")
        check_numbers(SUITE, len(TASKS), self.suite_tasks, self.seed, {"candidates in a row": self.in_a_row})

    def task(self, candidate: int) -> str:
        """Which task candidate number ``candidate`` is of."""
        return tuple(TASKS)[turn_of(candidate, self.in_a_row, self.suite_tasks, len(TASKS))[0]]


def generate_widowx(out: Path | str, episodes: int, recipe: WidowXDemonstrations, workers: int = 1) -> dict:
    """Bring the dataset at ``out`` to ``episodes`` verified demonstrations; continue where an earlier call was stopped.

    Returns what the engine's ``generate`` does, with ``nearest``: the least and the median distance (metres) of a
    layout to the most similar one of the benchmark.

    Raises SightlineError on impossible arguments, where the benchmark is not here, or for a dataset made otherwise.
    """
    check_arguments(recipe, episodes, workers, "local")
    result = bring(Path(out), episodes, recipe, SimplerEnv().card, demonstrate, workers)
    apart = [float(meta.start["nearest"]) for meta in load_dataset(out).episodes[:episodes]]
    found = {"episodes": len(apart), "least": min(apart), "median": float(np.median(apart))}
    rows = [[found["episodes"], 1000 * found["least"], 1000 * found["median"]]]
    console.table("Distance to the most similar layout of the test", ["episodes", "least, mm", "median, mm"], rows)
    return result | {"nearest": found}


def demonstrate(recipe: WidowXDemonstrations, candidate: int) -> list[Episode]:
    """The demonstration of candidate number ``candidate``; one without frames, and a reason, where there is none."""
    env, task = _world(), recipe.task(candidate)
    rng = np.random.default_rng([recipe.seed, candidate])
    positions, quaternions = env.layouts(task)
    places = draw_places(rng, positions, quaternions, SETTINGS[task], recipe.wider)
    env.arrange(task, places)
    attempt = Attempt(env, rng)
    nearest = float(np.abs(positions - places[None, :, :3]).max((1, 2)).min())
    start = {"suite": SUITE, "task": tuple(TASKS).index(task), "places": places.tolist(), "nearest": nearest}
    frames = [] if attempt.failure else attempt.frames
    return [Episode(recipe.seed, attempt.task, frames, not attempt.failure, attempt.failure, candidate, start)]


def draw_places(rng: np.random.Generator, positions: Array, quaternions: Array, how: Setting, wider: float) -> Array:
    """[2,7] where source and target are dropped (xyz, wxyz, world frame).

    Half of the sources lie about as one of the benchmark's does, the others are turned anyhow.

    Args:
        positions, quaternions: of the benchmark, see SimplerEnv.layouts.
    """
    room = np.array([wider, wider, 0.0]) * how.narrow
    low, high = positions.min((0, 1)) - room, positions.max((0, 1)) + room
    if how.fixed:
        low, high = positions[:, 0].min(0) - room, positions[:, 0].max(0) + room
    places = np.zeros((2, 7))
    for _ in range(DRAWS):
        drawn = rng.uniform(low, high, (2, 3))
        if how.fixed or np.linalg.norm((drawn[0] - drawn[1])[:2]) >= how.apart:
            break
    else:
        raise SightlineError(f"Two things that are {how.apart} m apart do not fit between {low} and {high}.")
    places[:, :2], places[:, 2] = drawn[:, :2], positions[0, :, 2]
    if how.fixed:
        places[1, :3] = positions[0, 1]
    lying = quaternions[int(rng.integers(len(quaternions)))]
    freely = rng.random() < 0.5 and not how.fixed
    angle = rng.uniform(-np.pi, np.pi) if freely else rng.uniform(-TURNED, TURNED)
    for number, turn in enumerate((angle, 0.0)):
        own = Rotation.from_quat(lying[number][[1, 2, 3, 0]])
        places[number, 3:] = (Rotation.from_euler("z", turn) * own).as_quat()[[3, 0, 1, 2]]
    return places


class Attempt:
    """One rollout of the disturbed expert in the present episode of ``env``, seen at every step.

    Attributes:
        failure: why it is of no use; "" where it succeeded, and stayed so while the hand kept away.
        task: what it is about.
        frames: what it was like.
    """

    def __init__(self, env: SimplerEnv, rng: np.random.Generator | None) -> None:
        self.env, self.expert = env, env.expert()
        self.setting, truth = SETTINGS[env.task], env.truth()
        self.names = [truth["source"], truth["target"]]
        things = (self.setting.source, self.setting.target)
        pairs = zip(self.names, things, strict=True)
        self.objects = tuple(_info(name, thing, truth["sizes"][name]) for name, thing in pairs)
        said = [" ".join(filter(None, ("the", thing.colour, thing.kind))) for thing in things]
        self.task = Task(self.setting.relation, 0, 1, env.instruction, *said)
        self.frames: list[Frame] = []
        self.failure = self._run(None if rng is None else Disturbance(self.expert, rng))

    def _run(self, disturbance: Disturbance | None) -> str:
        resting = 0
        for step in range(TASKS[self.env.task].steps):
            state = self.env.state()
            action = self.expert.act()
            scene = self._scene()
            done = action if disturbance is None else disturbance.apply(step, action, scene)
            self._note(scene, state, action, done)
            info = self.env.advance(done)
            still = self.expert.phase == "retreat" and float(np.linalg.norm(action[:6])) < 1e-3
            resting = resting + 1 if still and info["is_success"] else 0
            if resting == RESTS:
                return ""
        return str(info["failure"]) or "goal not reached"

    def _note(self, scene: SceneState, state: Any, action: Any, done: Any) -> None:
        route = self.expert.route
        assert route is not None
        views: dict[str, View] = {self.env.card.cameras[0]: self.env.view(self.names)}
        phase = self.expert.phase
        self.frames.append(Frame(scene, views, state, action, subtask=phase, place=route.release, executed=done))

    def _scene(self) -> SceneState:
        """Where things are, and where the expert takes them."""
        truth, route = self.env.truth(), self.expert.route
        assert route is not None
        poses = [local(truth, truth["poses"][name]) for name in self.names]
        positions = np.array([position for position, _ in poses])
        yaws = np.array([rotation.as_euler("zyx")[0] for _, rotation in poses])
        # The grasp goes with the thing, so that once it has been put down it is where it would be taken again.
        grasps = positions + [route.grasp - route.source, np.zeros(3)]
        closing = np.array([route.yaw + np.pi / 2, 0.0])
        state = self.env.state()
        return SceneState(
            self.objects, positions, yaws, np.ones(2, bool), grasps, closing, local(truth, truth["tool"])[0],
            float(state[5]), float(state[6]),
        )  # fmt: skip


class DemonstratedEnv(SimplerEnv):
    """As SimplerEnv, but ``seed`` i is the start of a generated dataset's i-th episode, counted from 0.

    Raises SightlineError for a dataset that was not made by ``sightline generate --suite simpler_widowx``.
    """

    def __init__(self, root: Path | str) -> None:
        super().__init__()
        self.dataset = load_dataset(root)
        starts = [meta.start for meta in self.dataset.episodes]
        if not starts or not all(start and start.get("suite") == SUITE for start in starts):
            raise SightlineError(f"{root} holds no demonstrations of {SUITE}: make some with 'sightline generate'.")

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Start as episode number ``seed`` did. Raises SightlineError for a number that there is not."""
        self._replayed = episode_again(self.dataset, seed)
        start = self._replayed.start
        assert start is not None
        self.arrange(tuple(TASKS)[start["task"]], np.array(start["places"]))
        self._seed = seed
        return None, dict(self._info())

    def executed_actions(self) -> Array:
        """[T,7] what was done in the present episode, disturbances included."""
        return executed_actions(self._replayed)


def _info(name: str, thing: Thing, size: Array) -> ObjectInfo:
    radius = float(np.hypot(*size[:2]) / 2)
    return ObjectInfo(name, thing.kind, thing.colour, "medium", thing.role, radius, float(size[2]))


@cache
def _world() -> SimplerEnv:
    """The one world of this process: loading another takes seconds."""
    env = SimplerEnv()
    atexit.register(env.close)
    return env
