"""Sizes and switches of the dual system. Presets differ in numbers only; the code path is one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sightline.core.errors import SightlineError, require_known
from sightline.language.questions import OFFICIAL_PROMPT

MOST_LOOKS = 8


@dataclass(frozen=True)
class SpecialIds:
    """Ids of the special tokens; the defaults are those of our own tokenizers (the order of tokenizer.SPECIAL)."""

    pad: int = 0
    start: int = 1
    end: int = 2
    vision_start: int = 3
    vision_end: int = 4
    image: int = 5
    video: int = 6


@dataclass(frozen=True)
class PlannerConfig:
    """System 2: a vision-language model of any size.

    Attributes:
        model_type: its backbone, one of sightline.models.vlm.PLANNERS.
        image_size: side of the square pictures of the action path, pixels (a multiple of patch * merge).
        patch, merge: patch side in pixels; merge x merge patches become one visual token.
        temporal_patch: times that a still picture is repeated in its patches.
        vision_heads: 0 stands for one in 64 channels.
        window: side of the vision blocks' attention windows, pixels; 0 = the whole picture. full_attention: numbers of
            the blocks that see the whole picture all the same.
        tied: the language head is the embedding table.
        min_pixels, max_pixels: limits of a picture's area where it keeps its shape (models/vlm/images.py).
        ids: special tokens.
    """

    model_type: str = "qwen2_5_vl"
    image_size: int = 224
    patch: int = 14
    merge: int = 2
    temporal_patch: int = 1
    min_pixels: int = 56 * 56
    max_pixels: int = 3584 * 3584
    vision_depth: int = 1
    vision_width: int = 192
    vision_hidden: int = 512
    vision_heads: int = 0
    window: int = 0
    full_attention: tuple[int, ...] = ()
    depth: int = 3
    width: int = 256
    hidden: int = 512
    heads: int = 4
    key_value_heads: int = 4
    mrope_section: tuple[int, ...] = (8, 12, 12)
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5
    vocabulary: int = 1536
    context: int = 4096
    tied: bool = True
    ids: SpecialIds = field(default_factory=SpecialIds)


@dataclass(frozen=True)
class VisualEncoderConfig:
    """DINOv2: dense features of each view.

    Attributes:
        convolutions: blocks of convolutions at each resolution, the last one of which makes the patches, for learning
            from scratch; () = DINOv2's own patch embedding.
        stem: convolution layers before the patches, which earlier policies have in the place of ``convolutions``.
        swiglu: gated blocks, as in DINOv2's largest size.
        pretraining_size: the picture size that its position table was made for, pixels.
    """

    depth: int = 2
    width: int = 192
    heads: int = 3
    patch: int = 14
    convolutions: tuple[int, ...] = ()
    stem: int = 0
    swiglu: bool = False
    pretraining_size: int = 224

    def __post_init__(self) -> None:
        halvings = max(len(self.convolutions) - 1, 0)
        if self.patch % 2**halvings or self.width % 2**halvings:
            raise SightlineError(
                f"visual.convolutions has {halvings + 1} resolutions: visual.patch {self.patch} and visual.width "
                f"{self.width} must be multiples of {2**halvings}."
            )


@dataclass(frozen=True)
class GroundingHeadConfig:
    """Pointer over visual tokens.

    Attributes:
        width: of queries and keys; trace_points: length of a trace.
        kinds, colours: what recognition tells apart.
        looks: shifted copies of a picture that are looked at too (see models/grounding/shifts.py): for an answer about
            one picture, and for the first call of an episode while acting.
        pointer: answer with the head; otherwise in words, on pictures of any shape.
        doubt: what is there with a lower probability is taken to be absent, and nothing is done about it; 0 = never.
        calibration: (slope, offset) that turn the log-odds of the pointer's raw confidence into those of being right
            (see ``sightline calibrate``).
    """

    width: int = 192
    trace_points: int = 8
    kinds: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    looks: int = 8
    pointer: bool = True
    doubt: float = 0.0
    calibration: tuple[float, float] = (1.0, 0.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.doubt < 1.0:
            raise SightlineError(f"grounding.doubt must be from 0 to below 1, got {self.doubt}.")
        if not 0 <= self.looks <= MOST_LOOKS:
            raise SightlineError(f"grounding.looks must be between 0 and {MOST_LOOKS}, got {self.looks}.")


@dataclass(frozen=True)
class QueryingConfig:
    """Layer-wise querying transformer.

    Attributes:
        layers: planner states read, the last ones, after ``skip`` have been left out at the end. A planner of n layers
            has n + 1 states: the embedded input, then one a layer, the last one after the final norm.
        gradient_scale: what planner and visual encoder feel of the action loss.
        pool: pool x pool visual-encoder tokens are averaged before they are queried.
        attend_padding: read padded positions of the planner's sequence too. The official code does, so what it answers
            depends on the other samples of a batch; only imported checkpoints should.
    """

    layers: int = 1
    skip: int = 0
    queries: int = 8
    heads: int = 8
    dropout: float = 0.0
    gradient_scale: float = 0.5
    pool: int = 2
    attend_padding: bool = False


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
        history: carry the official embedder of past actions. It has weights in every official checkpoint and no use.
        memory: while acting, recall what was pointed at in earlier calls of the episode (see SpatialMemory).
        no_axis: length of a grasp axis below which the expert is told of none; true ones are 1 or 0, and a planner says
            0.02 of a handle. LIBERO's policies have 0.1.
        hand_heights, empty, blind, fists, delivered: see SpatialMemory. LIBERO's policies have False, 3 mm (rims of its
            bowls are 4 mm thick), 4 cm, True and 0.1.
        trace: condition on the trace too. Off where the expert learns from few demonstrations: their own traces say
            what comes next so exactly that it stops looking at the points (docs/log.md).
    """

    depth: int = 2
    width: int = 128
    heads: int = 4
    spatial: bool = True
    trace: bool = False
    history: bool = False
    memory: bool = True
    hand_heights: bool = True
    empty: float = 0.01
    blind: float = 0.0
    fists: bool = False
    delivered: float = 1.0
    no_axis: float = 0.0
    prediction: str = "sample"
    path_weight: float = 0.3
    latent: bool = True
    condition_drop: float = 0.05
    repeated_steps: int = 4
    diffusion_steps: int = 100
    ddim_steps: int = 10
    guidance_scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.empty < 0.1:
            raise SightlineError(f"expert.empty is a width between fingers, from 0 to below 0.1 m, not {self.empty}.")
        if not 0 <= self.blind < 0.2:
            raise SightlineError(f"expert.blind is a distance, from 0 to below 0.2 m, not {self.blind}.")
        if not 0 < self.delivered <= 1:
            raise SightlineError(f"expert.delivered is a share of a weight, above 0 and up to 1, not {self.delivered}.")
        if not 0 <= self.no_axis < 1:
            raise SightlineError(f"expert.no_axis is a length of an axis, from 0 to below 1, not {self.no_axis}.")
        if self.path_weight and self.prediction != "sample":
            raise SightlineError(
                f"expert.path_weight needs the prediction 'sample': '{self.prediction}' says too little about the path "
                "of a noised chunk. Set path_weight to 0."
            )


@dataclass(frozen=True)
class SystemConfig:
    """The whole dual system.

    Attributes:
        guidance: ``spatial`` or ``none``, the vanilla VLA.
        prompt: what the planner is told while acting, ``{instruction}`` standing for the task; empty = by guidance.
    """

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
    prompt: str = ""

    def __post_init__(self) -> None:
        require_known("guidance", self.guidance, ("spatial", "none"))
        if self.planner.image_size % (self.planner.patch * self.planner.merge):
            raise SightlineError(
                f"The planner's image_size {self.planner.image_size} is not a multiple of patch x merge "
                f"({self.planner.patch} x {self.planner.merge})."
            )
        if self.querying.layers < 1 or self.querying.layers + self.querying.skip > self.planner.depth + 1:
            raise SightlineError(
                f"querying.layers {self.querying.layers} and querying.skip {self.querying.skip} do not fit: a planner "
                f"of {self.planner.depth} layers has {self.planner.depth + 1} states."
            )
        if self.prompt and "{instruction}" not in self.prompt:
            raise SightlineError("The prompt must contain {instruction}, which stands for the task.")

    @property
    def points(self) -> bool:
        """Whether the planner has a pointer that guides the action expert explicitly."""
        return self.guidance == "spatial" and self.grounding.pointer


# Qwen2.5-VL-3B-Instruct, DINOv2 ViT-S/14, one querying layer 2048 -> 768, DiT-B: the official InternVLA-M1.
QWEN_IDS = SpecialIds(
    pad=151643, start=151644, end=151645, vision_start=151652, vision_end=151653, image=151655, video=151656
)
QWEN_3B = PlannerConfig(
    temporal_patch=2, vision_depth=32, vision_width=1280, vision_hidden=3420, vision_heads=16, window=112,
    full_attention=(7, 15, 23, 31), depth=36, width=2048, hidden=11008, heads=16, key_value_heads=2,
    mrope_section=(16, 24, 24), rope_theta=1e6, norm_eps=1e-6, vocabulary=151_936, context=128_000, ids=QWEN_IDS,
)  # fmt: skip
QWEN_7B = replace(
    QWEN_3B, depth=28, width=3584, hidden=18_944, heads=28, key_value_heads=4, vocabulary=152_064, tied=False
)
DINO_S = VisualEncoderConfig(depth=12, width=384, heads=6, pretraining_size=518)
OFFICIAL_QUERYING = QueryingConfig(queries=64, dropout=0.1, pool=1)
DIT_B = ExpertConfig(
    depth=12, width=768, heads=12, spatial=False, memory=False, prediction="epsilon", path_weight=0.0,
    condition_drop=0.1, guidance_scale=1.5, history=True,
)  # fmt: skip
M1 = SystemConfig(
    planner=QWEN_3B, visual=DINO_S, grounding=GroundingHeadConfig(pointer=False), querying=OFFICIAL_QUERYING,
    expert=DIT_B, cameras=("image",), state_dim=0, chunk=16, prompt=OFFICIAL_PROMPT.format("{instruction}"),
)  # fmt: skip

PRESETS: dict[str, SystemConfig] = {
    # Eyes of convolutions alone, on a fine grid: they learn most of a processor's minutes (docs/log.md).
    "tiny": SystemConfig(
        planner=PlannerConfig(patch=16),
        visual=VisualEncoderConfig(depth=0, width=128, patch=8, convolutions=(3, 8)),
        grounding=GroundingHeadConfig(doubt=0.5, looks=4),
        querying=QueryingConfig(pool=4),
    ),
    "m1": M1,
    # The same design at a size that learns on a laptop CPU: latent path only, answers in words.
    "m1-mini": replace(
        M1,
        planner=PlannerConfig(
            temporal_patch=2, vision_depth=2, vision_hidden=512, window=112, full_attention=(1,), norm_eps=1e-6
        ),
        visual=replace(DINO_S, depth=2, width=192, heads=3, pretraining_size=224),
        expert=replace(DIT_B, depth=4, width=192, heads=4),
    ),
    # For tests: the same parts, as small as they go.
    "nano": SystemConfig(
        planner=PlannerConfig(
            image_size=112, vision_depth=1, vision_width=64, vision_hidden=64, depth=2, width=64, hidden=64, heads=1,
            key_value_heads=1, vocabulary=1536,
        ),
        visual=VisualEncoderConfig(depth=1, width=64, heads=1, convolutions=(1, 1), pretraining_size=112),
        grounding=GroundingHeadConfig(width=64, looks=2),
        querying=QueryingConfig(queries=4, heads=2),
        expert=ExpertConfig(depth=1, width=64, heads=2),
    ),
}  # fmt: skip


def preset(name: str) -> SystemConfig:
    """The preset of that name. Raises SightlineError naming the nearest known one."""
    require_known("preset", name, PRESETS)
    return PRESETS[name]
