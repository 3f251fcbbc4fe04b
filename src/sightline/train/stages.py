"""The two stages of training: spatial grounding pre-training, then spatially guided action post-training.

Planners of every kind go through them. How they are made ready differs, and each way is a route: planners with a
pointer learn from labelled datasets (stages_pointer), those that answer in words from conversations and recorded robots
(stages_words). The rest of a stage is the same, and is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from sightline.core.config import load_config
from sightline.core.errors import SightlineError
from sightline.core.outputs import reporting_full_disk
from sightline.models.config import preset
from sightline.train import stages_pointer, stages_words
from sightline.train.config import STAGE_1, STAGE_2, TrainConfig, stage_defaults
from sightline.train.distributed import Processes
from sightline.train.loop import Trainer
from sightline.train.objectives import make_objectives
from sightline.train.run_folder import RunFolder
from sightline.train.setup import Check, StageRequest, StageSetup, notes_of, precision_of
from sightline.train.sources import NO_SOURCES, Sources
from sightline.train.validate import LossCheck

GUARDED = ("box_acc50", "point_acc")  # what learning to act must not cost


class Route(Protocol):
    """How one kind of planner is made ready for each stage."""

    def pretrain(self, asked: StageRequest) -> StageSetup:
        """Stage 1 before its first step. Raises SightlineError for data, sources and settings that do not fit."""

    def posttrain(self, asked: StageRequest) -> StageSetup:
        """The same of stage 2."""


def pretrain(
    data: Sequence[Path],
    out: Path,
    preset_name: str = "tiny",
    overrides: Sequence[str] = (),
    sources: Sources = NO_SOURCES,
    init: Path | str | None = None,
) -> dict:
    """Stage 1: the planner learns where things are, from instructions, referring expressions or conversations.

    Args:
        data: datasets of scenes and episodes from ``sightline generate``, for planners with a pointer.
        out: run folder; an interrupted run in it is resumed, if what decides it is the same (see RunFolder).
        preset_name: of the model; it decides the route.
        overrides: ``key=value`` changes of TrainConfig.
        sources: for planners that answer in words: conversations and pre-trained parts.
        init: run or policy folder (or the name of a shipped one) whose planner goes on in a larger world: for planners
            with a pointer. What it calls by the same names it keeps.
    Returns:
        ``steps``, ``samples_per_second`` and, on what is held out, ``box_acc50``, ``point_acc``, ``trace_mae_px``.
    """
    config = load_config(TrainConfig, stage_defaults(STAGE_1, preset_name), overrides)
    asked = StageRequest(data, config, sources, _of_system(overrides), init)
    with RunFolder(out) as run:
        return _train(run, asked, _route(preset_name).pretrain(asked))


def posttrain(
    data: Sequence[Path],
    init: Path | str | None,
    out: Path,
    guidance: str = "spatial",
    preset_name: str = "tiny",
    overrides: Sequence[str] = (),
    sources: Sources = NO_SOURCES,
) -> dict:
    """Stage 2: the action expert learns from demonstrations, guided by the planner (or not), which keeps its grounding.

    Args:
        data: LeRobot datasets with episodes; scenes among them serve co-training.
        init: run or policy folder to start from. Planners with a pointer need stage 1's when guided, and must have None
            otherwise; those that answer in words start from any, an official InternVLA-M1 run too, or from nothing.
        out: run folder; an interrupted run in it is resumed, if what decides it is the same (see RunFolder).
        guidance: ``spatial`` or ``none`` (vanilla: no spatial prompt, no points, no co-training).
        preset_name: of the model; it decides the route.
        overrides: ``key=value`` changes of TrainConfig.
        sources: for planners that answer in words: how the datasets are read, conversations, pre-trained parts.
    Returns:
        ``steps``, ``samples_per_second``, ``action_loss`` on held-out episodes, and where it is known the scores of
        stage 1 with what they lost (``forgetting/box_acc50``).
    """
    changes = [*overrides, f"system.guidance={guidance}"]
    config = load_config(TrainConfig, stage_defaults(STAGE_2, preset_name), changes)
    asked = StageRequest(data, config, sources, _of_system(changes), init)
    with RunFolder(out) as run:
        setup = _route(preset_name).posttrain(asked)
        return _train(run, asked, setup, expected={"action_loss": float("nan")}, guarded=GUARDED)


def _route(preset_name: str) -> Route:
    return stages_pointer if preset(preset_name).grounding.pointer else stages_words


def _of_system(changes: Sequence[str]) -> list[str]:
    """Those of ``key=value`` changes that are of the model, as changes of SystemConfig."""
    return [change.removeprefix("system.") for change in changes if change.startswith("system.")]


def _train(
    run: RunFolder,
    asked: StageRequest,
    setup: StageSetup,
    expected: dict[str, float] | None = None,
    guarded: Sequence[str] = (),
) -> dict[str, float]:
    """Train a stage to its end; ``expected`` are numbers to report where nothing could be measured."""
    processes = Processes.join(setup.policy.device)
    if refusal := processes.agree(run.claim(asked, setup) if processes.first else ""):
        raise SightlineError(refusal)
    objectives = make_objectives(setup)
    checks: list[Check] = [LossCheck(objectives, precision_of(setup.config)), *setup.checks]
    policy = setup.policy
    policy.notes = {**policy.notes, setup.stage: notes_of(setup)}

    def evaluate() -> dict[str, float]:
        return {**(expected or {}), **{name: value for check in checks for name, value in check(policy).items()}}

    with reporting_full_disk(run.path, "checkpoints"):
        return Trainer(run.path, setup.stage, policy, objectives, setup.config, evaluate, guarded).train()
