"""Demonstrations of robomimic and LIBERO become a LeRobot dataset: numbers as they were, pictures in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.convert import FORMATS, Asked, convert
from sightline.data.inspect import inspect

h5py = pytest.importorskip("h5py", reason="the extra 'hdf5' is not installed")
LENGTHS = {"demo_10": 5, "demo_2": 7}  # by number, not by letter: demo_2 comes first


def picture(seed: float, step: int) -> np.ndarray:
    """A smooth picture, bright above and dark below, that films keep well."""
    rows = np.linspace(200, 20 + 4 * step, 64)[:, None, None]
    return np.clip(rows + np.array([seed, 0, -seed]) * np.ones((1, 64, 1)), 0, 255).astype(np.uint8)


def write(path: Path, change: Callable[[Any], None] = lambda file: None, words: bool = True) -> Path:
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "Lift", "env_kwargs": {"control_freq": 25}})
        if words:
            data.attrs["problem_info"] = json.dumps({"language_instruction": "lift the cube"})
        for name, length in LENGTHS.items():
            demo = data.create_group(name)
            rng = np.random.default_rng(length)
            demo["actions"] = rng.uniform(-1, 1, (length, 7))
            demo["obs/eef_pos"] = rng.normal(size=(length, 3))
            demo["obs/time"] = np.arange(length, dtype=np.float64)
            demo["obs/agentview_image"] = np.stack([picture(length, step) for step in range(length)])
        change(file)
    return path


def test_numbers_pictures_and_words_come_through(tmp_path: Path) -> None:
    source = write(tmp_path / "lift.hdf5")
    result = convert(source, tmp_path / "out")
    assert result["episodes"] == 2 and result["frames"] == 12 and result["cameras"] == ["agentview_image"]
    dataset = load_dataset(tmp_path / "out")
    assert dataset.fps == 25 and dataset.card is not None and dataset.card.robot == "Lift"
    assert dataset.card.state_names == ("eef_pos0", "eef_pos1", "eef_pos2", "time0")
    assert inspect(tmp_path / "out")["problems"] == []
    with h5py.File(source) as file:
        for meta, name in zip(dataset.episodes, ("demo_2", "demo_10"), strict=True):
            demo, table = file["data"][name], dataset.table(meta.index)
            assert meta.text == "lift the cube" and meta.labels is None and meta.length == LENGTHS[name]
            np.testing.assert_array_equal(table["action"], demo["actions"][:].astype(np.float32))
            np.testing.assert_array_equal(table["state"][:, :3], demo["obs/eef_pos"][:].astype(np.float32))
            for step in range(meta.length):
                shown = dataset.frame(meta.index, step, "agentview_image").astype(int)
                assert np.abs(shown - demo["obs/agentview_image"][step]).mean() < 4


def test_pictures_stored_upside_down_are_turned(tmp_path: Path) -> None:
    convert(write(tmp_path / "lift.hdf5"), tmp_path / "out", asked=Asked(flip=True))
    shown = load_dataset(tmp_path / "out").frame(0, 0, "agentview_image")
    assert shown[0].mean() < 80 < 150 < shown[-1].mean()


def test_an_interrupted_conversion_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "lift.hdf5")
    from sightline.data.writer import DatasetWriter

    record = DatasetWriter.record
    monkeypatch.setattr(
        DatasetWriter, "record", lambda writer, it: record(writer, it) if not writer.episodes else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        convert(source, tmp_path / "out")
    monkeypatch.undo()
    assert len(load_dataset(tmp_path / "out")) == 1
    convert(source, tmp_path / "out")
    convert(source, tmp_path / "whole")
    halves, whole = load_dataset(tmp_path / "out"), load_dataset(tmp_path / "whole")
    assert [meta.length for meta in halves.episodes] == [meta.length for meta in whole.episodes] == [7, 5]
    np.testing.assert_array_equal(halves.table(1)["action"], whole.table(1)["action"])


def test_words_come_from_the_file_the_option_or_the_name(tmp_path: Path) -> None:
    source = write(tmp_path / "put_the_mug_on_the_plate_demo.hdf5", words=False)
    convert(source, tmp_path / "named")
    assert load_dataset(tmp_path / "named").episodes[0].text == "put the mug on the plate"
    convert(source, tmp_path / "told", asked=Asked(instruction="tidy up"))
    assert load_dataset(tmp_path / "told").episodes[0].text == "tidy up"


def drop(key: str) -> Callable[[Any], None]:
    return lambda file: file["data/demo_2"].__delitem__(key)


def shorten(file: Any) -> None:
    del file["data/demo_2/obs/eef_pos"]
    file["data/demo_2/obs/eef_pos"] = np.zeros((3, 3))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop("actions"), r"no 'actions' in data/demo_2"),
        (drop("obs"), r"no 'obs' in data/demo_2"),
        (shorten, r"7 actions in data/demo_2, but 3 rows of eef_pos"),
        (lambda file: file.__delitem__("data"), "no group 'data'"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    with pytest.raises(SightlineError, match=said):
        convert(write(tmp_path / "lift.hdf5", change), tmp_path / "out")


def test_other_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "not.hdf5").write_text("no")
    with pytest.raises(SightlineError, match="cannot be read as HDF5"):
        convert(tmp_path / "not.hdf5", tmp_path / "out")
    with pytest.raises(SightlineError, match="no HDF5 file"):
        convert(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(SightlineError, match=f"Unknown format 'hd5'.*{next(iter(FORMATS))}"):
        convert(tmp_path, tmp_path / "out", "hd5")
    with pytest.raises(SightlineError, match=r"Unknown camera 'agentview'.*agentview_image"):
        convert(write(tmp_path / "lift.hdf5"), tmp_path / "out", asked=Asked(cameras=("agentview",)))
