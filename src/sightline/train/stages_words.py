"""The two stages for planners that answer in words, as InternVLA-M1's does: conversations about pictures, then recorded
robots of any kind, streamed from video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sightline.core.config import load_config
from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.data.conversation_mix import ConversationMix
from sightline.data.dataset import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.mixture import Mixture, open_mixture
from sightline.data.recordings import Recordings
from sightline.models.config import SystemConfig, preset
from sightline.models.policy import Policy
from sightline.train.config import ActionConfig, ChatConfig, OptimiserConfig, TrainConfig
from sightline.train.conversations import ChatCheck, ChatObjective
from sightline.train.demonstrations import DemonstrationObjective
from sightline.train.initialise import Backbones, fitted, fresh_policy, loaded_policy, planner_alone, reshaped_policy
from sightline.train.loop import Trainer
from sightline.train.objectives import Objective
from sightline.train.setup import notes_of, precision_of, prepare
from sightline.train.validate import LossCheck

Check = Callable[[Policy], dict[str, float]]
NO_BACKBONES = Backbones()
GUARDED = ("box_acc50", "point_acc")  # what learning to act must not cost
WORDS = 2000  # conversations that a tokenizer of our own is made from
# The published settings: rates by module, long warm-up, decay to a hundredth. Batches are those of one GPU.
OFFICIAL = TrainConfig(
    steps=50_000, save_every=5000, evaluate_every=5000, ema=0.0, recompute=True,
    optimiser=OptimiserConfig(rate=5e-5, rates={"planner": 1e-5, "expert": 1e-4}, weight_decay=1e-8, minimum=0.01,
                              warmup=5000),
    action=ActionConfig(planner="joint", samples=16), chat=ChatConfig(samples=4),
)  # fmt: skip
# For planners that learn from nothing on a CPU.
SMALL = TrainConfig(
    save_every=500, evaluate_every=500, optimiser=OptimiserConfig(muon=True, rate=4e-3),
    action=ActionConfig(planner="joint", samples=16), chat=ChatConfig(samples=16),
)  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """Where a run learns from.

    Attributes:
        data: LeRobot datasets; embodiment: name or YAML file, how to read them.
        mixture: name or YAML file of a mixture instead, whose folders lie in the one folder of ``data``.
        chat: conversations (see ConversationMix.of); check: held-out ones, on which the grounding score is measured.
    """

    data: tuple[Path, ...] = ()
    embodiment: str = "sightline"
    mixture: str = ""
    chat: tuple[str, ...] = ()
    check: tuple[str, ...] = ()


def defaults(preset_name: str) -> TrainConfig:
    """The settings of a run with this preset, before any is changed."""
    return replace(OFFICIAL if preset_name == "m1" else SMALL, system=preset(preset_name))


def pretrain_in_words(
    sources: Sources, out: Path, preset_name: str = "m1", overrides: Sequence[str] = (),
    backbones: Backbones = NO_BACKBONES,
) -> dict:  # fmt: skip
    """Stage 1: the planner learns to answer, where things are above all, by next-token prediction.

    Args:
        out: run folder; an interrupted run in it is resumed.
        overrides: ``key=value`` changes of TrainConfig.
        backbones: pre-trained parts; without them the planner starts from nothing, with a tokenizer of our own.
    Returns:
        ``steps``, ``samples_per_second`` and, with ``sources.check``, ``box_acc50``, ``point_acc``, ``trace_mae_px``.
    """
    config = load_config(TrainConfig, defaults(preset_name), overrides)
    if not sources.chat:
        raise SightlineError("A planner that answers in words learns from conversations: give --chat FILE.")
    prepare(config)
    conversations = ConversationMix.of(sources.chat, config.seed)
    texts = (turn.text for index in range(WORDS) for turn in conversations.draw(config.seed, index).turns)
    policy = fresh_policy(config, *planner_alone(config.system), texts, backbones)
    policy.notes = {"stage 1": {**notes_of(config, []), "conversations": list(sources.chat)}}
    # The other parts have nothing to learn from here.
    idle = tuple(name for name, _ in policy.system.named_children() if name != "planner")
    frozen = replace(config.optimiser, freeze=tuple({*config.optimiser.freeze, *idle}))
    config = replace(config, system=policy.config, optimiser=frozen)
    objective = ChatObjective(
        conversations, policy, config.chat.samples, config.seed, parts=config.micro_batches, longest=config.chat.longest
    )
    checks = _grounding_checks(sources, policy, config)
    return Trainer(out, "stage 1", policy, [objective], config, lambda: _scores(checks, policy)).train()


def posttrain_recorded(
    sources: Sources, init: Path | None, out: Path, guidance: str = "spatial", preset_name: str = "m1",
    overrides: Sequence[str] = (), backbones: Backbones = NO_BACKBONES,
) -> dict:  # fmt: skip
    """Stage 2: planner and action expert learn from recorded demonstrations together, on one sum of losses;
    conversations keep the planner's grounding (co-training).

    Args:
        init: where to start: a run or checkpoint of stage 1 or 2, or an official InternVLA-M1 run; None starts from
            ``backbones``, or from nothing.
        guidance: ``none`` leaves out the spatial prompt and the conversations.
    Returns:
        ``steps``, ``samples_per_second``, ``action_loss`` on held-out episodes, and the scores of stage 1 with what
        they lost (``forgetting/box_acc50``).
    """
    changes = [*overrides, f"system.guidance={guidance}"]
    config = load_config(TrainConfig, defaults(preset_name), changes)
    if config.action.planner != "joint":
        raise SightlineError("On recorded data the planner's points are not known: set action.planner=joint.")
    if guidance == "none" and sources.chat:
        raise SightlineError("Without guidance nothing is co-trained: leave --chat out, or use --guidance spatial.")
    prepare(config)
    start = None if init is None else loaded_policy(init, backbones)
    if start is not None:
        own = [change.removeprefix("system.") for change in changes if change.startswith("system.")]
        config = replace(config, system=load_config(SystemConfig, start.config, own))
    mixture = _mixture(sources, config.system.chunk, config.seed)
    for problem in mixture.problems:
        say(problem, style="yellow")
    card, statistics = mixture.recordings[0].card, mixture.statistics()
    config = replace(config, system=fitted(config.system, card))
    if start is None:
        texts = (part.instruction(episode, 0) for part in mixture.recordings for episode in part.episodes)
        policy = fresh_policy(config, card, statistics, texts, backbones)
        config = replace(config, system=policy.config)
    else:
        policy = reshaped_policy(start, config, card, statistics)
    policy.notes = {**policy.notes, "stage 2": notes_of(config, [part.dataset for part in mixture.recordings])}
    objectives, checks = _objectives(sources, mixture, policy, config)
    return Trainer(out, "stage 2", policy, objectives, config, lambda: _scores(checks, policy), GUARDED).train()


def _mixture(sources: Sources, chunk: int, seed: int) -> Mixture:
    if not sources.data:
        raise SightlineError("Stage 2 needs demonstrations: give --data DIR.")
    if not sources.mixture:
        robot = find_embodiment(sources.embodiment)
        return Mixture([Recordings(load_dataset(folder), robot, chunk) for folder in sources.data], seed=seed)
    if len(sources.data) > 1:
        raise SightlineError("A mixture names its own folders: give the one folder that they lie in as --data.")
    return open_mixture(sources.mixture, sources.data[0], chunk, seed)


def _objectives(
    sources: Sources, mixture: Mixture, policy: Policy, config: TrainConfig
) -> tuple[list[Objective], list[Check]]:
    learned, held = mixture.split(config.held_out)
    action = config.action
    objectives: list[Objective] = [
        DemonstrationObjective(learned, policy, action.samples, config.micro_batches, cache_gib=action.cache_gib)
    ]
    if sources.chat:
        chat = config.chat
        objectives.append(
            ChatObjective(
                ConversationMix.of(sources.chat, config.seed), policy, chat.samples, config.seed, chat.weight,
                chat.every, config.micro_batches, chat.longest,
            )
        )  # fmt: skip
    unseen = None if held is None else DemonstrationObjective(held, policy, action.samples, cache_gib=action.cache_gib)
    return objectives, [LossCheck(unseen, precision_of(config)), *_grounding_checks(sources, policy, config)]


def _grounding_checks(sources: Sources, policy: Policy, config: TrainConfig) -> list[Check]:
    if not sources.check:
        return []
    held = ConversationMix.of(sources.check, config.seed).sources
    if len(held) != 1:
        raise SightlineError(f"The grounding score is measured on one source of conversations, not {len(held)}.")
    return [ChatCheck(held[0], policy, config.chat.checked, config.seed, precision_of(config))]


def _scores(checks: Sequence[Check], policy: Policy) -> dict[str, float]:
    return {name: value for check in checks for name, value in check(policy).items()}
