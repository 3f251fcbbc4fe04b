"""Linear layers with weights of 8 bits, for acting on a processor: half the memory of bfloat16, and half the time where
the processor multiplies bytes (VNNI).

Each output of a layer has a scale of its own; inputs are made 8 bits as they come, with one scale for all of them
(dynamic quantisation). Policies stored so can act and answer, but neither learn nor be written again.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sightline.core.errors import SightlineError

SCALE = "_scale"  # what the name of a weight's scales ends with
LARGEST = 127  # of weights, which have a sign
# Of inputs, which are counted from the smallest. Without VNNI pairs of products are added in 16 bits and cut off there:
# two times 255 times 127 does not fit, two times 127 times 127 does.
LEVELS = 255 if torch.cpu._is_vnni_supported() else 127
AT_ONCE = 64  # rows made 8 bits together: what lies between does not leave the processor's cache
SMALLEST = 64  # layers with fewer inputs or outputs read raw numbers or give answers


class Int8Linear(nn.Module):
    """A linear layer of ``weight`` [out,in] int8 with ``weight_scale`` [out] float32; results in its input's type.

    It is filled like any layer; :meth:`pack` then makes it ready.
    """

    weight: Tensor
    weight_scale: Tensor
    packed: Tensor
    zeros: Tensor
    offset: Tensor | None

    def __init__(self, inputs: int, outputs: int, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("weight", torch.empty(outputs, inputs, dtype=torch.int8))
        self.register_buffer("weight_scale", torch.empty(outputs))
        self.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)

    def pack(self) -> None:
        """Lay the weights out as the kernel wants them, which takes their place: there may be no room for both."""
        self.packed = torch.ops.onednn.qlinear_prepack(self.weight, None)
        self.weight = self.weight[:, :0]
        self.zeros = torch.zeros(len(self.weight_scale), dtype=torch.int32)
        self.offset = None if self.bias is None else self.bias.float()

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(0, -2)
        low, high = (float(end) for end in rows.aminmax())
        scale = max((max(high, 0.0) - min(low, 0.0)) / LEVELS, 1e-12)
        zero = round(-min(low, 0.0) / scale)
        small = torch.cat([_as_bytes(part, scale, zero) for part in rows.split(AT_ONCE)])
        found = torch.ops.onednn.qlinear_pointwise(
            small, scale, zero, self.packed, self.weight_scale, self.zeros, self.offset, 1.0, 0, x.dtype, "none", [], ""
        )
        return found.unflatten(0, x.shape[:-1])


def _as_bytes(x: Tensor, scale: float, zero: int) -> Tensor:
    return (x.float() * (1 / scale)).add_(zero + 0.5).clamp_(0, LEVELS).to(torch.uint8)


def quantised(system: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``weights`` of a system with those of its hidden linear layers as int8, beside their scales.

    Layers of other classes (of torch's attention) are read by code that does not call them.
    """
    tables = {id(part.weight) for part in system.modules() if isinstance(part, nn.Embedding)}
    names = {
        f"{name}.weight"
        for name, part in system.named_modules()
        if type(part) is nn.Linear and min(part.weight.shape) >= SMALLEST and id(part.weight) not in tables
    }
    result = dict(weights)
    for name in names & weights.keys():
        value = weights[name].float()
        scale = value.abs().amax(1).clamp(min=1e-12) / LARGEST
        result[name] = (value / scale[:, None]).round().to(torch.int8)
        result[name + SCALE] = scale
    return result


def expect_int8(system: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Make room in ``system`` for the layers that have their scales among ``weights``."""
    for name in (name.removesuffix(f".weight{SCALE}") for name in weights if name.endswith(f".weight{SCALE}")):
        parent, _, last = name.rpartition(".")
        try:
            owner, old = system.get_submodule(parent), system.get_submodule(name)
        except AttributeError:
            continue  # whoever fills the system names what does not fit
        if isinstance(old, nn.Linear):
            setattr(owner, last, Int8Linear(old.in_features, old.out_features, old.bias))


def pack_int8(system: nn.Module) -> None:
    """Make the layers of a filled system ready."""
    for part in system.modules():
        if isinstance(part, Int8Linear):
            part.pack()


def refuse_int8(system: nn.Module, what: str) -> None:
    """Raise SightlineError where a system has layers of 8 bits, which ``what`` cannot be done with."""
    if any(isinstance(part, Int8Linear) for part in system.modules()):
        raise SightlineError(f"A policy with weights of 8 bits can only act; {what} the one that it was exported from.")
