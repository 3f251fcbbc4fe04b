"""The suite of SimplerEnv for real: `make test-simpler` installs it and runs this. Nothing here imports ManiSkill."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from acting import Restless

from sightline.cli import commands
from sightline.core.errors import SightlineError
from sightline.envs.simpler import demonstrations
from sightline.envs.simpler.check import CLOSE, examine
from sightline.envs.simpler.demonstrations import WidowXDemonstrations, demonstrate
from sightline.envs.simpler.environment import DATA, SimplerEnv, find_data, find_python, matrix_of
from sightline.envs.simpler.protocol import INTERFACES, TASKS
from sightline.envs.simpler.recorded import replay
from sightline.evaluate.policies import ExpertPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout


def installed() -> bool:
    try:
        return find_python().is_file() and bool(find_data())
    except SightlineError:
        return False


GOLDEN = Path(os.environ.get(DATA, "")) / "golden"
pytestmark = [
    pytest.mark.simpler,
    pytest.mark.skipif(
        not installed(), reason=f"SimplerEnv is not here: make test-simpler installs it, ${DATA} names its files"
    ),
]
recorded_only = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"${DATA} has no recorded episodes (golden)")


@pytest.fixture(scope="module")
def env() -> Iterator[SimplerEnv]:
    """One world for all tests: its process takes seconds to start."""
    made = SimplerEnv()
    yield made
    made.close()


@recorded_only
@pytest.mark.parametrize("task", [name for name in TASKS if "spoon" not in name])
def test_what_maniskill_2_recorded_is_done_here_as_well(task: str) -> None:
    """The spoon is left out: it lies 1.2 mm elsewhere here, and slips."""
    found = replay(GOLDEN / f"{task}.npz")
    assert found.farthest <= CLOSE and found.success and found.recorded


@recorded_only
@pytest.mark.parametrize("task", TASKS)
def test_pictures_are_those_of_maniskill_2(task: str, env: SimplerEnv) -> None:
    """All but the outlines of what has settled a millimetre elsewhere."""
    with np.load(GOLDEN / f"{task}.npz", allow_pickle=False) as file:
        recorded = file["first_picture"]
    env.reset(seed=list(TASKS).index(task))
    seen = env._asked().ask("look")["picture"]
    apart = np.abs(seen.astype(int) - recorded.astype(int)).max(-1)
    assert (apart > 10).mean() < 0.01


def test_what_is_seen_is_where_the_calibration_says(env: SimplerEnv) -> None:
    """The yellow cube is yellow where it is projected to, and not so in a mirrored picture."""
    env.reset(seed=list(TASKS).index("widowx_stack_cube"))
    seen, truth = env.observe(), env.truth()
    place = (np.linalg.inv(matrix_of(truth["base"])) @ matrix_of(truth["poses"][truth["target"]]))[:3, 3]
    pixels, depth = seen.cameras["front"].project(place[None])
    column, row = pixels[0].astype(int)
    picture = seen.images["front"].astype(int)
    red, green, blue = picture[row, column]
    assert depth[0] > 0 and red - blue > 90 and green - blue > 60
    assert seen.state[:3] == pytest.approx(truth["command"][:3], abs=1e-3), "the arm stands where it is told to"


def test_the_order_of_episodes_does_not_matter() -> None:
    seeds = [0, 4]  # two layouts of one task
    policies = [Restless(INTERFACES["sightline"].card, 0.03, 0.2, 4) for _ in range(2)]

    class Brief(SimplerEnv):
        def __init__(self) -> None:
            super().__init__(most_steps=8)

    rows = rollout(policies[0], Brief, seeds, RolloutSettings(batch=1, execute=4))
    again = rollout(policies[1], Brief, seeds[::-1], RolloutSettings(batch=1, execute=4))
    assert rows == again[::-1] and [row.steps for row in rows] == [8, 8]
    for seed in seeds:
        for one, other in zip(policies[0].seen[seed], policies[1].seen[seed], strict=True):
            np.testing.assert_array_equal(one.state, other.state)
            np.testing.assert_array_equal(one.images["front"], other.images["front"])
    first = policies[0].seen
    assert not np.array_equal(first[0][0].images["front"], first[4][0].images["front"])


def test_the_expert_does_all_four_tasks(env: SimplerEnv) -> None:
    rows = rollout(ExpertPolicy(), SimplerEnv, range(4), RolloutSettings(batch=1))
    assert [row.success for row in rows] == [True] * 4 and [row.steps for row in rows] == [60, 60, 60, 120]
    assert all(row.target_lifted for row in rows)


def test_demonstrations_are_seen_where_they_are() -> None:
    """The mask of what is taken is around its grasp while nothing is before it, and it ends where it was to be."""
    for task, name in enumerate(TASKS):
        (episode,) = demonstrate(WidowXDemonstrations(seed=11, suite_tasks=(task,)), 0)
        assert episode.success, (name, episode.failure)
        first, last = episode.frames[0], episode.frames[-1]
        view = first.views["front"]
        (column, row), _ = (part[0] for part in view.camera.project(first.scene.grasp_points[:1]))
        around = view.ids[int(row) - 3 : int(row) + 4, int(column) - 3 : int(column) + 4]
        assert (around == 1).any() and np.isfinite(view.boxes).all(), name
        assert np.linalg.norm((last.scene.positions[0] - last.place)[:2]) < 0.06, name
    demonstrations._world().close()


def test_things_may_be_placed_elsewhere(env: SimplerEnv) -> None:
    places = np.array([[-0.12, 0.03, 0.888, 1, 0, 0, 0], [-0.2, -0.05, 0.888, 1, 0, 0, 0]])
    env.reset(seed=2, options={"places": places})
    truth = env.truth()
    found = [truth["poses"][truth[name]][:2] for name in ("source", "target")]
    np.testing.assert_allclose(found, places[:, :2], atol=2e-3)
    env.reset(seed=2)
    assert abs(env.truth()["poses"][truth["source"]][0] + 0.21) < 2e-3, "the benchmark's own are kept"


@recorded_only
def test_evaluate_replays_recordings(tmp_path: Path) -> None:
    line = f"evaluate --policy replay:{GOLDEN} --suite simpler_widowx --episodes 1 --workers 1 --json {tmp_path}/r.json"
    with pytest.raises(SystemExit) as ended:
        commands.main(line.split())
    result = json.loads((tmp_path / "r.json").read_text())
    assert not ended.value.code and result["success_rate"] == 1
    assert "mani_skill 3.0.1" in result["settings"]["benchmark"] and "stand-in" in result["settings"]["label"]


def test_the_death_of_the_worker_is_a_sentence() -> None:
    env = SimplerEnv()
    env._ready().ask("hello")
    env._begun = {"begun": True}
    assert env._worker is not None and env._worker._process is not None
    os.kill(env._worker._process.pid, signal.SIGKILL)
    with pytest.raises(SightlineError, match=r"SimplerEnv's worker died at 'step' \(signal 9\)"):
        env.advance(np.zeros(7, np.float32))
    env.close()


def test_the_files_are_the_benchmarks_or_known_stand_ins() -> None:
    found = examine()
    assert found.ok and found.versions["mani_skill"] == "3.0.1"
