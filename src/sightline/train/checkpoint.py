"""Run folders: ``checkpoints/STEP/{policy/, training_state/}`` and ``last``; written whole, read back exactly."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy

KEEP = 2


def optimiser_tensors(optimiser: torch.optim.Optimizer, system: nn.Module) -> dict[str, Tensor]:
    """The optimiser's state under the names of the parameters: no pickle, readable by anyone."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in system.named_parameters()}
    tensors = {}
    for parameter, state in optimiser.state.items():
        for key, value in state.items():
            tensors[f"{names[parameter]}/{key}"] = torch.as_tensor(value).detach().cpu().contiguous()
    return tensors


def restore_optimiser(optimiser: torch.optim.Optimizer, system: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Inverse of :func:`optimiser_tensors`."""
    parameters = dict(system.named_parameters())
    for name, value in tensors.items():
        parameter, key = name.rsplit("/", 1)
        optimiser.state[parameters[parameter]][key] = value.to(parameters[parameter].device)


def save_checkpoint(run: Path, step: int, policy: Policy, optimiser: torch.optim.Optimizer, state: dict) -> Path:
    """Write ``checkpoints/STEP`` and point ``last`` at it; a crash at any moment leaves the one before intact."""
    root = run / "checkpoints"
    root.mkdir(parents=True, exist_ok=True)
    final, partial = root / f"{step:07d}", root / f".{step:07d}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        policy.save_pretrained(partial / "policy")
        (partial / "training_state").mkdir()
        save_file(optimiser_tensors(optimiser, policy.system), partial / "training_state" / "optimiser.safetensors")
        (partial / "training_state" / "state.json").write_text(json.dumps({"step": step, **state}, indent=2))
        _sync(partial)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise SightlineError(
            f"The checkpoint of step {step} could not be written to {root} ({error}); free some space."
        ) from None
    link = root / ".last.partial"
    link.unlink(missing_ok=True)
    link.symlink_to(final.name)
    os.replace(link, root / "last")
    for old in sorted(path for path in root.glob("[0-9]*") if path != final)[: -(KEEP - 1)]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def last_checkpoint(run: Path) -> Path | None:
    """The newest complete checkpoint of a run folder, None where there is none."""
    last = run / "checkpoints" / "last"
    return last.resolve() if (last / "training_state" / "state.json").is_file() else None


def load_training_state(checkpoint: Path) -> tuple[dict, dict[str, Tensor]]:
    """The loop's state and the optimiser's tensors."""
    folder = checkpoint / "training_state"
    try:
        return json.loads((folder / "state.json").read_text()), load_file(folder / "optimiser.safetensors")
    except Exception as error:
        raise SightlineError(
            f"The training state in {folder} cannot be read ({error}); delete {checkpoint} to resume earlier."
        ) from None
