"""A picture of object models to check by eye: how each looks, its collision pieces, its best grasp, its figures."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.draw import caption_bar, contact_sheet
from sightline.core.hand import Hand
from sightline.engine.assets import Grasp, ObjectModel
from sightline.engine.assets.model import COLLISION_GROUP, VISUAL_GROUP
from sightline.engine.robots import DEFAULT, robot
from sightline.engine.simulation.renderer import gl_context

PIECES_SHOWN, LOOK_SHOWN = 0.6, 0.3  # opacity of collision pieces, and of the object around them
FINGERS, PALM = (0.1, 0.75, 1.0, 0.75), (0.1, 0.75, 1.0, 0.25)
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
    spec.visual.global_.offwidth = spec.visual.global_.offheight = size
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
            _add_hand(spec, model.grasp, robot(DEFAULT).hand)
    ground = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.1], rgba=[0.75, 0.76, 0.8, 1])
    ground.group = VISUAL_GROUP
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    mujoco.mj_forward(compiled, data)
    groups = {VISUAL_GROUP, COLLISION_GROUP} if pieces else {VISUAL_GROUP}
    return _render(compiled, data, _camera(model), groups, size)


def _add_hand(spec: mujoco.MjSpec, grasp: Grasp, hand: Hand) -> None:
    """The fingers as they hold the object, and the underside of the palm."""
    turn = 0.0 if grasp.yaw is None else grasp.yaw - np.pi / 2
    gripper = spec.worldbody.add_body(pos=grasp.point, quat=[np.cos(turn / 2), 0.0, 0.0, np.sin(turn / 2)])
    across, along = 2 * hand.finger_half, hand.finger_reach - hand.opening / 2
    half = (hand.palm_height + hand.tip) / 2
    for side in (-1, 1):
        gripper.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[0, side * (grasp.width + along) / 2, half - hand.tip],
            size=[across / 2, along / 2, half],
            rgba=FINGERS,
            group=COLLISION_GROUP,
        )
    gripper.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=[0, 0, hand.palm_height + 0.004],
        size=[hand.palm_half, hand.palm_reach, 0.004],
        rgba=PALM,
        group=COLLISION_GROUP,
    )


def _camera(model: ObjectModel) -> mujoco.MjvCamera:
    """From the front, a little above, so that the whole object fills most of the picture."""
    camera = mujoco.MjvCamera()
    camera.lookat[:] = [0.0, 0.0, model.height / 2]
    camera.distance = 2.1 * max(float(np.linalg.norm(model.extent)) / 2, 0.03) + 0.05
    camera.azimuth, camera.elevation = 145.0, -28.0
    return camera


def _render(
    model: mujoco.MjModel, data: mujoco.MjData, camera: mujoco.MjvCamera, groups: set[int], size: int
) -> NDArray[np.uint8]:
    gl_context()
    option = mujoco.MjvOption()
    option.geomgroup[:] = [group in groups for group in range(len(option.geomgroup))]
    scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 16)
    context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
    try:
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, context)
        mujoco.mjv_updateScene(model, data, option, None, camera, mujoco.mjtCatBit.mjCAT_ALL.value, scene)
        pixels, rect = np.empty((size, size, 3), np.uint8), mujoco.MjrRect(0, 0, size, size)
        mujoco.mjr_render(rect, scene, context)
        mujoco.mjr_readPixels(pixels, None, rect, context)
    finally:
        context.free()
    return pixels[::-1].copy()
