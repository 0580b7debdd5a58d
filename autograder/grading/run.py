"""The coordinator: hands submissions to slots, keeps what comes back, and watches the clock above all others.

    grade(course, submissions, options, store) → Grade

It imports no torch and runs no student code.  A slot that dies or falls silent is replaced and its submission run
once more; after that its items are `grader_error`.  Nothing is graded twice: what the store holds is not run again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from autograder.course import Course, Unit
from autograder.datasets import Progress, mnist
from autograder.grading import devices
from autograder.grading.scratch import scratch, sweep_folders
from autograder.grading.slot import Beat, Done, Fault, Hello, Job, Settings
from autograder.grading.slot import main as slot_main
from autograder.grading.store import Kept, Store, digest
from autograder.models import Attempt, Environment, Grade, Isolation, ItemResult, Submission, Verdict, Words
from autograder.sandbox.cgroup import sweep as sweep_groups
from autograder.standing import Deadlines, settled, unknown
from autograder.words import say

STARTS = 3  # how often in a row a slot may die before it has come up
TRIES = 2  # how often a submission may take a slot down with it before it is set aside for staff
START_SECONDS = 300.0  # a slot's own start: two imports of torch, on a machine that may be busy
SLACK = 30.0  # above an item's own limit: import, replay, a busy machine


class GradingError(Exception):
    """The run cannot go on, and no submission is at fault."""


@dataclass(frozen=True)
class Options:
    units: tuple[str, ...] = ()
    jobs: int = 1
    isolation: str = "auto"
    trust: bool = False
    course_data: Path | None = None
    download: bool = True
    fresh: bool = False
    device: str = "cpu"  # a real one beside the CPU and the pretended GPU


@dataclass(frozen=True)
class Data:
    """Where MNIST came from, in words; empty when no unit asked for it."""

    source: str = ""
    practice: bool = False


@dataclass
class Slot:
    """The coordinator's end of one slot."""

    process: Any
    connection: Connection
    deadline: float
    gpu: str = ""
    job: Job | None = None
    hello: Hello | None = None

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


@dataclass
class Pool:
    """Jobs to slots and back: `run(jobs)` yields (job, attempt) as they end.  Close it to end the slots."""

    settings: Settings
    size: int
    slots: list[Slot] = field(default_factory=list)
    tries: dict[int, int] = field(default_factory=dict)
    hello: Hello | None = None
    stillborn: int = 0  # slots in a row that died before they came up
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
            if slot.job is None and slot.hello is not None:
                with contextlib.suppress(OSError):  # it died after its last job
                    slot.connection.send(None)
        for slot in self.slots:
            if slot.job is None and slot.hello is not None:
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

    def run(self, jobs: Sequence[Job], unscored: Callable[[Job, str], Attempt]) -> Iterator[tuple[Job, Attempt]]:
        self.start()
        waiting = deque(jobs)
        while waiting or any(slot.job for slot in self.slots):
            for slot in self.slots:
                if slot.job is None and slot.hello is not None and waiting:
                    self._hand(slot, waiting.popleft())
            for slot, message in self._messages():
                if slot.hello is None:
                    self._greet(slot, message)
                elif isinstance(message, Done):
                    job, slot.job = slot.job, None
                    slot.deadline = float("inf")
                    assert job is not None
                    yield job, message.attempt
                elif isinstance(message, Beat):
                    slot.deadline = time.monotonic() + 2 * message.item_seconds + SLACK
                else:
                    job = self._replace(slot)
                    why = message.text if isinstance(message, Fault) else str(message)
                    if isinstance(message, Fault) and message.fatal:
                        raise GradingError(why)
                    if job is not None:
                        self.tries[job.number] = self.tries.get(job.number, 0) + 1
                        if self.tries[job.number] >= TRIES:
                            yield job, unscored(job, why)
                        else:
                            waiting.appendleft(job)

    def _hand(self, slot: Slot, job: Job) -> None:
        slot.job = job
        slot.deadline = time.monotonic() + SLACK + 60.0
        with contextlib.suppress(OSError):  # it died between two jobs: the closed pipe is noticed in _messages
            slot.connection.send(job)

    def _add(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        taken = {slot.gpu for slot in self.slots}
        gpu = next((gpu for gpu in self.settings.gpus if gpu not in taken), "")
        settings = dataclasses.replace(self.settings, gpu=gpu)
        process = context.Process(target=slot_main, args=(theirs, settings), daemon=False)
        process.start()
        theirs.close()
        self.slots.append(Slot(process, ours, time.monotonic() + START_SECONDS, gpu))

    def _replace(self, slot: Slot) -> Job | None:
        """End a slot that died or fell silent, start another; the job it had."""
        slot.stop()
        self.slots.remove(slot)
        self._add()
        return slot.job

    def _greet(self, slot: Slot, message: object) -> None:
        # on the first start a Fault is an answer (no tier holds); in the middle of a run it is bad luck like a death
        unlucky = isinstance(message, str) or (
            isinstance(message, Fault) and not message.fatal and self.hello is not None
        )
        if unlucky and self.stillborn + 1 < STARTS:
            self.stillborn += 1
            self._replace(slot)
            return
        if not isinstance(message, Hello):
            raise GradingError(message.text if isinstance(message, Fault) else f"a slot could not start: {message}")
        if self.hello is not None and message.isolation.tier != self.hello.isolation.tier:
            raise GradingError(
                f"two slots got different isolation ({self.hello.isolation.tier}, {message.isolation.tier}); "
                "name one with --isolation"
            )
        slot.hello, slot.deadline, self.stillborn = message, float("inf"), 0
        self.hello = self.hello or message

    def _messages(self) -> Iterator[tuple[Slot, object]]:
        """What the slots say within a second; a slot that closed or is overdue says why as a text."""
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


def grade(
    course: Course,
    submissions: Sequence[Submission],
    options: Options,
    store: Store,
    *,
    notes: Sequence[Words] = (),
    deadlines: Deadlines = Deadlines(),
    on_start: Callable[[int, int], None] = lambda total, cached: None,
    on_attempt: Callable[[Attempt], None] = lambda attempt: None,
    progress: Progress | None = None,
) -> Grade:
    """Judge every submission that the store does not hold yet.  An interrupt leaves the store whole.

    `deadlines`: due dates that stand elsewhere than in grading.yml; no date has a part in a verdict or in what is kept.
    With more submissions than slots they wait in a queue, on a GPU as on the CPU.
    """
    gpus = devices.slots(options.device, options.jobs, options.isolation)
    sweep_folders()  # also when nothing is left to judge: the run before may have been killed at its very end
    sweep_groups()
    seed = store.seed(options.fresh)
    units = course.select(options.units or {submission.unit for submission in submissions})
    data = find_data(course, units, options, progress)
    keys = [_key(course, submission, options, seed, data) for submission in submissions]
    kept: dict[int, Kept] = {}
    for number, key in enumerate(keys):
        found = None if options.fresh else store.get(key)
        if found is not None:
            kept[number] = found
    isolation, environment = _same_walls(kept)
    pending = [number for number in range(len(submissions)) if number not in kept]
    on_start(len(submissions), len(kept))
    attempts = {number: found.attempt for number, found in kept.items()}
    if pending or isolation is None or environment is None:
        settings = Settings(
            course.path,
            tuple(unit.id for unit in units),
            options.isolation,
            options.trust,
            seed,
            options.course_data,
            device=options.device,
            gpus=tuple(filter(None, gpus)),
        )
        with Pool(settings, min(len(gpus), max(1, len(pending)))) as pool:
            hello = pool.start()
            isolation = hello.isolation
            environment = hello.environment
            pending += [number for number, found in kept.items() if found.isolation.tier != isolation.tier]
            jobs = [Job(number, submissions[number]) for number in sorted(pending)]
            for job, attempt in pool.run(jobs, lambda job, why: unscored(course, job, why)):
                attempts[job.number] = attempt
                store.put(keys[job.number], Kept(attempt, isolation, environment))
                on_attempt(attempt)
    ordered = settled(
        [
            dataclasses.replace(attempts[number], submitted_at=submission.submitted_at)
            for number, submission in enumerate(submissions)
        ],
        course,
        deadlines,
    )
    notes = [*notes, *unknown(ordered, course, deadlines)]
    # the data of this run: a kept result of a unit that measures was judged with it, its key says so
    environment = dataclasses.replace(environment, data=data.source, practice=data.practice)
    return Grade(course.id, ordered, isolation, environment, tuple(notes))


def measures(unit: Unit) -> bool:
    """Does the unit measure on MNIST?  Its ramp items do."""
    return any(item.credit.kind == "ramp" for item in unit.items)


def find_data(course: Course, units: Sequence[Unit], options: Options, progress: Progress | None) -> Data:
    """Have MNIST at hand before the slots start, downloading it once; only units with a ramp item measure on it."""
    if not any(map(measures, units)):
        return Data()
    found = mnist(
        course.root / "datasets", course_data=options.course_data, download=options.download, progress=progress
    )
    return Data(say(found.source, "en"), found.practice)


def unscored(course: Course, job: Job, why: str) -> Attempt:
    """An attempt that we could not judge: every item a `grader_error`, no points taken."""
    unit = course.unit(job.submission.unit)
    items = tuple(
        ItemResult(item.id, Verdict.GRADER_ERROR, 0.0, item.points, staff=why)
        for item in unit.items
        if not job.only or item.id in job.only
    )
    return Attempt(job.submission.student, unit.id, items, job.submission.notes)


def default_jobs() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _key(course: Course, submission: Submission, options: Options, seed: int, data: Data) -> str:
    unit = course.unit(submission.unit)
    return digest(
        course,
        unit,
        submission,
        isolation=options.isolation,
        seed=seed,
        data=data.source if measures(unit) else "",
        device=options.device,
    )


def _same_walls(kept: dict[int, Kept]) -> tuple[Isolation | None, Environment | None]:
    """The isolation that all kept results share, or None."""
    first = next(iter(kept.values()), None)
    if first is None or any(found.isolation.tier != first.isolation.tier for found in kept.values()):
        return None, None
    return first.isolation, first.environment
