"""The command an instructor types, run for real, with everything that it leaves behind: for golden tests."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from autograder.sandbox.cgroup import VARIABLE, MemoryGroup, NoGroup

ROOT = Path(__file__).parents[1]
SECONDS = 540  # for one class on a machine that is busy; alone it takes a tenth
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Graded:
    """What one run left: the folder, what it said; processes, temporary files and memory groups that outlived it."""

    out: Path
    code: int
    said: str
    left: tuple[str, ...]
    attempts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def page(self, student: str) -> str:
        return (self.out / "students" / f"{student}.md").read_text(encoding="utf-8")

    def log(self, student: str) -> str:
        """What staff reads of what the student's code printed."""
        path = self.out / "staff" / "printed" / f"{student}.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def texts(self) -> dict[str, str]:
        """Everything that was printed or written for people, by name."""
        paths = [path for path in self.out.rglob("*") if path.suffix in (".json", ".csv", ".html", ".md")]
        return {"the terminal": self.said} | {path.name: path.read_text(encoding="utf-8") for path in paths}


def grade(
    paths: Sequence[Path],
    folder: Path,
    tier: str,
    *options: str,
    env: Mapping[str, str] | None = None,
    uid: int | None = None,
) -> Graded | str:
    """`autograder grade` of these paths into folder/out; or why this machine does not offer the tier (or the user).

    `uid`: an ordinary user who types it, when we are root; the folder is that user's and all may enter it.
    """
    temporary, report = folder / "tmp", folder.parent / f"{folder.name}.left"
    temporary.mkdir()
    uid = os.geteuid() if uid is None else uid
    os.chown(temporary, uid, -1)
    command = [sys.executable, "-m", "tests.watched", str(report), str(uid), str(folder)]
    command += [sys.executable, "-m", "autograder", "grade", *map(str, paths), "--out", str(folder / "out")]
    command += ["--offline", "--lang", "en", "--isolation", tier, *options]
    full = {**os.environ, **(env or {}), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    with memory_groups() if uid == os.geteuid() else nullcontext(Groups(None)) as groups:  # ours are not another user's
        full |= groups.env
        run = subprocess.run(command, cwd=ROOT, env=full, capture_output=True, text=True, timeout=SECONDS, check=False)
        left = groups.left()
    if run.returncode == 2 and (f"autograder: {tier}: " in run.stderr or run.stderr.startswith("unreachable: ")):
        return run.stderr.strip().splitlines()[-1]
    assert run.returncode == 0, run.stdout + run.stderr
    left += tuple(json.loads(report.read_text(encoding="utf-8"))) + tuple(path.name for path in temporary.iterdir())
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    attempts = {(attempt["student"], attempt["unit"]): attempt for attempt in results}
    return Graded(folder / "out", run.returncode, run.stdout + run.stderr, left, attempts)


def once_a_tier(graded: Callable[[str], Graded | str]) -> Callable[[str], Graded]:
    """Each tier is graded when it is first asked for; a test skips where the machine does not offer it."""
    import pytest  # not above: watched.py starts without it

    kept = cache(graded)

    def of(tier: str) -> Graded:
        found = kept(tier)
        if isinstance(found, str):
            pytest.skip(found)
        return found

    return of


@dataclass(frozen=True)
class Groups:
    """Where a run makes its memory groups, apart from everybody else's; None where none can be made."""

    parent: Path | None

    @property
    def env(self) -> dict[str, str]:
        return {} if self.parent is None else {VARIABLE: str(self.parent)}

    def left(self) -> tuple[str, ...]:
        return () if self.parent is None else tuple(path.name for path in self.parent.iterdir() if path.is_dir())


@contextmanager
def memory_groups() -> Iterator[Groups]:
    try:
        probe = MemoryGroup.make()
    except NoGroup:
        yield Groups(None)
        return
    probe.close()
    groups = Groups(Path(tempfile.mkdtemp(prefix="test-", dir=probe.folder.parent)))
    try:
        yield groups
    finally:
        assert groups.parent is not None
        for folder in (*(groups.parent / name for name in groups.left()), groups.parent):
            MemoryGroup(folder, probe.unified).close()


@contextmanager
def adopting_orphans() -> Iterator[Callable[[], tuple[str, ...]]]:
    """Whoever outlives the command becomes our child, and so is seen: a worker carries no name or variable of ours."""
    libc = ctypes.CDLL(None)
    before = _children()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def orphans() -> tuple[str, ...]:
        """Those still running after two seconds, by their command line; none is left when this returns."""
        deadline = time.monotonic() + 2.0
        while (found := _running(_children() - before)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in found:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return tuple(found.values())

    try:
        yield orphans
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _children() -> set[int]:
    """Our children, by who each process says its parent is."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            parent = stat.read_bytes().rpartition(b")")[2].split()[1]  # names need not be UTF-8
            if int(parent) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def _running(pids: set[int]) -> dict[int, str]:
    """Those that did not end by themselves; the others are reaped here."""
    alive = [pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0]
    return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in alive}
