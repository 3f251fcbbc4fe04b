"""What this machine computes fast."""

from __future__ import annotations

import torch


def half_is_fast(device: str) -> bool:
    """Whether products in bfloat16 pay on this kind of device ("cpu", "cuda", ...).

    Twice to five times the speed of float32 where the processor knows them; where it does not, they are put together
    from other steps, at a fiftieth of it.
    """
    return device != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
