"""The planner's input is the official model's, and packing changes nothing but the cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from nano import nano_config, random_pictures
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from sightline.core.errors import SightlineError
from sightline.models.system import DualSystem, Seen
from sightline.models.vlm.prompts import Packer, Prompt, refer_prompt, task_prompt
from sightline.models.vlm.qwen import QwenPlanner
from sightline.models.vlm.tokenizer import READOUTS

QUESTIONS = [
    refer_prompt("the red mug"),
    task_prompt("put the green can into the blue bowl", guided=True),
    Prompt("Locate the can. Give its bounding box in [x1,y1,x2,y2] format.", (), "<box>[[3, 14, 15, 92]]</box>"),
    refer_prompt("the can left of the bowl"),
]


def readout_states(seen: Seen, readouts: torch.Tensor, row: int, slot: int) -> torch.Tensor:
    """[readouts asked, width] of one question."""
    index = readouts[row, slot]
    return seen.states.layers[-1][row, index[index >= 0]]


@torch.inference_mode()
def test_a_packed_question_is_answered_as_if_alone(system: DualSystem, packer: Packer) -> None:
    images = random_pictures(0, 2)
    packed = packer.pack([QUESTIONS, QUESTIONS[::-1]], 2)
    together = system.see(images, packed)
    for row, order in enumerate((QUESTIONS, QUESTIONS[::-1])):
        for slot, question in enumerate(order):
            if not question.readouts:
                continue
            tokens = packer.pack([[question]], 2, pad_to=1)
            alone = system.see(images[row : row + 1], tokens)
            expected = readout_states(alone, tokens.readouts, 0, 0)
            torch.testing.assert_close(
                readout_states(together, packed.readouts, row, slot), expected, atol=1e-5, rtol=1e-5
            )
            for name in ("points", "boxes", "visible", "heights", "axes", "logits"):
                asked = slice(None) if len(question.readouts) > 1 else slice(0, 1)
                got, wanted = (getattr(x.pointing, name) for x in (together, alone))
                torch.testing.assert_close(got[row, slot, asked], wanted[0, 0, asked], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        together.states.visual[0],
        system.see(images[:1], packer.pack([QUESTIONS[:1]], 2)).states.visual[0],
        atol=1e-5,
        rtol=1e-5,
    )
    # The comparison means something only where questions and pictures make a difference.
    first, last = readout_states(together, packed.readouts, 0, 0), readout_states(together, packed.readouts, 0, 3)
    assert (first - last).abs().max() > 0.05
    other = readout_states(together, packed.readouts, 1, 3)
    assert (first - other).abs().max() > 1e-3


@torch.inference_mode()
def test_packing_does_not_change_the_language_loss(system: DualSystem, packer: Packer) -> None:
    images = random_pictures(1, 1)
    losses = []
    for sample in ([QUESTIONS[2]], QUESTIONS):
        tokens = packer.pack([sample], 2)
        losses.append(float(system.planner.text_loss(system.planner(images, tokens), tokens)))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    nothing = packer.pack([QUESTIONS[:1]], 2)
    assert float(system.planner.text_loss(system.planner(images, nothing), nothing)) == 0.0


def test_readouts_are_found_at_their_own_tokens(packer: Packer) -> None:
    tokens = packer.pack([QUESTIONS, QUESTIONS[:1]], 2)
    for slot, question in enumerate(QUESTIONS):
        for number, name in enumerate(READOUTS):
            at = int(tokens.readouts[0, slot, number])
            assert (at >= 0) == (name in question.readouts)
            if at >= 0:
                assert int(tokens.ids[0, at]) == packer.tokenizer.id(f"<|{name}|>")
                assert int(tokens.segments[0, at]) == slot + 1
    assert (tokens.readouts[1, 1:] == -1).all()


def test_labels_stand_one_before_the_answer(packer: Packer) -> None:
    tokens = packer.pack([[QUESTIONS[2]]], 1)
    asked = (tokens.labels[0] >= 0).nonzero()[:, 0]
    assert torch.equal(tokens.labels[0, asked], tokens.ids[0, asked + 1])
    assert packer.tokenizer.decode(tokens.labels[0, asked].tolist()) == "<box>[[3, 14, 15, 92]]</box>\n"


@pytest.mark.parametrize("views", [1, 2, 3])
def test_positions_are_those_of_transformers(system: DualSystem, packer: Packer, views: int) -> None:
    tokens = packer.pack([[QUESTIONS[1]]], views, pad_to=1)
    side = system.config.planner.image_size // system.config.planner.patch
    expected, _ = system.planner.model.model.get_rope_index(
        tokens.ids, tokens.image_mask.int(), image_grid_thw=torch.tensor([[1, side, side]] * views)
    )
    assert torch.equal(tokens.positions, expected)


def test_every_packed_question_has_the_positions_it_has_alone(packer: Packer) -> None:
    packed = packer.pack([QUESTIONS], 2)
    for slot, question in enumerate(QUESTIONS):
        alone = packer.pack([[question]], 2, pad_to=1)
        mine, its = packed.segments[0] == slot + 1, alone.segments[0] == 1
        assert torch.equal(packed.positions[:, 0, mine], alone.positions[:, 0, its])
        assert torch.equal(packed.ids[0, mine], alone.ids[0, its])


@pytest.mark.parametrize("temporal", [1, 2])
def test_pixels_are_in_the_order_of_the_official_processor(temporal: int) -> None:
    planner = QwenPlanner(replace(nano_config().planner, temporal_patch=temporal))
    images = random_pictures(2, 1, views=2)
    processor = Qwen2VLImageProcessorPil(do_resize=False, temporal_patch_size=temporal, patch_size=14, merge_size=2)
    out = processor([picture.numpy() for picture in images[0]], return_tensors="pt")
    ours = planner.pixel_values(images)
    assert ours.shape == (2 * 64, 3 * temporal * 14 * 14)
    assert out["image_grid_thw"].tolist() == [[1, 8, 8]] * 2
    torch.testing.assert_close(ours, out["pixel_values"].float(), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_hidden_states_are_those_of_the_official_forward_pass(system: DualSystem, packer: Packer) -> None:
    """The packed path (own mask, own positions) agrees with the plain call of the transformers model."""
    images, tokens = random_pictures(3, 1), packer.pack([[QUESTIONS[1]]], 2, pad_to=1)
    out = system.planner.model.model(
        input_ids=tokens.ids,
        attention_mask=torch.ones_like(tokens.ids),
        mm_token_type_ids=tokens.image_mask.int(),
        pixel_values=system.planner.pixel_values(images),
        image_grid_thw=torch.tensor([[1, 8, 8]] * 2),
    )
    ours = system.planner(images, tokens).layers[-1]
    torch.testing.assert_close(ours, out.last_hidden_state, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_padding_does_not_reach_pointing_or_query_tokens(system: DualSystem, packer: Packer) -> None:
    images = random_pictures(4, 2)
    short, long = task_prompt("take the can", guided=True), QUESTIONS[1]
    long = Prompt(long.text + " and then wait" * 10, long.readouts)
    both = system.see(images, packer.pack([[short], [long]], 2))
    alone = system.see(images[:1], packer.pack([[short]], 2, pad_to=1))
    assert both.ignore[0].sum() > 16 and not alone.ignore.any()
    torch.testing.assert_close(both.pointing.points[0], alone.pointing.points[0], atol=1e-5, rtol=1e-5)
    tokens = [system.query_tokens(seen.states.layers, seen.dense, seen.ignore)[0] for seen in (both, alone)]
    torch.testing.assert_close(*tokens, atol=1e-5, rtol=1e-5)
    careless = system.query_tokens(both.states.layers, both.dense, None)[0]
    assert (careless - tokens[1]).abs().max() > 1e-4, "padding must matter when nobody masks it"


def test_a_sample_without_questions_is_an_error(packer: Packer) -> None:
    with pytest.raises(SightlineError, match="at least one question"):
        packer.pack([[QUESTIONS[0]], []], 1)


@torch.inference_mode()
def test_several_layers_are_the_last_ones(system: DualSystem, packer: Packer) -> None:
    images, tokens = random_pictures(5, 1), packer.pack([[QUESTIONS[0]]], 2)
    one, two = system.planner(images, tokens, 1), system.planner(images, tokens, 2)
    assert len(two.layers) == 2
    assert torch.equal(one.layers[-1], two.layers[-1])
    assert not torch.allclose(two.layers[0], two.layers[1])
    assert np.isfinite(two.layers[0].numpy()).all()
