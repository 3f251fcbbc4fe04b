"""Problem files with other places and other goals: what changes, what must not, and that sentences stay true."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.envs.libero.demonstrations import Demonstrations
from sightline.envs.libero.goals import read_goals
from sightline.envs.libero.variation import Problem, exchanged, possible_goals, varied

KITCHEN = """(define (problem Kitchen)
  (:language Put the bowl on the stove)
  (:regions
    (bowl_region (:target table) (:ranges ((0.0 0.0 0.1 0.1))))
    (stove_region (:target table) (:ranges ((0.2 0.2 0.3 0.3))))
    (cook_region (:target flat_stove_1))
    (top_side (:target wooden_cabinet_1))
    (top_region (:target wooden_cabinet_1))
    (middle_region (:target wooden_cabinet_1))
  )
  (:fixtures
    table - table
    flat_stove_1 - flat_stove
    wooden_cabinet_1 - wooden_cabinet
  )
  (:objects
    akita_black_bowl_1 - akita_black_bowl
    cream_cheese_1 - cream_cheese
    plate_1 - plate
  )
  (:init
    (On akita_black_bowl_1 table_bowl_region)
    (On cream_cheese_1 table_cheese_region)
    (On plate_1 table_plate_region)
    (On flat_stove_1 table_stove_region)
    (On wooden_cabinet_1 table_cabinet_region)
  )
  (:goal
    (And (On akita_black_bowl_1 flat_stove_1_cook_region))
  )
)"""
TWO_BOWLS = """(:language Pick the bowl)
  (:regions (cook_region (:target flat_stove_1)) (next_to_plate_region (:target table) (:ranges ((0 0 1 1)))))
  (:fixtures
    flat_stove_1 - flat_stove
  )
  (:objects
    akita_black_bowl_1 akita_black_bowl_2 - akita_black_bowl
    cookies_1 - cookies
    glazed_rim_porcelain_ramekin_1 - glazed_rim_porcelain_ramekin
    plate_1 - plate
  )
  (:init
    (On akita_black_bowl_1 table_next_to_plate_region)
    (On akita_black_bowl_2 flat_stove_1_cook_region)
    (On cookies_1 table_box_region)
    (On glazed_rim_porcelain_ramekin_1 table_ramekin_region)
    (On plate_1 table_plate_region)
    (On flat_stove_1 table_stove_region)
  )
  (:goal
    (And (On akita_black_bowl_1 plate_1))
  )"""
BASKET = """(:language Pick the milk)
  (:regions (contain_region (:target basket_1)))
  (:fixtures
    floor - floor
  )
  (:objects
    milk_1 - milk
    basket_1 - basket
    butter_1 - butter
  )
  (:init (On milk_1 floor_a_region) (On butter_1 floor_b_region) (On basket_1 floor_bin_region))
  (:goal (And (In milk_1 basket_1_contain_region)))"""
SEEDS = range(60)


def draws(text: str) -> list[str]:
    return [varied(text, np.random.default_rng(seed)) for seed in SEEDS]


def asked(text: str) -> tuple[str, list[str]]:
    """The sentence, and the goal's words."""
    goals = re.findall(r"\((\w+) ([\w ]+)\)", text.partition("(:goal")[2])
    assert len(goals) == 1
    return re.search(r":language ([^)]*)\)", text)[1], [goals[0][0], *goals[0][1].split()]


@pytest.mark.parametrize("text", [KITCHEN, TWO_BOWLS, BASKET])
def test_a_draw_is_a_pure_function_and_nothing_gets_lost(text: str) -> None:
    before = Problem.read(text)
    for seed, drawn in zip(SEEDS, draws(text), strict=True):
        assert drawn == varied(text, np.random.default_rng(seed))
        after = Problem.read(drawn)
        assert sorted(after.starts.values()) == sorted(before.starts.values())  # every place is taken once
        assert (after.loose, after.fixed, after.parts) == (before.loose, before.fixed, before.parts)
        assert drawn.count("(") == drawn.count(")") and read_goals([asked(drawn)[1]])


def test_things_and_fixtures_exchange_places() -> None:
    starts = [Problem.read(drawn).starts for drawn in draws(KITCHEN)]
    for name in ("akita_black_bowl_1", "cream_cheese_1", "plate_1", "flat_stove_1", "wooden_cabinet_1"):
        assert len({places[name] for places in starts}) > 2
    moved = sum(places["flat_stove_1"] != "table_stove_region" for places in starts)
    assert 0 < moved < len(starts) / 2


def test_every_goal_of_a_kitchen_is_drawn_with_words_for_it() -> None:
    found = dict(asked(drawn) for drawn in draws(KITCHEN) + draws(KITCHEN.replace("cream_cheese", "wine_bottle")))
    assert found["put the bowl on the plate"] == ["On", "akita_black_bowl_1", "plate_1"]
    assert found["put the cream cheese in the bowl"] == ["On", "cream_cheese_1", "akita_black_bowl_1"]
    assert found["put the wine bottle on top of the cabinet"] == ["On", "wine_bottle_1", "wooden_cabinet_1_top_side"]
    assert found["open the top drawer and put the cream cheese inside"][2] == "wooden_cabinet_1_top_region"
    assert found["open the middle drawer of the cabinet"] == ["Open", "wooden_cabinet_1_middle_region"]
    assert found["turn on the stove"] == ["Turnon", "flat_stove_1"]
    assert not any(words[1] == "plate_1" for words in found.values())  # nobody's fingers can take it
    assert len(found) > 12


def test_what_is_to_be_turned_off_begins_turned_on() -> None:
    drawn = [text for text in draws(KITCHEN) if asked(text)[1][0] == "Turnoff"]
    assert drawn and all("(Turnon flat_stove_1)" in text.partition("(:goal")[0] for text in drawn)


def test_a_basket_stays_and_is_not_taken() -> None:
    for drawn in draws(BASKET):
        assert Problem.read(drawn).starts["basket_1"] == "floor_bin_region"
        sentence, (_, subject, place) = asked(drawn)
        assert subject in ("milk_1", "butter_1") and place == "basket_1_contain_region"
        assert sentence == f"pick up the {subject.removesuffix('_1')} and place it in the basket"


def test_things_alike_are_told_by_places_that_stay() -> None:
    found = dict(asked(drawn) for drawn in draws(TWO_BOWLS))
    assert found == {
        "pick up the black bowl next to the plate and place it on the plate": ["On", "akita_black_bowl_1", "plate_1"],
        "pick up the black bowl on the stove and place it on the plate": ["On", "akita_black_bowl_2", "plate_1"],
    }
    problem = Problem.read(TWO_BOWLS)
    for seed in SEEDS:
        places = exchanged(problem, np.random.default_rng(seed))
        moved = {name for name in places if places[name] != problem.starts[name]}
        assert moved <= {"cookies_1", "glazed_rim_porcelain_ramekin_1"}  # a plate that has gone has no bowl next to it


def test_a_task_of_several_goals_keeps_them() -> None:
    text = BASKET.replace(
        "basket_1_contain_region))", "basket_1_contain_region) (In butter_1 basket_1_contain_region))"
    )
    assert not possible_goals(Problem.read(text), np.random.default_rng(0))
    drawn = varied(text, np.random.default_rng(0))
    assert drawn.partition("(:goal")[2] == text.partition("(:goal")[2] and "Pick the milk" in drawn


def test_candidates_in_a_row_share_a_world() -> None:
    recipe = Demonstrations("libero_goal", seed=3, in_a_row=2, varied=True)
    first, second, other = (recipe.layout(number) for number in (0, 1, 20))
    assert first.varied == second.varied != other.varied and first.seed != second.seed
    assert Demonstrations("libero_goal", seed=3).layout(0).varied is None
    with pytest.raises(SightlineError, match="suite with other places and goals"):
        Demonstrations("libero_10", varied=True).check()
