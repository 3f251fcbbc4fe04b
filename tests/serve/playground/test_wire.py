"""Commands of the page: read, checked, refused in a sentence that names the field."""

from __future__ import annotations

import json
import struct

import pytest

from sightline.serve.playground.wire import COMMAND, command, packed, upload
from sightline.serve.refusal import Refusal


def test_a_command_has_all_its_fields() -> None:
    told = command(json.dumps({"do": "steer", "lane": 0, "camera": "front", "point": [3, 4.5]}))
    assert told["point"] == [3.0, 4.5] and told["box"] is None and told["role"] is None


def test_words_lose_their_spare_spaces() -> None:
    assert command('{"do":"say","words":"  take \\n the  mug "}')["words"] == "take the mug"


def test_files_travel_behind_their_map() -> None:
    message = packed({"do": "ask", "words": "the mug"}, [])
    head = json.dumps({"do": "ask", "words": "the mug"}).encode()
    told, file = upload(struct.pack("<I", len(head)) + head + b"JPEG")
    assert (told["words"], file) == ("the mug", b"JPEG")
    assert json.loads(message[4:])["files"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "JSON map"),
        ("[1]", "no command"),
        ("[" * 20_000, "JSON map"),
        ('{"do":"sya"}', "say"),
        ('{"do":"say"}', "'words' must be a text"),
        ('{"do":"say","words":"  "}', "'words' must be a text"),
        (json.dumps({"do": "say", "words": "x" * 301}), "301 letters"),
        ('{"do":"step","lane":0}', "no field 'lane'"),
        ('{"do":"new","seed":-1}', "'seed' must be a whole number"),
        ('{"do":"new","seed":true}', "'seed' must be a whole number"),
        ('{"do":"speed","value":1e400}', "0.1 to 100"),
        ('{"do":"steer","lane":2,"camera":"front"}', "'lane'"),
        ('{"do":"steer","lane":0,"camera":"front","point":[1,NaN]}', "finite"),
        ('{"do":"steer","lane":0,"camera":"front","trace":[[1,2]]}', "2 to 512 points"),
        ('{"do":"policies","names":["a","b","c"]}', "one or two"),
        ("x" * (COMMAND + 1), "bytes"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        command(text)


@pytest.mark.parametrize("message", [b"", b"\x00", struct.pack("<I", 2**32 - 1) + b"x", b"\x05\x00\x00\x00{}"])
def test_broken_uploads_are_refused(message: bytes) -> None:
    with pytest.raises(Refusal):
        upload(message)
