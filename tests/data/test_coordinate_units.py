"""A source whose numbers cannot count what they are said to, or of which nobody can know, is refused with a way out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversations import Conversations, SourceConfig


def write(folder: Path, answers: list[str], size: tuple[int, int] = (640, 480), name: str = "mix.json") -> Path:
    """A file of conversations with these answers about one picture of (width, height)."""
    Image.new("RGB", size).save(folder / "p.png")
    said = [[{"from": "human", "value": "<image>\nWhere?"}, {"from": "gpt", "value": answer}] for answer in answers]
    (folder / name).write_text(json.dumps([{"image": "p.png", "conversations": turns} for turns in said]))
    return folder / name


def boxes(low: float, high: tuple[float, float], count: int, digits: int) -> list[str]:
    """Random boxes between ``low`` and (x, y) ``high``."""
    rng = np.random.default_rng(4)
    x, y = (np.sort(rng.uniform(low, top, (count, 2)), axis=1).round(digits) for top in high)
    x, y = (values + [0, 1 / 10**digits] for values in (x, y))
    made = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)
    return [str([int(v) if digits == 0 else float(v) for v in row]) for row in made]


SHARES = boxes(0.01, (0.99, 0.99), 30, 3)
PADDED = boxes(0.2, (0.8, 0.8), 30, 3)
THOUSAND = boxes(10, (990, 990), 30, 0)
PIXELS = boxes(2, (630, 470), 30, 0)


@pytest.mark.parametrize(
    ("answers", "size", "words", "other"),
    [
        (SHARES, (640, 480), "lie between 0 and 1", "0-1-square"),
        (["(0.703, 0.312)"], (640, 480), "lie between 0 and 1", "0-1-square"),
        (SHARES + ["three mugs"] * 40, (640, 480), "lie between 0 and 1", "0-1-square"),
        (THOUSAND, (640, 480), "reach out of their pictures", "0-1000-square"),
        ([f"<|box_start|>({b[1:-1].replace(', ', ',', 1)})<|box_end|>" for b in THOUSAND], (300, 200), "reach out", ""),
        (THOUSAND, (1600, 1300), "never pass 1000", "coordinates: picture"),
        ([f"[{2 * k}, 300, 40, 30]" for k in range(100, 130)], (640, 480), "no corners", "dictionaries"),
    ],
)
def test_what_is_no_pixels_is_refused_with_both_readings_and_the_advice_works(
    tmp_path: Path, answers: list[str], size: tuple[int, int], words: str, other: str
) -> None:
    path = write(tmp_path, answers, size)
    with pytest.raises(SightlineError, match=words) as caught:
        ConversationMix.of([str(path)])
    said = str(caught.value)
    assert other in said and "(record" not in said and "mix.json:" in said
    file, line = re.search(r"for example (\S+) beside the file with the line `(.*)`", said).groups()
    (tmp_path / file).write_text(line)
    (source,) = ConversationMix.of([str(path)]).sources
    assert source[0].coordinates == re.search(r"coordinates: ([\w-]+)}", line)[1]
    (named,) = ConversationMix.of([str(tmp_path / file)]).sources
    assert named[0] == source[0]


@pytest.mark.parametrize(
    ("answers", "size"),
    [
        (PIXELS, (640, 480)),
        (boxes(5, (1550, 1250), 30, 0), (1600, 1300)),
        (["[0, 0, 1, 1]", "(0, 1)", "yes"], (640, 480)),
        ([*PIXELS, "[600, 400, 643, 484]"], (640, 480)),
        (THOUSAND[:5], (1600, 1300)),
        (["no numbers"], (64, 48)),
    ],
)
def test_pixels_are_taken_for_pixels(tmp_path: Path, answers: list[str], size: tuple[int, int]) -> None:
    source = Conversations(SourceConfig(write(tmp_path, answers, size)))
    assert source[0].coordinates == "picture"


@pytest.mark.parametrize(
    ("answers", "unit", "words"),
    [
        (PIXELS, "0-1", "do not lie between 0 and 1"),
        (SHARES, "0-1000", "lie between 0 and 1, not 0 and 1000"),
        (SHARES, "picture", "lie between 0 and 1"),
        (SHARES, "model", "lie between 0 and 1"),
        (SHARES, "0-1-square", "padded to a square has no picture"),
        (THOUSAND, "0-1000-square", "padded to a square has no picture"),
    ],
)
def test_what_was_said_wrongly_is_refused(tmp_path: Path, answers: list[str], unit: str, words: str) -> None:
    with pytest.raises(SightlineError, match=words):
        Conversations(SourceConfig(write(tmp_path, answers), coordinates=unit))


@pytest.mark.parametrize(
    ("answers", "unit"),
    [(SHARES, "0-1"), (PADDED, "0-1-square"), (THOUSAND, "0-1000"), (THOUSAND, "picture"), (PIXELS, "model")],
)
def test_what_was_said_rightly_is_taken(tmp_path: Path, answers: list[str], unit: str) -> None:
    assert Conversations(SourceConfig(write(tmp_path, answers), coordinates=unit))[0].coordinates == unit


def test_without_pictures_nothing_is_known_of_sizes(tmp_path: Path) -> None:
    path = write(tmp_path, THOUSAND)
    (tmp_path / "p.png").unlink()
    assert len(Conversations(SourceConfig(path))) == 30
