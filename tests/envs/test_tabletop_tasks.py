"""The list of the suite's tasks is what its splits say: kinds that are shown, spared or novel, where they can go."""

from __future__ import annotations

import pytest

from sightline.core.errors import SightlineError
from sightline.core.types import RELATIONS
from sightline.engine.assets import full
from sightline.engine.assets.families import NOVEL, SPARED, confusable
from sightline.engine.assets.splits import DIVISIONS, SPLITS
from sightline.engine.worlds.placement import USUAL
from sightline.envs.tabletop import TIME_LIMIT
from sightline.envs.tabletop_tasks import CONDITIONS, OUTSIDE, conditions, step_limit, tasks_of
from sightline.language.paraphrases import PHRASINGS, SPOKEN

LISTS = {entry.tasks: tasks_of(split) for split, entry in CONDITIONS.items()}
ALL = [task for tasks in LISTS.values() for task in tasks]


def test_there_are_two_hundred_tasks_with_fixed_numbers() -> None:
    assert [task.number for task in ALL] == list(range(1, 201))
    assert {name: len(tasks) for name, tasks in LISTS.items()} == {"demonstrated": 140, "spared": 30, "novel": 30}
    assert len({(task.relation, task.target, task.reference) for task in ALL}) == 200
    assert step_limit() == TIME_LIMIT == 80
    assert ALL[0].name("seen") == "seen/001: put a bread into a bowl"
    assert ALL[44].name("unseen-instance") == "unseen-instance/045: put an eraser in front of a plate"


def test_every_kind_that_can_be_picked_up_is_a_target() -> None:
    for split, entry in CONDITIONS.items():
        items = {kind for kind in full.kinds(entry.split) if full.role(kind) == "item"}
        assert {task.target for task in tasks_of(split)} == items
        assert {task.reference for task in tasks_of(split)} <= set(full.kinds(entry.split))


def test_lists_keep_to_their_kinds() -> None:
    named = {name: {kind for task in tasks for kind in (task.target, task.reference)} for name, tasks in LISTS.items()}
    assert not named["demonstrated"] & (SPARED | NOVEL)
    assert named["spared"] <= SPARED and named["novel"] <= NOVEL


def test_what_is_asked_makes_sense() -> None:
    roles = {"into": ("container",), "onto": ("surface",)}
    for task in ALL:
        assert task.relation in RELATIONS and task.target != task.reference
        assert full.role(task.target) == "item"
        assert full.role(task.reference) in roles.get(task.relation, ("item", "container", "surface"))
        assert not confusable(task.target, task.reference)
    counts = {relation: sum(task.relation == relation for task in ALL) for relation in RELATIONS}
    assert min(counts.values()) >= 12 and min(counts["into"], counts["onto"]) >= 40


def test_a_split_differs_from_seen_in_what_its_name_says() -> None:
    seen = conditions("seen")
    changed = {
        split: {name for name in ("tasks", "split", "phrasing", "spread", "more")
                if getattr(entry, name) != getattr(seen, name)}
        for split, entry in CONDITIONS.items()
    }  # fmt: skip
    assert changed == {
        "seen": set(),
        "unseen-instance": {"split"},
        "unseen-kind": {"tasks", "split"},
        "unseen-background": {"split"},
        "unseen-position": {"spread", "more"},
        "unseen-instruction": {"phrasing"},
        "novel-kind": {"tasks", "split"},
        "novel-instruction": {"phrasing"},
    }
    assert seen.phrasing == PHRASINGS[0] and all(entry.phrasing in SPOKEN for entry in CONDITIONS.values())
    shown = DIVISIONS["demonstrated"]
    assert DIVISIONS["unseen-background"].kinds == shown.kinds and DIVISIONS["unseen-kind"].looks == shown.looks


def test_positions_outside_are_outside() -> None:
    (low, high), (inner_low, inner_high) = OUTSIDE.area, USUAL.area
    assert all(a < b for a, b in zip(low, inner_low, strict=True)) and OUTSIDE.reach > USUAL.reach
    assert all(a > b for a, b in zip(high, inner_high, strict=True))


def test_unknown_splits_are_named() -> None:
    with pytest.raises(SightlineError, match="did you mean 'unseen-kind'"):
        tasks_of("unseen-kinds")
    assert set(CONDITIONS) & set(SPLITS) == {"seen"}, "the old unseen and novel stay what they are"
