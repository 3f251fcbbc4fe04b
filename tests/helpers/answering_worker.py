"""What worker_program makes of a file like this: a worker that adds, complains and breaks."""

from __future__ import annotations

from typing import Any

QUESTIONS = ("add", "complain", "break_down")


class Unfit(Exception):
    """Its sentence is meant for people."""


class Worker:
    """Remembers a sum."""

    def __init__(self) -> None:
        print("a simulator that chats on its output")
        self.sum = 0

    def add(self, number: int) -> dict[str, Any]:
        print("more of it")
        self.sum += number
        return {"sum": self.sum}

    def complain(self) -> dict[str, Any]:
        raise Unfit("The moon is not up.")

    def break_down(self) -> dict[str, Any]:
        raise KeyError("moon")

    def secret(self) -> dict[str, Any]:
        return {"secret": 1}
