"""What the action expert's loss counts, and what not."""

from __future__ import annotations

import pytest
import torch

from sightline.models.action.expert import ActionExpert

ACTIONS, CHUNK, TOKENS, WIDTH = 5, 6, 3, 16


@pytest.fixture(scope="module")
def expert() -> ActionExpert:
    torch.manual_seed(0)
    expert = ActionExpert(ACTIONS, CHUNK, TOKENS, 1, WIDTH, 2, 20, "sample")
    torch.nn.init.normal_(expert.net.final_layer.linear.weight, std=0.2)
    return expert


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(4, CHUNK, ACTIONS, generator=generator), torch.randn(4, TOKENS, WIDTH, generator=generator)


def loss(expert: ActionExpert, actions: torch.Tensor, condition: torch.Tensor, **settings: object) -> torch.Tensor:
    torch.manual_seed(2)
    return expert.loss(actions, condition, 2, 0.0, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("path_weight", [0.0, 0.5])
def test_what_is_not_known_teaches_nothing(
    expert: ActionExpert, batch: tuple[torch.Tensor, torch.Tensor], path_weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expert.net, "forward", lambda noised, *_: torch.zeros_like(noised))
    actions, condition = batch
    known = torch.ones(4, CHUNK, dtype=torch.bool)
    known[1, 3:] = False
    wild = actions.clone()
    wild[1, 3:] += 100.0
    settings = {"known": known, "path_weight": path_weight}
    expected = loss(expert, actions, condition, **settings)
    torch.testing.assert_close(loss(expert, wild, condition, **settings), expected)
    wild[1, 2] += 1.0
    assert loss(expert, wild, condition, **settings) > expected
    everything = loss(expert, actions, condition, path_weight=path_weight)
    all_known = loss(expert, actions, condition, known=torch.ones_like(known), path_weight=path_weight)
    torch.testing.assert_close(all_known, everything)


def test_the_path_is_the_sum_of_the_moves_without_the_gripper(
    expert: ActionExpert, batch: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    actions, condition = batch
    off = torch.zeros_like(actions).repeat(2, 1, 1)
    monkeypatch.setattr(expert.net, "forward", lambda *_: actions.repeat(2, 1, 1) + off)
    off[..., 0] = torch.tensor([0.1, -0.1, 0.1, -0.1, 0.1, -0.1])  # a path that hardly strays
    there_and_back = loss(expert, actions, condition, path_weight=1.0)
    off[..., 0] = 0.1  # the same errors of the steps, all to one side
    away = loss(expert, actions, condition, path_weight=1.0)
    steps = 0.01 / ACTIONS
    torch.testing.assert_close(loss(expert, actions, condition), torch.tensor(steps))
    torch.testing.assert_close(there_and_back, torch.tensor(steps + 0.01 * 3 / 6 / (ACTIONS - 1)))
    torch.testing.assert_close(away, torch.tensor(steps + 0.01 * 91 / 6 / (ACTIONS - 1)))
    off[..., 0], off[..., -1] = 0.0, 0.1
    torch.testing.assert_close(loss(expert, actions, condition, path_weight=1.0), torch.tensor(steps))
