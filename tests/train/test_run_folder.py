"""A run's folder remembers what decided it, and belongs to one run at a time."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from processes import PROCESSES, hold_folder
from small import roll_back, run_stage, write_dataset

from sightline.core.config import load_config, to_dict
from sightline.core.errors import SightlineError
from sightline.core.folder_lock import FolderLock
from sightline.train.config import TrainConfig
from sightline.train.run_folder import differences, read_sources

SAME = ("steps=6", "save_every=2")


@pytest.fixture
def run(stage1: Path, tmp_path: Path) -> Path:
    return roll_back(stage1, 5, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("seed=3", "seed: 0 != 3"),
        ("grounding.images=3", "grounding.images: 2 != 3"),
        ("micro_batches=2", "micro_batches: 1 != 2"),
        ("held_out=0.5", r"held_out: 0.3 != 0.5"),
        ("optimiser.rate=0.1", r"optimiser.rate: 0.004 != 0.1"),
        ("system.expert.depth=3", r"system.expert.depth: \d+ != 3"),
        ("precision=fp32", "precision: auto != fp32"),
    ],
)
def test_settings_that_decide_are_remembered(run: Path, data: Path, change: str, named: str) -> None:
    settings = (run / "config.yaml").read_text()
    with pytest.raises(SightlineError, match=rf"begun otherwise \({named}\): resume it with the same, or choose"):
        run_stage("pretrain", data, run, None, (*SAME, change))
    assert (run / "config.yaml").read_text() == settings


def test_what_does_not_decide_may_change(run: Path, data: Path) -> None:
    free = ("save_every=3", "evaluate_every=50", "log_every=2", "minutes=60", "recompute=true", "save=async")
    assert run_stage("pretrain", data, run, None, (*SAME, *free))["steps"] == 6


def test_other_data_is_refused_even_by_a_finished_run(run: Path, data: Path, tmp_path: Path) -> None:
    other = write_dataset(tmp_path / "other", seed=6)
    for steps in ("steps=6", "steps=5"):
        with pytest.raises(SightlineError, match=r"begun otherwise \(data: .*5 episodes.* != other, 5 episodes"):
            run_stage("pretrain", other, run, None, (*SAME[1:], steps))
    moved = Path(shutil.copytree(data, tmp_path / "moved"))
    assert run_stage("pretrain", moved, run, None, SAME)["steps"] == 6, "the same data may lie elsewhere"


@pytest.mark.parametrize("name", ["card", "statistics"])
def test_card_and_statistics_are_those_of_the_run(run: Path, data: Path, name: str) -> None:
    path = run / f"checkpoints/last/policy/{name}.json"
    values = json.loads(path.read_text())
    if name == "card":
        values["control_hz"] = 30
    else:
        values["action"]["q99"][0] += 1
    path.write_text(json.dumps(values))
    with pytest.raises(SightlineError, match=r"card\.control_hz: 30 != 10|statistics\.action\.q99\[0\]: "):
        run_stage("pretrain", data, run, None, SAME)


def test_a_run_that_saved_nothing_may_be_begun_anew(run: Path, data: Path, tmp_path: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    other = write_dataset(tmp_path / "other", seed=6)
    assert run_stage("pretrain", other, run, None, ("steps=1", "seed=4"))["steps"] == 1


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"data": 3}', '{"data": [{}], "conversations": [], "check": []}'])
def test_a_damaged_memory_is_told(run: Path, damage: str) -> None:
    (run / "sources.json").write_text(damage)
    with pytest.raises(SightlineError, match=r"sources.json is damaged: restore it, or delete it"):
        read_sources(run / "sources.json")


def test_a_run_of_an_older_version_goes_on_by_its_settings(run: Path, data: Path) -> None:
    (run / "sources.json").unlink()
    with pytest.raises(SightlineError, match="seed"):
        run_stage("pretrain", data, run, None, (*SAME, "seed=3"))
    assert run_stage("pretrain", data, run, None, SAME)["steps"] == 6


OTHERS = (None, True, -3, 2.5, "x", "", [], [1, "a"], {}, {"a": 1}, 10**400, float("nan"))


def test_mutations_of_a_runs_settings_get_a_sentence(stage1: Path, tmp_path: Path) -> None:
    """Keys dropped, of another type or unknown: 500 of them, each a sentence or settings that are all there."""
    stored = yaml.safe_load((stage1 / "config.yaml").read_text())
    rng, refused = random.Random(0), 0
    for _ in range(500):
        values = json.loads(json.dumps(stored))
        group = values
        while True:
            key = rng.choice(list(group))
            if not (isinstance(group[key], dict) and group[key] and rng.random() < 0.8):
                break
            group = group[key]
        if rng.random() < 0.3:
            del group[key]
        else:
            group[key if rng.random() < 0.8 else f"{key}x"] = rng.choice(OTHERS)
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(values))
        try:
            assert to_dict(load_config(TrainConfig, path)).keys() == stored.keys()
        except SightlineError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100


def test_two_runs_do_not_share_a_folder_and_a_killed_one_lets_go(data: Path, tmp_path: Path) -> None:
    held = PROCESSES.Event()
    other = PROCESSES.Process(target=hold_folder, args=(tmp_path / "run", held))
    other.start()
    try:
        assert held.wait(60)
        with pytest.raises(SightlineError, match="is being written by another process"):
            run_stage("pretrain", data, tmp_path / "run", None, ("steps=1",))
    finally:
        other.kill()
        other.join()
    assert run_stage("pretrain", data, tmp_path / "run", None, ("steps=1",))["steps"] == 1


def test_a_run_that_never_began_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="nowhere"):
        run_stage("pretrain", tmp_path / "nowhere", tmp_path / "run", None, ())
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(SightlineError, match="file cannot be used for writing"):
        FolderLock(tmp_path / "file")


def test_differences_are_named_to_the_last_value() -> None:
    before, now = {"a": {"b": [1, {"c": 2.0}]}, "d": None}, {"a": {"b": [1, {"c": 3.0}]}, "e": True, "d": None}
    assert list(differences(before, now)) == ["a.b[1].c: 2.0 != 3.0", "e: None != True"]
    assert not list(differences([np.float32(0.1).item()], [0.1])), "written with more digits than it was known"
    assert not list(differences({"x": 1}, {"x": 2}, free=("x",)))
