"""When skills are done, from scenes alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import build_scene, thing

from sightline.core.errors import SightlineError
from sightline.core.types import ObjectInfo, SceneState, Task
from sightline.tasks.goals import holds, is_done, place_point, wrong_object_moved
from sightline.tasks.parts import opening
from sightline.tasks.scene_graph import body_of
from sightline.tasks.skills import CLOSED, OPEN, PRESSED

CABINET = ObjectInfo("cabinet_0", "cabinet", "", "medium", "fixture", 0.1, 0.12)
BOTTOM = ObjectInfo("drawer_1", "drawer", "red", "medium", "drawer", 0.08, 0.05, "bottom", 0.08)
TOP = replace(BOTTOM, id="drawer_2", colour="blue", label="top")
BUTTON = ObjectInfo("button_3", "button", "red", "medium", "button", 0.02, 0.02, "7", 0.008)


def furnished(*shares: float, yaw: float = 0.0) -> SceneState:
    """A cabinet with two drawers and a button, open and pressed to these shares."""
    objects = (CABINET, BOTTOM, TOP, BUTTON)
    scene = build_scene(*((info, 0.5, 0.0) for info in objects))
    scene.yaws[:] = yaw
    scene.joints = np.array([np.nan, *(share * info.travel for share, info in zip(shares, objects[1:], strict=True))])
    return scene


def task(relation: str, target: int, reference: int = 0) -> Task:
    return Task(relation, target, reference, "", "", "")


def test_drawers_and_buttons_count_from_their_limits_on() -> None:
    shut = furnished(0, 0, 0)
    assert not is_done(furnished(OPEN - 0.01, 0, 0), task("open", 1), shut)
    assert is_done(furnished(OPEN, 0, 0), task("open", 1), shut)
    assert is_done(furnished(0, CLOSED, 0), task("close", 2), furnished(0, 0.8, 0))
    assert is_done(furnished(0, 0, PRESSED), task("press", 3), shut)
    assert not is_done(furnished(0, 0, PRESSED - 0.01), task("press", 3), shut)


def test_what_was_so_before_is_not_done() -> None:
    already = furnished(0.9, 0, 0)
    assert holds(already, task("open", 1)) and not is_done(already, task("open", 1), already)
    assert holds(already, task("close", 2)) and not is_done(already, task("close", 2), already)


def test_other_parts_must_stay() -> None:
    shut = furnished(0, 0, 0)
    assert not wrong_object_moved(furnished(1, 0, 0), shut, task("open", 1))
    assert wrong_object_moved(furnished(1, 0.3, 0), shut, task("open", 1))
    assert wrong_object_moved(furnished(1, 0, 1), shut, task("open", 1))


@given(st.floats(-3, 3), st.floats(0, 1))
def test_a_handle_is_let_go_along_the_way_of_its_drawer(yaw: float, share: float) -> None:
    scene = furnished(share, 0, 0, yaw=yaw)
    way = place_point(scene, task("open", 1)) - scene.grasp_points[1]
    assert way @ [-np.sin(yaw), np.cos(yaw), 0] == pytest.approx(0, abs=1e-9)
    assert way @ [np.cos(yaw), np.sin(yaw), 0] == pytest.approx((0.95 - share) * BOTTOM.travel)
    assert np.isnan(place_point(scene, task("press", 3))).all()


def test_parts_belong_to_the_fixture_before_them() -> None:
    scene = furnished(0, 0, 0)
    assert [body_of(scene, part) for part in (1, 2, 3)] == [0, 0, 0]
    with pytest.raises(SightlineError, match="no joint"):
        opening(scene, 0)


def test_stacked_means_in_the_middle_and_at_rest_on_top() -> None:
    scene = build_scene((thing("cube", "red"), 0.5, 0.0), (thing("can", "blue", number=1), 0.5, 0.1))
    started = build_scene((thing("cube", "red"), 0.5, 0.0), (thing("can", "blue", number=1), 0.5, 0.1))
    stack = task("stack", 0, 1)
    on_top = scene.objects[1].height + scene.objects[0].height / 2
    assert not holds(scene, stack)
    scene.positions[0] = [0.5, 0.1, on_top]
    assert is_done(scene, stack, started)
    np.testing.assert_allclose(place_point(started, stack)[:2], [0.5, 0.1])
    for off in ([0.03, 0, 0], [0, 0, 0.03]):
        scene.positions[0] = [0.5, 0.1, on_top] + np.array(off)
        assert not holds(scene, stack)
