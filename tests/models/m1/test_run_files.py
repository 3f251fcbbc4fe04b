"""config.yaml and dataset_statistics.json of official runs, mutated: a sentence each, or the official default."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import official
import pytest
import torch
import yaml
from torch import Tensor

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.models.backbones import read_tensors
from sightline.models.m1.layout import from_official
from sightline.models.m1.official import RunParts, load_official, locate, run_parts
from sightline.models.m1.run_files import RunFiles, choose_tag
from sightline.models.m1.statistics import OWN_CARD
from sightline.models.normalisation import Scaler

COUNT = 600
OTHERS: tuple[Any, ...] = (
    None, True, -3, 0, 7, 2.5, "latest", "", "x" * 300, [], [1], {}, {"a": [None]}, 10**400, float("nan"), [[1, 2], 3],
)  # fmt: skip


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("official") / "run"
    official.write_run(folder)
    return folder


@pytest.fixture(scope="module")
def weights(run_folder: Path) -> dict[str, Tensor]:
    file, _ = locate(run_folder)
    return from_official(read_tensors(file), str(file))[0]


def parts(folder: Path, weights: dict[str, Tensor], base: Path) -> RunParts:
    files = RunFiles.read(folder)
    return run_parts(files, weights, choose_tag(files.statistics, None), base)


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Paths to every value in a tree."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutated(values: dict, rng: random.Random) -> tuple[dict, str]:
    """A copy with one place dropped, of another type, or of another length."""
    found = copy.deepcopy(values)
    path = rng.choice(list(places(found)))
    holder = found
    for key in path[:-1]:
        holder = holder[key]
    way = rng.choice(("drop", "other", "length"))
    inner = holder[path[-1]]
    if way == "length" and isinstance(inner, list) and inner:
        holder[path[-1]] = inner + inner[-1:] if rng.random() < 0.5 else inner[:-1]
    elif way == "drop":
        del holder[path[-1]]
    else:
        holder[path[-1]] = rng.choice(OTHERS)
    return found, f"{way} {path}"


def full_config(run_folder: Path) -> dict:
    """A configuration with every group that is read, our own card among them."""
    values = yaml.safe_load((run_folder / "config.yaml").read_text())
    values["framework"]["qwenvl"] = {"base_vlm": "base_vlm"}
    values["framework"]["action_model"]["past_action_window_size"] = 0
    values["trainer"] = {"repeated_diffusion_steps": 4, "pretrained_checkpoint": None}
    names = tuple(f"a{i}" for i in range(7))
    return values | {OWN_CARD: Card("arm", ("primary",), (224, 224), (), names, chunk=16).to_dict()}


@pytest.mark.parametrize("name", ["config.yaml", "dataset_statistics.json"])
def test_mutations_get_a_sentence_or_a_default(
    name: str, run_folder: Path, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    config = full_config(run_folder)
    statistics = json.loads((run_folder / "dataset_statistics.json").read_text())
    rng, refused = random.Random(0), 0
    for number in range(COUNT):
        mine, theirs, what = config, statistics, ""
        if name == "config.yaml":
            mine, what = mutated(config, rng)
        else:
            theirs, what = mutated(statistics, rng)
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(mine))
        (tmp_path / "dataset_statistics.json").write_text(json.dumps(theirs))
        try:
            found = parts(tmp_path, weights, run_folder / "base_vlm")
            scaler = Scaler.from_statistics(found.statistics["action"], "action")  # as the policy will
        except SightlineError as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) < 600 + len(str(tmp_path)), (number, what)
            continue
        assert (found.system.action_dim, found.system.chunk) == (7, 16), (number, what)
        assert (len(found.card.action_names), found.card.chunk) == (7, 16), (number, what)
        assert np.isfinite(scaler.inverse(np.zeros((2, 7), np.float32))).all(), (number, what)
    assert COUNT / 3 < refused < COUNT, refused


@pytest.mark.parametrize("text", ["", "- 3", "a: [", "\x00", '{"a": '])
@pytest.mark.parametrize("name", ["config.yaml", "dataset_statistics.json"])
def test_files_that_are_none_are_named(run_folder: Path, tmp_path: Path, name: str, text: str) -> None:
    for other in ("config.yaml", "dataset_statistics.json"):
        (tmp_path / other).write_text((run_folder / other).read_text())
    (tmp_path / name).write_text(text)
    with pytest.raises(SightlineError, match=f"{name} (cannot be read|does not hold|holds no)"):
        RunFiles.read(tmp_path)


@pytest.fixture
def linked(run_folder: Path, tmp_path: Path) -> Path:
    """The run with files of its own and the weights shared."""
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("config.yaml", "dataset_statistics.json"):
        (folder / name).write_text((run_folder / name).read_text())
    (folder / "base_vlm").symlink_to(run_folder / "base_vlm")
    (folder / "checkpoints/steps_100_pytorch_model.pt").symlink_to(locate(run_folder)[0])
    return folder


def change(path: Path, name: str, values: Any) -> None:
    stored = yaml.safe_load(path.read_text())
    *groups, last = name.split(".")
    holder = stored
    for group in groups:
        holder = holder.setdefault(group, {})
    holder[last] = values
    path.write_text(json.dumps(stored))  # JSON is YAML


@pytest.mark.parametrize(
    ("file", "name", "value", "message"),
    [
        ("dataset_statistics.json", "franka.action.q01", None, r"'franka.action.q01' must be a list .*not nothing"),
        ("dataset_statistics.json", "franka.action.q99", [0.5] * 8, "has 8 values, but the network has 7 actions"),
        ("dataset_statistics.json", "franka.action.mask", [1] * 7, "true or false"),
        ("dataset_statistics.json", "franka.action", 3, "'franka.action' must be statistics"),
        ("config.yaml", "framework.layer_qformer.grad_scale", "half", "grad_scale' must be a number, not 'half'"),
        ("config.yaml", "trainer", [4], "'trainer' must be a group of keys, not .4."),
        ("config.yaml", "framework.action_model.future_action_window_size", 7, "chunks of 8 actions"),
        ("config.yaml", "datasets.vla_data.CoT_prompt", "Do it.", "with {instruction} in it"),
        ("config.yaml", "datasets.vla_data.image_size", [], "a multiple of 28 pixels"),
    ],
)
def test_what_is_wrong_is_named(linked: Path, file: str, name: str, value: Any, message: str) -> None:
    change(linked / file, name, value)
    with pytest.raises(SightlineError, match=message):
        load_official(linked)


def test_what_is_empty_has_the_official_default(linked: Path, run_folder: Path) -> None:
    for name in ("trainer", "datasets", "framework.layer_qformer.grad_scale", "framework.qwenvl"):
        change(linked / "config.yaml", name, None)
    found, before = load_official(linked), load_official(run_folder)
    assert found.config.querying == before.config.querying and found.config.expert.repeated_steps == 4
    assert found.config.prompt == "{instruction}"


def test_a_checkpoint_without_a_number_is_taken_alone_and_never_guessed(linked: Path) -> None:
    (only,) = linked.glob("checkpoints/*.pt")
    only.rename(only.with_name("steps_latest_pytorch_model.pt"))
    assert locate(linked)[0].name == "steps_latest_pytorch_model.pt"
    torch.save({}, only)
    with pytest.raises(SightlineError, match=r"steps_latest_pytorch_model.pt has no number .* give the file"):
        locate(linked)
    assert locate(only)[0] == only
