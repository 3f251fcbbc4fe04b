"""What is known of a picture when questions about it are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array, Camera
from sightline.core.types import RELATIONS, SceneState, Task
from sightline.engine.generation.object_shapes import TILT, Bodies, excess, whole_boxes
from sightline.engine.vqa.formats import within
from sightline.engine.vqa.templates import TEMPLATES
from sightline.language.instructions import TaskSampler, draw_style
from sightline.language.paraphrases import PLACES, imperative, listener, wording
from sightline.language.parsing import landmarks, things_meant
from sightline.language.referring import Expression, Phrasebook, describe, instruct, label_names
from sightline.language.vocabulary import Wording, pick
from sightline.tasks.scene_graph import AXES

Turn = tuple[str, str]
"""A question and its answer."""

SEEN = 6e-4  # share of the picture's pixels from which an object counts as seen (30 of 224 x 224)
SHOWS = 0.2  # share of its own size in the picture, roughly: slivers at the picture's edge cannot be recognised
FACING = 0.8  # cosine of the angle up to which the picture's directions are those of the words
APART = 0.4  # metres between a camera that stands apart and the tool
AT_GRASP, OPEN = 0.02, 0.075  # metres: the tool is at an object's grasp point, the fingers are open
OWN_SHARE = 0.5  # of the task questions about a demonstration that are about its own task
RETRIES = 4


@dataclass(frozen=True)
class Speech:
    """How questions are worded: ``language`` and ``phrasing`` as in :mod:`sightline.language.paraphrases`."""

    language: str = "rich"
    phrasing: str = "train"

    @cached_property
    def words(self) -> Wording:
        """Words for things and tasks; instructions begin with a verb."""
        return imperative(wording(self.language, self.phrasing))

    def ask(self, key: str, rng: np.random.Generator, **gaps: object) -> str:
        """A question in words. Plain language has one sentence for each."""
        forms = TEMPLATES[key][self.phrasing == "unseen"]
        return (forms[0] if self.language == "plain" else pick(forms, rng)).format(**gaps)


@dataclass
class Job:
    """A task to ask about.

    Attributes:
        text: the instruction.
        path: [N,3] the tool point's way from now to the end of the demonstration; None for tasks that nobody has done.
        subtask: what the robot is doing; empty for tasks that nobody has done.
        done: whether the goal holds; None when that is not clear.
    """

    text: str
    task: Task
    path: Array | None = None
    subtask: str = ""
    done: bool | None = None


@dataclass
class Moment:
    """One frame of a dataset: its scene and all that language knows of it, shared by the frame's pictures.

    ``own`` is the demonstration's task, None in a slide show; ``bodies`` are only needed where shapes are asked about.
    """

    scene: SceneState
    speech: Speech
    own: Job | None = None
    bodies: Bodies | None = None

    @cached_property
    def book(self) -> Phrasebook:
        """The phrases for its objects."""
        return Phrasebook(self.scene, self.speech.words)

    @cached_property
    def tasks(self) -> TaskSampler:
        """The tasks that are possible in it."""
        return TaskSampler(self.scene, self.book)

    @cached_property
    def local(self) -> dict[int, int]:
        """Index in the scene -> number in the scene graph."""
        return {index: number for number, index in enumerate(self.book.graph.indices)}

    @cached_property
    def held(self) -> int:
        """Index of the object between the fingers, -1 when there is none."""
        scene = self.scene
        apart = np.linalg.norm(scene.grasp_points - scene.tool, axis=1)
        near = np.flatnonzero(scene.present & (apart < AT_GRASP))
        return int(near[0]) if len(near) and scene.gripper_width < OPEN else -1

    @cached_property
    def own_words_hold(self) -> bool:
        """Whether the words of the demonstration's task single out its two things at this moment too."""
        if self.own is None:
            return False
        task, scene = self.own.task, self.scene
        return things_meant(task.target_phrase, scene) == {task.target} and things_meant(
            task.reference_phrase, scene
        ) == {task.reference}

    @cached_property
    def own_landmarks(self) -> set[int]:
        """Indices of the other objects that the words of the demonstration's task speak of."""
        if self.own is None:
            return set()
        phrases = (self.own.task.target_phrase, self.own.task.reference_phrase)
        return set().union(*(landmarks(phrase, self.scene) for phrase in phrases))

    @cached_property
    def labels(self) -> dict[int, str]:
        """Index -> the plain name that answers use, with its colour; only objects that such a name singles out."""
        named = {}
        for index, number in self.local.items():
            info, bit = self.scene.objects[index], 1 << number
            printed = ((name, "", "") for name in label_names(info.kind, info.label))
            for wanted in ((info.kind, info.colour, ""), (info.kind, info.colour, info.size), *printed):
                if self.book.matches(wanted) == bit and (not wanted[2] or info.size != "medium"):
                    named[index] = f"the {describe(*wanted)}"
                    break
        return named


@dataclass(eq=False)
class Picture:
    """One camera's picture of a moment. Pixels are those of the stored picture; n = objects.

    Attributes:
        boxes: [n,4] visible boxes.
        ids: [H,W] instance map.
    """

    moment: Moment
    camera: Camera
    boxes: Array
    ids: NDArray[np.uint8]

    @property
    def scene(self) -> SceneState:
        """The scene that the picture shows."""
        return self.moment.scene

    @cached_property
    def seen(self) -> list[int]:
        """Indices of the objects that show enough to be asked about."""
        pixels = np.bincount(self.ids.ravel(), minlength=len(self.boxes) + 1)[1 : len(self.boxes) + 1]
        boxed = np.isfinite(self.boxes).all(1) & (pixels >= SEEN * self.ids.size)
        _, depth = self.camera.project(self.scene.positions)
        sizes = np.array([2 * info.radius * max(info.height, info.radius) for info in self.scene.objects])
        expected = sizes * (self.camera.focal / np.maximum(depth, 1e-3)) ** 2
        area = (self.boxes[:, 2:] - self.boxes[:, :2]).prod(1)
        return [index for index in np.flatnonzero(boxed).tolist() if area[index] >= SHOWS * expected[index]]

    @cached_property
    def named(self) -> list[int]:
        """Those of them that a plain name singles out."""
        return [index for index in self.seen if index in self.moment.labels]

    @cached_property
    def faces_robot(self) -> bool:
        """Whether left, right, front and behind are left, right, near and far in this picture."""
        right, down = self.camera.pose[1, 0], self.camera.pose[:2, 1]
        return bool(right > FACING and down[0] > 0 and down[0] > FACING * float(np.hypot(*down)))

    @cached_property
    def stands_apart(self) -> bool:
        """Whether the camera is away from the gripper, so that only the table and what is on it fill the picture."""
        return bool(np.linalg.norm(self.camera.pose[:3, 3] - self.scene.tool) > APART)

    @cached_property
    def whole(self) -> Array:
        """[n,4] amodal boxes of the objects that stand upright; NaN for others and where part is behind the camera."""
        assert self.moment.bodies is not None
        boxes = whole_boxes(self.scene, self.camera, self.moment.bodies)
        with np.errstate(invalid="ignore"):
            boxes[excess(self.boxes, boxes) > TILT * self.camera.width / 224] = np.nan
        return boxes

    def refer(self, rng: np.random.Generator, among: Sequence[int] | None = None) -> tuple[str, int] | None:
        """A phrase and the object that it singles out: one that is seen, or one of ``among``."""
        options = self.seen if among is None else among
        for _ in range(RETRIES if options else 0):
            index = pick(options, rng)
            spoken = self.express(index, draw_style(rng), rng) or self.express(index, "attribute", rng)
            if spoken is not None:
                return spoken.phrase, index
        return None

    def express(self, index: int, style: str, rng: np.random.Generator) -> Expression | None:
        """Words for an object that hold in this picture and speak of nothing that it does not show."""
        spoken = self.moment.book.express(self.moment.local[index], style, rng)
        if spoken is None or not self._says(spoken.phrase):
            return None
        return spoken if self.moment.tasks.landmark(spoken) in (-1, *self.seen) else None

    def job(self, rng: np.random.Generator, own_only: bool = False) -> Job | None:
        """A task whose words hold in this picture and speak of nothing that it does not show; None when there is none.

        Args:
            own_only: the demonstration's own task, for questions about its course: its words held when it began.
        """
        own = self.moment.own
        if own is not None and (own_only or rng.random() < OWN_SHARE):
            job = self._reworded(own, rng)
            fits = own_only or self.moment.own_words_hold
            return job if fits and self._shows(job, *self.moment.own_landmarks) else None
        for _ in range(0 if own_only else RETRIES):
            drawn = self.moment.tasks.sample_styled(rng, RELATIONS if self.faces_robot else ("into", "onto"))
            if drawn is None or self.moment.held not in (-1, drawn.task.target):
                continue
            job = Job(drawn.task.instruction, drawn.task)
            if self._shows(job, drawn.landmark, drawn.reference_landmark):
                return job
        return None

    def _reworded(self, job: Job, rng: np.random.Generator) -> Job:
        """The same task in a sentence of this speech; the words for the things stay those of the demonstration."""
        if self.moment.speech.language == "plain":
            return job
        task = job.task
        text = instruct(task.relation, task.target_phrase, task.reference_phrase, rng, self.moment.speech.words)
        return replace(job, text=text)

    def _shows(self, job: Job, *landmarks: int) -> bool:
        """Whether all things of a task are seen and its words for directions agree with the picture."""
        things = {job.task.target, job.task.reference, *landmarks} - {-1}
        return things <= set(self.seen) and self._says(job.text)

    def _says(self, text: str) -> bool:
        """Whether the words for directions in a text, if any, agree with this picture."""
        return self.faces_robot or not has_direction(text)

    def spot_on(self, index: int) -> tuple[int, int]:
        """(x, y) of a visible pixel of an object: its grasp point or centre where that shows, else the nearest one."""
        scene = self.scene
        anchor = scene.grasp_points[index] if scene.objects[index].role == "item" else scene.positions[index]
        pixel, _ = self.camera.project(anchor)
        x1, y1, x2, y2 = self.boxes[index].astype(int)
        rows, columns = np.nonzero(self.ids[y1:y2, x1:x2] == index + 1)
        aim = pixel if np.isfinite(pixel).all() else np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        nearest = np.argmin((columns + x1 + 0.5 - aim[0]) ** 2 + (rows + y1 + 0.5 - aim[1]) ** 2)
        return int(columns[nearest] + x1), int(rows[nearest] + y1)

    def inside(self, points: Array) -> bool:
        """Whether all points [...,2] lie in the picture."""
        return bool(self.camera.inside(points).all())

    def framed(self, box: Array) -> Array | None:
        """[4] a box in whole pixels, None where it is unknown or leaves the picture."""
        if not np.isfinite(box).all() or not self.inside(box.reshape(2, 2) - [[0, 0], [1e-6, 1e-6]]):
            return None
        return within(box, self.camera)


@cache
def _direction_words() -> tuple[str, ...]:
    """What is only true as the front camera sees it."""
    words = listener()
    said = [word for axis in AXES for word in (*words.relations[axis], *PLACES[axis][0], *PLACES[axis][1])]
    ranked = [form for name in ("leftmost", "rightmost", "frontmost", "backmost") for form in words.ranked[name]]
    return tuple(dict.fromkeys(said + [part.strip() for form in ranked for part in form.split("{}") if part != "the "]))


def has_direction(text: str) -> bool:
    """Whether a phrase or an instruction speaks of left, right, front or behind."""
    return any(word and word in text for word in _direction_words())
