"""All frames of some datasets at hand: pictures as the model sees them, labels, states, actions."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.console import progress
from sightline.core.errors import SightlineError
from sightline.data.dataset import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EpisodeLabels
from sightline.models.normalisation import fit_picture
from sightline.train.scratch import scratch

MIN_SHARE = 0.15  # of a cell's pixels that an object must cover to own it


def cell_owners(ids: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """[side,side] which object covers most of each cell of an instance map [H,W]; 0 where none covers MIN_SHARE."""
    height, width = ids.shape
    rows, columns = (np.arange(n) * side // n for n in (height, width))
    cell = rows[:, None] * side + columns[None]
    counts = np.bincount((cell * 256 + ids).ravel(), minlength=side * side * 256).reshape(side * side, 256)
    total = counts.sum(1)
    counts[:, 0] = 0
    owner = counts.argmax(1)
    return np.where(counts.max(1) >= MIN_SHARE * total, owner, 0).astype(np.uint8).reshape(side, side)


class FrameBank:
    """Frames of one kind (``episodes`` or ``scenes``) from several datasets.

    Attributes:
        cameras: names, in the order of the model's views (scenes: the first alone).
        images: camera -> [D,S,S,3] uint8 of the D frames that were drawn (a memory map: the system's page cache decides
            what stays in memory); cells: camera -> [D,side,side] uint8 owners. ``seen`` and ``owners`` look frames up.
        episode, time: [N] position of each frame; labels, meta: per episode.
        state, action: [N,S], [N,A] float32.
        held_out: [N] bool, frames of episodes kept for evaluation.
        drawn: [N] bool, frames whose pictures are of their own moment: who looks learns from no others.
    """

    def __init__(
        self, datasets: Sequence[Dataset], kind: str, cameras: Sequence[str], side: int, cells: int, held_out: float
    ) -> None:
        self.kind = kind
        self.cameras = tuple(cameras)
        self.source: list[tuple[Dataset, int]] = [(d, m.index) for d in datasets for m in d.episodes if m.kind == kind]
        self.meta: list[EpisodeMeta] = [d.meta(i) for d, i in self.source]
        lengths = [m.length for m in self.meta]
        self.episode = np.repeat(np.arange(len(lengths)), lengths)
        self.time = np.concatenate([np.arange(n) for n in lengths]) if lengths else np.zeros(0, dtype=int)
        self.start = np.concatenate([[0], np.cumsum(lengths)]).astype(int)
        count = int(self.start[-1])
        self.drawn = np.concatenate([d.drawn(i) for d, i in self.source]) if self.source else np.zeros(0, dtype=bool)
        before = np.concatenate([[0], np.cumsum(self.drawn)])
        # [N] what was not drawn repeats the last of its episode that was.
        self._shown = np.maximum(before[1:] - 1, np.repeat(before[self.start[:-1]], lengths))
        stored = int(before[-1])
        self.images = {name: scratch((stored, side, side, 3), np.uint8) for name in self.cameras}
        self.cells = {name: np.zeros((stored, cells, cells), dtype=np.uint8) for name in self.cameras}
        self.labels: list[EpisodeLabels] = [None] * len(lengths)  # type: ignore[list-item]
        self.state = np.zeros((count, 0), dtype=np.float32)
        self.action = np.zeros((count, 0), dtype=np.float32)
        kept = [number for dataset in datasets for number in self._last(dataset, held_out)]
        self.held_out = np.isin(self.episode, kept)
        if count:
            self._fill(side, cells)

    def __len__(self) -> int:
        return len(self.episode)

    @property
    def training_rows(self) -> NDArray[np.int64]:
        """Numbers of the frames to learn from without looking."""
        return np.flatnonzero(~self.held_out)

    @property
    def training_frames(self) -> NDArray[np.int64]:
        """Numbers of the frames to learn from."""
        return np.flatnonzero(~self.held_out & self.drawn)

    @property
    def held_out_frames(self) -> NDArray[np.int64]:
        """Numbers of the frames kept for evaluation."""
        return np.flatnonzero(self.held_out & self.drawn)

    def _last(self, dataset: Dataset, share: float) -> list[int]:
        """Numbers of the last ``share`` of a dataset's episodes (at least one of several)."""
        mine = [number for number, (owner, _) in enumerate(self.source) if owner is dataset]
        count = max(1, round(share * len(mine))) if len(mine) > 1 and share > 0 else 0
        return mine[len(mine) - count :]

    def _fill(self, side: int, cells: int) -> None:
        tables = [dataset.table(index) for dataset, index in self.source]
        if self.kind == "episodes":
            self.state = np.concatenate([t["state"] for t in tables]).astype(np.float32)
            self.action = np.concatenate([t["action"] for t in tables]).astype(np.float32)

        def read(number: int) -> None:
            dataset, index = self.source[number]
            self.labels[number] = dataset.labels(index)
            drawn = self.drawn[self.start[number] : self.start[number + 1]]
            steps, first = np.flatnonzero(drawn).tolist(), int(self.drawn[: self.start[number]].sum())
            for name in self.cameras:
                films = enumerate(dataset.stream(index, name))
                for place, picture in enumerate((shown for step, shown in films if drawn[step]), first):
                    self.images[name][place] = fit_picture(picture, side)
                for place, ids in enumerate(dataset.ids(index, name, steps), first):
                    self.cells[name][place] = cell_owners(ids, cells)

        with progress(len(self.meta), f"reading {self.kind}", unit="episode") as bar, ThreadPoolExecutor(2) as pool:
            for _ in pool.map(read, range(len(self.meta))):
                bar.update(1)

    def seen(self, frames: NDArray[np.int64]) -> NDArray[np.uint8]:
        """[n,V,S,S,3] what the cameras showed in ``frames`` [n]; of those not drawn, the last that was."""
        return np.stack([self.images[name][self._shown[frames]] for name in self.cameras], 1)

    def owners(self, frames: NDArray[np.int64]) -> NDArray[np.uint8]:
        """[n,V,side,side] the same, whose each cell is."""
        return np.stack([self.cells[name][self._shown[frames]] for name in self.cameras], 1)

    def picture_size(self, frame: int, camera: str) -> NDArray[np.float64]:
        """[2] width and height of the stored picture, pixels."""
        return self.labels[self.episode[frame]].cameras[camera][self.time[frame], :2].astype(np.float64)

    def ids(self, frame: int, camera: str) -> NDArray[np.uint8]:
        """[H,W] instance map, read from the dataset."""
        dataset, index = self.source[self.episode[frame]]
        return dataset.ids(index, camera)[self.time[frame]]


def common_card(datasets: Sequence[Dataset]) -> Card:
    """The interface card that all datasets share. Raises SightlineError where one has none or another one."""
    first: Card | None = None
    for dataset in datasets:
        if dataset.card is None:
            raise SightlineError(
                f"The dataset {dataset.root} has no interface card (meta/card.json): the preset learns "
                "from labelled datasets of 'sightline generate'. Recordings are for stage 2 of planners that answer in "
                "words: sightline posttrain --preset m1-mini --guidance none --embodiment NAME_OR_YAML."
            )
        if first is None:
            first = dataset.card
        first.require_match(dataset.card, f"the dataset {datasets[0].root}", f"the dataset {dataset.root}")
    if first is None:
        raise SightlineError("Training needs at least one dataset; give --data DIR.")
    return first
