"""What the numbers of a source of conversations count, as far as they tell: a source that cannot count what it is said
to, or of which nobody can know, is refused before anything is learned from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sightline.core.errors import SightlineError
from sightline.core.pictures import picture_size
from sightline.data.answers import Coordinates, Size, is_share, out_of_picture, top_of
from sightline.data.conversation_record import MARK, Conversation
from sightline.data.coordinates import Shape, shapes

ENOUGH = 256  # boxes and points that are looked at
OFTEN, MOSTLY = 0.05, 0.5  # shares of them
LARGE, SEVERAL = 1250, 8  # pixels of a side, and boxes: numbers up to 1000 there are hardly all by chance
SQUARES = " Of the picture padded to a square, as in LLaVA's own files, they are coordinates: {}-square."


@dataclass(frozen=True)
class _Found:
    """A box or a point, as its text writes it, the record's name, and the size of its picture where that is there."""

    shape: Shape
    text: str
    where: str
    size: Size | None


def require_plausible(
    conversations: Iterable[Conversation], unit: Coordinates | None, annotations: Path, name: str
) -> None:
    """Raise SightlineError where boxes and points cannot count ``unit`` (None: nobody has said), or where they may
    count one thing as well as another. The message names the readings, and where to say which it is.

    Args:
        conversations: some of a source; annotations: its file; name: of the source.
    """
    found: list[_Found] = []
    for conversation in conversations:
        found += _found(conversation)
        if len(found) >= ENOUGH:
            break
    if not found:
        return
    problem = _told(found, unit) if unit is not None else _untold(found)
    if problem:
        told, likely = problem
        raise SightlineError(
            f"The numbers of the conversations {annotations} {told} Say which it is in a registry, for example "
            f"{annotations.with_suffix('.yaml').name} beside the file with the line "
            f"`{name}: {{annotations: {annotations.name}, coordinates: {likely}}}`."
        )


def _found(conversation: Conversation) -> list[_Found]:
    shown, found = 0, []
    for turn in conversation.turns:
        if turn.role == "user":
            shown += turn.text.count(MARK)
        if not conversation.pictures or not shown:
            continue
        marks = shapes(turn.text)
        size = _size(conversation.pictures[min(shown, len(conversation.pictures)) - 1]) if marks else None
        for shape in marks:
            text = turn.text[shape.numbers[0].start : shape.numbers[-1].end]
            found.append(_Found(shape, text, conversation.name, size))
    return found


def _size(path: Path) -> Size | None:
    try:
        return picture_size(path)
    except SightlineError:  # told when the record is used
        return None


Problem = tuple[str, Coordinates] | None
"""What is wrong, as the end of a sentence and more, and the unit that it most likely is."""


def _shares(found: list[_Found], top: int) -> list[_Found]:
    return [one for one in found if is_share(one.shape, top)]


def _unit_problem(found: list[_Found]) -> Problem:
    """Shares from 0 to 1 that are taken for pixels."""
    shares = _shares(found, 1)
    if len(shares) < MOSTLY * len(found):
        return None
    return (
        f"lie between 0 and 1 ({shares[0].text} in {shares[0].where}): they are no pixels. Shares of the picture are "
        f"coordinates: 0-1.{SQUARES.format('0-1')}",
        "0-1",
    )


def _told(found: list[_Found], unit: Coordinates) -> Problem:
    """Where numbers speak against what was said of them."""
    top = top_of(unit)
    if not top:
        return _unit_problem(found)
    shares = _shares(found, top)
    if len(shares) < MOSTLY * len(found):
        other = next(one for one in found if one not in shares)
        return (
            f"do not lie between 0 and {top} ({other.text} in {other.where}), as coordinates: {unit} says.",
            "picture",
        )
    if top > 1 and len(_shares([one for one in found if not _whole(one)], 1)) >= MOSTLY * len(found):
        return f"lie between 0 and 1, not 0 and {top} ({shares[0].text} in {shares[0].where}).", "0-1"
    if unit.endswith("square"):
        beside = [one for one in shares if one.size is not None and _in_padding(one.shape, one.size, top)]
        if len(beside) > OFTEN * len(found):
            plain: Coordinates = "0-1" if top == 1 else "0-1000"
            told = f"lie where a picture padded to a square has no picture ({beside[0].text} in {beside[0].where})."
            return f"{told} Shares of the picture itself are coordinates: {plain}.", plain
    return None


def _untold(found: list[_Found]) -> Problem:
    """Where numbers of which nothing was said are no pixels, or may be something else as well."""
    if problem := _unit_problem(found):
        return problem
    sized = [one for one in found if one.size is not None]
    outside = [one for one in sized if one.size is not None and out_of_picture(one.shape, one.size)]
    thousand = len(_shares(found, 1000)) == len(found)
    if len(outside) > OFTEN * len(sized):
        one = outside[0]
        height, width = one.size or (0, 0)
        told = f"reach out of their pictures ({one.text} of {width} x {height} pixels in {one.where}):"
        if thousand:
            squares = SQUARES.format("0-1000")
            return (
                f"{told} either they are shares from 0 to 1000, coordinates: 0-1000.{squares} Or pixels of other "
                "pictures than these, which must be put right; coordinates: picture leaves those out.",
                "0-1000",
            )
        return f"{told} pixels of other pictures than these? coordinates: picture leaves out those that do.", "picture"
    boxes = [one for one in sized if one.shape.box]
    large = [one for one in boxes if min(one.size or (0, 0)) >= LARGE]
    if thousand and len(large) == len(boxes) >= SEVERAL:
        return (
            f"never pass 1000, though the pictures are larger ({large[0].text} in {large[0].where}): either they are "
            "shares from 0 to 1000, coordinates: 0-1000, or pixels, coordinates: picture.",
            "0-1000",
        )
    turned = [one for one in boxes if not one.shape.sized and _turned(one.shape)]
    if len(turned) > OFTEN * len(boxes):
        return (
            f"are no corners of boxes ({turned[0].text} in {turned[0].where}): x, y, width and height? Write boxes as "
            "[x1, y1, x2, y2], or as dictionaries of x, y, width and height; coordinates: picture takes them as they "
            "are.",
            "picture",
        )
    return None


def _whole(one: _Found) -> bool:
    return all(value.is_integer() for value in one.shape.values)


def _turned(shape: Shape) -> bool:
    x1, y1, x2, y2 = shape.values[:4]
    return len(shape.values) == 4 and (x2 < x1 or y2 < y1)


def _in_padding(shape: Shape, size: Size, top: int) -> bool:
    """Whether a shape of a padded picture lies wholly or partly beside the picture, by more than a hundredth."""
    height, width = size
    side = max(size)
    margins = ((side - width) / 2 / side, (side - height) / 2 / side)
    return any(
        not margins[k % 2] - 0.01 <= value / top <= 1 - margins[k % 2] + 0.01 for k, value in enumerate(shape.values)
    )
