"""Process settings that must be made before torch is imported."""

from __future__ import annotations

import ctypes
import os
import sys


def prepare_process() -> None:
    """Let threads wait passively (OMP_WAIT_POLICY) in this process and its children; what the user has set stays.

    Spinning threads slow a small machine down many times over. Every command does this; importing the package does not,
    because the environment is the program's own: call this before torch is imported, or set the variable yourself.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def keep_freed_memory() -> None:
    """Ask the C library to keep freed memory instead of handing it back after every update (Linux; elsewhere nothing).

    Training frees and takes the same hundreds of megabytes each step; page faults were a tenth of its time.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # not glibc
        return
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    for option, value in ((trim_threshold, 2**31 - 1), (top_pad, 2**26), (mmap_threshold, 2**30)):
        mallopt(option, value)
