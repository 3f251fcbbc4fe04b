"""config.yaml and dataset_statistics.json of an official run: what is read of them, each value checked for its type.

A key that is left out or empty has the official default; one that holds something else is named, with what was found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sightline.core.errors import SightlineError, require_known

NUMBERS = ("mean", "std", "max", "min", "q01", "q99")
NEEDED = ("q01", "q99")
LARGEST = 1e30  # what float32 can still be reckoned with


@dataclass(frozen=True)
class RunConfig:
    """config.yaml, looked into by dotted names such as ``framework.layer_qformer.grad_scale``.

    Attributes:
        values: all of it, as it was written.
    """

    path: Path
    values: Mapping[str, Any]

    @staticmethod
    def read(path: Path) -> RunConfig:
        """Raises SightlineError where the file is missing or no mapping."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise SightlineError(
                f"{path} cannot be read ({' '.join(str(error).split())}); restore it from the run."
            ) from None
        if not isinstance(values, dict):
            raise SightlineError(f"{path} does not hold a configuration; restore it from the run.")
        return RunConfig(path, values)

    def find(self, name: str) -> Any:
        """The value of that name, None where it or a group above it is left out or empty."""
        value: Any = self.values
        place: list[str] = []
        for key in name.split("."):
            if not isinstance(value, Mapping):
                raise self.wrong(".".join(place), "a group of keys", value)
            value, place = value.get(key), [*place, key]
            if value is None:
                return None
        return value

    def whole(self, name: str, least: int = 0) -> int | None:
        """A whole number."""
        value = self.find(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise self.wrong(name, f"a whole number of at least {least}", value)
        return value

    def number(self, name: str) -> float | None:
        """A finite number."""
        value = self.find(name)
        if value is None:
            return None
        # YAML 1.1 reads 5e-1 (no dot) as a string; everybody means the number.
        try:
            found = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            found = math.nan
        if not math.isfinite(found):
            raise self.wrong(name, "a number", value)
        return found

    def text(self, name: str) -> str | None:
        """A text."""
        value = self.find(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a text", value)
        return value

    def wrong(self, name: str, expected: str, found: Any) -> SightlineError:
        """What to say of a value that is none."""
        return _wrong(self.path, name, expected, found)


def read_statistics(path: Path) -> dict[str, Any]:
    """dataset_statistics.json: statistics by embodiment. Raises SightlineError where it holds none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SightlineError(f"{path} cannot be read ({error}); restore it from the run.") from None
    if not isinstance(values, dict) or not values or not all(isinstance(part, dict) for part in values.values()):
        raise SightlineError(f"{path} holds no action statistics by embodiment; restore it from the run.")
    return values


@dataclass(frozen=True)
class RunFiles:
    """Both files of a run, and where the second one is."""

    config: RunConfig
    statistics: dict[str, Any]
    path: Path

    @staticmethod
    def read(run: Path) -> RunFiles:
        """Raises SightlineError where one cannot be read."""
        path = run / "dataset_statistics.json"
        return RunFiles(RunConfig.read(run / "config.yaml"), read_statistics(path), path)


def choose_tag(statistics: Mapping[str, Any], embodiment: str | None) -> str:
    """The embodiment to act in. Raises SightlineError where it is unknown, or must be said."""
    if embodiment is not None:
        require_known("embodiment", embodiment, list(statistics))
        return embodiment
    if len(statistics) != 1:
        raise SightlineError(
            f"This checkpoint acts in several embodiments: choose one with embodiment=..., of {', '.join(statistics)}."
        )
    return next(iter(statistics))


def action_statistics(
    statistics: Mapping[str, Any], tag: str, size: int, path: Path, ranged: bool = False
) -> dict[str, list]:
    """Statistics of the actions of one embodiment: those of NUMBERS that are there, and ``mask`` (by default all true).

    Args:
        ranged: the dimensions that are not masked take their two values from ``min`` and ``max``.

    Raises SightlineError that names file and key unless each has a number for each of the network's ``size`` actions.
    """
    action = statistics[tag].get("action")
    if not isinstance(action, Mapping):
        raise _wrong(path, f"{tag}.action", "statistics of the actions", action)
    found: dict[str, list] = {}
    for name in ("mask", *NUMBERS):
        values = action.get(name)
        two = ranged and name in ("min", "max") and not all(found.get("mask", ()))
        if values is None and name not in NEEDED and not two:
            continue
        what = "true or false" if name == "mask" else "a number"
        fits = _is_flag if name == "mask" else _is_number
        if not isinstance(values, list) or not all(map(fits, values)):
            raise _wrong(path, f"{tag}.action.{name}", f"a list with {what} for each action", values)
        if len(values) != size:
            raise SightlineError(
                f"{path}: '{tag}.action.{name}' has {len(values)} values, but the network has {size} actions: the "
                "files are not of one run."
            )
        found[name] = values
    return {"mask": [True] * size, **found}


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST  # so no NaN


def _wrong(path: Path, name: str, expected: str, found: Any) -> SightlineError:
    return SightlineError(f"{path}: '{name}' must be {expected}, not {_shown(found)}; restore it from the run.")


def _shown(value: Any) -> str:
    text = "nothing" if value is None else f"{value!r} ({type(value).__name__})"
    return text if len(text) <= 80 else f"{text[:77]}..."
