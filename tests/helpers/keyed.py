"""Small LeRobot datasets in which every picture and every number says whose it is, stored in any order.

Picture t of episode e shows e and t as eight black or white blocks each; every number of its row is e + t / 100.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from sightline.data import load_dataset
from sightline.data.embodiments import CameraSource, Embodiment, Part
from sightline.data.recordings import Recordings

SIDE = 32
CAMERA = "observation.images.top"
TICKS = 90_000  # a second of a film
NAMES = ("a", "b")
ARM = Embodiment(
    name="arm", tag="arm", cameras=(CameraSource("primary", "top", CAMERA),), state=(Part("a", ("a",), "min_max"),),
    action=(Part("move", NAMES, "min_max", column="action"),), action_space="joints", rotation="none", gripper="none",
)  # fmt: skip


def picture(episode: int, t: int) -> np.ndarray:
    """[SIDE,SIDE,3] uint8."""
    bits = [number >> bit & 1 for number in (episode, t) for bit in range(8)]
    blocks = np.array(bits, np.uint8).reshape(4, 4) * 200 + 25
    return np.repeat(np.kron(blocks, np.ones((SIDE // 4, SIDE // 4), np.uint8))[..., None], 3, 2)


def shown(image: np.ndarray) -> tuple[int, int]:
    """(episode, t) that a picture shows."""
    blocks = image.mean(2).reshape(4, SIDE // 4, 4, SIDE // 4).mean((1, 3)).ravel() > 127
    first, second = (sum(int(bit) << place for place, bit in enumerate(half)) for half in (blocks[:8], blocks[8:]))
    return first, second


def write_film(path: Path, frames: Sequence[tuple[float, np.ndarray]]) -> None:
    """A film that shows each picture from its time on (seconds, ascending)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width = stream.height = SIDE
        stream.pix_fmt, stream.thread_count = "yuv420p", 1
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.options = {"preset": "ultrafast", "crf": "18", "g": "3", "bf": "0"}
        for seconds, image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round(seconds * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def rows_of(episode: int, length: int, first: int, fps: float) -> list[dict[str, Any]]:
    """The rows of an episode as LeRobot writes them."""
    return [
        {
            "observation.state": [episode + t / 100] * 2, "action": [episode + t / 100] * 2, "timestamp": t / fps,
            "frame_index": t, "episode_index": episode, "index": first + t, "task_index": 0,
        }
        for t in range(length)
    ]  # fmt: skip


SCHEMA = {name: pa.list_(pa.float32()) for name in ("observation.state", "action")} | {"timestamp": pa.float32()}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """A data file; pictures among the values become PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, pa.Array] = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        if isinstance(values[0], np.ndarray):
            values = [{"bytes": png(value), "path": "p.png"} for value in values]
        columns[name] = pa.array(values, SCHEMA.get(name))
    pq.write_table(pa.table(columns), path, row_group_size=5)


def png(image: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(image).save(sink, "PNG")
    return sink.getvalue()


def write_info(root: Path, version: str, fps: float, count: int, image: bool = False, **more: Any) -> None:
    """info.json, and the one task."""
    features: dict[str, Any] = {CAMERA: {"dtype": "image" if image else "video", "shape": [SIDE, SIDE, 3]}}
    features[CAMERA]["names"] = ["height", "width", "channels"]
    features |= {name: {"dtype": "float32", "shape": [2], "names": list(NAMES)} for name in SCHEMA if "." in name}
    features["action"] = {"dtype": "float32", "shape": [2], "names": ["p", "q"]}
    features |= {name: {"dtype": "int64", "shape": [1], "names": None} for name in ("frame_index", "task_index")}
    folder = root / "meta"
    folder.mkdir(parents=True, exist_ok=True)
    info = {"codebase_version": version, "fps": fps, "total_episodes": count, "features": features}
    (folder / "info.json").write_text(json.dumps(info | more))
    if version.startswith("v3"):
        pq.write_table(pa.table({"task_index": [0], "task": ["pick it up"]}), folder / "tasks.parquet")
    else:
        (folder / "tasks.jsonl").write_text('{"task_index": 0, "task": "pick it up"}\n')


def write_v2(root: Path, lengths: dict[int, int], fps: float = 10, film: float | None = None, **more: Any) -> Path:
    """v2.1: a data file and a film an episode. ``film``: pictures a second, default ``fps``."""
    rate = film or fps
    lines = []
    for episode, length in lengths.items():
        name = f"chunk-{episode // 1000:03d}/episode_{episode:06d}"
        write_rows(root / f"data/{name}.parquet", rows_of(episode, length, 0, fps))
        path = root / f"videos/chunk-{episode // 1000:03d}/{CAMERA}/episode_{episode:06d}.mp4"
        count = max(1, round(length * rate / fps))
        write_film(path, [(k / rate, picture(episode, round(k * fps / rate))) for k in range(count)])
        lines.append(json.dumps({"episode_index": episode, "tasks": ["pick it up"], "length": length}))
    write_info(root, "v2.1", fps, len(lengths), **more)
    (root / "meta/episodes.jsonl").write_text("\n".join(lines))
    return root


def write_v3(root: Path, stored: Sequence[tuple[int, int]], fps: float = 10, image: bool = False) -> Path:
    """v3.0: all episodes (number, length) in one data file and one film, in the order given."""
    rows: list[dict[str, Any]] = []
    frames: list[tuple[float, np.ndarray]] = []
    index = []
    for episode, length in stored:
        first = len(rows)
        rows += rows_of(episode, length, first, fps)
        frames += [((first + t) / fps, picture(episode, t)) for t in range(length)]
        index.append(meta_row(episode, length, first, first / fps, (first + length) / fps))
    if image:
        rows = [row | {CAMERA: image_of} for row, (_, image_of) in zip(rows, frames, strict=True)]
    else:
        write_film(root / f"videos/{CAMERA}/chunk-000/file-000.mp4", frames)
    write_rows(root / "data/chunk-000/file-000.parquet", rows)
    write_index(root, index)
    write_info(root, "v3.0", fps, len(stored), image)
    return root


def meta_row(
    episode: int, length: int, first: int, start: float, end: float, data: int = 0, film: int = 0
) -> dict[str, Any]:  # fmt: skip
    """A row of meta/episodes."""
    row = {"episode_index": episode, "tasks": ["pick it up"], "length": length, "data/chunk_index": 0}
    row |= {"data/file_index": data, "dataset_from_index": first, "dataset_to_index": first + length}
    row |= {f"videos/{CAMERA}/chunk_index": 0, f"videos/{CAMERA}/file_index": film}
    return row | {f"videos/{CAMERA}/from_timestamp": start, f"videos/{CAMERA}/to_timestamp": end}


def write_index(root: Path, rows: list[dict[str, Any]]) -> None:
    """meta/episodes in one file, sorted by episode as LeRobot does."""
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(sorted(rows, key=lambda row: row["episode_index"])), path)


def change_rows(path: Path, change: Any) -> None:
    """Rewrite a parquet file: ``change`` gets and returns its rows."""
    write_rows(path, change(pq.read_table(path).to_pylist()))


def change_index(root: Path, change: Any) -> None:
    """Change each row of meta/episodes in place."""
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        change(row)
    pq.write_table(pa.Table.from_pylist(rows), path)


def opened(root: Path, embodiment: Embodiment = ARM, chunk: int = 2) -> Recordings:
    return Recordings(load_dataset(root), embodiment, chunk)


def require_right(found: Recordings, episodes: Sequence[int]) -> None:
    """Assert that exactly these episodes are read, and every picture and number of them is its own, on every route."""
    assert found.episodes == list(episodes), found.problems
    for episode in episodes:
        length = found.dataset.meta(episode).length
        streamed = [shown(images["primary"]) for images in found.pictures(episode)]
        assert streamed == [(episode, t) for t in range(length)]
        for t in range(length):
            sample = found.sample(episode, t)
            assert shown(sample.observation.images["primary"]) == (episode, t)
            np.testing.assert_allclose(sample.actions[0], episode + t / 100, rtol=1e-6)
            np.testing.assert_allclose(sample.observation.state, episode + t / 100, rtol=1e-6)
