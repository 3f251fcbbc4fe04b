"""LeRobot's language columns: a copy of a dataset whose frames carry paraphrases, stages, plans, questions and traces.

LeRobot keeps what is said beside the frames in ``data/``: ``language_persistent``, the same list on every frame of an
episode, holds what stays true for a while; ``language_events`` what belongs to one frame. Readers of LeRobot older than
0.6 do not know these columns, hence a copy.
"""

from __future__ import annotations

import os
import shutil
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sightline.core import console
from sightline.core.errors import SightlineError
from sightline.core.outputs import writing
from sightline.data import layout
from sightline.data.dataset import Dataset, load_dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EpisodeLabels
from sightline.engine.vqa.asking import KINDS, Asked, Order, Reader, ask
from sightline.engine.vqa.formats import points_text, steps_text
from sightline.engine.vqa.planning import remaining, step
from sightline.language.paraphrases import wording
from sightline.language.referring import instruct

PERSISTENT, EVENTS = "language_persistent", "language_events"
PARAPHRASES = 8
KINDS_ASKED = tuple(kind for kind in KINDS if kind != "planning")  # plans and stages are in the persistent column
Row = dict[str, Any]


def add_language(source: Path, out: Path, seed: int = 0, language: str = "rich", phrasing: str = "train") -> dict:
    """Copy a dataset to ``out`` with both language columns. Files that stay as they are become hard links if possible.

    Returns:
        ``episodes``, ``rows`` (style -> number), ``seconds``.

    Raises SightlineError when ``out`` exists, the dataset has no dense labels or was not made by this package.
    """
    started, dataset, order = time.monotonic(), load_dataset(source), Order(KINDS_ASKED, seed, language, phrasing)
    order.check()
    if out.exists():
        raise SightlineError(f"{out} exists already: name a new folder for the copy.")
    if any(meta.labels is None for meta in dataset.episodes):
        raise SightlineError(f"{source} has no dense labels: only those made by 'sightline generate' do.")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    counts: Counter[str] = Counter()
    try:
        with writing(out):
            shutil.copytree(source, partial, copy_function=_link, ignore=shutil.ignore_patterns(".*"))
        bar = console.progress(total=len(dataset), label=f"language for {out.name}", unit="episode")
        with writing(out), bar:
            for meta in dataset.episodes:
                counts += _annotate(dataset, meta, partial, order)
                bar.update(1)
            _declare(partial)
            os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    result = {"episodes": len(dataset), "rows": dict(counts.most_common()), "seconds": time.monotonic() - started}
    rows = [["episodes", len(dataset)], *([f"rows: {style}", count] for style, count in counts.most_common())]
    console.table(f"Language columns {out}", ["", "value"], rows)
    return result


def _link(source: str, target: str) -> None:
    """A hard link, or a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _declare(root: Path) -> None:
    """Name the new columns in info.json; a new file, for the old one may be a link to the source's."""
    info = layout.read_json(root / layout.INFO)
    info["features"] |= {name: {"dtype": "language", "shape": [1], "names": None} for name in (PERSISTENT, EVENTS)}
    layout.write_durably(root / layout.INFO, layout.json_bytes(info))


def _annotate(dataset: Dataset, meta: EpisodeMeta, root: Path, order: Order) -> Counter[str]:
    """Write the rows of one episode; the number of new ones by style."""
    labels = dataset.labels(meta.index)
    rng = np.random.default_rng([order.seed, zlib.crc32(b"columns"), meta.index])
    lasting = persistent_rows(meta, labels, dataset.fps, order, rng)
    events = event_rows(dataset, meta, labels, order, rng)
    table = layout.read_parquet(meta.table)
    table = table.append_column(PERSISTENT, pa.array([lasting] * meta.length, row_type(timed=True)))
    table = table.append_column(EVENTS, pa.array(events, row_type(timed=False)))
    layout.write_durably(root / meta.table.relative_to(dataset.root), layout.parquet_bytes(table))
    return Counter(row["style"] for rows in (lasting, *events) for row in rows)


def row_type(timed: bool) -> pa.ListType:
    """Arrow type of a column: persistent rows carry the time from which they hold."""
    text = pa.string()
    fields = [pa.field("role", text, nullable=False), pa.field("content", text), pa.field("style", text)]
    fields += [pa.field("timestamp", pa.float32(), nullable=False)] if timed else []
    return pa.list_(pa.struct([*fields, pa.field("camera", text), pa.field("tool_calls", pa.list_(text))]))


def persistent_rows(
    meta: EpisodeMeta, labels: EpisodeLabels, fps: float, order: Order, rng: np.random.Generator
) -> list[Row]:
    """Other words for the task, and at every change of stage the new stage and the steps that are left."""
    task = meta.task
    if task is None:
        return []
    words = wording(order.language, order.phrasing)
    said = {instruct(task.relation, task.target_phrase, task.reference_phrase, rng, words) for _ in range(PARAPHRASES)}
    rows = [_row("user", text, "task_aug", timestamp=0.0) for text in sorted(said - {task.instruction})]
    for t, stage in enumerate(labels.subtasks):
        if t == 0 or stage != labels.subtasks[t - 1]:
            rows.append(_row("assistant", step(stage, task), "subtask", timestamp=t / fps))
            rows.append(_row("assistant", steps_text(remaining(stage, task)), "plan", timestamp=t / fps))
    return rows


def event_rows(
    dataset: Dataset, meta: EpisodeMeta, labels: EpisodeLabels, order: Order, rng: np.random.Generator
) -> list[list[Row]]:
    """For every frame and camera one question with its answer and, of a demonstration, the tool's way to come."""
    places = [(t, camera) for t in range(meta.length) for camera in dataset.cameras]
    reader = Reader(dataset, meta, labels, order, places)
    rows: list[list[Row]] = [[] for _ in range(meta.length)]
    done: Counter[str] = Counter()
    for t, camera in places:
        key = layout.image_key(camera)
        picture = reader.picture(t, camera)
        found = ask(picture, order.kinds, done, rng, Asked())
        if found is not None:
            done[found[0]] += 1
            question, answer = found[1][0]
            rows[t] += [_row("user", question, "vqa", camera=key), _row("assistant", answer, "vqa", camera=key)]
        trace = labels.traces[camera][t]
        if picture.inside(trace):
            rows[t].append(_row("assistant", points_text(trace), "trace", camera=key))
    return rows


def _row(role: str, content: str, style: str, camera: str | None = None, timestamp: float | None = None) -> Row:
    row: Row = {"role": role, "content": content, "style": style, "camera": camera, "tool_calls": None}
    return row if timestamp is None else row | {"timestamp": timestamp}
