"""The numbers of a run: ``metrics.jsonl`` (always) and TensorBoard events."""

from __future__ import annotations

import json
from pathlib import Path


class RunLog:
    """A context to write numbers in; a resumed run drops lines past its step. ``active``: whether this process is the
    one that writes."""

    def __init__(self, run: Path, step: int, active: bool = True) -> None:
        self.path, self.tensorboard, self.active = run / "metrics.jsonl", run / "tensorboard", active
        if active and self.path.exists():
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
            kept = [line for line in lines if 0 <= _step_of(line) <= step]
            self.path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def __enter__(self) -> RunLog:
        from torch.utils.tensorboard import SummaryWriter

        if self.active:
            self.file = self.path.open("a", encoding="utf-8")
            self.writer = SummaryWriter(str(self.tensorboard))
        return self

    def __exit__(self, *error: object) -> None:
        if self.active:
            self.file.close()
            self.writer.close()

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """One line, flushed: it is there even if the process dies now."""
        if not self.active or not numbers:
            return
        self.file.write(json.dumps({"step": step, **numbers}) + "\n")
        self.file.flush()
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)


def _step_of(line: str) -> int:
    """The update that a line tells of; -1 where it is cut short or damaged."""
    try:
        step = json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return -1
    return step if isinstance(step, int) else -1
