"""Closed-loop rollouts: several environments in lockstep, so that the policy acts in batches.

Episodes are grouped by their order in the list of seeds and every group runs to its end before the next one starts.
The batches that a policy sees are thus the same whatever the number of worker processes, and so are the rows. A group
of which some rows are missing is run again as a whole for the same reason.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import EXECUTE, ActionChunk, Grounding, PolicyLike
from sightline.core.worker_pool import WorkerPool
from sightline.envs.base import Environment, Holding
from sightline.evaluate.action_chunks import ChunkPlayer
from sightline.evaluate.collected import Collected, Kept
from sightline.evaluate.film import Film
from sightline.evaluate.policies import GuidedPolicy
from sightline.evaluate.rows import EpisodeRow


@dataclass(frozen=True)
class RolloutSettings:
    """How episodes are run.

    Attributes:
        batch: environments stepped in lockstep in one process.
        execute: actions of a chunk that are executed before the policy is asked again.
        handling, window: of overlapping chunks, see :class:`ChunkPlayer`.
        films: number of episodes (the first ones) that are filmed.
        film_dir: where films go; None: no films.
        launcher: whose processes run them beside each other: ``local`` ones, or those of a ``ray`` cluster.
    """

    batch: int = 4
    execute: int = EXECUTE
    handling: str = "receding"
    films: int = 0
    film_dir: Path | None = None
    launcher: str = "local"
    window: int = 7

    def __post_init__(self) -> None:
        require_known("launcher", self.launcher, ("local", "ray"))


class _Running:
    """One episode in progress.

    Attributes:
        known: all that the environment has said about it so far.
    """

    def __init__(
        self, env: Environment, seed: int, options: dict | None, settings: RolloutSettings, film: bool
    ) -> None:
        _, told = env.reset(seed=seed, options=options)
        self.env, self.seed = env, seed
        self.known: dict[str, Any] = dict(told)
        names = env.card.action_names
        gripper = names.index("gripper") if "gripper" in names else None
        self.player = ChunkPlayer(settings.handling, settings.execute, gripper=gripper, window=settings.window)
        self.grounding: Grounding | None = None
        self.steps, self.done = 0, False
        self.success = self.success_any_time = False
        self.film: Film | None = None
        if film and settings.film_dir is not None:
            if not env.card.cameras:
                raise SightlineError("This environment has no cameras, so it cannot be filmed; leave the video out.")
            self.film = Film(settings.film_dir / f"seed_{seed:06d}.mp4", env.card.cameras, env.card.control_hz)

    def step(self) -> None:
        """Execute the next action and note what it did; success is looked at again when it has been held."""
        info = self.env.advance(self.player.next())
        if missing := [name for name in ("is_success", "truncated") if name not in info]:
            where = f"{type(self.env).__name__}.advance()"
            raise SightlineError(f"{where} must say {' and '.join(missing)} in its info (see sightline.envs.base).")
        self.known |= info
        self.steps += 1
        self.success = bool(info["is_success"])
        self.success_any_time |= self.success
        self.done = bool(info.get("terminated", self.success) or info["truncated"])
        if self.done and self.success and isinstance(self.env, Holding):
            self.known |= self.env.hold()
            self.success = bool(self.known["is_success"])

    def row(self) -> EpisodeRow:
        """The summary; writes the film."""
        failure = ""
        if not self.success:
            failure = self.known.get("failure") or ("time ran out" if self.known["truncated"] else "ended undone")
        if self.film is not None:
            self.film.finish(self.env.observe(), self.grounding, self.steps, self.success, failure or "success")
        return EpisodeRow.told(
            self.known,
            seed=self.seed,
            success=self.success,
            success_any_time=self.success_any_time,
            steps=self.steps,
            failure=failure,
            video=self.film.path.name if self.film and not self.film.lost else "",
        )


class Runner:
    """A policy with its environments, ready to run groups of episodes in this process.

    A :class:`GuidedPolicy` (the scripted expert, a replay) is handed the environment at the start of each episode and
    gets no observations. Rows are named by seed, so that a policy which draws noise from its row's number acts alike in
    every batch.
    """

    def __init__(self, policy: PolicyLike, make_env: Callable[[], Environment], settings: RolloutSettings) -> None:
        self.policy, self.make_env, self.settings = policy, make_env, settings
        self.blind = isinstance(policy, GuidedPolicy)
        self.envs: list[Environment] = []

    def group(
        self,
        seeds: Sequence[int],
        options: Mapping[int, dict],
        filmed: frozenset[int],
        ended: Callable[[EpisodeRow], None],
    ) -> list[EpisodeRow]:
        """Run these episodes side by side; rows in the order of ``seeds``, of which ``ended`` hears one by one."""
        while len(self.envs) < len(seeds):
            self.envs.append(self.make_env())
            if not self.blind:
                self.check_cards(self.envs[-1].card)
        running = [
            _Running(env, seed, options.get(seed), self.settings, seed in filmed)
            for env, seed in zip(self.envs, seeds, strict=False)
        ]
        self.policy.reset(list(seeds))
        if isinstance(self.policy, GuidedPolicy):
            for episode in running:
                self.policy.attach(episode.seed, episode.env)
        rows = {}
        while active := [episode for episode in running if not episode.done]:
            self._step(active)
            for episode in active:
                if episode.done:
                    rows[episode.seed] = episode.row()
                    ended(rows[episode.seed])
        return [rows[seed] for seed in seeds]

    def check_cards(self, card: Card) -> None:
        """Raise SightlineError unless the policy and the environment speak of the same robot."""
        self.policy.card.require_match(card, "the policy", "the environment", ignore=("chunk", "normalisation"))

    def _step(self, active: list[_Running]) -> None:
        due = [episode for episode in active if episode.player.wants_chunk]
        seen = {id(e): e.env.observe() for e in active if e.film or (e in due and not self.blind)}
        if due:
            observations = [] if self.blind else [seen[id(e)] for e in due]
            chunks: list[ActionChunk] = self.policy.act_batch(observations, [e.seed for e in due])
            for episode, chunk in zip(due, chunks, strict=True):
                episode.player.add(chunk.actions)
                episode.grounding = chunk.grounding
        for episode in active:
            if episode.film is not None:
                episode.film.add(seen[id(episode)], episode.grounding, episode.steps)
            episode.step()

    def close(self) -> None:
        """Release the environments."""
        for env in self.envs:
            env.close()
        self.envs = []


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread: sums over tensors are then the same in every process, and processes do not crowd each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def rollout(
    policy: PolicyLike,
    make_env: Callable[[], Environment],
    seeds: Sequence[int],
    settings: RolloutSettings | None = None,
    options: Mapping[int, dict] | None = None,
    label: str = "episodes",
    kept: Kept | None = None,
) -> list[EpisodeRow]:
    """Run one episode for each seed in this process.

    Args:
        make_env: builds one environment; called up to ``settings.batch`` times.
        options: seed -> options of that episode's reset.
        label: of the progress bar.
        kept: rows that need not be run, and who keeps the others.

    Returns:
        Rows in the order of ``seeds``; for a deterministic policy they depend on nothing else.
    """
    settings, kept = settings or RolloutSettings(), kept or Kept()
    collected = Collected(seeds, settings.batch, kept, label)
    runner = Runner(policy, make_env, settings)
    filmed = frozenset(list(seeds)[: settings.films])

    def ended(row: EpisodeRow) -> None:
        if row.seed not in kept.rows:
            kept.add(row)
        collected.add(row)

    try:
        with _one_thread(), collected.bar:
            collected.show(len(collected.rows))
            for group in collected.groups:
                runner.group(group, options or {}, filmed, ended)
    finally:
        runner.close()
    return collected.in_order()


_worker: dict[str, Any] = {}


def _start_worker(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], Environment],
    settings: RolloutSettings,
    add: Callable[[EpisodeRow], None],
) -> None:
    torch.set_num_threads(1)
    _worker.update(make_policy=make_policy, make_env=make_env, settings=settings, add=add)


def _work(
    seeds: list[int], options: dict[int, dict], filmed: frozenset[int], known: frozenset[int]
) -> list[EpisodeRow]:
    def ended(row: EpisodeRow) -> None:
        if row.seed not in known:
            _worker["add"](row)

    # The policy is loaded here and not at the start of the process so that a failure comes back as its own message.
    if "runner" not in _worker:
        _worker["runner"] = Runner(_worker["make_policy"](), _worker["make_env"], _worker["settings"])
    return _worker["runner"].group(seeds, options, filmed, ended)


def rollout_in_processes(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], Environment],
    seeds: Sequence[int],
    settings: RolloutSettings | None = None,
    workers: int = 2,
    options: Mapping[int, dict] | None = None,
    label: str = "episodes",
    kept: Kept | None = None,
) -> list[EpisodeRow]:
    """As :func:`rollout`, in ``workers`` processes with a policy each (both makers must be picklable).

    Raises:
        SightlineError: a worker died (out of memory, killed), or whatever a worker raised.
    """
    settings, kept, options = settings or RolloutSettings(), kept or Kept(), options or {}
    collected = Collected(seeds, settings.batch, kept, label)
    if not collected.groups:
        return collected.in_order()
    if workers <= 1:
        return rollout(make_policy(), make_env, seeds, settings, options, label, kept)
    filmed, known = frozenset(list(seeds)[: settings.films]), frozenset(collected.rows)
    given = (make_policy, make_env, settings, kept.add)
    try:
        with WorkerPool(min(workers, len(collected.groups)), _start_worker, given) as pool, collected.bar:
            collected.show(len(known))
            jobs = [
                pool.submit(_work, group, {seed: options[seed] for seed in group if seed in options}, filmed, known)
                for group in collected.groups
            ]
            for job in as_completed(jobs):
                for row in job.result():
                    collected.add(row)
    except BrokenProcessPool:
        raise SightlineError(
            "An evaluation worker died (out of memory?); try fewer workers or a smaller batch."
        ) from None
    return collected.in_order()
