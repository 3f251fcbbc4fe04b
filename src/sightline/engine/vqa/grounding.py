"""Questions about where things are and where the gripper goes: boxes, points, traces, grasps."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Array, resample_path
from sightline.engine.generation.object_shapes import grasp_box
from sightline.engine.vqa.formats import box_text, deep_points_text, points_text
from sightline.engine.vqa.groups import draw_group
from sightline.engine.vqa.picture import Job, Picture, Turn
from sightline.language.questions import AXIS_HALF_LENGTH, TRACE_POINTS
from sightline.tasks.goals import place_point
from sightline.tasks.pick_place import nominal_path

SHORT = 12.0  # pixels: a trace that is shorter says nothing
ANY_YAW = 1e-6  # radians from pi / 2, which stands for objects that may be grasped in any direction
HIDDEN = 0.9  # an object counts as partly hidden when its visible box is this share of the whole one, or less
HIDDEN_SHARE = 0.75  # of the questions about whole objects that ask for a partly hidden one
NEAR_VERTICAL = 0.3  # of the closing direction's length that must remain in the picture for an angle to be told


def box(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """One thing, all things of a sort, or the two things of a task."""
    say, draw = picture.moment.speech.ask, rng.random()
    if draw < 0.35 and (job := picture.job(rng)) is not None:
        boxes = picture.boxes[[job.task.target, job.task.reference]]
        return [(say("task box", rng, task=job.text), box_text(boxes))]
    if draw > 0.85 and (group := draw_group(picture, rng)) is not None:
        return [(say("all", rng, things=group[0]), box_text(picture.boxes[group[1]]))]
    if (spoken := picture.refer(rng)) is None:
        return None
    return [(say("box", rng, thing=spoken[0]), box_text(picture.boxes[[spoken[1]]]))]


def amodal(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """The whole of one thing, mostly of one that something covers in part."""
    framed = {index: found for index in picture.seen if (found := picture.framed(picture.whole[index])) is not None}
    size = (picture.boxes[:, 2:] - picture.boxes[:, :2]).prod(1)
    hidden = [i for i, whole in framed.items() if size[i] <= HIDDEN * float(np.prod(whole[2:] - whole[:2]))]
    among = hidden if rng.random() < HIDDEN_SHARE else list(framed)
    if (spoken := picture.refer(rng, among)) is None:
        return None
    return [(picture.moment.speech.ask("amodal", rng, thing=spoken[0]), box_text([framed[spoken[1]]]))]


def point(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """A visible spot on one thing, or where a task grasps and lets go."""
    say = picture.moment.speech.ask
    if rng.random() < 0.35 and (job := picture.job(rng)) is not None:
        scene = picture.scene
        goals = np.stack([scene.grasp_points[job.task.target], place_point(scene, job.task)])
        pixels, _ = picture.camera.project(goals)
        if not picture.inside(pixels):
            return None
        return [(say("task point", rng, task=job.text), points_text(pixels))]
    if (spoken := picture.refer(rng)) is None:
        return None
    return [(say("point", rng, thing=spoken[0]), points_text([picture.spot_on(spoken[1])]))]


def way(picture: Picture, job: Job) -> Array:
    """[N,3] the tool point's way to come, metres: what the demonstration did, else the nominal one."""
    if job.path is not None:
        return job.path
    scene = picture.scene
    return nominal_path(scene.tool, scene.grasp_points[job.task.target], place_point(scene, job.task))


def trace(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """The tool's way in the picture, evenly spaced there."""
    if (job := picture.job(rng)) is None:
        return None
    pixels, _ = picture.camera.project(way(picture, job))
    if not picture.inside(pixels) or float(np.linalg.norm(np.diff(pixels, axis=0), axis=1).sum()) < SHORT:
        return None
    return [(picture.moment.speech.ask("trace", rng, task=job.text), points_text(resample_path(pixels, TRACE_POINTS)))]


def trace3d(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """The tool's way in space, evenly spaced there: pixels and depth along the camera's axis."""
    if (job := picture.job(rng)) is None:
        return None
    pixels, depth = picture.camera.project(resample_path(way(picture, job), TRACE_POINTS))
    if not picture.inside(pixels) or float(np.linalg.norm(np.diff(pixels, axis=0), axis=1).sum()) < SHORT:
        return None
    answer = deep_points_text(np.concatenate([pixels, depth[:, None]], 1))
    return [(picture.moment.speech.ask("trace3d", rng, task=job.text), answer)]


def affordance(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """Where, and in which direction, a gripper takes a thing."""
    scene, say = picture.scene, picture.moment.speech.ask
    items = [i for i in picture.seen if scene.objects[i].role == "item" and picture.moment.held in (-1, i)]
    if (spoken := picture.refer(rng, items)) is None:
        return None
    thing, index = spoken
    if rng.random() < 0.3:
        assert picture.moment.bodies is not None
        region = picture.framed(grasp_box(scene, index, picture.camera, picture.moment.bodies))
        return None if region is None else [(say("grasp box", rng, thing=thing), box_text([region]))]
    pixel, _ = picture.camera.project(scene.grasp_points[index])
    if not picture.inside(pixel):
        return None
    turns = [(say("grasp", rng, thing=thing), points_text([pixel]))]
    angle = closing_angle(picture, index)
    return turns if angle is None else [*turns, (say("angle", rng), str(angle))]


def closing_angle(picture: Picture, index: int) -> int | None:
    """Angle in the picture of the line on which the fingers close, 0 to 179 degrees, counter-clockwise from horizontal.

    None where any direction will do, or where the line points (nearly) along the view.
    """
    yaw, grasp = float(picture.scene.grasp_yaws[index]), picture.scene.grasp_points[index]
    if abs(yaw - np.pi / 2) < ANY_YAW:
        return None
    half = AXIS_HALF_LENGTH * np.array([np.cos(yaw), np.sin(yaw), 0.0])
    pixels, depth = picture.camera.project(np.stack([grasp - half, grasp + half]))
    across = pixels[1] - pixels[0]
    if not np.linalg.norm(across) > NEAR_VERTICAL * 2 * AXIS_HALF_LENGTH * picture.camera.focal / depth.mean():
        return None
    return round(float(np.degrees(np.arctan2(-across[1], across[0])))) % 180
