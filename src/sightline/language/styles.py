"""What kind of words a text is, from the words alone: an instruction or the name of a thing, and which style of it."""

from __future__ import annotations

import re
from functools import cache

from sightline.language.paraphrases import imperative, listener

POLITE = ("please", "now", "then", "and")  # words before a verb that change nothing
FURTHER_VERBS = ("lay", "put", "place", "drop", "pick", "take", "grab", "get", "bring", "give", "hand", "turn")


@cache
def verbs() -> frozenset[str]:
    """Every word with which an instruction of a known relation or skill begins, and a few more that people use."""
    words = imperative(listener())
    return frozenset(FURTHER_VERBS).union(form.split(" ")[0] for forms in words.instructions.values() for form in forms)


@cache
def _instructions() -> re.Pattern[str]:
    forms = {form for forms in listener().instructions.values() for form in forms}
    return re.compile("|".join(re.sub(r"\\{\d?\\}", ".+", re.escape(form)) for form in sorted(forms)))


def is_instruction(text: str) -> bool:
    """Whether a text asks for something to be done: it begins with a verb, or is said in a way that instructions are.

    Everything else is a phrase that names an object.
    """
    words = re.findall(r"[a-z]+", text.lower())
    first = next((word for word in words if word not in POLITE), "")
    return first in verbs() or _instructions().fullmatch(" ".join(text.lower().split())) is not None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = listener()
    ranked = [re.escape(form).replace(r"\{\}", ".+") for forms in words.ranked.values() for form in forms]
    related = [re.escape(word) for forms in words.relations.values() for word in forms]
    return re.compile("|".join(ranked)), re.compile(rf".* (?:{'|'.join(related)}) .*")


def style_of(phrase: str) -> str:
    """``attribute``, ``spatial`` or ``superlative``; "" for no phrase.

    Words of place belong to superlatives too ("the mug on the far left"), so these are looked for first.
    """
    if not phrase:
        return ""
    superlative, spatial = _patterns()
    if superlative.fullmatch(phrase):
        return "superlative"
    return "spatial" if spatial.fullmatch(phrase) else "attribute"
