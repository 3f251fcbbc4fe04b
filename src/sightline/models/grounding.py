"""Planner: System 2 on its own, in pixels of the user's pictures. Ask it where to act, or chat with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import Grounding
from sightline.models.looks import SHIFTS, agreed, moved_back, shifted
from sightline.models.pointing import ROLES, Pointing
from sightline.models.prompts import BOX_QUESTION, Packer, Prompt, refer_prompt, task_prompt
from sightline.models.system import DualSystem
from sightline.models.tokenizer import WordTokenizer
from sightline.models.transforms import fit_picture

AGREE = 0.05  # sides of the picture within which two looks point at the same thing
COMMANDS = ("put", "place", "move", "set", "bring", "take", "pick", "drop", "lay", "push", "stack")


class Planner:
    """The vision-language planner of a dual system, with words and pictures instead of tensors."""

    def __init__(self, system: DualSystem, tokenizer: WordTokenizer, packer: Packer) -> None:
        self.system, self.tokenizer, self.packer = system, tokenizer, packer

    @staticmethod
    def from_pretrained(source: Path | str, device: str = "cpu") -> Planner:
        """The planner of a policy or stage-1 checkpoint (folder, run folder, or the name of a shipped one)."""
        from sightline.models.policy import Policy

        return Policy.from_pretrained(source, device).planner

    def ground(self, image: NDArray[np.uint8], text: str, camera: Camera | None = None) -> Grounding:
        """Where to act in one picture [H,W,3] uint8, with the planner's own words in ``text``.

        An instruction ("put the mug on the plate") yields target, reference, place and trace; a phrase ("the red mug")
        the target alone. Boxes and points are in pixels of ``image``; those in the words are in pixels of the picture
        as the model sees it, as in the official model.

        Args:
            camera: calibration of the picture where it is known: "left" and "nearest the robot" are meant in the
                robot's frame.
        """
        grounding = self.ground_batch([image], [text], None if camera is None else [camera])[0]
        grounding.text = self.chat(image, BOX_QUESTION.format(text.lower()))
        return grounding

    @torch.inference_mode()
    def ground_batch(
        self, images: Sequence[NDArray[np.uint8]], texts: Sequence[str], cameras: Sequence[Camera] | None = None
    ) -> list[Grounding]:
        """:meth:`ground` for many pictures at once, without the words.

        Questions about one picture, the same array several times, are packed: the picture is encoded once.
        """
        config = self.system.config
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
            pointing = moved_back(pointing, right, down, side)
            for row, numbers in enumerate(asked.values()):
                for slot, n in enumerate(numbers):
                    size, wanted = images[n].shape[:2], prompts[n].readouts
                    looks[n].append(read_pointing(pointing, row, size, config.cameras[0], wanted, slot))
        return [
            agreed(found, AGREE * np.array([image.shape[1], image.shape[0]]))
            for found, image in zip(looks, images, strict=True)
        ]

    @torch.inference_mode()
    def chat(self, image: NDArray[np.uint8], question: str, max_tokens: int = 48) -> str:
        """The planner's greedy answer in words to a question about one picture."""
        side = self.system.config.planner.image_size
        picture = torch.from_numpy(fit_picture(image, side).copy())[None, None].to(self.device)
        tokens = self.packer.pack([[Prompt(question)]], 1, pad_to=1).to(self.device)
        return self.tokenizer.decode(self.system.planner.chat(picture, tokens, max_tokens)).strip()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.system.parameters()).device


def grounding_prompt(text: str) -> Prompt:
    """An instruction starts with a verb of COMMANDS; everything else is a phrase that names an object."""
    words = text.lower().split()
    if not words:
        raise SightlineError("There is no text to ground; say what to look for, for example 'the red mug'.")
    return task_prompt(text, guided=True) if words[0] in COMMANDS else refer_prompt(text)


def read_pointing(
    pointing: Pointing, row: int, size: tuple[int, ...], camera: str, readouts: Sequence[str] = (*ROLES, "trace"),
    question: int = 0,
) -> Grounding:  # fmt: skip
    """One question's predictions for one sample in the first view, in pixels of a picture of ``size`` (H, W)."""
    scale = np.array([size[1], size[0]], dtype=np.float64)
    grounding = Grounding(camera)
    visible = pointing.visible[row, question, :, 0].sigmoid().tolist()
    for index, role in enumerate(ROLES):
        if role not in readouts:
            continue
        grounding.points[role] = pointing.points[row, question, index, 0].double().cpu().numpy() * scale
        grounding.confidence[role] = visible[index]
        if role != "place":
            grounding.boxes[role] = pointing.boxes[row, question, index, 0].double().cpu().numpy() * np.tile(scale, 2)
    if "trace" in readouts:
        grounding.trace = pointing.traces[row, question].double().cpu().numpy() * scale
    return grounding
