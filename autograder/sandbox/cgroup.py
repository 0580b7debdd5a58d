"""A cap on the memory that `RLIMIT_DATA` does not count: files in a tmpfs, shared mappings, the kernel's own tables.

    MemoryGroup.make() → a group for one slot's workers, or NoGroup, which says why not and what would help

Below the group that $AUTOGRADER_CGROUP names, else below the one the grader itself runs in.  Whoever started the grader
(systemd, a container, a CI runner) loses nothing: what a child uses counts in its parents as well, a parent's limit
holds above ours, and systemd ends a unit by its own hierarchy (v1) or with all groups below it (v2).  What is not ours
to arrange the kernel refuses (v2, EBUSY), and then `RLIMIT_DATA` holds alone.

Only workers go in, one after another; what they share with the zygote stays charged to the zygote.  Joining takes a
grace period of the kernel's, 8 to 10 ms.  A group's name says whose it is, so that one whose slot was killed can be
told from a living one's: `sweep`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

VARIABLE, OFF = "AUTOGRADER_CGROUP", "none"
PREFIX, LEAF = "autograder-", "grader"
SLACK_MB = 256  # above the item's memory: a zygote has 217 MB that a worker may write to, each page becomes its own
PATIENCE = 1.0  # seconds for the last page of a killed worker to leave
SELF, MOUNTS = Path("/proc/self/cgroup"), Path("/proc/self/mountinfo")


class NoGroup(Exception):
    """No memory group can be had: why, and the command that would help ("" where none is known)."""

    def __init__(self, why: str, cure: str = "") -> None:
        super().__init__(why)
        self.cure = cure


@dataclass(frozen=True)
class MemoryGroup:
    folder: Path
    unified: bool  # cgroup v2

    @classmethod
    def make(cls) -> MemoryGroup:
        named = os.environ.get(VARIABLE, "")
        if sys.platform != "linux":
            raise NoGroup("needs Linux")
        if named == OFF:
            raise NoGroup(f"switched off by {VARIABLE}={OFF}", f"unset {VARIABLE}")
        parent = Path(named) if named else own()
        unified = (parent / "cgroup.controllers").exists()
        try:
            sweep(parent)
            if unified:
                _share_out(parent)
            group = cls(Path(tempfile.mkdtemp(prefix=_name(os.getpid()), dir=parent)), unified)
            try:
                group.allow(SLACK_MB)
                group.kills(), group.hits()
                os.close(group.open())
            except BaseException:
                group.close()
                raise
        except (OSError, ValueError, StopIteration) as error:
            why = getattr(error, "strerror", None) or "counts no kills for memory"
            raise NoGroup(f"{parent}: {why}", f"unset {VARIABLE}" if named else _cure(parent, unified, error)) from None
        return group

    @property
    def version(self) -> str:
        return "cgroup v2" if self.unified else "cgroup v1"

    def allow(self, memory_mb: int) -> None:
        """The limit for the next worker; what it holds is not swapped out to get round it."""
        limit, swap = (
            ("memory.max", "memory.swap.max") if self.unified else ("memory.limit_in_bytes", "memory.swappiness")
        )
        self._write(limit, str((memory_mb + SLACK_MB) << 20))
        with contextlib.suppress(OSError):  # a kernel without swap
            self._write(swap, "0")

    def open(self) -> int:
        """A descriptor through which whoever writes "0" joins, wherever it sits: the right is the opener's."""
        return os.open(self.folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    def kills(self) -> int:
        """How many processes the kernel has killed in here for memory, be it their own limit's, a parent's or the
        machine's."""
        return self._count("memory.events" if self.unified else "memory.oom_control", "oom_kill ")

    def hits(self) -> int:
        """How often this group's own limit was met.  Without one more of these a kill is not its members' doing: the
        machine, or the container we run in, had no memory left.  v1 counts what was reclaimed in time as well."""
        return self._count("memory.events", "oom ") if self.unified else self._count("memory.failcnt", "")

    def _count(self, name: str, key: str) -> int:
        text = (self.folder / name).read_text()
        return int(next(line.removeprefix(key) for line in text.splitlines() if line.startswith(key)))

    def close(self) -> None:
        """Remove it; its last process may take a moment to be gone."""
        deadline = time.monotonic() + PATIENCE
        while self.folder.exists():
            try:
                self.folder.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.01)

    def _write(self, name: str, text: str) -> None:
        with (self.folder / name).open("r+") as file:  # never made here: a folder that is no cgroup has no such file
            file.write(text)


def own() -> Path:
    """The memory group we run in, where its hierarchy is mounted; a container may see a part of it only."""
    groups: dict[str, str] = {}
    mounts: list[str] = []
    with contextlib.suppress(OSError):
        for line in SELF.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            groups |= dict.fromkeys(controllers.split(","), path)  # v2's has no controllers
        mounts = MOUNTS.read_text().splitlines()
    kind = "cgroup" if "memory" in groups else "cgroup2"
    path = groups.get("memory", groups.get("", ""))
    for line in mounts:
        place, _, what = line.partition(" - ")
        root, mount = place.split()[3:5]
        fstype, *_, options = what.split()
        inside = path == root or path.startswith(f"{root.rstrip('/')}/")
        if fstype == kind and inside and (kind == "cgroup2" or "memory" in options.split(",")):
            found = Path(mount, path[len(root.rstrip("/")) :].lstrip("/"))
            return found.parent if found.name == LEAF else found
    raise NoGroup("no memory cgroup is mounted")


def sweep(parent: Path | None = None) -> None:
    """Remove the groups of slots that were killed.  What is not surely ours and surely nobody's any more stays."""
    with contextlib.suppress(OSError, NoGroup):
        named = os.environ.get(VARIABLE, "")
        for folder in (parent or Path(named or own())).glob(f"{PREFIX}*"):
            parts = folder.name.split("-")
            if len(parts) == 5 and parts[2].isdecimal() and folder.stat().st_uid == os.getuid():
                mine = "-".join(parts[:2]) == "-".join(_name(0).split("-")[:2])  # another pid namespace's may live
                if mine and _started(int(parts[2])) != parts[3]:
                    MemoryGroup(folder, False).close()


def _name(pid: int) -> str:
    """autograder-<pid namespace>-<pid>-<when it started>-: a number that was given to another process tells nothing."""
    return f"{PREFIX}{os.stat('/proc/self/ns/pid').st_ino}-{pid}-{_started(pid)}-"


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; "" when there is none, or only its remains."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if state in (b"Z", b"X") else fields[18].decode()


def _share_out(parent: Path) -> None:
    """v2: let children of `parent` have limits.  Refused (EBUSY) while it holds processes.

    Of a group that was delegated (`systemd-run --user --scope -p Delegate=yes`) the arrangement is ours: the processes
    in it, the grader's, move to a group of their own.
    """
    control = parent / "cgroup.subtree_control"
    for _ in range(5):  # a process may start meanwhile
        try:
            control.write_text("+memory")
            return
        except OSError as error:
            if error.errno != errno.EBUSY or not _delegated(parent):
                raise
        move_down(parent)
    control.write_text("+memory")


def _delegated(folder: Path) -> bool:
    """systemd marks what it gives away."""
    for name in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(folder, name) == b"1":
                return True
    return False


def move_down(parent: Path) -> None:
    (parent / LEAF).mkdir(exist_ok=True)
    for pid in (parent / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):  # it ended
            (parent / LEAF / "cgroup.procs").write_text(pid)


def _cure(parent: Path, unified: bool, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if unified and number in (errno.EBUSY, errno.EACCES, errno.EPERM):
        return f"systemd-run {'--user ' if os.getuid() else ''}--scope -p Delegate=yes autograder grade …"
    if number in (errno.EACCES, errno.EPERM):
        folder = parent / "autograder"
        return f"sudo install -d -o {os.getuid()} {folder} && export {VARIABLE}={folder}"
    return ""  # a read-only mount in a container: its host must give it
