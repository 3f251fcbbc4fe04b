"""Scenes by relation: every drawn graph holds after settling, and the check itself can fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sightline.engine.worlds.contents import numbered_world
from sightline.engine.worlds.placement import choose_present
from sightline.engine.worlds.relational_placement import (
    ARRANGEMENTS,
    Constraint,
    draw_graph,
    sample_arrangement,
    satisfied,
)
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World

SCENES = 40


@pytest.fixture(scope="module")
def world() -> World:
    return numbered_world(WorldSpec(), 11, 0)


@pytest.fixture(scope="module")
def arranged(world: World) -> list:
    """(graph, scene) of many arrangements, each seen as the simulator has it after settling."""
    found = []
    for seed in range(SCENES):
        layout, graph = sample_arrangement(world, np.random.default_rng(seed))
        data = world.new_data()
        for index in np.flatnonzero(layout.present):
            start = world.qpos_adr[index]
            data.qpos[start : start + 7] = layout.poses[index]
        import mujoco

        mujoco.mj_forward(world.model, data)
        found.append((graph, world.scene_state(data, layout.present)))
    return found


def test_every_graph_holds(arranged: list) -> None:
    assert all(graph and all(satisfied(constraint, scene) for constraint in graph) for graph, scene in arranged)


def test_every_relation_is_arranged(arranged: list) -> None:
    counts = Counter(constraint.relation for graph, _ in arranged for constraint in graph)
    assert len(counts) >= len(ARRANGEMENTS) - 1, counts  # forty scenes may miss a rare one


def test_nothing_overlaps(arranged: list) -> None:
    for graph, scene in arranged:
        carried = {c.subject for c in graph if c.relation in ("in", "on")}
        standing = [i for i in np.flatnonzero(scene.present) if i not in carried]
        for at, first in enumerate(standing):
            for second in standing[at + 1 :]:
                apart = np.linalg.norm(scene.positions[first, :2] - scene.positions[second, :2])
                assert apart > scene.objects[first].radius + scene.objects[second].radius


def test_the_same_seed_gives_the_same_scene(world: World) -> None:
    first, second = (sample_arrangement(world, np.random.default_rng(3)) for _ in range(2))
    assert first[1] == second[1] and np.array_equal(first[0].poses, second[0].poses)


def test_graphs_are_solvable_in_their_order(world: World) -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        placed = set(np.flatnonzero(choose_present(world, rng)).tolist())
        graph = draw_graph(world, np.isin(np.arange(len(world.objects)), list(placed)), rng)
        subjects = [i for c in graph for i in (c.subject, *(c.others if c.relation == "row" else ()))]
        assert len(subjects) == len(set(subjects))
        free = placed - set(subjects)
        for constraint in graph:
            if constraint.relation != "row":
                assert set(constraint.others) <= free
            free |= {constraint.subject, *constraint.others}


@pytest.mark.parametrize("relation", ARRANGEMENTS)
def test_a_moved_subject_breaks_its_constraint(arranged: list, relation: str) -> None:
    """Where the subject is taken to the far side of everything, no constraint but 'farthest' can hold."""
    cases = [(c, scene) for graph, scene in arranged for c in graph if c.relation == relation]
    if not cases:
        pytest.skip(f"no scene with '{relation}' in this sample")
    constraint, scene = cases[0]
    moved = scene.positions.copy()
    if relation == "farthest":
        moved[constraint.subject] = scene.positions[constraint.others[0]] + [0.0, 0.01, 0.0]
    else:
        axis = {"left": [0, 5, 0], "right": [0, -5, 0], "front": [-5, 0, 0], "behind": [5, 0, 0]}
        moved[constraint.subject] = scene.positions[constraint.subject] + axis.get(relation, [1.0, 2.0, 0.0])
    assert not satisfied(constraint, replace(scene, positions=moved))


def test_a_row_in_the_wrong_order_is_no_row(arranged: list) -> None:
    rows = [(c, scene) for graph, scene in arranged for c in graph if c.relation == "row"]
    constraint, scene = rows[0]
    swapped = Constraint("row", constraint.others[0], (constraint.subject, *constraint.others[1:]))
    assert not satisfied(swapped, scene)
