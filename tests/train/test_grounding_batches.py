"""Labels agree with the cameras, and serving builds exactly what training built."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.core.geometry import Camera, resample_path
from sightline.core.types import Observation
from sightline.language.questions import Question
from sightline.models.config import GroundingHeadConfig
from sightline.models.grounding.pointing import ROLES, GroundingLabels
from sightline.models.policy import Policy
from sightline.train.action_targets import action_targets
from sightline.train.config import ActionConfig, GroundingConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import (
    LabelMaker,
    answers_for,
    own_question,
    pictures,
    questions_for,
    text_prompt,
)
from sightline.train.objectives.action import JointActionObjective

KINDS, COLOURS = ["bowl", "mug"], ["red", "green", "blue", "yellow"]  # without can, plate, box and white
HEAD = GroundingHeadConfig(kinds=tuple(KINDS), colours=tuple(COLOURS), trace_points=8)


def asked(questions: int, task_share: float, absent: float = 0.0) -> GroundingConfig:
    return GroundingConfig(questions=questions, task_share=task_share, absent=absent, phrasings=("plain",))


def labelled(bank: FrameBank, frames: list[int]) -> tuple[list[list[Question]], GroundingLabels]:
    questions = [questions_for(bank, f, asked(4, 0.3), (), np.random.default_rng(f)) for f in frames]
    answers = [answers_for(bank, f, q) for f, q in zip(frames, questions, strict=True)]
    return questions, LabelMaker(HEAD)(bank, np.array(frames), questions, answers)


def test_labels_are_where_the_cameras_see_things(episodes: FrameBank) -> None:
    frames = [0, 2, 7, 13]
    _, labels = labelled(episodes, frames)
    compared = 0
    for b, frame in enumerate(frames):
        truth, t = episodes.labels[episodes.episode[frame]], episodes.time[frame]
        scene, task = truth.scene(t), own_question(episodes, frame).task
        place = truth.place[t]  # where it was really let go
        for v, name in enumerate(episodes.cameras):
            camera = Camera.from_vector(truth.cameras[name][t])
            for role, point, shown in (
                ("target", scene.grasp_points[task.target], np.isfinite(truth.boxes[name][t, task.target]).all()),
                ("place", place, True),
            ):
                pixels, _ = camera.project(point)
                found = labels.points[b, 0, ROLES.index(role), v].numpy()
                if shown and camera.inside(pixels):
                    np.testing.assert_allclose(found, pixels / 64, atol=1e-5)
                    compared += 1
                else:
                    assert np.isnan(found).all()
            np.testing.assert_allclose(labels.boxes[b, 0, 0, v], truth.boxes[name][t, task.target] / 64, atol=1e-6)
            np.testing.assert_allclose(labels.boxes[b, 0, 1, v], truth.boxes[name][t, task.reference] / 64, atol=1e-6)
        assert float(labels.heights[b, 0, 0]) == pytest.approx(scene.grasp_points[task.target, 2], abs=1e-6)
        assert float(labels.heights[b, 0, 2]) == pytest.approx(place[2], abs=1e-6)
        assert labels.owners[b, 0].tolist() == [task.target + 1, task.reference + 1, 0, 0]
        camera = Camera.from_vector(truth.cameras["front"][t])
        path = resample_path(camera.project(truth.tool[t:])[0], 8) / 64
        known = torch.isfinite(labels.traces[b, 0]).all(-1).numpy()
        assert known.sum() >= 4
        np.testing.assert_allclose(labels.traces[b, 0].numpy()[known], path[known], atol=1e-5)
    assert compared >= 8


def test_object_labels_follow_the_scene(episodes: FrameBank) -> None:
    frames = [1, 8]
    questions, labels = labelled(episodes, frames)
    for b, frame in enumerate(frames):
        truth, t = episodes.labels[episodes.episode[frame]], episodes.time[frame]
        kinds = [KINDS.index(o.kind) + 1 if o.kind in KINDS else 0 for o in truth.objects]
        colours = [COLOURS.index(o.colour) if o.colour in COLOURS else -100 for o in truth.objects]
        assert labels.kinds[b].tolist() == [0, *kinds] and labels.colours[b].tolist() == [-100, *colours]
        np.testing.assert_allclose(labels.object_boxes[b, 1, 1:], truth.boxes["wrist"][t] / 64, atol=1e-6)
        np.testing.assert_array_equal(labels.cells[b, 0], episodes.cells["front"][frame])
        for q, question in enumerate(questions[b]):
            assert labels.asked[b, q].tolist() == ([True] * 3 if question.kind == "task" else [True, False, False])
    assert not labels.asked[0, len(questions[0]) :].any()
    points = labels.points[torch.isfinite(labels.points)]
    assert len(points) and points.min() >= 0 and points.max() <= 1


def test_a_demonstration_asks_its_own_instruction_first(episodes: FrameBank, scenes: FrameBank) -> None:
    questions = questions_for(episodes, 3, asked(3, 0.5), (), np.random.default_rng(0))
    assert questions[0].style == "own" and questions[0].text == episodes.meta[0].task.instruction
    assert all(
        question.style != "own" for question in questions_for(scenes, 3, asked(3, 0.5), (), np.random.default_rng(0))
    )


def test_a_demonstrations_instruction_can_be_asked_in_other_words(episodes: FrameBank) -> None:
    config = replace(asked(3, 0.5), reworded=1.0)
    first = [questions_for(episodes, 3, config, (), np.random.default_rng(seed))[0] for seed in range(20)]
    assert {(question.target, question.reference, question.style) for question in first} == {
        (first[0].target, first[0].reference, "own")
    }
    assert len({question.text for question in first}) > 3


def test_boxes_in_words_are_in_pixels_of_the_model_s_picture(scenes: FrameBank) -> None:
    rng = np.random.default_rng(0)
    for question in questions_for(scenes, 0, asked(6, 0.0), (), rng):
        seen = answers_for(scenes, 0, [question])[0][0]
        prompt = text_prompt(question, seen, np.array([2.0, 3.0]))
        if not np.isfinite(seen.target_box).all():
            assert prompt is None
            continue
        x1, y1, x2, y2 = (round(float(v)) for v in seen.target_box * [2, 3, 2, 3])
        assert prompt.answer == f"<box>[[{x1}, {y1}, {x2}, {y2}]]</box>" and prompt.readouts == ()
        assert question.text in prompt.text


def test_jitter_changes_brightness_of_training_pictures_only(scenes: FrameBank) -> None:
    frames = np.array([0, 4])
    plain = pictures(scenes, frames)
    np.testing.assert_array_equal(plain[:, 0], scenes.images["front"][frames])
    bright = pictures(scenes, frames, np.random.default_rng(0), 0.2)
    assert bright.shape == plain.shape and bright.dtype == torch.uint8
    assert 1 < (bright.float() - plain.float()).abs().max() < 100


@pytest.mark.parametrize("guidance", ["spatial", "none"])
def test_serving_sees_what_training_saw(episodes: FrameBank, policy: Policy, guidance: str) -> None:
    expert = replace(policy.config.expert, spatial=guidance == "spatial")
    policy.transforms.config = replace(policy.config, guidance=guidance, expert=expert)
    objective = JointActionObjective(episodes, policy, ActionConfig(samples=2), 0, 0.0)
    dataset = episodes.source[0][0]
    for frame in (0, 9):
        objective.frames = np.array([frame])
        trained = objective.batch(0, 0.0)
        index, t = episodes.source[episodes.episode[frame]][1], episodes.time[frame]
        labels = dataset.labels(index)
        observation = Observation(
            {name: dataset.frame(index, int(t), name) for name in dataset.cameras},
            dataset.table(index)["state"][t],
            dataset.episodes[index].task.instruction,
            {name: labels.camera(int(t), name) for name in dataset.cameras},
        )
        served = policy.transforms.inputs([observation])
        assert torch.equal(served.images[0], trained.images[0])
        for name in vars(served.tokens):
            mine, theirs = getattr(served.tokens, name), getattr(trained.tokens, name)
            axis = 1 if name == "positions" else 0
            assert torch.equal(mine.select(axis, 0), theirs.select(axis, 0)), name
        assert torch.equal(served.state[0], trained.state[0])
        assert torch.equal(served.normalised_state[0], trained.normalised[0])
        assert torch.equal(served.cameras[0], trained.cameras[0])


def test_actions_survive_the_way_there_and_back(episodes: FrameBank, policy: Policy) -> None:
    objective = JointActionObjective(episodes, policy, ActionConfig(samples=3), 0, 0.0)
    objective.frames = np.array([4])
    meant = action_targets(episodes.action, episodes.state, episodes.episode, 8, policy.card)
    actions = policy.transforms.outputs(objective.batch(0, 0.0).actions.numpy())
    np.testing.assert_allclose(actions[0], meant.actions[4], atol=1e-6)


def test_what_is_not_there_is_asked_for_and_not_to_be_found(scenes: FrameBank) -> None:
    rng, kinds = np.random.default_rng(0), ("anvil", "zebra")
    questions = [questions_for(scenes, frame, asked(6, 0.5, absent=1.0), kinds, rng) for frame in range(3)]
    frames = np.arange(3)
    answers = [answers_for(scenes, frame, sample) for frame, sample in zip(frames, questions, strict=True)]
    labels = LabelMaker(HEAD)(scenes, frames, questions, answers)
    missing = 0
    for b, sample in enumerate(questions):
        present = {info.kind for info in scenes.labels[scenes.episode[b]].objects}
        for q, question in enumerate(sample):
            if question.target >= 0:
                continue  # no name was found that fits nothing there
            missing += 1
            named = {kind for kind in present if question.text.endswith(f" {kind}")}
            nonsense = re.search(r"the \w+x\b", question.text) is not None
            assert named or nonsense or any(kind in question.text for kind in kinds), question.text
            assert labels.asked[b, q].tolist() == [True, False, False]
            assert not torch.isfinite(labels.points[b, q]).any() and not labels.owners[b, q].any()
    assert missing > 8
