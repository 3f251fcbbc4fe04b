"""Pictures and labels of a world: colour, instance maps, boxes and camera calibration from the simulator's truth."""

from __future__ import annotations

import atexit
import importlib
import os
import platform
from functools import lru_cache
from types import TracebackType
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import View
from sightline.engine.assets import ObjectModel
from sightline.engine.gl import MISSING
from sightline.engine.simulation.randomization import FROM_OPENCV
from sightline.engine.worlds.world import World

MIN_PIXELS = 6  # an object that shows fewer has no box
SHADOW_STRENGTH, SHADOW_FADE = 0.4, 0.12  # darkness on contact; height in metres at which it has fallen to a third
_context: Any = None  # one OpenGL context a process: making one costs more than all pictures of a world
_owner = 0  # the process that has made it


def gl_context() -> Any:
    """This process's OpenGL context, made on first use.

    Raises SightlineError that names the missing packages, or where the context is that of a process which has forked
    into this one: drawing would hang.
    """
    global _context, _owner
    backend = os.environ.get("MUJOCO_GL", "").lower() or "egl"
    if _context is not None and _owner != os.getpid() and backend != "osmesa":
        raise SightlineError(
            "This process was forked from one that has rendered, which OpenGL does not survive: start processes by "
            'spawn, for example gymnasium.vector.AsyncVectorEnv(..., context="spawn").'
        )
    if _context is None:
        try:
            if platform.system() == "Linux" and backend in ("egl", "osmesa"):
                made = importlib.import_module(f"mujoco.{backend}").GLContext(64, 64)
            else:
                made = mujoco.GLContext(64, 64)
            made.make_current()
        except Exception as error:  # PyOpenGL raises anything from AttributeError to its own GLError
            raise SightlineError(f"{MISSING} The backend {backend} said: {error}") from error
        _context, _owner = made, os.getpid()
        atexit.register(_free_context)  # before the OpenGL libraries themselves go
    _context.make_current()
    return _context


def _free_context() -> None:
    global _context
    if _context is not None and _owner == os.getpid():
        _context.free()
        _context = None


class Renderer:
    """Renders one world at one picture size. Use as a context manager, or call :meth:`close`."""

    def __init__(self, world: World, size: int = 224) -> None:
        """Upload the world's meshes and textures.

        Args:
            size: pixels, side of the square pictures.

        Raises:
            SightlineError: no OpenGL backend, or a size that is not within 16..2048.
        """
        if not 16 <= size <= 2048:
            raise SightlineError(f"The picture size must be between 16 and 2048 pixels, not {size}.")
        self.world, self.size = world, size
        gl_context()
        model = world.model
        model.vis.global_.offwidth = model.vis.global_.offheight = size
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = [0, 1, 1, 0, 0, 0]
        self._option.sitegroup[:] = 0
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + len(world.models) + 16)
        self._footprints = [footprint(entry) for entry in world.models]
        self._mjr: mujoco.MjrContext | None = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._mjr)
        self._rect = mujoco.MjrRect(0, 0, size, size)
        self._mjr.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR.value
        self._pixels = np.empty((size, size, 3), np.uint8)
        self._depths = np.empty((size, size), np.float32)
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        for flag in (mujoco.mjtRndFlag.mjRND_REFLECTION, mujoco.mjtRndFlag.mjRND_SKYBOX):
            self._scene.flags[flag] = 0
        self._casting = False  # whether a lamp of the present look casts true shadows

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free what the graphics side holds. The renderer cannot be used afterwards."""
        if self._mjr is not None:
            gl_context()
            self._mjr.free()
            self._mjr = None

    def camera(self, data: mujoco.MjData, camera_name: str) -> Camera:
        """Calibration of the camera where it is now (needs ``mj_forward`` after a change of ``data``)."""
        index = self._camera_id(camera_name)
        # A new look moves cameras in the model; their pose in the world follows only when it is asked for.
        mujoco.mj_camlight(self.world.model, data)
        pose = np.eye(4)
        pose[:3, :3] = data.cam_xmat[index].reshape(3, 3) @ FROM_OPENCV
        pose[:3, 3] = data.cam_xpos[index]
        focal = self.size / 2 / np.tan(np.radians(self.world.model.cam_fovy[index]) / 2)
        return Camera(self.size, self.size, float(focal), pose)

    def picture(self, data: mujoco.MjData, camera_name: str) -> NDArray[np.uint8]:
        """[size,size,3] uint8 RGB from the camera called ``camera_name``."""
        self._update(data, camera_name)
        return self._developed(self._draw(False), data, camera_name)

    def view(self, data: mujoco.MjData, camera_name: str, depth: bool = False) -> View:
        """Picture with instance map, boxes, calibration and, if asked for, depth.

        Objects that show under 6 pixels have a NaN box.
        """
        self._update(data, camera_name)
        image = self._developed(self._draw(False), data, camera_name)
        ids = self._segment()
        boxes = boxes_of(ids, len(self.world.objects))
        return View(self.camera(data, camera_name), image, ids, boxes, self._metres() if depth else None)

    def _camera_id(self, name: str) -> int:
        index = mujoco.mj_name2id(self.world.model, mujoco.mjtObj.mjOBJ_CAMERA.value, name)
        if index < 0:
            known = [self.world.model.camera(i).name for i in range(self.world.model.ncam)]
            raise SightlineError(f"There is no camera '{name}': this world has {', '.join(known)}.")
        return index

    def _update(self, data: mujoco.MjData, camera_name: str) -> None:
        mujoco.mj_camlight(self.world.model, data)
        if self._mjr is None:
            raise SightlineError("This renderer is closed: make a new one.")
        self._view.fixedcamid = self._camera_id(camera_name)
        mujoco.mjv_updateScene(
            self.world.model, data, self._option, None, self._view, mujoco.mjtCatBit.mjCAT_ALL.value, self._scene
        )
        model = self.world.model
        self._casting = bool((model.light_castshadow & model.light_active).any())
        if not self._casting:
            self._add_shadows(data)

    def _developed(self, picture: NDArray[np.uint8], data: mujoco.MjData, camera_name: str) -> NDArray[np.uint8]:
        """The rendered picture as the look's sensor records it."""
        sensor = self.world.sensor
        return picture if sensor is None else sensor.develop(picture, camera_name, data.time)

    def _add_shadows(self, data: mujoco.MjData) -> None:
        """Dark ellipses on the table where the key light casts each object's shadow.

        True shadow maps cost more than the rest of the picture; these cost nearly nothing and tie things to the table.
        They are drawn where no lamp of the look casts true ones, and are no part of the instance map. Drawers and the
        like are in the shadow of what they hang on.
        """
        world = self.world
        light = world.model.light_dir[world.key_light]
        slope = light[:2] / max(-light[2], 0.2)
        for index in np.flatnonzero(world.present & ~world.mounting.hangs):
            centre, spread = self._footprints[index]
            turn = data.xmat[world.body_ids[index]].reshape(3, 3)
            base = data.xpos[world.body_ids[index]]
            half = turn[:, 2] * world.objects[index].height / 2
            middle = base + half + turn[:, :2] @ centre
            if not -0.02 < base[2] < 0.5 or np.abs(middle[:2]).max() > 0.8:
                continue
            flat, tall = turn[:2, :2], half[:2] + slope * half[2]
            spread = flat @ spread @ flat.T + np.outer(tall, tall)
            squares, axes = np.linalg.eigh(spread)
            frame = np.eye(3)
            frame[:2, :2] = axes * [1.0, np.linalg.det(axes)]
            darkness = SHADOW_STRENGTH * np.exp(-max(base[2], 0.0) / SHADOW_FADE)
            geom = self._scene.geoms[self._scene.ngeom]
            mujoco.mjv_initGeom(
                geom,
                mujoco.mjtGeom.mjGEOM_CYLINDER,
                np.ones(3),
                np.array([*(middle[:2] + slope * max(middle[2], 0.0)), 0.0006]),
                frame.ravel(),
                np.array([0.0, 0.0, 0.0, darkness], np.float32),
            )
            geom.category, geom.segid, geom.transparent = mujoco.mjtCatBit.mjCAT_DECOR, -1, 1
            geom.size[:] = [*np.sqrt(squares), 0.0003]  # set here because initGeom makes cylinders round
            geom.specular = 0.0
            # A slot keeps what it held before wherever it is not told otherwise, and pictures would depend on history.
            geom.objtype, geom.objid, geom.camdist = mujoco.mjtObj.mjOBJ_UNKNOWN, -1, float(index)
            self._scene.ngeom += 1

    def _draw(self, ids: bool) -> NDArray[np.uint8]:
        gl_context()
        # Renderers of several worlds share the context: each must draw into, and read from, its own buffer.
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._mjr)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = ids
        self._scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = ids
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = self._casting and not ids
        mujoco.mjr_render(self._rect, self._scene, self._mjr)
        mujoco.mjr_readPixels(self._pixels, None, self._rect, self._mjr)
        return self._pixels[::-1].copy()

    def _segment(self) -> NDArray[np.uint8]:
        """[size,size] uint8: 0 = nothing named, i + 1 = object i."""
        colours = self._draw(True)
        codes = colours[..., 0].astype(np.int32) | colours[..., 1].astype(np.int32) << 8
        lookup = np.zeros(self._scene.ngeom + 2, np.uint8)
        is_geom = int(mujoco.mjtObj.mjOBJ_GEOM)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == is_geom:
                lookup[geom.segid + 1] = self.world.geom_object[geom.objid] + 1
        return lookup[codes]

    def _metres(self) -> NDArray[np.float32]:
        """[size,size] depth of what was drawn last, metres along the camera's axis; 0 where nothing was drawn."""
        gl_context()
        mujoco.mjr_readPixels(None, self._depths, self._rect, self._mjr)
        model = self.world.model
        near, far = (model.stat.extent * plane for plane in (model.vis.map.znear, model.vis.map.zfar))
        nearness = self._depths[::-1].astype(np.float64)  # 1 at the near plane, 0 at the far one
        return np.where(nearness > 0, near * far / (near + nearness * (far - near)), 0.0).astype(np.float32)


@lru_cache(maxsize=1024)
def footprint(entry: ObjectModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre [2] and spread [2,2] (m^2) of the ellipse that has the moments of the object's outline from above.

    The half axes of the ellipse are the square roots of the spread's eigenvalues.
    """
    points = entry.shape.points()[:, :2]
    outline = points[ConvexHull(points).vertices]
    middle = outline.mean(0)
    a, b = outline - middle, np.roll(outline, -1, axis=0) - middle
    area = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2  # of the triangles from the middle to each edge
    centre = (area[:, None] * (a + b) / 3).sum(0) / area.sum()
    sums = (a[:, :, None] * a[:, None] + b[:, :, None] * b[:, None] + (a + b)[:, :, None] * (a + b)[:, None]) / 12
    second = (area[:, None, None] * sums).sum(0) / area.sum()
    return centre + middle, 4 * (second - np.outer(centre, centre))


def boxes_of(ids: NDArray[np.uint8], count: int) -> NDArray[np.float64]:
    """[count,4] tight boxes (x1, y1, x2, y2; x2 and y2 exclusive) of objects 0..count-1 in an instance map [H,W]."""
    boxes = np.full((count, 4), np.nan)
    pixels = np.bincount(ids.ravel(), minlength=count + 1)
    for index in range(count):
        if pixels[index + 1] < MIN_PIXELS:
            continue
        mask = ids == index + 1
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        boxes[index] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes
