"""One seed, one episode: world, scene, task, expert under noise, verification, pictures.

Everything is a pure function of (seed, candidate). Every candidate has a world of its own: a planner that meets few
combinations of kind, colour and size learns those by heart (docs/log.md). Physics runs first; pictures are made from
stored snapshots, so an attempt that fails costs no rendering.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.geometry import Array
from sightline.core.types import ACTION_NAMES, STATE_NAMES, Episode, Frame, SceneState, Task, View
from sightline.engine.expert.choose import expert_for
from sightline.engine.expert.perturbation import Disturbance
from sightline.engine.generation.recipe import Recipe
from sightline.engine.generation.scenario import Scenario, build_scenario, lay_out, set_scene
from sightline.engine.generation.task_sampling import sample_world_task
from sightline.engine.robots import DEFAULT
from sightline.engine.robots import robot as find_robot
from sightline.engine.simulation.randomization import Look, apply_look, sample_look
from sightline.engine.simulation.simulation import CONTROL_HZ, Simulation, Snapshot
from sightline.engine.simulation.success import Judge
from sightline.engine.worlds.crowds import crowded_world, sample_crowd
from sightline.engine.worlds.placement import Layout, sample_layout
from sightline.engine.worlds.world import World
from sightline.tasks.goals import endings, place_point
from sightline.tasks.kinds import PLACE

CAMERAS = ("front", "wrist")
LONGEST = 60  # actions of a demonstration
# Of each kind of slide show: its pictures, and how things lie in them.
SLIDES: dict[str, tuple[int, Callable[[World, np.random.Generator], Layout]]] = {
    "scenes": (16, partial(lay_out, scatter=sample_layout)),
    "crowds": (12, sample_crowd),
}
HELD_SCENES = 0.3  # share of the slide show's pictures in which the gripper holds something


def card(robot: str = DEFAULT, size: int = 224) -> Card:
    """The interface card of the simulated robot of that name with square pictures of ``size`` pixels.

    Raises SightlineError for an unknown robot.
    """
    chosen = find_robot(robot)
    return Card(
        robot=chosen.name,
        cameras=CAMERAS,
        image_size=(size, size),
        state_names=STATE_NAMES,
        action_names=ACTION_NAMES,
        gripper=chosen.gripper.meaning,
        control_hz=CONTROL_HZ,
    )


@dataclass
class Attempt:
    """A rollout without pictures: one entry a step in each list."""

    task: Task | None = None
    snapshots: list[Snapshot] = field(default_factory=list)
    scenes: list[SceneState] = field(default_factory=list)
    states: list[NDArray[np.float32]] = field(default_factory=list)
    actions: list[NDArray[np.float32]] = field(default_factory=list)
    subtasks: list[str] = field(default_factory=list)
    places: list[Array] = field(default_factory=list)
    failure: str = ""
    retries: int = 0


def make_episode(
    recipe: Recipe, candidate: int, render: bool = True, noise: bool = True, cameras: Sequence[str] = CAMERAS
) -> Episode:
    """The first of :func:`make_episodes`; without ``render``, its frames have no views."""
    return make_episodes(recipe, candidate, cameras if render else (), noise)[0]


def make_episodes(
    recipe: Recipe, candidate: int, cameras: Sequence[str] = CAMERAS, noise: bool = True
) -> list[Episode]:
    """What candidate number ``candidate`` of the dataset with that recipe becomes.

    Args:
        cameras: which views to render.
        noise: whether the expert is disturbed (the recorded action is its clean answer).

    Returns:
        One expert rollout, seen ``renders_per_plan`` times with other lights, textures and camera poses; or a slide
        show of unrelated scenes. A failed rollout comes once, without frames, and says why in ``failure``.

    Raises:
        SightlineError: a recipe that nothing can be made of.
    """
    recipe.check()
    seed, rng = recipe.seed, np.random.default_rng([recipe.seed, candidate])
    scenario = _scenario(recipe, candidate)
    pictures = _Pictures(scenario, recipe, cameras)
    if recipe.kind != "episodes":
        slides = _slide_show(scenario, pictures, rng, *SLIDES[recipe.kind])
        return [Episode(seed, None, slides, True, candidate=candidate)]
    set_scene(scenario, rng)
    sources = [rng, *(np.random.default_rng([seed, candidate, k]) for k in range(1, recipe.renders_per_plan))]
    looks = [sample_look(source, recipe.split, recipe.collection) for source in sources]
    attempt = attempt_task(scenario.simulation, rng, noise, scenario.world.spec.tasks)
    if attempt.failure:
        return [Episode(seed, attempt.task, [], False, attempt.failure, candidate)]
    return [
        Episode(seed, attempt.task, _frames(scenario, attempt, pictures, look), True, "", candidate) for look in looks
    ]


def attempt_task(simulation: Simulation, rng: np.random.Generator, noise: bool, tasks: str = PLACE) -> Attempt:
    """Let the expert try a random task of the present scene; physics only.

    Args:
        tasks: ``place``, or one of tasks.kinds.SKILL_TASKS.
    """
    task = sample_world_task(simulation.scene(), simulation.world, rng, tasks)
    return Attempt(failure="no task") if task is None else perform(simulation, task, rng if noise else None)


def perform(simulation: Simulation, task: Task, mishaps: np.random.Generator | None = None) -> Attempt:
    """Let the expert do ``task`` in the present scene, pushed and slipping as ``mishaps`` (if any) draws it."""
    attempt, expert, judge = Attempt(task), expert_for(simulation, task), Judge(simulation, task)
    disturbance = Disturbance(expert, mishaps) if mishaps is not None else None
    for step in range(LONGEST):
        action = expert.act()
        scene = simulation.scene()
        attempt.snapshots.append(simulation.snapshot())
        attempt.scenes.append(scene)
        attempt.states.append(simulation.state())
        attempt.actions.append(action)
        attempt.subtasks.append(expert.subtask)
        attempt.places.append(place_point(scene, task))
        simulation.step(action if disturbance is None else disturbance.apply(step, action, scene))
        judge.watch()
        if judge.success or judge.fallen:
            break
    attempt.failure, attempt.retries = judge.verdict(), expert.retries
    if not attempt.failure and expert.subtask not in endings(task):
        attempt.failure = "done by accident"  # a slip dropped it where it belongs: nothing to learn from
    return attempt


# --- pictures ----------------------------------------------------------------------------------------------------


_scenarios: dict[Recipe, tuple[int, Scenario]] = {}  # at most one: the last world's number and scenario


def _scenario(recipe: Recipe, number: int) -> Scenario:
    """World ``number`` of the dataset with that recipe, built unless it is the last one used."""
    last, scenario = _scenarios.get(recipe, (-1, None))
    if scenario is None or last != number:
        for _, old in _scenarios.values():
            old.close()
        _scenarios.clear()
        crowded = crowded_world(recipe, recipe.seed, number) if recipe.kind == "crowds" else None
        scenario = build_scenario(recipe, recipe.seed, number) if crowded is None else Scenario.of(crowded)
        _scenarios[recipe] = number, scenario
    return scenario


class _Pictures:
    """Takes the wanted views of the scenario as it is; none when ``cameras`` is empty."""

    def __init__(self, scenario: Scenario, recipe: Recipe, cameras: Sequence[str]) -> None:
        self.scenario, self.cameras, self.depth = scenario, tuple(cameras), recipe.depth
        self.renderer = scenario.renderer(recipe.size) if self.cameras else None

    def take(self) -> dict[str, View]:
        """camera -> view of the present moment."""
        if self.renderer is None:
            return {}
        data = self.scenario.simulation.data
        return {camera: self.renderer.view(data, camera, self.depth) for camera in self.cameras}


def _frames(scenario: Scenario, attempt: Attempt, pictures: _Pictures, look: Look) -> list[Frame]:
    """The attempt's steps with pictures, rendered from its snapshots."""
    apply_look(scenario.world, look)
    frames = []
    for step, snapshot in enumerate(attempt.snapshots):
        if pictures.cameras:
            scenario.simulation.restore(snapshot)
        frames.append(
            Frame(
                scene=attempt.scenes[step],
                views=pictures.take(),
                state=attempt.states[step],
                action=attempt.actions[step],
                subtask=attempt.subtasks[step],
                place=attempt.places[step],
            )
        )
    return frames


def _slide_show(
    scenario: Scenario,
    pictures: _Pictures,
    rng: np.random.Generator,
    count: int,
    layout: Callable[[World, np.random.Generator], Layout],
) -> list[Frame]:
    """Scenes of one world, each with its own layout, look and pose of the arm; sometimes something is held."""
    simulation, frames = scenario.simulation, []
    for _ in range(count):
        simulation.reset(layout(scenario.world, rng), rng)
        simulation.pose_freely(rng, hold=rng.random() < HELD_SCENES)
        apply_look(scenario.world, sample_look(rng, scenario.world.spec.split, scenario.world.spec.collection))
        still = np.array([0, 0, 0, 0, 0, 0, simulation.command.gripper], np.float32)
        frames.append(Frame(simulation.scene(), pictures.take(), simulation.state(), still))
    return frames
