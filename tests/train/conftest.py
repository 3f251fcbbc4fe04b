"""The dataset, the banks and a stage-1 run that the tests of this room share."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import nano_policy, nano_tokenizer, run_stage, write_dataset

from sightline.data import Dataset, load_dataset
from sightline.models.policy import Policy
from sightline.train.frame_bank import FrameBank


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def dataset(data: Path) -> Dataset:
    return load_dataset(data)


@pytest.fixture(scope="session")
def episodes(dataset: Dataset) -> FrameBank:
    return FrameBank([dataset], "episodes", ("front", "wrist"), 112, 8, 0.3)


@pytest.fixture(scope="session")
def scenes(dataset: Dataset) -> FrameBank:
    return FrameBank([dataset], "scenes", ("front",), 112, 8, 0.3)


@pytest.fixture
def policy() -> Policy:
    return nano_policy(nano_tokenizer())


@pytest.fixture(scope="session")
def stage1(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted stage-1 run of five updates in bf16, saved every two."""
    out = tmp_path_factory.mktemp("stage1")
    run_stage("pretrain", data, out, None, ("steps=5", "save_every=2", "precision=bf16"))
    return out
