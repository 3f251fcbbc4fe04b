"""The protocol of SimplerEnv's WidowX tasks in numbers: tasks, layouts, steps, units, and how a policy sees and moves.

Episode ``seed`` of the suite is task ``i % 4`` in layout ``i // 4``: the first episodes of an evaluation are spread
evenly over the tasks. docs/simplerenv.md says why each number is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import ACTION_NAMES, STATE_NAMES
from sightline.envs.worker_environment import official_card

SUITE = "simpler_widowx"
PACKAGES = {"mani_skill": "3.0.1", "sapien": "3.0.3"}
LABEL = "SimplerEnv WidowX, ManiSkill 3 port, stand-in table"
LAYOUTS = 24  # of each task
HZ = 5
PICTURE = (480, 640)  # height and width, as the simulator draws


@dataclass(frozen=True)
class Task:
    """One of the tasks.

    Attributes:
        environment: what ManiSkill calls it.
        source: what is to be moved, in a word.
        relation: how it is to end up.
        steps: most steps of an episode, as published.
    """

    environment: str
    source: str
    relation: str
    steps: int


TASKS = {
    "widowx_spoon_on_towel": Task("PutSpoonOnTableClothInScene-v1", "spoon", "on", 60),
    "widowx_carrot_on_plate": Task("PutCarrotOnPlateInScene-v1", "carrot", "on", 60),
    "widowx_stack_cube": Task("StackGreenCubeOnYellowCubeBakedTexInScene-v1", "green block", "on", 60),
    "widowx_put_eggplant_in_basket": Task("PutEggplantInBasketScene-v1", "eggplant", "in", 120),
}
EPISODES = LAYOUTS * len(TASKS)


@dataclass(frozen=True)
class Interface:
    """How a policy sees and moves the robot.

    Attributes:
        card: what it is compared with.
        euler: whether rotations are roll, pitch, yaw about fixed axes; else they are rotation vectors.
        switch: whether the gripper is 0 or 1 and taken for the nearer one; else it is +1 (open) to -1 (closed).
    """

    card: Card
    euler: bool = False
    switch: bool = False


INTERFACES = {
    # Ours: a calibrated picture, everything in the robot's frame.
    "sightline": Interface(
        Card(
            robot="widowx",
            cameras=("front",),
            image_size=(PICTURE[0] // 2, PICTURE[1] // 2),
            state_names=STATE_NAMES,
            action_names=ACTION_NAMES,
            control_hz=HZ,
        )
    ),
    # That of policies trained on BridgeData V2 in the Open X-Embodiment format: one picture at the size of their
    # networks, squeezed to a square, no state.
    "official": Interface(official_card("oxe_bridge", ("primary",), HZ), euler=True, switch=True),
}


def episode_of(seed: int) -> tuple[str, int]:
    """Task and layout of an episode. Raises SightlineError for a number that there is not."""
    if not 0 <= seed < EPISODES:
        raise SightlineError(
            f"{SUITE} has {EPISODES} episodes ({len(TASKS)} tasks of {LAYOUTS} layouts) and no number {seed} counted "
            "from 0; nothing in them is drawn, so that there are no others under another --seed."
        )
    layout, task = divmod(seed, len(TASKS))
    return tuple(TASKS)[task], layout


def protocol_of(interface: str, most_steps: int | None) -> dict[str, str]:
    """What decides on an episode, for people and for results."""
    card = INTERFACES[interface].card
    height, width = card.image_size
    published = ", ".join(f"{task.source} {task.steps}" for task in TASKS.values())
    return {
        "label": LABEL,
        "episodes": f"{len(TASKS)} tasks of {LAYOUTS} layouts; number i: task i % {len(TASKS)}, then the next layout",
        "worlds": "made anew for each episode, so that objects settle without an arm in their way",
        "pictures": f"{card.cameras[0]}, {height} x {width} px, background replaced by the benchmark's photograph",
        "actions": f"{card.action_space}; {card.rotation}; {card.control_hz} Hz, physics 500 Hz",
        "gripper": card.gripper,
        "most steps": published if most_steps is None else f"{most_steps}, not the published {published}",
        "success": "at the end: in the last step, as published; at any time: after any step. Success ends no episode",
    }
