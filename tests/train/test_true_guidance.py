"""Guidance from simulator truth agrees with labels and leads to the true place."""

from __future__ import annotations

import numpy as np
import torch
from batches import LABELS

from sightline.models.grounding.projection import unproject
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import answers_for, own_question
from sightline.train.objectives.action import CachedActionObjective
from sightline.train.true_guidance import TrueGuidance


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
        for role, places in ((0, labels.grasp_points[:, meta.task.target]), (2, labels.place)):
            for view in range(2):
                inside = spatial.visible[rows, role, view] == 1
                camera = spatial.cameras[rows, view]
                found = unproject(spatial.points[rows, role, view], spatial.heights[rows, role, view], camera)
                torch.testing.assert_close(found[inside], torch.from_numpy(places).float()[inside], atol=2e-3, rtol=0)
