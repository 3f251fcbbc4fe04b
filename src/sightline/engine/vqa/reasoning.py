"""Questions about what there is and how it stands to other things: counting, relations, choices.

Only what is clear is asked: relations that hold, or fail, with the margins of the scene graph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.engine.vqa.formats import box_text, listing, points_text
from sightline.engine.vqa.groups import draw_group
from sightline.engine.vqa.picture import Picture, Turn
from sightline.language.vocabulary import pick
from sightline.tasks.scene_graph import AXES, PAIRWISE, SceneGraph

FEW = 6  # things that are pointed at one by one
POINT_SHARE = 0.4  # of the counts that are followed by "point to each of them"
NOTHING_SHARE = 0.15  # of the "what is left of ..." whose answer is nothing, where such are drawn
OPTIONS = "ABCD"
MOST: dict[str, str] = {  # rankings that a choice may be about, in plain words
    "leftmost": "farthest to the left",
    "rightmost": "farthest to the right",
    "frontmost": "nearest to the viewer",
    "backmost": "farthest from the viewer",
    "robot_nearest": "nearest to the robot",
    "robot_farthest": "farthest from the robot",
}
MOST_OF: dict[str, str] = {"nearest": "nearest to {}", "farthest": "farthest from {}"}
SIDES: dict[str, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "front": "in front of",
    "behind": "behind",
}


def counting(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """How many things of a sort there are; sometimes where they are."""
    if (group := draw_group(picture, rng, empty=True)) is None:
        return None
    things, members = group
    say = picture.moment.speech.ask
    turns = [(say("count", rng, things=things), str(len(members)))]
    if 1 < len(members) <= FEW and rng.random() < POINT_SHARE:
        turns.append((say("point to them", rng), points_text(picture.spot_on(index) for index in members)))
    return turns


def relation(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """What stands in a relation to a thing, whether something does, or in which."""
    draw = rng.random()
    ask = _what_is if draw < 0.4 else _is_it if draw < 0.75 else _where_is
    return ask(picture, rng)


def _relations_in(picture: Picture) -> tuple[str, ...]:
    """The relations that can be told from this picture."""
    return PAIRWISE if picture.faces_robot else tuple(name for name in PAIRWISE if name not in AXES)


def _receives(graph: SceneGraph, name: str) -> NDArray[np.bool_]:
    """[m] which objects another one can stand in a relation to: things are in containers and on surfaces only."""
    return {"into": graph.is_container, "onto": graph.is_surface}.get(name, np.ones(len(graph.indices), bool))


def _what_is(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    if (spoken := picture.refer(rng)) is None:
        return None
    other, graph = picture.moment.local[spoken[1]], picture.moment.book.graph
    name = pick([name for name in _relations_in(picture) if _receives(graph, name)[other]], rng)
    certain, possible = graph.certain[name][other], graph.possible[name][other] & ~(1 << other)
    found = [index for number, index in enumerate(graph.indices) if certain >> number & 1]
    if certain != possible or not set(found) <= set(picture.named) or (not found and rng.random() > NOTHING_SHARE):
        return None
    place = pick(picture.moment.speech.words.relations[name], rng)
    answer = listing([picture.moment.labels[index] for index in found])
    return [(picture.moment.speech.ask("what is", rng, place=place, other=spoken[0]), answer)]


def _is_it(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """As many times yes as no, as far as the scene allows; only pairs that could be so are asked."""
    moment, holds = picture.moment, bool(rng.random() < 0.5)
    graph, named = moment.book.graph, picture.named
    name = pick(_relations_in(picture), rng)
    table = graph.certain[name] if holds else graph.possible[name]
    numbers = [moment.local[index] for index in named]
    receives, movable = _receives(graph, name), graph.is_item | (name not in ("into", "onto"))
    pairs = [
        (first, second)
        for second in numbers
        for first in numbers
        if first != second and bool(table[second] >> first & 1) == holds and receives[second] and movable[first]
    ]
    if not pairs:
        return None
    thing, other = (moment.labels[graph.indices[number]] for number in pick(pairs, rng))
    place = pick(moment.speech.words.relations[name], rng)
    question = moment.speech.ask("is it", rng, thing=thing, place=place, other=other)
    return [(question, "yes" if holds else "no")]


def _where_is(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    if not picture.faces_robot or len(picture.named) < 2:
        return None
    moment = picture.moment
    other = pick(picture.named, rng)
    bit = moment.local[other]
    thing = pick([index for index in picture.named if index != other], rng)
    sides = [name for name in AXES if moment.book.graph.certain[name][bit] >> moment.local[thing] & 1]
    if len(sides) != 1:
        return None
    question = moment.speech.ask("where is", rng, thing=moment.labels[thing], other=moment.labels[other])
    return [(question, f"{SIDES[sides[0]]} {moment.labels[other]}")]


def choice(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """Which of a few things is the most of something, or which thing is at a place of the picture."""
    return _which(picture, rng) if rng.random() < 0.5 else _what_at(picture, rng)


def _which(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    moment, named = picture.moment, picture.named
    if len(named) < 3:
        return None
    rankings = [*(MOST if picture.faces_robot else ()), *MOST_OF]
    ranking, count = pick(rankings, rng), min(int(rng.integers(3, len(OPTIONS) + 1)), len(named))
    order = rng.permutation(named).tolist()
    if ranking in MOST_OF:
        reference, order = order[0], order[1:]
        if len(order) < 2:
            return None
        beats = moment.book.graph.beats_at[ranking][moment.local[reference]]
        most = MOST_OF[ranking].format(moment.labels[reference])
    else:
        beats, most = moment.book.graph.beats[ranking], MOST[ranking]
    options = [moment.local[index] for index in order[:count]]
    all_of = sum(1 << number for number in options)
    winners = [number for number in options if not (all_of & ~(1 << number)) & ~beats[number]]
    if len(winners) != 1:
        return None
    indices = moment.book.graph.indices
    listed = " ".join(f"{OPTIONS[k]}. {moment.labels[indices[n]]}" for k, n in enumerate(options))
    return [(moment.speech.ask("which", rng, most=most, options=listed), OPTIONS[options.index(winners[0])])]


def _what_at(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    if not picture.named:
        return None
    index, say = pick(picture.named, rng), picture.moment.speech.ask
    label = picture.moment.labels[index]
    if rng.random() < 0.5:
        return [(say("what in", rng, box=box_text([picture.boxes[index]])), label)]
    x1, y1, x2, y2 = picture.boxes[index].astype(int)
    rows, columns = np.nonzero(picture.ids[y1:y2, x1:x2] == index + 1)
    spot = int(rng.integers(len(rows)))
    return [(say("what at", rng, x=int(columns[spot] + x1), y=int(rows[spot] + y1)), label)]
