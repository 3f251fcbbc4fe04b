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
from sightline.data.rows import REACH

CODEC, PIXEL_FORMAT = "h264", "yuv420p"
QUALITY = 20
PRESET = "veryfast"
# x264's macroblock tree reads memory that it never set when key frames are this close, so its bytes would vary from run
# to run; some of its vector code rounds differently on other processors.
REPRODUCIBLE = {"bf": "0", "sc_threshold": "0", "mbtree": "0", "x264-params": "cpu-independent=1"}
SMALL_PICTURE = 400 * 400
EXACT = 1e-3  # of a frame: closer than that no other can be nearer
PROBE = 32  # frames whose times are compared with the file's list of them


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


def _shown(
    path: Path, times: NDArray[np.float64], fps: float, alone: bool = False
) -> Iterator[av.VideoFrame]:  # fmt: skip
    """The frames shown at ``times`` [N] (seconds, ascending): each time's nearest, a quarter of 1 / fps away at most.

    Raises SightlineError where there is none.
    """
    reach, exact = REACH / fps, EXACT / fps
    with _opened(path, alone) as (container, stream):
        if times[0] > reach:
            _seek(container, stream, times[0] - reach)
        frames = container.decode(stream)
        before: av.VideoFrame | None = None
        here: av.VideoFrame | None = None
        for number, wanted in enumerate(times):
            while here is None or here.time < wanted - exact:
                before, here = here or before, next(frames, None)
                if here is None:
                    break
            near = [frame for frame in (before, here) if frame is not None and abs(frame.time - wanted) <= reach]
            if near:
                yield min(near, key=lambda frame: abs(frame.time - wanted))
                continue
            if here is None and number:
                raise SightlineError(
                    f"{path} ends after {number} of {len(times)} frames: it was cut short; copy or generate the "
                    "dataset again."
                )
            raise SightlineError(f"{path} has no frame at {wanted:.4f} s: video and table do not belong together.")


def film_times(path: Path) -> NDArray[np.float64]:
    """[N] seconds at which a film shows its frames, ascending, without decoding any.

    Raises SightlineError when the file is damaged or was cut short.
    """
    with _opened(path, alone=True) as (container, stream):
        found = _listed_times(path, container, stream)
        if found is None:
            container.seek(0)
            packets = (packet for packet in container.demux(stream) if not packet.is_discard)
            found = [packet.pts for packet in packets if packet.pts is not None]
        times = np.sort(np.array(found, np.float64)) * float(stream.time_base or 1)
    if not len(times):
        raise SightlineError(f"{path} has no frames: it is damaged or was cut short; copy the dataset again.")
    return times


def _listed_times(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream
) -> list[int] | None:  # fmt: skip
    """The times that the file's own list of frames gives; None where it has none, or does not keep the order shown."""
    entries = [] if stream.codec_context.has_b_frames else list(stream.index_entries)
    if not entries or any(entry.is_discard for entry in entries):
        return None
    first = [packet for packet, _ in zip(container.demux(stream), range(PROBE), strict=False) if packet.pts is not None]
    if [packet.pts for packet in first] != [entry.timestamp for entry in entries[: len(first)]]:
        return None
    if max(entry.pos + entry.size for entry in entries) > path.stat().st_size:
        raise SightlineError(f"{path} ends before its last frame: it was cut short; copy the dataset again.")
    return [entry.timestamp for entry in entries]


def decode_video(
    path: Path, count: int, fps: float, start: float = 0.0, clock: NDArray[np.float64] | None = None
) -> NDArray[np.uint8]:  # fmt: skip
    """All of :func:`stream_video` [count,H,W,3] at once."""
    return np.stack(list(stream_video(path, count, fps, start, clock)))


def stream_video(
    path: Path, count: int, fps: float, start: float = 0.0, clock: NDArray[np.float64] | None = None
) -> Iterator[NDArray[np.uint8]]:  # fmt: skip
    """The ``count`` frames [H,W,3] uint8 RGB of an episode, one at a time: each as :func:`decode_frame` finds it.

    Args:
        start: seconds of the film at which the episode begins.
        clock: [count] seconds of each frame from there on, ascending; by default frame / fps.

    Raises SightlineError when the file is damaged or has no frame at one of these times.
    """
    converter = VideoReformatter()  # one for all frames: setting one up costs as much as a small picture
    for frame in _shown(path, _times(count, fps, start, clock), fps):
        yield converter.reformat(frame, format="rgb24").to_ndarray().astype(np.uint8, copy=False)


def _times(count: int, fps: float, start: float, clock: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return start + (np.arange(count) / fps if clock is None else clock)


def check_video(
    path: Path, count: int, fps: float, start: float = 0.0, clock: NDArray[np.float64] | None = None
) -> None:  # fmt: skip
    """Decode an episode's frames without keeping them. Raises SightlineError as stream_video does."""
    for _ in _shown(path, _times(count, fps, start, clock), fps):
        pass


def decode_frame(path: Path, seconds: float, fps: float) -> NDArray[np.uint8]:
    """The frame [H,W,3] uint8 RGB shown at ``seconds``: the nearest, never the key frame before it instead.

    Raises SightlineError when the file is damaged or has no frame within a quarter of 1 / fps.
    """
    return next(_shown(path, np.array([seconds]), fps, alone=True)).to_ndarray(format="rgb24")
