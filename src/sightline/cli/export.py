"""The command ``sightline export``: a policy for an inference engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sightline.cli.options import Folder, Json, newest_policy


@dataclass(frozen=True)
class Export:
    """Write a policy as graphs that an inference engine runs faster on a CPU than torch does.

    What the engine answers is compared with torch, and the export is refused where they differ by more than 1e-4 (int8
    and bf16: 2 % of an action's range, 2 % of a picture's side). Needs the extra 'export', but for --backend torch.
    """

    policy: str
    """Run or checkpoint folder, or tiny (ships with the package); for graphs it must point (--guidance spatial)."""
    out: Folder
    """New folder of the exported policy; give it to serve, evaluate or play as --backend."""
    backend: Literal["openvino", "onnx", "torch"] = "openvino"
    """Engine: OpenVINO or ONNX Runtime. torch: no graphs, but weights of 8 bits, for policies of any size and kind."""
    weights: Literal["fp32", "bf16", "int8"] = "fp32"
    """bf16: OpenVINO, where the processor has it. int8: ONNX Runtime and torch."""
    json: Json = None
    """Write the result here: engine, weights, differences."""

    def run(self) -> dict:
        from sightline.models.exported.export import export

        return export(newest_policy(self.policy), self.backend, self.out, self.weights)
