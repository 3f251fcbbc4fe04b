"""From goals of problem files to what is done one after the other."""

from __future__ import annotations

import pytest

from sightline.core.errors import SightlineError
from sightline.envs.libero.goals import Step, plan, read_goals


def test_goals_are_read_in_their_order() -> None:
    goals = [["Turnon", "flat_stove_1"], ["on", "moka_pot_1", "flat_stove_1_cook_region"]]
    assert read_goals(goals) == [
        Step("turn on", "flat_stove_1", goal=0),
        Step("put", "moka_pot_1", "flat_stove_1_cook_region", goal=1),
    ]


@pytest.mark.parametrize(
    ("goal", "said"),
    [(["stack", "a", "b"], "predicate"), (["open", "a", "b"], "number of arguments"), (["on", "a"], "number of arg")],
)
def test_goals_that_nobody_can_bring_about_are_refused(goal: list[str], said: str) -> None:
    with pytest.raises(SightlineError, match=said):
        read_goals([goal])


def test_things_are_closed_last() -> None:
    goals = [["close", "drawer"], ["in", "bowl", "drawer"], ["turnon", "stove"]]
    assert [step.verb for step in plan(goals, lambda place: False)] == ["turn on", "put", "close"]


def test_what_is_shut_is_opened_once() -> None:
    goals = [["in", "bowl", "drawer"], ["in", "cup", "drawer"], ["on", "plate", "table"]]
    steps = plan(goals, lambda place: place == "drawer")
    assert [(step.verb, step.subject) for step in steps] == [
        ("open", "drawer"),
        ("put", "bowl"),
        ("put", "cup"),
        ("put", "plate"),
    ]
    assert [step.goal for step in steps] == [None, 0, 1, 2]


def test_what_is_opened_for_its_own_sake_is_not_opened_again() -> None:
    goals = [["in", "bowl", "drawer"], ["open", "drawer"]]
    assert [step.verb for step in plan(goals, lambda place: True)] == ["open", "put"]
