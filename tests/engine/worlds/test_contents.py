"""Worlds for skills: what a skill needs is there, and found again from the seed alone."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.assets.stacking import flat_top
from sightline.engine.generation.recipe import Recipe
from sightline.engine.worlds.contents import BASES, contents_of, numbered_world
from sightline.engine.worlds.spec import WorldSpec
from sightline.tasks.kinds import PLACE, SKILL_TASKS, TASKS, drawn_tasks


@pytest.mark.parametrize("split", ["train", "unseen", "novel"])
@pytest.mark.parametrize("tasks", SKILL_TASKS)
def test_worlds_hold_what_the_skill_needs(tasks: str, split: str) -> None:
    world = numbered_world(WorldSpec(split=split, tasks=tasks), 9, 4)
    roles = [info.role for info in world.objects]
    assert roles.count("drawer") == (2 if tasks == "drawer" else 0)
    assert (roles.count("button") >= 2) == (tasks == "button")
    assert sum(info.kind == "price tag" for info in world.objects) == 2
    if tasks == "stack":
        assert sum(flat_top(entry) > 0 for entry in world.models if entry.kind != "price tag") >= BASES
    assert contents_of(WorldSpec(split=split, tasks=tasks), 9, 4).objects == world.models


def test_models_of_mixed_datasets_are_found_again() -> None:
    kinds = {number: drawn_tasks("all", 9, number) for number in range(8)}
    assert len(set(kinds.values())) >= 3
    for number, kind in list(kinds.items())[:4]:
        found, world = contents_of(WorldSpec(tasks="all"), 9, number), numbered_world(WorldSpec(tasks="all"), 9, number)
        assert found.objects == world.models and world.spec.tasks == kind
        if kind != PLACE:
            assert found == contents_of(WorldSpec(tasks=kind), 9, number)


def test_mixed_worlds_have_price_tags_whatever_is_done_in_them() -> None:
    number = next(number for number in range(20) if drawn_tasks("all", 9, number) == PLACE)
    tags = {spec: sum(entry.kind == "price tag" for entry in contents_of(WorldSpec(tasks=spec), 9, number).objects)
            for spec in ("all", PLACE)}  # fmt: skip
    assert tags == {"all": 2, PLACE: 0}


def test_all_kinds_of_tasks_come_equally_often() -> None:
    drawn = [drawn_tasks("all", 0, number) for number in range(2000)]
    shares = np.array([drawn.count(kind) for kind in TASKS[:-1]]) / len(drawn)
    np.testing.assert_allclose(shares, 1 / len(shares), atol=0.04)


def test_unknown_tasks_are_named() -> None:
    with pytest.raises(SightlineError, match=r"drawer.*button"):
        Recipe(tasks="drawers").check()


def test_a_collection_without_flat_tops_is_no_place_to_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.engine.worlds.contents.flat_top", lambda entry: 0.0)
    with pytest.raises(SightlineError, match="too few things with a flat top"):
        numbered_world(WorldSpec(tasks="stack"), 9, 4)
