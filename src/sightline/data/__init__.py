"""Floor 1: datasets on disk. LeRobot v3.0 writing that survives a crash, reading of v3.0 and v2.x, dense labels."""

from sightline.data.dataset import Dataset, load_dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EpisodeLabels
from sightline.data.writer import DatasetWriter, StagedEpisode, stage_episode

__all__ = ["Dataset", "DatasetWriter", "EpisodeLabels", "EpisodeMeta", "StagedEpisode", "load_dataset", "stage_episode"]
