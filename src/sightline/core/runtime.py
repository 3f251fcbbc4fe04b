"""Process settings that must be made before torch or MuJoCo is imported."""

from __future__ import annotations

import ctypes.util
import os
import sys


def prepare_process() -> None:
    """Set environment variables for this process and its children; what the user has set stays.

    - OMP_WAIT_POLICY: threads wait passively. Spinning ones slow a small machine down many times over.
    - MUJOCO_GL: draw without a screen, with EGL where it is installed, else with OSMesa.
    - LP_NUM_THREADS: Mesa's software renderer draws in the calling thread; parallel work is done by processes.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("LP_NUM_THREADS", "0")
    if "MUJOCO_GL" not in os.environ and sys.platform.startswith("linux"):
        os.environ["MUJOCO_GL"] = "osmesa" if not ctypes.util.find_library("EGL") and osmesa_installed() else "egl"


def osmesa_installed() -> bool:
    """Whether the off-screen Mesa library can be found."""
    return ctypes.util.find_library("OSMesa") is not None
