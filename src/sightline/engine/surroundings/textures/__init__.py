"""Every texture of collection ``full``: families of painters times numbers, each a pure function of both."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from sightline.engine.surroundings.registry import digest, member, require_member
from sightline.engine.surroundings.textures import cloth, made, pictures, stone, tiles, walls, wood
from sightline.engine.surroundings.textures.field import SIZE, Picture, Swatch

__all__ = ["FAMILIES", "SIZE", "Picture", "Swatch", "Texture", "content_hash", "texture", "textures"]

PER_FAMILY = 28


@dataclass(frozen=True)
class TextureFamily:
    """A painter of textures, what they suit, and whether no training ever sees the family.

    Attributes:
        uses: of ``top`` (of tables), ``cloth``, ``metal``, ``wood``, ``body`` (of furniture), ``floor``, ``wall``,
            ``rug``, ``poster``, ``window``.
    """

    paint: Callable[[np.random.Generator], Swatch]
    uses: frozenset[str]
    novel: bool = False


def _family(paint: Callable[[np.random.Generator], Swatch], uses: str, novel: bool = False) -> TextureFamily:
    return TextureFamily(paint, frozenset(uses.split()), novel)


FAMILIES: dict[str, TextureFamily] = {
    "boards": _family(wood.boards, "top wood body floor"),
    "planks": _family(wood.planks, "top wood floor wall"),
    "butcher block": _family(wood.butcher_block, "top wood"),
    "end grain": _family(wood.end_grain, "top wood"),
    "basket parquet": _family(wood.basket_parquet, "floor"),
    "herringbone": _family(wood.herringbone, "floor top", novel=True),
    "bamboo": _family(wood.bamboo, "top wood", novel=True),
    "chipboard": _family(wood.chipboard, "top wood body floor wall"),
    "cork": _family(wood.cork, "top floor"),
    "painted wood": _family(wood.painted_wood, "top body wall floor"),
    "granite": _family(stone.granite, "top floor"),
    "marble": _family(stone.marble, "top floor"),
    "terrazzo": _family(stone.terrazzo, "top floor", novel=True),
    "slate": _family(stone.slate, "top floor"),
    "travertine": _family(stone.travertine, "top floor wall"),
    "concrete": _family(stone.concrete, "top floor wall"),
    "quartz": _family(stone.quartz, "top"),
    "pebbles": _family(stone.pebbles, "floor"),
    "flagstones": _family(stone.flagstones, "floor wall"),
    "square tiles": _family(tiles.square_tiles, "top floor wall"),
    "subway tiles": _family(tiles.subway_tiles, "wall"),
    "bricks": _family(tiles.bricks, "wall"),
    "checkerboard": _family(tiles.checkerboard, "floor"),
    "hexagons": _family(tiles.hexagons, "floor wall top", novel=True),
    "penny tiles": _family(tiles.penny_tiles, "top floor wall"),
    "mosaic": _family(tiles.mosaic, "top floor wall"),
    "cement tiles": _family(tiles.cement_tiles, "floor wall"),
    "paving": _family(tiles.paving, "floor"),
    "linen": _family(cloth.linen, "cloth top"),
    "twill": _family(cloth.twill, "cloth"),
    "tweed": _family(cloth.tweed, "cloth"),
    "gingham": _family(cloth.gingham, "cloth"),
    "tartan": _family(cloth.tartan, "cloth", novel=True),
    "striped cloth": _family(cloth.striped_cloth, "cloth"),
    "dotted cloth": _family(cloth.dotted_cloth, "cloth"),
    "block print": _family(cloth.block_print, "cloth"),
    "felt": _family(cloth.felt, "cloth top"),
    "burlap": _family(cloth.burlap, "cloth", novel=True),
    "knit": _family(cloth.knit, "cloth"),
    "carpet": _family(cloth.carpet, "floor rug"),
    "rug": _family(cloth.rug, "floor cloth rug"),
    "wicker": _family(cloth.wicker, "top body"),
    "quilt": _family(cloth.quilt, "cloth"),
    "brushed metal": _family(made.brushed_metal, "metal top body"),
    "scratched steel": _family(made.scratched_steel, "metal top"),
    "checker plate": _family(made.checker_plate, "metal floor"),
    "perforated metal": _family(made.perforated_metal, "body wall"),
    "hammered metal": _family(made.hammered_metal, "metal", novel=True),
    "galvanised": _family(made.galvanised, "metal body"),
    "laminate": _family(made.laminate, "top body"),
    "linoleum": _family(made.linoleum, "floor top"),
    "paper": _family(made.paper, "top cloth"),
    "leather": _family(made.leather, "top cloth"),
    "rubber mat": _family(made.rubber_mat, "cloth floor"),
    "cutting mat": _family(made.cutting_mat, "top cloth"),
    "enamel": _family(made.enamel, "metal top body", novel=True),
    "plaster": _family(walls.plaster, "wall"),
    "stucco": _family(walls.stucco, "wall"),
    "limewash": _family(walls.limewash, "wall", novel=True),
    "striped wallpaper": _family(walls.striped_wallpaper, "wall"),
    "damask wallpaper": _family(walls.damask_wallpaper, "wall", novel=True),
    "geometric wallpaper": _family(walls.geometric_wallpaper, "wall"),
    "beadboard": _family(walls.beadboard, "wall body"),
    "corrugated panel": _family(walls.corrugated_panel, "wall"),
    "acoustic foam": _family(walls.acoustic_foam, "wall"),
    "poster": _family(pictures.poster, "poster"),
    "window view": _family(pictures.window_view, "window"),
}


@dataclass(frozen=True)
class Texture:
    """Number ``number`` of a family; ``swatch()`` paints it."""

    family: str
    number: int

    @property
    def name(self) -> str:
        """Unique, e.g. ``subway tiles 7``."""
        return f"{self.family} {self.number}"

    def swatch(self) -> Swatch:
        """The tileable picture with its size and gloss."""
        return _painted(self.family, self.number)


@lru_cache(maxsize=64)
def _painted(family: str, number: int) -> Swatch:
    rng = np.random.default_rng([zlib.crc32(family.encode()), number])
    return FAMILIES[family].paint(rng)


def texture(family: str, number: int) -> Texture:
    """One texture. Raises SightlineError when there is no such family or number."""
    require_member("texture", family, number, FAMILIES, PER_FAMILY)
    return Texture(family, number)


@cache
def textures(split: str | None = None, use: str | None = None) -> tuple[Texture, ...]:
    """The textures that ``split`` may use (all without one), those that suit ``use`` if given.

    Raises SightlineError on an unknown split.
    """
    return tuple(
        Texture(name, number)
        for name, family in FAMILIES.items()
        if use is None or use in family.uses
        for number in range(PER_FAMILY)
        if member(split, family.novel, number)
    )


def content_hash(entry: Texture) -> str:
    """Hash of the pixels alone."""
    return digest(entry.swatch().picture)
