"""info.json, episodes, modality.json, embodiments as others write them: defaults, or a sentence with the key."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from keyed import ARM, CAMERA, opened, require_right, write_v2, write_v3

from sightline.core.config import to_dict
from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.embodiments import Embodiment, find_embodiment
from sightline.data.info import camera_features, picture_size
from sightline.data.inspect import inspect
from sightline.data.recordings import Recordings

TRIALS = 500  # of each file


def edited(root: Path, change: Callable[[dict], Any]) -> Path:
    path = root / "meta/info.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))
    return root


@pytest.mark.parametrize("key", ["chunks_size", "data_path", "video_path", "total_episodes"])
@pytest.mark.parametrize("null", [True, False])
def test_what_lerobot_has_a_default_for_may_be_missing(tmp_path: Path, key: str, null: bool) -> None:
    root = write_v2(tmp_path, {0: 3, 1: 2})
    if key == "chunks_size" and null:
        return  # a null is no number of episodes
    edited(root, lambda info: info.update({key: None}) if null else info.pop(key, None))
    require_right(opened(root), [0, 1])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda info: info.update(fps="10"), r"info\.json: 'fps' must be a positive number, found '10'"),
        (lambda info: info.update(fps=0), "'fps' must be a positive number, found 0"),
        (lambda info: info.update(fps=float("nan")), "'fps' must be a positive number, found nan"),
        (lambda info: info.update(chunks_size=None), "'chunks_size' must be a whole number from 1 on, found null"),
        (lambda info: info["features"][CAMERA].update(shape=None), r"images\.top\.shape' must be a list .* found null"),
        (lambda info: info["features"][CAMERA].update(shape=[3]), "must have three sizes, found"),
        (lambda info: info["features"]["action"].pop("dtype"), r"features\.action\.dtype' must be .* found null"),
        (lambda info: info.update(features=[]), r"'features' must be an object .* found \[\]"),
        (lambda info: info.update(data_path="data/{chunk}.parquet"), "'data_path' is .* cannot be filled in"),
        (lambda info: info.update(video_path="{0}"), "'video_path' is .* cannot be filled in"),
        (lambda info: info.update(codebase_version=None), "LeRobot None dataset; versions 2.x and 3.x"),
    ],
)
def test_what_has_no_default_is_named(tmp_path: Path, change: Callable[[dict], Any], message: str) -> None:
    root = edited(write_v2(tmp_path, {0: 3}), change)
    with pytest.raises(SightlineError, match=message):
        opened(root)


def lines(root: Path, change: Callable[[dict], Any]) -> Path:
    path = root / "meta/episodes.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        change(row)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return root


def test_episodes_without_tasks_take_them_from_their_rows(tmp_path: Path) -> None:
    root = lines(write_v2(tmp_path, {0: 3, 1: 2}), lambda row: row.pop("tasks"))
    found = opened(root)
    require_right(found, [0, 1])
    assert found.instruction(1, 0) == found.dataset.instruction(1) == "pick it up"
    assert inspect(root)["instructions"] == 1


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda row: row.update(length=str(row["length"])),
            "'length of episode 0' must be a whole number .* found '3'",
        ),
        (lambda row: row.update(length=None), "found null"),
        (lambda row: row.pop("length"), r"episodes\.jsonl: 'length of episode 0'"),
        (lambda row: row.update(episode_index=1.5), "'episode_index' must be a whole number .* found 1.5"),
        (lambda row: row.update(episode_index=0), "lists the episodes 0 more than once"),
        (lambda row: row.update(tasks=[3]), r"'tasks of episode 0' must be a list of texts, found \[3\]"),
    ],
)
def test_malformed_episodes_are_named(tmp_path: Path, change: Callable[[dict], Any], message: str) -> None:
    root = lines(write_v2(tmp_path, {0: 3, 1: 2}), change)
    with pytest.raises(SightlineError, match=message):
        load_dataset(root)


def test_line_separators_of_unicode_do_not_end_a_line(tmp_path: Path) -> None:
    root = lines(write_v2(tmp_path, {0: 3}), lambda row: row.update(tasks=["pick\u2028it\x85up"]))
    assert load_dataset(root).episodes[0].text == "pick\u2028it\x85up"


def test_a_task_number_with_two_sentences_is_refused(tmp_path: Path) -> None:
    root = write_v2(tmp_path, {0: 3})
    (root / "meta/tasks.jsonl").write_text('{"task_index": 0, "task": "a"}\n{"task_index": 0, "task": "b"}\n')
    with pytest.raises(SightlineError, match=r"tasks\.jsonl has two sentences for task 0, 'a' and 'b'"):
        opened(root)


@pytest.mark.parametrize(
    "spec, size",
    [
        ({"shape": [3, 48, 64], "names": ["channels", "height", "width"]}, (48, 64)),
        ({"shape": [3, 48, 64]}, (48, 64)),
        ({"shape": [48, 64, 3], "names": None}, (48, 64)),
        ({"shape": [64, 48, 3], "names": ["width", "height", "channel"]}, (48, 64)),
    ],
)
def test_sizes_of_pictures_by_the_names_of_their_axes(spec: dict, size: tuple[int, int]) -> None:
    assert picture_size({"features": {"top": spec}}, "top") == size


def test_cameras_whose_short_names_are_one_keep_their_own() -> None:
    names = ["observation.images.top", "observation.top", "video.side", "observation.images.observation.top"]
    found = camera_features({"features": {name: {"dtype": "video"} for name in names}})
    assert set(found.values()) == set(names) and len(found) == 4 and found["side"] == "video.side"


# ---- mutations -------------------------------------------------------------------------------------------------------

OTHERS: list[Any] = [None, "", "x", "10", 0, -1, 1.5, 10**30, float("nan"), True, [], [1], ["a"], {}, {"a": 1}]


def mutated(value: Any, rng: random.Random) -> Any:
    """A copy of a JSON value in which something is gone, null, of another type or of another length."""
    value = json.loads(json.dumps(value))
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        for key in list(part) if isinstance(part, dict) else range(len(part)):
            places.append((part, key))
            if isinstance(part[key], (dict, list)):
                walk(part[key])

    walk(value)
    for part, key in rng.sample(places, min(len(places), rng.choice([1, 1, 1, 2]))):
        kind = rng.choice(["drop", "null", "type", "length", "name"])
        if isinstance(part, list) and key >= len(part):
            continue  # the mutation before has taken it away
        old: Any = part.get(key) if isinstance(part, dict) else part[key]
        if kind == "drop":
            part.pop(key, None) if isinstance(part, dict) else part.pop(key)
        elif kind == "name" and isinstance(part, dict):
            part[f"{key}s"] = part.pop(key, None)
        elif kind == "length" and isinstance(old, (str, list)):
            part[key] = old * 2 if rng.random() < 0.5 else old[:-1]
        else:
            part[key] = None if kind == "null" else rng.choice(OTHERS)
    return value


def outcome(root: Path, embodiment: Embodiment = ARM, films: bool = False) -> str:
    """What is said about a dataset; empty where it is read. Anything but a SightlineError is raised.

    films: also look through its films.
    """
    try:
        found = Recordings(load_dataset(root), embodiment, 2)
        found.statistics()
        return " ".join(found.problems) if films else ""
    except SightlineError as error:
        text = str(error)
        assert text.endswith(".") and "\n" not in text and len(text) < 2000
        return text


@pytest.fixture(scope="module")
def v2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_v2(tmp_path_factory.mktemp("v2"), {0: 3, 1: 2})
    assert not outcome(root)
    return root


def trials(path: Path, original: Any, write: Callable[[Any], object], run: Callable[[], str], seed: int) -> list[str]:
    """What is said about each of TRIALS mutations of a file, which is restored."""
    rng, before, said = random.Random(seed), path.read_bytes(), []
    try:
        for _ in range(TRIALS):
            changed = mutated(original, rng)
            write(changed)
            try:
                said.append(run())
            except Exception as error:
                raise AssertionError(f"{path.name} as {changed}") from error
    finally:
        path.write_bytes(before)
    return said


def test_mutations_of_info(v2: Path) -> None:
    path = v2 / "meta/info.json"
    said = trials(
        path, json.loads(path.read_text()), lambda new: path.write_text(json.dumps(new)), lambda: outcome(v2), 1
    )
    assert 100 < sum(map(bool, said)) < TRIALS


def test_mutations_of_episode_lines(v2: Path) -> None:
    path = v2 / "meta/episodes.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    said = trials(
        path, rows, lambda new: path.write_text("\n".join(map(json.dumps, new))), lambda: outcome(v2), 2
    )  # fmt: skip
    assert 200 < sum(map(bool, said)) < TRIALS


def test_mutations_of_the_episodes_table(tmp_path: Path) -> None:
    root = write_v3(tmp_path, [(1, 3), (0, 2)])
    path = root / "meta/episodes/chunk-000/file-000.parquet"

    def write(rows: Any) -> None:
        rows = [row for row in rows if isinstance(row, dict)] or [{}]
        table = {}
        for name in dict.fromkeys(name for row in rows for name in row):
            values = [row.get(name) for row in rows]
            try:
                table[name] = pa.array(values)
            except (pa.ArrowException, OverflowError):
                table[name] = pa.array([None if value is None else str(value) for value in values])
        pq.write_table(pa.table(table), path)

    said = trials(path, pq.read_table(path).to_pylist(), write, lambda: outcome(root, films=True), 3)
    assert 200 < sum(map(bool, said)) < TRIALS


def test_mutations_of_modality(tmp_path: Path) -> None:
    root = write_v2(tmp_path, {0: 3, 1: 2})
    path = root / "meta/modality.json"
    groups = {
        "state": {"a": {"start": 0, "end": 1, "original_key": "observation.state", "rotation_type": None}},
        "action": {"move": {"start": 0, "end": 2, "absolute": True, "original_key": "action", "dtype": "float32"}},
        "video": {"top": {"original_key": CAMERA}},
        "annotation": {"human.action.task_description": {"original_key": "task_index"}},
    }
    path.write_text(json.dumps(groups))
    assert not outcome(root)
    said = trials(path, groups, lambda new: path.write_text(json.dumps(new)), lambda: outcome(root), 4)
    assert 200 < sum(map(bool, said)) < TRIALS


def test_mutations_of_embodiments(v2: Path, tmp_path: Path) -> None:
    path = tmp_path / "arm.yaml"
    path.write_text(yaml.safe_dump(to_dict(ARM)))

    def run() -> str:
        try:
            return outcome(v2, find_embodiment(path))
        except SightlineError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
            return str(error)

    said = trials(path, to_dict(ARM), lambda new: path.write_text(yaml.safe_dump(new)), run, 5)
    assert 200 < sum(map(bool, said)) < TRIALS


def test_mutations_do_not_change_what_is_read(tmp_path: Path, v2: Path) -> None:
    """Whatever of info.json is changed: what is still read is what it was."""
    root = Path(shutil.copytree(v2, tmp_path / "copy"))
    path, rng = root / "meta/info.json", random.Random(6)
    original = json.loads(path.read_text())
    truth = opened(v2)
    for _ in range(60):
        changed = mutated({key: value for key, value in original.items() if key != "fps"}, rng)
        path.write_text(json.dumps(changed | {"fps": original["fps"]}))
        try:
            found = opened(root)
            read = found.episodes
        except SightlineError:
            continue
        for episode in read:
            np.testing.assert_array_equal(found.action(episode), truth.action(episode))
            np.testing.assert_array_equal(found.state(episode), truth.state(episode))
