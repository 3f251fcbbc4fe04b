"""Each skill's expert, judged by the engine: it succeeds, does nothing else, and is told why when it does not."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.types import Task
from sightline.engine.generation.episode import make_episode, make_episodes
from sightline.engine.generation.recipe import Recipe
from sightline.engine.generation.task_sampling import possible
from sightline.engine.robots import ROBOTS
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.simulation.success import Judge
from sightline.engine.worlds.contents import numbered_world
from sightline.engine.worlds.furnished_placement import sample_furnished
from sightline.engine.worlds.spec import WorldSpec
from sightline.tasks.goals import holds
from sightline.tasks.kinds import SKILL_TASKS, drawn_tasks
from sightline.tasks.parts import opening
from sightline.tasks.skills import PRESSED, SKILLS

STILL = np.array([0, 0, 0, 0, 0, 0, 1.0])


def demonstrations(tasks: str, robot: str, count: int) -> list:
    made = [make_episode(Recipe(21, robot=robot, tasks=tasks), candidate, render=False) for candidate in range(count)]
    return [episode for episode in made if episode.failure != "no task"]


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("tasks", SKILL_TASKS)
def test_experts_succeed_under_noise(tasks: str, robot: str) -> None:
    episodes = demonstrations(tasks, robot, 8)
    assert sum(episode.success for episode in episodes) >= 0.7 * len(episodes) >= 4
    for episode in episodes:
        assert episode.task.relation in SKILL_TASKS[tasks]
        if not episode.success:
            continue
        first, last = episode.frames[0].scene, episode.frames[-1].scene
        assert holds(last, episode.task) and not holds(first, episode.task)
        seen, skill = [frame.subtask for frame in episode.frames], SKILLS[episode.task.relation]
        assert set(seen) <= set(skill.stages) and skill.work in seen and seen[0] == next(iter(skill.stages))


def test_an_episode_is_a_pure_function_of_its_candidate() -> None:
    recipe = Recipe(21, size=32, tasks="all", renders_per_plan=2)
    candidate = next(k for k in range(10) if drawn_tasks("all", recipe.seed, k) == "drawer")
    first = make_episodes(recipe, candidate)
    make_episodes(recipe, candidate + 1)
    again = make_episodes(recipe, candidate)
    assert len(first) == len(again) == 2 and first[0].success
    for one, other in zip(first, again, strict=True):
        assert one.task == other.task
        for a, b in zip(one.frames, other.frames, strict=True):
            np.testing.assert_array_equal(a.views["front"].image, b.views["front"].image)
    assert np.any(first[0].frames[0].views["front"].image != first[1].frames[0].views["front"].image)


def ready(tasks: str, number: int = 0) -> tuple[Simulation, list[tuple[str, int, int]]]:
    """A simulation of a furnished scene and what can be done in it."""
    world, rng = numbered_world(WorldSpec(tasks=tasks), 5, number), np.random.default_rng(number)
    simulation = Simulation(world)
    simulation.reset(sample_furnished(world, rng), rng)
    return simulation, possible(simulation.scene(), world, SKILL_TASKS[tasks])


@pytest.mark.parametrize(("tasks", "failure"), [("drawer", "handle missed"), ("button", "button missed")])
def test_doing_nothing_fails_for_the_right_reason(tasks: str, failure: str) -> None:
    simulation, options = ready(tasks)
    judge = Judge(simulation, Task(*options[0], "", "", ""))
    simulation.step(STILL)
    judge.watch()
    assert not judge.success and judge.verdict() == failure


def test_the_wrong_button_is_no_success() -> None:
    simulation, options = ready("button")
    judge = Judge(simulation, Task(*options[0], "", "", ""))
    _, other, _ = options[1]
    joints = simulation.world.mounting.joints(simulation.data)
    assert joints is not None
    joints[[options[0][1], other]] = [simulation.world.objects[k].travel for k in (options[0][1], other)]
    simulation.world.mounting.set_joints(simulation.data, joints)
    judge.watch()
    assert opening(simulation.scene(), other) > PRESSED
    assert not judge.success and judge.failure() == "wrong button moved"
