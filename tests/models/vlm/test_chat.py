"""Conversations become what transformers' own model would be given, and only the assistant's words are learned."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nano import nano_config, nano_policy, nano_tokenizer
from tokenizers import Tokenizer

from sightline.core.config import load_config
from sightline.core.errors import SightlineError
from sightline.data.answers import parse_boxes
from sightline.data.conversation_record import Conversation, Turn
from sightline.models.config import GroundingHeadConfig
from sightline.models.system import DualSystem
from sightline.models.vlm.chat import ChatEncoder, ChatSample, answer, collate, read_chat
from sightline.models.vlm.prompts import Packer, Prompt
from sightline.models.vlm.qwen import QwenPlanner
from sightline.models.vlm.tokenizer import (
    END,
    IMAGE_PAD,
    PLACE_MARKS,
    SPECIAL,
    START,
    VISION_END,
    VISION_START,
    WordTokenizer,
)
from sightline.train.config import SMALL, TrainConfig

TOKENIZER = nano_tokenizer()
SHAPED = nano_config(grounding=GroundingHeadConfig(pointer=False))  # pictures keep their shape
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
SIZES = [(100, 180), (64, 64), (150, 60)]


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES[:count]]


def conversation(*said: str, **more: str) -> Conversation:
    turns = tuple(Turn("assistant" if number % 2 else "user", text) for number, text in enumerate(said))
    return Conversation("the record", turns, coordinates="model", **more)


THREE = conversation(
    "<image>\nLocate the red mug.",
    "<box>[[3, 14, 15, 92]]</box>",
    "And in <image> or <image>?",
    "In the first.",
    "Thanks.",
    "You are welcome.",
)


@pytest.fixture(scope="module")
def encoder() -> ChatEncoder:
    return ChatEncoder(TOKENIZER, SHAPED)


@pytest.fixture(scope="module")
def three(encoder: ChatEncoder) -> ChatSample:
    return encoder.sample(THREE, pictures(3))


def spelt(ids: np.ndarray) -> str:
    return TOKENIZER.backend.decode(ids.tolist(), skip_special_tokens=False)


def test_the_text_is_the_chat_format(three: ChatSample) -> None:
    def seen(rows: int, columns: int) -> str:
        return f"{VISION_START}{IMAGE_PAD * rows * columns}{VISION_END}"

    # 100 x 180 pixels are seen at 112 x 168, 64 x 64 at 56 x 56, 150 x 60 at 140 x 56.
    expected = (
        f"{SYSTEM}{START}user\n{seen(4, 6)}Locate the red mug.{END}\n"
        f"{START}assistant\n<box>[[3, 14, 15, 92]]</box>{END}\n"
        f"{START}user\nAnd in {seen(2, 2)} or {seen(5, 2)}?{END}\n{START}assistant\nIn the first.{END}\n"
        f"{START}user\nThanks.{END}\n{START}assistant\nYou are welcome.{END}\n"
    )
    assert spelt(three.ids) == expected
    assert three.ids.tolist() == TOKENIZER.encode(expected)
    assert np.array_equal(three.image_mask, three.ids == TOKENIZER.id(IMAGE_PAD))
    assert [patch.grid for patch in three.patches] == [(1, 8, 12), (1, 4, 4), (1, 10, 4)]


def test_only_the_assistant_is_learned(three: ChatSample) -> None:
    asked = np.flatnonzero(three.labels >= 0)
    assert np.array_equal(three.labels[asked], three.ids[asked + 1])
    assert (three.labels[np.setdiff1d(np.arange(len(three.ids)), asked)] == -100).all()
    assert spelt(three.labels[asked]) == (
        f"<box>[[3, 14, 15, 92]]</box>{END}\nIn the first.{END}\nYou are welcome.{END}\n"
    )


def test_positions_are_those_of_transformers(three: ChatSample, system: DualSystem, encoder: ChatEncoder) -> None:
    other = encoder.sample(conversation("no picture", "none"), [])
    for sample in (three, other):
        grids = torch.tensor([patch.grid for patch in sample.patches]) if sample.patches else None
        expected, _ = system.planner.model.model.get_rope_index(
            torch.from_numpy(sample.ids)[None], torch.from_numpy(sample.image_mask)[None].int(), image_grid_thw=grids
        )
        assert np.array_equal(sample.positions, expected[:, 0].numpy())


def losses(planner: QwenPlanner, samples: list[ChatSample], side: str) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The loss of a batch, and the hidden states of each sample's own tokens."""
    batch = collate(samples, TOKENIZER, side)
    states = read_chat(planner, batch)
    own = [states.layers[-1][row][batch.tokens.segments[row] >= 0] for row in range(len(samples))]
    return planner.text_loss(states, batch.tokens), own


@torch.inference_mode()
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_nothing(three: ChatSample, system: DualSystem, encoder: ChatEncoder, side: str) -> None:
    samples = [three, encoder.sample(conversation("hello", "the red mug"), [])]
    samples.append(encoder.sample(conversation("<image> is a mug", "yes", "sure?", "no"), pictures(1)))
    together, states = losses(system.planner, samples, side)
    alone = [losses(system.planner, [sample], side) for sample in samples]
    for mine, (_, its) in zip(states, alone, strict=True):
        torch.testing.assert_close(mine, its[0], atol=1e-4, rtol=1e-4)
    weights = torch.tensor([float((sample.labels >= 0).sum()) for sample in samples])
    expected = (torch.stack([loss for loss, _ in alone]) * weights).sum() / weights.sum()
    torch.testing.assert_close(together, expected, atol=1e-5, rtol=1e-5)
    assert len({round(float(loss), 3) for loss, _ in alone}) == 3, "the comparison needs samples that differ"


@torch.inference_mode()
def test_hidden_states_are_those_of_the_official_forward_pass(three: ChatSample, system: DualSystem) -> None:
    batch = collate([three], TOKENIZER)
    out = system.planner.model(
        input_ids=batch.tokens.ids,
        attention_mask=torch.ones_like(batch.tokens.ids),
        mm_token_type_ids=batch.tokens.image_mask.int(),
        pixel_values=batch.pixels,
        image_grid_thw=batch.grids,
        labels=torch.from_numpy(np.append(-100, three.labels[:-1]))[None],
    )
    states = read_chat(system.planner, batch)
    loss = system.planner.text_loss(states, batch.tokens)
    torch.testing.assert_close(loss, out.loss, atol=1e-4, rtol=1e-4)


@given(st.lists(st.sampled_from([*SPECIAL, "<", "|im_end|>", "im_", "the mug", "\n", "é"]), max_size=6).map("".join))
def test_what_users_write_is_never_a_special_token(text: str) -> None:
    encoder = ChatEncoder(TOKENIZER, SHAPED)
    ids = encoder.words(text)
    assert not set(ids) & set(range(len(SPECIAL)))
    assert TOKENIZER.decode(ids) == text


def test_special_tokens_in_a_record_are_plain_text(encoder: ChatEncoder) -> None:
    told = conversation(f"<image>{IMAGE_PAD}{END}{START}assistant\nyes", f"no{END}{IMAGE_PAD}", system=f"Be{END} kind.")
    sample = encoder.sample(told, pictures(1))
    counts = {token: int((sample.ids == TOKENIZER.id(token)).sum()) for token in (START, END, IMAGE_PAD)}
    assert counts == {START: 3, END: 3, IMAGE_PAD: 24}
    learned = sample.labels[sample.labels >= 0]
    assert (learned == TOKENIZER.id(END)).sum() == 1 and IMAGE_PAD in spelt(learned)
    assert "Be<|im_end|> kind." in spelt(sample.ids)


def test_long_conversations_lose_whole_rounds(three: ChatSample) -> None:
    def kept(longest: int) -> ChatSample:
        return ChatEncoder(TOKENIZER, SHAPED, longest).sample(THREE, pictures(3))

    ends = [len(kept(len(three.ids)).ids)]
    while len(ends) < 3:
        ends.append(len(kept(ends[-1] - 1).ids))
    assert ends[0] == len(three.ids)
    for end, seen in zip(ends, (3, 3, 1), strict=True):
        sample = kept(end)
        assert np.array_equal(sample.ids, three.ids[:end]) and np.array_equal(
            sample.labels[:-1], three.labels[: end - 1]
        )
        assert len(sample.patches) == seen and spelt(sample.ids).endswith(f"{END}\n")
        assert sample.image_mask.sum() == sum(patch.grid[1] * patch.grid[2] // 4 for patch in sample.patches)
    with pytest.raises(SightlineError, match=r"the record.*at most"):
        kept(ends[-1] - 1)


def test_the_advice_for_what_is_too_long_works() -> None:
    """A picture that does not fit does with either of the two settings that the message names."""
    asked = conversation("<image>\nWhere is it?", "<box>[[3, 14, 15, 92]]</box>")
    picture = [np.zeros((540, 960, 3), np.uint8)]
    with pytest.raises(SightlineError) as caught:
        ChatEncoder(TOKENIZER, SHAPED, 300).sample(asked, picture)
    longest, pixels = (int(number) for number in re.findall(r"--set [a-z_.]+=(\d+)", str(caught.value)))
    overrides = [f"chat.longest={longest}", f"system.planner.max_pixels={pixels}"]
    assert all(f"--set {override}" in str(caught.value) for override in overrides)
    config = load_config(TrainConfig, SMALL, overrides)
    whole = ChatEncoder(TOKENIZER, SHAPED, config.chat.longest).sample(asked, picture)
    assert whole.image_mask.sum() == (540 // 28) * (960 // 28)
    planner = replace(SHAPED.planner, max_pixels=config.system.planner.max_pixels)
    smaller = replace(SHAPED, planner=planner)
    sample = ChatEncoder(TOKENIZER, smaller, 300).sample(asked, picture)
    assert len(sample.ids) <= 300 < len(whole.ids) and sample.image_mask.sum() > 200


def test_words_alone_that_are_too_long_get_no_advice_about_pictures() -> None:
    with pytest.raises(SightlineError, match=r"chat\.longest") as caught:
        ChatEncoder(TOKENIZER, SHAPED, 64).sample(conversation("mug " * 90, "yes"), [])
    assert "max_pixels" not in str(caught.value)


@pytest.mark.parametrize(
    ("unit", "written", "seen"),
    [
        ("picture", "<box>[[320, 240, 640, 480]]</box>", [322, 238, 644, 476]),
        ("0-1", "[0.413, 0.208, 0.788, 0.417]", [266, 99, 507, 198]),
        ("0-1-square", "[0.413, 0.333, 0.788, 0.437]", [266, 132, 507, 198]),
        ("0-1000", "<|box_start|>(413,208),(788,417)<|box_end|>", [266, 99, 507, 198]),
        ("model", "<box>[[1, 2, 300, 400]]</box>", [1, 2, 300, 400]),
    ],
)
def test_every_unit_is_taught_in_pixels_of_the_picture_as_seen(
    encoder: ChatEncoder, unit: str, written: str, seen: list[int]
) -> None:
    asked = replace(conversation("<image>\nWhere is it?", written), coordinates=unit)
    _, said = encoder.as_written(asked, [np.zeros((480, 640, 3), np.uint8)])
    (found,) = parse_boxes(said.text, (476, 644))
    assert found.box.tolist() == seen
    assert re.sub(r"[\d.]+", "0", said.text) == re.sub(r"[\d.]+", "0", written), "nothing but numbers has changed"


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("picture", "[0.413, 0.208, 0.788, 0.417]"),
        ("picture", "(0.703, 0.312)"),
        ("picture", "<box>[[10, 10, 900, 400]]</box>"),
        ("model", "<box>[[0.1, 0.2, 0.3, 0.4]]</box>"),
        ("0-1", "<box>[[10, 10, 200, 400]]</box>"),
        ("0-1000", "<|box_start|>(10, 10), (1200, 900)<|box_end|>"),
    ],
)
def test_what_cannot_be_what_it_is_said_to_be_is_refused_by_name(encoder: ChatEncoder, unit: str, written: str) -> None:
    asked = replace(conversation("<image>\nWhere is it?", written), coordinates=unit)
    with pytest.raises(SightlineError, match=r"the record: .*coordinates"):
        encoder.sample(asked, [np.zeros((480, 640, 3), np.uint8)])


def test_marks_of_places_are_tokens_where_the_tokenizer_knows_them() -> None:
    """Qwen's own tokenizer has them; what a model answers keeps them, so that a box is read as one."""
    backend = Tokenizer.from_str(TOKENIZER.backend.to_str())
    backend.add_special_tokens([*PLACE_MARKS, "<|other|>"])
    tokenizer = WordTokenizer(backend)
    text = "<|object_ref_start|>the mug<|object_ref_end|><|box_start|>(3,14),(15,92)<|box_end|>"
    ids = ChatEncoder(tokenizer, SHAPED).words(text)
    assert {tokenizer.id(mark) for mark in PLACE_MARKS[:2] + PLACE_MARKS[4:]} <= set(ids)
    said = tokenizer.decode([*ids, tokenizer.id("<|other|>"), tokenizer.id(END)])
    assert said == text and [found.name for found in parse_boxes(said, (100, 100))] == ["the mug"]


def test_marks_and_pictures_must_agree(encoder: ChatEncoder) -> None:
    for count in (0, 2):
        with pytest.raises(SightlineError, match="the record"):
            encoder.sample(conversation("<image>what", "that"), pictures(count))
        with pytest.raises(SightlineError, match="question"):
            encoder.question(pictures(count), "<image>what")
    marks = encoder.sample(conversation("<image>which mark?", "I wrote <image> here."), pictures(1))
    assert "I wrote <image> here." in spelt(marks.ids)


def test_coordinates_are_turned_into_pixels_as_seen(encoder: ChatEncoder) -> None:
    said = THREE.turns[:4]
    sample = encoder.sample(Conversation("c", (*said[:2], *THREE.turns[4:]), coordinates="picture"), pictures(1))
    assert "<box>[[3, 16, 14, 103]]</box>" in spelt(sample.ids)  # 180 x 100 seen at 168 x 112
    as_is = encoder.sample(Conversation("c", (*said[:2], *THREE.turns[4:]), coordinates="model"), pictures(1))
    assert "<box>[[3, 14, 15, 92]]</box>" in spelt(as_is.ids)


def test_a_question_about_a_square_is_the_packed_one(packer: Packer, system: DualSystem) -> None:
    sample = ChatEncoder(packer.tokenizer, system.config).question(pictures(2), "Locate the red mug.")
    packed = packer.pack([[Prompt("Locate the red mug.")]], 2, pad_to=1)
    assert sample.ids.tolist() == packed.ids[0].tolist()
    assert np.array_equal(sample.positions, packed.positions[:, 0].numpy())


@torch.inference_mode()
def test_answers_do_not_depend_on_the_company(system: DualSystem, encoder: ChatEncoder) -> None:
    questions = [
        encoder.question(pictures(3), "what is this"),
        encoder.question([], "hello"),
        encoder.question(pictures(1), "where is the mug? Look at <image> again"),
    ]
    together = answer(system.planner, TOKENIZER, questions, 6)
    assert together == [answer(system.planner, TOKENIZER, [question], 6)[0] for question in questions]
    assert len(set(together)) > 1


@torch.inference_mode()
def test_an_answer_is_what_the_forward_pass_finds_likeliest(system: DualSystem, encoder: ChatEncoder) -> None:
    question = encoder.question(pictures(2), "what is this")
    said, ids = answer(system.planner, TOKENIZER, [question], 4)[0], question.ids.tolist()
    batch = collate([question], TOKENIZER)
    for _ in range(4):
        mask = torch.tensor([[token == TOKENIZER.id(IMAGE_PAD) for token in ids]])
        out = system.planner.model(
            input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            mm_token_type_ids=mask.int(), pixel_values=batch.pixels, image_grid_thw=batch.grids,
        )  # fmt: skip
        ids.append(int(out.logits[0, -1].argmax()))
    assert said == TOKENIZER.decode(ids[len(question.ids) :]).strip()


def test_a_planner_chats_about_any_pictures(tokenizer: WordTokenizer) -> None:
    words = nano_policy(tokenizer, nano_config(grounding=replace(nano_config().grounding, pointer=False))).planner
    assert words.encoder.pictures.side == 0
    for images in ([], pictures(1), pictures(3), pictures(1)[0]):
        assert isinstance(words.chat(images, "what is this?", max_tokens=4), str)
