"""Worlds: pure functions of their seed, with a cast worth speaking of, and truth read from live poses."""

from __future__ import annotations

from collections import Counter

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.core.errors import SightlineError
from sightline.core.geometry import rotation_z
from sightline.engine import assets
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.assets.starter.catalogue import HELD_OUT, NOVEL
from sightline.engine.worlds import objects
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(11)


def test_a_world_is_a_pure_function_of_seed_and_split(world: World) -> None:
    again, other, unseen = build_world(11), build_world(12), build_world(11, WorldSpec(split="seen"))
    assert [model.name for model in again.models] == [model.name for model in world.models]
    for field in ("qpos0", "geom_pos", "geom_size", "geom_rgba", "mesh_vert", "tex_data", "body_mass", "body_inertia"):
        assert np.array_equal(getattr(again.model, field), getattr(world.model, field)), field
    assert [model.name for model in other.models] != [model.name for model in world.models]
    assert [model.name for model in unseen.models] != [model.name for model in world.models]


@pytest.mark.parametrize("split", assets.SPLITS)
def test_every_cast_makes_references_interesting(split: str) -> None:
    held_out = novel = 0
    for seed in range(40):
        models = objects.choose(np.random.default_rng(seed), split)
        items = [model for model in models if model.role == "item"]
        roles = Counter(model.role for model in models)
        assert 10 <= len(models) <= 12
        assert roles["container"] >= 2 and roles["surface"] >= 1
        assert len({(model.kind, model.colour, model.size) for model in models}) == len(models)
        assert max(Counter(model.kind for model in items).values()) >= 2
        assert max(Counter(model.colour for model in items if model.colour).values()) >= 2
        pairs: dict[tuple[str, str], set[str]] = {}
        for model in models:
            pairs.setdefault((model.kind, model.colour), set()).add(model.size)
        assert all(sizes == {"small", "large"} for sizes in pairs.values() if len(sizes) > 1)
        held_out += len(HELD_OUT & pairs.keys())
        kinds = {model.kind for model in items}
        novel += len(kinds & NOVEL)
        assert split != "novel" or kinds <= NOVEL
    assert (novel > 0) == (split == "novel")
    assert split == "novel" or (held_out >= 40 if split == "unseen" else held_out == 0)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(SightlineError, match="negative"):
        build_world(-1)
    with pytest.raises(SightlineError, match="did you mean 'train'"):
        build_world(0, WorldSpec(split="trains"))


def test_every_geom_knows_its_object(world: World) -> None:
    model = world.model
    for index, body in enumerate(world.body_ids):
        geoms = np.flatnonzero(world.geom_object == index)
        assert len(geoms) and np.all(model.geom_bodyid[geoms] == body)
        assert model.body_mass[body] == pytest.approx(world.models[index].mass)
        assert set(world.visual_geoms[index]) < set(geoms)
    assert np.all(world.geom_object[model.geom_bodyid == 0] == -1)


def test_absent_objects_cost_nothing_and_stay_where_they_are(world: World) -> None:
    data = world.new_data()
    world.show(np.zeros(len(world.models), bool))
    world.reset(data)
    before = data.qpos.copy()
    mujoco.mj_step(world.model, data, 200)
    for start in world.qpos_adr:
        assert np.allclose(data.qpos[start : start + 7], before[start : start + 7], atol=1e-9)
    touching = {int(geom) for pair in data.contact.geom for geom in pair}
    assert not any(world.geom_object[geom] >= 0 for geom in touching)
    assert not np.any(np.isin(world.model.geom_group[world.geom_object >= 0], (0, 1, 2)))


def test_the_arm_waits_at_home(world: World) -> None:
    data = world.new_data()
    mujoco.mj_step(world.model, data, 100)
    mujoco.mj_forward(world.model, data)
    state = world.scene_state(data)
    assert np.allclose(state.tool, [0.45, 0.0, 0.25], atol=0.005)
    assert abs(state.tool_yaw) < 0.01
    assert state.gripper_width == pytest.approx(0.08, abs=0.002)


@settings(max_examples=15)
@given(st.floats(0.3, 0.7), st.floats(-0.3, 0.3), st.floats(0, 0.3), st.floats(-3.1, 3.1), st.integers(0, 9))
def test_scene_state_follows_the_bodies(x: float, y: float, z: float, yaw: float, index: int) -> None:
    world = _shared()
    data = mujoco.MjData(world.model)
    world.reset(data)
    world.put(data, index, np.array([x, y, z]), yaw)
    mujoco.mj_forward(world.model, data)
    state, entry = world.scene_state(data), world.models[index]
    assert np.allclose(state.positions[index], [x, y, z + entry.height / 2])
    assert np.isclose(np.cos(state.yaws[index] - yaw), 1.0)
    if entry.grasp is None:
        return
    assert np.allclose(state.grasp_points[index], [x, y, z] + rotation_z(yaw) @ entry.grasp.point)
    assert 0 <= state.grasp_yaws[index] < np.pi + 1e-9
    if entry.grasp.yaw is None:
        assert state.grasp_yaws[index] == np.pi / 2
    else:
        period = np.pi / 2 if entry.grasp.square else np.pi
        off = (state.grasp_yaws[index] - yaw - entry.grasp.yaw) / period
        assert np.isclose(off, np.round(off), atol=1e-9)


_worlds: dict[int, World] = {}


def _shared() -> World:
    return _worlds.setdefault(0, build_world(11))


CONTAINERS = [kind for kind in starter.kinds() if starter.role(kind) == "container"]


@pytest.mark.parametrize("kind", CONTAINERS)
def test_things_dropped_into_a_container_stay_inside(kind: str) -> None:
    container = starter.build(starter.variants(kind, "train")[0])
    things = tuple(starter.model(k, c, "small") for k, c in (("cube", "red"), ("ball", "blue"), ("banana", "yellow")))
    for thing in things:
        world = World.of((container, thing))
        data = world.new_data()
        world.show(np.ones(2, bool))
        world.put(data, 0, np.array([0.55, 0.0, 0.001]), 0.3)
        middle = np.array([0.55, 0.0]) + rotation_z(0.3)[:2, :2] @ _room_centre(container)
        world.put(data, 1, np.array([*middle, 0.06]), 0.0)
        mujoco.mj_step(world.model, data, 400)
        mujoco.mj_forward(world.model, data)
        state = world.scene_state(data)
        assert np.linalg.norm(state.positions[1, :2] - middle) < min(container.inner) / 2
        assert 0 < state.positions[1, 2] - thing.height / 2 < 0.02, "it lies on the floor of the container"
        assert np.linalg.norm(state.positions[0, :2] - [0.55, 0.0]) < 0.01


def _room_centre(container: assets.ObjectModel) -> np.ndarray:
    """[2] middle of the round wall in the object frame: a pan's handle pushes it off the middle of its box."""
    wall = [collider.pos for collider in container.shape.colliders if collider.shape == "cylinder"]
    return np.array(wall[0][:2]) if wall else np.zeros(2)
