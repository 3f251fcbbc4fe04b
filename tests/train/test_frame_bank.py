"""Frames at hand: cells, pictures, chunks, and the episodes that are kept out."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.data import Dataset, load_dataset
from sightline.models.normalisation import fit_picture
from sightline.train.frame_bank import FrameBank, cell_owners, common_card


def test_a_cell_belongs_to_whoever_covers_most_of_it() -> None:
    ids = np.zeros((20, 40), np.uint8)
    ids[:10, :20] = 7  # all of cell (0, 0)
    ids[:10, 20:24], ids[:10, 24:30] = 3, 200  # 200 covers more of cell (0, 1)
    ids[10:, :2] = 5  # a tenth of cell (1, 0)
    ids[10:, 20:23] = 9  # 15 % of cell (1, 1)
    assert cell_owners(ids, 2).tolist() == [[7, 200], [0, 9]]


@pytest.mark.parametrize("shape", [(9, 9), (64, 64), (50, 70)])
def test_every_pixel_counts_in_one_cell(shape: tuple[int, int]) -> None:
    for corner in ((0, 0), (-1, -1)):
        ids = np.zeros(shape, np.uint8)
        ids[corner] = 1
        rows, _ = np.nonzero(cell_owners(np.where(ids, 255, 4).astype(np.uint8), 4) == 4)
        assert len(rows) in (15, 16)
    assert (cell_owners(np.full(shape, 8, np.uint8), 4) == 8).all()


def test_shapes_and_contents(episodes: FrameBank, scenes: FrameBank, dataset: Dataset) -> None:
    assert len(episodes) == 18 and len(scenes) == 10
    assert episodes.images["wrist"].shape == (18, 112, 112, 3) and episodes.cells["front"].shape == (18, 8, 8)
    assert episodes.state.shape == (18, 12) and episodes.action.shape == (18, 7)
    assert list(scenes.images) == ["front"] and scenes.state.shape == (10, 0)
    assert episodes.start.tolist() == [0, 6, 12, 18] and episodes.time[7] == 1 and episodes.episode[7] == 1
    frame, (source, index) = 7, episodes.source[1]
    assert source is dataset
    picture = fit_picture(dataset.video(index, "wrist")[1], 112)
    np.testing.assert_array_equal(episodes.images["wrist"][frame], picture)
    np.testing.assert_array_equal(episodes.state[frame], dataset.table(index)["state"][1])
    np.testing.assert_array_equal(episodes.cells["wrist"][frame], cell_owners(dataset.ids(index, "wrist")[1], 8))
    np.testing.assert_array_equal(episodes.ids(frame, "front"), dataset.ids(index, "front")[1])
    assert episodes.picture_size(frame, "front").tolist() == [64, 64]


def test_whole_episodes_are_held_out(dataset: Dataset, episodes: FrameBank) -> None:
    assert episodes.held_out.tolist() == [False] * 12 + [True] * 6
    nothing = FrameBank([dataset], "episodes", ("front",), 28, 2, 0.0)
    assert not nothing.held_out.any()


def test_scratch_files_cannot_be_left_behind(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bank = FrameBank([dataset], "episodes", ("front",), 28, 2, 0.0)
    assert isinstance(bank.images["front"], np.memmap) and bank.images["front"].any()
    assert not list(tmp_path.iterdir()), "a killed process would leave this file on the disk"


def test_an_empty_bank_is_fine() -> None:
    bank = FrameBank([], "scenes", ("front",), 28, 2, 0.1)
    assert len(bank) == 0 and bank.images["front"].shape == (0, 28, 28, 3)


def test_datasets_must_share_a_card(data: Path, dataset: Dataset, tmp_path: Path) -> None:
    assert common_card([dataset, dataset]) == dataset.card
    other = Path(shutil.copytree(data, tmp_path / "other"))
    card = dataclasses.replace(dataset.card, control_hz=20)  # type: ignore[type-var]
    (other / "meta" / "card.json").write_text(json.dumps(card.to_dict()))
    with pytest.raises(SightlineError, match=r"do not match: control_hz: 10 != 20"):
        common_card([dataset, load_dataset(other)])
    (other / "meta" / "card.json").unlink()
    with pytest.raises(SightlineError, match="no interface card"):
        common_card([load_dataset(other)])
    with pytest.raises(SightlineError, match="at least one dataset"):
        common_card([])
