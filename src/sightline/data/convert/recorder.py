"""What sightline_client.Recorder wrote on a robot: a folder with a file an episode."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.core.pictures import decode_picture
from sightline.core.types import Recording
from sightline.data.convert import Asked, Source
from sightline_client.errors import PolicyError
from sightline_client.recorder import read_recording, recordings


def read(source: Path, asked: Asked) -> Source:
    """What the file, or the folder of files, at ``source`` holds.

    Raises SightlineError when there is none, or one is damaged, or when they do not agree.
    """
    files = [source] if source.is_file() else recordings(source)
    if not files:
        raise SightlineError(
            f"There is no recording at {source}: name a folder that sightline_client.Recorder wrote to."
        )
    stated, first = _start(files[0])
    for name in asked.cameras:
        require_known("camera", name, stated.cameras)
    for name in asked.state:
        require_known("state", name, stated.state_names)
    cameras = asked.cameras or stated.cameras
    if not cameras:
        raise SightlineError(f"{files[0]} holds no pictures: record what the cameras see.")
    height, width = _picture(first["images"][cameras[0]], f"{files[0]}, {cameras[0]}").shape[:2]
    card = replace(
        stated,
        cameras=cameras,
        image_size=(height, width),
        state_names=asked.state or stated.state_names,
        control_hz=asked.hz or stated.control_hz,
    )
    return Source(card, len(files), _recordings(files, stated, card, asked))


def _start(path: Path) -> tuple[Card, dict[str, Any]]:
    """The card that a file states, and its first tick."""
    parts = list(itertools.islice(_parts(path), 2))
    return Card.from_dict(parts[0]["card"]), parts[1]


def _parts(path: Path) -> Iterator[dict[str, Any]]:
    try:
        yield from read_recording(path)
    except PolicyError as error:
        raise SightlineError(str(error)) from None


def _recordings(files: Sequence[Path], stated: Card, card: Card, asked: Asked) -> Iterator[Recording]:
    state = [stated.state_names.index(name) for name in card.state_names]
    step = -1 if asked.flip else 1
    for path in files:
        parts = _parts(path)
        head = next(parts)
        Card.from_dict(head["card"]).require_match(stated, str(path), str(files[0]), ("chunk", "normalisation"))
        ticks = list(parts)
        pictures = {
            name: [_picture(tick["images"][name], f"{path}, {name}, step {t}") for t, tick in enumerate(ticks)]
            for name in card.cameras
        }
        for name, shown in pictures.items():
            if odd := next((picture.shape for picture in shown if picture.shape != (*card.image_size, 3)), None):
                raise SightlineError(
                    f"{path} has pictures of {name} of shape {odd}; {(*card.image_size, 3)} are expected: record all "
                    "cameras at one size, or choose some with --cameras."
                )
        yield Recording(
            instruction=head["instruction"] or asked.instruction,
            images={name: np.stack(shown)[:, ::step] for name, shown in pictures.items()},
            state=np.stack([tick["state"] for tick in ticks])[:, state],
            action=np.stack([tick["action"] for tick in ticks]),
        )


def _picture(value: NDArray[np.uint8] | bytes, name: str) -> NDArray[np.uint8]:
    """[H,W,3] uint8 of an array or the bytes of a picture file."""
    return decode_picture(value, name) if isinstance(value, bytes) else value
