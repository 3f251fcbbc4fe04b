"""Instructions by task number or in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign import write_groot, write_ipec

from sightline.core.errors import SightlineError
from sightline.data.instructions import Instructions, read_tasks


def told(instructions: Instructions, column: np.ndarray) -> list[str]:
    return [instructions.texts[i] for i in instructions.encode(column)]


def test_numbers_are_looked_up(tmp_path: Path) -> None:
    instructions = Instructions(write_groot(tmp_path, tasks=("stir", " wipe ")))
    assert told(instructions, np.array([0, 1, 1, 0])) == ["stir", "wipe", "wipe", "stir"]
    assert told(instructions, np.array([[1.0], [7.0]])) == ["wipe", ""]
    assert instructions.texts == ["", "stir", "wipe"], "each sentence is kept once"


def test_words_are_taken_as_they_are(tmp_path: Path) -> None:
    column = np.array(["stir", None, "  ", b"\x80\x04", "stir"], dtype=object)
    assert told(Instructions(tmp_path), column) == ["stir", "", "", "", "stir"]


def test_both_forms_of_the_list_of_tasks(tmp_path: Path) -> None:
    assert read_tasks(write_groot(tmp_path / "v2", tasks=("a", "b"))) == {0: "a", 1: "b"}
    root = write_ipec(tmp_path / "v3")
    assert read_tasks(root) == {0: "open the drawer", 1: "close the drawer"}
    pq.write_table(pa.table({"task_index": [0], "task": ["lift"]}), root / "meta/tasks.parquet")
    assert read_tasks(root) == {0: "lift"}


def test_missing_or_malformed_lists_are_named(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    (root / "meta/tasks.jsonl").write_text('{"task_index": 0}\n')
    with pytest.raises(SightlineError, match=r"tasks\.jsonl is malformed"):
        read_tasks(root)
    (root / "meta/tasks.jsonl").unlink()
    with pytest.raises(SightlineError, match="neither"):
        read_tasks(root)
    pq.write_table(pa.table({"number": [0]}), root / "meta/tasks.parquet")
    with pytest.raises(SightlineError, match="lacks the columns task_index or task"):
        read_tasks(root)
