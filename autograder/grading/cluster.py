"""Slots on many machines: the same form as `Pool`, with Dask between the coordinator and the workers.

    with Cluster(course, settings, size, address) as cluster: cluster.start() → Hello; cluster.run(jobs) → events

`muster` says which workers may judge, `station` is what they do.  A few jobs for each thread are on their way, so the
class need not be in memory.  A job whose worker went away is done again elsewhere, first by Dask and then by us; one
that takes workers down again and again is at last tried with nothing else at work, and then set aside for staff.

Each sending of a job has its own key, and an answer counts once: when it takes the job off the list of what is on its
way.  Nothing of a submission is pickled: it crosses as bytes.
GradingError: no scheduler, no worker, a worker that differs, or a fault that no machine escapes; it names the cure.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self
from uuid import uuid4

import dask.config
from distributed import Client, Future, KilledWorker, LocalCluster
from distributed.security import Security
from distributed.utils import silence_logging_cmgr
from distributed.versions import VersionMismatchWarning

from autograder.course import Course
from autograder.grading import station
from autograder.grading.muster import Muster, line, told_by
from autograder.grading.pool import START_SECONDS
from autograder.grading.records import packed
from autograder.grading.scratch import scratch
from autograder.grading.slot import Done, Hello, Job, Settings
from autograder.grading.slots import Event, GradingError, HopelessError, unscored
from autograder.grading.station import Ended, Trouble

LOCAL = "dask"  # the address of a cluster on this machine, which lives as long as the run
AHEAD = 2  # jobs on their way for each thread: one is judged, one waits beside it
TRIES = 3  # how often a job may lose its worker before it is set aside; the last time nothing else is at work
PATIENCE = 60.0  # seconds without any worker
WAIT = 0.5  # seconds in which nothing needs to happen
CLOSE = 20.0  # seconds for Dask's own farewell
QUIETLY: dict[str, object] = {  # nobody looks at a local cluster's pages, and its profiles cost 3 % of a core each
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}


@dataclass
class Work:
    job: Job
    losses: int = 0


@dataclass(frozen=True)
class Flight:
    """A job on its way to one of these workers."""

    work: Work
    future: Future[Any]
    among: frozenset[str]


class Cluster:
    """The slots of one run on the workers of a Dask scheduler."""

    def __init__(
        self,
        course: Course,
        settings: Settings,
        size: int,
        address: str = LOCAL,
        *,
        mnist: bool = False,
        practice: bool = False,
        patience: float = PATIENCE,
        told: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`size`: workers of a local cluster.  `told` hears of each worker that is left out while the run goes on."""
        self.course, self.size, self.address, self._patience, self._tell = course, size, address, patience, told
        self.name = f"autograder-{uuid4().hex}"
        self._muster = Muster(course, settings, self.name, mnist=mnist, practice=practice)
        self._held = contextlib.ExitStack()
        self._answers: SimpleQueue[Future[Any]] = SimpleQueue()
        self._numbers = itertools.count()
        self._flights: dict[str, Flight] = {}  # by key
        self._again: deque[Work] = deque()
        self._suspects: deque[Work] = deque()
        self._slow: dict[int, tuple[str, float, float]] = {}  # job → item, for how long, and when that was told
        self._alone_since: float | None = None  # without any worker
        self._left_out: set[str] = set()

    def __enter__(self) -> Self:
        try:
            self._connect()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for flight in self._flights.values():
            with contextlib.suppress(Exception):
                flight.future.cancel()
        self._flights.clear()
        self._muster.release()
        self._held.close()

    def _connect(self) -> None:
        self._held.enter_context(_quiet())
        if self.address == LOCAL:
            local = self._held.enter_context(_local(self.size))
            address, security = local.scheduler_address, local.security
        else:
            address, security = self.address, _credentials(self.address)
        try:
            client = Client(address, timeout=self._patience, security=security, name=self.name, set_as_default=False)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            raise GradingError(
                f"{self.address}: no Dask scheduler answers ({line(error)}); start one with `dask scheduler`, or mend "
                "the address (is it tls://…?)"
            ) from None
        self._held.callback(client.close, CLOSE)
        self._client = client
        client.subscribe_topic(station.TOPIC, self._told)
        self._muster.begin(client, self._answers.put)

    def start(self) -> Hello:
        """The workers that are there, settled; GradingError for one that differs, and when there is none."""
        begun = time.monotonic()
        muster = self._muster
        while muster.hello is None or muster.asking:
            self._census()
            for future in self._ended():
                muster.heard(future)
            for why in muster.refused.values():
                raise GradingError(why)
            waited = time.monotonic() - begun - self._patience
            if waited > (START_SECONDS if muster.asking else 0.0) and not muster.threads:
                raise GradingError(self._nobody())
            if waited > 0 and muster.threads:
                break  # who is busy with something else comes later
        assert muster.hello is not None
        return muster.hello

    def now(self) -> list[tuple[str, str, float]]:
        """What is judged for some time now: student, item, seconds; as its worker told a moment ago."""
        students = {flight.work.job.number: flight.work.job.submission.student for flight in self._flights.values()}
        now = time.monotonic()
        return [
            (students[number], item, seconds + now - heard)
            for number, (item, seconds, heard) in list(self._slow.items())
            if number in students and now - heard < 3 * station.LOOK
        ]

    def run(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """Every item of every job once; each job ends with its `Done`."""
        self.start()
        waiting = map(Work, jobs)
        while self._flights or self._more(waiting):
            self._look()
            self._fill(waiting)
            for future in self._ended():
                if not self._muster.heard(future):
                    yield from self._heard(future)
            yield from self._stranded()

    # --- what there is to do ---

    def _more(self, waiting: Iterator[Work]) -> bool:
        """Is anything left, now that nothing is on its way?"""
        if not self._again:
            self._again.extend(itertools.islice(waiting, 1))
        return bool(self._again or self._suspects)

    def _fill(self, waiting: Iterator[Work]) -> None:
        among = frozenset(self._muster.threads)
        while len(self._flights) < AHEAD * sum(self._muster.threads.values()):
            if not self._again:
                self._again.extend(itertools.islice(waiting, 1))
            if not self._again:
                break
            self._send(self._again.popleft(), among)
        if among and self._suspects and not self._flights:
            self._send(self._suspects.popleft(), frozenset([min(among)]))

    def _send(self, work: Work, among: frozenset[str]) -> None:
        key = f"judge-{self.name}-{next(self._numbers)}"
        future = self._client.submit(
            station.judge, self.name, packed(work.job), key=key, workers=sorted(among), pure=False
        )
        self._flights[key] = Flight(work, future, among)
        future.add_done_callback(self._answers.put)

    # --- what became of it ---

    def _ended(self) -> Iterator[Future[Any]]:
        """Tasks that ended; it waits a little for the first."""
        with contextlib.suppress(Empty):
            yield self._answers.get(timeout=WAIT)
            while True:
                yield self._answers.get_nowait()

    def _heard(self, future: Future[Any]) -> Iterator[Event]:
        key = str(future.key)
        if key not in self._flights:  # it was taken back
            return
        work = self._flights[key].work
        try:
            told = told_by(future)
        except TimeoutError:  # its worker went away with the answer; Dask makes it anew
            future.add_done_callback(self._answers.put)
            return
        except (KilledWorker, CancelledError) as error:
            self._land(key)
            yield from self._lost(work, TRIES - 1 if isinstance(error, KilledWorker) else 1, line(error))
            return
        self._land(key)
        if isinstance(told, Ended):
            yield from ((work.job, result) for result in told.results)
            yield work.job, Done(told.notes)
        elif isinstance(told, Trouble):
            if told.fatal:
                raise HopelessError(told.text)
            self._muster.dismiss(told.worker, told.text)
            yield from self._lost(work, 1, told.text)

    def _stranded(self) -> Iterator[Event]:
        """What is with workers that all went away: Dask would wait for one of the same address."""
        for key, flight in list(self._flights.items()):
            if not flight.among & self._muster.there.keys():
                self._land(key)
                flight.future.cancel()
                yield from self._lost(flight.work, 1, "its workers went away")

    def _land(self, key: str) -> None:
        self._slow.pop(self._flights.pop(key).work.job.number, None)

    def _lost(self, work: Work, times: int, why: str) -> Iterator[Event]:
        alone = work.losses == TRIES - 1
        work.losses = TRIES if alone else min(work.losses + times, TRIES - 1)
        if not alone:
            (self._suspects if work.losses == TRIES - 1 else self._again).append(work)
            return
        job = work.job
        told = f"{TRIES} times it could not be judged, the last time with nothing else at work: {why}"
        for item in self.course.unit(job.submission.unit).items:
            if not job.only or item.id in job.only:
                yield job, unscored(self.course, job, item.id, told)
        yield job, Done(job.submission.notes)

    def _told(self, event: tuple[float, list[Any]]) -> None:
        """In a thread of the client's: an item takes long."""
        _, (name, number, item, seconds) = event
        if name == self.name:
            self._slow[number] = item, seconds, time.monotonic()

    # --- who is there ---

    def _census(self) -> None:
        try:
            self._muster.census()
        except (OSError, TimeoutError, RuntimeError) as error:
            raise GradingError(
                f"{self.address}: the Dask scheduler is gone ({line(error)}); start it and its workers again, and run "
                "the same command: what is finished is kept"
            ) from None

    def _look(self) -> None:
        self._census()
        muster = self._muster
        for worker in muster.refused.keys() - self._left_out:
            self._left_out.add(worker)
            self._tell(f"left out: {muster.refused[worker]}")
        if muster.threads:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
        elif time.monotonic() > self._alone_since + self._patience + (START_SECONDS if muster.asking else 0.0):
            raise GradingError(self._nobody())

    def _nobody(self) -> str:
        if self._muster.refused:
            return "; ".join(self._muster.refused.values())
        what = "its workers have not answered" if self._muster.there else f"no worker in {self._patience:.0f} s"
        return (
            f"{self.address}: {what}; start some with `dask worker {self.address} --nthreads 1`, and run the same "
            "command: what is finished is kept"
        )


def _credentials(address: str) -> Security:
    """Ours for TLS, from Dask's configuration.  Asked for first: a client of Dask's without them hangs when it ends."""
    names = "distributed.comm.tls.ca-file, .client.cert and .client.key"
    cure = f"set {names} in Dask's configuration, see docs/how-to/grade-on-many-machines.md"
    security = Security()
    try:
        known = security.get_connection_args("client")["ssl_context"]
    except OSError as error:
        raise GradingError(f"{address}: the certificates cannot be used ({line(error)}); {cure}") from None
    if known is None and address.startswith("tls://"):
        raise GradingError(f"{address}: no certificates; {cure}")
    return security


@contextlib.contextmanager
def _local(size: int) -> Iterator[LocalCluster]:
    """A scheduler and its workers on this machine.  With TLS and keys of its own: nobody else may hand them a task."""
    with scratch() as folder, dask.config.set({"temporary-directory": str(folder), **QUIETLY}):
        try:
            cluster = LocalCluster(
                n_workers=size,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                security=Security.temporary(),
                dashboard_address="127.0.0.1:0",
                memory_limit=0,  # nothing is kept in a worker
                preload=[station.__name__],
                silence_logs=logging.CRITICAL,
            )
        except (OSError, TimeoutError, RuntimeError) as error:
            raise GradingError(f"no local cluster could be started ({line(error)}); leave --cluster out") from None
        try:
            yield cluster
        finally:
            cluster.close(timeout=CLOSE)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What Dask has to say about workers that come and go is said by us, where it matters."""
    with (
        silence_logging_cmgr(logging.CRITICAL),
        silence_logging_cmgr(logging.CRITICAL, root="tornado"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", VersionMismatchWarning)
        yield
