"""Families are divided among the splits so that no evaluation sees what training saw."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.assets import SPLITS
from sightline.engine.surroundings import backdrops, furniture, lighting, registry, textures

KINDS = {
    "texture": (textures.textures, textures.texture, 1676),
    "surface": (furniture.surfaces, furniture.surface, 211),
    "light": (lighting.lights, lighting.light, 87),
    "backdrop": (backdrops.backdrops, backdrops.backdrop, 80),
}


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_as_many_as_promised_and_splits_do_not_overlap(kind: str) -> None:
    members, _, promised = KINDS[kind]
    assert len(set(members())) == len(members()) >= promised
    train, seen, unseen, novel = (set(members(split)) for split in SPLITS)
    assert train == seen and unseen and novel
    assert train | unseen | novel == set(members())
    assert not train & unseen and not (train | unseen) & novel
    families = {entry.family for entry in train}
    assert {entry.family for entry in unseen} == families and not families & {entry.family for entry in novel}


@pytest.mark.parametrize("kind", KINDS)
def test_demonstrations_show_fewer_surroundings_than_grounding_data(kind: str) -> None:
    members = KINDS[kind][0]
    shown, grounded, other = (set(members(name)) for name in ("demonstrated", "grounding", "unseen-background"))
    assert shown == set(members("train")) and other == set(members("unseen"))
    assert not shown & other and shown | other == grounded and not grounded & set(members("novel"))
    assert all(set(members(name)) == shown for name in ("unseen-instance", "unseen-kind", "novel-kind"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_exist_is_named(kind: str) -> None:
    members, member, _ = KINDS[kind]
    family = members()[0].family
    with pytest.raises(SightlineError, match=f"Unknown family of {kind}s"):
        member(family[:-1], 0)
    with pytest.raises(SightlineError, match=f"no {kind} 99 of family '{family}'"):
        member(family, 99)
    with pytest.raises(SightlineError, match="did you mean 'train'"):
        members("trains")


def test_every_use_has_textures_in_training() -> None:
    used = {use for family in textures.FAMILIES.values() for use in family.uses}
    assert all(textures.textures("train", use) for use in used)


def test_a_digest_tells_content_shape_and_type_apart() -> None:
    zeros = np.zeros((2, 3))
    assert registry.digest(zeros, "a") == registry.digest(zeros.copy(), "a")
    others = [(zeros.T, "a"), (zeros.astype(np.float32), "a"), (zeros + 1e-9, "a"), (zeros, "b"), (zeros,)]
    assert len({registry.digest(*parts) for parts in [(zeros, "a"), *others]}) == 6
