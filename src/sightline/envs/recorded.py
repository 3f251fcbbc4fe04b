"""The scenes of a generated dataset, started again, to replay what was recorded in them."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.types import STATE_NAMES, Task
from sightline.data.dataset import Dataset
from sightline.engine.generation.generate import RECIPE, read_recipe
from sightline.engine.generation.scenario import Scenario, set_scene
from sightline.engine.simulation.randomization import apply_look
from sightline.engine.worlds.spec import WorldSpec
from sightline.envs.tabletop import TabletopEnv

TOLERANCE = 1e-3  # metres: farther from the recorded positions it is not the same scene
COMMAND = [STATE_NAMES.index(name) for name in ("command_x", "command_y", "command_z", "command_rz")]
GRIPPER = STATE_NAMES.index("gripper_command")


class RecordedEnv(TabletopEnv):
    """As TabletopEnv, but ``seed`` i is the scene and task of the dataset's i-th episode, counted from 0.

    Args:
        root: a dataset made by ``sightline generate --kind episodes``.

    Raises SightlineError for any other dataset, or when this version of the engine makes other scenes than recorded.
    """

    def __init__(self, root: Path | str, size: int = 224) -> None:
        self.dataset = Dataset(root)
        if not (self.dataset.root / RECIPE).exists() or any(meta.task is None for meta in self.dataset.episodes):
            raise SightlineError(
                f"{root} cannot be replayed: only datasets made by 'sightline generate --kind episodes' say how their "
                "scenes were made."
            )
        recipe = read_recipe(self.dataset.root)
        world = WorldSpec(**{field.name: str(recipe[field.name]) for field in fields(WorldSpec)})
        super().__init__(size=size, render=False, **asdict(world))

    def executed_actions(self) -> NDArray[np.float32]:
        """[T,7] what the arm was made to do in the present episode.

        These are the differences of the recorded commands and the gripper's next one, not the recorded actions: where
        the expert was disturbed (pushed, or its fingers slipped open), an action is its clean answer, but the disturbed
        one is what led to the next state.
        """
        recorded = self.dataset.table(self.dataset.episodes[self._seed].index)
        actions = recorded["action"].copy()
        moved = np.diff(recorded["state"][:, COMMAND].astype(np.float64), axis=0)
        actions[:-1, :3], actions[:-1, 3:5] = moved[:, :3], 0.0
        actions[:-1, 5] = (moved[:, 3] + np.pi) % (2 * np.pi) - np.pi
        actions[:-1, 6] = recorded["state"][1:, GRIPPER]
        return actions

    def _place(self) -> tuple[int, int]:
        if self._seed >= len(self.dataset):
            raise SightlineError(f"{self.dataset.root} has {len(self.dataset)} episodes, no number {self._seed}.")
        meta = self.dataset.episodes[self._seed]
        return meta.seed, meta.candidate

    def _start_scene(self, scenario: Scenario) -> Task:
        meta = self.dataset.episodes[self._seed]
        rng = np.random.default_rng([meta.seed, meta.candidate])
        set_scene(scenario, rng)
        apply_look(scenario.world, self._look(rng))
        scene, recorded = scenario.simulation.scene(), self.dataset.labels(meta.index).scene(0)
        same = scene.objects == recorded.objects and bool((scene.present == recorded.present).all())
        if not same or np.abs(scene.positions - recorded.positions)[scene.present].max() > TOLERANCE:
            raise SightlineError(
                f"Episode {meta.index} of {self.dataset.root} was recorded in a scene that this version of the engine "
                "does not make; generate the dataset again to replay it."
            )
        assert meta.task is not None  # the constructor has refused other datasets
        return meta.task
