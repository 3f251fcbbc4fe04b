"""Spatial relations between the objects of a scene.

Two views of the same geometry: :func:`holds` answers one question about one pair and decides whether a task is done;
:class:`SceneGraph` tabulates all pairs of a scene at once, with margins, so that language is only used where it is
clear. Directions are seen from the front camera, which looks at the robot: left is -y of the base frame, right +y,
front +x, behind -x.
"""

from __future__ import annotations

import numpy as np

from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array
from sightline.core.types import RELATIONS, SceneState

AXES: dict[str, tuple[float, float]] = {
    "left": (0.0, -1.0),
    "right": (0.0, 1.0),
    "front": (1.0, 0.0),
    "behind": (-1.0, 0.0),
}
MIN_DISTANCE = 0.05  # metres between centres below which two things are at the same place
GOAL_DISTANCE = 0.22  # metres: a thing put beside another is at most this far away
NEXT_TO_GAP = 0.09  # metres between two footprints that are next to each other
FOOTING = 0.7  # share of the radius within which a centre is over the footprint, even of a rectangle
REST = 0.02  # metres of tolerance on "rests on": settling, rims, tilted things

PAIRWISE = (*AXES, "next", "into", "onto")
RANKED = ("leftmost", "rightmost", "frontmost", "backmost", "robot_nearest", "robot_farthest", "largest", "smallest")
RANKED_BY_REFERENCE = ("nearest", "farthest")


def base_height(scene: SceneState, index: int) -> float:
    """Height (m) of the lowest point of an upright object; never below the table top (for lying ones)."""
    return max(float(scene.positions[index, 2]) - scene.objects[index].height / 2, 0.0)


def top_height(scene: SceneState, index: int) -> float:
    """Height (m) of the top (of a container: the rim) of an upright object."""
    return base_height(scene, index) + scene.objects[index].height


def tops(scene: SceneState) -> Array:
    """[n] heights (m) up to which objects reach as they are: an open lid stands up."""
    heights = np.array([info.height for info in scene.objects])
    if scene.joints is None:
        return scene.positions[:, 2] + heights / 2
    lids = np.array([info.role == "lid" for info in scene.objects], bool)
    radii = np.array([info.radius for info in scene.objects])
    upright = radii * np.abs(np.sin(np.where(lids, scene.joints, 0.0)))
    return scene.positions[:, 2] + np.maximum(heights / 2, upright)


def body_of(scene: SceneState, part: int) -> int:
    """Index of the fixture that a part belongs to: parts follow their fixture."""
    return max(index for index in range(part) if scene.objects[index].role == "fixture")


def bulk(scene: SceneState, index: int) -> float:
    """Characteristic length (m) that "largest" and "smallest" compare: the cube root of radius^2 x height."""
    info = scene.objects[index]
    return float(np.cbrt(info.radius**2 * info.height))


def direction_margin(relation: str, offset: Array) -> float:
    """How far (m) an offset [2+] of target from reference lies inside the 45 degree cone around the relation's axis.

    Negative outside the cone.
    """
    axis_x, axis_y = AXES[relation]
    along = axis_x * offset[0] + axis_y * offset[1]
    return float(along - abs(axis_y * offset[0] - axis_x * offset[1]))


def holds(relation: str, scene: SceneState, target: int, reference: int, limit: float = GOAL_DISTANCE) -> bool:
    """Whether ``target`` stands in ``relation`` to ``reference``.

    Args:
        relation: one of core.types.RELATIONS.
        limit: largest distance of the centres (m) for the four directions; ``inf`` when used to refer to things.

    Raises:
        SightlineError: unknown relation.
    """
    require_known("relation", relation, RELATIONS)
    if target == reference or not (scene.present[target] and scene.present[reference]):
        return False
    offset = scene.positions[target] - scene.positions[reference]
    distance = float(np.hypot(offset[0], offset[1]))
    info, other = scene.objects[target], scene.objects[reference]
    if relation in AXES:
        beside = max(MIN_DISTANCE, other.radius) <= distance <= limit
        return beside and direction_margin(relation, offset) >= 0
    centre = float(scene.positions[target, 2])
    floor, rim = base_height(scene, reference), top_height(scene, reference)
    if distance > FOOTING * other.radius or centre <= floor:
        return False
    if relation == "into":  # an upright one starts below the rim; a tall one that fell over lies lower still
        return other.role == "container" and centre - info.height / 2 < rim
    return other.role == "surface" and centre - max(info.height / 2, info.radius) < rim + REST


class SceneGraph:
    """All relations among the present objects of a scene, tabulated once with margins.

    Objects are numbered 0..m-1 here (``indices`` gives their index in the scene); a set of objects is a bit mask.

    Attributes:
        indices: local number -> index in the scene.
        certain: relation -> [m] mask, for each reference, of the objects that clearly stand in the relation to it.
        possible: relation -> [m] mask, for each reference, of the objects that stand in it or nearly so.
        beats: ranking -> [m] mask, for each object, of the objects it clearly outranks.
        beats_at: ranking -> [m][m] the same for each reference, then each object.
        offset: [m,m,3] metres, target (first axis) minus reference.
        distance: [m,m] metres in the table plane.
    """

    def __init__(self, scene: SceneState) -> None:
        chosen = np.flatnonzero(scene.present)
        self.indices: list[int] = chosen.tolist()
        if len(self.indices) > 60:
            raise SightlineError(f"A scene shows {len(self.indices)} objects at once; relations are limited to 60.")
        self.objects = [scene.objects[index] for index in self.indices]
        self.position = scene.positions[chosen]
        self.radius = np.array([info.radius for info in self.objects])
        self.height = np.array([info.height for info in self.objects])
        self.is_container = np.array([info.role == "container" for info in self.objects], bool)
        self.is_surface = np.array([info.role == "surface" for info in self.objects], bool)
        self.is_item = np.array([info.role == "item" for info in self.objects], bool)
        self.base = np.maximum(self.position[:, 2] - self.height / 2, 0.0)
        self.offset = self.position[:, None, :] - self.position[None, :, :]
        self.distance = np.hypot(self.offset[..., 0], self.offset[..., 1])
        dx, dy = self.offset[..., 0], self.offset[..., 1]
        along, across = np.stack([-dy, dy, dx, -dx]), np.abs(np.stack([dx, dx, dy, dy]))
        self.cone = along - across  # [4,m,m] like direction_margin
        self._weights = 1 << np.arange(len(self.indices), dtype=np.int64)
        self._tabulate_relations()
        self._tabulate_rankings()

    def _tabulate_relations(self) -> None:
        slack = 0.02 + 0.1 * self.distance  # metres to the cone's edge, wider where a turned camera matters more
        apart = self.distance - np.maximum(MIN_DISTANCE, self.radius)[None, :]
        gap = self.distance - self.radius[:, None] - self.radius[None, :]
        other = ~np.eye(len(self.indices), dtype=bool)
        certain = [
            *((self.cone >= slack) & (apart >= 0.01)),
            (gap <= NEXT_TO_GAP - 0.02) & (apart >= 0.01) & (apart.T >= 0.01),
        ]
        possible = [*((self.cone > -slack) & (apart > -0.01)), gap < NEXT_TO_GAP + 0.02]
        centre, half, radius = self.position[:, 2:], self.height[:, None] / 2, self.radius[:, None]
        rim = (self.base + self.height)[None, :]
        above_floor = centre > self.base[None, :]
        inside = FOOTING * self.radius[None, :] - self.distance
        for role, low in (
            (self.is_container, centre - half - rim),
            (self.is_surface, centre - np.maximum(half, radius) - rim - REST),
        ):
            certain.append(role[None, :] & above_floor & (inside >= 0.01) & (low < -0.005))
            possible.append(role[None, :] & (inside > -0.01) & (low < 0.005))
        weights = self._weights[:, None]
        certain_masks = ((np.stack(certain) & other) * weights).sum(1).tolist()
        possible_masks = ((np.stack(possible) & other) * weights).sum(1).tolist()
        self.certain: dict[str, list[int]] = dict(zip(PAIRWISE, certain_masks, strict=True))
        self.possible: dict[str, list[int]] = dict(zip(PAIRWISE, possible_masks, strict=True))

    def _tabulate_rankings(self) -> None:
        dx, dy = self.offset[..., 0], self.offset[..., 1]
        # A camera that stands up to 15 degrees aside must agree, so depth differences widen the margin.
        aside, deep = 0.025 + 0.2 * np.abs(dx), 0.025 + 0.2 * np.abs(dy)
        reach = np.hypot(self.position[:, 0], self.position[:, 1])
        further = reach[:, None] - reach[None, :]
        length = np.log(self.radius**2 * self.height) / 3
        larger = length[:, None] - length[None, :]
        clear = np.log(1.12)
        beats = np.stack(
            [
                -dy >= aside,
                dy >= aside,
                dx >= deep,
                -dx >= deep,
                -further >= 0.03,
                further >= 0.03,
                larger >= clear,
                -larger >= clear,
            ]
        )
        self.beats: dict[str, list[int]] = dict(zip(RANKED, (beats @ self._weights).tolist(), strict=True))
        ahead = self.distance.T[:, None, :] - self.distance.T[:, :, None]  # [reference, object, runner-up]
        beats_at = np.stack([ahead >= 0.03, -ahead >= 0.03]) @ self._weights
        self.beats_at: dict[str, list[list[int]]] = dict(zip(RANKED_BY_REFERENCE, beats_at.tolist(), strict=True))
