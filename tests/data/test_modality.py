"""What modality.json says, what stands in for it, and what is said about a wrong one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign import REAL, needs_real, write_groot, write_ipec

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.embodiments import EMBODIMENTS, Part
from sightline.data.modality import Field, Modality, dimension_names, read_modality
from sightline.data.recordings import Recordings

BRIDGE = EMBODIMENTS["oxe_bridge"]


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


def undeclared(features: dict) -> Modality:
    numbers = {name: {"dtype": "float32", **spec} for name, spec in features.items()}
    return read_modality(Path("nowhere"), {"features": numbers})


@pytest.mark.parametrize("name", ["actions", "actions.joint.position", "action_joint", "action"])
def test_columns_whose_first_word_is_action_are_actions(name: str) -> None:
    found = undeclared({name: {"shape": [2]}, "state": {"shape": [2], "names": ["x", "y"]}})
    assert found.find("action", name) == Field(name) and name not in found.state
    assert found.find("state", "y") == Field("state", 1, 2)
    if name == "actions.joint.position":
        assert found.find("action", "joint.position") == Field(name)


def test_named_dimensions_of_openpis_columns() -> None:
    found = undeclared({"actions": {"shape": [2], "names": ["dx", "grip"]}})
    assert found.find("action", "grip") == Field("actions", 1, 2)


@pytest.mark.parametrize(
    "names, wanted",
    [
        ({"delta_x": 0, "delta_y": 1, "gripper": 2}, ["delta_x", "delta_y", "gripper"]),
        (
            {"gripper": 2, "delta_y": 1, "delta_x": 0},
            ["delta_x", "delta_y", "gripper"],
        ),  # places count
        ({"motors": ["a", "b", "c"]}, ["a", "b", "c"]),
        ({"arm": {"x": 0, "y": 1}, "hand": ["g"]}, ["x", "y", "g"]),
        (["a", "b", "c"], ["a", "b", "c"]),
        (None, []),
    ],
)
def test_names_of_dimensions_as_others_write_them(names: Any, wanted: list[str]) -> None:
    assert dimension_names({"shape": [3], "names": names}) == wanted
    found = undeclared({"action": {"shape": [3], "names": names}})
    for at, name in enumerate(wanted):
        assert found.find("action", name) == Field("action", at, at + 1)


@pytest.mark.parametrize(
    "names, reason",
    [(["a", "b"], "2 names for 3 dimensions"), ({"a": 1, "b": 2, "c": 3}, "do not count from 0 on")],
)
def test_names_that_do_not_fit_are_not_used(names: Any, reason: str) -> None:
    found = undeclared({"action": {"shape": [3], "names": names}})
    with pytest.raises(SightlineError, match=f"'a' that could be told: 'action' cannot be split.*{reason}"):
        found.find("action", "a")
    assert found.find("action", "action") == Field("action")


def test_a_name_that_stands_for_two_things_stands_for_neither(tmp_path: Path) -> None:
    """And the advice that is given works as typed."""
    columns = {"observation.joints": {"shape": [2]}, "state.joints": {"shape": [2]}}
    whole = {"action": {"shape": [3], "names": ["g", "g", "h"]}}
    found = undeclared(columns | whole)
    with pytest.raises(SightlineError, match=r"'column: observation\.joints, start: 0' or 'column: state\.joints"):
        found.find("state", "joints")
    with pytest.raises(SightlineError, match="'column: action, start: 0' or 'column: action, start: 1'"):
        found.find("action", "g")
    assert found.find("state", "state.joints") == Field("state.joints")
    assert found.find("action", "h") == Field("action", 2, 3)
    root = write_ipec(tmp_path)
    twice = replace(BRIDGE, action=(Part("g", ("g",), column="action", start=1),), motion=(), gripper_key="")
    np.testing.assert_array_equal(
        Recordings(load_dataset(root), twice, 2).action(0)[:, 0], load_dataset(root).columns(0)["action"][:, 1]
    )


def test_an_action_that_is_filed_as_a_state_is_found_by_the_advice() -> None:
    found = undeclared({"observation.command": {"shape": [2]}})
    with pytest.raises(
        SightlineError, match=r"only a state of that name; give the part 'column: observation\.command'"
    ):
        found.find("action", "command")


def test_without_annotations_the_list_of_tasks_is_named(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    path = root / "meta/modality.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"annotation": {}}))
    joints = EMBODIMENTS["demo_sim_franka_delta_joints"]
    with pytest.raises(SightlineError, match="set 'language: task_index' in the embodiment"):
        Recordings(load_dataset(root), joints, 2)
    found = Recordings(load_dataset(root), replace(joints, language="task_index"), 2)
    assert found.instruction(0, 0) == "stir the soup"


@pytest.mark.parametrize(
    "content, message",
    [
        ({"action": {"arm": {"start": 3, "end": 3}}}, "start 3 and end 3"),
        ({"action": {"arm": {"start": 0}}}, "end None"),
        ({"action": {"arm": {"start": True, "end": 2}}}, "whole numbers"),
        ({"action": {"arm": 4}}, "must be an object"),
        ({"action": {"arm": {"start": 0, "end": 4, "rotation_type": "quaternions"}}}, "did you mean 'quaternion'"),
        ({"action": {"arm": {"start": 0, "end": 4, "original_key": 7}}}, "original_key"),
        ({"action": {"arm": {"start": 0, "end": 4, "rotation_type": [1]}}}, "must be a text, found"),
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
