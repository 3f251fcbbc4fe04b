"""Which conversation comes when: a mixture of sources by weight, each gone through in a new order every pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from sightline.core.errors import SightlineError
from sightline.data.conversation_record import Conversation
from sightline.data.conversations import Conversations, config_of, open_source, read_registry
from sightline.data.weighted_order import Rotation

T = TypeVar("T")
TRIES = 1000  # records of a source in a row that may be of no use
EXAMPLES = 3  # of records that were skipped, told in full


class ConversationMix:
    """Sources with weights, drawn from as a Rotation does.

    Args:
        weights: relative frequency of each source; by default its number of records.
    """

    def __init__(self, sources: Sequence[Conversations], weights: Sequence[float] | None = None) -> None:
        self.sources = tuple(sources)
        sizes = [len(source) for source in sources]
        self.rotation = Rotation(sizes, sizes if weights is None else weights)
        self._skipped: set[tuple[int, int]] = set()
        self._examples: list[str] = []

    @staticmethod
    def open(registry: Path, use: str | Mapping[str, float], seed: int = 0) -> ConversationMix:
        """Sources of a registry file.

        Args:
            use: names with commas between them, mixed by size, or name -> weight; ``name%NN`` keeps NN % of a source.
            seed: of which records those are.
        """
        known = read_registry(registry)
        names = [name.strip() for name in use.split(",") if name.strip()] if isinstance(use, str) else list(use)
        weights = None if isinstance(use, str) else list(use.values())
        return ConversationMix([open_source(known, name, seed) for name in names], weights)

    @staticmethod
    def of(sources: Sequence[str], seed: int = 0) -> ConversationMix:
        """Sources as the command line names them, mixed by size.

        Args:
            sources: each a file of records (.json, .jsonl), a registry (.yaml: all of its sources), or some of the
                sources of a registry (``registry.yaml:name%50,other``).
            seed: of which records ``%`` keeps.
        """
        found: list[Conversations] = []
        for source in sources:
            path, _, names = source.partition(":")
            if Path(path).suffix not in (".yaml", ".yml"):
                found.append(Conversations(config_of(Path(source))))
                continue
            known = read_registry(Path(path))
            wanted = [name.strip() for name in names.split(",") if name.strip()] or list(known)
            found += [open_source(known, name, seed) for name in wanted]
        return ConversationMix(found)

    def place(self, seed: int, index: int, attempt: int = 0) -> tuple[int, int]:
        """Source and record of draw number ``index``; a later ``attempt`` gives the record after it in that order."""
        return self.rotation.place(seed, index, attempt)

    def draw(self, seed: int, index: int) -> Conversation:
        """Draw number ``index``; the next record where one is damaged, see :meth:`first`."""
        return self.first(seed, index, lambda conversation: conversation)

    def first(self, seed: int, index: int, use: Callable[[Conversation], T]) -> T:
        """What ``use`` makes of draw number ``index``.

        A record that is damaged, or of which ``use`` raises a SightlineError, is counted in :attr:`problems` and the
        next one is taken. Raises SightlineError where none of TRIES records is any good.
        """
        reason, source = "", self.place(seed, index)[0]
        tries = min(TRIES, len(self.sources[source]))
        for attempt in range(tries):
            record = self.place(seed, index, attempt)[1]
            try:
                return use(self.sources[source][record])
            except SightlineError as error:
                reason = str(error)
                self._skip(source, record, reason)
        raise SightlineError(f"None of {tries} conversations of '{self.sources[source].name}' can be used: {reason}")

    def _skip(self, source: int, record: int, reason: str) -> None:
        if (source, record) not in self._skipped:
            self._skipped.add((source, record))
            if len(self._examples) < EXAMPLES:
                self._examples.append(reason)

    @property
    def skipped(self) -> int:
        """Number of different records that were of no use so far."""
        return len(self._skipped)

    @property
    def problems(self) -> str:
        """One sentence on what was skipped so far; empty where nothing was."""
        if not self._skipped:
            return ""
        return f"{self.skipped} conversations were of no use and skipped, for example: {' '.join(self._examples)}"
