"""One writer at a time: a lock on a folder that ends with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from sightline.core.errors import SightlineError

NAME = ".lock"


class FolderLock:
    """Held from its making until :meth:`release`, or until the process is gone (the kernel sees to that).

    Raises SightlineError where another process holds it, or the folder cannot be made or locked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, path = folder, folder / NAME
        try:
            self._new = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
            while True:
                self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - held until release()
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever had it until now may have taken the file away: that lock would be one on nothing.
                if path.exists() and os.path.samestat(os.fstat(self._file.fileno()), path.stat()):
                    return
                self._file.close()
        except BlockingIOError:
            self._file.close()
            raise SightlineError(
                f"{folder} is being written by another process; wait for it or stop it first."
            ) from None
        except OSError as error:
            raise SightlineError(
                f"{folder} cannot be used for writing ({error.strerror}); choose another folder."
            ) from None

    @property
    def held(self) -> bool:
        """Whether this lock has not been released yet."""
        return not self._file.closed

    def release(self) -> None:
        """Let others in; a folder that was made for the lock and into which nothing was put goes again."""
        if not self.held:
            return
        with suppress(OSError):
            if self._new and [entry.name for entry in self.folder.iterdir()] == [NAME]:
                (self.folder / NAME).unlink()
                self.folder.rmdir()
        self._file.close()
