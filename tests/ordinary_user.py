"""An ordinary user for tests that run as root: what is said of walls and of files must hold for somebody else too.

    as_nobody(program) → what subprocess is given to run it as nobody;  being_nobody() → this process, for a while

A golden test's whole command runs as another user through tests/watched.py, which root alone may do.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOBODY = 65534


def as_nobody(program: str, *arguments: str) -> dict[str, Any]:
    """Arguments of subprocess.run and Popen.  Skips where the interpreter cannot be shown to an ordinary user."""
    become = f"import os\nos.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})\n"
    return {
        "args": [*_visible_to_all(), sys.executable, "-B", "-c", become + program, *arguments],
        "cwd": ROOT,
        "env": {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": "/tmp", "PYTHONPATH": str(ROOT)},
        "text": True,
    }


def _visible_to_all() -> list[str]:
    """Words before a command that let an ordinary user see the interpreter: none, or a view made by bubblewrap."""
    needed = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), ROOT}
    closed = {parent for path in needed for parent in (path, *path.parents) if not parent.stat().st_mode & 1}
    if not closed:
        return []
    if shutil.which("bwrap") is None:
        pytest.skip(f"{min(closed)} is closed to other users, and there is no bubblewrap to show what lies in it")
    words = ["bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--cap-add", "ALL"]
    for folder in sorted(closed):
        words += ["--tmpfs", str(folder)]
    hidden = [path for path in sorted(needed) if any(path.is_relative_to(folder) for folder in closed)]
    for path in hidden:
        for parent in reversed([parent for parent in path.parents if closed.intersection(parent.parents)]):
            words += ["--perms", "0755", "--dir", str(parent)]
        words += ["--ro-bind", str(path), str(path)]
    return words


@contextmanager
def being_nobody() -> Iterator[None]:
    """Root reads everything; an ordinary user stays who it is."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
