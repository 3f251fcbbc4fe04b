"""Which OpenGL backend renders, and in which thread, decided before MuJoCo is imported."""

from __future__ import annotations

import ctypes
import os
import platform

BACKENDS = ("egl", "osmesa", "glfw", "cgl", "wgl", "glx")
MISSING = (
    "No OpenGL backend for off-screen rendering was found: install the system packages "
    "libegl1 libgl1-mesa-dri libopengl0 (for example: apt-get install -y libegl1 libgl1-mesa-dri libopengl0)."
)


def _loads(*names: str) -> bool:
    """Whether any of these shared libraries can be loaded."""
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def select_gl() -> str:
    """Set MUJOCO_GL unless the user has, and return the backend's name.

    On Linux: EGL where its libraries are installed, else OSMesa where that is, else EGL, so that making a renderer
    fails with a message that names the packages. Must run before ``import mujoco``.

    Mesa's software renderer is told to draw in the calling thread (LP_NUM_THREADS): parallel work is done by processes.
    """
    os.environ.setdefault("LP_NUM_THREADS", "0")
    chosen = os.environ.get("MUJOCO_GL", "").strip().lower()
    if chosen or platform.system() != "Linux":
        return chosen
    egl = _loads("libEGL.so.1") and _loads("libOpenGL.so.0", "libGL.so.1")
    chosen = "osmesa" if not egl and _loads("libOSMesa.so.8", "libOSMesa.so.6") else "egl"
    os.environ["MUJOCO_GL"] = chosen
    return chosen
