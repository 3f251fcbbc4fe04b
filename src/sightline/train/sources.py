"""What a planner that answers in words can learn from and start from, besides datasets of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sightline.core.errors import SightlineError
from sightline.models.config import PRESETS


@dataclass(frozen=True)
class Sources:
    """Empty fields are of no use, or not there.

    Attributes:
        embodiment: how to read the datasets: name or YAML file.
        mixture: name or YAML file of a mixture, whose folders lie in the one folder that is given as data.
        chat: conversations (see ConversationMix.of); check: held-out ones, on which the grounding score is measured.
        base_vlm, dino: pre-trained parts, by path or hub name (see Backbones.of).
    """

    embodiment: str = "sightline"
    mixture: str = ""
    chat: Sequence[str] = ()
    check: Sequence[str] = ()
    base_vlm: str = ""
    dino: str = ""

    def refuse(self) -> None:
        """Raise SightlineError if anything is given: planners with a pointer have no use for it."""
        given = [f.name for f in fields(self) if getattr(self, f.name) and getattr(self, f.name) != f.default]
        if given:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            in_words = " and ".join(name for name, system in PRESETS.items() if not system.grounding.pointer)
            raise SightlineError(
                f"{options}: for planners that answer in words (presets {in_words}): add --preset, or leave out."
            )


NO_SOURCES = Sources()
