"""Rotations and motions in the forms that robot datasets use, with exact definitions and inverses.

Rotation forms carry the names of GR00T's ``modality.json``; each row of values is one rotation matrix R:

- ``quaternion``: (w, x, y, z), w first; written with w >= 0.
- ``axis_angle``: axis times angle, radians.
- ``rotation_6d``: the first two rows of R, one after the other.
- ``matrix``: the nine elements of R, row by row.
- ``euler_angles_rpy`` and its five permutations: angles about the fixed axes x (r, roll), y (p, pitch) and z (y, yaw),
  radians, turned in the order of the letters: for ``rpy``, R = Rz(yaw) Ry(pitch) Rx(roll).

A pose T [4,4] takes points of the tool frame to the base frame, metres. Deltas are differences of consecutive commands,
never of a command and what was measured after it; the first frame of an episode has none, its delta is zero motion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError, require_known

Array = NDArray[np.float64]
SLACK = 0.01  # radians by which a stored angle may leave its turn

EULER = "euler_angles_"
AXES = {"r": "x", "p": "y", "y": "z"}
ROTATION_SIZES = {"quaternion": 4, "axis_angle": 3, "rotation_6d": 6, "matrix": 9} | {
    f"{EULER}{order}": 3 for order in ("rpy", "ryp", "pry", "pyr", "yrp", "ypr")
}


def _axes(form: str) -> str:
    """scipy's name of an Euler form; lower case means fixed axes."""
    return "".join(AXES[letter] for letter in form.removeprefix(EULER))


def rotation_matrices(values: NDArray, form: str) -> Array:
    """[...,3,3] rotation matrices of values [...,d] in ``form``.

    Raises SightlineError on an unknown form, a wrong number of values, or values that are no rotation (a quaternion of
    length zero, a matrix or 6-D form without direction).
    """
    require_known("rotation form", form, ROTATION_SIZES)
    values = np.asarray(values, np.float64)
    if values.shape[-1] != ROTATION_SIZES[form]:
        raise SightlineError(f"A rotation as {form} has {ROTATION_SIZES[form]} values, got {values.shape[-1]}.")
    rows = values.reshape(-1, ROTATION_SIZES[form])
    if form in ("rotation_6d", "matrix"):
        matrices = _orthonormal(rows[:, :6])
        if form == "matrix" and np.abs(matrices.reshape(-1, 9) - rows).max(initial=0.0) > 1e-3:
            raise SightlineError("A matrix that is not orthonormal and right-handed is no rotation.")
    else:
        if form == "quaternion" and (np.linalg.norm(rows, axis=-1) < 1e-9).any():
            raise SightlineError("A quaternion of length zero is no rotation; repair that episode.")
        matrices = _rotations(rows, form).as_matrix()
    return matrices.reshape(*values.shape[:-1], 3, 3)


def _rotations(rows: Array, form: str) -> Rotation:
    if form == "quaternion":
        return Rotation.from_quat(rows[:, [1, 2, 3, 0]])
    if form == "axis_angle":
        return Rotation.from_rotvec(rows)
    return Rotation.from_euler(_axes(form), rows)


def _orthonormal(rows: Array) -> Array:
    """[N,3,3] of the first two rows [N,6]: the second is made orthogonal to the first, the third follows."""
    first, second = rows[:, :3], rows[:, 3:]
    length = np.linalg.norm(first, axis=-1, keepdims=True)
    first = first / np.maximum(length, 1e-12)
    second = second - (first * second).sum(-1, keepdims=True) * first
    rest = np.linalg.norm(second, axis=-1, keepdims=True)
    if (length < 1e-9).any() or (rest < 1e-9).any():
        raise SightlineError("The rows of a rotation matrix are zero or parallel: that is no rotation.")
    second = second / rest
    return np.stack([first, second, np.cross(first, second)], -2)


def rotation_values(matrices: NDArray, form: str) -> Array:
    """Values [...,d] in ``form`` of rotation matrices [...,3,3]; the inverse of :func:`rotation_matrices`."""
    require_known("rotation form", form, ROTATION_SIZES)
    matrices = np.asarray(matrices, np.float64)
    lead = matrices.shape[:-2]
    if form in ("rotation_6d", "matrix"):
        return matrices.reshape(*lead, 9)[..., : ROTATION_SIZES[form]]
    rotations = Rotation.from_matrix(matrices.reshape(-1, 3, 3))
    if form == "quaternion":
        rows = rotations.as_quat(canonical=True)[:, [3, 0, 1, 2]]
    elif form == "axis_angle":
        rows = rotations.as_rotvec()
    else:
        rows = rotations.as_euler(_axes(form))
    return rows.reshape(*lead, ROTATION_SIZES[form])


def convert_rotation(values: NDArray, form: str, to: str) -> Array:
    """Rotations [...,d] in ``form`` as [...,e] in the form ``to``; untouched where both are the same."""
    if form == to:
        return np.asarray(values, np.float64)
    return rotation_values(rotation_matrices(values, form), to)


def poses(position: NDArray, rotation: NDArray, form: str) -> Array:
    """[T,4,4] poses of positions [T,3] (metres) and rotations [T,d] in ``form``."""
    made = np.tile(np.eye(4), (len(position), 1, 1))
    made[:, :3, :3] = rotation_matrices(rotation, form)
    made[:, :3, 3] = position
    return made


def delta_poses(commanded: Array) -> Array:
    """[T,4,4] motions D between consecutive poses T [T,4,4], in the base frame: D_t = T_t T_{t-1}^-1, D_0 = identity.

    So R_D = R_t R_{t-1}^T and p_D = p_t - R_D p_{t-1}: the motion that carries every point of the base frame along,
    not the shift of the tool point, which is p_t - p_{t-1}.
    """
    rotation, position = commanded[:, :3, :3], commanded[:, :3, 3]
    deltas = np.tile(np.eye(4), (len(commanded), 1, 1))
    deltas[1:, :3, :3] = rotation[1:] @ rotation[:-1].transpose(0, 2, 1)
    deltas[1:, :3, 3] = position[1:] - np.einsum("tij,tj->ti", deltas[1:, :3, :3], position[:-1])
    return deltas


def integrate_poses(start: Array, deltas: Array) -> Array:
    """[T,4,4] poses T_t = D_t T_{t-1} from motions [T,4,4], with ``start`` [4,4] before the first of them.

    ``integrate_poses(T[0], delta_poses(T))`` gives T back.
    """
    reached, made = np.asarray(start, np.float64), np.empty_like(np.asarray(deltas, np.float64))
    for t, delta in enumerate(deltas):
        reached = made[t] = delta @ reached
    return made


def deltas(commanded: NDArray) -> Array:
    """[T,d] differences of consecutive rows of commands [T,d] (joints, radians); the first is zero."""
    commanded = np.asarray(commanded, np.float64)
    return np.diff(commanded, axis=0, prepend=commanded[:1])


def turns(commanded: NDArray) -> Array:
    """[T,d] :func:`deltas` of joint angles [T,d] in radians that go round: those of a joint that stays within one turn
    (-pi..pi or 0..2 pi) are taken the short way.

    Raises SightlineError where a joint jumps by more than half a turn of degrees: whether it went round cannot be told.
    """
    commanded = np.asarray(commanded, np.float64)
    changes = deltas(commanded)
    low, high = commanded.min(0, initial=np.inf), commanded.max(0, initial=-np.inf)
    within = ((low >= -np.pi - SLACK) & (high <= np.pi + SLACK)) | ((low >= -SLACK) & (high <= 2 * np.pi + SLACK))
    jumps = ~within & (np.abs(changes).max(0, initial=0.0) > 180.0)
    if jumps.any():
        at = int(jumps.argmax())
        t = int(np.abs(changes[:, at]).argmax())
        raise SightlineError(
            f"joint {at} jumps from {commanded[t - 1, at]:g} to {commanded[t, at]:g} at frame {t}: if these are "
            "degrees it may have gone round; store radians, or angles that go on beyond a full turn"
        )
    short = (changes + np.pi) % (2 * np.pi) - np.pi
    return np.where(within & (np.abs(changes) > np.pi), short, changes)


def integrate(start: NDArray, changes: NDArray) -> Array:
    """[T,d] commands from changes [T,d], with ``start`` [d] before the first; ``integrate(x[0], deltas(x))`` is x."""
    return np.asarray(start, np.float64) + np.cumsum(np.asarray(changes, np.float64), 0)


@dataclass(frozen=True)
class Derivation:
    """How a part of an action follows from columns that hold commands.

    Attributes:
        sources: what it is made from, in order, for messages.
        make: source arrays [T,d], the form in which they hold a rotation, the form wanted -> [T,e].
    """

    sources: tuple[str, ...]
    make: Callable[[Sequence[NDArray], str, str], Array]


def _delta_position(sources: Sequence[NDArray], form: str, to: str) -> Array:
    return delta_poses(poses(sources[0], sources[1], form))[:, :3, 3]


def _delta_rotation(sources: Sequence[NDArray], form: str, to: str) -> Array:
    here = poses(np.zeros((len(sources[0]), 3)), sources[0], form)
    return rotation_values(delta_poses(here)[:, :3, :3], to)


DERIVATIONS = {
    "delta_joints": Derivation(("joints",), lambda sources, form, to: turns(sources[0])),
    "delta_position": Derivation(("position", "rotation"), _delta_position),
    "delta_rotation": Derivation(("rotation",), _delta_rotation),
}
