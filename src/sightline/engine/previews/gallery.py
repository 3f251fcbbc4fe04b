"""A picture of object models to check by eye: how each looks, its collision pieces, its best grasp, its figures."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.draw import caption_bar, contact_sheet
from sightline.core.hand import Hand
from sightline.engine.assets import Grasp, ObjectModel
from sightline.engine.assets.grasping import add_hand
from sightline.engine.assets.model import COLLISION_GROUP, VISUAL_GROUP
from sightline.engine.previews.studio import Studio
from sightline.engine.robots import DEFAULT, robot

PIECES_SHOWN, LOOK_SHOWN = 0.6, 0.3  # opacity of collision pieces, and of the object around them
FINGERS, PALM = (0.1, 0.75, 1.0, 0.75), (0.1, 0.75, 1.0, 0.25)
UNDERSIDE = 0.004  # metres, half of how much is shown of the palm
PALETTE = ((0.9, 0.2, 0.2), (0.2, 0.7, 0.3), (0.25, 0.4, 0.95), (0.95, 0.75, 0.1), (0.7, 0.3, 0.8), (0.1, 0.75, 0.75))


def gallery(models: Sequence[ObjectModel], columns: int = 4, size: int = 240) -> NDArray[np.uint8]:
    """Contact sheet [H,W,3]: for each model how it looks, and its pieces with the best grasp, over its figures.

    Args:
        columns: objects in a row.
        size: pixels, side of each picture.

    Raises SightlineError when there is no OpenGL backend.
    """
    tiles = [_tile(model, size) for model in models]
    tallest = max(len(tile) for tile in tiles)
    filled = [np.pad(tile, ((0, tallest - len(tile)), (0, 0), (0, 0)), mode="edge") for tile in tiles]
    return contact_sheet(filled, min(columns, len(filled)))


def caption(model: ObjectModel) -> str:
    """Name, role, size in centimetres, mass, number of collision pieces and of grasps."""
    words = " ".join(word for word in (model.size if model.size != "medium" else "", model.colour, model.kind) if word)
    sides = " x ".join(f"{100 * side:.1f}" for side in model.extent)
    pieces, grasps = _counted(len(model.shape.colliders), "piece"), ""
    if model.role == "item":
        grasps = f", {_counted(len(model.grasps), 'grasp')}"
    return f"{model.name}: {model.role}, {words}. {sides} cm, {1000 * model.mass:.0f} g, {pieces}{grasps}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tile(model: ObjectModel, size: int) -> NDArray[np.uint8]:
    looks = [_picture(model, size, pieces=False), _picture(model, size, pieces=True)]
    return caption_bar(np.concatenate(looks, axis=1), caption(model), size=max(11, size // 18))


def _picture(model: ObjectModel, size: int, pieces: bool) -> NDArray[np.uint8]:
    spec = mujoco.MjSpec()
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.55] * 3, [0.5] * 3
    spec.stat.extent = 0.3
    body = model.add_to(spec, "thing")
    if pieces:
        colliders = [geom for geom in body.geoms if geom.group == COLLISION_GROUP]
        for k, geom in enumerate(colliders):
            geom.rgba = [*PALETTE[k % len(PALETTE)], PIECES_SHOWN]
        for geom in body.geoms:
            if geom.group == VISUAL_GROUP:
                geom.rgba = [*geom.rgba[:3], LOOK_SHOWN]
        if model.grasp is not None:
            _add_grasp(spec, model.grasp, robot(DEFAULT).hand)
    ground = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.1], rgba=[0.75, 0.76, 0.8, 1])
    ground.group = VISUAL_GROUP
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    mujoco.mj_forward(compiled, data)
    groups = {VISUAL_GROUP, COLLISION_GROUP} if pieces else {VISUAL_GROUP}
    with Studio(compiled, size) as studio:
        return studio.picture(data, _camera(model), groups)


def _add_grasp(spec: mujoco.MjSpec, grasp: Grasp, hand: Hand) -> None:
    """The fingers as they hold the object, and the underside of the palm."""
    turn = 0.0 if grasp.yaw is None else grasp.yaw - np.pi / 2
    gripper = spec.worldbody.add_body(pos=grasp.point, quat=[np.cos(turn / 2), 0.0, 0.0, np.sin(turn / 2)])
    *fingers, palm = add_hand(gripper, hand, grasp.width, UNDERSIDE)
    palm.rgba, palm.group = PALM, COLLISION_GROUP
    for finger in fingers:
        finger.rgba, finger.group = FINGERS, COLLISION_GROUP


def _camera(model: ObjectModel) -> mujoco.MjvCamera:
    """From the front, a little above, so that the whole object fills most of the picture."""
    camera = mujoco.MjvCamera()
    camera.lookat[:] = [0.0, 0.0, model.height / 2]
    camera.distance = 2.1 * max(float(np.linalg.norm(model.extent)) / 2, 0.03) + 0.05
    camera.azimuth, camera.elevation = 145.0, -28.0
    return camera
