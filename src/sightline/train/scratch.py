"""Room on the disk for what is too large for memory, taken before it is needed."""

from __future__ import annotations

import math
import os
import tempfile

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError


def scratch(shape: tuple[int, ...], dtype: type) -> NDArray:
    """An array in a nameless file, whose space is free again however the process ends.

    Raises SightlineError where the temporary folder has no room for all of it: a memory map whose disk fills up later
    ends the process without a word.
    """
    if 0 in shape:
        return np.zeros(shape, dtype)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    try:
        with tempfile.TemporaryFile() as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype, "r+" if file.seek(0, os.SEEK_END) else "w+", shape=shape)
    except OSError as error:
        raise SightlineError(
            f"The temporary folder {tempfile.gettempdir()} has no room for {size / 2**20:.0f} MiB ({error.strerror}): "
            "free some space, or set TMPDIR to a folder on a larger disk."
        ) from None
