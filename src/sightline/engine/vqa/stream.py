"""A file of question-answer pairs from whole datasets: streamed, in the datasets' order, with any number of processes.

The unit of work is an episode. Its lines follow from the seed alone, so the file is the same whoever makes them; at any
time only a few episodes are in memory.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from PIL import Image

from sightline.core import console
from sightline.core.errors import SightlineError
from sightline.core.outputs import write_durably, writing
from sightline.core.worker_pool import WorkerPool
from sightline.data.dataset import Dataset, load_dataset
from sightline.engine.vqa.asking import KINDS, Lines, Order, ask_episode, picture_name

AHEAD = 4  # episodes a process that may be finished before they are written
WORTH = 8  # lines for which an episode is read at least
JPEG_QUALITY = 95
OURS = "# Written by sightline questions: where the pictures of these lines lie."


class Share(NamedTuple):
    """The lines wanted of one episode: its dataset's number, its own, and how many."""

    dataset: int
    episode: int
    lines: int


def write_questions(
    data: list[Path],
    out: Path,
    count: int = 100_000,
    kinds: tuple[str, ...] = (),
    seed: int = 0,
    workers: int = 1,
    images: Path | None = None,
    language: str = "rich",
    phrasing: str = "train",
) -> dict:
    """Write ``count`` lines of LLaVA-style JSON to ``out``: all of them, or no file.

    Args:
        data: datasets with dense labels; lines are spread over their pictures.
        kinds: of asking.KINDS; all by default.
        workers: processes; has no influence on the lines.
        images: folder into which the pictures that are named are written as JPEG, those that are not there yet. A
            registry beside ``out`` says so to whoever trains on it (see data.conversations.config_of).
        language, phrasing: the wording, see engine.lexicon.

    Returns:
        ``lines``, ``pairs`` (questions with answers; a line may hold two), ``pictures``, ``kinds`` (kind -> lines),
        ``seconds``, ``pairs_per_second``, ``bytes``.

    Raises SightlineError on impossible arguments, datasets without labels, a full disk or a dead worker.
    """
    started = time.monotonic()
    if count < 1 or workers < 1 or seed < 0:
        raise SightlineError("The number of lines and of workers must be at least 1 and the seed not negative.")
    order = Order(kinds or tuple(KINDS), seed, language, phrasing)
    order.check()
    crew = Crew([Path(path) for path in data], order, images)
    parts = share_out(crew.datasets, count, seed)
    if not parts:
        raise SightlineError("There is nothing to ask about: the datasets hold no episodes.")
    if images is not None:
        write_registry(out, images)
    made = crew.work(parts) if workers == 1 else in_processes(crew, parts, workers)
    total = Lines()
    pictures = 0
    with closing(made), console.progress(total=count, label=f"questions for {out.name}", unit="line") as bar:
        for lines in _written(made, out):
            total.count, total.pairs = total.count + lines.count, total.pairs + lines.pairs
            total.kinds.update(lines.kinds)
            pictures += len(lines.pictures)
            bar.update(lines.count)
    seconds = time.monotonic() - started
    result: dict[str, Any] = {"lines": total.count, "pairs": total.pairs, "pictures": pictures}
    result |= {"kinds": dict(total.kinds.most_common()), "seconds": seconds}
    result |= {"pairs_per_second": total.pairs / seconds, "bytes": out.stat().st_size}
    _print(out, result, count)
    if images is None:
        console.say(f"No pictures were written; to train on {out.name}, run it again with --images DIR.")
    return result


def _print(out: Path, result: dict, wanted: int) -> None:
    rows = [[name, result[name]] for name in ("lines", "pairs", "pictures", "seconds", "pairs_per_second")]
    rows += [[f"kind: {kind}", lines] for kind, lines in result["kinds"].items()]
    console.table(f"Questions {out}", ["", "value"], rows)
    if result["lines"] < wanted:
        console.say(
            f"Only {result['lines']} of {wanted} lines: the pictures give no more different questions of these kinds; "
            "ask for fewer or give more data.",
            style="yellow",
        )


def write_registry(out: Path, images: Path) -> None:
    """Say in ``out``'s registry, the .yaml file of its name, where its pictures lie. Raises SightlineError where that
    cannot be written, or where it is somebody else's file."""
    path = out.with_suffix(".yaml")
    with writing(path):
        ours = not path.exists() or path.read_text(encoding="utf-8", errors="replace").startswith(OURS)
    if not ours or path == out:
        raise SightlineError(f"{path} is not of 'sightline questions' and would be overwritten; give another --out.")
    entry = {"annotations": out.name, "pictures": os.path.relpath(images, out.parent)}
    text = f"{OURS}\n{yaml.safe_dump({out.stem: entry}, sort_keys=False, allow_unicode=True)}"
    with writing(path):
        write_durably(path, text.encode())


def share_out(datasets: list[Dataset], count: int, seed: int) -> list[Share]:
    """How many of ``count`` lines each episode gives: in proportion to its pictures, exactly ``count`` in all.

    Where they would be too few to be worth reading an episode for, a random part of the episodes gives them.
    """
    metas = [(number, meta) for number, dataset in enumerate(datasets) for meta in dataset.episodes]
    chosen = np.random.default_rng(seed).permutation(len(metas))[: max(count // WORTH, 1)]
    metas = [metas[index] for index in np.sort(chosen)]
    sizes = [meta.length * len(datasets[number].cameras) for number, meta in metas]
    ends = np.cumsum(sizes) * count // max(sum(sizes), 1)
    lines = np.diff(ends, prepend=0).tolist()
    return [Share(number, meta.index, some) for (number, meta), some in zip(metas, lines, strict=True) if some]


def _written(made: Iterable[Lines], out: Path) -> Iterator[Lines]:
    """Write lines as they come into a file beside ``out`` that takes its place at the end; pass them on."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        with writing(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            file = open(partial, "w", encoding="utf-8")  # noqa: SIM115 - closed below, errors told apart
        with file:
            for lines in made:
                with writing(out):
                    file.write(lines.text)
                yield lines
            with writing(out):
                file.flush()
                os.fsync(file.fileno())
                os.replace(partial, out)
    finally:
        if partial.exists():
            partial.unlink()


class Crew:
    """What every process knows: the datasets, what they are called, and what is asked."""

    def __init__(self, data: list[Path], order: Order, images: Path | None) -> None:
        self.data, self.order, self.images = data, order, images
        self.datasets = [load_dataset(path) for path in data]
        self.names = unique_names([path.resolve().name for path in data])
        for dataset in self.datasets:
            if any(meta.labels is None for meta in dataset.episodes):
                raise SightlineError(f"{dataset.root} has no dense labels: only those made by 'sightline generate' do.")

    def make(self, share: Share) -> Lines:
        """The lines of one episode, and its pictures if they are wanted."""
        dataset, name = self.datasets[share.dataset], self.names[share.dataset]
        lines = ask_episode(dataset, name, share.episode, share.lines, self.order)
        if self.images is not None:
            extract(dataset, name, share.episode, lines.pictures, self.images)
        return lines

    def work(self, shares: list[Share]) -> Generator[Lines, None, None]:
        """The lines of all shares, made right here."""
        for share in shares:
            yield self.make(share)


def unique_names(names: list[str]) -> list[str]:
    """The names, those that come again with a number."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return unique


def extract(dataset: Dataset, name: str, episode: int, pictures: set[tuple[int, str]], folder: Path) -> None:
    """Write the pictures (frame, camera) of an episode that are not in ``folder`` yet as JPEG files."""
    for camera in dataset.cameras:
        files = {t: folder / picture_name(name, episode, t, camera) for t, other in pictures if other == camera}
        missing = {t: file for t, file in files.items() if not file.exists()}
        if not missing:
            continue
        video = dataset.video(episode, camera)
        with writing(folder):
            for t, file in missing.items():
                file.parent.mkdir(parents=True, exist_ok=True)
                partial = file.with_name(f".{file.name}.{os.getpid()}")
                Image.fromarray(video[t]).save(partial, format="JPEG", quality=JPEG_QUALITY)
                os.replace(partial, file)


_crew: Crew | None = None  # of a worker process


def _start(data: list[Path], order: Order, images: Path | None) -> None:
    global _crew
    _crew = Crew(data, order, images)


def _make(share: Share) -> Lines:
    assert _crew is not None
    return _crew.make(share)


def in_processes(crew: Crew, shares: list[Share], workers: int) -> Generator[Lines, None, None]:
    """The lines of all shares in their order, made by ``workers`` processes, each at most AHEAD shares ahead."""
    waiting: deque[Future[Lines]] = deque()
    given = (crew.data, crew.order, crew.images)
    with WorkerPool(workers, _start, given) as pool:
        try:
            for share in shares:
                waiting.append(pool.submit(_make, share))
                if len(waiting) >= AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise SightlineError(
                "A worker process died (too little memory is a usual reason): use fewer workers and run it again."
            ) from None
