"""What every catalogue of objects answers: which kinds there are, who is of each, and how one is built."""

from __future__ import annotations

from typing import Protocol

from sightline.engine.assets.model import ObjectModel
from sightline.engine.assets.variant import Variant


class Catalogue(Protocol):
    """The questions; modules answer them, such as ``starter.catalogue`` and ``full``."""

    def kinds(self, split: str | None = None) -> tuple[str, ...]:
        """The nouns that ``split`` may use; all without a split. Raises SightlineError on an unknown split."""

    def role(self, kind: str) -> str:
        """The role of a kind: item, container or surface."""

    def category(self, kind: str) -> tuple[str, ...]:
        """The kind's path in a tree of categories; the kind itself comes last."""

    def confusable(self, first: str, second: str) -> bool:
        """Whether a listener could mistake one kind for the other, so that they should not share a scene."""

    def variants(self, kind: str, split: str | None = None) -> tuple[Variant, ...]:
        """Every object of ``kind`` that ``split`` may use, all without a split; none is built."""

    def build(self, variant: Variant) -> ObjectModel:
        """The object that a variant stands for."""
