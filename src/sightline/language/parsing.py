"""Reading: from English back to what it can mean, by the words alone.

The other way round than :mod:`sightline.language.referring`: nothing is taken from how a sentence was made. Every way
to cut a sentence into verb, things and relation is tried, in plain and rich language, and looked up in the scene; what
is left after that is what a listener could understand.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from sightline.core.types import SceneState
from sightline.language.paraphrases import QUALITIES, listener
from sightline.language.referring import Expression
from sightline.language.resolution import resolve
from sightline.tasks.scene_graph import PAIRWISE, RANKED, body_of
from sightline.tasks.skills import SKILLS

ARTICLE = "the "
TAKES = {"into": "container", "onto": "surface"}  # relation -> role of what things are put in or on


class Meaning(NamedTuple):
    """What an instruction asks for: a relation, or that of a skill, and two indices into SceneState.objects."""

    relation: str
    target: int
    reference: int


def meanings(instruction: str, scene: SceneState) -> set[Meaning]:
    """Every task that an instruction can mean in a scene; exactly one when it is unambiguous.

    "The mug" presupposes that there is one mug: ways to cut the sentence in which a part means several things, or none,
    are no ways to understand it; nor are those that ask for what cannot be done, such as to press a mug.
    """
    found = set()
    for relation, forms in listener().instructions.items():
        for form in forms:
            for gaps in _gaps(form, instruction):
                meant = [things_meant(gap, scene) for gap in gaps]
                single = all(len(things) == 1 for things in meant)
                if single and (asked := _asked(relation, [things.pop() for things in meant], scene)) is not None:
                    found.add(asked)
    return found


def _asked(relation: str, things: list[int], scene: SceneState) -> Meaning | None:
    """What is asked for by naming these things, target first; None where it makes no sense."""
    skill = SKILLS.get(relation)
    if skill is not None and skill.acts_on_part:
        (part,) = things
        return Meaning(relation, part, body_of(scene, part)) if scene.objects[part].role == skill.target else None
    target, reference = things
    takes = TAKES.get(relation) if skill is None else skill.reference
    fits = takes is None or scene.objects[reference].role == takes
    return Meaning(relation, target, reference) if target != reference and fits else None


def things_meant(phrase: str, scene: SceneState) -> set[int]:
    """Indices of all present objects that a phrase such as "the mug left of the bowl" can mean."""
    return {index for expression in expressions(phrase) for index in resolve(expression, scene)}


def landmarks(phrase: str, scene: SceneState) -> set[int]:
    """Indices of the objects that a phrase speaks of on the way to its own: the bowl in "the mug left of the bowl"."""
    return {
        index
        for expression in expressions(phrase)
        if expression.reference is not None and resolve(expression, scene)
        for index in resolve(expression.reference, scene)
    }


def expressions(phrase: str) -> Iterator[Expression]:
    """Every structure that a phrase can have; its words need not name anything that exists."""
    yield from _attributes(phrase)
    words = listener()
    for relation in PAIRWISE:
        for said in words.relations[relation]:
            for link in ("", *words.links):
                yield from _related(relation, f"the {{0}} {link}{said} {{1}}", phrase)
    for relation, forms in words.ranked.items():
        for form in forms:
            if relation not in RANKED:
                yield from _related(relation, form, phrase)
                continue
            for (gap,) in _gaps(form, phrase):
                for thing in _attributes(ARTICLE + gap):
                    yield Expression(thing.kind, thing.colour, thing.size, relation, phrase=phrase)


def _related(relation: str, form: str, phrase: str) -> Iterator[Expression]:
    """Structures of a phrase that puts one thing in relation to another, which is described by attributes."""
    for first, second in _gaps(form, phrase):
        for thing in _attributes(ARTICLE + first):
            for other in _attributes(second):
                yield Expression(thing.kind, thing.colour, thing.size, relation, other, phrase)


def _attributes(phrase: str) -> Iterator[Expression]:
    """Structures of "the [size] [colour] noun"; a colour is any word before the noun."""
    if not phrase.startswith(ARTICLE):
        return
    words = phrase.removeprefix(ARTICLE)
    for size, rest in (("", words), *_qualified(words, ("small", "large"))):
        yield from _noun(rest, "", size, phrase)
        first, _, noun = rest.partition(" ")
        if noun:
            yield from _noun(noun, _plain().get(first, first), size, phrase)


def _noun(noun: str, colour: str, size: str, phrase: str) -> Iterator[Expression]:
    yield Expression(noun, colour, size, phrase=phrase)
    if noun in listener().things:
        yield Expression("", colour, size, phrase=phrase)


def _qualified(words: str, sizes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(size, rest) where the first word is one for a size."""
    first, _, rest = words.partition(" ")
    if rest and _plain().get(first, first) in sizes:
        yield _plain().get(first, first), rest


@cache
def _plain() -> dict[str, str]:
    """Another word for a size or colour -> the plain one."""
    return {other: word for word, halves in QUALITIES.items() for half in halves for other in half}


def _gaps(form: str, text: str) -> Iterator[tuple[str, ...]]:
    """Every way to fill the gaps of a form so that it says ``text``, in the order of the gaps' numbers."""
    parts, order = _cut(form)
    if not (text.startswith(parts[0]) and text.endswith(parts[-1])):
        return
    inner = text[len(parts[0]) : len(text) - len(parts[-1])]
    if len(order) == 1:
        if inner:
            yield (inner,)
        return
    at = inner.find(parts[1], 1)
    while at > 0:
        pair = (inner[:at], inner[at + len(parts[1]) :])
        if pair[1]:
            yield pair[order[0]], pair[order[1]]
        at = inner.find(parts[1], at + 1)


@cache
def _cut(form: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The fixed parts of a form with one or two gaps, and the numbers of its gaps in the order of the text."""
    swapped = "{1}" in form and form.index("{1}") < form.index("{0}")
    fixed = form.replace("{0}", "{}").replace("{1}", "{}").split("{}")
    return tuple(fixed), ((1, 0) if swapped else tuple(range(len(fixed) - 1)))
