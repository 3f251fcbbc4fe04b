"""What a robot does, written down for a policy to learn from.

``sightline convert FOLDER --format recorder --out DATASET`` makes a LeRobot dataset of it.

with PolicyClient("ws://127.0.0.1:8000") as client, Recorder("recordings", client.metadata["card"]) as recorder:
    recorder.begin("put the mug on the plate")
    while not done:
        observation = robot.observe()
        action = actions.next(lambda: observation)
        recorder.add(observation, action)
        robot.move(action)
    recorder.end()

An episode is a file of parts, each with its length and checksum, that grows while the robot moves and gets its name
when the episode has ended and lies on the disk: whatever kills the program, the episodes before are whole.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Iterator, Sequence

import numpy as np

from sightline_client.codec import CodecError, Limits, pack, unpack
from sightline_client.errors import PolicyError

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

MAGIC = b"sightline recording 1\n"
PART = struct.Struct("<II")  # length and CRC-32 of what follows
LIMITS = Limits(size=256 * 2**20)
FILES = (b"\xff\xd8\xff", b"\x89PNG")  # how JPEG and PNG files begin
NAME = "episode-{:06d}.recording"
NAMED = re.compile(r"episode-(\d{6,})\.recording\Z")
RUNNING, LOCK = "running.part", ".lock"


class Recorder:
    """Writes episodes into a folder, after those that are there already.

    Args:
        folder: made where there is none; one program at a time records into it.
        card: the interface card of the robot, as a server states it in its metadata. Its ``cameras``, ``state_names``,
            ``action_names`` say what observations and actions must hold; one action is done every 1 / ``control_hz``
            seconds.

    Attributes:
        episodes: that have been recorded into the folder.

    Raises PolicyError where the card lacks something or the folder cannot be used.
    """

    def __init__(self, folder: str | Path, card: dict[str, Any]) -> None:
        if lacking := [
            key for key in ("robot", "cameras", "state_names", "action_names", "control_hz") if key not in card
        ]:
            raise PolicyError(f"The card lacks '{lacking[0]}'; take the whole card of a server's metadata.")
        self.folder, self.card = Path(folder), card
        self._file: IO[bytes] | None = None
        self._steps = 0
        self._size: tuple[int, ...] | None = None  # of the running episode's pictures
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / LOCK).open("ab")
        self._own()
        self.episodes = len(recordings(self.folder))

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def begin(self, instruction: str) -> None:
        """An episode begins, in which the robot does what ``instruction`` says; one that still runs is dropped."""
        if not isinstance(instruction, str) or not instruction.strip():
            raise PolicyError("An episode needs an instruction: what the robot does in it, in plain English.")
        self.drop()
        with self._writing():
            self._file = (self.folder / RUNNING).open("wb")
            self._file.write(MAGIC)
        self._steps, self._size = 0, None
        self._write({"card": self.card, "instruction": instruction})

    def add(self, observation: dict[str, Any], action: Sequence[float] | np.ndarray) -> None:
        """One tick: what was seen (keys as for PolicyClient.infer) and what was done upon it.

        Raises PolicyError where something is missing or of another shape than the card, or the first tick, says.
        """
        if self._file is None:
            raise PolicyError("No episode has begun; call begin() with its instruction first.")
        images = {name: self._picture(observation, f"observation/{name}_image") for name in self.card["cameras"]}
        state = _numbers("observation/state", observation.get("observation/state", ()), self.card["state_names"])
        self._write({"images": images, "state": state, "action": _numbers("action", action, self.card["action_names"])})
        self._steps += 1

    def end(self) -> Path:
        """The episode is done and worth learning from; its file, which lies on the disk when this returns."""
        if self._file is None or not self._steps:
            raise PolicyError("There is nothing to keep: no step of an episode has been added.")
        self._write({"steps": self._steps})
        numbers = [
            int(found.group(1)) for found in (NAMED.match(path.name) for path in recordings(self.folder)) if found
        ]
        path = self.folder / NAME.format(max(numbers, default=-1) + 1)
        with self._writing():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            (self.folder / RUNNING).rename(path)
            _sync_folder(self.folder)
        self._file = None
        self.episodes += 1
        return path

    def drop(self) -> None:
        """The episode that runs, if any, is not worth keeping."""
        if self._file is not None:
            with suppress(OSError):  # on a full disk: what cannot be written is not wanted either
                self._file.close()
            self._file = None
            (self.folder / RUNNING).unlink()

    def close(self) -> None:
        """Drop an episode that still runs, and let others record into the folder."""
        self.drop()
        self._lock.close()

    # ---- inside -------------------------------------------------------------------------------------------------

    def _own(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
        except OSError:
            self._lock.close()
            raise PolicyError(f"Another program records into {self.folder}; choose another folder.") from None

    def _picture(self, observation: dict[str, Any], key: str) -> np.ndarray | bytes:
        value = observation.get(key)
        if isinstance(value, bytes) and value.startswith(FILES):
            return value
        right = isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[2] == 3
        if not right:
            raise PolicyError(
                f"'{key}' must be a picture [height, width, 3] of uint8, or the bytes of a JPEG or PNG file."
            )
        assert isinstance(value, np.ndarray)
        self._size = self._size or value.shape
        if value.shape != self._size:
            raise PolicyError(f"'{key}' is of shape {value.shape}; all pictures of an episode must be {self._size}.")
        return value

    def _write(self, part: dict[str, Any]) -> None:
        assert self._file is not None
        data = pack(part)
        with self._writing():
            self._file.write(PART.pack(len(data), zlib.crc32(data)))
            self._file.write(data)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            lost = "; the running episode is lost" if self._file is not None else ""
            self.drop()
            raise PolicyError(f"Nothing can be written to {self.folder}: {error.strerror or error}{lost}.") from error


def recordings(folder: str | Path) -> list[Path]:
    """Files of the episodes in a folder, in the order in which they were recorded."""
    return sorted(path for path in Path(folder).glob("episode-*") if NAMED.match(path.name))


def read_recording(path: str | Path) -> Iterator[dict[str, Any]]:
    """The parts of an episode's file: first ``card`` and ``instruction``, then ``images``, ``state`` and ``action`` of
    each tick. Raises PolicyError where it is damaged or of another kind."""
    with Path(path).open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise PolicyError(f"{path} is no recording.")
        count = -1
        while True:
            part = _read_part(file, path)
            if "steps" in part:
                break
            count += 1
            yield part
        if part["steps"] != count or file.read(1):
            raise PolicyError(f"{path} is damaged: it holds {count} steps and says {part['steps']}.")


def _read_part(file: IO[bytes], path: str | Path) -> dict[str, Any]:
    head = file.read(PART.size)
    length, checksum = PART.unpack(head) if len(head) == PART.size else (LIMITS.size + 1, 0)
    data = file.read(length) if length <= LIMITS.size else b""
    if len(data) != length or zlib.crc32(data) != checksum:
        raise PolicyError(f"{path} is damaged, or ends too early; record the episode again.")
    try:
        part = unpack(data, LIMITS)
    except CodecError as error:
        raise PolicyError(f"{path} is damaged: {error}") from None
    if not isinstance(part, dict):
        raise PolicyError(f"{path} is damaged: it holds a {type(part).__name__}.")
    return part


def _numbers(what: str, value: Any, names: Sequence[str]) -> np.ndarray:
    try:
        numbers = np.array(value, np.float32)
    except (TypeError, ValueError):  # words, or rows of several lengths
        numbers = np.zeros(0, np.float32)
    if numbers.shape != (len(names),) or not np.isfinite(numbers).all():
        raise PolicyError(f"'{what}' must be {len(names)} finite numbers ({', '.join(names)}), not {str(value)[:80]}.")
    return numbers


def _sync_folder(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
