"""The suite ``tabletop``: the simulator's own worlds, in every split, collection, kind of tasks and phrasing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sightline.core.errors import SightlineError
from sightline.core.types import PolicyLike
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
        split: of worlds; a replay is tied to its dataset's.
        robot, collection, tasks: see WorldSpec; empty: as in a replay's dataset, else the engine's default.
        phrasing: words of the instructions, one of ``language.paraphrases.SPOKEN``; a replay hears the recorded ones.
        probe: number of scenes of the listening probe; 0 skips it.
    """

    split: str = "seen"
    robot: str = ""
    collection: str = ""
    tasks: str = ""
    phrasing: str = "plain"
    probe: int = 0

    @property
    def asked(self) -> dict[str, str]:
        """What was said of the world, apart from its split."""
        said = {"robot": self.robot, "collection": self.collection, "tasks": self.tasks}
        return {name: value for name, value in said.items() if value}


class Setting(NamedTuple):
    """Where the episodes happen."""

    make_env: Callable[[], TabletopEnv]
    world: WorldSpec
    seeds: list[int]


def run(policy: str, settings: TabletopSettings, about: Mapping[str, Any]) -> dict:
    """Evaluate a policy on tabletops, see :func:`closed_loop`.

    Raises SightlineError on an unknown policy, split, robot, collection, kind of tasks or phrasing, where cards do not
    match, and for a replay of something else than was recorded.
    """
    replayed = policy.startswith(REPLAY)
    setting = _recorded(policy.removeprefix(REPLAY), settings) if replayed else _drawn(settings)
    make_policy = partial(load_policy, policy)
    about = {**about, **asdict(setting.world), "phrasing": settings.phrasing}
    if replayed or policy == EXPERT:
        about["chunk handling"] = "one action at a time"
    title = f"{policy} on tabletop, {setting.world.split}"
    probe = partial(_listened, make_policy, setting.make_env, setting.seeds[: settings.probe], settings)
    return closed_loop(title, make_policy, setting.make_env, settings, about, setting.seeds, probe)


def _drawn(settings: TabletopSettings) -> Setting:
    """Worlds of the evaluation's own random streams."""
    from sightline.envs.tabletop import TabletopEnv  # the simulator, which other suites do without

    world = WorldSpec(split=settings.split, **settings.asked)
    make_env = partial(TabletopEnv, render=False, phrasing=settings.phrasing, **asdict(world))
    make_env()  # impossible worlds are told here, not by a process of many
    return Setting(make_env, world, settings.seeds)


def _recorded(dataset: str, settings: TabletopSettings) -> Setting:
    """The worlds of a dataset's first episodes, which are its seeds."""
    from sightline.envs.recorded import RecordedEnv

    make_env = partial(RecordedEnv, dataset)
    env = make_env()
    for name, wanted in settings.asked.items():
        if wanted != (recorded := getattr(env.world, name)):
            raise SightlineError(f"That dataset's {name} is {recorded}: a replay cannot be of '{wanted}'.")
    if settings.phrasing != "plain":
        raise SightlineError("A replay hears the words that were recorded: leave the phrasing out.")
    return Setting(make_env, env.world, list(range(min(settings.episodes, len(env.dataset)))))


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
