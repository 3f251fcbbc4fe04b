"""Tasks of skills: possible, and in words that a listener understands in one way."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.expert.drawer import LEAST_OPEN, MOST_OPEN
from sightline.engine.generation.task_sampling import possible, sample_skill_task
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.contents import numbered_world
from sightline.engine.worlds.furnished_placement import sample_furnished
from sightline.engine.worlds.placement import sample_scene
from sightline.engine.worlds.spec import WorldSpec
from sightline.language.paraphrases import PHRASINGS, wording
from sightline.language.parsing import Meaning, meanings
from sightline.language.referring import instruct
from sightline.tasks.goals import holds
from sightline.tasks.kinds import SKILL_TASKS
from sightline.tasks.parts import opening
from sightline.tasks.skills import CLOSED


def scenes(tasks: str, count: int = 6):
    for number in range(count):
        world, rng = numbered_world(WorldSpec(tasks=tasks), 13, number), np.random.default_rng(number)
        simulation = Simulation(world)
        layout = sample_furnished(world, rng) if world.mounting.fixtures else sample_scene(world, rng)
        simulation.reset(layout, rng)
        yield world, simulation.scene(), rng


@pytest.mark.parametrize("tasks", SKILL_TASKS)
def test_every_instruction_has_exactly_one_meaning(tasks: str) -> None:
    said = 0
    for world, scene, rng in scenes(tasks):
        for _ in range(5):
            task = sample_skill_task(scene, world, rng, SKILL_TASKS[tasks])
            if task is None:
                assert not possible(scene, world, SKILL_TASKS[tasks])
                break
            assert (task.relation, task.target, task.reference) in possible(scene, world, SKILL_TASKS[tasks])
            assert not holds(scene, task)
            one = {Meaning(task.relation, task.target, task.reference)}
            assert meanings(task.instruction, scene) == one
            for phrasing in PHRASINGS:
                words = wording("rich", phrasing)
                text = instruct(task.relation, task.target_phrase, task.reference_phrase, rng, words)
                assert meanings(text, scene) == one, text
            said += 1
    assert said >= 10


def test_only_one_drawer_of_a_cabinet_is_open_at_a_time() -> None:
    for world, scene, _ in scenes("drawer"):
        drawers = [index for index, info in enumerate(scene.objects) if info.role == "drawer"]
        assert sum(opening(scene, drawer) > CLOSED for drawer in drawers) <= 1
        for skill, target, reference in possible(scene, world, ("open", "close")):
            assert scene.objects[reference].kind == "cabinet"
            assert all(opening(scene, other) < CLOSED for other in drawers if other != target)
            assert opening(scene, target) > LEAST_OPEN if skill == "close" else opening(scene, target) < MOST_OPEN


def test_price_tags_are_not_built_with() -> None:
    for world, scene, _ in scenes("stack"):
        for _, target, reference in possible(scene, world, ("stack",)):
            assert not scene.objects[target].label and not scene.objects[reference].label
