"""Asks for a zygote under a tier, and for workers from it: the grader's end of both sockets.

    Zygote(tier).worker(limits) → Worker;  Worker.request(bytes, seconds) → bytes

A worker that stops talking raises `WorkerGone` with how it ended (exit code, killed, processor seconds), read from
the zygote, never from the worker itself.  A zygote that does not come up raises `SandboxError`, which is our fault.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from autograder.sandbox import nursery, view
from autograder.sandbox.cgroup import MemoryGroup, NoGroup
from autograder.sandbox.endings import Ending, Killed, SandboxError, WorkerGone, WorkerTimeout
from autograder.sandbox.inner import wire
from autograder.sandbox.inner.rubble import remove
from autograder.sandbox.inner.watch import MEMORY_SHARE
from autograder.sandbox.printed import Drain, Excerpt
from autograder.sandbox.shared import SharedData
from autograder.sandbox.walls import Walls

START_SECONDS = (
    120.0  # the nursery may still be importing torch: 1.2–6 s, far longer on a busy machine with a cold disk
)


class OutOfStep(Exception):
    """The grader asks for something else than it foretold: its fault.  The worker must not be asked again."""


class Worker:
    """One forked process with one student's module."""

    def __init__(
        self, zygote: Zygote, pid: int, connection: socket.socket, cpu_seconds: int, drain: Drain | None = None
    ) -> None:
        self.zygote, self.pid, self.connection, self.cpu_seconds = zygote, pid, connection, cpu_seconds
        self.drain = drain
        self.busy = False  # a request is out and unanswered
        self.ending: Ending | None = None
        self.foretold: Sequence[bytes] = ()  # they go out with the next request, unless some are out already
        self._out: deque[tuple[bytes, bytes]] = deque()  # what is out and unanswered: its number, and what was asked
        self._numbers = itertools.count(int.from_bytes(os.urandom(4), "big") << 16)

    def await_ready(self) -> None:
        """The jail has closed; a worker that could not lock itself in is our fault: SandboxError."""
        self.connection.settimeout(START_SECONDS)
        try:
            ready = wire.receive(self.connection)
        except (OSError, wire.WireError):
            ready = None
        if bytes(ready or b"") != wire.READY:
            kind = Killed if self.end(1.0).by_another else SandboxError
            raise kind(f"{self.zygote.tier}: a worker could not lock itself in: {self.zygote.last_words()}")

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        """The answer to a request.  `seconds` bounds it outside a test; inside one, pytest-timeout does."""
        self.busy = True
        self.connection.settimeout(seconds)
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            number = self._ask(frame)
            answer = wire.receive(self.connection, deadline=deadline)
        except TimeoutError:
            self.end(0.0)
            raise WorkerTimeout from None
        except wire.WireError as error:
            raise WorkerGone(self.end(0.0), str(error)) from None
        except OSError:
            answer = None
        if answer is None:
            raise WorkerGone(self.end(1.0))
        if answer[:8] != number:
            raise WorkerGone(self.end(0.0), "an answer that belongs to no question")
        self.busy = False
        return bytes(answer[8:])

    def _ask(self, frame: bytes) -> bytes:
        """Its number; it is out already where it was foretold."""
        if self.in_step:
            asked = [(next(self._numbers).to_bytes(8, "big"), one) for one in (frame, *self.foretold)]
            self.foretold = ()
            self._out.extend(asked)
            wire.send(self.connection, *(number + one for number, one in asked))
        number, foretold = self._out[0]
        if foretold != frame:
            raise OutOfStep("it asks for something else than it foretold")
        self._out.popleft()
        return number

    @property
    def in_step(self) -> bool:
        """Nothing is out that was foretold and not asked."""
        return not self._out

    def end(self, wait: float = 0.5) -> Ending:
        """Hang up, let it end by itself for `wait` seconds, then kill it with all that it left."""
        if self.ending is None:
            with no_alarm():  # until the ending is kept: who ended is asked once
                self.connection.close()
                answer = self.zygote.order({"op": "end", "pid": self.pid, "wait": wait})
                over = self._over(answer.pop("stopped"), answer["exit"], answer["cpu"])
                self.ending = Ending(**answer, over=over)
                if self.drain is not None:
                    self.drain.close()
        return self.ending

    def _over(self, stopped: str, exit_code: int, cpu: float) -> str:
        """Which limit killed it; a worker may ignore SIGXCPU, and meets SIGKILL two seconds later."""
        if self.zygote.killed_for_memory():
            return "memory"
        if exit_code != -signal.SIGKILL:
            return ""
        return stopped or ("time" if cpu >= self.cpu_seconds else "")


@contextlib.contextmanager
def no_alarm() -> Iterator[None]:
    """pytest-timeout's alarm waits while the zygote is talked to: half an order, or an answer that nobody read, would
    put all later ones out of step (a worker that died of its files at the very limit left six items unscored).

    Not by blocking the signal: that holds in one thread, and the kernel would hand it to another.
    """
    if threading.current_thread() is not threading.main_thread():  # there no handler runs
        yield
        return
    late: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: late.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
    # not where the zygote itself failed: the alarm would turn our fault into a time limit that a student broke
    if late and callable(before):
        before(*late[0])


class Zygote:
    """A child of the nursery's, with torch imported, inside its walls; owns the slot's scratch folder."""

    def __init__(self, tier: str, gpu: str = "") -> None:
        self.tier, self.gpu = tier, gpu
        self.folder = Path(tempfile.mkdtemp(prefix="autograder-"))
        self.log = (self.folder / "zygote.log").open("ab+")  # append: reading it moves the shared offset
        self.pid, self.ending = 0, ""  # as its keeper tells them
        self.walls: Walls | None = None
        self.group, self.memory = _memory_group()
        self.kills = self.hits = 0  # of the group, when the last worker began
        self.control, theirs = socket.socketpair()
        told, tells = os.pipe()
        self.keeper = open(told, "rb", buffering=0)  # noqa: SIM115
        try:
            with theirs, open(tells, "wb"):
                self._ask([theirs.fileno(), self.log.fileno(), tells])
            self.hello = self.answer(START_SECONDS)
            self.pid = int(self._keepers_word(START_SECONDS) or 0)
            if not self.pid:
                raise self._gone("did not answer")
        except BaseException:
            self.close()
            raise

    def _ask(self, descriptors: list[int]) -> None:
        if self.tier == "namespaces":
            try:
                self.walls = Walls(self.gpu, self.log)
            except SandboxError as error:
                raise type(error)(f"{error}: {self.last_words()}" if self._said() else str(error)) from None
            descriptors.append(self.walls.door)
        nursery.ask(view.order(self.tier, self.folder, self.gpu), descriptors)
        if self.walls is not None:
            self.walls.leave()

    def worker(
        self,
        *,
        memory_mb: int,
        cpu_seconds: float,
        shared: Sequence[SharedData] = (),
        processes: bool = False,
        printed: Excerpt | None = None,
        imports: Sequence[str] = (),
    ) -> Worker:
        """A fresh worker; what it prints goes to `printed`, or nowhere.

        `processes`: it may start some of its own, for a DataLoader.  `imports`: modules that it is born with.
        One at a time: the end of one sweeps away every process of the zygote's.
        """
        ours, theirs = socket.socketpair()
        order = {
            "op": "fork",
            "memory_mb": memory_mb,
            "cpu_seconds": int(cpu_seconds) + 2,
            "shared": [data.described() for data in shared],
            "group": self.group is not None,
            "processes": processes,
            "printed": printed is not None,
            "imports": list(imports),
        }
        drain = None
        with theirs, contextlib.ExitStack() as opened:
            descriptors = [theirs.fileno()]
            if self.group is not None:
                descriptors.append(self._join(self.group, memory_mb * (MEMORY_SHARE if processes else 1), opened))
            if printed is not None:
                drain = Drain(printed)
                opened.callback(drain.handed_over)
                descriptors.append(drain.descriptor)
            answer = self.order(order, [*descriptors, *(data.descriptor for data in shared)])
        worker = Worker(self, answer["pid"], ours, int(cpu_seconds) + 2, drain)
        worker.await_ready()
        return worker

    def _join(self, group: MemoryGroup, memory_mb: int, opened: contextlib.ExitStack) -> int:
        """The way into the group, with the limit set for the worker that will take it."""
        try:
            group.allow(memory_mb)
            self.kills, self.hits = group.kills(), group.hits()
            door = group.open()
        except OSError as error:
            raise SandboxError(f"the memory group: {error}") from None
        opened.callback(os.close, door)
        return door

    def killed_for_memory(self) -> bool:
        """Has the kernel killed the worker that was started last, or a process of its, for the memory it may use?

        Not for that of the machine, which its neighbours use too: that is a SIGKILL like any other (`by_another`).
        """
        try:
            group = self.group
            return group is not None and group.kills() > self.kills and group.hits() > self.hits
        except OSError:
            return False

    def order(self, order: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        frame = wire.pack(order)
        with no_alarm():
            try:
                self.control.settimeout(START_SECONDS)
                socket.send_fds(self.control, [len(frame).to_bytes(8, "big")], list(descriptors))
                self.control.sendall(frame)
            except OSError:
                raise self._gone("is gone") from None
            return self.answer(START_SECONDS)

    def answer(self, seconds: float) -> dict[str, Any]:
        self.control.settimeout(seconds)
        try:
            frame = wire.receive(self.control)
        except OSError:
            frame = None
        if frame is None:
            raise self._gone("did not answer")
        answer: dict[str, Any] = wire.unpack(bytes(frame))
        return answer

    def _gone(self, what: str) -> SandboxError:
        self.pid = self.pid or int(self._keepers_word(1.0) or 0)
        if self.pid:
            killed = self._ended(1.0) == str(-signal.SIGKILL)
        else:  # it was not born; who could have said why was killed
            killed = not self._said() or (self.walls is not None and self.walls.fell())
        if killed:
            return Killed(f"the zygote {what}: it was killed")
        return SandboxError(f"the zygote {what}: {self.last_words()}")

    def _ended(self, seconds: float) -> str:
        """Its exit code; -9 where its keeper was killed, with which it dies; "" while it runs."""
        self.ending = self.ending or self._keepers_word(seconds)
        return self.ending

    def _keepers_word(self, seconds: float) -> str:
        word = b""
        while not word.endswith(b"\n"):
            if not select.select([self.keeper], [], [], seconds)[0]:
                return ""
            if not (more := self.keeper.read(1)):
                return str(-signal.SIGKILL) if self.pid else ""
            word += more
        return word.decode().strip()

    def last_words(self) -> str:
        return self._said() or "it said nothing"

    def _said(self) -> str:
        self.log.seek(0)
        return self.log.read()[-800:].decode(errors="replace").strip()

    def close(self) -> None:
        """Ends the zygote, its workers and its folder."""
        self.control.close()
        if self.pid and not self._ended(2.0):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._ended(2.0)
        if self.walls is not None:
            self.walls.close()
        self.keeper.close()
        self.log.close()
        if self.group is not None:
            self.group.close()
        remove(self.folder)


def _memory_group() -> tuple[MemoryGroup | None, str]:
    """A group for the workers where one can be had, and in words what caps their memory."""
    try:
        group = MemoryGroup.make()
    except NoGroup as why:
        return None, f"memory: {'RLIMIT_DATA only' if sys.platform == 'linux' else 'no cap'} ({why})"
    return group, f"memory: {group.version} and RLIMIT_DATA"
