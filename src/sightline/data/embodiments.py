"""Data configurations: what a robot's datasets mean, which of it a policy sees, and what its actions do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sightline.core.card import Card
from sightline.core.config import load_config
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import ACTION_NAMES, STATE_NAMES
from sightline.data import layout
from sightline.data.modes import MODES
from sightline.data.rotations import DERIVATIONS, ROTATION_SIZES

RPY = "euler_angles_rpy"
TOOL_DELTA = "delta of the tool pose per step, metres and radians, base frame"


@dataclass(frozen=True)
class Part:
    """Some dimensions of a state or an action.

    Attributes:
        key: sub-key in modality.json, or what the dataset calls the column or dimension.
        names: one a dimension, as in the card; metres and radians.
        mode: how they are normalised, see sightline.data.modes.MODES.
        delta: of an action, a change: past the end of an episode it is zero. Otherwise a target, which is then held.
        rotation: form of the rotation that they are (sightline.data.rotations); empty where they are none.
        stored: form in which the dataset holds that rotation, or that of ``sources``, where modality.json does not
            say; by default ``rotation``.
        derive, sources: a derivation (DERIVATIONS) from the sub-keys ``sources``, for datasets that lack ``key``.
        column, start: where to look in datasets without modality.json; by default by name.
    """

    key: str
    names: tuple[str, ...]
    mode: str = "q99"
    delta: bool = False
    rotation: str = ""
    stored: str = ""
    derive: str = ""
    sources: tuple[str, ...] = ()
    column: str = ""
    start: int = 0

    def __post_init__(self) -> None:
        if not self.names:
            raise SightlineError(f"The part '{self.key}' needs a name for each of its dimensions.")
        if self.start < 0:
            raise SightlineError(f"The part '{self.key}' needs a start from 0 on, not {self.start}.")
        require_known(f"mode of the part '{self.key}'", self.mode, MODES)
        for form in filter(None, (self.rotation, self.stored)):
            require_known(f"rotation form of the part '{self.key}'", form, ROTATION_SIZES)
        if self.derive:
            require_known(f"derivation of the part '{self.key}'", self.derive, DERIVATIONS)
            needed = DERIVATIONS[self.derive].sources
            if len(self.sources) != len(needed):
                raise SightlineError(
                    f"The part '{self.key}' is derived as '{self.derive}' from {', '.join(needed)}: give that many "
                    f"sources, not {list(self.sources)}."
                )


@dataclass(frozen=True)
class CameraSource:
    """A camera: the name that policies know it by, its sub-key in modality.json, its feature in datasets without."""

    name: str
    key: str
    feature: str = ""


@dataclass(frozen=True)
class Embodiment:
    """One way to read one robot's datasets. The order of cameras and parts is the model's.

    Attributes:
        name, tag: of this configuration; of the robot, under which statistics are pooled and stored.
        cameras, state, action: what the policy sees and does.
        action_space, rotation, gripper: in words, for the card: what an action does, in which frame, the form of its
            rotation, what the values of the gripper mean.
        language: annotation sub-key of the instruction, or its column; task_index in datasets that have neither.
        motion: changes of position, metres per frame, that tell pauses (Recordings); empty: no frame is a pause.
        gripper_key: sub-key of the action part that moves the gripper; a frame in which it switches is no pause.
        image_rotation: degrees by which pictures must be turned to be upright.
        image_mirrored: whether left and right are exchanged in them.
    """

    name: str
    tag: str
    cameras: tuple[CameraSource, ...]
    state: tuple[Part, ...]
    action: tuple[Part, ...]
    action_space: str
    rotation: str
    gripper: str
    language: str = "human.action.task_description"
    motion: tuple[Part, ...] = ()
    gripper_key: str = ""
    image_rotation: int = 0
    image_mirrored: bool = False

    def __post_init__(self) -> None:
        for what, names in (
            ("camera", [camera.name for camera in self.cameras]),
            ("state", self.state_names),
            ("action", self.action_names),
        ):
            if len(set(names)) != len(names):
                twice = sorted({name for name in names if list(names).count(name) > 1})
                raise SightlineError(f"The embodiment '{self.name}' names the {what} {twice} twice.")
        if not self.cameras or not self.action:
            raise SightlineError(f"The embodiment '{self.name}' needs at least one camera and one part of an action.")
        if self.gripper_key:
            require_known(f"gripper_key of '{self.name}'", self.gripper_key, [part.key for part in self.action])

    @property
    def state_names(self) -> tuple[str, ...]:
        """One name a dimension of the state."""
        return tuple(name for part in self.state for name in part.names)

    @property
    def action_names(self) -> tuple[str, ...]:
        """One name a dimension of an action."""
        return tuple(name for part in self.action for name in part.names)

    def card(self, image_size: tuple[int, int], control_hz: float, chunk: int) -> Card:
        """The interface card of this robot with pictures of ``image_size`` (height, width)."""
        modes = list(dict.fromkeys(part.mode for part in self.action))
        return Card(
            robot=self.name,
            cameras=tuple(camera.name for camera in self.cameras),
            image_size=image_size,
            state_names=self.state_names,
            action_names=self.action_names,
            image_rotation=self.image_rotation,
            image_mirrored=self.image_mirrored,
            action_space=self.action_space,
            rotation=self.rotation,
            gripper=self.gripper,
            control_hz=round(control_hz),
            chunk=chunk,
            normalisation=f"{self.tag}: {', '.join(modes)}",
        )


def _split(column: str, names: str, mode: str = "q99", delta: bool = False, start: int = 0) -> tuple[Part, ...]:
    """Consecutive dimensions of a column, each a part of its own, as the IPEC conversions name them."""
    return tuple(
        Part(name, (name,), mode, delta, column=column, start=start + i) for i, name in enumerate(names.split())
    )


def _vector(key: str, size: int, **more: object) -> Part:
    """A part of ``size`` dimensions, named after its key."""
    return Part(key, tuple(f"{key}_{i}" for i in range(size)), **more)  # type: ignore[arg-type]


def _end_effector_steps(gripper: str, action_space: str) -> dict:
    """Action of Open X-Embodiment and LIBERO conversions: six deltas and a gripper, one 7-D column."""
    moves = _split(layout.ACTION, "x y z roll pitch yaw", delta=True)
    return {
        "action": moves + _split(layout.ACTION, "gripper", "binary", start=6),
        "action_space": action_space,
        "rotation": "roll, pitch, yaw about fixed axes, radians",
        "gripper": gripper,
        "motion": moves[:3],
        "gripper_key": "gripper",
    }


def _franka_demo(
    name: str, tag: str, state: tuple[Part, ...], moves: tuple[Part, ...], space: str, rotation: str
) -> Embodiment:  # fmt: skip
    """A Franka with a Robotiq gripper in Isaac Sim, as in InternVLA-M1's demonstration data."""
    return Embodiment(
        name=name,
        tag=tag,
        cameras=tuple(CameraSource(key, key, f"video.{key}") for key in ("base_view", "ego_view")),
        state=state,
        action=(*moves, _vector("gripper_close", 1, mode="binary")),
        action_space=space,
        rotation=rotation,
        gripper="+1 close, -1 open",
        motion=(DELTA_POSITION,),
        gripper_key="gripper_close",
    )


DELTA_POSITION = _vector(
    "delta_eef_position", 3, mode="min_max", delta=True, derive="delta_position",
    sources=("eef_position", "eef_rotation"), stored=RPY,
)  # fmt: skip
DELTA_ROTATION = _vector(
    "delta_eef_rotation", 3, mode="min_max", delta=True, derive="delta_rotation", sources=("eef_rotation",),
    rotation=RPY,
)  # fmt: skip
DELTA_JOINTS = _vector("delta_joints", 7, mode="min_max", delta=True, derive="delta_joints", sources=("joints",))

EMBODIMENTS = {
    made.name: made
    for made in (
        Embodiment(
            name="oxe_bridge",
            tag="oxe_bridge",
            cameras=(CameraSource("primary", "image_0", f"{layout.IMAGE_PREFIX}image_0"),),
            state=_split(layout.STATE, "x y z roll pitch yaw pad gripper"),
            **_end_effector_steps("1 open, 0 closed", TOOL_DELTA),
        ),
        Embodiment(
            name="oxe_rt1",
            tag="oxe_rt1",
            cameras=(CameraSource("primary", "image", f"{layout.IMAGE_PREFIX}image"),),
            state=_split(layout.STATE, "x y z rx ry rz rw gripper"),
            **_end_effector_steps("1 open, 0 closed", TOOL_DELTA),
        ),
        Embodiment(
            name="libero_franka",
            tag="franka",
            cameras=(
                CameraSource("primary", "primary_image", f"{layout.IMAGE_PREFIX}image"),
                CameraSource("wrist", "wrist_image", f"{layout.IMAGE_PREFIX}wrist_image"),
            ),
            state=_split(layout.STATE, "x y z roll pitch yaw pad gripper"),
            **_end_effector_steps(
                "1 open, 0 closed", "delta of the tool pose per step, in units of the controller (-1 to 1), base frame"
            ),
            image_mirrored=True,  # the conversions turn pictures that are upside down by half a turn
        ),
        _franka_demo(
            "demo_sim_franka_delta_joints", "franka", (_vector("joints", 7, mode="min_max"),), (DELTA_JOINTS,),
            "difference of consecutive joint commands, radians", "none, joints alone",
        ),
        _franka_demo(
            "custom_robot_config", "new_embodiment",
            (_vector("eef_position", 3, mode="min_max"), _vector("eef_rotation", 3, mode="min_max", rotation=RPY)),
            (DELTA_POSITION, DELTA_ROTATION),
            "motion between consecutive commanded tool poses T_t T_{t-1}^-1, metres and radians, base frame",
            "roll, pitch, yaw about fixed axes, radians",
        ),
        Embodiment(
            name="oxe_droid",
            tag="oxe_droid",
            cameras=tuple(
                CameraSource(name, name, f"{layout.IMAGE_PREFIX}{name}")
                for name in ("exterior_image_1", "exterior_image_2", "wrist_image")
            ),
            state=(
                _vector("eef_position", 3),
                Part("eef_rotation", tuple(f"eef_rotation_{i}" for i in range(6)), "none", rotation="rotation_6d",
                     stored=RPY),
                _vector("gripper_position", 1),
            ),
            action=(
                _vector("eef_position_delta", 3, delta=True),
                _vector("eef_rotation_delta", 3, delta=True, rotation="axis_angle", stored=RPY),
                Part("gripper_position", ("gripper_position",), "binary"),
            ),
            action_space=TOOL_DELTA,
            rotation="axis-angle, radians",
            gripper="as recorded: 1 closed, 0 open",
            language="language.language_instruction",
            motion=(_vector("eef_position_delta", 3, delta=True),),
            gripper_key="gripper_position",
        ),
        Embodiment(
            name="sightline",
            tag="sightline",
            cameras=tuple(
                CameraSource(name, name, f"{layout.IMAGE_PREFIX}{name}") for name in ("front", "wrist")
            ),
            state=(Part(layout.STATE, STATE_NAMES),),
            action=(
                *(Part(name, (name,), delta=True, column=layout.ACTION, start=i)
                  for i, name in enumerate(ACTION_NAMES[:-1])),
                Part(ACTION_NAMES[-1], ACTION_NAMES[-1:], "binary", column=layout.ACTION, start=len(ACTION_NAMES) - 1),
            ),
            action_space="delta of the commanded tool pose, base frame",
            rotation="axis-angle",
            gripper="+1 open, -1 close",
        ),
    )
}  # fmt: skip


def find_embodiment(source: str | Path) -> Embodiment:
    """The registered configuration of that name, or one of your own from a YAML file (keys as in Embodiment).

    Raises SightlineError naming the nearest known name, or what is wrong with the file.
    """
    if str(source).endswith((".yaml", ".yml")):
        return load_config(Embodiment, Path(source))
    require_known("embodiment", str(source), EMBODIMENTS)
    return EMBODIMENTS[str(source)]
