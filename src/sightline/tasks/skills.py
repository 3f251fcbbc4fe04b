"""The skills: all that is true of each, in one record. What else knows of skills asks these records.

To put things somewhere is no skill but what every task does that is none (:mod:`sightline.tasks.pick_place`). A new
skill is a record here, and a file in ``engine/expert`` that says how the robot does it and where a scene offers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sightline.core.geometry import Array
from sightline.core.types import SceneState, Task
from sightline.tasks.parts import on_top, opening, rests_on, slid, swung
from sightline.tasks.scene_graph import REST

OPEN, CLOSED = 0.7, 0.12  # shares of its way from which a part counts as open, or up to which as closed
PULLED, PUSHED = 0.95, 0.02  # shares to which the robot brings a drawer
LIFTED, LOWERED = 0.82, 0.02  # the same for a lid
PRESSED = 0.6  # share of its way from which a button counts as pressed


@dataclass(frozen=True)
class Skill:
    """Something that a robot can do besides putting things somewhere.

    Attributes:
        relation: its name in a Task.
        kind: the kind of tasks that it belongs to (see ``sightline.tasks.kinds``).
        target: role of what it acts on.
        reference: role of what the target is brought to; empty where that is the fixture which the target is a part
            of and which words need not name.
        plain, train, unseen: sentences with the target and, where words name it, the reference: those that shipped
            models know, the further ones of rich language, and those held out of it.
        stages: what the robot does one after the other, in words: {t} the target, {r} the reference.
        work: the stage that does the job.
        endings: stages with which an episode may end: whoever reaches the goal in another one does so by accident.
        holds: whether a scene is as a task wants it to be, whatever has brought that about.
        moved: whether, between a first and a present scene, the target has gone far enough for that to be the robot's
            doing.
        place_point: [3] where the tool lets go (m, base frame); NaN where it lets nothing go.
        missed, short: what is said of an attempt that hardly moved the target, or not far enough; empty for what is
            picked up, of which the judge of pick-and-place speaks.
        kept: whether it counts while the hand still acts, instead of after it has left.
    """

    relation: str
    kind: str
    target: str
    reference: str
    plain: tuple[str, ...]
    train: tuple[str, ...]
    unseen: tuple[str, ...]
    stages: Mapping[str, str]
    work: str
    endings: tuple[str, ...]
    holds: Callable[[SceneState, Task], bool]
    moved: Callable[[SceneState, SceneState, Task], bool]
    place_point: Callable[[SceneState, Task], Array]
    missed: str = ""
    short: str = ""
    kept: bool = False

    @property
    def acts_on_part(self) -> bool:
        """Whether the target is a part of a fixture, rather than a loose thing."""
        return not self.reference


def _share(scene: SceneState, task: Task) -> float:
    return opening(scene, task.target)


def _swept(started: SceneState, scene: SceneState, task: Task) -> bool:
    return abs(_share(scene, task) - _share(started, task)) > CLOSED


def _carried(started: SceneState, scene: SceneState, task: Task) -> bool:
    return float(np.linalg.norm(scene.positions[task.target] - started.positions[task.target])) > REST


def _handle(work: str, done: str) -> dict[str, str]:
    """The stages of what is done to a part by its handle."""
    return {
        "move to the grasp": "reach for the handle of {t}",
        "grasp": "grasp the handle of {t}",
        work: done,
        "let go": "let go of the handle of {t}",
        "retreat": "move away from {t}",
    }


BY_HANDLE = ("grasp", "let go", "retreat")

STACK = Skill(
    relation="stack",
    kind="stack",
    target="item",
    reference="item",
    plain=(
        "stack {} on {}",
        "stack {} on top of {}",
        "put {} on top of {}",
        "place {} on top of {}",
        "set {} on top of {}",
    ),
    train=("stack {} on {}", "stack {} on top of {}", "put {} on top of {}"),
    unseen=("pile {} on {}", "pile {} onto {}"),
    stages={
        "move to the grasp": "reach for {t}",
        "grasp": "grasp {t}",
        "lift": "lift {t}",
        "carry": "carry {t} to {r}",
        "place": "put {t} on top of {r}",
        "retreat": "let go of {t} and move away",
    },
    work="carry",
    endings=("grasp", "place", "retreat"),
    holds=lambda scene, task: rests_on(scene, task.target, task.reference),
    moved=_carried,
    place_point=lambda scene, task: on_top(scene, task.target, task.reference),
)
OPEN_DRAWER = Skill(
    relation="open",
    kind="drawer",
    target="drawer",
    reference="",
    plain=("open {}", "pull open {}", "pull {} open", "slide {} open"),
    train=("open {}", "pull {} open", "slide {} open"),
    unseen=("draw {} open", "draw out {}"),
    stages=_handle("pull", "pull {t} open"),
    work="pull",
    endings=BY_HANDLE,
    holds=lambda scene, task: _share(scene, task) >= OPEN,
    moved=_swept,
    place_point=lambda scene, task: slid(scene, task.target, PULLED),
    missed="handle missed",
    short="drawer not far enough",
)
CLOSE_DRAWER = Skill(
    relation="close",
    kind="drawer",
    target="drawer",
    reference="",
    plain=("close {}", "shut {}", "push {} shut", "slide {} shut"),
    train=("close {}", "shut {}", "push {} shut"),
    unseen=("slide {} closed", "slide {} in"),
    stages=_handle("push", "push {t} shut"),
    work="push",
    endings=BY_HANDLE,
    holds=lambda scene, task: _share(scene, task) <= CLOSED,
    moved=_swept,
    place_point=lambda scene, task: slid(scene, task.target, PUSHED),
    missed="handle missed",
    short="drawer not far enough",
)
PRESS = Skill(
    relation="press",
    kind="button",
    target="button",
    reference="",
    plain=("press {}", "push {}", "push down {}", "press down {}"),
    train=("press {}", "push {}", "press down {}"),
    unseen=("hit {}", "press {} down"),
    stages={"move above the button": "move closed fingers above {t}", "press": "press {t} down"},
    work="press",
    endings=("press",),
    holds=lambda scene, task: _share(scene, task) >= PRESSED,
    moved=lambda started, scene, task: True,  # it comes up again by itself: down is down
    place_point=lambda scene, task: np.full(3, np.nan),
    missed="button missed",
    short="button missed",
    kept=True,
)
OPEN_LID = Skill(
    relation="open lid",
    kind="lid",
    target="lid",
    reference="",
    plain=("open {}", "lift {}", "lift up {}", "raise {}"),
    train=("open {}", "lift {}", "pull up {}"),
    unseen=("flip {} open", "swing {} up"),
    stages=_handle("swing", "lift {t}"),
    work="swing",
    endings=BY_HANDLE,
    holds=lambda scene, task: _share(scene, task) >= OPEN,
    moved=_swept,
    place_point=lambda scene, task: swung(scene, task.target, LIFTED),
    missed="handle missed",
    short="lid not far enough",
)
CLOSE_LID = Skill(
    relation="close lid",
    kind="lid",
    target="lid",
    reference="",
    plain=("close {}", "shut {}", "lower {}"),
    train=("close {}", "shut {}", "put down {}"),
    unseen=("flip {} shut", "swing {} down"),
    stages=_handle("swing", "lower {t}"),
    work="swing",
    endings=BY_HANDLE,
    holds=lambda scene, task: _share(scene, task) <= CLOSED,
    moved=_swept,
    place_point=lambda scene, task: swung(scene, task.target, LOWERED),
    missed="handle missed",
    short="lid not far enough",
)

SKILLS: dict[str, Skill] = {
    skill.relation: skill for skill in (STACK, OPEN_DRAWER, CLOSE_DRAWER, PRESS, OPEN_LID, CLOSE_LID)
}
