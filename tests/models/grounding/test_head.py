"""Pointers: where they look, what they learn from, and what they ignore."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nano import COLOURS, KINDS

from sightline.core.geometry import Camera, look_at, resample_path
from sightline.models.config import GroundingHeadConfig
from sightline.models.grounding.cells import (
    GEOMETRY,
    RELATIVE,
    Things,
    cell_centres,
    cell_geometry,
    feet,
    local_softmax,
    rankings,
)
from sightline.models.grounding.head import GroundingHead
from sightline.models.grounding.losses import masked_binary, masked_l1, pointer_loss
from sightline.models.grounding.pointing import (
    LANDMARK,
    GroundingLabels,
    Pointing,
    agreement,
    hinted,
    imagined,
    through,
)
from sightline.models.grounding.projection import rectified

SIDE, BATCH, QUESTIONS, VIEWS, OBJECTS = 8, 2, 3, 2, 4


@given(x=st.floats(0, 1, width=32), y=st.floats(0, 1, width=32))
def test_local_softmax_sees_the_window_around_the_point(x: float, y: float) -> None:
    logits = torch.randn(SIDE * SIDE, generator=torch.Generator().manual_seed(0))
    found = local_softmax(logits, torch.tensor([x, y]), cell_centres(SIDE, torch.device("cpu")), SIDE)
    column, row = min(int(x * SIDE), SIDE - 1), min(int(y * SIDE), SIDE - 1)
    window = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    window[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = True
    inside = window.flatten()
    assert not found[~inside].any()
    torch.testing.assert_close(found[inside], logits[inside].softmax(0))


def test_pointer_loss_is_least_at_the_truth() -> None:
    point = torch.tensor([[0.40, 0.83]])  # column 3, row 6
    losses = torch.stack([pointer_loss(8.0 * torch.eye(64)[cell][None], point, SIDE) for cell in range(64)])
    assert int(losses.argmin()) == 6 * 8 + 3
    distance = ((cell_centres(SIDE, point.device) - point) * SIDE).square().sum(-1)
    best = (-distance / (2 * 0.6**2))[None].requires_grad_()
    pointer_loss(best, point, SIDE).backward()
    assert best.grad.abs().max() < 1e-6


def test_pointer_loss_of_nothing_is_zero_and_differentiable() -> None:
    logits = torch.randn(4, 64, requires_grad=True)
    pointer_loss(logits[:0], torch.zeros(0, 2), SIDE).backward()
    assert not logits.grad.any()


def test_masked_losses_average_over_what_is_known() -> None:
    predicted = torch.zeros(4, requires_grad=True)
    truth = torch.tensor([1.0, float("nan"), 3.0, 50.0])
    loss = masked_l1(predicted, truth, torch.tensor([True, True, True, False]))
    assert float(loss.detach()) == 2.0
    loss.backward()
    assert predicted.grad.tolist() == [-0.5, 0.0, -0.5, 0.0]
    binary = masked_binary(torch.tensor([0.0, 99.0]), torch.tensor([True, False]), torch.tensor([True, False]))
    assert float(binary) == pytest.approx(np.log(2))


UNKNOWN = torch.full((BATCH, VIEWS, 15), float("nan"))  # cameras


@pytest.fixture
def head() -> GroundingHead:
    torch.manual_seed(0)
    return GroundingHead(GroundingHeadConfig(width=32, kinds=KINDS, colours=COLOURS), 24, 16, VIEWS)


def random_labels() -> GroundingLabels:
    """Complete labels: everything is visible and asked for."""
    torch.manual_seed(1)
    shape = (BATCH, QUESTIONS, 3, VIEWS)
    low, more = torch.rand(*shape, 2) * 0.5, torch.rand(*shape, 2) * 0.4 + 0.1
    object_low = torch.rand(BATCH, VIEWS, OBJECTS + 1, 2) * 0.5
    owners = torch.randint(1, OBJECTS + 1, (BATCH, QUESTIONS, 4))
    owners[:, :, 2] = 0  # a place is no object
    return GroundingLabels(
        points=torch.rand(*shape, 2),
        boxes=torch.cat([low, low + more], -1),
        heights=torch.rand(*shape[:3]) * 0.2,
        axes=torch.randn(*shape, 2),
        traces=torch.rand(BATCH, QUESTIONS, 8, 2),
        asked=torch.ones(*shape[:3], dtype=torch.bool),
        owners=owners,
        cells=torch.randint(0, OBJECTS + 1, (BATCH, VIEWS, SIDE, SIDE)),
        kinds=torch.randint(0, len(KINDS) + 1, (BATCH, OBJECTS + 1)),
        colours=torch.randint(0, len(COLOURS), (BATCH, OBJECTS + 1)),
        object_boxes=torch.cat([object_low, object_low + 0.3], -1),
        tools=torch.rand(BATCH, VIEWS, 2),
        cameras=UNKNOWN,
    )


def run(head: GroundingHead, labels: GroundingLabels) -> tuple[Pointing, dict[str, torch.Tensor]]:
    """Predictions for fixed features and their loss terms."""
    torch.manual_seed(2)
    features = head.features(torch.randn(BATCH, VIEWS, SIDE, SIDE, 16), torch.randn(BATCH, VIEWS, 4, 4, 24))
    pointing = head(torch.randn(BATCH, QUESTIONS, 4, 24), features, UNKNOWN, labels)
    for value in vars(pointing).values():
        if isinstance(value, torch.Tensor):
            value.retain_grad()
    embedded = torch.randn(BATCH, VIEWS, 4, 4, 24)
    return pointing, head.loss(pointing, embedded, labels)


def direct_gradient(head: GroundingHead, labels: GroundingLabels, name: str) -> torch.Tensor | None:
    """Gradient at one prediction of the terms that are made from it alone (``visible`` reads the logits on purpose)."""
    pointing, terms = run(head, labels)
    own = {"logits": ("pointer",), "tool_logits": ("tool",), "tools": ("tool",), "described": ("described",)}.get(
        name, tuple(terms)
    )
    total = torch.stack([terms[term] for term in own]).sum()
    return torch.autograd.grad(total, getattr(pointing, name), allow_unused=True)[0]


def finite_gradients(head: GroundingHead) -> bool:
    return all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in head.parameters())


def test_every_part_learns_from_complete_labels(head: GroundingHead) -> None:
    pointing, terms = run(head, random_labels())
    learned = {
        "pointer",
        "point",
        "box",
        "height",
        "axis",
        "visible",
        "expected",
        "described",
        "tool",
        "trace",
        "dense",
        "dense_embedded",
    }
    assert set(terms) == learned
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
    assert pointing.points.shape == (BATCH, QUESTIONS, 3, VIEWS, 2) and pointing.traces.shape == (
        BATCH,
        QUESTIONS,
        8,
        2,
    )
    assert (pointing.boxes[..., 2:] > pointing.boxes[..., :2]).all()


def test_what_somebody_points_at_is_read_off_without_the_words(head: GroundingHead) -> None:
    clicks = hinted(random_labels().points[:, 0], 8)
    clicks.points[1] = torch.nan  # nobody points into the second sample

    def read(words: int) -> Pointing:
        torch.manual_seed(2)
        features = head.features(torch.randn(BATCH, VIEWS, SIDE, SIDE, 16), torch.randn(BATCH, VIEWS, 4, 4, 24))
        torch.manual_seed(words)
        return head(torch.randn(BATCH, 1, 4, 24), features, UNKNOWN, clicks)

    head.eval()
    one, other = read(3), read(4)
    for name in ("points", "boxes", "heights", "axes"):
        mine, theirs = getattr(one, name)[:, 0, 0], getattr(other, name)[:, 0, 0]
        torch.testing.assert_close(mine[0], theirs[0])
        assert not torch.allclose(mine[1], theirs[1]), "words count where nobody points"


def test_so_are_some_of_the_questions_in_training(head: GroundingHead) -> None:
    labels = random_labels()
    labels.points[0, 0, 0, 1] = torch.nan
    assert head._unheard(None) is None and not head.eval()._unheard(labels).any(), "labels are no clicks"
    head.train()
    drawn = torch.stack([head._unheard(labels) for _ in range(200)])
    assert not drawn[:, 0, 0, 1].any(), "nothing can be read off where it cannot be seen"
    assert 0.2 < drawn[:, 1].float().mean() < 0.3 and torch.equal(drawn[:, 1, :, 0], drawn[:, 1, :, 1])


def test_a_world_without_colour_words_can_be_learned() -> None:
    torch.manual_seed(0)
    head = GroundingHead(GroundingHeadConfig(width=32, kinds=KINDS, colours=()), 24, 16, VIEWS)
    labels = random_labels()
    labels.colours[:] = -100
    _, terms = run(head, labels)
    words = head.words_loss(torch.randn(BATCH, QUESTIONS, 4, 24), labels)
    total = torch.stack([*terms.values(), *words.values()]).sum()
    total.backward()
    assert bool(torch.isfinite(total)) and finite_gradients(head)


def test_unknown_truth_gives_no_gradient(head: GroundingHead) -> None:
    labels = random_labels()
    nan = float("nan")
    labels.points[0, 1, 0, 1] = labels.boxes[0, 1, 0, 1] = labels.axes[0, 1, 0, 1] = nan
    labels.heights[1, 2, 2] = nan
    labels.traces[1, 0, 5:] = nan
    labels.tools[1, 0] = nan
    labels.owners[1, 2, LANDMARK] = 0
    labels.asked[0, 2] = False
    labels.owners[1, 1, 1] = 0
    labels.object_boxes[0, 0] = nan
    labels.colours[:] = -100
    pointing, terms = run(head, labels)
    total = torch.stack(list(terms.values())).sum()
    assert bool(torch.isfinite(total))
    total.backward()
    assert finite_gradients(head)
    for name in ("points", "boxes", "axes", "logits"):
        gradient = direct_gradient(head, labels, name) if name == "logits" else getattr(pointing, name).grad
        assert not gradient[0, 1, 0, 1].any(), name
        assert not gradient[0, 2, :3].any(), name
        assert gradient[0, 1, 0, 0].any(), name
    assert not pointing.heights.grad[1, 2, 2].any() and pointing.heights.grad[1, 2, 1].any()
    assert not pointing.traces.grad[1, 0, 5:].any() and pointing.traces.grad[1, 0, 1:5].any()
    tool = direct_gradient(head, labels, "tool_logits")
    assert not tool[1, 0].any() and tool[1, 1].any()
    described = direct_gradient(head, labels, "described")
    assert not described[0, 2, :3].any() and not described[1, 1, 1].any() and not described[..., 2, :].any()
    assert described[0, 0, 0].any() and described[0, 0, 1].any() and described[0, 0, LANDMARK].any()
    landmark = direct_gradient(head, labels, "logits")[..., LANDMARK, :, :]
    assert not landmark[1, 2].any() and landmark[1, 1].any()
    # What was asked for but cannot be seen still teaches that it cannot be seen; what was not asked for does not.
    assert pointing.visible.grad[0, 1, 0, 1] > 0 > pointing.visible.grad[0, 1, 0, 0]
    assert not pointing.visible.grad[0, 2].any()


def test_labels_that_know_nothing_give_a_finite_loss(head: GroundingHead) -> None:
    labels = random_labels()
    for name in ("points", "boxes", "heights", "axes", "traces", "object_boxes", "tools"):
        getattr(labels, name).fill_(float("nan"))
    labels.colours.fill_(-100)
    labels.cells.zero_()
    labels.owners.zero_()
    _, terms = run(head, labels)
    for name, term in terms.items():
        assert bool(torch.isfinite(term)), name
    torch.stack(list(terms.values())).sum().backward()
    assert finite_gradients(head)
    for name in ("points", "boxes", "heights", "axes", "traces", "logits", "tool_logits", "tools", "described"):
        gradient = direct_gradient(head, labels, name)
        assert gradient is None or not gradient.any(), name


def test_training_regresses_around_the_true_cell(head: GroundingHead) -> None:
    labels = random_labels()
    pointing, _ = run(head, labels)
    nearest = (labels.points * SIDE).floor().clamp(0, SIDE - 1)
    middle = (pointing.points * SIDE).detach()
    # The local softmax averages over the 3x3 window; an untrained offset moves the point by a fraction of a cell.
    assert (middle - nearest - 0.5).abs().max() < 2.0
    free, _ = run_free(head)
    chosen = cell_centres(SIDE, free.logits.device)[free.logits[:, :, :3].argmax(-1)]
    assert ((free.points - chosen) * SIDE).abs().max() < 2.0


def run_free(head: GroundingHead) -> tuple[Pointing, torch.Tensor]:
    torch.manual_seed(2)
    features = head.features(torch.randn(BATCH, VIEWS, SIDE, SIDE, 16), torch.randn(BATCH, VIEWS, 4, 4, 24))
    return head(torch.randn(BATCH, QUESTIONS, 4, 24), features, UNKNOWN), features


@torch.inference_mode()
def test_planner_cells_cover_the_finer_visual_cells(head: GroundingHead) -> None:
    visual, planner = torch.zeros(1, 1, SIDE, SIDE, 16), torch.zeros(1, 1, 4, 4, 24)
    plain = head.features(visual, planner)
    planner[0, 0, 1, 2] = 5.0
    changed = (head.features(visual, planner) - plain).abs().sum(-1)[0, 0] > 1e-6
    expected = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    expected[2:4, 4:6] = True
    assert torch.equal(changed, expected)


CELLS = cell_centres(SIDE, torch.device("cpu"))


def things(sizes: float = 0.0) -> Things:
    """Every cell holds something of its own, in its middle."""
    here = CELLS[None, None]
    return Things(torch.zeros(1, 1, SIDE * SIDE), torch.full((1, 1, SIDE * SIDE, 2), sizes), here, here)


def at(x: float, y: float) -> torch.Tensor:
    return torch.tensor([x, y]).expand(1, 1, 1, 1, 2)


@given(x=st.floats(0.1, 0.9), y=st.floats(0.1, 0.9))
def test_cones_say_what_lies_left_right_in_front_and_behind(x: float, y: float) -> None:
    found = cell_geometry(CELLS[None, None, None, None], at(x, y), things())[0, 0, 0, 0]
    assert found.shape == (SIDE * SIDE, GEOMETRY)
    dx, dy = (CELLS - torch.tensor([x, y])).unbind(-1)
    left, right, front, behind = (found[:, 5:9] > 0).unbind(-1)  # the front camera looks at the robot: front is below
    assert torch.equal(left, -dx > dy.abs()) and torch.equal(right, dx > dy.abs())
    assert torch.equal(front, dy > dx.abs()) and torch.equal(behind, -dy > dx.abs())
    nearest = found[:, 4].argmin()
    assert float((CELLS[nearest] - torch.tensor([x, y])).norm()) <= 0.5 * 2**0.5 / SIDE + 1e-6


def test_only_the_relative_part_of_the_geometry_moves_with_the_anchor() -> None:
    here, there = (
        cell_geometry(CELLS[None, None, None, None], at(x, 0.4), things(1.0))[0, 0, 0, 0] for x in (0.2, 0.7)
    )
    assert torch.equal(here[:, RELATIVE:], there[:, RELATIVE:])
    assert not torch.isclose(here[:, :2], there[:, :2]).all()


def test_tall_things_stand_below_their_middle_and_flat_ones_in_it() -> None:
    bottle, board = torch.tensor([0.4, 0.2, 0.5, 0.6]), torch.tensor([0.3, 0.5, 0.7, 0.6])
    torch.testing.assert_close(feet(bottle), torch.tensor([0.45, 0.57]))
    torch.testing.assert_close(feet(board), torch.tensor([0.5, 0.55]))


def test_rankings_compare_only_what_fits_the_words() -> None:
    """Three mugs, and a bowl that is further to the left and nearer to the anchor than any of them."""
    middles = torch.tensor([[0.2, 0.5], [0.4, 0.3], [0.8, 0.7], [0.1, 0.5]])
    sizes = torch.tensor([0.6, 1.1, 0.5, 2.0])[:, None].expand(4, 2)
    fits = torch.tensor([-0.1, -0.2, -0.1, -7.0])[None, None, None, None]
    stand = middles[None, None]
    behind = rankings(Things(torch.zeros(1, 1, 4), sizes[None, None], stand, stand), fits, at(0.12, 0.5))[0, 0, 0, 0]
    leftmost, rightmost, backmost, frontmost, smallest, largest, near_robot, far_robot, nearest, farthest = behind
    for ranking, winner in (
        (leftmost, 0), (rightmost, 2), (backmost, 1), (frontmost, 2), (smallest, 2), (largest, 1), (near_robot, 1),
        (far_robot, 2), (nearest, 0), (farthest, 2),
    ):  # fmt: skip
        assert ranking[:3].argmin() == winner and ranking[winner] == 0
        assert ranking[:3].sort().values[1] >= 1, "the others are clearly behind"
    assert leftmost[3] == 0, "what does not fit is not ranked better than the winner"
    assert nearest[3] == farthest[3] > 0, "an anchor is neither near to itself nor far from itself"


def test_open_words_prefer_any_object_and_none_over_another() -> None:
    kinds, colours = len(KINDS) + 1, len(COLOURS)
    kind = torch.full((1, 1, 3, kinds), -9.0)
    kind[0, 0, torch.arange(3), torch.tensor([0, 1, 2])] = 9.0  # nothing, the first kind, the second kind
    colour = torch.zeros(1, 1, 3, colours)
    words = torch.zeros(1, 2, 1, kinds + colours)
    words[..., 0] = -9.0  # no words mean nothing
    words[0, 1, 0, 2] = 20.0  # the second question names the second kind
    anything, named = agreement(words, kind, colour)[0, :, 0, 0]
    assert anything[1] == pytest.approx(float(anything[2]), abs=1e-4) and anything[1] > anything[0] + 1
    assert named.argmax() == 2 and named[2] > named[1] + 3


@torch.inference_mode()
def test_a_relation_is_seen_from_the_landmark(head: GroundingHead) -> None:
    """With "left of" weights the target pointer follows the landmark's true place."""
    head.relate.weight.zero_()
    head.relate.bias.zero_()
    head.relate.bias[5] = 50.0  # the cone to the left
    labels = random_labels()
    torch.manual_seed(2)
    features = head.features(torch.randn(BATCH, VIEWS, SIDE, SIDE, 16), torch.randn(BATCH, VIEWS, 4, 4, 24))
    readouts = torch.randn(BATCH, QUESTIONS, 4, 24)
    for x in (0.4, 0.9):
        labels.object_boxes[:] = torch.tensor([x - 0.05, 0.45, x + 0.05, 0.55])
        chosen = CELLS[head(readouts, features, UNKNOWN, labels).logits[:, :, 0].argmax(-1)]
        assert ((x - chosen[..., 0]) > (chosen[..., 1] - 0.5).abs()).all()
        assert chosen[..., 0].max() < 0.1  # the farther to the left the better


@torch.inference_mode()
def test_a_relation_is_meant_in_the_robot_s_frame(head: GroundingHead) -> None:
    """The same two things, seen from several sides: which lies to the right of the other does not depend on that."""
    landmark, right = np.array([0.5, 0.0, 0.0]), np.array([0.5, 0.15, 0.0])
    corners = torch.tensor([-0.1, -0.1, 0.1, 0.1]).expand(1, 1, SIDE * SIDE, 4)
    for azimuth in (-1.2, -0.4, 0.0, 0.4, 1.2):
        eye = np.array([0.5 + 0.8 * math.cos(azimuth), 0.8 * math.sin(azimuth), 0.6])
        camera = Camera(224, 224, 340.0, look_at(eye, np.array([0.5, 0.0, 0.0])))
        vector = torch.from_numpy(camera.to_vector())[None, None]
        anchor, target = (torch.from_numpy(camera.project(point)[0] / 224).float() for point in (landmark, right))
        seen = Things.of(corners, vector)
        cell = int((CELLS - target).norm(dim=-1).argmin())
        offset = CELLS[cell] - target  # the thing stands a little beside the middle of its cell
        stands = rectified(CELLS[cell] - offset, vector[0, 0])
        seen.feet[0, 0, cell] = stands
        found = cell_geometry(seen.feet[:, None, None], rectified(anchor, vector[0, 0]).expand(1, 1, 1, 1, 2), seen)
        cones = found[0, 0, 0, 0, cell, 5:9]
        # The nominal camera looks back at the robot: +y is to its right.
        assert cones.argmax() == 1, f"seen from {azimuth} rad"


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=2, max_size=6))
def test_paths_of_tensors_are_those_of_the_core(corners: list[tuple[float, float]]) -> None:
    """Two paths in one batch; corners that coincide are allowed."""
    paths = torch.tensor([corners, corners[::-1]])
    for path, found in zip(paths, through(paths, 8), strict=True):
        np.testing.assert_allclose(found, resample_path(path.double().numpy(), 8), atol=2e-4)


def test_perfect_eyes_see_what_the_labels_say() -> None:
    labels = random_labels()
    labels.colours[:, 1] = -100  # a colour without a name fits every word for colours
    kind, colour, seen = imagined(labels, len(KINDS) + 1, len(COLOURS))
    rows, owner = torch.arange(BATCH)[:, None, None], labels.cells.flatten(2)
    assert torch.equal(kind.argmax(-1), labels.kinds[rows, owner])
    named = labels.colours[rows, owner] >= 0
    assert torch.equal(colour.argmax(-1)[named], labels.colours[rows, owner][named])
    assert not named.all() and not colour[~named].any()
    torch.testing.assert_close(seen.sizes, torch.full_like(seen.sizes, float(np.log(0.3 * SIDE))))
