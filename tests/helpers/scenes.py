"""Synthetic scene states: what the engine's symbolic rooms need, without a simulator."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Camera, look_at
from sightline.core.types import ObjectInfo, SceneState

SHAPES = {  # kind: role, radius, height
    "mug": ("item", 0.04, 0.09),
    "can": ("item", 0.033, 0.11),
    "cube": ("item", 0.03, 0.045),
    "bottle": ("item", 0.03, 0.15),
    "ball": ("item", 0.03, 0.06),
    "bowl": ("container", 0.075, 0.055),
    "basket": ("container", 0.09, 0.09),
    "plate": ("surface", 0.09, 0.018),
}
FACTORS = {"small": 0.8, "medium": 1.0, "large": 1.2}


def thing(kind: str, colour: str = "red", size: str = "medium", number: int = 0) -> ObjectInfo:
    role, radius, height = SHAPES[kind]
    factor = FACTORS[size]
    return ObjectInfo(f"{kind}_{colour}_{number}", kind, colour, size, role, radius * factor, height * factor)


def build_scene(
    *placed: tuple[ObjectInfo, float, float], tool: tuple[float, float, float] = (0.45, 0.0, 0.25)
) -> SceneState:
    """A scene of objects standing on the table at (x, y), metres."""
    objects = tuple(info for info, _, _ in placed)
    positions = np.array([[x, y, info.height / 2] for info, x, y in placed])
    grasps = positions.copy()
    grasps[:, 2] = [0.6 * info.height for info in objects]
    count = len(objects)
    return SceneState(
        objects, positions, np.zeros(count), np.ones(count, bool), grasps, np.linspace(-1, 1, count), np.array(tool)
    )


def random_scene(rng: np.random.Generator, world: int = 11, shown: int = 6) -> SceneState:
    """A world of ``world`` objects that share kinds and colours, of which ``shown`` stand apart on the table."""
    items = list(rng.choice(["mug", "can", "cube", "bottle", "ball"], 3, replace=False))
    colours = list(rng.choice(["red", "green", "blue", "yellow", ""], 3, replace=False))
    kinds = [items[int(rng.integers(3))] for _ in range(world - 3)] + [
        "bowl",
        "plate",
        str(rng.choice(["bowl", "basket"])),
    ]
    infos = [
        thing(kind, colours[int(rng.integers(3))], str(rng.choice(list(FACTORS))), number)
        for number, kind in enumerate(kinds)
    ]
    while True:
        present = np.zeros(world, bool)
        present[rng.choice(world - 3, shown - 2, replace=False)] = True
        present[world - 3 + rng.choice(3, 2, replace=False)] = True
        xy = np.full((world, 2), 3.0)
        placed: list[int] = []
        for index in np.flatnonzero(present):
            for _ in range(40):
                xy[index] = rng.uniform([0.35, -0.28], [0.68, 0.28])
                if all(
                    np.linalg.norm(xy[index] - xy[o]) > infos[index].radius + infos[o].radius + 0.01 for o in placed
                ):
                    placed.append(int(index))
                    break
        if len(placed) == present.sum():
            break
    scene = build_scene(*[(info, x, y) for info, (x, y) in zip(infos, xy, strict=True)])
    scene.present = present
    return scene


def front_camera(size: int = 224) -> Camera:
    return Camera(size, size, 280.0 * size / 224, look_at(np.array([1.25, 0.0, 0.65]), np.array([0.48, 0.0, 0.02])))
