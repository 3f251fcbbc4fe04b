"""What a client sends, read as an observation: keys, shapes, ranges, pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.core.card import Card
from sightline.core.errors import did_you_mean
from sightline.core.geometry import Camera
from sightline.core.pictures import DAMAGE, shown
from sightline.core.types import Observation
from sightline.serve.refusal import Refusal

PIXELS = 2**22  # of one picture, at most
TRACE = 512  # points of a trace, at most
WORDS = 2000  # letters of an instruction, at most
CAMERA_NUMBERS = 15  # see Camera.to_vector
FAR, SKEWED = 1e6, 0.01  # of a calibration: no number is larger, and no rotation is further from being one
PROMPTS = ("prompt", "instruction", "task")
STATES = ("observation/state", "observation.state", "state")


@dataclass(frozen=True)
class Interface:
    """What the served policy looks at.

    Attributes:
        card: of the policy.
        cameras: names of the cameras that it needs, in order; none where it never looks.
        state_size: numbers of the robot's state that it needs; 0 where it takes none.
    """

    card: Card
    cameras: tuple[str, ...]
    state_size: int

    def camera_keys(self, camera: str) -> tuple[str, ...]:
        """Keys under which a camera's picture may come; the first is the one that metadata name."""
        keys = (
            f"observation/{camera}_image",
            f"observation/{camera}",
            f"observation/images/{camera}",
            f"observation.images.{camera}",
            f"images/{camera}",
        )
        return (*keys, "observation/image", "image") if camera == self.cameras[0] else keys

    def observation(self, message: Mapping[str, Any]) -> Observation:
        """The observation in a flat message. Raises Refusal that names the field which is missing or wrong."""
        values = dict(message)
        if isinstance(nested := values.pop("images", None), dict):
            values |= {f"images/{name}": picture for name, picture in nested.items()}
        images, cameras = {}, {}
        strange = self._strange(values)
        for name in self.cameras:
            images[name] = picture_of(*found(values, self.camera_keys(name), strange))
            if (key := f"calibration/{name}") in values:
                cameras[name] = calibration_of(key, values[key])
        state = np.zeros(0, np.float32)
        if self.state_size:
            state = state_of(*found(values, STATES, strange), self.state_size)
        words = prompt_of(*found(values, PROMPTS, strange)) if self.cameras else ""
        return Observation(images, state, words, cameras)

    def is_observation(self, values: Mapping[Any, Any]) -> bool:
        """Whether a flat message holds an observation, or a part of one."""
        known = {key for name in self.cameras for key in self.camera_keys(name)} | {*STATES, *PROMPTS, "images"}
        return not known.isdisjoint(values)

    def _strange(self, values: Mapping[Any, Any]) -> list[str]:
        """Keys that mean nothing here: perhaps one that is missing was meant."""
        known = {key for name in self.cameras for key in self.camera_keys(name)} | {*STATES, *PROMPTS}
        return [key for key in values if isinstance(key, str) and key not in known]


def found(values: Mapping[str, Any], keys: tuple[str, ...], strange: list[str]) -> tuple[str, Any]:
    """The first of these keys that is there, and its value. Raises Refusal that names the nearest strange one."""
    for key in keys:
        if key in values:
            return key, values[key]
    near = did_you_mean(keys[0], strange)
    raise Refusal(f"The observation lacks '{keys[0]}'{near}.", keys[0])


def picture_of(key: str, value: Any) -> NDArray[np.uint8]:
    """[H,W,3] uint8 of an array or the bytes of a JPEG or PNG file. Raises Refusal."""
    if isinstance(value, bytes):
        return decoded(key, value)
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3:
        raise Refusal(
            f"'{key}' must be a picture [height, width, 3] of uint8, or the bytes of a JPEG or PNG file, not "
            f"{_described(value)}.",
            key,
        )
    _require_size(key, value.shape[0], value.shape[1])
    return value


def decoded(key: str, data: bytes) -> NDArray[np.uint8]:
    """[H,W,3] uint8 of a file's bytes, whose size is read before memory is taken for it. Raises Refusal."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            _require_size(key, image.height, image.width)
            return shown(image)
    except DAMAGE as error:
        reason = str(error).split("<", 1)[0].strip() or type(error).__name__
        raise Refusal(f"'{key}' is not a JPEG or PNG file that can be read ({reason}).", key) from None


def _require_size(key: str, height: int, width: int) -> None:
    if not height or not width or height * width > PIXELS:
        raise Refusal(f"'{key}' has {width} x {height} pixels; a picture has 1 to {PIXELS}.", key)


def state_of(key: str, value: Any, size: int) -> NDArray[np.float32]:
    """[size] float32. Raises Refusal."""
    numbers = np.asarray(value) if isinstance(value, (list, np.ndarray)) and _plain(value) else None
    if numbers is None or numbers.dtype.kind not in "iuf" or numbers.shape != (size,):
        raise Refusal(f"'{key}' must be {size} numbers, not {_described(value)}.", key)
    with np.errstate(over="ignore"):
        state = numbers.astype(np.float32)
    if not np.isfinite(state).all():
        at = int((~np.isfinite(state)).argmax())
        raise Refusal(f"'{key}' holds {state[at]} at place {at}; every number must be finite.", key)
    return state


def trace_of(key: str, value: Any) -> NDArray[np.float32]:
    """[N,2] float32, N from 2 to TRACE. Raises Refusal."""
    listed = isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if not listed or not 2 <= len(value) <= TRACE:
        raise Refusal(f"'{key}' must be 2 to {TRACE} pairs of numbers, not {_described(value)}.", key)
    return np.stack([state_of(key, pair, 2) for pair in value])


def calibration_of(key: str, value: Any) -> Camera:
    """A camera from its 15 numbers. Raises Refusal."""
    numbers = state_of(key, value, CAMERA_NUMBERS)
    if not (numbers[:3] > 0).all():
        raise Refusal(f"'{key}' must begin with width, height and focal length in pixels, all above 0.", key)
    turn = numbers[3:].reshape(3, 4)[:, :3].astype(np.float64)
    if (np.abs(numbers) > FAR).any() or np.abs(turn @ turn.T - np.eye(3)).max() > SKEWED:
        raise Refusal(f"'{key}' must end with a pose [3,4] in metres whose first three columns are a rotation.", key)
    return Camera.from_vector(numbers)


def prompt_of(key: str, value: Any) -> str:
    """What somebody says. Raises Refusal."""
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"'{key}' must be words, not {_described(value)}.", key)
    if len(value) > WORDS:
        raise Refusal(f"'{key}' has {len(value)} letters; at most {WORDS} are read.", key)
    return value


def _plain(value: list | NDArray) -> bool:
    return isinstance(value, np.ndarray) or all(type(item) in (int, float) for item in value)


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {list(value.shape)} of {value.dtype}"
    return f"a list of {len(value)}" if isinstance(value, list) else f"a {type(value).__name__}"
