"""One picture, one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.core.types import Grounding
from sightline.evaluate import ground_image as command


class Planner:
    def ground(self, image, text):
        points = {"target": np.array([30.0, 40.0]), "place": np.array([80.0, 80.0])}
        boxes = {"target": np.array([20.0, 30.0, 40.0, 50.0]), "reference": np.array([60.0, 60.0, 100.0, 100.0])}
        said = Grounding("front", boxes, points, np.array([[30.0, 40.0], [80.0, 80.0]]))
        said.confidence, said.text = {"target": 0.97}, "<box>[[20, 30, 40, 50]]</box>"
        return said


@pytest.fixture(autouse=True)
def planner(monkeypatch):
    monkeypatch.setattr(command, "load_checkpoint", lambda spec: Planner())


@pytest.fixture()
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((112, 160, 3), 90, np.uint8)).save(path)
    return path


def test_answer_is_plain_and_drawn(picture, tmp_path, capsys):
    out = tmp_path / "deep" / "answer.png"
    result = command.ground("tiny", picture, "put the mug into the bowl", out)
    assert result["boxes"]["target"] == [20, 30, 40, 50] and result["points"]["place"] == [80, 80]
    assert len(result["trace"]) == 2 and result["confidence"] == {"target": 0.97} and "<box>" in result["text"]
    drawn = np.array(Image.open(out))
    assert drawn.shape[1] == 640 and drawn.shape[0] > 448
    assert tuple(drawn[4 * 40, 4 * 20]) == (255, 176, 0), "the target's box is drawn on its edge"
    assert "97%" in capsys.readouterr().out


def test_the_planner_sees_what_a_viewer_shows(picture, monkeypatch):
    """Upright, 16 bits scaled, transparency on white: as core/pictures.py reads every picture."""
    seen = []

    class Watching(Planner):
        def ground(self, image, text):
            seen.append(image)
            return super().ground(image, text)

    monkeypatch.setattr(command, "load_checkpoint", lambda spec: Watching())
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((40, 90, 3), np.uint8)).save(picture, exif=exif)
    command.ground("tiny", picture, "the mug")
    Image.fromarray(np.full((40, 90), 32896, np.uint16)).save(picture)
    command.ground("tiny", picture, "the mug")
    Image.new("RGBA", (90, 40), (0, 0, 0, 0)).save(picture)
    command.ground("tiny", picture, "the mug")
    assert [image.shape for image in seen] == [(90, 40, 3), (40, 90, 3), (40, 90, 3)]
    assert (seen[1] == 128).all() and (seen[2] == 255).all()


def test_bad_input_is_one_sentence(picture, tmp_path):
    with pytest.raises(SightlineError, match="no picture at"):
        command.ground("tiny", tmp_path / "none.png", "the mug")
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:60])
    with pytest.raises(SightlineError, match="cannot be read as a picture"):
        command.ground("tiny", broken, "the mug")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(SightlineError, match="cannot be read as a picture"):
        command.ground("tiny", tmp_path / "text.png", "the mug")
    with pytest.raises(SightlineError, match="text is empty"):
        command.ground("tiny", picture, "  ")
    with pytest.raises(SightlineError, match=r"neither .png nor .jpg"):
        command.ground("tiny", picture, "the mug", tmp_path / "answer.nonsense")
