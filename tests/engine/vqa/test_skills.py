"""Questions about skills and fixtures: parts have names of their own, plans have steps of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sightline.data import layout
from sightline.data.dataset import load_dataset
from sightline.engine.vqa.asking import KINDS, Order, Reader
from sightline.engine.vqa.columns import add_language
from sightline.engine.vqa.formats import parse_steps
from sightline.engine.vqa.groups import draw_group
from sightline.engine.vqa.planning import planning, remaining
from sightline.language.parsing import Meaning, meanings, things_meant
from sightline.tasks.skills import SKILLS

PARTS = {skill.target for skill in SKILLS.values() if skill.acts_on_part}


def readings(root: Path, step: int = 6, phrasing: str = "train"):
    """(episode, picture) of a dataset."""
    dataset = load_dataset(root)
    for meta in dataset.episodes:
        places = [(t, camera) for t in range(meta.length) for camera in dataset.cameras][::step]
        reader = Reader(dataset, meta, dataset.labels(meta.index), Order(phrasing=phrasing), places)
        for place in places:
            yield meta, reader.picture(*place)


@pytest.mark.parametrize("phrasing", ["train", "unseen"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_asked_among_fixtures(furnished: Path, kind: str, phrasing: str) -> None:
    rng, count = np.random.default_rng(0), 0
    for _, picture in readings(furnished, 6, phrasing):
        for question, answer in KINDS[kind](picture, rng) or ():
            count += 1
            assert question and answer and "nan" not in answer
    assert count > 5


def test_things_that_are_called_by_name_are_meant(furnished: Path) -> None:
    named = set()
    for _, picture in readings(furnished, 10):
        for index, name in picture.moment.labels.items():
            assert things_meant(name, picture.scene) == {index}
            named.add(picture.scene.objects[index].role)
    assert {"button", "drawer", "fixture"} <= named


def test_plans_of_skills_lead_to_the_end(furnished: Path) -> None:
    rng, seen = np.random.default_rng(1), set()
    for meta, picture in readings(furnished, 5):
        own = picture.moment.own
        if meta.task.relation not in SKILLS or own is None:
            continue
        steps = remaining(own.subtask, own.task)
        assert steps and meta.task.target_phrase in steps[0] and "None" not in " ".join(steps)
        for _ in range(4):
            for _, answer in planning(picture, rng) or ():
                seen.add(meta.task.relation)
                if answer.startswith("1."):
                    assert parse_steps(answer)
    assert len(seen) >= 2


def test_a_cabinet_is_one_thing(furnished: Path) -> None:
    rng = np.random.default_rng(2)
    for _, picture in readings(furnished, 10):
        for _ in range(6):
            group = draw_group(picture, rng)
            if group is not None and group[0] == "things on the table":
                assert not {picture.scene.objects[index].role for index in group[1]} & PARTS


def test_other_words_for_skills_mean_the_same(furnished: Path, tmp_path: Path) -> None:
    add_language(furnished, tmp_path / "copy")
    dataset = load_dataset(furnished)
    for meta in dataset.episodes:
        task, scene = meta.task, dataset.labels(meta.index).scene(0)
        table = layout.read_parquet(tmp_path / "copy" / meta.table.relative_to(dataset.root))
        said = [row["content"] for row in table["language_persistent"][0].as_py() if row["style"] == "task_aug"]
        assert said
        for text in said:
            assert meanings(text, scene) == {Meaning(task.relation, task.target, task.reference)}, text
