"""Planner: System 2 on its own, in pixels of the user's pictures. Ask it where to act, or chat with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.core.config import to_dict
from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import Grounding
from sightline.data.answers import grounding_in_words, parse_boxes, parse_points, to_original
from sightline.language.questions import CHAT, FORMS
from sightline.language.styles import is_instruction
from sightline.models.grounding.confidence import calibrated
from sightline.models.grounding.pointing import read_pointing
from sightline.models.grounding.recognition import Recognised, recognise
from sightline.models.grounding.shifts import SHIFTS, agreed, moved_back, shifted
from sightline.models.normalisation import fit_picture
from sightline.models.pretrained import read_parts
from sightline.models.system import DualSystem
from sightline.models.vlm.chat import ChatEncoder, answer
from sightline.models.vlm.prompts import Packer, Prompt, refer_prompt, task_prompt
from sightline.models.vlm.tokenizer import WordTokenizer

AGREE = 0.05  # sides of the picture within which two looks point at the same thing
ANSWER_TOKENS = 128  # that an answer in words may take


class Planner:
    """The vision-language planner of a dual system, with words and pictures instead of tensors."""

    def __init__(self, system: DualSystem, tokenizer: WordTokenizer) -> None:
        self.system, self.tokenizer = system.eval(), tokenizer
        tokenizer.require_ids(to_dict(system.config.planner.ids))
        self.packer = Packer(tokenizer, system.config.planner, system.config.querying.attend_padding)

    @cached_property
    def encoder(self) -> ChatEncoder:
        """Conversations to tokens and patches. Raises SightlineError where there is no tokenizer."""
        return ChatEncoder(self.tokenizer, self.system.config)

    @staticmethod
    def from_pretrained(source: Path | str, device: str = "cpu") -> Planner:
        """The planner of a policy or stage-1 checkpoint (folder, run folder, or the name of a shipped one)."""
        parts = read_parts(source, device)
        return Planner(parts.system, parts.tokenizer)

    def ground(self, image: NDArray[np.uint8], text: str, camera: Camera | None = None) -> Grounding:
        """Where to act in one picture [H,W,3] uint8, with the answer in words in ``text``: the planner's own,
        or, of one with a pointer, what it points at, or that there is nothing to point at.

        An instruction ("put the mug on the plate") yields target, reference, place and trace; a phrase ("the red mug")
        the target alone. Boxes and points are in pixels of ``image``; those in the words are as the model writes them
        (PictureFormat.written_size): for the official model, in pixels of the picture as it is seen. A planner without
        a pointer is asked in words: what its answers do not hold is missing, and nothing has a confidence.

        Args:
            camera: calibration of the picture where it is known: "left" and "nearest the robot" are meant in the
                robot's frame.
        """
        if not self.system.config.grounding.pointer:
            return self.ground_in_words(image, text)
        grounding = self.ground_batch([image], [text], None if camera is None else [camera])[0]
        grounding.text = grounding_in_words(grounding)
        return grounding

    @torch.inference_mode()
    def ground_batch(
        self, images: Sequence[NDArray[np.uint8]], texts: Sequence[str], cameras: Sequence[Camera] | None = None
    ) -> list[Grounding]:
        """:meth:`ground` for many pictures at once, by a pointer without the words.

        Questions about one picture, the same array several times, are packed: the picture is encoded once.
        """
        config = self.system.config
        if not config.grounding.pointer:
            return [self.ground_in_words(image, text) for image, text in zip(images, texts, strict=True)]
        if config.guidance != "spatial":
            raise SightlineError("This policy was trained with --guidance none: it cannot say where it acts.")
        prompts, side, device = [grounding_prompt(text) for text in texts], config.planner.image_size, self.device
        asked: dict[int, list[int]] = {}  # numbers of the questions about each picture
        for number, image in enumerate(images):
            asked.setdefault(id(image), []).append(number)
        first = [numbers[0] for numbers in asked.values()]
        pictures = torch.from_numpy(np.stack([fit_picture(images[n], side) for n in first]))[:, None].to(device)
        tokens = self.packer.pack([[prompts[n] for n in numbers] for numbers in asked.values()], 1).to(device)
        vectors = None
        if cameras is not None:
            vectors = torch.from_numpy(np.stack([cameras[n].to_vector() for n in first]))[:, None].to(device)
        looks: list[list[Grounding]] = [[] for _ in images]
        for right, down in ((0, 0), *SHIFTS[: config.grounding.looks]):
            pointing = self.system.see(shifted(pictures, right, down), tokens, vectors).pointing
            assert pointing is not None
            pointing = moved_back(pointing, [(right, down)], side)
            for row, numbers in enumerate(asked.values()):
                for slot, n in enumerate(numbers):
                    size, wanted = images[n].shape[:2], prompts[n].readouts
                    looks[n].append(read_pointing(pointing, row, size, config.cameras[0], wanted, slot))
        near = [AGREE * np.array([image.shape[1], image.shape[0]]) for image in images]
        return [calibrated(agreed(*pair), config.grounding) for pair in zip(looks, near, strict=True)]

    @torch.inference_mode()
    def describe(self, image: NDArray[np.uint8]) -> list[Recognised]:
        """What the planner sees in a picture [H,W,3] uint8, whatever is asked: kinds, colours and boxes of the things.

        Raises SightlineError where it answers in words alone.
        """
        config = self.system.config
        if not config.points:
            raise SightlineError("This planner recognises things by talking about them alone: chat with it instead.")
        picture = torch.from_numpy(np.array(fit_picture(image, config.planner.image_size)))[None, None].to(self.device)
        tokens = self.packer.pack([[refer_prompt("the object")]], 1).to(self.device)
        pointing = self.system.see(picture, tokens).pointing
        assert pointing is not None
        names = config.grounding
        return recognise(pointing.dense, 0, image.shape[:2], names.kinds, names.colours)

    def chat(self, images: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], text: str, max_tokens: int = 48) -> str:
        """The planner's greedy answer in words to a question about pictures [H,W,3] uint8 of any sizes (one, several or
        none). They come before the text, unless it says with ``<image>`` where each belongs.

        Boxes and points in the answer lie between 0 and PictureFormat.written_size of each picture.
        """
        pictures = [images] if isinstance(images, np.ndarray) else list(images)
        return answer(self.system.planner, self.tokenizer, [self.encoder.question(pictures, text)], max_tokens)[0]

    def ground_in_words(self, image: NDArray[np.uint8], text: str) -> Grounding:
        """:meth:`ground` by asking for box, point and, of an instruction, trace, and reading the answers."""
        task = asks_to_act(text)
        kind, said = ("task" if task else "refer"), text.strip().rstrip(".!").lower()
        forms = FORMS if task else FORMS[:2]
        questions = [self.encoder.question([image], CHAT[kind, form].format(said)) for form in forms]
        answers = answer(self.system.planner, self.tokenizer, questions, ANSWER_TOKENS)
        grounding = Grounding(self.system.config.cameras[0], text="\n".join(answers))
        original = image.shape[0], image.shape[1]
        written = self.encoder.pictures.written_size(*original)
        boxes, points, traces = answers[0], answers[1], answers[2:]
        for role, found in zip(("target", "reference")[: 1 + task], parse_boxes(boxes, written), strict=False):
            grounding.boxes[role] = to_original(found.box, written, original)
            # The middle of its box stands for what no point was asked for, or given.
            grounding.points[role] = grounding.boxes[role].reshape(2, 2).mean(0)
        for role, point in zip(("target", "place")[: 1 + task], parse_points(points, written), strict=False):
            grounding.points[role] = to_original(point, written, original)
        for trace in traces:
            grounding.trace = to_original(parse_points(trace, written), written, original)
        return grounding

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.system.parameters()).device


def grounding_prompt(text: str) -> Prompt:
    """What is asked about a text: all of an instruction, or the one object that a phrase names."""
    return task_prompt(text, guided=True) if asks_to_act(text) else refer_prompt(text)


def asks_to_act(text: str) -> bool:
    """Whether a text is an instruction. Raises SightlineError where it is empty."""
    if not text.strip():
        raise SightlineError("There is no text to ground; say what to look for, for example 'the red mug'.")
    return is_instruction(text)
