"""Files of questions: complete or absent, the same for any number of processes, with the pictures that they name."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversation_record import read_pictures
from sightline.data.dataset import load_dataset
from sightline.engine.vqa.asking import KINDS, SHARES, Order, ask_episode
from sightline.engine.vqa.stream import share_out, unique_names, write_questions


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_are_what_llava_users_expect(demonstrations: Path, slides: Path, tmp_path: Path) -> None:
    out, images = tmp_path / "deep" / "qa.jsonl", tmp_path / "pictures"
    result = write_questions([demonstrations, slides], out, 300, seed=3, images=images)
    lines = lines_of(out)
    assert result["lines"] == len(lines) == 300 and result["bytes"] == out.stat().st_size
    assert result["pairs"] == sum(len(line["conversations"]) // 2 for line in lines) > 300
    assert len({line["id"] for line in lines}) == 300
    assert result["pictures"] == len({line["image"] for line in lines}) == len(list(images.rglob("*.jpg")))
    assert result["kinds"] == Counter(line["kind"] for line in lines)
    for line in lines:
        assert set(line) == {"id", "image", "width", "height", "kind", "conversations"}
        speakers = [turn["from"] for turn in line["conversations"]]
        assert speakers == ["human", "gpt"] * (len(speakers) // 2)
        values = [turn["value"] for turn in line["conversations"]]
        assert values[0].startswith("<image>\n") and not any("<image>" in value for value in values[1:])
        assert all(values)
    with Image.open(images / lines[0]["image"]) as picture:
        assert picture.size == (lines[0]["width"], lines[0]["height"]) == (112, 112)
    assert not list(out.parent.glob(".*"))


def test_the_pictures_are_found_by_whoever_trains_on_the_file(slides: Path, tmp_path: Path) -> None:
    """As README writes it, and with pictures elsewhere: `--chat FILE` finds them."""
    for out, images in (
        (tmp_path / "qa.jsonl", tmp_path / "pictures"),
        (tmp_path / "deep" / "second.jsonl", tmp_path / "with spaces" / "pictures"),
    ):
        write_questions([slides], out, 20, images=images)
        (source,) = ConversationMix.of([str(out)]).sources
        assert all(read_pictures(source[number])[0].shape == (112, 112, 3) for number in range(20))
        write_questions([slides], out, 20, images=images)
        (named,) = ConversationMix.of([str(out.with_suffix(".yaml"))]).sources
        assert named[3] == source[3]


def test_a_file_of_somebody_elses_is_not_overwritten(slides: Path, tmp_path: Path) -> None:
    (tmp_path / "qa.yaml").write_text("mine: 3\n")
    with pytest.raises(SightlineError, match=r"qa\.yaml is not of 'sightline questions'"):
        write_questions([slides], tmp_path / "qa.jsonl", 8, images=tmp_path / "pictures")
    assert (tmp_path / "qa.yaml").read_text() == "mine: 3\n" and not (tmp_path / "qa.jsonl").exists()


def test_without_pictures_that_is_said(slides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_questions([slides], tmp_path / "qa.jsonl", 8)
    assert "--images DIR" in capsys.readouterr().out and not (tmp_path / "qa.yaml").exists()
    (source,) = ConversationMix.of([str(tmp_path / "qa.jsonl")]).sources
    with pytest.raises(SightlineError, match=r"start from .*pictures: DIR"):
        read_pictures(source[0])


def test_pictures_are_the_frames_that_they_are_named_after(demonstrations: Path, tmp_path: Path) -> None:
    write_questions([demonstrations], tmp_path / "qa.jsonl", 8, images=tmp_path)
    dataset = load_dataset(demonstrations)
    for file in tmp_path.rglob("*.jpg"):
        camera, frame = file.stem.split("-")
        truth = dataset.frame(int(file.parent.name), int(frame), camera).astype(int)
        assert np.abs(np.asarray(Image.open(file)).astype(int) - truth).mean() < 4


def test_the_file_is_the_same_for_any_number_of_processes(demonstrations: Path, slides: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.jsonl" for name in ("one", "two", "other")]
    for file, workers, seed in zip(files, (1, 2, 1), (7, 7, 8), strict=True):
        write_questions([slides, demonstrations], file, 120, seed=seed, workers=workers)
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()


def test_kinds_can_be_chosen_and_keep_their_shares(slides: Path, tmp_path: Path) -> None:
    assert set(SHARES) == set(KINDS) and sum(SHARES.values()) == pytest.approx(1)
    out = tmp_path / "qa.jsonl"
    kinds = write_questions([slides], out, 200, kinds=("box", "point"))["kinds"]
    assert set(kinds) == {"box", "point"}
    assert kinds["box"] / 200 == pytest.approx(SHARES["box"] / (SHARES["box"] + SHARES["point"]), abs=0.06)
    kinds = write_questions([slides], out, 400)["kinds"]
    assert all(kinds[kind] / 400 == pytest.approx(share, abs=0.04) for kind, share in SHARES.items())


def test_no_question_is_asked_twice_about_a_picture(slides: Path) -> None:
    dataset = load_dataset(slides)
    made = ask_episode(dataset, "slides", 0, 600, Order(kinds=("point", "counting")))
    records = [json.loads(line) for line in made.text.splitlines()]
    asked = Counter((record["image"], record["conversations"][0]["value"]) for record in records)
    assert max(asked.values()) == 1 and made.count == len(records) > 300


def test_what_cannot_be_found_is_said(slides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = write_questions([slides], tmp_path / "qa.jsonl", 3000, kinds=("amodal",), language="plain")
    assert 0 < result["lines"] < 3000
    assert f"Only {result['lines']} of 3000 lines" in capsys.readouterr().out


def test_lines_are_spread_over_all_pictures(demonstrations: Path, slides: Path) -> None:
    datasets = [load_dataset(demonstrations), load_dataset(slides)]
    parts = share_out(datasets, 1000, 0)
    assert sum(part.lines for part in parts) == 1000 and len(parts) == 4
    frames = [datasets[part.dataset].episodes[part.episode].length for part in parts]
    each = [part.lines / length for part, length in zip(parts, frames, strict=True)]
    assert max(each) - min(each) < 0.1
    assert len(share_out(datasets, 9, 0)) == 1 and len(share_out(datasets, 17, 0)) == 2
    assert unique_names(["a", "b", "a", "a"]) == ["a", "b", "a-2", "a-3"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "at least 1"),
        ({"workers": 0}, "at least 1"),
        ({"kinds": ("boxes",)}, "did you mean 'box'"),
        ({"language": "rich", "phrasing": "new"}, "phrasing"),
        ({"language": "plain", "phrasing": "unseen"}, "known: train"),
    ],
)
def test_impossible_orders_are_one_sentence(slides: Path, tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        write_questions([slides], tmp_path / "qa.jsonl", **({"count": 10} | change))
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_no_file(slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sightline.engine.vqa import stream

    def fail(*_: object) -> None:
        raise SightlineError("a file is damaged")

    monkeypatch.setattr(stream, "ask_episode", fail)
    with pytest.raises(SightlineError, match="damaged"):
        write_questions([slides], tmp_path / "qa.jsonl", 10)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="permissions")
def test_a_place_that_cannot_be_written_is_named(slides: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SightlineError, match="choose another"):
        write_questions([slides], tmp_path / "file" / "qa.jsonl", 10)
