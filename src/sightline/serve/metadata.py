"""What a server says of itself when a client connects."""

from __future__ import annotations

from typing import Any

import sightline
from sightline.core.card import Card
from sightline.serve.abilities import ASKING
from sightline.serve.observations import PROMPTS, STATES, Interface
from sightline.serve.served import Served

ON_HAND = ("wrist", "hand", "gripper")  # parts of the names of cameras that move with the hand
ACTING = ("infer", "reset", "card")
ENDPOINTS = (*ACTING, *ASKING)


def metadata(name: str, served: Served) -> dict[str, Any]:
    """The first message of every connection: who serves, the card, and what requests must hold.

    ``policy_server_config`` has the fields that RoboArena's and vLLM-Omni's clients read, and more of ours.
    """
    interface = served.interface
    card = interface.card
    return {
        "server": "sightline",
        "version": sightline.__version__,
        "policy": name,
        "endpoints": [*ACTING, *(name for name in ASKING if served.abilities.can(name))],
        "card": card.to_dict(),
        "policy_server_config": _config(interface),
        "action_chunk_size": card.chunk,  # as starVLA's clients read it
        "action_keys": list(card.action_names),
        "state_keys": list(card.state_names),
    }


def _config(interface: Interface) -> dict[str, Any]:
    card, cameras = interface.card, interface.cameras
    on_hand = [name for name in cameras if any(part in name for part in ON_HAND)]
    return {
        "image_resolution": list(card.image_size),
        "n_external_cameras": len(cameras) - len(on_hand),
        "needs_wrist_camera": bool(on_hand),
        "needs_stereo_camera": False,
        "needs_session_id": False,
        "action_space": card.action_space,
        "action_horizon": card.chunk,
        "action_dim": len(card.action_names),
        "control_hz": card.control_hz,
        "cameras": {name: interface.camera_keys(name)[0] for name in cameras},
        "calibration": {name: f"calibration/{name}" for name in cameras},
        "prompt": PROMPTS[0] if cameras else "",
        "state": {"key": STATES[0] if interface.state_size else "", "size": interface.state_size}
        | {"names": list(card.state_names), "units": [unit(name, card) for name in card.state_names]},
        "actions": {
            "names": list(card.action_names),
            "units": [unit(name, card) for name in card.action_names],
            "rotation": card.rotation,
        },
    }


def unit(name: str, card: Card) -> str:
    """The unit of a dimension by its name: ``m``, ``m/s``, ``rad``, what a gripper's values mean, "" where unknown."""
    last = name.rsplit("_", 1)[-1].removeprefix("d")
    if "gripper" in name:
        return card.gripper
    if last in ("x", "y", "z", "width"):
        return "m"
    if last == "speed":
        return "m/s"
    return "rad" if last in ("rx", "ry", "rz", "roll", "pitch", "yaw") or "joint" in name else ""
