"""Words that nothing is trained on, neither demonstrations nor grounding data; ``paraphrases`` holds all others.

No word here stands in another table, nor is it a name of another kind of object.
"""

from __future__ import annotations

SYNONYMS: dict[str, tuple[str, ...]] = {
    "mug": ("cocoa mug",),
    "cup": ("teacup",),
    "bottle": ("water bottle",),
    "can": ("beverage can",),
    "cube": ("building cube",),
    "ball": ("bouncy ball",),
    "candle": ("taper",),
    "jar": ("preserving jar",),
    "brick": ("plastic brick",),
    "sponge": ("bath sponge",),
    "toy car": ("automobile",),
    "duck": ("duckling",),
    "banana": ("yellow fruit",),
    "bowl": ("soup bowl",),
    "plate": ("platter",),
    "basket": ("pannier",),
    "box": ("case",),
    "tray": ("tea tray",),
    "pot": ("stew pot",),
    "board": ("bread board",),
    "mat": ("table mat",),
    "book": ("tome",),
    "glass": ("water glass",),
    "eraser": ("ink eraser",),
    "flashlight": ("searchlight",),
    "hammer": ("claw hammer",),
    "napkin": ("table napkin",),
    "notebook": ("jotter",),
    "magazine": ("periodical",),
    "rabbit": ("hare",),
    "truck": ("haulage truck",),
    "boat": ("sailing vessel",),
    "plane": ("aircraft",),
    "gift": ("wrapped surprise",),
    "alarm clock": ("bedside clock",),
    "calculator": ("adding machine",),
    "radio": ("radio receiver",),
    "vase": ("flower vase",),
}
QUALITIES: dict[str, tuple[str, ...]] = {"small": ("petite",), "large": ("hefty",)}
THINGS = ("piece",)
LINKS = ("standing ",)
RELATIONS: dict[str, tuple[str, ...]] = {
    "left": ("leftwards from",),
    "right": ("rightwards from",),
    "front": ("closer to us than",),
    "behind": ("beyond",),
    "next": ("adjacent to", "neighbouring"),
    "into": ("enclosed by",),
    "onto": ("supported by",),
}
RANKED: dict[str, tuple[str, ...]] = {
    "leftmost": ("the {} farther left than all others",),
    "rightmost": ("the {} farther right than all others",),
    "frontmost": ("the {} closer to us than all others",),
    "backmost": ("the {} deepest in the scene",),
    "robot_nearest": ("the {} that the robot gets to first",),
    "robot_farthest": ("the {} that the robot gets to last",),
    "largest": ("the bulkiest {}",),
    "smallest": ("the most compact {}",),
    "nearest": ("the {} at the least distance from {}",),
    "farthest": ("the {} at the greatest distance from {}",),
}
FRAMES = (
    "kindly {verb} {{0}} {place} {{1}}",
    "make sure to {verb} {{0}} {place} {{1}}",
    "it would help to {verb} {{0}} {place} {{1}}",
    "the next step is to {verb} {{0}} {place} {{1}}",
    "pick {{0}} off the table and {verb} it {place} {{1}}",
)
VERBS = ("transfer", "shift", "relocate", "lay")
PLACES: dict[str, tuple[str, ...]] = {
    "into": ("down into", "to the inside of"),
    "onto": ("atop", "over onto"),
    "left": ("leftwards from",),
    "right": ("rightwards from",),
    "front": ("closer to us than",),
    "behind": ("beyond", "past"),
}


def sentences(relation: str) -> tuple[str, ...]:
    """The instructions for a relation: {0} the target, {1} the reference."""
    return tuple(
        frame.format(verb=verb, place=place) for frame in FRAMES for verb in VERBS for place in PLACES[relation]
    )
