"""Questions about free space: spots on the table where nothing stands and something could be put."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from scipy.spatial import ConvexHull

from sightline.core.geometry import Array, rotation_z
from sightline.engine.vqa.formats import points_text
from sightline.engine.vqa.picture import Picture, Turn
from sightline.language.vocabulary import pick
from sightline.tasks.pick_place import GOAL_AREA, beside_distance
from sightline.tasks.scene_graph import AXES, GOAL_DISTANCE

STEP = 0.02  # metres between the spots of the table that are looked at
ROOM = 0.03  # metres that stay free around what is put down
SMALL = 0.05  # metres: radius of the room for something that is not named
SPREAD = 0.08  # metres between the spots of one answer
MOST = 5  # spots of one answer
CLEAR_PIXELS = 5  # pixels, side of the square around a spot in which no object shows (of a 224 pixel picture)
# Metres: what the hand, the fingers and the arm above them may cover, about the tool point (closing direction along y).
HAND = np.array([[-0.09, 0.07], [-0.12, 0.12], [-0.012, 0.45]])
BEHIND = 0.3  # metres by which the arm reaches back from there


def free_space(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """Free spots for a thing, or one beside a thing; only in pictures of cameras that stand apart."""
    if not picture.stands_apart:
        return None
    return _beside(picture, rng) if picture.faces_robot and rng.random() < 0.5 else _anywhere(picture, rng)


def _beside(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """The free spot in a direction of a thing that is nearest to where something would be put there."""
    if (spoken := picture.refer(rng)) is None:
        return None
    relation, scene = pick(tuple(AXES), rng), picture.scene
    spots, centre = free_spots(picture, SMALL), scene.positions[spoken[1], :2]
    offset, axis = spots - centre, np.array(AXES[relation])
    distance, along = np.linalg.norm(offset, axis=1), offset @ axis
    across = np.abs(offset @ axis[::-1])
    spots = spots[(along - across >= 0.02 + 0.1 * distance) & (distance < GOAL_DISTANCE)]  # as sure as a SceneGraph
    if not len(spots):
        return None
    goal = centre + axis * beside_distance(SMALL, scene.objects[spoken[1]].radius)
    best = spots[[np.argmin(np.linalg.norm(spots - goal, axis=1))]]
    place = pick(picture.moment.speech.words.relations[relation], rng)
    words = picture.moment.speech.ask("free beside", rng, place=place, other=spoken[0])
    return [(words, points_text(_pixels(picture, best)))]


def _anywhere(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """Several spots with room for a thing that is on the table."""
    items = [i for i in picture.seen if picture.scene.objects[i].role == "item"]
    if (spoken := picture.refer(rng, items)) is None:
        return None
    number = int(rng.integers(2, MOST + 1))
    spots = scattered(free_spots(picture, picture.scene.objects[spoken[1]].radius), number, rng)
    if not len(spots):
        return None
    words = picture.moment.speech.ask("free", rng, thing=spoken[0], number=number)
    return [(words, points_text(_pixels(picture, spots)))]


def free_spots(picture: Picture, radius: float) -> Array:
    """[k,2] x and y (m) of the spots that the picture shows where a footprint of ``radius`` (m) has room.

    Where an object stands is no free spot, not even for itself.
    """
    graph, spots = picture.moment.book.graph, bare_spots(picture)
    apart = np.linalg.norm(spots[:, None] - graph.position[:, :2], axis=-1) - graph.radius
    return spots[(apart >= radius + ROOM).all(1)]


@lru_cache(maxsize=1)
def bare_spots(picture: Picture) -> Array:
    """[k,2] x and y (m) of the spots of the workspace where the picture shows nothing but the table."""
    axes = [np.arange(low, high + STEP / 2, STEP) for low, high in GOAL_AREA]
    spots = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    pixels = _pixels(picture, spots)
    inside = picture.camera.inside(pixels)
    spots, pixels = spots[inside], pixels[inside]
    side = max(CLEAR_PIXELS * picture.camera.width // 224, 1)
    bare = maximum_filter(picture.ids, size=side)[tuple(pixels[:, ::-1].astype(int).T)] == 0
    return spots[bare & ~behind_robot(picture, pixels)]


def behind_robot(picture: Picture, pixels: Array) -> NDArray[np.bool_]:
    """Which pixels [k,2] the hand or the arm above it may cover: those within the outline of a generous hull."""
    scene = picture.scene
    corners = np.stack(np.meshgrid(*HAND, indexing="ij"), -1).reshape(-1, 3)
    back = corners[corners[:, 2] > 0] - [BEHIND, 0, 0]
    solid = np.concatenate([corners, back]) @ rotation_z(scene.tool_yaw).T + scene.tool
    outline, _ = picture.camera.project(solid)
    edges = ConvexHull(outline[np.isfinite(outline).all(1)]).equations
    return (pixels @ edges[:, :2].T + edges[:, 2] <= 0).all(1)


def scattered(spots: Array, number: int, rng: np.random.Generator) -> Array:
    """[<= number, 2] spots that are apart from each other, beginning with a random one."""
    chosen: list[Array] = []
    while len(spots) and len(chosen) < number:
        chosen.append(spots[int(rng.integers(len(spots)))])
        spots = spots[np.linalg.norm(spots - chosen[-1], axis=1) >= SPREAD]
    return np.array(chosen).reshape(-1, 2)


def _pixels(picture: Picture, spots: Array) -> Array:
    """[k,2] where spots of the table are in the picture."""
    return picture.camera.project(np.concatenate([spots, np.zeros((len(spots), 1))], 1))[0]
