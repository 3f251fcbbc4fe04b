"""The noising process and its sampler, against published numbers and an oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sightline.core.errors import SightlineError
from sightline.models.action.diffusion import PREDICTIONS, Diffusion
from sightline.models.action.expert import ActionExpert


def test_schedule_is_the_squared_cosine() -> None:
    diffusion = Diffusion()
    assert diffusion.betas[0] == pytest.approx(6.31281598e-4, rel=1e-6)
    assert diffusion.betas[50] == pytest.approx(3.15463394e-2, rel=1e-6)
    assert diffusion.betas[99] == 0.999
    assert float(diffusion.alpha_bar[49]) == pytest.approx(0.49384359, rel=1e-6)
    assert (np.diff(diffusion.alpha_bar.numpy()) < 0).all()


def test_ddim_visits_even_strides() -> None:
    diffusion = Diffusion()
    assert diffusion.ddim_steps(10) == list(range(0, 100, 10))
    assert diffusion.ddim_steps(20) == list(range(0, 100, 5))
    assert len(diffusion.ddim_steps(100)) == 100


@pytest.mark.parametrize("count", [16, 30, 0, 101])
def test_ddim_refuses_uneven_counts(count: int) -> None:
    with pytest.raises(SightlineError, match=f"exactly {count} of 100"):
        Diffusion().ddim_steps(count)


@pytest.mark.parametrize("count", [2, 5, 10, 20])
def test_ddim_recovers_the_clean_chunk_from_an_oracle(count: int) -> None:
    diffusion = Diffusion()
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(3, 8, 7, generator=generator, dtype=torch.float64)
    start = torch.randn(3, 8, 7, generator=generator, dtype=torch.float64)
    visited, noises = [], []

    def oracle(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        visited.append(int(step[0]))
        level = diffusion.alpha_bar[step].view(-1, 1, 1)
        noises.append((x - level.sqrt() * clean) / (1 - level).sqrt())
        return noises[-1]

    found = diffusion.ddim(oracle, start, count)
    torch.testing.assert_close(found, clean, atol=1e-9, rtol=0)
    assert visited == diffusion.ddim_steps(count)[::-1]
    # Between the ends every chunk has the level of its step: the noise in it is the one of the start.
    for noise in noises:
        torch.testing.assert_close(noise, noises[0], atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_every_prediction_leads_back_to_chunk_and_noise(prediction: str) -> None:
    diffusion = Diffusion(100, prediction)
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(4, 8, 7, generator=generator, dtype=torch.float64) for _ in range(2))
    step = torch.tensor([0, 20, 60, 90])
    noised, target = diffusion.add_noise(clean, noise, step), diffusion.target(clean, noise, step)
    found = diffusion.clean_and_noise(target, noised, step)
    torch.testing.assert_close(found, (clean, noise), atol=1e-9, rtol=1e-9)
    perfect = diffusion.ddim(lambda x, at: diffusion.target(clean, _noise_in(diffusion, x, clean, at), at), noise, 10)
    torch.testing.assert_close(perfect, clean, atol=1e-8, rtol=0)


def _noise_in(diffusion: Diffusion, noised: torch.Tensor, clean: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    level = diffusion.alpha_bar[step].view(-1, 1, 1)
    return (noised - level.sqrt() * clean) / (1 - level).sqrt()


def test_unknown_predictions_are_refused() -> None:
    with pytest.raises(SightlineError, match="sample"):
        Diffusion(100, "sampel")


def test_add_noise_has_the_scheduled_level() -> None:
    diffusion = Diffusion()
    clean, noise = torch.full((2, 1, 1), 3.0), torch.full((2, 1, 1), -1.0)
    step = torch.tensor([0, 49])
    level = diffusion.alpha_bar[step].numpy()
    expected = np.sqrt(level) * 3.0 - np.sqrt(1 - level)
    np.testing.assert_allclose(diffusion.add_noise(clean, noise, step).flatten().numpy(), expected, rtol=1e-5)


@pytest.fixture
def expert() -> ActionExpert:
    torch.manual_seed(0)
    expert = ActionExpert(7, 8, 5, 1, 64, 2).eval()
    torch.nn.init.normal_(expert.net.final_layer.linear.weight, std=0.1)
    return expert


def test_the_expert_starts_at_zero_output() -> None:
    torch.manual_seed(0)
    fresh = ActionExpert(7, 8, 5, 2, 64, 2)
    out = fresh.net(torch.randn(2, 8, 7), torch.tensor([3, 70]), torch.randn(2, 5, 64))
    assert out.shape == (2, 8, 7)
    assert not out.any()


@torch.inference_mode()
def test_guidance_scale_one_is_no_guidance(expert: ActionExpert) -> None:
    condition, noise = torch.randn(2, 5, 64), torch.randn(2, 8, 7)
    plain = expert.diffusion.ddim(lambda x, step: expert.net(x, step, condition), noise, 10)
    assert torch.equal(expert.sample(condition, noise, 1.0, 10), plain)


@torch.inference_mode()
def test_guidance_extrapolates_from_the_empty_condition(expert: ActionExpert) -> None:
    torch.manual_seed(1)
    condition, noise = torch.randn(2, 5, 64), torch.randn(2, 8, 7)
    everyone = torch.ones(2, dtype=torch.bool)

    def predict(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        with_condition, without = expert.net(x, step, condition), expert.net(x, step, condition, everyone)
        return 3.0 * with_condition - 2.0 * without

    guided = expert.sample(condition, noise, 3.0, 10)
    torch.testing.assert_close(guided, expert.diffusion.ddim(predict, noise, 10), atol=1e-4, rtol=1e-4)
    assert (guided - expert.sample(condition, noise, 1.0, 10)).abs().max() > 1e-3


@torch.inference_mode()
def test_dropped_samples_do_not_see_their_condition(expert: ActionExpert) -> None:
    x, step = torch.randn(2, 8, 7), torch.tensor([10, 10])
    drop = torch.tensor([True, False])
    one, two = (expert.net(x, step, torch.full((2, 5, 64), value), drop) for value in (0.0, 1.0))
    assert torch.equal(one[0], two[0])
    assert not torch.allclose(one[1], two[1])


def test_the_loss_of_an_untrained_expert_is_the_variance_of_the_noise() -> None:
    torch.manual_seed(0)
    fresh = ActionExpert(7, 8, 5, 1, 64, 2)
    assert float(fresh.loss(torch.randn(64, 8, 7), torch.randn(64, 5, 64), 4, 0.1).detach()) == pytest.approx(
        1.0, abs=0.03
    )


@torch.inference_mode()
def test_a_guided_expert_does_without_its_last_condition_tokens(expert: ActionExpert) -> None:
    """Left out is not the same as zero: the sequence is shorter, and the tokens before keep their places."""
    x, step, condition = torch.randn(2, 8, 7), torch.tensor([10, 50]), torch.randn(2, 5, 64)
    short = expert.net(x, step, condition[:, :3])
    zero = expert.net(x, step, torch.cat([condition[:, :3], torch.zeros(2, 2, 64)], 1))
    assert short.shape == (2, 8, 7) and not torch.allclose(short, zero)
    dropped = expert.net(x, step, condition[:, :3], torch.tensor([True, False]))
    assert torch.equal(dropped[1], short[1]) and not torch.allclose(dropped[0], short[0])
