"""Instructions and names are told apart, in every way that either is said."""

from __future__ import annotations

import pytest

from sightline.language.paraphrases import listener
from sightline.language.styles import is_instruction, style_of, verbs
from sightline.tasks.skills import SKILLS

NAMES = ("the red mug", "red apple", "the mug left of the bowl", "the putty knife", "a set of keys", "open box", "")


def test_every_instruction_is_one() -> None:
    for relation, forms in listener().instructions.items():
        for form in forms:
            assert is_instruction(form.format("the red mug", "the bowl")), (relation, form)


@pytest.mark.parametrize(
    "text", ["Open the top drawer", "please shut the lid", "grab the tin", "lift the lid", "hit the red button"]
)
def test_verbs_of_skills_ask_for_something(text: str) -> None:
    assert is_instruction(text)


@pytest.mark.parametrize("text", NAMES)
def test_names_ask_for_nothing(text: str) -> None:
    assert is_instruction(text) == (text == "open box")  # two words that are both: people who mean a thing say "the"


def test_verbs_come_from_the_skills() -> None:
    assert {form.split(" ")[0] for skill in SKILLS.values() for form in skill.plain} <= verbs()


def test_styles_by_their_words() -> None:
    assert [style_of(text) for text in ("the mug", "the mug left of the bowl", "the leftmost mug", "")] == [
        "attribute", "spatial", "superlative", "",
    ]  # fmt: skip
