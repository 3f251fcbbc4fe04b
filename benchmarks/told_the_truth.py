"""How often a policy succeeds that is told the truth at every call: what its action expert can do, whatever its planner
sees.

    python benchmarks/told_the_truth.py --policy outputs/stage2 --collection full --split demonstrated --episodes 100
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import tyro

from sightline.core.console import write_json
from sightline.core.runtime import prepare_process
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.policies import load_checkpoint
from sightline.evaluate.report import print_summary, summary
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.policy import Policy
from sightline.models.spatial_guidance import Guide
from sightline.models.system import Seen
from sightline.models.transforms import ModelInputs
from sightline.tasks.goals import place_point
from sightline.train.true_guidance import truly


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    policy: str = "tiny"
    """Checkpoint folder or tiny."""
    episodes: int = 100
    """Number of episodes."""
    seed: int = 5000
    """Of the first episode."""
    split: str = "demonstrated"
    """Of worlds, see generate."""
    collection: str = "full"
    """What worlds are made of."""
    phrasing: str = "train"
    """Words of the instructions."""
    json: Path | None = None
    """Write the figures here."""


class KnownEnv(TabletopEnv):
    """A tabletop that tells where things are; the running ones are found by their seed."""

    running: dict[int, KnownEnv] = {}  # noqa: RUF012 (shared on purpose)

    def reset(self, **how) -> tuple[dict, dict]:
        """Start an episode."""
        self.running[how["seed"]] = self
        return super().reset(**how)

    def truth(self, cameras: torch.Tensor) -> dict[str, torch.Tensor]:
        """Guidance [1,...] for calibrated pictures [V,15] of this moment."""
        scene, task = self.scene(), self.task
        assert task is not None, "a running environment has a task"
        places = [scene.grasp_points[task.target], scene.positions[task.reference], place_point(scene, task)]
        renderer = self._scenario().renderer(self.size)
        views = [renderer.view(self._running()[0].data, name).boxes for name in self.card.cameras]
        boxes = np.stack([view[[task.target, task.reference]] for view in views], 1)

        def one(values: object) -> torch.Tensor:
            return torch.from_numpy(np.asarray(values, np.float32))[None]

        return truly(cameras[None, None], one(places), one(scene.grasp_yaws[task.target]), one(boxes))


class TrueGuide(Guide):
    """Tells what is, instead of what was pointed at."""

    def guidance(self, seen: Seen, inputs: ModelInputs, rows: Sequence[int]) -> SpatialInputs:
        """See Guide.guidance."""
        spatial = self._pointed_at(seen.pointing, inputs)
        for index, row in enumerate(rows):
            for name, value in KnownEnv.running[row].truth(spatial.cameras[index]).items():
                getattr(spatial, name)[index] = value[0]
        spatial.traces = self.system.trace(seen, spatial.points, spatial.heights)
        return spatial


def main(settings: Settings) -> None:
    """Run the episodes and print how they went."""
    prepare_process()
    torch.set_num_threads(1)
    policy: Policy = load_checkpoint(settings.policy)
    head = policy.system.config.grounding  # nothing is looked for, and nothing is doubted
    policy.system.config = replace(policy.system.config, grounding=replace(head, looks=0, doubt=0.0))
    policy.guide = TrueGuide(policy.system, policy.transforms)
    rows = rollout(
        policy,
        lambda: KnownEnv(split=settings.split, collection=settings.collection, phrasing=settings.phrasing),
        range(settings.seed, settings.seed + settings.episodes),
        RolloutSettings(),
        label="told the truth",
    )
    print_summary(rows)
    if settings.json is not None:
        write_json(settings.json, summary(rows))


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
