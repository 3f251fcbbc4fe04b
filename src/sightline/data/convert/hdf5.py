"""HDF5 demonstrations as robomimic and LIBERO store them: ``data/demo_N`` with ``actions`` and ``obs/...``.

Pictures are the uint8 observations of shape [T,H,W,3], the state is made of the flat numerical ones, in alphabetical
order. Needs the extra ``hdf5``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import ACTION_NAMES, Recording
from sightline.data.convert import Asked, Source

SUFFIXES = (".hdf5", ".h5")
DEFAULT_HZ = 20  # of robosuite's environments


def read(source: Path, asked: Asked) -> Source:
    """What the file, or the folder of files, at ``source`` holds.

    Raises SightlineError when there is none, or one that is no such HDF5 file, or when they do not agree.
    """
    files = [source] if source.is_file() else sorted(path for path in source.glob("**/*") if path.suffix in SUFFIXES)
    if not files:
        raise SightlineError(f"There is no HDF5 file at {source}: name a .hdf5 file, or a folder that holds some.")
    demos = [(path, name) for path in files for name in _demos(path)]
    if not demos:
        raise SightlineError(f"{files[0]} holds no demonstrations: none below data/.")
    return Source(_card(*demos[0], asked), len(demos), _recordings(demos, asked))


def _open(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise SightlineError("Reading HDF5 needs h5py: pip install 'sightline[hdf5]'.") from None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise SightlineError(f"{path} cannot be read as HDF5 ({error}); is it complete?") from None


def _demos(path: Path) -> list[str]:
    """Names of the demonstrations of a file, by their numbers."""
    with _open(path) as file:
        if "data" not in file:
            raise SightlineError(f"{path} has no group 'data': these are no demonstrations of robomimic or LIBERO.")
        return sorted(file["data"], key=lambda name: [int(part) for part in re.findall(r"\d+", name)] or [0])


def _card(path: Path, name: str, asked: Asked) -> Card:
    """The card that the first demonstration makes."""
    with _open(path) as file:
        demo = file["data"][name]
        observed = _observed(path, name, demo)
        cameras = _chosen("camera", asked.cameras, [key for key in observed if _is_picture(observed[key])])
        state = _chosen("state", asked.state, [key for key in observed if _is_state(observed[key])])
        size = demo["actions"].shape[1]
        actions = ACTION_NAMES if size == len(ACTION_NAMES) else tuple(f"action{i}" for i in range(size))
        return Card(
            robot=str(_arguments(file).get("env_name", "robot")),
            cameras=cameras,
            image_size=tuple(observed[cameras[0]].shape[1:3]),
            state_names=tuple(f"{key}{i}" for key in state for i in range(_width(observed[key]))),
            action_names=actions,
            action_space="normalised delta of the tool pose (robosuite's OSC_POSE)" if size == 7 else "as recorded",
            gripper="-1 open, +1 close" if size == 7 else "as recorded",
            control_hz=asked.hz or int(_arguments(file).get("env_kwargs", {}).get("control_freq", DEFAULT_HZ)),
        )


def _recordings(demos: list[tuple[Path, str]], asked: Asked) -> Iterator[Recording]:
    for path, name in demos:
        with _open(path) as file:
            demo = file["data"][name]
            observed = _observed(path, name, demo)
            cameras = _chosen("camera", asked.cameras, [key for key in observed if _is_picture(observed[key])])
            state = _chosen("state", asked.state, [key for key in observed if _is_state(observed[key])])
            step = -1 if asked.flip else 1
            length = len(demo["actions"])
            yield Recording(
                instruction=_instruction(file) or asked.instruction or _from_name(path),
                images={key: np.ascontiguousarray(observed[key][:][:, ::step]) for key in cameras},
                state=np.concatenate([observed[key][:].reshape(length, -1) for key in state], 1).astype(np.float32)
                if state
                else np.zeros((length, 0), np.float32),
                action=demo["actions"][:].astype(np.float32),
            )


def _observed(path: Path, name: str, demo: Any) -> dict[str, Any]:
    """The observations of a demonstration, one row a step. Raises SightlineError where something is missing."""
    for key in ("actions", "obs"):
        if key not in demo:
            raise SightlineError(f"{path} has no '{key}' in data/{name}; convert demonstrations with observations.")
    length = len(demo["actions"])
    uneven = [key for key, values in demo["obs"].items() if len(values) != length]
    if uneven:
        raise SightlineError(
            f"{path} has {length} actions in data/{name}, but {len(demo['obs'][uneven[0]])} rows of {uneven[0]}."
        )
    return dict(sorted(demo["obs"].items()))


def _chosen(what: str, wanted: tuple[str, ...], found: list[str]) -> tuple[str, ...]:
    for name in wanted:
        require_known(what, name, found)
    if what == "camera" and not found:
        raise SightlineError("These demonstrations hold no pictures: convert them with image observations.")
    return wanted or tuple(found)


def _is_picture(values: Any) -> bool:
    return values.ndim == 4 and values.shape[3] == 3 and values.dtype == np.uint8


def _is_state(values: Any) -> bool:
    return values.ndim in (1, 2) and np.issubdtype(values.dtype, np.floating)


def _width(values: Any) -> int:
    return values.shape[1] if values.ndim == 2 else 1


def _arguments(file: Any) -> dict[str, Any]:
    """What the file says of its environment; nothing where it says nothing that can be read."""
    try:
        found = json.loads(file["data"].attrs.get("env_args", "{}"))
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _instruction(file: Any) -> str:
    """LIBERO's own words for the task of a file; empty where there are none."""
    try:
        said = json.loads(file["data"].attrs.get("problem_info", "{}")).get("language_instruction", "")
    except (AttributeError, TypeError, ValueError):
        return ""
    return "".join(said) if isinstance(said, (list, str)) else ""


def _from_name(path: Path) -> str:
    """``put_the_mug_on_the_plate_demo.hdf5`` says what was done."""
    return path.stem.removesuffix("_demo").replace("_", " ")
