"""What a training run can be told. Every key is read; unknown keys are errors."""

from __future__ import annotations

from dataclasses import dataclass, field

from sightline.core.errors import SightlineError, require_known
from sightline.models.config import SystemConfig


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW, or Muon for hidden layers and AdamW for the rest, with warm-up and cosine decay.

    Attributes:
        muon: for learning from scratch, see sightline.train.muon.
        rate: learning rate; ``rates`` overrides it for top-level modules of the system (planner, expert, ...).
        minimum: share of the rate at the end of the decay.
        warmup: updates of linear warm-up.
        clip: largest gradient norm.
        freeze: top-level modules that do not learn.
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
class GroundingConfig:
    """Stage 1, and co-training in stage 2.

    Attributes:
        apart_first: share of the run in which eyes and ears learn apart, several times faster than together: the
            visual encoder what stands where, the language model what words mean. recognise_images: pictures an update,
            each cut to a window of ``recognise_window`` patches that shows at least part of an object.
        images: pictures an update; questions: packed questions a picture, at most as many as fit into ``tokens``.
        episode_share: share of updates on demonstration frames (all views), after ``scenes_first`` of the run.
        scenes_first: share of the run after which questions about policy frames come in (packed scenes first).
        task_share: share of instructions among the questions; the rest name one object.
        text_share: share of updates in which one question a picture is answered in words.
        text_weight: weight of the language loss.
        jitter: photometric augmentation, relative.
    """

    apart_first: float = 0.35
    recognise_images: int = 32
    recognise_window: int = 8
    images: int = 16
    questions: int = 10
    tokens: int = 144
    episode_share: float = 0.6
    scenes_first: float = 0.5
    task_share: float = 0.35
    text_share: float = 0.15
    text_weight: float = 0.25
    jitter: float = 0.1


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
    grounding_every: int = 3
    grounding_weight: float = 0.1

    def __post_init__(self) -> None:
        require_known("planner mode", self.planner, ("cached", "joint"))


@dataclass(frozen=True)
class TrainConfig:
    """One run.

    Attributes:
        steps: updates; minutes: wall time after which the run ends in good order (0 = no limit). The learning rate
            follows whichever is nearer its end.
        precision: ``bf16`` (autocast) or ``fp32``.
        save_every, evaluate_every, log_every: updates.
        held_out: share of each dataset's episodes kept for evaluation.
        threads: CPU threads; 0 = all.
    """

    steps: int = 4000
    minutes: float = 0.0
    seed: int = 0
    precision: str = "bf16"
    device: str = "auto"
    save_every: int = 500
    evaluate_every: int = 500
    log_every: int = 10
    held_out: float = 0.03
    threads: int = 0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    grounding: GroundingConfig = field(default_factory=GroundingConfig)
    action: ActionConfig = field(default_factory=ActionConfig)
    system: SystemConfig = field(default_factory=SystemConfig)

    def __post_init__(self) -> None:
        require_known("precision", self.precision, ("bf16", "fp32"))
        if self.steps < 1:
            raise SightlineError(f"A run needs at least one step, got {self.steps}.")
