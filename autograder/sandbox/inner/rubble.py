"""Deleting what a student left behind: `remove(folder)`.  Used in the zygote after each worker, and by the coordinator
for the folders of a run that was killed; so it imports no torch."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path


def remove(folder: Path) -> None:
    """Delete a folder whatever a student made of it: shutil's rmtree stops at modes and at Python's stack.

    Each folder's entries move up to the top before it goes, so no path and no recursion grows with the depth.
    """
    numbers = itertools.count(int.from_bytes(os.urandom(8), "big"))  # a name of a student's own must not be met
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            while names := os.listdir(top):
                for name in names:
                    _flatten(name, top, numbers)
        finally:
            os.close(top)
        os.rmdir(folder)


def _flatten(name: str, top: int, numbers: Iterator[int]) -> None:
    """Delete one entry of `top`; what it holds becomes entries of `top`."""
    try:
        os.unlink(name, dir_fd=top)
        return
    except (IsADirectoryError, PermissionError):  # macOS says EPERM
        os.chmod(name, 0o700, dir_fd=top)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for entry in os.scandir(inner):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.name, 0o700, dir_fd=inner)  # else an ordinary user may not move it
            os.rename(entry.name, f"moved {next(numbers)}", src_dir_fd=inner, dst_dir_fd=top)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)
