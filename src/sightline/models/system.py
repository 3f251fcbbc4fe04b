"""The dual system as one module: planner, visual encoder, grounding head, querying transformer, action expert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.core.errors import SightlineError
from sightline.models.action.expert import ActionExpert
from sightline.models.action.spatial_tokens import SpatialEmbedder, SpatialInputs
from sightline.models.config import SystemConfig
from sightline.models.grounding.head import GroundingHead
from sightline.models.grounding.pointing import ROLES, GroundingLabels, Pointing
from sightline.models.querying import QueryingTransformer, scale_gradient
from sightline.models.visual_encoder import VisualEncoder
from sightline.models.vlm import backbone
from sightline.models.vlm.base import PlannerStates, TokenBatch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET = IMAGENET_MEAN, IMAGENET_STD


@dataclass
class Seen:
    """Everything the planner side knows about B samples: input of the action expert, and cacheable.

    Attributes:
        states: planner hidden states.
        dense: [B,V,s,s,C] visual-encoder features, pooled for the querying transformer.
        pointing: grounding predictions, None when unguided; features: [B,V,side,side,W] what they were read from;
            readouts: [B,Q,R + 1,planner_width] what asked for them.
        ignore: [B,L] padding positions of the planner sequence.
    """

    states: PlannerStates
    dense: Tensor
    pointing: Pointing | None
    features: Tensor | None
    readouts: Tensor | None
    ignore: Tensor


class Backend(Protocol):
    """What runs the work of :meth:`DualSystem.see` and :meth:`DualSystem.act` in torch's place: same arguments, same
    answers."""

    def takes(self, images: Tensor, tokens: TokenBatch) -> bool:
        """Whether it can see these pictures with these questions; torch does, otherwise."""

    def see(self, images: Tensor, tokens: TokenBatch, cameras: Tensor | None) -> Seen:
        """See DualSystem.see."""

    def act(self, seen: Seen, spatial: SpatialInputs, noise: Tensor, decided: Tensor | None) -> Tensor:
        """See DualSystem.act."""


class DualSystem(nn.Module):
    """System 2 says where to act, System 1 how. Tensors in, tensors out; see Policy for physical units.

    Raises SightlineError for an expert that is to be shown points by a planner that does not point.

    Attributes:
        backend: runs the work in torch's place while acting (see models/exported); None: torch does. Whoever changes
            weights must leave it None.
    """

    def __init__(self, config: SystemConfig) -> None:
        super().__init__()
        if config.expert.spatial and not config.points:
            raise SightlineError(
                "The action expert waits for points (expert.spatial), and this system has none to show it (no "
                "grounding.pointer, or guidance 'none'); set expert.spatial to false."
            )
        self.config = config
        self.backend: Backend | None = None
        planner, visual, expert = config.planner, config.visual, config.expert
        self.planner = backbone(planner)(planner)
        self.visual_encoder = VisualEncoder(visual)
        if config.grounding.pointer:
            self.grounding = GroundingHead(config.grounding, planner.width, visual.width, len(config.cameras))
        tokens = 0
        if config.state_dim:
            self.spatial = SpatialEmbedder(config)
            tokens += self.spatial.tokens
        if expert.latent:
            query = config.querying
            self.visual_projection = nn.Linear(visual.width, planner.width)
            self.querying = QueryingTransformer(
                planner.width, expert.width, query.layers, query.queries, query.heads, query.dropout
            )
            if expert.spatial:  # the latent path joins the explicit one as a residual that starts shut
                self.gate = nn.Parameter(torch.zeros(()))
            tokens += query.queries
        self.expert = ActionExpert(
            config.action_dim, config.chunk, tokens, expert.depth, expert.width, expert.heads, expert.diffusion_steps,
            expert.prediction, expert.history,
        )  # fmt: skip

    def forward(self, objective: Any, batch: Any) -> Any:
        """``objective.loss(self, batch)``: the one door that wrappers for several devices can hang their work on."""
        return objective.loss(self, batch)

    def encode_views(self, images: Tensor, corners: Tensor | None = None) -> Tensor:
        """Visual-encoder features [B,V,side,side,C] of pictures [B,V,S,S,3] uint8, or of windows cut out of pictures at
        ``corners`` [B,V,2] (row, column; in patches)."""
        batch, views = images.shape[:2]
        # Bytes are put in order before they become numbers four times as large.
        pixels = images.flatten(0, 1).permute(0, 3, 1, 2).contiguous().float()
        mean, std = (torch.tensor(value, device=pixels.device)[:, None, None] * 255 for value in IMAGENET)
        pixels = pixels.sub_(mean).div_(std)
        return self.encode_pixels(pixels.unflatten(0, (batch, views)), corners)

    def encode_pixels(self, pixels: Tensor, corners: Tensor | None = None) -> Tensor:
        """:meth:`encode_views` of ImageNet-normalised pictures [B,V,3,S,S]."""
        batch, views = pixels.shape[:2]
        rows, columns = (size // self.config.visual.patch for size in pixels.shape[-2:])
        pixels = pixels.flatten(0, 1).to(self.visual_encoder.pos_embed.dtype)
        features = self.visual_encoder(pixels, None if corners is None else corners.flatten(0, 1))
        return features.view(batch, views, rows, columns, -1)

    def see(
        self, images: Tensor, tokens: TokenBatch, cameras: Tensor | None = None, labels: GroundingLabels | None = None
    ) -> Seen:
        """Run the planner side on pictures [B,V,S,S,3] uint8 and packed questions.

        Args:
            cameras: [B,V,15] calibration of the pictures, NaN (or None) where unknown.
            labels: the truth, in training: see GroundingHead.
        """
        if self.backend is not None and labels is None and self.backend.takes(images, tokens):
            return self.backend.see(images, tokens, cameras)
        states = self.planner(images, tokens, self.config.querying.layers + self.config.querying.skip)
        dense = self.encode_views(images)
        pointing = features = readouts = None
        if self.config.points:
            readouts = _at_readouts(states.layers[-1], tokens)
            features = self.grounding.features(dense, states.visual)
            if cameras is None:
                cameras = dense.new_full((*images.shape[:2], 15), torch.nan)
            pointing = self.grounding(readouts, features, cameras, labels)
        return Seen(states, self.pool(dense), pointing, features, readouts, tokens.segments < 0)

    def act(self, seen: Seen, spatial: SpatialInputs, noise: Tensor, decided: Tensor | None = None) -> Tensor:
        """Normalised actions [B,T,A] from starting ``noise`` [B,T,A], guided by ``spatial``.

        Args:
            decided: [B,T,A] what the chunk is known to hold, NaN elsewhere; see :meth:`Diffusion.ddim`.
        """
        if self.backend is not None:
            return self.backend.act(seen, spatial, noise, decided)
        return self.expert_chunk(self.conditioned(seen, spatial), noise, decided)

    def conditioned(self, seen: Seen, spatial: SpatialInputs) -> Tensor:
        """Condition tokens [B,tokens,width] of the action expert, of all that was seen."""
        latent = self.query_tokens(seen.states.layers, seen.dense, seen.ignore) if self.config.expert.latent else None
        return self.condition(spatial, latent)

    def expert_chunk(self, condition: Tensor, noise: Tensor, decided: Tensor | None) -> Tensor:
        """:meth:`act` for condition tokens [B,tokens,width]."""
        expert = self.config.expert
        return self.expert.sample(condition, noise, expert.guidance_scale, expert.ddim_steps, decided)

    def pool(self, dense: Tensor) -> Tensor:
        """Average pool x pool cells of [B,V,side,side,C], as the querying transformer reads them."""
        pool = self.config.querying.pool
        if pool == 1:
            return dense
        pooled = F.avg_pool2d(dense.flatten(0, 1).permute(0, 3, 1, 2), pool).permute(0, 2, 3, 1)
        return pooled.unflatten(0, dense.shape[:2])

    def recognition_loss(self, images: Tensor, corners: Tensor, labels: GroundingLabels) -> dict[str, Tensor]:
        """What stands where, for windows [B,V,s,s,3] uint8 cut out of pictures at ``corners`` [B,V,2]: the visual
        encoder learns alone, without any words."""
        return self.grounding.recognition_loss(self.encode_views(images, corners), labels)

    def words_loss(self, tokens: TokenBatch, labels: GroundingLabels) -> dict[str, Tensor]:
        """What the words mean, for packed questions without pictures: the language model learns alone."""
        states = self.planner.read(tokens, None)
        return self.grounding.words_loss(_at_readouts(states[-1], tokens), labels)

    def grounding_loss(self, seen: Seen, labels: GroundingLabels) -> dict[str, Tensor]:
        """Named grounding loss terms (stage 1, and co-training in stage 2)."""
        assert seen.pointing is not None
        return self.grounding.loss(seen.pointing, seen.states.embedded, labels)

    def trace(self, seen: Seen, points: Tensor, heights: Tensor) -> Tensor:
        """[B,N,2] the tool's path of the first question in the first view, if its roles are at ``points`` [B,R,V,2] and
        ``heights`` [B,R,V] rather than where they were seen."""
        assert seen.pointing is not None and seen.readouts is not None
        state, tool = seen.readouts[:, :1, len(ROLES)], seen.pointing.tools[:, 0]
        return self.grounding.route(state, tool, points[:, None, :, 0], heights[:, None, :, 0])[:, 0]

    def query_tokens(self, states: list[Tensor], dense: Tensor, ignore: Tensor | None) -> Tensor:
        """Latent query tokens [B,N,width].

        The action loss reaches planner and visual encoder only through here, scaled by ``gradient_scale``.

        Args:
            states: the last planner states, each [B,L,planner_width], layers + skip of them (see QueryingConfig).
            dense: [B,V,s,s,C] pooled; ignore: [B,L] True at padding.
        """
        return self.querying(*self._memories(states, dense, ignore))

    def attention(self, seen: Seen) -> Tensor:
        """[B,V,s,s] how much the queries read each cell of the visual features, as shares of all that they read."""
        if not self.config.expert.latent:
            raise SightlineError("This policy has no latent queries, so that there is no attention to show.")
        weights = self.querying.attention(*self._memories(seen.states.layers, seen.dense, seen.ignore)).mean(1)
        return weights[:, -seen.dense[0, ..., 0].numel() :].unflatten(1, seen.dense.shape[1:4])

    def _memories(
        self, states: list[Tensor], dense: Tensor, ignore: Tensor | None
    ) -> tuple[list[Tensor], Tensor | None]:
        """What the queries read, [B,L + cells,planner_width] for each layer, and which positions they do not."""
        query = self.config.querying
        dense = self.visual_projection(scale_gradient(dense, query.gradient_scale).flatten(1, 3))
        read = states[: query.layers]
        memories = [torch.cat([scale_gradient(state, query.gradient_scale).to(dense), dense], 1) for state in read]
        if query.attend_padding:
            ignore = None
        if ignore is not None:
            ignore = torch.cat([ignore, ignore.new_zeros(dense.shape[:2])], 1)
        return memories, ignore

    def condition(self, spatial: SpatialInputs | None, latent: Tensor | None) -> Tensor:
        """Condition tokens of the action expert from explicit spatial inputs and latent query tokens.

        Args:
            spatial: state, calibration and (for a spatial expert) points; None where the system has no state.
            latent: [B,N,width] query tokens; None leaves the latent residual out, the sequence is then shorter.
        """
        parts = []
        if self.config.state_dim:
            assert spatial is not None
            parts.append(self.spatial(spatial))
        if latent is not None:
            parts.append(self.gate.tanh() * latent if self.config.expert.spatial else latent)
        return torch.cat(parts, 1)


def _at_readouts(states: Tensor, tokens: TokenBatch) -> Tensor:
    """[B,Q,readouts,width] hidden states [B,L,width] at the readout tokens; arbitrary ones where none was asked."""
    index = tokens.readouts.clamp(min=0).flatten(1)
    rows = torch.arange(len(index), device=index.device)[:, None]
    return states[rows, index].unflatten(1, tokens.readouts.shape[1:])
