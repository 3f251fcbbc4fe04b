"""Goals of LIBERO's problem files, and in which order their parts are brought about. Pure words: no simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sightline.core.errors import SightlineError, require_known

PUT, OPEN, CLOSE, SWITCH_ON, SWITCH_OFF = "put", "open", "close", "turn on", "turn off"
PREDICATES = {"on": PUT, "in": PUT, "open": OPEN, "close": CLOSE, "turnon": SWITCH_ON, "turnoff": SWITCH_OFF}
ORDER = (SWITCH_ON, SWITCH_OFF, OPEN, PUT, CLOSE)  # closed last: something may have to go inside


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        verb: one of ORDER.
        subject: the object that is put, or the part that is moved, as the problem file calls it.
        place: where it goes (``put`` only): an object, or a region of one.
        goal: number of the goal that it fulfils; None where it only makes way for another one.
    """

    verb: str
    subject: str
    place: str = ""
    goal: int | None = None


def read_goals(goals: Iterable[Sequence[str]]) -> list[Step]:
    """The parts of a conjunction, in the order of the problem file.

    Args:
        goals: predicates and their arguments, such as ``("on", "plate_1", "flat_stove_1_cook_region")``.

    Raises SightlineError for a predicate that nobody here can bring about, or one with other arguments.
    """
    steps = []
    for number, (predicate, *arguments) in enumerate(goals):
        require_known("predicate", predicate.lower(), PREDICATES)
        verb = PREDICATES[predicate.lower()]
        if len(arguments) != (2 if verb == PUT else 1):
            raise SightlineError(
                f"The goal ({predicate} {' '.join(arguments)}) has another number of arguments than usual."
            )
        steps.append(Step(verb, arguments[0], "".join(arguments[1:]), number))
    return steps


def plan(goals: Iterable[Sequence[str]], shut: Callable[[str], bool]) -> list[Step]:
    """What to do one after the other so that all goals hold in the end.

    Args:
        goals: see :func:`read_goals`.
        shut: whether a region can only be reached into after its part (a drawer, a door) has been opened.
    """
    steps = sorted(read_goals(goals), key=lambda step: ORDER.index(step.verb))
    opened = {step.subject for step in steps if step.verb == OPEN}
    whole: list[Step] = []
    for step in steps:
        if step.verb == PUT and step.place not in opened and shut(step.place):
            opened.add(step.place)
            whole.append(Step(OPEN, step.place))
        whole.append(step)
    return whole
