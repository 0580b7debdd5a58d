"""Temporary folders that never stay: each run locks its own, and clears those whose owner was killed.

    with scratch() as folder: …

The kernel frees a lock when its owner dies, however it dies; a process number would be given to another one day.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox.inner.rubble import remove

PREFIX = "autograder-"
LOCK, INSIDE = "lock", "slots"  # INSIDE comes after LOCK is held and goes after LOCK: without it nothing can be said
YOUNG = 60.0  # seconds in which a folder without INSIDE is taken for one that is being made


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A new folder for one run; OSError when none can be made."""
    from filelock import FileLock

    sweep_folders()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(folder / LOCK, thread_local=False)  # on a Dask worker another thread may clear it
    try:
        lock.acquire(timeout=0)
        (folder / INSIDE).mkdir()
        yield folder / INSIDE
    finally:
        _clear(folder)
        lock.release(force=True)


def sweep_folders() -> None:
    """Clear the folders of runs that were killed.  What is not surely ours and surely dead stays."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _ours(folder) and _dead(folder):
                _clear(folder)


def _clear(folder: Path) -> None:
    """In an order that another run can finish wherever this one is killed."""
    with contextlib.suppress(OSError):
        for entry in (folder / INSIDE).iterdir():
            remove(entry)
    with contextlib.suppress(OSError):
        (folder / LOCK).unlink()
    remove(folder)


def _ours(folder: Path) -> bool:
    mine = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
    return mine and folder.is_dir() and not folder.is_symlink()


def _dead(folder: Path) -> bool:
    """Was it a run's, and does nobody hold its lock?"""
    from filelock import FileLock, Timeout

    inside, locked = (folder / INSIDE).is_dir(), (folder / LOCK).is_file()
    if not inside:
        return locked and time.time() - folder.stat().st_mtime > YOUNG
    if locked:
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release(force=True)
    return True
