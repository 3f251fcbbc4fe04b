"""The audit of a dataset."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from sightline.core import console
from sightline.core.errors import SightlineError
from sightline.data.dataset import Dataset, load_dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.inspect import SHOWN_PROBLEMS, label_problems, map_problems
from sightline.data.labels import EpisodeLabels
from sightline.engine.audit import meaning, pictures
from sightline.engine.audit.findings import Findings
from sightline.engine.generation.object_shapes import Bodies, bodies_of

SAME_TOOL = 1e-4  # metres between the tool's position in the state and in the labels
TOOL_NAMES = ("x", "y", "z")


def audit(path: Path | str) -> dict:
    """Check all labels of a dataset; print a table and the problems found.

    Returns:
        ``episodes``, ``frames``, ``checked`` (labels compared, by kind), ``worst_px`` (largest deviations),
        ``problems`` (sentences), ``counts`` (problems by kind), ``unshown`` (episodes whose frames end before the goal
        shows, because the target still moves), ``seconds``.

    Raises SightlineError when there is no dataset, it has no dense labels or its index is damaged.
    """
    started, dataset, findings = time.monotonic(), load_dataset(path), Findings()
    if any(meta.labels is None for meta in dataset.episodes):
        raise SightlineError(f"{dataset.root} has no dense labels to audit: only those of 'sightline generate' have.")
    with console.progress(total=len(dataset), label="auditing", unit="episode") as bar:
        for meta in dataset.episodes:
            audit_episode(dataset, meta, findings)
            bar.update(1, problems=len(findings.problems))
    _print(dataset, findings)
    return {
        "episodes": len(dataset),
        "frames": dataset.frames,
        "checked": dict(findings.checked),
        "worst_px": findings.worst,
        "problems": findings.problems,
        "counts": dict(findings.counts),
        "unshown": findings.unshown,
        "seconds": time.monotonic() - started,
    }


def _print(dataset: Dataset, findings: Findings) -> None:
    kinds = [*findings.checked, *(what for what in findings.counts if what not in findings.checked)]
    rows = [[what, findings.checked[what], findings.worst.get(what), findings.counts[what]] for what in kinds]
    console.table(f"Labels of {dataset.root}", ["", "compared", "largest error, px", "problems"], rows)
    if findings.unshown:
        console.say(f"{findings.unshown} episodes end while the target still moves: their frames do not show the goal.")
    for problem in findings.problems[:SHOWN_PROBLEMS]:
        console.say(f"problem: {problem}", style="bold red")
    if len(findings.problems) > SHOWN_PROBLEMS:
        console.say(f"... and {len(findings.problems) - SHOWN_PROBLEMS} more problems (all with --json).", style="red")


def audit_episode(dataset: Dataset, meta: EpisodeMeta, findings: Findings) -> None:
    """Check one episode with dense labels."""
    try:
        labels = dataset.labels(meta.index)
        findings.add(meta.index, "value", label_problems(labels))
        bodies = bodies_of(dataset, meta)
        for camera in dataset.cameras:
            _audit_camera(dataset, meta, labels, camera, bodies, findings)
        if meta.task is not None:
            findings.checked.update(("instruction", "stage", "goal"))
            findings.unshown += meaning.ends_in_motion(meta.task, labels)
            text = meaning.instruction_problems(meta.text, meta.task, labels)
            findings.add(meta.index, "instruction", text)
            findings.add(meta.index, "stage", meaning.stage_problems(meta.task, labels))
            findings.add(meta.index, "goal", meaning.goal_problems(meta.task, labels))
        _audit_states(dataset, meta, labels, findings)
    except SightlineError as error:
        findings.add(meta.index, "file", [str(error)])


def _audit_camera(
    dataset: Dataset, meta: EpisodeMeta, labels: EpisodeLabels, camera: str, bodies: Bodies, findings: Findings
) -> None:
    maps, lens = dataset.ids(meta.index, camera), pictures.Lens(labels, camera)
    computed = pictures.computed_boxes(labels, lens, bodies, slides=meta.kind != "episodes")
    findings.checked["map"] += len(maps)
    findings.add(meta.index, "map", map_problems(labels, camera, maps))
    findings.add(meta.index, "box", pictures.box_problems(labels, lens, computed, findings))
    if meta.task is not None:
        target = meta.task.target
        findings.add(meta.index, "point", pictures.point_problems(labels, target, lens, findings))
        findings.add(meta.index, "mask", pictures.mask_problems(labels, target, lens, computed, maps, findings))
        findings.add(meta.index, "trace", pictures.trace_problems(labels, lens, findings))


def _audit_states(dataset: Dataset, meta: EpisodeMeta, labels: EpisodeLabels, findings: Findings) -> None:
    """The tool's position is in the state too, where a card says which of its numbers it is."""
    names = dataset.card.state_names if dataset.card is not None else ()
    if not set(TOOL_NAMES) <= set(names):
        return
    measured = dataset.table(meta.index)["state"][:, [names.index(name) for name in TOOL_NAMES]]
    findings.checked["state"] += len(labels)
    apart = float(np.linalg.norm(measured - labels.tool, axis=1).max())
    if apart > SAME_TOOL:
        findings.add(meta.index, "state", [f"state and labels put the tool {apart:.4f} m apart"])
