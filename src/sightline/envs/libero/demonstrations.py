"""Demonstrations of LIBERO's tasks in layouts that are not the benchmark's: the expert, disturbed, and its pictures.

Every candidate is a pure function of the recipe and its number. Physics runs first; only an episode that succeeds, and
stays so, is drawn, from the states that it went through.
"""

from __future__ import annotations

import atexit
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core import console
from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array
from sightline.core.types import Episode, Frame, SceneState
from sightline.data import load_dataset
from sightline.engine.expert.perturbation import Disturbance, Pace
from sightline.engine.generation.generate import bring, check_arguments
from sightline.envs.base import Info
from sightline.envs.demonstrated import check_numbers, episode_again, executed_actions, turn_of
from sightline.envs.libero.environment import Layout, LiberoEnv, NoRoom, checked_width
from sightline.envs.libero.goals import Step
from sightline.envs.libero.labels import Labeller, moved_along
from sightline.envs.libero.protocol import SUITES, tasks_of

WIDER = 0.035  # metres
VARIED = ("libero_spatial", "libero_object", "libero_goal")  # others speak of left and right
LAYOUT = tuple(field.name for field in fields(Layout))
PACE = Pace(slip_starts=(10, 90), slip_length=10)  # at 20 Hz, with fingers that take half a second


@dataclass(frozen=True)
class Demonstrations:
    """All that decides what a dataset of LIBERO contains, apart from its length.

    Attributes:
        suite: one of SUITES.
        seed: of the dataset; candidate i is a pure function of it and i.
        wider: metres by which the regions of the start are widened, in every second round over the tasks; 0: never.
        suite_tasks: numbers of the suite's tasks that are demonstrated, in turn; all where none is named.
        in_a_row: candidates of one task that follow each other: loading the world of another takes seconds.
        varied: whether things exchange places, and the goal is drawn among what there is; see ``variation``.
        pictures_every: steps from one drawn moment to the next; those between repeat its pictures (``Frame.drawn``).
        kind, renders_per_plan, shard: what our engine's recipes have; always the same here.
    """

    suite: str
    seed: int = 0
    wider: float = WIDER
    suite_tasks: tuple[int, ...] = ()
    in_a_row: int = 1
    pictures_every: int = 1
    varied: bool = False
    kind: str = "episodes"
    renders_per_plan: int = 1
    shard: int | None = None

    def check(self) -> None:
        """Raise SightlineError when nothing can be made so."""
        require_known("suite of LIBERO", self.suite, SUITES)
        checked_width(self.wider)
        if self.varied:
            require_known("suite with other places and goals", self.suite, VARIED)
        counts = {"candidates in a row": self.in_a_row, "steps to a picture": self.pictures_every}
        check_numbers(self.suite, tasks_of(self.suite), self.suite_tasks, self.seed, counts)

    def layout(self, candidate: int) -> Layout:
        """Where candidate number ``candidate`` begins: the tasks in turn, every second round in wider regions."""
        task, rounds = turn_of(candidate, self.in_a_row, self.suite_tasks, tasks_of(self.suite))
        seed, fixtures = map(int, np.random.default_rng([self.seed, candidate]).integers(2**31, size=2))
        other = int(np.random.default_rng([self.seed, task, rounds, 2]).integers(2**31)) if self.varied else None
        return Layout(task, seed, self.wider if rounds % 2 else 0.0, other, fixtures)


def generate_libero(out: Path | str, episodes: int, recipe: Demonstrations, workers: int = 1) -> dict:
    """Bring the dataset at ``out`` to ``episodes`` verified demonstrations; continue where an earlier call was stopped.

    Returns what the engine's ``generate`` does, with ``nearest``: the least and the median distance (metres) of a
    layout to the most similar initial state of the benchmark.

    Raises SightlineError on impossible arguments, where LIBERO is not installed, or for a dataset made otherwise.
    """
    check_arguments(recipe, episodes, workers, "local")
    env = LiberoEnv(recipe.suite)
    result = bring(Path(out), episodes, recipe, env.card, demonstrate, workers)
    starts = [meta.start for meta in load_dataset(out).episodes[:episodes]]
    found = {}
    for name, some in (
        ("as given", [s for s in starts if not s["wider"]]),
        ("wider", [s for s in starts if s["wider"]]),
    ):
        if some:
            apart = [start["nearest"] for start in some]
            found[name] = {"episodes": len(some), "least": min(apart), "median": float(np.median(apart))}
    rows = [
        [name, *(1000 * told[key] if key != "episodes" else told[key] for key in told)] for name, told in found.items()
    ]
    console.table("Distance to the most similar test layout", ["regions", "episodes", "least, mm", "median, mm"], rows)
    return result | {"nearest": found}


def demonstrate(recipe: Demonstrations, candidate: int) -> list[Episode]:
    """The demonstration of candidate number ``candidate``; one without frames, and a reason, where there is none."""
    env, layout = _world(recipe.suite), recipe.layout(candidate)
    rng = np.random.default_rng([recipe.seed, candidate, 1])
    try:
        nearest = env.arrange(layout)
    except NoRoom:
        return [Episode(recipe.seed, None, [], False, "no room", candidate)]
    attempt = Attempt(env, rng)
    start = {"suite": recipe.suite, **asdict(layout), "nearest": nearest}
    if attempt.failure:
        return [Episode(recipe.seed, None, [], False, attempt.failure, candidate, start)]
    return [Episode(recipe.seed, attempt.task, attempt.frames(recipe.pictures_every), True, "", candidate, start)]


class Attempt:
    """One rollout of the disturbed expert in the present episode of ``env``, without pictures.

    Attributes:
        failure: why it is of no use; "" where it succeeded and stayed so.
        task: what it is about.
    """

    def __init__(self, env: LiberoEnv, rng: np.random.Generator | None) -> None:
        self.env, self.expert = env, env.expert()
        labeller = Labeller(self.expert.scene, env.base, self.expert.steps)
        self.labeller, self.task = labeller, labeller.task(self.expert.steps, env.instruction)
        self._moments: list[Frame] = []
        self._states: list[Array] = []
        self._steps: list[Step] = []  # that each moment belongs to
        disturbance = None if rng is None else Disturbance(self.expert, rng, PACE)
        self.failure = self._run(disturbance)
        self._look_ahead()

    def _run(self, disturbance: Disturbance | None) -> str:
        """Until the goals hold and the hand has let go and left: what is done while it still holds on may not stay."""
        reached, failure = False, ""
        for step in range(self.env.limit):
            action = self.expert.act()
            assert self.expert.skill is not None and self.expert.arm is not None
            scene = self.labeller.now(self.expert.arm, self.expert.skill)
            done = action if disturbance is None else disturbance.apply(step, action, scene)
            self._note(scene, action, done)
            info = self.env.advance(done)
            reached, failure = reached or info["is_success"], str(info["failure"])
            if info["is_success"] and self.expert.skill.over:
                break
        if not reached:
            return failure
        return "" if self.env.hold()["is_success"] else "did not stay"

    def _note(self, scene: SceneState, action: Any, done: Any) -> None:
        skill = self.expert.skill
        assert skill is not None
        place = skill.place()
        self._states.append(self.env.truth()["state"])
        self._steps.append(skill.step)
        self._moments.append(
            Frame(
                scene=scene,
                views={},
                state=self.env.state(),
                action=action,
                subtask=skill.phase,
                place=np.full(3, np.nan) if place is None else place - self.env.base,
                executed=done,
                doing=self.labeller.doing(skill.step) if len(self.expert.steps) > 1 else None,
            )
        )

    def _look_ahead(self) -> None:
        """Where a thing will be let go is known once it has been taken: tell it to the moments before."""
        for step in range(len(self._moments) - 2, -1, -1):
            this, after = self._moments[step], self._moments[step + 1]
            if self._steps[step] == self._steps[step + 1] and this.place is not None and after.place is not None:
                this.place = np.where(np.isnan(this.place), after.place, this.place)

    def frames(self, every: int = 1) -> list[Frame]:
        """The moments with pictures, masks and boxes, drawn at each ``every``-th; the environment is left there."""
        last = self._moments[0]
        for step, (state, frame) in enumerate(zip(self._states, self._moments, strict=True)):
            frame.drawn = step % every == 0
            if frame.drawn:
                last = frame
                frame.views = {
                    name: self.labeller.view(seen, picture, camera)
                    for name, (seen, picture, camera) in self.env.looked_back(state).items()
                }
            else:
                frame.views = {
                    name: moved_along(last.views[name], camera, last.scene.positions, frame.scene.positions)
                    for name, camera in self.env.cameras_back(state).items()
                }
        return self._moments


class DemonstratedEnv(LiberoEnv):
    """As LiberoEnv, but ``seed`` i is the start of a generated dataset's i-th episode, counted from 0.

    Raises SightlineError for a dataset that was not made by ``sightline generate --suite``.
    """

    def __init__(self, root: Path | str) -> None:
        self.dataset = load_dataset(root)
        starts = [meta.start for meta in self.dataset.episodes]
        if not starts or not all(starts):
            raise SightlineError(
                f"{root} holds no demonstrations of LIBERO: make some with 'sightline generate --suite'."
            )
        super().__init__(starts[0]["suite"])
        self.limit += 100  # demonstrations may be longer than what a policy is given

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start as episode number ``seed`` did. Raises SightlineError for a number that there is not."""
        self._episode = episode_again(self.dataset, seed)
        start = self._episode.start
        self.arrange(Layout(**{key: start[key] for key in LAYOUT if key in start}))
        self._seed = seed
        return None, dict(self._info())

    def advance(self, action: NDArray[np.float32]) -> Info:
        """As LiberoEnv; success is told after the last recorded action, since the hand first lets go and leaves."""
        info = super().advance(action)
        info["is_success"] = info["is_success"] and self._steps >= self._episode.length
        return info

    def executed_actions(self) -> Array:
        """[T,7] what was done in the present episode, disturbances included."""
        return executed_actions(self._episode)


@cache
def _world(suite: str) -> LiberoEnv:
    """The one world of this process: loading another takes seconds and 2 GB."""
    env = LiberoEnv(suite)
    atexit.register(env.close)
    return env
