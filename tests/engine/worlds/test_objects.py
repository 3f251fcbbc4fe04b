"""Who shares a world: only what the split allows, look-alikes that differ, and no two names for one thing."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine import assets
from sightline.engine.assets import ObjectModel, full
from sightline.engine.assets.families import NOVEL, confusable
from sightline.engine.assets.splits import DIVISIONS
from sightline.engine.worlds import objects
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.spec import WorldSpec


def casts(split: str, count: int = 12) -> list[tuple[ObjectModel, ...]]:
    return [objects.choose(np.random.default_rng(seed), split, "full") for seed in range(count)]


@pytest.mark.parametrize("split", DIVISIONS)
def test_a_world_of_the_full_collection_uses_its_split_only(split: str) -> None:
    allowed = {(v.kind, v.number) for kind in full.kinds(split) for v in full.variants(kind, split)}
    for chosen in casts(split):
        assert 10 <= len(chosen) <= 12
        assert sum(model.role == "container" for model in chosen) >= 1
        assert sum(model.role == "surface" for model in chosen) >= 1
        for model in chosen:
            assert (model.kind, int(model.name.rsplit("_", 1)[1])) in allowed
            assert (model.kind in NOVEL) == (split in ("novel", "novel-kind"))


def test_look_alikes_share_a_world_but_can_be_told_apart() -> None:
    same_kind = same_colour = small_and_large = 0
    for chosen in casts("train", 30):
        pairs = [(a, b) for i, a in enumerate(chosen) for b in chosen[:i]]
        for first, second in pairs:
            assert not confusable(first.kind, second.kind)
            if first.kind == second.kind and first.colour == second.colour:
                assert {first.size, second.size} == {"small", "large"}
        same_kind += any(a.kind == b.kind and a.colour != b.colour for a, b in pairs)
        same_colour += any(a.colour == b.colour != "" and a.kind != b.kind for a, b in pairs)
        small_and_large += any(a.kind == b.kind and a.colour == b.colour for a, b in pairs)
    assert min(same_kind, same_colour) >= 27 and small_and_large >= 15


def test_many_worlds_show_many_kinds() -> None:
    met = {model.kind for chosen in casts("train", 40) for model in chosen}
    assert len(met) > 0.6 * len(full.kinds("train"))


def test_the_starter_worlds_are_those_that_checkpoints_were_trained_on() -> None:
    names = [
        model.name
        for split in assets.SPLITS
        for seed in range(25)
        for model in objects.choose(np.random.default_rng(seed), split)
    ]
    digest = hashlib.sha256(" ".join(names).encode()).hexdigest()
    assert digest == "894ab3c2a96fd4d691e05ea7383dd3390a7e2b203fbe2e902d7e4eb7e1454fb6"


def test_a_world_is_a_pure_function_of_seed_split_and_collection() -> None:
    first, again = (build_world(3, WorldSpec(collection="full")) for _ in range(2))
    assert [model.name for model in first.models] == [model.name for model in again.models]
    assert np.array_equal(first.model.geom_rgba, again.model.geom_rgba)
    assert np.array_equal(first.model.mesh_vert, again.model.mesh_vert)
    assert [m.name for m in build_world(3).models] != [m.name for m in first.models]


@pytest.mark.parametrize(("target", "reference"), [("banana", "bowl"), ("mug", "candle"), ("bolt", "book")])
def test_a_world_around_two_kinds_has_both_and_is_as_mixed_as_others(target: str, reference: str) -> None:
    twins = same_colour = 0
    for seed in range(12):
        chosen = objects.choose_around(full, np.random.default_rng(seed), "demonstrated", target, reference)
        kinds, roles = [model.kind for model in chosen], [model.role for model in chosen]
        assert {target, reference} <= set(kinds) <= set(full.kinds("demonstrated"))
        assert 10 <= len(chosen) <= 12 and roles == sorted(roles, key=lambda role: role != "item")
        assert roles.count("item") in (7, 8) and "container" in roles and "surface" in roles
        assert len({(model.kind, model.colour, model.size) for model in chosen}) == len(chosen)
        twins += kinds.count(target) > 1
        colour = next(model.colour for model in chosen if model.kind == target)
        same_colour += any(model.colour == colour and model.kind != target for model in chosen)
    assert twins >= 8 and same_colour >= 8


def test_kinds_that_a_split_lacks_or_that_look_alike_make_no_world() -> None:
    for target, reference in (("pear", "bowl"), ("mug", "cup")):
        with pytest.raises(SightlineError, match=f"no world with a {target} beside a {reference}"):
            objects.choose_around(full, np.random.default_rng(0), "demonstrated", target, reference)


def test_held_out_instances_are_no_favourites_of_grounding_data() -> None:
    casts_of = casts("grounding", 40)
    held_out = {(v.kind, v.number) for kind in full.kinds("unseen") for v in full.variants(kind, "unseen")}
    met = [(model.kind, int(model.name.rsplit("_", 1)[1])) in held_out for chosen in casts_of for model in chosen]
    assert 0.08 < sum(met) / len(met) < 0.25, "0.15 of all instances are"


def test_the_finer_splits_are_of_the_full_collection_alone() -> None:
    with pytest.raises(SightlineError, match="no split 'demonstrated': its splits are train, seen, unseen, novel"):
        WorldSpec(split="demonstrated").check()
    with pytest.raises(SightlineError, match="did you mean 'demonstrated'"):
        WorldSpec(split="demonstrate", collection="full").check()
    WorldSpec(split="demonstrated", collection="full").check()


def test_an_unknown_collection_is_told() -> None:
    with pytest.raises(SightlineError, match="did you mean 'full'"):
        build_world(0, WorldSpec(collection="ful"))
