"""What a suite is: settings of its own, and one function that evaluates a policy by them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import sightline
from sightline.core.errors import SightlineError


@dataclass(frozen=True, kw_only=True)
class SuiteSettings:
    """What every suite reads.

    Attributes:
        episodes: how many of what the suite counts.
        report: HTML file to write.
    """

    episodes: int = 100
    report: Path | None = None

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise SightlineError(f"At least one episode is needed, not {self.episodes}.")


Settings = TypeVar("Settings", bound=SuiteSettings)


@dataclass(frozen=True)
class Suite(Generic[Settings]):
    """One way of evaluating a policy.

    Attributes:
        settings: all that it can be told; the fields are options of ``sightline evaluate`` with the same defaults.
        run: (policy as ``--policy`` names it, settings, what was run so far) -> the result, after printing it and
            writing the report. The result's ``settings`` are the last argument and whatever else decided on it.
    """

    settings: type[Settings]
    run: Callable[[str, Settings, Mapping[str, Any]], dict]

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the settings."""
        return tuple(field.name for field in dataclasses.fields(self.settings))


def about_run(policy: str, suite: str) -> dict[str, Any]:
    """What every result and report says about how it was made."""
    return {"policy": policy, "suite": suite, "version": code_version(), "CPUs": os.cpu_count()}


def code_version() -> str:
    """The package's version and, in a git checkout, the commit (with ``+`` when files have changed since)."""
    folder = Path(sightline.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return sightline.__version__
    return f"{sightline.__version__} ({found})"
