"""The same instruction in other words, for sentences that come from elsewhere and whose grammar nobody has told.

A benchmark asks for each of its tasks in one sentence only, which a planner then learns by heart. Verbs and
prepositions are exchanged for others of the same meaning, articles and "up" are left out here and there; nouns stay.
"""

from __future__ import annotations

import re

import numpy as np

# Longer ones first where one begins with another.
ALIKE = (
    ("pick up", "pick", "take", "grab", "lift", "get"),
    ("turn on", "switch on"),
    ("turn off", "switch off"),
    ("open", "slide open", "pull open"),
    ("close", "shut"),
    ("push", "move", "slide"),
    ("place", "put", "set", "lay"),
    ("next to", "beside", "by"),
    ("in front of", "to the front of"),
    ("on top of", "on the top of", "on"),
    ("inside", "in"),
)
CHANGED = 0.5  # of the phrases that could be
DROPPED = 0.25  # of the articles
_GROUPS = {phrase: group for group in ALIKE for phrase in group}
_PHRASES = re.compile(r"\b(" + "|".join(sorted(_GROUPS, key=len, reverse=True)) + r")\b")


def reworded(text: str, rng: np.random.Generator) -> str:
    """``text`` with some of its phrases exchanged for others that mean the same, and some articles left out."""

    def exchanged(found: re.Match[str]) -> str:
        group = _GROUPS[found[0]]
        return str(rng.choice(group)) if rng.random() < CHANGED else found[0]

    changed = _PHRASES.sub(exchanged, text.lower())
    words = [word for word in changed.split() if word != "the" or rng.random() > DROPPED]
    return " ".join(words)
