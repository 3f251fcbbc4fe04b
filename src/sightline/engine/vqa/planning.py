"""Questions about the course of a task: what is left to do, what is happening, whether it is done."""

from __future__ import annotations

import json

import numpy as np

from sightline.core.types import Task
from sightline.engine.vqa.formats import box_text, steps_text
from sightline.engine.vqa.picture import Job, Picture, Turn
from sightline.tasks.goals import stages

BEFORE = ("move to the grasp", "grasp", "lift", "carry", "move above the button")  # stages: the task is not done yet


def planning(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    """The remaining steps, the present one (in words, or with boxes as JSON), or whether the task is done."""
    draw = rng.random()
    if draw < 0.4:
        return _plan(picture, rng)
    job = picture.job(rng, own_only=True)
    if job is None or not job.subtask:
        return None
    return (_step if draw < 0.6 else _grounded_step if draw < 0.85 else _done)(picture, job, rng)


def step(subtask: str, task: Task, target: str = "", reference: str = "") -> str:
    """A stage of a task in words, e.g. "carry the red mug to the bowl".

    Args:
        target, reference: the words for the two things; those of the task by default.
    """
    words = {"t": target or task.target_phrase, "r": reference or task.reference_phrase}
    return stages(task)[subtask].format(**words)


def remaining(subtask: str, task: Task) -> list[str]:
    """The steps of a task from a stage on, the present one first; only this one names the target."""
    known = list(stages(task))
    first, *later = known[known.index(subtask) :]
    return [step(first, task), *(step(stage, task, target="it") for stage in later)]


def _plan(picture: Picture, rng: np.random.Generator) -> list[Turn] | None:
    if (job := picture.job(rng)) is None:
        return None
    start = job.subtask or ("carry" if picture.moment.held == job.task.target else "move to the grasp")
    question = picture.moment.speech.ask("plan", rng, task=job.text)
    return [(question, steps_text(remaining(start, job.task)))]


def _step(picture: Picture, job: Job, rng: np.random.Generator) -> list[Turn]:
    return [(picture.moment.speech.ask("step", rng, task=job.text), step(job.subtask, job.task))]


def _grounded_step(picture: Picture, job: Job, rng: np.random.Generator) -> list[Turn]:
    task = job.task
    target, reference = (
        phrase + box_text(picture.boxes[[index]])
        for phrase, index in ((task.target_phrase, task.target), (task.reference_phrase, task.reference))
    )
    words = f"I {step(job.subtask, task)}."
    answer = {"response": words, "subtask": step(job.subtask, task, target, reference)}
    return [(picture.moment.speech.ask("grounded step", rng, task=job.text), json.dumps(answer))]


def _done(picture: Picture, job: Job, rng: np.random.Generator) -> list[Turn] | None:
    """Yes or no; near the end, where it cannot be told, nothing. Most frames show a task that is not done yet."""
    if job.done and job.subtask == list(stages(job.task))[-1]:
        return [(picture.moment.speech.ask("done", rng, task=job.text), "yes")]
    if job.done or job.subtask not in BEFORE or rng.random() < 0.8:
        return None
    return [(picture.moment.speech.ask("done", rng, task=job.text), "no")]
