"""The suites that ``sightline evaluate`` knows.

A suite is a settings dataclass and a function in a file of its own. An environment that needs no settings besides those
of every closed loop is one row here: ``"name": benchmark("sightline.envs.name:NameEnv")``.
"""

from __future__ import annotations

from typing import Any

from sightline.evaluate.suites.base import Suite
from sightline.evaluate.suites.grounding import GROUNDING
from sightline.evaluate.suites.libero import LIBERO
from sightline.evaluate.suites.openloop import OPENLOOP
from sightline.evaluate.suites.probes import PROBE_SUITE
from sightline.evaluate.suites.simpler import SIMPLER
from sightline.evaluate.suites.tabletop import TABLETOP

SUITES: dict[str, Suite[Any]] = {
    "tabletop": TABLETOP,
    "probes": PROBE_SUITE,
    "grounding": GROUNDING,
    "openloop": OPENLOOP,
    **LIBERO,
    **SIMPLER,
}
