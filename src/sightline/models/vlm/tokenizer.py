"""A small byte-level tokenizer of our own, with the special tokens of ChatML and the readouts of the planner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE

from sightline.core.errors import SightlineError

READOUTS = ("target", "reference", "place", "trace")
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD = "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"
SPECIAL = (PAD, START, END, VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD, *(f"<|{name}|>" for name in READOUTS))
# Qwen's, part of an answer's text: what stands between them is a box, four corners, or the name of a thing.
PLACE_MARKS = tuple(f"<|{what}_{end}|>" for what in ("box", "quad", "object_ref") for end in ("start", "end"))

# Names of the special tokens as in SpecialIds.
NAMED = {
    "pad": PAD, "start": START, "end": END, "vision_start": VISION_START, "vision_end": VISION_END,
    "image": IMAGE_PAD, "video": VIDEO_PAD,
}  # fmt: skip


class WordTokenizer:
    """Byte-level BPE: words of the training sentences become one token, any other text falls apart into bytes."""

    def __init__(self, backend: Tokenizer) -> None:
        self.backend = backend
        self._known: dict[str, list[int]] = {}

    @staticmethod
    def train(sentences: Iterable[str], vocabulary: int) -> WordTokenizer:
        """Learn merges from sentences. Digits stay single, so that coordinates are spelt figure by figure."""
        backend = Tokenizer(BPE())
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=list(SPECIAL),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        backend.train_from_iterator(sentences, trainer)
        return WordTokenizer(backend)

    @staticmethod
    def load(path: Path) -> WordTokenizer:
        """Read ``tokenizer.json``. Raises SightlineError where it is missing or damaged."""
        try:
            return WordTokenizer(Tokenizer.from_file(str(path)))
        except Exception as error:
            raise SightlineError(f"The tokenizer {path} cannot be read ({error}); restore the checkpoint.") from None

    def save(self, path: Path) -> None:
        """Write ``tokenizer.json``."""
        self.backend.save(str(path))

    def require_ids(self, ids: Mapping[str, int]) -> None:
        """Raise SightlineError unless the special tokens (named as in NAMED) have these ids."""
        for name, expected in ids.items():
            if (found := self.backend.token_to_id(NAMED[name])) != expected:
                raise SightlineError(
                    f"The tokenizer gives '{NAMED[name]}' the id {found}, the model expects {expected}: "
                    "they do not belong together."
                )

    def __len__(self) -> int:
        return self.backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Token ids of text; special tokens in it are recognised."""
        if text not in self._known:
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[text] = self.backend.encode(text).ids
        return self._known[text]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of token ids, special tokens left out but for PLACE_MARKS, without which a box is two points."""
        known = self.backend.get_added_tokens_decoder()
        kept = [i for i in map(int, ids) if i not in known or not known[i].special or known[i].content in PLACE_MARKS]
        return self.backend.decode(kept, skip_special_tokens=False)

    def id(self, token: str) -> int:
        """The id of one special token. Raises SightlineError where the vocabulary lacks it."""
        found = self.backend.token_to_id(token)
        if found is None:
            raise SightlineError(f"The tokenizer has no token '{token}'; restore the checkpoint's tokenizer.json.")
        return found


class MissingTokenizer(WordTokenizer):
    """Stands in for the tokenizer of an imported checkpoint that came without one: everything but words works."""

    def __init__(self) -> None:
        """Nothing to hold."""

    @property
    def backend(self) -> Tokenizer:  # type: ignore[override]
        """Raises SightlineError: there is none."""
        raise SightlineError(
            "This policy has no tokenizer, so it understands no words: import it again with base_vlm=DIR, a folder "
            "that holds the tokenizer.json of its base model."
        )

    def encode(self, text: str) -> list[int]:
        """Raises SightlineError."""
        return self.backend.encode(text).ids

    def require_ids(self, ids: Mapping[str, int]) -> None:
        """Nothing to compare."""
