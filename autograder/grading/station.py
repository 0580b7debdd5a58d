"""The worker machine's side of a cluster: what `cluster` asks of a Dask worker, and the slots that judge there.

    examine(places) → what this machine would judge with      before anything of a course is sent to it
    settle(plan, data) → Settled: the course laid down, the first slot up
    judge(name, job) → Ended, or Trouble
    leave(name)

The first three are Dask tasks, and run in a thread of the Dask worker, which only coordinates: a submission is judged
by a slot, a process of its own with a zygote and a sandbox, as everywhere.  What crosses is plain data, and records as
msgpack.  A station ends when Dask forgets the task that made it: its coordinator died, however it died.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from distributed import Worker, WorkerPlugin, get_worker
from tornado.ioloop import PeriodicCallback

from autograder.course import Course, load
from autograder.datasets import whole
from autograder.grading import digest
from autograder.grading.forks import may_have_children
from autograder.grading.pool import Pool
from autograder.grading.records import packed, unpacked
from autograder.grading.scratch import scratch
from autograder.grading.slot import Done, Hello, Job, Settings
from autograder.grading.slots import GradingError, HopelessError
from autograder.models import ItemResult, Words

HERE = True  # asked for by its name, to see whether a machine has this module
TOPIC = "autograder"  # of the events that tell which item takes long
LEAVE = 10.0  # seconds for threads at work to end their slots
LOOK = 1.0  # seconds between two looks whether the coordinator still wants this station, and what takes long


@dataclass(frozen=True)
class Plan:
    """What a station is made from.  `files` hold the registry, suites, mistakes and solutions, by their paths."""

    name: str
    registry: str
    files: dict[str, bytes]
    units: tuple[str, ...]
    isolation: str
    trust: bool
    seed: int
    replays: bool
    practice: bool


@dataclass(frozen=True)
class Settled:
    hello: Hello
    whole: dict[str, str]  # of `digest.Sides`: what is judged with here


@dataclass(frozen=True)
class Ended:
    results: tuple[ItemResult, ...]
    notes: tuple[Words, ...]


@dataclass(frozen=True)
class Trouble:
    """Ours.  `fatal`: no other machine would fare better.  Without a text: this run has no station there (any more)."""

    worker: str
    text: str
    fatal: bool = False


Told = Settled | Ended | Trouble


def examine(places: Sequence[str]) -> dict[str, str]:
    """Plain words, which any version of the kit understands; "data" is the first of the places with MNIST in it."""
    named = os.environ.get("COURSE_DATA")
    folders = map(Path, (*places, *([named] if named else ())))
    data = next((str(folder) for folder in folders if whole(folder)), "") if places else ""
    return {"kit": digest.kit(), "versions": digest.versions(), "data": data}


def settle(plan: bytes, place: str, data: dict[str, bytes]) -> bytes:
    """Data by their place on this machine, or else as files."""
    worker = get_worker()

    def made() -> Told:
        station = Station(unpacked(plan, Plan), place, data, worker.get_current_task())
        try:
            settled = station.start()
        except BaseException:
            station.close()
            raise
        joined = worker.plugin_add(station, name=station.plan.name, catch_errors=False)
        asyncio.run_coroutine_threadsafe(joined, worker.loop.asyncio_loop).result()  # type: ignore[attr-defined]
        return settled

    return packed(_guarded(made, worker))


def judge(name: str, job: bytes) -> bytes:
    worker = get_worker()

    def made() -> Told:
        station = worker.plugins.get(name)
        if not isinstance(station, Station):
            return Trouble(worker.address, "")
        return station.judge(unpacked(job, Job))

    return packed(_guarded(made, worker))


async def leave(name: str, dask_worker: Worker) -> None:
    """No task, since all threads may be at work: it runs in the worker's event loop."""
    if name in dask_worker.plugins:
        await dask_worker.plugin_remove(name)


def _guarded(made: Callable[[], Told], worker: Worker) -> Told:
    """An exception would be logged by Dask, with what it was called with."""
    try:
        return made()
    except HopelessError as error:
        return Trouble(worker.address, str(error), fatal=True)
    except GradingError as error:
        return Trouble(worker.address, str(error))
    except Exception as error:
        return Trouble(worker.address, f"{type(error).__name__}: {error}")


class Station(WorkerPlugin):
    """On one Dask worker, for one run: a slot for each of its threads, started when it is needed."""

    def __init__(self, plan: Plan, place: str, data: dict[str, bytes], key: object) -> None:
        self.plan, self._key = plan, key
        self._held = contextlib.ExitStack()
        root = self._held.enter_context(scratch())
        _lay(root / "course", plan.files)
        _lay(root / "data", data)
        self._course = load(root / "course" / plan.registry)
        course_data = Path(place) if place else root / "data" if data else None
        self._settings = Settings(
            self._course.path, plan.units, plan.isolation, plan.trust, plan.seed, course_data, plan.replays
        )
        self._hello: Hello | None = None
        self._changed = threading.Condition()
        self._idle: list[Pool] = []
        self._busy: list[Pool] = []
        self._closed = False

    def start(self) -> Settled:
        may_have_children()
        with self._slot() as pool:
            hello = pool.start()
        return Settled(hello, whole_of(self._course, self.plan))

    def judge(self, job: Job) -> Ended:
        results: list[ItemResult] = []
        notes: tuple[Words, ...] = ()
        with self._slot() as pool:
            for _, event in pool.run([job]):
                if isinstance(event, Done):
                    notes = event.notes
                else:
                    results.append(event)
        return Ended(tuple(results), notes)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[Pool]:
        """One for this thread alone.  After an error it is not used again."""
        with self._changed:
            if self._closed:
                raise GradingError("it is being closed")
            pool = self._idle.pop() if self._idle else Pool(self._course, self._settings, 1).__enter__()
            self._busy.append(pool)
        whole = False
        try:
            hello = pool.start()
            self._hello = self._hello or hello
            if hello.isolation.tier != self._hello.isolation.tier:
                raise GradingError("two slots got different isolation; name one with --isolation")
            yield pool
            whole = True
        finally:
            with self._changed:
                keep = whole and not self._closed
                if keep:
                    self._idle.append(pool)
            if not keep:
                pool.__exit__()
            with self._changed:
                self._busy.remove(pool)
                self._changed.notify_all()

    def close(self) -> None:
        """The slots that wait end here, one at work in its own thread, within a second."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            for pool in self._busy:
                pool.end()
        for pool in idle:
            pool.__exit__()
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, LEAVE)
        self._held.close()

    def _slow(self) -> list[tuple[int, str, float]]:
        """What is judged for some time now: job, item, seconds.  To tell every item costs 22 ms a submission."""
        works = [slot.work for pool in list(self._busy) for slot in list(pool.slots)]
        at = [(work.job.number, *work.now()[1:]) for work in works if work is not None and work.at]
        return [(number, item, seconds) for number, item, seconds in at if seconds >= LOOK]

    def setup(self, worker: Worker) -> None:
        """In the worker's event loop, like `teardown`."""

        async def look() -> None:
            if self._key not in worker.state.tasks and self.plan.name in worker.plugins:
                await worker.plugin_remove(self.plan.name)
            for number, item, seconds in self._slow():
                worker.log_event(TOPIC, [self.plan.name, number, item, seconds])

        self._looking = PeriodicCallback(look, 1000 * LOOK)
        self._looking.start()

    async def teardown(self, worker: Worker) -> None:
        self._looking.stop()
        await asyncio.to_thread(self.close)


def dask_setup(worker: Worker) -> None:
    """Called by Dask in each worker of a local cluster, which is preloaded with this module.

    Ctrl-C in a terminal reaches them, too; the coordinator ends them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def whole_of(course: Course, plan: Plan) -> dict[str, str]:
    units = course.select(plan.units)
    sides = digest.Sides(course, units, isolation=plan.isolation, device="cpu", seed=plan.seed, practice=plan.practice)
    return sides.whole()


def _lay(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


__all__ = [
    "HERE",
    "TOPIC",
    "Ended",
    "Plan",
    "Settled",
    "Told",
    "Trouble",
    "examine",
    "judge",
    "leave",
    "settle",
    "whole_of",
]
