"""What can go wrong between a robot and its policy."""

from __future__ import annotations

from typing import Any


class PolicyError(Exception):
    """Something the user can act on: one sentence that says what is wrong and what to do."""


class PhaseTimeout(PolicyError):
    """A request took too long.

    Attributes:
        phase: ``connect``, ``queue`` or ``inference``.
    """

    def __init__(self, phase: str, message: str) -> None:
        super().__init__(message)
        self.phase = phase


class Unreachable(PhaseTimeout):
    """No server answered in the time that was given to connect."""

    def __init__(self, message: str) -> None:
        super().__init__("connect", message)


class Refused(PolicyError):
    """The server answered with an error.

    Attributes:
        code: what kind, e.g. ``bad_request``, ``busy``, ``card_mismatch``; ``""`` from servers that do not say.
        field: of the request that is wrong, ``""`` where none is.
        answer: the whole answer.
    """

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(str(answer.get("message", answer)))
        self.code = str(answer.get("code", ""))
        self.field = str(answer.get("field", ""))
        self.answer = answer
