"""Draw the house from its imports: which room stands on which, and the folders of the engine in their order.

    python scripts/picture_house.py docs/house.svg

A room is drawn above every room that it imports; nothing is placed by hand, so the picture cannot be prettier than the
code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1] / "src" / "sightline"
WIDE, HIGH, GAP, RISE, MARGIN, PART = 132, 46, 26, 80, 20, 106  # pixels
STYLE = """text{font:15px system-ui,sans-serif;text-anchor:middle;fill:#1f2937}
.small{font-size:11px;fill:#6b7280} .room{fill:#f8fafc;stroke:#475569;stroke-width:1.4}
.part{fill:#e0ecff;stroke:#7c97c4} path{fill:none;stroke:#94a3b8;stroke-width:1.1} rect.page{fill:#ffffff}"""

Graph = dict[str, set[str]]


def imports(path: Path) -> Iterator[list[str]]:
    """The parts of every module of the package that a file imports, at run time, e.g. ["engine", "worlds"]."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sightline"):
            names = node.module.split(".")[1:] if node.module else []
            yield from ([[*names, alias.name] for alias in node.names] if len(names) < 2 else [names])


def rooms(folder: Path, depth: int) -> Graph:
    """Every room below ``folder`` and the rooms there that it imports; ``depth`` parts of a module name the folder."""
    found: Graph = {path.name: set() for path in folder.iterdir() if (path / "__init__.py").exists()}
    for name, targets in found.items():
        for path in (folder / name).rglob("*.py"):
            inside = [parts for parts in imports(path) if parts[:depth] == list(folder.relative_to(ROOT).parts)]
            targets |= {parts[depth] for parts in inside if len(parts) > depth} & set(found) - {name}
    return found


def floors(graph: Graph) -> list[list[str]]:
    """Rooms by floor, lowest first: each one above all that it imports. Raises CycleError where that cannot be."""
    level: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        level[name] = 1 + max((level[other] for other in graph[name]), default=-1)
    return [sorted(name for name in level if level[name] == floor) for floor in range(max(level.values()) + 1)]


def files(folder: Path) -> str:
    """How many files and lines of code are in a room."""
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
    return f"{len(texts)} files, {sum(text.count(chr(10)) for text in texts) / 1000:.1f}k lines"


def necessary(graph: Graph) -> Graph:
    """Only the imports that no chain of others implies, so that the picture shows an order and no thicket."""
    below: Graph = {}
    for name in TopologicalSorter(graph).static_order():
        below[name] = graph[name].union(*(below[other] for other in graph[name]))
    return {name: {o for o in graph[name] if all(o not in below[p] for p in graph[name])} for name in graph}


def box(x: float, y: float, wide: float, name: str, below: str, kind: str) -> str:
    """A rectangle with a name, and a smaller line below it."""
    middle = x + wide / 2
    return (
        f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{HIGH}" rx="7"/>'
        f'<text x="{middle:.0f}" y="{y + 20:.0f}">{name}</text>'
        f'<text class="small" x="{middle:.0f}" y="{y + 36:.0f}">{below}</text>'
    )


def house() -> str:
    """The picture as SVG."""
    graph, engine = rooms(ROOT, 0), rooms(ROOT / "engine", 1)
    levels, order = floors(graph), [name for floor in floors(engine) for name in floor]
    width = max(len(order) * PART + 12, max(map(len, levels)) * (WIDE + GAP)) + 2 * MARGIN
    height = len(levels) * RISE + HIGH + 24 + 2 * MARGIN
    place = {}
    for floor, names in enumerate(levels):
        left = (width - len(names) * (WIDE + GAP) + GAP) / 2
        for number, name in enumerate(names):
            place[name] = (
                left + number * (WIDE + GAP),
                height - MARGIN - HIGH - 24 - RISE - floor * RISE + (RISE - HIGH),
            )
    drawn = [
        f'<path d="M{place[name][0] + WIDE / 2:.0f},{place[name][1] + HIGH} '
        f'L{place[other][0] + WIDE / 2:.0f},{place[other][1]}"/>'
        for name, others in sorted(necessary(graph).items())
        for other in sorted(others)
    ]
    drawn += [box(*place[name], WIDE, name, files(ROOT / name), "room") for name in sorted(graph)]
    base = height - MARGIN - HIGH
    left = (width - len(order) * PART + 6) / 2
    drawn.append(
        f'<text class="small" x="{width / 2:.0f}" y="{base - 10}">inside engine, each on those before it</text>'
    )
    for number, name in enumerate(order):
        count = f"{len(list((ROOT / 'engine' / name).rglob('*.py')))} files"
        drawn.append(box(left + number * PART, base, PART - 6, name, count, "room part"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">\n'
        f'<style>{STYLE}</style>\n<rect class="page" width="100%" height="100%"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/house.svg").write_text(house(), encoding="utf-8")
