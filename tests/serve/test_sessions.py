"""Sessions end when nobody uses them, and their rows are forgotten."""

from __future__ import annotations

import pytest

from sightline.serve.refusal import Refusal
from sightline.serve.sessions import Sessions


def test_idle_sessions_end() -> None:
    now, forgotten = [0.0], list[int]()
    sessions = Sessions(2, 10.0, forgotten.extend, clock=lambda: now[0])
    first = sessions.get("a")
    now[0] = 8.0
    assert sessions.get("b").row != first.row
    now[0] = 9.0
    with pytest.raises(Refusal, match="2 sessions"):
        sessions.get("c")
    now[0] = 11.0
    assert sessions.get("c").row not in forgotten and forgotten == [first.row] and len(sessions) == 2
    assert sessions.get("a" if len(sessions) < 2 else "b").row != first.row


def test_sessions_of_a_connection_end_with_it() -> None:
    forgotten: list[int] = []
    sessions = Sessions(9, 10.0, forgotten.extend)
    rows = [sessions.get((4, i)).row for i in range(2)]
    sessions.get((5, 0)), sessions.get("named")
    sessions.end(sessions.of_connection(4))
    assert forgotten == rows and len(sessions) == 2
