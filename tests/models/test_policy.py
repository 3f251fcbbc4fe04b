"""The policy in physical units: files, errors, and independence of the company it keeps."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nano import CARD, nano_config, nano_observation, nano_policy
from safetensors.torch import load_file, save_file

from sightline.core.errors import SightlineError
from sightline.core.types import Observation
from sightline.data.answers import NOT_THERE, parse_boxes
from sightline.models.config import GroundingHeadConfig
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.tokenizer import WordTokenizer

OBSERVATIONS = [
    nano_observation(1),
    nano_observation(2, "take the can"),
    nano_observation(3, "Move the green can from here to a place that is to the left of the large blue bowl"),
]


@pytest.fixture(scope="module")
def saved(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    policy.save_pretrained(folder)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


# ---- acting ---------------------------------------------------------------------------------------------------------


def test_actions_are_in_physical_units(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    expert, sampled = policy.system.expert, []
    sample = expert.sample
    monkeypatch.setattr(expert, "sample", lambda *given: sampled.append(sample(*given)) or sampled[-1])
    policy.reset()
    chunk = policy.act(OBSERVATIONS[0])
    assert chunk.actions.shape == (8, 7) and chunk.actions.dtype == np.float32
    assert set(np.unique(chunk.actions[:, -1])) <= {-1.0, 1.0}
    assert chunk.grounding is not None and chunk.grounding.camera == "front"
    assert set(chunk.grounding.points) == {"target", "reference", "place"} and chunk.grounding.trace.shape == (8, 2)
    normalised = sampled[0][0].numpy()
    middle, half = 0.005, 0.055
    np.testing.assert_allclose(chunk.actions[:, :6], middle + half * normalised[:, :6], atol=1e-4)
    np.testing.assert_array_equal(chunk.actions[:, 6], np.where(normalised[:, 6] > 0, 1, -1))


def test_rows_do_not_depend_on_their_neighbours(policy: Policy) -> None:
    policy.reset()
    together = policy.act_batch(OBSERVATIONS, [0, 1, 2])
    for row in (2, 0, 1):
        policy.reset()
        alone = policy.act_batch([OBSERVATIONS[row]], [row])[0]
        np.testing.assert_allclose(alone.actions, together[row].actions, atol=1e-4)
        for role, point in alone.grounding.points.items():
            np.testing.assert_allclose(point, together[row].grounding.points[role], atol=1e-3)
    assert np.abs(together[0].actions - together[1].actions).max() > 1e-3
    # Nor on the number of the row: more episodes at once must not change how any of them goes.
    elsewhere = policy.act_batch([OBSERVATIONS[0]], [17])[0]
    np.testing.assert_allclose(elsewhere.actions, together[0].actions, atol=1e-4)


def test_reset_starts_the_noise_afresh(policy: Policy) -> None:
    policy.reset()
    first = [policy.act_batch(OBSERVATIONS[:2], [0, 1]) for _ in range(2)]
    assert not np.array_equal(first[0][0].actions, first[1][0].actions)
    policy.reset([1])
    again = policy.act_batch(OBSERVATIONS[:2], [0, 1])
    np.testing.assert_allclose(again[1].actions, first[0][1].actions, atol=1e-5)
    assert not np.array_equal(again[0].actions, first[0][0].actions)
    policy.reset()
    np.testing.assert_array_equal(policy.act_batch(OBSERVATIONS[:2], [0, 1])[0].actions, first[0][0].actions)


def test_another_instruction_drops_what_was_seen_for_the_last_one(policy: Policy) -> None:
    def second_chunk(first_words: str, words: str) -> np.ndarray:
        policy.reset()
        policy.act(replace(OBSERVATIONS[0], instruction=first_words))
        return policy.act(replace(OBSERVATIONS[1], instruction=words)).actions

    one, two, now = (observation.instruction for observation in OBSERVATIONS)
    np.testing.assert_array_equal(second_chunk(one, now), second_chunk(two, now))
    # Told the same again, the policy remembers: what it saw first changes what it does second.
    policy.reset()
    policy.act(OBSERVATIONS[1])
    fresh = policy.act(OBSERVATIONS[1]).actions
    assert not np.array_equal(second_chunk(OBSERVATIONS[1].instruction, OBSERVATIONS[1].instruction), fresh)


def test_an_episode_starts_with_a_look_around(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    see, batches = policy.system.see, []
    monkeypatch.setattr(policy.system, "see", lambda images, *rest: batches.append(len(images)) or see(images, *rest))
    looks = policy.config.grounding.looks
    policy.reset()
    policy.act_batch(OBSERVATIONS[:2], [0, 1])
    assert batches == [looks, looks, 2]  # all looks of an episode are one batch
    batches.clear()
    policy.act_batch(OBSERVATIONS[:2], [0, 1])
    assert batches == [2]
    batches.clear()
    policy.reset([1])
    policy.act_batch(OBSERVATIONS[:2], [0, 1])  # only the new episode looks around
    assert batches == [looks, 2]


def test_the_grounding_of_a_chunk_is_what_guided_it(policy: Policy) -> None:
    policy.reset()
    first = policy.act(OBSERVATIONS[0]).grounding
    assert first is not None
    held = OBSERVATIONS[0].state.copy()
    held[:3], held[6], held[-1] = [0.5, 0.05, 0.1], 0.04, -1.0
    grounding = policy.act(replace(OBSERVATIONS[0], state=held)).grounding
    assert grounding is not None
    tool, depth = OBSERVATIONS[0].cameras["front"].project(np.array([0.5, 0.05, 0.1]))
    assert depth > 0
    np.testing.assert_allclose(grounding.points["target"], tool, atol=0.01)


def test_uncalibrated_observations_are_welcome(policy: Policy) -> None:
    policy.reset()
    calibrated = policy.act(OBSERVATIONS[0])
    policy.reset()
    blind = policy.act(replace(OBSERVATIONS[0], cameras={}))
    assert np.isfinite(blind.actions).all()
    assert not np.allclose(blind.actions, calibrated.actions, atol=1e-6)


def test_the_state_and_the_instruction_matter(policy: Policy) -> None:
    base = OBSERVATIONS[0]
    others = [replace(base, state=base.state + 0.2), replace(base, instruction="take the blue can")]
    actions = []
    for observation in (base, *others):
        policy.reset()
        actions.append(policy.act(observation).actions)
    assert np.abs(actions[0] - actions[1]).max() > 1e-5
    assert np.abs(actions[0] - actions[2]).max() > 1e-6


def damaged(**changes: object) -> Observation:
    return replace(nano_observation(1), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "observation, words",
    [
        (damaged(images={"front": nano_observation(1).images["front"]}), "needs camera 'wrist'.*got front"),
        (damaged(images={}), "needs camera 'front'.*got none"),
        (damaged(state=np.zeros(11, np.float32)), r"12 numbers, got shape \(11,\)"),
        (damaged(state=np.full(12, np.nan, np.float32)), "with NaN"),
        (damaged(instruction="  "), "no instruction"),
        (damaged(images={n: np.zeros((9, 9), np.uint8) for n in CARD.cameras}), "RGB picture"),
    ],
)
def test_bad_observations_are_explained(policy: Policy, observation: Observation, words: str) -> None:
    with pytest.raises(SightlineError, match=words):
        policy.act_batch([OBSERVATIONS[0], observation], [0, 1])


# ---- grounding ------------------------------------------------------------------------------------------------------


def test_an_instruction_and_a_phrase_are_asked_for_different_things(policy: Policy) -> None:
    image = nano_observation(4, size=200).images["front"]
    task, phrase = policy.ground_batch([image, image], ["Put the red mug into the bowl", "the red mug"])
    assert set(task.points) == set(task.confidence) == {"target", "reference", "place"}
    assert set(task.boxes) == {"target", "reference"} and task.trace.shape == (8, 2)
    assert set(phrase.points) == set(phrase.boxes) == set(phrase.confidence) == {"target"}
    assert phrase.trace.shape == (0, 2)
    alone = policy.ground_batch([image], ["the red mug"])[0]
    np.testing.assert_allclose(alone.boxes["target"], phrase.boxes["target"], atol=1e-2)


def test_points_are_in_pixels_of_the_given_picture(policy: Policy) -> None:
    """A picture of one colour stays the same when it is stretched: so do relative points."""
    small, large = np.full((112, 112, 3), 90, np.uint8), np.full((224, 336, 3), 90, np.uint8)
    first, second = (policy.ground_batch([image], ["the red mug"])[0] for image in (small, large))
    np.testing.assert_allclose(second.points["target"], first.points["target"] * [3, 2], atol=0.1)
    np.testing.assert_allclose(second.boxes["target"], first.boxes["target"] * [3, 2, 3, 2], atol=0.1)
    size = np.array([112, 112])
    assert (first.points["target"] > -0.3 * size).all() and (first.points["target"] < 1.3 * size).all()


def test_a_known_camera_changes_what_relations_mean(policy: Policy) -> None:
    observation = nano_observation(4)
    image, camera = observation.images["front"], observation.cameras["front"]
    told = ["put the red mug to the left of the bowl"] * 2
    blind, seeing = policy.ground_batch([image], told[:1])[0], policy.ground_batch([image], told[:1], [camera])[0]
    assert not np.allclose(blind.points["place"], seeing.points["place"], atol=0.1)
    both = policy.ground_batch([image, image], told, [camera, camera])[1]
    np.testing.assert_allclose(both.points["place"], seeing.points["place"], atol=1e-2)


def test_words_and_pointer_say_the_same(policy: Policy) -> None:
    image = nano_observation(5).images["front"]
    found = policy.ground(image, "The red mug")
    (said,) = parse_boxes(found.text, image.shape[:2])
    np.testing.assert_allclose(said.box, found.boxes["target"].clip(0, len(image)), atol=0.51)
    assert set(found.points) == {"target"} and found.found


def doubting(tokenizer: WordTokenizer, doubt: float) -> Policy:
    config = nano_config()
    return nano_policy(tokenizer, replace(config, grounding=replace(config.grounding, doubt=doubt)))


def test_what_is_not_there_is_not_acted_upon(tokenizer: WordTokenizer) -> None:
    """A doubt of all but certainty finds nothing; none at all acts on anything."""
    careful, bold = doubting(tokenizer, 0.999), doubting(tokenizer, 0.0)
    still, moving = careful.act(OBSERVATIONS[0]), bold.act(OBSERVATIONS[0])
    assert not still.grounding.found and moving.grounding.found
    assert still.grounding.presence == pytest.approx(moving.grounding.presence)
    assert not still.actions[:, :-1].any() and moving.actions[:, :-1].any()
    np.testing.assert_array_equal(still.actions[:, -1], OBSERVATIONS[0].state[-1])
    said = careful.ground(OBSERVATIONS[0].images["front"], "the red mug")
    assert not said.found and said.text == NOT_THERE


def test_nothing_to_ground_is_an_error(policy: Policy) -> None:
    with pytest.raises(SightlineError, match="no text to ground"):
        policy.ground_batch([nano_observation(1).images["front"]], [" "])


def test_an_unguided_policy_acts_but_cannot_point(tokenizer: WordTokenizer) -> None:
    unguided = nano_policy(tokenizer, nano_config(guidance="none"))
    chunk = unguided.act(OBSERVATIONS[0])
    assert chunk.grounding is None and np.isfinite(chunk.actions).all()
    with pytest.raises(SightlineError, match="--guidance none"):
        unguided.ground(OBSERVATIONS[0].images["front"], "the red mug")


@pytest.mark.parametrize("pointless", [{"guidance": "none"}, {"grounding": GroundingHeadConfig(pointer=False)}])
def test_an_expert_that_waits_for_points_that_nobody_shows_is_refused(pointless: dict) -> None:
    with pytest.raises(SightlineError, match=r"expert\.spatial to false"):
        DualSystem(replace(nano_config(), **pointless))


# ---- files ----------------------------------------------------------------------------------------------------------


def test_a_loaded_policy_acts_identically(policy: Policy, saved: Path) -> None:
    loaded = Policy.from_pretrained(saved)
    assert loaded.config == policy.config and loaded.card == policy.card
    assert loaded.statistics == policy.statistics and loaded.notes == policy.notes
    policy.reset()
    for mine, theirs in zip(
        policy.act_batch(OBSERVATIONS, [0, 1, 2]), loaded.act_batch(OBSERVATIONS, [0, 1, 2]), strict=True
    ):
        np.testing.assert_array_equal(mine.actions, theirs.actions)
        np.testing.assert_array_equal(mine.grounding.trace, theirs.grounding.trace)


def test_a_checkpoint_from_before_a_weight_was_added_acts_as_it_did(policy: Policy, copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["grounding.present"]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    policy.reset()
    mine, theirs = (one.act(OBSERVATIONS[0]) for one in (policy, Policy.from_pretrained(copy)))
    np.testing.assert_array_equal(mine.actions, theirs.actions)
    assert mine.grounding.presence == theirs.grounding.presence


def test_half_precision_files_are_half_the_size_and_close(policy: Policy, saved: Path, tmp_path: Path) -> None:
    policy.save_pretrained(tmp_path, half=True)
    whole, half = ((folder / "model.safetensors").stat().st_size for folder in (saved, tmp_path))
    assert half < 0.55 * whole
    loaded = Policy.from_pretrained(tmp_path)
    assert all(p.dtype == torch.float32 for p in loaded.system.parameters())
    policy.reset()
    np.testing.assert_allclose(
        loaded.act(OBSERVATIONS[0]).actions[:, :6], policy.act(OBSERVATIONS[0]).actions[:, :6], atol=2e-3
    )


def test_a_run_folder_means_its_newest_policy(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    shutil.copytree(saved, tmp_path / "checkpoints" / "0000003" / "policy")
    (tmp_path / "checkpoints" / "last").symlink_to("0000003")
    assert Policy.from_pretrained(tmp_path).config == Policy.from_pretrained(saved).config


def test_the_folder_explains_itself(policy: Policy, saved: Path) -> None:
    card = (saved / "README.md").read_text()
    assert "guidance: spatial" in card and '"robot": "panda"' in card and "## stage 1" in card
    batch = load_file(saved / "example_batch.safetensors")
    assert batch["images"].shape == (1, 2, 112, 112, 3) and batch["cameras"].shape == (1, 2, 15)
    assert {name for name in batch if name.startswith("tokens.")} >= {"tokens.ids", "tokens.positions"}


@pytest.mark.parametrize("name", ["config.json", "card.json", "statistics.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(SightlineError, match=name.replace(".", r"\.")):
        Policy.from_pretrained(copy)


@pytest.mark.parametrize("name", ["config.json", "card.json", "statistics.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "empty", "empty object", "list", "text"])
def test_a_damaged_file_is_an_error_that_leads_to_it(copy: Path, name: str, damage: str) -> None:
    content = (copy / name).read_bytes()
    broken = {"cut": content[: len(content) // 2], "empty": b"", "empty object": b"{}", "list": b"[]", "text": b"hello"}
    (copy / name).write_bytes(broken[damage])
    with pytest.raises(SightlineError) as error:
        Policy.from_pretrained(copy)
    assert name in str(error.value) or str(copy) in str(error.value)


def rewrite(folder: Path, change: object) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)  # type: ignore[operator]
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda w: w.pop("grounding.role"), r"missing \['grounding\.role'\]"),
        (lambda w: w.update(extra=torch.zeros(2)), r"unexpected \['extra'\]"),
        (lambda w: w.update({"grounding.role": torch.zeros(3, 5)}), r"grounding\.role"),
    ],
)
def test_weights_that_do_not_fit_are_named(copy: Path, change: object, words: str) -> None:
    rewrite(copy, change)
    with pytest.raises(SightlineError, match=words):
        Policy.from_pretrained(copy)


def test_statistics_with_nan_are_refused(copy: Path) -> None:
    values = json.loads((copy / "statistics.json").read_text())
    values["action"]["q99"][2] = float("nan")
    (copy / "statistics.json").write_text(json.dumps(values))
    with pytest.raises(SightlineError, match="'action' hold NaN"):
        Policy.from_pretrained(copy)


def test_an_unknown_setting_is_named(copy: Path) -> None:
    values = json.loads((copy / "config.json").read_text())
    values["system"]["planner"]["widht"] = 3
    (copy / "config.json").write_text(json.dumps(values))
    with pytest.raises(SightlineError, match=r"widht.*width"):
        Policy.from_pretrained(copy)


def test_an_unknown_checkpoint_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="no checkpoint at 'tinny'"):
        Policy.from_pretrained("tinny")
    with pytest.raises(SightlineError, match="incomplete"):
        Policy.from_pretrained(tmp_path)


def test_an_old_file_with_the_weights_left_half_written_is_ignored(copy: Path) -> None:
    (copy / ".model.safetensors.partial").write_bytes(b"half")
    Policy.from_pretrained(copy)
