"""Rich language: two halves without overlap, unambiguous in every scene, understood by the reader."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import referring_expressions
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import build_scene, random_scene, thing

from sightline.core.errors import SightlineError
from sightline.core.types import RELATIONS, ObjectInfo
from sightline.engine.assets.families import FAMILIES, names
from sightline.engine.assets.starter import catalogue as starter
from sightline.language import novel, paraphrases
from sightline.language.instructions import TaskSampler
from sightline.language.paraphrases import PHRASINGS, sentences, spoken, wording
from sightline.language.parsing import Meaning, meanings, things_meant
from sightline.language.referring import PLAIN, Phrasebook
from sightline.language.resolution import resolve
from sightline.language.vocabulary import Wording, plain_names

TABLES = (
    paraphrases.SYNONYMS,
    paraphrases.QUALITIES,
    paraphrases.RELATIONS,
    paraphrases.RANKED,
    paraphrases.PLACES,
    paraphrases.SAID_OF_SKILLS,
)


def test_what_is_held_out_is_never_said_in_training() -> None:
    for table in TABLES:
        for name, (train, unseen) in table.items():
            assert not set(train) & set(unseen), name
    train, unseen = wording("rich", "train"), wording("rich", "unseen")
    for part in ("relations", "ranked", "instructions"):
        for name, forms in getattr(unseen, part).items():
            assert forms and not set(forms) & set(getattr(train, part)[name]), (part, name)
            assert set(getattr(PLAIN, part)[name]) <= set(getattr(train, part)[name]), (part, name)


def test_every_relation_has_a_hundred_training_sentences() -> None:
    for relation in RELATIONS:
        assert len(wording("rich", "train").instructions[relation]) > 50 and len(sentences(relation, 1)) > 20


def test_synonyms_are_no_plain_names_of_other_kinds() -> None:
    """Else plain sentences of existing datasets would become ambiguous."""
    plain = {name for kind in starter.kinds() for name in plain_names(kind)}
    for kind, (train, unseen) in paraphrases.SYNONYMS.items():
        assert not plain & {*train, *unseen} - {kind}, kind


@pytest.mark.parametrize("phrasing", PHRASINGS)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_rich_expression_means_exactly_its_object(phrasing: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    for index in range(len(scene.objects)):
        for expression in referring_expressions(scene, index, rng, wording("rich", phrasing)):
            assert resolve(expression, scene) == [index], expression
            assert things_meant(expression.phrase, scene) == {index}, expression


@pytest.mark.parametrize(("language", "phrasing"), [("plain", "train"), ("rich", "train"), ("rich", "unseen")])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_instruction_is_read_as_its_task(language: str, phrasing: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    sampler = TaskSampler(scene, Phrasebook(scene, wording(language, phrasing)))
    for _ in range(3):
        if (task := sampler.sample(rng)) is not None:
            assert meanings(task.instruction, scene) == {Meaning(task.relation, task.target, task.reference)}


def test_a_shared_word_is_spoken_only_where_one_thing_bears_it() -> None:
    scene = build_scene((thing("bowl", "red"), 0.4, -0.2), (thing("plate", "blue"), 0.5, 0.2), (thing("mug"), 0.6, 0.0))
    assert things_meant("the dish", scene) == {0, 1} and things_meant("the red dish", scene) == {0}
    book, rng = Phrasebook(scene, wording("rich")), np.random.default_rng(0)
    said = {book.express(0, "attribute", rng).phrase for _ in range(200)}
    assert "the red dish" not in said, "the plain word for it fits one thing: another word must do so alone as well"
    assert "the bowl" in said
    alone = build_scene((thing("bowl", "red"), 0.4, -0.2), (thing("mug"), 0.6, 0.0))
    book = Phrasebook(alone, wording("rich"))
    assert {"the dish", "the bowl", "the red item"} & {book.express(0, "attribute", rng).phrase for _ in range(200)}


def test_a_plain_name_comes_before_all_other_uses_of_the_word() -> None:
    muffin = ObjectInfo("muffin", "muffin", "brown", "medium", "item", 0.03, 0.05)
    cake = ObjectInfo("cake", "cupcake", "brown", "medium", "item", 0.03, 0.05)
    scene = build_scene((muffin, 0.4, -0.2), (cake, 0.5, 0.2))
    assert things_meant("the muffin", scene) == {0} and things_meant("the cupcake", scene) == {1}
    assert things_meant("the muffin", build_scene((cake, 0.5, 0.2))) == {0}


def test_unknown_language_and_phrasing_are_named() -> None:
    with pytest.raises(SightlineError, match="did you mean 'rich'"):
        wording("ritch")
    with pytest.raises(SightlineError, match="known: train"):
        wording("plain", "unseen")
    assert wording() is PLAIN


@pytest.mark.parametrize("phrasing", PHRASINGS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_other_words_mean_the_same_task(phrasing: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    task = TaskSampler(scene).sample(rng)
    if task is None:
        return
    again = TaskSampler(scene, Phrasebook(scene, wording("rich", phrasing))).reword(task, rng)
    assert again is not None, "what is plain can be said in other words too"
    assert (again.relation, again.target, again.reference) == (task.relation, task.target, task.reference)
    assert meanings(again.instruction, scene) == {Meaning(task.relation, task.target, task.reference)}
    assert again.instruction != task.instruction or phrasing == "train"


def all_words(words: Wording) -> set[str]:
    """Every form that a wording has."""
    parts = (words.relations, words.ranked, words.instructions, words.nouns, words.qualities)
    forms = {form for part in parts for many in part.values() for form in many}
    return forms | set(words.things) | set(words.links)


def test_what_is_novel_stands_in_no_other_table() -> None:
    known = {form for phrasing in ("plain", *PHRASINGS) for form in all_words(spoken(phrasing))}
    tables = (novel.RELATIONS, novel.RANKED, novel.SYNONYMS, novel.QUALITIES, novel.PLACES)
    own = {form for table in tables for forms in table.values() for form in forms}
    own |= {form for relation in novel.PLACES for form in novel.sentences(relation)} | {*novel.THINGS, *novel.LINKS}
    assert not own & known
    assert not {*novel.VERBS} & {verb for half in paraphrases.VERBS for verb in half}
    assert set(novel.PLACES) == set(RELATIONS) and set(novel.RANKED) == set(paraphrases.RANKED)
    for kind, forms in novel.SYNONYMS.items():
        others = {name for other in FAMILIES if other != kind for name in names(other)}
        others |= {name for other, halves in paraphrases.SYNONYMS.items() if other != kind for name in sum(halves, ())}
        assert not set(forms) & others, kind


def test_novel_words_say_the_same_task() -> None:
    tasks, said = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scene = random_scene(rng)
        task = TaskSampler(scene).sample(rng)
        if task is None:
            continue
        tasks += 1
        again = TaskSampler(scene, Phrasebook(scene, spoken("novel"))).reword(task, rng)
        if again is None:
            continue
        said += 1
        assert (again.relation, again.target, again.reference) == (task.relation, task.target, task.reference)
        heard = {form for phrasing in ("plain", *PHRASINGS) for form in spoken(phrasing).instructions[task.relation]}
        frame = again.instruction.replace(again.target_phrase, "{0}").replace(again.reference_phrase, "{1}")
        assert frame not in heard and frame in novel.sentences(task.relation)
    assert said > 0.95 * tasks > 40


def test_ways_to_speak_to_a_policy() -> None:
    assert spoken("plain") is PLAIN and spoken("unseen") is wording("rich", "unseen")
    with pytest.raises(SightlineError, match="did you mean 'unseen'"):
        spoken("unsen")
