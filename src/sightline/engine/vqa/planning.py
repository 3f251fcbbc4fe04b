"""Questions about the course of a task: what is left to do, what is happening, whether it is done."""

from __future__ import annotations

import json

import numpy as np

from sightline.core.types import Task
from sightline.engine.vqa.formats import box_text, steps_text
from sightline.engine.vqa.picture import Job, Picture, Turn

# What each stage of engine.expert.SUBTASKS is in words: {t} the target, {r} the reference.
STEPS: dict[str, str] = {
    "move to the grasp": "reach for {t}",
    "grasp": "grasp {t}",
    "lift": "lift {t}",
    "carry": "carry {t} to {r}",
    "place": "put {t} {p} {r}",
    "retreat": "let go of {t} and move away",
}
PART_STEPS: dict[str, dict[str, str]] = {  # the same for what is done to the part of a fixture
    "open": {
        "move to the grasp": "reach for the handle of {t}",
        "grasp": "grasp the handle of {t}",
        "pull": "pull {t} open",
        "let go": "let go of the handle of {t}",
        "retreat": "move away from {t}",
    },
    "close": {
        "move to the grasp": "reach for the handle of {t}",
        "grasp": "grasp the handle of {t}",
        "push": "push {t} shut",
        "let go": "let go of the handle of {t}",
        "retreat": "move away from {t}",
    },
    "press": {"move above the button": "move closed fingers above {t}", "press": "press {t} down"},
}
PLACED = {
    "into": "into",
    "onto": "on",
    "left": "to the left of",
    "right": "to the right of",
    "front": "in front of",
    "behind": "behind",
    "stack": "on top of",
}
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
    place = PLACED.get(task.relation, "")
    words = {"t": target or task.target_phrase, "r": reference or task.reference_phrase, "p": place}
    return steps_of(task)[subtask].format(**words)


def steps_of(task: Task) -> dict[str, str]:
    """What each stage of a task is in words, in their order."""
    return PART_STEPS.get(task.relation, STEPS)


def remaining(subtask: str, task: Task) -> list[str]:
    """The steps of a task from a stage on, the present one first; only this one names the target."""
    stages = list(steps_of(task))
    first, *later = stages[stages.index(subtask) :]
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
    if job.done and job.subtask == list(steps_of(job.task))[-1]:
        return [(picture.moment.speech.ask("done", rng, task=job.text), "yes")]
    if job.done or job.subtask not in BEFORE or rng.random() < 0.8:
        return None
    return [(picture.moment.speech.ask("done", rng, task=job.text), "no")]
