"""Pick-and-place tasks: which are possible in a scene, where to let go, and when a task is done."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array
from sightline.core.hand import Room
from sightline.core.types import RELATIONS, SceneState, Task
from sightline.tasks.scene_graph import AXES, FOOTING, MIN_DISTANCE, REST, SceneGraph, base_height, holds, top_height

GOAL_AREA = ((0.35, 0.68), (-0.28, 0.28))  # x and y limits of goals, metres
BESIDE = 0.12  # metres between centres when something is put beside something small
CLEARANCE = 0.035  # metres between footprints that the opening fingers need
MAX_BESIDE = 0.20  # metres: leaves slack to the goal's limit of scene_graph.GOAL_DISTANCE
DROP = 0.01  # metres above its rest at which an object is let go
RIM = 0.005  # metres by which the tool point stays above a container's rim, so that the fingers can open
ABOVE = 0.10  # metres by which the tool approaches from above and lifts
WORK = "carry"  # the stage that does the job
ENDINGS = ("grasp", "place", "retreat")  # stages with which an episode may end
_PREPOSITIONS = {
    "into": "into",
    "onto": "on",
    "left": "to the left of",
    "right": "to the right of",
    "front": "in front of",
    "behind": "behind",
}


def stages(relation: str) -> Mapping[str, str]:
    """What the robot does one after the other, in words: {t} the target, {r} the reference."""
    return {
        "move to the grasp": "reach for {t}",
        "grasp": "grasp {t}",
        "lift": "lift {t}",
        "carry": "carry {t} to {r}",
        "place": f"put {{t}} {_PREPOSITIONS[relation]} {{r}}",
        "retreat": "let go of {t} and move away",
    }


def beside_distance(target_radius: Array | float, reference_radius: Array | float) -> Array:
    """Distance (m) between the centres when something is put beside something: room for the fingers between them."""
    return np.maximum(BESIDE, np.asarray(target_radius) + np.asarray(reference_radius) + CLEARANCE)


def feasible(
    scene: SceneState, graph: SceneGraph, room: Room, graspable: NDArray[np.bool_] | None
) -> list[NDArray[np.bool_]]:
    """For each of core.types.RELATIONS an [m,m] bool table of possible (target, reference) among present objects.

    Args:
        graph: of the scene; its local object numbers are the ones of the tables.
        room: what the robot's hand needs around it when it lets go.
        graspable: [n] which objects the robot can take; all items when None.
    """
    chosen = np.array(graph.indices, int)
    if not len(chosen):
        return [np.zeros((0, 0), bool)] * len(RELATIONS)
    radius, centre = graph.radius, graph.position[:, :2]
    own = np.eye(len(chosen), dtype=bool)
    inside = graph.is_container & (graph.distance < radius) & ~own
    target_ok = graph.is_item & np.isfinite(scene.grasp_points[chosen]).all(1) & ~inside.any(1)
    if graspable is not None:
        target_ok &= graspable[chosen]
    reference_ok = graph.base <= REST  # stands on the table: neither held nor in or on something
    reference_ok &= [not info.is_part for info in graph.objects]
    pair_ok = target_ok[:, None] & reference_ok[None, :] & ~own
    apart = radius[:, None] + radius[None, :]

    # Into and onto: the reference must hold nothing (but perhaps the target), which must fit; the fingers need room.
    blocking = graph.distance < np.maximum(radius[:, None] + room.fingers, radius[None, :])  # [object, reference]
    blocking &= ~own
    free = blocking.sum(0)[None, :] == blocking  # [target, reference]
    on_it = graph.distance < radius[None, :]
    receives = pair_ok & free & ~on_it
    into = receives & graph.is_container & (radius[:, None] <= FOOTING * radius[None, :])
    onto = receives & graph.is_surface & (radius[:, None] <= radius[None, :])

    # Beside: the goal must be in the workspace, clear of everything but the target, and not already fulfilled.
    beside = beside_distance(radius[:, None], radius[None, :])
    axes = np.array([AXES[name] for name in RELATIONS[2:]])
    goal = centre[None, None, :, :] + axes[:, None, None, :] * beside[None, :, :, None]  # [4,target,reference,2]
    (x_low, x_high), (y_low, y_high) = GOAL_AREA
    reachable = (goal[..., 0] >= x_low) & (goal[..., 0] <= x_high) & (goal[..., 1] >= y_low) & (goal[..., 1] <= y_high)
    to_others = centre - goal[..., None, :]  # [4,target,reference,object,2]
    clear = np.linalg.norm(to_others, axis=-1) >= (apart + CLEARANCE - 1e-9)[:, None, :]
    clear &= ~_under_palm(scene, graph, to_others, room)
    clear |= own[:, None, :]
    moves = np.linalg.norm(goal - centre[:, None, :], axis=-1) >= MIN_DISTANCE + 0.01
    lateral = pair_ok & reachable & clear.all(-1) & moves & (graph.cone < -0.01) & (beside <= MAX_BESIDE)
    return [into, onto, *lateral]


def _under_palm(scene: SceneState, graph: SceneGraph, offset: Array, room: Room) -> NDArray[np.bool_]:
    """Which objects the palm would touch when a target is let go on the table.

    Args:
        offset: [4,target,reference,object,2] metres from the goal to each object.

    Returns:
        [4,target,reference,object] bool; the fingers are taken to close as they would in the present grasp.
    """
    chosen = np.array(graph.indices, int)
    yaw = scene.grasp_yaws[chosen][:, None, None]
    along = np.abs(offset[..., 0] * np.cos(yaw) + offset[..., 1] * np.sin(yaw))
    aside = np.abs(offset[..., 1] * np.cos(yaw) - offset[..., 0] * np.sin(yaw))
    gap = np.hypot(np.maximum(along - room.palm[0], 0), np.maximum(aside - room.palm[1], 0)) - graph.radius
    palm = scene.grasp_points[chosen, 2] - graph.base + DROP + room.palm_height
    return (gap < 0.01) & (graph.base + graph.height > palm[:, None])[:, None, :]


def place_point(scene: SceneState, task: Task) -> Array:
    """[3] base-frame position of the tool point (m) at which the target is let go (see goals.place_point)."""
    relation, target, reference = task.relation, task.target, task.reference
    goal, grasp = scene.positions[reference, :2], scene.grasp_points[target]
    grasp_height = max(float(grasp[2]) - base_height(scene, target), 0.0)
    if relation in AXES:
        distance = beside_distance(scene.objects[target].radius, scene.objects[reference].radius)
        goal = goal + np.array(AXES[relation]) * distance
        height = grasp_height + DROP
    elif relation == "onto":
        height = top_height(scene, reference) + grasp_height + DROP
    else:
        # Tall things are let go just above the floor; short ones as deep as the fingers can open, at the rim.
        height = max(base_height(scene, reference) + DROP + grasp_height + DROP, top_height(scene, reference) + RIM)
    shift = grasp[:2] - scene.positions[target, :2]
    return np.array([goal[0] + shift[0], goal[1] + shift[1], height])


def is_done(scene: SceneState, task: Task, started: SceneState) -> bool:
    """Whether the goal holds now, by the target's own movement since ``started`` (see goals.is_done).

    Something put beside something must rest on the table, not on another object.
    """
    moved = float(np.linalg.norm(scene.positions[task.target] - started.positions[task.target]))
    if moved < 0.02 or not holds(task.relation, scene, task.target, task.reference):
        return False
    info = scene.objects[task.target]
    return (
        task.relation not in AXES or float(scene.positions[task.target, 2]) <= max(info.height / 2, info.radius) + REST
    )


def nominal_path(tool: Array, grasp: Array, place: Array, carry: float = ABOVE) -> Array:
    """[N,3] corners of the tool point's way (m, base frame): above the grasp, grasp, lift, above the place, place.

    Starts at the current tool point; a tool that is already at the grasp point holds the object and only carries it.

    Args:
        carry: height (m) above the higher of grasp and place at which the object travels.
    """
    tool, grasp, place = (np.asarray(point, dtype=np.float64) for point in (tool, grasp, place))
    travel = max(grasp[2], place[2]) + carry
    lift, above_place = np.array([grasp[0], grasp[1], travel]), np.array([place[0], place[1], travel])
    if np.linalg.norm(tool - grasp) < 0.02:
        # On the way to the place already: no need to go up again above the place itself.
        lift = np.array([tool[0], tool[1], max(tool[2], travel)])
        above_place[2] = lift[2]
        return np.stack([tool, lift, above_place, place])
    return np.stack([tool, np.array([grasp[0], grasp[1], grasp[2] + ABOVE]), grasp, lift, above_place, place])
