"""The suite ``tabletop``: the simulator's own worlds, in every split, collection, kind of tasks and phrasing.

In collection ``full`` it has 200 tasks and splits of its own (``envs.tabletop_tasks``). Everywhere else, and where a
kind of tasks is asked for, tasks are drawn as they are for datasets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sightline.core.errors import SightlineError, require_known
from sightline.core.types import PolicyLike
from sightline.engine.assets.splits import DIVISIONS, SPLITS
from sightline.engine.collections import FULL, STARTER
from sightline.engine.robots import DEFAULT
from sightline.engine.worlds.spec import WorldSpec
from sightline.evaluate.language_probe import ListeningResult, listen
from sightline.evaluate.policies import EXPERT, REPLAY, load_policy
from sightline.evaluate.suites.base import Suite
from sightline.evaluate.suites.closed_loop import ClosedLoopSettings, closed_loop

if TYPE_CHECKING:
    from sightline.envs.tabletop import TabletopEnv


@dataclass(frozen=True, kw_only=True)
class TabletopSettings(ClosedLoopSettings):
    """Where the policy acts, what it is told, and how it is run.

    Attributes:
        split: of the suite or of worlds; a replay is tied to its dataset's.
        robot, collection, tasks: see WorldSpec; empty: as in a replay's dataset, else the engine's default (full for
            the splits that it alone has). Without ``tasks`` the suite's own are set where there are some.
        phrasing: words of the instructions, one of ``language.paraphrases.SPOKEN``; a replay hears the recorded ones.
            None: as the suite's split says, else plain.
        probe: number of scenes of the listening probe; 0 skips it.
    """

    split: str = "seen"
    robot: str = ""
    collection: str = ""
    tasks: str = ""
    phrasing: str | None = None
    probe: int = 0

    @property
    def asked(self) -> dict[str, str]:
        """What was said of the world, apart from its split."""
        said = {"robot": self.robot, "collection": self.collection, "tasks": self.tasks}
        return {name: value for name, value in said.items() if value}


class Setting(NamedTuple):
    """Where the episodes happen, and what the result says about that."""

    make_env: Callable[[], TabletopEnv]
    about: Mapping[str, str]
    seeds: list[int]


def run(policy: str, settings: TabletopSettings, about: Mapping[str, Any]) -> dict:
    """Evaluate a policy on tabletops, see :func:`closed_loop`.

    Raises SightlineError on an unknown policy, split, robot, collection, kind of tasks or phrasing, where cards do not
    match, and for a replay of something else than was recorded.
    """
    replayed = policy.startswith(REPLAY)
    setting = _recorded(policy.removeprefix(REPLAY), settings) if replayed else drawn(settings)
    make_policy = partial(load_policy, policy)
    about = {**about, **setting.about}
    if replayed or policy == EXPERT:
        about["chunk handling"] = "one action at a time"
    title = f"{policy} on tabletop, {setting.about['split']}"
    probe = partial(_listened, make_policy, setting.make_env, setting.seeds[: settings.probe], settings)
    return closed_loop(title, make_policy, setting.make_env, settings, about, setting.seeds, probe)


def drawn(settings: TabletopSettings) -> Setting:
    """Worlds of the evaluation's own random streams: the suite's tasks, or such as datasets have."""
    from sightline.envs.tabletop import TabletopEnv  # the simulator, which other suites do without
    from sightline.envs.tabletop_tasks import CONDITIONS

    collection = settings.collection or (STARTER if settings.split in SPLITS else FULL)
    if collection == FULL:
        require_known("split", settings.split, dict.fromkeys((*CONDITIONS, *DIVISIONS)))
        if settings.split in CONDITIONS and not settings.tasks:
            return _listed(settings)
    world = WorldSpec(split=settings.split, **settings.asked | {"collection": collection})
    phrasing = settings.phrasing or "plain"
    make_env = partial(TabletopEnv, render=False, phrasing=phrasing, **asdict(world))
    make_env()  # impossible worlds are told here, not by a process of many
    return Setting(make_env, asdict(world) | {"phrasing": phrasing}, settings.seeds)


def _listed(settings: TabletopSettings) -> Setting:
    """The tasks of the suite's list under the conditions of a split."""
    from sightline.envs.tabletop_suite import TabletopSuiteEnv

    make_env = partial(
        TabletopSuiteEnv,
        settings.split,
        render=False,
        robot=settings.robot or DEFAULT,
        phrasing=settings.phrasing or "",
    )
    env = make_env()
    about = asdict(env.world) | {"split": settings.split, "worlds": env.world.split}
    about |= {"tasks": f"{len(env.tasks)} of the suite", "phrasing": settings.phrasing or env.conditions.phrasing}
    return Setting(make_env, about, settings.seeds)


def _recorded(dataset: str, settings: TabletopSettings) -> Setting:
    """The worlds of a dataset's first episodes, which are its seeds."""
    from sightline.envs.recorded import RecordedEnv

    make_env = partial(RecordedEnv, dataset)
    env = make_env()
    for name, wanted in settings.asked.items():
        if wanted != (recorded := getattr(env.world, name)):
            raise SightlineError(f"That dataset's {name} is {recorded}: a replay cannot be of '{wanted}'.")
    if settings.phrasing is not None:
        raise SightlineError("A replay hears the words that were recorded: leave the phrasing out.")
    about = asdict(env.world) | {"phrasing": "as recorded"}
    return Setting(make_env, about, list(range(min(settings.episodes, len(env.dataset)))))


def _listened(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], TabletopEnv],
    seeds: Sequence[int],
    settings: TabletopSettings,
) -> ListeningResult | None:
    """The listening probe in the worlds of these seeds; None without any."""
    if not seeds:
        return None
    unfilmed = replace(settings.rollout, films=0, film_dir=None)
    result = listen(make_policy, make_env, seeds, unfilmed, settings.workers)
    result.print()
    return result


TABLETOP = Suite(TabletopSettings, run)
