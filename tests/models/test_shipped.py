"""The checkpoints that come with the package: complete, small, and made for the world that they are said to be for."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera, look_at
from sightline.core.types import Observation
from sightline.envs.libero.protocol import INTERFACES as LIBERO
from sightline.envs.simpler.protocol import INTERFACES as WIDOWX
from sightline.envs.tabletop import TabletopEnv
from sightline.models.config import ExpertConfig
from sightline.models.policy import Policy
from sightline.models.pretrained import SHIPPED

MOST = {"tiny": 40e6, "libero": 25e6, "widowx": 25e6}  # bytes
WORDS = {
    "tiny": "put the red mug on the plate",
    "libero": "pick up the milk and place it in the basket",
    "widowx": "put carrot on plate",
}


def test_these_are_shipped() -> None:
    assert sorted(folder.name for folder in SHIPPED.iterdir()) == sorted(MOST)


@pytest.mark.parametrize("name", sorted(MOST))
def test_a_shipped_policy_is_small_and_acts_the_same_twice(name: str) -> None:
    assert sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) <= MOST[name]
    policy, (height, width) = Policy.from_pretrained(name), (256, 256)
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    state = np.zeros(len(policy.card.state_names), np.float32)
    state[:3], state[6], state[-1] = (0.45, 0.0, 0.25), 0.07, 1.0
    above = Camera(width, height, 300.0, look_at(np.array([1.2, 0.0, 0.8]), np.array([0.5, 0.0, 0.0])))
    seen = Observation(
        {n: picture for n in policy.card.cameras}, state, WORDS[name], dict.fromkeys(policy.card.cameras, above)
    )
    chunks = []
    for _ in range(2):
        policy.reset()
        chunks.append(policy.act(seen).actions)
    assert chunks[0].shape == (policy.config.chunk, 7) and np.isfinite(chunks[0]).all()
    assert np.array_equal(*chunks)


def test_what_is_believed_of_a_hand_is_the_policys_own() -> None:
    own = {"tiny": (True, 0.01, 0.0, False, 1.0, 0.0), "libero": (False, 0.003, 0.04, True, 0.1, 0.1)}
    own["widowx"] = (True, 0.01, 0.04, False, 1.0, 0.0)
    for name, believed in own.items():
        policy = Policy.from_pretrained(name)
        memory = policy.guide.new_memory()
        found = (memory.hand_heights, memory.empty, memory.blind, memory.fists, memory.delivered)
        assert (*found, policy.system.spatial.no_axis) == believed
    for empty in (-0.001, 0.2, float("nan")):
        with pytest.raises(SightlineError, match=r"expert\.empty"):
            ExpertConfig(empty=empty)
    with pytest.raises(SightlineError, match=r"expert\.blind"):
        ExpertConfig(blind=0.5)
    for delivered in (0.0, 1.5, float("nan")):
        with pytest.raises(SightlineError, match=r"expert\.delivered"):
            ExpertConfig(delivered=delivered)
    with pytest.raises(SightlineError, match=r"expert\.no_axis"):
        ExpertConfig(no_axis=1.5)


def test_their_cards_are_those_of_their_worlds() -> None:
    worlds = {"tiny": TabletopEnv().card, "libero": LIBERO["sightline"].card}
    worlds["widowx"] = WIDOWX["sightline"].card
    for name, card in worlds.items():
        Policy.from_pretrained(name).card.require_match(card, name, "its world")
