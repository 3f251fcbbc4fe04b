"""The route of planners with a pointer: labelled datasets of our own, all of whose frames are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from sightline.core.card import Card
from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.data.dataset import Dataset, load_dataset
from sightline.data.statistics import dataset_statistics, pooled_statistics, to_lists
from sightline.language.paraphrases import SPOKEN, spoken
from sightline.language.questions import vocabulary_sentences
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.prompts import PLAIN_PROMPT, SPATIAL_PROMPT
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.train.config import STAGE_1, STAGE_2, TrainConfig
from sightline.train.distributed import local_device
from sightline.train.frame_bank import FrameBank, common_card
from sightline.train.grounding_batches import GroundingBatches
from sightline.train.initialise import fitted, reshaped_policy
from sightline.train.named_rows import take_over
from sightline.train.setup import StageRequest, StageSetup, frozen, precision_of, start_process
from sightline.train.validate import GroundingCheck

CHECK_FRAMES = 192
GROUNDING_PARTS = ("planner", "visual_encoder", "grounding")


def pretrain(asked: StageRequest) -> StageSetup:
    """Stage 1: boxes, points and traces from referring expressions and instructions."""
    config = asked.config
    asked.sources.refuse()
    start_process(config)
    datasets = [load_dataset(path) for path in asked.data]
    card = common_card(datasets)
    kinds, colours = _kinds_and_colours(datasets)
    if not kinds:
        raise SightlineError("The datasets hold no labelled objects; stage 1 needs data from 'sightline generate'.")
    grounding = replace(config.system.grounding, kinds=kinds, colours=colours)
    system = replace(fitted(config.system, card), grounding=grounding, guidance="spatial")
    config = replace(config, system=system)
    policy = _fresh_policy(datasets, card, config)
    if asked.init is not None:
        take_over(Policy.from_pretrained(asked.init), policy)
    banks = _banks(datasets, config)
    # Parts that stage 1 has no loss for stay as they are, without decay.
    idle = [name for name, _ in policy.system.named_children() if name not in GROUNDING_PARTS]
    return StageSetup(
        STAGE_1,
        policy,
        frozen(config, idle),
        checks=[_grounding_check(policy, banks, config)],
        datasets=datasets,
        banks=banks,
        crowds=_bank(datasets, "crowds", system.cameras, config),
    )


def posttrain(asked: StageRequest) -> StageSetup:
    """Stage 2: the expert under stage 1's planner; when unguided all together, from nothing or from the weights of a
    policy, which is the fair comparison where the guided one did not start from nothing either."""
    config, init = asked.config, asked.init
    asked.sources.refuse()
    guided = config.system.guidance == "spatial"
    datasets = [load_dataset(path) for path in asked.data]
    card = common_card(datasets)  # first of all: recordings are for other presets
    if guided and init is None:
        raise SightlineError(
            "Spatial guidance starts from stage 1: give --init RUN, or train unguided with --guidance none."
        )
    if not guided and config.action.planner == "cached":
        config = replace(config, action=replace(config.action, planner="joint"))
        say("An unguided planner has nothing to cache: training jointly.")
    start_process(config)
    if not guided:
        expert = replace(config.system.expert, spatial=False)
        config = replace(config, system=replace(fitted(config.system, card), expert=expert))
        policy = _fresh_policy(datasets, card, config)
        if init is not None:
            take_over(Policy.from_pretrained(init), policy)
    else:
        assert init is not None
        policy = _guiding_policy(init, datasets, card, config)
        config = replace(config, system=policy.config)
    banks = _banks(datasets, config)
    if not len(banks[1]):
        raise SightlineError("Stage 2 needs demonstrations: none of the datasets holds episodes (--kind episodes).")
    return StageSetup(
        STAGE_2,
        policy,
        frozen(config, GROUNDING_PARTS) if config.action.planner == "cached" else config,
        checks=[_grounding_check(policy, banks, config)] if guided else [],
        datasets=datasets,
        banks=banks,
    )


def _fresh_policy(datasets: Sequence[Dataset], card: Card, config: TrainConfig) -> Policy:
    """Random weights, and a tokenizer of the datasets' own."""
    tokenizer = make_tokenizer(*_kinds_and_colours(datasets), config.system.planner.vocabulary, _said(datasets))
    torch.manual_seed(config.seed)
    system = DualSystem(config.system).to(local_device(config.device))
    return Policy(system, tokenizer, card, _statistics(datasets))


def _guiding_policy(init: Path | str, datasets: Sequence[Dataset], card: Card, config: TrainConfig) -> Policy:
    """Stage 1's planner, with the expert that the settings ask for, and acting as they ask for."""
    torch.manual_seed(config.seed)
    stage1 = Policy.from_pretrained(init)
    stage1.card.require_match(card, f"the policy {init}", "the datasets")
    asked = config.system
    grounding = replace(stage1.config.grounding, doubt=asked.grounding.doubt, looks=asked.grounding.looks)
    system = replace(
        stage1.config, grounding=grounding, expert=asked.expert, querying=asked.querying, guidance=asked.guidance
    )
    return reshaped_policy(stage1, replace(config, system=system), card, _statistics(datasets))


def _grounding_check(policy: Policy, banks: Sequence[FrameBank], config: TrainConfig) -> GroundingCheck:
    return GroundingCheck(GroundingBatches.of(policy, config.grounding), banks, CHECK_FRAMES, precision_of(config))


def _banks(datasets: Sequence[Dataset], config: TrainConfig) -> tuple[FrameBank, FrameBank]:
    cameras = config.system.cameras
    return _bank(datasets, "scenes", cameras[:1], config), _bank(datasets, "episodes", cameras, config)


def _bank(datasets: Sequence[Dataset], kind: str, cameras: Sequence[str], config: TrainConfig) -> FrameBank:
    side, patch = config.system.planner.image_size, config.system.visual.patch
    return FrameBank(datasets, kind, cameras, side, side // patch, config.held_out)


def _kinds_and_colours(datasets: Sequence[Dataset]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the labelled objects are, and which colours have a name."""
    objects = [info for dataset in datasets for episode in dataset.episodes for info in episode.objects]
    return tuple(sorted({info.kind for info in objects})), tuple(sorted({info.colour for info in objects} - {""}))


def _said(datasets: Sequence[Dataset]) -> list[str]:
    """Every instruction of the demonstrations, once."""
    tasks = [meta.task for dataset in datasets for meta in dataset.episodes]
    return sorted({task.instruction for task in tasks if task is not None})


def make_tokenizer(
    kinds: Sequence[str], colours: Sequence[str], vocabulary: int, instructions: Sequence[str] = ()
) -> WordTokenizer:
    """A tokenizer that knows every word of the engine's language for these objects, and of ``instructions``, which may
    be in somebody else's."""
    sentences = vocabulary_sentences(kinds, colours, map(spoken, SPOKEN))
    ours = {word for sentence in sentences for word in sentence.split()}
    sentences += [text for text in instructions if not ours.issuperset(text.split())]
    prompts = [
        form.format(instruction=sentence) for sentence in sentences[:50] for form in (SPATIAL_PROMPT, PLAIN_PROMPT)
    ]
    chat = ["system\nYou are a helpful assistant.\n", "user\n", "assistant\n", "Locate the.", *prompts]
    return WordTokenizer.train([*sentences, *chat * 4], vocabulary)


def _statistics(datasets: Sequence[Dataset]) -> dict:
    """Pooled statistics of state and action over all demonstrations."""
    parts = [
        dataset_statistics(d, [m.index for m in d.episodes if m.kind == "episodes"])
        for d in datasets
        if any(m.kind == "episodes" for m in d.episodes)
    ]
    if not parts:
        raise SightlineError("None of the datasets holds demonstrations; give at least one made with --kind episodes.")
    names = ("observation.state", "action")
    return to_lists({name: pooled_statistics([part[name] for part in parts]) for name in names})
