"""Dataset generation: the first N candidates that succeed, in their order, whatever the workers and interruptions.

A large dataset is a row of *shards* of 1,000 episodes, each with candidates of its own, so that any shard can be made
alone, on another machine, and :mod:`sightline.engine.generation.merge` joins them to the very dataset that one machine
would make.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

from sightline.core import console
from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.core.outputs import reporting_full_disk
from sightline.core.types import Episode
from sightline.data import DatasetWriter, layout, load_dataset
from sightline.data.content_hash import content_hash
from sightline.engine.generation.ray_cluster import on_cluster
from sightline.engine.generation.recipe import SHARD, STRIDE, Making, Recipe
from sightline.engine.generation.workers import Bench, Maker, Outcome, in_parallel, in_process

RECIPE = "meta/generation.json"
PATIENCE = 300
"""Candidates in a row that may fail before generation gives up."""

LAUNCHERS = ("local", "ray")


def generate(
    out: Path | str,
    episodes: int,
    recipe: Recipe = Recipe(),  # noqa: B008 - it is frozen
    workers: int = 1,
    launcher: str = "local",
    make: Maker | None = None,
) -> dict:
    """Bring the dataset at ``out`` to ``episodes`` verified episodes; continue where an earlier call was stopped.

    Args:
        recipe: what is generated; an existing dataset must have been made with the same.
        workers: processes, or CPUs of the cluster; has no influence on the content.
        launcher: ``local`` processes or an existing ``ray`` cluster; has no influence on the content.
        make: makes a candidate; the engine's own by default. Must be importable by name when workers > 1.

    Returns:
        ``episodes``, ``attempts`` (candidates tried for them), ``frames``, ``seconds`` (this call), ``content_hash``,
        ``failures`` (reason -> candidates).

    Raises SightlineError on impossible arguments, a dataset made otherwise, a full disk, or a candidate that kills its
    workers.
    """
    from sightline.engine.generation.episode import card as card_of  # loads the simulator

    check_arguments(recipe, episodes, workers, launcher)
    return bring(Path(out), episodes, recipe, card_of(recipe.robot, recipe.size), make or simulate, workers, launcher)


def bring(
    root: Path, episodes: int, recipe: Making, card: Card, make: Maker, workers: int = 1, launcher: str = "local"
) -> dict:
    """As :func:`generate`, whoever makes the episodes; the arguments have been checked."""
    started = time.monotonic()
    check_recipe(root, recipe)
    with DatasetWriter(root, card) as writer:
        bench = Bench(recipe, card, writer.staging, make)
        fill(writer, bench, episodes, workers, launcher)
    result = summarise(root, episodes) | {"seconds": time.monotonic() - started}
    rows = [[name, result[name]] for name in ("episodes", "attempts", "frames", "seconds", "content_hash")]
    rows += [[f"failed: {reason}", count] for reason, count in result["failures"].items()]
    console.table(f"Dataset {root}", ["", "value"], rows)
    return result


def check_arguments(recipe: Making, episodes: int, workers: int, launcher: str) -> None:
    """Raise SightlineError, before anything is written, when no dataset can be made so."""
    recipe.check()
    for name, value in {"episodes": episodes, "workers": workers}.items():
        if value < 1:
            raise SightlineError(f"The number of {name} must be at least 1, not {value}.")
    require_known("launcher", launcher, LAUNCHERS)
    if recipe.shard is not None and episodes > SHARD:
        raise SightlineError(f"A shard has at most {SHARD} episodes, not {episodes}.")


def simulate(recipe: Recipe, candidate: int) -> list[Episode]:
    """The engine's own maker: the expert in the simulator, or a slide show of scenes."""
    from sightline.engine.generation.episode import make_episodes  # not before a worker needs it: loads the simulator

    return make_episodes(recipe, candidate)


def check_recipe(root: Path, recipe: Making) -> None:
    """Store how the dataset is made, or compare with what is stored. Raises SightlineError when it differs."""
    path, wanted = root / RECIPE, _as_stored(dataclasses.asdict(recipe))  # type: ignore[call-overload]
    try:
        root.mkdir(parents=True, exist_ok=True)
        occupied = any(root.iterdir())
    except OSError as error:
        raise SightlineError(f"{root} cannot be used as a dataset folder ({error.strerror}); choose another.") from None
    if path.exists():
        stored = read_recipe(root, type(recipe))
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


def read_recipe(root: Path, kind: type = Recipe) -> dict:
    """How the dataset at ``root`` was generated: the fields of its ``kind`` of recipe. What an older version did not
    ask for yet has the value that was the only one then."""
    fields = dataclasses.fields(kind)
    assumed = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    return _as_stored(assumed) | layout.read_json(root / RECIPE)


def _as_stored(values: dict) -> dict:
    """Values as they are read again: tuples have become lists."""
    return json.loads(layout.json_bytes(values))


def fill(writer: DatasetWriter, bench: Bench, episodes: int, workers: int, launcher: str) -> None:
    """Commit outcomes in candidate order until the dataset holds ``episodes``, one shard after the other."""
    if len(writer.episodes) >= episodes:
        return
    label = f"{bench.recipe.kind} for {writer.root}"
    with console.progress(episodes, label=label, unit="episode", done=len(writer.episodes)) as bar:
        while len(writer.episodes) < episodes:
            first, skip = next_candidate(writer, bench.recipe)
            until = min(episodes, (len(writer.episodes) // SHARD + 1) * SHARD)
            with closing(made_by(launcher, bench, first, workers)) as outcomes, reporting_full_disk(writer.root):
                commit_until(writer, outcomes, until, skip, bar)


def made_by(launcher: str, bench: Bench, first: int, workers: int) -> Generator[Outcome, None, None]:
    """Outcomes of the candidates from ``first`` on, in order."""
    if launcher == "ray":
        return on_cluster(bench, first, workers)
    return in_parallel(bench, first, workers) if workers > 1 else in_process(bench, first)


def commit_until(
    writer: DatasetWriter, outcomes: Iterable[Outcome], episodes: int, skip: int, bar: console.progress
) -> None:
    """Commit outcomes until the dataset holds ``episodes``, without the first ``skip`` renderings of the first one."""
    failures: Counter[str] = Counter()
    made = 0
    for attempts, outcome in enumerate(outcomes, 1):
        made += bool(outcome.staged)
        if outcome.failure:
            failures[outcome.failure] += 1
            if failures.total() >= PATIENCE:
                raise SightlineError(f"None of the last {PATIENCE} candidates succeeded: {dict(failures)}.")
        for staged in outcome.staged[skip if attempts == 1 else 0 :]:
            writer.commit(staged, dict(failures))
            failures.clear()
            bar.update(1, success=made / attempts)
            if len(writer.episodes) == episodes:
                return


def next_candidate(writer: DatasetWriter, recipe: Making) -> tuple[int, int]:
    """Where to go on: the candidate, and how many of its renderings are already committed."""
    count = len(writer.episodes)
    if count % SHARD == 0:
        return ((recipe.shard or 0) + count // SHARD) * STRIDE, 0
    last = writer.episodes[-1].candidate
    done = sum(meta.candidate == last for meta in writer.episodes[-recipe.renders_per_plan :])
    return (last, done) if done < recipe.renders_per_plan else (last + 1, 0)


def summarise(root: Path, episodes: int) -> dict:
    """Figures of the first ``episodes`` episodes, read from the disk."""
    dataset = load_dataset(root)
    metas = dataset.episodes[:episodes]
    failures: Counter[str] = Counter()
    for meta in metas:
        failures.update(meta.failures)
    return {
        "episodes": len(metas),
        "attempts": sum(
            last % STRIDE + 1 for last in {meta.candidate // STRIDE: meta.candidate for meta in metas}.values()
        ),
        "frames": sum(meta.length for meta in metas),
        "content_hash": content_hash(dataset, episodes),
        "failures": dict(failures.most_common()),
    }
