"""The contact sheet of scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.engine.previews.scene_sheet import scene_sheet


def test_a_sheet_shows_every_scene_and_is_reproducible(tmp_path: Path) -> None:
    result = scene_sheet(tmp_path / "a.png", count=2, seed=4, size=64)
    assert result == {"scenes": 2, "path": str(tmp_path / "a.png")}
    scene_sheet(tmp_path / "b.png", count=2, seed=4, size=64)
    first, second = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert first.shape == (64, 132, 3) and np.array_equal(first, second)
    assert np.abs(first[:, :64].astype(int) - first[:, 68:]).mean() > 5


@pytest.mark.parametrize(
    ("name", "count", "message"),
    [("a.bmp", 2, "PNG or JPEG"), ("a.png", 0, "at least 1"), ("file/a.png", 1, "cannot be written")],
)
def test_misuse_is_named(tmp_path: Path, name: str, count: int, message: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SightlineError, match=message):
        scene_sheet(tmp_path / name, count=count, size=32)
