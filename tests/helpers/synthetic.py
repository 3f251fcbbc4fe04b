"""Plausible episodes without a simulator: coloured boxes on a table, a tool that carries one to another."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from sightline.core.card import Card
from sightline.core.geometry import Camera, look_at
from sightline.core.types import ACTION_NAMES, STATE_NAMES, Episode, Frame, ObjectInfo, SceneState, Task, View
from sightline.engine.generation.recipe import Recipe

COLOURS = {
    "red": (200, 30, 30),
    "green": (40, 160, 60),
    "blue": (40, 60, 200),
    "yellow": (220, 200, 40),
    "white": (230, 230, 230),
}


def synthetic_card(size: int = 64) -> Card:
    """The card of the synthetic episodes: two cameras, square pictures of ``size`` pixels."""
    return Card("panda", ("front", "wrist"), (size, size), STATE_NAMES, ACTION_NAMES)


def _objects(rng: np.random.Generator, count: int) -> tuple[ObjectInfo, ...]:
    kinds, roles = ("mug", "can", "bowl", "plate", "box"), ("item", "item", "container", "surface", "item")
    return tuple(
        ObjectInfo(f"{kinds[i % 5]}_{colour}_{i}", kinds[i % 5], colour, "medium", roles[i % 5], 0.03, 0.08)
        for i, colour in enumerate(rng.choice(list(COLOURS), count))
    )


def _view(scene: SceneState, camera: Camera) -> View:
    """Draw every present object as a filled square of its colour, in order (later ones cover earlier ones)."""
    size = camera.height
    ramp = np.linspace(60, 140, size)
    image = np.repeat(np.add.outer(ramp, ramp)[..., None] / 2, 3, -1).astype(np.uint8)
    ids = np.zeros((size, size), np.uint8)
    pixels, depth = camera.project(scene.positions)
    for i in np.flatnonzero(scene.present & (depth > 0.05)):
        half = scene.objects[i].radius * camera.focal / depth[i]
        low = np.clip(np.round(pixels[i] - half), 0, size).astype(int)
        high = np.clip(np.round(pixels[i] + half), 0, size).astype(int)
        image[low[1] : high[1], low[0] : high[0]] = COLOURS[scene.objects[i].colour]
        ids[low[1] : high[1], low[0] : high[0]] = i + 1
    boxes = np.full((len(scene.objects), 4), np.nan)
    for i in range(len(scene.objects)):
        rows, columns = np.nonzero(ids == i + 1)
        if len(rows):
            boxes[i] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return View(camera, image, ids, boxes)


def _frame(scene: SceneState, front: Camera, size: int, place: np.ndarray | None, rng: np.random.Generator) -> Frame:
    wrist = Camera(size, size, 0.9 * size, look_at(scene.tool + [-0.05, 0, 0.25], scene.tool + [0.01, 0, 0]))
    state = np.concatenate([scene.tool, rng.normal(size=3), [scene.gripper_width], scene.tool, [0.0, 1.0]])
    action = np.concatenate([rng.normal(0, 0.02, 6), [1.0]])
    views = {"front": _view(scene, front), "wrist": _view(scene, wrist)}
    return Frame(scene, views, state.astype(np.float32), action.astype(np.float32), "approach", place)


def synthetic_episode(
    seed: int = 0, candidate: int = 0, length: int | None = None, objects: int = 5, size: int = 64, scenes: bool = False
) -> Episode:
    """A successful episode of ``length`` (default 8 to 14) frames, or a slide show of unrelated scenes."""
    rng = np.random.default_rng([seed, candidate])
    length = length or int(rng.integers(8, 15))
    infos = _objects(rng, objects)
    eye = [1.25, rng.uniform(-0.1, 0.1), 0.65]
    front = Camera(size, size, 1.4 * size, look_at(np.array(eye), np.array([0.48, 0.0, 0.02])))
    task = Task("into", 0, 2, f"put the {infos[0].colour} mug into the bowl", f"the {infos[0].colour} mug", "the bowl")
    frames: list[Frame] = []
    for t in range(length):
        if t == 0 or scenes:
            positions = np.stack(
                [rng.uniform(0.35, 0.68, objects), rng.uniform(-0.28, 0.28, objects), np.full(objects, 0.04)], -1
            )
            present = rng.random(objects) < 0.9
            present[[0, 2]] = True
            yaws = rng.uniform(-3, 3, objects)
        share = t / max(length - 1, 1)
        tool = (1 - share) * positions[0] + share * positions[2] + [0, 0, 0.2 * share * (1 - share)]
        scene = SceneState(
            infos, positions.copy(), yaws, present, positions + [0, 0, 0.02], yaws / 2, tool, 0.1 * share, 0.04
        )
        frames.append(_frame(scene, front, size, None if scenes else positions[2] + [0, 0, 0.1], rng))
    return Episode(seed, None if scenes else task, frames, True, candidate=candidate)


def synthetic_candidate(recipe: Recipe, candidate: int) -> list[Episode]:
    """A maker for generate(): every third candidate fails; deterministic."""
    if candidate % 3 == 1:
        return [Episode(recipe.seed, None, [], False, "grasp missed", candidate)]
    scenes = recipe.kind == "scenes"
    return [
        synthetic_episode(recipe.seed, candidate, size=recipe.size, scenes=scenes)
        for _ in range(recipe.renders_per_plan)
    ]


def slow_candidate(recipe: Recipe, candidate: int) -> list[Episode]:
    """As synthetic_candidate, but slow enough to be interrupted in between."""
    time.sleep(0.03)
    return synthetic_candidate(recipe, candidate)


def deadly_candidate(recipe: Recipe, candidate: int) -> list[Episode]:
    """As synthetic_candidate, but candidate 20 takes its process with it."""
    if candidate == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return synthetic_candidate(recipe, candidate)


def mortal_candidate(recipe: Recipe, candidate: int) -> list[Episode]:
    """As synthetic_candidate, but the first process that comes to candidate 20 dies of it."""
    grave = Path(os.environ["SIGHTLINE_TEST_GRAVE"])
    if candidate == 20 and not grave.exists():
        grave.write_text("here lies a worker")
        os.kill(os.getpid(), signal.SIGKILL)
    return synthetic_candidate(recipe, candidate)


def faulty_candidate(recipe: Recipe, candidate: int) -> list[Episode]:
    """A maker with a programming error."""
    raise ZeroDivisionError(f"candidate {candidate}")
