"""Generation: the content is a function of the recipe, whatever the workers, kills and restarts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import deadly_candidate, faulty_candidate, mortal_candidate, synthetic_candidate

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.inspect import inspect
from sightline.engine.generation import episode
from sightline.engine.generation import generate as generation
from sightline.engine.generation import merge as merging
from sightline.engine.generation.generate import RECIPE, generate
from sightline.engine.generation.merge import merge
from sightline.engine.generation.recipe import STRIDE, Recipe
from sightline.engine.robots import ROBOTS

EPISODES = 24
HELPERS = Path(__file__).parents[2] / "helpers"
SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from synthetic import slow_candidate
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe
if __name__ == "__main__":
    generate({out!r}, {episodes}, Recipe(1, size=64), workers={workers}, make=slow_candidate)
"""


def make(out: Path, episodes: int = EPISODES, workers: int = 1, **recipe: Any) -> dict:
    return generate(out, episodes, Recipe(1, size=64, **recipe), workers, make=synthetic_candidate)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return make(tmp_path_factory.mktemp("reference") / "data")


def test_every_slide_show_has_a_cast_of_its_own() -> None:
    shows = [episode.make_episode(Recipe(3, kind="scenes"), candidate, render=False) for candidate in range(3)]
    casts = {tuple(info.id for info in show.frames[0].scene.objects) for show in shows}
    assert len(casts) == len(shows)


def test_simulated_episodes(tmp_path: Path) -> None:
    """The real engine, resumed within a world by other workers and rendered twice: the same content."""
    whole = generate(tmp_path / "whole", 4, Recipe(5, size=64, renders_per_plan=2))
    generate(tmp_path / "parts", 1, Recipe(5, size=64, renders_per_plan=2))
    parts = generate(tmp_path / "parts", 4, Recipe(5, size=64, renders_per_plan=2), workers=2)
    assert parts["content_hash"] == whole["content_hash"]
    assert inspect(tmp_path / "whole")["problems"] == []
    dataset = load_dataset(tmp_path / "whole")
    assert np.array_equal(dataset.table(0)["action"], dataset.table(1)["action"])
    assert np.mean(np.abs(dataset.video(0, "front").astype(int) - dataset.video(1, "front"))) > 10


def test_result(reference: dict) -> None:
    assert (reference["episodes"], reference["attempts"]) == (24, 36)
    assert reference["failures"] == {"grasp missed": 12}


def test_workers_do_not_matter(reference: dict, tmp_path: Path) -> None:
    result = make(tmp_path / "data", workers=2)
    assert {**result, "seconds": 0} == {**reference, "seconds": 0}


def test_extending_does_not_matter(reference: dict, tmp_path: Path) -> None:
    first = make(tmp_path / "data", 7)
    assert make(tmp_path / "data")["content_hash"] == reference["content_hash"]
    assert make(tmp_path / "data", 7)["content_hash"] == first["content_hash"] != reference["content_hash"]


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_and_resume(reference: dict, tmp_path: Path, workers: int) -> None:
    out = tmp_path / "data"
    tests = str(HELPERS)
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.format(tests=tests, out=str(out), episodes=EPISODES, workers=workers))
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL)
    finished = out / "meta/episodes/chunk-000/file-004.parquet"
    deadline = time.monotonic() + 60
    while not finished.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    survived = len(load_dataset(out))
    assert 5 <= survived < EPISODES
    assert inspect(out)["problems"] == []
    assert make(out)["content_hash"] == reference["content_hash"]
    assert not (out / ".staging").exists()


def test_renders_of_a_plan_share_a_candidate(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole", 9, renders_per_plan=2)
    assert [meta.candidate for meta in load_dataset(tmp_path / "whole").episodes] == [0, 0, 2, 2, 3, 3, 5, 5, 6]
    make(tmp_path / "parts", 3, renders_per_plan=2)
    assert make(tmp_path / "parts", 9, renders_per_plan=2)["content_hash"] == whole["content_hash"]


@pytest.mark.parametrize("renders", [1, 2])
def test_shards_are_the_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renders: int) -> None:
    monkeypatch.setattr(generation, "SHARD", 5)
    monkeypatch.setattr(merging, "SHARD", 5)
    whole = make(tmp_path / "whole", 12, renders_per_plan=renders)
    candidates = [meta.candidate for meta in load_dataset(tmp_path / "whole").episodes]
    assert candidates[:3] == ([0, 2, 3] if renders == 1 else [0, 0, 2])
    assert [candidate // STRIDE for candidate in candidates] == [0] * 5 + [1] * 5 + [2] * 2
    folders = [tmp_path / f"shard{number}" for number in range(3)]
    for number, folder in enumerate(folders):
        make(folder, 2 if number == 2 else 5, renders_per_plan=renders, shard=number)
    merged = merge(folders, tmp_path / "merged")
    assert merged["content_hash"] == whole["content_hash"]
    longer = make(tmp_path / "merged", 14, renders_per_plan=renders)
    assert longer["content_hash"] == make(tmp_path / "whole", 14, renders_per_plan=renders)["content_hash"]
    assert inspect(tmp_path / "merged")["problems"] == []


def test_a_dataset_of_before_there_were_shards_is_continued(reference: dict, tmp_path: Path) -> None:
    make(tmp_path / "data", 3)
    recipe = tmp_path / "data" / RECIPE
    recipe.write_text(json.dumps({k: v for k, v in json.loads(recipe.read_text()).items() if k != "shard"}))
    assert make(tmp_path / "data")["content_hash"] == reference["content_hash"]


def test_scenes(tmp_path: Path) -> None:
    make(tmp_path / "data", 3, kind="scenes")
    assert {meta.kind for meta in load_dataset(tmp_path / "data").episodes} == {"scenes"}


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "data", 2)
    with pytest.raises(SightlineError, match=r"generated differently .*seed: 1 != 2"):
        generate(tmp_path / "data", 4, Recipe(2, size=64), make=synthetic_candidate)


def test_a_dataset_from_before_robots_is_the_first_ones(reference: dict, tmp_path: Path) -> None:
    """Recipes did not always name the robot: such datasets are continued with the one there was, and no other."""
    make(tmp_path / "data", 2)
    recipe = tmp_path / "data" / RECIPE
    stored = json.loads(recipe.read_text())
    assert stored.pop("robot") == "panda"
    recipe.write_text(json.dumps(stored))
    with pytest.raises(SightlineError, match=r"generated differently .*robot: panda != xarm7"):
        make(tmp_path / "data", robot="xarm7")
    assert make(tmp_path / "data")["content_hash"] == reference["content_hash"]


@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_makes_datasets(tmp_path: Path, name: str) -> None:
    generate(tmp_path, 1, Recipe(2, size=64, robot=name))
    dataset = load_dataset(tmp_path)
    assert dataset.card == episode.card(name, 64)
    assert inspect(tmp_path)["problems"] == []


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(SightlineError, match="not empty and was not made by"):
        make(tmp_path)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(SightlineError, match="cannot be used as a dataset folder"):
        make(tmp_path / "data")


def test_a_dead_worker_is_replaced(
    reference: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_TEST_GRAVE", str(tmp_path / "grave"))
    result = generate(tmp_path / "data", EPISODES, Recipe(1, size=64), workers=2, make=mortal_candidate)
    assert result["content_hash"] == reference["content_hash"]
    assert "was killed by SIGKILL while making candidate 20; another one takes its place" in capsys.readouterr().out


def test_a_candidate_that_kills_every_worker_is_reported(reference: dict, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"was killed by SIGKILL while making candidate 20, for the 3rd time"):
        generate(tmp_path / "data", EPISODES, Recipe(1, size=64), workers=2, make=deadly_candidate)
    assert make(tmp_path / "data")["content_hash"] == reference["content_hash"]


def test_a_fault_in_a_worker_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError: candidate"):
        generate(tmp_path / "data", 2, Recipe(1, size=64), workers=2, make=faulty_candidate)


def never(recipe: object, candidate: int) -> list:
    return [*synthetic_candidate(recipe, 1)]


def test_gives_up_when_nothing_succeeds(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"None of the last 300 candidates succeeded: \{'grasp missed': 300\}"):
        generate(tmp_path / "data", 1, Recipe(1, size=64), make=never)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"episodes": 0}, "episodes must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"size": 65}, "even number"),
        ({"kind": "films"}, "Unknown kind 'films'"),
        ({"split": "trian"}, "Unknown split 'trian' .did you mean 'train'"),
        ({"seed": -1}, "must not be negative"),
        ({"kind": "scenes", "renders_per_plan": 2}, "Scenes have no plan"),
        ({"shard": -1}, "numbered from 0 on"),
        ({"shard": 2, "episodes": 1001}, "at most 1000 episodes"),
        ({"robot": "r2d2"}, "Unknown robot 'r2d2'"),
        ({"renders_per_plan": 0}, "renders per plan must be at least 1"),
        ({"launcher": "slurm"}, "Unknown launcher 'slurm'"),
    ],
)
def test_bad_arguments(tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        arguments = {name: options.pop(name) for name in ("episodes", "workers", "launcher") if name in options}
        generate(tmp_path / "data", recipe=Recipe(**options), **({"episodes": 1} | arguments))
    assert not (tmp_path / "data").exists()


def test_orphans_follow_their_parent(tmp_path: Path) -> None:
    """Workers of a killed run end by themselves."""
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.format(tests=str(HELPERS), out=str(tmp_path / "data"), episodes=10**6, workers=2))
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "data/meta/episodes/chunk-000/file-001.parquet").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    pytest.fail("worker processes outlived their parent")


def test_depth_is_stored_on_request(tmp_path):
    plain = generate(tmp_path / "plain", 1, Recipe(2, size=64))
    deep = generate(tmp_path / "deep", 1, Recipe(2, size=64, depth=True))
    assert plain["frames"] == deep["frames"] and plain["content_hash"] != deep["content_hash"]
    dataset, without = load_dataset(tmp_path / "deep"), load_dataset(tmp_path / "plain")
    assert np.array_equal(dataset.ids(0, "front"), without.ids(0, "front"))
    maps = dataset.depth(0, "front", [0, 3])
    assert maps.shape == (2, 64, 64) and maps.dtype == np.float32
    centre = dataset.labels(0).camera(0, "front").pose[:3, 3]
    assert 0.1 < maps[0].min() < np.linalg.norm(centre - [0.5, 0, 0]) < maps[0].max(), "the arm is nearer, the wall not"
    with pytest.raises(SightlineError, match="has no depth: generate a dataset with --depth"):
        without.depth(0, "front")
