"""Which kind of referring expression a phrase is, from its words alone."""

from __future__ import annotations

import re
from functools import cache

from sightline.language.paraphrases import listener


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
