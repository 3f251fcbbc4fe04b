"""The suite ``probes``: does a policy listen and look, and does it know when there is nothing to be done?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sightline.core.console import say, table
from sightline.core.errors import SightlineError, require_known
from sightline.core.outputs import keeping
from sightline.core.types import EXECUTE, Observation, PolicyLike
from sightline.evaluate.charts import rate_chart
from sightline.evaluate.page import card, html_table, settings_card, write_page
from sightline.evaluate.policies import load_policy
from sightline.evaluate.probes import PROBES, outcome, run_probes, summary
from sightline.evaluate.rollout import RolloutSettings
from sightline.evaluate.suites.base import Suite, SuiteSettings
from sightline.evaluate.suites.tabletop import TabletopSettings, drawn

LEAD = "Probes: the same scenes with one thing changed. Each line says how often that went as it should."


@dataclass(frozen=True, kw_only=True)
class ProbeSettings(SuiteSettings):
    """Where the policy is probed, and by what.

    Attributes:
        episodes: scenes of each probe.
        seed: of the scenes, which are those of the suite tabletop.
        execute: see RolloutSettings; workers: processes.
        split, robot, collection: see WorldSpec; empty: the engine's default.
        probes: some of ``evaluate.probes.PROBES``; all by default.
    """

    seed: int = 0
    execute: int = EXECUTE
    workers: int = 2
    split: str = "seen"
    robot: str = ""
    collection: str = ""
    probes: tuple[str, ...] = ()


def run(policy: str, settings: ProbeSettings, about: Mapping[str, Any]) -> dict:
    """Probe a policy, print the result and write the report.

    Returns ``probes`` (name -> what is right, the share that was, its interval), ``empty`` (what it does about an empty
    instruction), ``episodes`` (rows by probe), ``settings``. Raises SightlineError for an unknown probe, split, robot
    or collection.
    """
    names = settings.probes or tuple(PROBES)
    for name in names:
        require_known("probe", name, PROBES)
    world = {name: getattr(settings, name) for name in ("split", "robot", "collection", "seed", "episodes")}
    setting = drawn(TabletopSettings(**world))
    env, seeds = setting.make_env(), setting.seeds
    make_policy = partial(load_policy, policy)
    rollout = RolloutSettings(execute=settings.execute)
    env.reset(seed=seeds[0])
    rows = run_probes(make_policy, setting.make_env, seeds, rollout, settings.workers, names)
    found, empty = summary(rows), _about_nothing(make_policy(), env.observe())
    about = {**about, **setting.about, "seed": settings.seed, "scenes": settings.episodes}
    lines = [(name, str(outcome(name, mine)), PROBES[name].about) for name, mine in rows.items()]
    lines.append(("empty instruction", empty, ""))
    table(f"Probes of {policy}", ("probe", "right", "what is right"), lines)
    result = {
        "probes": found,
        "empty": empty,
        "episodes": {name: [row.to_dict() for row in mine] for name, mine in rows.items()},
        "settings": about,
    }
    if settings.report is not None:
        with keeping(result):
            rates = {name: outcome(name, mine) for name, mine in rows.items()}
            listed = html_table(("probe", "right", "what is right"), lines)
            body = [card("", rate_chart(rates, "Probes")), card("", listed), settings_card(about)]
            write_page(settings.report, f"{policy}: probes", LEAD, body)
        say(f"Report: {settings.report}")
    return result


def _about_nothing(policy: PolicyLike, observation: Observation) -> str:
    """What a policy does about an empty instruction."""
    try:
        policy.reset([0])
        chunk = policy.act_batch([replace(observation, instruction="")], [0])[0]
    except SightlineError:
        return "refused"
    return "stays where it is" if not chunk.actions[:, :6].any() else "moves"


PROBE_SUITE = Suite(ProbeSettings, run)
