"""SimplerEnv's WidowX tasks (ManiSkill 3) in their own Python environment: what ``envs/worker_program.py`` asks there.

It imports nothing of this package. See ``environment`` for what is made of the answers.
"""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("mani_skill", "sapien", "torch", "numpy")
CAMERA = "3rd_view_camera"
BENCHMARK = Path("data") / "tasks" / "bridge_v2_real2sim_dataset"
# Where ManiSkill 3 looks for the folders of the benchmark.
PLACES = {
    "custom": BENCHMARK / "custom",
    "real_inpainting": BENCHMARK / "real_inpainting",
    "stages": BENCHMARK / "stages",
    "widowx": Path("data") / "robots" / "widowx",
}


class Unfit(Exception):
    """A question that cannot be answered; its sentence is meant for people."""


class Worker:
    """One world at a time."""

    def __init__(self) -> None:
        self._env: Any = None
        self._task = ""
        # SAPIEN writes what it makes of a mesh beside it: links in folders of our own keep the user's folder clean.
        self._assets = tempfile.TemporaryDirectory(prefix="simpler_")

    # ---- questions --------------------------------------------------------------------------------------------------

    def hello(self) -> dict[str, Any]:
        """Versions of what decides on physics and pictures."""
        return {"versions": {name: importlib.metadata.version(name) for name in PACKAGES}}

    def begin(self, folders: dict[str, str], task: str, layout: int, places: Any = None) -> dict[str, Any]:
        """Start an episode of the environment ``task`` with the benchmark's ``layout``, or with ``places``.

        Args:
            folders: where the benchmark's files lie, by the names of PLACES.
            places: [2,7] where source and target are dropped: xyz, wxyz in the world's frame.
        """
        self._load(folders, task)
        env = self._env
        grid = (env.xyz_configs, env.quat_configs)
        if places is not None:
            given = grid[0].new_tensor(np.asarray(places, np.float32))
            env.xyz_configs, env.quat_configs, layout = given[None, :, :3], given[None, :, 3:], 0
        count = len(env.xyz_configs) * len(env.quat_configs)
        if not 0 <= layout < count:
            raise Unfit(f"{task} has {count} layouts, no number {layout}.")
        try:
            # Objects settle while the arm is where the last episode left it, and may lie on it: a world made anew has
            # no last episode.
            env.reset(seed=0, options={"episode_id": layout, "reconfigure": True})
        finally:
            env.xyz_configs, env.quat_configs = grid
        sizes = {}
        for name in (env.source_obj_name, env.target_obj_name):
            box = env.model_db[name]["bbox"]
            sizes[name] = np.asarray(box["max"], np.float64) - np.asarray(box["min"], np.float64)
        return {
            "instruction": str(env.get_language_instruction()[0]),
            "source": env.source_obj_name,
            "target": env.target_obj_name,
            "sizes": sizes,
            "base": _pose(env.agent.robot.pose),
            "command": _pose(env.agent.controller.controllers["arm"].ee_pose_at_base),
            **self._now(env.get_info()),
        }

    def step(self, action: Any) -> dict[str, Any]:
        """Carry out an action [7] of the simulator: metres, Euler angles XYZ (radians), gripper +1 open to -1."""
        env = self._running()
        return self._now(env.step(np.asarray(action, np.float32))[4])

    def layouts(self, folders: dict[str, str], task: str) -> dict[str, Any]:
        """Positions [c,2,3] and quaternions [q,2,4] of source and target, world frame: layouts are all their pairs."""
        self._load(folders, task)
        grid = {"positions": self._env.xyz_configs, "quaternions": self._env.quat_configs}
        return {name: each.cpu().numpy().astype(np.float64) for name, each in grid.items()}

    def look(self, owners: bool = False) -> dict[str, Any]:
        """The picture [480,640,3], and the camera's intrinsics [3,3] and extrinsics [4,4] (world to camera, OpenCV).

        Args:
            owners: also whose each pixel is, [480,640]: 0 nobody's, i + 1 that of the i-th of ``names``.
        """
        env = self._running()
        drawn = env._get_obs_sensor_data()[CAMERA]
        seen = drawn["rgb"][0].cpu().numpy()
        camera = env.get_sensor_params()[CAMERA]
        extrinsic = np.eye(4)
        extrinsic[:3] = camera["extrinsic_cv"][0].cpu().numpy()[:3]
        intrinsic = camera["intrinsic_cv"][0].cpu().numpy().astype(np.float64)
        told = {"picture": np.ascontiguousarray(seen, np.uint8), "intrinsic": intrinsic, "extrinsic": extrinsic}
        if owners:
            parts, names = drawn["segmentation"][0, ..., 0].cpu().numpy(), list(env.objs)
            told |= {"names": names, "owners": np.zeros(parts.shape, np.uint8)}
            for number, name in enumerate(names):
                told["owners"][parts == int(env.objs[name].per_scene_id[0])] = number + 1
        return told

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _running(self) -> Any:
        if self._env is None:
            raise Unfit("No episode has begun.")
        return self._env

    def _load(self, folders: dict[str, str], task: str) -> None:
        """The world of a task; the present one is kept where it is the same."""
        if task == self._task:
            return
        self._link(folders)
        os.environ["MS_ASSET_DIR"] = self._assets.name
        import gymnasium
        import mani_skill.envs  # noqa: F401 (registers the tasks)
        from mani_skill.agents.robots.widowx.widowx import WidowX250S

        # With this URDF bar and fingers of the gripper collide with each other and push the arm off by 2 cm; ManiSkill
        # 2 ignores that pair in its code.
        WidowX250S.disable_self_collisions = True
        if self._env is not None:
            self._env.close()
            self._env, self._task = None, ""
        made = gymnasium.make(
            task, obs_mode="rgb+segmentation", sim_backend="physx_cpu", render_backend="cpu", num_envs=1
        )
        self._env, self._task = made.unwrapped, task
        self._env._obs_mode = "none"  # no step draws: pictures are made by `look` alone

    def _link(self, folders: dict[str, str]) -> None:
        for name, place in PLACES.items():
            for path in sorted(Path(folders[name]).rglob("*")):
                link = Path(self._assets.name) / place / path.relative_to(folders[name])
                if path.is_file() and not link.exists():
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(path.absolute())

    def _now(self, told: dict[str, Any]) -> dict[str, Any]:
        env = self._env
        return {
            "done": bool(told["success"][0]),
            "grasped": bool(env.agent.is_grasping(env.objs[env.source_obj_name])[0]),
            "joints": env.agent.robot.get_qpos()[0].cpu().numpy().astype(np.float64),
            "tool": _pose(env.agent.controller.controllers["arm"].ee_pose),
            "poses": {name: _pose(thing.pose) for name, thing in env.objs.items()},
        }


QUESTIONS = ("hello", "begin", "step", "look", "layouts")


def _pose(pose: Any) -> np.ndarray:
    """[7] xyz, wxyz."""
    return pose.raw_pose[0].cpu().numpy().astype(np.float64)
