"""Do an episode's pictures and rows belong together? Found out before anything is learned, without decoding a film."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.core.console import progress
from sightline.core.errors import SightlineError
from sightline.data.dataset import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.rows import REACH
from sightline.data.video import film_times

READERS = 4
MANY = 2000  # films: to look through more takes long enough to be shown


def unpaired(dataset: Dataset, episodes: Sequence[int], cameras: Iterable[str]) -> dict[int, str]:
    """Which of the episodes cannot be used, and why: their rows have no regular clock, or some row has no picture of a
    camera: the film is damaged, shows nothing at its time, or belongs to another episode there.

    Args:
        cameras: by the dataset's names; those that an episode lacks are passed over.
    """
    found: dict[int, str] = {}
    wanted = [dataset.meta(episode) for episode in episodes]
    for camera in cameras:
        for meta in wanted:
            if camera in meta.pictures:
                with _noting(found, meta):
                    dataset.stored_pictures(meta, camera).check(dataset.row_numbers(meta))
        shared = _overlapping(dataset, camera)
        for meta, times in _films([meta for meta in wanted if camera in meta.videos], camera):
            with _noting(found, meta):
                if meta.index in shared:
                    raise SightlineError(shared[meta.index])
                _require_pictures(dataset, meta, camera, times)
    return found


@contextmanager
def _noting(found: dict[int, str], meta: EpisodeMeta) -> Iterator[None]:
    """What is wrong with an episode is kept, the first that is found."""
    try:
        yield
    except SightlineError as error:
        found.setdefault(meta.index, str(error))


def _films(
    metas: Sequence[EpisodeMeta], camera: str
) -> Iterator[tuple[EpisodeMeta, NDArray[np.float64] | SightlineError]]:  # fmt: skip
    """Each episode with the times of its film's frames, or with what is wrong with the film; each film is read once."""
    films: dict[Path, list[EpisodeMeta]] = defaultdict(list)
    for meta in metas:
        films[meta.videos[camera].path].append(meta)

    def read(path: Path) -> NDArray[np.float64] | SightlineError:
        try:
            return film_times(path)
        except SightlineError as error:
            return error

    with ThreadPoolExecutor(READERS) as pool:
        results = zip(films.values(), pool.map(read, films), strict=True)
        if len(films) < MANY:
            for episodes, times in results:
                yield from ((meta, times) for meta in episodes)
            return
        with progress(len(films), f"clocks of {camera}", unit="film") as bar:
            for episodes, times in results:
                yield from ((meta, times) for meta in episodes)
                bar.update(1)


def _require_pictures(
    dataset: Dataset, meta: EpisodeMeta, camera: str, times: NDArray[np.float64] | SightlineError
) -> None:  # fmt: skip
    """Raise SightlineError unless the film shows a frame at the time of every row, within the episode's stretch."""
    if isinstance(times, SightlineError):
        raise times
    place, wanted = meta.videos[camera], meta.videos[camera].start + dataset.clock(meta.index)
    if place.end is not None and wanted[-1] > place.end - REACH / dataset.fps:
        raise SightlineError(
            f"{place.path}: the stretch of episode {meta.index} ends at {place.end:.4f} s (to_timestamp), before its "
            f"last row at {wanted[-1]:.4f} s: video and table do not belong together."
        )
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    near = np.minimum(np.abs(times[after - 1] - wanted), np.abs(times[np.minimum(after, len(times) - 1)] - wanted))
    if (near > REACH / dataset.fps).any():
        first = wanted[int(np.argmax(near > REACH / dataset.fps))]
        raise SightlineError(f"{place.path} has no frame at {first:.4f} s: video and table do not belong together.")


def _overlapping(dataset: Dataset, camera: str) -> dict[int, str]:
    """Episodes that claim frames of a film which another one claims too: one of them would show the other."""
    films: dict[Path, list[tuple[float, float, int]]] = defaultdict(list)
    for meta in dataset.episodes:
        if camera in meta.videos and meta.length:
            place = meta.videos[camera]
            films[place.path].append((place.start, place.start + (meta.length - 1) / dataset.fps, meta.index))
    found: dict[int, str] = {}
    for path, stretches in films.items():
        stretches.sort()
        last, owner = -np.inf, -1
        for start, end, index in stretches:
            if start < last + 0.5 / dataset.fps:
                for one, other in ((index, owner), (owner, index)):
                    why = f"{path} at {start:.4f} s is claimed by episode {other} too: whose it is cannot be told."
                    found.setdefault(one, why)
            if end > last:
                last, owner = end, index
    return found
