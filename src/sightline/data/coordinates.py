"""Where numbers in a text are boxes and points: every way in which people and models write them, however malformed.

A box is "<box>[[x1, y1, x2, y2]]</box>", Qwen's "<|box_start|>(x1,y1),(x2,y2)<|box_end|>", whatever follows a key with
"box" in its name, a list of four numbers (or five, a score behind), a dictionary of edges or of a corner with width and
height. Four corners are the box around them. A point is "(x, y)", "(x, y, depth)", "[x, y]" or a dictionary of x and y.
Nothing here knows what the numbers count: see data/answers.py.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BLANK = " \t\r\n\"'\\"  # may stand between a number and its bracket
NEAR = 8  # characters from a number within which its bracket stands

# Signs as East Asian keyboards write them, one for one: places in the text stay.
_WIDE = str.maketrans(
    "（）［］【】｛｝＜＞｜，、；：＝＂＇．－＋０１２３４５６７８９“”‘’", "()[][]{}<>|,,;:=\"'.-+0123456789\"\"''"
)
_DIGITS = r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|nan|inf(?:inity)?)"
_NUMBER = re.compile(rf"(?<![\w.]){_DIGITS}(?!\w)", re.IGNORECASE | re.ASCII)
_QUOTE = r"\\?[\"']?"  # of JSON within JSON as well
_COMMA = re.compile(rf"{_QUOTE}\s*[,;]\s*{_QUOTE}")
# "<box>", "<bbox_2d>", "<|det|>", "<|box_start|>", and what ends them.
_ELEMENT = re.compile(
    r"<\|?(?P<kind>b?box|det|quad)(?:_2d)?(?:_start)?\|?>"
    r"(?P<held>.*?)(?=<\|?/?(?:b?box|det|quad)(?:_2d|_start|_end)*\|?>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_BOX_KEY = re.compile(r"(?:(\\?[\"'])\w*box\w*\1|\b\w*bbox\w*)\s*[:=]\s*(?=[\[(\"'\\\d.+-])", re.IGNORECASE)
_KEYED = re.compile(
    rf"({_QUOTE})\b([a-z]+_?[a-z]*[0-9]?)\1\s*[:=]\s*{_QUOTE}({_DIGITS})(?!\w)", re.IGNORECASE | re.ASCII
)
_BETWEEN = re.compile(rf"{_QUOTE}\s*[,;]?\s*")  # two of them without braces
# Names of a dictionary's numbers in the order x1, y1, x2, y2, and of those with width and height.
_EDGES = (
    ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"), ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"), ("x0", "y0", "x1", "y1"),
)  # fmt: skip
_SIZED = (
    ("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"),
    ("xmin", "ymin", "width", "height"),
)  # fmt: skip
_PLACES = (("x", "y"), ("u", "v"))


@dataclass(frozen=True)
class Number:
    """A number of a text: its value, and where it stands (first character, behind the last)."""

    value: float
    start: int
    end: int


@dataclass(frozen=True)
class Shape:
    """A box or a point as it is written.

    Attributes:
        numbers: x and y by turns: two corners of a box, four of a quadrilateral, or a point.
        box: whether it is a box.
        sized: whether the second corner of a box is its width and height instead.
        marked: whether a mark or a key says that it is one; a bare list may be something else.
    """

    numbers: tuple[Number, ...]
    box: bool
    sized: bool = False
    marked: bool = False

    @property
    def values(self) -> list[float]:
        """x and y by turns, all of them places in the picture."""
        found = [number.value for number in self.numbers]
        return [*found[:2], found[0] + found[2], found[1] + found[3]] if self.sized else found


@dataclass(frozen=True)
class _Run:
    """Numbers with commas between them; ``before`` and ``after`` are the signs beside them."""

    numbers: list[Number]
    before: str
    after: str

    @property
    def bracketed(self) -> bool:
        return (self.before != "" and self.before in "[(") or (self.after != "" and self.after in "])")

    @property
    def rounded(self) -> bool:
        return self.before == "(" or self.after == ")"


def shapes(text: str) -> list[Shape]:
    """All boxes and points of a text, in their order. Numbers in running words are none. Never raises."""
    plain = text.translate(_WIDE)
    numbers = [Number(float(match[0]), *match.span()) for match in _NUMBER.finditer(plain)]
    found = list(_dictionaries(plain))
    taken = {number.start for shape in found for number in shape.numbers}
    runs = _runs(plain, [number for number in numbers if number.start not in taken])
    elements = _elements(plain)
    starts = [start for start, _, _ in elements]
    held: dict[int, list[_Run]] = {}
    for run in runs:
        place = bisect_right(starts, run.numbers[0].start) - 1
        if place >= 0 and run.numbers[0].start < elements[place][1]:
            held.setdefault(place, []).append(run)
        elif run.bracketed:
            found += _bare(run)
    for place, inside in held.items():
        found += _marked(inside, elements[place][2])
    return sorted(found, key=lambda shape: shape.numbers[0].start)


def _runs(text: str, numbers: Sequence[Number]) -> Iterator[_Run]:
    first = 0
    while first < len(numbers):
        last = first
        while last + 1 < len(numbers) and _COMMA.fullmatch(text, numbers[last].end, numbers[last + 1].start):
            last += 1
        run = list(numbers[first : last + 1])
        first = last + 1
        before = text[max(run[0].start - NEAR, 0) : run[0].start].rstrip(BLANK)[-1:]
        after = text[run[-1].end : run[-1].end + NEAR].lstrip(BLANK)[:1]
        yield _Run(run, before, after)


def _bare(run: _Run) -> Iterator[Shape]:
    """What a run of numbers in brackets is where nothing says so."""
    numbers = _without_score(run.numbers)
    if len(numbers) % 4 == 0:
        yield from (Shape(tuple(numbers[k : k + 4]), box=True) for k in range(0, len(numbers), 4))
    elif len(numbers) == 2 or (len(numbers) == 3 and run.rounded):
        yield Shape(tuple(numbers[:2]), box=False)


def _marked(runs: Sequence[_Run], quad: bool) -> Iterator[Shape]:
    """The boxes of an element: corners may stand in brackets of their own, and the end may be cut off."""
    # Text recognition writes four corners in square brackets; two boxes of round pairs are Qwen's.
    corners = len(runs) == 4 and all(len(run.numbers) == 2 and not run.rounded for run in runs)
    size = 8 if quad or corners else 4
    waiting: list[Number] = []
    for run in runs:
        waiting += _without_score(run.numbers)
        while len(waiting) >= size:
            yield Shape(tuple(waiting[:size]), box=True, marked=True)
            del waiting[:size]


def _without_score(numbers: list[Number]) -> list[Number]:
    """Four numbers of a box with its score (0 to 1) behind, without that."""
    return numbers[:4] if len(numbers) == 5 and 0 <= numbers[4].value <= 1 else numbers


def _elements(text: str) -> list[tuple[int, int, bool]]:
    """Start, end and whether it holds quadrilaterals, of all that is marked as boxes; none within another."""
    found: list[tuple[int, int | None, bool]] = [(match.end(), None, False) for match in _BOX_KEY.finditer(text)]
    found += [(*match.span("held"), match["kind"].lower() == "quad") for match in _ELEMENT.finditer(text)]
    kept: list[tuple[int, int, bool]] = []
    for start, end, quad in sorted(found, key=lambda element: element[0]):
        if not kept or start >= kept[-1][1]:
            kept.append((start, _end_of_value(text, start) if end is None else end, quad))
    return kept


def _end_of_value(text: str, start: int) -> int:
    """Where the value of a key ends: behind its closing bracket, else before what cannot belong to it."""
    depth = 0
    for place in range(start, len(text)):
        sign = text[place]
        if sign in "[(":
            depth += 1
        elif sign in "])":
            depth -= 1
            if depth <= 0:
                return place
        elif sign in "{}<" or (not depth and sign in "\n|"):
            return place
    return len(text)


def _dictionaries(text: str) -> Iterator[Shape]:
    """Boxes and points as dictionaries, in any order of their keys."""
    groups: dict[int, dict[str, Number]] = {}
    opened: list[int] = []
    place, end, group = 0, -1, -1
    for match in _KEYED.finditer(text):
        for sign in re.finditer(r"[{}]", text[place : match.start()]):
            if sign[0] == "{":
                opened.append(place + sign.start())
            elif opened:
                opened.pop()
        place = match.start()
        if not opened and not (end >= 0 and _BETWEEN.fullmatch(text, end, match.start())):
            group = -2 - match.start()  # without braces, what stands side by side
        end = match.end(3)
        number = Number(float(match[3]), *match.span(3))
        groups.setdefault(opened[-1] if opened else group, {}).setdefault(match[2].lower(), number)
    for where, named in groups.items():
        yield from _named(named, braces=where >= 0)


def _named(named: dict[str, Number], braces: bool) -> Iterator[Shape]:
    for keys, sized in [*((keys, False) for keys in _EDGES), *((keys, True) for keys in _SIZED)]:
        if all(key in named for key in keys):
            yield Shape(tuple(named[key] for key in keys), box=True, sized=sized, marked=True)
            return
    for pair in _PLACES if braces else ():
        if all(key in named for key in pair):
            yield Shape(tuple(named[key] for key in pair), box=False, marked=True)
            return
