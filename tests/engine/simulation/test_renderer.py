"""Pictures and labels, checked against geometry that never went through the renderer."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
import pytest
from unprojection import rays

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.engine import gl
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.generation.episode import CAMERAS
from sightline.engine.simulation import randomization
from sightline.engine.simulation import renderer as render
from sightline.engine.simulation.renderer import Renderer, boxes_of
from sightline.engine.surroundings import starter_room
from sightline.engine.worlds import placement
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.world import World

KINDS = [starter.variants(kind, "train")[-1] for kind in starter.kinds()]
ALL_KINDS = tuple(starter.build(variant) for variant in KINDS)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(31)


@pytest.fixture(scope="module")
def gallery() -> World:
    """One object of every kind; tests show them one at a time."""
    return World.of(ALL_KINDS)


def placed(world: World, seed: int) -> mujoco.MjData:
    """A random scene with a random look."""
    rng = np.random.default_rng(seed)
    layout = placement.sample_scene(world, rng)
    data = world.new_data()
    placement.apply_layout(world, data, layout)
    randomization.apply_look(world, randomization.sample_look(rng))
    mujoco.mj_forward(world.model, data)
    return data


def projected_box(world: World, data: mujoco.MjData, index: int, camera: Camera) -> np.ndarray:
    """[4] box around the projected mesh vertices of an object."""
    body = world.body_ids[index]
    points = world.models[index].shape.points() @ data.xmat[body].reshape(3, 3).T + data.xpos[body]
    pixels, _ = camera.project(points)
    return np.concatenate([pixels.min(0), pixels.max(0)])


def test_boxes_and_grasp_points_agree_with_projected_geometry(gallery: World) -> None:
    """Every kind alone on the table, in 3 places and looks: rendered box within 2 px, grasp point inside the mask."""
    rng = np.random.default_rng(0)
    worst = 0.0
    with Renderer(gallery, 224) as renderer:
        for index, entry in enumerate(gallery.models):
            gallery.show(np.arange(len(ALL_KINDS)) == index)
            for place in ((0.5, -0.1), (0.6, 0.12), (0.56, 0.02)):
                data = gallery.new_data()
                gallery.put(data, index, np.array([*place, 0.0]), rng.uniform(-3, 3))
                randomization.apply_look(gallery, randomization.sample_look(rng))
                mujoco.mj_forward(gallery.model, data)
                view = renderer.view(data, "front")
                assert set(np.unique(view.ids)) == {0, index + 1}
                apart = np.abs(view.boxes[index] - projected_box(gallery, data, index, view.camera)).max()
                worst = max(worst, float(apart))
                if entry.role == "item":
                    (u, v), _ = view.camera.project(gallery.scene_state(data).grasp_points[index])
                    assert view.ids[int(v), int(u)] == index + 1, entry.name
    assert worst <= 2.0


def test_the_wrist_camera_agrees_too(gallery: World) -> None:
    """What the wrist camera sees of a cube below the hand lies where geometry says."""
    index = [entry.kind for entry in ALL_KINDS].index("cube")
    gallery.show(np.arange(len(ALL_KINDS)) == index)
    with Renderer(gallery, 224) as renderer:
        for place in ((0.5, 0.0), (0.53, 0.03), (0.5, -0.04)):
            data = gallery.new_data()
            gallery.put(data, index, np.array([*place, 0.0]), 0.4)
            randomization.apply_look(gallery, randomization.sample_look(np.random.default_rng(1)))
            mujoco.mj_forward(gallery.model, data)
            view = renderer.view(data, "wrist")
            assert np.abs(view.boxes[index] - projected_box(gallery, data, index, view.camera)).max() <= 2.0


def test_only_present_objects_are_seen_and_stay_in_the_picture(world: World) -> None:
    with Renderer(world, 224) as renderer:
        for seed in range(6):
            data = placed(world, seed)
            view = renderer.view(data, "front")
            seen = set(np.unique(view.ids)) - {0}
            here = {int(i) + 1 for i in np.flatnonzero(world.present)}
            assert seen <= here
            pixels = np.bincount(view.ids.ravel(), minlength=256)
            assert np.array_equal(np.isfinite(view.boxes[:, 0]), pixels[1 : len(world.objects) + 1] >= 6)
            pixels, _ = view.camera.project(world.scene_state(data).positions[world.present])
            assert view.camera.inside(pixels).all()
            assert view.image.dtype == np.uint8 and view.image.shape == (224, 224, 3)
            assert 40 < view.image.mean() < 215 and view.image.std() > 8


def test_named_colours_look_their_name(gallery: World) -> None:
    """The median picture colour of plain red, green, blue, white and black cubes has the right order of channels."""
    cubes = World.of(
        tuple(starter.model("brick", colour, "large") for colour in ("red", "green", "blue", "white", "black"))
    )
    with Renderer(cubes, 224) as renderer:
        for seed in range(5):
            data = cubes.new_data()
            cubes.show(np.ones(5, bool))
            for index in range(5):
                cubes.put(data, index, np.array([0.5, 0.1 * index - 0.2, 0.0]), 0.5)
            randomization.apply_look(cubes, randomization.sample_look(np.random.default_rng(seed)))
            mujoco.mj_forward(cubes.model, data)
            view = renderer.view(data, "front")
            red, green, blue, white, black = (np.median(view.image[view.ids == i + 1], 0) for i in range(5))
            assert (
                red[0] > 2 * red[1:].max() and green[1] > 1.5 * green[[0, 2]].max() and blue[2] > 1.5 * blue[:2].max()
            )
            assert white.min() > 90 and np.ptp(white) < 50 and black.max() < 75


def test_pictures_are_deterministic_and_looks_differ(world: World) -> None:
    with Renderer(world, 96) as renderer:
        first = renderer.picture(placed(world, 3), "front")
        other = renderer.picture(placed(world, 4), "front")
        again = renderer.picture(placed(world, 3), "front")
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 3
    fresh = build_world(31)
    with Renderer(fresh, 96) as renderer:
        assert np.array_equal(first, renderer.picture(placed(fresh, 3), "front"))


def test_renderers_of_several_sizes_live_side_by_side(world: World) -> None:
    data = placed(world, 1)
    with Renderer(world, 224) as large, Renderer(world, 64) as small:
        before = large.view(data, "front")
        assert small.picture(data, "wrist").shape == (64, 64, 3)
        assert np.array_equal(large.view(data, "front").ids, before.ids)
        little = small.view(data, "front")
        seen = np.isfinite(before.boxes[:, 0]) & np.isfinite(little.boxes[:, 0])
        assert np.abs(little.boxes[seen] * 224 / 64 - before.boxes[seen]).max() < 8


def test_looks_are_pure_and_change_no_physics(world: World) -> None:
    one, two = (randomization.sample_look(np.random.default_rng(8)) for _ in range(2))
    for first, second in ((one, two), (one.dressing, two.dressing)):
        for name in {field.name for field in dataclasses.fields(first)} - {"dressing"}:
            assert np.array_equal(getattr(first, name), getattr(second, name)), name
    data = placed(world, 2)
    start = data.qpos.copy()
    ends = []
    for seed in (1, 2):
        randomization.apply_look(world, randomization.sample_look(np.random.default_rng(seed)))
        data.qpos[:], data.qvel[:], data.time = start, 0.0, 0.0
        mujoco.mj_step(world.model, data, 20)
        ends.append(data.qpos.copy())
    assert np.allclose(ends[0], ends[1], atol=1e-12)


def test_the_front_camera_varies_within_its_bounds() -> None:
    for seed in range(100):
        sample = randomization.sample_look(np.random.default_rng(seed))
        eye, forward = sample.front_pose[:3, 3], sample.front_pose[:3, 2]
        away = -forward
        middle = starter_room.FRONT_EYE - starter_room.FRONT_TARGET
        usual = np.arctan2(middle[2], np.hypot(*middle[:2]))
        assert abs(np.arctan2(away[1], away[0])) <= starter_room.AZIMUTH + 1e-6
        assert abs(np.arctan2(away[2], np.hypot(*away[:2])) - usual) <= starter_room.ELEVATION + 1e-6
        assert 0.93 < np.linalg.norm(eye - starter_room.FRONT_TARGET) / np.linalg.norm(middle) < 1.08
        assert abs(sample.front_fovy - starter_room.FRONT_FOVY) <= starter_room.FOVY
        directions = sample.dressing.light_direction
        assert np.allclose(np.linalg.norm(directions, axis=1), 1) and np.all(directions[:, 2] < 0)


def test_boxes_are_tight_with_exclusive_ends() -> None:
    ids = np.zeros((10, 12), np.uint8)
    ids[2:5, 3:7], ids[9, 0] = 1, 2
    boxes = boxes_of(ids, 3)
    assert np.array_equal(boxes[0], [3, 2, 7, 5])
    assert np.isnan(boxes[1:]).all(), "one pixel is not seeing"


def test_shadows_have_the_outline_of_their_object() -> None:
    centre, spread = render.footprint(starter.model("cube", "red", "medium"))
    assert np.allclose(centre, 0, atol=1e-6)
    assert np.allclose(spread, np.eye(2) * 0.042**2 / 3, rtol=0.05)
    centre, spread = render.footprint(starter.model("plate", "red", "medium"))
    assert np.allclose(np.sqrt(np.diag(spread)), starter.model("plate", "red", "medium").radius, rtol=0.02)
    centre, _ = render.footprint(starter.model("pan", "red", "medium"))
    assert centre[0] < -0.01, "the handle counts for little"


def test_misuse_is_named(world: World) -> None:
    data = world.new_data()
    with pytest.raises(SightlineError, match="between 16 and 2048"):
        Renderer(world, 4)
    renderer = Renderer(world, 32)
    with pytest.raises(SightlineError, match="no camera 'side': this world has front, wrist"):
        renderer.picture(data, "side")
    renderer.close()
    renderer.close()
    with pytest.raises(SightlineError, match="closed"):
        renderer.picture(data, CAMERAS[0])


def test_the_backend_is_chosen_from_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl.platform, "system", lambda: "Linux")
    for there, expected in (({"EGL", "OpenGL", "OSMesa"}, "egl"), ({"EGL", "OSMesa"}, "osmesa"), (set(), "egl")):
        monkeypatch.delenv("MUJOCO_GL", raising=False)
        monkeypatch.setattr(gl, "_loads", lambda *names, there=there: any(part in n for n in names for part in there))
        assert gl.select_gl() == expected
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert gl.select_gl() == "osmesa", "what the user says counts"


def test_a_missing_backend_names_the_packages(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr(render, "_context", None)
    monkeypatch.setenv("MUJOCO_GL", "egl")

    def fail(name: str) -> None:
        raise ImportError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(render.importlib, "import_module", fail)
    with pytest.raises(SightlineError, match="libegl1 libgl1-mesa-dri libopengl0"):
        Renderer(world, 32)


def test_depth_agrees_with_the_table_and_the_objects(world: World) -> None:
    """Pixels with their depth, taken back into space, lie on the table or inside the objects that they show."""
    data, compared = placed(world, 4), 0
    with Renderer(world, 224) as renderer:
        for camera_name in CAMERAS:
            view = renderer.view(data, camera_name, depth=True)
            assert view.depth is not None and view.depth.shape == (224, 224)
            rows, columns = np.mgrid[:224, :224]
            origin, directions = rays(view.camera, np.stack([columns + 0.5, rows + 0.5], -1))
            forward = view.camera.pose[:3, 2]
            points = origin + directions * (view.depth / (directions @ forward))[..., None]
            for index in np.flatnonzero(world.present):
                seen = points[view.ids == index + 1]
                compared += len(seen) > 0
                info, middle = world.objects[index], data.xpos[world.body_ids[index]]
                if len(seen):
                    assert np.abs(seen[:, :2] - middle[:2]).max() < 1.5 * info.radius + 0.02, info.id
                    assert middle[2] - 0.004 < seen[:, 2].min() <= seen[:, 2].max() < middle[2] + info.height + 0.004
            on_table = (np.abs(points[..., 2]) < 0.003) & (view.ids == 0)
            assert on_table.mean() > 0.2, camera_name
    assert compared >= 6
