"""A run's folder: one writer at a time, and what decided the run, so that nothing else is continued under its name.

``config.yaml`` holds the settings, ``sources.json`` what is learned from. A resumed run is compared with both, and with
card and statistics of its newest policy; steps and time, where it runs and how it is told of may change.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline.core.config import load_config, to_dict
from sightline.core.console import say, write_json
from sightline.core.errors import SightlineError
from sightline.core.folder_lock import FolderLock
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversations import Conversations
from sightline.data.dataset import Dataset
from sightline.data.mixture import Mixture
from sightline.models.policy import Policy
from sightline.train.checkpoint import last_checkpoint
from sightline.train.config import TrainConfig
from sightline.train.setup import StageRequest, StageSetup

CONFIG, SOURCES = "config.yaml", "sources.json"
FREE = ("steps", "minutes", "device", "distribution", "threads", "recompute", "save", "save_every", "evaluate_every",
        "log_every", "action.cache_gib")  # fmt: skip
"""Settings that a resumed run may change: none of them decides what is learned from a step."""

SHOWN = 4  # differences that are told


class RunFolder:
    """Context that holds the folder for this run: the first process locks it, so that two runs never share one.

    Raises SightlineError where another run writes there.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock: FolderLock | None = None

    def __enter__(self) -> RunFolder:
        if int(os.environ.get("RANK", 0)) == 0:
            self._lock = FolderLock(self.path)
        return self

    def __exit__(self, *error: object) -> None:
        if self._lock is not None:
            self._lock.release()

    def claim(self, asked: StageRequest, setup: StageSetup) -> str:
        """Remember what decides this run, or compare with what is remembered; why it cannot be continued, else empty.

        A run that has not saved anything yet has nothing to continue: it may be begun anew in any way.
        """
        decided = sources_of(asked, setup)
        checkpoint = last_checkpoint(self.path)
        if checkpoint is not None:
            try:
                found = [*self._changed(setup.config, decided), *changed_policy(checkpoint / "policy", setup.policy)]
            except SightlineError as error:
                return str(error)
            if found:
                more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
                return (
                    f"{self.path} holds a run that was begun otherwise ({'; '.join(found[:SHOWN])}{more}): resume it "
                    "with the same, or choose another --out folder."
                )
        else:
            write_json(self.path / SOURCES, decided)
        return ""

    def _changed(self, config: TrainConfig, decided: dict[str, Any]) -> Iterator[str]:
        """What is learned from and the settings, in which they differ from those of the run so far."""
        stored = read_sources(self.path / SOURCES)
        for name in ("data", "conversations", "check"):
            mine, theirs = ([part["digest"] for part in values.get(name, [])] for values in (decided, stored))
            if stored and mine != theirs:
                yield f"{name}: {_told(stored.get(name, []))} != {_told(decided[name])}"
        yield from differences(stored.get("reading", decided["reading"]), decided["reading"])
        for name, value in decided["start"].items():
            before = stored.get("start", {}).get(name, value)
            if value != before:
                say(f"This run began with --{name} {before or 'left out'}, and goes on from there.", style="yellow")
        if (self.path / CONFIG).is_file():
            before = to_dict(load_config(TrainConfig, self.path / CONFIG))
            yield from differences(before, to_dict(config), FREE)


def sources_of(asked: StageRequest, setup: StageSetup) -> dict[str, Any]:
    """What a run learns from, as ``sources.json`` says it: JSON-ready."""
    sources = asked.sources
    talks = setup.conversations.sources if setup.conversations is not None else ()
    checked = ConversationMix.of(sources.check, setup.config.seed).sources if sources.check else ()
    start = {"init": asked.init or "", "base-vlm": sources.base_vlm, "dino": sources.dino}
    values = {
        "data": [about_dataset(dataset) for dataset in setup.datasets],
        "reading": {"stage": setup.stage, **(_reading(setup.mixture) if setup.mixture is not None else {})},
        "conversations": [about_conversations(talk) for talk in talks],
        "check": [about_conversations(talk) for talk in checked],
        "start": {name: str(value) for name, value in start.items()},
    }
    return json.loads(json.dumps(values))


def _reading(mixture: Mixture) -> dict[str, Any]:
    """How recordings are read, and how often each is drawn."""
    return {
        "embodiment": [to_dict(part.embodiment) for part in mixture.recordings],
        "episodes": [_digest(part.episodes) for part in mixture.recordings],
        "weight": mixture.weights.tolist(),
        "balance": mixture.balance,
    }


def about_dataset(dataset: Dataset) -> dict[str, Any]:
    """A dataset in words, and a digest of what its index says: features, rate, recipe, every episode."""
    recipe = dataset.root / "meta" / "generation.json"
    features = {name: [feature.get(key) for key in ("dtype", "shape", "names")] for name, feature in
                dataset.info["features"].items()}  # fmt: skip
    said = [dataset.fps, features, recipe.read_text(encoding="utf-8") if recipe.is_file() else ""]
    said += [[meta.index, meta.length, meta.text, meta.kind, meta.seed, meta.candidate] for meta in dataset.episodes]
    about = f"{dataset.root.resolve().name}, {len(dataset)} episodes, {dataset.frames} frames"
    return {"about": about, "digest": _digest(said)}


def about_conversations(source: Conversations) -> dict[str, Any]:
    """Conversations in words, and a digest of the file and of which of its records are used."""
    total = hashlib.sha256(_digest([source.rows.tolist(), source.config.coordinates]).encode())
    with source.config.annotations.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return {"about": f"{source.name}, {len(source)} records", "digest": total.hexdigest()[:16]}


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _told(parts: Sequence[Mapping[str, str]]) -> str:
    return " + ".join(f"{part['about']} ({part['digest'][:8]})" for part in parts) or "none"


def read_sources(path: Path) -> dict[str, Any]:
    """``sources.json``; empty for a run of an older Sightline. Raises SightlineError where it is damaged."""
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        for name in ("data", "conversations", "check"):
            [(part["about"], part["digest"]) for part in values[name]]
        if isinstance(values["start"], dict) and isinstance(values["reading"], dict):
            return values
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise SightlineError(f"{path} is damaged: restore it, or delete it to continue the run without it.")


def changed_policy(folder: Path, policy: Policy) -> Iterator[str]:
    """In what the stored policy's card and statistics are not those of ``policy``."""
    now = json.loads(json.dumps({"card": policy.card.to_dict(), "statistics": policy.statistics}))
    try:
        before = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in now}
    except (OSError, ValueError):
        return  # whoever loads the policy says what is wrong with it
    yield from differences(before, now)


def differences(before: Any, now: Any, free: Sequence[str] = (), name: str = "") -> Iterator[str]:
    """``name: before != now`` for every value in which two trees of mappings and lists differ. Numbers that agree to
    the precision of float32 are the same; ``free`` names are left out."""
    if name in free:
        return
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            yield from differences(before.get(key), now.get(key), free, f"{name}.{key}" if name else str(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (mine, theirs) in enumerate(zip(before, now, strict=True)):
            yield from differences(mine, theirs, free, f"{name}[{number}]")
    elif not _same(before, now):
        yield f"{name}: {before} != {now}"


def _same(before: Any, now: Any) -> bool:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (before, now))
    if not numbers or (isinstance(before, int) and isinstance(now, int)):
        return bool(before == now)
    try:
        return math.isclose(before, now, rel_tol=1e-5, abs_tol=1e-9) or (math.isnan(before) and math.isnan(now))
    except OverflowError:  # whole numbers beyond all floats
        return False
