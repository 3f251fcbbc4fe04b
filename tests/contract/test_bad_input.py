"""Bad input, end to end: each mistake ends a command with code 2 and one clear sentence that names what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sightline.cli import commands
from sightline.data.labels import column_array, vector_column

TINY = ["--preset", "nano", "--set", "steps=1", "--set", "grounding.images=2", "--set", "precision=fp32"]


def run(*arguments: object) -> int:
    """The exit code of a command; an exception that is no SightlineError escapes and fails the test."""
    with pytest.raises(SystemExit) as ended:
        commands.main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A folder with two episodes (``data``) and a policy that was trained on them for one step (``run``)."""
    folder = tmp_path_factory.mktemp("good")
    assert run("generate", "--out", folder / "data", "--episodes", 2, "--workers", 1, "--size", 64) == 0
    assert run("pretrain", "--data", folder / "data", "--out", folder / "run", *TINY) == 0
    return folder


@pytest.fixture
def sentence(capsys) -> Callable[..., str]:
    """Runs a command that must fail and returns its one sentence."""

    def fails(*arguments: object) -> str:
        capsys.readouterr()
        assert run(*arguments) == 2
        text = capsys.readouterr().err.strip()
        assert text.startswith("Error: ") and "\n" not in text and "Traceback" not in text
        return text

    return fails


def damaged(good: Path, tmp_path: Path, name: str = "data") -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(good / name, tmp_path / name, symlinks=True))


def edit_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def only(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


def test_missing_dataset(sentence, tmp_path):
    assert "nowhere" in sentence("inspect", tmp_path / "nowhere")
    assert "nowhere" in sentence("pretrain", "--data", tmp_path / "nowhere", "--out", tmp_path / "run", *TINY)


def test_unknown_configuration_key(sentence, good, tmp_path):
    said = sentence("pretrain", "--data", good / "data", "--out", tmp_path / "run", "--set", "stepz=3")
    assert "'stepz'" in said and "steps" in said


def test_wrong_type_of_configuration(sentence, good, tmp_path):
    said = sentence("pretrain", "--data", good / "data", "--out", tmp_path / "run", "--set", "steps=many")
    assert "'steps'" in said and "int" in said


def test_corrupt_parquet(sentence, good, tmp_path):
    data = damaged(good, tmp_path)
    broken = only(data, "data/*/*.parquet")
    broken.write_bytes(broken.read_bytes()[:200])
    assert broken.name in sentence("pretrain", "--data", data, "--out", tmp_path / "run", *TINY)


def test_corrupt_video(sentence, good, tmp_path):
    data = damaged(good, tmp_path)
    broken = only(data, "videos/*front/*/*.mp4")
    broken.write_bytes(broken.read_bytes()[:300])
    assert broken.name in sentence("pretrain", "--data", data, "--out", tmp_path / "run", *TINY)


def test_nan_in_data(sentence, good, tmp_path):
    data = damaged(good, tmp_path)
    path = only(data, "data/*/*.parquet")
    table = pq.read_table(path)
    action = column_array(table, "action").copy()
    action[3, 0] = np.nan
    pq.write_table(table.set_column(table.column_names.index("action"), "action", vector_column(action)), path)
    said = sentence("pretrain", "--data", data, "--out", tmp_path / "run", *TINY)
    assert "NaN" in said and "action" in said


def test_wrong_number_of_cameras(sentence, good, tmp_path):
    data = damaged(good, tmp_path)
    edit_json(data / "meta" / "card.json", cameras=["front"])
    assert "cameras" in sentence("pretrain", "--data", data, "--out", tmp_path / "run", *TINY)


def test_cards_of_two_datasets_differ(sentence, good, tmp_path):
    data = damaged(good, tmp_path)
    edit_json(data / "meta" / "card.json", gripper="+1 close, -1 open")
    said = sentence("pretrain", "--data", good / "data", data, "--out", tmp_path / "run", *TINY)
    assert "gripper" in said and "do not match" in said


def test_cards_of_policy_and_environment_differ(sentence, good, tmp_path):
    copy = damaged(good, tmp_path, "run")
    edit_json(copy / "checkpoints" / "last" / "policy" / "card.json", control_hz=3)
    said = sentence("evaluate", "--policy", copy, "--episodes", 1, "--workers", 1)
    assert "control_hz: 3 != 10" in said


def test_damaged_checkpoint(sentence, good, tmp_path):
    copy = damaged(good, tmp_path, "run")
    weights = copy / "checkpoints" / "last" / "policy" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be read" in sentence("evaluate", "--policy", copy, "--episodes", 1, "--workers", 1)


def test_unknown_names(sentence, good, tmp_path):
    assert "nowhere" in sentence("evaluate", "--policy", "nowhere", "--workers", 1)
    assert "seen" in sentence("evaluate", "--policy", "expert", "--split", "sen", "--workers", 1)
    assert "tabletop" in sentence("evaluate", "--policy", "expert", "--suite", "tabeltop")
    data = good / "data"
    assert "tiny" in sentence("pretrain", "--data", data, "--out", tmp_path / "run", "--preset", "tinny")


def test_dataset_of_another_seed_is_not_continued(sentence, good):
    out = good / "data"
    assert "seed" in sentence("generate", "--out", out, "--episodes", 3, "--seed", 9, "--size", 64, "--workers", 1)


def test_stage_two_needs_stage_one(sentence, good, tmp_path):
    assert "--init" in sentence("posttrain", "--data", good / "data", "--out", tmp_path / "run")


def test_not_a_picture(sentence, good, tmp_path):
    (tmp_path / "note.png").write_text("no picture")
    said = sentence("ground", "--policy", good / "run", "--image", tmp_path / "note.png", "--text", "the mug")
    assert "note.png" in said
