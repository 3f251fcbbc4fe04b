"""Every row of the collections answers the same questions, and a new collection is a row."""

from __future__ import annotations

import inspect
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine import collections
from sightline.engine.assets import SPLITS, Catalogue
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.collections import COLLECTIONS, FULL, STARTER, collection_of
from sightline.engine.generation.scenario import lay_out
from sightline.engine.simulation.randomization import apply_look, sample_look
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.placement import Layout
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World

QUESTIONS = [name for name, _ in inspect.getmembers(Catalogue, inspect.isfunction) if not name.startswith("_")]
CUBES = (starter.model("cube", "red"), starter.model("bowl", "blue"))


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_catalogue_answers(name: str) -> None:
    catalogue = collection_of(name).catalogue
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        asked, answered = (inspect.signature(getattr(owner, question)) for owner in (Catalogue, catalogue))
        assert list(answered.parameters.values()) == list(asked.parameters.values())[1:], question
        assert answered.return_annotation == asked.return_annotation, question
    for split in SPLITS:
        kind = catalogue.kinds(split)[0]
        variant = catalogue.variants(kind, split)[0]
        assert kind in catalogue.kinds() and variant in catalogue.variants(kind)
        model = catalogue.build(variant)
        assert (model.kind, model.colour, model.size) == (kind, variant.colour, variant.size)
        assert model.role == catalogue.role(kind) and catalogue.category(kind)[-1] == kind
        assert not catalogue.confusable(kind, kind)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_surroundings_answer(name: str) -> None:
    surroundings, plan = collection_of(name).surroundings, mujoco.MjSpec()
    room = surroundings.add(plan, np.random.default_rng(0), "train")
    model = plan.compile()
    assert model.light(room.key_light).id >= 0
    assert np.array_equal(room.holds(np.array([[0.5, 0.0], [9.0, 0.0]])), [True, False])
    looks = [surroundings.sample_look(np.random.default_rng(seed), "train") for seed in (0, 0, 1)]
    assert np.array_equal(looks[0].front_pose, looks[1].front_pose)
    assert not np.array_equal(looks[0].front_pose, looks[2].front_pose)
    before = model.mat_rgba.copy()
    room.wear(model, looks[0])
    assert not np.array_equal(model.mat_rgba, before)
    with pytest.raises(SightlineError, match="different collections"):
        room.wear(model, replace(looks[0], dressing="of another room"))


def test_a_new_collection_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The starter's objects in varied rooms: worlds and looks ask the row, whatever it is called."""
    row = replace(COLLECTIONS[STARTER], room=COLLECTIONS[FULL].room)
    monkeypatch.setitem(collections.COLLECTIONS, "third", row)
    world, plain = build_world(5, WorldSpec(collection="third")), build_world(5)
    assert [model.name for model in world.models] == [model.name for model in plain.models]
    assert type(world.surroundings) is COLLECTIONS[FULL].surroundings
    apply_look(world, sample_look(np.random.default_rng(0), collection="third"))
    assert world.sensor is not None and plain.sensor is None


@pytest.mark.parametrize(("share", "calls"), [(0.0, 1), (1.0, 0)])
def test_scenes_are_arranged_as_often_as_the_row_says(
    monkeypatch: pytest.MonkeyPatch, share: float, calls: int
) -> None:
    monkeypatch.setitem(collections.COLLECTIONS, STARTER, replace(COLLECTIONS[STARTER], arranged=share))
    drawn = []

    def scatter(world: World, rng: np.random.Generator) -> Layout:
        drawn.append(rng.random())
        return Layout(np.ones(2, bool), np.zeros((2, 7)))

    lay_out(World.of(CUBES), np.random.default_rng(7), scatter)
    assert drawn == [np.random.default_rng(7).random()] * calls, "without a share nothing is drawn before"


def test_unknown_collections_are_named_and_libraries_keep_their_folder() -> None:
    with pytest.raises(SightlineError, match="did you mean 'full'"):
        collection_of("ful")
    assert collection_of("library:/some/where").library == "/some/where"
    assert collection_of("library:").library == ""
    assert collection_of(STARTER).library is None
