"""Picture files as a viewer shows them: the one way in which a picture of somebody else's becomes numbers.

Upright (EXIF), 8 bits a channel, sRGB, transparency on white. Every place that opens a picture file comes here, and so
does every drawing for people that is written.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from sightline.core.errors import SightlineError
from sightline.core.outputs import write_durably, writing

T = TypeVar("T")

DRAWN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}  # files that drawings are written as
QUALITY = 85  # of these JPEG files; a PNG has none

ORIENTATION = 0x0112  # EXIF tag: how the stored picture is turned to look at it
BITS = 0x0102  # TIFF tag: bits that are used of a sample
WHITE = (255, 255, 255)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)  # orientations that swap width and height
# What decoders raise on damage: whatever their format knows.
DAMAGE = (
    UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error,
    Image.DecompressionBombError, MemoryError,
)  # fmt: skip


def read_picture(path: Path) -> NDArray[np.uint8]:
    """[H,W,3] uint8 RGB of a picture file, as a viewer shows it. Raises SightlineError that names a file that is
    missing, damaged, or holds numbers without a known range."""
    return _opened(path, path, shown)


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """:func:`read_picture` of the bytes of a file; ``name`` is what messages call it."""
    return _opened(io.BytesIO(data), name, shown)


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width at which :func:`read_picture` gives a file, from its header alone. Raises SightlineError."""
    width, height = _opened(path, path, _upright_size)
    return height, width


def shown(image: Image.Image) -> NDArray[np.uint8]:
    """[H,W,3] uint8 RGB of an open picture, as a viewer shows it. Raises ValueError where nobody can know how."""
    image.load()
    turn = TURNS.get(_orientation(image))
    alpha = _alpha(image)
    rgb = _srgb(eight_bits(image))
    if alpha is not None:
        rgb = Image.composite(rgb, Image.new("RGB", rgb.size, WHITE), alpha)
    return np.array(rgb if turn is None else rgb.transpose(turn))


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel; one of 16 bits is scaled, not cut off at 255.

    Raises ValueError on numbers whose range the file does not tell.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        bits = 16
        if image.format == "TIFF":
            told = image.tag_v2.get(BITS, 16)  # type: ignore[attr-defined]
            bits = int(told[0] if isinstance(told, tuple) else told)
        top = float(2**bits - 1)
        values = np.asarray(image).astype(np.float64) * (255 / top)
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    if image.mode in ("I", "F"):
        kind = "32-bit numbers" if image.mode == "I" else "floating-point numbers"
        raise ValueError(f"it holds {kind}, whose range it does not tell; save it with 8 or 16 bits")
    return image


def _opened(file: Path | IO[bytes], name: Path | str, use: Callable[[Image.Image], T]) -> T:
    try:
        with Image.open(file) as image:
            return use(image)
    except FileNotFoundError:
        raise SightlineError(f"There is no picture at {name}.") from None
    except DAMAGE as error:
        raise SightlineError(f"{name} cannot be read as a picture ({error}); give a PNG or JPEG file.") from None


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    # Pillow turns TIFF files by itself, and its sizes know.
    return (height, width) if image.format != "TIFF" and _orientation(image) in SIDEWAYS else (width, height)


def _orientation(image: Image.Image) -> int:
    """1 (upright) to 8; 1 where the file says nothing, or nothing sensible: viewers show it as it is then."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except DAMAGE:
        return 1


def _alpha(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel is (mode L); None where all are."""
    if not image.has_transparency_data:
        return None
    clear = image.info.get("transparency")
    if image.mode.startswith("I") and isinstance(clear, int):  # one grey of 16 bits that is not there
        return Image.fromarray(np.where(np.asarray(image) == clear, 0, 255).astype(np.uint8))
    return image.convert("RGBA").getchannel("A")


def _srgb(image: Image.Image) -> Image.Image:
    """RGB in the colours of screens; a profile of the picture's own is followed, one that is damaged ignored."""
    if image.mode in ("P", "PA", "RGBA", "RGBX", "RGBa", "1"):
        plain = image.convert("RGBA") if image.mode in ("P", "PA", "RGBa") else image
        image = _with_profile(plain.convert("RGB"), image)
    elif image.mode in ("LA", "La"):
        image = _with_profile(image.convert("LA").getchannel("L"), image)
    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        told: ImageCms.ImageCmsProfile | None = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    else:
        told = _profile(profile) if profile else None
    if told is None:
        return image.convert("RGB")
    try:
        turned = ImageCms.profileToProfile(image, told, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, *DAMAGE):  # for other channels than the picture has
        return image.convert("RGB")
    assert turned is not None
    return turned


def _with_profile(image: Image.Image, source: Image.Image) -> Image.Image:
    """The picture with the colour profile of the one it was made of."""
    image.info["icc_profile"] = source.info.get("icc_profile")
    return image


def _profile(data: bytes) -> ImageCms.ImageCmsProfile | None:
    """A profile that changes colours; None for that of screens and for a damaged one."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        return None if "srgb" in ImageCms.getProfileDescription(profile).lower() else profile
    except (ImageCms.PyCMSError, *DAMAGE):
        return None


# ---- writing --------------------------------------------------------------------------------------------------------


def require_picture(path: Path) -> None:
    """Raise SightlineError unless the file's name is that of a PNG or JPEG picture."""
    if path.suffix.lower() not in DRAWN:
        raise SightlineError(f"A drawing is a PNG or JPEG picture: '{path.name}' ends in neither .png nor .jpg.")


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a drawing [H,W,3] and make its folder. Raises SightlineError when it cannot be written."""
    require_picture(path)
    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, DRAWN[path.suffix.lower()], quality=QUALITY, optimize=True)
    with writing(path):
        write_durably(path, sink.getvalue())
