"""Write a policy for an inference engine: traced, compared with torch, and refused where they differ by too much."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from sightline.core.console import say, write_json
from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Camera, look_at
from sightline.core.types import Observation
from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.exported.backend import GRAPHS, MANIFEST, GraphBackend, load_backend, weights_digest
from sightline.models.exported.engines import (
    ENGINES,
    EXPORTING,
    PACKAGES,
    TORCH,
    WEIGHTS,
    require,
    require_precision,
)
from sightline.models.exported.graphs import Eyes, Hands, Mind, exportable
from sightline.models.int8 import quantised, refuse_int8
from sightline.models.policy import Policy
from sightline.models.pretrained import find_folder
from sightline.models.system import DualSystem, Seen
from sightline.models.transforms import ModelInputs

# What torch and the engine may differ by at most: in parts of a picture's side, and of half an action's range.
EXACT, NEAR, NEAR_ACTIONS = 1e-4, 0.02, 0.04
# A pointer in other numbers may take another cell where two are as good; so many answers of a hundred must be near.
NEARLY_ALL = 0.9
SAID = ("put the red mug on the plate", "put the blue cube to the left of the green bowl on the table")
COMPARED = ("points", "boxes", "heights", "axes", "traces")


def export(source: str, engine: str, out: Path, weights: str = "fp32") -> dict[str, Any]:
    """Write a policy that acts with an inference engine: a checkpoint folder with three graphs in it, or for torch with
    weights of 8 bits.

    Args:
        engine: one of ENGINES, whose graphs are written; or TORCH, for policies of any kind with int8 weights.
        weights: one of WEIGHTS.
    Returns:
        engine, weights and the largest differences between torch and the engine, by name.

    Raises SightlineError where the policy, the machine or what is installed cannot do it, and where the two differ by
    more than they may; ``out`` then holds no policy.
    """
    require_known("backend", engine, (*ENGINES, TORCH))
    require_known("weights", weights, WEIGHTS)
    if engine != TORCH:
        require((*EXPORTING, *PACKAGES[engine], *["onnxruntime"] * (weights == "int8")), "Exporting")
    require_precision(engine, weights)
    folder, policy = find_folder(source), Policy.from_pretrained(source)
    if engine != TORCH:
        exportable(policy.system)
    refuse_int8(policy.system, "export")
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise SightlineError(f"{out} is not empty: name a new folder for the exported policy.")
    differences = (_torch_int8 if engine == TORCH else _graphs)(policy, folder, out, engine, weights)
    _refuse_far(differences, weights, out)
    for path in folder.iterdir():
        if path.suffix in (".json", ".safetensors", ".md") and not (out / path.name).exists():
            shutil.copy(path, out)
    result = {"engine": engine, "weights": weights, "differences": differences}
    write_json(out / MANIFEST, {**result, "policy": weights_digest(folder)})
    say(f"Exported to {out}; use it with --policy {source} --backend {out}.")
    return result


def _graphs(policy: Policy, folder: Path, out: Path, engine: str, weights: str) -> dict[str, float]:
    """Write the graphs; returns by how much they differ from torch."""
    write_graphs(policy, out)
    if weights == "int8":
        _quantise(out)
    backend = load_backend(policy.system, out, engine, weights)
    return compare(policy, answers(policy, backend), weights == "fp32")


def _torch_int8(policy: Policy, folder: Path, out: Path, engine: str, weights: str) -> dict[str, float]:
    """Write a checkpoint folder with weights of 8 bits; returns by how much it differs from the policy itself."""
    for name in ("config.json", "card.json", "statistics.json", "tokenizer.json"):
        if (folder / name).exists():
            shutil.copy(folder / name, out)
    stored = quantised(policy.system, load_file(folder / "model.safetensors"))
    save_file(stored, out / "model.safetensors")
    del stored
    return compare(policy, answers(Policy.from_pretrained(out), None), exact=False)


def _refuse_far(differences: Mapping[str, float], weights: str, out: Path) -> None:
    """Raise SightlineError, and remove ``out``, where answers differ from torch by more than they may."""
    if weights == "fp32":
        bounds = dict.fromkeys(differences, EXACT)
    else:
        bounds = {name: NEAR_ACTIONS if name == "actions" else NEAR for name in differences}
    if wrong := {name: value for name, value in differences.items() if not value <= bounds[name]}:
        shutil.rmtree(out)
        told = ", ".join(f"{name} by {value:.2g} (at most {bounds[name]:g})" for name, value in wrong.items())
        raise SightlineError(f"The exported policy differs from torch in {told}; serve it with torch.")


def write_graphs(policy: Policy, out: Path) -> None:
    """The three graphs as ONNX files, for any number of samples and words."""
    system, inputs = policy.system.eval(), policy.transforms.inputs(probe_observations(policy, 2))
    with torch.inference_mode():
        parts: dict[str, nn.Module] = {"eyes": Eyes(system), "mind": Mind(system), "hands": Hands(system)}
        example = _Recorder(system, parts)
        _seen_and_acted(policy, inputs, example)
    for name in GRAPHS:
        say(f"Tracing the {name} (up to a minute).")
        with _quiet(), torch.no_grad():
            _trace(
                parts[name], {key: value.clone() for key, value in example.given[name].items()}, out / f"{name}.onnx"
            )


def _trace(part: Any, example: Mapping[str, Tensor], path: Path) -> None:
    batch, length = (torch.export.Dim(name, min=1, max=most) for name, most in (("batch", 512), ("length", 4096)))
    words = {"ids": 1, "positions": 2, "segments": 1}
    shapes: list[dict[int, Any]] = []
    for name in part.inputs:
        shapes.append({1 if name == "positions" else 0: batch})
        if name in words:
            shapes[-1][words[name]] = length
    values = tuple(example[name] for name in part.inputs)
    program = torch.export.export(part, values, dynamic_shapes=tuple(shapes), strict=False)
    graph = torch.onnx.export(
        program, input_names=list(part.inputs), output_names=list(part.outputs), dynamo=True, verbose=False
    )
    assert graph is not None
    graph.save(path)


class _Recorder(GraphBackend):
    """Torch as an engine, which keeps what it was given."""

    def __init__(self, system: DualSystem, parts: Mapping[str, nn.Module]) -> None:
        super().__init__(system, {})
        self.parts = parts
        self.given: dict[str, dict[str, Tensor]] = {}

    def _run(self, graph: str, values: Mapping[str, Tensor], outputs: tuple[str, ...]) -> dict[str, Tensor]:
        part: Any = self.parts[graph]
        self.given[graph] = {name: values[name].contiguous() for name in part.inputs}
        found = part(*self.given[graph].values())
        return dict(zip(outputs, found if isinstance(found, tuple) else (found,), strict=True))


Answers = Callable[[ModelInputs, Seen], tuple[Seen, Tensor]]


def answers(policy: Policy, backend: GraphBackend | None) -> Answers:
    """What a policy sees of inputs, and does guided by something else seen, with a backend or torch."""
    return lambda inputs, guide: _seen_and_acted(policy, inputs, backend, guide)


def compare(policy: Policy, again: Answers, exact: bool) -> dict[str, float]:
    """By how much a policy's answers differ from others, on made-up scenes, one at a time and together.

    Args:
        again: what the other one sees of the same inputs, and does, guided by what the policy saw.
        exact: the largest difference of all counts; otherwise that of the nearest nine in ten answers about pictures.
    """
    differences: dict[str, list[Tensor]] = {}
    for count in (1, 5):
        inputs = policy.transforms.inputs(probe_observations(policy, count))
        mine, acted = _seen_and_acted(policy, inputs, None)
        theirs, done = again(inputs, mine)
        if mine.pointing is not None and theirs.pointing is not None:
            for name in COMPARED:
                apart = (getattr(mine.pointing, name) - getattr(theirs.pointing, name)).abs()
                differences.setdefault(name, []).append(apart.flatten())
            apart = (mine.pointing.visible.sigmoid() - theirs.pointing.visible.sigmoid()).abs()
            differences.setdefault("visible", []).append(apart.flatten())
        differences.setdefault("actions", []).append((acted - done).abs().flatten())
    share = {name: 1.0 if exact or name == "actions" else NEARLY_ALL for name in differences}
    return {name: float(torch.cat(parts).quantile(share[name])) for name, parts in differences.items()}


@torch.inference_mode()
def _seen_and_acted(
    policy: Policy, inputs: ModelInputs, backend: GraphBackend | None, guide: Seen | None = None
) -> tuple[Seen, Tensor]:
    """What is seen of ``inputs`` and done about it, by a backend or torch; ``guide``: whose points guide what is done,
    where not those just seen."""
    system, config = policy.system, policy.config
    system.backend = backend
    try:
        seen = system.see(inputs.images, inputs.tokens, inputs.cameras)
        pointing = (seen if guide is None else guide).pointing
        spatial = SpatialInputs.from_pointing(pointing, 0, inputs.cameras, inputs.state, inputs.normalised_state)
        shape = len(inputs.images), config.chunk, config.action_dim
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        return seen, system.act(seen, spatial, noise)
    finally:
        system.backend = None


def probe_observations(policy: Policy, count: int) -> list[Observation]:
    """Made-up scenes: patches of colour on grey, seen across the table."""
    random = np.random.default_rng(count)
    height, width = policy.card.image_size
    eye = look_at(np.array([1.25, 0.0, 0.65]), np.array([0.5, 0.0, 0.07]))
    camera, observations = Camera(width, height, 1.5 * width, eye), []
    for number in range(count):
        images = {}
        for name in policy.config.cameras:
            picture = random.integers(100, 140, (height, width, 3)).astype(np.uint8)
            for _ in range(6):
                row, column = random.integers(0, height), random.integers(0, width)
                picture[row : row + height // 6, column : column + width // 6] = random.integers(0, 256, 3)
            images[name] = picture
        state = random.normal(0, 0.2, policy.config.state_dim).astype(np.float32)
        observations.append(Observation(images, state, SAID[number % 2], dict.fromkeys(images, camera)))
    return observations


def _quantise(folder: Path) -> None:
    """Weights of products of matrices as int8; what they are multiplied with is made int8 as it comes."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    for name in GRAPHS:
        path = folder / f"{name}.onnx"
        large = folder / f".{name}.onnx"
        path.replace(large)
        with _quiet():
            quantize_dynamic(large, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8)
        large.unlink()


@contextmanager
def _quiet() -> Iterator[None]:
    """What exporters say to their developers is not for users."""
    before, fast = logging.root.manager.disable, torch.backends.mha.get_fastpath_enabled()
    logging.disable(logging.WARNING)
    torch.backends.mha.set_fastpath_enabled(False)  # a kernel of its own, which no engine knows
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        torch.backends.mha.set_fastpath_enabled(fast)
