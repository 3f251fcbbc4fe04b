"""Closed loop by hand: look, decide, move, until the task is done or time is up.

Writes outputs/examples/episode.mp4, with the predicted box, points and trace on every frame.
"""

from __future__ import annotations

from pathlib import Path

from sightline import Policy
from sightline.core.draw import overlay
from sightline.core.types import EXECUTE  # actions of a chunk that are executed before the policy looks again
from sightline.envs import TabletopEnv
from sightline.evaluate.video import VideoWriter

OUT = Path("outputs/examples")


def main() -> None:
    """One episode. The card makes sure that policy and environment mean the same by a state and an action."""
    policy, env = Policy.from_pretrained("tiny"), TabletopEnv(split="seen")
    policy.card.require_match(env.card, "the policy", "the environment", ignore=("chunk", "normalisation"))
    env.reset(seed=7)
    policy.reset()
    OUT.mkdir(parents=True, exist_ok=True)
    film = VideoWriter(OUT / "episode.mp4", fps=env.card.control_hz)

    print(env.instruction)
    info: dict = {}
    while not (info.get("is_success") or info.get("truncated")):
        observation = env.observe()  # renders both cameras
        chunk = policy.act(observation)  # [T, 7] metres, radians, gripper
        for action in chunk.actions[:EXECUTE]:
            film.add(overlay(env.observe().images["front"], chunk.grounding, scale=2))
            info = env.advance(action)
            if info["is_success"] or info["truncated"]:
                break
    film.close()
    print("done" if info["is_success"] else "not done", "- watch", OUT / "episode.mp4")


if __name__ == "__main__":
    main()
