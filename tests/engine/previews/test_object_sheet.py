"""Contact sheets and the table of objects, as the command line makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.cli import commands
from sightline.core.errors import SightlineError
from sightline.engine.assets import full
from sightline.engine.previews.object_sheet import CAPTION, TILE, draw_sheet


def command(*words: str) -> dict:
    return commands.parse(["assets", *words]).run()


def test_a_sheet_shows_every_object_in_its_colour(tmp_path: Path) -> None:
    models = [full.model("ball", v.number) for v in full.variants("ball") if v.colour in ("red", "green", "blue")][:5]
    assert draw_sheet(models, tmp_path / "new" / "sheet.png", columns=3) == (3 * TILE, 2 * (TILE + CAPTION))
    picture = np.asarray(Image.open(tmp_path / "new" / "sheet.png")).astype(float)
    for index, model in enumerate(models):
        x, y = TILE * (index % 3), (TILE + CAPTION) * (index // 3)
        middle = picture[y + TILE // 3 : y + 2 * TILE // 3, x + TILE // 3 : x + 2 * TILE // 3].mean((0, 1))
        assert int(np.argmax(middle)) == {"red": 0, "green": 1, "blue": 2}[model.colour]
    assert picture[-CAPTION:, :TILE].min() < 80, "a name in dark letters"


def test_pieces_can_be_looked_at_instead(tmp_path: Path) -> None:
    draw_sheet([full.model("mug", 0)], tmp_path / "seen.png")
    draw_sheet([full.model("mug", 0)], tmp_path / "pieces.png", colliders=True)
    assert (tmp_path / "seen.png").read_bytes() != (tmp_path / "pieces.png").read_bytes()


def test_the_command_draws_what_is_asked_for(tmp_path: Path) -> None:
    result = command("objects", "--out", str(tmp_path / "sheet.jpg"), "--count", "5", "--kinds", "mug", "toy car")
    assert (result["objects"], result["kinds"]) == (5, 2)
    assert Image.open(tmp_path / "sheet.jpg").size == (result["width"], result["height"])


def test_the_command_lists_both_collections(capsys: pytest.CaptureFixture[str]) -> None:
    every = command("kinds")
    assert every["kinds"] == len(full.kinds()) and every["objects"] == sum(len(full.variants(k)) for k in full.kinds())
    assert every["splits"]["train"] + every["splits"]["unseen"] + every["splits"]["novel"] == every["objects"]
    assert "drinkware" in capsys.readouterr().out
    starter = command("kinds", "--collection", "starter")
    assert starter["kinds"] == 36 and starter["splits"]["train"] == starter["splits"]["seen"]
    with pytest.raises(SightlineError, match="assets list"):
        command("kinds", "--collection", "library:somewhere")


def test_bad_requests_are_told(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="PNG or JPEG"):
        draw_sheet([full.model("mug", 0)], tmp_path / "sheet.gif")
    with pytest.raises(SightlineError, match="at least one object"):
        command("objects", "--out", str(tmp_path / "a.png"), "--count", "0")
    with pytest.raises(SightlineError, match="did you mean 'mug'"):
        command("objects", "--out", str(tmp_path / "a.png"), "--kinds", "mugg")
