"""Import of mesh files: what was written comes back as an object of the right size, pose, paint, words and grasps."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshed import bracket, dish, solid
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.core.types import Task
from sightline.engine import assets
from sightline.engine.assets import meshes
from sightline.engine.assets.colours import COLOURS
from sightline.engine.assets.importing.convert import FROM_Y_UP, Settings, import_file
from sightline.engine.assets.importing.folder import import_folder
from sightline.engine.assets.importing.library import load_library, read_entries
from sightline.engine.assets.importing.meshfile import read_mesh_file
from sightline.engine.assets.importing.naming import colour_name, size_words, words_of
from sightline.engine.assets.importing.painting import crease_normals
from sightline.engine.assets.importing.solid import UNITS, decompose, guess_unit, rolls, stands, upright, weld
from sightline.engine.assets.importing.top import top_of
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.expert.pick_place import Expert
from sightline.engine.previews.gallery import caption, gallery
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.simulation.success import Judge
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.objects import choose
from sightline.engine.worlds.placement import sample_scene
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World

BOX = (0.06, 0.035, 0.045)


def printed() -> trimesh.Trimesh:
    """A box with a picture: left half red, right half green, and more faces than are kept."""
    made = meshes.box(BOX)
    picture = np.zeros((512, 512, 3), np.uint8)
    picture[:, :256], picture[:, 256:] = (220, 30, 30), (30, 200, 60)
    box = solid(made)
    box.visual = trimesh.visual.TextureVisuals(uv=made.uv, image=Image.fromarray(picture))
    return box


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("meshes")
    solid(meshes.box(BOX)).apply_scale(1000).export(root / "blue_box_01.stl")
    box = solid(meshes.box(BOX)).apply_transform(np.block([[FROM_Y_UP.T, np.zeros((3, 1))], [0, 0, 0, 1]]))
    box.export(root / "BigCrate.glb")
    printed().export(root / "tea_box.obj")
    bracket().apply_scale(100).export(root / "red_bracket.ply")
    dish().export(root / "dish.obj")
    (root / "more").mkdir()
    trimesh.creation.icosphere(4, 0.02).export(root / "more" / "ball.stl")
    solid(meshes.box((0.4, 0.4, 0.9))).export(root / "chair.stl")
    solid(meshes.flat(np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]]), np.array([[0, 1, 2]]))).export(
        root / "sheet.stl"
    )
    (root / "empty.obj").write_text("")
    (root / "broken.glb").write_bytes(b"glTF?")
    (root / "objects.yaml").write_text("BigCrate.glb: {noun: crate, colour: brown, mass: 0.25}\n")
    return root


@pytest.fixture(scope="module")
def library(folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("libraries") / "mine"
    import_folder(folder, out, Settings(faces=300))
    return out


def models(library: Path) -> dict[str, assets.ObjectModel]:
    return {model.name: model for model in load_library(library)}


# --- the whole way -----------------------------------------------------------------------------------------------


def test_good_files_become_objects_bad_ones_are_named_and_the_same_files_give_the_same_bytes(folder, library, tmp_path):
    results = {result.source.name: result for result in import_folder(folder, tmp_path / "again", Settings(faces=300))}
    assert set(models(library)) == {"blue_box_01", "bigcrate", "tea_box", "red_bracket", "dish", "ball"}
    reasons = {name: result.reason for name, result in results.items() if result.entry is None}
    assert set(reasons) == {"chair.stl", "sheet.stl", "empty.obj", "broken.glb"}
    assert "90 cm long" in reasons["chair.stl"] and "flat" in reasons["sheet.stl"]
    assert "no triangles" in reasons["empty.obj"] and "cannot be read" in reasons["broken.glb"]
    for path in sorted(library.iterdir()):
        twin = tmp_path / "again" / path.name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(twin.read_bytes()).hexdigest(), path.name


@pytest.mark.parametrize("name", ["blue_box_01", "bigcrate", "tea_box"])
def test_size_and_pose_survive_format_unit_and_axis(library, name):
    model = models(library)[name]
    np.testing.assert_allclose(model.extent, BOX, atol=2e-4)
    low, high = model.shape.bounds()
    np.testing.assert_allclose((low + high)[:2], 0, atol=1e-4)
    assert abs(low[2]) < 1e-4
    for visual in model.shape.visuals:
        corners = visual.mesh.vertices[visual.mesh.faces]
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert np.linalg.det(corners).sum() > 0, "seen from outside"
        assert np.all(np.einsum("ij,ij->i", faces, visual.mesh.normals[visual.mesh.faces].sum(1)) > 0)


def test_words_masses_and_notes(library):
    found = models(library)
    box, crate, bracket = found["blue_box_01"], found["bigcrate"], found["red_bracket"]
    assert (box.kind, box.colour) == ("box", "blue") and (bracket.kind, bracket.colour) == ("bracket", "red")
    assert (crate.kind, crate.colour, crate.size, crate.mass) == ("crate", "brown", "large", 0.25)
    volume = np.prod(BOX)
    assert box.mass == pytest.approx(400 * volume, rel=0.05)
    np.testing.assert_allclose(box.rgb, COLOURS["blue"])
    sources = {entry.model.name: entry.source for entry in read_entries(library)}
    assert sources["ball"] == "more/ball.stl"


def test_roles_and_grasps(library):
    found = models(library)
    assert {model.role for model in found.values()} == {"item", "container"} and found["dish"].role == "container"
    assert min(found["dish"].inner) > 0.09 and found["dish"].grasp is None
    items = [model for model in found.values() if model.role == "item"]
    assert all(model.grasps for model in items) and found["ball"].shape.rolls


def test_pictures_are_kept_or_baked(library, folder):
    model = models(library)["tea_box"]
    assert model.shape.visuals[0].texture is not None and max(model.shape.visuals[0].texture.shape) <= 192
    assert model.colour == "" and abs(model.rgb[0] - 125 / 255) < 0.1


def test_a_picture_of_sixteen_bits_is_not_white(tmp_path):
    made = meshes.box(BOX)
    box = solid(made)
    grey = Image.fromarray(np.full((64, 64), 100 * 257, np.uint16))
    box.visual = trimesh.visual.TextureVisuals(uv=made.uv, image=grey)
    box.export(tmp_path / "box.obj")
    (part,) = read_mesh_file(tmp_path / "box.obj").parts
    assert part.texture is not None and (part.texture == 100).all()


def test_colours_survive_decimation(tmp_path):
    ball = trimesh.creation.icosphere(4, 0.025)
    colours = np.where(ball.vertices[:, :1] > 0, [[220, 30, 30, 255]], [[30, 60, 220, 255]])
    ball.visual = trimesh.visual.ColorVisuals(ball, vertex_colors=colours.astype(np.uint8))
    ball.export(tmp_path / "two.ply")
    entry, _ = import_file(tmp_path / "two.ply", "two", Settings(faces=200))
    (visual,) = entry.model.shape.visuals
    assert len(visual.mesh.faces) <= 200 and visual.texture is not None
    corners, uv = visual.mesh.vertices[visual.mesh.faces], visual.mesh.uv[visual.mesh.faces]
    middle, at = corners.mean(1), uv.mean(1)
    size = visual.texture.shape[0]
    painted = visual.texture[((1 - at[:, 1]) * size).astype(int), (at[:, 0] * size).astype(int)]
    clear = np.abs(middle[:, 0]) > 0.006
    np.testing.assert_array_equal(painted[clear, 0] > painted[clear, 2], middle[clear, 0] > 0)


def test_an_imported_mesh_is_picked_into_a_bowl(library):
    item = models(library)["red_bracket"]
    world = World.of((item, starter.model("bowl", "blue", "large")))
    simulation, rng = Simulation(world), np.random.default_rng(0)
    simulation.reset(sample_scene(world, rng), rng)
    task = Task("into", 0, 1, "", "", "")
    expert, judge = Expert(simulation, task), Judge(simulation, task)
    for _ in range(50):
        simulation.step(expert.act())
        judge.watch()
        if judge.success:
            break
    assert judge.verdict() == ""


def test_a_library_is_a_collection_of_worlds(library, monkeypatch):
    collection = f"library:{library}"
    first, again = (build_world(3, WorldSpec(collection=collection)) for _ in range(2))
    assert [model.name for model in first.models] == [model.name for model in again.models]
    roles = [model.role for model in first.models]
    assert {"item", "container", "surface"} <= set(roles)
    assert all(model.name in models(library) for model in first.models if model.role == "item")
    with pytest.raises(SightlineError, match="Unknown collection"):
        choose(np.random.default_rng(0), "train", "strater")


def test_the_gallery_shows_every_object(library):
    found = load_library(library)
    picture = gallery(found, columns=3, size=96)
    assert picture.shape[1] == 3 * 192 + 2 * 4 and picture.dtype == np.uint8
    tile = picture[:96, :96].astype(int)
    assert np.ptp(tile.reshape(-1, 3), axis=0).max() > 60
    assert "6.0 x 3.5 x 4.5 cm" in caption(models(library)["blue_box_01"])


def test_objects_are_added_and_replaced(folder, library, tmp_path):
    import shutil

    mine, new = tmp_path / "mine", tmp_path / "new"
    shutil.copytree(library, mine)
    new.mkdir()
    solid(meshes.box((0.03, 0.03, 0.03))).export(new / "box_small_one.stl")
    solid(meshes.box((0.05, 0.05, 0.05))).export(new / "ball.stl")
    import_folder(new, mine)
    found = models(mine)
    assert len(found) == 8 and found["ball_stl"].extent[0] == pytest.approx(0.05, abs=1e-4)
    assert found["ball"].extent[0] == pytest.approx(0.04, abs=1e-3), "another file of its name does not replace it"
    assert found["box_small_one"].size == "small"
    solid(meshes.box((0.06, 0.05, 0.05))).export(new / "ball.stl")
    import_folder(new, mine)
    found = models(mine)
    assert len(found) == 8 and found["ball_stl"].extent[0] == pytest.approx(0.06, abs=1e-4), "the same file does"


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda root: None, "holds no mesh files"),
        (lambda root: (root / "x.obj").write_text("v 1 2"), "None of the 1 mesh files"),
        (
            lambda root: ((root / "x.obj").write_text(""), (root / "objects.yaml").write_text("y.obj: {}")),
            "did you mean",
        ),
        (
            lambda root: ((root / "x.obj").write_text(""), (root / "objects.yaml").write_text("x.obj: {nuon: a}")),
            "noun",
        ),
        (
            lambda root: ((root / "x.obj").write_text(""), (root / "objects.yaml").write_text("- a")),
            "must map file names",
        ),
        (
            lambda root: ((root / "x.obj").write_text(""), (root / "objects.yaml").write_text("x.obj: {role: cup}")),
            "Unknown role",
        ),
    ],
)
def test_a_folder_that_makes_no_sense_gets_a_sentence(tmp_path, prepare: Callable, words):
    prepare(tmp_path)
    with pytest.raises(SightlineError, match=words):
        import_folder(tmp_path, tmp_path / "out")


def test_a_missing_library_or_a_damaged_one_gets_a_sentence(library, tmp_path):
    with pytest.raises(SightlineError, match="There is no object library"):
        load_library(tmp_path)
    listed = json.loads((library / "library.json").read_text())
    (tmp_path / "library.json").write_text(json.dumps(listed))
    with pytest.raises(SightlineError, match="no ball"):
        load_library(tmp_path)
    (tmp_path / "library.json").write_text("{")
    with pytest.raises(SightlineError, match="damaged"):
        load_library(tmp_path)


def test_an_item_that_nothing_can_grasp_is_refused_or_becomes_a_distractor(tmp_path):
    solid(meshes.box((0.1, 0.1, 0.08))).export(tmp_path / "block.stl")
    entry, _ = import_file(tmp_path / "block.stl", "block", Settings())
    assert entry.model.role == "distractor" and entry.model.grasp is None
    with pytest.raises(SightlineError, match="can span it nowhere"):
        import_file(tmp_path / "block.stl", "block", Settings(role="item"))


@pytest.mark.parametrize(
    "wrong", [{"noun": "tin_can"}, {"mass": -1.0}, {"units": "ft"}, {"faces": 3}, {"colour": "#ff0000"}]
)
def test_impossible_settings_get_a_sentence(wrong):
    with pytest.raises(SightlineError):
        Settings(**wrong)


def test_another_folder_is_not_overwritten(folder, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SightlineError, match="no object library"):
        import_folder(folder / "more", tmp_path)


def test_without_coacd_there_is_a_sentence(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "coacd", None)
    with pytest.raises(SightlineError, match="pip install"):
        import_folder(folder, tmp_path / "out")


# --- units, pose, shape ------------------------------------------------------------------------------------------


@given(size=st.floats(0.05, 0.25), unit=st.sampled_from(["m", "cm", "mm"]))
def test_units_are_told_by_size(size, unit):
    assert guess_unit(size / UNITS[unit]) == unit


def test_a_wrong_unit_is_refused_with_the_size_it_gives(folder):
    with pytest.raises(SightlineError, match=r"cm long \(its numbers taken as in\)"):
        import_file(folder / "blue_box_01.stl", "x", Settings(units="in"))


def turned(points: np.ndarray, axis: int, quarter: int) -> np.ndarray:
    return points @ trimesh.transformations.rotation_matrix(quarter * np.pi / 2, np.eye(3)[axis])[:3, :3].T


@given(axis=st.integers(0, 2), quarter=st.integers(0, 3), tilt=st.floats(0.2, 1.2))
@settings(max_examples=20)
def test_what_lies_askew_is_stood_up(axis, quarter, tilt):
    points = turned(meshes.box((0.08, 0.06, 0.02)).vertices, axis, quarter)
    askew = points @ trimesh.transformations.rotation_matrix(tilt, [1, 0.3, 0.2])[:3, :3].T
    turn = upright(askew, askew.mean(0), [np.eye(3)])
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert np.ptp((askew @ turn.T)[:, 2]) == pytest.approx(0.02, abs=1e-3), "on its largest side"


def test_what_stands_is_left_standing():
    tall = meshes.box((0.03, 0.03, 0.12)).vertices
    assert np.array_equal(upright(tall, tall.mean(0), [np.eye(3)]), np.eye(3))
    assert stands(tall, tall.mean(0)) == pytest.approx(np.arctan(0.012 / 0.06), abs=0.06)
    ball = meshes.ellipsoid((0.03, 0.03, 0.03), (0, 0, 0), 40, 21).vertices
    assert rolls(ball, np.zeros(3)) and not rolls(tall, tall.mean(0))


def test_pieces_fill_the_solid():
    whole = decompose(weld(bracket().vertices, bracket().faces))
    true = 0.06 * 0.03 * 0.02 + 0.02 * 0.03 * 0.03
    assert 2 <= len(whole.pieces) <= 6 and whole.volume == pytest.approx(true, rel=0.15)
    mass, arm = 0.06 * 0.03 * 0.02, 0.02 * 0.03 * 0.03
    np.testing.assert_allclose(whole.centre[0], -0.02 * arm / (mass + arm), atol=0.002)


def test_the_top_tells_hollow_from_level():
    hollow, level = top_of(dish()), top_of(solid(meshes.box((0.12, 0.1, 0.02))))
    assert hollow.hollow == pytest.approx(0.046, abs=0.004) and min(hollow.room) == pytest.approx(0.118, abs=0.015)
    assert level.hollow == 0 and level.level > 0.9 and max(level.room) == pytest.approx(0.12, abs=0.01)
    assert top_of(trimesh.creation.torus(0.04, 0.01)).hollow == 0, "a ring holds nothing"


def test_edges_stay_sharp_and_round_things_smooth():
    box = meshes.plain_box((1, 1, 1), (0, 0, 0))
    corners = box.vertices[box.faces]
    np.testing.assert_allclose(crease_normals(corners), np.repeat(box.normals[box.faces][:, :1], 3, 1), atol=1e-9)
    ball = trimesh.creation.icosphere(3)
    normals = crease_normals(np.asarray(ball.triangles))
    assert np.einsum("fkc,fkc->fk", normals, np.asarray(ball.triangles)).min() > 0.99


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("red_mug_02", ("mug", "red", "")),
        ("RubberDuck", ("rubber duck", "", "")),
        ("small-teaPot.v3_lowpoly", ("tea pot", "", "small")),
        ("0042", ("", "", "")),
        ("Big Blue toy-car (final)", ("toy car", "blue", "large")),
    ],
)
def test_words_of_a_file_name(stem, words):
    assert words_of(stem) == words


def test_a_colour_is_named_when_it_covers_most_of_the_surface():
    for name, rgb in COLOURS.items():
        assert colour_name(np.tile(rgb, (50, 1))) == name
    half = np.array([(0.8, 0.1, 0.1), (0.1, 0.2, 0.8)] * 30)
    assert colour_name(half) == "" and colour_name(np.tile((0.5, 0.5, 0.5), (9, 1))) == ""


def test_sizes_are_relative_to_the_kind():
    assert size_words([0.10]) == ["medium"] and size_words([0.08, 0.1, 0.13]) == ["small", "medium", "large"]


def test_nothing_is_called_like_the_robot(tmp_path):
    """ "Nearest the robot" speaks of the arm."""
    solid(meshes.box(BOX)).export(tmp_path / "toy_robot.stl")
    with pytest.raises(SightlineError, match="give it another noun"):
        import_file(tmp_path / "toy_robot.stl", "toy_robot", Settings())
    entry, _ = import_file(tmp_path / "toy_robot.stl", "toy_robot", Settings(noun="droid"))
    assert entry.model.kind == "droid"
