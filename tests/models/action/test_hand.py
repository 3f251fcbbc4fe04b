"""What memory reads of the hand must be in the state, where it reads it."""

from __future__ import annotations

import pytest

from sightline.core.errors import SightlineError
from sightline.core.types import STATE_NAMES
from sightline.envs.libero.protocol import INTERFACES
from sightline.models.action.spatial_memory import require_hand


@pytest.mark.parametrize("names", [STATE_NAMES, INTERFACES["sightline"].card.state_names], ids=["ours", "libero"])
def test_states_that_say_how_the_hand_is(names: tuple[str, ...]) -> None:
    require_hand(names)


@pytest.mark.parametrize(
    "names", [(), ("x", "y", "z"), ("x", "y", "z", "rx", "ry", "rz", "finger_left", "finger_right")]
)
def test_states_that_do_not_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(SightlineError, match=r"system.expert.memory=false"):
        require_hand(names)
