"""Is this dataset what it claims to be? Reads every file, says what is wrong, counts what is in it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.core import console
from sightline.core.errors import SightlineError
from sightline.core.outputs import keeping
from sightline.data.dataset import Dataset, load_dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EpisodeLabels
from sightline.data.pairing import unpaired
from sightline.data.video import check_video

SHOWN_PROBLEMS = 20
SPECK = 12  # pixels: an object that shows no more may go without a box


def inspect(path: Path | str, html: Path | str | None = None) -> dict:
    """Read every file of a dataset, print a summary and the problems found; optionally write a page with pictures.

    Returns:
        ``episodes``, ``frames``, ``problems`` (sentences), ``kinds``, ``cameras``, ``instructions`` (distinct ones),
        ``objects`` (distinct ones), ``relations`` (relation -> episodes), ``bytes``, ``seconds`` (of recording).

    Raises SightlineError when there is no dataset or its index is damaged.
    """
    dataset = load_dataset(path)
    problems = list(dataset.problems)
    apart = unpaired(dataset, [meta.index for meta in dataset.episodes if meta.length], dataset.cameras)
    with console.progress(total=len(dataset), label="checking", unit="episode") as bar:
        for meta in dataset.episodes:
            found = list(episode_problems(dataset, meta)) or [apart[i] for i in (meta.index,) if i in apart]
            problems += [f"episode {meta.index}: {problem}" for problem in found]
            bar.update(1, problems=len(problems))
    result = {
        "episodes": len(dataset),
        "frames": dataset.frames,
        "problems": problems,
        "kinds": dict(Counter(meta.kind for meta in dataset.episodes)),
        "cameras": list(dataset.cameras),
        "instructions": len(set(filter(None, map(_told, repeat(dataset), dataset.episodes)))),
        "objects": len({item.id for meta in dataset.episodes for item in meta.objects}),
        "relations": dict(Counter(meta.task.relation for meta in dataset.episodes if meta.task)),
        "bytes": sum(file.stat().st_size for file in dataset.root.rglob("*") if file.is_file()),
        "seconds": dataset.frames / dataset.fps,
    }
    _print(dataset, result)
    if html is not None:
        from sightline.data.html import write_page  # loads matplotlib

        with keeping(result):
            write_page(dataset, result, Path(html))
    return result


def _told(dataset: Dataset, meta: EpisodeMeta) -> str:
    try:
        return dataset.instruction(meta.index)
    except SightlineError:
        return ""  # already listed among the problems


def _print(dataset: Dataset, result: dict) -> None:
    shown = ("episodes", "frames", "seconds", "kinds", "cameras", "instructions", "objects", "relations")
    rows = [[name, _plain(result[name])] for name in shown if result[name]]
    rows += [["megabytes", round(result["bytes"] / 1e6, 1)], ["problems", len(result["problems"])]]
    console.table(f"Dataset {dataset.root}", ["", "value"], rows)
    for problem in result["problems"][:SHOWN_PROBLEMS]:
        console.say(f"problem: {problem}", style="bold red")
    if len(result["problems"]) > SHOWN_PROBLEMS:
        console.say(f"... and {len(result['problems']) - SHOWN_PROBLEMS} more problems (all with --json).", style="red")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items())
    return ", ".join(value) if isinstance(value, list) else value


def episode_problems(dataset: Dataset, meta: EpisodeMeta) -> Iterator[str]:
    """What is wrong with one episode: files, lengths, clock, NaN, labels."""
    clock = None
    try:
        dataset.columns(meta.index)
        clock = dataset.clock(meta.index)
    except SightlineError as error:
        yield str(error)
    for camera in meta.cameras if meta.length else ():
        try:
            if camera in meta.videos:
                place = meta.videos[camera]
                check_video(place.path, meta.length, dataset.fps, place.start, clock)
            elif clock is not None:
                deque(dataset.stream(meta.index, camera), maxlen=0)
        except SightlineError as error:
            yield str(error)
    if meta.labels is None:
        return
    try:
        labels = dataset.labels(meta.index)
        yield from label_problems(labels)
        for camera in dataset.cameras:
            yield from map_problems(labels, camera, dataset.ids(meta.index, camera))
    except SightlineError as error:
        yield str(error)


def label_problems(labels: EpisodeLabels) -> Iterator[str]:
    """Labels that cannot be true whatever the pictures show."""
    for name in ("positions", "yaws", "grasp_points", "grasp_yaws", "tool", "tool_yaw", "gripper_width"):
        if not np.isfinite(getattr(labels, name)).all():
            yield f"the label '{name}' has NaN or infinity"
    for camera, boxes in labels.boxes.items():
        size = np.tile(labels.cameras[camera][:, None, :2], 2)
        known = np.isfinite(boxes).all(-1)
        with np.errstate(invalid="ignore"):
            inside = ((boxes >= 0) & (boxes <= size)).all(-1) & (boxes[..., 2:] > boxes[..., :2]).all(-1)
        if (known & ~inside).any():
            t, i = np.argwhere(known & ~inside)[0]
            yield f"the box of {labels.objects[i].id} in camera '{camera}' at frame {t} is empty or leaves the picture"
        if (known & ~labels.present).any():
            t, i = np.argwhere(known & ~labels.present)[0]
            yield f"{labels.objects[i].id} is absent at frame {t} but has a box in camera '{camera}'"


def map_problems(labels: EpisodeLabels, camera: str, maps: NDArray[np.uint8]) -> Iterator[str]:
    """Boxes against instance maps [T,H,W]: two records of the same thing."""
    drawn = np.arange(len(labels)) if labels.drawn is None else np.flatnonzero(labels.drawn)
    for t, ids in zip(drawn.tolist(), maps[drawn], strict=True):
        if ids.max() > len(labels.objects):
            yield f"the instance map of camera '{camera}' at frame {t} names an object that is not listed"
            return
        boxes = labels.boxes[camera][t]
        wrong = np.abs(boxes_of(ids, len(labels.objects)) - boxes) > 1.0
        pixels = np.bincount(ids.ravel(), minlength=len(labels.objects) + 1)[1:]
        boxed = np.isfinite(boxes).all(-1)
        if wrong.any() or (boxed & (pixels == 0)).any() or (~boxed & (pixels > SPECK)).any():
            yield f"boxes and instance map of camera '{camera}' at frame {t} differ by more than a pixel"
            return


def boxes_of(ids: np.ndarray, count: int) -> np.ndarray:
    """[count,4] tight boxes (x1, y1, x2, y2; the latter exclusive) of an instance map's objects; NaN when invisible."""
    boxes = np.full((count, 4), np.nan)
    for i in np.unique(ids[ids > 0]) - 1:
        rows, columns = np.flatnonzero((ids == i + 1).any(1)), np.flatnonzero((ids == i + 1).any(0))
        boxes[i] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes
