"""The zygote's eye on a worker: what it has put into its folder, which processes it started, what they hold together.

    Held.over() → "" or the limit that it broke ("files", "memory"); Held.permit() answers one fork of its tree

A worker of an item with `processes: true` asks before each fork: seccomp hands the call to the zygote, which holds the
other end (`listener`) and lets it go on or fail with EAGAIN.  RLIMIT_NPROC cannot bound it, it is ignored for root;
counting and killing afterwards would be a race with a fork bomb.  No listener, no fork.

What /proc tells is read as bytes: the names of processes and of files in it are the student's, and one that is no
UTF-8 would end the zygote, our fault by the look of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

SCRATCH_MB, SCRATCH_ENTRIES, SCRATCH_DEPTH = 256, 2000, 50
PROCESSES = 16  # of one worker at once, itself not counted
STARTS = 1000  # in a worker's life
UNBORN = 1.0  # seconds a fork that was let through counts as a process while none is seen of it
MEMORY_SHARE = 2  # all processes of a worker together may hold this many times `memory_mb`
NOTIFICATION, ANSWER = "=QIIiIQ6Q", "=QqiI"  # struct seccomp_notif, struct seccomp_notif_resp
NOTIF_RECV, NOTIF_SEND, GO_ON = 0xC0502100, 0xC0182101, 1


@dataclass
class Held:
    pid: int
    scratch: Path
    memory_mb: int
    listener: int | None = None
    born_with: int = 0  # bytes of its own memory when it was forked, most of them shared with the zygote
    free: int = 0  # bytes on its disk then
    starts: int = 0
    unborn: dict[int, tuple[float, list[int]]] = field(default_factory=dict)  # who forks: since when, children before
    stopped: str = ""

    def permit(self) -> None:
        """One process of the worker's waits in clone(): let it through, or EAGAIN."""
        assert self.listener is not None
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        events = dict(poll.poll(0)).get(self.listener, 0)
        if events & select.POLLHUP:  # all of them are gone; before Linux 6.6 the call below would wait for ever
            self.hang_up()
        if not events & select.POLLIN or self.listener is None:
            return
        asked = bytearray(struct.calcsize(NOTIFICATION))
        try:
            fcntl.ioctl(self.listener, NOTIF_RECV, asked)
        except OSError:  # killed or interrupted meanwhile: others may ask
            return
        number, thread = struct.unpack_from("=QI", asked)
        self.unborn.pop(thread, None)  # its last fork is over, or it would not ask again
        granted = self.starts < STARTS and self._unborn() + len(below(self.pid)) < PROCESSES
        if granted:
            self.starts += 1
            self.unborn[thread] = time.monotonic(), thread_children(thread, thread)
        answer = struct.pack(ANSWER, number, 0, 0 if granted else -errno.EAGAIN, GO_ON if granted else 0)
        with contextlib.suppress(OSError):  # killed meanwhile
            fcntl.ioctl(self.listener, NOTIF_SEND, answer)

    def _unborn(self) -> int:
        """How many forks are under way: threads that ask in the same moment must not all find room.

        Asked before `below`, so that a child born between the two counts twice rather than never.
        """
        now = time.monotonic()
        for thread, (since, before) in list(self.unborn.items()):
            over = not os.path.exists(f"/proc/{thread}") or not set(thread_children(thread, thread)) <= set(before)
            if over or now - since > UNBORN:
                del self.unborn[thread]
        return len(self.unborn)

    def hang_up(self) -> None:
        """From here on no fork of the tree succeeds (ENOSYS), those that wait included."""
        if self.listener is not None:
            os.close(self.listener)
            self.listener = None

    def over(self) -> str:
        if overfull(self.scratch) or self._hides_files():
            return "files"
        if self.starts and self._memory() > MEMORY_SHARE * self.memory_mb << 20:
            return "memory"
        return ""

    def ended(self) -> bool:
        """Has it ended while processes of its are left?  They hold its socket, so the grader would wait for them."""
        if not self.starts:
            return False
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return False

    def stop(self, why: str = "") -> None:
        """Kill it and what it started; still there or a zombie: nobody but the zygote waits for its children."""
        self.stopped = self.stopped or why
        self.hang_up()
        tree = below(self.pid)
        os.kill(self.pid, signal.SIGKILL)
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _memory(self) -> int:
        pids = [self.pid, *below(self.pid)]
        return sum(max(0, own_memory(pid) - self.born_with) for pid in pids)

    def _hides_files(self) -> bool:
        """Files that were deleted and are still open or mapped: no folder shows them, but the disk is used.

        Looked for only when the disk has lost as much since the worker began.
        """
        if self.free - free(self.scratch) <= SCRATCH_MB << 20:
            return False
        held = (hidden(pid, self.scratch) for pid in [self.pid, *below(self.pid)])
        return sum(held) > SCRATCH_MB << 20


def below(pid: int) -> list[int]:
    """The living processes that a worker started: its descendants, and the orphans that came to the zygote."""
    own = os.getpid()
    found = [child for child in children(own) if child != pid] + children(pid)
    for one in found:  # grows while we go
        found += children(one)
    return [one for one in found if not _zombie(one)]


def children(pid: int) -> list[int]:
    """Of all its threads; none without /proc (macOS), where a daemon stays: the process tier says so."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += thread_children(pid, thread)
    return found


def thread_children(pid: int, thread: int | str) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]
    return []


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return True


def own_memory(pid: int) -> int:
    """Bytes of anonymous memory it holds, what it shares with its parent since the fork included; 0 when gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_bytes().split(b"\n"):
            if line.startswith(b"RssAnon:"):
                return int(line.split()[1]) << 10
    return 0


def free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bfree * found.f_frsize


def hidden(pid: int, scratch: Path) -> int:
    """Bytes of deleted files of the folder that it holds open or mapped; a mapping counts as far as it reaches."""
    size, mapped = 0, 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(entry.path).startswith(f"{scratch}/"):
                    found = entry.stat()
                    size += found.st_blocks * 512 if found.st_nlink == 0 else 0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/maps", "rb") as maps:
        for line in maps:
            if line.endswith(b" (deleted)\n") and b" %b/" % os.fsencode(scratch) in line:
                start, end = line.split(maxsplit=1)[0].split(b"-")
                mapped += int(end, 16) - int(start, 16)
    return size + mapped


def overfull(scratch: Path) -> bool:
    """More bytes, entries or depth than are allowed; a folder that cannot be looked into counts as full."""
    used = entries = 0
    folders = [(str(scratch), 0)]
    while folders:
        path, depth = folders.pop()
        try:
            found = os.scandir(path)
        except FileNotFoundError:
            continue
        except OSError:
            return True
        with found:
            for entry in found:
                entries += 1
                with contextlib.suppress(OSError):  # gone meanwhile
                    used += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, depth + 1))
                if used > SCRATCH_MB << 20 or entries > SCRATCH_ENTRIES or depth > SCRATCH_DEPTH:
                    return True
    return False
