"""What a robot records survives its program, and becomes a dataset that a policy can learn from."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import robot
from nano import CARD
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.convert import Asked, convert
from sightline.data.embodiments import find_embodiment
from sightline.data.inspect import inspect
from sightline.data.recordings import Recordings
from sightline_client import PolicyError, Recorder, read_recording
from sightline_client.recorder import RUNNING, recordings

STATED = CARD.to_dict()


@pytest.fixture
def recorder(tmp_path):
    with Recorder(tmp_path / "recordings", STATED) as opened:
        yield opened


def test_a_recording_is_read_as_it_was_written(recorder):
    robot.record(recorder, 5)
    head, *ticks = read_recording(recorder.end())
    assert head == {"card": STATED, "instruction": "put the red mug into the bowl"} and len(ticks) == 5
    for number, found in enumerate(ticks):
        seen, action = robot.tick(STATED, number)
        assert (found["images"]["wrist"] == seen["observation/wrist_image"]).all()
        assert (found["state"] == seen["observation/state"]).all() and (found["action"] == action).all()


def test_recordings_become_a_dataset_that_a_policy_learns_from(recorder, tmp_path):
    for steps in (6, 4):
        robot.record(recorder, steps, f"put the red mug onto plate {steps}")
        recorder.end()
    result = convert(recorder.folder, tmp_path / "dataset", "recorder")
    assert (result["episodes"], result["frames"], result["cameras"]) == (2, 10, ["front", "wrist"])
    assert inspect(tmp_path / "dataset")["problems"] == []
    dataset = load_dataset(tmp_path / "dataset")
    assert dataset.card == CARD and [meta.length for meta in dataset.episodes] == [6, 4]
    learned = Recordings(dataset, find_embodiment("sightline"), chunk=3, pauses=True)
    assert learned.problems == [] and len(learned) == 10
    for episode, steps in ((0, 6), (1, 4)):
        for t in range(steps):
            seen, action = robot.tick(STATED, t)
            sample = learned.sample(episode, t)
            assert sample.observation.instruction == f"put the red mug onto plate {steps}"
            assert (sample.observation.state == seen["observation/state"]).all()
            assert (sample.actions[0] == action).all() and sample.known.sum() == min(3, steps - t)
            for name in CARD.cameras:
                shown = sample.observation.images[name].astype(int)
                assert np.abs(shown - seen[f"observation/{name}_image"]).mean() < 4
    robot.record(recorder, 2)
    recorder.end()
    assert convert(recorder.folder, tmp_path / "dataset", "recorder")["episodes"] == 3, "it goes on with what is new"
    assert [meta.length for meta in load_dataset(tmp_path / "dataset").episodes] == [6, 4, 2]


def test_what_is_killed_loses_the_running_episode_alone(tmp_path):
    command = [sys.executable, robot.__file__, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None and program.stdout.readline() == b"half\n"
        with pytest.raises(PolicyError, match="Another program records"):
            Recorder(tmp_path, robot.CARD)
        program.kill()
    assert [path.name for path in recordings(tmp_path)] == ["episode-000000.recording"]
    assert (tmp_path / RUNNING).exists() and len(list(read_recording(recordings(tmp_path)[0]))) == 1 + 4
    with Recorder(tmp_path, robot.CARD) as again:
        assert again.episodes == 1
        robot.record(again, 2)
        assert again.end().name == "episode-000001.recording" and not (tmp_path / RUNNING).exists()
    assert convert(tmp_path, tmp_path / "dataset", "recorder")["frames"] == 6


def test_what_is_dropped_or_never_ended_is_not_kept(recorder):
    robot.record(recorder, 2)
    recorder.drop()
    robot.record(recorder, 2)
    robot.record(recorder, 3)
    recorder.end()
    robot.record(recorder, 2)
    recorder.close()
    (only,) = recordings(recorder.folder)
    assert len(list(read_recording(only))) == 1 + 3


def test_picture_files_are_kept_as_they_are_and_chosen_when_converting(tmp_path):
    out = io.BytesIO()
    Image.fromarray(np.full((32, 48, 3), (200, 40, 40), np.uint8)).save(out, "PNG")
    with Recorder(tmp_path / "recordings", STATED) as recorder:
        recorder.begin("go")
        for number in range(3):
            seen, action = robot.tick(STATED, number)
            recorder.add({**seen, "observation/wrist_image": out.getvalue()}, action)
        recorder.end()
    with pytest.raises(SightlineError, match=r"wrist of shape \(32, 48, 3\).*--cameras"):
        convert(tmp_path / "recordings", tmp_path / "both", "recorder")
    convert(
        tmp_path / "recordings", tmp_path / "one", "recorder", Asked(cameras=("wrist",), state=("x", "width"), hz=5)
    )
    dataset = load_dataset(tmp_path / "one")
    assert dataset.card is not None and dataset.card.image_size == (32, 48) and dataset.fps == 5
    assert np.abs(dataset.frame(0, 1, "wrist").astype(int) - (200, 40, 40)).mean() < 4
    assert dataset.table(0)["state"].shape == (3, 2)


def test_on_a_full_disk_the_running_episode_is_lost_alone(recorder):
    (recorder.folder / RUNNING).symlink_to("/dev/full")
    with pytest.raises(PolicyError, match="the running episode is lost"):
        robot.record(recorder, 5)
    robot.record(recorder, 2)
    assert len(list(read_recording(recorder.end()))) == 1 + 2


def test_what_does_not_fit_the_card_is_named(recorder):
    seen, action = robot.tick(STATED, 0)
    with pytest.raises(PolicyError, match="begin"):
        recorder.add(seen, action)
    with pytest.raises(PolicyError, match="instruction"):
        recorder.begin(" ")
    recorder.begin("go")
    with pytest.raises(PolicyError, match="nothing to keep"):
        recorder.end()
    wrong = {
        "observation/wrist_image": np.zeros((64, 64), np.uint8), "observation/front_image": b"GIF89a",
        "observation/state": [1.0, 2.0],
    }  # fmt: skip
    for key, value in wrong.items():
        with pytest.raises(PolicyError, match=key):
            recorder.add({**seen, key: value}, action)
    for wrong_action in (np.full(7, np.nan), "left", [[1.0], [1.0, 2.0]]):
        with pytest.raises(PolicyError, match="'action' must be 7 finite"):
            recorder.add(seen, wrong_action)
    recorder.add(seen, action)
    with pytest.raises(PolicyError, match="all pictures of an episode"):
        recorder.add(robot.tick(STATED, 1, side=32)[0], action)
    with pytest.raises(PolicyError, match="lacks 'control_hz'"):
        Recorder(recorder.folder / "other", {key: value for key, value in STATED.items() if key != "control_hz"})


@pytest.mark.parametrize("damage", ["cut", "flipped", "another kind"])
def test_damage_is_found(recorder, tmp_path, damage):
    robot.record(recorder, 3)
    path = recorder.end()
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    path.write_bytes(data[:-20] if damage == "cut" else b"\x89HDF" + data if damage == "another kind" else data)
    with pytest.raises(SightlineError, match="no recording" if damage == "another kind" else "damaged"):
        convert(Path(recorder.folder), tmp_path / "dataset", "recorder")
