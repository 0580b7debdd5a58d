"""A cap on the memory that `RLIMIT_DATA` does not count: files in a tmpfs, shared mappings, the kernel's own tables.

    MemoryGroup.make() → a group for one slot's workers below $AUTOGRADER_CGROUP, or None

Only below a group that was named: the one the grader happens to run in belongs to whoever started it (systemd, a
container, a CI runner), who counts and ends what is in there.  Only workers go in, one after another; what they share
with the zygote stays charged to the zygote.  v1 and v2; v2's named group must hold no process of its own.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "AUTOGRADER_CGROUP"
PREFIX = "autograder-"
SLACK_MB = 256  # above the item's memory: pages of the zygote's that are written to, and files in the scratch folder
PATIENCE = 1.0  # seconds for the last page of a killed worker to leave


@dataclass(frozen=True)
class MemoryGroup:
    folder: Path
    unified: bool  # cgroup v2

    @classmethod
    def make(cls) -> MemoryGroup | None:
        """None where no group is named, or the one that is does not take a limit: `RLIMIT_DATA` holds alone then."""
        named = os.environ.get(VARIABLE)
        if not named:
            return None
        parent = Path(named)
        unified = (parent / "cgroup.controllers").exists()
        with contextlib.suppress(OSError, ValueError, StopIteration):
            if unified:
                (parent / "cgroup.subtree_control").write_text("+memory")
            group = cls(Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)), unified)
            try:
                group.allow(SLACK_MB)
                group.kills()
                os.close(group.open())
            except BaseException:
                group.close()
                raise
            return group
        return None

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
        """How many processes the kernel has killed in here for their memory."""
        text = (self.folder / ("memory.events" if self.unified else "memory.oom_control")).read_text()
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith("oom_kill ")))

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
