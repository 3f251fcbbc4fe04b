"""SimplerEnv's WidowX tasks as an environment; their world is in a worker process (``make setup-simpler``)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array, Camera
from sightline.core.types import Observation, View
from sightline.engine.simulation.renderer import boxes_of
from sightline.envs import worker_process
from sightline.envs.base import Info
from sightline.envs.pictures import resized
from sightline.envs.simpler import worker as program
from sightline.envs.simpler.expert import DOWN, WidowXExpert, local, rotation_of
from sightline.envs.simpler.protocol import INTERFACES, PACKAGES, PICTURE, TASKS, episode_of
from sightline.envs.worker_environment import WorkerEnv
from sightline.envs.worker_process import WorkerProcess, worker_command

PYTHON = "SIGHTLINE_SIMPLER_PYTHON"  # environment variable: the Python that has ManiSkill
DATA = "SIGHTLINE_SIMPLER_DATA"  # environment variable: the benchmark's files, as its repository has them
VENV = ".venv-simpler"
REPOSITORY = "github.com/simpler-env/ManiSkill2_real2sim"
# What is needed, and where it may lie in that folder.
FOLDERS = {
    "custom": ("data/custom",),
    "real_inpainting": ("data/real_inpainting",),
    "stages": ("data/hab2_bench_assets/stages",),
    "widowx": (
        "descriptions/widowx_description",
        "mani_skill2_real2sim/assets/descriptions/widowx_description",
    ),
}
SHUT = 0.030  # metres that the fingers' joints are apart when they touch
RISE = 0.03  # metres above where it was grasped: lifted


def find_python() -> Path:
    """The Python that has ManiSkill: $SIGHTLINE_SIMPLER_PYTHON, or .venv-simpler of this folder or the checkout.

    Raises SightlineError where there is none.
    """
    return worker_process.find_python("SimplerEnv", "simpler", PYTHON, VENV, f"mani_skill=={PACKAGES['mani_skill']}")


def find_data() -> dict[str, str]:
    """Folders of the benchmark's files by name (FOLDERS), in $SIGHTLINE_SIMPLER_DATA.

    Raises SightlineError where it is not told or one is missing.
    """
    told = os.environ.get(DATA)
    if not told:
        raise SightlineError(
            f"The files of SimplerEnv come with no package: let ${DATA} name a checkout of {REPOSITORY}, or a folder "
            "with its data/ and descriptions/."
        )
    found = {}
    for name, places in FOLDERS.items():
        folders = [folder for folder in (Path(told).absolute() / place for place in places) if folder.is_dir()]
        if not folders:
            raise SightlineError(f"${DATA} ({told}) has no {' or '.join(places)}: it is no checkout of {REPOSITORY}.")
        found[name] = str(folders[0])
    return found


def start_worker() -> WorkerProcess:
    """A worker with the packages that were compared. Raises SightlineError for others, or where there is none."""
    python = find_python()
    variables = {}
    vulkan = python.parents[1] / "vulkan"
    for library in vulkan.glob("usr/lib/*/libvulkan_lvp.so"):  # Mesa's lavapipe, from scripts/simpler_vulkan.sh
        path = [str(library.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        variables = {"VK_ICD_FILENAMES": str(vulkan / "lavapipe.json"), "LD_LIBRARY_PATH": os.pathsep.join(path)}
    worker = WorkerProcess(
        worker_command(python, str(program.__file__)),
        "SimplerEnv's worker",
        "It draws with Vulkan in software: 'make setup-simpler' unpacks one that SAPIEN accepts.",
        variables=variables,
    )
    versions = worker.ask("hello")["versions"]
    for name, wanted in PACKAGES.items():
        if versions[name] != wanted:
            worker.close()
            raise SightlineError(
                f"SimplerEnv's environment has {name} {versions[name]}, but only {wanted} was compared with the "
                "benchmark's own simulator: run 'make setup-simpler' again."
            )
    return worker


class SimplerEnv(WorkerEnv):
    """One world of the four WidowX tasks; the same seed gives the same episode.

    Args:
        interface: how it is seen and moved, one of INTERFACES.
        most_steps: of an episode; None: as published.

    Attributes:
        card: the interface card.
    """

    def __init__(self, interface: str = "sightline", most_steps: int | None = None) -> None:
        require_known("interface", interface, INTERFACES)
        if most_steps is not None and most_steps < 1:
            raise SightlineError(f"An episode has at least one step, not {most_steps}.")
        self.interface, self.most_steps = INTERFACES[interface], most_steps
        super().__init__(self.interface.card, start_worker)
        self.task, self.instruction = "", ""
        self._now: dict[str, Any] = {}
        self._command, self._gripper = np.zeros(7), 1.0  # what the tool was told last (xyz, wxyz), and the fingers
        self._seed, self._steps = 0, 0
        self._ever, self._lifted, self._free = False, False, 0.0

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Start the episode of this seed; ``options`` may hold another ``instruction``, or ``places`` [2,7] (xyz, wxyz,
        world frame) where the task's source and target are dropped instead of in the benchmark's layout.

        Raises SightlineError for a number beyond the suite's episodes.
        """
        options = dict(options or {})
        for key in options:
            require_known("reset option", key, ("instruction", "places"))
        task, layout = self._episode(seed)
        self._start(task, layout, options.get("places"))
        self.instruction = str(options.get("instruction", self.instruction))
        self._seed = seed
        return None, self._info()

    def arrange(self, task: str, places: Array) -> None:
        """Start an episode of ``task`` in a layout that is none of the benchmark's: see ``places`` of :meth:`reset`."""
        self._start(task, 0, places)

    def layouts(self, task: str) -> tuple[Array, Array]:
        """Where the benchmark drops source and target: positions [c,2,3] and quaternions [q,2,4] (wxyz), world frame.
        Its layouts are all pairs of these."""
        told = self._ready().ask("layouts", folders=find_data(), task=TASKS[task].environment)
        return told["positions"], told["quaternions"]

    def _start(self, task: str, layout: int, places: Array | None) -> None:
        """Begin an episode; the benchmark's ``layout`` counts where no ``places`` are given."""
        self.task, environment = task, TASKS[task].environment
        self._begun = self._now = self._ready().ask(
            "begin", folders=find_data(), task=environment, layout=layout, places=places
        )
        self.instruction = self._begun["instruction"]
        self._seed, self._steps = 0, 0
        self._command, self._gripper = np.array(self._begun["command"], np.float64), 1.0
        self._ever, self._lifted, self._free = False, False, self._height()

    def advance(self, action: NDArray[np.float32]) -> Info:
        """Carry out one action [7] of the card and say how things stand, without rendering.

        Raises SightlineError where the action has another shape or is not finite.
        """
        taken = self._simulators(action)
        self._now = self._asked().ask("step", action=taken)
        self._note(taken)
        self._steps += 1
        if not self._now["grasped"]:
            self._free = self._height()
        self._lifted |= bool(self._now["grasped"]) and self._height() - self._free > RISE
        self._ever |= bool(self._now["done"])
        return self._info()

    def observe(self) -> Observation:
        """What a policy sees now: a picture drawn for this call, the card's state, the instruction, calibration."""
        seen = self._asked().ask("look")
        (name,) = self.card.cameras
        squeezed = self.card.image_size[0] * PICTURE[1] != self.card.image_size[1] * PICTURE[0]
        return Observation(
            images={name: resized(seen["picture"], self.card.image_size)},
            state=self.state(),
            instruction=self.instruction,
            # The pixels of a squeezed picture are not square: such a camera cannot be described.
            cameras={} if squeezed else {name: self._camera(seen)},
        )

    def view(self, names: Sequence[str]) -> View:
        """The picture that a policy sees now, with masks and boxes of things, named as in :meth:`truth`."""
        seen = self._asked().ask("look", owners=True)
        height, width = self.card.image_size
        rows, columns = (np.arange(n) * side // n for n, side in zip((height, width), PICTURE, strict=True))
        table = np.zeros(len(seen["names"]) + 1, np.uint8)
        table[1:] = [1 + names.index(name) for name in seen["names"]]
        ids = np.ascontiguousarray(table[seen["owners"]][rows[:, None], columns])
        picture = resized(seen["picture"], self.card.image_size)
        return View(self._camera(seen), picture, ids, boxes_of(ids, len(names)))

    def expert(self) -> WidowXExpert:
        """A scripted expert for the present episode. Raises SightlineError for another interface than ours."""
        self._asked()
        if self.interface is not INTERFACES["sightline"]:
            raise SightlineError("The scripted expert acts through the interface sightline; leave --interface out.")
        return WidowXExpert(self)

    def truth(self) -> dict[str, Any]:
        """What the simulator knows: ``source`` and ``target`` (names), ``sizes`` [3] in metres, ``poses`` [7] (xyz,
        wxyz, world frame), ``base`` [7], ``tool`` [7], ``joints`` [8], ``grasped``, ``done``; and ``command`` [7], what
        the tool was told last (base frame)."""
        self._asked()
        return {**self._begun, **self._now, "command": self._command}

    def state(self) -> NDArray[np.float32]:
        """[12] in the order of STATE_NAMES, or [0]: a hand that looks down is not turned; its fingers close along y."""
        if not self.card.state_names:
            return np.zeros(0, np.float32)
        position, rotation = local(self._begun, self._now["tool"])
        turned, told = rotation * DOWN.inv(), rotation_of(self._command) * DOWN.inv()
        width = float(np.sum(self._now["joints"][-2:])) - SHUT
        command = [*self._command[:3], told.as_euler("zyx")[0], self._gripper]
        return np.array([*position, *turned.as_rotvec(), width, *command], np.float32)

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _episode(self, seed: int) -> tuple[str, int]:
        """Task and layout of an episode."""
        return episode_of(seed)

    def _simulators(self, action: NDArray[np.float32]) -> Array:
        """An action of the card as one of the simulator, which takes rotations as Euler angles about moving axes."""
        asked = self._checked(action)
        turn = Rotation.from_euler("xyz", asked[3:6]) if self.interface.euler else Rotation.from_rotvec(asked[3:6])
        opened = asked[6]
        if self.interface.switch:
            opened = 1.0 if opened > 0.5 else -1.0
        return np.concatenate([asked[:3], turn.as_euler("XYZ"), [opened]])

    def _note(self, taken: Array) -> None:
        """Keep what the tool was told: the controller adds each action to that."""
        turned = Rotation.from_euler("XYZ", taken[3:6]) * rotation_of(self._command)
        self._command = np.concatenate([self._command[:3] + taken[:3], turned.as_quat()[[3, 0, 1, 2]]])
        self._gripper = float(np.sign(taken[6]) or 1.0)

    def _height(self) -> float:
        return float(self._now["poses"][self._begun["source"]][2])

    def _camera(self, seen: dict[str, Any]) -> Camera:
        """Calibration in the robot's frame."""
        height, width = self.card.image_size
        pose = (np.linalg.inv(matrix_of(self._begun["base"])) @ np.linalg.inv(seen["extrinsic"])).astype(np.float64)
        return Camera(width, height, float(seen["intrinsic"][0, 0]) * width / PICTURE[1], pose)

    def _info(self) -> Info:
        task, done = TASKS[self.task], bool(self._now["done"])
        late = self._steps >= (self.most_steps or task.steps)
        return Info(
            is_success=done,
            truncated=late,
            terminated=False,
            task=self.task,
            instruction=self.instruction,
            relation=task.relation,
            target=task.source,
            lifted=task.source if self._lifted else "",
            target_lifted=self._lifted,
            failure=self._failure() if late and not done else "",
            steps=self._steps,
            seed=self._seed,
        )

    def _failure(self) -> str:
        """Why the episode has failed, in the words of our other suites."""
        if self._ever:
            return "did not stay"
        return "goal not reached" if self._lifted else "grasp missed"


def matrix_of(pose: Array) -> Array:
    """[4,4] of a pose [7] xyz, wxyz."""
    made = np.eye(4)
    made[:3, :3] = Rotation.from_quat(pose[[4, 5, 6, 3]]).as_matrix()
    made[:3, 3] = pose[:3]
    return made
