"""Batches are pure functions of seed and step, and everything in them is learned from."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from small import nano_config

from sightline.models.grounding.pointing import GroundingLabels, Pointing
from sightline.models.grounding.projection import unproject
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.tasks.goals import place_point
from sightline.train.config import ActionConfig, GroundingConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import LabelMaker, answers_for, own_question, pictures
from sightline.train.objectives import (
    CachedActionObjective,
    GroundingObjective,
    JointActionObjective,
    RecognitionObjective,
    WordsObjective,
    mirrored,
    windows,
)
from sightline.train.planner_cache import LatentStore
from sightline.train.true_guidance import TrueGuidance
from sightline.train.validate import SCALE, GroundingCheck, LossCheck

CPU = torch.device("cpu")

LABELS = LabelMaker(nano_config().grounding.kinds, nano_config().grounding.colours, 8)
GROUNDING = GroundingConfig(images=4, questions=3, text_share=0.5, scenes_first=0.5)
ACTION = ActionConfig(samples=3, cached_samples=6, latent_share=0.5)


def same(a: Any, b: Any) -> bool:
    """Whether two batches are bit-equal (NaN equals NaN)."""
    if isinstance(a, bool) or a is None:
        return a == b
    if isinstance(a, torch.Tensor):
        return a.shape == b.shape and bool(torch.equal(a.nan_to_num(-7), b.nan_to_num(-7)))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, dict):
        return all(same(a[key], b[key]) for key in a)
    return all(same(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture
def grounding(scenes: FrameBank, episodes: FrameBank, policy: Policy) -> GroundingObjective:
    return GroundingObjective(scenes, episodes, policy.transforms.packer, LABELS, GROUNDING, 0)


@pytest.fixture
def recognition(scenes: FrameBank, episodes: FrameBank) -> RecognitionObjective:
    return RecognitionObjective(scenes, episodes, LABELS, replace(GROUNDING, recognise_images=4), 0)


@pytest.fixture
def words(grounding: GroundingObjective) -> WordsObjective:
    objective = WordsObjective(grounding)
    objective.every = 1
    return objective


@pytest.fixture
def joint(episodes: FrameBank, policy: Policy) -> JointActionObjective:
    return JointActionObjective(episodes, policy, ACTION, 0, 0.1)


@pytest.fixture
def guidance(episodes: FrameBank, policy: Policy) -> TrueGuidance:
    return TrueGuidance(episodes, policy.config.grounding.trace_points)


@pytest.fixture
def latents(episodes: FrameBank, policy: Policy) -> LatentStore:
    return LatentStore(
        policy.system, episodes, np.arange(1, len(episodes), 2), policy.transforms.packer, 5, torch.float32
    )


@pytest.fixture
def cached(guidance: TrueGuidance, latents: LatentStore, episodes: FrameBank, policy: Policy) -> CachedActionObjective:
    return CachedActionObjective(episodes, guidance, latents, policy, ACTION, 0)


@pytest.mark.parametrize("name", ["recognition", "words", "grounding", "joint", "cached"])
def test_batches_depend_on_seed_and_step_alone(name: str, request: pytest.FixtureRequest) -> None:
    objective = request.getfixturevalue(name)
    source = objective.grounding if name == "words" else objective
    if name in ("recognition", "words"):
        source.config = replace(source.config, apart_first=1.0)
    first = [objective.batch(step, step / 6) for step in range(6)]
    torch.rand(3)
    np.random.default_rng().random()
    for step in (5, 2, 0):
        assert same(objective.batch(step, step / 6), first[step]), step
    assert not same(first[1], first[2])
    parts = [objective.batch(2, 2 / 6, part) for part in range(3)]
    assert same(parts[0], first[2]) and not same(parts[1], first[2]) and not same(parts[1], parts[2])
    assert same(objective.batch(2, 2 / 6, 1), parts[1])
    source.seed = 1
    assert not same(objective.batch(2, 2 / 6), first[2])


def test_held_out_frames_are_never_drawn(joint: JointActionObjective, grounding: GroundingObjective) -> None:
    assert joint.frames.tolist() == list(range(12))
    assert grounding.frames["episodes"].tolist() == list(range(12))
    assert grounding.frames["scenes"].tolist() == list(range(5))


def test_recognition_comes_first_and_grounding_after(
    recognition: RecognitionObjective, grounding: GroundingObjective
) -> None:
    grounding.after = recognition.config.apart_first
    for progress in (0.0, 0.1, 0.3, 0.9):
        assert (recognition.batch(0, progress) is None) != (grounding.batch(0, progress) is None)


def test_recognition_teaches_the_visual_encoder_alone(recognition: RecognitionObjective, policy: Policy) -> None:
    policy.system.zero_grad()
    recognition.loss(policy.system, recognition.batch(0, 0.0))[0].backward()
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"visual_encoder", "grounding"}


def test_words_are_learned_without_pictures(words: WordsObjective, policy: Policy) -> None:
    batch = words.batch(0, 0.0)
    assert not batch.tokens.image_mask.any() and (batch.tokens.readouts >= 0).any()
    assert words.batch(0, GROUNDING.apart_first) is None
    policy.system.zero_grad()
    words.loss(policy.system, batch)[0].backward()
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"planner", "grounding"}


def scene_pictures(bank: FrameBank) -> tuple[torch.Tensor, GroundingLabels]:
    frames = np.array([0, 3])
    return pictures(bank, frames), LABELS(bank, frames, [[], []], [[], []])


def test_mirrored_labels_fit_mirrored_pictures(scenes: FrameBank) -> None:
    images, labels = scene_pictures(scenes)
    turned, its = mirrored(images, labels)
    back = mirrored(turned, its)[1]
    assert same(back.cells, labels.cells)
    torch.testing.assert_close(back.object_boxes, labels.object_boxes, atol=1e-6, rtol=0, equal_nan=True)
    assert torch.equal(turned[0, 0, :, 0], images[0, 0, :, -1])
    assert torch.equal(its.cells[0, 0, :, 0], labels.cells[0, 0, :, -1])
    known = torch.isfinite(labels.object_boxes).all(-1)
    assert known.any() and (its.object_boxes[known][:, 2] > its.object_boxes[known][:, 0]).all()
    torch.testing.assert_close(its.object_boxes[known][:, 0], 1 - labels.object_boxes[known][:, 2])


def test_windows_keep_pictures_and_labels_together(scenes: FrameBank) -> None:
    images, labels = scene_pictures(scenes)
    side, size = labels.cells.shape[-1], 5
    patch = images.shape[2] // side
    cut = windows(images, labels, size, np.random.default_rng(0))
    assert cut.images.shape == (2, 1, size * patch, size * patch, 3) and len(np.unique(cut.corners.numpy())) > 1
    for b in range(2):
        row, column = cut.corners[b, 0].tolist()
        rows, columns = (slice(first * patch, (first + size) * patch) for first in (row, column))
        assert torch.equal(cut.images[b, 0], images[b, 0, rows, columns])
        assert torch.equal(cut.labels.cells[b, 0], labels.cells[b, 0, row : row + size, column : column + size])
        assert cut.labels.cells[b, 0].any() or not labels.cells[b, 0].any()
        corner = torch.tensor([column, row]) * patch
        before, after = (x.object_boxes[b, 0] for x in (labels, cut.labels))
        torch.testing.assert_close(
            after * size * patch + corner.repeat(2), before * side * patch, atol=1e-3, rtol=0, equal_nan=True
        )
        tool = cut.labels.tools[b, 0]
        inside = (
            (labels.tools[b, 0] * side >= corner / patch) & (labels.tools[b, 0] * side <= corner / patch + size)
        ).all()
        assert bool(torch.isfinite(tool).all()) == bool(inside)
        if inside:
            torch.testing.assert_close(tool * size + corner / patch, labels.tools[b, 0] * side, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_a_window_over_everything_is_the_whole_picture(scenes: FrameBank, policy: Policy) -> None:
    images, labels = scene_pictures(scenes)
    cut = windows(images, labels, 99, np.random.default_rng(0))
    assert torch.equal(cut.images, images) and not cut.corners.any()
    whole, window = policy.system.encode_views(images), policy.system.encode_views(cut.images, cut.corners)
    assert torch.equal(whole, window)


def test_scenes_come_first(grounding: GroundingObjective) -> None:
    early = {grounding.batch(step, 0.1).images.shape[1] for step in range(6)}
    late = {grounding.batch(step, 0.9).images.shape[1] for step in range(12)}
    assert early == {1} and late == {1, 2}


def test_co_training_sits_steps_out(grounding: GroundingObjective) -> None:
    grounding.every = 3
    assert [grounding.batch(step, 0.0) is None for step in range(4)] == [False, True, True, False]


def test_words_are_learned_beside_the_points(grounding: GroundingObjective, policy: Policy) -> None:
    spoken = [batch for step in range(8) if (batch := grounding.batch(step, 0.1)) and (batch.tokens.labels >= 0).any()]
    assert 1 <= len(spoken) < 8
    loss, terms, samples = grounding.loss(policy.system, spoken[0])
    assert float(terms["text"].detach()) > 0 and samples == len(spoken[0].images)
    assert float(loss.detach()) == pytest.approx(sum(float(t.detach()) for t in terms.values()), rel=1e-5)
    loss.backward()
    assert policy.system.planner.model.lm_head.weight.grad.abs().max() > 0
    assert policy.system.visual_encoder.pos_embed.grad.abs().max() > 0


def test_questions_fit_into_the_token_budget(grounding: GroundingObjective) -> None:
    grounding.config = replace(GROUNDING, tokens=40, questions=8, text_share=0.0)
    tokens = grounding.batch(0, 0.0).tokens
    prefix = len(grounding.packer.prefix(1)[0])
    assert 1 <= int(tokens.segments.max()) < 8
    assert int((tokens.segments > 0).sum(1).max()) <= 40 or int(tokens.segments.max()) == 1
    assert tokens.ids.shape[1] <= prefix + 40 + 16


def test_the_joint_loss_reaches_every_part(joint: JointActionObjective, policy: Policy) -> None:
    torch.manual_seed(0)
    loss, terms, samples = joint.loss(policy.system, joint.batch(0, 0.0))
    loss.backward()
    assert samples == 3 and set(terms) == {"action"}
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"planner", "visual_encoder", "spatial", "visual_projection", "querying", "gate", "expert"}


def test_stored_latents_are_those_of_the_planner(
    latents: LatentStore, joint: JointActionObjective, policy: Policy
) -> None:
    joint.jitter, joint.frames = 0.0, np.array([7])
    batch = joint.batch(0, 0.0)
    seen = policy.system.see(batch.images, batch.tokens)
    direct = policy.system.query_tokens(seen.states.layers, seen.dense, seen.ignore)
    stored = policy.system.query_tokens(*latents.at(np.array([7, 7, 7])))
    torch.testing.assert_close(stored, direct, atol=2e-2, rtol=2e-2)  # stored in half precision


def test_latents_come_back_in_the_order_asked_for(latents: LatentStore) -> None:
    frames = np.array([11, 3, 3, 7])
    states, dense, ignore = latents.at(frames)
    for row, frame in enumerate(frames):
        one_state, one_dense, one_ignore = latents.at(np.array([frame]))
        assert torch.equal(states[0][row], one_state[0][0])
        assert torch.equal(dense[row], one_dense[0]) and torch.equal(ignore[row], one_ignore[0])
    assert not torch.equal(dense[0], dense[1])
    with pytest.raises(AssertionError, match="stored"):
        latents.at(np.array([4]))


def test_true_guidance_agrees_with_the_labels(
    guidance: TrueGuidance, cached: CachedActionObjective, episodes: FrameBank
) -> None:
    """Where something can be seen, guidance is what stage 1 learns to point at; it leads to the true place."""
    frames = np.arange(len(episodes))
    spatial = guidance.at(frames, cached.numbers.at(frames))
    questions = [[own_question(episodes, int(frame))] for frame in frames]
    answers = [answers_for(episodes, int(frame), asked) for frame, asked in zip(frames, questions, strict=True)]
    truth = LABELS(episodes, frames, questions, answers)
    points = truth.points[:, 0]
    seen = torch.isfinite(points).all(-1)
    assert seen.any(0).all() and (spatial.visible[seen] == 1).float().mean() > 0.95
    torch.testing.assert_close(spatial.points[seen], points[seen], atol=2e-4, rtol=0)
    boxed = torch.isfinite(truth.boxes[:, 0]).all(-1)
    torch.testing.assert_close(spatial.boxes[boxed], truth.boxes[:, 0][boxed], atol=2e-4, rtol=0)
    turned = seen & torch.isfinite(truth.axes[:, 0]).all(-1)
    assert (spatial.axes[turned] * truth.axes[:, 0][turned]).sum(-1).min() > 0.99
    for number, meta in enumerate(episodes.meta):
        rows = np.arange(episodes.start[number], episodes.start[number + 1])
        labels = episodes.labels[number]
        goals = np.stack([place_point(labels.scene(t), meta.task) for t in range(len(labels))])
        for role, places in ((0, labels.grasp_points[:, meta.task.target]), (2, goals)):
            for view in range(2):
                inside = spatial.visible[rows, role, view] == 1
                camera = spatial.cameras[rows, view]
                found = unproject(spatial.points[rows, role, view], spatial.heights[rows, role, view], camera)
                torch.testing.assert_close(found[inside], torch.from_numpy(places).float()[inside], atol=2e-3, rtol=0)


def test_the_cached_loss_trains_the_expert_side_only(cached: CachedActionObjective, policy: Policy) -> None:
    torch.manual_seed(0)
    drawn = [cached.batch(step, 0.0) for step in range(24)]
    assert {batch.latent is None for batch in drawn} == {True, False}
    loss, _, samples = cached.loss(policy.system, next(batch for batch in drawn if batch.latent is not None))
    loss.backward()
    assert samples == 6
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"spatial", "visual_projection", "querying", "gate", "expert"}


# ---- checks during training -----------------------------------------------------------------------------------------


class Oracle:
    """A policy that answers with the labels of the batch it is shown, moved by ``shift`` pictures."""

    def __init__(self, check: GroundingCheck, shift: float) -> None:
        self.check, self.shift, self.device, self.system, self.at = check, shift, torch.device("cpu"), self, 0

    def see(self, images: torch.Tensor, tokens: object, cameras: torch.Tensor) -> Any:
        truth = self.check.batches[self.at][0].labels
        self.at += 1
        nothing = torch.zeros(0)
        moved = [truth.points + self.shift, truth.boxes + self.shift, truth.traces + self.shift]
        rows = torch.arange(len(truth.cells))[:, None, None]
        kinds = torch.nn.functional.one_hot(truth.kinds[rows, truth.cells.flatten(2)])
        values = {name: nothing for name in (f.name for f in fields(Pointing))} | {"dense": (kinds,)}
        values |= {
            "points": moved[0].nan_to_num(0.5),
            "boxes": moved[1].nan_to_num(0),
            "traces": moved[2].nan_to_num(0),
        }
        return type("Seen", (), {"pointing": Pointing(**values)})()


@pytest.mark.parametrize("shift, perfect", [(0.0, True), (0.3, False)])
def test_the_grounding_check_measures_what_it_says(grounding: GroundingObjective, shift: float, perfect: bool) -> None:
    check = GroundingCheck(grounding, [grounding.scenes, grounding.episodes], 8, torch.float32)
    held = {bank.kind: np.flatnonzero(bank.held_out) for bank in (grounding.scenes, grounding.episodes)}
    assert sum(len(batch.images) for batch, _ in check.batches) == min(4, len(held["scenes"])) + 4
    numbers = check(Oracle(check, shift))  # type: ignore[arg-type]
    if perfect:
        assert numbers["box_acc50"] == 1.0 and numbers["point_acc"] > 0.8
        assert numbers["trace_mae_px"] == numbers["place_px"] == 0.0
    else:
        assert numbers["box_acc50"] < 0.1 and numbers["point_acc"] < 0.5
        assert numbers["trace_mae_px"] == pytest.approx(0.3 * 2**0.5 * SCALE, rel=1e-4)


def test_the_action_check_leaves_training_as_it_was(joint: JointActionObjective, policy: Policy) -> None:
    held = np.flatnonzero(joint.bank.held_out)
    drawn: list[list[int]] = []
    normal = joint.batch(4, 0.0)
    watched = joint.loss

    def loss(system: DualSystem, batch: Any) -> Any:
        drawn.append([int(np.flatnonzero((joint.bank.state == s).all(1))[0]) for s in batch.state.numpy()])
        # The next training batch is drawn while the check runs: it must be the one it would have been.
        assert same(joint.batch(4, 0.0), normal)
        return watched(system, batch)

    unseen = copy.copy(joint)
    unseen.frames, unseen.loss = held, loss  # type: ignore[method-assign]
    check = LossCheck(unseen, torch.float32)
    first, second = check(policy), check(policy)
    assert first == second and np.isfinite(first["action_loss"])
    assert len(drawn) == 2 * check.batches and {frame for frames in drawn for frame in frames} <= set(held.tolist())
    assert np.isnan(LossCheck(None, torch.float32)(policy)["action_loss"])
