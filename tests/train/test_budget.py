"""What a run needs, as computed, against what it really takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sightline.models.config import preset
from sightline.models.vlm.base import TokenBatch
from sightline.models.weights import random_system
from sightline.train.budget import DEVICES, TRAIN_ALL, WORKLOADS, activations, budget, counts, forward_flops, needs

MINI = preset("m1-mini")


def test_the_official_model_has_its_published_size() -> None:
    with torch.device("meta"):
        system = random_system(preset("m1"))
    count = {name: sum(p.numel() for p in part.parameters()) for name, part in system.named_children()}
    assert count["planner"] == 3_754_622_976
    assert count["querying"] == 8_710_656
    assert count["expert"] == 86_524_423
    assert count["visual_projection"] == 788_480


@pytest.mark.parametrize("views", [1, 2])
def test_flops_are_those_that_torch_counts(views: int) -> None:
    text = 16
    system = random_system(MINI)
    ids = torch.tensor([[*[MINI.planner.ids.image] * (64 * views), *[9] * text]])
    tokens = TokenBatch(ids, torch.arange(len(ids[0])).expand(3, 1, -1), torch.zeros_like(ids),
                        ids.new_zeros(1, 0, 0), torch.full_like(ids, -100), ids == MINI.planner.ids.image)  # fmt: skip
    images = torch.zeros(1, views, 224, 224, 3, dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter:
        seen = system.see(images, tokens)
        latent = system.query_tokens(seen.states.layers, seen.dense, None)
        system.expert.loss(torch.zeros(1, 16, 7), system.condition(None, latent), MINI.expert.repeated_steps, 0.0)
    assert sum(forward_flops(MINI, views, text).values()) == pytest.approx(counter.get_total_flops(), rel=0.03)


def test_what_is_kept_grows_with_depth_and_shrinks_with_recomputing() -> None:
    kept, recomputed = activations(MINI, 1, 16)
    deeper, _ = activations(replace(MINI, planner=replace(MINI.planner, depth=6)), 1, 16)
    assert deeper["planner"] > kept["planner"] * 1.2 and deeper["head"] == pytest.approx(kept["head"], rel=0.01)
    assert all(0 < recomputed[name] < kept[name] for name in kept)


def test_every_workload_on_every_device() -> None:
    result = budget(MINI, 1)
    assert len(result["rows"]) == len(DEVICES) * len(WORKLOADS)
    assert all(row["fits"] and row["memory_gib"] > 0 and row["seconds"] > 0 for row in result["rows"])
    found = counts(MINI, 1)
    small, large = needs(found, TRAIN_ALL, DEVICES[2], 1), needs(found, TRAIN_ALL, DEVICES[2], 8)
    assert large.activations == pytest.approx(8 * small.activations) and large.weights == small.weights
    shared = needs(found, TRAIN_ALL, replace(DEVICES[2], count=8), 1)
    assert shared.optimiser == pytest.approx(small.optimiser / 8)
