"""The command ``sightline assets``: what the data engine's worlds are made of, and objects of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sightline.cli.options import ABOUT_ALL_COLLECTIONS, ABOUT_COLLECTIONS, File, Json, NeededFile
from sightline.core.outputs import Output
from sightline.engine.collections import FULL


@dataclass(frozen=True)
class AssetsScenes:
    """One picture of many scenes, each in a world of its own, to see what a collection looks like."""

    out: NeededFile
    """The picture (PNG or JPEG)."""
    count: int = 60
    """Number of scenes."""
    seed: int = 0
    """Seed of the scenes; the same seed gives the same picture."""
    split: str = "train"
    """Which objects, surfaces, textures and lights may appear."""
    collection: Annotated[str, tyro.conf.arg(help=ABOUT_ALL_COLLECTIONS)] = FULL
    size: int = 224
    """Height and width of each scene's picture, pixels."""
    json: Json = None
    """Write the result here: scenes, path."""

    def run(self) -> dict:
        from sightline.engine.previews.scene_sheet import scene_sheet

        return scene_sheet(self.out, self.count, self.seed, self.split, self.collection, self.size)


@dataclass(frozen=True)
class AssetsKinds:
    """Table of the object kinds: category, noun, instances in each split."""

    collection: Annotated[str, tyro.conf.arg(help=f"Whose objects. {ABOUT_COLLECTIONS}")] = FULL
    json: Json = None
    """Write the result here: kinds, objects, splits, rows."""

    def run(self) -> dict:
        from sightline.engine.previews.kinds import list_objects

        return list_objects(self.collection)


@dataclass(frozen=True)
class AssetsObjects:
    """One picture of many objects of the full collection, with their names."""

    out: NeededFile
    """The picture (PNG or JPEG)."""
    count: int = 300
    """Number of objects, spread evenly over the kinds."""
    kinds: tuple[str, ...] = ()
    """Only these kinds, e.g. --kinds mug "toy car"; all by default."""
    seed: int = 0
    """Which instances are shown."""
    colliders: bool = False
    """Show the collision pieces instead of what is seen."""
    json: Json = None
    """Write the result here: objects, kinds, width, height."""

    def run(self) -> dict:
        from sightline.engine.previews.kinds import draw_objects

        return draw_objects(self.out, self.count, self.kinds, self.seed, self.colliders)


@dataclass(frozen=True)
class AssetsCount:
    """Build every surface, texture, light and backdrop and count those that differ in content."""

    json: Json = None
    """Write the result here: kind of asset -> counts of all and of each split."""

    def run(self) -> dict:
        from sightline.engine.previews.census import show_census

        return show_census()


@dataclass(frozen=True)
class AssetsImport:
    """Make usable objects of a folder of OBJ, GLB, glTF, STL and PLY files (its subfolders too).

    Units, upright pose, convex collision pieces, mass, role, name and grasps are found by themselves; check them in the
    gallery, and correct them with the options below or, file by file, in DIR/objects.yaml, by the path that the table
    gives (for example `mug_02.obj: {noun: mug, colour: red, role: item, units: mm, up: y, mass: 0.2}`, or
    `025_mug/google_16k/textured.obj: {noun: mug}`). Files that cannot be used are listed with the reason; the command
    fails only when none can be used.
    """

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Folder of mesh files."""
    out: Annotated[Path | None, Output(folder=True), tyro.conf.arg(metavar="LIBRARY")] = None
    """Library folder; a file that was imported before is replaced, another one of its name gets a name of its own.
    Default: the user's data folder."""
    gallery: File = None
    """Draw every object here (PNG): its look, its collision pieces, its best grasp, its figures."""
    units: Literal["auto", "m", "cm", "mm", "in"] = "auto"
    """Unit of the files. auto: of m, cm and mm the one that gives the likeliest size."""
    up: Literal["auto", "y", "z"] = "auto"
    """Axis of the files that points up. auto: the format's, unless the object would fall over."""
    scale: float = 1.0
    """Extra factor on the size."""
    mass: Annotated[float | None, tyro.conf.arg(metavar="KG")] = None
    """Mass of every object, kilograms. Default: volume times density, 0.02 to 0.3 kg."""
    density: float = 400.0
    """Kilograms per cubic metre."""
    faces: int = 800
    """Triangles that are drawn of an object; more are decimated."""
    texture: int = 192
    """Side of an object's largest picture, pixels."""
    json: Json = None
    """Write the result here: library, objects, skipped."""

    def run(self) -> dict:
        from sightline.engine.assets.importing.convert import Settings
        from sightline.engine.previews.library_report import import_and_report

        settings = Settings(
            units=self.units.replace("auto", ""),
            up=self.up.replace("auto", ""),
            scale=self.scale,
            mass=self.mass,
            density=self.density,
            faces=self.faces,
            texture=self.texture,
        )
        return import_and_report(self.folder, self.out, settings, self.gallery)


@dataclass(frozen=True)
class AssetsList:
    """List the objects of a library made by `sightline assets import`."""

    library: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="LIBRARY")] = None
    """Library folder. Default: the one in the user's data folder."""
    gallery: File = None
    """Draw every object here (PNG)."""
    json: Json = None
    """Write the result here: library, objects."""

    def run(self) -> dict:
        from sightline.engine.previews.library_report import report_library

        return report_library(self.library, self.gallery)


def assets(
    action: Annotated[AssetsImport, tyro.conf.subcommand("import")]
    | Annotated[AssetsList, tyro.conf.subcommand("list")]
    | Annotated[AssetsKinds, tyro.conf.subcommand("kinds")]
    | Annotated[AssetsObjects, tyro.conf.subcommand("objects")]
    | Annotated[AssetsScenes, tyro.conf.subcommand("scenes")]
    | Annotated[AssetsCount, tyro.conf.subcommand("count")],
) -> AssetsImport | AssetsList | AssetsKinds | AssetsObjects | AssetsScenes | AssetsCount:
    """What worlds are made of: look at it, count it, import objects of your own."""
    return action
