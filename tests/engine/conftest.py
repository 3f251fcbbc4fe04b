"""Small real datasets that several tests read."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two verified episodes, small pictures."""
    from sightline.engine.generation.generate import generate
    from sightline.engine.generation.recipe import Recipe

    root = tmp_path_factory.mktemp("made") / "demonstrations"
    generate(root, 2, Recipe(seed=5, size=112))
    return root


@pytest.fixture(scope="session")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two slide shows of 16 scenes."""
    from sightline.engine.generation.generate import generate
    from sightline.engine.generation.recipe import Recipe

    root = tmp_path_factory.mktemp("made") / "slides"
    generate(root, 2, Recipe(seed=5, size=112, kind="scenes"))
    return root


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight verified episodes of all kinds of tasks, among fixtures."""
    from sightline.engine.generation.generate import generate
    from sightline.engine.generation.recipe import Recipe

    root = tmp_path_factory.mktemp("made") / "furnished"
    generate(root, 8, Recipe(seed=2, size=112, tasks="all"))
    return root
