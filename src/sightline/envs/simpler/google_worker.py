"""SimplerEnv's Google Robot tasks (ManiSkill 2) in their own Python environment: what ``envs/worker_program.py`` asks.

It imports nothing of this package, and was never run with the benchmark's scenes: see ``google_protocol``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

CAMERA = "overhead_camera"
CONTROL = "arm_pd_ee_delta_pose_align_interpolate_by_planner_gripper_pd_joint_target_delta_pos_interpolate_by_planner"


class Unfit(Exception):
    """A question that cannot be answered; its sentence is meant for people."""


class Worker:
    """One world at a time, made anew for each episode as the benchmark's own scripts do."""

    def __init__(self) -> None:
        self._env: Any = None
        self._seen: Any = None

    # ---- questions --------------------------------------------------------------------------------------------------

    def hello(self) -> dict[str, Any]:
        """Versions of what decides on physics and pictures."""
        import importlib.metadata

        return {"versions": {name: importlib.metadata.version(name) for name in ("sapien", "numpy")}}

    def begin(
        self, environment: str, scene: str, overlay: str, build: dict, robot: list, objects: dict, steps: int
    ) -> dict[str, Any]:
        """Start an episode; the arguments are those of ``google_protocol.Episode``."""
        import gymnasium
        import mani_skill2_real2sim.envs  # noqa: F401 (registers the tasks)
        from mani_skill2_real2sim import ASSET_DIR
        from transforms3d.euler import euler2quat
        from transforms3d.quaternions import qmult

        stage = Path(ASSET_DIR) / "hab2_bench_assets" / "stages" / f"{scene}.glb"
        if "dummy" not in scene and not stage.is_file():
            # Without it things fall out of the world and every flag stays an ordinary False.
            raise Unfit(f"The scene {stage} is not there, so that no figure of this task would mean anything.")
        if self._env is not None:
            self._env.close()
        self._env = gymnasium.make(
            environment,
            obs_mode="rgbd",
            robot="google_robot_static",
            sim_freq=513,
            control_freq=3,
            control_mode=CONTROL,
            max_episode_steps=steps,
            scene_name=scene,
            camera_cfgs={"add_segmentation": True},
            rgb_overlay_path=str(Path(ASSET_DIR) / "real_inpainting" / overlay),
            rgb_overlay_cameras=[CAMERA],
            **build,
        )
        placed = {name: np.array(value) if isinstance(value, list) else value for name, value in objects.items()}
        options = {
            "robot_init_options": {
                "init_xy": np.array(robot[:2]),
                "init_rot_quat": qmult(euler2quat(0, 0, robot[2]), [0, 0, 0, 1]),
            },
            "obj_init_options": placed,
        }
        self._seen, _ = self._env.reset(options=options)
        return self._now(False)

    def step(self, action: Any) -> dict[str, Any]:
        """Carry out an action [7]: metres, rotation vector, relative gripper (+1 closes)."""
        if self._env is None:
            raise Unfit("No episode has begun.")
        self._seen, _, done, _, _ = self._env.step(np.asarray(action, np.float64))
        return self._now(bool(done))

    def look(self) -> dict[str, Any]:
        """The picture [512,640,3]; ManiSkill 2 has drawn it already."""
        return {"picture": np.ascontiguousarray(self._seen["image"][CAMERA]["rgb"][..., :3], np.uint8)}

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _now(self, done: bool) -> dict[str, Any]:
        return {"done": done, "instruction": str(self._env.unwrapped.get_language_instruction())}


QUESTIONS = ("hello", "begin", "step", "look")
