"""How often the expert succeeds at each kind of task before anything is verified, under the noise of demonstrations.

    python benchmarks/skills.py --episodes 200 --json skills.json
    python benchmarks/skills.py --episodes 100 --robot ur5e --collection full --tasks stack drawer

Physics only. A scene that offers no such task is counted apart: no attempt is made there.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from sightline.core.console import table, write_json
from sightline.core.runtime import prepare_process
from sightline.engine.collections import STARTER
from sightline.engine.generation.episode import make_episode
from sightline.engine.generation.recipe import Recipe
from sightline.engine.robots import DEFAULT, ROBOTS
from sightline.tasks.kinds import PLACE, SKILL_TASKS

NO_TASK = "no task"


def outcomes(recipe: Recipe, episodes: int, noise: bool) -> tuple[Counter[str], dict[int, str]]:
    """How many attempts ended how ("": success), and which candidates failed at what."""
    counts: Counter[str] = Counter()
    failed = {}
    for candidate in range(episodes):
        failure = make_episode(recipe, candidate, render=False, noise=noise).failure
        counts[failure] += 1
        if failure and failure != NO_TASK:
            failed[candidate] = failure
    return counts, failed


def measured(recipe: Recipe, episodes: int, noise: bool) -> dict:
    """The figures of one kind of task."""
    started = time.process_time()
    counts, failed = outcomes(recipe, episodes, noise)
    attempts = episodes - counts[NO_TASK]
    return {
        "tasks": recipe.tasks,
        "robot": recipe.robot,
        "collection": recipe.collection,
        "attempts": attempts,
        "success": counts[""] / max(attempts, 1),
        "no_task": counts[NO_TASK],
        "failures": {what: count for what, count in counts.most_common() if what not in ("", NO_TASK)},
        "failed": failed,
        "cpu_seconds_per_episode": (time.process_time() - started) / episodes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--tasks", nargs="+", choices=(PLACE, *SKILL_TASKS), default=list(SKILL_TASKS))
    parser.add_argument("--robot", choices=tuple(ROBOTS), default=DEFAULT)
    parser.add_argument("--collection", default=STARTER)
    parser.add_argument("--split", default="train")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--clean", action="store_true", help="without pushes and slips")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    prepare_process()
    recipes = [
        Recipe(given.seed, split=given.split, robot=given.robot, collection=given.collection, tasks=tasks)
        for tasks in given.tasks
    ]
    rows = [measured(recipe, given.episodes, not given.clean) for recipe in recipes]
    columns = ["task", "attempts", "success", "no task", "failures", "CPU s each"]
    shown = [
        [
            row["tasks"],
            row["attempts"],
            f"{row['success']:.1%}",
            row["no_task"],
            ", ".join(f"{what} {count}" for what, count in row["failures"].items()),
            f"{row['cpu_seconds_per_episode']:.2f}",
        ]
        for row in rows
    ]
    table(f"{given.robot}, collection {given.collection}", columns, shown)
    if given.json:
        write_json(given.json, {"episodes": given.episodes, "seed": given.seed, "rows": rows})


if __name__ == "__main__":
    main()
