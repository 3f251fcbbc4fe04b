"""A folder of mesh files as they come in the wild: for `sightline assets import`, its tests and its figures.

    python benchmarks/awkward.py meshes && sightline assets import meshes --out library --gallery library.png
    python benchmarks/grasping.py --library library --trials 6

Bent, hollow, holed, non-manifold, huge, in millimetres, lying on their side; robosuite's own objects as OBJ and STL.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

from sightline.engine.assets import meshes

RNG_SEED = 7


def lathe(profile: list[tuple[float, float]], segments: int = 48) -> trimesh.Trimesh:
    """A solid of revolution about z from (radius, z) points."""
    return plain(meshes.lathe(profile, segments))


def plain(mesh: meshes.Mesh) -> trimesh.Trimesh:
    """The geometry alone."""
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


def bent_tube() -> trimesh.Trimesh:
    angle = np.linspace(0, np.pi * 0.8, 24)
    path = np.stack([0.05 * np.cos(angle), 0.05 * np.sin(angle), np.full(24, 0.014)], -1)
    return plain(meshes.tube(path, 0.014, 16))


def torus() -> trimesh.Trimesh:
    return trimesh.creation.torus(0.045, 0.010)


def hammer() -> trimesh.Trimesh:
    """Overlapping solids, not a union: their insides intersect."""
    handle = trimesh.creation.cylinder(0.009, 0.15)
    handle.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0]))
    head = trimesh.creation.box((0.026, 0.075, 0.026))
    head.apply_translation((0.075, 0, 0))
    return trimesh.util.concatenate([handle, head])


def blob() -> trimesh.Trimesh:
    """A body, a head and two ears, sculpted: smooth and lumpy."""
    ears = [((0.016, side * 0.009, 0.042), 0.007) for side in (-1, 1)]
    lumps = [((0, 0, 0), 0.024), ((0.018, 0, 0.022), 0.015), *ears]
    foot = trimesh.creation.cylinder(0.02, 0.012)
    balls = [foot.apply_translation((0, 0, -0.018))]
    for centre, radius in lumps:
        ball = trimesh.creation.icosphere(3, radius)
        ball.apply_translation(centre)
        balls.append(ball)
    return trimesh.util.concatenate(balls)


def scan_with_holes() -> trimesh.Trimesh:
    """A noisy vase whose bottom and a tenth of its faces are missing."""
    rng = np.random.default_rng(RNG_SEED)
    vase = lathe([(0.018, 0.0), (0.026, 0.02), (0.028, 0.04), (0.018, 0.075), (0.021, 0.085)], 40).subdivide()
    vase.vertices += rng.normal(0, 0.0003, vase.vertices.shape)
    vase.update_faces(rng.random(len(vase.faces)) > 0.1)
    return vase


def non_manifold() -> trimesh.Trimesh:
    """A block with a fin glued to an edge, a wall inside, doubled faces, and some faces inside out."""
    block = trimesh.creation.box((0.05, 0.04, 0.035))
    fin = trimesh.Trimesh([[0.025, 0.02, 0.0175], [0.025, -0.02, 0.0175], [0.025, 0.0, 0.03]], [[0, 1, 2]])
    wall = trimesh.Trimesh(
        0.01 * np.array([[0, -2, -1.7], [0, 2, -1.7], [0, 2, 1.7], [0, -2, 1.7]]), [[0, 1, 2], [0, 2, 3]]
    )
    mixed = trimesh.util.concatenate([block, fin, wall, block.copy()])
    faces = mixed.faces.copy()
    faces[3:5] = faces[3:5, ::-1]
    return trimesh.Trimesh(mixed.vertices, faces, process=False)


def dense_egg() -> trimesh.Trimesh:
    """82,000 faces."""
    return trimesh.creation.icosphere(6, 1.0).apply_transform(np.diag([0.024, 0.024, 0.033, 1.0]))


def mug() -> trimesh.Trimesh:
    """Hollow, in millimetres, with a handle."""
    cup = lathe([(0, 0), (0.034, 0), (0.036, 0.09), (0.032, 0.09), (0.031, 0.006), (0, 0.006)])
    angle = np.linspace(-0.45 * np.pi, 0.45 * np.pi, 12)
    arc = np.stack([0.034 + 0.024 * np.cos(angle), 0 * angle, 0.045 + 0.026 * np.sin(angle)], -1)
    return trimesh.util.concatenate([cup, plain(meshes.tube(arc, 0.005, 10))]).apply_scale(1000.0)


def glass() -> trimesh.Trimesh:
    """A stemmed glass with y up."""
    profile = [(0, 0), (0.028, 0), (0.028, 0.003), (0.004, 0.006), (0.004, 0.05), (0.024, 0.07), (0.026, 0.11)]
    inside = [(0.024, 0.11), (0.022, 0.072), (0, 0.055)]
    return lathe([*profile, *inside]).apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))


def bowl() -> trimesh.Trimesh:
    """A container in centimetres."""
    outside = [(0, 0), (0.04, 0), (0.075, 0.03), (0.08, 0.055)]
    return lathe([*outside, (0.076, 0.055), (0.07, 0.031), (0.036, 0.005), (0, 0.005)]).apply_scale(100.0)


def plate() -> trimesh.Trimesh:
    return lathe([(0, 0), (0.06, 0), (0.085, 0.012), (0.083, 0.013), (0.058, 0.004), (0, 0.004)])


def too_wide_block() -> trimesh.Trimesh:
    """Nothing that the hand can span: a distractor."""
    return trimesh.creation.box((0.11, 0.10, 0.09))


def lying_bottle() -> trimesh.Trimesh:
    """A bottle that its file lays on its side, tilted."""
    bottle = lathe([(0, 0), (0.024, 0), (0.026, 0.01), (0.026, 0.07), (0.01, 0.095), (0.01, 0.12), (0, 0.12)])
    return bottle.apply_transform(trimesh.transformations.rotation_matrix(1.1, [0.3, 1, 0]))


def coloured_top() -> trimesh.Trimesh:
    """A spinning top whose colour is in its vertices."""
    top = lathe([(0, 0), (0.006, 0.004), (0.026, 0.022), (0.024, 0.03), (0.006, 0.034), (0.005, 0.05), (0, 0.05)])
    sector = np.degrees(np.arctan2(*top.vertices[:, :2].T)) // 30 % 2
    stripes = np.where(sector[:, None] == 0, [230, 40, 30], [250, 220, 60])
    top.visual = trimesh.visual.ColorVisuals(top, vertex_colors=np.column_stack([stripes, np.full(len(stripes), 255)]))
    return top


def textured_box() -> trimesh.Trimesh:
    """A tea box with a printed picture."""
    box = plain(meshes.box((0.06, 0.035, 0.07)))
    made = meshes.box((0.06, 0.035, 0.07))
    u, v = np.meshgrid(np.arange(512), np.arange(512))
    picture = np.stack([40 + (u // 64 % 2) * 120, 110 + v // 5, np.full_like(u, 60)], -1).astype(np.uint8)
    box.visual = trimesh.visual.TextureVisuals(uv=made.uv, image=Image.fromarray(picture))
    return box


def screwdriver() -> trimesh.Scene:
    """A scene of two parts with materials of their own."""
    scene = trimesh.Scene()
    red, steel = [220, 30, 30, 255], [150, 155, 160, 255]
    for radius, length, at, colour in ((0.012, 0.07, 0.035, red), (0.004, 0.08, 0.11, steel)):
        part = trimesh.creation.cylinder(radius, length)
        part.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0]))
        part.apply_translation((at, 0, 0))
        material = trimesh.visual.material.PBRMaterial(baseColorFactor=colour)
        part.visual = trimesh.visual.TextureVisuals(material=material)
        scene.add_geometry(part)
    return scene


FILES: dict[str, Callable[[], trimesh.Trimesh | trimesh.Scene]] = {
    "bent_tube.stl": bent_tube,
    "orange_ring.obj": torus,
    "hammer_01.stl": hammer,
    "white_bunny.ply": blob,
    "vase_scan.ply": scan_with_holes,
    "blue_brick_nonmanifold.stl": non_manifold,
    "green_egg_dense.ply": dense_egg,
    "yellow_mug_mm.stl": mug,
    "wine_glass.glb": glass,
    "red_bowl.obj": bowl,
    "plate.stl": plate,
    "big_block.stl": too_wide_block,
    "green_bottle.obj": lying_bottle,
    "spinning_top.ply": coloured_top,
    "tea_box.glb": textured_box,
    "screwdriver.glb": screwdriver,
}


def robosuite_files() -> Iterator[Path]:
    """Meshes that the robosuite package ships."""
    found = importlib.util.find_spec("robosuite")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent / "models" / "assets" / "objects" / "meshes"
    yield from (folder / name for name in ("can.obj", "milk.stl", "bread.obj", "bottle.stl", "lemon.obj", "cereal.stl"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        make().export(folder / name)
    for path in robosuite_files():
        shutil.copy(path, folder / f"robosuite_{path.name}")
    trimesh.creation.box((0.5, 0.5, 0.9)).export(folder / "bad_chair_in_metres.stl")
    trimesh.Trimesh([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]], [[0, 1, 2]]).export(folder / "bad_flat.stl")
    (folder / "bad_empty.obj").write_text("")
    (folder / "bad_broken.glb").write_bytes(b"glTF, but not really")


if __name__ == "__main__":
    main()
