"""Rotations and motions: every conversion against its definition and its inverse, and against a real recording."""

from __future__ import annotations

import numpy as np
import pytest
from foreign import REAL, needs_real
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.rotations import (
    DERIVATIONS,
    ROTATION_SIZES,
    convert_rotation,
    delta_poses,
    deltas,
    integrate,
    integrate_poses,
    poses,
    rotation_matrices,
    rotation_values,
    turns,
)

RPY = "euler_angles_rpy"
VECTORS = arrays(np.float64, (5, 3), elements=st.floats(-3.0, 3.0))


@pytest.mark.parametrize("form", ROTATION_SIZES)
@given(vectors=VECTORS)
def test_every_form_restores_the_rotation(form: str, vectors: np.ndarray) -> None:
    matrices = Rotation.from_rotvec(vectors).as_matrix()
    values = rotation_values(matrices, form)
    assert values.shape == (5, ROTATION_SIZES[form])
    np.testing.assert_allclose(rotation_matrices(values, form), matrices, atol=1e-7)


def test_forms_are_what_they_are_said_to_be() -> None:
    roll, pitch, yaw = 0.3, -0.4, 1.2
    rx, ry, rz = (Rotation.from_rotvec(v).as_matrix() for v in ([roll, 0, 0], [0, pitch, 0], [0, 0, yaw]))
    matrix = rotation_matrices(np.array([roll, pitch, yaw]), RPY)
    np.testing.assert_allclose(matrix, rz @ ry @ rx, atol=1e-12)
    np.testing.assert_allclose(rotation_matrices(np.array([yaw, roll, pitch]), "euler_angles_yrp"), ry @ rx @ rz)
    half = np.array([np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])
    np.testing.assert_allclose(rotation_values(rz, "quaternion"), half, atol=1e-12)
    np.testing.assert_allclose(rotation_values(rz, "axis_angle"), [0, 0, yaw], atol=1e-12)
    np.testing.assert_allclose(rotation_values(matrix, "rotation_6d"), matrix[:2].ravel())
    np.testing.assert_allclose(rotation_values(matrix, "matrix"), matrix.ravel())


def test_a_quaternion_and_its_negative_are_one_rotation() -> None:
    values = np.array([[0.5, -0.5, 0.5, 0.5], [-0.5, 0.5, -0.5, -0.5]])
    assert np.array_equal(convert_rotation(values, "quaternion", "quaternion"), values)
    np.testing.assert_allclose(rotation_values(rotation_matrices(values, "quaternion"), "quaternion")[1], values[0])


@pytest.mark.parametrize(
    "values, form, message",
    [
        (np.zeros((2, 4)), "quaternion", "length zero"),
        (np.ones((2, 6)), "rotation_6d", "parallel"),
        (np.diag([1.0, 1.0, -1.0]).reshape(1, 9), "matrix", "right-handed"),
        (np.zeros((2, 4)), RPY, "has 3 values, got 4"),
        (np.zeros((2, 4)), "quaternions", "did you mean 'quaternion'"),
    ],
)
def test_what_is_no_rotation_is_refused(values: np.ndarray, form: str, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        rotation_matrices(values, form)


@given(vectors=VECTORS, positions=VECTORS)
def test_integrated_motions_restore_the_poses(vectors: np.ndarray, positions: np.ndarray) -> None:
    commanded = poses(positions, vectors, "axis_angle")
    motions = delta_poses(commanded)
    np.testing.assert_allclose(motions[0], np.eye(4))
    np.testing.assert_allclose(motions[1:], commanded[1:] @ np.linalg.inv(commanded[:-1]), atol=1e-9)
    np.testing.assert_allclose(integrate_poses(commanded[0], motions), commanded, atol=1e-9)


@given(joints=arrays(np.float64, (6, 7), elements=st.floats(-3, 3)))
def test_integrated_changes_restore_the_commands(joints: np.ndarray) -> None:
    changes = deltas(joints)
    assert not changes[0].any()
    np.testing.assert_allclose(integrate(joints[0], changes), joints, atol=1e-12)


@pytest.mark.parametrize("low", [-np.pi, 0.0])
def test_joints_that_go_round_are_taken_the_short_way(low: float) -> None:
    turning = (3.0 + 0.02 * np.arange(400)[:, None] * [1, -1] - low) % (2 * np.pi) + low
    found = DERIVATIONS["delta_joints"].make([turning], "", "")
    np.testing.assert_allclose(found[1:], np.tile([0.02, -0.02], (399, 1)), atol=1e-9)
    assert not found[0].any() and (np.abs(deltas(turning)) > 6).any()


def test_steps_that_may_be_a_turn_of_degrees_are_told() -> None:
    degrees = (170.0 + 3 * np.arange(8)[:, None] + 180) % 360 - 180
    with pytest.raises(SightlineError, match=r"joint 0 jumps from 179 to -178 at frame 4.*radians"):
        turns(degrees)
    fast = np.array([[0.0], [60.0], [120.0], [40.0]])  # degrees, or an opening of 0 to 100
    assert np.array_equal(turns(fast), deltas(fast))


@given(joints=arrays(np.float64, (6, 2), elements=st.floats(-3, 3)))
def test_short_ways_lead_to_the_same_angles(joints: np.ndarray) -> None:
    changes = turns(joints)
    assert np.abs(changes).max() <= np.pi + 1e-9
    reached = integrate(joints[0], changes)
    np.testing.assert_allclose(np.exp(1j * reached), np.exp(1j * joints), atol=1e-9)


@needs_real
def test_definitions_are_those_of_the_recording() -> None:
    """Its delta columns follow from its command columns, exactly."""
    dataset = load_dataset(REAL)
    for episode in range(len(dataset)):
        found = dataset.columns(episode)
        for mount in ("", "_frankaX"):
            position, rotation = (found[f"action.eef_{name}{mount}"] for name in ("position", "rotation"))
            shift = DERIVATIONS["delta_position"].make([position, rotation], RPY, "")
            turn = DERIVATIONS["delta_rotation"].make([rotation], RPY, RPY)
            np.testing.assert_allclose(shift, found[f"action.delta_eef_position{mount}"], atol=1e-14)
            np.testing.assert_allclose(turn, found[f"action.delta_eef_rotation{mount}"], atol=1e-14)
            quaternion = found[f"action.eef_quaternion{mount}"]
            turn = DERIVATIONS["delta_rotation"].make([quaternion], "quaternion", "quaternion")
            np.testing.assert_allclose(turn, found[f"action.delta_eef_quaternion{mount}"], atol=1e-14)
            there = poses(position, quaternion, "quaternion")
            np.testing.assert_allclose(there, poses(position, rotation, RPY), atol=1e-13)
            np.testing.assert_allclose(integrate_poses(there[0], delta_poses(there)), there, atol=1e-12)
        changes = DERIVATIONS["delta_joints"].make([found["action.joints"]], "", "")
        assert np.array_equal(changes, found["action.delta_joints"])
