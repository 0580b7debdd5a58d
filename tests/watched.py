"""One command of a golden test with a family of its own: who outlives it is seen, and it may be another user's.

    python -m tests.watched REPORT UID FOLDER command …      REPORT becomes a list of what outlived the command

A worker carries no name or variable of ours, so this process adopts orphans; each command has one of these, so that
two can run at once.  When UID is not the present user (root), the command runs as that ordinary user, in a view of the
disk where folders that only root may enter let everybody through to Python, the kit and the test's folder (and to
nothing else of theirs).  Ends as the command ends; with 2 and a line that begins "unreachable: " where that fails.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.real_path import ROOT, adopting_orphans

UNREACHABLE = "unreachable: "
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000


def main(report: str, uid: str, folder: str, *command: str) -> int:
    told = Path(report).open("w", encoding="utf-8")  # noqa: SIM115 - its folder may be out of sight below
    user = None if int(uid) == os.geteuid() else int(uid)
    if user is not None:
        needed = (Path(sys.prefix), Path(sys.base_prefix), ROOT, Path(folder))
        try:
            _open_the_way(needed)
        except OSError as error:
            return _unreachable(f"no view of the disk for an ordinary user ({error})")
        for path in (*needed, Path(os.path.realpath(sys.executable))):
            found = subprocess.run(["test", "-r", path], user=user, group=user, extra_groups=[], check=False)
            if found.returncode:
                return _unreachable(f"{path} cannot be read by an ordinary user")
    with adopting_orphans() as orphans:
        groups: list[int] | None = None if user is None else []
        run = subprocess.run(command, user=user, group=user, extra_groups=groups, cwd=ROOT, check=False)
        left = orphans()
    with told:
        json.dump(left, told)
    return run.returncode


def _unreachable(why: str) -> int:
    print(UNREACHABLE + why, file=sys.stderr)  # noqa: T201
    return 2


def _open_the_way(needed: Sequence[Path]) -> None:
    """In a mount namespace of our own, a folder that others may not enter gives way to one with just what is needed."""
    closed: dict[Path, list[Path]] = {}
    for path in needed:
        folder = next((above for above in reversed((path, *path.parents)) if not above.stat().st_mode & 1), None)
        if folder == path:  # closed itself: what lies in it
            closed.setdefault(folder, []).extend(path.iterdir())
        elif folder is not None:
            closed.setdefault(folder, []).append(path)
    if not closed:
        return
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: Path | str, target: Path | str, kind: str | None, flags: int, data: str | None = None) -> None:
        texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
        if libc.mount(*texts, ctypes.c_ulong(flags), None if data is None else data.encode()):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(target))

    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    # held open: once a folder is covered, what lies in it has no name any more
    held = {path: os.open(path, os.O_PATH) for paths in closed.values() for path in paths}
    for folder, paths in closed.items():
        mount("tmpfs", folder, "tmpfs", 0, "mode=755")
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            _like(Path(f"/proc/self/fd/{held[path]}"), path)
            mount(f"/proc/self/fd/{held[path]}", path, None, MS_BIND | MS_REC)


def _like(path: Path, place: Path) -> None:
    """Something to mount on: a folder for a folder, a file for a file."""
    if path.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
