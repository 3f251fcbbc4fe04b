"""What stands behind a server: a trained policy, the scripted expert in a simulation of its own, a recording."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk, Grounding, Observation
from sightline.data.answers import grounding_in_words
from sightline.evaluate.policies import EXPERT, REPLAY, ExpertPolicy, GuidedPolicy, ReplayPolicy, load_checkpoint
from sightline.serve.abilities import Abilities, Picture, Place, Split, Unable
from sightline.serve.observations import Interface
from sightline.serve.refusal import Refusal

if TYPE_CHECKING:
    from sightline.envs.tabletop import TabletopEnv
    from sightline.models.grounding.recognition import Recognised
    from sightline.models.policy import Policy
    from sightline.models.steering import Steer

Frozen = NDArray[np.float32] | None
Chunks = tuple[list[ActionChunk], Split]

BLIND = Unable(
    "This policy never looks at pictures; serve a trained policy to ask it about them, or to point at things."
)
WORDLESS = Unable("This policy has no tokenizer, so it understands no words; import it again with one (base_vlm=DIR).")
UNGUIDED = Unable("This policy was trained without guidance: it cannot say where it acts. Serve a guided one.")
SPEECHLESS = Unable("This policy points and was never taught to talk; ask it with 'ground' or 'describe'.")
TALKING = Unable("This policy recognises things by talking about them alone; ask it with 'chat'.")
FORGETFUL = Unable("This policy does not act on points that it remembers; serve one of preset tiny to steer it.")
UNSCALED = Unable("This policy has no normalised actions; ask for 'examples', whose answer is in physical units.")


class Served(ABC):
    """A policy as the server's worker sees it; used by one thread.

    Attributes:
        interface: what it looks at.
        abilities: what it can be asked besides actions.
    """

    interface: Interface
    abilities: Abilities

    @abstractmethod
    def act(
        self, observations: Sequence[Observation], rows: Sequence[int], seed: int | None, frozen: Sequence[Frozen]
    ) -> Chunks:
        """One chunk for each observation, and the milliseconds of its parts.

        Args:
            seed: of the noise of one observation that stands alone; None: that of the rows.
            frozen: the first actions [d,A] of each chunk, where they are decided already.
        """

    @abstractmethod
    def reset(self, row: int, episode: int) -> None:
        """Begin an episode; its number counts where nothing is looked at."""

    @abstractmethod
    def forget(self, rows: list[int]) -> None:
        """These rows have ended."""

    @abstractmethod
    def warm_up(self) -> None:
        """Do once what takes longer the first time."""


class ServedPolicy(Served):
    """A trained policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.interface = Interface(policy.card, tuple(policy.config.cameras), policy.config.state_dim)
        self.abilities = self._abilities()
        self._milliseconds: Split = {}
        system = policy.system
        system.see = self._timed("planner", system.see)  # type: ignore[method-assign]
        system.act = self._timed("expert", system.act)  # type: ignore[method-assign]

    def act(
        self, observations: Sequence[Observation], rows: Sequence[int], seed: int | None, frozen: Sequence[Frozen]
    ) -> Chunks:
        """See :class:`Served`; ``planner`` is seeing and pointing, ``expert`` querying and the drawing of actions."""
        self._milliseconds = {"planner": 0.0, "expert": 0.0}
        if seed is not None:
            return [self.policy.act_seeded(observations[0], seed, frozen[0])], self._milliseconds
        return self.policy.act_batch(observations, rows, frozen), self._milliseconds

    def reset(self, row: int, episode: int) -> None:
        """Forget what was seen."""
        self.policy.reset([row])

    def forget(self, rows: list[int]) -> None:
        """Forget what was seen."""
        self.policy.reset(rows)

    def warm_up(self) -> None:
        """Act once on grey pictures."""
        height, width = self.interface.card.image_size
        grey = np.full((height, width, 3), 127, np.uint8)
        state = np.zeros(self.interface.state_size, np.float32)
        self.act([Observation({name: grey for name in self.interface.cameras}, state, "put it there")], [0], 0, [None])

    def _ground(self, places: Sequence[Place]) -> tuple[list[Grounding], Split]:
        """See :class:`Grounds`; with the answer in words."""
        cameras = [place.camera for place in places if place.camera is not None] or None
        pictures, texts = [place.picture for place in places], [place.text for place in places]
        found, split = self._asked(lambda: self.policy.ground_batch(pictures, texts, cameras))
        if self.policy.config.grounding.pointer:
            for grounding in found:
                grounding.text = grounding_in_words(grounding)
        return found, split

    def _chat(self, pictures: Sequence[Picture], question: str, tokens: int) -> tuple[str, Split]:
        """See :class:`Chats`."""
        try:
            return self._asked(lambda: self.policy.planner.chat(pictures, question, tokens))
        except SightlineError as error:
            raise Refusal(str(error), "question") from None

    def _describe(self, picture: Picture) -> tuple[list[Recognised], Split]:
        """See :class:`Describes`."""
        return self._asked(lambda: self.policy.planner.describe(picture))

    def _steer(self, observation: Observation, steer: Steer, row: int) -> tuple[list[str], Split]:
        """See :class:`IsSteered`."""

        def steered() -> list[str]:
            self.policy.steer(observation, steer, row=row)
            return self.policy.guide.told(row)

        return self._asked(steered)

    def _abilities(self) -> Abilities:
        from sightline.models.vlm.tokenizer import MissingTokenizer  # torch, which scripted policies do without

        config, normalise = self.policy.config, self.policy.transforms.action.forward
        if isinstance(self.policy.tokenizer, MissingTokenizer):
            return Abilities(WORDLESS, WORDLESS, WORDLESS, WORDLESS, normalise)
        pointer = config.grounding.pointer
        return Abilities(
            UNGUIDED if pointer and not config.points else self._ground,
            SPEECHLESS if pointer else self._chat,
            self._describe if config.points else TALKING,
            self._steer if self.policy.guide.remembers else FORGETFUL,
            normalise,
        )

    @staticmethod
    def _asked(ask: Callable[[], Any]) -> tuple[Any, Split]:
        """The answer; all the time that it takes is the planner's."""
        began = time.monotonic()
        answer = ask()
        return answer, {"planner": 1000 * (time.monotonic() - began)}

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which notes how long it takes."""

        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.monotonic()
            try:
                return function(*arguments, **named)
            finally:
                self._milliseconds[part] = self._milliseconds.get(part, 0.0) + 1000 * (time.monotonic() - began)

        return timed


class ServedScript(Served):
    """Actions that are known without looking, one at a time, for wiring a robot or a simulator before any model exists.

    Args:
        make_env: where the episodes happen; every session has one of its own.
        make_guided: what knows the actions.
        follows: whether actions are carried out in the server's simulation too, which the next ones follow from.
    """

    abilities = Abilities(BLIND, BLIND, BLIND, BLIND, UNSCALED)

    def __init__(
        self, make_env: Callable[[], TabletopEnv], make_guided: Callable[[], GuidedPolicy], follows: bool
    ) -> None:
        self.make_env, self.guided, self.follows = make_env, make_guided(), follows
        self._envs: dict[int, TabletopEnv] = {}
        self._free = [make_env()]
        self.interface = Interface(self._free[0].card, (), 0)

    def act(
        self, observations: Sequence[Observation], rows: Sequence[int], seed: int | None, frozen: Sequence[Frozen]
    ) -> Chunks:
        """The next action of each row; episodes that nobody has reset begin with number 0."""
        if seed is not None:
            raise Refusal("This policy draws no noise; leave the seed out.", "seed")
        if any(actions is not None for actions in frozen):
            raise Refusal("This policy gives one action at a time; leave out what is frozen.", "frozen")
        for row in rows:
            if row not in self._envs:
                self.reset(row, 0)
        chunks = self.guided.act_batch([], list(rows))
        if self.follows:
            for row, chunk in zip(rows, chunks, strict=True):
                self._envs[row].advance(chunk.actions[0])
        return chunks, {}

    def warm_up(self) -> None:
        """Nothing: the first environment stands since the beginning."""

    def reset(self, row: int, episode: int) -> None:
        """Begin the episode of this number (a seed, or its place in the recording)."""
        env = self._envs.get(row) or (self._free.pop() if self._free else self.make_env())
        self._envs[row] = env
        env.reset(seed=episode)
        self.guided.reset([row])
        self.guided.attach(row, env)

    def forget(self, rows: list[int]) -> None:
        """Keep the environments of these rows for others."""
        self.guided.reset(rows)
        self._free += [self._envs.pop(row) for row in rows if row in self._envs]


def served_by(policy: str) -> Served:
    """What ``--policy`` names, ready to be served. Raises SightlineError when there is no such policy."""
    if policy == EXPERT:
        from sightline.envs.tabletop import TabletopEnv  # the simulator, which trained policies do without

        return ServedScript(lambda: TabletopEnv(render=False), ExpertPolicy, follows=True)
    if policy.startswith(REPLAY):
        from sightline.envs.recorded import RecordedEnv

        return ServedScript(lambda: RecordedEnv(policy.removeprefix(REPLAY)), ReplayPolicy, follows=False)
    return ServedPolicy(load_checkpoint(policy))
