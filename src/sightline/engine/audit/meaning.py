"""Instructions, stages and goals against what the scenes show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sightline.core.types import Task
from sightline.data.labels import EpisodeLabels
from sightline.language.parsing import Meaning, meanings, things_meant
from sightline.tasks import goals
from sightline.tasks.goals import is_done, wrong_object_moved
from sightline.tasks.skills import SKILLS

HELD = 0.03  # metres between the tool and the grasp point of what is carried
OVER = 0.1  # metres between the tool, coming down with closed fingers, and the button that it presses
AT_REST = 0.005  # metres by which the target may move between the last two frames and still count as at rest


def instruction_problems(text: str, task: Task, labels: EpisodeLabels) -> Iterator[str]:
    """Words that mean another task than the recorded one, or several, or none, when the episode begins."""
    scene = labels.scene(0)
    if text != task.instruction:
        yield f"the index says '{text}' but the task '{task.instruction}'"
    for role, phrase, index in (
        ("target", task.target_phrase, task.target),
        ("reference", task.reference_phrase, task.reference),
    ):
        meant = things_meant(phrase, scene)
        implied = role == "reference" and task.relation in SKILLS and SKILLS[task.relation].acts_on_part
        if phrase not in task.instruction and not implied:
            yield f"the instruction '{task.instruction}' does not speak of its {role}, '{phrase}'"
        if meant != {index}:
            yield f"'{phrase}' means {_named(meant, labels)}, not {labels.objects[index].id} alone"
    found = meanings(task.instruction, scene)
    if found != {Meaning(task.relation, task.target, task.reference)}:
        readings = [
            f"{m.relation} {_named({m.target}, labels)}, {_named({m.reference}, labels)}" for m in sorted(found)
        ]
        yield f"the instruction '{task.instruction}' means {' or '.join(readings) or 'nothing'}"


def _named(indices: set[int], labels: EpisodeLabels) -> str:
    return " and ".join(labels.objects[index].id for index in sorted(indices)) or "nothing"


def stage_problems(task: Task, labels: EpisodeLabels) -> Iterator[str]:
    """Stages that are unknown, in an impossible order, or not what the robot is doing."""
    stages, known, work = labels.subtasks, list(goals.stages(task)), goals.work(task)
    if unknown := sorted(set(stages) - set(known)):
        yield f"the stage '{unknown[0]}' is unknown"
        return
    if stages[0] != known[0] or stages[-1] not in goals.endings(task):
        yield f"the stages lead from '{stages[0]}' to '{stages[-1]}'"
    if work not in stages:
        yield f"the stage '{work}' never comes"
        return
    later = known[known.index(work) + 1 :]
    early = sorted({stage for stage in stages[: stages.index(work)] if stage in later})
    if early:
        yield f"the stage '{early[0]}' comes before '{work}'"
    working = np.array(stages) == work
    apart = np.linalg.norm(labels.tool - labels.grasp_points[:, task.target], axis=1)
    if (apart[working] > (OVER if task.relation in SKILLS and SKILLS[task.relation].kept else HELD)).any():
        yield f"the target is {apart[working].max():.3f} m from the tool at the stage '{work}'"


def ends_in_motion(task: Task, labels: EpisodeLabels) -> bool:
    """Whether the last frame does not show the goal because the target, let go a moment ago, still moves.

    That it came to rest where it should was checked when the episode was made.
    """
    shift = np.linalg.norm(np.diff(labels.positions[-2:, task.target], axis=0))
    return bool(shift > AT_REST) and not is_done(labels.scene(len(labels) - 1), task, labels.scene(0))


def goal_problems(task: Task, labels: EpisodeLabels) -> Iterator[str]:
    """Episodes that do not end with the goal reached by the target alone, as far as the frames show."""
    first, last = labels.scene(0), labels.scene(len(labels) - 1)
    if goals.holds(first, task):
        yield "the goal holds from the beginning"
    if not is_done(last, task, first) and not ends_in_motion(task, labels):
        aside = float(np.linalg.norm((last.grasp_points[task.target] - labels.place[-1])[:2]))
        yield f"the goal is not reached: the target comes to rest {aside:.3f} m from it"
    if wrong_object_moved(last, first, task):
        yield "an object other than the target has moved"
