"""Who acts in a playground: trained policies and the scripted expert, with what they think while they act."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import Grounding, Observation
from sightline.evaluate.policies import EXPERT, ExpertPolicy, load_checkpoint
from sightline.serve.playground.scene import PlayScene
from sightline.serve.served import ServedPolicy

if TYPE_CHECKING:
    from sightline.models.policy import Policy
    from sightline.models.steering import Steer

PREFERENCES = ("chunk", "normalisation")  # entries of cards that may differ


@dataclass
class Thought:
    """What an actor wants to do.

    Attributes:
        chunk: [T,A] actions in physical units.
        grounding: where it acts, in the picture of the first camera.
        attention: [s,s] what its queries read of that picture, 1 at the most.
        milliseconds: by phase.
    """

    chunk: NDArray[np.float32]
    grounding: Grounding | None = None
    attention: NDArray[np.float32] | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)


class Actor(ABC):
    """One of a playground's policies; used by one thread.

    Attributes:
        name: what persons choose it by.
        looks: whether it looks at pictures, so that it can be steered and asked.
    """

    name: str
    looks: bool

    @abstractmethod
    def misfit(self, card: Card) -> str:
        """Why it cannot act where this card holds, in a sentence; empty where it can."""

    @abstractmethod
    def begin(self, row: int, scene: PlayScene) -> None:
        """Forget the row's past; it acts in ``scene`` from now on."""

    @abstractmethod
    def think(self, observation: Observation, row: int) -> Thought:
        """The next chunk."""

    @abstractmethod
    def forget(self, row: int) -> None:
        """The row is not used any more."""

    def steer(self, observation: Observation, steer: Steer, row: int) -> None:
        """Take a person's word about where to act. Raises SightlineError where it cannot."""
        raise SightlineError(f"'{self.name}' does not look at pictures, so there is nothing to point at.")

    def warm_up(self) -> None:  # noqa: B027 (most have nothing to warm)
        """Do once what takes longer the first time."""

    def guided(self, on: bool, row: int) -> None:  # noqa: B027 (an actor that never looks is not guided)
        """Whether its action expert is shown what its planner points at."""

    def describe(self, picture: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """The things in a picture: label, box and confidence of each."""
        raise SightlineError(f"'{self.name}' does not look at pictures; ask a trained policy.")

    def ground(self, picture: NDArray[np.uint8], words: str) -> Grounding:
        """Where to act in a picture."""
        raise SightlineError(f"'{self.name}' does not look at pictures; ask a trained policy.")


class TrainedActor(Actor):
    """A trained policy."""

    looks = True

    def __init__(self, name: str, policy: Policy) -> None:
        self.name, self.policy = name, policy
        self.served = ServedPolicy(policy)
        self._seen: Any = None
        policy.system.see = self._watched(policy.system.see)  # type: ignore[method-assign]

    def warm_up(self) -> None:
        """See :class:`Actor`."""
        self.served.warm_up()

    def misfit(self, card: Card) -> str:
        """See :class:`Actor`."""
        if differences := self.policy.card.differences(card, PREFERENCES):
            return f"'{self.name}' was made for another robot or other pictures ({'; '.join(differences)})."
        return ""

    def begin(self, row: int, scene: PlayScene) -> None:
        """See :class:`Actor`."""
        self.policy.reset([row])

    def think(self, observation: Observation, row: int) -> Thought:
        """See :class:`Actor`."""
        began = time.monotonic()
        (chunk,), split = self.served.act([observation], [row], None, [None])
        total = 1000 * (time.monotonic() - began)
        return Thought(chunk.actions, chunk.grounding, self._attention(), {**split, "chunk": total})

    def forget(self, row: int) -> None:
        """See :class:`Actor`."""
        self.policy.reset([row])

    def steer(self, observation: Observation, steer: Steer, row: int) -> None:
        """See :class:`Actor`."""
        self.policy.steer(observation, steer, row=row)

    def guided(self, on: bool, row: int) -> None:
        """See :class:`Actor`."""
        self.policy.guided(on, row)

    def describe(self, picture: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """See :class:`Actor`."""
        things = self.policy.planner.describe(picture)
        return [
            {"label": f"{one.colour} {one.kind}".strip(), "box": one.box.round(1).tolist()}
            | {"confidence": round(one.confidence, 3)}
            for one in things
        ]

    def ground(self, picture: NDArray[np.uint8], words: str) -> Grounding:
        """See :class:`Actor`."""
        return self.policy.ground(picture, words)

    def _attention(self) -> NDArray[np.float32] | None:
        if self._seen is None or not self.policy.config.expert.latent:
            return None
        import torch  # trained policies have loaded it

        with torch.inference_mode():
            cells = self.policy.system.attention(self._seen)[0, 0].float().cpu().numpy()
        return (cells / max(float(cells.max()), 1e-9)).astype(np.float32)

    def _watched(self, see: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            self._seen = see(*arguments, **named)
            return self._seen

        return watched


class ScriptedActor(Actor):
    """The scene's scripted expert, which knows where everything is."""

    name, looks = EXPERT, False

    def __init__(self) -> None:
        self.policy = ExpertPolicy()

    def misfit(self, card: Card) -> str:
        """It fits all."""
        return ""

    def begin(self, row: int, scene: PlayScene) -> None:
        """See :class:`Actor`."""
        self.policy.reset([row])
        self.policy.attach(row, scene)

    def think(self, observation: Observation, row: int) -> Thought:
        """See :class:`Actor`."""
        began = time.monotonic()
        (chunk,) = self.policy.act_batch([], [row])
        return Thought(chunk.actions, milliseconds={"chunk": 1000 * (time.monotonic() - began)})

    def forget(self, row: int) -> None:
        """See :class:`Actor`."""
        self.policy.reset([row])


def load_actors(policies: Sequence[str]) -> dict[str, Actor]:
    """Actors by name: the policies (checkpoint folders, ``tiny``, ``expert``) in their order, and the scripted expert.

    Raises SightlineError where there is no such policy.
    """
    actors: dict[str, Actor] = {}
    for spec in dict.fromkeys([*policies, EXPERT]):
        actors[spec] = ScriptedActor() if spec == EXPERT else TrainedActor(spec, load_checkpoint(spec))
    return actors
