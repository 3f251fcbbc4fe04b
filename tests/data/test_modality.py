"""What modality.json says, what stands in for it, and what is said about a wrong one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from foreign import REAL, needs_real, write_groot, write_ipec

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.modality import Field, Modality, read_modality


def modality_of(root: Path) -> Modality:
    return read_modality(root, load_dataset(root).info)


def test_declared_sub_keys(tmp_path: Path) -> None:
    found = modality_of(write_groot(tmp_path))
    assert found.declared and found.find("state", "joints") == Field("state.joints", 0, 7)
    assert found.find("video", "ego_view") == "video.ego_view"
    assert found.find("annotation", "human.action.task_description") == "task_index"


def test_defaults_and_rotation_of_an_entry(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    entry = {"start": 3, "end": 7, "rotation_type": "quaternion", "absolute": False, "dtype": "float32"}
    (tmp_path / "meta/modality.json").write_text(
        json.dumps({"action": {"turn": entry}, "state": {"turn": {"start": 0, "end": 4}}, "video": {"top": {}}})
    )
    found = read_modality(tmp_path, {"features": {}})
    assert found.find("action", "turn") == Field("action", 3, 7, "quaternion", relative=True)
    assert found.find("state", "turn") == Field("observation.state", 0, 4) and found.find("video", "top") == "top"


def test_the_nearest_sub_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"modality\.json has no action 'joint' \(did you mean 'joints'\?\)"):
        modality_of(write_groot(tmp_path)).find("action", "joint")


def test_without_the_file_columns_and_named_dimensions_stand_for_themselves(tmp_path: Path) -> None:
    found = modality_of(write_ipec(tmp_path))
    assert not found.declared
    assert found.find("state", "observation.state") == Field("observation.state")
    assert found.find("state", "gripper") == Field("observation.state", 7, 8)
    assert found.find("action", "gripper") == Field("action", 6, 7)
    assert found.find("video", "image_0") == "observation.images.image_0"
    assert "timestamp" not in found.state and "task_index" not in found.state


def test_prefixes_are_optional(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    (root / "meta/modality.json").unlink()
    found = modality_of(root)
    assert found.find("state", "joints") == found.find("state", "state.joints") == Field("state.joints")
    assert found.find("action", "joints") == Field("action.joints")


@pytest.mark.parametrize(
    "content, message",
    [
        ({"action": {"arm": {"start": 3, "end": 3}}}, "start 3 and end 3"),
        ({"action": {"arm": {"start": 0}}}, "end None"),
        ({"action": {"arm": {"start": True, "end": 2}}}, "whole numbers"),
        ({"action": {"arm": 4}}, "must be an object"),
        ({"action": {"arm": {"start": 0, "end": 4, "rotation_type": "quaternions"}}}, "did you mean 'quaternion'"),
        ({"action": {"arm": {"start": 0, "end": 4, "original_key": 7}}}, "original_key"),
        ({"video": {"top": "video.top"}}, "original_key"),
        ({"state": []}, "must hold an object with the groups"),
        ([], "must hold an object with the groups"),
    ],
)
def test_malformed_files_are_named(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/modality.json").write_text(json.dumps(content))
    with pytest.raises(SightlineError, match=message):
        read_modality(tmp_path, {"features": {}})


@needs_real
def test_real_recording() -> None:
    found = modality_of(REAL)
    assert found.find("action", "gripper_width") == Field("action.gripper_width", 0, 6)
    assert list(found.video) == ["base_view", "base_view_2", "ego_view"]
