"""Candidates made by a Ray cluster: what :mod:`sightline.engine.generation.workers` does with processes, with machines.

Nothing but this package needs to be on the other machines, no shared disk either: a finished candidate comes back as
bytes. A machine that is lost takes no candidate with it, Ray has it made elsewhere.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.engine.generation.workers import AHEAD, BLOCK, Bench, Outcome

RETRIES = 3
"""Times that a block is made again whose worker or machine has died."""

ENVIRONMENT = ("OMP_WAIT_POLICY", "LP_NUM_THREADS", "MUJOCO_GL")


@dataclass
class Parcel:
    """An outcome with the files of its staged episodes: (episode's number, file name) -> bytes."""

    outcome: Outcome
    files: dict[tuple[int, str], bytes]

    @staticmethod
    def pack(outcome: Outcome) -> Parcel:
        """The outcome as it can travel."""
        files = {
            (number, path.name): path.read_bytes()
            for number, staged in enumerate(outcome.staged)
            for path in staged.folder.iterdir()
        }
        return Parcel(outcome, files)

    def unpack(self, staging: Path) -> Outcome:
        """The outcome with its files in folders of ``staging``, forced to the disk."""
        staged = []
        for number, episode in enumerate(self.outcome.staged):
            folder = staging / f"{self.outcome.candidate}-{number}"
            folder.mkdir(parents=True)
            staged.append(replace(episode, folder=folder))
        for (number, name), data in self.files.items():
            layout.write_durably(staged[number].folder / name, data)
        return replace(self.outcome, staged=staged)


def make_block(bench: Bench, candidates: list[int]) -> list[Parcel]:
    """Make, verify, encode and pack candidates in a temporary folder of the machine that this runs on."""
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        here = replace(bench, staging=Path(folder))
        return [Parcel.pack(here.work(candidate)) for candidate in candidates]


def on_cluster(bench: Bench, first: int, workers: int) -> Generator[Outcome, None, None]:
    """Outcomes of the candidates from ``first`` on, in order, made by ``workers`` CPUs of a Ray cluster, a block each.

    The cluster is the one of RAY_ADDRESS, else the one that runs on this machine. Closing the iterator ends the work.
    Raises SightlineError when Ray is not installed, no cluster answers, or a block is lost again and again.
    """
    ray = _connected()
    environment = {"env_vars": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}}
    # Tasks rather than actors: when machines leave, what they had waits for a free CPU of those that stay.
    task = ray.remote(make_block).options(num_cpus=1, max_retries=RETRIES, runtime_env=environment)
    shared = ray.put(bench)
    pending: dict[Any, int] = {}
    ready: dict[int, list[Parcel]] = {}
    expected = block = first // BLOCK
    try:
        while True:
            while len(pending) < workers and block - expected < AHEAD * workers:
                numbers = [number for number in range(block * BLOCK, (block + 1) * BLOCK) if number >= first]
                pending[task.remote(shared, numbers)] = block
                block += 1
            for reference in ray.wait(list(pending))[0]:
                ready[pending.pop(reference)] = _parcels(ray, reference)
            while expected in ready:
                for parcel in ready.pop(expected):
                    yield parcel.unpack(bench.staging)
                expected += 1
    finally:
        ray.shutdown()


def _connected() -> Any:
    """The module ray, connected to a cluster."""
    try:
        import ray
    except ImportError:
        raise SightlineError("Ray is not installed: pip install 'sightline[ray]', or use --launcher local.") from None
    try:
        ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError:
        raise SightlineError(
            "No Ray cluster answers: start one with `ray start --head`, set RAY_ADDRESS, or use --launcher local."
        ) from None
    return ray


def _parcels(ray: Any, reference: Any) -> list[Parcel]:
    """What a block has become; its SightlineError as it was raised there."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, SightlineError):
            raise SightlineError(str(error.cause)) from None
        raise
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise SightlineError(
            f"The Ray cluster lost a block of candidates {RETRIES + 1} times ({reason}); finished episodes are safe, "
            "run the same command again to continue."
        ) from None
