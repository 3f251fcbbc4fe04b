"""What imported files are called where a collection calls every file the same: YCB, Google's scans, one's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trimesh

from sightline.core.errors import SightlineError
from sightline.engine.assets.importing.folder import import_folder
from sightline.engine.assets.importing.library import load_library, read_entries
from sightline.engine.assets.importing.naming import says_something, told_by
from sightline.engine.assets.importing.workshop import Imported, Order, Workshop, carry_out


class InProcess(Workshop):
    """Imports right here: no process to be started for each of many small imports."""

    def make(self, order: Order) -> Imported:
        return carry_out(order)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.engine.assets.importing.folder.Workshop", InProcess)


YCB = ("002_master_chef_can", "025_mug", "011_banana")


def put(path: Path, radius: float = 0.02, height: float = 0.08) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    trimesh.creation.cylinder(radius, height).export(path)
    return path


@pytest.fixture
def ycb(tmp_path: Path) -> Path:
    for number, name in enumerate(YCB):
        put(tmp_path / "ycb" / name / "google_16k" / "textured.obj", 0.02 + 0.004 * number)
    return tmp_path / "ycb"


def kinds(library: Path) -> dict[str, str]:
    return {model.name: model.kind for model in load_library(library)}


@pytest.mark.usefixtures("in_process")
def test_ycb_is_called_by_its_folders_and_can_be_corrected(ycb: Path, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    import_folder(ycb, lib)
    assert kinds(lib) == {"002_master_chef_can": "master chef can", "025_mug": "mug", "011_banana": "banana"}
    assert {entry.source for entry in read_entries(lib)} == {f"{name}/google_16k/textured.obj" for name in YCB}
    (ycb / "objects.yaml").write_text("002_master_chef_can/google_16k/textured.obj: {noun: can, colour: blue}\n")
    import_folder(ycb, lib)
    assert kinds(lib) == {"002_master_chef_can": "can", "025_mug": "mug", "011_banana": "banana"}
    (ycb / "objects.yaml").write_text("textured.obj: {noun: mug}\n")
    with pytest.raises(SightlineError, match="stands for 3 files") as caught:
        import_folder(ycb, lib)
    named = str(caught.value).partition("path: ")[2].removesuffix(".").split(", ")
    (ycb / "objects.yaml").write_text("".join(f"{name}: {{noun: thing}}\n" for name in named))
    import_folder(ycb, lib)
    assert set(kinds(lib).values()) == {"thing"}, "the advice works as it is written"


@pytest.mark.usefixtures("in_process")
def test_files_of_one_name_keep_apart_whatever_comes_next(tmp_path: Path) -> None:
    """Another folder, one object more, the same folder again: every file stays one object."""
    first, second, lib = tmp_path / "one", tmp_path / "two", tmp_path / "lib"
    put(first / "mug.stl", height=0.06)
    put(second / "mug.stl", height=0.1)
    import_folder(first, lib)
    import_folder(second, lib)
    assert kinds(lib) == {"mug": "mug", "mug_stl": "mug"}
    put(second / "a" / "mug.stl", height=0.12)
    import_folder(second, lib)
    import_folder(first, lib)
    heights = {model.name: round(float(model.extent[2]), 2) for model in load_library(lib)}
    assert heights["mug"] == 0.06 and heights["mug_stl"] == 0.1 and sorted(heights.values()) == [0.06, 0.1, 0.12]
    (first / "mug.stl").unlink()
    put(tmp_path / "moved" / "mug.stl", height=0.06)
    import_folder(tmp_path / "moved", lib)
    assert len(kinds(lib)) == 3, "what was moved is not doubled"


@pytest.mark.parametrize(
    ("path", "doubled", "name", "words"),
    [
        ("Cole_Hardware_Mug_Classic_Blue/meshes/model.obj", True, "Cole_Hardware_Mug_Classic_Blue",
         ("cole hardware mug classic", "blue", "")),
        ("025_mug/tsdf/nontextured.ply", True, "025_mug", ("mug", "", "")),
        ("red/mug.obj", True, "red_mug", ("mug", "red", "")),
        ("kitchen/mug.obj", False, "mug", ("mug", "", "")),
        ("apple/scan.obj", False, "apple", ("apple", "", "")),
        ("apple/green_scan.obj", False, "apple", ("apple", "green", "")),
        ("cup/body.obj", True, "cup", ("cup", "", "")),
        ("textured.obj", False, "collection", ("collection", "", "")),
        ("mug.obj", True, "mug", ("mug", "", "")),
        ("google_64k/0042.stl", True, "collection", ("collection", "", "")),
    ],
)  # fmt: skip
def test_the_nearest_name_that_says_something(
    tmp_path: Path, path: str, doubled: bool, name: str, words: tuple[str, str, str]
) -> None:
    root = tmp_path / "collection"
    assert told_by(root / path, root, doubled) == (name, words)


def test_names_of_meshes_say_nothing() -> None:
    assert not any(map(says_something, ("textured", "model", "google_16k", "visual", "mesh_v2", "scan3", "042", "")))
    assert all(map(says_something, ("mug", "mesh_mug", "plate base", "002_master_chef_can")))


def test_ctrl_c_ends_an_import_and_keeps_what_is_finished(tmp_path: Path) -> None:
    """In the middle of the splitting, which hears no signal."""
    put(tmp_path / "meshes" / "a_can.stl")
    trimesh.creation.torus(0.05, 0.02, 96, 96).export(tmp_path / "meshes" / "b_ring.stl")
    program = tmp_path / "run.py"
    program.write_text(
        "import sys, time\n"
        "import sightline.engine.assets.importing.workshop as workshop\n"
        "from sightline.cli import main\n"
        "def slow(path, name, settings, words):\n"
        "    if 'ring' in name:\n"
        "        print('at it', flush=True)\n"
        "        time.sleep(300)\n"
        "    return real(path, name, settings, words)\n"
        "real, workshop.import_file = workshop.import_file, slow\n"
        "if __name__ == '__main__':\n"
        "    main(sys.argv[1:])\n"
    )
    command = [
        sys.executable,
        str(program),
        "assets",
        "import",
        str(tmp_path / "meshes"),
        "--out",
        str(tmp_path / "lib"),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        while "at it" not in (line := process.stdout.readline()):
            assert line or process.poll() is None, process.stderr.read() if process.stderr else ""
        asked = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130 and time.monotonic() - asked < 20
    assert "Traceback" not in error and "1 objects" in out
    assert kinds(tmp_path / "lib") == {"a_can": "can"}
