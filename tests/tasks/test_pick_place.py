"""Tasks: feasible, unambiguous, and judged by geometry."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import build_scene, random_scene, thing

from sightline.core.types import RELATIONS, ObjectInfo, SceneState, Task
from sightline.language.instructions import TaskSampler, sample_task
from sightline.tasks.goals import is_done, place_point, wrong_object_moved
from sightline.tasks.pick_place import CLEARANCE, GOAL_AREA, nominal_path
from sightline.tasks.scene_graph import AXES, GOAL_DISTANCE, base_height, holds


def task(relation: str, target: int = 0, reference: int = 1) -> Task:
    return Task(relation, target, reference, "", "", "")


def carried_out(scene: SceneState, job: Task) -> SceneState:
    """The scene after an ideal robot has let go at the place point and the target has fallen by up to its support."""
    shift = place_point(scene, job) - scene.grasp_points[job.target]
    done = SceneState(**{**vars(scene), "positions": scene.positions.copy(), "grasp_points": scene.grasp_points.copy()})
    done.positions[job.target] += shift
    base = done.positions[job.target, 2] - scene.objects[job.target].height / 2
    if job.relation in AXES:
        support = 0.0
    elif job.relation == "onto":
        support = base_height(scene, job.reference) + scene.objects[job.reference].height
    else:
        support = base_height(scene, job.reference) + 0.008
    assert base > support
    done.positions[job.target, 2] -= base - support
    return done


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(RELATIONS))
def test_sampled_tasks_are_feasible_and_done_once_carried_out(seed: int, relation: str) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    job = sample_task(scene, rng, relations=(relation,))
    if job is None:
        return
    assert job.relation == relation
    assert scene.objects[job.target].role == "item" and scene.present[job.target] and scene.present[job.reference]
    assert job.target != job.reference
    assert not is_done(scene, job, scene) and not holds(relation, scene, job.target, job.reference, limit=np.inf)
    assert job.target_phrase in job.instruction and job.reference_phrase in job.instruction
    done = carried_out(scene, job)
    assert is_done(done, job, scene)
    assert not wrong_object_moved(done, scene, job)
    if relation in AXES:
        goal = done.positions[job.target, :2]
        assert all(low <= value <= high for value, (low, high) in zip(goal, GOAL_AREA, strict=True))
        assert np.linalg.norm(goal - scene.positions[job.reference, :2]) < GOAL_DISTANCE - 0.015
        for index in np.flatnonzero(scene.present):
            if index != job.target:
                gap = np.linalg.norm(goal - scene.positions[index, :2]) - scene.objects[index].radius
                assert gap - scene.objects[job.target].radius >= CLEARANCE - 1e-6


def test_relations_and_styles_are_balanced() -> None:
    rng = np.random.default_rng(5)
    relations, styles = Counter(), Counter()
    for _ in range(150):
        sampler = TaskSampler(random_scene(rng))
        for _ in range(4):
            if (drawn := sampler.sample_styled(rng)) is not None:
                relations[drawn.task.relation] += 1
                styles[drawn.style] += 1
    total = sum(relations.values())
    assert total > 550
    assert all(0.10 < relations[name] / total < 0.25 for name in RELATIONS)
    assert (
        0.5 < styles["attribute"] / total < 0.7
        and styles["spatial"] / total > 0.12
        and styles["superlative"] / total > 0.12
    )


def test_blocked_and_impossible_tasks_are_not_offered() -> None:
    scene = build_scene(
        (thing("cube"), 0.5, -0.2),
        (thing("bowl", "blue"), 0.5, 0.0),
        (thing("ball"), 0.5, 0.01),
        (thing("plate"), 0.4, 0.2),
    )
    scene.positions[2, 2] += 0.01
    feasible = TaskSampler(scene).feasible
    assert not feasible["into"][0, 1]  # something is in the bowl already
    assert feasible["onto"][0, 3]
    assert not feasible["onto"][2, 3]  # the ball sits in the bowl, where fingers do not reach
    assert not feasible["into"][:, 3].any() and not feasible["onto"][:, 1].any()
    assert not feasible["left"][0, 1]  # it is there already
    assert not feasible["left"][:, 2].any()  # no position beside something that does not stand on the table


def test_target_must_fit_into_the_container() -> None:
    long = ObjectInfo("banana_0", "banana", "yellow", "medium", "item", 0.07, 0.03)
    scene = build_scene((long, 0.5, -0.2), (thing("bowl"), 0.5, 0.1), (thing("plate"), 0.4, -0.02))
    feasible = TaskSampler(scene).feasible
    assert not feasible["into"][0, 1] and feasible["onto"][0, 2]


def test_short_things_are_not_put_where_the_palm_would_hit_tall_ones() -> None:
    scene = build_scene((thing("ball"), 0.4, -0.2), (thing("bottle"), 0.5, 0.0))
    scene.grasp_yaws[0] = np.pi / 2  # the palm lies along y, left and right of the fingers
    feasible = {name: bool(table[0, 1]) for name, table in TaskSampler(scene).feasible.items()}
    assert not feasible["right"] and feasible["front"] and feasible["behind"]
    scene.grasp_yaws[0] = 0.0
    feasible = {name: bool(table[0, 1]) for name, table in TaskSampler(scene).feasible.items()}
    assert feasible["right"] and not feasible["front"] and not feasible["behind"]


def test_nothing_to_do_gives_none() -> None:
    rng = np.random.default_rng(0)
    assert sample_task(build_scene((thing("bowl"), 0.5, 0.0)), rng) is None
    empty = build_scene((thing("bowl"), 0.5, 0.0))
    empty.present[:] = False
    assert sample_task(empty, rng) is None
    twins = build_scene((thing("cube"), 0.5, 0.0), (thing("cube"), 0.5, 0.005))
    assert sample_task(twins, rng) is None


def test_place_point_keeps_the_grasp_offset_while_held() -> None:
    scene = build_scene((thing("can"), 0.4, -0.2), (thing("plate"), 0.5, 0.1))
    scene.grasp_points[0] += [0.01, -0.005, 0.0]
    before = place_point(scene, task("onto"))
    lift = np.array([0.05, 0.1, 0.15])
    scene.positions[0] += lift
    scene.grasp_points[0] += lift
    np.testing.assert_allclose(place_point(scene, task("onto")), before, atol=1e-12)
    np.testing.assert_allclose(before[:2], [0.51, 0.095])


@pytest.mark.parametrize("relation", AXES)
def test_place_point_beside(relation: str) -> None:
    scene = build_scene((thing("can"), 0.4, -0.2), (thing("plate"), 0.5, 0.1))
    point = place_point(scene, task(relation))
    offset = point[:2] - scene.positions[1, :2]
    assert np.dot(offset, AXES[relation]) == pytest.approx(np.linalg.norm(offset))
    assert np.linalg.norm(offset) == pytest.approx(0.033 + 0.09 + CLEARANCE)
    assert point[2] == pytest.approx(0.6 * 0.11 + 0.01)


def test_place_point_in_containers_keeps_the_fingers_out_of_them() -> None:
    scene = build_scene(
        (thing("cube"), 0.4, -0.2), (thing("basket"), 0.5, 0.1), (thing("bottle"), 0.4, 0.2), (thing("bowl"), 0.6, -0.1)
    )
    assert place_point(scene, task("into"))[2] == pytest.approx(0.09 + 0.005)  # short: at the rim
    tall = place_point(scene, task("into", 2, 3))[2]
    assert tall == pytest.approx(0.6 * 0.15 + 0.02)  # tall: base just above the floor


def test_done_needs_the_target_on_the_table_and_moved() -> None:
    scene = build_scene((thing("cube"), 0.4, -0.2), (thing("bowl"), 0.5, 0.1))
    done = carried_out(scene, task("left"))
    assert is_done(done, task("left"), scene)
    assert not is_done(done, task("left"), done)
    done.positions[0, 2] += 0.05
    assert not is_done(done, task("left"), scene)


def test_wrong_object_moved() -> None:
    scene = build_scene((thing("cube"), 0.4, -0.2), (thing("bowl"), 0.5, 0.1), (thing("can"), 0.6, 0.2))
    scene.present[2] = True

    def after(index: int, shift: list[float]) -> bool:
        positions = scene.positions.copy()
        positions[index] += shift
        return wrong_object_moved(SceneState(**{**vars(scene), "positions": positions}), scene, task("into"))

    assert not after(0, [0.2, 0.2, 0.1])
    assert after(2, [0.04, 0.0, 0.0]) and not after(2, [0.02, 0.0, 0.0])
    assert not after(1, [0.05, 0.0, 0.0]) and after(1, [0.07, 0.0, 0.0]) and after(1, [0.0, 0.0, 0.05])
    scene.present[2] = False
    assert not after(2, [0.04, 0.0, 0.0])


def test_nominal_path_visits_grasp_and_place_from_above() -> None:
    tool, grasp, place = np.array([0.45, 0.0, 0.3]), np.array([0.4, -0.2, 0.05]), np.array([0.5, 0.1, 0.09])
    path = nominal_path(tool, grasp, place)
    np.testing.assert_allclose(path[0], tool)
    np.testing.assert_allclose(path[[2, -1]], [grasp, place])
    np.testing.assert_allclose(path[1], grasp + [0, 0, 0.1])
    np.testing.assert_allclose(path[3:5, 2], 0.19)
    assert path[3, :2].tolist() == grasp[:2].tolist() and path[4, :2].tolist() == place[:2].tolist()
    held = nominal_path(grasp + [0, 0, 0.005], grasp, place)
    assert len(held) == 4 and held[0, 2] == pytest.approx(0.055)
    np.testing.assert_allclose(held[-1], place)
