"""Franka Emika Panda with its two-finger hand, position-controlled, from robosuite's MJCF files.

robosuite is never imported: only its model files are read. Its visual meshes (150k faces) would dominate the cost of
every picture, so they are merged by link and colour, welded, decimated and cached on disk. Collision shapes are
replaced by a few boxes at the hand and the fingers, the only parts that come near the table.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError

PREFIX = "panda_"
ARM_JOINTS = tuple(f"{PREFIX}joint{i}" for i in range(1, 8))
FINGER_JOINTS = (f"{PREFIX}hand_finger_joint1", f"{PREFIX}hand_finger_joint2")
ARM_ACTUATORS = tuple(f"{PREFIX}arm{i}" for i in range(1, 8))
GRIPPER_ACTUATOR = f"{PREFIX}gripper"
HAND_BODY = f"{PREFIX}hand_right_gripper"
FINGER_BODIES = (f"{PREFIX}hand_leftfinger", f"{PREFIX}hand_rightfinger")
TOOL_SITE = "tool"
WRIST_CAMERA = "wrist"

# Tool at (0.45, 0, 0.25), fingers straight down and closing along y: found by inverse kinematics, checked by a test.
HOME_QPOS = np.array([-0.00007, -0.25367, 0.00007, -2.43815, 0.00002, 2.18448, 0.78587])
FINGER_OPEN = 0.04  # metres, per finger
GRIP_FORCE = 18.0  # newtons, per finger: holds 200 g with friction 1 without crushing through thin walls
# Long finger tips (robosuite's finger_longer): with the standard ones the palm is 3 cm above the tool point and would
# hit every tall object and its neighbours.
FINGER_LENGTH = 0.106  # metres from the finger's carriage to its tip
FINGER_START = 0.0524  # metres from the hand's flange to the carriage
TOOL_DEPTH = FINGER_START + FINGER_LENGTH - 0.009  # metres from the flange to the tool point, 9 mm above the tips

WRIST_FOVY = 75.0  # degrees
WRIST_TILT = np.deg2rad(20.0)

INERTIA_SCALE = 0.15  # robosuite's rotational inertias are round numbers, several times those of the real links
ARM_KP = np.array([13500.0, 13500.0, 10500.0, 10500.0, 6000.0, 6000.0, 6000.0])
ARM_KV = ARM_KP / 30.0
ARM_FORCE = np.array([174.0, 174.0, 174.0, 174.0, 60.0, 60.0, 60.0])  # twice the real arm's: its motion is a given here

PAD_GEOMS = tuple(f"{name}_pad" for name in FINGER_BODIES)

MESH_VERSION = 2  # raise when the decimation below changes
KEEP_FACES = 0.12
KEEP_FACES_HAND = 0.35  # the wrist camera sees the hand from close by
CONTACT_BIT = 2  # robot shapes collide with the world's default bit 1, never with one another

Meshes = dict[str, tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]]


def attach(spec: mujoco.MjSpec) -> None:
    """Join the Panda to ``spec``: base at the origin, table top at z = 0, moved by joint position targets.

    Adds a site ``tool`` between the finger pads (z out of the hand, y along the closing direction), a camera
    ``wrist``, seven arm actuators (targets in radians) and a gripper actuator (target opening of one finger, metres).
    Visual shapes are in group 2, collision shapes in group 3.

    Raises:
        SightlineError: robosuite's model files are not installed, or the mesh cache cannot be written.
    """
    folder = _model_folder()
    meshes = _decimated_meshes(folder)
    arm = mujoco.MjSpec.from_file(str(folder / "robots/panda/robot.xml"))
    hand = mujoco.MjSpec.from_file(str(folder / "grippers/panda_gripper.xml"))
    for part in (arm, hand):
        _strip(part)
    arm.attach(hand, prefix="hand_", frame=arm.body("right_hand").add_frame())
    for body in arm.bodies:
        body.gravcomp = 1.0
        body.inertia = INERTIA_SCALE * np.asarray(body.inertia)
    spec.attach(arm, prefix=PREFIX, frame=spec.worldbody.add_frame())
    _add_visuals(spec, meshes)
    _add_collisions(spec)
    _add_tool_and_camera(spec)
    _add_actuators(spec)


def _model_folder() -> Path:
    found = importlib.util.find_spec("robosuite")
    if found is None or found.origin is None:
        raise SightlineError(
            "The Panda's model files are missing: install them with "
            "`pip install --no-deps robosuite==1.5.2` (only its files are used)."
        )
    folder = Path(found.origin).parent / "models" / "assets"
    if not (folder / "robots/panda/robot.xml").is_file():
        raise SightlineError(
            f"robosuite at {folder} has no Panda; install `robosuite==1.5.2` with `pip install --no-deps`."
        )
    return folder


def _strip(part: mujoco.MjSpec) -> None:
    """Remove what is replaced below: shapes, meshes, materials, actuators, sensors, cameras and sites."""
    for group in ("sensors", "actuators", "geoms", "sites", "cameras", "meshes", "materials"):
        for item in list(getattr(part, group)):
            part.delete(item)


# --- visual meshes -----------------------------------------------------------------------------------------------


def _decimated_meshes(folder: Path) -> Meshes:
    """name -> (vertices, faces, rgba), from the cache or made now. Safe when several processes start at once."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = importlib.metadata.version("robosuite")
    path = home / "sightline" / f"panda-{MESH_VERSION}-{version}" / "meshes.npz"
    if path.is_file():
        try:
            return _read_meshes(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            pass  # a damaged cache is simply made again
    meshes = _make_meshes(folder)
    arrays: dict[str, Any] = {f"{name}/{i}": array for name, three in meshes.items() for i, array in enumerate(three)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            np.savez_compressed(file, **arrays)
        os.replace(file.name, path)
    except OSError as error:
        raise SightlineError(
            f"Cannot write the robot's mesh cache at {path.parent} ({error.strerror}): "
            "set XDG_CACHE_HOME to a writable folder."
        ) from None
    return meshes


def _read_meshes(path: Path) -> Meshes:
    with np.load(path, allow_pickle=False) as stored:
        names = dict.fromkeys(key.rsplit("/", 1)[0] for key in stored.files)
        return {name: (stored[f"{name}/0"], stored[f"{name}/1"], stored[f"{name}/2"]) for name in names}


def _make_meshes(folder: Path) -> Meshes:
    """Visual meshes merged by body and colour, welded and decimated (about 2 s)."""
    arm = mujoco.MjSpec.from_file(str(folder / "robots/panda/robot.xml"))
    files = {mesh.name: folder / "robots/panda" / mesh.file for mesh in arm.meshes}
    colours = {material.name: np.asarray(material.rgba, np.float32) for material in arm.materials}
    parts: dict[tuple[str, tuple], list[Path]] = {}
    for geom in arm.geoms:
        if geom.group != 1 or not geom.material:
            continue
        rgba = colours[geom.material]
        if np.ptp(rgba[:3]) > 0.9:  # two status lights, smaller than a pixel
            continue
        parts.setdefault((geom.parent.name, tuple(np.round(rgba, 1))), []).append(files[geom.meshname])
    meshes: Meshes = {}
    for (body, colour), paths in parts.items():
        vertices, faces = _weld_and_decimate(paths, KEEP_FACES)
        meshes[f"{body}:{len(meshes)}"] = (vertices, faces, np.array(colour, np.float32))
    grip = folder / "grippers/meshes/panda_gripper"
    vertices, faces = _weld_and_decimate([grip / "hand_vis.stl"], KEEP_FACES_HAND)
    vertices = vertices[:, [1, 0, 2]] * np.array([-1, 1, 1], np.float32)  # its mesh is drawn a quarter turn away
    meshes["hand_right_gripper:hand"] = (vertices, faces, np.array([0.95, 0.95, 0.95, 1], np.float32))
    vertices, faces = _weld_and_decimate([grip / "finger_longer.stl"], 1.0)
    # Its file is drawn with the tip at z = 0.
    vertices = vertices * np.array([-1, 1, -1], np.float32) + np.array([0, 0, FINGER_LENGTH], np.float32)
    grey = np.array([0.35, 0.35, 0.37, 1], np.float32)
    meshes["hand_leftfinger:finger"] = (vertices, faces, grey)
    # The right finger is the left one turned half a turn about its z axis.
    meshes["hand_rightfinger:finger"] = (vertices * np.array([-1, -1, 1], np.float32), faces, grey)
    return meshes


def _weld_and_decimate(paths: list[Path], keep: float) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    # Imported here: only the first run on a machine needs them.
    import fast_simplification
    import trimesh

    loaded = [trimesh.load(path, force="mesh", process=False) for path in paths]
    mesh = trimesh.util.concatenate([trimesh.Trimesh(m.vertices, m.faces, process=False) for m in loaded])
    # Without welding, the simplifier tears the surface apart along every texture and normal seam.
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    vertices, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
    if keep < 1 and len(faces) > 200:
        fewer: tuple[NDArray, NDArray] = fast_simplification.simplify(vertices, faces, target_reduction=1 - keep)
        vertices, faces = fewer
    return np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32)


def _add_visuals(spec: mujoco.MjSpec, meshes: Meshes) -> None:
    for name, (vertices, faces, rgba) in meshes.items():
        mesh = spec.add_mesh(name=f"{PREFIX}{name}", uservert=vertices.ravel(), userface=faces.ravel())
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # an open surface has no volume; never weighed
        body = spec.body(PREFIX + name.split(":")[0])
        body.add_geom(
            name=f"{PREFIX}{name}",
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=mesh.name,
            rgba=rgba,
            group=2,
            contype=0,
            conaffinity=0,
            density=0,
        )


# --- collisions, tool, camera, actuators -------------------------------------------------------------------------


def _add_collisions(spec: mujoco.MjSpec) -> None:
    common = {"group": 3, "contype": CONTACT_BIT, "conaffinity": 1, "density": 0, "type": mujoco.mjtGeom.mjGEOM_BOX}
    hand = spec.body(HAND_BODY)
    turned = [np.sqrt(0.5), 0, 0, np.sqrt(0.5)]  # the hand's mesh frame
    hand.add_geom(name=f"{PREFIX}hand", pos=[0, 0, 0.02], quat=turned, size=[0.0315, 0.102, 0.045], **common)
    hand.add_geom(name=f"{PREFIX}wrist", pos=[0, 0, -0.09], size=[0.05, 0.05, 0.06], **common)
    for name, side in zip(FINGER_BODIES, (1, -1), strict=True):
        finger = spec.body(name)
        finger.add_geom(name=f"{name}_stem", pos=[0, side * 0.019, 0.0245], size=[0.0088, 0.005, 0.0245], **common)
        pad = finger.add_geom(
            name=f"{name}_pad", pos=[0, side * 0.0072, 0.0775], size=[0.009, 0.0072, 0.0285], **common
        )
        # Rubber: wins over the object's own friction; torsion keeps a held object from swinging. Stiff: what is held
        # creeps outward while the arm turns, in proportion to the contact's time constant.
        pad.friction, pad.condim, pad.priority = [1.6, 0.03, 0.0005], 4, 1
        pad.solref, pad.solimp = [0.005, 1.0], [0.9, 0.98, 0.001, 0.5, 2]


def _add_tool_and_camera(spec: mujoco.MjSpec) -> None:
    hand = spec.body(HAND_BODY)
    turned = [np.sqrt(0.5), 0, 0, np.sqrt(0.5)]
    hand.add_site(name=TOOL_SITE, pos=[0, 0, TOOL_DEPTH], quat=turned, size=[0.004, 0.004, 0.004], group=4)
    # In front of the hand, tilted back to the tool axis, so that tips and the table below stay in sight at any height.
    sine, cosine = np.sin(WRIST_TILT), np.cos(WRIST_TILT)
    axes = np.array([[-1, 0, 0], [0, cosine, sine], [0, sine, -cosine]]).T  # columns: right, up, backward
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, axes.ravel())
    hand.add_camera(name=WRIST_CAMERA, pos=[0, 0.08, 0.03], quat=quat, fovy=WRIST_FOVY)


def _add_actuators(spec: mujoco.MjSpec) -> None:
    for joint, name, kp, kv, force in zip(ARM_JOINTS, ARM_ACTUATORS, ARM_KP, ARM_KV, ARM_FORCE, strict=True):
        low, high = spec.joint(joint).range
        actuator = spec.add_actuator(name=name, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_position(kp=kp, kv=kv)
        actuator.ctrlrange, actuator.ctrllimited = [low, high], True
        actuator.forcerange, actuator.forcelimited = [-force, force], True
        spec.joint(joint).armature = 0.1
    left, right = (spec.joint(name) for name in FINGER_JOINTS)
    right.axis, right.range = [0, -1, 0], [0, FINGER_OPEN]
    for finger in (left, right):
        finger.damping, finger.armature, finger.frictionloss = np.full((3, 1), 20.0), 0.2, 0.0
    # The fingers mirror each other, as the real hand's do: a grasped object is drawn to the middle.
    mirror = spec.add_equality(name=f"{PREFIX}mirror", type=mujoco.mjtEq.mjEQ_JOINT, name1=right.name, name2=left.name)
    mirror.objtype = mujoco.mjtObj.mjOBJ_JOINT
    mirror.data[:2] = [0, 1]
    mirror.solref = [0.005, 1]
    gripper = spec.add_actuator(name=GRIPPER_ACTUATOR, target=left.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    gripper.set_to_position(kp=1500.0, kv=40.0)
    gripper.ctrlrange, gripper.ctrllimited = [0, FINGER_OPEN], True
    # One motor moves both fingers, so each pad presses with half of its force.
    gripper.forcerange, gripper.forcelimited = [-2 * GRIP_FORCE, 2 * GRIP_FORCE], True
