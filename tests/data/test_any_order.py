"""Random datasets read as a slow and obvious reader reads them, on every route, or left out and named.

The reader looks through all rows of all files for the one that names the episode and the frame, and through all frames
of the film for the one whose time is nearest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from keyed import CAMERA, meta_row, opened, picture, rows_of, shown, write_film, write_index, write_info, write_rows

from sightline.core.errors import SightlineError
from sightline.data.inspect import inspect
from sightline.data.mixture import Draw, Mixture
from sightline.data.recordings import Recordings
from sightline.train.image_cache import ImageCache

V2_DATA = "data/chunk-000/episode_{:06d}.parquet"
V2_FILM = "videos/chunk-000/" + CAMERA + "/episode_{:06d}.mp4"
V3_DATA = "data/chunk-000/file-{:03d}.parquet"
V3_FILM = "videos/" + CAMERA + "/chunk-000/file-{:03d}.mp4"


@dataclass(frozen=True)
class Plan:
    """A dataset to be written.

    Attributes:
        lengths: episode -> frames, in the order in which they lie in files; numbers have gaps.
        files: episode -> number of its data file; films: of its film (v3.0; v2.1 has one an episode).
        rate: film frames a row; drift: how much slower the film's clock goes; spare: film frames after the last row.
        jitter: of the times of rows, in frames; shuffled: rows of a file lie in any order; image: pictures in the rows.
    """

    version: str
    lengths: dict[int, int]
    files: dict[int, int]
    films: dict[int, int]
    fps: float
    rate: int
    drift: float
    spare: int
    jitter: float
    shuffled: bool
    image: bool
    seed: int


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    episodes = draw(st.permutations(range(8)))[: draw(st.integers(1, 3))]
    lengths = {episode: draw(st.integers(1, 6)) for episode in episodes}
    files, films = ({episode: draw(st.integers(0, 1)) for episode in episodes} for _ in range(2))
    return Plan(
        draw(st.sampled_from(["v2.1", "v3.0"])), lengths, files, films,
        draw(st.sampled_from([4, 10, 29.97, 30])), draw(st.sampled_from([1, 1, 2, 3])),
        draw(st.sampled_from([1.0, 1.0, 0.999, 1.04, 0.9, 1.15])), draw(st.sampled_from([-1, 0, 0, 1, 2])),
        draw(st.sampled_from([0.0, 0.0, 0.1])), draw(st.booleans()), draw(st.sampled_from([False, False, True])),
        draw(st.integers(0, 99)),
    )  # fmt: skip


def stretch(plan: Plan, episode: int) -> list[tuple[float, np.ndarray]]:
    """Frames of an episode's film from its own zero on."""
    count = max(1, (plan.lengths[episode] + plan.spare) * plan.rate)
    step = plan.drift / plan.fps / plan.rate
    return [(k * step, picture(episode, min(k // plan.rate, 255))) for k in range(count)]


def written(plan: Plan, root: Path) -> dict[int, tuple[Path, float]]:
    """Write the dataset; episode -> its film and where in it it begins, seconds."""
    rng = np.random.default_rng(plan.seed)
    tables: dict[Path, list[dict[str, Any]]] = {}
    films: dict[Path, list[tuple[float, np.ndarray]]] = {}
    ends: dict[Path, float] = {}
    places, index = {}, []
    for episode, length in plan.lengths.items():
        three = plan.version == "v3.0"
        table = root / (V3_DATA.format(plan.files[episode]) if three else V2_DATA.format(episode))
        film = root / (V3_FILM.format(plan.films[episode]) if three else V2_FILM.format(episode))
        first = 100 * plan.files[episode] + len(tables.get(table, [])) if three else 0
        rows = rows_of(episode, length, first, plan.fps)
        for t, row in enumerate(rows):
            row["timestamp"] = max(0.0, row["timestamp"] + plan.jitter * rng.uniform(-1, 1) / plan.fps)
            row.update({CAMERA: picture(episode, t)} if plan.image else {})
        tables.setdefault(table, []).extend(rows)
        frames = films.setdefault(film, [])
        start = ends.get(film, 0.0)  # stretches do not overlap, even where a film ends early
        frames += [(start + seconds, image) for seconds, image in stretch(plan, episode)]
        places[episode] = film, start
        ends[film] = end = max(frames[-1][0] + 1 / plan.fps, start + length / plan.fps)
        index.append(meta_row(episode, length, first, start, end, plan.files[episode], plan.films[episode]))
    for path, rows in tables.items():
        order = rng.permutation(len(rows)) if plan.shuffled else range(len(rows))
        write_rows(path, [rows[i] for i in order])
    for path, frames in films.items() if not plan.image else ():
        write_film(path, frames)
    write_info(root, plan.version, plan.fps, len(index), plan.image, **({"video_path": None} if plan.image else {}))
    if plan.version == "v3.0":
        write_index(root, index)
    else:
        lines = [f'{{"episode_index": {e}, "tasks": ["pick it up"], "length": {n}}}' for e, n in plan.lengths.items()]
        (root / "meta/episodes.jsonl").write_text("\n".join(lines))
    return places


def obvious(root: Path, plan: Plan, places: dict[int, tuple[Path, float]]) -> Iterator[tuple[int, list | None]]:
    """Each episode with (row, what its picture shows) of every frame; None where some row has no picture."""
    rows = [row for path in (root / "data").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    for episode, length in plan.lengths.items():
        found: list = []
        for t in range(length):
            (row,) = [row for row in rows if (row["episode_index"], row["frame_index"]) == (episode, t)]
            seen: tuple[int, int] | None = episode, t
            if not plan.image:
                seen = nearest(*places[episode], row["timestamp"], 0.25 / plan.fps)
            found.append((row, seen))
        yield episode, None if any(seen is None for _, seen in found) else found


def nearest(film: Path, start: float, seconds: float, reach: float) -> tuple[int, int] | None:
    """What the film shows then; None where it shows nothing within reach."""
    with av.open(str(film)) as container:
        frames = [(abs(f.time - start - seconds), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    off, image = min(frames, key=lambda frame: frame[0])
    return shown(image) if off <= reach else None


def require_same(found: Recordings, cache: ImageCache, episode: int, truth: list) -> None:
    """Every route gives each frame's own picture and numbers."""
    streamed = [shown(images["primary"]) for images in found.pictures(episode)]
    whole = [shown(image) for image in found.dataset.video(episode, "top")]
    assert streamed == whole == [seen for _, seen in truth]
    table = found.dataset.table(episode)
    for t, (row, seen) in enumerate(truth):
        sample, cached = found.sample(episode, t), cache.at(Draw(found, episode, t))
        assert cached is not None
        assert shown(sample.observation.images["primary"]) == shown(cached["primary"]) == seen
        for values in (sample.actions[0], table["action"][t], found.action(episode)[t]):
            assert np.array_equal(values, np.array(row["action"], np.float32))
        assert sample.observation.state[0] == table["state"][t, 0] == np.float32(row["observation.state"][0])
        assert sample.observation.instruction == "pick it up"


@settings(max_examples=40)
@given(plan=plans())
def test_every_route_reads_what_an_obvious_reader_reads(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        truth = dict(obvious(root, plan, written(plan, root)))
        usable = sorted(episode for episode, frames in truth.items() if frames is not None)
        told = [problem for problem in inspect(root)["problems"] if problem.startswith("episode ")]
        assert {int(problem.split()[1].rstrip(":")) for problem in told} == set(truth) - set(usable)
        try:
            found = opened(root)
            assert found.episodes == usable
        except SightlineError:
            assert not usable
            return
        assert len(found.problems) == len(truth) - len(usable)
        cache = ImageCache(Mixture([found]), 32, lambda image: image, 2**30)
        for episode in usable:
            frames = truth[episode]
            assert frames is not None
            require_same(found, cache, episode, frames)
