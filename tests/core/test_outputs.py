"""Outputs are tried first, written whole or not at all, and never cost the work."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.core import outputs
from sightline.core.errors import SightlineError
from sightline.core.outputs import (
    Unwritten,
    keeping,
    machine_trouble,
    reporting_full_disk,
    require_writable,
    write_durably,
    writing,
)

FULL = Path("/dev/full")  # a device that takes nothing, as a full disk


def test_what_can_be_written_is_tried_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("kept")
    for path in (tmp_path / "new", tmp_path / "a/b/c", tmp_path / "old", Path(os.devnull)):
        require_writable(path)
    for path in (tmp_path / "run", tmp_path / "a/b", tmp_path):
        require_writable(path, folder=True)
    assert [path.name for path in tmp_path.iterdir()] == ["old"] and (tmp_path / "old").read_text() == "kept"


def test_what_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, folder, message in (
        (tmp_path, False, "is a folder: name a file"),
        (tmp_path / "file", True, "is a file: name a folder"),
        (tmp_path / "file/x.json", False, "(Not a directory|is a file)"),
        (tmp_path / "file/a/b", True, "(Not a directory|is a file)"),
        (tmp_path / ("x" * 300), False, "File name too long"),
        (Path("/proc/version_of_mine/x.json"), False, "cannot be written"),
    ):
        with pytest.raises(SightlineError, match=message):
            require_writable(path, folder)


class Full:
    """A temporary file on a full disk."""

    def __init__(self, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_found_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs.tempfile, "TemporaryFile", Full)
    with pytest.raises(SightlineError, match=r"r.json cannot be written .the disk is full: free some space"):
        require_writable(tmp_path / "r.json")


def test_files_are_written_whole_and_devices_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "new" / ("x" * 250)
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two" and len(list(path.parent.iterdir())) == 1
    before = os.stat(os.devnull)
    write_durably(Path(os.devnull), b"nothing")
    assert os.stat(os.devnull).st_rdev == before.st_rdev, "the device itself is not replaced by a file"
    if FULL.exists():
        with pytest.raises(SightlineError, match=r"/dev/full cannot be written .the disk is full"), writing(FULL):
            write_durably(FULL, b"x")


def test_results_survive_outputs_that_fail(tmp_path: Path) -> None:
    full = reporting_full_disk(tmp_path, "checkpoints")
    with pytest.raises(Unwritten, match="is full") as caught, keeping({"success": 1.0}), full:
        raise OSError(errno.EDQUOT, "quota")
    assert caught.value.result == {"success": 1.0} and "checkpoints finished so far are safe" in str(caught.value)
    with pytest.raises(FileNotFoundError), reporting_full_disk(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_only_what_the_machine_is_to_blame_for_is_excused() -> None:
    assert "a.json cannot be written" in machine_trouble(OSError(errno.EROFS, "Read-only file system", "a.json"))
    assert not machine_trouble(FileNotFoundError(errno.ENOENT, "No such file", "a.json"))
    assert not machine_trouble(OSError("of some library"))


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_results_are_for_everyone(tmp_path: Path) -> None:
    write_durably(tmp_path / "r.json", b"{}")
    assert (tmp_path / "r.json").stat().st_mode & 0o777 == 0o644
