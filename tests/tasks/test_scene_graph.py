"""Spatial predicates and the table of all relations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import build_scene, random_scene, thing

from sightline.core.errors import SightlineError
from sightline.core.geometry import look_at
from sightline.core.types import RELATIONS
from sightline.tasks.scene_graph import AXES, SceneGraph, bulk, direction_margin, holds

OPPOSITE = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


@pytest.mark.parametrize("relation", AXES)
def test_directions_are_those_of_the_front_camera(relation: str) -> None:
    """Moving along a relation's axis moves the point that way in the picture of a camera that faces the robot."""
    pose = look_at(np.array([1.25, 0.0, 0.65]), np.array([0.48, 0.0, 0.02]))
    move = pose[:3, :3].T @ np.array([*AXES[relation], 0.0])
    in_picture = {"left": -move[0], "right": move[0], "front": move[1], "behind": -move[1]}  # image x right, y down
    assert in_picture[relation] > 0.5


@pytest.mark.parametrize("relation", AXES)
@pytest.mark.parametrize(
    ("angle", "expected"), [(0, True), (40, True), (-40, True), (50, False), (-50, False), (180, False)]
)
def test_direction_cone_is_45_degrees_wide_on_both_sides(relation: str, angle: float, expected: bool) -> None:
    axis = np.array(AXES[relation])
    turn = np.deg2rad(angle)
    x, y = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ axis * 0.12
    scene = build_scene((thing("cube"), 0.5 + x, y), (thing("can"), 0.5, 0.0))
    assert holds(relation, scene, 0, 1) is expected


@pytest.mark.parametrize(
    ("distance", "goal", "anywhere"),
    [(0.03, False, False), (0.06, True, True), (0.21, True, True), (0.25, False, True)],
)
def test_distance_limits_of_goals_and_references(distance: float, goal: bool, anywhere: bool) -> None:
    scene = build_scene((thing("cube"), 0.5, distance), (thing("can"), 0.5, 0.0))
    assert holds("right", scene, 0, 1) is goal
    assert holds("right", scene, 0, 1, limit=np.inf) is anywhere


def test_inside_a_wide_container_is_not_beside_it() -> None:
    scene = build_scene((thing("cube"), 0.5, 0.07), (thing("basket"), 0.5, 0.0))
    assert not holds("right", scene, 0, 1)


@given(st.floats(0.35, 0.68), st.floats(-0.28, 0.28))
def test_opposites_exclude_each_other_and_swap(x: float, y: float) -> None:
    scene = build_scene((thing("cube"), x, y), (thing("can"), 0.5, 0.0))
    for relation, opposite in OPPOSITE.items():
        assert not (holds(relation, scene, 0, 1) and holds(opposite, scene, 0, 1))
        offset = scene.positions[0] - scene.positions[1]
        assert direction_margin(relation, offset) == pytest.approx(direction_margin(opposite, -offset))


def test_into_needs_a_container_and_a_place_below_its_rim() -> None:
    scene = build_scene((thing("can"), 0.5, 0.01), (thing("bowl"), 0.5, 0.0), (thing("plate"), 0.4, 0.2))
    scene.positions[0, 2] = 0.01 + scene.objects[0].height / 2  # standing on the bowl's floor, far above its rim
    assert holds("into", scene, 0, 1)
    assert not holds("onto", scene, 0, 1)
    scene.positions[0, 2] += 0.08  # still in the air above it
    assert not holds("into", scene, 0, 1)
    scene.positions[0] = [0.5, 0.09, 0.06]  # beside its footprint
    assert not holds("into", scene, 0, 1)
    scene.positions[0] = [0.4, 0.2, 0.02 + scene.objects[0].height / 2]
    assert holds("onto", scene, 0, 2)
    assert not holds("into", scene, 0, 2)


def test_lying_in_a_bowl_and_on_a_plate_counts() -> None:
    scene = build_scene((thing("bottle"), 0.5, 0.02), (thing("bowl"), 0.5, 0.0), (thing("plate"), 0.4, 0.2))
    scene.positions[0, 2] = 0.01 + scene.objects[0].radius
    assert holds("into", scene, 0, 1)
    scene.positions[0] = [0.41, 0.2, 0.018 + scene.objects[0].radius]
    assert holds("onto", scene, 0, 2)


def test_absent_objects_and_unknown_relations() -> None:
    scene = build_scene((thing("cube"), 0.5, 0.1), (thing("can"), 0.5, 0.0))
    scene.present[1] = False
    assert not holds("right", scene, 0, 1)
    with pytest.raises(SightlineError, match="left"):
        holds("leftt", scene, 0, 1)


def test_table_of_relations_agrees_with_the_predicates() -> None:
    """What is certain holds; what does not even appear possible does not hold."""
    rng = np.random.default_rng(1)
    seen = {relation: 0 for relation in RELATIONS}
    for _ in range(60):
        scene = random_scene(rng)
        graph = SceneGraph(scene)
        held = graph.indices[0]  # something put somewhere, so that into and onto occur
        other = graph.indices[int(rng.integers(len(graph.indices) - 2)) + 2]
        scene.positions[held] = scene.positions[other] + [*rng.uniform(-0.08, 0.08, 2), rng.uniform(-0.02, 0.1)]
        graph = SceneGraph(scene)
        for relation in RELATIONS:
            for r, reference in enumerate(graph.indices):
                for t, target in enumerate(graph.indices):
                    truth = holds(relation, scene, target, reference, limit=np.inf)
                    seen[relation] += truth
                    assert truth or not graph.certain[relation][r] >> t & 1
                    assert not truth or graph.possible[relation][r] >> t & 1
    assert min(seen.values()) > 0


def test_rankings_have_margins() -> None:
    scene = build_scene(
        (thing("can", "red", "small"), 0.5, -0.2), (thing("can", "red", "large"), 0.5, -0.19), (thing("can"), 0.5, 0.2)
    )
    graph = SceneGraph(scene)
    assert graph.beats["leftmost"] == [0b100, 0b100, 0]  # the first two are too close to call
    assert graph.beats["largest"] == [0, 0b101, 0b001]
    assert graph.beats_at["nearest"][2] == [0b000, 0b000, 0b011]
    assert graph.beats_at["farthest"][0] == [0, 0, 0b011]
    assert bulk(scene, 1) == pytest.approx(1.5 * bulk(scene, 0))


def test_too_many_objects_are_refused() -> None:
    scene = build_scene(*[(thing("cube", number=i), 0.5, 0.0) for i in range(61)])
    with pytest.raises(SightlineError, match="60"):
        SceneGraph(scene)
