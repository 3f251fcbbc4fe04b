"""Floor 1: datasets on disk. LeRobot v3.0 writing that survives a crash, reading of v3.0 and v2.x, dense labels."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.data.dataset import Dataset, load_dataset
    from sightline.data.episode_index import EpisodeMeta
    from sightline.data.labels import EpisodeLabels
    from sightline.data.writer import DatasetWriter, StagedEpisode, stage_episode

__all__ = ["Dataset", "DatasetWriter", "EpisodeLabels", "EpisodeMeta", "StagedEpisode", "load_dataset", "stage_episode"]

_FILES = {
    "Dataset": "dataset",
    "DatasetWriter": "writer",
    "EpisodeLabels": "labels",
    "EpisodeMeta": "episode_index",
    "StagedEpisode": "writer",
    "load_dataset": "dataset",
    "stage_episode": "writer",
}


def __getattr__(name: str) -> Any:
    # Imported when they are asked for: a policy needs the words of this room, but neither parquet nor films.
    if name not in _FILES:
        raise AttributeError(f"module 'sightline.data' has no attribute '{name}'")
    return getattr(importlib.import_module(f"sightline.data.{_FILES[name]}"), name)
