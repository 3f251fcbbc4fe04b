"""What a training run can be told, and what each stage is told by default.

Every key is read; unknown keys are errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sightline.core.errors import SightlineError, require_known
from sightline.language.paraphrases import SPOKEN
from sightline.models.config import SystemConfig, preset

PRECISIONS = ("auto", "bf16", "fp32")
HELD = ("bf16", "fp32")


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW, or Muon for hidden layers and AdamW for the rest, with warm-up and cosine decay.

    Attributes:
        muon: for learning from scratch, see sightline.train.muon.
        rate: learning rate; ``rates`` overrides it for modules by their path (``planner``,
            ``planner.model.model.visual``, ``expert``; the longest path that fits wins).
        minimum: share of its own rate that each group ends the decay with.
        warmup: updates of linear warm-up.
        clip: largest norm of the whole gradient.
        freeze: paths of modules that do not learn.
    """

    muon: bool = False
    rate: float = 1e-3
    rates: dict[str, float] = field(default_factory=dict)
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.02
    minimum: float = 0.02
    warmup: int = 100
    clip: float = 1.0
    freeze: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdapterConfig:
    """Low-rank adapters (LoRA) for linear layers of the planner, all else of which then stays as it is.

    Needs the extra ``lora``. The policies that a run writes have them merged into their weights.

    Attributes:
        rank: of the adapters; 0 = none.
        alpha: their effect is scaled by alpha / rank.
        dropout: share of a layer's inputs that its adapter does not see in training.
        targets: paths under the planner; every linear layer there gets an adapter.
    """

    rank: int = 0
    alpha: int = 16
    dropout: float = 0.0
    targets: tuple[str, ...] = ("model.model.language_model.layers",)

    def __post_init__(self) -> None:
        if self.rank < 0 or not 0.0 <= self.dropout < 1.0:
            raise SightlineError(
                f"lora.rank must be 0 or more and lora.dropout from 0 to below 1, got {self.rank} and {self.dropout}."
            )


@dataclass(frozen=True)
class GroundingConfig:
    """Stage 1, and co-training in stage 2.

    Attributes:
        apart_first: share of the run in which eyes and ears learn apart, several times faster than together: the
            visual encoder what stands where, the language model what words mean. recognise_images: pictures an update,
            each cut to a window of ``recognise_window`` patches that shows at least part of an object. recognise_later:
            share of these that goes on after the first part, or the eyes would forget all that scenes do not show.
        images: pictures an update; questions: packed questions a picture, at most as many as fit into ``tokens``.
        episode_share: share of updates on demonstration frames (all views), after ``scenes_first`` of the run.
        scenes_first: share of the run after which questions about policy frames come in (packed scenes first).
        task_share: share of instructions among the questions; the rest name one object.
        text_share: share of updates in which one question a picture is answered in words.
        text_weight: weight of the language loss.
        jitter: photometric augmentation, relative.
        absent: share of questions for something that is not there.
        reworded: share of the demonstrations' own instructions that are asked in other words (language.rewording): for
            data that says each task in one sentence only.
        phrasings: whose words questions are asked in, of language.paraphrases.SPOKEN; each picture has one speaker.
    """

    apart_first: float = 0.35
    recognise_images: int = 192
    recognise_window: int = 7
    recognise_later: float = 0.25
    images: int = 16
    questions: int = 10
    tokens: int = 144
    episode_share: float = 0.6
    scenes_first: float = 0.5
    task_share: float = 0.35
    text_share: float = 0.15
    text_weight: float = 0.25
    jitter: float = 0.1
    absent: float = 0.12
    reworded: float = 0.0
    phrasings: tuple[str, ...] = SPOKEN

    def __post_init__(self) -> None:
        if not self.phrasings:
            raise SightlineError(f"grounding.phrasings is empty; name at least one of {', '.join(SPOKEN)}.")
        for phrasing in self.phrasings:
            require_known("phrasing", phrasing, SPOKEN)
        if not 0.0 <= self.reworded <= 1.0:
            raise SightlineError(f"grounding.reworded is a share, from 0 to 1, not {self.reworded}.")


@dataclass(frozen=True)
class ActionConfig:
    """Stage 2.

    Attributes:
        planner: ``cached`` trains the expert on true guidance and stored planner states (fast), ``joint`` trains all
            together on what the planner points at.
        samples: action chunks an update in joint training; cached_samples in cached training.
        latent_share: share of cached updates that see latent query tokens; the others do without.
        latent_frames: demonstration frames whose planner states are stored for these.
        point_noise: noise on true points, in widths of the picture; height_noise in metres.
        place_noise: noise on true places, metres in each direction, the same in all views.
        cache_gib: disk for decoded pictures of recordings, where all of them fit.
        grounding_every: in joint training, a grounding batch joins every so many updates (co-training); 0 = never.
        grounding_weight: its loss weight.
    """

    planner: str = "cached"
    samples: int = 16
    cached_samples: int = 192
    latent_share: float = 0.125
    latent_frames: int = 4096
    point_noise: float = 0.004
    height_noise: float = 0.002
    place_noise: float = 0.0
    cache_gib: float = 8.0
    grounding_every: int = 3
    grounding_weight: float = 0.1

    def __post_init__(self) -> None:
        require_known("planner mode", self.planner, ("cached", "joint"))


@dataclass(frozen=True)
class ChatConfig:
    """Conversations: stage 1 of planners that answer in words, and co-training in their stage 2.

    Attributes:
        samples: conversations in a micro-batch; longest: tokens of one, rounds that do not fit are left out.
        every: in stage 2, conversations join every so many updates; weight: of their loss then. (The paper's best ratio
            of spatial to action loss is 1 to 10.)
        checked: held-out questions that the grounding score is measured on.
    """

    samples: int = 4
    longest: int = 2048
    every: int = 1
    weight: float = 0.1
    checked: int = 64


@dataclass(frozen=True)
class TrainConfig:
    """One run.

    Attributes:
        steps: updates; minutes: wall time after which the run ends in good order (0 = no limit). The learning rate
            follows whichever is nearer its end.
        micro_batches: batches that make one update, of the mean of their losses. Processes share them; one process
            learns from them in turn.
        distribution: under torchrun, ``ddp`` (each process holds the system) or ``fsdp`` (each holds a share of it);
            ``auto`` is ddp; ``none`` is for one process.
        precision: ``bf16`` (autocast), ``fp32``, or ``auto``, whichever this machine is faster with.
        frozen_precision: of weights that do not learn, in memory and in the policies written.
        recompute: activations of transformer blocks are computed again when gradients need them, not kept.
        ema: decay of an average of the weights over updates, which is what is evaluated and written; 0 = the weights
            themselves.
        save_every, evaluate_every, log_every: updates.
        save: ``sync``, or ``async``: files are written behind the training.
        objectives: what is learned, by the files of sightline.train.objectives; losses are summed in this order.
        held_out: share of each dataset's episodes kept for evaluation.
        threads: CPU threads; 0 = all.
    """

    steps: int = 4000
    minutes: float = 0.0
    seed: int = 0
    micro_batches: int = 1
    distribution: str = "auto"
    precision: str = "auto"
    frozen_precision: str = "fp32"
    recompute: bool = False
    ema: float = 0.0
    device: str = "auto"
    save: str = "sync"
    save_every: int = 500
    evaluate_every: int = 500
    log_every: int = 10
    held_out: float = 0.03
    threads: int = 0
    objectives: tuple[str, ...] = ()
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    lora: AdapterConfig = field(default_factory=AdapterConfig)
    grounding: GroundingConfig = field(default_factory=GroundingConfig)
    action: ActionConfig = field(default_factory=ActionConfig)
    chat: ChatConfig = field(default_factory=ChatConfig)
    system: SystemConfig = field(default_factory=SystemConfig)

    def __post_init__(self) -> None:
        require_known("precision", self.precision, PRECISIONS)
        require_known("frozen_precision", self.frozen_precision, HELD)
        require_known("distribution", self.distribution, ("auto", "none", "ddp", "fsdp"))
        require_known("way to save", self.save, ("sync", "async"))
        if self.steps < 1 or self.micro_batches < 1:
            raise SightlineError(
                f"A run needs at least one step of at least one micro-batch, got {self.steps} of {self.micro_batches}."
            )
        if not 0.0 <= self.ema < 1.0:
            raise SightlineError(f"ema must be from 0 to below 1, e.g. 0.999, got {self.ema}.")
        if self.frozen_precision == "bf16" and self.precision == "fp32":
            raise SightlineError("Frozen weights in bf16 need bf16 arithmetic: set precision=bf16 too.")


STAGE_1, STAGE_2 = "stage 1", "stage 2"
# What each stage learns, for planners with a pointer and for those that answer in words.
OBJECTIVES = {
    ("pointer", STAGE_1): ("recognition", "words", "grounding"),
    ("pointer", STAGE_2): ("action", "grounding"),
    ("words", STAGE_1): ("chat",),
    ("words", STAGE_2): ("demonstrations", "chat"),
}
# What stands where is learned faster than the rest would bear.
POINTER_STAGE_1 = TrainConfig(optimiser=OptimiserConfig(muon=True, rate=4e-3))
POINTER_STAGE_2 = TrainConfig(
    steps=6000,
    save_every=1000,
    evaluate_every=1000,
    log_every=20,
    optimiser=OptimiserConfig(muon=True, rate=5e-3, weight_decay=0.0, warmup=30),
)
# The published settings: rates by module, long warm-up, decay to a hundredth. Batches are those of one GPU.
OFFICIAL = TrainConfig(
    steps=50_000,
    save_every=5000,
    evaluate_every=5000,
    recompute=True,
    optimiser=OptimiserConfig(
        rate=5e-5, rates={"planner": 1e-5, "expert": 1e-4}, weight_decay=1e-8, minimum=0.01, warmup=5000
    ),
    action=ActionConfig(planner="joint"),
)
# For planners that answer in words and learn from nothing on a CPU.
SMALL = TrainConfig(
    optimiser=OptimiserConfig(muon=True, rate=4e-3), action=ActionConfig(planner="joint"), chat=ChatConfig(samples=16)
)


def stage_defaults(stage: str, preset_name: str) -> TrainConfig:
    """The settings of a stage with this preset, before any is changed."""
    system = preset(preset_name)
    if system.grounding.pointer:
        kind, settings = "pointer", POINTER_STAGE_1 if stage == STAGE_1 else POINTER_STAGE_2
    else:
        kind, settings = "words", OFFICIAL if preset_name == "m1" else SMALL
    return replace(settings, objectives=OBJECTIVES[kind, stage], system=system)
