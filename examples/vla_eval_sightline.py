"""Drives vla-eval's benchmarks with a policy of Sightline: a model server of vla-eval that asks a policy server.

Drop this one file in. It runs where vla-eval does (with sightline-client beside it), the policy where Sightline is:

    sightline serve --policy RUN --port 9000
    python vla_eval_sightline.py --args.address=ws://127.0.0.1:9000 --args.chunk_size=8 --port 8000
    vla-eval run ...    # its config says server.url: ws://127.0.0.1:8000

The policy's interface card says what is asked for and sent: LIBERO for policies that were trained here and for official
checkpoints, SimplerEnv's WidowX tasks for official ones. Others are refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio.to_thread
import numpy as np
from vla_eval.model_servers.base import SessionContext
from vla_eval.model_servers.predict import PredictModelServer
from vla_eval.specs import GRIPPER_01, GRIPPER_CLOSE_POS, IMAGE_RGB, LANGUAGE, POSITION_DELTA, RAW, ROTATION_AA, DimSpec

from sightline_client import PolicyClient


def libero(actions: np.ndarray) -> np.ndarray:
    """Of the published conversion: units of the controller, gripper 1 open; vla-eval closes at +1."""
    return np.concatenate([actions[:, :6], 1.0 - 2.0 * (actions[:, 6:] > 0.5)], axis=1)


def libero_metric(actions: np.ndarray) -> np.ndarray:
    """Of policies trained here: metres, radians, gripper +1 open."""
    return np.concatenate([actions[:, :3] / 0.05, actions[:, 3:6] / 0.5, -actions[:, 6:]], axis=1).clip(-1.0, 1.0)


def widowx(actions: np.ndarray) -> np.ndarray:
    """Of policies trained on Open X-Embodiment: angles about fixed axes; the benchmark takes rotation vectors."""
    turns = [rotation_vector(*turn) for turn in actions[:, 3:6]]
    return np.concatenate([actions[:, :3], turns, actions[:, 6:]], axis=1)


def rotation_vector(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Of a turn about x, then y, then z, all fixed, by way of quaternions."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(np.array([roll, pitch, yaw]) / 2), np.sin(np.array([roll, pitch, yaw]) / 2)
    w = cr * cp * cy + sr * sp * sy
    v = np.array([sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy])
    size = np.linalg.norm(v)
    return v * (2 * np.arctan2(size, abs(w)) / size * np.sign(w or 1.0) if size > 1e-12 else 2.0)


# By the robot in a policy's card: what becomes of its actions, and what vla-eval calls its cameras.
ROBOTS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], dict[str, str], dict[str, DimSpec]]] = {
    "libero_franka": (libero, {"primary": "agentview", "wrist": "wrist"}, {"gripper": GRIPPER_CLOSE_POS}),
    "libero_panda": (libero_metric, {"front": "agentview", "wrist": "wrist"}, {"gripper": GRIPPER_CLOSE_POS}),
    "oxe_bridge": (widowx, {"primary": "primary"}, {"gripper": GRIPPER_01}),
}


class SightlineModelServer(PredictModelServer):
    """A policy behind a server of Sightline.

    Args:
        address: of that server.
        base: x, y, z of the robot's base in LIBERO's world, for policies that are told the arm's position in the
            robot's frame: on a table [-0.66, 0, 0.912], in libero_object [-0.6, 0, 0].
        more: see PredictModelServer: ``chunk_size`` actions of a chunk are executed, ``max_batch_size`` observations
            are computed together.
    """

    def __init__(self, address: str = "ws://127.0.0.1:9000", base: list[float] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.client, self.lock, self.base = PolicyClient(address), threading.Lock(), base
        self.card = self.client.metadata["card"]
        if self.card["robot"] not in ROBOTS:
            raise ValueError(f"vla-eval has no benchmark for the robot '{self.card['robot']}' that is known here.")
        if self.card["state_names"] and base is None:
            raise ValueError("This policy is told where the arm is: give base=[x, y, z] of the robot in the world.")
        self.actions, self.cameras, self.spec = ROBOTS[self.card["robot"]]

    def predict_batch(self, obs_batch: list[dict], ctx_batch: list[SessionContext]) -> list[dict]:
        """A chunk for each observation, each in its own episode's memory."""
        asked = [self.observation(one) for one in obs_batch]
        with self.lock:
            answers = self.client.infer_batch(asked, [ctx.session_id for ctx in ctx_batch])
        return [{"actions": self.actions(np.asarray(answer["actions"], np.float64))} for answer in answers]

    def observation(self, seen: dict) -> dict:
        """An observation of vla-eval as one of the policy's."""
        told: dict[str, Any] = {"prompt": seen["task_description"]}
        for name in self.card["cameras"]:
            picture = np.asarray(seen["images"][self.cameras[name]], np.uint8)
            # vla-eval mirrors LIBERO's pictures, as the published conversion did.
            mirror = self.card["robot"] == "libero_panda"
            told[f"observation/{name}_image"] = np.ascontiguousarray(picture[:, ::-1] if mirror else picture)
        if self.card["state_names"]:
            state = np.asarray(seen["states"], np.float64)
            told["observation/state"] = (state - [*(self.base or ()), 0, 0, 0, 0, 0]).astype(np.float32)
        return told

    async def on_episode_start(self, config: dict[str, Any], ctx: SessionContext) -> None:
        """The policy forgets the last episode."""
        await anyio.to_thread.run_sync(self.forget, ctx.session_id)
        await super().on_episode_start(config, ctx)

    def forget(self, session: str) -> None:
        """Reset one episode's memory."""
        with self.lock:
            self.client.reset(session)

    def get_action_spec(self) -> dict[str, DimSpec]:
        """What is sent."""
        return {"position": POSITION_DELTA, "rotation": ROTATION_AA, **self.spec}

    def get_observation_spec(self) -> dict[str, DimSpec]:
        """What is asked for."""
        pictures = {self.cameras[name]: IMAGE_RGB for name in self.card["cameras"]}
        return {**pictures, "language": LANGUAGE, **({"state": RAW} if self.card["state_names"] else {})}

    def get_observation_params(self) -> dict[str, Any]:
        """Settings of the benchmark that follow from that."""
        wanted = {"send_wrist_image": len(self.card["cameras"]) > 1, "send_state": bool(self.card["state_names"])}
        return {name: True for name, needed in wanted.items() if needed}


if __name__ == "__main__":
    from vla_eval.model_servers.serve import run_server

    run_server(SightlineModelServer)
