"""What runs an exported policy in torch's place (see DualSystem.backend)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sightline.core.errors import SightlineError
from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.exported.engines import TORCH, Engine, start
from sightline.models.exported.graphs import Eyes, Hands, Mind, seen_from
from sightline.models.policy import Policy
from sightline.models.pretrained import find_folder
from sightline.models.system import DualSystem, Seen
from sightline.models.vlm.base import TokenBatch

MANIFEST = "backend.json"
GRAPHS = ("eyes", "mind", "hands")


class GraphBackend:
    """Three engines that see and act as a system would."""

    def __init__(self, system: DualSystem, engines: Mapping[str, Engine]) -> None:
        self.system, self.engines = system, engines
        self.mind = Mind(system).outputs

    def takes(self, images: Tensor, tokens: TokenBatch) -> bool:
        """Pictures of all cameras with one question each, as while acting."""
        return images.shape[1] == len(self.system.config.cameras) and tokens.readouts.shape[1] == 1

    def see(self, images: Tensor, tokens: TokenBatch, cameras: Tensor | None) -> Seen:
        """See DualSystem.see."""
        batch, views = images.shape[:2]
        seen, features = self._run("eyes", {"images": images.flatten(0, 1)}, Eyes.outputs).values()
        given = {
            "tokens": seen.unflatten(0, (batch, views)),
            "features": features.unflatten(0, (batch, views)),
            "ids": tokens.ids,
            "positions": tokens.positions,
            "segments": tokens.segments,
            "readouts": tokens.readouts,
            "places": tokens.image_mask.nonzero()[:, 1].view(batch, -1),
            "cameras": features.new_full((batch, views, 15), torch.nan) if cameras is None else cameras,
        }
        return seen_from(self.system, given, self._run("mind", given, self.mind))

    def act(self, seen: Seen, spatial: SpatialInputs, noise: Tensor, decided: Tensor | None) -> Tensor:
        """See DualSystem.act."""
        known = torch.full_like(noise, torch.nan) if decided is None else decided
        given = {"condition": self.system.conditioned(seen, spatial), "noise": noise, "decided": known}
        return self._run("hands", given, Hands.outputs)["actions"]

    def _run(self, graph: str, values: Mapping[str, Tensor], outputs: tuple[str, ...]) -> dict[str, Tensor]:
        found = self.engines[graph]({name: value.contiguous().numpy() for name, value in values.items()})
        return {name: torch.from_numpy(value) for name, value in zip(outputs, found, strict=True)}


def load_backend(system: DualSystem, folder: Path, engine: str, weights: str) -> GraphBackend:
    """The backend in a folder, with as many threads as torch has now."""
    threads = torch.get_num_threads()
    return GraphBackend(system, {name: start(engine, folder / f"{name}.onnx", weights, threads) for name in GRAPHS})


def weights_digest(folder: Path) -> str:
    """What tells the policy in a checkpoint folder from others."""
    total = hashlib.sha256()
    for name in ("config.json", "model.safetensors"):
        total.update((folder / name).read_bytes())
    return total.hexdigest()[:16]


def load_exported(source: Path | str) -> Policy:
    """A policy that acts with the backend in its folder, where there is one; without, with torch.

    Raises SightlineError where the graphs are of other weights, or the engine is not installed.
    """
    policy, folder = Policy.from_pretrained(source), find_folder(source)
    if (folder / MANIFEST).is_file():
        told = _manifest(folder)
        if told["engine"] == TORCH:
            return policy  # its weights are all that is different about it
        _require_same(folder, told, folder)
        policy.system.backend = load_backend(policy.system, folder, told["engine"], told["weights"])
    return policy


def with_backend(policy: str, backend: str) -> str:
    """The policy to load for ``--policy`` and ``--backend``, the folder that export has written; "": torch.

    Raises SightlineError where that is no exported policy, or another policy's.
    """
    if not backend:
        return policy
    if not Path(backend, MANIFEST).is_file():
        raise SightlineError(
            f"{backend} is no exported policy: write one with `sightline export --policy {policy} --out {backend}`."
        )
    _require_same(find_folder(policy), _manifest(Path(backend)), Path(backend))
    return backend


def _manifest(folder: Path) -> dict:
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {name: str(told[name]) for name in ("engine", "weights", "policy")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SightlineError(f"{folder / MANIFEST} cannot be read ({error!r}); export the policy again.") from None


def _require_same(policy: Path, told: dict, exported: Path) -> None:
    if weights_digest(policy) != told["policy"]:
        raise SightlineError(
            f"{exported} was exported from other weights than those in {policy}: export this policy again."
        )
