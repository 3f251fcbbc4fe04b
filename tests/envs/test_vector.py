"""Gymnasium's vector environments: every process's words arrive, and a fork that would hang is refused."""

from __future__ import annotations

import copy
import multiprocessing
from functools import partial

import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory

from sightline.core.errors import SightlineError
from sightline.engine.simulation.renderer import gl_context
from sightline.envs.tabletop import TabletopEnv
from sightline.envs.words import LONGEST, Words

make = partial(TabletopEnv, size=32, render=False)
STILL = np.zeros((2, 7), np.float32)


@pytest.mark.parametrize("settings", [{}, {"shared_memory": False}, {"copy": False}], ids=str)
def test_words_arrive_from_other_processes(settings: dict) -> None:
    """Also after a later reset, and for an instruction that was given."""
    alone = make()
    said = {seed: alone.reset(seed=seed)[1]["instruction"] for seed in (3, 4, 5, 6)}
    several = AsyncVectorEnv([make, make], context="fork", **settings)
    try:
        for seeds in ([3, 4], [5, 6], [4, 3]):
            observation, info = several.reset(seed=seeds)
            assert [*observation["instruction"]] == [*info["instruction"]] == [said[seed] for seed in seeds]
        stepped = several.step(STILL)[0]
        assert [*stepped["instruction"]] == [said[4], said[3]]
        given = several.reset(seed=[3, 4], options={"instruction": "tidy up"})[0]
        assert [*given["instruction"]] == ["tidy up"] * 2
    finally:
        several.close()


def test_words_arrive_from_this_process() -> None:
    several = SyncVectorEnv([make, make])
    observation, info = several.reset(seed=[3, 4])
    assert [*observation["instruction"]] == [*info["instruction"]] and len(set(info["instruction"])) == 2
    several.close()


def test_a_copy_of_shared_words_stays_as_it_was() -> None:
    space = Words()
    memory = create_shared_memory(space, 2)
    seen = read_from_shared_memory(space, memory, 2)
    write_to_shared_memory(space, 1, "put the jalapeño away", memory)
    kept = copy.deepcopy(seen)
    write_to_shared_memory(space, 1, "stop", memory)
    assert kept == ("", "put the jalapeño away")
    assert seen[1] == "stop" and seen[-2:] == ("", "stop") and len(seen) == 2
    with pytest.raises(SightlineError, match="401 characters is too long"):
        write_to_shared_memory(space, 0, "x" * (LONGEST + 1), memory)


def draw(answers: object) -> None:
    try:
        gl_context()
        answers.put("drawn")  # type: ignore[attr-defined]
    except SightlineError as error:
        answers.put(str(error))  # type: ignore[attr-defined]


def test_a_fork_after_rendering_is_refused_and_does_not_hang() -> None:
    gl_context()
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=draw, args=(answers,))
    process.start()
    try:
        said = answers.get(timeout=60)
    finally:
        process.kill()
        process.join()
    assert "forked from one that has rendered" in said and 'context="spawn"' in said
