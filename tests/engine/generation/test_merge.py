"""Merging datasets that are no shards, and what cannot be merged. (Shards: test_generate.py.)"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from synthetic import synthetic_candidate

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.inspect import inspect
from sightline.engine.generation.generate import generate
from sightline.engine.generation.merge import merge
from sightline.engine.generation.recipe import Recipe


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("parts")
    for seed, episodes in ((1, 3), (2, 2)):
        generate(root / str(seed), episodes, Recipe(seed, size=64), make=synthetic_candidate)
    return [root / "1", root / "2"]


def test_everything_is_taken_along(folders: list[Path], tmp_path: Path) -> None:
    result = merge(folders, tmp_path / "both")
    assert (result["episodes"], [part["seed"] for part in result["recipe"]["merged"]]) == (5, [1, 2])
    both, second = load_dataset(tmp_path / "both"), load_dataset(folders[1])
    assert inspect(tmp_path / "both")["problems"] == []
    for key in ("action", "state"):
        assert np.array_equal(both.table(4)[key], second.table(1)[key])
    assert np.array_equal(both.video(4, "wrist"), second.video(1, "wrist"))
    assert both.episodes[4].task == second.episodes[1].task
    assert both.episodes[4].failures == second.episodes[1].failures


def test_an_interrupted_merge_is_continued(folders: list[Path], tmp_path: Path) -> None:
    whole = merge(folders, tmp_path / "whole")
    last = "meta/episodes/chunk-000/file-004.parquet"
    (tmp_path / "whole" / last).unlink()  # as if it had been stopped before its last commit
    assert merge(folders, tmp_path / "whole") == whole


def test_what_cannot_be_merged(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="nothing to merge"):
        merge([], tmp_path / "out")
    generate(tmp_path / "large", 1, Recipe(1, size=96), make=synthetic_candidate)
    with pytest.raises(SightlineError, match="image_size"):
        merge([folders[0], tmp_path / "large"], tmp_path / "out")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("precious")
    with pytest.raises(SightlineError, match="is not empty"):
        merge(folders, tmp_path / "thesis")
    foreign = Path(shutil.copytree(folders[0], tmp_path / "foreign"))
    (foreign / "meta/card.json").unlink()
    with pytest.raises(SightlineError, match="no interface card"):
        merge([foreign], tmp_path / "out")
    merge(folders[:1], tmp_path / "first")
    with pytest.raises(SightlineError, match="holds another dataset"):
        merge(folders, tmp_path / "first")
