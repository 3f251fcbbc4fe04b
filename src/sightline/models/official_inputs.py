"""The dual system fed as the official code feeds it: token ids and patches of any processor, not words and pictures."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from sightline.core.errors import SightlineError
from sightline.models.system import DualSystem
from sightline.models.vlm.base import TokenBatch

NAMES = ("input_ids", "attention_mask", "pixel_values", "image_grid_thw", "views")


def query_tokens(system: DualSystem, inputs: Mapping[str, Tensor]) -> Tensor:
    """Latent query tokens [B,queries,width]; see Policy.query_tokens for the inputs."""
    if missing := [name for name in NAMES if name not in inputs]:
        raise SightlineError(f"The inputs lack {', '.join(missing)}; needed are {', '.join(NAMES)}.")
    if not system.config.expert.latent:
        raise SightlineError("This policy has no latent path (expert.latent is off), so it makes no query tokens.")
    grid, merge = inputs["image_grid_thw"], system.config.planner.merge
    places = int((inputs["input_ids"] == system.config.planner.ids.image).sum())
    if places != (made := int(grid.prod(-1).sum()) // merge**2):
        raise SightlineError(
            f"The pictures make {made} visual tokens but input_ids holds {places} places for them (id "
            f"{system.config.planner.ids.image}): pictures and tokens do not belong together."
        )
    tokens = token_batch(system, inputs["input_ids"], inputs["attention_mask"], grid)
    seen = system.planner.see_patches(inputs["pixel_values"], grid)
    states = system.planner.read(tokens, seen, system.config.querying.layers + system.config.querying.skip)
    dense = system.pool(system.encode_pixels(inputs["views"]))
    return system.query_tokens(states, dense, tokens.segments < 0)


def token_batch(system: DualSystem, ids: Tensor, mask: Tensor, grid: Tensor) -> TokenBatch:
    """A TokenBatch without readouts of ``ids`` and ``mask`` [B,L] (1 = read) about pictures of ``grid`` [n,3]."""
    image_mask = ids == system.config.planner.ids.image
    positions = system.planner.positions(ids, mask, grid)
    nothing = ids.new_zeros(len(ids), 0, 0)
    return TokenBatch(ids, positions, mask.long() - 1, nothing, ids.new_full(ids.shape, -100), image_mask)
