"""Pictures in the rows of the tables are read on every route, to the last bit."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from keyed import CAMERA, change_rows, opened, picture, png, require_right, shown, write_info, write_v2, write_v3
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.inspect import inspect
from sightline.data.mixture import Draw, Mixture
from sightline.train.image_cache import ImageCache

FILE = "data/chunk-000/file-000.parquet"


def in_tables(root: Path, lengths: dict[int, int]) -> Path:
    """v2.1 with pictures in its tables and no films."""
    write_v2(root, lengths)
    for episode in lengths:
        path = root / f"data/chunk-000/episode_{episode:06d}.parquet"
        change_rows(path, lambda rows, e=episode: [row | {CAMERA: picture(e, t)} for t, row in enumerate(rows)])
    write_info(root, "v2.1", 10, len(lengths), image=True, video_path=None)
    return root


def replaced(path: Path, values: pa.Array) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(CAMERA), CAMERA, values), path)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_pictures_in_tables_on_every_route(tmp_path: Path, version: str) -> None:
    lengths = {0: 4, 1: 7, 4: 3}
    stored = [(4, 3), (0, 4), (1, 7)]
    root = in_tables(tmp_path, lengths) if version == "v2" else write_v3(tmp_path, stored, image=True)
    found = opened(root)
    require_right(found, [0, 1, 4])
    assert found.card.image_size == (32, 32)
    cache = ImageCache(Mixture([found]), 32, lambda image: image, 2**30)
    images = cache.at(Draw(found, 1, 5))
    assert images is not None and np.array_equal(images["primary"], picture(1, 5)), "kept exact"
    assert np.array_equal(found.dataset.video(4, "top")[2], picture(4, 2))
    result = inspect(root, html=tmp_path / "page.html")
    assert (result["cameras"], result["problems"]) == (["top"], [])
    assert "data:image/jpeg" in (tmp_path / "page.html").read_text()


def test_rows_in_any_order_keep_their_pictures(tmp_path: Path) -> None:
    root = write_v3(tmp_path, [(0, 5), (1, 6)], image=True)
    table = pq.read_table(root / FILE)
    pq.write_table(table.take(np.random.default_rng(0).permutation(11)), root / FILE, row_group_size=3)
    require_right(opened(root), [0, 1])


def test_plain_bytes_and_paths(tmp_path: Path) -> None:
    root = in_tables(tmp_path, {0: 3, 1: 2})
    folder = root / "data/chunk-000"
    replaced(folder / "episode_000000.parquet", pa.array([png(picture(0, t)) for t in range(3)]))
    for t in range(2):
        (root / f"images/{t}.png").parent.mkdir(exist_ok=True)
        (root / f"images/{t}.png").write_bytes(png(picture(1, t)))
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    by_path = [{"bytes": None, "path": f"images/{t}.png"} for t in range(2)]
    replaced(folder / "episode_000001.parquet", pa.array(by_path, kind))
    require_right(opened(root), [0, 1])


def test_what_holds_no_pictures_is_left_out_and_named(tmp_path: Path) -> None:
    root = in_tables(tmp_path, {0: 3, 1: 2, 2: 2})
    folder = root / "data/chunk-000"
    replaced(folder / "episode_000001.parquet", pa.array([[1.0, 2.0]] * 2))
    table = pq.read_table(folder / "episode_000002.parquet")
    pq.write_table(table.drop_columns(CAMERA), folder / "episode_000002.parquet")
    found = opened(root)
    assert found.episodes == [0]
    assert "keeps the pictures of" in found.problems[0] and "has no column" in found.problems[1]
    assert len(inspect(root)["problems"]) == 2


def test_rows_without_a_picture_are_found_before_the_first_step(tmp_path: Path) -> None:
    root = in_tables(tmp_path, {0: 3, 1: 2, 2: 2})
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    lost = [{"bytes": png(picture(1, 0)), "path": None}, {"bytes": None, "path": "gone.png"}]
    replaced(root / "data/chunk-000/episode_000001.parquet", pa.array(lost, kind))
    replaced(root / "data/chunk-000/episode_000002.parquet", pa.array([png(picture(2, 0)), None]))
    found = opened(root)
    require_right(found, [0])
    assert "at row 1, the file gone.png is missing" in found.problems[0] and "at row 1" in found.problems[1]


def test_pictures_in_tables_are_what_a_viewer_shows(tmp_path: Path) -> None:
    """16 bits are scaled and transparency lies on white, as in every other picture (core/pictures.py)."""
    root = in_tables(tmp_path, {0: 2})
    stored = []
    for image in (Image.fromarray(np.full((32, 32), 100 * 257, np.uint16)), Image.new("RGBA", (32, 32), (0, 0, 0, 0))):
        stream = io.BytesIO()
        image.save(stream, "PNG")
        stored.append(stream.getvalue())
    replaced(root / "data/chunk-000/episode_000000.parquet", pa.array(stored))
    grey, white = load_dataset(root).video(0, "top")
    assert (grey == 100).all() and (white == 255).all()


def test_a_damaged_picture_is_named_with_its_row(tmp_path: Path) -> None:
    root = in_tables(tmp_path, {0: 3})
    path = root / "data/chunk-000/episode_000000.parquet"
    replaced(path, pa.array([png(picture(0, 0)), b"no picture", None]))
    dataset = load_dataset(root)
    assert shown(dataset.frame(0, 0, "top")) == (0, 0)
    with pytest.raises(SightlineError, match=r"at row 1 cannot be read"):
        dataset.video(0, "top")
    with pytest.raises(SightlineError, match=r"no picture in 'observation\.images\.top' at row 2"):
        dataset.frame(0, 2, "top")
    assert "at row 1 cannot be read" in inspect(root)["problems"][0]
