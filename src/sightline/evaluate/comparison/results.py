"""Results of ``sightline evaluate --json`` and rows of ``--rows``, read and checked for comparison."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sightline.core.errors import SightlineError
from sightline.evaluate.rows_file import read_rows


class EpisodeKey(NamedTuple):
    """What tells one episode from another, in any file; "" stands for what the environment did not say."""

    seed: int
    task: str
    instruction: str


@dataclass(frozen=True)
class Result:
    """What one file says.

    Attributes:
        settings: how the episodes were run.
        rows: the episodes, in the order of the file.
    """

    path: Path
    settings: dict[str, Any]
    rows: dict[EpisodeKey, dict[str, Any]]

    @property
    def policy(self) -> str:
        """The policy as ``--policy`` named it."""
        return str(self.settings["policy"])

    def row_name(self, key: EpisodeKey) -> str:
        """What an error calls a row."""
        return f"The episode of seed {key.seed} in {self.path}"


def read_result(path: Path) -> Result:
    """Read one file: a result, or the rows of an evaluation that may still be going on.

    Raises:
        SightlineError: it does not exist, is damaged, or is not the result of episodes.
    """
    values = _read_json(path)
    rows, settings = values.get("episodes"), values.get("settings")
    if not isinstance(rows, list) or not isinstance(settings, dict):
        raise SightlineError(f"{path} holds no episodes: name a file that evaluate --json wrote for a closed loop.")
    if missing := [name for name in ("policy", "suite") if not isinstance(settings.get(name), str)]:
        raise SightlineError(f"{path} does not say its {' and '.join(missing)}: name a file of evaluate --json.")
    if not rows:
        raise SightlineError(f"{path} has no rows yet: let its evaluation go on.")
    found: dict[EpisodeKey, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        key = _key(row, number, path)
        if key in found:
            raise SightlineError(f"{path} has the episode of seed {key.seed} twice: evaluate again.")
        found[key] = row
    return Result(path, settings, found)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        # Files of rows begin with their title, in one line; results have many lines and no title.
        values = _unfinished(path) if text.startswith('{"title"') else json.loads(text)
    except FileNotFoundError:
        raise SightlineError(f"There is no file {path}: write one with sightline evaluate --json FILE.") from None
    except OSError as error:
        raise SightlineError(f"{path} cannot be read ({error.strerror}): name a result file.") from None
    except (ValueError, TypeError, RecursionError):  # no text, no JSON, or JSON that nobody wrote
        raise SightlineError(f"{path} is damaged or no JSON file: evaluate again with --json.") from None
    if not isinstance(values, dict):
        raise SightlineError(f"{path} is no result: name a file that sightline evaluate --json wrote.")
    return values


def _unfinished(path: Path) -> dict[str, Any]:
    """What a file of rows holds up to the first episode that is missing.

    Those behind a gap are left out: short episodes end before their neighbours, and most of them are successes.
    """
    part = read_rows(path)
    if part is None:
        raise SightlineError(f"{path} has no rows yet: let its evaluation go on.")
    done = itertools.takewhile(part.rows.__contains__, part.heading.seeds)
    return {"episodes": [part.rows[seed].to_dict() for seed in done], "settings": part.heading.settings}


def _key(row: Any, number: int, path: Path) -> EpisodeKey:
    if not isinstance(row, dict) or type(row.get("seed")) is not int or not isinstance(row.get("success"), bool):
        raise SightlineError(f"Row {number} of {path} lacks its seed or success: evaluate again.")
    words = [row.get(name) for name in ("task", "instruction")]
    if any(word is not None and not isinstance(word, str) for word in words):
        raise SightlineError(f"Row {number} of {path} has a task or instruction that is no text: evaluate again.")
    task, instruction = (word or "" for word in words)
    return EpisodeKey(row["seed"], task, instruction)


def labels(results: Sequence[Result]) -> list[str]:
    """A name for each result that no other has: its policy's, else with the file, else with its place in the list."""
    ways = [
        [_short(result.policy) for result in results],
        [f"{_short(result.policy)} ({result.path.name})" for result in results],
        [f"{_short(result.policy)} ({result.path})" for result in results],
    ]
    return next(
        (names for names in ways if max(Counter(names).values()) == 1),
        [f"{name}, {number}" for number, name in enumerate(ways[1], 1)],
    )


def _short(policy: str) -> str:
    """The run's name for a folder of one: ``stage2`` for outputs/stage2/checkpoints/last/policy; others as they are."""
    if "://" in policy:
        return policy
    parts = Path(policy).parts
    if parts[-3::2] == ("checkpoints", "policy") and len(parts) > 3:
        return parts[-4] if parts[-2] == "last" else f"{parts[-4]} at {parts[-2].lstrip('0') or '0'}"
    return parts[-1] if parts else policy
