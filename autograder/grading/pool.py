"""Slots on this machine: jobs go in as they are asked for, the result of each item comes out the moment it ends.

    with Pool(course, settings, size) as pool:
        pool.start() → Hello                    GradingError when no slot can be had
        pool.run(jobs) → (job, ItemResult), …, (job, Done), …

The form is `slots.Slots`, as a cluster has it; `forks` starts the processes.
A slot that dies or falls silent is replaced, and its submission goes on at the item it was at; an item that takes two
slots down is `grader_error`, and the others of its submission are judged.  Jobs are taken one by one as slots become
free, so a class may be larger than the memory.  Imports no torch and runs no student code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from autograder.course import Course
from autograder.grading import forks
from autograder.grading.late import of_units
from autograder.grading.scratch import scratch
from autograder.grading.slot import Beat, Done, Fault, Hello, Job, Judged, Settings
from autograder.grading.slot import main as slot_main
from autograder.grading.slots import Event, GradingError, HopelessError, unscored
from autograder.sandbox import nursery
from autograder.sandbox.cgroup import sweep as sweep_groups
from autograder.sandbox.endings import SandboxError

STARTS = 3  # how often in a row a slot may die before it has come up
TRIES = 2  # how often an item may take a slot down with it before it is set aside for staff
DEATHS = 4  # … and a submission: what is then left of it is set aside, too
START_SECONDS = 300.0  # a slot's own start, with the imports of torch, on a machine that may be busy
SLACK = 30.0  # above an item's own limit: import, replay, a busy machine


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
    line: socket.socket | None = None  # to the nursery it asks

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
    dead_line: socket.socket | None = None  # to a nursery that was killed
    ended: bool = False
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Pool:
        try:
            folder = self._held.enter_context(scratch())
        except OSError as error:
            raise GradingError(f"no temporary folder can be made ({error.strerror}: {error.filename})") from None
        imports = of_units(self.course, self.course.select(self.settings.units))
        self.settings = dataclasses.replace(self.settings, scratch=folder, imports=imports)
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
        context = forks.context(self.settings.imports)
        ours, theirs = context.Pipe()
        taken = {slot.gpu for slot in self.slots}
        gpu = next((gpu for gpu in self.settings.gpus if gpu not in taken), "")
        settings = dataclasses.replace(self.settings, gpu=gpu)
        with theirs:
            line = self._line()
            arguments = theirs, settings, dict(os.environ), line
            make = partial(context.Process, target=slot_main, args=arguments, daemon=False)
            process = forks.started(make, settings.scratch)
        self.slots.append(Slot(process, ours, time.monotonic() + START_SECONDS, gpu, line=line))

    def _line(self) -> socket.socket | None:
        """To the nursery, which begins to import torch now if there is none yet."""
        if self.settings.isolation == "none":
            return None
        try:
            return nursery.line(self.settings.scratch, self.settings.imports)
        except (SandboxError, OSError) as error:
            raise GradingError(f"what zygotes are forked from cannot be started ({error})") from None

    def _replace(self, slot: Slot) -> None:
        """End a slot that died or fell silent, and start another."""
        slot.stop()
        self.slots.remove(slot)
        self._add()

    def _greet(self, slot: Slot, message: object) -> None:
        # on the first start a Fault is an answer (no tier holds); in the middle of a run it is bad luck like a death
        unlucky = isinstance(message, str) or (
            isinstance(message, Fault) and not message.fatal and (message.killed or self.hello is not None)
        )
        if unlucky and self.stillborn + 1 < STARTS:
            self.stillborn += slot.line is None or slot.line is not self.dead_line
            if isinstance(message, Fault) and message.killed:  # all slots that were asking are told of one death
                self.dead_line = slot.line
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


def default_jobs() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
