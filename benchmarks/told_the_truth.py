"""How often a policy succeeds that is told the truth at every call: what its action expert can do, whatever its planner
sees.

    python benchmarks/told_the_truth.py --policy outputs/stage2 --collection full --split demonstrated --episodes 100
    python benchmarks/told_the_truth.py --policy outputs/libero/guided --suite libero_object --episodes 20 --seed 0
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
from sightline.envs.libero.environment import LiberoEnv
from sightline.envs.libero.goals import Step
from sightline.envs.libero.labels import Labeller
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.policies import load_checkpoint
from sightline.evaluate.report import print_summary, summary
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.grounding.projection import in_picture, project
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
    suite: str = "tabletop"
    """That, or one of LIBERO, which has no splits, collections or phrasings."""
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


RUNNING: dict[int, KnownTabletop | KnownLibero] = {}  # by their seeds
GUESS = np.array([0.0, 0.0, 0.1])  # metres from what a thing goes to, to where the tool lets go of it


class KnownTabletop(TabletopEnv):
    """A tabletop that tells where things are."""

    def reset(self, **how) -> tuple[dict, dict]:
        """Start an episode."""
        RUNNING[how["seed"]] = self
        return super().reset(**how)

    def truth(self, cameras: torch.Tensor) -> dict[str, torch.Tensor]:
        """Guidance [1,...] for calibrated pictures [V,15] of this moment."""
        scene, task = self.scene(), self.task
        assert task is not None, "a running environment has a task"
        places = [scene.grasp_points[task.target], scene.positions[task.reference], place_point(scene, task)]
        renderer = self._scenario().renderer(self.size)
        views = [renderer.view(self._running()[0].data, name).boxes for name in self.card.cameras]
        boxes = np.stack([view[[task.target, task.reference]] for view in views], 1)

        return truly(cameras[None, None], one(places), one(scene.grasp_yaws[task.target]), one(boxes))


class KnownLibero(LiberoEnv):
    """A world of LIBERO that tells where things are, and what the scripted expert would take and where."""

    def reset(self, **how) -> tuple[dict, dict]:
        """Start an episode."""
        told = super().reset(**how)
        RUNNING[how["seed"]] = self
        self._expert = self.expert()
        self._labeller = Labeller(self._expert.scene, self.base, self._expert.steps)
        self._place: np.ndarray | None = None
        self._step: Step | None = None
        return told

    def truth(self, cameras: torch.Tensor) -> dict[str, torch.Tensor]:
        """Guidance [1,...] for calibrated pictures [V,15] of this moment."""
        self._expert.act()
        skill, arm, labeller = self._expert.skill, self._expert.arm, self._labeller
        assert skill is not None and arm is not None, "an expert that acts has both"
        scene = labeller.now(arm, skill)
        target, reference = labeller.doing(skill.step)
        if skill.step != self._step:
            self._place, self._step = None, skill.step
        if (place := skill.place()) is not None:  # the expert decides on it once it holds the thing
            self._place = place - self.base
        elif self._place is None:
            self._place = scene.positions[reference] + GUESS
        picked = labeller.objects[target].role == "item"
        boxes = [[self._box(labeller.names[thing], camera) for camera in cameras] for thing in (target, reference)]
        return truly(
            cameras[None, None],
            one([scene.grasp_points[target], scene.positions[reference], self._place]),
            one(scene.grasp_yaws[target] if picked else np.nan),
            one(boxes),
        )

    def _box(self, name: str, camera: torch.Tensor) -> np.ndarray:
        """[4] around what a camera [15] would see of a thing if nothing hid it, pixels; NaN outside the picture."""
        points = torch.from_numpy(self._expert.scene.points(name) - self.base).float()
        seen = project(points, camera.expand(len(points), -1))[in_picture(points, camera.expand(len(points), -1))]
        if not len(seen):
            return np.full(4, np.nan)
        return (torch.cat([seen.amin(0), seen.amax(0)]) * camera[:2].repeat(2)).numpy()


def one(values: object) -> torch.Tensor:
    """A batch of one."""
    return torch.from_numpy(np.asarray(values, np.float32))[None]


class TrueGuide(Guide):
    """Tells what is, instead of what was pointed at."""

    def guidance(self, seen: Seen, inputs: ModelInputs, rows: Sequence[int]) -> SpatialInputs:
        """See Guide.guidance."""
        spatial = self._pointed_at(seen.pointing, inputs)
        for index, row in enumerate(rows):
            for name, value in RUNNING[row].truth(spatial.cameras[index]).items():
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

    def world() -> KnownTabletop | KnownLibero:
        if settings.suite != "tabletop":
            return KnownLibero(settings.suite)
        return KnownTabletop(split=settings.split, collection=settings.collection, phrasing=settings.phrasing)

    rows = rollout(
        policy,
        world,
        range(settings.seed, settings.seed + settings.episodes),
        RolloutSettings(batch=4 if settings.suite == "tabletop" else 1),  # a world of LIBERO takes 2 GB
        label="told the truth",
    )
    print_summary(rows)
    if settings.json is not None:
        write_json(settings.json, summary(rows))


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
