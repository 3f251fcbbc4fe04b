"""The one exception type a user ever needs to read."""

import difflib
from collections.abc import Collection, Iterable


class SightlineError(Exception):
    """Something the user can act on: one clear sentence that says what is wrong and what to do.

    The command line prints the message alone (no traceback) and exits non-zero.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` for the closest known word, else an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""


def require_known(what: str, word: str, known: Collection[str]) -> None:
    """Raise SightlineError unless ``word`` is among the known: it names the nearest one and lists all."""
    if word not in known:
        raise SightlineError(f"Unknown {what} '{word}'{did_you_mean(word, known)}; known: {', '.join(known)}.")
