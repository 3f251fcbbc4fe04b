"""How long a program waits for its imports, beside torch and the Qwen2.5-VL classes of transformers alone.

Every line runs in fresh processes, in turns, so that other work on the machine falls on all of them alike. Prints a
table of medians, of wall and of CPU seconds (the ones to compare where the machine is busy); --json FILE keeps it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from sightline.core.console import table, write_json

QWEN = "from transformers.models.qwen2_5_vl import configuration_qwen2_5_vl, modeling_qwen2_5_vl"
LINES = {
    "nothing": "pass",
    "import sightline": "import sightline",
    "torch": "import torch",
    "torch and transformers' Qwen2.5-VL": f"import torch; {QWEN}",
    "from sightline import Policy, Planner": "from sightline import Policy, Planner",
    "the same with its backbone, as for a checkpoint": (
        "from sightline import Policy, Planner; import sightline.models.vlm.qwen"
    ),
}
ALONE = "torch and transformers' Qwen2.5-VL"


def seconds(code: str) -> tuple[float, float]:
    """Wall and CPU time of a fresh process that runs ``code``."""
    wall, cpu = time.monotonic(), os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    used = after.children_user - cpu.children_user + after.children_system - cpu.children_system
    return time.monotonic() - wall, used


def main() -> None:
    """Take turns, then compare medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7, help="processes for each line")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    for code in LINES.values():  # bytecode and the disk's cache
        seconds(code)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in LINES}
    for _ in range(options.turns):
        for name, code in LINES.items():
            found[name].append(seconds(code))
    medians = {name: [statistics.median(part) for part in zip(*values, strict=True)] for name, values in found.items()}
    rows = [
        {
            "import": name,
            "seconds": wall,
            "ratio": wall / medians[ALONE][0],
            "cpu_seconds": cpu,
            "cpu_ratio": cpu / medians[ALONE][1],
        }
        for name, (wall, cpu) in medians.items()
    ]
    columns = ["import", "median, s", "of transformers alone", "CPU s", "of transformers alone"]
    table("Imports in fresh processes", columns, [[*row.values()] for row in rows])
    if options.json is not None:
        write_json(options.json, {"rows": rows})


if __name__ == "__main__":
    main()
