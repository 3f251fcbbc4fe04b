"""Referring expressions and instructions.

A :class:`Phrasebook` knows every expression that singles out one object of a scene without ambiguity: by attributes
("the small red mug"), by its place ("the mug left of the bowl") or by a superlative ("the bottle nearest the bowl").
:mod:`sightline.language.resolution` reads an expression the other way round and confirms that exactly one thing fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.core.types import SceneState
from sightline.language.vocabulary import Wording, pick, plain_names
from sightline.tasks.scene_graph import RANKED, RANKED_BY_REFERENCE, SceneGraph
from sightline.tasks.skills import SKILLS

STYLES = ("attribute", "spatial", "superlative")
STYLE_SHARES = (0.6, 0.2, 0.2)
NOUNS = ("object", "thing")  # for things described without their kind
RELATION_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("left of", "to the left of", "on the left of"),
    "right": ("right of", "to the right of", "on the right of"),
    "front": ("in front of",),
    "behind": ("behind",),
    "next": ("next to", "beside"),
    "into": ("in", "inside"),
    "onto": ("on", "on top of"),
}
LABELLED: dict[str, tuple[str, ...]] = {
    "button": ("button with the {}", "button number {}", "button labelled {}"),
    "price tag": ("price tag that says {}", "price tag with the {}", "tag that says {}"),
}
RANKED_WORDS: dict[str, tuple[str, ...]] = {
    "leftmost": ("the leftmost {}", "the {} on the far left"),
    "rightmost": ("the rightmost {}", "the {} on the far right"),
    "frontmost": ("the frontmost {}", "the {} at the very front"),
    "backmost": ("the backmost {}", "the {} at the very back"),
    "robot_nearest": ("the {} nearest the robot", "the {} closest to the robot"),
    "robot_farthest": ("the {} farthest from the robot", "the {} furthest from the robot"),
    "largest": ("the largest {}", "the biggest {}"),
    "smallest": ("the smallest {}",),
    "nearest": ("the {} nearest {}", "the {} closest to {}", "the {} nearest to {}"),
    "farthest": ("the {} farthest from {}", "the {} furthest from {}"),
}
INSTRUCTIONS: dict[str, tuple[str, ...]] = {
    "into": (
        "put {} into {}",
        "put {} in {}",
        "place {} in {}",
        "place {} inside {}",
        "drop {} into {}",
        "move {} into {}",
    ),
    "onto": (
        "put {} on {}",
        "put {} onto {}",
        "place {} on {}",
        "place {} on top of {}",
        "set {} on {}",
        "move {} onto {}",
    ),
    "left": (
        "put {} to the left of {}",
        "put {} left of {}",
        "place {} to the left of {}",
        "move {} to the left of {}",
        "set {} left of {}",
    ),
    "right": (
        "put {} to the right of {}",
        "put {} right of {}",
        "place {} to the right of {}",
        "move {} to the right of {}",
        "set {} right of {}",
    ),
    "front": ("put {} in front of {}", "place {} in front of {}", "move {} in front of {}", "set {} in front of {}"),
    "behind": ("put {} behind {}", "place {} behind {}", "move {} behind {}", "set {} behind {}"),
}
# Of these is the vocabulary of shipped models made; the sentences of skills come on top.
PLAIN = Wording(
    RELATION_WORDS,
    RANKED_WORDS,
    INSTRUCTIONS | {skill.relation: skill.plain for skill in SKILLS.values()},
    NOUNS,
    ("that is ",),
)


@dataclass(frozen=True)
class Expression:
    """A description that a listener can check against the scene.

    Attributes:
        kind: a name of the thing, a plain one or another word for it; empty means any.
        colour, size: filters, always the plain words; empty means any.
        relation: "" or one of relations.PAIRWISE, RANKED, RANKED_BY_REFERENCE.
        reference: what the relation refers to (for PAIRWISE and RANKED_BY_REFERENCE), described by attributes alone.
        phrase: the English words.
    """

    kind: str = ""
    colour: str = ""
    size: str = ""
    relation: str = ""
    reference: Expression | None = None
    phrase: str = ""

    @property
    def style(self) -> str:
        """One of STYLES."""
        if not self.relation:
            return "attribute"
        return "superlative" if self.relation in RANKED or self.relation in RANKED_BY_REFERENCE else "spatial"


Filter = tuple[str, str, str]  # kind, colour, size
Candidate = tuple[str, Filter, int]  # relation, filter, local number of the reference (-1: none)


def describe(kind: str, colour: str, size: str, noun: str = NOUNS[0]) -> str:
    """Words of a filter without article, e.g. "small red mug", "blue object"."""
    return " ".join(word for word in (size, colour, kind or noun) if word)


def label_names(kind: str, label: str) -> tuple[str, ...]:
    """What a thing of that kind is also called by its label: "button with the 7"; nothing where it has none."""
    if not label:
        return ()
    return tuple(form.format(label) for form in LABELLED.get(kind, ("{} " + kind,)))


class Phrasebook:
    """All unambiguous expressions for the present objects of one scene; candidates are found when first asked for.

    Objects are addressed by their local number in ``graph`` (see SceneGraph). ``wording`` decides on the words; what is
    said is unambiguous to a listener who knows all of its names for things.
    """

    def __init__(self, scene: SceneState, wording: Wording = PLAIN) -> None:
        self.wording = wording
        self.graph = SceneGraph(scene)
        self.count = len(self.graph.indices)
        self._kinds: dict[str, int] = {}
        self._colours: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        for number, info in enumerate(self.graph.objects):
            bit = 1 << number
            for name in (*plain_names(info.kind), *label_names(info.kind, info.label)):
                self._kinds[name] = self._kinds.get(name, 0) | bit
            self._sizes[info.size] = self._sizes.get(info.size, 0) | bit
            if info.colour:
                self._colours[info.colour] = self._colours.get(info.colour, 0) | bit
        others: dict[str, int] = {}
        for number, info in enumerate(self.graph.objects):
            for name in wording.other_names(info.kind):
                others[name] = others.get(name, 0) | 1 << number
        self._kinds = others | self._kinds  # a plain name comes before all other uses of the word
        self._all = (1 << self.count) - 1
        self._found: dict[tuple[str, int], list] = {}

    def matches(self, wanted: Filter) -> int:
        """Mask of the objects that pass a filter."""
        kind, colour, size = wanted
        mask = self._kinds.get(kind, 0) if kind else self._all
        if colour:
            mask &= self._colours.get(colour, 0)
        return mask & self._sizes.get(size, 0) if size else mask

    def landmark(self, expression: Expression) -> int:
        """Local number of the object that an expression refers to on the way to its own; -1 where it names none."""
        other = expression.reference
        if other is None:
            return -1
        return self.matches((other.kind, other.colour, other.size)).bit_length() - 1

    def candidates(self, number: int, style: str) -> list:
        """Unambiguous structures for an object.

        Filters for the attribute style; else groups of (relation, filter, local number of the reference or -1), from
        which a group is drawn first, so that no relation dominates.
        """
        key = (style, number)
        if key not in self._found:
            self._found[key] = getattr(self, f"_find_{style}")(number)
        return self._found[key]

    def _filters(self, number: int) -> list[Filter]:
        info = self.graph.objects[number]
        filters = [(info.kind, "", "")]
        if info.colour:
            filters += [(info.kind, info.colour, ""), ("", info.colour, "")]
        return filters + [(name, "", "") for name in label_names(info.kind, info.label)]

    def _find_attribute(self, number: int) -> list[Filter]:
        bit, info = 1 << number, self.graph.objects[number]
        filters = [wanted for wanted in self._filters(number) if self.matches(wanted) == bit]
        if info.size in ("small", "large"):
            # Size is relative: spoken only beside others of the kind, all clearly bigger (or all smaller).
            clear = self.graph.beats["smallest" if info.size == "small" else "largest"][number]
            others = self._kinds[info.kind] & ~self._sizes[info.size]
            if others and not others & ~clear:
                sized = [(info.kind, "", info.size), (info.kind, info.colour, info.size)]
                filters += [wanted for wanted in sized if self.matches(wanted) == bit and wanted not in filters]
        return filters

    @cached_property
    def references(self) -> list[int]:
        """Local numbers of the objects that attributes alone single out."""
        return [number for number in range(self.count) if self.candidates(number, "attribute")]

    def _ambiguous(self, number: int) -> list[tuple[Filter, int]]:
        """Filters that fit this object and others too, with their masks; the one for any object last."""
        bit = 1 << number
        wanted = [*self._filters(number), ("", "", "")]
        return [(item, mask) for item in wanted if (mask := self.matches(item)) != bit]

    def _find_spatial(self, number: int) -> list[list[Candidate]]:
        bit, graph = 1 << number, self.graph
        named: list[Candidate] = []
        anything: list[Candidate] = []
        for wanted, mask in self._ambiguous(number):
            for reference in self.references:
                rivals = mask & ~(bit | 1 << reference)
                if reference == number or not rivals:  # without rivals the relation would say nothing
                    continue
                for relation, certain in graph.certain.items():
                    if certain[reference] & bit and not graph.possible[relation][reference] & rivals:
                        (named if any(wanted) else anything).append((relation, wanted, reference))
        return [group for group in (named, anything) if group]

    def _find_superlative(self, number: int) -> list[list[Candidate]]:
        bit, graph = 1 << number, self.graph
        found: dict[str, list[Candidate]] = {}
        for wanted, mask in self._ambiguous(number):
            if not any(wanted) and self.count < 3:
                continue
            for relation, beats in graph.beats.items():
                # Sizes are compared within a kind.
                if not mask & ~(bit | beats[number]) and (wanted[0] or relation not in ("largest", "smallest")):
                    found.setdefault(relation, []).append((relation, wanted, -1))
            for reference in self.references:
                rivals = mask & ~(bit | 1 << reference)
                if reference == number or not rivals:
                    continue
                for relation, beats_at in graph.beats_at.items():
                    if not rivals & ~beats_at[reference][number]:
                        found.setdefault(relation, []).append((relation, wanted, reference))
        return list(found.values())

    def express(
        self, number: int, style: str, rng: np.random.Generator, avoid: int = -1, clause: bool = False
    ) -> Expression | None:
        """A random unambiguous expression for an object in the given style, or None when there is none.

        Args:
            avoid: local number of an object that must not serve as the reference.
            clause: say "the mug that is left of the bowl", for places where a bare "left of" could belong to a verb.
        """
        options = self.candidates(number, style)
        if not options:
            return None
        if style == "attribute":
            return self._attribute(pick(options, rng), rng)
        group = options[0] if style == "spatial" and rng.random() < 0.8 else pick(options, rng)
        candidate = pick(group, rng)
        if candidate[2] >= 0 and candidate[2] == avoid:
            return None
        return self._related(candidate, rng, clause)

    def _words(self, wanted: Filter, rng: np.random.Generator) -> tuple[str, str]:
        """The name for a thing, and the whole description without article."""
        kind, colour, size = wanted
        thing, wording = pick(self.wording.things, rng), self.wording
        # Another word must not fit anything that the plain one does not fit.
        clear = [word for word in wording.nouns.get(kind, ()) if not self.matches((word, "", "")) & ~self._kinds[kind]]
        name = pick(clear, rng) if clear else kind
        return name, describe(name, wording.quality(colour, rng), wording.quality(size, rng), noun=thing)

    def _attribute(self, wanted: Filter, rng: np.random.Generator) -> Expression:
        name, words = self._words(wanted, rng)
        return Expression(name, *wanted[1:], phrase=f"the {words}")

    def _related(self, candidate: Candidate, rng: np.random.Generator, clause: bool = False) -> Expression:
        relation, wanted, reference = candidate
        wording = self.wording
        name, words = self._words(wanted, rng)
        if reference < 0:
            return Expression(
                name, *wanted[1:], relation=relation, phrase=pick(wording.ranked[relation], rng).format(words)
            )
        other = self._attribute(pick(self.candidates(reference, "attribute"), rng), rng)
        if relation in wording.ranked:
            phrase = pick(wording.ranked[relation], rng).format(words, other.phrase)
        else:
            link = wording.links[0] if len(wording.links) == 1 else pick(wording.links, rng)
            phrase = f"the {words} {link if clause else ''}{pick(wording.relations[relation], rng)} {other.phrase}"
        return Expression(name, *wanted[1:], relation=relation, reference=other, phrase=phrase)


def instruct(
    relation: str, target_phrase: str, reference_phrase: str, rng: np.random.Generator, wording: Wording = PLAIN
) -> str:
    """An instruction in plain lower-case English, e.g. "put the red mug to the left of the bowl"."""
    return pick(wording.instructions[relation], rng).format(target_phrase, reference_phrase)
