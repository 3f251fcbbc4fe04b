"""What was pointed at is remembered where it was, in every view, until it moves."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sightline.core.geometry import Camera, look_at
from sightline.models.action.spatial_memory import GRIPPER, WIDTH, SpatialMemory
from sightline.models.action.spatial_tokens import HAS_AXIS, HAS_BOX, TOOL_YAW, SpatialInputs
from sightline.models.grounding.pointing import ROLES
from sightline.models.grounding.projection import project, project_axis, unproject

FRONT = Camera(224, 224, 260.0, look_at(np.array([1.2, 0.1, 0.7]), np.array([0.48, 0.0, 0.0])))
WRIST = Camera(224, 224, 200.0, look_at(np.array([0.45, 0.0, 0.4]), np.array([0.5, 0.02, 0.0])))
HERE, THERE = torch.tensor([0.5, 0.05, 0.03]), torch.tensor([0.42, -0.15, 0.06])
SURE = torch.tensor([[1.0, 0.0]] * len(ROLES))  # of the first view alone


def cameras() -> torch.Tensor:
    return torch.from_numpy(np.stack([FRONT.to_vector(), WRIST.to_vector()]))[None]


def pointed_at(place: torch.Tensor, gripper: float = 1.0, yaw: float = 0.3, view: int = 0) -> SpatialInputs:
    """A planner that points all roles at one place in one view and at nothing sensible in the other."""
    shape = (1, len(ROLES), 2)
    camera = cameras()[0, view]
    point = project(place, camera)
    step = 0.01 * torch.tensor([math.cos(yaw), math.sin(yaw), 0.0])
    ahead = project(place + step, camera) - point
    double = 2 * torch.atan2(ahead[1], ahead[0])
    state = torch.zeros(1, 12)
    state[0, GRIPPER] = gripper
    inputs = SpatialInputs(
        points=torch.full((*shape, 2), 0.11),
        boxes=torch.full((*shape, 4), 0.2),
        visible=torch.full(shape, 0.5),
        heights=torch.full(shape, 0.5),
        axes=torch.ones(*shape, 2),
        traces=torch.zeros(1, 8, 2),
        cameras=cameras(),
        state=state,
        normalised=state,
    )
    inputs.points[0, :, view], inputs.heights[0, :, view] = point, float(place[2])
    inputs.axes[0, :, view] = torch.stack([double.cos(), double.sin()])
    return inputs


def looked_three_times(fists: bool = False) -> SpatialMemory:
    """A memory that has seen everything at HERE."""
    memory = SpatialMemory(fists=fists)
    for _ in range(3):
        memory.recall(pointed_at(HERE), SURE)
    return memory


def place_in(inputs: SpatialInputs, role: int, view: int) -> torch.Tensor:
    return unproject(inputs.points[0, role, view], inputs.heights[0, role, view], inputs.cameras[0, view])


@given(x=st.floats(0.42, 0.55), y=st.floats(-0.08, 0.08), z=st.floats(0.0, 0.08), yaw=st.floats(-1.5, 1.5))
def test_every_view_shows_the_same_place(x: float, y: float, z: float, yaw: float) -> None:
    place = torch.tensor([x, y, z])
    recalled = SpatialMemory().recall(pointed_at(place, yaw=yaw), SURE)
    for role in range(len(ROLES)):
        torch.testing.assert_close(place_in(recalled, role, 0), place, atol=2e-4, rtol=0)
        if ((project(place, cameras()[0, 1]) - 0.5).abs() < 0.5).all():
            torch.testing.assert_close(place_in(recalled, role, 1), place, atol=2e-4, rtol=0)
    first = pointed_at(place, yaw=yaw).axes[0, 0, 0]
    torch.testing.assert_close(recalled.axes[0, 0, 0], first, atol=0.05, rtol=0)


def test_what_was_seen_often_outweighs_what_is_seen_now() -> None:
    memory = looked_three_times()
    recalled = memory.recall(pointed_at(THERE), SURE)
    torch.testing.assert_close(place_in(recalled, 0, 0), HERE, atol=1e-3, rtol=0)
    # The box moves along with the point, so that they still belong together.
    shift = recalled.points[0, 0, 0] - pointed_at(THERE).points[0, 0, 0]
    torch.testing.assert_close(recalled.boxes[0, 0, 0], torch.full((4,), 0.2) + shift.repeat(2))
    for _ in range(6):
        recalled = memory.recall(pointed_at(THERE), SURE)
    torch.testing.assert_close(place_in(recalled, 0, 0), THERE, atol=1e-3, rtol=0)


def test_a_doubtful_sighting_weighs_little() -> None:
    memory = SpatialMemory()
    memory.recall(pointed_at(HERE), SURE)
    for _ in range(4):
        recalled = memory.recall(pointed_at(THERE), 0.05 * SURE)
    torch.testing.assert_close(place_in(recalled, 0, 0), HERE, atol=1e-3, rtol=0)


def test_sightings_of_one_thing_are_averaged() -> None:
    memory, aside = SpatialMemory(), torch.tensor([0.0, 0.02, 0.0])
    memory.recall(pointed_at(HERE), SURE)
    recalled = memory.recall(pointed_at(HERE + aside), SURE)
    between = place_in(recalled, 0, 0)[1] - HERE[1]
    assert 0.008 < float(between) < 0.013


def closed(place: torch.Tensor, width: float, tool: torch.Tensor = THERE) -> SpatialInputs:
    """The same with closed fingers ``width`` metres apart at ``tool``."""
    inputs = pointed_at(place, gripper=-1.0)
    inputs.state[0, :3], inputs.state[0, WIDTH], inputs.state[0, TOOL_YAW] = tool, width, 0.4
    return inputs


TARGET, PLACE = ROLES.index("target"), ROLES.index("place")


def test_a_held_target_is_where_the_tool_is_and_stays_where_it_is_let_go() -> None:
    memory = looked_three_times()
    held = memory.recall(closed(HERE, width=0.04), SURE)
    torch.testing.assert_close(place_in(held, TARGET, 0), THERE, atol=1e-3, rtol=0)
    torch.testing.assert_close(place_in(held, PLACE, 0), HERE, atol=1e-3, rtol=0)
    # The fingers close at right angles to the tool's yaw.
    expected = project_axis(THERE, torch.tensor([-math.cos(0.8), -math.sin(0.8)]), held.cameras[0, 0])
    torch.testing.assert_close(held.axes[0, TARGET, 0], expected, atol=1e-4, rtol=0)
    opened = memory.recall(pointed_at(HERE), 0.1 * SURE)
    torch.testing.assert_close(place_in(opened, TARGET, 0), THERE, atol=1e-3, rtol=0)


def test_what_has_no_direction_has_none_in_the_hand() -> None:
    """A knob or a handle: the expert has learned from demonstrations in which these have no axis."""
    lengths = []
    for share in (1.0, 0.02):
        memory = SpatialMemory()
        seen = pointed_at(HERE)
        seen.axes[0, :, 0] *= share
        memory.recall(seen, SURE)
        for _ in range(2):
            held = memory.recall(closed(HERE, width=0.04, tool=HERE), SURE)
        lengths.append(float(held.axes[0, TARGET, 0].norm()))
    assert lengths[0] > 0.5 and lengths[1] == 0


def test_a_place_that_nobody_believed_in_is_not_shown() -> None:
    """Who turns a knob puts nothing anywhere."""
    memory, doubtful = SpatialMemory(), SURE.clone()
    doubtful[PLACE] = 0.001
    for _ in range(5):
        told = memory.recall(pointed_at(HERE), doubtful)
    assert told.visible[0, PLACE].max() == 0 and told.visible[0, TARGET, 0] == 1
    assert memory.recall(pointed_at(HERE), SURE).visible[0, PLACE, 0] == 1


def test_fingers_that_close_on_nothing_forget_the_target_and_nothing_else() -> None:
    memory = looked_three_times()
    missed = memory.recall(closed(THERE, width=0.002), SURE)
    torch.testing.assert_close(place_in(missed, TARGET, 0), THERE, atol=1e-4, rtol=0)
    assert float(missed.points[0, TARGET, 1, 0]) == pytest.approx(0.11)
    torch.testing.assert_close(place_in(missed, PLACE, 0), HERE, atol=1e-3, rtol=0)
    opened = memory.recall(pointed_at(THERE), SURE)
    torch.testing.assert_close(place_in(opened, TARGET, 0), THERE, atol=1e-3, rtol=0)


def test_a_fist_made_away_from_the_target_says_nothing_of_it() -> None:
    memory = looked_three_times(fists=True)
    for width in (0.07, 0.03, 0.002, 0.002):  # closing, closed; then it goes to the target to push it
        there = memory.recall(closed(HERE, width, tool=HERE if width < 0.01 else THERE), SURE)
        torch.testing.assert_close(place_in(there, TARGET, 0), HERE, atol=1e-3, rtol=0)
    memory.recall(pointed_at(HERE), SURE)  # opened
    memory.recall(closed(THERE, width=0.04, tool=HERE), SURE)  # closed upon it: taken, wherever it goes
    held = memory.recall(closed(HERE, width=0.04, tool=THERE), SURE)
    torch.testing.assert_close(place_in(held, TARGET, 0), THERE, atol=1e-3, rtol=0)
    memory = looked_three_times(fists=True)
    missed = memory.recall(closed(THERE, width=0.002, tool=HERE), SURE)  # closed upon it: gone
    torch.testing.assert_close(place_in(missed, TARGET, 0), THERE, atol=1e-4, rtol=0)


def delivered(share: float) -> SpatialMemory:
    """A memory of a target that was taken at HERE and let go at THERE."""
    memory = SpatialMemory(delivered=share)
    for _ in range(3):
        memory.recall(pointed_at(HERE), SURE)
    memory.recall(closed(HERE, width=0.04, tool=HERE), SURE)
    memory.recall(closed(HERE, width=0.04, tool=THERE), SURE)
    return memory


def test_the_next_part_of_a_task_is_about_something_else_than_what_was_delivered() -> None:
    near, next_one = THERE - torch.tensor([0.0, 0.02, 0.03]), torch.tensor([0.55, 0.15, 0.03])
    believed = {}
    for share in (1.0, 0.1):
        memory = delivered(share)
        for _ in range(6):  # one camera sees what was put down, the other the next thing, with less confidence
            memory.recall(pointed_at(near), SURE)
            seen = memory.recall(pointed_at(next_one), 0.3 * SURE)
        believed[share] = place_in(seen, TARGET, 0)
    torch.testing.assert_close(believed[1.0], near, atol=0.01, rtol=0)
    torch.testing.assert_close(believed[0.1], next_one, atol=1e-3, rtol=0)


def test_what_was_delivered_is_the_target_still_where_nothing_else_is_pointed_at() -> None:
    memory = delivered(0.1)
    opened = memory.recall(pointed_at(THERE), SURE)
    torch.testing.assert_close(place_in(opened, TARGET, 0), THERE, atol=1e-3, rtol=0)
    memory.recall(closed(HERE, width=0.04, tool=THERE), SURE)
    again = memory.recall(closed(HERE, width=0.04, tool=HERE), SURE)  # taken again, it is in the hand
    torch.testing.assert_close(place_in(again, TARGET, 0), HERE, atol=1e-3, rtol=0)


def test_a_grasp_that_missed_delivers_nothing() -> None:
    memory = SpatialMemory(delivered=0.1)
    for _ in range(3):
        memory.recall(pointed_at(HERE), SURE)
    memory.recall(closed(HERE, width=0.06, tool=HERE), SURE)  # still closing
    memory.recall(closed(HERE, width=0.002, tool=HERE), SURE)
    for _ in range(3):
        seen = memory.recall(pointed_at(HERE), 0.5 * SURE)
        memory.recall(pointed_at(THERE), 0.3 * SURE)
    torch.testing.assert_close(place_in(seen, TARGET, 0), HERE, atol=1e-3, rtol=0)


def test_what_a_fist_moves_is_seen_where_it_is_by_now() -> None:
    memory, along, place = looked_three_times(fists=True), torch.tensor([0.0, 0.03, 0.0]), HERE
    memory.recall(closed(HERE, 0.002), SURE)
    for _ in range(4):
        place = place + along
        moved = memory.recall(closed(place, 0.002, tool=place), 10 * SURE)  # as well as the hand's camera sees it
    assert float((place_in(moved, TARGET, 0) - place).norm()) < 0.02
    # Where the fist is elsewhere, the thing is taken to be where it was.
    still = looked_three_times(fists=True)
    still.recall(closed(HERE, 0.002), SURE)
    seen = still.recall(closed(HERE + along, 0.002), SURE)
    assert float((place_in(seen, TARGET, 0) - HERE).norm()) < 0.01


def test_what_is_right_at_the_tool_is_remembered_rather_than_seen() -> None:
    aside = HERE + torch.tensor([0.0, 0.02, 0.0])
    moved = {}
    for blind in (0.0, 0.04):
        memory = SpatialMemory(blind=blind)
        memory.recall(pointed_at(HERE), SURE)
        inputs = pointed_at(aside)
        inputs.state[0, :3] = HERE
        moved[blind] = float((place_in(memory.recall(inputs, 5 * SURE), TARGET, 0) - HERE).norm())
    assert moved[0.04] < 0.001 < 0.005 < moved[0.0]


def test_uncalibrated_cameras_are_left_alone() -> None:
    memory, inputs = SpatialMemory(), pointed_at(HERE)
    inputs.cameras[0, 1] = float("nan")
    recalled = memory.recall(inputs, SURE)
    assert torch.equal(recalled.points[:, :, 1], inputs.points[:, :, 1])
    inputs.cameras[0, 0] = float("nan")
    recalled = memory.recall(inputs, SURE)
    assert torch.equal(recalled.points, inputs.points) and torch.equal(recalled.visible, inputs.visible)


def test_the_given_inputs_stay_as_they_are() -> None:
    memory, inputs = SpatialMemory(), pointed_at(HERE)
    before = {name: value.clone() for name, value in vars(inputs).items()}
    memory.recall(pointed_at(HERE), SURE)
    memory.recall(inputs, SURE)
    assert all(torch.equal(value, before[name]) for name, value in vars(inputs).items())


def test_what_is_remembered_counts_as_seen_inside_a_picture_and_not_outside() -> None:
    away = torch.tensor([0.62, -0.25, 0.0])  # outside the wrist camera's picture
    for place, seen in ((HERE, 1.0), (away, 0.0)):
        memory = SpatialMemory()
        hidden = pointed_at(place)
        hidden.visible[:] = 0.3
        recalled = memory.recall(hidden, SURE)
        assert (recalled.visible[0, :, 0] == 1.0).all() and (recalled.visible[0, :, 1] == seen).all()


def test_a_place_has_no_box_and_a_reference_no_grasp_axis() -> None:
    inputs = pointed_at(HERE)
    for role in range(len(ROLES)):
        inputs.boxes[0, role] *= HAS_BOX[role]
        inputs.axes[0, role] *= HAS_AXIS[role]
    recalled = SpatialMemory().recall(inputs, SURE)
    assert not recalled.boxes[0, ROLES.index("place")].any()
    assert not recalled.axes[0, ROLES.index("reference")].any()


def test_a_hand_before_a_thing_makes_its_sightings_doubtful() -> None:
    memory, aside = SpatialMemory(), torch.tensor([0.0, 0.02, 0.0])
    memory.recall(pointed_at(HERE), SURE)
    near = pointed_at(HERE + aside)
    near.state[0, :3] = HERE
    recalled = memory.recall(near, SURE)
    assert float(place_in(recalled, 0, 0)[1] - HERE[1]) < 0.004


@pytest.mark.parametrize(("height", "believed"), [(0.04, "hand"), (0.25, "fixed")])
def test_a_camera_on_the_hand_outweighs_a_fixed_one_when_it_is_close(height: float, believed: str) -> None:
    aside = torch.tensor([0.0, 0.02, 0.0])
    inputs = pointed_at(HERE)
    tool = HERE + torch.tensor([0.0, 0.0, height])
    eye = tool.numpy().astype(float) + np.array([-0.06, 0.0, 0.06])
    hand = torch.from_numpy(Camera(224, 224, 200.0, look_at(eye, HERE.numpy().astype(float))).to_vector())
    inputs.state[0, :3], inputs.cameras[0, 1] = tool, hand
    inputs.points[0, :, 1], inputs.heights[0, :, 1] = project(HERE + aside, hand), float(HERE[2])
    recalled = SpatialMemory().recall(inputs, torch.ones(len(ROLES), 2))
    shift = float((place_in(recalled, 0, 0) - HERE)[1])
    assert shift > 0.012 if believed == "hand" else shift < 0.002


def test_what_was_seen_long_ago_is_forgotten() -> None:
    memory = looked_three_times()
    for _ in range(100):
        memory.recall(pointed_at(THERE), SURE)
    assert all(len(seen) == 1 for seen in memory._seen)


def test_looks_add_up_without_fading() -> None:
    memory = SpatialMemory()
    for _ in range(6):
        memory.look(pointed_at(HERE), SURE, share=0.25)
    recalled = memory.recall(pointed_at(THERE), SURE)
    torch.testing.assert_close(place_in(recalled, 0, 0), HERE, atol=1e-3, rtol=0)
    few = SpatialMemory()
    few.look(pointed_at(HERE), SURE, share=0.25)
    torch.testing.assert_close(place_in(few.recall(pointed_at(THERE), SURE), 0, 0), THERE, atol=1e-3, rtol=0)


def test_a_camera_on_the_hand_may_say_where_but_not_how_high() -> None:
    on_hand = Camera(224, 224, 200.0, look_at(np.array([0.45, 0.05, 0.22]), np.array([0.5, 0.05, 0.0])))
    moved = HERE + torch.tensor([0.01, 0.0, 0.0])
    seen = pointed_at(moved, view=1)
    seen.cameras[0, 1] = torch.from_numpy(on_hand.to_vector())
    seen.state[0, :3] = torch.tensor([0.5, 0.05, 0.1])
    seen.points[0, :, 1] = project(moved, seen.cameras[0, 1])
    seen.heights[0, :, 1] += 0.04  # it looks the same on the table and in the air

    def believed(hand_heights: bool) -> torch.Tensor:
        memory = SpatialMemory(hand_heights)
        for _ in range(3):
            memory.recall(pointed_at(HERE), SURE)
        recalled = memory.recall(seen, torch.tensor([[0.0, 1.0]] * len(ROLES)))
        return place_in(recalled, ROLES.index("target"), 0)

    place = believed(False)
    assert abs(float(place[2] - HERE[2])) < 1e-4
    assert 0.002 < float(place[0] - HERE[0]) < 0.011 and abs(float(place[1] - HERE[1])) < 1e-3
    assert float(believed(True)[2] - HERE[2]) > 0.01


def test_how_thin_a_thing_can_be_that_is_held_is_the_robots() -> None:
    for empty, held in ((0.01, False), (0.003, True)):
        memory = SpatialMemory(empty=empty)
        memory.recall(pointed_at(HERE), SURE)
        closed = pointed_at(THERE, gripper=-1.0)
        closed.state[0, WIDTH], closed.state[0, :3] = 0.004, torch.tensor([0.45, 0.02, 0.1])
        place = place_in(memory.recall(closed, SURE), ROLES.index("target"), 0)
        assert bool(torch.allclose(place, closed.state[0, :3], atol=1e-3)) is held
