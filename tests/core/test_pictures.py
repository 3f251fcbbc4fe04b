"""A picture file is read as a viewer shows it: upright, 8 bits, on white, in the colours of screens."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from sightline.core.errors import SightlineError
from sightline.core.pictures import ORIENTATION, SIDEWAYS, decode_picture, eight_bits, picture_size, read_picture

RAMP = np.tile(np.linspace(0, 255, 200).astype(np.uint8), (100, 1))
UPRIGHT = np.zeros((40, 80, 3), np.uint8)
UPRIGHT[:20, :20], UPRIGHT[:20, -20:], UPRIGHT[-20:, :20] = (255, 255, 255), (250, 20, 20), (20, 20, 250)
# What has to be done to the upright picture so that a viewer undoes it, by the EXIF standard's table.
STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


def saved(tmp_path: Path, name: str, image: Image.Image, **how: object) -> Path:
    image.save(tmp_path / name, **how)
    return tmp_path / name


def test_sixteen_bits_are_scaled(tmp_path: Path) -> None:
    grey = Image.fromarray(RAMP.astype(np.uint16) * 257)
    for name in ("a.png", "a.tiff", "a.pgm"):
        found = read_picture(saved(tmp_path, name, grey))
        np.testing.assert_array_equal(found, np.repeat(RAMP[..., None], 3, 2), err_msg=name)


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=50))
def test_every_grey_of_sixteen_bits_becomes_the_nearest_of_eight(values: list[int]) -> None:
    grey = np.array([values], np.uint16)
    found = np.asarray(eight_bits(Image.fromarray(grey)))
    assert np.abs(found - grey / 257).max() <= 0.5 + 1e-9


def test_sixteen_bits_of_colour_keep_their_brightness() -> None:
    # A PNG with 16 bits a channel, written by hand: Pillow writes none.
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = np.repeat(RAMP[..., None].astype(">u2") * 257, 3, 2)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 200, 100, 16, 2, 0, 0, 0))
    data += chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(decode_picture(data, "rgb48"), np.repeat(RAMP[..., None], 3, 2))


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff"])
def test_pictures_stand_upright(tmp_path: Path, turn: int, name: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    stored = np.ascontiguousarray(STORED[turn](UPRIGHT))
    how = {"quality": 95} if name.endswith("jpg") else {"lossless": True} if name.endswith("webp") else {}
    path = saved(tmp_path, name, Image.fromarray(stored), exif=exif, **how)
    found = read_picture(path)
    assert (found.shape[:2] != stored.shape[:2]) == (turn in SIDEWAYS)
    assert picture_size(path) == found.shape[:2] == UPRIGHT.shape[:2]
    assert np.abs(found.astype(int) - UPRIGHT).mean() < 4


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b""])
def test_a_damaged_orientation_is_none(tmp_path: Path, exif: bytes) -> None:
    path = saved(tmp_path, "a.jpg", Image.fromarray(UPRIGHT), exif=exif)
    assert read_picture(path).shape == UPRIGHT.shape


def transparent(mode: str) -> tuple[Image.Image, dict]:
    """A picture that shows nothing but what lies behind it."""
    if mode == "RGBA":
        return Image.new("RGBA", (8, 6), (0, 0, 0, 0)), {}
    if mode == "LA":
        return Image.new("LA", (8, 6), (0, 0)), {}
    if mode == "P":
        image = Image.new("P", (8, 6), 0)
        image.putpalette([10, 20, 30] * 256)
        return image, {"transparency": 0}
    if mode == "L":
        return Image.new("L", (8, 6), 7), {"transparency": 7}
    if mode == "RGB":
        return Image.new("RGB", (8, 6), (1, 2, 3)), {"transparency": (1, 2, 3)}
    return Image.fromarray(np.full((6, 8), 700, np.uint16)), {"transparency": 700}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB", "I;16"])
def test_transparent_pictures_lie_on_white(tmp_path: Path, mode: str) -> None:
    image, how = transparent(mode)
    assert (read_picture(saved(tmp_path, "a.png", image, **how)) == 255).all()


@given(st.integers(0, 255), st.integers(0, 255))
def test_half_transparent_pixels_are_mixed_with_white(value: int, alpha: int) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (2, 2), (value, value, value, alpha)).save(stream, "PNG")
    found = decode_picture(stream.getvalue(), "a")
    assert np.abs(found - (value * alpha + 255 * (255 - alpha)) / 255).max() <= 1


def test_a_colour_profile_is_followed(tmp_path: Path) -> None:
    """A made-up profile whose gamma is 1: a grey of 55 there is what screens call 128."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = Image.new("RGB", (4, 4), (55, 55, 55))
    for name, profile in (("s.png", srgb), ("broken.png", b"nonsense"), ("lab.png", lab)):
        assert (read_picture(saved(tmp_path, name, plain, icc_profile=profile)) == 55).all(), name
    for name, image in (
        ("a.png", plain),
        ("a.jpg", plain),
        ("rgba.png", plain.convert("RGBA")),
        ("p.png", plain.convert("P", palette=Image.Palette.ADAPTIVE)),
    ):
        found = read_picture(saved(tmp_path, name, image, icc_profile=linear(srgb)))
        assert np.abs(found.astype(int) - 128).max() <= 1, name


def linear(srgb: bytes) -> bytes:
    """A profile like that of screens, with linear curves and another name."""
    data = bytearray(srgb)
    count = int.from_bytes(data[128:132], "big")
    for number in range(count):
        at = 132 + 12 * number
        start = int.from_bytes(data[at + 4 : at + 8], "big")
        if bytes(data[at : at + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            data[start : start + 16] = b"curv" + bytes(8) + bytes(4)  # no points: linear
        if bytes(data[at : at + 4]) == b"desc":
            data = bytearray(bytes(data).replace("sRGB".encode("utf-16-be"), "Line".encode("utf-16-be")))
    return bytes(data)


def test_lab_cmyk_and_palettes_are_read(tmp_path: Path) -> None:
    lab = Image.merge("LAB", [Image.new("L", (4, 4), value) for value in (255, 128, 128)])
    assert (read_picture(saved(tmp_path, "a.tiff", lab)) > 250).all()
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    found = read_picture(saved(tmp_path, "a.jpg", cmyk))
    assert found[0, 0, 0] > 200 and found[0, 0, 1:].max() < 60


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: None, "There is no picture"),
        (lambda p: p.mkdir(), "cannot be read"),
        (lambda p: p.write_bytes(b""), "cannot be read"),
        (lambda p: p.write_text("<html>404</html>"), "cannot be read"),
        (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\nrest"), "cannot be read"),
        (lambda p: Image.fromarray(np.ones((4, 4), np.float32)).save(p, "TIFF"), "floating-point numbers"),
        (lambda p: Image.fromarray(np.ones((4, 4), np.int32)).save(p, "TIFF"), "32-bit numbers"),
    ],
)
def test_what_is_no_picture_gets_a_sentence(tmp_path: Path, write: Callable, words: str) -> None:
    write(tmp_path / "a.png")
    with pytest.raises(SightlineError, match=words) as caught:
        read_picture(tmp_path / "a.png")
    assert "a.png" in str(caught.value)


@given(st.binary(max_size=60), st.integers(0, 5000), st.sampled_from(["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP"]))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_anywhere_gets_a_sentence(junk: bytes, at: int, kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(UPRIGHT[:20]).save(stream, kind)
    data = stream.getvalue()
    cut = at % len(data)
    try:
        found = decode_picture(data[:cut] + junk + data[cut + len(junk) :], "the file")
    except SightlineError as error:
        assert "the file" in str(error)
    else:
        assert found.ndim == 3 and found.shape[2] == 3 and found.dtype == np.uint8
