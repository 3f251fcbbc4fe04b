"""Recognition read out: cells become things, each once."""

from __future__ import annotations

import numpy as np
import torch
from nano import nano_observation
from torch import Tensor

from sightline.models.grounding.recognition import recognise
from sightline.models.policy import Policy

KINDS, COLOURS, SIDE = ("bowl", "mug"), ("blue", "red"), 8


def seen(*things: tuple[int, int, list[float], list[tuple[int, int]], float]) -> tuple[Tensor, Tensor, Tensor]:
    """Dense predictions in which things (kind, colour, box in [0, 1], cells (row, column), logit) stand."""
    kind, colour, box = torch.zeros(1, 1, SIDE**2, 3), torch.zeros(1, 1, SIDE**2, 2), torch.zeros(1, 1, SIDE**2, 4)
    kind[..., 0] = 10
    for what, hue, corners, cells, logit in things:
        for row, column in cells:
            at = row * SIDE + column
            centre = torch.tensor([column + 0.5, row + 0.5]).repeat(2) / SIDE
            kind[0, 0, at] = torch.tensor([0.0, 0.0, 0.0])
            kind[0, 0, at, what + 1] = logit
            colour[0, 0, at, hue] = logit
            box[0, 0, at] = (torch.tensor(corners) - centre) * SIDE
    return kind, colour, box


def test_cells_of_one_thing_are_one_thing() -> None:
    mug = (1, 1, [0.25, 0.25, 0.5, 0.5], [(2, 2), (2, 3), (3, 2), (3, 3)], 8.0)
    (thing,) = recognise(seen(mug), 0, (40, 80), KINDS, COLOURS)
    assert (thing.kind, thing.colour) == ("mug", "red") and thing.confidence > 0.9
    np.testing.assert_allclose(thing.box, [20, 10, 40, 20], atol=0.1)


def test_two_of_a_kind_are_two_and_the_surest_comes_first() -> None:
    left = (0, 0, [0.0, 0.0, 0.25, 0.25], [(0, 0), (0, 1)], 3.0)
    right = (0, 0, [0.7, 0.0, 0.95, 0.25], [(0, 6), (1, 6)], 9.0)
    found = recognise(seen(left, right), 0, (100, 100), KINDS, COLOURS)
    assert [round(thing.box[0]) for thing in found] == [70, 0]


def test_one_thing_recognised_in_two_ways_is_what_it_is_surest_of() -> None:
    corners = [0.25, 0.25, 0.5, 0.5]
    found = recognise(seen((1, 1, corners, [(2, 2)], 9.0), (0, 1, corners, [(3, 3)], 4.0)), 0, (80, 80), KINDS, COLOURS)
    assert [thing.kind for thing in found] == ["mug"]


def test_an_empty_table_is_empty() -> None:
    assert recognise(seen(), 0, (80, 80), KINDS, COLOURS) == []


def test_a_policy_describes_pictures_and_shows_its_attention(policy: Policy) -> None:
    picture = nano_observation(3).images["front"][:40]
    for thing in policy.planner.describe(picture):
        assert thing.kind in policy.config.grounding.kinds and 0 <= thing.confidence <= 1
        assert (thing.box >= 0).all() and (thing.box <= [64, 40, 64, 40]).all()
    inputs = policy.transforms.inputs([nano_observation(3)])
    with torch.inference_mode():
        seen_now = policy.system.see(inputs.images, inputs.tokens, inputs.cameras)
        weights = policy.system.attention(seen_now)
    assert weights.shape == seen_now.dense.shape[:4] and (weights >= 0).all() and 0 < float(weights.sum()) < 1
