"""Fast paths of the visual encoder give the numbers of the plain ones."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from sightline.core.errors import SightlineError
from sightline.models import visual_encoder
from sightline.models.config import VisualEncoderConfig
from sightline.models.visual_encoder import Attention, ConvolutionStages, PatchEmbed, VisualEncoder, joined


def test_unfolded_patches_equal_the_strided_convolution() -> None:
    torch.manual_seed(0)
    embed, images = PatchEmbed(14, 32), torch.randn(2, 3, 28, 56)
    expected = embed.proj(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(embed(images), expected, atol=1e-5, rtol=1e-5)


def test_plain_attention_equals_the_fused_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    attention = Attention(48, 3)
    x = torch.randn(2, 11, 48)
    weights = torch.randn(2, 11, 48)
    results = []
    for limit in (512, 0):
        monkeypatch.setattr(visual_encoder, "SHORT", limit)
        entered = x.clone().requires_grad_()
        attention.zero_grad()
        out = attention(entered)
        (out * weights).sum().backward()
        results.append([out.detach(), entered.grad, *(p.grad.clone() for p in attention.parameters())])
    for plain, fused in zip(*results, strict=True):
        torch.testing.assert_close(plain, fused, atol=2e-5, rtol=1e-4)
    assert results[0][1].abs().max() > 1e-3


@pytest.fixture
def encoder() -> VisualEncoder:
    torch.manual_seed(0)
    return VisualEncoder(VisualEncoderConfig(depth=1, width=64, heads=1, stem=2, pretraining_size=112)).eval()


def test_positions_at_the_pretraining_size_are_the_table_itself(encoder: VisualEncoder) -> None:
    assert encoder.positions(8, 8) is encoder.pos_embed


@torch.inference_mode()
def test_positions_are_resized_as_pictures_are(encoder: VisualEncoder) -> None:
    ramp = torch.linspace(0, 1, 8)
    encoder.pos_embed[:, 1:] = (ramp[:, None] + 10 * ramp[None]).flatten()[None, :, None]
    resized = encoder.positions(16, 12)
    assert resized.shape == (1, 1 + 16 * 12, 64)
    assert torch.equal(resized[:, 0], encoder.pos_embed[:, 0])
    grid = resized[0, 1:, 0].view(16, 12)
    # Rows carry the ones, columns the tens; away from the border the ramp stays a ramp.
    expected = F.interpolate((ramp[:, None] + 10 * ramp[None])[None, None], size=(16, 12), mode="bicubic")[0, 0]
    torch.testing.assert_close(grid[3:-3, 3:-3], expected[3:-3, 3:-3], atol=0.15, rtol=0)
    assert (grid.diff(dim=1)[:, 2:-2] > 0).all() and (grid.diff(dim=0)[2:-2] > 0).all()


@torch.inference_mode()
def test_position_ratio_is_that_of_the_hub_code(encoder: VisualEncoder) -> None:
    grid = encoder.pos_embed[:, 1:].view(1, 8, 8, 64).permute(0, 3, 1, 2)
    expected = F.interpolate(grid, scale_factor=(16.1 / 8, 16.1 / 8), mode="bicubic").flatten(2).transpose(1, 2)
    assert torch.equal(encoder.positions(16, 16)[:, 1:], expected)
    rounded = F.interpolate(grid, size=(16, 16), mode="bicubic").flatten(2).transpose(1, 2)
    assert not torch.allclose(expected, rounded, atol=1e-4)


@torch.inference_mode()
def test_tokens_are_row_by_row(encoder: VisualEncoder) -> None:
    images = torch.zeros(1, 3, 112, 112)
    changed = images.clone()
    changed[..., 14:28, 70:84] = 3.0  # row 1, column 5
    difference = (encoder(changed) - encoder(images)).abs().sum(-1)[0]
    assert int(difference.argmax()) == 1 * 8 + 5


@torch.inference_mode()
def test_other_picture_sizes_give_their_own_grid(encoder: VisualEncoder) -> None:
    out = encoder(torch.randn(2, 3, 56, 140))
    assert out.shape == (2, 4 * 10, 64)
    torch.testing.assert_close(out.mean(-1), torch.zeros(2, 40), atol=1e-5, rtol=0)


def test_squares_of_cells_are_joined_row_by_row() -> None:
    cells = torch.arange(4 * 6.0).view(1, 4, 6, 1)
    squares = joined(cells, 2)
    assert squares.shape == (1, 2, 3, 4)
    assert squares[0, 1, 2].tolist() == [16, 17, 22, 23]


@pytest.fixture
def stages() -> ConvolutionStages:
    torch.manual_seed(0)
    stages = ConvolutionStages(8, 32, (1, 2)).eval()
    for block in (block for stage in stages.stages for block in stage):
        block.fc2.reset_parameters()  # fresh ones pass on what they get
    return stages


@torch.inference_mode()
def test_convolved_patches_are_row_by_row(stages: ConvolutionStages) -> None:
    images = torch.zeros(1, 3, 80, 96)
    changed = images.clone()
    changed[..., 16:24, 40:48] = 3.0  # row 2, column 5
    difference = (stages(changed) - stages(images)).abs().sum(-1)[0]
    assert difference.shape == (10 * 12,)
    assert int(difference.argmax()) == 2 * 12 + 5


@torch.inference_mode()
def test_convolved_patches_do_not_depend_on_where_they_are(stages: ConvolutionStages) -> None:
    images = torch.randn(1, 3, 128, 128)
    whole = stages(images).view(1, 16, 16, 32)
    window = stages(images[..., 16:112, 24:120]).view(1, 12, 12, 32)
    # Away from the border of the window, which sees zeros beyond it.
    torch.testing.assert_close(window[:, 4:-4, 4:-4], whole[:, 6:10, 7:11], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(window[:, 0], whole[:, 2, 3:15], atol=1e-3)


@torch.inference_mode()
def test_more_blocks_change_nothing_until_they_learn(stages: ConvolutionStages) -> None:
    images = torch.randn(1, 3, 64, 64)
    larger = ConvolutionStages(8, 32, (2, 5)).eval()
    assert not torch.equal(larger(images), stages(images))
    assert set(larger.state_dict()) > set(stages.state_dict())
    larger.load_state_dict(stages.state_dict(), strict=False)
    assert torch.equal(larger(images), stages(images))


def test_convolved_patches_need_a_patch_that_halves(stages: ConvolutionStages) -> None:
    assert stages.cell == 4
    with pytest.raises(SightlineError, match="convolutions"):
        VisualEncoderConfig(patch=14, convolutions=(1, 1, 1))
