"""The route of planners that answer in words, as InternVLA-M1's does: conversations about pictures, then recorded
robots of any kind, streamed from video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from sightline.core.config import load_config
from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.data.conversation_mix import ConversationMix
from sightline.data.dataset import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.mixture import Mixture, open_mixture
from sightline.data.recordings import Recordings
from sightline.models.config import SystemConfig
from sightline.models.policy import Policy
from sightline.train.chat_check import ChatCheck
from sightline.train.config import STAGE_1, STAGE_2, TrainConfig
from sightline.train.initialise import (
    Backbones,
    fitted,
    fresh_policy,
    loaded_policy,
    planner_alone,
    reshaped_policy,
)
from sightline.train.setup import StageRequest, StageSetup, frozen, precision_of, start_process
from sightline.train.sources import Sources

TOKENIZER_RECORDS = 2000  # conversations that a tokenizer of our own is made from


def pretrain(asked: StageRequest) -> StageSetup:
    """Stage 1: the planner learns to answer, where things are above all, by next-token prediction.

    Without pre-trained parts it starts from nothing, with a tokenizer of our own.
    """
    config, sources = asked.config, asked.sources
    if asked.data:
        raise SightlineError(
            "A planner that answers in words learns from conversations (--chat), not from --data; "
            "'sightline questions' makes them from labelled datasets."
        )
    if asked.init is not None:
        raise SightlineError(
            "A planner that answers in words starts stage 1 from a base model: give --base-vlm DIR instead of --init."
        )
    if not sources.chat:
        raise SightlineError("A planner that answers in words learns from conversations: give --chat FILE.")
    start_process(config)
    conversations = ConversationMix.of(sources.chat, config.seed)
    records = (conversations.draw(config.seed, index) for index in range(TOKENIZER_RECORDS))
    texts = (turn.text for record in records for turn in record.turns)
    backbones = Backbones.of(sources.base_vlm, sources.dino)
    policy = fresh_policy(config, *planner_alone(config.system), texts, backbones)
    # The other parts have nothing to learn from here.
    idle = [name for name, _ in policy.system.named_children() if name != "planner"]
    config = frozen(replace(config, system=policy.config), idle)
    return StageSetup(
        STAGE_1,
        policy,
        config,
        checks=_chat_checks(sources, policy, config),
        notes={"conversations": list(sources.chat)},
        conversations=conversations,
    )


def posttrain(asked: StageRequest) -> StageSetup:
    """Stage 2: planner and action expert learn from recorded demonstrations together, on one sum of losses;
    conversations keep the planner's grounding (co-training).

    What it starts from is changed by settings that were given alone, not by the preset.
    """
    config, sources = asked.config, asked.sources
    if config.action.planner != "joint":
        raise SightlineError("On recorded data the planner's points are not known: set action.planner=joint.")
    if config.system.guidance == "none" and sources.chat:
        raise SightlineError("Without guidance nothing is co-trained: leave --chat out, or use --guidance spatial.")
    start_process(config)
    backbones = Backbones.of(sources.base_vlm, sources.dino)
    start = None if asked.init is None else loaded_policy(Path(asked.init), backbones)
    if start is not None:
        config = replace(config, system=load_config(SystemConfig, start.config, asked.system_changes))
    mixture = _mixture(asked, config.system.chunk, config.seed)
    for problem in mixture.problems:
        say(problem, style="yellow")
    card, statistics = mixture.recordings[0].card, mixture.statistics()
    # It sees no state, and no padding either, whatever it came from.
    querying = replace(config.system.querying, attend_padding=False)
    config = replace(config, system=replace(fitted(config.system, card), state_dim=0, querying=querying))
    if start is None:
        texts = (part.instruction(episode, 0) for part in mixture.recordings for episode in part.episodes)
        policy = fresh_policy(config, card, statistics, texts, backbones)
        config = replace(config, system=policy.config)
    else:
        torch.manual_seed(config.seed)
        policy = reshaped_policy(start, config, card, statistics)
    learned, held_out = mixture.split(config.held_out)
    return StageSetup(
        STAGE_2,
        policy,
        config,
        checks=_chat_checks(sources, policy, config),
        datasets=[part.dataset for part in mixture.recordings],
        mixture=learned,
        held_out=held_out,
        conversations=ConversationMix.of(sources.chat, config.seed) if sources.chat else None,
    )


def _mixture(asked: StageRequest, chunk: int, seed: int) -> Mixture:
    data, sources = asked.data, asked.sources
    if not data:
        raise SightlineError("Stage 2 needs demonstrations: give --data DIR.")
    if not sources.mixture:
        robot = find_embodiment(sources.embodiment)
        return Mixture([Recordings(load_dataset(folder), robot, chunk) for folder in data], seed=seed)
    if len(data) > 1:
        raise SightlineError("A mixture names its own folders: give the one folder that they lie in as --data.")
    return open_mixture(sources.mixture, data[0], chunk, seed)


def _chat_checks(sources: Sources, policy: Policy, config: TrainConfig) -> list[ChatCheck]:
    """The grounding score, where there is something to measure it on."""
    if not sources.check:
        return []
    held = ConversationMix.of(sources.check, config.seed).sources
    if len(held) != 1:
        raise SightlineError(f"The grounding score is measured on one source of conversations, not {len(held)}.")
    return [ChatCheck(held[0], policy, config.chat.checked, config.seed, precision_of(config))]
