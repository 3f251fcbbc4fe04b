"""Objects: enough of them, graspable, with collision pieces that match what is seen."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from sightline.core.errors import SightlineError
from sightline.engine.assets import Collider, ObjectModel, meshes
from sightline.engine.assets.colours import COLOURS, wander
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.assets.starter.catalogue import HELD_OUT, KINDS, NOVEL
from sightline.engine.assets.starter.textures import OBJECT_PATTERNS, SURFACE_PATTERNS, object_texture, surface_texture

EVERYTHING = starter.models()
BY_KIND = [next(model for model in EVERYTHING if model.kind == kind) for kind in starter.kinds()]
ITEMS = [model for model in EVERYTHING if model.role == "item"]


def solid(model: ObjectModel) -> trimesh.Trimesh:
    parts = [trimesh.Trimesh(visual.mesh.vertices, visual.mesh.faces, process=False) for visual in model.shape.visuals]
    return trimesh.util.concatenate(parts)


def corners(collider: Collider) -> np.ndarray:
    """[8,3] corners of the box around a collider."""
    size = collider.size
    if collider.shape in ("cylinder", "capsule"):
        half = np.array([size[0], size[0], size[1] + (size[0] if collider.shape == "capsule" else 0.0)])
    elif collider.shape == "sphere":
        half = np.full(3, size[0])
    else:
        half = np.array(size)
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    w, x, y, z = collider.quat
    turn = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, :3]
    return signs * half @ turn.T + collider.pos


def test_there_are_many_models_of_many_kinds() -> None:
    assert len(EVERYTHING) >= 40 and len(starter.kinds()) >= 14
    assert len({model.name for model in EVERYTHING}) == len(EVERYTHING)
    assert {model.role for model in EVERYTHING} == {"item", "container", "surface"}
    assert len({model.colour for model in EVERYTHING} - {""}) >= 8


@pytest.mark.parametrize("model", EVERYTHING, ids=lambda model: model.name)
def test_every_model_is_sound(model: ObjectModel) -> None:
    low, high = model.shape.bounds()
    assert np.allclose(low + high, [0, 0, high[2]], atol=1e-6), "stands on z = 0, centred"
    assert model.faces <= 600
    assert 0.03 <= model.mass <= 0.3
    assert "_" not in model.kind and model.size in ("small", "medium", "large")
    if model.role == "item":
        grasp = model.grasp
        assert grasp is not None
        assert 0.025 <= grasp.width <= 0.0605 and 0.025 <= model.height <= 0.132
        assert 0.0149 <= grasp.height < model.height
        assert model.height - grasp.height < 0.08, "the hand must not touch the top"
    else:
        assert model.grasp is None and model.height <= 0.06
        assert min(model.inner) >= (0.11 if model.role == "container" else 0.095)


@pytest.mark.parametrize("model", BY_KIND, ids=lambda model: model.kind)
def test_collision_pieces_fill_what_is_seen(model: ObjectModel) -> None:
    low, high = model.shape.bounds()
    points = np.concatenate([corners(collider) for collider in model.shape.colliders])
    slack = np.array([0.006, 0.006, 0.002])
    if model.kind in ("carrot", "candle", "apple", "pear", "duck", "banana", "eggplant"):
        slack = np.array([0.03, 0.012, 0.013])  # leaves, wicks, stalks, tails and tips do not collide
    assert np.all(points.min(0) > low - 0.004) and np.all(points.max(0) < high + 0.004)
    assert np.all(points.min(0) < low + slack) and np.all(points.max(0) > high - slack)
    assert points[:, 2].min() == pytest.approx(0.0, abs=0.0015)


@pytest.mark.parametrize("model", [model for model in BY_KIND if model.role == "item"], ids=lambda model: model.kind)
def test_the_grasp_is_as_wide_as_the_object_there(model: ObjectModel) -> None:
    grasp = model.grasp
    assert grasp is not None
    points, _ = trimesh.sample.sample_surface(solid(model), 20000, seed=0)
    near = points[np.abs(points[:, 2] - grasp.height) < 0.008]  # the height of the finger pads
    yaw = grasp.yaw or 0.0
    along, across = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
    local = near[:, :2] - grasp.point[:2]
    between = local[np.abs(local @ across) < 0.011] @ along  # what is as far along as the finger pads are wide
    assert np.ptp(between) == pytest.approx(grasp.width, rel=0.16)
    assert abs(between.max() + between.min()) < 0.008, "the grasp is in the middle"


@pytest.mark.parametrize("model", BY_KIND, ids=lambda model: model.kind)
def test_normals_point_the_way_the_faces_do(model: ObjectModel) -> None:
    for visual in model.shape.visuals:
        mesh = visual.mesh
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-5)
        points = mesh.vertices[mesh.faces]
        facing = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
        agree = np.einsum("fj,fj->f", facing, mesh.normals[mesh.faces].mean(1))
        assert np.mean(agree >= -1e-12) > 0.97


def test_closed_meshes_face_outwards() -> None:
    for mesh in (
        meshes.box((0.1, 0.2, 0.3)),
        meshes.plain_box((0.1, 0.2, 0.3), (0, 0, 0)),
        meshes.ellipsoid((0.1, 0.2, 0.3), (0, 0, 0)),
        meshes.lathe([(0, 0), (0.1, 0), (0.1, 0.2), (0, 0.2)]),
        meshes.lying(meshes.lathe([(0, 0), (0.1, 0), (0.1, 0.2), (0, 0.2)])),
        meshes.tube(np.array([[0, 0, 0], [0, 0, 0.1], [0.05, 0, 0.2]]), 0.02),
        meshes.open_box((0.1, 0.1, 0.05), 0.004, 0.004, 0.01),
    ):
        assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).volume > 0


def test_sizes_of_a_kind_are_clearly_different() -> None:
    for model in EVERYTHING:
        if model.size != "small":
            continue
        large = starter.model(model.kind, model.colour, "large")
        assert large.radius > (1.4 if model.role == "item" else 1.2) * model.radius


def test_held_out_pairs_stay_out_of_training() -> None:
    train = {(model.kind, model.colour) for model in starter.models("train")}
    assert train == {(model.kind, model.colour) for model in starter.models("seen")}
    assert not train & HELD_OUT
    for kind, colour in HELD_OUT:
        assert colour in KINDS[kind].colours
        assert kind in NOVEL or any(k == kind for k, _ in train)
        assert any(c == colour for _, c in train)


def test_novel_kinds_stay_out_of_training() -> None:
    items = {kind for kind in starter.kinds("novel") if starter.role(kind) == "item"}
    assert items and items <= NOVEL
    for split in ("train", "seen", "unseen"):
        assert not NOVEL & {model.kind for model in starter.models(split)}
    assert set(starter.kinds("train")) | NOVEL == set(starter.kinds())


def test_unknown_names_are_told_apart() -> None:
    with pytest.raises(SightlineError, match="did you mean 'mug'"):
        starter.model("mugg", "red", "small")
    with pytest.raises(SightlineError, match="no small pink mug"):
        starter.model("mug", "pink", "small")
    with pytest.raises(SightlineError, match="Unknown split"):
        starter.models("test")
    with pytest.raises(SightlineError, match="did you mean 'stripes'"):
        object_texture("stripe", (1, 0, 0), (1, 1, 1))
    with pytest.raises(SightlineError, match="Unknown surface pattern"):
        surface_texture("lava", 0)


@pytest.mark.parametrize("pattern", OBJECT_PATTERNS)
def test_patterns_leave_the_colour_nameable(pattern: str) -> None:
    rgb = COLOURS["blue"]
    picture = object_texture(pattern, rgb, (1.0, 1.0, 1.0)).reshape(-1, 3) / 255
    apart = {name: np.linalg.norm(picture.mean(0) - value) for name, value in COLOURS.items()}
    assert min(apart, key=lambda name: apart[name]) in ("blue", "purple")
    assert np.median(picture[:, 2] - picture[:, 0]) > 0.3


def test_surface_textures_are_pure_functions() -> None:
    for pattern in SURFACE_PATTERNS:
        first = surface_texture(pattern, 2).copy()
        surface_texture.cache_clear()
        assert np.array_equal(first, surface_texture(pattern, 2))
        assert first.mean() > 120


def test_colours_wander_but_stay_nearest_to_their_name() -> None:
    rng = np.random.default_rng(0)
    for name, rgb in COLOURS.items():
        for _ in range(50):
            near = wander(rgb, rng)
            apart = {other: np.linalg.norm(near - value) for other, value in COLOURS.items()}
            assert min(apart, key=lambda other: apart[other]) == name
