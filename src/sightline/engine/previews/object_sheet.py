"""Contact sheets: many objects in one picture, each by itself on a neutral ground with its name below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sightline.core.console import progress
from sightline.core.draw import contact_sheet
from sightline.core.errors import SightlineError
from sightline.core.pictures import require_picture, write_picture
from sightline.engine.assets.model import COLLISION_GROUP, VISUAL_GROUP, ObjectModel
from sightline.engine.previews.studio import Studio

TILE, CAPTION = 112, 14  # pixels: side of an object's picture, height of the line below it
OVERSAMPLE = 2
BATCH = 25  # objects in one compiled model
FAR_AWAY = 50.0  # metres: where the others wait, so that each is alone in its picture
FOVY, ELEVATION, AZIMUTH = 20.0, -28.0, 120.0  # degrees
FILL = 0.78  # share of the picture's height that the object takes
GROUND, GROUND_GROUP = [0.80, 0.80, 0.79, 1.0], 0
MARGIN = (203, 203, 201)


def draw_sheet(models: Sequence[ObjectModel], out: Path, columns: int = 20, colliders: bool = False) -> tuple[int, int]:
    """Write the contact sheet of ``models`` and return its width and height in pixels.

    Args:
        out: PNG or JPEG file; its folder is made.
        columns: pictures side by side.
        colliders: draw the collision pieces instead of what is seen.

    Raises:
        SightlineError: nothing to draw, no OpenGL backend, or a file name without a picture format.
    """
    if not models:
        raise SightlineError("A contact sheet needs at least one object.")
    require_picture(out)
    tiles = []
    with progress(len(models), "contact sheet", "object") as bar:
        for entry, tile in zip(models, _tiles(models, colliders), strict=True):
            tiles.append(_named(tile, entry.kind))
            bar.update()
    sheet = contact_sheet(tiles, min(columns, len(tiles)), gap=0, fill=MARGIN)
    write_picture(out, sheet)
    return sheet.shape[1], sheet.shape[0]


def _named(tile: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """[TILE + CAPTION, TILE, 3] the picture of an object over its name."""
    whole = Image.new("RGB", (TILE, TILE + CAPTION), MARGIN)
    whole.paste(Image.fromarray(tile).resize((TILE, TILE), Image.Resampling.LANCZOS))
    middle = (TILE / 2, TILE + CAPTION / 2)
    ImageDraw.Draw(whole).text(middle, name, (40, 40, 40), ImageFont.load_default(10), "mm")
    return np.asarray(whole)


def _tiles(models: Sequence[ObjectModel], colliders: bool) -> Iterator[NDArray[np.uint8]]:
    """[side,side,3] uint8 pictures of the objects, one after another."""
    groups = (GROUND_GROUP, COLLISION_GROUP if colliders else VISUAL_GROUP)
    for start in range(0, len(models), BATCH):
        batch = models[start : start + BATCH]
        compiled = _stage(batch)
        data = mujoco.MjData(compiled)
        with Studio(compiled, OVERSAMPLE * TILE) as studio:
            for index, entry in enumerate(batch):
                data.qpos[0::7] = FAR_AWAY
                data.qpos[7 * index] = 0.0
                mujoco.mj_kinematics(compiled, data)
                mujoco.mj_comPos(compiled, data)
                mujoco.mj_camlight(compiled, data)
                yield studio.picture(data, _camera(entry), groups)


def _stage(models: Sequence[ObjectModel]) -> mujoco.MjModel:
    """A ground, three lights and the objects."""
    spec = mujoco.MjSpec()
    spec.stat.extent, spec.visual.global_.fovy = 1.0, FOVY
    spec.visual.map.znear, spec.visual.map.shadowclip = 0.02, 0.3
    spec.visual.quality.shadowsize, spec.visual.quality.offsamples = 2048, 4
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.46] * 3, [0.15] * 3
    spec.visual.headlight.specular = [0.0] * 3
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], rgba=GROUND, group=GROUND_GROUP)
    for direction, strength, shadow in (([0.45, 0.35, -0.85], 0.42, True), ([-0.6, -0.5, -0.5], 0.2, False)):
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            dir=direction,
            diffuse=[strength] * 3,
            specular=[0.3] * 3,
            castshadow=shadow,
            pos=[-0.45, -0.35, 0.85],
        )
    for index, entry in enumerate(models):
        entry.add_to(spec, f"object_{index}")
    return spec.compile()


def _camera(entry: ObjectModel) -> mujoco.MjvCamera:
    """A camera that sees the object from the front and above, as large as it fits."""
    around, up = np.radians([AZIMUTH, ELEVATION])
    ahead = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])
    right = np.array([np.sin(around), -np.cos(around), 0.0])
    axes = np.stack([right, np.cross(right, ahead), ahead])
    seen = entry.shape.points() @ axes.T
    low, high = seen.min(0), seen.max(0)
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FREE
    camera.lookat[:] = (low + high) / 2 @ axes
    camera.distance = (high - low)[:2].max() / 2 / (FILL * np.tan(np.radians(FOVY) / 2))
    camera.azimuth, camera.elevation = AZIMUTH, ELEVATION
    return camera
