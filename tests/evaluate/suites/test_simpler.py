"""The suite of SimplerEnv as the command runs it, with a worker that is none."""

from __future__ import annotations

import pytest
from acting import Still
from fake_simpler import FakeWorker

from sightline.core.errors import SightlineError
from sightline.envs.simpler import environment
from sightline.envs.simpler.protocol import INTERFACES, TASKS
from sightline.evaluate.run import evaluate
from sightline.evaluate.suites import simpler


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[FakeWorker]:
    made: list[FakeWorker] = []

    def start() -> FakeWorker:
        made.append(FakeWorker())
        return made[-1]

    monkeypatch.setattr(environment, "start_worker", start)
    monkeypatch.setattr(simpler, "start_worker", start)
    for module in (environment, simpler):
        monkeypatch.setattr(module, "find_data", lambda: {"custom": "there"})
    monkeypatch.setattr(simpler, "load_policy", lambda name: Still(INTERFACES[name].card))
    return made


def test_episodes_are_spread_over_tasks_and_run_task_by_task(workers, tmp_path, capsys) -> None:
    page = tmp_path / "report.html"
    result = evaluate("sightline", suite="simpler_widowx", episodes=6, workers=1, report=page, execute=8)
    begun = [details for worker in workers for question, details in worker.asked if question == "begin"]
    ids = [task.environment for task in TASKS.values()]
    started = [(ids.index(one["task"]), one["layout"]) for one in begun]
    assert started == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0)]
    assert [row["seed"] for row in result["episodes"]] == list(range(6))
    assert [row["steps"] for row in result["episodes"]] == [60, 60, 60, 120, 60, 60]
    assert len(workers) == 2, "one for its versions, one world"
    about = result["settings"]
    assert about["label"] == "SimplerEnv WidowX, ManiSkill 3 port, stand-in table"
    assert about["benchmark"] == "mani_skill 3.0.1, sapien 3.0.3"
    printed = capsys.readouterr().out
    for said in ("stand-in table", "in the last step, as published", "5 Hz", "spoon 60", "eggplant 120"):
        assert said in printed, said
    assert "widowx_stack_cube" in page.read_text()


def test_official_policies_need_their_interface(workers) -> None:
    with pytest.raises(SightlineError, match="robot: oxe_bridge != widowx"):
        evaluate("official", suite="simpler_widowx", episodes=1, workers=1)
    options = {"episodes": 1, "workers": 1, "interface": "official", "most_steps": 120}
    result = evaluate("official", suite="simpler_widowx", **options)
    assert result["episodes"][0]["steps"] == 120
    assert "120, not the published" in result["settings"]["most steps"]


def test_more_episodes_than_layouts_and_other_seeds_are_refused(workers) -> None:
    for options in ({"episodes": 97}, {"episodes": 1, "seed": 1}):
        with pytest.raises(SightlineError, match="simpler_widowx has 96 episodes"):
            evaluate("sightline", suite="simpler_widowx", workers=1, **options)
    assert not [1 for worker in workers for question, _ in worker.asked if question == "begin"], "before any is run"
