"""One process at a time on a folder or file: the second is told who is at work there.

The lock is the operating system's, on the file `.NAME.lock` beside what it guards. It ends with
the process that holds it, however that ends; the file itself stays and means nothing. It is not
inherited by child processes.
"""

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from s1lib.errors import CourseError
from s1lib.io import refuse_link

PATIENCE = 1.0  # seconds: a process that was just killed may still be ending
_held: set[Path] = set()  # by this process; the system's lock does not tell its threads apart


@contextlib.contextmanager
def locked(path: Path, report: Callable[[str], object] = print) -> Iterator[None]:
    """Hold `path`, which need not exist, for this process alone.

    Where the file system has no locks, as on some network disks, `report` is told so.
    Raises CourseError that names the process that holds it, or if the lock cannot be written.
    """
    path = Path(os.path.abspath(path))
    file = path.with_name(f".{path.name}.lock")
    if path in _held:
        raise CourseError(f"this process is already at work in {path}: let that end first.")
    refuse_link(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        raise CourseError(f"cannot write {file}: {error.strerror}.") from None
    _held.add(path)
    try:
        if not _take(handle, PATIENCE, report):
            raise CourseError(
                f"{path} is in use by {_holder(handle)}: wait until that has ended, or stop it, "
                "then run the same command again."
            )
        _sign(handle)
        yield
    finally:
        os.close(handle)  # releases the lock
        _held.discard(path)


def _take(handle: int, patience: float, report: Callable[[str], object]) -> bool:
    """Try to take the system's lock; False if another process has it all the time."""
    until = time.monotonic() + patience
    while True:
        try:
            _lock(handle)
            return True
        except (BlockingIOError, PermissionError):  # what systems say of a lock that is held
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        except OSError as error:
            report(
                f"this file system has no locks ({error.strerror}): do not start a second "
                "process on the same folder"
            )
            return True


def _lock(handle: int) -> None:
    """Take the system's lock. Raises OSError at once if another process has it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 1 << 30, os.SEEK_SET)  # beyond the text: others may read that
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(handle: int) -> None:
    """Write who holds the lock."""
    about = {
        "pid": os.getpid(),
        "host": platform.node(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
        "since": datetime.now().isoformat(" ", "minutes"),
    }
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, json.dumps(about).encode())


def _holder(handle: int) -> str:
    """Read who holds the lock, as far as it is told."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        about = json.loads(os.read(handle, 4096))
        told = "process {pid} on {host} ({command}), since {since}".format(**about)
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"
    return "".join(sign if sign.isprintable() else "?" for sign in told)
