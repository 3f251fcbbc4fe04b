"""Pictures of small real datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sightline.data.dataset import load_dataset
from sightline.engine.vqa.asking import Order, Reader
from sightline.engine.vqa.picture import Picture

Pictures = Callable[..., Iterator[Picture]]


@pytest.fixture(scope="session")
def pictures(demonstrations: Path, slides: Path) -> Pictures:
    """Every ``step``-th picture of both datasets, asked in the given speech."""

    def all_of(step: int = 1, **speech: str) -> Iterator[Picture]:
        for root in (demonstrations, slides):
            dataset = load_dataset(root)
            for meta in dataset.episodes:
                places = [(t, camera) for t in range(meta.length) for camera in dataset.cameras][::step]
                reader = Reader(dataset, meta, dataset.labels(meta.index), Order(**speech), places)
                yield from (reader.picture(*place) for place in places)

    return all_of
