"""The full collection: enough distinct objects of enough kinds, each sound, graspable and where its split allows."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from sightline.core.errors import SightlineError
from sightline.engine import assets
from sightline.engine.assets import ObjectModel, full
from sightline.engine.assets.families import FAMILIES, LOOK_ALIKE, NOVEL, SPARED, confusable, names
from sightline.engine.assets.fingerprint import form_hash
from sightline.engine.assets.model import LOWEST_GRASP, Shape
from sightline.engine.assets.splits import DIVISIONS, SPLITS
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.worlds.world import World

KINDS = full.kinds()
SHARE = 0.15  # of instances and of kinds that are held out


def some_instance(kind: str) -> ObjectModel:
    """One instance of the kind, always the same."""
    return full.model(kind, zlib.crc32(kind[::-1].encode()) % FAMILIES[kind].count)


def identity(variant: assets.Variant) -> tuple[str, int]:
    return variant.kind, variant.number


def test_there_are_enough_objects_and_kinds() -> None:
    variants = [variant for kind in KINDS for variant in full.variants(kind)]
    assert len(KINDS) >= 80 and len(variants) >= 3000
    assert len({identity(variant) for variant in variants}) == len(variants)
    assert {full.role(kind) for kind in KINDS} == {"item", "container", "surface"}
    assert len({full.category(kind)[:2] for kind in KINDS}) >= 20


def test_splits_do_not_share_objects() -> None:
    found = {
        split: {identity(v) for kind in full.kinds(split) for v in full.variants(kind, split)}
        for split in assets.SPLITS
    }
    assert found["train"] == found["seen"]
    assert not found["train"] & found["unseen"] and not found["train"] & found["novel"]
    assert {kind for kind, _ in found["train"]} == {kind for kind, _ in found["unseen"]} == set(KINDS) - NOVEL
    assert {kind for kind, _ in found["novel"]} == NOVEL
    assert abs(len(found["unseen"]) / len(found["unseen"] | found["train"]) - SHARE) < 0.02
    assert abs(len(NOVEL) / len(KINDS) - SHARE) < 0.02
    for split in ("train", "unseen", "novel"):
        for role in ("container", "surface"):
            assert sum(full.role(kind) == role for kind in full.kinds(split)) >= 2


def members(split: str) -> set[tuple[str, int]]:
    return {identity(v) for kind in full.kinds(split) for v in full.variants(kind, split)}


def test_the_common_splits_are_what_datasets_were_made_of() -> None:
    names = [f"{split} {kind} {number}" for split in SPLITS for kind, number in sorted(members(split))]
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    assert digest == "ee80dd46f10ffab694691fbe7dd7f871de8a0bb8c5938e731fdf464b68389e6c"


def test_demonstrations_show_less_than_grounding_data_and_neither_what_is_novel() -> None:
    shown, grounded = members("demonstrated"), members("grounding")
    assert shown < members("train") < grounded == members("train") | members("unseen")
    spared = {kind for kind, _ in members("train") - shown}
    assert spared == SPARED == {kind for kind, _ in members("unseen-kind")}
    assert abs(len(SPARED) / len(set(KINDS) - NOVEL) - 1 / 6) < 0.02
    for split in DIVISIONS:
        roles = [full.role(kind) for kind in full.kinds(split)]
        assert min(roles.count(role) for role in ("item", "container", "surface")) >= 2, split


def test_what_a_split_calls_unseen_is_in_no_demonstration_but_in_grounding_data() -> None:
    shown, grounded = members("demonstrated"), members("grounding")
    for split in ("unseen-instance", "unseen-kind"):
        assert not members(split) & shown and members(split) < grounded
    assert {kind for kind, _ in members("unseen-instance")} == {kind for kind, _ in shown}
    assert members("unseen-background") == shown
    assert members("novel-kind") == members("novel") and not members("novel-kind") & grounded


def test_held_out_instances_are_marked() -> None:
    assert all(variant.held_out for variant in full.variants("mug", "unseen"))
    assert not any(variant.held_out for variant in full.variants("mug", "train"))
    assert full.variants("goblet", "train") == () and len(full.variants("goblet", "novel")) == FAMILIES["goblet"].count


def test_every_kind_comes_in_its_colours_and_a_colour_in_its_sizes() -> None:
    for kind, family in FAMILIES.items():
        variants = full.variants(kind)
        assert {variant.colour for variant in variants} == set(family.colours)
        sizes = {(variant.colour, variant.size) for variant in variants}
        assert len(sizes) == len(family.colours) * len(family.sizes)


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_is_sound(kind: str) -> None:
    model = some_instance(kind)
    low, high = model.shape.bounds()
    assert np.allclose(low + high, [0, 0, high[2]], atol=1e-6), "stands on z = 0, centred"
    assert model.faces <= 1500 and 0.03 <= model.mass <= 0.3 and 0.5 < model.friction < 1.5
    assert "_" not in kind and kind == kind.lower()
    assert model.material in FAMILIES[kind].materials and model.pattern in ("", *FAMILIES[kind].patterns)
    if model.role == "item":
        grasp = model.grasp
        assert grasp is not None
        assert 0.014 <= grasp.width <= 0.0605 and 0.014 <= model.height <= 0.136
        assert LOWEST_GRASP <= grasp.height < model.height
        assert model.height - grasp.height < 0.076, "the hand must not touch the top"
    else:
        assert model.grasp is None and model.height <= 0.0605
        assert min(model.inner) >= (0.105 if model.role == "container" else 0.094)


@pytest.mark.parametrize("kind", KINDS)
def test_normals_point_the_way_the_faces_do(kind: str) -> None:
    for visual in some_instance(kind).shape.visuals:
        mesh = visual.mesh
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-4)
        points = mesh.vertices[mesh.faces]
        facing = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
        agree = np.einsum("fj,fj->f", facing, mesh.normals[mesh.faces].mean(1))
        assert np.mean(agree >= -1e-12) > 0.95


@pytest.mark.parametrize("kind", [kind for kind in KINDS if full.role(kind) == "item"])
def test_the_grasp_is_as_wide_as_the_object_there(kind: str) -> None:
    model = some_instance(kind)
    grasp = model.grasp
    assert grasp is not None
    parts = [trimesh.Trimesh(v.mesh.vertices, v.mesh.faces, process=False) for v in model.shape.visuals]
    points, _ = trimesh.sample.sample_surface(trimesh.util.concatenate(parts), 12000, seed=0)
    near = points[np.abs(points[:, 2] - grasp.height) < 0.008]  # the height of the finger pads
    yaw = grasp.yaw or 0.0
    along, across = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
    local = near[:, :2] - grasp.point[:2]
    between = local[np.abs(local @ across) < 0.011] @ along  # what is as far along as the finger pads are wide
    assert np.ptp(between) == pytest.approx(grasp.width, rel=0.25, abs=0.004)
    assert abs(between.max() + between.min()) < 0.012, "the grasp is in the middle"
    assert np.ptp(between) < 0.068, "the open fingers fit around it"


def test_size_words_tell_the_truth() -> None:
    for kind, family in FAMILIES.items():
        if len(family.sizes) < 3:
            continue
        bulk: dict[str, list[float]] = {"small": [], "large": []}
        for variant in full.variants(kind)[:6] + full.variants(kind)[-6:]:
            if variant.size in bulk:
                model = full.model(kind, variant.number)
                bulk[variant.size].append(float(np.cbrt(model.radius**2 * model.height)))
        assert min(bulk["large"]) > 1.03 * max(bulk["small"]), kind


def test_an_instance_is_a_pure_function_of_its_number() -> None:
    first = assets.content_hash(full.model("teapot", 3))
    full.model.cache_clear()
    full.model("teapot", 4)
    assert assets.content_hash(full.model("teapot", 3)) == first


def test_instances_differ_in_what_is_built() -> None:
    for kind in ("mug", "tomato", "screwdriver", "milk carton", "book"):
        hashes = {assets.content_hash(full.model(kind, v.number)) for v in full.variants(kind)}
        assert len(hashes) == FAMILIES[kind].count


def test_the_fingerprints_count_what_they_say() -> None:
    bowl = full.model("bowl", 0)
    other = replace(bowl, name="another", colour="pink", kind="dish")
    assert assets.content_hash(other) == assets.content_hash(bowl)
    first, *rest = bowl.shape.visuals
    painted = Shape((replace(first, rgb=(0.5, 0.1, 0.2)), *rest), bowl.shape.colliders)
    for changed in (replace(bowl, shape=painted), replace(bowl, mass=0.2), replace(bowl, shape=bowl.shape.scaled(1.1))):
        assert assets.content_hash(changed) != assets.content_hash(bowl)
        assert form_hash(changed) == form_hash(bowl)
    moved = Shape((replace(first, mesh=first.mesh.scaled((1.1, 1, 1))), *rest), bowl.shape.colliders)
    assert form_hash(replace(bowl, shape=moved)) != form_hash(bowl)


def test_names_are_not_shared() -> None:
    called = [name for family in FAMILIES.values() for name in (family.noun, *family.synonyms)]
    assert len(called) == len(set(called))
    assert all(group <= set(FAMILIES) for group in LOOK_ALIKE)
    assert "cup" in names("egg cup") and confusable("cup", "egg cup") and confusable("mug", "cup")
    assert not confusable("mug", "mug") and not confusable("mug", "hammer")
    assert full.category("mug") == ("kitchenware", "drinkware", "mug") and "pitcher" in full.synonyms("jug")


def test_nothing_is_called_like_a_word_of_the_grammar() -> None:
    """ "The object farthest from the robot" speaks of the arm."""
    for noun in FAMILIES:
        assert not names(noun) & {"robot", "arm", "table", "object", "thing", "item", "one"}, noun


def test_colour_words_are_seen() -> None:
    """Of what is painted in the main colour, most is near to what the model says its colour is."""
    for kind in ("mug", "toy car", "bowl", "sponge", "notebook"):
        for number in range(12):
            model = full.model(kind, number)
            main = model.shape.visuals[0]
            picture = np.array(main.rgb)[None] if main.texture is None else main.texture.reshape(-1, 3) / 255
            assert np.linalg.norm(np.median(picture, 0) - model.rgb) < 0.25, model.name


def test_friction_reaches_the_physics() -> None:
    world = World.of((starter.model("mug", "red", "small"), full.model("sponge", 0)))
    solid = world.model.geom_contype > 0
    assert np.all(world.model.geom_friction[solid & (world.geom_object == 0), 0] == 1.0)
    assert np.all(world.model.geom_friction[solid & (world.geom_object == 1), 0] == full.model("sponge", 0).friction)


def test_unknown_names_are_told_apart() -> None:
    with pytest.raises(SightlineError, match="did you mean 'teapot'"):
        full.model("teapott", 0)
    with pytest.raises(SightlineError, match="0 to 71"):
        full.model("teapot", 72)
    with pytest.raises(SightlineError, match="Unknown split"):
        full.kinds("test")
