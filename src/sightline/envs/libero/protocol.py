"""The protocol of LIBERO's suites in numbers: tasks, states, seeds, steps, units, and how a policy sees and moves.

Episode ``seed`` of a suite is its task ``i % tasks`` with initial state ``i // tasks``, ``i = seed % 1,000,000``: the
first episodes of an evaluation are spread evenly over the tasks. docs/libero.md says why each number is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import ACTION_NAMES
from sightline.envs.worker_environment import official_card

PACKAGE, NEWEST_MUJOCO = "0.1.1", (3, 3, 2)
STEPS = {"libero_spatial": 220, "libero_object": 280, "libero_goal": 300, "libero_10": 520, "libero_90": 400}
PERTURBATIONS = ("lan", "object", "swap", "task")  # of LIBERO-PRO: words, looks of objects, places, goals
PRO = tuple(f"{suite}_{how}" for suite in STEPS if suite != "libero_90" for how in PERTURBATIONS)
SUITES = (*STEPS, *PRO)
STATES = 50  # initial states of each task
NUMBERS = 1_000_000  # episodes of each --seed of an evaluation
SEED = 7  # of numpy before the reset with the first initial state: upstream's seed of a task
SETTLE = 10  # steps of waiting before the policy acts
HZ = 20
MOVE, TURN = 0.05, 0.5  # metres and radians of a full deflection of the simulator's controller
SIZE = 256


@dataclass(frozen=True)
class Interface:
    """How a policy sees and moves the robot.

    Attributes:
        card: what it is compared with.
        scale: [6] what an action is divided by to be one of the simulator.
        switch: whether the gripper is 0 or 1 and taken for the nearer one; else it is +1 (open) to -1 (closed).
    """

    card: Card
    scale: tuple[float, ...]
    switch: bool = False


INTERFACES = {
    # Ours: pictures as a camera sees the scene, calibrated; metres and radians; everything in the robot's frame. The
    # hand's rotation is told from pointing down with its fingers closing along y, so that rz is its yaw. Whether
    # fingers still close or hold something shows in their speed alone: how wide a thing is differs.
    "sightline": Interface(
        Card(
            robot="libero_panda",
            cameras=("front", "wrist"),
            image_size=(SIZE, SIZE),
            state_names=("x", "y", "z", "rx", "ry", "rz", "width", "width_speed", "gripper_command"),
            action_names=ACTION_NAMES,
            action_space="delta of the present tool pose, base frame",
            control_hz=HZ,
        ),
        (MOVE,) * 3 + (TURN,) * 3,
    ),
    # That of the published policies (OpenVLA's conversion of the demonstrations): upright but mirrored pictures at the
    # size of their networks, the controller's own units, no state.
    "official": Interface(
        official_card("libero_franka", ("primary", "wrist"), HZ, "in units of the controller (-1 to 1)", mirrored=True),
        (1.0,) * 6,
        switch=True,
    ),
}
# InternVLA-M1's own evaluation shows its two-view checkpoints the first view alone.
INTERFACES["m1"] = replace(INTERFACES["official"], card=replace(INTERFACES["official"].card, cameras=("primary",)))


def base_suite(suite: str) -> str:
    """``libero_goal`` of ``libero_goal_swap``."""
    return suite if suite in STEPS else suite.rpartition("_")[0]


def tasks_of(suite: str) -> int:
    """How many tasks a suite has."""
    return 90 if suite == "libero_90" else 10


def episode_of(suite: str, seed: int) -> tuple[int, int, int]:
    """Task, initial state and numpy's seed of an episode. Raises SightlineError for a number that there is not."""
    repeat, number = divmod(seed, NUMBERS)
    state, task = divmod(number, tasks_of(suite))
    if repeat < 0 or state >= STATES:
        raise SightlineError(
            f"{suite} has {tasks_of(suite) * STATES} episodes ({tasks_of(suite)} tasks of {STATES} initial states), no "
            f"number {number} counted from 0; another --seed has the same ones with the fixtures placed anew."
        )
    return task, state, SEED + state + 1000 * repeat


def protocol_of(suite: str, interface: str, wider: float = 0.0) -> dict[str, str]:
    """What decides on an episode of a suite, for people and for results; ``wider`` as in LiberoEnv."""
    card, words = INTERFACES[interface].card, "file name" if suite in STEPS else "problem file"
    mirrored = "upright, left and right exchanged" if card.image_mirrored else "true, calibrated"
    units = "controller units" if INTERFACES[interface].scale[0] == 1 else f"metres / {MOVE}, radians / {TURN}"
    starts = f"{STATES} initial states" if not wider else f"{STATES} layouts drawn in regions {1000 * wider:g} mm wider"
    return {
        "episodes": f"{tasks_of(suite)} tasks of {starts}; number i: task i % {tasks_of(suite)}, then the next "
        + ("state" if not wider else "layout"),
        "fixtures": "placed by the same draw"
        if wider
        else f"placed by numpy's generator, seeded with {SEED} + state right before each reset",
        "settling": f"{SETTLE} steps of standing still, open",
        "instructions": f"of the task's {words}",
        "pictures": f"{' and '.join(card.cameras)}, {card.image_size[0]} px, {mirrored}",
        "actions": f"{units}, clipped to [-1, 1], on the present pose, {card.control_hz} Hz",
        "gripper": card.gripper,
        "most steps": str(STEPS[base_suite(suite)]),
        "success": "any time: as published; at the end: still so after half a second of standing still",
    }
