"""Mishaps change what is carried out, never the label, and the expert gets over them."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.expert import perturbation
from sightline.engine.expert.perturbation import SLIP_LENGTH, Disturbance
from sightline.engine.expert.pick_place import Expert
from sightline.engine.generation.episode import make_episode
from sightline.engine.generation.recipe import Recipe
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.placement import sample_scene
from sightline.language.instructions import sample_task


@pytest.fixture(scope="module")
def expert() -> Expert:
    world, rng = build_world(3), np.random.default_rng(1)
    simulation = Simulation(world)
    simulation.reset(sample_scene(world, rng), rng)
    return Expert(simulation, sample_task(simulation.scene(), rng))


@pytest.mark.parametrize("gripper", [1.0, -1.0])
def test_a_slip_turns_the_gripper_once_for_a_few_steps(expert: Expert, gripper: float) -> None:
    mishaps = Disturbance(expert, np.random.default_rng(0))
    mishaps.push, mishaps.slip_at = 0.0, 3
    action, scene = expert.act(), expert.simulation.scene()
    action[6] = gripper
    done = [mishaps.apply(step, action, scene) for step in range(12)]
    assert [step for step, after in enumerate(done) if after[6] != gripper] == list(range(3, 3 + SLIP_LENGTH))
    assert all(np.array_equal(after[:6], action[:6]) for after in done)
    assert action[6] == gripper


def test_the_expert_gets_over_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation, "SLIPPERY_EPISODES", 1.0)
    made = [make_episode(Recipe(14), candidate, render=False) for candidate in range(16)]
    kept = [episode.frames for episode in made if episode.success]
    assert len(kept) >= 13
    told = [np.array([frame.action[6] for frame in frames])[:-1] for frames in kept]
    # The command that the robot last got is its state's last number: one step after the action.
    obeyed = [np.array([frame.state[-1] for frame in frames])[1:] for frames in kept]
    dropped = sum(bool(((a < 0) & (b > 0)).any()) for a, b in zip(told, obeyed, strict=True))
    snapped = sum(bool(((a > 0) & (b < 0)).any()) for a, b in zip(told, obeyed, strict=True))
    assert dropped >= 3 and snapped >= 3
