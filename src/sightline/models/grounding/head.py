"""Grounding head: readout states of the planner point over visual features; a continuous box, grasp axis and height
are regressed around the pointed cell, the path of the tool from what was pointed at.

Written for planners that learn from scratch: every cell of the picture, as seen by the visual encoder and by the
planner, becomes a key. Three things point: a learned match of query and key; the agreement of what the words mean with
what stands in a cell, each of which has a loss of its own; and the geometry that relations and superlatives speak of.
Text coordinates need several times the samples for the same accuracy (docs/log.md), and a pointer has a confidence.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sightline.models.config import GroundingHeadConfig
from sightline.models.grounding.cells import (
    GEOMETRY,
    RANKINGS,
    SPREAD,
    Things,
    cell_centres,
    compared,
    feet,
    local_softmax,
)
from sightline.models.grounding.dense_head import DenseHead
from sightline.models.grounding.losses import (
    description_loss,
    expected_loss,
    masked_binary,
    masked_l1,
    pointer_loss,
    tool_loss,
)
from sightline.models.grounding.place_facts import FACTS, HEIGHT_SCALE, place_facts
from sightline.models.grounding.pointing import (
    LANDMARK,
    PLACE,
    REFERENCE,
    ROLES,
    TARGET,
    GroundingLabels,
    Pointing,
    agreement,
    imagined,
    known,
    through,
)
from sightline.models.grounding.projection import pictured, rectified

# Regression outputs per pointer: point offset 2, box centre 2, box size 2, height 1, grasp axis 2.
REGRESSED = 9
GAIN = 4.0  # geometry decides between neighbouring cells: its weights must become large quickly
# First what stands for itself, then a target, perhaps relative to its landmark, and last the place for it, relative to
# the reference.
FIRST = [REFERENCE, LANDMARK]
ORDER = [2, 0, 3, 1]  # of target, reference, place, landmark among FIRST, the target and the place
SILENT = 0.25  # share of questions in training whose target is read off as if somebody pointed at it
RISE = 0.11  # widths of the picture by which the tool travels above things, to begin with


class GroundingHead(nn.Module):
    """Turns readout states and visual features into points, boxes, heights and traces."""

    def __init__(self, config: GroundingHeadConfig, planner_width: int, visual_width: int, views: int) -> None:
        super().__init__()
        width, count = config.width, len(ROLES) + 1
        self.config = config
        self.from_visual = nn.Linear(visual_width, width)
        self.from_planner = nn.Linear(planner_width, width)
        self.norm = nn.LayerNorm(width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.query = _mlp(planner_width, width, width)
        self.landmark = _mlp(planner_width, width, width)
        self.role = nn.Parameter(torch.randn(count, width) * 0.02)
        self.view = nn.Parameter(torch.randn(views, width) * 0.02)
        self.describe = nn.Linear(width, len(config.kinds) + 1 + len(config.colours))
        # A place is no object: its agreement starts without weight.
        self.agreement = nn.Parameter(torch.tensor([1.0, 1.0, 0.0, 1.0]))
        self.relate = nn.Linear(width, GEOMETRY + RANKINGS)
        self.facts = nn.Sequential(nn.Linear(width + FACTS, width), nn.GELU(), nn.Linear(width, width))
        self.expect = nn.Linear(width, 2)
        self.visible = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1))
        # How well the best cell fits the words tells best whether there is such a thing at all.
        self.present = nn.Parameter(torch.zeros(2))
        self.regress = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, REGRESSED))
        self.tool_query = nn.Parameter(torch.randn(width))
        self.tool_offset = _mlp(width, width, 2)
        self.path_query = _mlp(planner_width, width, width)
        self.path = nn.Sequential(nn.Linear(8 + width, width), nn.GELU(), nn.Linear(width, width), nn.GELU(),
                                  nn.Linear(width, 2 * config.trace_points))  # fmt: skip
        self.dense = DenseHead(width, len(config.kinds), len(config.colours))
        self.dense_embedded = DenseHead(planner_width, len(config.kinds), len(config.colours))

    def features(self, visual: Tensor, planner: Tensor | None) -> Tensor:
        """Fused cell features.

        Args:
            visual: [B,V,side,side,visual_width] of the visual encoder.
            planner: [B,V,G,G,planner_width] visual tokens as they leave the planner; G divides side. None while the
                visual encoder learns alone.
        Returns:
            [B,V,side,side,width].
        """
        fused = self.from_visual(visual)
        if planner is not None:
            repeat = visual.shape[2] // planner.shape[2]
            fused = fused + self.from_planner(planner).repeat_interleave(repeat, 2).repeat_interleave(repeat, 3)
        return self.norm(fused)

    def understand(self, readouts: Tensor) -> tuple[Tensor, Tensor]:
        """Queries [B,Q,R + 1,width] of the roles and the landmark, and logits of what their words mean (``described``).

        Args:
            readouts: [B,Q,R + 1,planner_width] hidden states of the readout tokens (roles, then trace).
        """
        asked = readouts[:, :, : len(ROLES)]
        query = torch.cat([self.query(asked), self.landmark(asked[:, :, :1])], 2) + self.role
        return query, self.describe(query).float()

    def forward(
        self, readouts: Tensor, features: Tensor, cameras: Tensor, labels: GroundingLabels | None = None
    ) -> Pointing:
        """Point.

        Args:
            readouts: [B,Q,R + 1,planner_width] hidden states of the readout tokens (roles, then trace).
            features: [B,V,side,side,width].
            cameras: [B,V,15] calibration; NaN where unknown. Relations are meant in the robot's frame.
            labels: in training, regressions are made around the true cell, and relations are seen from the true
                place of what they refer to.
        """
        side = features.shape[2]
        centres = cell_centres(side, features.device)
        cells = features.flatten(2, 3)
        kind, colour, box = self.dense(cells)
        things = Things.of(box.detach(), cameras)
        keys, values = self.key(cells), self.value(cells)
        query, described = self.understand(readouts)
        weights = self._weights(query)
        query = query[:, :, :, None] + self.view[: features.shape[1]]
        match = torch.einsum("bqrvw,bvcw->bqrvc", query, keys).float() * keys.shape[-1] ** -0.5
        fits = agreement(described, kind, colour)
        match = match + self.agreement.view(-1, 1, 1) * fits
        truth = None if labels is None else labels.all_points()
        unheard = self._unheard(labels)

        def point(roles: list[int], anchors: Tensor | None, query: Tensor) -> _Found:
            """Point with these roles, as seen from ``anchors`` [B,Q,r,V,2]."""
            ranked = None if roles == [PLACE] else fits[:, :, roles]
            logits = match[:, :, roles] + compared(weights[:, :, roles], things, anchors, ranked)
            around = known(centres[logits.argmax(-1)], None if truth is None else truth[:, :, roles])
            read = (query, logits)
            if roles == [TARGET] and unheard is not None:
                read = self._wordless(query, logits, keys, unheard)
            found = self._regress(*read, around, values, centres, side)._replace(logits=logits)
            return found if ranked is None else found._replace(visible=found.visible + self._present(ranked, logits))

        alone = point(FIRST, None, query[:, :, FIRST])
        landmark = _gathered(things.feet, alone.logits[:, :, 1].argmax(-1))
        if labels is not None:
            landmark = known(landmark, rectified(feet(labels.landmark_boxes()), cameras[:, None]))
        target = point([TARGET], landmark[:, :, None].detach(), query[:, :, [TARGET]])
        reference = known(alone.points[:, :, 0], None if truth is None else truth[:, :, REFERENCE]).detach()
        hint = self._hint(query[:, :, PLACE], self._facts(target, alone, reference, side, labels))
        expected = rectified(reference, cameras[:, None]) + self.expect(hint).float() / SPREAD
        place = point([PLACE], expected[:, :, None].detach(), (query[:, :, PLACE] + hint)[:, :, None])
        logits, points, boxes, heights, axes, visible = _in_order(alone, target, place)
        tool_logits, tools = self._tool(keys, values, labels)
        traces = self.route(readouts[:, :, len(ROLES)], tools[:, 0], points[..., 0, :], heights[..., 0], labels)
        return Pointing(
            logits,
            described,
            visible,
            points,
            boxes,
            heights,
            axes,
            pictured(expected, cameras[:, None]),
            traces,
            tool_logits,
            tools,
            (kind, colour, box),
        )

    def _regress(
        self, query: Tensor, logits: Tensor, around: Tensor, values: Tensor, centres: Tensor, side: int
    ) -> _Found:
        """What stands around ``around`` [B,Q,r,V,2], for queries [B,Q,r,V,width] and pointer logits [B,Q,r,V,cells]."""
        local = local_softmax(logits, around, centres, side)
        attended = torch.einsum("bqrvc,bvcw->bqrvw", local.to(values.dtype), values)
        middle = (local[..., None] * centres).sum(-2)
        joint = torch.cat([query.expand_as(attended), attended], -1)
        offset, box_centre, box_size, height, axis = self.regress(joint).float().split([2, 2, 2, 1, 2], -1)
        overall = torch.einsum("bqrvc,bvcw->bqrvw", logits.softmax(-1).to(values.dtype), values)
        visible = self.visible(torch.cat([query.expand_as(overall), overall], -1)).float().squeeze(-1)
        centre = middle + box_centre / side
        half = 0.5 * box_size.clamp(-4, 4).exp() / side
        boxes = torch.cat([centre - half, centre + half], -1)
        return _Found(logits, middle + offset / side, boxes, height.squeeze(-1) * HEIGHT_SCALE, axis, visible)

    def _unheard(self, labels: GroundingLabels | None) -> Tensor | None:
        """[B,Q,V] where the target is read off without its words, which may name another thing: where somebody points
        at it (see ``hinted``), and in training in a share of the questions. None = nowhere."""
        if labels is None:
            return None
        pointed = torch.isfinite(labels.points[:, :, TARGET]).all(-1)
        if self.training:
            return pointed & (torch.rand(pointed.shape[:2], device=pointed.device) < SILENT)[..., None]
        return pointed & ~labels.asked[:, :, TARGET, None]

    def _wordless(self, query: Tensor, logits: Tensor, keys: Tensor, unheard: Tensor) -> tuple[Tensor, Tensor]:
        """``query`` [B,Q,1,V,width] and ``logits`` [B,Q,1,V,cells] of the target, those of no words where ``unheard``
        [B,Q,V]."""
        there = unheard[:, :, None, :, None]
        bare = (self.role[TARGET] + self.view[: keys.shape[1]]).to(keys.dtype)
        match = torch.einsum("vw,bvcw->bvc", bare, keys).float() * keys.shape[-1] ** -0.5
        return torch.where(there, bare.to(query.dtype), query), torch.where(there, match[:, None, None], logits)

    def _present(self, fits: Tensor, logits: Tensor) -> Tensor:
        """[B,Q,r,V] what the best agreement with the words, and how alone it stands, say about whether it is there; for
        agreements and pointer logits [B,Q,r,V,cells]."""
        alone = logits.log_softmax(-1).amax(-1)
        return torch.stack([fits.amax(-1), alone], -1).detach() @ self.present

    @staticmethod
    def _facts(target: _Found, alone: _Found, reference: Tensor, side: int, labels: GroundingLabels | None) -> Tensor:
        """[B,Q,V,FACTS] what the place depends on beside the words: where and how the target will be held, how large
        it is, where the reference is and how large.

        Args:
            target, alone: what was found for the target, and for the reference and the landmark; the truth is taken
                where ``labels`` have it.
            reference: [B,Q,V,2] where the reference is.
        """
        point, box, height, axis = target.points[:, :, 0], target.boxes[:, :, 0], target.heights[:, :, 0], target.axes
        axis, other = axis[:, :, 0], alone.boxes[:, :, 0]
        if labels is not None:
            point, box = known(point, labels.points[:, :, TARGET]), known(box, labels.boxes[:, :, TARGET])
            height = known(height, labels.heights[:, :, TARGET, None].expand_as(height))
            axis, other = known(axis, labels.axes[:, :, TARGET]), known(other, labels.boxes[:, :, REFERENCE])
        return place_facts(point, box, height, axis, reference, other, side).detach()

    def _hint(self, query: Tensor, facts: Tensor) -> Tensor:
        """[B,Q,V,width] what facts [B,Q,V,FACTS] and words, query [B,Q,V,width], say about the place."""
        return self.facts(torch.cat([query, facts.to(query.dtype)], -1))

    def _tool(self, keys: Tensor, values: Tensor, labels: GroundingLabels | None) -> tuple[Tensor, Tensor]:
        """Pointer logits [B,V,cells] and point [B,V,2] of the tool for keys and values [B,V,cells,width]."""
        side = round(keys.shape[2] ** 0.5)
        centres = cell_centres(side, keys.device)
        logits = (keys @ self.tool_query[:, None].to(keys.dtype)).squeeze(-1).float() * keys.shape[-1] ** -0.5
        around = known(centres[logits.argmax(-1)], None if labels is None else labels.tools)
        local = local_softmax(logits, around, centres, side)
        attended = torch.einsum("bvc,bvcw->bvw", local.to(values.dtype), values)
        return logits, (local[..., None] * centres).sum(-2) + self.tool_offset(attended).float() / side

    def route(
        self, state: Tensor, tool: Tensor, points: Tensor, heights: Tensor, labels: GroundingLabels | None = None
    ) -> Tensor:
        """The tool's path [B,Q,N,2] in the first view from where it is over the target to the place.

        It follows from where these are; only they must be found in the picture. What is learned is how far it strays
        from lines that approach each end from above.

        Args:
            state: [B,Q,planner_width] hidden states of the trace's readout token.
            tool: [B,2]; points: [B,Q,R,2]; heights: [B,Q,R] of the roles, all in the first view.
        """
        start = tool[:, None].expand(-1, state.shape[1], -1)
        ends, height = points[:, :, [TARGET, PLACE]], heights[:, :, [TARGET, PLACE]]
        if labels is not None:
            start = known(start, labels.tools[:, :1].expand_as(start))
            ends = known(ends, labels.points[:, :, [TARGET, PLACE], 0])
            height = known(height, labels.heights[:, :, [TARGET, PLACE]])
        start, ends = start.detach(), ends.detach()
        above = ends - ends.new_tensor([0.0, RISE])
        grasp, place = ends.unbind(2)
        corners = torch.stack([start, above[:, :, 0], grasp, above[:, :, 0], above[:, :, 1], place], 2)
        lines = through(corners, self.config.trace_points)
        ways = (ends - start[:, :, None]).flatten(2)
        facts = torch.cat([start - 0.5, ways, height.detach() / HEIGHT_SCALE], -1)
        query = self.path_query(state)
        strays = self.path(torch.cat([facts.to(query.dtype), query], -1)).float().unflatten(-1, (-1, 2))
        return lines + torch.cat([torch.zeros_like(strays[:, :, :1]), strays[:, :, 1:]], 2) / SPREAD

    def recognition_loss(self, visual: Tensor, labels: GroundingLabels) -> dict[str, Tensor]:
        """Loss terms of what can be learned without words: what stands where, and where the tool is.

        Args:
            visual: [B,V,side,side,visual_width] of the visual encoder.
        """
        cells = self.features(visual, None).flatten(2, 3)
        logits, tools = self._tool(self.key(cells), self.value(cells), labels)
        return {"dense": self.dense.loss(self.dense(cells), labels), "tool": tool_loss(logits, tools, labels)}

    def _weights(self, query: Tensor) -> Tensor:
        """[B,Q,R + 1,GEOMETRY] what the words compare, for queries [B,Q,R + 1,width]."""
        return GAIN * self.relate(query).float()

    def imagine(self, readouts: Tensor, labels: GroundingLabels) -> tuple[Tensor, Tensor, Tensor]:
        """What words point at for eyes that recognise everything: pointer logits, ``described`` and ``expected`` as in
        Pointing.

        Args:
            readouts: [B,Q,R + 1,planner_width] hidden states of the readout tokens.
        """
        query, described = self.understand(readouts)
        kind, colour, things = imagined(labels, self.dense.kinds + 1, self.dense.colours)
        fits = agreement(described, kind, colour)
        match, weights = self.agreement.view(-1, 1, 1) * fits, self._weights(query)

        def point(role: int, anchor: Tensor | None) -> Tensor:
            anchors = None if anchor is None else anchor[:, :, None]
            ranked = None if role == PLACE else fits[:, :, [role]]
            return match[:, :, [role]] + compared(weights[:, :, [role]], things, anchors, ranked)

        # What is hidden has no place to compare with; the middle of the picture serves as well as any.
        points, boxes = labels.all_points().nan_to_num(0.5), labels.boxes.nan_to_num(0.5)
        heights = labels.heights[..., None].expand(points[:, :, : len(ROLES), ..., 0].shape).nan_to_num(0.0)
        facts = place_facts(
            points[:, :, TARGET], boxes[:, :, TARGET], heights[:, :, TARGET], labels.axes[:, :, TARGET].nan_to_num(0.0),
            points[:, :, REFERENCE], boxes[:, :, REFERENCE], labels.cells.shape[-1],
        )  # fmt: skip
        words = query[:, :, PLACE, None] + self.view[: points.shape[3]]
        cameras = labels.cameras[:, None]
        expected = rectified(points[:, :, REFERENCE], cameras) + self.expect(self._hint(words, facts)).float() / SPREAD
        landmark = rectified(feet(labels.landmark_boxes()).nan_to_num(0.5), cameras)
        logits = [point(TARGET, landmark), point(REFERENCE, None), point(PLACE, expected.detach())]
        return torch.cat([*logits, point(LANDMARK, None)], 2), described, pictured(expected, cameras)

    def words_loss(self, readouts: Tensor, labels: GroundingLabels) -> dict[str, Tensor]:
        """Loss terms of what can be learned without pictures: what the words mean, and what they point at for eyes that
        recognise everything.

        Args:
            readouts: [B,Q,R + 1,planner_width] hidden states of the readout tokens.
        """
        logits, described, expected = self.imagine(readouts, labels)
        truth = labels.all_points()
        seen = torch.isfinite(truth).all(-1) & labels.all_asked()[..., None]
        return {
            "described": description_loss(described, self.dense.kinds + 1, labels),
            "pointer": pointer_loss(logits[seen], truth[seen], labels.cells.shape[-1]),
            "expected": expected_loss(expected, labels),
        }

    def loss(self, pointing: Pointing, embedded: Tensor, labels: GroundingLabels) -> dict[str, Tensor]:
        """Named loss terms; their sum is the grounding loss. ``embedded``: visual tokens as they enter the planner."""
        side = labels.cells.shape[-1]
        asked = labels.asked[..., None]
        seen = torch.isfinite(labels.points).all(-1) & asked
        truth = labels.all_points()
        pointed = torch.isfinite(truth).all(-1) & labels.all_asked()[..., None]
        return {
            "pointer": pointer_loss(pointing.logits[pointed], truth[pointed], side),
            "point": side / 2 * masked_l1(pointing.points, labels.points, asked[..., None]),
            "expected": expected_loss(pointing.expected, labels),
            "box": side / 2 * masked_l1(pointing.boxes, labels.boxes, asked[..., None]),
            "height": 10 * masked_l1(pointing.heights, labels.heights[..., None].expand_as(pointing.heights), seen),
            "axis": 0.3 * masked_l1(pointing.axes, labels.axes, asked[..., None]),
            "visible": masked_binary(pointing.visible, seen, asked.expand_as(seen)),
            "described": description_loss(pointing.described, self.dense.kinds + 1, labels),
            "tool": tool_loss(pointing.tool_logits, pointing.tools, labels),
            "trace": side / 2 * masked_l1(pointing.traces, labels.traces, torch.ones_like(asked[:, :, :1])),
            "dense": self.dense.loss(pointing.dense, labels),
            "dense_embedded": self.dense_embedded.loss(self.dense_embedded(embedded.flatten(2, 3)), labels),
        }


class _Found(NamedTuple):
    """What a few roles r point at: as in Pointing."""

    logits: Tensor
    points: Tensor
    boxes: Tensor
    heights: Tensor
    axes: Tensor
    visible: Tensor


def _in_order(*found: _Found) -> _Found:
    """What was found one after the other, in the order of the answers; all but the logits of ROLES alone."""
    whole = [torch.cat(parts, 2)[:, :, ORDER] for parts in zip(*found, strict=True)]
    return _Found(whole[0], *(part[:, :, : len(ROLES)] for part in whole[1:]))


def _gathered(values: Tensor, cell: Tensor) -> Tensor:
    """[B,Q,V,2] of values [B,V,cells,2] at cells [B,Q,V]."""
    index = cell.transpose(1, 2)[..., None].expand(-1, -1, -1, values.shape[-1])
    return values.gather(2, index).transpose(1, 2)


def _mlp(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(inputs), nn.Linear(inputs, width), nn.GELU(), nn.Linear(width, outputs))
