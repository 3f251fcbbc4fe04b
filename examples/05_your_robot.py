"""A robot of your own, from its first recording to a policy that moves it. Copy this file and my_robot.yaml.

Everything between the lines of dashes stands for your robot and is to be replaced; the rest works for any.
Two updates are no training: for a policy that acts, give it your data and hours (`sightline plan` says how many).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sightline import Policy
from sightline.core.card import Card
from sightline.core.types import Observation, Recording
from sightline.data import DatasetWriter
from sightline.train.sources import Sources
from sightline.train.stages import posttrain

OUT, ABOUT = Path("outputs/examples/your_robot"), Path(__file__).with_name("my_robot.yaml")
TOLD = "reach for the red square"
# --- your robot ------------------------------------------------------------------------------------------------------
CARD = Card(
    robot="planar_arm",
    cameras=("top",),
    image_size=(64, 64),  # height, width
    state_names=("shoulder", "elbow"),
    action_names=("d_shoulder", "d_elbow"),
    action_space="change of the joint angles per step, radians",
    rotation="none, joints alone",
    gripper="none",
    control_hz=10,
)


class Robot:
    """Two joints, one camera. Yours reads its encoders and its camera, and sends commands, in the same methods."""

    def __init__(self, seed: int) -> None:
        self.angles, self.goal = np.random.default_rng(seed).uniform(-1, 1, (2, 2))

    def observe(self) -> Observation:
        image = np.full((64, 64, 3), 230, np.uint8)  # RGB, upright
        for place, colour in ((self.goal, (200, 0, 0)), (self.angles, (0, 0, 200))):
            row, column = (32 + 24 * place).astype(int)
            image[row - 3 : row + 4, column - 3 : column + 4] = colour
        return Observation({"top": image}, self.angles.astype(np.float32), TOLD)

    def move(self, action: np.ndarray) -> None:
        self.angles = np.clip(self.angles + action, -1, 1)

    def teleoperated(self) -> np.ndarray:
        return np.clip(self.goal - self.angles, -0.1, 0.1).astype(np.float32)


# ---------------------------------------------------------------------------------------------------------------------


def record(robot: Robot, steps: int = 16) -> Recording:
    """What a person does with the robot."""
    seen, done = [], []
    for _ in range(steps):
        seen.append(robot.observe())
        done.append(robot.teleoperated())
        robot.move(done[-1])
    images = {name: np.stack([moment.images[name] for moment in seen]) for name in CARD.cameras}
    return Recording(TOLD, images, np.stack([moment.state for moment in seen]), np.stack(done))


if __name__ == "__main__":
    with DatasetWriter(OUT / "data", CARD) as writer:  # LeRobot v3.0; repeated, it goes on where it was
        for seed in range(len(writer.episodes), 3):
            writer.record(record(Robot(seed)))
    quick = ("steps=2", "action.samples=2", "optimiser.muon=false", "system.planner.image_size=56", "device=cpu")
    posttrain([OUT / "data"], None, OUT / "run", "none", "m1-mini", quick, Sources(embodiment=str(ABOUT)))
    policy, robot = Policy.from_pretrained(OUT / "run"), Robot(seed=9)
    policy.reset()
    for action in policy.act(robot.observe()).actions[:4]:  # then look again, and so on
        robot.move(action)
        print("moved to", robot.angles.round(3), "radians")
