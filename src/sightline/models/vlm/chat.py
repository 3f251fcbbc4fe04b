"""Conversations as planner input: turns with pictures of any size, to learn from and to answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.errors import SightlineError, require_known
from sightline.data.answers import require_unit, text_to_seen
from sightline.data.conversation_record import MARK, Conversation, Turn
from sightline.models.config import SystemConfig
from sightline.models.vlm import backbone, picture_format
from sightline.models.vlm.base import PlannerStates, TokenBatch, VisionLanguageModel
from sightline.models.vlm.images import Patches, checked_size
from sightline.models.vlm.prompts import system_turn
from sightline.models.vlm.tokenizer import (
    END,
    IMAGE_PAD,
    PAD,
    PLACE_MARKS,
    READOUTS,
    START,
    VISION_END,
    VISION_START,
    WordTokenizer,
)

Picture = NDArray[np.uint8]

IGNORED = -100
# LLaVA writes a line break between a picture that comes first and the words; the chat format has none.
_LEADING = re.compile(rf"(?:{re.escape(MARK)}\s*)+")


@dataclass
class ChatSample:
    """One conversation of L tokens.

    Attributes:
        ids: [L] token ids.
        labels: [L] next-token targets aligned with the token they are predicted from, IGNORED = none.
        positions: [3,L] see TokenBatch.
        image_mask: [L] True at visual tokens.
        patches: of each picture, in the order of their visual tokens.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    positions: NDArray[np.int64]
    image_mask: NDArray[np.bool_]
    patches: list[Patches]


@dataclass
class ChatBatch:
    """Conversations padded to one length.

    Attributes:
        tokens: see TokenBatch; everything is of segment 0, without readouts.
        pixels: [patches of all pictures, values] float32, None without pictures.
        grids: [pictures,3] patches in time, height and width, None without pictures.
    """

    tokens: TokenBatch
    pixels: Tensor | None
    grids: Tensor | None


@dataclass
class _Line:
    """Tokens put one after the other, with what is known about each."""

    ids: list[int] = field(default_factory=list)
    learned: list[bool] = field(default_factory=list)
    image_mask: list[bool] = field(default_factory=list)
    positions: list[NDArray[np.int64]] = field(default_factory=list)
    next_position: int = 0
    pictures: int = 0

    def words(self, ids: Sequence[int], learned: bool = False) -> None:
        """Tokens of text: their three positions are equal and count up."""
        self.ids += ids
        self.learned += [learned] * len(ids)
        self.image_mask += [False] * len(ids)
        self.positions.append(np.tile(self.next_position + np.arange(len(ids)), (3, 1)))
        self.next_position += len(ids)

    def picture(self, pad: int, positions: NDArray[np.int64]) -> None:
        """Visual tokens at ``positions`` [3,tokens]; what follows comes after the last of them."""
        count = positions.shape[1]
        self.ids += [pad] * count
        self.learned += [False] * count
        self.image_mask += [True] * count
        self.positions.append(positions)
        self.next_position = int(positions.max()) + 1
        self.pictures += 1

    def sample(self, length: int, patches: list[Patches]) -> ChatSample:
        """The first ``length`` tokens."""
        ids = np.array(self.ids[:length], dtype=np.int64)
        targets = np.where(self.learned[1:length], ids[1:], IGNORED)
        labels = np.append(targets, IGNORED)
        positions = np.concatenate(self.positions, axis=1)[:, :length]
        return ChatSample(ids, labels, positions, np.array(self.image_mask[:length]), patches)


class ChatEncoder:
    """Turns conversations into tokens for the planner of a system.

    Args:
        longest: tokens that a conversation may have.
    """

    def __init__(self, tokenizer: WordTokenizer, config: SystemConfig, longest: int = 2048) -> None:
        self.tokenizer, self.longest = tokenizer, longest
        self.backbone, self.pictures = backbone(config.planner), picture_format(config)
        special = [token.content for token in tokenizer.backend.get_added_tokens_decoder().values()]
        special = [token for token in special if token not in PLACE_MARKS]
        # Looking ahead, the pattern finds tokens that overlap as well.
        self._special = re.compile(f"(?={'|'.join(map(re.escape, special))})")
        self._image = tokenizer.id(IMAGE_PAD)

    def words(self, text: str) -> list[int]:
        """Token ids of text in which nothing but PLACE_MARKS is a special token: what looks like one is cut in two and
        thereby is written out."""
        cuts = [match.start() + 1 for match in self._special.finditer(text)]
        parts = [text[low:high] for low, high in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        # Past the tokenizer's memory, which is for the few texts that come again and again.
        encode = self.tokenizer.backend.encode
        return [token for part in parts for token in encode(part, add_special_tokens=False).ids]

    def sample(self, conversation: Conversation, images: Sequence[Picture]) -> ChatSample:
        """A conversation to learn from: the assistant's words are supervised, with the end of the turn and its line
        break; everything else is given.

        Where it is too long, rounds (a question with its answer) are left out from the end, with their pictures.

        Args:
            images: the pictures [H,W,3] uint8 of the conversation, in their order.

        Raises SightlineError that names the conversation where pictures and marks do not agree or where not even its
        first round fits.
        """
        turns = self.as_written(conversation, images)
        line, kept, shown = self._start(conversation.system), 0, 0
        for turn in turns:
            self._say(line, turn, images, conversation.name)
            if len(line.ids) > self.longest and (kept or turn.role == "assistant"):
                break
            if turn.role == "assistant":
                kept, shown = len(line.ids), line.pictures
        else:
            self._require_all_shown(line, images, conversation.name)
        if not kept:
            raise SightlineError(f"{conversation.name}: {self._too_long(line)}")
        return line.sample(kept, [self.pictures.patches(image) for image in images[:shown]])

    def _too_long(self, line: _Line) -> str:
        """That a first round does not fit, with what to type so that it does."""
        needed, visual = len(line.ids), sum(line.image_mask)
        advice = f"--set chat.longest={-(-needed // 256) * 256}"  # with some room for others like it
        room = max(self.longest - needed + visual, 0) // max(line.pictures, 1)
        smaller = room * (self.pictures.patch * self.pictures.merge) ** 2
        if visual and not self.pictures.side and smaller >= self.pictures.min_pixels:
            advice += f" or, for smaller pictures, --set system.planner.max_pixels={smaller}"
        return f"its first question and answer need {needed} tokens, at most {self.longest} fit; give {advice}."

    def question(self, images: Sequence[Picture], text: str) -> ChatSample:
        """A question to be answered: up to where the assistant begins to speak.

        Pictures come first where the text has no marks for them. Raises SightlineError where pictures and marks do not
        agree.
        """
        if MARK not in text:
            text = MARK * len(images) + text
        line = self._start("")
        self._say(line, Turn("user", text), images, "The question")
        self._require_all_shown(line, images, "The question")
        line.words(self.tokenizer.encode(f"{START}assistant\n"))
        return line.sample(len(line.ids), [self.pictures.patches(image) for image in images])

    def as_written(self, conversation: Conversation, images: Sequence[Picture]) -> Iterator[Turn]:
        """The turns, boxes and points as the model writes them: between 0 and PictureFormat.written_size.

        Raises SightlineError that names the conversation where its numbers cannot count what they are said to.
        """
        shown = 0
        for turn in conversation.turns:
            if turn.role == "user":
                shown += turn.text.count(MARK)
            if not images or not shown:
                yield turn
                continue
            size, unit = checked_size(images[min(shown, len(images)) - 1]), conversation.coordinates
            try:
                require_unit(turn.text, size, unit)
            except SightlineError as error:
                raise SightlineError(f"{conversation.name}: {error}") from None
            yield Turn(turn.role, text_to_seen(turn.text, self.pictures.written_size(*size), size, unit))

    def _start(self, system: str) -> _Line:
        line = _Line()
        if system:
            line.words(self.tokenizer.encode(f"{START}system\n"))
            line.words(self.words(system))
            line.words(self.tokenizer.encode(f"{END}\n"))
        else:
            line.words(self.tokenizer.encode(system_turn(self.backbone.system)))
        return line

    def _say(self, line: _Line, turn: Turn, images: Sequence[Picture], name: str) -> None:
        """Add one turn."""
        line.words(self.tokenizer.encode(f"{START}{turn.role}\n"))
        learned = turn.role == "assistant"
        for number, part in enumerate([turn.text] if learned else _leading_marks_joined(turn.text).split(MARK)):
            if number:
                if line.pictures == len(images):
                    raise SightlineError(f"{name} has more {MARK} marks than its {len(images)} pictures.")
                rows, columns = self.pictures.token_grid(*checked_size(images[line.pictures]))
                line.words(self.tokenizer.encode(VISION_START))
                line.picture(self._image, self.backbone.picture_positions(line.next_position, rows, columns))
                line.words(self.tokenizer.encode(VISION_END))
            line.words(self.words(part), learned)
        line.words(self.tokenizer.encode(f"{END}\n"), learned)

    @staticmethod
    def _require_all_shown(line: _Line, images: Sequence[Picture], name: str) -> None:
        if line.pictures != len(images):
            raise SightlineError(f"{name} has {line.pictures} {MARK} marks for {len(images)} pictures.")


def _leading_marks_joined(text: str) -> str:
    match = _LEADING.match(text)
    return text if match is None else MARK * match[0].count(MARK) + text[match.end() :]


def collate(samples: Sequence[ChatSample], tokenizer: WordTokenizer, side: str = "right") -> ChatBatch:
    """Samples padded to the longest of them on one ``side`` (left, right)."""
    require_known("side of padding", side, ("left", "right"))
    batch, length = len(samples), max(len(sample.ids) for sample in samples)
    ids = np.full((batch, length), tokenizer.id(PAD))
    labels, segments = np.full((batch, length), IGNORED), np.full((batch, length), -1)
    positions, image_mask = np.zeros((3, batch, length), np.int64), np.zeros((batch, length), bool)
    for row, sample in enumerate(samples):
        gap = length - len(sample.ids)
        at = slice(gap, length) if side == "left" else slice(0, length - gap)
        ids[row, at], labels[row, at], segments[row, at] = sample.ids, sample.labels, 0
        positions[:, row, at], image_mask[row, at] = sample.positions, sample.image_mask
    arrays = {"ids": ids, "positions": positions, "segments": segments, "labels": labels, "image_mask": image_mask}
    tokens = TokenBatch(
        **{name: torch.from_numpy(value) for name, value in arrays.items()},
        readouts=torch.zeros(batch, 0, len(READOUTS), dtype=torch.int64),
    )
    patches = [patch for sample in samples for patch in sample.patches]
    if not patches:
        return ChatBatch(tokens, None, None)
    pixels = torch.from_numpy(np.concatenate([patch.values for patch in patches]))
    return ChatBatch(tokens, pixels, torch.tensor([patch.grid for patch in patches]))


def read_chat(planner: VisionLanguageModel, batch: ChatBatch) -> PlannerStates:
    """What the planner thinks of conversations, for its :meth:`text_loss`; visual tokens are [tokens,width]."""
    if batch.pixels is None or batch.grids is None:
        layers, seen = planner.read(batch.tokens, None), planner.see_nothing()
        # Processes that share their weights (FSDP) must all take the same way: nothing is seen too.
        layers[-1] = layers[-1] + seen.sum().to(layers[-1].dtype)
        return PlannerStates(layers, seen, seen)
    seen = planner.see_patches(batch.pixels, batch.grids)
    layers = planner.read(batch.tokens, seen)
    return PlannerStates(layers, seen, layers[-1][batch.tokens.image_mask])


@torch.no_grad()
def answer(
    planner: VisionLanguageModel, tokenizer: WordTokenizer, questions: Sequence[ChatSample], max_tokens: int
) -> list[str]:
    """Greedy answers to questions (see :meth:`ChatEncoder.question`), all worked out together."""
    device = next(planner.parameters()).device
    batch = collate(questions, tokenizer, side="left")
    pixels, grids = (None if part is None else part.to(device) for part in (batch.pixels, batch.grids))
    stops = [tokenizer.id(END), tokenizer.id(PAD)]
    made = planner.generate(batch.tokens.to(device), pixels, grids, max_tokens, stops)
    return [tokenizer.decode(row).strip() for row in made.tolist()]
