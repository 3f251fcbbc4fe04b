"""The house rules of imports, read off the source: down only, no torch in simulation, no simulator in models."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import sightline

ROOT = Path(sightline.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

FLOORS = {
    "core": 0,
    "data": 1,
    "language": 1,
    "tasks": 1,
    "engine": 1,
    "envs": 1,
    "models": 2,
    "train": 3,
    "evaluate": 3,
    "serve": 4,
    "cli": 4,
    "doctor": 4,
}
# On floor 1 these use their neighbours, in this direction only; nothing else is sideways.
SIDEWAYS = {("language", "tasks")}
SIDEWAYS |= {("engine", room) for room in ("data", "language", "tasks")}
SIDEWAYS |= {("envs", room) for room in ("data", "language", "tasks", "engine")}
# The folders of the engine and its list of collections, each standing on those before it.
ENGINE = (
    "robots",
    "assets",
    "surroundings",
    "collections",
    "fixtures",
    "worlds",
    "simulation",
    "expert",
    "generation",
    "previews",
    "vqa",
    "audit",
)
LOOSE = {"__init__.py", "gl.py", "collections.py"}  # files of the engine that are in no folder
# Models and training see the world through datasets and observations alone.
BLIND = {("models", "engine"), ("models", "envs"), ("train", "engine"), ("train", "envs")}
SIMULATORS = {"mujoco", "robosuite", "gymnasium"}
FORBIDDEN = {
    "core": {"torch", "transformers"} | SIMULATORS,
    "data": {"torch", "transformers"} | SIMULATORS,
    "engine": {"torch", "transformers", "robosuite"},
    "envs": {"torch", "transformers", "robosuite"},
    "models": SIMULATORS,
}
UNSAFE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve"}


def room(path: Path) -> str:
    """The top-level room of a file: ``engine`` for engine/robots/panda.py, ``cli`` for cli/commands.py."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


class Import(NamedTuple):
    """One imported module and the names taken from it (none: the module itself)."""

    line: int
    module: str
    names: tuple[str, ...]
    typing_only: bool

    def targets(self) -> tuple[str, ...]:
        """The module with each name, any of which may be a module of its own."""
        return tuple(f"{self.module}.{name}" for name in self.names) or (self.module,)


def imports(source: str, package: list[str]) -> Iterator[Import]:
    """Every import of a source, those inside functions included.

    ``package`` is what a relative import starts from: ["sightline", "engine"] for a file in engine/.
    """
    tree = ast.parse(source)
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for child in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, (), id(node) in typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            names = tuple(alias.name for alias in node.names)
            if module == "sightline":  # `from sightline import engine` names the room only in the second half
                yield from (Import(node.lineno, f"{module}.{name}", (), id(node) in typing_only) for name in names)
            else:
                yield Import(node.lineno, module, names, id(node) in typing_only)


def imports_of(path: Path) -> Iterator[Import]:
    """The imports of a file of the package."""
    package = ["sightline", *path.relative_to(ROOT).parts[:-1]]
    yield from imports(path.read_text(encoding="utf-8"), package)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_to_the_house(path):
    here = room(path)
    if here == "__init__":  # the front door offers names of upper floors; it imports them when they are asked for
        return
    assert here in FLOORS, f"{here} has no floor: put it into FLOORS and into the design"
    for line, name, _, typing_only in imports_of(path):
        top, *rest = name.split(".")
        where = f"{path.relative_to(ROOT)}:{line} imports {name}"
        assert top not in UNSAFE, f"{where}: nothing is ever unpickled"
        assert typing_only or top not in FORBIDDEN.get(here, ()), f"{where}, which {here} must do without"
        if top == "sightline" and rest and rest[0] in FLOORS and rest[0] != here:
            # Below floor 3 a sideways import must be a known one; training evaluates, the command line starts servers.
            below, level = FLOORS[rest[0]] < FLOORS[here], FLOORS[rest[0]] == FLOORS[here]
            assert (here, rest[0]) not in BLIND, f"{where}, which {here} must do without"
            assert below or (here, rest[0]) in SIDEWAYS or (level and FLOORS[here] >= 3), f"{where}, not below it"


def test_the_folders_of_the_engine_stand_on_those_before_them():
    engine = ROOT / "engine"
    assert {path.name for path in engine.glob("*.py")} == LOOSE
    assert {path.name for path in engine.iterdir() if (path / "__init__.py").exists()} == set(ENGINE) - {"collections"}
    for path in engine.rglob("*.py"):
        folder = path.relative_to(engine).parts[0].removesuffix(".py")
        for line, name, _, _ in imports_of(path):
            parts = name.split(".")
            if parts[:2] == ["sightline", "engine"] and len(parts) > 2 and parts[2] in ENGINE:
                below = folder in ENGINE and ENGINE.index(parts[2]) <= ENGINE.index(folder)
                assert below, f"{path.relative_to(ROOT)}:{line} imports {name}, which stands above it"


def test_no_file_imports_itself_by_way_of_others():
    """File circles would need a reader to know two files before either."""
    files = {".".join(("sightline", *path.relative_to(ROOT).with_suffix("").parts)): path for path in FILES}
    files = {name.removesuffix(".__init__"): path for name, path in files.items() if name != "sightline.__init__"}
    graph: dict[str, set[str]] = {name: set() for name in files}
    for name, path in files.items():
        targets = [target for found in imports_of(path) if not found.typing_only for target in found.targets()]
        modules = {target if target in files else target.rpartition(".")[0] for target in targets}
        graph[name] = (modules & set(files)) - {name}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_front_door_imports_nothing_heavy():
    found = imports_of(ROOT / "__init__.py")
    names = {name.split(".")[0] for _, name, _, typing_only in found if not typing_only}
    assert not names & ({"torch", "transformers"} | SIMULATORS)


def test_the_walk_sees_every_form_of_import():
    source = "import torch.nn\nfrom sightline import train\n"
    source += "def f():\n    from ..scene import x\n    import sightline.models\n"
    source += "if TYPE_CHECKING:\n    import mujoco\n"
    assert list(imports(source, ["sightline", "engine", "robots"])) == [
        (1, "torch.nn", (), False),
        (2, "sightline.train", (), False),
        (4, "sightline.engine.scene", ("x",), False),
        (5, "sightline.models", (), False),
        (7, "mujoco", (), True),
    ]


def test_only_descriptions_of_robots_name_one() -> None:
    """What the engine does follows from a robot's description, never from its name."""
    from sightline.engine.robots import ROBOTS

    engine = ROOT / "engine"
    files = [path for path in engine.rglob("*.py") if engine / "robots" not in path.parents]
    assert len(ROBOTS) >= 3 and len(files) > 100
    named = re.compile(rf"\b({'|'.join(ROBOTS)})\b", re.IGNORECASE)
    assert not [str(path) for path in files if named.search(path.read_text())]
