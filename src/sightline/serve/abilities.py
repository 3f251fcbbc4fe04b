"""What a served policy can be asked besides actions: how it is asked, or why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Camera
from sightline.core.types import Grounding, Observation
from sightline.serve.refusal import UNSUPPORTED, Refusal

if TYPE_CHECKING:
    from sightline.models.grounding.recognition import Recognised
    from sightline.models.steering import Steer

Picture = NDArray[np.uint8]
Split = dict[str, float]  # milliseconds of the parts
ASKING = ("ground", "chat", "describe", "steer")  # abilities that are messages of their own
T = TypeVar("T")


@dataclass(frozen=True)
class Unable:
    """It cannot; ``why`` is a sentence for who asks."""

    why: str


@dataclass(frozen=True, eq=False)
class Place:
    """Words whose place in a picture is looked for; ``camera`` is its calibration, where it is known."""

    picture: Picture
    text: str
    camera: Camera | None = None


class Grounds(Protocol):
    """Finds where to act."""

    def __call__(self, places: Sequence[Place]) -> tuple[list[Grounding], Split]:
        """Where to act in each picture, in its pixels; the calibration of all of them is known, or of none."""


class Chats(Protocol):
    """Talks about pictures."""

    def __call__(self, pictures: Sequence[Picture], question: str, tokens: int) -> tuple[str, Split]:
        """The answer to a question about pictures, of so many tokens at most. Raises Refusal."""


class Describes(Protocol):
    """Names what it sees."""

    def __call__(self, picture: Picture) -> tuple[list[Recognised], Split]:
        """The things in a picture."""


class IsSteered(Protocol):
    """Lets itself be pointed to things."""

    def __call__(self, observation: Observation, steer: Steer, row: int) -> tuple[list[str], Split]:
        """Act upon what a person points at in ``observation`` from now on; the roles that are pointed out by now."""


class Normalises(Protocol):
    """Knows the model's own units."""

    def __call__(self, actions: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Actions [...,A] in units of the model, for clients that turn them back themselves."""


@dataclass(frozen=True, eq=False)
class Abilities:
    """All of them; the names in ASKING are those of the messages."""

    ground: Grounds | Unable
    chat: Chats | Unable
    describe: Describes | Unable
    steer: IsSteered | Unable
    normalise: Normalises | Unable

    def can(self, name: str) -> bool:
        """Whether the policy has the ability of this name."""
        return not isinstance(getattr(self, name), Unable)


def able(ability: T | Unable, field: str = "endpoint") -> T:
    """The ability. Raises Refusal, with the ``field`` that asks for it, where the policy does not have it."""
    if isinstance(ability, Unable):
        raise Refusal(ability.why, field, UNSUPPORTED)
    return ability
