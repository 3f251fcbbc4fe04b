"""Pictures go by the clock on every route; episodes whose film does not keep it are left out before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from foreign import rewrite_column
from keyed import (
    ARM,
    CAMERA,
    change_index,
    opened,
    picture,
    require_right,
    shown,
    write_film,
    write_info,
    write_v2,
    write_v3,
)

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.inspect import inspect
from sightline.data.mixture import Draw, Mixture
from sightline.data.video import decode_frame, decode_video, film_times
from sightline.train.image_cache import ImageCache

FILM = f"videos/chunk-000/{CAMERA}/episode_000001.mp4"


def test_a_film_of_more_pictures_than_rows(tmp_path: Path) -> None:
    """Row t belongs to picture 3 t, for training with a cache, without one, and evaluation."""
    found = opened(write_v2(tmp_path, {0: 6, 1: 4}, film=30))
    require_right(found, [0, 1])
    cache = ImageCache(Mixture([found]), 32, lambda image: image, 2**30)
    for t in range(6):
        images = cache.at(Draw(found, 0, t))
        assert images is not None and shown(images["primary"]) == (0, t)
    assert [shown(image) for image in found.dataset.video(0, "top")] == [(0, t) for t in range(6)]


@pytest.mark.parametrize("rate", [60, 120])
def test_of_several_pictures_within_reach_the_nearest_is_taken(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, [(k / rate, picture(0, k)) for k in range(rate // 2)])
    wanted = [k * rate // 10 for k in range(5)]
    assert [shown(image)[1] for image in decode_video(path, 5, 10)] == wanted
    assert [shown(decode_frame(path, k / 10, 10))[1] for k in range(5)] == wanted


@pytest.mark.parametrize("film", [4.85, 5.15])
def test_a_film_that_is_three_per_cent_off_is_left_out_everywhere(tmp_path: Path, film: float) -> None:
    root = write_v2(tmp_path, {0: 4, 1: 20}, fps=5, film=film)
    found = opened(root)
    require_right(found, [0])  # too short to drift by a quarter of a frame
    assert len(found.problems) == 1 and "episode 1 is left out" in found.problems[0]
    assert "has no frame at" in found.problems[0] and "episode_000001.mp4" in found.problems[0]
    (problem,) = inspect(root)["problems"]
    assert problem.startswith("episode 1: ")
    for read in (lambda: found.dataset.video(1, "top"), lambda: found.dataset.frame(1, 18, "top")):
        with pytest.raises(SightlineError, match=r"no frame|ends after"):
            read()


@pytest.mark.parametrize("late, usable", [(0.02, [0, 1]), (0.03, [0])])
def test_a_quarter_of_a_frame_is_the_limit(tmp_path: Path, late: float, usable: list[int]) -> None:
    root = write_v2(tmp_path, {0: 4, 1: 5})
    write_film(root / FILM, [(late + k / 10, picture(1, k)) for k in range(5)])
    require_right(opened(root), usable)


def test_where_no_episode_keeps_the_clock_it_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"no episode that 'arm' can use.*has no frame at"):
        Mixture([opened(write_v2(tmp_path, {0: 20}, fps=5, film=4.85))])


def test_films_that_are_longer_than_the_table_are_read(tmp_path: Path) -> None:
    root = write_v2(tmp_path, {0: 4, 1: 5})
    write_film(root / FILM, [(k / 10, picture(1, k)) for k in range(8)])
    require_right(opened(root), [0, 1])


def test_the_clock_of_the_rows_decides(tmp_path: Path) -> None:
    """Rows and pictures that were taken at irregular times, a little early or late."""
    root = write_v2(tmp_path, {0: 4, 1: 5})
    times = np.array([0.0, 0.115, 0.185, 0.32, 0.39])
    rewrite_column(root, 1, "timestamp", times.astype(np.float32))
    early = [(seconds, picture(1, t)) for t, seconds in enumerate(times)]
    between = [(seconds + 0.04, picture(9, t)) for t, seconds in enumerate(times)]
    write_film(root / FILM, sorted([*early, *between], key=lambda frame: frame[0]))
    require_right(opened(root), [0, 1])


@pytest.mark.parametrize("damage", ["gap", "short", "cut", "empty"])
def test_films_with_holes_and_damage_are_left_out_before_the_first_step(tmp_path: Path, damage: str) -> None:
    root = write_v2(tmp_path, {0: 4, 1: 8, 2: 3})
    if damage in ("gap", "short"):
        lost = 4 if damage == "gap" else 7
        write_film(root / FILM, [(k / 10, picture(1, k)) for k in range(8) if k != lost])
    else:
        data = (root / FILM).read_bytes()
        (root / FILM).write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    found = opened(root)
    require_right(found, [0, 2])
    assert len(found.problems) == 1 and "episode_000001.mp4" in found.problems[0]


def moved(**seconds: float) -> Callable[[dict], None]:
    def change(row: dict) -> None:
        if row["episode_index"] == 1:
            row.update({f"videos/{CAMERA}/{name}": value for name, value in seconds.items()})

    return change


@pytest.mark.parametrize(
    "change, usable, reason",
    [
        (moved(from_timestamp=3.0, to_timestamp=3.5), [0, 2], "has no frame at 3.0000 s"),  # offsets not reset
        (moved(from_timestamp=0.0, to_timestamp=0.5), [2], "is claimed by episode"),
        (moved(from_timestamp=0.2, to_timestamp=0.7), [2], "is claimed by episode"),
        (moved(to_timestamp=0.7), [0, 2], "before its last row"),
    ],
)
def test_stretches_of_a_film_that_cannot_be_right(
    tmp_path: Path, change: Callable[[dict], None], usable: list[int], reason: str
) -> None:
    root = write_v3(tmp_path, [(0, 5), (1, 5), (2, 5)])
    change_index(root, change)
    found = opened(root)
    require_right(found, usable)
    assert any(reason in problem for problem in found.problems)
    assert any(problem.startswith("episode 1: ") and reason in problem for problem in inspect(root)["problems"])


def test_two_cameras_of_one_short_name(tmp_path: Path) -> None:
    root = write_v2(tmp_path, {0: 3})
    other = root / "videos/chunk-000/observation.top/episode_000000.mp4"
    write_film(other, [(t / 10, picture(100, t)) for t in range(3)])
    info = load_dataset(root).info
    features = info["features"] | {"observation.top": info["features"][CAMERA]}
    write_info(root, "v2.1", 10, 1, **{"features": features})
    dataset = load_dataset(root)
    assert sorted(dataset.cameras) == ["observation.images.top", "observation.top"]
    require_right(opened(root), [0])
    assert shown(dataset.frame(0, 1, "observation.top")) == (100, 1)
    vague = replace(ARM, cameras=(replace(ARM.cameras[0], feature=""),))
    with pytest.raises(SightlineError, match=r"has no video 'top'.*observation\.images\.top, observation\.top"):
        opened(root, vague)


@pytest.mark.parametrize("frames", ["0", "2"])
def test_times_of_films_without_decoding(tmp_path: Path, frames: str) -> None:
    """With frames between that are stored in another order than shown, too."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt, stream.options = "yuv420p", {"bf": frames, "g": "250"}
        for t in range(40):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(0, t), format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        decoded = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(film_times(path), decoded)
