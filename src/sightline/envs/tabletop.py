"""The suite ``tabletop``: a robot puts things into, onto and beside other things, as told in plain English."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import ACTION_NAMES, STATE_NAMES, Observation, SceneState, Task
from sightline.engine.collections import STARTER
from sightline.engine.expert.choose import expert_for
from sightline.engine.expert.pick_place import Expert
from sightline.engine.generation.episode import card as card_of
from sightline.engine.generation.scenario import Scenario, build_scenario, set_scene
from sightline.engine.generation.task_sampling import sample_world_task
from sightline.engine.robots import DEFAULT
from sightline.engine.simulation.randomization import Look, apply_look, sample_look
from sightline.engine.simulation.simulation import MAX_STEP, MAX_TURN, Simulation
from sightline.engine.simulation.success import SETTLE_STEPS, Judge
from sightline.engine.worlds.spec import WorldSpec
from sightline.envs.base import Info
from sightline.envs.words import Words
from sightline.language.instructions import TaskSampler
from sightline.language.paraphrases import spoken
from sightline.language.referring import PLAIN, Phrasebook
from sightline.language.styles import style_of
from sightline.tasks.kinds import PLACE

TIME_LIMIT = 80  # actions of an episode
EVALUATION = 0x5EED  # sets the random streams of evaluation apart from those of every dataset
MAX_TRIES = 20  # scenes drawn before giving up on one that offers a task
OPTIONS = ("instruction", "task")


class TabletopEnv(gymnasium.Env):
    """One tabletop; the same seed gives the same episode.

    Observations are dictionaries: ``images`` (camera -> [size,size,3] uint8), ``state`` [12] float32 and
    ``instruction``. Actions are [7] float32: metres and radians of the commanded tool pose over 0.1 s (base frame),
    and the gripper (+1 open, -1 close).

    Gymnasium's vector environments work with their default settings, the words included. A process that has rendered
    must not fork into others that render, which OpenGL (EGL) does not survive: after that, ``AsyncVectorEnv(...,
    context="spawn")``; a fork is refused in a sentence.

    Args:
        split: ``seen`` (the object models of training, new scenes), ``unseen`` (also colour-kind pairs held out of it)
            or ``novel`` (kinds of objects held out of it); or ``train`` itself.
        size: pixels, side of the square pictures.
        render: whether :meth:`reset` and :meth:`step` return pictures; without them ``images`` is black.
        robot: who does it, one of ``engine.robots.ROBOTS``.
        phrasing: ``plain``, or the same tasks in the rich words of training (``train``) or held out of it (``unseen``).
        collection: what worlds are made of, see ``engine.collections``.
        tasks: what is to be done, one of ``tasks.kinds.TASKS``.

    Attributes:
        card: the interface card.
        limit: actions of an episode.
        world: what worlds are made of and for.
        task: the present task; None before the first reset.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 (declared so by gymnasium)

    def __init__(
        self,
        split: str = "seen",
        size: int = 224,
        render: bool = True,
        robot: str = DEFAULT,
        phrasing: str = "plain",
        collection: str = STARTER,
        tasks: str = PLACE,
    ) -> None:
        self.world = WorldSpec(split=split, robot=robot, collection=collection, tasks=tasks)
        self.world.check()
        self.wording = spoken(phrasing)
        self.size, self.pictures = size, render
        self.render_mode = "rgb_array"
        self.card: Card = card_of(robot, size)
        self.limit = TIME_LIMIT
        self.task: Task | None = None
        picture = spaces.Box(0, 255, (size, size, 3), np.uint8)
        self.observation_space = spaces.Dict(
            {
                "images": spaces.Dict({camera: picture for camera in self.card.cameras}),
                "state": spaces.Box(-np.inf, np.inf, (len(STATE_NAMES),), np.float32),
                "instruction": Words(),
            }
        )
        reach = np.array([MAX_STEP] * 3 + [MAX_TURN] * 3 + [1.0], np.float32)
        self.action_space = spaces.Box(-reach, reach, (len(ACTION_NAMES),), np.float32)
        self.instruction = ""
        self._steps = 0
        self._seed = 0
        self._judge: Judge | None = None
        self._built: Scenario | None = None
        self._place_of_scenario = (-1, -1)

    # --- gymnasium ------------------------------------------------------------------------------------------------

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Start the episode of this seed (without one: a random episode).

        Args:
            options: ``task`` (a Task of this seed's scene) and ``instruction`` (words) replace what the seed says.

        Raises:
            SightlineError: negative seed, unknown option.
        """
        if seed is not None and seed < 0:
            raise SightlineError(f"The seed of an episode must not be negative, got {seed}.")
        super().reset(seed=None if seed is None else int(seed))
        options = dict(options or {})
        for key in options:
            require_known("reset option", key, OPTIONS)
        self._seed = int(self.np_random.integers(2**31)) if seed is None else int(seed)
        drawn = self._start_scene(self._scenario())
        task: Task = options.get("task", drawn)
        self.task, self.instruction = task, str(options.get("instruction", task.instruction))
        self._steps, self._judge = 0, Judge(self._scenario().simulation, task)
        return self._dictionary(self.pictures), dict(self._info())

    def step(self, action: NDArray) -> tuple[dict, float, bool, bool, dict]:
        """Carry out one action; the reward is 1 when the task is done, which ends the episode."""
        info = self.advance(action)
        success = bool(info["is_success"])
        return self._dictionary(self.pictures), float(success), success, bool(info["truncated"]), dict(info)

    def render(self) -> NDArray[np.uint8]:
        """[size,size,3] the front camera's picture."""
        return self.observe().images["front"]

    def close(self) -> None:
        """Free the renderer."""
        if self._built is not None:
            self._built.close()

    # --- the same without gymnasium's wrapping --------------------------------------------------------------------

    def advance(self, action: NDArray) -> Info:
        """Carry out one action [7] without rendering and return the info.

        It says everything of :class:`Info` but ``terminated`` (success ends the episode) and ``progress``;
        ``truncated`` is true when no steps are left or an object fell.

        Raises:
            SightlineError: the action has the wrong shape or is not finite, or there was no reset.
        """
        simulation, judge = self._running()
        simulation.step(action)
        judge.watch()
        self._steps += 1
        return self._info()

    def hold(self) -> Info:
        """Let half a second pass with the command unchanged and say whether the task is still done.

        Raises:
            SightlineError: there was no reset.
        """
        simulation, judge = self._running()
        simulation.settle(SETTLE_STEPS)
        judge.watch()
        failure = "object fell" if judge.fallen else "did not stay"
        return self._info() | Info(
            is_success=judge.success, truncated=not judge.success, failure="" if judge.success else failure
        )

    def observe(self) -> Observation:
        """What a policy sees now: rendered pictures with calibrated cameras, state, instruction."""
        simulation, _ = self._running()
        renderer = self._scenario().renderer(self.size)
        names, data = self.card.cameras, simulation.data
        return Observation(
            images={name: renderer.picture(data, name) for name in names},
            state=simulation.state(),
            instruction=self.instruction,
            cameras={name: renderer.camera(data, name) for name in names},
        )

    def scene(self) -> SceneState:
        """Where everything is now."""
        return self._running()[0].scene()

    def expert(self) -> Expert:
        """A scripted expert for the present task; its ``act()`` gives the next action."""
        simulation, judge = self._running()
        return expert_for(simulation, judge.task, judge.started)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _running(self) -> tuple[Simulation, Judge]:
        if self._built is None or self._judge is None:
            raise SightlineError("The environment has no episode yet: call reset() first.")
        return self._built.simulation, self._judge

    def _place(self) -> tuple[int, int]:
        """Where the seed's episode happens: stream and number of its world."""
        return EVALUATION, self._seed

    def _scenario(self) -> Scenario:
        """The scenario of the episode's world, kept until another one is needed.

        Every environment builds its own: a scene is laid out inside the world, so environments that run side by side
        must not share one.
        """
        place = self._place()
        if self._built is None or self._place_of_scenario != place:
            self.close()
            self._built = self._build(*place)
            self._place_of_scenario = place
        return self._built

    def _build(self, stream: int, number: int) -> Scenario:
        """The scenario of world ``number`` of a stream of worlds; other worlds are built by environments of theirs."""
        return build_scenario(self.world, stream, number)

    def _look(self, rng: np.random.Generator) -> Look:
        """Lights, surfaces, camera poses and sensor of an episode; an environment of other looks draws its own."""
        return sample_look(rng, self.world.split, self.world.collection)

    def _start_scene(self, scenario: Scenario) -> Task:
        """Set up the seed's scene, the first of its random stream that offers a task, and return that task."""
        rng, simulation = np.random.default_rng([EVALUATION, self._seed]), scenario.simulation
        for _ in range(MAX_TRIES):
            set_scene(scenario, rng)
            apply_look(scenario.world, self._look(rng))
            task = sample_world_task(simulation.scene(), simulation.world, rng, simulation.world.spec.tasks)
            if task is not None and self.wording is not PLAIN:
                task = self._reworded(task, simulation.scene())
            if task is not None:
                return task
        raise SightlineError(f"Seed {self._seed} offers no task in {MAX_TRIES} scenes; use another seed.")

    def _reworded(self, task: Task, scene: SceneState) -> Task | None:
        """The task in the environment's words; they have random numbers of their own, so that scenes stay the same."""
        sampler = TaskSampler(scene, Phrasebook(scene, self.wording))
        return sampler.reword(task, np.random.default_rng([EVALUATION, self._seed, 1]))

    def _dictionary(self, pictures: bool) -> dict:
        if pictures:
            seen = self.observe()
            return {"images": seen.images, "state": seen.state, "instruction": seen.instruction}
        black = np.zeros((self.size, self.size, 3), np.uint8)
        state = self._running()[0].state()
        return {
            "images": {camera: black for camera in self.card.cameras},
            "state": state,
            "instruction": self.instruction,
        }

    def _info(self) -> Info:
        _, judge = self._running()
        task, ended = judge.task, judge.success or judge.fallen or self._steps >= self.limit
        return Info(
            is_success=judge.success,
            truncated=ended and not judge.success,
            task=task.relation,
            instruction=self.instruction,
            relation=task.relation,
            style=style_of(task.target_phrase),
            target=judge.started.objects[task.target].id,
            lifted=judge.lifted,
            target_lifted=judge.target_lifted,
            wrong_object_lifted=judge.wrong_object_lifted,
            failure=judge.failure() if ended else "",
            steps=self._steps,
            seed=self._seed,
        )
