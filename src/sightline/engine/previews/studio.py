"""What all sheets of pictures share: rendering objects that stand in no world."""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.engine.simulation.renderer import gl_context


class Studio:
    """Renders square pictures of one compiled model, of ``size`` pixels a side, for free cameras."""

    def __init__(self, model: mujoco.MjModel, size: int) -> None:
        """Raises SightlineError when there is no OpenGL backend."""
        gl_context()
        model.vis.global_.offwidth = model.vis.global_.offheight = size
        self._model, self._size, self._option = model, size, mujoco.MjvOption()
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 16)
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.free()

    def picture(self, data: mujoco.MjData, camera: mujoco.MjvCamera, groups: Collection[int]) -> NDArray[np.uint8]:
        """[size,size,3] what the camera sees of the geoms in these groups."""
        self._option.geomgroup[:] = [group in groups for group in range(len(self._option.geomgroup))]
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, data, self._option, None, camera, everything, self._scene)
        pixels, rect = np.empty((self._size, self._size, 3), np.uint8), mujoco.MjrRect(0, 0, self._size, self._size)
        mujoco.mjr_render(rect, self._scene, self._context)
        mujoco.mjr_readPixels(pixels, None, rect, self._context)
        return pixels[::-1].copy()
