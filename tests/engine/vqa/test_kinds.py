"""Every kind of question, on real pictures: what an answer says is checked against the masks and the scene."""

from __future__ import annotations

import ast
import json
import re

import numpy as np
import pytest
from said import said_boxes, said_points
from unprojection import unproject_to_height

from sightline.core.types import SceneState
from sightline.engine.vqa.asking import KINDS
from sightline.engine.vqa.formats import parse_steps
from sightline.engine.vqa.groups import draw_group, plural
from sightline.engine.vqa.picture import Picture, Turn, has_direction
from sightline.engine.vqa.planning import remaining
from sightline.engine.vqa.space import bare_spots, behind_robot, free_spots
from sightline.language.parsing import things_meant
from sightline.tasks.goals import stages
from sightline.tasks.scene_graph import holds

DRAWS = 6


def turns(pictures, kind: str, step: int = 2, **speech: str):
    """(picture, turns) of one kind."""
    rng = np.random.default_rng(1)
    for picture in pictures(step, **speech):
        for _ in range(DRAWS):
            if (found := KINDS[kind](picture, rng)) is not None:
                yield picture, found


def gap(pattern: str, question: str) -> str | None:
    match = re.fullmatch(pattern, question)
    return match and match[1]


def id_at(picture: Picture, point: tuple[float, ...]) -> int:
    return int(picture.ids[int(point[1]), int(point[0])])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phrasing", ["train", "unseen"])
def test_every_kind_is_asked_and_every_answer_can_be_read(pictures, kind: str, phrasing: str) -> None:
    count = 0
    for picture, found in turns(pictures, kind, 5, phrasing=phrasing):
        count += 1
        for question, answer in found:
            assert question and answer and "{" not in question.replace("{'", "") and "<image>" not in question
            if answer.startswith("<box>"):
                assert len(said_boxes(answer)) == answer.count("], [") + 1
                for x1, y1, x2, y2 in said_boxes(answer):
                    assert 0 <= x1 < x2 <= picture.camera.width and 0 <= y1 < y2 <= picture.camera.height
            if answer.startswith("[("):
                assert len(said_points(answer)) == answer.count("), (") + 1
                for x, y in said_points(answer):
                    assert 0 <= x < picture.camera.width and 0 <= y < picture.camera.height
        if not picture.faces_robot and kind != "planning":
            assert not any(has_direction(question) for question, _ in found)
    assert count > 5


def test_plain_language_has_one_sentence_a_question(pictures) -> None:
    said = [q for _, found in turns(pictures, "point", 3, language="plain") for q, _ in found]
    starts = {q.split(" ")[0] for q in said}
    assert starts == {"Point", "Your"}


def test_boxes_are_those_of_the_named_thing(pictures) -> None:
    pattern = r"Locate (.*)\. Give its bounding box in \[x1,y1,x2,y2\] format\."
    compared = 0
    for picture, ((question, answer),) in turns(pictures, "box", language="plain"):
        if (phrase := gap(pattern, question)) is not None:
            (index,) = things_meant(phrase, picture.scene)
            assert said_boxes(answer) == [picture.boxes[index].astype(int).tolist()]
            compared += 1
    assert compared > 50


def test_points_are_on_the_named_thing(pictures) -> None:
    compared = 0
    for picture, ((question, answer),) in turns(pictures, "point", language="plain"):
        if (phrase := gap(r"Point to (.*)\. Format.*", question)) is not None:
            (index,) = things_meant(phrase, picture.scene)
            assert [id_at(picture, point) for point in said_points(answer)] == [index + 1]
            compared += 1
    assert compared > 50


def test_whole_boxes_hold_the_visible_ones(pictures) -> None:
    larger = 0
    for picture, ((question, answer),) in turns(pictures, "amodal", language="plain"):
        phrase = gap(r"Give the box of (.*) as a whole, .*", question)
        (index,) = things_meant(phrase, picture.scene)
        (whole,), visible = np.array(said_boxes(answer)), picture.boxes[index]
        assert (whole[:2] <= visible[:2] + 1).all() and (whole[2:] >= visible[2:] - 1).all()
        larger += bool((np.abs(whole - visible) > 3).any())
    assert larger > 5


def test_traces_begin_at_the_tool(pictures) -> None:
    for kind in ("trace", "trace3d"):
        for picture, ((_, answer),) in turns(pictures, kind):
            points, (tool, depth) = np.array(ast.literal_eval(answer)), picture.camera.project(picture.scene.tool)
            assert len(points) == 8
            assert np.abs(points[0, :2] + 0.5 - tool).max() <= 0.51
            if kind == "trace3d":
                assert points[0, 2] == pytest.approx(float(depth), abs=0.0051)


def test_a_demonstrations_own_trace_ends_where_the_tool_ended(pictures) -> None:
    ends = 0
    rng = np.random.default_rng(0)
    for picture in pictures(3):
        if picture.moment.own is None or not picture.faces_robot:
            continue
        job = picture.job(rng, own_only=True)
        if job is not None and (found := KINDS["trace"](picture, rng)) is not None:
            last, _ = picture.camera.project(picture.moment.own.path[-1])
            ends += bool(np.abs(np.array(said_points(found[0][1]))[-1] + 0.5 - last).max() <= 0.51)
    assert ends > 2


def test_grasps_are_on_the_thing_and_angles_follow_the_fingers(pictures) -> None:
    angles = 0
    for picture, found in turns(pictures, "affordance", language="plain"):
        phrase = gap(r"Where should a two-finger gripper take (.*)\? Format.*", found[0][0])
        if phrase is None:
            continue
        (index,) = things_meant(phrase, picture.scene)
        pixel, _ = picture.camera.project(picture.scene.grasp_points[index])
        assert np.abs(np.array(said_points(found[0][1]))[0] + 0.5 - pixel).max() <= 0.5
        if len(found) == 2:
            yaw, angle = picture.scene.grasp_yaws[index], np.radians(int(found[1][1]))
            step = 0.005 * np.array([np.cos(yaw), np.sin(yaw), 0])
            ends, _ = picture.camera.project(picture.scene.grasp_points[index] + np.stack([-step, step]))
            across = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
            assert abs(across @ [np.sin(angle), np.cos(angle)]) < 0.02
            angles += 1
    assert angles > 10


def bare_pixels(picture: Picture) -> np.ndarray:
    """Where the spots are that the robot does not hide."""
    spots = bare_spots(picture)
    pixels, _ = picture.camera.project(np.column_stack([spots, np.zeros(len(spots))]))
    assert not behind_robot(picture, pixels).any()
    return pixels


def test_free_spots_are_free(pictures) -> None:
    count = 0
    for picture, ((_, answer),) in turns(pictures, "free_space", 1):
        points = np.array(said_points(answer)) + 0.5
        assert all(id_at(picture, tuple(point)) == 0 for point in points)
        nearest = np.linalg.norm(points[:, None] - bare_pixels(picture), axis=-1)
        assert (nearest.min(1) < 0.71).all(), "the pixel that holds a spot which the robot does not hide"
        spots = unproject_to_height(picture.camera, points, 0.0)[:, :2]
        for index in np.flatnonzero(picture.scene.present):
            gaps = np.linalg.norm(spots - picture.scene.positions[index, :2], axis=1)
            assert (gaps > picture.scene.objects[index].radius + 0.03).all()
        count += len(points)
    assert count > 40


def test_more_room_means_fewer_spots(pictures) -> None:
    picture = next(picture for picture in pictures() if picture.stands_apart)
    counts = [len(free_spots(picture, radius)) for radius in (0.02, 0.05, 0.1, 0.5)]
    assert counts == sorted(counts, reverse=True) and counts[0] > 0 and counts[-1] == 0


def counted(words: str, scene: SceneState) -> int:
    """How many present things "red things on the table", "mugs" or "red mugs" are."""
    count = 0
    for index in np.flatnonzero(scene.present):
        info = scene.objects[index]
        names = {plural(info.kind), plural(info.kind.split(" ")[-1]), "things on the table"}
        count += words in names | {f"{info.colour} {name}" for name in names}
    return count


def test_counts_are_right(pictures) -> None:
    numbers = set()
    for picture, found in turns(pictures, "counting", language="plain"):
        words = gap(r"How many (.*) are there\? Answer with a number\.", found[0][0])
        assert int(found[0][1]) == counted(words, picture.scene), words
        numbers.add(int(found[0][1]))
        if len(found) == 2:
            ids = [id_at(picture, point) for point in said_points(found[1][1])]
            assert len(set(ids)) == int(found[0][1]) and 0 not in ids
    assert {0, 1, 2} <= numbers


RELATIONS = {
    "left of": "left", "to the left of": "left", "on the left of": "left", "right of": "right",
    "to the right of": "right", "on the right of": "right", "in front of": "front", "behind": "behind",
    "in": "into", "inside": "into", "on": "onto", "on top of": "onto",
}  # fmt: skip


def test_yes_and_no_are_true_and_balanced(pictures) -> None:
    said: list[str] = []
    for picture, ((question, answer),) in turns(pictures, "relation", 1, language="plain"):
        match = re.fullmatch(rf"Is (the .*?) ({'|'.join(RELATIONS)}) (the .*)\? Answer.*", question)
        if match is None:
            continue
        (thing,), (other,) = things_meant(match[1], picture.scene), things_meant(match[3], picture.scene)
        assert holds(RELATIONS[match[2]], picture.scene, thing, other, np.inf) == (answer == "yes"), question
        said.append(answer)
    assert len(said) > 50 and 0.25 < said.count("yes") / len(said) < 0.75


def test_sides_are_true(pictures) -> None:
    names = {"to the left of": "left", "to the right of": "right", "in front of": "front", "behind": "behind"}
    compared = 0
    for picture, ((question, answer),) in turns(pictures, "relation", 1, language="plain"):
        match = re.fullmatch(r"Where is (.*), seen from (.*)\?", question)
        if match is not None:
            (thing,), (other,) = (things_meant(match[k], picture.scene) for k in (1, 2))
            side = answer.removesuffix(f" {match[2]}")
            assert holds(names[side], picture.scene, thing, other, np.inf)
            compared += 1
    assert compared > 20


def test_choices_name_what_is_there(pictures) -> None:
    letters, named = set(), 0
    for picture, ((question, answer),) in turns(pictures, "choice", language="plain"):
        if (match := re.fullmatch(r"What is at the point \((\d+), (\d+)\)\?", question)) is not None:
            assert things_meant(answer, picture.scene) == {id_at(picture, (int(match[1]), int(match[2]))) - 1}
            named += 1
        elif question.startswith("Which of these"):
            options = dict(re.findall(r"([A-D])\. (the [a-z ]+?)(?= [A-D]\.| Answer)", question))
            assert answer in options and len(options) >= 2
            letters.add(answer)
            if (match := re.search(r"is nearest to (the (?!robot|viewer).*)\? A\.", question)) is not None:
                (other,) = things_meant(match[1], picture.scene)
                place = picture.scene.positions[:, :2]
                far = {}
                for letter, name in options.items():
                    (thing,) = things_meant(name, picture.scene)
                    far[letter] = np.linalg.norm(place[thing] - place[other])
                assert min(far, key=far.__getitem__) == answer
    assert {"A", "B", "C"} <= letters and named > 20


def test_plans_lead_to_the_end(pictures) -> None:
    lengths = set()
    for picture, ((_, answer),) in turns(pictures, "planning"):
        if answer.startswith("1. "):
            steps = parse_steps(answer)
            lengths.add(len(steps))
            assert steps[-1].startswith("let go")
        elif answer.startswith("{"):
            told = json.loads(answer)
            assert set(told) == {"response", "subtask"}
            boxes = said_boxes(told["subtask"])
            assert boxes[0] in picture.boxes[picture.seen].astype(int).tolist()
        else:
            assert answer in ("yes", "no") or picture.moment.own is not None
    assert len(lengths) > 2
    own = next(picture.moment.own for picture in pictures() if picture.moment.own is not None)
    assert remaining("move to the grasp", own.task)[0] == f"reach for {own.task.target_phrase}"
    assert [len(remaining(stage, own.task)) for stage in stages(own.task)] == [6, 5, 4, 3, 2, 1]


def test_done_is_told_at_the_end_only(pictures) -> None:
    told: dict[str, set[str]] = {"yes": set(), "no": set()}
    rng = np.random.default_rng(4)
    for picture in pictures(1):
        if picture.moment.own is None:
            continue
        for _ in range(40):
            found: list[Turn] | None = KINDS["planning"](picture, rng)
            if found is not None and found[0][1] in told:
                told[found[0][1]].add(picture.moment.own.subtask)
    assert told["yes"] == {"retreat"} and told["no"] <= {"move to the grasp", "grasp", "lift", "carry"} and told["no"]


def test_groups_are_complete(pictures) -> None:
    rng = np.random.default_rng(0)
    for picture in pictures(4):
        for _ in range(5):
            if (group := draw_group(picture, rng)) is not None:
                assert group[1] and set(group[1]) <= set(picture.seen)
                assert counted(group[0], picture.scene) == len(group[1])


@pytest.mark.parametrize(
    ("noun", "expected"),
    [("mug", "mugs"), ("toy car", "toy cars"), ("box", "boxes"), ("cereal box", "cereal boxes"), ("brush", "brushes")]
    + [("tomato", "tomatoes"), ("knife", "knives"), ("berry", "berries"), ("tray", "trays"), ("glass", "glasses")],
)
def test_plurals(noun: str, expected: str) -> None:
    assert plural(noun) == expected
