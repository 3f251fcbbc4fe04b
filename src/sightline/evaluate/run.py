"""The command ``sightline evaluate``: it chooses a suite, which does the rest."""

from __future__ import annotations

from typing import Any

from sightline.core.errors import SightlineError, require_known
from sightline.evaluate.suites import SUITES
from sightline.evaluate.suites.base import about_run


def evaluate(policy: str, suite: str = "tabletop", **options: Any) -> dict:
    """Evaluate a policy by a suite: print the result and write the report.

    Args:
        policy: checkpoint folder, ``tiny``, ``expert``, ``replay:DIR`` or ``ws://HOST:PORT``.
        suite: one of SUITES.
        options: settings of the suite (see its settings dataclass); those left out have their defaults.

    Returns:
        The suite's figures and ``settings``, all JSON-ready.

    Raises:
        SightlineError: an unknown suite, an option that it does not read, or whatever the suite finds wrong.
    """
    require_known("suite", suite, SUITES)
    chosen = SUITES[suite]
    if strange := [_flag(name) for name in options if name not in chosen.options]:
        read = ", ".join(map(_flag, chosen.options))
        raise SightlineError(f"The suite {suite} does not read {', '.join(strange)}: leave it out. It reads {read}.")
    return chosen.run(policy, chosen.settings(**options), about_run(policy, suite))


def _flag(name: str) -> str:
    """The option of the command line that a setting is given by."""
    return "--" + name.replace("_", "-")
