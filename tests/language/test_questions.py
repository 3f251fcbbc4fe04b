"""Questions and their answers in pixels."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter

import numpy as np
import pytest
from scenes import build_scene, front_camera, random_scene, thing
from unprojection import unproject_to_height

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera, look_at
from sightline.language.questions import (
    CHAT,
    Question,
    answer,
    chat_question,
    sample_questions,
    text_answer,
    vocabulary_sentences,
)
from sightline.language.referring import STYLES
from sightline.tasks.goals import place_point
from sightline.tasks.pick_place import nominal_path

BOXES = np.array([[10.2 + i, 20.0, 40.6 + i, 60.0] for i in range(11)])


def test_questions_are_varied_distinct_and_styled() -> None:
    rng = np.random.default_rng(0)
    kinds, styles, repeated, total = Counter(), Counter(), 0, 0
    for _ in range(100):
        scene = random_scene(rng)
        questions = sample_questions(scene, 8, rng)
        assert len(questions) == 8
        repeated += len(questions) - len({question.text for question in questions})
        for question in questions:
            total += 1
            kinds[question.kind] += 1
            styles[question.style] += 1
            assert scene.present[question.target]
            assert (question.task is None) == (question.kind == "refer") == (question.reference == -1)
    assert repeated <= 0.01 * total
    assert 0.33 < kinds["task"] / total < 0.47
    assert 0.5 < styles["attribute"] / total < 0.7 and all(styles[style] / total > 0.12 for style in STYLES)


def test_the_landmark_is_what_the_words_refer_to() -> None:
    rng = np.random.default_rng(3)
    counts = Counter()
    for _ in range(60):
        scene = random_scene(rng)
        for question in sample_questions(scene, 8, rng):
            words = question.task.target_phrase if question.task else question.text
            named = re.search(
                r"(?:nearest|closest to|nearest to|(?:far|furth)est from|of|behind|next to|beside) (the .*)", words
            )
            if question.style == "attribute":
                assert question.landmark == -1
            if question.landmark < 0:
                continue
            counts[question.style] += 1
            assert question.landmark != question.target and scene.present[question.landmark]
            info = scene.objects[question.landmark]
            if named:
                assert info.kind in named[1] or (info.colour and info.colour in named[1])
    assert counts["spatial"] > 50 and counts["superlative"] > 10 and counts["attribute"] == 0


def test_same_seed_same_questions() -> None:
    scene = random_scene(np.random.default_rng(4))
    first, second = (sample_questions(scene, 6, np.random.default_rng(9)) for _ in range(2))
    assert first == second


def test_scene_of_twins_gives_what_can_be_said() -> None:
    scene = build_scene((thing("cube"), 0.5, 0.0), (thing("cube"), 0.5, 0.005))
    assert sample_questions(scene, 3, np.random.default_rng(0)) == []


def test_questions_are_cheap() -> None:
    """Training draws hundreds a second; the limit here is loose, for busy machines."""
    rng = np.random.default_rng(0)
    scenes = [random_scene(rng) for _ in range(20)]
    started = time.process_time()
    count = sum(len(sample_questions(scene, 6, rng)) for scene in scenes)
    assert (time.process_time() - started) / count < 0.002


def questions_of(scene) -> tuple[Question, Question]:
    rng = np.random.default_rng(2)
    drawn = sample_questions(scene, 30, rng, task_share=0.5)
    return next(q for q in drawn if q.kind == "refer"), next(q for q in drawn if q.kind == "task")


def test_task_answer_is_the_projected_geometry() -> None:
    scene, camera = random_scene(np.random.default_rng(6)), front_camera()
    _, question = questions_of(scene)
    labels = answer(question, scene, camera, BOXES)
    np.testing.assert_array_equal(labels.target_box, BOXES[question.target])
    np.testing.assert_array_equal(labels.place_box, BOXES[question.reference])
    grasp, place = scene.grasp_points[question.target], place_point(scene, question.task)
    np.testing.assert_allclose(unproject_to_height(camera, labels.target_point, labels.target_height), grasp, atol=1e-9)
    np.testing.assert_allclose(unproject_to_height(camera, labels.place_point, labels.place_height), place, atol=1e-9)
    corners, _ = camera.project(nominal_path(scene.tool, grasp, place))
    np.testing.assert_allclose(labels.trace[[0, -1]], corners[[0, -1]])
    dense = np.concatenate([np.linspace(a, b, 400) for a, b in itertools.pairwise(corners)])
    assert max(np.linalg.norm(dense - point, axis=1).min() for point in labels.trace) < 0.5
    assert labels.trace.shape == (8, 2) and np.linalg.norm(labels.target_axis) == pytest.approx(1.0)


def test_own_path_overrides_the_nominal_one() -> None:
    scene, camera = random_scene(np.random.default_rng(6)), front_camera()
    _, question = questions_of(scene)
    path = np.linspace([0.4, -0.1, 0.1], [0.6, 0.1, 0.1], 30)
    labels = answer(question, scene, camera, BOXES, path=path, points=5)
    assert labels.trace.shape == (5, 2)
    np.testing.assert_allclose(labels.trace[[0, -1]], camera.project(path[[0, -1]])[0])
    steps = np.linalg.norm(np.diff(labels.trace, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-6)


def test_refer_answer_has_no_place() -> None:
    scene = build_scene((thing("bowl"), 0.5, 0.0), (thing("plate"), 0.4, 0.2))
    question = sample_questions(scene, 1, np.random.default_rng(0))[0]
    labels = answer(question, scene, front_camera(), BOXES)
    point, _ = front_camera().project(scene.positions[question.target])
    np.testing.assert_allclose(labels.target_point, point)
    assert labels.target_height == scene.positions[question.target, 2] and not labels.target_axis.any()
    assert np.isnan(labels.place_box).all() and np.isnan(labels.place_point).all() and np.isnan(labels.trace).all()
    assert np.isnan(labels.place_height)


def test_axis_follows_the_picture_from_above() -> None:
    """Straight from above with the picture's x along base x, the angle in the picture is the mirrored grasp yaw."""
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0])
    pose[:3, 3] = [0.5, 0.0, 1.0]
    scene = build_scene((thing("cube"), 0.5, 0.0))
    question = sample_questions(scene, 1, np.random.default_rng(0))[0]
    for yaw in (-1.2, 0.0, 0.4, np.pi / 2):
        scene.grasp_yaws[0] = yaw
        labels = answer(question, scene, Camera(224, 224, 250.0, pose), BOXES)
        np.testing.assert_allclose(labels.target_axis, [np.cos(-2 * yaw), np.sin(-2 * yaw)], atol=1e-6)


def test_what_the_camera_does_not_see_is_nan() -> None:
    scene = random_scene(np.random.default_rng(6))
    _, question = questions_of(scene)
    away = Camera(224, 224, 250.0, look_at(np.array([1.25, 0.0, 0.65]), np.array([2.0, 0.0, 0.6])))
    labels = answer(question, scene, away, np.full((11, 4), np.nan))
    for part in (labels.target_box, labels.place_box, labels.target_point, labels.place_point, labels.trace):
        assert np.isnan(part).all()
    assert text_answer(question, labels, "box") == "<box>[]</box>" and text_answer(question, labels, "trace") == "[]"


def test_texts_follow_the_official_formats() -> None:
    scene, camera = random_scene(np.random.default_rng(6)), front_camera()
    refer, task = questions_of(scene)
    box = r"\[\d+, \d+, \d+, \d+\]"
    for question, count in ((refer, 1), (task, 2)):
        labels = answer(question, scene, camera, BOXES)
        assert re.fullmatch(rf"<box>\[{', '.join([box] * count)}\]</box>", text_answer(question, labels))
        assert len(re.findall(r"\(\d+, \d+\)", text_answer(question, labels, "point"))) == count
        assert question.text in chat_question(question) and question.text in chat_question(question, "point")
    assert (
        text_answer(refer, answer(refer, scene, camera, BOXES))
        == f"<box>[[{10 + refer.target}, 20, {41 + refer.target}, 60]]</box>"
    )
    trace = text_answer(task, answer(task, scene, camera, BOXES), "trace")
    assert re.fullmatch(r"\[(\(-?\d+, -?\d+\)(, )?){8}\]", trace)
    with pytest.raises(SightlineError, match="trace"):
        chat_question(refer, "trace")
    with pytest.raises(SightlineError, match="known: box, point, trace"):
        text_answer(task, answer(task, scene, camera, BOXES), "trce")


def test_vocabulary_covers_everything_that_is_said() -> None:
    rng = np.random.default_rng(8)
    known: set[str] = set()
    kinds, colours = (
        ("mug", "can", "cube", "bottle", "ball", "bowl", "basket", "plate"),
        ("red", "green", "blue", "yellow", ""),
    )
    for sentence in vocabulary_sentences(kinds, colours):
        known |= set(re.findall(r"[A-Za-z]+", sentence))
    for _ in range(60):
        for question in sample_questions(random_scene(rng), 10, rng):
            for kind, form in CHAT:
                if kind == question.kind:
                    assert set(re.findall(r"[A-Za-z]+", chat_question(question, form))) <= known
    with pytest.raises(SightlineError):
        vocabulary_sentences([], ["red"])


def test_things_need_no_colours_to_be_spoken_of() -> None:
    sentences = vocabulary_sentences(["mug", "tin can"], [])
    assert any("small mug" in sentence for sentence in sentences) and "the tin can" in " ".join(sentences)
