"""Slots on this machine: jobs go in as they are asked for, the result of each item comes out the moment it ends.

    with Pool(course, settings, size) as pool:
        pool.start() → Hello                    GradingError when no slot can be had
        pool.run(jobs) → (job, ItemResult), …, (job, Done), …
    attempts(pool.run(jobs)) → (job, Attempt)   for who wants it whole

`Slots` is what the coordinator needs of them: the slots of a cluster (`cluster.Cluster`) have the same form.

Slots are forked from one process that has torch imported and nothing else, so torch is imported once for all graders.
A slot that dies or falls silent is replaced, and its submission goes on at the item it was at; an item that takes two
slots down is `grader_error`, and the others of its submission are judged.  Jobs are taken one by one as slots become
free, so a class may be larger than the memory.  Imports no torch and runs no student code.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from autograder.course import Course
from autograder.grading.scratch import scratch
from autograder.grading.slot import Beat, Done, Fault, Hello, Job, Judged, Settings
from autograder.grading.slot import main as slot_main
from autograder.models import Attempt, ItemResult, Verdict, attempt_of
from autograder.sandbox.cgroup import sweep as sweep_groups

STARTS = 3  # how often in a row a slot may die before it has come up
TRIES = 2  # how often an item may take a slot down with it before it is set aside for staff
DEATHS = 4  # … and a submission: what is then left of it is set aside, too
START_SECONDS = 300.0  # a slot's own start: two imports of torch, on a machine that may be busy
BURIAL = 0.5  # seconds: three starts within a millisecond all asked a process that had just been killed
SLACK = 30.0  # above an item's own limit: import, replay, a busy machine

CACHE = "TORCHINDUCTOR_CACHE_DIR"
Event = tuple[Job, ItemResult | Done]


class GradingError(Exception):
    """The run cannot go on, and no submission is at fault."""


class HopelessError(GradingError):
    """No other slot would fare better, on no machine."""


class Slots(Protocol):
    """Where jobs are judged: a context manager whose end ends them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def start(self) -> Hello:
        """Up and attested; GradingError when none can be had."""

    def now(self) -> list[tuple[str, str, float]]:
        """What is judged at this moment: student, item, seconds."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """Every item of every job once; each job ends with its `Done`."""


@dataclass
class Work:
    """What a slot has at hand: a job, and which of its items are to come."""

    job: Job
    left: list[str]
    at: str = ""  # the item whose test runs now
    since: float = 0.0
    deaths: dict[str, int] = field(default_factory=dict)  # by the item they came in

    def now(self) -> tuple[str, str, float]:
        """Student, item, and for how many seconds."""
        return self.job.submission.student, self.at, time.monotonic() - self.since


@dataclass
class Slot:
    """The coordinator's end of one slot."""

    process: Any
    connection: Connection
    deadline: float
    gpu: str = ""
    work: Work | None = None
    hello: Hello | None = None

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


@dataclass
class Pool:
    """The slots of one run.  Close it to end them."""

    course: Course
    settings: Settings
    size: int
    slots: list[Slot] = field(default_factory=list)
    hello: Hello | None = None
    stillborn: int = 0  # slots in a row that died before they came up
    ended: bool = False
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Pool:
        try:
            folder = self._held.enter_context(scratch())
        except OSError as error:
            raise GradingError(f"no temporary folder can be made ({error.strerror}: {error.filename})") from None
        self.settings = dataclasses.replace(self.settings, scratch=folder)
        return self

    def __exit__(self, *_: object) -> None:
        for slot in self.slots:
            if slot.work is None and slot.hello is not None:
                with contextlib.suppress(OSError):  # it died after its last job
                    slot.connection.send(None)
        for slot in self.slots:
            if slot.work is None and slot.hello is not None:
                slot.process.join(10)
            slot.stop()
        self.slots.clear()
        self._held.close()  # a slot that was killed left its folder there
        sweep_groups()  # … and its memory group

    def start(self) -> Hello:
        """The slots, up and attested; GradingError when no slot can be had."""
        while len(self.slots) < self.size:
            self._add()
        while any(slot.hello is None for slot in self.slots):
            for slot, message in self._messages():
                self._greet(slot, message)
        assert self.hello is not None
        return self.hello

    def end(self) -> None:
        """From another thread: what waits here for a slot raises GradingError within a second.  Then close it."""
        self.ended = True

    def now(self) -> list[tuple[str, str, float]]:
        """What is judged at this moment: student, item, seconds."""
        return [slot.work.now() for slot in self.slots if slot.work is not None and slot.work.at]

    def run(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """Every item of every job once; each job ends with its `Done`."""
        self.start()
        waiting, again = map(self._work, jobs), deque[Work]()
        dry = False
        while True:
            for slot in self.slots:
                if slot.work is None and slot.hello is not None:
                    work = again.popleft() if again else next(waiting, None)
                    dry = dry or work is None
                    if work is not None:
                        self._hand(slot, work)
            if dry and not again and all(slot.work is None for slot in self.slots):
                return
            for slot, message in self._messages():
                if slot.hello is None:
                    self._greet(slot, message)
                    continue
                yield from self._heard(slot, message, again)

    def _heard(self, slot: Slot, message: object, again: deque[Work]) -> Iterator[Event]:
        work = slot.work
        if isinstance(message, Beat) and work is not None:
            slot.deadline = time.monotonic() + 2 * message.seconds + SLACK
            if work.at != message.item:
                work.at, work.since = message.item, time.monotonic()
        elif isinstance(message, Judged) and work is not None:
            work.left.remove(message.result.item)
            slot.deadline = time.monotonic() + SLACK + 60.0
            yield work.job, message.result
        elif isinstance(message, Done) and work is not None:
            slot.work, slot.deadline = None, float("inf")
            yield work.job, message
        else:
            self._replace(slot)
            why = message.text if isinstance(message, Fault) else str(message)
            if isinstance(message, Fault) and message.fatal:
                raise HopelessError(why)
            if work is not None:
                yield from self._after_death(work, why)
                if work.left:
                    again.append(work)

    def _after_death(self, work: Work, why: str) -> Iterator[Event]:
        """What is set aside; the job ends here when nothing is left of it."""
        at = work.left[0] if work.left else ""
        work.deaths[at] = work.deaths.get(at, 0) + 1
        lost = work.left[: int(work.deaths[at] >= TRIES)]
        if sum(work.deaths.values()) >= DEATHS:
            lost = list(work.left)
        work.left = work.left[len(lost) :]
        for item in lost:
            yield work.job, unscored(self.course, work.job, item, why)
        if not work.left:
            yield work.job, Done(work.job.submission.notes)

    def _work(self, job: Job) -> Work:
        items = [item.id for item in self.course.unit(job.submission.unit).items]
        return Work(job, [item for item in items if not job.only or item in job.only])

    def _hand(self, slot: Slot, work: Work) -> None:
        slot.work, work.at = work, ""
        slot.deadline = time.monotonic() + SLACK + 60.0
        with contextlib.suppress(OSError):  # it died between two jobs: the closed pipe is noticed in _messages
            slot.connection.send(dataclasses.replace(work.job, only=tuple(work.left)))

    def _add(self) -> None:
        context = _context()
        ours, theirs = context.Pipe()
        taken = {slot.gpu for slot in self.slots}
        gpu = next((gpu for gpu in self.settings.gpus if gpu not in taken), "")
        settings = dataclasses.replace(self.settings, gpu=gpu)
        with _cache_in(settings.scratch), theirs:
            arguments = theirs, settings, dict(os.environ)
            process = _started(lambda: context.Process(target=slot_main, args=arguments, daemon=False))
        self.slots.append(Slot(process, ours, time.monotonic() + START_SECONDS, gpu))

    def _replace(self, slot: Slot) -> None:
        """End a slot that died or fell silent, and start another."""
        slot.stop()
        self.slots.remove(slot)
        self._add()

    def _greet(self, slot: Slot, message: object) -> None:
        # on the first start a Fault is an answer (no tier holds); in the middle of a run it is bad luck like a death
        unlucky = isinstance(message, str) or (
            isinstance(message, Fault) and not message.fatal and self.hello is not None
        )
        if unlucky and self.stillborn + 1 < STARTS:
            self.stillborn += 1
            self._replace(slot)
            return
        if isinstance(message, Fault):
            raise (HopelessError if message.fatal else GradingError)(message.text)
        if not isinstance(message, Hello):
            raise GradingError(f"a slot could not start: {message}")
        if self.hello is not None and message.isolation.tier != self.hello.isolation.tier:
            raise GradingError(
                f"two slots got different isolation ({self.hello.isolation.tier}, {message.isolation.tier}); "
                "name one with --isolation"
            )
        slot.hello, slot.deadline, self.stillborn = message, float("inf"), 0
        self.hello = self.hello or message

    def _messages(self) -> Iterator[tuple[Slot, object]]:
        """What the slots say within half a second; one that closed or is overdue says why as a text."""
        if self.ended:
            raise GradingError("the slots were ended")
        by_connection = {slot.connection: slot for slot in self.slots}
        for connection in wait(list(by_connection), timeout=0.5):
            slot = by_connection[connection]  # type: ignore[index]
            try:
                yield slot, slot.connection.recv()
            except (EOFError, OSError):
                slot.process.join(1)
                yield slot, f"its process ended (exit code {slot.process.exitcode})"
        for slot in list(by_connection.values()):
            if slot in self.slots and time.monotonic() > slot.deadline:
                yield slot, "it gave no sign of life in time"


@contextlib.contextmanager
def _cache_in(folder: Path | None) -> Iterator[None]:
    """torch makes a folder for its compiler when it is imported, in /tmp unless it is told where; ours are cleared."""
    before = os.environ.pop(CACHE, None)
    os.environ.update({CACHE: str(folder)} if folder is not None else {})
    try:
        yield
    finally:
        os.environ.pop(CACHE, None)
        os.environ.update({CACHE: before} if before is not None else {})


def _started(make: Callable[[], Any]) -> Any:
    """A process of `make`'s, started; once more where the one that forks it was killed while it was asked."""
    for _ in range(STARTS):
        process = make()
        try:
            process.start()
        except (EOFError, ConnectionError, FileNotFoundError):  # the next start brings it up again, once it is buried
            time.sleep(BURIAL)
            continue
        return process
    raise GradingError(f"slots could not be forked {STARTS} times in a row: the process that forks them was killed")


def _context() -> Any:
    """How slots start: forked from a process that has imported torch and nothing else, once for all of them.

    It starts with this process's first slot and ends with it.  Importing takes 2.1 s of processor time.  Elsewhere than
    on Linux each imports for itself: Apple's frameworks do not survive a fork.
    """
    context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload(["torch", "torch._dynamo", "pytest"])
    _ends_with_us()
    return context


@functools.cache
def _ends_with_us() -> None:
    """What slots are forked from ends with this process, not half a second later: so long Python takes to take torch
    apart.  It holds nothing that could be lost.  Where this process is killed, it ends by itself."""

    def end() -> None:
        server: Any = multiprocessing.forkserver._forkserver
        with contextlib.suppress(OSError, AttributeError, TypeError):  # there is none, or Python keeps it otherwise now
            os.kill(server._forkserver_pid, signal.SIGKILL)
            server._stop()

    atexit.register(end)


def may_have_children() -> None:
    """Called in a Dask worker, which multiprocessing forbids children: its nanny starts it as a daemon by default.

    A daemon's children would outlive it; a slot does not: it ends when its pipe closes, and the kernel kills it before.
    """
    multiprocessing.current_process()._config.pop("daemon", None)  # type: ignore[attr-defined]


def unscored(course: Course, job: Job, item: str, why: str) -> ItemResult:
    """An item that we could not judge: no points are taken."""
    points = course.unit(job.submission.unit).item(item).points
    return ItemResult(item, Verdict.GRADER_ERROR, 0.0, points, staff=why)


def attempts(events: Iterable[Event]) -> Iterator[tuple[Job, Attempt]]:
    """Each job's results put together when it is over."""
    items: dict[int, list[ItemResult]] = {}
    for job, event in events:
        if isinstance(event, Done):
            yield job, attempt_of(job.submission, items.pop(job.number, []), event.notes)
        else:
            items.setdefault(job.number, []).append(event)


def default_jobs() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
