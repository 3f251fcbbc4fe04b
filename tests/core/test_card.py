"""Cards that are stored stay as they are; what they do not speak of is compared all the same."""

from __future__ import annotations

import dataclasses

import pytest

from sightline.core.card import Card
from sightline.core.errors import SightlineError

CARD = Card("arm", ("front",), (8, 8), ("x",), ("dx", "gripper"))


def test_a_stored_card_speaks_of_mirrors_only_where_there_is_one() -> None:
    mirrored = dataclasses.replace(CARD, image_mirrored=True)
    assert "image_mirrored" not in CARD.to_dict() and mirrored.to_dict()["image_mirrored"] is True
    assert all(Card.from_dict(card.to_dict()) == card for card in (CARD, mirrored))
    assert set(CARD.entries()) == {field.name for field in dataclasses.fields(Card)}


def test_mirrored_pictures_do_not_match_true_ones_from_either_side() -> None:
    mirrored = dataclasses.replace(CARD, image_mirrored=True)
    assert CARD.differences(mirrored) == ["image_mirrored: False != True"]
    with pytest.raises(SightlineError, match="a and b do not match: image_mirrored: True != False"):
        mirrored.require_match(CARD, "a", "b")
