"""Words become tokens, anything else becomes bytes, and all of it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nano import nano_tokenizer

from sightline.core.errors import SightlineError
from sightline.models.vlm.tokenizer import END, READOUTS, SPECIAL, WordTokenizer

TOKENIZER = nano_tokenizer()


@pytest.mark.parametrize(
    "text", ["put the red mug into the bowl", "Übergröße: 12 zebras\tat 3.5 €", "pick up the xylophone \U0001f600", " "]
)
def test_text_survives(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(lambda text: "<|" not in text))
def test_any_text_survives(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_known_words_are_one_token_each() -> None:
    assert len(TOKENIZER.encode("the red mug")) == 3
    assert len(TOKENIZER.encode("the vermilion samovar")) > 6


def test_digits_are_single_tokens() -> None:
    ids = TOKENIZER.encode("[[107, 22]]")
    pieces = [TOKENIZER.decode([i]) for i in ids]
    assert [piece.strip() for piece in pieces if piece.strip().isdigit()] == ["1", "0", "7", "2", "2"]


def test_special_tokens_come_first_and_stay_whole() -> None:
    assert [TOKENIZER.id(token) for token in SPECIAL] == list(range(len(SPECIAL)))
    assert TOKENIZER.encode(f"mug{END}<|trace|>")[-2:] == [TOKENIZER.id(END), TOKENIZER.id("<|trace|>")]
    assert all(TOKENIZER.id(f"<|{name}|>") is not None for name in READOUTS)
    assert TOKENIZER.decode([TOKENIZER.id(END)]) == ""


def test_save_and_load(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path / "tokenizer.json")
    loaded = WordTokenizer.load(tmp_path / "tokenizer.json")
    assert len(loaded) == len(TOKENIZER) <= 1536
    assert loaded.encode("the red mug 42") == TOKENIZER.encode("the red mug 42")


@pytest.mark.parametrize("content", [None, "", "{}", "not json"])
def test_a_damaged_tokenizer_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SightlineError, match=r"tokenizer\.json"):
        WordTokenizer.load(path)
