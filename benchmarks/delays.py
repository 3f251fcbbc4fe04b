"""Success over an injected delay for the four ways of using chunks, and the jerk where chunks meet.

    python benchmarks/delays.py --policy tiny --seeds 100 --workers 2 --chart docs/delays.png --json outputs/delays.json

(the full size, 2,000 episodes; --seeds 8 --delays 0 200 shows that it works).

The delay is one of the simulation's own time, in whole ticks of control: every answer comes so many ticks after its
observation, however fast this machine is. In the meantime the robot goes on with what it has, or stands still where its
way of using chunks has nothing for it, and its time limit goes on. Each way meets the same scenes. Jerk (m/s^3, of the
commanded path, standing still included) is told apart for the ticks at which another chunk takes over or the robot
stops or starts, and for all others.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from sightline.core.console import progress, say, table, write_json
from sightline.core.runtime import prepare_process
from sightline.core.types import EXECUTE, STATE_NAMES
from sightline.core.worker_pool import WorkerPool
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.rates import Rate

WAYS = ("blocking", "ensemble", "asynchronous", "real-time")
GRIPPER = STATE_NAMES.index("gripper_command")


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    policy: str = "tiny"
    """Checkpoint folder (an exported one acts with its engine) or tiny."""
    seeds: int = 100
    """Episodes of each way and delay: seeds from --first on."""
    first: int = 1000
    """The first seed."""
    delays: tuple[float, ...] = (0, 100, 200, 300, 400)
    """Milliseconds, rounded up to ticks of control."""
    execute: int = EXECUTE
    """Actions of a chunk after which the next one is asked for."""
    workers: int = 1
    """Processes."""
    chart: Path | None = None
    """Draw the chart here (PNG)."""
    json: Path | None = None
    """Write the figures here."""


@dataclass
class Robot:
    """An arm in a simulation, whose clock is the only one here.

    Attributes:
        actions: what was done at each tick. sources: the number of the chunk that it came from, -1 of standing still.
    """

    env: TabletopEnv
    info: dict[str, Any]
    actions: list[np.ndarray] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether the episode is over."""
        return bool(self.info.get("is_success") or self.info.get("truncated"))

    def move(self, action: np.ndarray, source: int) -> None:
        """A tick in which an action is carried out."""
        self.info = dict(self.env.advance(action))
        self.actions.append(action)
        self.sources.append(source)

    def stand(self, ticks: int) -> None:
        """Ticks in which nothing is asked of the arm, and the gripper stays as it was told."""
        for _ in range(ticks):
            if self.done:
                return
            still = np.zeros(len(self.env.card.action_names), np.float32)
            still[-1] = self.actions[-1][-1] if self.actions else self.env.observe().state[GRIPPER]
            self.move(still, -1)

    def success(self) -> bool:
        """Whether the task is done, and stays done when half a second has passed."""
        return bool(self.info["is_success"]) and bool(self.env.hold()["is_success"])

    def jerks(self) -> tuple[list[float], list[float]]:
        """m/s^3 of the commanded path at seams and elsewhere."""
        rate = self.env.card.control_hz
        velocity = np.stack(self.actions)[:, :3] * rate
        jerk = np.linalg.norm(velocity[2:] - 2 * velocity[1:-1] + velocity[:-2], axis=1) * rate**2
        begins = np.diff(self.sources) != 0
        seam = begins[1:] | begins[:-1]
        return jerk[seam].tolist(), jerk[~seam].tolist()


class Promise(Future):
    """An answer that is there when the robot's clock says so; who cannot wait stands still."""

    def __init__(self, robot: Robot, answer: dict[str, Any], due: int) -> None:
        super().__init__()
        self.robot, self.due = robot, due
        self.set_result(answer)

    def done(self) -> bool:
        return len(self.robot.actions) >= self.due

    def result(self, timeout: float | None = None) -> dict[str, Any]:
        self.robot.stand(self.due - len(self.robot.actions))
        return super().result()


class Late(Executor):
    """A policy whose answers come ``delay`` ticks after their questions: the client of those who wait for it, and the
    worker of those who go on in the meantime."""

    def __init__(self, served: Any, robot: Robot, delay: int) -> None:
        self.served, self.robot, self.delay = served, robot, delay

    def reset(self) -> None:
        self.served.reset(0, 0)

    def infer(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = self._answer(request)
        self.robot.stand(self.delay)
        return answer

    def submit(self, ask: Any, /, *given: Any, **named: Any) -> Promise:  # infer, which would stand still, is left out
        return Promise(self.robot, self._answer(given[0]), len(self.robot.actions) + self.delay)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        frozen = request.get("frozen", np.zeros((0, 0)))
        chunks, _ = self.served.act([request["seen"]], [0], None, [frozen if len(frozen) else None])
        return {"actions": chunks[0].actions}


def using(way: str, late: Late, execute: int) -> Any:
    """The client's own class for this way of using chunks."""
    from sightline_client import Asynchronous, Blocking, Ensemble, RealTime

    client: Any = late
    make: dict[str, Callable[[], Any]] = {
        "blocking": lambda: Blocking(client, execute),
        "ensemble": lambda: Ensemble(client, execute, gripper=late.robot.env.card.action_names.index("gripper")),
        "asynchronous": lambda: Asynchronous(client, execute, late),
        "real-time": lambda: RealTime(client, execute, late.delay, late),
    }
    return make[way]()


@cache
def served(policy: str) -> tuple[Any, TabletopEnv]:
    """The policy and the environment of this process."""
    import torch

    from sightline.serve.served import served_by

    torch.set_num_threads(1)
    policy_here: Any = served_by(policy)
    return policy_here, TabletopEnv(size=policy_here.interface.card.image_size[0])


def episode(policy: str, way: str, milliseconds: float, seed: int, execute: int) -> dict[str, Any]:
    """One episode's row."""
    policy_here, env = served(policy)
    delay = ceil(milliseconds * env.card.control_hz / 1000 - 1e-9)
    env.reset(seed=seed)
    robot = Robot(env, {})
    actions = using(way, Late(policy_here, robot, delay), execute)
    actions.reset()
    chunks, answer = 0, None
    while not robot.done:
        action = actions.next(lambda: {"seen": env.observe()})
        chunks += actions.answer is not answer
        answer = actions.answer
        if not robot.done:  # time may have run out while it waited
            robot.move(action, chunks)
    seams, others = robot.jerks()
    return {
        "way": way, "delay_ms": milliseconds, "seed": seed, "success": robot.success(), "ticks": len(robot.actions),
        "standing": robot.sources.count(-1), "chunks": chunks, "jerk_at_seams": seams, "jerk_elsewhere": others,
    }  # fmt: skip


def summary(rows: list[dict[str, Any]], settings: Settings) -> list[dict[str, Any]]:
    """One line for each way and delay."""
    lines = []
    for way, delay in product(WAYS, settings.delays):
        mine = [row for row in rows if (row["way"], row["delay_ms"]) == (way, delay)]
        jerk = {name: [x for row in mine for x in row[name]] for name in ("jerk_at_seams", "jerk_elsewhere")}
        rate = Rate(sum(row["success"] for row in mine), len(mine))
        lines.append(
            {"way": way, "delay_ms": delay, "success": rate.value, "ci95": rate.interval}
            | {name: float(np.mean([row[name] for row in mine])) for name in ("ticks", "standing", "chunks")}
            | {name: float(np.mean(values)) if values else 0.0 for name, values in jerk.items()}
        )
    return lines


def draw(lines: list[dict[str, Any]], episodes: int, path: Path) -> None:
    """Success and jerk at seams over the delay."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    success, jerk = figure.subplots(1, 2)
    for way in WAYS:
        mine = [line for line in lines if line["way"] == way]
        delays = [line["delay_ms"] for line in mine]
        middle = np.array([100 * line["success"] for line in mine])
        bounds = np.abs(100 * np.array([line["ci95"] for line in mine]).T - middle)
        success.errorbar(delays, middle, bounds, label=way, marker="o", capsize=3)
        jerk.plot(delays, [line["jerk_at_seams"] for line in mine], label=way, marker="o")
    success.set(xlabel="delay, ms", ylabel=f"success, % (95 %, {episodes} episodes)", ylim=(0, 102))
    jerk.set(xlabel="delay, ms", ylabel="jerk where chunks meet, m/s³", ylim=(0, None))
    jerk.legend(frameon=False)
    for axes in (success, jerk):
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main(settings: Settings) -> None:
    """Run all episodes, print, write, draw."""
    prepare_process()
    seeds = range(settings.first, settings.first + settings.seeds)
    jobs = list(product(WAYS, settings.delays, seeds))
    rows = []
    with WorkerPool(settings.workers) as pool, progress(len(jobs), "episodes", unit="episode") as bar:
        for job in as_completed([pool.submit(episode, settings.policy, *job, settings.execute) for job in jobs]):
            rows.append(job.result())
            bar.update(1)
    rows.sort(key=lambda row: (WAYS.index(row["way"]), row["delay_ms"], row["seed"]))
    lines = summary(rows, settings)
    table(
        f"{settings.policy}, {settings.seeds} episodes each",
        ["way", "delay, ms", "success", "95 %", "ticks", "of them standing", "chunks", "jerk at seams", "elsewhere"],
        [
            [line["way"], line["delay_ms"], f"{line['success']:.0%}", "{:.0%} to {:.0%}".format(*line["ci95"])]
            + [line[name] for name in ("ticks", "standing", "chunks", "jerk_at_seams", "jerk_elsewhere")]
            for line in lines
        ],
    )
    at = {(line["way"], line["delay_ms"]): line["success"] for line in lines}
    if {0, 200} <= set(settings.delays):
        lost = 100 * (at["real-time", 0] - at["real-time", 200])
        say(f"At 200 ms real-time chunking loses {lost:.1f} points of what it reaches without a delay (allowed: 5).")
    if settings.json is not None:
        write_json(settings.json, {"settings": asdict(settings), "lines": lines, "episodes": rows})
    if settings.chart is not None:
        draw(lines, settings.seeds, settings.chart)


if __name__ == "__main__":
    main(tyro.cli(Settings))
