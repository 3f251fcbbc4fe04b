"""The simulated table as a playground needs it: other words at any time, moments to go back to, what is where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.types import Observation, Task, View
from sightline.engine.generation.task_sampling import sample_world_task
from sightline.engine.simulation.simulation import Snapshot
from sightline.engine.simulation.success import Judge
from sightline.envs.tabletop import EVALUATION, TabletopEnv
from sightline.language.parsing import meanings
from sightline.language.referring import instruct
from sightline.tasks.skills import SKILLS

DRAWS = 40  # tasks drawn in search of examples
SIZE = 224  # pixels, side of the pictures that policies and persons see


@dataclass(frozen=True)
class Moment:
    """A scene to go back to, and what was to be done in it."""

    snapshot: Snapshot
    instruction: str
    task: Task
    judged: bool


class PlayScene(TabletopEnv):
    """A tabletop whose episode goes on as a person wants.

    Attributes:
        views: what was last observed, by camera, with the simulator's own labels.
        judged: whether the words name a task of this scene, so that success can be told.
    """

    def __init__(self, **world: Any) -> None:
        super().__init__(size=SIZE, **world)
        self.views: dict[str, View] = {}
        self.judged = True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Start the episode of this seed, see TabletopEnv."""
        self.judged = True
        return super().reset(seed=seed, options=options)

    def observe(self) -> Observation:
        """What a policy sees now; the views stay in :attr:`views`."""
        simulation, _ = self._running()
        renderer = self._scenario().renderer(self.size)
        self.views = {camera: renderer.view(simulation.data, camera) for camera in self.card.cameras}
        return Observation(
            {camera: view.image for camera, view in self.views.items()},
            simulation.state(),
            self.instruction,
            {camera: view.camera for camera, view in self.views.items()},
        )

    def examples(self, count: int) -> list[str]:
        """Instructions that this scene offers, that of its seed first; always the same ones for a seed."""
        simulation, judge = self._running()
        scene, rng = judge.started, np.random.default_rng([EVALUATION, self._seed, 2])
        found = {judge.task.instruction: None}
        for _ in range(DRAWS):
            if len(found) >= count:
                break
            task = sample_world_task(scene, simulation.world, rng, self.world.tasks)
            if task is not None:
                found[task.instruction] = None
        return list(found)

    def say(self, words: str) -> None:
        """Go on from here with other words; they are judged where they mean one task of this scene."""
        simulation, judge = self._running()
        meant = meanings(words.rstrip(".!").lower(), simulation.scene())
        task, clear = judge.task, len(meant) == 1
        if clear:
            relation, target, reference = meant.pop()
            task = Task(relation, target, reference, words, self.named(target), self.named(reference))
        self._go_on(task, words, clear)

    def retarget(self, target: int) -> str:
        """Another thing is meant than the words say: judge what becomes of it, and say that in words."""
        task = self._running()[1].task
        named = self.named(target)
        if task.relation not in SKILLS and target != task.reference:
            words = instruct(task.relation, named, task.reference_phrase, np.random.default_rng(0))
            self._go_on(replace(task, target=target, target_phrase=named), self.instruction, self.judged)
            return words
        self.judged = False
        return named

    def at(self, camera: str, u: float, v: float) -> int:
        """Index of the object at a pixel of the last picture, -1 where there is none."""
        ids = self.views[camera].ids
        row, column = (int(np.clip(value, 0, limit - 1)) for value, limit in zip((v, u), ids.shape, strict=True))
        return int(ids[row, column]) - 1

    def named(self, index: int) -> str:
        """What an object is called, "" for -1."""
        if index < 0:
            return ""
        thing = self._running()[1].started.objects[index]
        return " ".join(part for part in ("the", thing.colour, thing.kind) if part)

    def away(self, goal: tuple[str, NDArray[np.float64]] | None) -> float:
        """Pixels between the target and a pixel (camera, [2]) of the last picture."""
        assert goal is not None
        camera, pixel = goal
        place = self.scene().positions[self._running()[1].task.target]
        return float(np.linalg.norm(self.views[camera].camera.project(place)[0] - pixel))

    def holding(self) -> bool:
        """Whether the fingers are told to be closed."""
        return self._running()[0].command.gripper < 0

    def moment(self) -> Moment:
        """To be given to :meth:`back_to`."""
        simulation, judge = self._running()
        return Moment(simulation.snapshot(), self.instruction, judge.task, self.judged)

    def back_to(self, moment: Moment) -> None:
        """Go back to a moment of this scene; its time begins anew."""
        self._running()[0].restore(moment.snapshot)
        self._go_on(moment.task, moment.instruction, moment.judged)

    def _go_on(self, task: Task, words: str, judged: bool) -> None:
        simulation, _ = self._running()
        self.task, self.instruction, self.judged = task, words, judged
        self._steps, self._judge = 0, Judge(simulation, task)
