"""Films for people: small files that every browser plays (datasets have their own encoder, made for random access)."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


class VideoWriter:
    """Writes frames as they come as H.264 in an mp4 file; the file appears when it is closed.

    Args:
        path: of the file; its folder is made.
        fps: frames a second.
        quality: constant rate factor; smaller is better and larger on disk.
    """

    def __init__(self, path: Path, fps: int, quality: int = 24) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._partial = path, self.partial(path)
        self._container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=fps)
        # One thread: the bytes must not depend on the machine's load, and several episodes may be filmed at once.
        self._stream.options = {"crf": str(quality), "preset": "veryfast", "threads": "1"}
        self._stream.pix_fmt = "yuv420p"
        self._started = False

    @staticmethod
    def partial(path: Path) -> Path:
        """Where a film is until it is finished."""
        return path.with_name(f".{path.name}.partial")

    def add(self, frame: NDArray[np.uint8], times: int = 1) -> None:
        """Append a frame [H,W,3] (H and W even, equal for all frames), shown for ``times`` frames."""
        if not self._started:
            self._stream.height, self._stream.width = frame.shape[:2]
            self._started = True
        for _ in range(times):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Finish the file."""
        self._container.mux(self._stream.encode())
        self._container.close()
        self._partial.replace(self.path)
