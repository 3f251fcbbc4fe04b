"""Videos: nearly lossless, the same bytes every time, every frame found at its own time, damage noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from synthetic import synthetic_episode

from sightline.core.errors import SightlineError
from sightline.data.video import check_video, decode_frame, decode_video, encode_video

FPS = 10


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.stack([frame.views["front"].image for frame in synthetic_episode(length=20, size=64).frames])


@pytest.fixture
def video(frames: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(encode_video(frames, FPS))
    return path


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


@pytest.mark.parametrize("key_every", [1, 2])
def test_pictures_survive(frames: np.ndarray, tmp_path: Path, key_every: int) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(encode_video(frames, FPS, key_every))
    decoded = decode_video(path, len(frames), FPS)
    assert decoded.shape == frames.shape and decoded.dtype == np.uint8
    assert psnr(decoded, frames) > 30


def test_bytes_depend_on_pictures_only(frames: np.ndarray) -> None:
    assert encode_video(frames, FPS) == encode_video(frames.copy(), FPS)


def test_bytes_do_not_depend_on_unset_memory(tmp_path: Path) -> None:
    """glibc fills fresh memory with a pattern: an encoder that reads what it never set gives itself away."""
    frames = np.stack([frame.views["front"].image for frame in synthetic_episode(length=10, size=224).frames])
    np.save(tmp_path / "frames.npy", frames)
    script = (
        "import sys, hashlib, numpy; from sightline.data.video import encode_video;"
        "print(hashlib.sha256(encode_video(numpy.load(sys.argv[1]), 10)).hexdigest())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "frames.npy")]
    digests = [
        subprocess.run(command, env=os.environ | {"MALLOC_PERTURB_": pattern}, capture_output=True, check=True).stdout
        for pattern in ("0", "1")
    ]
    assert digests[0] == digests[1]


def test_every_frame_is_found_at_its_time(video: Path, frames: np.ndarray) -> None:
    whole = decode_video(video, len(frames), FPS)
    for t in reversed(range(len(frames))):
        assert np.array_equal(decode_frame(video, t / FPS, FPS), whole[t])


def test_a_stretch_of_a_longer_video(video: Path, frames: np.ndarray) -> None:
    whole = decode_video(video, len(frames), FPS)
    assert np.array_equal(decode_video(video, 5, FPS, start=0.7), whole[7:12])
    check_video(video, 5, FPS, start=0.7)


def test_no_frame_at_that_time(video: Path) -> None:
    with pytest.raises(SightlineError, match="no frame at 9"):
        decode_frame(video, 9.0, FPS)


def test_too_short(video: Path) -> None:
    with pytest.raises(SightlineError, match="ends after 20 of 21 frames"):
        decode_video(video, 21, FPS)


@pytest.mark.parametrize("damage", ["truncated", "empty", "scribbled"])
def test_damage_is_named(video: Path, damage: str) -> None:
    data = bytearray(video.read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "empty":
        data = bytearray()
    else:
        at = data.index(b"mdat") + 1200
        data[at : at + 400] = np.random.default_rng(0).bytes(400)
    video.write_bytes(data)
    with pytest.raises(SightlineError, match=r"video\.mp4 .*(damaged|cut short)"):
        check_video(video, 20, FPS)


def test_odd_sizes_are_refused() -> None:
    with pytest.raises(SightlineError, match="must be even"):
        encode_video(np.zeros((1, 33, 64, 3), np.uint8), FPS)
