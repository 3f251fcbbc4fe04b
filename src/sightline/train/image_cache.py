"""Pictures of recordings as the model sees them, decoded once: the second pass over a dataset reads no video."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.data.mixture import Draw, Mixture
from sightline.data.recordings import Recordings
from sightline.train.scratch import scratch

Picture = NDArray[np.uint8]


class ImageCache:
    """Pictures of whole episodes in a scratch file, filled an episode at a time when one of its frames is drawn.

    Args:
        resize: a stored picture to [side,side,3], the policy's own transform.
        budget: bytes of disk. A mixture that does not fit is not kept at all: its frames hardly come again before the
            run is over, and decoding an episode for one frame would be a waste. The same where the disk has no room.
    """

    def __init__(self, mixture: Mixture, side: int, resize: Callable[[Picture], Picture], budget: float) -> None:
        self.resize = resize
        self._starts: dict[tuple[int, int], int] = {}
        count = 0
        for recordings in mixture.recordings:
            for episode in recordings.episodes:
                self._starts[id(recordings), episode] = count
                count += len(recordings.state(episode))
        cameras = mixture.recordings[0].card.cameras
        self.fits = 0 < count * len(cameras) * side * side * 3 <= budget
        if self.fits:
            try:
                self._pictures = {name: scratch((count, side, side, 3), np.uint8) for name in cameras}
            except SightlineError as error:
                say(f"{error} Until then every picture is decoded again each time, which is slower.", style="yellow")
                self.fits = False
        self._filled: set[tuple[int, int]] = set()
        self._locks = {key: threading.Lock() for key in self._starts}

    def at(self, draw: Draw) -> dict[str, Picture] | None:
        """The pictures of a frame by camera; None where nothing is kept.

        Raises SightlineError when a video is damaged or too short.
        """
        if not self.fits:
            return None
        key = id(draw.recordings), draw.episode
        with self._locks[key]:
            if key not in self._filled:
                self._fill(draw.recordings, draw.episode, self._starts[key])
                self._filled.add(key)
        return {name: np.array(pictures[self._starts[key] + draw.t]) for name, pictures in self._pictures.items()}

    def _fill(self, recordings: Recordings, episode: int, start: int) -> None:
        for t, frame in enumerate(recordings.pictures(episode)):
            for name, picture in frame.items():
                self._pictures[name][start + t] = self.resize(picture)
