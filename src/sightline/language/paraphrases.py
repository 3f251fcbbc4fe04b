"""Rich language: synonyms and paraphrases, one part for training, one held out of demonstrations, one of everything.

Every table has two halves. Phrasing ``train`` speaks from the first half, together with the plain words of
:mod:`sightline.language.referring`; phrasing ``unseen`` from the second half alone wherever there is one. So an
instruction in the second phrasing is a sentence that no training has heard, about things and relations that it knows.
Phrasing ``novel`` speaks from the tables of :mod:`sightline.language.novel`, which no data is ever made with: where
grounding data is made in phrasing ``unseen``, sentences of that are new to the demonstrations alone.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from sightline.core.errors import require_known
from sightline.language import novel
from sightline.language.referring import NOUNS, PLAIN, RANKED_WORDS, RELATION_WORDS
from sightline.language.vocabulary import Wording, Words
from sightline.tasks.skills import SKILLS

LANGUAGES = ("plain", "rich")
PHRASINGS = ("train", "unseen")
SPOKEN = ("plain", *PHRASINGS, "novel")
Halves = tuple[tuple[str, ...], tuple[str, ...]]

# What else a thing may be called. A word may stand under several kinds; it is spoken where only one thing fits it.
SYNONYMS: dict[str, Halves] = {
    "mug": (("coffee mug",), ("tea mug",)),
    "cup": (("drinking cup",), ("beaker",)),
    "bottle": (("drinking bottle",), ("flask",)),
    "can": (("tin",), ("metal can",)),
    "carton": (("drinks carton",), ("paper carton",)),
    "cube": (("block",), ("toy cube",)),
    "ball": (("toy ball",), ("sphere",)),
    "candle": (("wax candle",), ("pillar candle",)),
    "jar": (("jam jar",), ("storage jar",)),
    "brick": (("toy brick", "block"), ("building brick",)),
    "sponge": (("cleaning sponge",), ("scrubber",)),
    "brush": (("scrubbing brush",), ("cleaning brush", "scrubber")),
    "toy car": (("model car",), ("miniature car",)),
    "cupcake": (("muffin",), ("fairy cake",)),
    "duck": (("rubber duck",), ("toy duck",)),
    "apple": (("fruit",), ("piece of fruit",)),
    "pear": (("fruit",), ("piece of fruit",)),
    "lemon": (("fruit",), ("piece of fruit", "citrus fruit")),
    "banana": (("fruit",), ("piece of fruit",)),
    "orange": (("fruit",), ("piece of fruit", "citrus fruit")),
    "peach": (("fruit",), ("piece of fruit",)),
    "carrot": (("vegetable",), ("veggie", "root vegetable")),
    "eggplant": (("vegetable", "aubergine"), ("veggie",)),
    "cucumber": (("vegetable",), ("veggie",)),
    "bell pepper": (("vegetable", "pepper"), ("veggie",)),
    "onion": (("vegetable",), ("veggie",)),
    "potato": (("vegetable", "spud"), ("veggie", "root vegetable")),
    "mushroom": (("champignon",), ("toadstool",)),
    "bread": (("loaf of bread",), ("loaf",)),
    "soda can": (("can of soda",), ("soft drink can",)),
    "cereal box": (("box of cereal",), ("cereal packet",)),
    "milk carton": (("carton of milk",), ("milk pack",)),
    "bowl": (("dish",), ("basin",)),
    "plate": (("dish", "dinner plate"), ("round dish",)),
    "basket": (("wicker basket",), ("hamper",)),
    "box": (("crate",), ("bin",)),
    "tray": (("serving tray",), ("salver",)),
    "pan": (("frying pan",), ("skillet",)),
    "pot": (("cooking pot",), ("saucepan",)),
    "board": (("chopping board",), ("cutting board",)),
    "mat": (("place mat",), ("pad",)),
    "book": (("hardback",), ("volume",)),
    "glass": (("drinking glass",), ("tumbler",)),
    "stapler": (("office stapler",), ("stapling machine",)),
    "eraser": (("rubber",), ("pencil eraser",)),
    "pen": (("ballpoint",), ("biro",)),
    "flashlight": (("torch",), ("pocket lamp",)),
    "remote": (("remote control",), ("clicker",)),
}
QUALITIES: dict[str, Halves] = {
    "small": (("little",), ("tiny",)),
    "large": (("big",), ("bulky",)),
    "purple": ((), ("violet",)),
}
THINGS: Halves = (("item",), ("article",))
LINKS: Halves = (("which is ",), ("located ",))
RELATIONS: dict[str, Halves] = {
    "left": (("on the left side of",), ("on the left-hand side of", "leftward of")),
    "right": (("on the right side of",), ("on the right-hand side of", "rightward of")),
    "front": (("on the near side of",), ("nearer to the viewer than",)),
    "behind": (("at the back of",), ("on the far side of", "farther back than")),
    "next": (("close by",), ("right by", "alongside")),
    "into": (("within",), ("contained in",)),
    "onto": (("lying on",), ("resting on",)),
}
RANKED: dict[str, Halves] = {
    "leftmost": (("the {} farthest to the left",), ("the {} at the left end", "the left-hand-most {}")),
    "rightmost": (("the {} farthest to the right",), ("the {} at the right end", "the right-hand-most {}")),
    "frontmost": (("the {} farthest to the front",), ("the {} nearest to the viewer",)),
    "backmost": (("the {} farthest to the back",), ("the {} at the far end of the table",)),
    "robot_nearest": (("the {} nearest to the robot",), ("the {} with the shortest way to the robot",)),
    "robot_farthest": (("the {} furthest from the robot",), ("the {} with the longest way to the robot",)),
    "largest": (("the {} of the largest size",), ("the greatest {}", "the {} bigger than all others")),
    "smallest": (("the tiniest {}",), ("the {} of the smallest size", "the {} smaller than all others")),
    "nearest": (("the {} that is closest to {}",), ("the {} with the shortest way to {}",)),
    "farthest": (("the {} that is farthest from {}",), ("the {} with the longest way to {}",)),
}
# Instructions are frames times verbs times places: {verb} the target {0} {place} the reference {1}.
FRAMES: Halves = (
    (
        "{verb} {{0}} {place} {{1}}",
        "please {verb} {{0}} {place} {{1}}",
        "could you {verb} {{0}} {place} {{1}}",
        "pick up {{0}} and {verb} it {place} {{1}}",
        "take {{0}} and {verb} it {place} {{1}}",
        "grab {{0}}, then {verb} it {place} {{1}}",
        "i want you to {verb} {{0}} {place} {{1}}",
    ),
    (
        "would you kindly {verb} {{0}} {place} {{1}}",
        "{place} {{1}}, {verb} {{0}}",
        "get hold of {{0}}; after that {verb} it {place} {{1}}",
        "your job is to {verb} {{0}} {place} {{1}}",
        "lift {{0}} off the table so that you can {verb} it {place} {{1}}",
        "what i need is for you to {verb} {{0}} {place} {{1}}",
    ),
)
VERBS: Halves = (("put", "place", "set", "move"), ("bring", "deposit", "position", "leave"))
PLACES: dict[str, Halves] = {
    "into": (("into", "in", "inside"), ("within", "in the inside of")),
    "onto": (("on", "onto", "on top of"), ("upon", "on the top side of")),
    "left": (("to the left of", "left of", "on the left side of"), ("on the left-hand side of", "leftward of")),
    "right": (("to the right of", "right of", "on the right side of"), ("on the right-hand side of", "rightward of")),
    "front": (("in front of", "on the near side of"), ("nearer to the viewer than",)),
    "behind": (("behind", "at the back of"), ("on the far side of", "farther back than")),
}
# Skills are frames times what is to be done.
SKILL_FRAMES: Halves = (
    ("{}", "please {}", "could you {}", "i want you to {}"),
    ("{}", "would you kindly {}", "your job is to {}", "what i need is for you to {}"),
)
SAID_OF_SKILLS: dict[str, Halves] = {skill.relation: (skill.train, skill.unseen) for skill in SKILLS.values()}


@cache
def wording(language: str = "plain", phrasing: str = "train") -> Wording:
    """The words of a language in a phrasing. Raises SightlineError on an unknown one; plain language has one phrasing.

    Args:
        language: one of LANGUAGES; ``plain`` is what shipped models were trained on.
        phrasing: one of PHRASINGS: ``unseen`` is never used for training.
    """
    require_known("language", language, LANGUAGES)
    require_known("phrasing", phrasing, PHRASINGS if language == "rich" else PHRASINGS[:1])
    if language == "plain":
        return PLAIN
    half = PHRASINGS.index(phrasing)
    return Wording(
        relations=_merged(RELATION_WORDS, RELATIONS, half),
        ranked=_merged(RANKED_WORDS, RANKED, half),
        instructions=_merged(
            PLAIN.instructions, {name: (sentences(name, 0), sentences(name, 1)) for name in (*PLACES, *SKILLS)}, half
        ),
        things=NOUNS + THINGS[0] if half == 0 else THINGS[1],
        links=PLAIN.links + LINKS[0] if half == 0 else LINKS[1],
        nouns=_merged({kind: (kind,) for kind in SYNONYMS}, SYNONYMS, half),
        qualities=_merged({word: (word,) for word in QUALITIES}, QUALITIES, half),
        names={kind: first + second for kind, (first, second) in SYNONYMS.items()},
    )


def spoken(phrasing: str) -> Wording:
    """The words of a way to speak to a policy: ``plain``, rich language in one of PHRASINGS, or ``novel``.

    Raises SightlineError on an unknown one.
    """
    require_known("phrasing", phrasing, SPOKEN)
    if phrasing == "novel":
        return _novel()
    return PLAIN if phrasing == SPOKEN[0] else wording("rich", phrasing)


@cache
def _novel() -> Wording:
    """Words that nothing is trained on; of what has none, the plain word; skills are spoken of as in ``unseen``."""
    known = wording("rich", "unseen")
    kinds = dict.fromkeys((*known.names, *novel.SYNONYMS))
    return Wording(
        relations=novel.RELATIONS,
        ranked=novel.RANKED,
        instructions={**known.instructions, **{relation: novel.sentences(relation) for relation in novel.PLACES}},
        things=novel.THINGS,
        links=novel.LINKS,
        nouns=novel.SYNONYMS,
        qualities=novel.QUALITIES,
        names={kind: (*known.names.get(kind, ()), *novel.SYNONYMS.get(kind, ())) for kind in kinds},
    )


@cache
def imperative(words: Wording) -> Wording:
    """The same words, but only instructions that begin with a verb, as they fit behind "Your task is to ..."."""
    first = {"drop", "pick", "take", "grab", "get", "lift"}.union(*VERBS)
    first |= {form.split(" ")[0] for skill in SKILLS.values() for form in (*skill.plain, *skill.train, *skill.unseen)}
    chosen = {
        relation: tuple(form for form in forms if form.split(" ")[0] in first)
        for relation, forms in words.instructions.items()
    }
    return replace(words, instructions=chosen)


def sentences(relation: str, half: int) -> tuple[str, ...]:
    """The instructions for a relation or skill that one half of the tables gives: first the target, or {0}, then the
    reference, or {1}."""
    if relation in SKILLS:
        return tuple(frame.format(form) for frame in SKILL_FRAMES[half] for form in SAID_OF_SKILLS[relation][half])
    return tuple(
        frame.format(verb=verb, place=place)
        for frame in FRAMES[half]
        for verb in VERBS[half]
        for place in PLACES[relation][half]
    )


def _merged(plain: Words, tables: dict[str, Halves], half: int) -> dict[str, tuple[str, ...]]:
    """Plain and training words together, or the held-out ones (the plain ones where there are none)."""
    if half == 0:
        return {name: tuple(dict.fromkeys((*plain[name], *tables[name][0]))) for name in plain}
    return {name: tables[name][1] or plain[name] for name in plain}


@cache
def listener() -> Wording:
    """Everything that any speaker may say: what a listener has to understand."""
    known = [wording("rich", phrasing) for phrasing in PHRASINGS]

    def joined(part: str) -> dict[str, tuple[str, ...]]:
        first, second = (getattr(words, part) for words in known)
        return {name: tuple(dict.fromkeys((*first[name], *second[name]))) for name in first}

    return Wording(
        relations=joined("relations"),
        ranked=joined("ranked"),
        instructions=joined("instructions"),
        things=tuple(thing for words in known for thing in words.things),
        links=tuple(link for words in known for link in words.links),
        nouns=joined("nouns"),
        qualities=joined("qualities"),
        names=known[0].names,
    )
