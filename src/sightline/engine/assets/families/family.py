"""What a family of objects is (one noun, many instances) and what its builder is given to make one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sightline.engine.assets import prints
from sightline.engine.assets.colours import CREAM, DARK, PALETTE, RGB, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Shape, Visual
from sightline.engine.assets.shapes import Target

T = TypeVar("T")
INSTANCES = 72  # of most families: six for each of twelve colours

ALL = tuple(PALETTE)  # every nameable colour
VIVID = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "turquoise")
BRIGHT = (*VIVID, "white", "black")
SIZES = ("small", "medium", "large")
MEDIUM = ("medium",)
METALS = ("grey", "black")

DECORATED = ("stripes", "bands", "dots", "zigzag", "waves", "flowers", "hearts", "stars", "dipped", "speckle")
WOVEN_IN = ("stripes", "check", "plaid", "zigzag", "diamonds", "dots")


@dataclass(frozen=True)
class Material:
    """How a material looks and behaves.

    Attributes:
        shine: 0 matt .. 1 glossy.
        friction: sliding friction. Of two things that touch, the rougher one counts (a table top has 1).
        weight: times the mass of a family's instances.
        look: one of prints.LOOKS, or empty for an even colour.
    """

    shine: float
    friction: float
    weight: float = 1.0
    look: str = ""


MATERIALS = {
    "plastic": Material(0.5, 0.8),
    "ceramic": Material(0.8, 0.9, 1.2),
    "glass": Material(0.95, 0.8, 1.2, "glassy"),
    "metal": Material(0.9, 0.8, 1.4, "brushed"),
    "wood": Material(0.15, 0.9, 1.0, "grain"),
    "rubber": Material(0.15, 1.3, 1.1),
    "foam": Material(0.0, 1.2, 0.6, "porous"),
    "cloth": Material(0.0, 1.1, 0.7, "knitted"),
    "paper": Material(0.1, 0.9, 0.8),
    "cardboard": Material(0.05, 0.9, 0.8, "cloudy"),
    "wicker": Material(0.05, 1.0, 0.9, "woven"),
    "clay": Material(0.05, 1.0, 1.2, "cloudy"),
    "stone": Material(0.3, 1.0, 1.4, "porous"),
    "wax": Material(0.2, 0.9),
    "leather": Material(0.3, 1.0, 0.9, "cloudy"),
    "peel": Material(0.45, 0.9, 1.0, "cloudy"),
    "crust": Material(0.1, 1.0, 0.8, "cloudy"),
}


class Draw:
    """One instance in the making: its colour, material and pattern, and the dice for everything else.

    Attributes:
        rng: where all further choices come from.
        colour, rgb: the main colour, by name and as it is painted.
        accent: a second colour that goes with it.
        material, pattern: of the main part; the pattern is empty where it is plain.
    """

    def __init__(self, rng: np.random.Generator, colour: str, rgb: RGB, material: str, pattern: str) -> None:
        self.rng, self.colour, self.rgb, self.material, self.pattern = rng, colour, rgb, material, pattern
        self.accent = self._accent()
        self._print: NDArray[np.uint8] | None = None

    @property
    def dark(self) -> bool:
        """Whether the main colour is so dark that details on it must be light."""
        return float(np.dot(self.rgb, (0.3, 0.6, 0.1))) < 0.16

    @property
    def light(self) -> bool:
        """Whether the main colour is so light that details on it must be dark."""
        return float(np.dot(self.rgb, (0.3, 0.6, 0.1))) > 0.72

    def between(self, low: float, high: float) -> float:
        """A number from an interval."""
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return bool(self.rng.random() < share)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def paint(self, *meshes: Mesh) -> tuple[Visual, ...]:
        """The main part: main colour, material and pattern."""
        if self._print is None:
            self._print = self._main_print()
        rgb = self.rgb if self._print is None else WHITE
        return tuple(Visual(mesh, rgb, self._print, MATERIALS[self.material].shine) for mesh in meshes)

    def coat(self, mesh: Mesh, rgb: RGB, material: str = "") -> Visual:
        """Another part in an even colour; as shiny as ``material``, by default the main one."""
        return Visual(mesh, rgb, shine=MATERIALS[material or self.material].shine)

    def metal(self, mesh: Mesh, rgb: RGB = SILVER) -> Visual:
        """A part of bare metal."""
        return self.made_of("metal", mesh, rgb)

    def made_of(self, material: str, mesh: Mesh, rgb: RGB) -> Visual:
        """Another part with the look of its material."""
        made = MATERIALS[material]
        return Visual(mesh, WHITE, prints.material_print(made.look, rgb, self.rng), made.shine)

    def label(self, mesh: Mesh, base: RGB, repeats: int = 1, aspect: float = 1.0) -> Visual:
        """A printed label on ``base``; ``aspect`` is the height of one repeat over its width."""
        paper: RGB = self.pick((WHITE, CREAM))
        if float(np.linalg.norm(np.subtract(paper, base))) < 0.45:
            paper = self.pick(((0.12, 0.16, 0.3), (0.45, 0.08, 0.1), (0.1, 0.3, 0.16)))
        ink = base if abs(float(np.subtract(paper, base).sum())) > 0.9 else DARK
        return Visual(mesh, WHITE, prints.label_print(base, paper, ink, self.rng, repeats, aspect), 0.3)

    def _accent(self) -> RGB:
        neutral = (WHITE, CREAM, SILVER, DARK, WOOD, shade(self.rgb, 0.55), shade(self.rgb, 2.5))
        options = (*neutral, *(rgb for name, rgb in PALETTE.items() if name != self.colour))
        while True:
            found = self.pick(options)
            if float(np.linalg.norm(np.subtract(found, self.rgb))) > 0.3:
                return found

    def _main_print(self) -> NDArray[np.uint8] | None:
        if self.pattern:
            return prints.pattern_print(self.pattern, self.rgb, self.accent, self.rng)
        look = MATERIALS[self.material].look
        return prints.material_print(look, self.rgb, self.rng) if look else None


Builder = Callable[[Draw], Shape | Target]


@dataclass(frozen=True)
class Family:
    """One noun and how its instances come about.

    Attributes:
        noun: what people call it; unique.
        path: its place in the category tree, e.g. ("kitchenware", "drinkware").
        build: makes one instance at medium size, in metres; with the inner size (x, y) for containers and surfaces.
        colours: the nameable colours it comes in; ("",) where none can be named.
        materials, patterns: of the main part; about half of the instances have a pattern where there are some.
        mass: kilograms at medium size.
        role: item, container or surface.
        sizes: the size words it comes in; only medium where forms differ more than sizes do.
        synonyms: other names for the same thing.
        natural: colours that differ from the palette (a tomato's red).
        count: number of instances.
    """

    noun: str
    path: tuple[str, ...]
    build: Builder
    colours: tuple[str, ...]
    materials: tuple[str, ...]
    patterns: tuple[str, ...]
    mass: float
    role: str
    sizes: tuple[str, ...]
    synonyms: tuple[str, ...]
    natural: tuple[tuple[str, RGB], ...]
    count: int


def family(
    noun: str,
    path: str,
    *,
    mass: float,
    colours: tuple[str, ...] = BRIGHT,
    materials: tuple[str, ...] = ("plastic",),
    patterns: tuple[str, ...] = (),
    role: str = "item",
    sizes: tuple[str, ...] = SIZES,
    synonyms: tuple[str, ...] = (),
    natural: dict[str, RGB] | None = None,
    count: int = INSTANCES,
) -> Callable[[Builder], Family]:
    """Decorator that turns a builder into a family; ``path`` is written with slashes.

    Natural colours are the only ones of their family.
    """
    own = natural or {}

    def wrap(build: Builder) -> Family:
        return Family(
            noun,
            tuple(path.split("/")),
            build,
            tuple(own) or colours,
            materials,
            patterns,
            mass,
            role,
            sizes,
            synonyms,
            tuple(own.items()),
            count,
        )

    return wrap
