"""Runs on recordings of somebody else: advice that works when it is typed, and a folder that remembers how they were
read."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from foreign import rewrite_column
from keyed import ARM, write_v2

from sightline.cli.commands import execute, parse
from sightline.core.config import save_yaml
from sightline.core.errors import SightlineError

SMALL = [
    "system.planner.vision_depth=1", "system.planner.vision_width=64", "system.planner.vision_hidden=64",
    "system.planner.depth=1", "system.planner.width=64", "system.planner.hidden=64", "system.planner.heads=1",
    "system.planner.key_value_heads=1", "system.planner.vocabulary=512", "system.planner.image_size=56",
    "system.planner.window=56", "system.planner.max_pixels=3136", "system.visual.depth=1", "system.visual.width=384",
    "system.visual.heads=6", "system.expert.depth=1", "system.expert.width=384", "system.expert.heads=4",
    "system.chunk=2", "device=cpu", "threads=1", "evaluate_every=1000", "action.samples=2", "held_out=0",
]  # fmt: skip


def run(line: str, *settings: str) -> None:
    arguments = line.split()
    for setting in [*SMALL, *settings]:
        arguments += ["--set", setting]
    execute(parse(arguments))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_v2(tmp_path_factory.mktemp("recorded") / "data", {0: 6, 1: 5})


@pytest.fixture(scope="module")
def arm(data: Path) -> Path:
    path = data.parent / "arm.yaml"
    save_yaml(ARM, path)
    return path


@pytest.fixture(scope="module")
def begun(data: Path, arm: Path) -> Path:
    out = data.parent / "run"
    run(f"posttrain --preset m1-mini --guidance none --embodiment {arm} --data {data} --out {out}", "steps=1")
    return out


@pytest.mark.parametrize("stage", ["posttrain", "posttrain --guidance none", "pretrain"])
def test_the_default_preset_says_what_to_type_and_that_works(stage: str, data: Path, arm: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(SightlineError, match="has no interface card") as caught:
        execute(parse(f"{stage} --data {data} --out {out}".split()))
    assert not out.exists()
    advice = re.search(r"sightline (posttrain .*) NAME_OR_YAML", str(caught.value))
    assert advice is not None
    run(f"{advice[1]} {arm} --data {data} --out {out}", "steps=1")
    assert (out / "checkpoints/last/policy/model.safetensors").is_file()


def test_options_for_recordings_name_the_preset(data: Path, arm: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"--embodiment: .*presets m1 and m1-mini\): add --preset"):
        execute(parse(f"posttrain --data {data} --embodiment {arm} --out {tmp_path}/run".split()))


def other_values(data: Path, folder: Path) -> Path:
    """The same episodes in other units."""
    shutil.copytree(data, folder)
    for episode, length in enumerate((6, 5)):
        rewrite_column(folder, episode, "action", [[90.0 + t, 90.0 + t] for t in range(length)])
    return folder


@pytest.mark.parametrize("change", ["values", "mode", "meaning", "rate", "fewer", "seed"])
def test_what_is_read_otherwise_is_refused_by_name(
    change: str, data: Path, arm: Path, begun: Path, tmp_path: Path
) -> None:
    here, robot, settings, named = data, arm, ["steps=2"], ""
    if change == "values":
        here, named = other_values(data, tmp_path / "degrees"), r"statistics\.action\.min\[0\]: "
    elif change in ("mode", "meaning"):
        part = replace(ARM.action[0], mode="q99") if change == "mode" else ARM.action[0]
        robot = tmp_path / "other.yaml"
        save_yaml(replace(ARM, action=(part,), gripper="none" if change == "mode" else "1 closed"), robot)
        named = {"mode": r"embodiment\[0\]\.action\[0\]\.mode: min_max != q99", "meaning": "gripper: none != 1 closed"}[
            change
        ]
    elif change == "seed":
        settings.append("seed=3")
        named = "seed: 0 != 3"
    else:
        here = write_v2(
            tmp_path / "new", {0: 6} if change == "fewer" else {0: 6, 1: 5}, fps=10 if change == "fewer" else 30
        )
        named = "data: data, 2 episodes, 11 frames .* != new"
    line = f"posttrain --preset m1-mini --guidance none --embodiment {robot} --data {here} --out {begun}"
    with pytest.raises(SightlineError, match=f"begun otherwise .*{named}.*resume it with the same, or choose another"):
        run(line, *settings)


def test_the_same_goes_on_wherever_it_lies_and_under_any_name(
    data: Path, arm: Path, begun: Path, tmp_path: Path
) -> None:
    out, moved = shutil.copytree(begun, tmp_path / "run", symlinks=True), shutil.copytree(data, tmp_path / "moved")
    run(f"posttrain --preset m1-mini --guidance none --embodiment {arm} --data {moved} --out {out}", "steps=2")
    state = json.loads((out / "checkpoints/last/training_state/state.json").read_text())
    assert state["step"] == 2


def test_conversations_are_remembered(tmp_path: Path) -> None:
    def write(name: str, words: str) -> Path:
        record = {"conversations": [{"from": "human", "value": "What is it?"}, {"from": "gpt", "value": words}]}
        path = tmp_path / name
        path.write_text("".join(json.dumps({"id": str(i), **record}) + "\n" for i in range(4)))
        return path

    first, other, out = write("a.jsonl", "A mug."), write("b.jsonl", "A can."), tmp_path / "run"
    line = "pretrain --preset m1-mini --set chat.samples=2 --chat"
    run(f"{line} {first} --out {out}", "steps=1")
    with pytest.raises(SightlineError, match=r"conversations: a, 4 records \(.*\) != b, 4 records"):
        run(f"{line} {other} --out {out}", "steps=2")
    first.write_text(first.read_text().replace("mug", "jug"))
    with pytest.raises(SightlineError, match="conversations: a, 4 records"):
        run(f"{line} {first} --out {out}", "steps=2")
