"""Read every frame of every camera of a dataset at its exact time, one by one, and compare it with a straight decode.

    python benchmarks/frames.py ../shared/data/sim_pick_place

Random access must give the picture that the film shows at that time, never the key frame before it. The straight decode
reads each film once from its beginning and counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import av
import numpy as np
import tyro
from numpy.typing import NDArray

from sightline.core.console import progress, say, table, write_json
from sightline.core.errors import SightlineError
from sightline.data import load_dataset


@dataclass(frozen=True)
class Settings:
    """What is read."""

    dataset: Annotated[Path, tyro.conf.Positional]
    every: int = 1
    """Read every n-th frame."""
    json: Path | None = None
    """Write the figures here."""


def straight(path: Path, start: float) -> Iterator[NDArray[np.uint8]]:
    """Pictures of a film from ``start`` seconds on, decoded from its beginning without any seeking."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        first = round(start * stream.average_rate)
        for number, frame in enumerate(film.decode(stream)):
            if number >= first:
                yield frame.to_ndarray(format="rgb24")


def main(settings: Settings) -> None:
    """Read, compare, print."""
    dataset = load_dataset(settings.dataset)
    for problem in dataset.problems:
        say(problem)
    rows, wrong = [], 0
    total = sum(meta.length for meta in dataset.episodes for _ in meta.videos)
    with progress(total, "comparing frames", unit="frame") as bar:
        for camera in dataset.cameras:
            frames = seconds = 0.0
            for meta in dataset.episodes:
                place = meta.videos.get(camera)
                if place is None:
                    continue
                for t, expected in zip(range(meta.length), straight(place.path, place.start), strict=False):
                    bar.update(1)
                    if t % settings.every:
                        continue
                    begin = time.perf_counter()
                    found = dataset.frame(meta.index, t, camera)
                    seconds += time.perf_counter() - begin
                    frames += 1
                    wrong += not np.array_equal(found, expected)
            rows.append([camera, int(frames), 1000 * seconds / max(frames, 1)])
    table("Frames read one by one", ["camera", "frames", "ms a frame"], rows)
    if settings.json:
        cameras = {name: {"frames": count, "ms": ms} for name, count, ms in rows}
        write_json(settings.json, {"cameras": cameras, "wrong": wrong})
    if wrong:
        raise SightlineError(f"{wrong} pictures differ from those of a straight decode.")
    say("Every picture is the one that a straight decode shows.")


if __name__ == "__main__":
    main(tyro.cli(Settings))
