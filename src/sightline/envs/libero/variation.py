"""Other places and other goals within the world of a problem file, as a new problem file. Pure words: no simulator.

A policy that has seen every task in its one arrangement may do each by heart: in the benchmark's worlds the bowl always
begins at the same spot, and a sentence stands for a movement. Here what lies on the table exchanges places, and the
thing that is asked for, and where it has to go, are drawn among what is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

FIXTURE_MOVES = 0.3  # share of the problems in which a fixture exchanges places with something
WORKS = 0.2  # share of the drawn goals that are about drawers and knobs, where there are any

START = re.compile(r"\((?P<how>On|In)\s+(?P<what>\w+)\s+(?P<where>\w+)\s*\)")
PART = re.compile(r"\(\s*(?P<name>\w+)\s+\(:target\s+(?P<owner>\w+)\s*\)\s*\)")  # of a fixture or a thing
PREDICATE = re.compile(r"\((?!And\b|:)\w+")
# What sentences call things whose files are called otherwise.
NOUNS = {
    "akita black bowl": "bowl",
    "glazed rim porcelain ramekin": "ramekin",
    "cookies": "cookie box",
    "flat stove": "stove",
    "wooden cabinet": "cabinet",
}
# Where things alike begin, by the end of the region's name; what it is told from has to stay.
WHEREABOUTS = {
    "between_plate_ramekin": ("between the plate and the ramekin", ("plate", "ramekin")),
    "next_to_ramekin": ("next to the ramekin", ("ramekin",)),
    "next_to_plate": ("next to the plate", ("plate",)),
    "next_to_box": ("next to the cookie box", ("cookie box",)),
    "table_center": ("from table center", ()),
    "cook": ("on the stove", ("stove",)),
    "top_side": ("on the wooden cabinet", ("cabinet",)),
    "cookies": ("on the cookie box", ("cookie box",)),
    "ramekin": ("on the ramekin", ("ramekin",)),
    "top": ("in the top drawer of the wooden cabinet", ("cabinet",)),
}
# Predicate and words for what things can be put on or into, by the end of its name.
RESTS = {
    "bowl": ("On", "put the {} in the bowl"),
    "plate": ("On", "put the {} on the plate"),
    "basket_contain": ("In", "pick up the {} and place it in the basket"),
    "stove_cook": ("On", "put the {} on the stove"),
    "cabinet_top_side": ("On", "put the {} on top of the cabinet"),
    "cabinet_top": ("In", "open the top drawer and put the {} inside"),
    "rack_top": ("On", "put the {} on the rack"),
}
FLAT = "plate"  # the expert's fingers cannot take it


@dataclass(frozen=True)
class Goal:
    """What is to be done: the sentence, and the predicate with its arguments."""

    sentence: str
    predicate: str


@dataclass(frozen=True)
class Problem:
    """A problem file taken apart.

    Attributes:
        text: all of it.
        loose: things that lie about; fixed: fixtures that stand on the table, in the file's order.
        starts: where each begins.
        parts: regions that belong to a thing or a fixture, by their full names.
    """

    text: str
    loose: tuple[str, ...]
    fixed: tuple[str, ...]
    starts: dict[str, str]
    parts: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Problem:
        starts = {found["what"]: found["where"] for found in START.finditer(_section(text, "init"))}
        loose, fixed = (
            tuple(name for name in _declared(text, kind) if name in starts) for kind in ("objects", "fixtures")
        )
        parts = [f"{found['owner']}_{found['name']}" for found in PART.finditer(_section(text, "regions"))]
        return cls(text, loose, fixed, starts, tuple(parts))

    @property
    def taken(self) -> tuple[str, ...]:
        """What can be moved: a basket, into whose region things go, stays where it is."""
        return tuple(name for name in self.loose if not any(part.startswith(name) for part in self.parts))

    @property
    def alike(self) -> tuple[str, ...]:
        """Things of which there are several."""
        nouns = [_noun(name) for name in self.loose]
        return tuple(name for name in self.loose if nouns.count(_noun(name)) > 1)


def varied(text: str, rng: np.random.Generator) -> str:
    """``text``, a problem file of LIBERO, with other places and another goal.

    Where things alike are told from each other by where they begin, they stay, and so does what that is told from.
    """
    problem = Problem.read(text)
    goals = possible_goals(problem, rng)
    goal = goals[int(rng.integers(len(goals)))] if goals else None
    places = exchanged(problem, rng)
    init = _section(text, "init")
    moved = START.sub(lambda found: f"({found['how']} {found['what']} {places[found['what']]})", init)
    if goal is not None and goal.predicate.startswith("(Turnoff"):
        moved = moved.removesuffix(")") + goal.predicate.replace("Turnoff", "Turnon") + "\n  )"
    text = text.replace(init, moved)
    if goal is None:
        return text
    text = text.replace(_section(text, "goal"), f"(:goal\n    (And {goal.predicate})\n  )")
    return re.sub(r"\(:language [^)]*\)", f"(:language {goal.sentence})", text)


def possible_goals(problem: Problem, rng: np.random.Generator) -> list[Goal]:
    """Goals that there could be in a problem's world, of one kind; none where its own asks for several things."""
    if len(PREDICATE.findall(_section(problem.text, "goal"))) != 1:
        return []
    if problem.alike:
        return _one_of_the_alike(problem)
    works = _works(problem)
    return works if works and rng.random() < WORKS else _puts(problem)


def exchanged(problem: Problem, rng: np.random.Generator) -> dict[str, str]:
    """Where everything begins now: in the place of something else, or in its own."""
    stay = _relied_on(problem)
    places = dict(problem.starts)
    free = [name for name in problem.taken if name not in stay]
    for name, other in zip(free, rng.permutation(free), strict=True):
        places[name] = problem.starts[str(other)]
    fixed = [name for name in problem.fixed if name not in stay]
    if fixed and rng.random() < FIXTURE_MOVES:
        one = str(rng.choice(fixed))
        other = str(rng.choice([name for name in (*fixed, *free) if name != one] or [one]))
        places[one], places[other] = places[other], places[one]
    return places


# ---- inside ---------------------------------------------------------------------------------------------------------


def _puts(problem: Problem) -> list[Goal]:
    """Everything that can be taken, onto or into everything that others can be put on or into."""
    rests = [(name, RESTS[end]) for name in (*problem.loose, *problem.parts) if (end := _ending(name, RESTS))]
    return [
        Goal(sentence.format(_noun(thing)), f"({how} {thing} {place})")
        for thing in problem.taken
        for place, (how, sentence) in rests
        if place != thing and _noun(thing) != FLAT
    ]


def _one_of_the_alike(problem: Problem) -> list[Goal]:
    """Each of the things alike, told by where it begins, onto the plate."""
    plates = [name for name in problem.loose if _noun(name) == "plate"]
    found = [(thing, _ending(problem.starts[thing], WHEREABOUTS)) for thing in problem.alike]
    return [
        Goal(
            f"pick up the black {_noun(thing)} {WHEREABOUTS[end][0]} and place it on the plate",
            f"(On {thing} {plates[0]})",
        )
        for thing, end in found
        if end and plates
    ]


def _works(problem: Problem) -> list[Goal]:
    """Drawers and knobs."""
    drawers = [(re.search(r"cabinet_\d+_(top|middle|bottom)_region$", part), part) for part in problem.parts]
    goals = [Goal(f"open the {found[1]} drawer of the cabinet", f"(Open {part})") for found, part in drawers if found]
    stoves = [name for name in problem.fixed if _noun(name) == "stove"]
    return goals + [Goal(f"turn {way} the stove", f"(Turn{way} {name})") for name in stoves for way in ("on", "off")]


def _relied_on(problem: Problem) -> set[str]:
    """Things alike, and what is said to tell them from each other."""
    ends = [_ending(problem.starts[name], WHEREABOUTS) for name in problem.alike]
    nouns = {noun for end in ends if end for noun in WHEREABOUTS[end][1]}
    return {name for name in (*problem.loose, *problem.fixed) if name in problem.alike or _noun(name) in nouns}


def _ending(name: str, ends: dict[str, tuple]) -> str:
    """The longest of ``ends`` with which a name ends, numbers and "region" apart; "" for none."""
    plain = re.sub(r"_\d+|_region$", "", name)
    return max((end for end in ends if plain.endswith(end)), key=len, default="")


def _noun(name: str) -> str:
    kind = re.sub(r"_\d+$", "", name).replace("_", " ")
    return NOUNS.get(kind, kind)


def _declared(text: str, kind: str) -> list[str]:
    """Names in a section of declarations: ``a_1 a_2 - a``."""
    body = _section(text, kind).removesuffix(")").partition(kind)[2]
    return [word for line in body.splitlines() for word in line.partition(" - ")[0].split()]


def _section(text: str, name: str) -> str:
    """``(:name ... )`` with the parenthesis that closes it."""
    begin, depth = text.index(f"(:{name}"), 0
    for place in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[begin : place + 1]
    return text[begin:]
