"""Run folders: ``checkpoints/STEP/{policy/, training_state/}`` and ``last``; written whole, read back exactly.

``policy/`` is what the run has to offer, for anyone to use. ``training_state/`` is what training goes on from: the
weights that learn, the optimiser and the average as safetensors (one file from each process, read by any number of
them), and the loop's own numbers in ``state.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from safetensors import SafetensorError
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException

from sightline.core.errors import SightlineError
from sightline.train.distributed import Processes

KEEP = 2
# The loop's numbers.
STATE: dict[str, type | tuple[type, ...]] = {
    "step": int,
    "elapsed": (int, float),
    "samples": int,
    "metrics": dict,
    "start": dict,
}
# One process is the usual case here, nothing to be warned of.
warnings.filterwarnings("ignore", message="torch.distributed is disabled")


class CheckpointWriter:
    """Writes the checkpoints of a run; with ``behind``, while training goes on.

    A crash at any moment leaves the checkpoint before intact: ``last`` moves when the new one is complete.
    """

    def __init__(self, run: Path, processes: Processes, behind: bool) -> None:
        if not hasattr(dcp, "HuggingFaceStorageWriter"):
            raise SightlineError("Training needs torch 2.9 or newer, for its checkpoints: pip install --upgrade torch.")
        self.root, self.processes, self.behind = run / "checkpoints", processes, behind
        # A group of its own: what is written behind training must not get between the gradients.
        self.group = dist.new_group(backend="gloo") if processes.size > 1 else None
        self.pool = ThreadPoolExecutor(1, "checkpoint")
        self.pending: Future | None = None

    def save(
        self, step: int, tensors: Mapping[str, Tensor], state: Mapping[str, Any], write_policy: Callable[[Path], None]
    ) -> None:
        """Write ``checkpoints/STEP`` and point ``last`` at it; every process must call this.

        Args:
            tensors: the training state, as laid out over the processes; copied before this returns.
            state: the loop's numbers.
            write_policy: fills the folder of the policy, in the first process; may run while training goes on.
        """
        self.wait()
        partial = self.root / f".{step:07d}.partial"
        folder = partial / "training_state"
        if self.processes.first:
            self._start(partial)
        self.processes.wait()
        options: dict[str, Any] = {
            "storage_writer": dcp.HuggingFaceStorageWriter(str(folder), save_distributed=True),
            "process_group": self.group,
            "no_dist": self.processes.size == 1,
        }

        def finish(tensors_written: Future | None) -> None:
            try:
                if tensors_written is None:
                    dcp.save(dict(tensors), **options)
                else:
                    tensors_written.result()
                if self.processes.first:
                    write_policy(partial / "policy")
                    (folder / "state.json").write_text(json.dumps({"step": step, **state}, indent=2), encoding="utf-8")
                    self._publish(partial, self.root / f"{step:07d}")
            except (OSError, SafetensorError, CheckpointException) as error:
                raise self._failed(step, error) from None

        if self.behind:
            self.pending = self.pool.submit(finish, dcp.async_save(dict(tensors), **options))  # type: ignore[arg-type]
        else:
            finish(None)

    def wait(self) -> None:
        """Wait until everything is written. Raises SightlineError where it could not be."""
        if self.pending is not None:
            pending, self.pending = self.pending, None
            pending.result()

    def check(self) -> None:
        """Raise the error of a checkpoint that failed behind training, if one did."""
        if self.pending is not None and self.pending.done():
            self.wait()

    def _start(self, partial: Path) -> None:
        try:
            for stale in self.root.glob(".*.partial"):
                shutil.rmtree(stale, ignore_errors=True)
            (partial / "training_state").mkdir(parents=True)
        except OSError as error:
            raise self._failed(int(partial.name[1:8]), error) from None

    def _publish(self, partial: Path, final: Path) -> None:
        """Give a complete checkpoint its name, point ``last`` at it and forget all but the newest."""
        for path in partial.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
        link = self.root / ".last.partial"
        link.unlink(missing_ok=True)
        link.symlink_to(final.name)
        os.replace(link, self.root / "last")
        for old in sorted(path for path in self.root.glob("[0-9]*") if path != final)[: -(KEEP - 1)]:
            shutil.rmtree(old, ignore_errors=True)

    def _failed(self, step: int, error: BaseException) -> SightlineError:
        shutil.rmtree(self.root / f".{step:07d}.partial", ignore_errors=True)
        return SightlineError(
            f"The checkpoint of step {step} could not be written to {self.root} ({_reason(error)}); free some space."
        )


def last_checkpoint(run: Path) -> Path | None:
    """The newest complete checkpoint of a run folder, None where there is none."""
    last = run / "checkpoints" / "last"
    return last.resolve() if (last / "training_state" / "state.json").is_file() else None


def read_state(checkpoint: Path) -> dict[str, Any]:
    """The loop's numbers. Raises SightlineError where they cannot be read or are of an older kind."""
    folder = checkpoint / "training_state"
    if (folder / "optimiser.safetensors").exists():
        raise SightlineError(
            f"{folder} was written by an older Sightline, whose runs cannot be continued; its policy can still be "
            "used, also as --init of a new run."
        )
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        for name, kind in STATE.items():
            if not isinstance(state[name], kind) or isinstance(state[name], bool):
                raise ValueError(f"state.json has {state[name]!r} as {name}")
    except (OSError, ValueError) as error:
        raise _unreadable(checkpoint, error) from None
    except (KeyError, TypeError):
        raise _unreadable(checkpoint, ValueError(f"state.json must hold {', '.join(STATE)}")) from None
    return state


def stored_tensors(checkpoint: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a training state."""
    try:
        reader = dcp.HuggingFaceStorageReader(str(checkpoint / "training_state"))
        stored = reader.read_metadata().state_dict_metadata
        return {name: tuple(entry.size) for name, entry in stored.items()}  # type: ignore[union-attr]
    except (Exception, CheckpointException) as error:
        raise _unreadable(checkpoint, error) from None


def read_tensors(checkpoint: Path, targets: Mapping[str, Tensor], processes: Processes) -> None:
    """Fill ``targets`` (laid out over the processes in any way) with the stored tensors of their names."""
    try:
        reader = dcp.HuggingFaceStorageReader(str(checkpoint / "training_state"))
        dcp.load(dict(targets), storage_reader=reader, no_dist=processes.size == 1)
    except (Exception, CheckpointException) as error:
        raise _unreadable(checkpoint, error) from None


def _unreadable(checkpoint: Path, error: BaseException) -> SightlineError:
    return SightlineError(
        f"The training state in {checkpoint / 'training_state'} cannot be read ({_reason(error)}); delete {checkpoint} "
        "to resume earlier."
    )


def _reason(error: BaseException) -> str:
    """One line of what went wrong, without the tracebacks that processes report to each other."""
    if isinstance(error, CheckpointException):
        error = next(iter(error.failures.values()))[0]
    return " ".join(str(error).split())
