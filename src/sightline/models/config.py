"""Sizes and switches of the dual system. Presets differ in numbers only; the code path is one."""

from __future__ import annotations

from dataclasses import dataclass, field

from sightline.core.errors import SightlineError, require_known

MOST_LOOKS = 8


@dataclass(frozen=True)
class PlannerConfig:
    """System 2: a Qwen2.5-VL. Widths in channels; heads are 64 channels wide.

    Attributes:
        image_size: side of the square picture the model sees, pixels (a multiple of patch * merge).
        patch, merge: patch side in pixels; merge x merge patches become one visual token.
        min_pixels, max_pixels: limits of a picture's area where it keeps its shape (models/pictures.py).
        readouts: tokens appended to a question whose hidden states the grounding head turns into points and boxes.
    """

    image_size: int = 224
    patch: int = 14
    merge: int = 2
    temporal_patch: int = 1
    min_pixels: int = 56 * 56
    max_pixels: int = 3584 * 3584
    vision_depth: int = 1
    vision_width: int = 192
    vision_hidden: int = 512
    depth: int = 3
    width: int = 256
    hidden: int = 512
    heads: int = 4
    key_value_heads: int = 4
    mrope_section: tuple[int, ...] = (8, 12, 12)
    rope_theta: float = 10_000.0
    vocabulary: int = 1536


@dataclass(frozen=True)
class VisualEncoderConfig:
    """DINOv2: dense features of each view.

    Attributes:
        stem: convolution layers before the patches, for learning from scratch; 0 = DINOv2's own patch embedding.
        pretraining_size: the picture size that its position table was made for, pixels.
    """

    depth: int = 2
    width: int = 192
    heads: int = 3
    patch: int = 14
    stem: int = 2
    pretraining_size: int = 224


@dataclass(frozen=True)
class GroundingHeadConfig:
    """Pointer over visual tokens.

    Attributes:
        width: of queries and keys; trace_points: length of a trace.
        kinds, colours: what recognition tells apart.
        looks: shifted copies of a picture that are looked at too (see models/looks.py): for an answer about one
            picture, and for the first call of an episode while acting.
        pointer: answer with the head; otherwise in words, on pictures of any shape.
    """

    width: int = 192
    trace_points: int = 8
    kinds: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    looks: int = 8
    pointer: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.looks <= MOST_LOOKS:
            raise SightlineError(f"grounding.looks must be between 0 and {MOST_LOOKS}, got {self.looks}.")


@dataclass(frozen=True)
class QueryingConfig:
    """Layer-wise querying transformer: ``layers`` counts the last planner layers read, ``gradient_scale`` is what the
    planner feels of the action loss. ``pool`` averages pool x pool visual-encoder tokens before they are queried."""

    layers: int = 1
    queries: int = 8
    heads: int = 8
    dropout: float = 0.0
    gradient_scale: float = 0.5
    pool: int = 2


@dataclass(frozen=True)
class ExpertConfig:
    """System 1: a diffusion transformer over action chunks.

    Attributes:
        spatial: condition on the planner's points, boxes and trace as explicit tokens.
        latent: condition on the latent query tokens of the querying transformer.
        condition_drop: share of samples trained without condition, for classifier-free guidance.
        repeated_steps: noise draws per sample and update in joint training.
        ddim_steps, guidance_scale: defaults at inference; a scale of 1 turns classifier-free guidance off.
        prediction: what the denoiser predicts, see Diffusion; the official model predicts ``epsilon``.
        path_weight: weight of the error of a chunk's path beside that of its steps, see ActionExpert.loss; needs the
            prediction ``sample``. The official model has none.
        memory: while acting, recall what was pointed at in earlier calls of the episode (see SpatialMemory).
        trace: condition on the trace too. Off where the expert learns from few demonstrations: their own traces say
            what comes next so exactly that it stops looking at the points (docs/log.md).
    """

    depth: int = 2
    width: int = 128
    heads: int = 4
    spatial: bool = True
    trace: bool = False
    memory: bool = True
    prediction: str = "sample"
    path_weight: float = 0.3
    latent: bool = True
    condition_drop: float = 0.05
    repeated_steps: int = 4
    diffusion_steps: int = 100
    ddim_steps: int = 10
    guidance_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.path_weight and self.prediction != "sample":
            raise SightlineError(
                f"expert.path_weight needs the prediction 'sample': '{self.prediction}' says too little about the path "
                "of a noised chunk. Set path_weight to 0."
            )


@dataclass(frozen=True)
class SystemConfig:
    """The whole dual system."""

    planner: PlannerConfig = field(default_factory=PlannerConfig)
    visual: VisualEncoderConfig = field(default_factory=VisualEncoderConfig)
    grounding: GroundingHeadConfig = field(default_factory=GroundingHeadConfig)
    querying: QueryingConfig = field(default_factory=QueryingConfig)
    expert: ExpertConfig = field(default_factory=ExpertConfig)
    cameras: tuple[str, ...] = ("front", "wrist")
    state_dim: int = 12
    action_dim: int = 7
    chunk: int = 8
    guidance: str = "spatial"

    def __post_init__(self) -> None:
        require_known("guidance", self.guidance, ("spatial", "none"))
        if self.planner.image_size % (self.planner.patch * self.planner.merge):
            raise SightlineError(
                f"The planner's image_size {self.planner.image_size} is not a multiple of patch x merge "
                f"({self.planner.patch} x {self.planner.merge})."
            )


PRESETS: dict[str, SystemConfig] = {
    "tiny": SystemConfig(),
    # For tests: the same parts, as small as they go.
    "nano": SystemConfig(
        planner=PlannerConfig(
            image_size=112, vision_depth=1, vision_width=64, vision_hidden=64, depth=2, width=64, hidden=64, heads=1,
            key_value_heads=1, vocabulary=1536,
        ),
        visual=VisualEncoderConfig(depth=1, width=64, heads=1, pretraining_size=112),
        grounding=GroundingHeadConfig(width=64, looks=2),
        querying=QueryingConfig(queries=4, heads=2),
        expert=ExpertConfig(depth=1, width=64, heads=2),
    ),
}  # fmt: skip


def preset(name: str) -> SystemConfig:
    """The preset of that name. Raises SightlineError naming the nearest known one."""
    require_known("preset", name, PRESETS)
    return PRESETS[name]
