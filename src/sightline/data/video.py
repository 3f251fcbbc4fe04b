"""Episodes as H.264 videos: deterministic encoding, exact frame access."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from sightline.core.errors import SightlineError

CODEC, PIXEL_FORMAT = "h264", "yuv420p"
QUALITY = 20
PRESET = "veryfast"
# x264's macroblock tree reads memory that it never set when key frames are this close, so its bytes would vary from run
# to run; some of its vector code rounds differently on other processors.
REPRODUCIBLE = {"bf": "0", "sc_threshold": "0", "mbtree": "0", "x264-params": "cpu-independent=1"}
SMALL_PICTURE = 400 * 400


def encode_video(frames: list[NDArray[np.uint8]] | NDArray[np.uint8], fps: int, key_every: int = 2) -> bytes:
    """Frames [T,H,W,3] uint8 RGB (even H and W) as an MP4 file; frame t is shown at t / fps seconds.

    The bytes are a function of the frames alone: one thread, no clock, no B-frames.

    Args:
        key_every: distance between key frames; 2 keeps random access cheap, 1 suits unrelated pictures.
    """
    height, width = frames[0].shape[:2]
    if height % 2 or width % 2:
        raise SightlineError(f"Pictures of {width}x{height} cannot be stored as video: width and height must be even.")
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, PIXEL_FORMAT
        stream.thread_count = 1
        stream.options = {"preset": PRESET, "crf": str(QUALITY), "g": str(key_every)} | REPRODUCIBLE
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = number
            frame.time_base = Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return sink.getvalue()


@contextmanager
def _opened(path: Path, alone: bool = False) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The container and its video stream; whatever FFmpeg dislikes becomes a SightlineError that names the file.

    alone: a single picture is wanted; starting more threads for it costs more than they bring.
    """
    if not path.exists():
        raise SightlineError(f"{path} is missing: this camera was not recorded or the dataset is incomplete.")
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = {"err_detect": "explode"}  # damage is an error, never grey blocks
            # Threads cost more than they bring for small pictures, and data loaders run side by side anyway.
            if alone or stream.codec_context.width * stream.codec_context.height <= SMALL_PICTURE:
                stream.thread_count = 1
            else:
                stream.thread_type = "AUTO"
            yield container, stream
    except (av.FFmpegError, IndexError) as error:
        raise SightlineError(
            f"{path} cannot be decoded ({error}): it is damaged or was cut short; copy or generate the dataset again."
        ) from None


def _seek(container: av.container.InputContainer, stream: av.VideoStream, seconds: float) -> None:
    """Go to the last key frame at or before ``seconds``."""
    container.seek(int(seconds / stream.time_base), stream=stream, backward=True)


def _stretch(path: Path, count: int, fps: float, start: float) -> Iterator[av.VideoFrame]:
    """The ``count`` frames shown from ``start`` seconds on. Raises SightlineError when there are fewer."""
    found = 0
    with _opened(path) as (container, stream):
        if start > 0:
            _seek(container, stream, start)
        for frame in container.decode(stream):
            if frame.time < start - 0.5 / fps:
                continue
            found += 1
            yield frame
            if found == count:
                return
    raise SightlineError(
        f"{path} ends after {found} of {count} frames: it was cut short; copy or generate the dataset again."
    )


def decode_video(path: Path, count: int, fps: float, start: float = 0.0) -> NDArray[np.uint8]:
    """The ``count`` frames [count,H,W,3] uint8 RGB shown from ``start`` seconds on.

    Raises SightlineError when the file is damaged or holds fewer frames than promised.
    """
    return np.stack(list(stream_video(path, count, fps, start)))


def stream_video(path: Path, count: int, fps: float, start: float = 0.0) -> Iterator[NDArray[np.uint8]]:
    """:func:`decode_video` one frame [H,W,3] at a time: long episodes need not fit into memory."""
    converter = VideoReformatter()  # one for all frames: setting one up costs as much as a small picture
    for frame in _stretch(path, count, fps, start):
        yield converter.reformat(frame, format="rgb24").to_ndarray().astype(np.uint8, copy=False)


def check_video(path: Path, count: int, fps: float, start: float = 0.0) -> None:
    """Decode a stretch without keeping it. Raises SightlineError as decode_video does, or on an irregular clock."""
    for number, frame in enumerate(_stretch(path, count, fps, start)):
        if abs(frame.time - start - number / fps) > 0.25 / fps:
            raise SightlineError(
                f"{path} shows frame {number} at {frame.time:.3f} s, not at {start + number / fps:.3f} s."
            )


def decode_frame(path: Path, seconds: float, fps: float) -> NDArray[np.uint8]:
    """The frame [H,W,3] uint8 RGB shown at exactly ``seconds`` (never the key frame before it instead).

    Raises SightlineError when the file is damaged or has no frame at that time.
    """
    with _opened(path, alone=True) as (container, stream):
        _seek(container, stream, max(seconds - 0.25 / fps, 0.0))
        for frame in container.decode(stream):
            if abs(frame.time - seconds) < 0.25 / fps:
                return frame.to_ndarray(format="rgb24")
            if frame.time > seconds:
                break
    raise SightlineError(f"{path} has no frame at {seconds:.4f} s: video and table do not belong together.")
