"""The things that flow between the floors: scenes, views, tasks, observations, groundings, action chunks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.geometry import Array, Camera

RELATIONS = ("into", "onto", "left", "right", "front", "behind")
STATE_NAMES = (
    "x",
    "y",
    "z",
    "rx",
    "ry",
    "rz",
    "width",
    "command_x",
    "command_y",
    "command_z",
    "command_rz",
    "gripper_command",
)
ACTION_NAMES = ("dx", "dy", "dz", "drx", "dry", "drz", "gripper")
EXECUTE = 4  # actions of a chunk that are executed before a policy looks again, unless told otherwise


@dataclass(frozen=True)
class ObjectInfo:
    """What an object is, as language can speak of it.

    Attributes:
        id: unique within its scene, e.g. ``mug_red_0``.
        kind: the noun, e.g. ``mug`` (``_`` never appears: "tin can").
        colour: the adjective, e.g. ``red``; empty where the colour is not nameable (printed packages).
        size: ``small``, ``medium`` or ``large`` relative to its kind; ``medium`` is never spoken.
        role: ``item`` (can be picked), ``container`` (things go into it), ``surface`` (things go onto it) or
            ``distractor`` (none of these; things are put beside it); of fixtures: ``fixture`` (the body that stays
            where it is) or ``drawer``, ``lid``, ``button`` (its parts).
        radius: of the smallest circle around the footprint, metres.
        height: standing height, metres.
        label: what tells it from its like: the digits printed on it, or its place (``top``) among its like.
        travel: how far its joint goes: metres (``drawer``, ``button``) or radians (``lid``); 0 for what has none.
    """

    id: str
    kind: str
    colour: str
    size: str
    role: str
    radius: float
    height: float
    label: str = ""
    travel: float = 0.0

    @property
    def is_part(self) -> bool:
        """Whether it hangs on a fixture: a drawer, a lid, a button."""
        return self.travel > 0

    def stored(self) -> dict:
        """Its attributes as datasets hold them: without those of fixtures, where it is none."""
        return {name: value for name, value in asdict(self).items() if name not in ("label", "travel") or value}


@dataclass
class SceneState:
    """Where everything is at one moment (base frame, metres, radians). n = number of objects.

    Attributes:
        objects: the n objects; the order is the index used everywhere (tasks, boxes, instance maps minus one).
        positions: [n,3] centre of each object's bounding box.
        yaws: [n] heading about z.
        present: [n] whether the object is in the scene (a world holds more objects than a scene shows).
        grasp_points: [n,3] where the tool point goes to grasp it; of a button, the middle of its top (meaningless
            but for items and parts of fixtures).
        grasp_yaws: [n] direction of the closing fingers about z, modulo pi.
        tool: [3] tool point (between the finger tips).
        tool_yaw: rotation of the tool about z relative to home.
        gripper_width: opening between the fingers.
        joints: [n] how far each joint has gone from closed, or not pressed (units as ``ObjectInfo.travel``), NaN for
            what has none; None in a scene without fixtures.
    """

    objects: tuple[ObjectInfo, ...]
    positions: Array
    yaws: Array
    present: NDArray[np.bool_]
    grasp_points: Array
    grasp_yaws: Array
    tool: Array
    tool_yaw: float = 0.0
    gripper_width: float = 0.08
    joints: Array | None = None


@dataclass(frozen=True)
class Task:
    """Bring ``target`` into ``relation`` with ``reference`` (indices into SceneState.objects).

    Or use a skill, one of ``sightline.tasks.skills``: ``stack`` the target on the reference, both items; ``open`` or
    ``close`` the target, a drawer of the reference; ``press`` the target, a button of the reference; and so on.

    relation: ``into`` a container, ``onto`` a surface, or ``left`` / ``right`` / ``front`` / ``behind`` of any object,
    as seen from the front camera, which looks at the robot: left is -y of the base, right +y, front (nearer to the
    viewer) +x, behind -x.
    """

    relation: str
    target: int
    reference: int
    instruction: str
    target_phrase: str
    reference_phrase: str


@dataclass
class View:
    """One camera's picture with labels from simulator truth (pixels of this picture).

    Attributes:
        camera: calibration at this frame.
        image: [H,W,3] uint8 RGB.
        ids: [H,W] uint8 instance map, 0 = nothing named (table, robot), i + 1 = object i.
        boxes: [n,4] tight box (x1, y1, x2, y2) around the visible pixels, x2 and y2 exclusive; NaN when invisible.
        depth: [H,W] float32 metres along the camera's axis; 0 where nothing is near enough. None unless asked for.
    """

    camera: Camera
    image: NDArray[np.uint8]
    ids: NDArray[np.uint8]
    boxes: Array
    depth: NDArray[np.float32] | None = None


@dataclass
class Frame:
    """One moment of an episode: what was seen, what state the robot was in, what it was told to do next.

    place: [3] where the tool point should release the target (base frame, metres); None without a task.
    executed: what was done instead of ``action``, where the robot was disturbed and its states do not tell.
    doing: target and reference of the step at hand, where a task has several.
    drawn: whether the pictures and masks of ``views`` are of this moment; else they are the last ones that were drawn,
        and boxes are theirs, moved along.
    """

    scene: SceneState
    views: dict[str, View]
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    subtask: str = ""
    place: Array | None = None
    executed: NDArray[np.float32] | None = None
    doing: tuple[int, int] | None = None
    drawn: bool = True


@dataclass
class Episode:
    """A finished rollout of the expert, or (task None) a slide show of unrelated scenes of one world.

    ``start`` says how the scene of an environment that is not ours was set up, JSON-ready.
    """

    seed: int
    task: Task | None
    frames: list[Frame]
    success: bool
    failure: str = ""
    candidate: int = -1
    start: dict[str, Any] | None = None


@dataclass
class Recording:
    """An episode that somebody else recorded: what was seen and done, and nothing about where things were.

    Attributes:
        instruction: what was to be done, in plain English.
        images: camera name -> [T,H,W,3] uint8 RGB, upright.
        state [T,S], action [T,A]: float32, units as in the card that goes with it.
    """

    instruction: str
    images: dict[str, NDArray[np.uint8]]
    state: NDArray[np.float32]
    action: NDArray[np.float32]


@dataclass
class Observation:
    """What a policy sees at one moment.

    Attributes:
        images: camera name -> [H,W,3] uint8 RGB, upright.
        state: [len(STATE_NAMES)] float32, units as in the card.
        instruction: what to do, in plain English.
        cameras: camera name -> calibration; may be empty (an uncalibrated robot).
    """

    images: dict[str, NDArray[np.uint8]]
    state: NDArray[np.float32]
    instruction: str
    cameras: dict[str, Camera] = field(default_factory=dict)


@dataclass
class Grounding:
    """Where to act, in pixels of the original picture of ``camera``.

    Attributes:
        boxes: label -> [4] (x1, y1, x2, y2), labels e.g. ``target``, ``place``.
        points: label -> [2], labels ``target`` (grasp point) and ``place``.
        trace: [N,2] the tool point's path still to come (empty [0,2] when not asked for).
        confidence: label -> 0..1, the probability that the answer is right.
        presence: probability that what was asked for is there at all; found: whether it is taken to be. What is said of
            where is idle where it is not.
        text: the answer in words, in the formats of InternVLA-M1.
    """

    camera: str
    boxes: dict[str, Array] = field(default_factory=dict)
    points: dict[str, Array] = field(default_factory=dict)
    trace: Array = field(default_factory=lambda: np.zeros((0, 2)))
    confidence: dict[str, float] = field(default_factory=dict)
    presence: float = 1.0
    found: bool = True
    text: str = ""


@dataclass
class ActionChunk:
    """T consecutive actions in physical units [T, len(ACTION_NAMES)], with the grounding that guided them."""

    actions: NDArray[np.float32]
    grounding: Grounding | None = None


class PolicyLike(Protocol):
    """Anything that can be rolled out: a trained policy, the scripted expert, a replayed dataset, a remote server."""

    card: Card

    def reset(self, episodes: list[int]) -> None:
        """Forget the past of these rows (one row per parallel episode)."""

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """One chunk for each observation; ``rows`` names the parallel episode that each belongs to."""
