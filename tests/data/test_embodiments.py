"""Data configurations: the registry holds together, own ones come from YAML, cards say what actions do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.core.config import load_config, save_yaml
from sightline.core.errors import SightlineError
from sightline.data.embodiments import EMBODIMENTS, CameraSource, Part, find_embodiment
from sightline.data.mixture import MIXTURES, MixtureConfig

# Sizes of state and action, number of views: what official checkpoints were trained with.
SIZES = {
    "oxe_bridge": (8, 7, 1), "oxe_rt1": (8, 7, 1), "libero_franka": (8, 7, 2), "oxe_droid": (10, 7, 3),
    "demo_sim_franka_delta_joints": (7, 8, 2), "custom_robot_config": (6, 7, 2), "sightline": (12, 7, 2),
}  # fmt: skip


def test_the_registry_is_complete() -> None:
    assert {name: (len(e.state_names), len(e.action_names), len(e.cameras)) for name, e in EMBODIMENTS.items()} == SIZES


@pytest.mark.parametrize("name", EMBODIMENTS)
def test_every_configuration_says_what_its_actions_do(name: str, tmp_path: Path) -> None:
    embodiment = find_embodiment(name)
    card = embodiment.card((224, 224), 29.97, 16)
    assert (card.robot, card.control_hz, card.chunk) == (name, 30, 16)
    assert card.action_space and card.rotation and ("open" in card.gripper or "clos" in card.gripper)
    gripper = [part for part in embodiment.action if part.key.startswith("gripper")]
    assert [part.mode for part in gripper] == ["binary"] and not gripper[0].delta
    assert all(part.delta for part in embodiment.action if part not in gripper)
    save_yaml(embodiment, tmp_path / "own.yaml")
    assert find_embodiment(tmp_path / "own.yaml") == embodiment


def test_the_configurations_in_the_documents(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs/data.md").read_text()
    arm, mixture = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)
    (tmp_path / "arm.yml").write_text(arm)
    own = find_embodiment(tmp_path / "arm.yml")
    assert own.cameras == (CameraSource("primary", "top"),) and len(own.action_names) == 7
    (tmp_path / "mixture.yml").write_text(mixture)
    assert load_config(MixtureConfig, tmp_path / "mixture.yml").sources == tuple(
        replace(source, weight=weight)
        for source, weight in zip(MIXTURES["bridge_rt_1"].sources, (2.0, 1.0), strict=True)
    )


@pytest.mark.parametrize(
    "name, message",
    [("oxe_brige", "did you mean 'oxe_bridge'"), ("missing.yaml", "Cannot read"), ("libero_ur5", "Unknown embodiment")],
)
def test_unknown_configurations(name: str, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        find_embodiment(name)


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"names": ()}, "needs a name for each"),
        ({"mode": "minmax"}, "did you mean 'min_max'"),
        ({"rotation": "quat"}, "rotation form"),
        ({"derive": "delta_joint", "sources": ("joints",)}, "did you mean 'delta_joints'"),
        ({"derive": "delta_position", "sources": ("place",)}, "from position, rotation"),
    ],
)
def test_wrong_parts_are_named(fields: dict, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        Part(**{"key": "arm", "names": ("a",), **fields})


def test_wrong_configurations_are_named() -> None:
    bridge = EMBODIMENTS["oxe_bridge"]
    with pytest.raises(SightlineError, match=r"names the action \['x'\] twice"):
        replace(bridge, action=bridge.action[:1] * 2)
    with pytest.raises(SightlineError, match="at least one camera"):
        replace(bridge, cameras=())
    with pytest.raises(SightlineError, match="did you mean 'gripper'"):
        replace(bridge, gripper_key="griper")
