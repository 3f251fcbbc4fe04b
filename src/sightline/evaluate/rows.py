"""One row an episode: what every report and comparison is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sightline.core.console import plain


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    """What happened in one episode.

    Whatever has the default None here is what the environment said in its ``info`` under that name (see
    ``envs.base.Info``); None is what it did not say.

    Attributes:
        seed: of the episode.
        success: whether the task was done at the end, and still was after half a second where the environment can
            tell; success_any_time: whether it was done at any moment.
        steps: actions executed.
        failure: why it failed, "" on success.
        video: file name of its film, "" if not filmed.
    """

    seed: int
    task: str | None = None
    success: bool
    success_any_time: bool
    steps: int
    instruction: str | None = None
    relation: str | None = None
    style: str | None = None
    target: str | None = None
    lifted: str | None = None
    target_lifted: bool | None = None
    wrong_object_lifted: bool | None = None
    progress: float | None = None
    failure: str
    video: str = ""

    @staticmethod
    def told(info: Mapping[str, Any], **measured: Any) -> EpisodeRow:
        """The row of an episode that ended with ``info``; ``measured`` are the fields that the rollout knows itself."""
        asked = [field.name for field in dataclasses.fields(EpisodeRow) if field.default is None]
        return EpisodeRow(**measured, **{name: plain(info[name]) for name in asked if name in info})

    def to_dict(self) -> dict:
        """A JSON-ready dictionary."""
        return dataclasses.asdict(self)
