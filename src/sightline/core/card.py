"""The interface card: what a dataset, a policy and an environment must agree on before they meet."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from sightline.core.errors import SightlineError, did_you_mean


@dataclass(frozen=True)
class Card:
    """Conventions of one robot interface. Everything that silently ruins a policy when two sides differ is here.

    Attributes:
        robot: name of the embodiment.
        cameras: names, in the order in which the model sees them.
        image_size: (height, width) of stored pictures, pixels.
        image_rotation: degrees by which pictures must be turned to be upright.
        state_names / action_names: one name a dimension; positions in metres, angles in radians.
        action_space: how an action moves the robot.
        rotation: form of rotations in actions.
        gripper: meaning of the gripper dimension.
        control_hz: actions per second.
        chunk: number of actions predicted at once.
        normalisation: id of the scheme by which states and actions are scaled.
        image_mirrored: whether left and right are exchanged in upright pictures, as in the published policies of
            LIBERO. Where nothing is mirrored a stored card does not speak of it.
    """

    robot: str
    cameras: tuple[str, ...]
    image_size: tuple[int, int]
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]
    image_rotation: int = 0
    action_space: str = "delta of the commanded tool pose, base frame"
    rotation: str = "axis-angle"
    gripper: str = "+1 open, -1 close"
    control_hz: int = 10
    chunk: int = 8
    normalisation: str = "q99"
    image_mirrored: bool = False

    def entries(self) -> dict:
        """Every field, JSON-ready."""
        values = dataclasses.asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    def to_dict(self) -> dict:
        """The card as it is stored and sent, JSON-ready."""
        values = self.entries()
        if not self.image_mirrored:
            del values["image_mirrored"]
        return values

    @staticmethod
    def from_dict(values: dict) -> Card:
        """Inverse of :meth:`to_dict`. Raises SightlineError on an unknown or missing key."""
        names = [item.name for item in dataclasses.fields(Card)]
        for key in values:
            if key not in names:
                raise SightlineError(f"The interface card has an unknown key '{key}'{did_you_mean(key, names)}.")
        ready: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        try:
            return Card(**ready)
        except TypeError as error:
            raise SightlineError(f"The interface card is incomplete: {error}.") from None

    def differences(self, other: Card, ignore: tuple[str, ...] = ()) -> list[str]:
        """One line for each field in which the two cards differ."""
        mine, theirs = self.entries(), other.entries()
        unequal = [key for key in mine if mine[key] != theirs[key] and key not in ignore]
        return [f"{key}: {mine[key]} != {theirs[key]}" for key in unequal]

    def require_match(self, other: Card, mine: str, theirs: str, ignore: tuple[str, ...] = ()) -> None:
        """Raise SightlineError that lists the differences unless both cards agree.

        Args:
            mine, theirs: what the two cards belong to, for the message ("the policy", "the dataset at DIR").
            ignore: fields that may differ here.
        """
        if found := self.differences(other, ignore):
            raise SightlineError(f"The interface cards of {mine} and {theirs} do not match: {'; '.join(found)}.")
