"""Instructions of recorded episodes: task numbers looked up in the dataset's list, or words in their own column."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.data.info import shown, wrong
from sightline.data.rows import TASK_INDEX

TASK_LINES = "meta/tasks.jsonl"
INDEX_COLUMNS = ("task", "__index_level_0__")  # where meta/tasks.parquet keeps the words, with or without pandas' index


def read_tasks(root: Path) -> dict[int, str]:
    """Task number -> instruction: meta/tasks.parquet (v3.0) or meta/tasks.jsonl (v2.x).

    Raises SightlineError when both are missing or malformed.
    """
    if (root / layout.TASKS).exists():
        table = layout.read_parquet(root / layout.TASKS)
        words = [name for name in INDEX_COLUMNS if name in table.column_names]
        if not words or TASK_INDEX not in table.column_names:
            raise SightlineError(f"{root / layout.TASKS} lacks the columns task_index or task; copy it again.")
        return _numbered(root / layout.TASKS, table[TASK_INDEX].to_pylist(), table[words[0]].to_pylist())
    try:
        text = (root / TASK_LINES).read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        numbers, words = [row["task_index"] for row in rows], [row["task"] for row in rows]
    except FileNotFoundError:
        raise SightlineError(f"{root} has neither {layout.TASKS} nor {TASK_LINES}; copy the dataset again.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SightlineError(f"{root / TASK_LINES} is malformed ({error}); copy the dataset again.") from None
    return _numbered(root / TASK_LINES, numbers, words)


def _numbered(path: Path, numbers: list, words: list) -> dict[int, str]:
    """Words by their numbers. Raises SightlineError where a number is none, or stands for two different sentences."""
    found: dict[int, str] = {}
    for number, word in zip(numbers, words, strict=True):
        if type(number) is not int:
            raise wrong(path, TASK_INDEX, "a whole number", number)
        if found.setdefault(number, word) != word:
            raise SightlineError(
                f"{path} has two sentences for task {number}, {shown(found[number])} and {shown(word)}; repair it."
            )
    return found


class Instructions:
    """What each frame's robot was told, kept as a number a frame and a list of distinct sentences.

    Attributes:
        root: the dataset's folder.
        texts: the sentences; the first is empty and stands for "no instruction".
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts = [""]
        self._numbers = {"": 0}

    @cached_property
    def tasks(self) -> dict[int, str]:
        """The dataset's list of tasks, read when a number asks for it."""
        return read_tasks(self.root)

    def encode(self, column: NDArray) -> NDArray[np.int32]:
        """[T] places in ``texts`` for a column [T] or [T,1] of task numbers or of words.

        What cannot be read (an unknown task number, a missing value, bytes) counts as no instruction. Raises
        SightlineError when there are numbers but no list of tasks.
        """
        values = column.reshape(len(column), -1)[:, 0].tolist()
        return np.array([self._numbers.get(text) or self._add(text) for text in map(self._words, values)], np.int32)

    def _words(self, value: object) -> str:
        text = self.tasks.get(int(value)) if isinstance(value, (int, float)) else value
        return text.strip() if isinstance(text, str) else ""

    def _add(self, text: str) -> int:
        if text:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]
