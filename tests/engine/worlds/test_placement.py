"""Scenes: at rest, without overlap, worth talking about, and the same for the same generator."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.worlds import placement
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(21)


def test_a_scene_is_a_pure_function_of_the_generator(world: World) -> None:
    first = placement.sample_scene(world, np.random.default_rng(5))
    again = placement.sample_scene(build_world(21), np.random.default_rng(5))
    assert np.array_equal(first.present, again.present) and np.array_equal(first.poses, again.poses)
    other = placement.sample_scene(world, np.random.default_rng(6))
    assert not np.array_equal(first.poses, other.poses)


def test_scenes_hold_what_they_should() -> None:
    for seed in range(8):
        world = build_world(seed)
        for draw in range(5):
            layout = placement.sample_layout(world, np.random.default_rng(draw))
            here = np.flatnonzero(layout.present)
            roles = [world.objects[i].role for i in here]
            assert 4 <= len(here) <= 7
            assert roles.count("item") >= 2 and len(here) - roles.count("item") >= 1
            low, high = placement.OBJECT_AREA
            places = layout.poses[here, :2]
            assert np.all(places >= low) and np.all(places <= high)
            radii = np.array([world.objects[i].radius for i in here])
            apart = np.linalg.norm(places[:, None] - places, axis=-1) - radii - radii[:, None] + np.eye(len(here))
            assert apart.min() > 0.01
            items = np.array([role == "item" for role in roles])
            assert (apart + np.eye(len(here)))[items].min() > 0.02


def test_one_thing_can_be_sent_outside_of_the_usual_spread(world: World) -> None:
    wide = placement.Spread(((0.33, -0.29), (0.69, 0.29)), reach=0.71)
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        present = placement.choose_present(world, rng)
        item = next(int(i) for i in np.flatnonzero(present) if world.objects[i].role == "item")
        places = placement.scatter(world, present, 0.025, rng, wide, item)
        if places is None:
            continue
        found += 1
        assert not placement.USUAL.holds(places[item]) and wide.holds(places[present]).all()
        assert np.isnan(places[~present]).all()
    assert found >= 15


def test_most_scenes_have_a_look_alike() -> None:
    alike = 0
    for seed in range(20):
        world = build_world(seed)
        layout = placement.sample_layout(world, np.random.default_rng(seed))
        items = [world.objects[i] for i in np.flatnonzero(layout.present) if world.objects[i].role == "item"]
        kinds, colours = [info.kind for info in items], [info.colour for info in items if info.colour]
        alike += len(set(kinds)) < len(kinds) or len(set(colours)) < len(colours)
    assert alike >= 14


def test_a_settled_scene_is_at_rest_and_comes_back_the_same(world: World) -> None:
    layout = placement.sample_scene(world, np.random.default_rng(3))
    data = world.new_data()
    for _ in range(2):
        placement.apply_layout(world, data, layout)
        mujoco.mj_forward(world.model, data)
        before = world.scene_state(data)
        assert np.array_equal(before.present, layout.present)
        mujoco.mj_step(world.model, data, 200)
        mujoco.mj_forward(world.model, data)
        after = world.scene_state(data)
        here = layout.present
        assert np.abs(after.positions[here] - before.positions[here]).max() < 1e-3
        assert np.all(world.uprightness(data)[here] > 0.995)
        assert not np.any(after.positions[~here, 2] > -1), "absent objects are far away"


def test_fingers_need_not_turn_far(world: World) -> None:
    for draw in range(10):
        layout = placement.sample_scene(world, np.random.default_rng(draw))
        data = world.new_data()
        placement.apply_layout(world, data, layout)
        mujoco.mj_forward(world.model, data)
        state = world.scene_state(data)
        items = layout.present & np.array([info.role == "item" for info in world.objects])
        assert np.abs(state.grasp_yaws[items] - np.pi / 2).max() < placement.ITEM_TURN + 0.02


def test_what_falls_is_rejected() -> None:
    bottle = starter.model("bottle", "red", "large")
    world = World.of((bottle,))
    layout = placement.sample_layout(world, np.random.default_rng(0))
    tilted = layout.poses.copy()
    tilted[0, 2], tilted[0, 3:] = 0.05, [np.cos(0.4), np.sin(0.4), 0.0, 0.0]
    assert placement.settle(world, world.new_data(), layout) is not None
    assert placement.settle(world, world.new_data(), placement.Layout(layout.present, tilted)) is None


def test_a_crowded_world_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    models = tuple(starter.model("book", colour, "large") for colour in ("red", "blue"))
    world = World.of((*models, *(starter.model("cube", "red", size) for size in ("small", "large"))))
    monkeypatch.setattr(placement, "USUAL", placement.Spread(((0.4, -0.05), (0.45, 0.05)), placement.REACH))
    with pytest.raises(SightlineError, match="do not fit"):
        placement.sample_layout(world, np.random.default_rng(0))
