"""Conversations are learned until the planner gives their answers, and answers in words are scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small import nano_config, nano_policy, nano_tokenizer

from sightline.core.errors import SightlineError
from sightline.core.pictures import read_picture
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversations import Conversations, SourceConfig
from sightline.models.policy import Policy
from sightline.train.chat_check import ChatCheck, read_truth, score
from sightline.train.objectives.chat import ChatObjective

SIZE = (100, 180)
COLOURS = {"red": (200, 30, 30), "green": (40, 160, 60), "blue": (40, 60, 200), "yellow": (220, 200, 40)}
CORNERS = {"red": (0, 0), "green": (90, 0), "blue": (0, 50), "yellow": (90, 50)}
BOX = "Locate the square. Give its bounding box in [x1,y1,x2,y2] format."


def write_records(folder: Path, records: list[dict]) -> Conversations:
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return Conversations(SourceConfig(path))


@pytest.fixture
def source(tmp_path: Path) -> Conversations:
    """Four pictures with a coloured square each: where is it, and what colour is it?"""
    records = []
    for colour, rgb in COLOURS.items():
        picture = np.full((*SIZE, 3), 120, np.uint8)
        x, y = CORNERS[colour]
        picture[y : y + 50, x : x + 90] = rgb
        Image.fromarray(picture).save(tmp_path / f"{colour}.png")
        said = [f"<image>\n{BOX}", f"<box>[[{x}, {y}, {x + 90}, {y + 50}]]</box>", "Which colour is it?", colour]
        turns = [{"from": ("human", "gpt")[number % 2], "value": text} for number, text in enumerate(said)]
        records.append({"id": colour, "image": f"{colour}.png", "conversations": turns})
    return write_records(tmp_path, records)


@pytest.fixture
def words_policy() -> Policy:
    """A policy without a pointer."""
    return nano_policy(nano_tokenizer(), nano_config(grounding=replace(nano_config().grounding, pointer=False)))


def test_a_planner_learns_to_answer(source: Conversations, words_policy: Policy) -> None:
    """From random weights until it repeats four records by chat, boxes included, and grounds in words."""
    policy, system = words_policy, words_policy.system
    objective = ChatObjective(ConversationMix([source]), policy, 4, seed=0)
    check = ChatCheck(source, policy, 4)
    before = check(policy)
    optimiser = torch.optim.AdamW(system.planner.parameters(), 6e-3, weight_decay=0.0)
    for step in range(50):
        system.train()
        loss, terms, count = objective.loss(system, objective.batch(step, 0.0))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(system.planner.parameters(), 1.0)
        optimiser.step()
    system.eval()
    assert float(loss.detach()) < 0.05 and count == 4 and set(terms) == {"text"}
    assert before["box_acc50"] == 0.0 and check(policy)["box_acc50"] == 1.0
    for number, colour in enumerate(COLOURS):
        image = read_picture(source[number].pictures[0])
        # Seen at 168 x 112 pixels.
        x, y = (round(value * scale) for value, scale in zip(CORNERS[colour], (168 / 180, 112 / 100), strict=True))
        assert policy.planner.chat(image, BOX).startswith(f"<box>[[{x}, {y}, ")
        found = policy.ground(image, "the square")
        expected = np.array([*CORNERS[colour], CORNERS[colour][0] + 90, CORNERS[colour][1] + 50])
        assert np.abs(found.boxes["target"] - expected).max() <= 1.0


def same(first: object, second: object) -> bool:
    return all(
        torch.equal(a, b) for a, b in zip(vars(first.tokens).values(), vars(second.tokens).values(), strict=True)
    ) and torch.equal(first.pixels, second.pixels)


def test_a_batch_follows_from_seed_step_and_part(source: Conversations, words_policy: Policy) -> None:
    def objective(seed: int = 0, every: int = 1) -> ChatObjective:
        return ChatObjective(ConversationMix([source]), words_policy, 2, seed, 0.5, every, parts=2)

    first, again = objective(), objective()
    batches = {(step, part): first.batch(step, 0.0, part) for step in range(3) for part in range(2)}
    for step, part in sorted(batches, reverse=True):
        assert same(again.batch(step, 0.9, part), batches[step, part])
    # One update of two parts goes through all four records.
    assert not same(batches[0, 0], batches[0, 1])
    assert any(not same(objective(seed).batch(0, 0.0), batches[0, 0]) for seed in (1, 2, 3))
    rare = objective(every=3)
    assert rare.batch(1, 0.0) is None and rare.batch(2, 0.0, 1) is None
    assert same(rare.batch(3, 0.0, 1), batches[1, 1])
    with pytest.raises(SightlineError, match="no micro-batch 2"):
        first.batch(0, 0.0, 2)


def test_records_of_no_use_are_replaced_and_reported(
    source: Conversations, words_policy: Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    source[1].pictures[0].unlink()
    mix = ConversationMix([source])
    objective = ChatObjective(mix, words_policy, 4, seed=0)
    for step in range(3):
        assert len(objective.batch(step, 0.0).tokens.ids) == 4
    said = capsys.readouterr().out
    assert mix.skipped == 1 and said.count("1 conversations") == 1 and "green.png" in said
    tight = ChatObjective(ConversationMix([source]), words_policy, 4, seed=0, longest=40)
    with pytest.raises(SightlineError, match="None of 4 conversations"):
        tight.batch(0, 0.0)


def test_the_loss_reaches_eyes_and_words(source: Conversations, words_policy: Policy) -> None:
    objective = ChatObjective(ConversationMix([source]), words_policy, 2, seed=0)
    objective.loss(words_policy.system, objective.batch(0, 0.0))[0].backward()
    model = words_policy.system.planner.model.model
    for part in (model.visual, model.language_model):
        assert all(weight.grad is not None and bool(weight.grad.abs().sum() > 0) for weight in part.parameters())


PICTURE = (112, 224)
TRACE = "[(10, 10), (60, 10), (110, 10), (160, 10)]"


@pytest.mark.parametrize(
    ("question", "true", "said", "form", "expected"),
    [
        ("Locate it.", "<box>[[10, 10, 50, 50]]</box>", "<box>[[12, 10, 50, 50]]</box>", "box", [1.0]),
        ("Locate it.", "<box>[[10, 10, 50, 50]]</box>", "[60, 10, 99, 50]", "box", [0.0]),
        ("Locate it.", "<box>[[10, 10, 50, 50]]</box>", "I cannot see it.", "box", [0.0]),
        ("Locate all.", "<box>[[1, 1, 50, 50], [60, 1, 99, 50]]</box>", "[60, 1, 99, 50]", "box", [0.0, 1.0]),
        ("Point.", "[(50, 50)]", "[(58, 45)]", "point", [1.0]),
        ("Point.", "[(50, 50)]", "[(62, 45)]", "point", [0.0]),
        ("Point.", "[(50, 50)]", "nowhere", "point", [0.0]),
        ("Point to each.", "[(50, 50), (90, 50), (120, 50)]", "[(120, 50)]", "point", [1.0]),
        ("Locate it.", "<|box_start|>(10,10),(50,50)<|box_end|>", "[12, 10, 50, 50]", "box", [1.0]),
        ("Locate it.", '{"x": 10, "y": 10, "w": 40, "h": 40}', "（12，10），（50，50）", "box", [0.0]),
        ("Locate it.", '{"bbox": [[10, 10], [50, 50]]}', '["12", "10", "50", "50"]', "box", [1.0]),
        ("Predict the trajectory.", TRACE, TRACE, "trace", [0.0]),
        ("Predict the trajectory.", TRACE, TRACE.replace(" 10)", " 14)"), "trace", [4.0]),
        ("Predict the trajectory.", TRACE, "", "trace", [224.0]),
        ("How many?", "3", "3", "", None),
    ],
)
def test_answers_are_scored(question: str, true: str, said: str, form: str, expected: list[float] | None) -> None:
    truth = read_truth(question, true, PICTURE)
    assert truth.form == form
    if expected is not None:
        assert score(said, truth) == pytest.approx(expected)


def test_a_check_asks_what_it_can(source: Conversations, words_policy: Policy, tmp_path: Path) -> None:
    source[0].pictures[0].unlink()
    check = ChatCheck(source, words_policy, 10)
    assert sorted(found.name.split()[-1] for found in check.questions) == ["(blue)", "(green)", "(yellow)"]
    result = check(words_policy)
    assert set(result) == {"box_acc50", "point_acc", "trace_mae_px"}
    assert np.isnan(result["point_acc"]) and np.isnan(result["trace_mae_px"])
    (tmp_path / "other").mkdir()
    turns = [{"from": "human", "value": "How many?"}, {"from": "gpt", "value": "3"}]
    with pytest.raises(SightlineError, match="no question about one picture"):
        ChatCheck(write_records(tmp_path / "other", [{"conversations": turns}]), words_policy, 3)
