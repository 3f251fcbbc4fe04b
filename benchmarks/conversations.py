"""A large file of conversations: how long it takes to open, how much memory, how many draws a second (no pictures).

python benchmarks/conversations.py --lines 1000000
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from sightline.core.console import say, table
from sightline.data.conversation_mix import ConversationMix

DRAWS = 20_000


def memory() -> float:
    """MiB that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def write(path: Path, lines: int) -> None:
    """Records as `sightline questions` writes them, 300 bytes each."""
    question = "<image>\nLocate the small red mug beside the plate. Give its bounding box in [x1,y1,x2,y2] format."
    with path.open("w") as file:
        for number in range(lines):
            answer = f"The mug is here: <box>[[{number % 200}, 150, 250, 173]]</box>"
            said = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
            file.write(json.dumps({"id": f"a-{number}", "image": "a/7.jpg", "conversations": said}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    lines = parser.parse_args().lines
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.jsonl"
        write(path, lines)
        before, started = memory(), time.monotonic()
        mix = ConversationMix.of([str(path)])
        opened, held = time.monotonic() - started, memory() - before
        mix.draw(0, 0)
        started = time.monotonic()
        for number in range(1, DRAWS):
            mix.draw(0, number)
        rate = DRAWS / (time.monotonic() - started)
        size = path.stat().st_size / 1e6
    table(f"{lines:,} conversations, {size:.0f} MB", ["what", "figure"],
          [["opened in", f"{opened:.2f} s"], ["memory", f"{held:.0f} MiB"], ["draws a second", f"{rate:,.0f}"],
           [f"memory after {DRAWS:,} draws", f"{memory() - before:.0f} MiB"]])  # fmt: skip
    say("A draw reads and parses one record; pictures are not opened.")


if __name__ == "__main__":
    main()
