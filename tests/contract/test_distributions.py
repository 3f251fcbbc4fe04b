"""Two distributions from one repository: what robots install, and all the rest, which needs it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import sightline
import sightline_client

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "packages" / "sightline-client"


def built(folder: Path) -> tuple[dict, set[Path]]:
    """What a distribution says of itself, and the files that its wheel takes."""
    told = tomllib.loads((folder / "pyproject.toml").read_text())
    packages = told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return told["project"], {path for package in packages for path in (folder / package).rglob("*.py")}


def test_no_file_is_in_both():
    (_, mine), (_, clients) = built(ROOT), built(CLIENT)
    assert mine and clients and mine.isdisjoint(clients)


def test_each_needs_the_client_of_its_own_version():
    (project, _), (client, _) = built(ROOT), built(CLIENT)
    assert f"sightline-client=={client['version']}" in project["dependencies"]
    assert client["version"] == sightline_client.__version__ == sightline.__version__


def test_make_and_the_container_install_both():
    for name, given in (("Makefile", "-e packages/sightline-client -e '.["), ("Dockerfile", "sightline-client /opt/")):
        assert given in (ROOT / name).read_text(), name
