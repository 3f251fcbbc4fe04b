"""Dataset generation: the first N candidates that succeed, in their order, whatever the workers and interruptions."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from sightline.core import console
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import Episode
from sightline.data import DatasetWriter, layout, load_dataset
from sightline.data.fingerprint import content_hash
from sightline.data.writer import KINDS, reporting_full_disk
from sightline.engine.assets import SPLITS
from sightline.engine.pool import Bench, Maker, Recipe, in_parallel, in_process
from sightline.engine.robots import DEFAULT, ROBOTS

RECIPE = "meta/generation.json"
PATIENCE = 300
"""Candidates in a row that may fail before generation gives up."""


def generate(
    out: Path | str,
    episodes: int,
    seed: int = 0,
    split: str = "train",
    workers: int = 1,
    size: int = 224,
    kind: str = "episodes",
    renders_per_plan: int = 1,
    make: Maker | None = None,
    robot: str = DEFAULT,
) -> dict:
    """Bring the dataset at ``out`` to ``episodes`` verified episodes; continue where an earlier call was stopped.

    Args:
        seed, split, size (pixels), kind (``episodes`` or ``scenes``), renders_per_plan, robot: what is generated; an
            existing dataset must have been made with the same.
        workers: processes; has no influence on the content.
        make: makes a candidate; the engine's own by default. Must be importable by name when workers > 1.

    Returns:
        ``episodes``, ``attempts`` (candidates tried for them), ``frames``, ``seconds`` (this call), ``content_hash``,
        ``failures`` (reason -> candidates).

    Raises SightlineError on impossible arguments, a dataset made otherwise, a full disk or a dead worker.
    """
    from sightline.engine.rollout import card as card_of  # loads the simulator

    started = time.monotonic()
    root, recipe = Path(out), Recipe(seed, split, kind, size, renders_per_plan, robot)
    check_arguments(recipe, episodes, workers)
    check_recipe(root, recipe)
    card = card_of(robot, size)
    with DatasetWriter(root, card) as writer:
        bench = Bench(recipe, card, writer.staging, make or simulate)
        fill(writer, bench, episodes, workers)
    result = summarise(root, episodes) | {"seconds": time.monotonic() - started}
    rows = [[name, result[name]] for name in ("episodes", "attempts", "frames", "seconds", "content_hash")]
    rows += [[f"failed: {reason}", count] for reason, count in result["failures"].items()]
    console.table(f"Dataset {root}", ["", "value"], rows)
    return result


def check_arguments(recipe: Recipe, episodes: int, workers: int) -> None:
    """Raise SightlineError, before anything is written, when no dataset can be made so."""
    counts = {"episodes": episodes, "workers": workers, "renders per plan": recipe.renders_per_plan}
    for name, value in counts.items():
        if value < 1:
            raise SightlineError(f"The number of {name} must be at least 1, not {value}.")
    if recipe.seed < 0:
        raise SightlineError(f"The seed must not be negative, but it is {recipe.seed}.")
    if recipe.size % 2 or not 32 <= recipe.size <= 2048:
        raise SightlineError(f"The picture size must be an even number of 32 to 2048 pixels, not {recipe.size}.")
    require_known("kind", recipe.kind, KINDS)
    require_known("split", recipe.split, SPLITS)
    require_known("robot", recipe.robot, ROBOTS)
    if recipe.kind == "scenes" and recipe.renders_per_plan > 1:
        raise SightlineError("Scenes have no plan that could be rendered several times; ask for more scenes instead.")


def simulate(recipe: Recipe, candidate: int) -> list[Episode]:
    """The engine's own maker: the expert in the simulator, or a slide show of scenes."""
    from sightline.engine import rollout  # not before a worker needs it: loads the simulator

    if recipe.kind == "scenes":
        episode = rollout.make_episode(
            recipe.seed, candidate, recipe.split, recipe.size, recipe.kind, robot=recipe.robot
        )
        return [episode]
    return rollout.make_renders(
        recipe.seed, candidate, recipe.renders_per_plan, recipe.split, recipe.size, robot=recipe.robot
    )


def check_recipe(root: Path, recipe: Recipe) -> None:
    """Store how the dataset is made, or compare with what is stored. Raises SightlineError when it differs."""
    path, wanted = root / RECIPE, dataclasses.asdict(recipe)
    try:
        root.mkdir(parents=True, exist_ok=True)
        occupied = any(root.iterdir())
    except OSError as error:
        raise SightlineError(f"{root} cannot be used as a dataset folder ({error.strerror}); choose another.") from None
    if path.exists():
        stored = read_recipe(root)
        different = [f"{key}: {stored.get(key)} != {wanted[key]}" for key in wanted if stored.get(key) != wanted[key]]
        if different:
            raise SightlineError(
                f"The dataset at {root} was generated differently ({'; '.join(different)}); "
                "use the same settings to continue it, or another folder."
            )
    elif occupied:
        raise SightlineError(f"{root} is not empty and was not made by 'sightline generate'; choose another folder.")
    else:
        with reporting_full_disk(root):
            layout.write_durably(path, layout.json_bytes(wanted))


def read_recipe(root: Path) -> dict:
    """How the dataset at ``root`` was generated: the fields of Recipe. What an older version did not ask for yet has
    the value that was the only one then."""
    fields = dataclasses.fields(Recipe)
    assumed = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    return assumed | layout.read_json(root / RECIPE)


def fill(writer: DatasetWriter, bench: Bench, episodes: int, workers: int) -> None:
    """Commit outcomes in candidate order until the dataset holds ``episodes``."""
    if len(writer.episodes) >= episodes:
        return
    first, skip = next_candidate(writer, bench.recipe.renders_per_plan)
    outcomes = in_parallel(bench, first, workers) if workers > 1 else in_process(bench, first)
    failures: Counter[str] = Counter()
    label = f"{bench.recipe.kind} for {writer.root}"
    bar = console.progress(total=episodes, label=label, unit="episode", done=len(writer.episodes))
    attempts, made = 0, 0
    with closing(outcomes), bar, reporting_full_disk(writer.root):
        for outcome in outcomes:
            attempts += 1
            made += bool(outcome.staged)
            if outcome.failure:
                failures[outcome.failure] += 1
                if failures.total() >= PATIENCE:
                    raise SightlineError(f"None of the last {PATIENCE} candidates succeeded: {dict(failures)}.")
            for staged in outcome.staged[skip if outcome.candidate == first else 0 :]:
                writer.commit(staged, dict(failures))
                failures.clear()
                bar.update(1, success=made / attempts)
                if len(writer.episodes) == episodes:
                    return


def next_candidate(writer: DatasetWriter, renders: int) -> tuple[int, int]:
    """Where to go on: the candidate, and how many of its renderings are already committed."""
    if not writer.episodes:
        return 0, 0
    last = writer.episodes[-1].candidate
    done = sum(meta.candidate == last for meta in writer.episodes[-renders:])
    return (last, done) if done < renders else (last + 1, 0)


def summarise(root: Path, episodes: int) -> dict:
    """Figures of the first ``episodes`` episodes, read from the disk."""
    dataset = load_dataset(root)
    metas = dataset.episodes[:episodes]
    failures: Counter[str] = Counter()
    for meta in metas:
        failures.update(meta.failures)
    return {
        "episodes": len(metas),
        "attempts": metas[-1].candidate + 1,
        "frames": sum(meta.length for meta in metas),
        "content_hash": content_hash(dataset, episodes),
        "failures": dict(failures.most_common()),
    }
