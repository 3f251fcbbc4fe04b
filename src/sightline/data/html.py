"""The inspection page: one self-contained HTML file with labelled pictures and plots."""

from __future__ import annotations

import base64
import html
import io
from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from sightline.core.draw import draw_labels
from sightline.core.errors import SightlineError
from sightline.core.outputs import write_durably, writing
from sightline.data.dataset import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EpisodeLabels

GALLERY = 12
STRIP = 6
INK, BLUE, ORANGE = "#1d2433", "#2f6fb5", "#e8871e"
STOP_WORDS = {"the", "a", "an", "of", "to", "it", "that", "is", "in", "on", "and"}
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2433;background:#f6f7f9;margin:0}
main{max-width:1180px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:32px 0 10px}
.note{color:#5b6577;margin:0 0 14px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:10px}
.fact{background:#fff;border:1px solid #dfe3ea;border-radius:8px;padding:10px 14px}
.fact b{display:block;font-size:20px}.fact span{color:#5b6577;font-size:13px}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(480px,1fr));gap:14px}
figure{margin:0;background:#fff;border:1px solid #dfe3ea;border-radius:8px;overflow:hidden}
figure img{display:block;width:100%}figcaption{padding:8px 12px;font-size:14px}
.views{display:flex}.views img{width:50%}.views img:only-child{width:100%}
.strip{display:grid;grid-template-columns:repeat(6,1fr)}
.problems li{color:#a11d1d}.good{color:#1c7c3c}
"""
LEGEND = (
    "Boxes: the object to take (target) and the one it is placed by (place). Cross: where to grasp. Ring: where to let "
    "go. Line from yellow to magenta: the tool's path from this moment to the end."
)


def write_page(dataset: Dataset, result: dict, path: Path) -> None:
    """Write the page for ``dataset`` with the figures of ``inspect`` to ``path``."""
    sections = [_head(dataset, result), _problems(result["problems"]), _gallery(dataset), _strip(dataset)]
    sections.append('<h2>What is in it</h2><div class="grid">' + "".join(_plots(dataset)) + "</div>")
    title = html.escape(f"Dataset {dataset.root.name}")
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<main><h1>{title}</h1>{''.join(sections)}</main></html>"
    )
    with writing(path):
        write_durably(path, page.encode())


def _head(dataset: Dataset, result: dict) -> str:
    facts = {
        "episodes": f"{result['episodes']:,}",
        "frames": f"{result['frames']:,}",
        "minutes": f"{result['seconds'] / 60:.1f}",
        "megabytes": f"{result['bytes'] / 1e6:.1f}",
        "frames a second": f"{dataset.fps:g}",
        "cameras": ", ".join(dataset.cameras) or "none",
        "distinct instructions": f"{result['instructions']:,}",
        "distinct objects": f"{result['objects']:,}",
    }
    boxes = "".join(f'<div class="fact"><b>{html.escape(v)}</b><span>{k}</span></div>' for k, v in facts.items())
    note = f"robot {dataset.card.robot}, actions: {dataset.card.action_space}" if dataset.card else "no interface card"
    return f'<p class="note">{html.escape(note)}</p><div class="facts">{boxes}</div>'


def _problems(problems: list[str]) -> str:
    if not problems:
        return '<h2>Checks</h2><p class="good">Every file was read; no problems found.</p>'
    items = "".join(f"<li>{html.escape(problem)}</li>" for problem in problems[:100])
    return f'<h2>{len(problems)} problems</h2><ul class="problems">{items}</ul>'


def image_tag(picture: NDArray[np.uint8]) -> str:
    """An <img> with the picture inside."""
    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, "JPEG", quality=88)
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(sink.getvalue()).decode()}">'


def labelled(
    dataset: Dataset, meta: EpisodeMeta, labels: EpisodeLabels | None, t: int, camera: str
) -> NDArray[np.uint8]:
    """The picture of a frame, enlarged to about 450 pixels, with its labels drawn on it."""
    picture = dataset.frame(meta.index, t, camera)
    scale = max(1, round(450 / picture.shape[1]))
    if labels is None:
        return draw_labels(picture, scale=scale)
    boxes = labels.boxes[camera][t]
    if meta.task is None:
        return draw_labels(
            picture, {item.id: box for item, box in zip(labels.objects, boxes, strict=True)}, scale=scale
        )
    named = {"target": boxes[meta.task.target], "place": boxes[meta.task.reference]}
    points = {"target": labels.grasp_pixels[camera][t], "place": labels.place_pixels[camera][t]}
    return draw_labels(picture, named, points, labels.traces[camera][t], scale)


def _readable(dataset: Dataset, count: int) -> list[tuple[EpisodeMeta, EpisodeLabels | None]]:
    """Up to ``count`` episodes spread over the dataset whose labels and videos can be read."""
    found = []
    for index in np.unique(np.linspace(0, len(dataset) - 1, count).astype(int)) if len(dataset) else ():
        meta = dataset.episodes[index]
        try:
            labels = dataset.labels(meta.index) if meta.labels else None
            for camera in meta.cameras:
                dataset.frame(meta.index, meta.length - 1, camera)
            found.append((meta, labels))
        except SightlineError:
            continue  # already listed among the problems
    return found


def _caption(meta: EpisodeMeta) -> str:
    relation = f" <small>({meta.task.relation})</small>" if meta.task else ""
    text = meta.text or ("" if meta.kind == "episodes" else f"a slide show of {meta.kind}")
    return f"<b>{meta.index}</b> {html.escape(text)}{relation}"


def _gallery(dataset: Dataset) -> str:
    figures = []
    for meta, labels in _readable(dataset, GALLERY):
        views = [labelled(dataset, meta, labels, 0, camera) for camera in dataset.cameras if camera in meta.cameras]
        pictures = "".join(map(image_tag, views[:2]))
        figures.append(f'<figure><div class="views">{pictures}</div><figcaption>{_caption(meta)}</figcaption></figure>')
    return f'<h2>First frames</h2><p class="note">{LEGEND}</p><div class="grid">{"".join(figures)}</div>'


def _strip(dataset: Dataset) -> str:
    rows = []
    for meta, labels in _readable(dataset, 3):
        times = np.linspace(0, meta.length - 1, STRIP).astype(int)
        cameras = [camera for camera in dataset.cameras if camera in meta.cameras][:2]
        pictures = [image_tag(labelled(dataset, meta, labels, t, camera)) for camera in cameras for t in times]
        subtasks = ", ".join(dict.fromkeys(labels.subtasks)) if labels else ""
        caption = f"{_caption(meta)} &middot; frames {', '.join(map(str, times))} &middot; {html.escape(subtasks)}"
        rows.append(f'<figure><div class="strip">{"".join(pictures)}</div><figcaption>{caption}</figcaption></figure>')
    return "<h2>Over time</h2>" + "".join(rows)


# --- plots --------------------------------------------------------------------------------------------------------


def _figure(figure: Figure) -> str:
    figure.set_layout_engine("tight")
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=130)
    return f'<figure><img alt="" src="data:image/png;base64,{base64.b64encode(sink.getvalue()).decode()}"></figure>'


def _axes(title: str, across: str = "", up: str = "") -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 3.6))
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=12, color=INK)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def _bars(title: str, counts: Counter, up: str = "episodes", most: int = 24) -> str:
    figure, axes = _axes(title, up=up)
    names, values = zip(*counts.most_common(most), strict=True)
    axes.bar(range(len(names)), values, color=BLUE)
    axes.set_xticks(
        range(len(names)), names, rotation=50 if len(names) > 6 else 0, ha="right" if len(names) > 6 else "center"
    )
    return _figure(figure)


def _histogram(title: str, values: list[int], across: str) -> str:
    figure, axes = _axes(title, across, "episodes")
    low, high = min(values), max(values)
    step = max(1, -(-(high - low + 1) // 40))
    axes.hist(values, bins=[edge - 0.5 for edge in range(low, high + 2 * step, step)], color=BLUE)
    return _figure(figure)


def _plots(dataset: Dataset) -> list[str]:
    metas = dataset.episodes
    if not metas:
        return []
    plots = [_histogram("Length of episodes", [meta.length for meta in metas], "frames")]
    texts = [meta.text for meta in metas if meta.text]
    if texts:
        plots.append(_histogram("Length of instructions", [len(text.split()) for text in texts], "words"))
        words = Counter(w for text in texts for w in text.lower().strip(".").split() if w not in STOP_WORDS)
        plots.append(_bars("Words of instructions", words))
    tasks = [(meta.task, meta.objects) for meta in metas if meta.task is not None]
    if tasks:
        plots.append(_bars("Relations", Counter(task.relation for task, _ in tasks)))
        targets = [objects[task.target] for task, objects in tasks]
        plots.append(_bars("What is taken", Counter(item.kind for item in targets)))
        plots.append(_bars("Where it goes", Counter(objects[task.reference].kind for task, objects in tasks)))
        plots.append(_bars("Colour of what is taken", Counter(item.colour or "none" for item in targets)))
    if any(meta.objects for meta in metas):
        plots += _scene_plots(dataset)
    return [*plots, *_action_plot(dataset)]


def _scene_plots(dataset: Dataset, most: int = 300) -> list[str]:
    chosen = [(meta, labels) for meta, labels in _readable(dataset, most) if labels is not None]
    if not chosen:
        return []
    seen: Counter[str] = Counter()
    everything, targets, places = [], [], []
    for meta, labels in chosen:
        present = labels.present[0]
        seen.update(item.kind for item, here in zip(labels.objects, present, strict=True) if here)
        everything.append(labels.positions[0][present])
        if meta.task:
            targets.append(labels.grasp_points[0, meta.task.target])
            places.append(labels.place[0])
    figure, axes = _axes("Where things stand in first frames, as the front camera sees it", "y, metres", "x, metres")
    shown = [("present", "#b8c0cc", 8, np.concatenate(everything))]
    if targets:
        shown += [("taken from", ORANGE, 14, np.stack(targets)), ("put at", BLUE, 14, np.stack(places))]
    for label, colour, size, points in shown:
        axes.scatter(points[:, 1], points[:, 0], s=size, color=colour, label=label)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    plots = [_bars("Kinds in view", seen, "first frames", 40), _figure(figure)]
    return plots + ([_trace_plot(dataset, chosen)] if targets else [])


def _trace_plot(dataset: Dataset, chosen: list[tuple[EpisodeMeta, EpisodeLabels]]) -> str:
    camera = dataset.cameras[0]
    figure, axes = _axes(f"Traces from the first frames, camera {camera}", "u, pixels", "v, pixels")
    for meta, labels in chosen:
        if meta.task:
            axes.plot(*labels.traces[camera][0].T, color="#c2187f", alpha=0.25, linewidth=0.8)
    width, height = chosen[0][1].cameras[camera][0, :2]
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    return _figure(figure)


def _action_plot(dataset: Dataset) -> list[str]:
    """Range of each action dimension, from up to 300 episodes."""
    parts: list[NDArray] = []
    for index in np.unique(np.linspace(0, len(dataset) - 1, 300).astype(int)):
        try:
            table = dataset.table(dataset.episodes[index].index)
        except SightlineError:
            continue  # already listed among the problems
        parts += [table["action"]] if "action" in table else []
    if not parts:
        return []
    actions = np.concatenate(parts)
    names = dataset.card.action_names if dataset.card else [str(i) for i in range(actions.shape[1])]
    figure, axes = _axes("Actions (each divided by its largest magnitude)")
    axes.violinplot(actions / np.maximum(np.abs(actions).max(0), 1e-9), showextrema=False)
    axes.set_xticks(range(1, len(names) + 1), names)
    return [_figure(figure)]
