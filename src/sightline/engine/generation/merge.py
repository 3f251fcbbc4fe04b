"""Joining datasets: shards that several machines have made become the dataset that one machine would have made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sightline.core import console
from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.outputs import reporting_full_disk
from sightline.data import Dataset, DatasetWriter, StagedEpisode, layout, load_dataset
from sightline.data.content_hash import content_hash
from sightline.data.labels import column_array
from sightline.data.statistics import NAMES as STATISTICS
from sightline.engine.generation.generate import RECIPE, read_recipe
from sightline.engine.generation.recipe import SHARD


def merge(sources: list[Path], out: Path | str) -> dict:
    """Copy the episodes of ``sources``, in that order, into one dataset; continue where an earlier call was stopped.

    Shards 0, 1, 2, ... of one recipe, all full but the last, give the dataset itself: the same content, to be continued
    with ``generate``. Anything else with the same interface card can be joined as well.

    Returns:
        ``episodes``, ``frames``, ``content_hash``, ``recipe``.

    Raises:
        SightlineError: no sources, cards that differ, a dataset made by something else, a damaged file, a full disk, or
            an ``out`` that holds something else.
    """
    if not sources:
        raise SightlineError("There is nothing to merge: name at least one dataset folder.")
    root, datasets = Path(out), [load_dataset(folder) for folder in sources]
    card = common_card(datasets)
    recipe = joined_recipe(datasets)
    claim(root, recipe)
    order = [(dataset, meta.index) for dataset in datasets for meta in dataset.episodes]
    with DatasetWriter(root, card) as writer:
        done = len(writer.episodes)
        with console.progress(len(order), f"episodes for {root}", "episode", done=done) as bar:
            for dataset, index in order[done:]:
                with reporting_full_disk(root):
                    staged = restage_episode(dataset, index, writer.staging / str(index))
                writer.commit(staged, dataset.meta(index).failures)
                bar.update(1)
    merged = load_dataset(root)
    frames = sum(meta.length for meta in merged.episodes)
    result = {"episodes": len(merged), "frames": frames, "content_hash": content_hash(merged), "recipe": recipe}
    console.table(
        f"Dataset {root}", ["", "value"], [[name, result[name]] for name in ("episodes", "frames", "content_hash")]
    )
    return result


def common_card(datasets: list[Dataset]) -> Card:
    """The interface card that all datasets share. Raises SightlineError when one has none or another one."""
    cards = [dataset.card for dataset in datasets if dataset.card is not None]
    for dataset in datasets:
        if dataset.card is None:
            raise SightlineError(f"{dataset.root} was not made by 'sightline generate': it has no interface card.")
        dataset.card.require_match(cards[0], f"the dataset at {dataset.root}", f"the dataset at {datasets[0].root}")
    return cards[0]


def joined_recipe(datasets: list[Dataset]) -> dict[str, Any]:
    """The recipe of the whole when the datasets are its shards in order, else the list of theirs."""
    recipes = [read_recipe(dataset.root) for dataset in datasets]
    numbers = [recipe["shard"] for recipe in recipes]
    whole = [recipe | {"shard": None} for recipe in recipes]
    full = all(len(dataset) == SHARD for dataset in datasets[:-1])
    if numbers == list(range(len(datasets))) and full and all(recipe == whole[0] for recipe in whole):
        return whole[0]
    return {"merged": recipes}


def claim(root: Path, recipe: dict[str, Any]) -> None:
    """Make ``root`` the folder of this merge, or find that it is one. Raises SightlineError when it is another's."""
    path = root / RECIPE
    if path.exists():
        if layout.read_json(path) != recipe:
            raise SightlineError(f"{root} holds another dataset; choose another folder.")
        return
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise SightlineError(f"{root} is not empty and holds no merged dataset; choose another folder.")
    with reporting_full_disk(root):
        layout.write_durably(path, layout.json_bytes(recipe))


def restage_episode(dataset: Dataset, index: int, folder: Path) -> StagedEpisode:
    """Episode ``index`` of a dataset made by this package, staged again in ``folder`` (created) for another dataset.

    Raises SightlineError when the dataset was made by something else or a file of the episode is damaged.
    """
    meta = dataset.meta(index)
    if meta.labels is None:
        raise SightlineError(f"{dataset.root} was not made by 'sightline generate': it has no labels to take along.")
    folder.mkdir(parents=True)
    row = layout.read_parquet(dataset.root / layout.EPISODES_PATH.format(**layout.place_of(index))).to_pylist()[0]
    images = {}
    for name in dataset.cameras:
        layout.write_durably(folder / f"{name}.mp4", meta.videos[name].path.read_bytes())
        prefix = f"stats/{layout.image_key(name)}/"
        images[name] = {key: np.array(row[prefix + key]) for key in STATISTICS}
    layout.write_durably(folder / "labels.parquet", meta.labels.read_bytes())
    table = layout.read_parquet(meta.table, [layout.STATE, layout.ACTION])
    own = {key: row[f"sightline/{key}"] for key in ("seed", "candidate", "kind", "objects", "task")}
    own |= {key: row[f"sightline/{key}"] for key in ("start",) if row.get(f"sightline/{key}")}
    state, action = column_array(table, layout.STATE), column_array(table, layout.ACTION)
    return StagedEpisode(folder, row["tasks"][0], state, action, images, own)
