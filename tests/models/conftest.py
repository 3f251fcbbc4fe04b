"""The nano system and its tokenizer, built once; tests that change one build their own."""

from __future__ import annotations

import pytest
from nano import nano_policy, nano_system, nano_tokenizer

from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.prompts import Packer
from sightline.models.vlm.tokenizer import WordTokenizer


@pytest.fixture(scope="session")
def tokenizer() -> WordTokenizer:
    return nano_tokenizer()


@pytest.fixture(scope="session")
def system() -> DualSystem:
    return nano_system()


@pytest.fixture(scope="session")
def packer(system: DualSystem, tokenizer: WordTokenizer) -> Packer:
    return Packer(tokenizer, system.config.planner)


@pytest.fixture(scope="session")
def policy(tokenizer: WordTokenizer) -> Policy:
    return nano_policy(tokenizer)
