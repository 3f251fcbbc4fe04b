"""Families of everyday objects, a module for each part of life; ``FAMILIES`` lists them all by noun."""

from __future__ import annotations

from functools import cache

from sightline.engine.assets.families import (
    animals,
    bakery,
    bathroom,
    blocks,
    containers,
    cookware,
    drinkware,
    electrics,
    figures,
    fruit,
    groceries,
    home,
    household,
    kitchen,
    meals,
    office,
    ornaments,
    reading,
    roots,
    surfaces,
    textiles,
    tools,
    toys,
    tropical,
    vegetables,
    vehicles,
    workshop,
    writing,
)
from sightline.engine.assets.families.family import Family

MODULES = (
    drinkware, kitchen, fruit, tropical, vegetables, roots, bakery, meals, groceries, tools, workshop, blocks, toys,
    vehicles, animals, figures, office, writing, bathroom, home, ornaments, household, textiles, electrics, containers,
    cookware, surfaces, reading,
)  # fmt: skip

FAMILIES: dict[str, Family] = {
    entry.noun: entry for module in MODULES for entry in vars(module).values() if isinstance(entry, Family)
}

# Kinds that no training sees: about one in seven of every part of life.
NOVEL = frozenset({
    "goblet", "thermos", "whisk", "pineapple", "kiwi", "eggplant", "garlic", "onion", "croissant", "donut", "juice box",
    "cereal box", "pliers", "tape measure", "train", "rocket", "dice", "drum", "elephant", "snail", "stapler",
    "toothpaste", "perfume", "hourglass", "cactus", "camera", "spool of thread", "shoe", "crate", "colander", "tub",
    "trivet", "slate", "tile",
})  # fmt: skip

# Kinds that grounding data shows and no demonstration does: about one in six of the others.
SPARED = frozenset({
    "teapot", "ladle", "pepper mill", "pear", "strawberry", "carrot", "pumpkin", "pie", "hot dog", "ketchup",
    "sack of flour", "hammer", "star", "chess piece", "toy house", "boat", "turtle", "computer mouse", "calculator",
    "ink bottle", "nail polish", "toilet roll", "alarm clock", "snow globe", "hat", "light bulb", "padlock",
    "basket", "pot", "towel", "magazine",
})  # fmt: skip

# Any two of a group look alike, or a listener could take one name for the other.
LOOK_ALIKE = (
    {"mug", "cup", "glass", "yoghurt"}, {"bottle", "thermos", "shampoo", "ketchup"}, {"can", "tin", "crisps tube"},
    {"jug", "vase", "watering can"}, {"bowl", "baking dish", "colander", "tub", "bin", "pot", "pan"},
    {"box", "crate", "basket", "bin", "baking dish", "tray"}, {"mat", "napkin", "towel", "tile", "coaster"},
    {"book", "notebook", "magazine"}, {"slate", "board"}, {"loaf", "bun", "bread"}, {"cake", "pie", "cupcake"},
    {"tangerine", "peach", "apple", "tomato"}, {"kiwi", "potato", "egg"}, {"onion", "garlic"}, {"lemon", "mango"},
    {"ball", "ball of yarn"}, {"cube", "dice", "sticky notes", "gift"}, {"figure", "doll", "droid"},
    {"pig", "piggy bank"}, {"cylinder", "candle", "drum"}, {"jar", "cream jar", "medicine bottle"},
    {"flowerpot", "cactus"}, {"marker", "glue stick", "battery"}, {"hammer", "wrench", "dumbbell"},
    {"soap", "eraser", "sponge", "chocolate"}, {"dish brush", "hairbrush", "paintbrush", "toothbrush"},
    {"radio", "camera"}, {"tea box", "matchbox"}, {"truck", "bus", "toy car"}, {"bell", "desk bell"},
)  # fmt: skip


@cache
def names(noun: str) -> frozenset[str]:
    """Everything that a kind may be called: its noun, its synonyms, and what these end in ("egg cup": "cup")."""
    called = (noun, *FAMILIES[noun].synonyms)
    return frozenset(" ".join(name.split(" ")[start:]) for name in called for start in range(len(name.split(" "))))


@cache
def confusable(first: str, second: str) -> bool:
    """Whether a listener could mistake one kind for the other, so that they should not share a scene."""
    if first == second:
        return False
    return bool(names(first) & names(second)) or any({first, second} <= group for group in LOOK_ALIKE)
