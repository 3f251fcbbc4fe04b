"""Words as observations that survive the memory which gymnasium's processes share.

Gymnasium reads a text from that memory once, when the processes start, and hands out those blanks for ever (in
``AsyncVectorEnv`` with its default settings, Gymnasium#1164). Here it is read whenever the words are asked for.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory
from numpy.typing import NDArray

from sightline.core.errors import SightlineError

LETTERS = "".join(chr(code) for code in range(32, 127))
LONGEST = 400


class Words(spaces.Text):
    """A space of sentences."""

    def __init__(self) -> None:
        super().__init__(LONGEST, min_length=0, charset=LETTERS)


class SharedWords(Sequence[str]):
    """The sentences of ``n`` environments in shared memory, as they are now; a deep copy is a tuple of strings."""

    def __init__(self, memory: NDArray[np.int32]) -> None:
        self.memory = memory

    def __len__(self) -> int:
        return len(self.memory)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return "".join(chr(code) for code in self.memory[index] if code)

    def __deepcopy__(self, memo: dict) -> tuple[str, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return repr(tuple(self))


@create_shared_memory.register(Words)
def _create(space: Words, n: int = 1, ctx: Any = multiprocessing) -> Any:
    return ctx.Array("i", n * space.max_length)


@read_from_shared_memory.register(Words)
def _read(space: Words, shared_memory: Any, n: int = 1) -> SharedWords:
    return SharedWords(np.frombuffer(shared_memory.get_obj(), np.int32).reshape(n, space.max_length))


@write_to_shared_memory.register(Words)
def _write(space: Words, index: int, value: str, shared_memory: Any) -> None:
    if len(value) > space.max_length:
        raise SightlineError(
            f"An instruction of {len(value)} characters is too long for several processes, which share room for "
            f"{space.max_length}: shorten it, or use AsyncVectorEnv(..., shared_memory=False)."
        )
    memory = np.frombuffer(shared_memory.get_obj(), np.int32).reshape(-1, space.max_length)
    memory[index] = 0
    memory[index, : len(value)] = [ord(letter) for letter in value]
