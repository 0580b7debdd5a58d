"""Modes and times of a worker's own files: asked for by `shutil.copy` and the like, never really changed.

    settle(scratch) → os.chmod and os.utime do nothing for files below `scratch`, and refuse all others as before

Landlock does not ask about modes and times, so seccomp refuses the calls everywhere (jail.py); `shutil.copy` of a file
of the worker's own would fail.  This stands beside the student's code and holds nothing: who goes around it meets the
filter.  The same in both tiers, so that no verdict depends on one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any


def settle(scratch: Path) -> None:
    home = os.path.realpath(scratch)
    for name in ("chmod", "utime"):
        call = getattr(os, name)
        quiet = _nothing_for_own(call, home)
        setattr(os, name, quiet)
        for offers in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
            if call in offers:  # shutil asks there what a function takes
                offers.add(quiet)


def _nothing_for_own(call: Callable[..., None], home: str) -> Callable[..., None]:
    @wraps(call)
    def quiet(path: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(path, int) or kwargs.get("dir_fd") is not None:
            call(path, *args, **kwargs)  # refused
            return
        follow = kwargs.get("follow_symlinks", True)
        os.stat(path, follow_symlinks=follow)  # a file that is not there is told as ever
        folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))
        place = os.path.realpath(os.path.join(folder, name) if follow else folder)
        if os.path.commonpath([home, place]) != home:
            call(path, *args, **kwargs)

    return quiet
