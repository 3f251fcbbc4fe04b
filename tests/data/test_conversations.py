"""LLaVA-style files of any size are read record by record; what is wrong with one is said by file and line."""

from __future__ import annotations

import json
import re
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.core.pictures import read_picture
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversation_record import Turn, parse_record, read_pictures
from sightline.data.conversations import Conversations, SourceConfig, open_source, read_registry
from sightline.data.records import Records
from sightline.engine.vqa.stream import write_questions


def record(number: int = 0, **changes: object) -> dict:
    said = [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": f"number {number} \u00fc"}]
    return {"id": f"r{number}", "image": "a.png", "conversations": said} | changes


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def lines(records: list[dict]) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(tmp_path / "a.png")
    return tmp_path


def test_both_kinds_of_file_hold_the_same(folder: Path) -> None:
    records = [record(number) for number in range(5)]
    as_lines = Records(write(folder / "a.jsonl", lines(records).replace("\n", "\r\n\n") + "\n"))
    packed = Records(write(folder / "b.json", json.dumps(records, ensure_ascii=False)))
    spread = Records(write(folder / "c.json", json.dumps(records, indent=2)))
    for found in (as_lines, packed, spread):
        assert [found[number] for number in range(len(found))] == records
    assert as_lines.where(2).endswith("a.jsonl:5")
    line = int(spread.where(1).rpartition(":")[2])
    assert '"id": "r1"' in "".join((folder / "c.json").read_text().splitlines()[line - 1 : line + 1])
    assert len(Records(write(folder / "d.json", " [ ]\n"))) == 0


def test_blocks_do_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder / "a.jsonl", lines([record(number) for number in range(40)]).rstrip("\n"))
    whole = Records(path).places
    monkeypatch.setattr("sightline.data.records.BLOCK", 7)
    assert np.array_equal(Records(path).places, whole) and len(whole) == 40


def test_memory_does_not_grow_with_the_records(folder: Path) -> None:
    count, path = 50_000, folder / "big.jsonl"
    write(path, lines([record(number) for number in range(count)]))
    tracemalloc.start()
    try:
        source = Conversations(SourceConfig(path))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert source[count - 1].turns[1].text == f"number {count - 1} \u00fc"
    assert held < 40 * count < path.stat().st_size / 2


def test_damage_is_named_by_file_and_line(folder: Path) -> None:
    text = lines([record(0)]) + "\n" + lines([record(1)])[:-9] + "\n" + lines([record(2)])
    found = Conversations(SourceConfig(write(folder / "a.jsonl", text)))
    assert found[0].name.endswith("a.jsonl:1 (r0)") and found[2].name.endswith("a.jsonl:4 (r2)")
    with pytest.raises(SightlineError, match=r"a\.jsonl:3 is not valid JSON"):
        found[1]
    (folder / "b.jsonl").write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(SightlineError, match=r"b\.jsonl:1 is not valid JSON"):
        Records(folder / "b.jsonl")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"id": 1}', "not a JSON list"),
        ("", "not a JSON list"),
        ('[\n{"id": 1},\n{"id": }]', r"a\.json:3 is not valid JSON"),
        ('[\n{"id": 1},\n{"id": 2}', "cut short after line 3"),
        ('[{"id": 1},]', r"a\.json:1 is not valid JSON"),
        ("[" * 100_000, r"a\.json:1 is not valid JSON"),
    ],
)
def test_damaged_lists_are_refused(folder: Path, text: str, words: str) -> None:
    with pytest.raises(SightlineError, match=words):
        Records(write(folder / "a.json", text))


def test_files_that_are_missing_are_named(folder: Path) -> None:
    with pytest.raises(SightlineError, match=r"none\.jsonl cannot be read"):
        Records(folder / "none.jsonl")
    with pytest.raises(SightlineError, match="jsonl"):
        Records(folder / "a.png")
    with pytest.raises(SightlineError, match="no folder of pictures"):
        Conversations(SourceConfig(write(folder / "a.jsonl", lines([record()])), folder / "nowhere"))
    with pytest.raises(SightlineError, match="hold no records"):
        Conversations(SourceConfig(write(folder / "b.jsonl", "\n")))


def test_all_spellings_of_a_record_are_understood(folder: Path) -> None:
    expected = (Turn("user", "<image>\nWhat is it?"), Turn("assistant", "number 0 \u00fc"))
    said = [{"role": "user", "content": "<image>\nWhat is it?"}, {"role": "assistant", "content": "number 0 \u00fc"}]
    images = {"id": "r0", "images": ["a.png"], "conversations": said}
    messages = {"id": "r0", "image": "a.png", "messages": said}
    for spelling in (record(), images, images | {"images": "a.png"}, messages):
        found = parse_record(spelling, "x:1", folder)
        assert found.turns == expected and found.pictures == (folder / "a.png",)
    spoken = parse_record(record(conversations=[{"from": "system", "value": "Be kind."}, *said]), "x:1", folder)
    assert spoken.system == "Be kind." and spoken.turns == expected
    words = parse_record({"conversations": [said[0] | {"content": "hello"}, said[1]]}, "x:1", folder)
    assert words.pictures == () and words.name == "x:1"


SAID = record()["conversations"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ([1, 2], "holds no record"),
        ({"id": 1}, "no list of 'conversations'"),
        (record(conversations=[]), "no list of 'conversations'"),
        (record(conversations=["hello"]), "turn 1 is not an object"),
        (record(conversations=[{"from": "dog", "value": "wow"}]), "turn 1 is from 'dog'"),
        (record(conversations=[{"from": ["gpt"], "value": "wow"}]), "turn 1 is from"),
        (record(conversations=[SAID[0], {"from": "gpt", "value": 3}]), "turn 2 has no text"),
        (record(conversations=[SAID[0], {"from": "gpt", "value": " "}]), "turn 2 has no text"),
        (record(conversations=SAID[:1]), "by turns"),
        (record(conversations=SAID[::-1]), "by turns"),
        (record(conversations=[{"from": "system", "value": "Be kind."}]), "by turns"),
        (record(image=["a.png", "b.png"]), r"x:1 \(r0\) has 1 <image> marks for 2 pictures"),
        (record(image=None), "1 <image> marks for 0 pictures"),
        (record(image=[3]), "path or a list"),
        (record(video="a.mp4"), "only pictures"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(broken: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=words):
        parse_record(broken, "x:1", tmp_path)


def test_pictures_are_found_where_the_record_says(folder: Path) -> None:
    rooted = record(raw_data={"data_root": "deep"})
    path = write(folder / "a.jsonl", lines([record(), rooted]))
    plain, named = Conversations(SourceConfig(path)), Conversations(SourceConfig(path, folder))
    assert plain[0].pictures == (folder / "a.png",) and plain[1].pictures == (folder / "deep" / "a.png",)
    assert named[1].pictures == (folder / "a.png",)


def test_pictures_are_rgb_or_an_error(folder: Path) -> None:
    assert read_picture(folder / "a.png").tolist() == np.full((20, 30, 3), 90).tolist()
    Image.fromarray(np.full((4, 5, 4), 7, np.uint8)).save(folder / "alpha.png")
    assert read_picture(folder / "alpha.png").shape == (4, 5, 3)
    data = (folder / "a.png").read_bytes()
    for name, content in (("cut.png", data[:-30]), ("empty.png", b""), ("text.png", b"hello"), ("head.png", data[:40])):
        (folder / name).write_bytes(content)
        with pytest.raises(SightlineError, match=name):
            read_picture(folder / name)
    with pytest.raises(SightlineError, match="no picture"):
        read_picture(folder / "none.png")


def test_a_byte_order_mark_is_no_damage(folder: Path) -> None:
    records = [record(number) for number in range(3)]
    for name, text in (("a.json", json.dumps(records)), ("a.jsonl", lines(records)), ("b.json", " [ ]")):
        (folder / name).write_text(text, encoding="utf-8-sig")
        found = Records(folder / name)
        assert [found[number] for number in range(len(found))] == (records if name[0] == "a" else [])


@pytest.mark.parametrize(
    ("name", "text", "encoding", "words"),
    [
        ("a.json", "[]", "utf-16", "save it in UTF-8"),
        ("a.jsonl", "{}", "utf-16-le", "UTF-16"),
        ("a.jsonl", "[{}]", "utf-8", r"name it a\.json\."),
        ("a.json", '{"a": 1}\n{"a": 2}', "utf-8", r"a record a line \.jsonl"),
        ("a.json", '{"data": [1], "n": 3}', "utf-8", "out of its 'data'"),
        ("a.json", '{"conversations": []}', "utf-8", "around its one record"),
        ("a.json", "3", "utf-8", "into one list"),
        ("a.json", "hello", "utf-8", "into one list"),
    ],
)
def test_the_advice_fits_the_file(folder: Path, name: str, text: str, encoding: str, words: str) -> None:
    data = text.encode(encoding)
    (folder / name).write_bytes(b"\xff\xfe" + data if encoding == "utf-16-le" else data)
    with pytest.raises(SightlineError, match=words):
        Records(folder / name)


PARTS = {"openai": [{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "What is it?"}],
         "responses": [{"type": "input_image", "image_url": "a.png"}, {"type": "input_text", "text": "What is it?"}],
         "qwen": [{"type": "image", "image": "file://a.png"}, {"type": "text", "text": "What is it?"}],
         "plain": [{"image": "a.png"}, {"text": "What is it?"}],
         "mixed": [{"type": "image", "path": "a.png"}, "What is it?"]}  # fmt: skip


@pytest.mark.parametrize("style", PARTS)
def test_lists_of_parts_are_read(folder: Path, style: str) -> None:
    said = [
        {"role": "user", "content": PARTS[style]},
        {"role": "assistant", "content": [{"type": "text", "text": "a cup"}]},
    ]
    found = parse_record({"messages": said}, "f:1", folder)
    assert found.turns == (Turn("user", "<image>What is it?"), Turn("assistant", "a cup"))
    assert found.pictures == (folder / "a.png",) and read_pictures(found)[0].shape == (20, 30, 3)


def test_parts_without_a_path_take_the_records_pictures(folder: Path) -> None:
    parts = [
        {"type": "image"},
        {"type": "text", "text": "this or "},
        {"type": "image", "image": "b.png"},
        {"type": "image"},
    ]
    said = [{"role": "user", "content": parts}, {"role": "assistant", "content": "neither"}]
    found = parse_record({"messages": said, "images": ["a.png", "c.png"]}, "f:1", folder)
    assert [path.name for path in found.pictures] == ["a.png", "b.png", "c.png"]
    for images, words in ((["a.png"], "3 <image> marks for 2"), (["a.png", "c.png", "d.png"], "marks for 4")):
        with pytest.raises(SightlineError, match=words):
            parse_record({"messages": said, "images": images}, "f:1", folder)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, "is no file"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "is no file"),
        ({"type": "video", "video": "a.mp4"}, "'video' that is not understood"),
        ({"type": "text", "text": None}, "not understood"),
        (3, "not understood"),
    ],
)
def test_parts_of_no_use_get_a_sentence(folder: Path, part: object, words: str) -> None:
    said = [{"role": "user", "content": [part, {"type": "text", "text": "?"}]}, {"role": "assistant", "content": "yes"}]
    with pytest.raises(SightlineError, match=words):
        parse_record({"messages": said}, "f:1", folder)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["messages", "role", "content", "type", "image", "text", "images"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_a_record_is_it_is_read_or_gets_a_sentence(junk: object) -> None:
    for value in (junk, {"messages": junk}, {"messages": [{"role": "user", "content": junk}], "images": junk}):
        with suppress(SightlineError):
            parse_record(value, "f:1", Path())


def test_a_missing_picture_is_told_with_the_way_out_and_that_works(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "a.png").rename(folder / "elsewhere" / "a.png")
    write(folder / "qa.jsonl", lines([record()]))
    (source,) = ConversationMix.of([str(folder / "qa.jsonl")]).sources
    with pytest.raises(SightlineError, match=f"start from {folder}") as caught:
        read_pictures(source[0])
    line = re.search("`(NAME.*?)`", str(caught.value))[1]
    line = line.replace("NAME", "mine").replace("FILE", "qa.jsonl").replace("DIR", "elsewhere")
    write(folder / "other.yaml", line)
    (source,) = ConversationMix.of([str(folder / "other.yaml")]).sources
    assert read_pictures(source[0])[0].shape == (20, 30, 3)
    # Of the file's own name, it need not even be given.
    write(folder / "qa.yaml", line)
    (source,) = ConversationMix.of([str(folder / "qa.jsonl")]).sources
    assert read_pictures(source[0])[0].shape == (20, 30, 3)
    write(folder / "qa.yaml", line.replace("pictures", "picturs"))
    with pytest.raises(SightlineError, match="did you mean 'pictures'"):
        ConversationMix.of([str(folder / "qa.jsonl")])
    write(folder / "qa.yaml", "something: else")
    assert ConversationMix.of([str(folder / "qa.jsonl")]).sources[0].config.pictures is None


def test_a_registry_names_sources(folder: Path) -> None:
    (folder / "pictures").mkdir()
    write(folder / "a.jsonl", lines([record(number) for number in range(200)]))
    entries = "kitchen: {annotations: a.jsonl, pictures: pictures, coordinates: model}\nplain: {annotations: a.jsonl}\n"
    registry = read_registry(write(folder / "registry.yaml", entries))
    kitchen = open_source(registry, "kitchen")
    assert len(kitchen) == 200 and kitchen[3].pictures == (folder / "pictures" / "a.png",)
    assert kitchen[3].coordinates == "model" and open_source(registry, "plain")[0].coordinates == "picture"
    some, again, others = (open_source(registry, "plain%25", seed) for seed in (1, 1, 2))
    assert len(some) == 50 and np.array_equal(some.rows, again.rows) and not np.array_equal(some.rows, others.rows)
    for name, words in (("kitchin", "did you mean 'kitchen'"), ("plain%x", "how many percent"), ("plain%0", "over 0")):
        with pytest.raises(SightlineError, match=words):
            open_source(registry, name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "must hold"),
        ("a: b\n", "must hold"),
        ("a: {annotation: x}\n", "entry 'a': .*did you mean 'annotations'"),
        ("a: {annotations: x, coordinates: metres}\n", "entry 'a'.*picture"),
        ("a: {\n", "not valid YAML"),
    ],
)
def test_a_wrong_registry_is_explained(folder: Path, text: str, words: str) -> None:
    with pytest.raises(SightlineError, match=words):
        read_registry(write(folder / "registry.yaml", text))
    with pytest.raises(SightlineError, match="cannot be read"):
        read_registry(folder / "none.yaml")


def test_our_own_questions_are_readable(pristine: Path, tmp_path: Path) -> None:
    out, images = tmp_path / "qa.jsonl", tmp_path / "pictures"
    write_questions([pristine], out, 24, ("box", "point", "trace", "counting"), images=images)
    source = Conversations(SourceConfig(out, images))
    assert len(source) == 24
    for number in range(len(source)):
        found = source[number]
        assert found.kind in ("box", "point", "trace", "counting")
        assert read_picture(found.pictures[0]).shape == (64, 64, 3)
