"""From foreign datasets to samples: values, chunks, pauses, cameras, instructions, and what is said of damage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from foreign import (
    CAMERAS,
    FPS,
    REAL,
    commanded_poses,
    commands,
    needs_real,
    rewrite_column,
    write_groot,
    write_ipec,
)
from synthetic import synthetic_card, synthetic_episode

from sightline.core.errors import SightlineError
from sightline.data import Dataset, DatasetWriter, load_dataset
from sightline.data.embodiments import EMBODIMENTS, CameraSource, Embodiment, Part
from sightline.data.recordings import Recordings
from sightline.data.rotations import convert_rotation, delta_poses
from sightline.models.normalisation import Scaler

JOINTS, TOOL = EMBODIMENTS["demo_sim_franka_delta_joints"], EMBODIMENTS["custom_robot_config"]
RPY = "euler_angles_rpy"


@pytest.fixture(scope="module")
def groot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_groot(tmp_path_factory.mktemp("groot"), tasks=("stir the soup", "wipe the table"))


def edit(root: Path, name: str, change: object) -> None:
    path = root / "meta" / name
    values = json.loads(path.read_text())
    change(values)  # type: ignore[operator]
    path.write_text(json.dumps(values))


def test_delta_joints_are_derived_where_the_column_is_absent(groot: Path) -> None:
    found = Recordings(load_dataset(groot), JOINTS, 4)
    for episode, length in enumerate((12, 9, 15)):
        wanted = commands(length, episode)
        changes = np.diff(wanted["action.joints"], axis=0, prepend=wanted["action.joints"][:1])
        np.testing.assert_allclose(found.action(episode)[:, :7], changes, atol=1e-7)
        assert np.array_equal(found.action(episode)[:, 7:], wanted["action.gripper_close"])
        np.testing.assert_allclose(found.state(episode), wanted["state.joints"], atol=1e-6)
    assert found.problems == [] and found.episodes == [0, 1, 2]


def test_tool_motions_are_derived_too(groot: Path) -> None:
    found = Recordings(load_dataset(groot), TOOL, 4)
    motions = delta_poses(commanded_poses(commands(15, 2)))
    np.testing.assert_allclose(found.action(2)[:, :3], motions[:, :3, 3], atol=1e-7)
    turns = convert_rotation(motions[:, :3, :3].reshape(-1, 9), "matrix", RPY)
    np.testing.assert_allclose(found.action(2)[:, 3:6], turns, atol=1e-7)


def test_rotations_are_converted(groot: Path) -> None:
    names = tuple(f"r{i}" for i in range(6))
    part = Part("eef_rotation", names, "none", rotation="rotation_6d", stored=RPY)
    found = Recordings(load_dataset(groot), replace(TOOL, state=(part,)), 4)
    wanted = convert_rotation(commands(12, 0)["state.eef_rotation"], RPY, "rotation_6d")
    np.testing.assert_allclose(found.state(0), wanted, atol=1e-6)


def test_the_dataset_has_the_last_word_on_its_rotation_form(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    edit(root, "modality.json", lambda values: values["state"]["eef_rotation"].update(rotation_type="axis_angle"))
    found = Recordings(load_dataset(root), TOOL, 4)
    wanted = convert_rotation(commands(12, 0)["state.eef_rotation"], "axis_angle", RPY)
    np.testing.assert_allclose(found.state(0)[:, 3:], wanted, atol=1e-6)


def test_chunks_past_the_end_hold_targets_and_stop_changes(groot: Path) -> None:
    found = Recordings(load_dataset(groot), JOINTS, 6)
    actions, known = found.chunk_at(1, 6)
    assert known.tolist() == [True] * 3 + [False] * 3
    assert np.array_equal(actions[:3], found.action(1)[6:])
    assert not actions[3:, :7].any() and (actions[3:, 7] == 1).all()
    before = found.action(1).copy()
    actions += 1
    assert np.array_equal(found.action(1), before), "a chunk is a copy"


def test_pauses_are_no_starts_unless_asked_for(groot: Path) -> None:
    dataset = load_dataset(groot)
    found, whole = Recordings(dataset, JOINTS, 4), Recordings(dataset, JOINTS, 4, pauses=True)
    assert len(whole) == 36
    # The first frame has no motion, the last two rest; frame 6 of the first episode switches the gripper.
    assert len(found) == 36 - 3 * 3
    drawn = [found.frame(i) for i in range(len(found))]
    assert drawn == [(e, t) for e, n in enumerate((12, 9, 15)) for t in range(1, n - 2)]
    assert [whole.frame(i) for i in (0, 11, 12, 35)] == [(0, 0), (0, 11), (1, 0), (2, 14)]


def test_a_switching_gripper_is_no_pause(tmp_path: Path) -> None:
    root = write_groot(tmp_path, lengths=(8,))
    rewrite_column(root, 0, "action.gripper_close", [[-1.0]] * 7 + [[1.0]])
    found = Recordings(load_dataset(root), JOINTS, 4)
    assert [found.frame(i)[1] for i in range(len(found))] == [1, 2, 3, 4, 5, 7]


def test_samples_show_the_frame_itself(groot: Path) -> None:
    dataset = load_dataset(groot)
    found = Recordings(dataset, JOINTS, 4)
    for episode, t in ((0, 1), (1, 4), (2, 12)):
        seen, actions, known = found.sample(episode, t)
        assert tuple(seen.images) == CAMERAS and actions.shape == (4, 8) and known.shape == (4,)
        assert all(np.array_equal(seen.images[name], dataset.video(episode, name)[t]) for name in CAMERAS)
        assert np.array_equal(seen.state, found.state(episode)[t]) and not seen.cameras
        assert seen.instruction == ("stir the soup", "wipe the table")[episode % 2]


def test_v3_without_modality_file(tmp_path: Path) -> None:
    dataset = load_dataset(write_ipec(tmp_path))
    found = Recordings(dataset, EMBODIMENTS["oxe_bridge"], 4)
    assert (found.card.cameras, found.card.image_size, found.card.control_hz) == (("primary",), (32, 32), FPS)
    assert found.state(1).shape == (14, 8) and found.action(0).shape == (10, 7)
    np.testing.assert_array_equal(found.action(1), dataset.columns(1)["action"])
    assert [found.instruction(e, 3) for e in (0, 1)] == ["open the drawer", "close the drawer"]
    assert np.array_equal(found.sample(1, 5).observation.images["primary"], dataset.video(1, "image_0")[5])


def test_stated_columns_come_before_names_that_occur_twice(tmp_path: Path) -> None:
    root = write_ipec(tmp_path)
    twice = ["x", "y", "z", "roll", "pitch", "yaw", "gripper", "gripper"]
    edit(root, "info.json", lambda info: info["features"]["observation.state"].update(names={"motors": twice}))
    dataset = load_dataset(root)
    found = Recordings(dataset, EMBODIMENTS["oxe_bridge"], 4)
    np.testing.assert_array_equal(found.state(0), dataset.columns(0)["observation.state"])


def test_own_datasets(dataset: Dataset) -> None:
    found = Recordings(dataset, EMBODIMENTS["sightline"], 8)
    assert found.card == replace(dataset.card, chunk=8)  # type: ignore[type-var]
    table, labels = dataset.table(1), dataset.labels(1)
    assert np.array_equal(found.state(1), table["state"]) and np.array_equal(found.action(1), table["action"])
    seen = found.sample(1, 3).observation
    assert seen.instruction == dataset.episodes[1].text
    assert np.array_equal(seen.cameras["wrist"].to_vector(), labels.cameras["wrist"][3])


def test_own_datasets_read_as_something_else_are_refused(dataset: Dataset) -> None:
    other = replace(EMBODIMENTS["sightline"], state=())
    with pytest.raises(SightlineError, match="reads it as something else"):
        Recordings(dataset, other, 8)


def test_partial_cameras_are_reported(tmp_path: Path) -> None:
    dataset = load_dataset(write_groot(tmp_path, missing=((0, "base_view"), (2, "base_view"), (2, "ego_view"))))
    found = Recordings(dataset, JOINTS, 4)
    assert found.episodes == [1]
    assert found.problems == [
        "camera 'base_view' is missing in 2 of 3 episodes (0, 2): left out.",
        "camera 'ego_view' is missing in 1 of 3 episodes (2): left out.",
    ]
    assert len(found.states) == 36, "statistics need no pictures"
    one_view = replace(JOINTS, cameras=JOINTS.cameras[1:])
    assert Recordings(dataset, one_view, 4).episodes == [0, 1]


def test_damaged_episodes_are_left_out_and_named(tmp_path: Path) -> None:
    root = write_groot(tmp_path, lengths=(12, 9, 15, 8, 7), tasks=tuple("abcde"))
    joints = commands(9, 1)["action.joints"]
    joints[4, 2] = np.nan
    rewrite_column(root, 1, "action.joints", list(joints))
    path = root / "data/chunk-000/episode_000002.parquet"
    path.write_bytes(path.read_bytes()[:3000])
    rewrite_column(root, 3, "timestamp", np.arange(8, dtype=np.float32) / FPS * 1.2)
    rewrite_column(root, 4, "task_index", [9] * 7)
    found = Recordings(load_dataset(root), JOINTS, 4)
    assert found.episodes == [0] and len(found.problems) == 4
    for problem, word in zip(found.problems, ("NaN", "cut short", "stamped 0.840 s", "instruction"), strict=True):
        assert word in problem


def test_instructions_in_a_column_of_their_own(tmp_path: Path) -> None:
    root = write_groot(tmp_path, lengths=(4, 5), tasks=("stir", "wipe"))
    for episode, words in ((0, ["mix it"] * 4), (1, [1] * 5)):
        rewrite_column(root, episode, "annotation.raw", words)
    found = Recordings(load_dataset(root), replace(JOINTS, language="annotation.raw"), 2, pauses=True)
    assert [found.instruction(e, 2) for e in (0, 1)] == ["mix it", "wipe"]


def test_where_pauses_are_welcome_motion_need_not_be_known(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    edit(root, "modality.json", lambda values: values["action"].pop("eef_position"))
    with pytest.raises(SightlineError, match="has no action 'delta_eef_position'"):
        Recordings(load_dataset(root), JOINTS, 4)
    assert len(Recordings(load_dataset(root), JOINTS, 4, pauses=True)) == 36


def test_lists_of_different_lengths_are_left_out(tmp_path: Path) -> None:
    """Also where their total happens to fit."""
    root = write_groot(tmp_path, lengths=(6, 6))
    rewrite_column(root, 1, "action.gripper_close", [[1.0], [1.0, 1.0], [], [1.0], [1.0], [1.0]])
    found = Recordings(load_dataset(root), JOINTS, 4)
    assert found.episodes == [0] and "lists of different lengths" in found.problems[0]


def test_chosen_episodes(groot: Path) -> None:
    found = Recordings(load_dataset(groot), JOINTS, 4, episodes=[2, 0])
    assert found.episodes == [0, 2] and {found.frame(i)[0] for i in range(len(found))} == {0, 2}
    with pytest.raises(SightlineError, match="episode 1 is not among"):
        found.sample(1, 0)
    with pytest.raises(SightlineError, match=r"has no episodes \[3\]"):
        Recordings(load_dataset(groot), JOINTS, 4, episodes=[0, 3])
    with pytest.raises(SightlineError, match="has no frame 12"):
        found.sample(0, 12)


@pytest.mark.parametrize(
    "embodiment, message",
    [
        (replace(JOINTS, cameras=(CameraSource("top", "top_view"),)), "has no video 'top_view'"),
        (replace(JOINTS, state=(Part("joint", ("a",)),)), r"has no state 'joint' \(did you mean 'joints'"),
        (replace(JOINTS, state=(Part("joints", ("a", "b")),)), "2 names but 7 dimensions"),
        (replace(JOINTS, language="human.task"), "has no annotation 'human.task'"),
        (EMBODIMENTS["oxe_bridge"], "has no annotation|has no video 'image_0'"),
    ],
)
def test_what_is_missing_is_named(groot: Path, embodiment: Embodiment, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        Recordings(load_dataset(groot), embodiment, 4)


def test_columns_that_the_dataset_lacks_are_named(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    edit(root, "modality.json", lambda values: values["state"]["joints"].update(original_key="state.joint"))
    with pytest.raises(SightlineError, match=r"'state\.joint'.*did you mean 'state\.joints'"):
        Recordings(load_dataset(root), JOINTS, 4)
    edit(root, "modality.json", lambda values: values["state"]["joints"].update(original_key="state.joints", end=9))
    with pytest.raises(SightlineError, match="has only 7 dimensions"):
        Recordings(load_dataset(root), JOINTS, 4)


def test_a_relative_action_is_not_held(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    edit(root, "modality.json", lambda values: values["action"]["gripper_close"].update(absolute=False))
    with pytest.raises(SightlineError, match="says that the action 'gripper_close' is relative"):
        Recordings(load_dataset(root), JOINTS, 4)


def test_statistics_need_no_video_and_name_their_modes(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    for video in root.rglob("*.mp4"):
        video.write_bytes(b"")
    found = Recordings(load_dataset(root), JOINTS, 4)
    action = found.statistics()["action"]
    assert action["mode"] == ["min_max"] * 7 + ["binary"] and action["count"] == [36]
    values = np.concatenate([found.action(i) for i in range(3)]).astype(float)
    np.testing.assert_allclose(action["q99"], np.quantile(values, 0.99, axis=0))
    np.testing.assert_allclose(action["std"], values.std(0))


@pytest.mark.parametrize("values, usable", [((0, 40), False), ((0, 255), False), ((-1, 1), True), ((0.0, 1.0), True)])
def test_binary_dimensions_that_count_otherwise_are_refused(tmp_path: Path, values: tuple, usable: bool) -> None:
    """SO-100 grippers count per cent: whether half open is 20 or 50 cannot be known. The advice works."""
    root = write_groot(tmp_path, lengths=(8,))
    rewrite_column(root, 0, "action.gripper_close", [[float(v)] for v in np.linspace(*values, 8)])
    if usable:
        assert Recordings(load_dataset(root), JOINTS, 4).episodes == [0]
        return
    with pytest.raises(SightlineError, match=rf"goes from 0 to {values[1]},.*middle is 50,.*it is {values[1] / 2:g};"):
        Recordings(load_dataset(root), JOINTS, 4)
    *arm, gripper = JOINTS.action
    found = Recordings(load_dataset(root), replace(JOINTS, action=(*arm, replace(gripper, mode="min_max"))), 4)
    scaler = Scaler.from_statistics(found.statistics()["action"], "action")
    np.testing.assert_allclose(scaler.inverse(scaler.forward(found.action(0))), found.action(0), atol=1e-4)


def test_binary_states_are_checked_too(tmp_path: Path) -> None:
    root = write_groot(tmp_path, lengths=(8,))
    rewrite_column(root, 0, "state.joints", [[80.0] * 7] * 8)
    part = Part("joints", tuple("abcdefg"), "binary")
    with pytest.raises(SightlineError, match=r"'a \(joints\)' cannot be binary: it goes from 80 to 80"):
        Recordings(load_dataset(root), replace(JOINTS, state=(part,)), 4)


@needs_real
def test_real_recording() -> None:
    dataset = load_dataset(REAL)
    found = Recordings(dataset, JOINTS, 16)
    assert found.episodes == [2]
    assert found.problems == ["camera 'base_view' is missing in 3 of 4 episodes (0, 1, 3): left out."]
    assert found.sample(2, 0).observation.instruction == "Move the potato to the top of the cooking utensils."
    stored = json.loads((REAL / "meta/stats_gr00t.json").read_text())
    mine = found.statistics()
    for feature, rows, column in (("action", 7, "action.delta_joints"), ("observation.state", 7, "state.joints")):
        for name in ("mean", "std", "min", "max", "q01", "q99"):
            np.testing.assert_allclose(mine[feature][name][:rows], stored[column][name], rtol=1e-3, atol=1e-6)
    # InternVLA-M1's own index of this recording keeps 1436 of 1667 frames.
    assert len(Recordings(dataset, replace(JOINTS, cameras=JOINTS.cameras[1:]), 16)) == 1436
    assert len(Recordings(dataset, replace(JOINTS, cameras=JOINTS.cameras[1:]), 16, pauses=True)) == 1667


@needs_real
def test_every_camera_is_read_at_the_exact_frame() -> None:
    """Between key frames too, which are two frames apart here (benchmarks/frames.py compares all 2463 frames)."""
    dataset = load_dataset(REAL)
    films = [(meta, camera) for meta in dataset.episodes for camera in meta.videos]
    assert len(films) == 6
    for meta, camera in films:
        last = meta.length - 1
        with av.open(str(meta.videos[camera].path)) as film:
            for t, frame in enumerate(film.decode(video=0)):
                if t in (0, 1, 74, 75, last - 1, last):
                    expected = frame.to_ndarray(format="rgb24")
                    assert np.array_equal(dataset.frame(meta.index, t, camera), expected), (meta.index, camera, t)
        assert t == last


@needs_real
def test_derived_columns_equal_the_stored_ones() -> None:
    """What is derived for datasets that lack the delta columns is what this one stores."""
    dataset = load_dataset(REAL)
    for embodiment in (JOINTS, TOOL):
        stored = Recordings(dataset, embodiment, 16)
        renamed = [replace(p, key=f"{p.key}?") if p.derive else p for p in embodiment.action]
        derived = Recordings(dataset, replace(embodiment, action=tuple(renamed)), 16)
        np.testing.assert_allclose(derived.actions, stored.actions, atol=1e-9)


def test_held_out_episodes(groot: Path) -> None:
    whole = Recordings(load_dataset(groot), JOINTS, 4)
    kept, held = whole.split(0.3)
    assert held is not None and (kept.episodes, held.episodes) == ([0, 1], [2])
    assert [kept.frame(i) for i in range(len(kept))] == [whole.frame(i) for i in range(len(kept))]
    assert {held.frame(i)[0] for i in range(len(held))} == {2} and len(kept) + len(held) == len(whole)
    assert whole.split(0.0)[1] is None and kept.statistics() == whole.statistics()
    assert Recordings(load_dataset(groot), JOINTS, 4, episodes=[1]).split(0.5)[1] is None


def test_no_sample_starts_where_a_picture_is_of_another_moment(tmp_path: Path) -> None:
    episode = synthetic_episode(3, 0, length=6)
    for t, frame in enumerate(episode.frames):
        frame.drawn = t % 2 == 0
    with DatasetWriter(tmp_path / "d", synthetic_card()) as writer:
        writer.write(episode)
    found = Recordings(load_dataset(tmp_path / "d"), EMBODIMENTS["sightline"], 2)
    assert [found.frame(number) for number in range(len(found))] == [(0, 0), (0, 2), (0, 4)]
    assert len(found.action(0)) == 6  # chunks hold what is between
