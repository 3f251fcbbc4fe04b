"""Datasets of synthetic episodes, made once; tests that damage one get a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from synthetic import synthetic_card, synthetic_episode

from sightline.core.types import Episode
from sightline.data import Dataset, DatasetWriter, load_dataset

COUNT = 4


@pytest.fixture(scope="session")
def written() -> list[Episode]:
    return [synthetic_episode(seed=3, candidate=i) for i in range(COUNT)]


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, written: list[Episode]) -> Path:
    root = tmp_path_factory.mktemp("dataset")
    with DatasetWriter(root, synthetic_card()) as writer:
        for episode in written:
            writer.write(episode)
    return root


@pytest.fixture
def dataset(pristine: Path) -> Dataset:
    return load_dataset(pristine)


@pytest.fixture
def copy(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "copy"))
