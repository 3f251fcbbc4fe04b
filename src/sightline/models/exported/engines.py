"""The two engines that can run graphs: ONNX Runtime and OpenVINO, both optional. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sightline.core.errors import SightlineError

ENGINES = ("openvino", "onnx")
TORCH = "torch"  # no engine: the policy itself, with weights of 8 bits
PACKAGES = {"openvino": ("openvino",), "onnx": ("onnxruntime",)}
EXPORTING = ("onnx", "onnxscript")
WEIGHTS = ("fp32", "bf16", "int8")

Arrays = Mapping[str, np.ndarray]


class Engine(Protocol):
    """A graph that is ready to run."""

    def __call__(self, values: Arrays) -> list[np.ndarray]:
        """The graph's outputs in their order, for its inputs by name."""


def require(packages: Sequence[str], what: str) -> None:
    """Raise SightlineError unless these packages can be imported."""
    for name in packages:
        try:
            import_module(name)
        except ImportError:
            raise SightlineError(f"{what} needs the package {name}: pip install 'sightline[export]'.") from None


def require_precision(engine: str, weights: str) -> None:
    """Raise SightlineError where an engine cannot compute with such weights, here or anywhere."""
    if engine == TORCH and weights != "int8":
        raise SightlineError("torch needs no export but for weights of 8 bits: add --weights int8.")
    if weights == "int8" and engine == "openvino":
        raise SightlineError("OpenVINO gets no int8 weights: take --backend onnx or torch, or --weights fp32.")
    if weights != "bf16":
        return
    if engine == "onnx":
        raise SightlineError("ONNX Runtime has no bfloat16 on a CPU: take --backend openvino, or --weights fp32.")
    from openvino import Core

    if "BF16" not in Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise SightlineError("This machine's processor has no bfloat16: take --weights fp32.")


def start(engine: str, path: Path, weights: str, threads: int) -> Engine:
    """Make a graph ready, with so many threads. Raises SightlineError where the engine is not installed."""
    require(PACKAGES[engine], f"A policy exported for {engine}")
    return OnnxEngine(path, threads) if engine == "onnx" else OpenVinoEngine(path, weights, threads)


class OnnxEngine:
    """ONNX Runtime on the CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        # Threads that wait for work by spinning would take the processor from whoever simulates beside them.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.read = {value.name for value in self.session.get_inputs()}

    def __call__(self, values: Arrays) -> list[np.ndarray]:
        return self.session.run(None, {name: value for name, value in values.items() if name in self.read})


class OpenVinoEngine:
    """OpenVINO on the CPU, tuned to answer one question soon."""

    def __init__(self, path: Path, weights: str, threads: int) -> None:
        import openvino

        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "bf16" if weights == "bf16" else "f32",
        }
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(path), "CPU", settings)
        self.request = compiled.create_infer_request()
        self.read = {name for port in compiled.inputs for name in port.names}
        self.count = len(compiled.outputs)

    def __call__(self, values: Arrays) -> list[np.ndarray]:
        found = self.request.infer({name: value for name, value in values.items() if name in self.read})
        return [found[index] for index in range(self.count)]
