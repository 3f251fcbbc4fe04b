"""The visual encoder learns alone, from mirrored windows whose labels fit them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from batches import LABELS, same

from sightline.models.grounding.pointing import GroundingLabels
from sightline.models.policy import Policy
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import pictures
from sightline.train.objectives.grounding import GroundingObjective
from sightline.train.objectives.recognition import RecognitionObjective, mirrored, windows


def test_recognition_comes_first_and_goes_on_with_less_beside_grounding(
    recognition: RecognitionObjective, grounding: GroundingObjective
) -> None:
    grounding.after = recognition.config.apart_first
    recognition.config = replace(recognition.config, recognise_images=16)
    for progress, share in ((0.0, 1.0), (0.1, 1.0), (0.5, 0.25), (0.9, 0.25)):
        batch = recognition.batch(0, progress)
        assert batch is not None and batch.images.shape[0] * batch.images.shape[1] == share * 16
        assert (grounding.batch(0, progress) is None) == (share == 1.0)
    recognition.config = replace(recognition.config, recognise_later=0.0)
    assert recognition.batch(0, 0.1) is not None and recognition.batch(0, 0.9) is None


def test_recognition_teaches_the_visual_encoder_alone(recognition: RecognitionObjective, policy: Policy) -> None:
    policy.system.zero_grad()
    recognition.loss(policy.system, recognition.batch(0, 0.0))[0].backward()
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"visual_encoder", "grounding"}


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
