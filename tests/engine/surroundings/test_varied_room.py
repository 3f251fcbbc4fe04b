"""Worlds of collection full: built, dressed in place, rendered with labels as exact as the starter's."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.simulation import randomization
from sightline.engine.simulation.renderer import Renderer
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.surroundings import backdrops, furniture, lighting, textures
from sightline.engine.surroundings.base import Look
from sightline.engine.surroundings.starter_room import plain_look
from sightline.engine.worlds import placement
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World

CUBES = tuple(starter.model("brick", colour, "large") for colour in ("red", "green", "blue", "white", "black"))


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(3, WorldSpec(collection="full"))


def dressed(world: World, seed: int, split: str = "train") -> Look:
    """A random look of collection full, applied."""
    drawn = randomization.sample_look(np.random.default_rng(seed), split, "full")
    randomization.apply_look(world, drawn)
    return drawn


def test_a_full_world_is_a_pure_function_of_its_arguments(world: World) -> None:
    again, other = build_world(3, WorldSpec(collection="full")), build_world(4, WorldSpec(collection="full"))
    for field in ("mesh_vert", "mesh_texcoord", "tex_data", "geom_pos", "mat_texid", "light_pos"):
        assert np.array_equal(getattr(again.model, field), getattr(world.model, field)), field
    assert again.surroundings.wardrobe == world.surroundings.wardrobe
    assert other.surroundings.wardrobe != world.surroundings.wardrobe


@pytest.mark.parametrize("split", ["train", "unseen", "novel"])
def test_worlds_and_looks_use_what_their_split_may(split: str) -> None:
    for seed in range(4):
        made = World.of(CUBES[:1], seed, WorldSpec(split=split, collection="full")).surroundings
        assert made.surface in furniture.surfaces(split) and made.backdrop in backdrops.backdrops(split)
        for slot in ("top", "floor", "wall"):
            assert all(entry in textures.textures(split) for entry in made.wardrobe[slot])
        drawn = randomization.sample_look(np.random.default_rng(seed), split, "full")
        assert drawn.dressing.light in lighting.lights(split)


def test_dressing_depends_on_the_look_alone_and_changes_no_physics(world: World) -> None:
    fields = ("mat_rgba", "mat_texid", "mat_texrepeat", "light_dir", "light_diffuse", "light_active", "light_pos")
    dressed(world, 1)
    first = {name: getattr(world.model, name).copy() for name in fields}
    ambient, sensor = world.model.vis.headlight.ambient.copy(), world.sensor
    dressed(world, 2)
    assert any(not np.array_equal(first[name], getattr(world.model, name)) for name in fields)
    dressed(world, 1)
    assert all(np.array_equal(first[name], getattr(world.model, name)) for name in fields)
    assert np.array_equal(ambient, world.model.vis.headlight.ambient) and world.sensor == sensor
    room = [i for i in range(world.model.ngeom) if world.model.geom(i).name.startswith("room_")]
    assert room and not world.model.geom_contype[room].any() and not world.model.geom_conaffinity[room].any()


def test_a_scene_plays_out_as_in_the_starter() -> None:
    """The surroundings carry no weight: the same layout comes to rest at the same place."""
    models, ends = build_world(21).models, []
    for collection in ("starter", "full"):
        world = World.of(models, 21, WorldSpec(collection=collection))
        data = mujoco.MjData(world.model)
        settled = placement.settle(world, data, placement.sample_layout(world, np.random.default_rng(5)))
        assert settled is not None
        ends.append(settled.poses)
    assert np.allclose(*ends, atol=1e-9)


def test_things_fall_where_the_table_ends(world: World) -> None:
    outline = world.surroundings.support.outline
    middle = outline.mean(0)
    assert world.on_table(middle + 0.98 * (outline - middle)).all()
    assert not world.on_table(middle + 1.02 * (outline - middle)).any()
    simulation = Simulation(world)
    simulation.reset(placement.sample_layout(world, np.random.default_rng(0)), np.random.default_rng(0))
    assert not simulation.fallen()
    index = int(np.flatnonzero(world.present)[0])
    world.put(simulation.data, index, np.array([*(middle + 1.05 * (outline[0] - middle)), 0.0]), 0.0)
    mujoco.mj_forward(world.model, simulation.data)
    assert simulation.fallen()


def test_look_and_world_must_be_of_one_collection(world: World) -> None:
    starter = World.of(CUBES[:1])
    with pytest.raises(SightlineError, match="different collections"):
        randomization.apply_look(starter, randomization.sample_look(np.random.default_rng(0), collection="full"))
    with pytest.raises(SightlineError, match="different collections"):
        randomization.apply_look(world, plain_look())
    with pytest.raises(SightlineError, match="did you mean 'full'"):
        build_world(0, WorldSpec(collection="ful"))
    with pytest.raises(SightlineError, match="Unknown collection"):
        randomization.sample_look(np.random.default_rng(0), collection="paper")
    with pytest.raises(SightlineError, match="Unknown split"):
        randomization.sample_look(np.random.default_rng(0), "trian", "full")


def test_named_colours_look_their_name_in_every_kind_of_light() -> None:
    """One lighting of every family, on random surfaces, through random sensors: the order of channels holds."""
    families = tuple(lighting.FAMILIES)
    for number in range(3):
        cubes = World.of(CUBES, number, WorldSpec(collection="full"))
        with Renderer(cubes, 160) as renderer:
            data = cubes.new_data()
            cubes.show(np.ones(5, bool))
            for index in range(5):
                cubes.put(data, index, np.array([0.5, 0.1 * index - 0.2, 0.0]), 0.5)
            mujoco.mj_forward(cubes.model, data)
            for index, family in enumerate(families[number::3]):
                drawn = randomization.sample_look(np.random.default_rng([number, index]), "train", "full")
                lit = dataclasses.replace(
                    drawn, dressing=dataclasses.replace(drawn.dressing, light=lighting.light(family, 1))
                )
                randomization.apply_look(cubes, lit)
                view = renderer.view(data, "front")
                red, green, blue, white, black = (np.median(view.image[view.ids == i + 1], 0) for i in range(5))
                assert red[0] > 1.8 * red[1:].max() and green[1] > 1.25 * green[[0, 2]].max(), family
                assert blue[2] > 1.25 * blue[:2].max(), family
                assert white.min() > 75 and white.min() > 0.55 * white.max() and black.max() < 100, family


def test_pictures_are_deterministic_whatever_was_drawn_before(world: World) -> None:
    layout = placement.sample_scene(world, np.random.default_rng(1))
    data = world.new_data()
    placement.apply_layout(world, data, layout)
    mujoco.mj_forward(world.model, data)
    shadows = [seed for seed in range(30) if casts(seed)][:2] + [seed for seed in range(30) if not casts(seed)][:1]
    with Renderer(world, 96) as renderer:
        pictures = []
        for seed in (*shadows, *shadows):
            dressed(world, seed)
            pictures.append(renderer.picture(data, "front"))
        ids = renderer.view(data, "front").ids
    assert all(np.array_equal(pictures[k], pictures[k + 3]) for k in range(3))
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 3
    dressed(world, shadows[2])
    with Renderer(world, 96) as fresh:
        assert np.array_equal(fresh.picture(data, "front"), pictures[2])
        assert np.array_equal(fresh.view(data, "front").ids, ids), "shadows are no part of the instance map"


def casts(seed: int) -> bool:
    """Whether the look of this seed has a lamp that casts shadows."""
    drawn = randomization.sample_look(np.random.default_rng(seed), "train", "full")
    return any(lamp.shadow for lamp in drawn.dressing.light.build().lamps)


def test_true_shadows_darken_the_table_beside_things() -> None:
    box = World.of((starter.model("brick", "white", "large"),), 5, WorldSpec(collection="full"))
    box.show(np.ones(1, bool))
    data = box.new_data()
    box.put(data, 0, np.array([0.55, 0.0, 0.0]), 0.0)
    mujoco.mj_forward(box.model, data)
    randomization.apply_look(box, next(drawn for seed in range(99) if (drawn := low_sun(seed))))
    box.sensor = None
    with Renderer(box, 224) as renderer:
        lit = box.model.light_castshadow.copy()
        shaded = renderer.picture(data, "front").astype(int)
        box.model.light_castshadow[:] = 0
        renderer._add_shadows = lambda data: None  # type: ignore[method-assign]
        bare = renderer.picture(data, "front").astype(int)
        view = renderer.view(data, "front")
    assert lit.any()
    darker = (bare - shaded).max(-1) > 25
    assert 40 < darker.sum() < 20000 and not (shaded - bare > 25).any()
    assert (darker & (view.ids == 0)).sum() > 30


def low_sun(seed: int) -> Look | None:
    drawn = randomization.sample_look(np.random.default_rng(seed), "train", "full")
    return drawn if drawn.dressing.light.family == "low sun" else None
