"""No dead options: every field of every configuration class, and every option of a command, is read somewhere."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sightline

ROOT = Path(sightline.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
READ = {
    node.attr
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
}


def is_configuration(path: Path, node: ast.AST) -> bool:
    """Classes named ...Config or ...Settings, and the commands of the command line, when they are dataclasses."""
    if not isinstance(node, ast.ClassDef) or "dataclass" not in " ".join(map(ast.unparse, node.decorator_list)):
        return False
    return node.name.endswith(("Config", "Settings")) or path.parent.name == "cli"


CLASSES = [(path, node) for path, tree in TREES.items() for node in ast.walk(tree) if is_configuration(path, node)]


def test_the_walk_finds_the_configurations():
    assert len([path for path, _ in CLASSES if path.parent.name == "cli"]) >= 12
    assert any(path.name == "config.py" for path, _ in CLASSES)


@pytest.mark.parametrize(("path", "node"), CLASSES, ids=[f"{path.stem}.{node.name}" for path, node in CLASSES])
def test_every_key_is_read(path, node):
    fields = [
        item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    unread = [name for name in fields if name not in READ]
    assert not unread, f"{path.relative_to(ROOT)}: {node.name} has keys that nothing reads: {', '.join(unread)}"
