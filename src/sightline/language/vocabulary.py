"""Which words a speaker may choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

T = TypeVar("T")
Words = Mapping[str, tuple[str, ...]]


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """A uniformly random element (much faster than Generator.choice on short sequences)."""
    return options[int(rng.random() * len(options))]


def plain_names(kind: str) -> list[str]:
    """A kind and what a compound noun also is: a "soda can" is a "can" to a listener."""
    words = kind.split(" ")
    return [" ".join(words[start:]) for start in range(len(words))]


@dataclass(frozen=True, eq=False)
class Wording:
    """The words for relations, rankings, instructions and things; ``{}`` or ``{0}`` and ``{1}`` are gaps.

    Attributes:
        relations: relation -> ways to say it between two things.
        ranked: ranking -> sentences of a thing ("the leftmost {}") or of a thing and another ("the {} nearest {}").
        instructions: relation of a task -> sentences with target (first, or {0}) and reference (second, or {1}).
        things: nouns for what is described without its kind.
        links: words before a relation in a clause of its own.
        nouns: kind -> the words said for it; itself where it is missing.
        qualities: size or colour -> the words said for it; itself where it is missing. ("Orange" may be both.)
        names: kind -> everything else that a listener may call it, if nothing in sight has that for its plain name.
    """

    relations: Words
    ranked: Words
    instructions: Words
    things: tuple[str, ...]
    links: tuple[str, ...]
    nouns: Words = field(default_factory=dict)
    qualities: Words = field(default_factory=dict)
    names: Words = field(default_factory=dict)

    def other_names(self, kind: str) -> tuple[str, ...]:
        """What a thing of this kind may be called besides its plain names."""
        return tuple(name for plain in plain_names(kind) for name in self.names.get(plain, ()))

    def quality(self, word: str, rng: np.random.Generator) -> str:
        """One of the words for a size or colour."""
        options = self.qualities.get(word)
        return word if options is None else pick(options, rng)
