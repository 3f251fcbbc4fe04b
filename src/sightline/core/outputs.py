"""What is written: tried before the work starts, whole or not at all, and a sentence where it cannot be.

Work is never the price of a failed write. Every command says which of its options are outputs (:class:`Output`); they
are tried before anything else happens. What is worked out and cannot be written after all is :func:`keeping`'s to keep.
"""

from __future__ import annotations

import errno
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.core.errors import SightlineError

PROBE = 4096  # bytes that a disk must still take for an output to be worth working for


@dataclass(frozen=True)
class Output:
    """Marks an option of a command as a file or folder that the command writes."""

    folder: bool = False


class Unwritten(SightlineError):
    """The work is done, but an output of it could not be written; ``result`` is what the work gave."""

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


def require_writable(path: Path, folder: bool = False) -> None:
    """Raise SightlineError unless a file (or folder) at ``path`` can be written. Leaves nothing behind."""
    with writing(path):
        if path.exists():
            if path.is_dir() != folder:
                raise SightlineError(f"{path} is a {'file: name a folder' if folder else 'folder: name a file'}.")
            if not folder and not path.is_file():
                return  # a device or a pipe: the only way to try it is to write to it
        place = path if folder else path.parent
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            raise SightlineError(f"{path} cannot be written ({place} is a file): choose another path.")
        with tempfile.TemporaryFile(dir=place, buffering=0) as file:
            file.write(bytes(PROBE))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says about writing ``path`` into a SightlineError."""
    try:
        yield
    except OSError as error:
        raise SightlineError(f"{path} cannot be written ({_reason(error)}).") from None


@contextmanager
def keeping(result: Any) -> Iterator[None]:
    """For outputs that come after the work: a SightlineError takes ``result`` along (:class:`Unwritten`)."""
    try:
        yield
    except SightlineError as error:
        raise Unwritten(str(error), result) from None


@contextmanager
def reporting_full_disk(root: Path, finished: str = "episodes") -> Iterator[None]:
    """Turn "no space left" into a SightlineError that says what is safe and what to do."""
    try:
        yield
    except OSError as error:
        if not disk_full(error):
            raise
        raise SightlineError(
            f"The disk that holds {root} is full: the {finished} finished so far are safe and readable; "
            "free some space and run the same command again to continue."
        ) from None


def write_durably(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` whole or not at all: temporary file beside it, forced to the disk, renamed. What is no
    plain file (a device, a pipe) is written to as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name[:200]}.{uuid.uuid4().hex[:8]}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def disk_full(error: OSError) -> bool:
    """Whether ``error`` says that no space (or no quota) is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def machine_trouble(error: OSError) -> str:
    """One sentence on an error that the machine is to blame for: a full or read-only disk, no permission, a folder for
    a file. Empty for all others, which are faults of the program."""
    blamed = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EIO, errno.EFBIG,
              errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE)  # fmt: skip
    if not disk_full(error) and error.errno not in blamed:
        return ""
    return f"{error.filename or 'The output'} cannot be written or read ({_reason(error)}); what was finished is kept."


def _reason(error: OSError) -> str:
    if disk_full(error):
        return "the disk is full: free some space"
    return f"{error.strerror or error}: choose another"
