"""Shifted pictures: what is found in them comes back to where it is."""

from __future__ import annotations

from dataclasses import fields as fields_of

import numpy as np
import pytest
import torch

from sightline.core.errors import SightlineError
from sightline.core.types import Grounding
from sightline.models.config import MOST_LOOKS, ExpertConfig, GroundingHeadConfig
from sightline.models.grounding.pointing import Pointing
from sightline.models.grounding.shifts import SHIFTS, agreed, moved_back, shifted


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_mark_moves_by_the_shift_and_back(shift: tuple[int, int]) -> None:
    right, down = shift
    images = torch.zeros(1, 2, 56, 56, 3, dtype=torch.uint8)
    images[:, :, 20, 30] = 255
    moved = shifted(images, right, down)
    assert moved.shape == images.shape and moved.dtype == torch.uint8
    row, column = moved[0, 1, ..., 0].nonzero()[0].tolist()
    assert (row, column) == (20 + down, 30 + right) and int((moved > 0).sum()) == 6
    point = torch.tensor([column, row]) / 56
    fields = {field.name: torch.zeros(0) for field in fields_of(Pointing)}
    marks = {
        "points": point.view(1, 1, 1, 1, 2),
        "boxes": point.repeat(2).view(1, 1, 1, 1, 4),
        "traces": point.view(1, 1, 1, 2),
    }
    found = Pointing(**fields | marks)
    back = moved_back(found, [(right, down)], 56)
    expected = torch.tensor([30.0, 20.0]) / 56
    torch.testing.assert_close(back.points.flatten(), expected)
    torch.testing.assert_close(back.boxes.flatten(), expected.repeat(2))
    torch.testing.assert_close(back.traces.flatten(), expected)


def test_the_border_is_repeated() -> None:
    images = torch.arange(8, dtype=torch.uint8).view(1, 1, 1, 8, 1).expand(1, 1, 8, 8, 3)
    assert shifted(images, 3, 0)[0, 0, 0, :, 0].tolist() == [0, 0, 0, 0, 1, 2, 3, 4]
    assert shifted(images, -3, 0)[0, 0, 0, :, 0].tolist() == [3, 4, 5, 6, 7, 7, 7, 7]


NEAR = np.array([10.0, 10.0])


def grounding(x: float, y: float, confidence: float = 0.9) -> Grounding:
    point = np.array([x, y])
    return Grounding(
        "front",
        {"target": np.array([x - 5, y - 5, x + 5, y + 5])},
        {"target": point, "place": point + 50},
        np.stack([point, point + 50]),
        {"target": confidence},
    )


def test_the_majority_of_looks_is_believed_and_averaged() -> None:
    looks = [grounding(100, 40), grounding(20, 60), grounding(22, 62, 0.7), grounding(150, 10), grounding(21, 58, 0.8)]
    answer = agreed(looks, NEAR)
    np.testing.assert_allclose(answer.points["target"], [21, 60])
    np.testing.assert_allclose(answer.boxes["target"], [16, 55, 26, 65])
    np.testing.assert_allclose(answer.trace, [[21, 60], [71, 110]])
    assert answer.confidence == {"target": pytest.approx(0.8 * 3 / 5)}, "two of five looks say otherwise"
    alone = agreed(looks[:1], NEAR)
    np.testing.assert_allclose(alone.points["place"], [150, 90])
    nothing = Grounding("front")
    assert agreed([nothing, nothing], NEAR) is nothing


def test_there_are_only_so_many_looks() -> None:
    assert len(SHIFTS) == MOST_LOOKS
    for looks in (-1, MOST_LOOKS + 1):
        with pytest.raises(SightlineError, match=f"looks must be between 0 and {MOST_LOOKS}"):
            GroundingHeadConfig(looks=looks)


def test_the_path_needs_a_clean_prediction() -> None:
    with pytest.raises(SightlineError, match="path_weight needs the prediction 'sample'"):
        ExpertConfig(prediction="epsilon")
    assert ExpertConfig(prediction="epsilon", path_weight=0.0).path_weight == 0.0
