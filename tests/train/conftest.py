"""The dataset, the banks, the objectives on them and a stage-1 run that the tests of this room share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from batches import ACTION, GROUNDING, LABELS
from small import nano_policy, nano_tokenizer, run_stage, write_dataset

from sightline.data import Dataset, load_dataset
from sightline.models.policy import Policy
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import GroundingBatches
from sightline.train.objectives.action import CachedActionObjective, JointActionObjective
from sightline.train.objectives.grounding import GroundingObjective
from sightline.train.objectives.recognition import RecognitionObjective
from sightline.train.objectives.words import WordsObjective
from sightline.train.planner_cache import PlannerCache
from sightline.train.true_guidance import TrueGuidance


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def dataset(data: Path) -> Dataset:
    return load_dataset(data)


@pytest.fixture(scope="session")
def episodes(dataset: Dataset) -> FrameBank:
    return FrameBank([dataset], "episodes", ("front", "wrist"), 112, 8, 0.3)


@pytest.fixture(scope="session")
def scenes(dataset: Dataset) -> FrameBank:
    return FrameBank([dataset], "scenes", ("front",), 112, 8, 0.3)


@pytest.fixture
def policy() -> Policy:
    return nano_policy(nano_tokenizer())


@pytest.fixture(scope="session")
def stage1(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted stage-1 run of five updates, saved every two."""
    out = tmp_path_factory.mktemp("stage1")
    run_stage("pretrain", data, out, None, ("steps=5", "save_every=2"))
    return out


@pytest.fixture
def grounding(scenes: FrameBank, episodes: FrameBank, policy: Policy) -> GroundingObjective:
    return GroundingObjective(scenes, episodes, GroundingBatches.of(policy, GROUNDING), 0)


@pytest.fixture
def recognition(scenes: FrameBank, episodes: FrameBank) -> RecognitionObjective:
    return RecognitionObjective([scenes, episodes], LABELS, replace(GROUNDING, recognise_images=4), 0)


@pytest.fixture
def words(scenes: FrameBank, episodes: FrameBank, policy: Policy) -> WordsObjective:
    objective = WordsObjective(scenes, episodes, GroundingBatches.of(policy, GROUNDING), 0)
    objective.every = 1
    return objective


@pytest.fixture
def joint(episodes: FrameBank, policy: Policy) -> JointActionObjective:
    return JointActionObjective(episodes, policy, ACTION, 0, 0.1)


@pytest.fixture
def guidance(episodes: FrameBank, policy: Policy) -> TrueGuidance:
    return TrueGuidance(episodes, policy.config.grounding.trace_points)


@pytest.fixture
def cache(episodes: FrameBank, policy: Policy) -> PlannerCache:
    return PlannerCache(
        policy.system, episodes, np.arange(1, len(episodes), 2), policy.transforms.packer, 5, torch.float32
    )


@pytest.fixture
def cached(guidance: TrueGuidance, cache: PlannerCache, episodes: FrameBank, policy: Policy) -> CachedActionObjective:
    return CachedActionObjective(episodes, guidance, cache, policy, ACTION, 0)
