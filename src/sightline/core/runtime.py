"""Process settings that must be made before torch is imported."""

from __future__ import annotations

import os


def prepare_process() -> None:
    """Set environment variables for this process and its children; what the user has set stays.

    - OMP_WAIT_POLICY: threads wait passively. Spinning ones slow a small machine down many times over.
    - LP_NUM_THREADS: Mesa's software renderer draws in the calling thread; parallel work is done by processes.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("LP_NUM_THREADS", "0")
