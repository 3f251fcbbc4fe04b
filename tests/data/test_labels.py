"""Depth maps and steps of a task as they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from synthetic import synthetic_card, synthetic_episode

from sightline.core.errors import SightlineError
from sightline.data import DatasetWriter, load_dataset
from sightline.data.labels import compress_depth, decompress_depth
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import own_question


@given(arrays(np.float32, (5, 7), elements=st.floats(0, 70, width=32)))
def test_depth_maps_survive_to_the_millimetre(depth):
    again = decompress_depth(compress_depth(depth))
    near = np.round(depth * 1000) < 2**16
    assert np.abs(again - depth)[near].max(initial=0) <= 0.00051 and (again[~near] == 0).all()
    with pytest.raises(SightlineError, match="damaged"):
        decompress_depth(compress_depth(depth)[:40])


def test_the_step_at_hand_says_what_target_and_reference_are(tmp_path: Path) -> None:
    plain, stepwise = synthetic_episode(3, 0, length=4), synthetic_episode(3, 1, length=4)
    for t, frame in enumerate(stepwise.frames):
        frame.doing = (0, 1) if t < 2 else (1, 0)
    with DatasetWriter(tmp_path / "d", synthetic_card()) as writer:
        writer.write(plain)
        writer.write(stepwise)
    dataset = load_dataset(tmp_path / "d")
    task = plain.task
    assert task is not None and dataset.labels(0).roles(task).tolist() == [[task.target, task.reference]] * 4
    assert dataset.labels(1).roles(task).tolist() == [[0, 1], [0, 1], [1, 0], [1, 0]]
    bank = FrameBank([dataset], "episodes", ("front",), 28, 2, 0.0)
    asked = [own_question(bank, frame) for frame in range(4, 8)]
    assert [(question.target, question.reference) for question in asked] == [(0, 1), (0, 1), (1, 0), (1, 0)]
