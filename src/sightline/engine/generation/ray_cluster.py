"""Candidates made by a Ray cluster: what :mod:`sightline.engine.generation.workers` does with processes, with machines.

Nothing but this package needs to be on the other machines, no shared disk either: a finished candidate comes back as
bytes. A machine that is lost takes no candidate with it, Ray has it made elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sightline.core.ray_cluster import RETRIES, RayCluster
from sightline.data import layout
from sightline.engine.generation.workers import AHEAD, BLOCK, Bench, Outcome

LOST = (
    f"The Ray cluster lost a block of candidates {RETRIES + 1} times ({{reason}}); finished episodes are safe, run the "
    "same command again to continue."
)


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

    Closing the iterator ends the work. Raises SightlineError where there is no cluster (see :class:`RayCluster`), or a
    block is lost again and again.
    """
    with RayCluster() as cluster:
        make, shared = cluster.task(make_block), cluster.share(bench)
        pending: dict[Any, int] = {}
        ready: dict[int, list[Parcel]] = {}
        expected = block = first // BLOCK
        while True:
            while len(pending) < workers and block - expected < AHEAD * workers:
                numbers = [number for number in range(block * BLOCK, (block + 1) * BLOCK) if number >= first]
                pending[make(shared, numbers)] = block
                block += 1
            for call in cluster.done(pending):
                ready[pending.pop(call)] = cluster.result(call, LOST)
            while expected in ready:
                for parcel in ready.pop(expected):
                    yield parcel.unpack(bench.staging)
                expected += 1
