"""Questions about a scene and their answers in the picture: what stage 1 learns from.

A *refer* question names one object ("the small red mug"); a *task* question is an instruction. The answers are pixel
labels of one camera, from simulator truth, and can also be written in InternVLA-M1's text formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sightline.core.errors import SightlineError, did_you_mean
from sightline.core.geometry import Array, Camera, resample_path
from sightline.core.types import SceneState, Task
from sightline.language.instructions import TaskSampler, draw_style, shuffled
from sightline.language.referring import PLAIN, STYLES, Phrasebook, instruct
from sightline.language.vocabulary import Wording, pick
from sightline.tasks.goals import place_point
from sightline.tasks.pick_place import nominal_path

TRACE_POINTS = 8
AXIS_HALF_LENGTH = 0.01  # metres: the closing direction is projected as a 2 cm segment
ATTEMPTS = 4  # draws of a question that has not been asked yet, and of a thing that is not there
NONSENSE = 0.15  # share of absent things whose name means nothing
OTHER_KIND = 0.6  # share of absent things of which nothing like it is there
OTHER_COLOUR = 0.4  # share of these whose colour is told
FORMS = ("box", "point", "trace")
OFFICIAL_PROMPT = (  # the spatial prompt of InternVLA-M1
    "Your task is {}. To identify the key objects for your task. Locate their bounding boxes in [x1,y1,x2,y2] format."
)
CHAT: dict[tuple[str, str], str] = {
    ("refer", "box"): "Locate {}. Give its bounding box in [x1,y1,x2,y2] format.",
    ("refer", "point"): "Point to {}. Format the answer as a list of tuples [(x, y)].",
    ("task", "box"): OFFICIAL_PROMPT,
    (
        "task",
        "point",
    ): "Your task is {}. Point to where to grasp and where to place. Format the answer as a list of tuples [(x, y)].",
    (
        "task",
        "trace",
    ): "Your task is {}. Predict the trajectory of the end effector. Format the answer as a list of tuples [(x, y)].",
}


@dataclass(frozen=True)
class Question:
    """One question about a scene.

    Attributes:
        text: a phrase (kind ``refer``) or an instruction (kind ``task``), lower case.
        style: how the target is described, one of referring.STYLES.
        target, reference: indices into SceneState.objects; reference is -1 where there is none, target where the scene
            holds nothing that the words fit.
        landmark: index of the object that the target's words refer to ("the mug left of the bowl": the bowl); -1 where
            there is none or it is not known.
    """

    text: str
    kind: str
    style: str
    target: int
    reference: int
    task: Task | None
    landmark: int = -1


@dataclass
class Answer:
    """Pixel labels of one camera; NaN where not visible or not applicable.

    Attributes:
        target_box, place_box: [4] visible boxes of target and reference (x1, y1, x2, y2).
        target_point: [2] grasp point, also of a handle; for things that are not taken, the projected centre. NaN
            outside the picture.
        target_height: z of that point in the base frame, metres.
        target_axis: [2] (cos 2a, sin 2a), a = angle in the picture of the fingers' closing direction; zeros for
            things that are not picked.
        place_point: [2] where the tool point lets go; NaN outside the picture.
        place_height: its z in the base frame, metres.
        trace: [points,2] the tool point's path, evenly spaced in the picture, starting at the tool. It may leave the
            picture; all NaN when part of it lies behind the camera.
    """

    target_box: Array
    target_point: Array
    target_height: float
    target_axis: Array
    place_box: Array
    place_point: Array
    place_height: float
    trace: Array

    @staticmethod
    def nothing(points: int) -> Answer:
        """What is said of a thing that is not there, with a trace of so many points."""
        box, point, unknown = np.full(4, np.nan), np.full(2, np.nan), float("nan")
        return Answer(box, point, unknown, point, box, point, unknown, np.full((points, 2), np.nan))


class QuestionSampler:
    """Draws questions about one scene; relations, phrases and feasible tasks are worked out once."""

    def __init__(self, scene: SceneState, wording: Wording = PLAIN) -> None:
        self.book = Phrasebook(scene, wording)
        self.tasks = TaskSampler(scene, self.book)

    def sample(self, rng: np.random.Generator, task_share: float) -> Question | None:
        """One question, an instruction with probability ``task_share``; None when nothing can be said."""
        if rng.random() < task_share and (question := self._task(rng)) is not None:
            return question
        return self._refer(rng)

    def absent(self, question: Question, kinds: Sequence[str], rng: np.random.Generator) -> Question | None:
        """The same about something that is not there: another kind of thing, a thing of a kind that is there in a
        colour that it does not have, or a word that means nothing; None where no name was found that fits nothing in
        the scene.

        Args:
            kinds: what there may be elsewhere.
        """
        book = self.book
        here = sorted({info.kind for info in book.graph.objects})
        colours = sorted({info.colour for info in book.graph.objects} - {""})
        if rng.random() < NONSENSE:
            return self._about(f"the {made_up(rng)}", question, rng)
        for _ in range(ATTEMPTS):
            other = not colours or rng.random() < OTHER_KIND
            kind = pick(kinds if other else here, rng)
            colour = pick(colours, rng) if colours and (not other or rng.random() < OTHER_COLOUR) else ""
            name = pick(book.wording.nouns.get(kind, (kind,)), rng)
            if book.matches((kind, colour, "")) or book.matches((name, colour, "")):
                continue
            shade = f"{book.wording.quality(colour, rng)} " if colour else ""
            return self._about(f"the {shade}{name}", question, rng)
        return None

    def _about(self, phrase: str, question: Question, rng: np.random.Generator) -> Question:
        """The question about something else, which is not there."""
        task = question.task
        if task is not None:
            phrase = instruct(task.relation, phrase, task.reference_phrase, rng, self.book.wording)
        return Question(phrase, question.kind, "absent", -1, question.reference, None)

    def _task(self, rng: np.random.Generator) -> Question | None:
        drawn = self.tasks.sample_styled(rng)
        if drawn is None:
            return None
        task = drawn.task
        return Question(task.instruction, "task", drawn.style, task.target, task.reference, task, drawn.landmark)

    def _refer(self, rng: np.random.Generator) -> Question | None:
        first = draw_style(rng)
        numbers = shuffled(list(range(self.book.count)), rng)
        for style in (first, *(other for other in STYLES if other != first)):
            for number in numbers:
                if (spoken := self.book.express(number, style, rng)) is not None:
                    indices, landmark = self.book.graph.indices, self.book.landmark(spoken)
                    other = indices[landmark] if landmark >= 0 else -1
                    return Question(spoken.phrase, "refer", style, indices[number], -1, None, other)
        return None


def sample_questions(
    scene: SceneState,
    count: int,
    rng: np.random.Generator,
    task_share: float = 0.4,
    wording: Wording = PLAIN,
    absent: float = 0.0,
    kinds: Sequence[str] = (),
) -> list[Question]:
    """``count`` questions about a scene in the words of a speaker, all different where possible (none when nothing in
    it can be singled out).

    Args:
        absent: share of them that ask for something of ``kinds`` that is not there.
    """
    sampler = QuestionSampler(scene, wording)
    questions: list[Question] = []
    asked: set[str] = set()
    for _ in range(count):
        question = sampler.sample(rng, task_share)
        for _ in range(ATTEMPTS - 1):
            if question is None or question.text not in asked:
                break
            question = sampler.sample(rng, task_share)
        if question is not None:
            if absent and rng.random() < absent:
                question = sampler.absent(question, kinds, rng) or question
            asked.add(question.text)
            questions.append(question)
    return questions


def made_up(rng: np.random.Generator) -> str:
    """A word of two or three syllables that means nothing."""
    return "".join(pick("bdfgklmnprstvz", rng) + pick("aeiou", rng) for _ in range(2 + int(rng.random() * 2))) + "x"


def answer(
    question: Question,
    scene: SceneState,
    camera: Camera,
    boxes: Array,
    path: Array | None = None,
    place: Array | None = None,
    points: int = TRACE_POINTS,
) -> Answer:
    """The labels of a question in one camera's picture.

    Args:
        boxes: [n,4] visible boxes of all objects in this picture (View.boxes).
        path: [N,3] the tool point's actual path still to come (m, base frame), current tool first; the nominal path
            of the task when None.
        place: [3] where the tool point will let go (m, base frame); where the task's geometry says when None.
        points: number of trace points.
    """
    if question.target < 0:
        return Answer.nothing(points)
    target, info = question.target, scene.objects[question.target]
    picked = info.role == "item"
    anchor = scene.grasp_points[target] if picked or info.is_part else scene.positions[target]
    yaw = float(scene.grasp_yaws[target]) if picked else 0.0
    half = AXIS_HALF_LENGTH * np.array([np.cos(yaw), np.sin(yaw), 0.0])
    world = [anchor, anchor - half, anchor + half]
    if question.task is not None:
        put = place_point(scene, question.task) if place is None else place
        way = nominal_path(scene.tool, anchor, put) if path is None else np.asarray(path, dtype=np.float64)
        world += [put, *way]
    pixels, _ = camera.project(np.array(world))
    seen = np.where(camera.inside(pixels)[:, None], pixels, np.nan)
    result = Answer(
        target_box=np.array(boxes[target], dtype=np.float64),
        target_point=seen[0],
        target_height=float(anchor[2]),
        target_axis=_doubled_angle(pixels[2] - pixels[1]) if picked else np.zeros(2),
        place_box=np.full(4, np.nan),
        place_point=np.full(2, np.nan),
        place_height=float("nan"),
        trace=np.full((points, 2), np.nan),
    )
    if question.task is not None:
        result.place_box = np.array(boxes[question.reference], dtype=np.float64)
        result.place_point, result.place_height = seen[3], float(put[2])
        if np.isfinite(pixels[4:]).all():  # straight segments in space are straight in the picture: corners suffice
            result.trace = resample_path(pixels[4:], points)
    return result


def _doubled_angle(direction: Array) -> Array:
    """(cos 2a, sin 2a) of a direction [2], a being its angle; NaN where it is NaN."""
    dx, dy = float(direction[0]), float(direction[1])
    square = max(dx * dx + dy * dy, 1e-12) if dx == dx else float("nan")
    return np.array([(dx * dx - dy * dy) / square, 2 * dx * dy / square])


def chat_question(question: Question, form: str = "box") -> str:
    """The user's words for the text route.

    Args:
        form: ``box``, ``point`` or (instructions only) ``trace``.

    Raises:
        SightlineError: a form that this kind of question does not have.
    """
    return CHAT[_checked(question, form)].format(question.text)


def text_answer(question: Question, answer: Answer, form: str = "box") -> str:
    """The answer to :func:`chat_question` in InternVLA-M1's formats, integers in pixels of the picture.

    ``box``: "<box>[[x1, y1, x2, y2]]</box>", for an instruction target and reference; ``point``: "[(x, y)]", for an
    instruction grasp and place; ``trace``: "[(x, y), (x, y), ...]". What is not visible is left out of the list.

    Raises:
        SightlineError: a form that this kind of question does not have.
    """
    kind, _ = _checked(question, form)
    if form == "box":
        boxes = [answer.target_box, answer.place_box][: 2 if kind == "task" else 1]
        inner = ", ".join(f"[{', '.join(map(str, row))}]" for row in _visible(boxes))
        return f"<box>[{inner}]</box>"
    if form == "point":
        rows = _visible([answer.target_point, answer.place_point][: 2 if kind == "task" else 1])
    else:
        rows = _visible(answer.trace)
    return f"[{', '.join(f'({x}, {y})' for x, y in rows)}]"


def _visible(rows: Sequence[Array] | Array) -> list[list[int]]:
    return [[round(float(value)) for value in row] for row in rows if np.isfinite(row).all()]


def _checked(question: Question, form: str) -> tuple[str, str]:
    if (question.kind, form) not in CHAT:
        known = [name for kind, name in CHAT if kind == question.kind]
        hint = did_you_mean(form, known)
        raise SightlineError(
            f"A '{question.kind}' question has no answer form '{form}'{hint}; known: {', '.join(known)}."
        )
    return question.kind, form


def vocabulary_sentences(
    kinds: Iterable[str], colours: Iterable[str], speakers: Iterable[Wording] = (PLAIN,)
) -> list[str]:
    """Sentences that together hold every word that questions, instructions and text answers can contain.

    Args:
        kinds, colours: the nouns and adjectives of the objects in use (``ObjectInfo.kind`` and ``.colour``); colours
            may be missing, as in a benchmark whose objects have none with a name.
        speakers: whose words they are.

    Raises SightlineError without any kind.
    """
    kinds, colours = sorted(set(kinds)), sorted(set(colours) - {""})
    if not kinds:
        raise SightlineError("A vocabulary needs at least one object kind; none was given.")
    sentences: list[str] = []
    for words in speakers:
        sentences += _said_by(words, kinds, colours)
    first = f"the {kinds[0]}"
    task = instruct("onto", first, f"the {kinds[-1]}", np.random.default_rng(0))
    sentences += [form.format(task if kind == "task" else first) for (kind, _), form in CHAT.items()]
    numbers = range(0, 224, 7)
    sentences += [f"<box>[[{n}, {n + 1}, {n + 2}, {n + 3}]]</box>" for n in numbers]
    sentences += [f"[({n}, {n + 4}), ({n + 5}, {n + 6})]" for n in numbers]
    return sentences


def _said_by(words: Wording, kinds: Sequence[str], colours: Sequence[str]) -> list[str]:
    """Every name, colour, size, relation and instruction that a speaker uses, in short sentences."""
    first, second = f"the {kinds[0]}", f"the {kinds[-1]}"
    names = sorted({name for kind in kinds for name in words.nouns.get(kind, (kind,))})
    shades = [shade for colour in colours for shade in words.qualities.get(colour, (colour,))]
    sizes = [size for name in ("small", "large") for size in words.qualities.get(name, (name,))]
    sentences = [f"the {size} {shade} {name}" for name in names for size in sizes for shade in shades or sizes]
    sentences += [f"the {shade} {noun}" for shade in shades for noun in words.things]
    relations = [word for forms in words.relations.values() for word in forms]
    sentences += [f"{first} {link}{word} {second}" for word in relations for link in ("", *words.links)]
    ranked = [form for forms in words.ranked.values() for form in forms]
    sentences += [form.format(noun, second) for form in ranked for noun in (kinds[0], *words.things)]
    tasks = [form for forms in words.instructions.values() for form in forms]
    return sentences + [form.format(first, f"the {name}") for form in tasks for name in names[:: 1 + len(tasks) // 64]]
