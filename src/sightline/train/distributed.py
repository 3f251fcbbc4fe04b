"""One system, one to many processes (under torchrun): who does what, and how gradients come together."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from sightline.core.errors import SightlineError
from sightline.train.config import TrainConfig
from sightline.train.memory import repeated_blocks
from sightline.train.optimiser import longest

T = TypeVar("T")
# What FSDP cuts up. The rest is small, and which of it a batch uses varies: it stays whole in every process.
BACKBONES = ("planner", "visual_encoder", "expert")


@dataclass(frozen=True)
class Processes:
    """The processes of a run: this one has number ``rank`` of ``size``."""

    rank: int = 0
    size: int = 1

    @staticmethod
    def join(device: torch.device) -> Processes:
        """Meet the other processes that torchrun has started, if any; all but the first fall silent."""
        size = int(os.environ.get("WORLD_SIZE", 1))
        if size == 1:
            return Processes()
        if not dist.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)
            # Objects and checkpoints travel through memory of the CPU also where gradients do not.
            dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
            atexit.register(dist.destroy_process_group)
            if dist.get_rank():
                sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for the rest of the process
        return Processes(dist.get_rank(), size)

    @property
    def first(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def share(self, parts: int) -> range:
        """The micro-batches that this process learns from. Raises SightlineError where they cannot be shared evenly."""
        if parts % self.size:
            raise SightlineError(
                f"{parts} micro-batches cannot be shared by {self.size} processes: set micro_batches to a multiple of "
                f"{self.size}."
            )
        mine = parts // self.size
        return range(self.rank * mine, (self.rank + 1) * mine)

    def agree(self, value: T) -> T:
        """The first process's value, in every process."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, value: T) -> list[T]:
        """The values of all processes, in every process."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def wait(self) -> None:
        """Go on when every process is here."""
        if self.size > 1:
            dist.barrier()


def local_device(wanted: str) -> torch.device:
    """The device that this process of the machine is to use."""
    if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()):
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu" if wanted == "auto" else wanted)


class Replica:
    """The system as one process trains it; here, the only one."""

    def __init__(self, system: nn.Module) -> None:
        self.system = system

    def loss(self, objective: Any, batch: Any) -> Any:
        """``objective.loss(system, batch)``."""
        return self.system(objective, batch)

    def turn(self, last: bool) -> AbstractContextManager:
        """Context of one micro-batch, loss and backward pass; gradients are shared in the ``last`` of an update."""
        return nullcontext()

    def finish(self) -> None:
        """After the last backward pass: every gradient is the mean over all processes."""

    def whole(self, function: Callable[[], T]) -> T:
        """The result of a function that uses the system without learning; every process must call this."""
        return function()


class ParallelReplica(Replica):
    """Each process holds the whole system (DDP)."""

    def __init__(self, system: nn.Module) -> None:
        super().__init__(system)
        # Objectives sit updates out, so that what they alone use gets no gradient then.
        self.wrapped = DistributedDataParallel(system, find_unused_parameters=True, gradient_as_bucket_view=True)

    def loss(self, objective: Any, batch: Any) -> Any:
        return self.wrapped(objective, batch)

    def turn(self, last: bool) -> AbstractContextManager:
        return nullcontext() if last else self.wrapped.no_sync()


class _Function:
    """A function in the place of an objective: it runs where all weights are whole."""

    @staticmethod
    def loss(system: nn.Module, function: Callable[[], T]) -> T:
        return function()


class ShardedReplica(Replica):
    """Each process holds a share of the backbones' weights, gradients and optimiser state (FSDP2).

    Weights come together a block at a time, while it is computed. In bf16 they do so in bf16; gradients are summed in
    float32.
    """

    def __init__(self, system: nn.Module, processes: Processes, precision: torch.dtype) -> None:
        super().__init__(system)
        self.processes = processes
        parameters = dict(system.named_parameters())
        self.device = next(iter(parameters.values())).device
        mesh = init_device_mesh(self.device.type, (processes.size,))
        half = torch.bfloat16 if precision == torch.bfloat16 else None
        # Autocast decides what is computed in which precision; batches hold calibration, which must stay exact.
        policy = MixedPrecisionPolicy(half, torch.float32, cast_forward_inputs=False)
        blocks = [
            fully_shard(block, mesh=mesh, mp_policy=policy)
            for name, block in repeated_blocks(system)
            if longest(name, BACKBONES)
        ]
        loose = {p for name, p in parameters.items() if not longest(name, BACKBONES) or p.ndim == 0}
        self.root: FSDPModule = fully_shard(system, mesh=mesh, mp_policy=policy, ignored_params=loose)
        self.loose = [p for p in parameters.values() if p in loose and p.requires_grad]

        def make_whole_once() -> None:
            for block in blocks:
                block.unshard()
                block.reshard()

        # Blocks that have never been whole cannot be left out of an update of several micro-batches.
        self.whole(make_whole_once)

    def turn(self, last: bool) -> AbstractContextManager:
        self.root.set_requires_gradient_sync(last)
        return nullcontext()

    @torch.no_grad()
    def finish(self) -> None:
        if not self.loose:
            return
        # A batch may leave a weight out that another process's batch needs.
        used = torch.tensor([p.grad is not None for p in self.loose], dtype=torch.int32, device=self.device)
        dist.all_reduce(used, dist.ReduceOp.MAX)
        gradients = []
        for parameter, needed in zip(self.loose, used.tolist(), strict=True):
            if needed:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                gradients.append(parameter.grad)
        if gradients:
            total = torch.cat([gradient.flatten() for gradient in gradients])
            dist.all_reduce(total)
            parts = (total / self.processes.size).split([gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def whole(self, function: Callable[[], T]) -> T:
        # Not in inference mode: weights that come together in it could not be learned from afterwards.
        with torch.no_grad():
            result = self.system(_Function, function)
        self.root.reshard()
        return result


def distribute(system: nn.Module, config: TrainConfig, processes: Processes, precision: torch.dtype) -> Replica:
    """The system made ready to be trained by these processes. Raises SightlineError where they are not to share it."""
    if processes.size == 1:
        return Replica(system)
    if config.distribution == "none":
        raise SightlineError(
            f"distribution=none is for one process, but {processes.size} were started; choose ddp or fsdp."
        )
    if config.distribution == "fsdp":
        return ShardedReplica(system, processes, precision)
    return ParallelReplica(system)


def full_weights(system: nn.Module, keep: bool) -> dict[str, Tensor]:
    """A copy of all weights in memory of the CPU, empty unless this process is to ``keep`` it; every process must
    call this."""
    weights: dict[str, Tensor] = {}
    copies: dict[Tensor, Tensor] = {}  # tied weights stay one tensor
    for name, value in system.state_dict(keep_vars=True).items():
        if value not in copies:
            whole = value.full_tensor() if isinstance(value, DTensor) else value
            copies[value] = whole.detach().to("cpu", copy=True) if keep else torch.empty(0)
        if keep:
            weights[name] = copies[value]
    return weights
