"""Which workers of a Dask scheduler may judge: each is asked before it gets anything, and one that differs is refused.

    muster.census()          newcomers are asked, those who left are forgotten
    muster.heard(future)     an answer came; the next question follows from it
    muster.threads           of those that are settled: worker → how many jobs at once

A worker is found (has it the kit?), examined (the same kit, versions, and where is MNIST?) and settled (the course is
laid down, the first slot is up, its digest and its walls are compared).  Every refusal is one line with the worker, the
difference and the cure.
"""

from __future__ import annotations

import contextlib
import itertools
import pkgutil
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from distributed import Client, Future, KilledWorker

from autograder.bank import bank_path, solution_path
from autograder.course import Course
from autograder.datasets import compressed
from autograder.grading import digest, station
from autograder.grading.records import packed, unpacked
from autograder.grading.slot import Hello, Settings
from autograder.grading.slots import HopelessError
from autograder.grading.station import Plan, Settled, Told, Trouble

CENSUS = 1.0  # seconds between two looks at who is there
FETCH = 10.0  # seconds to fetch an answer; if its worker goes away meanwhile, Dask makes it anew
INSTALL = "pip install -e '.[grade,cluster]' in a checkout of the same commit there, and start it again"

Then = Callable[[str, "Future[Any]"], None]


@dataclass
class Question:
    worker: str
    then: Then
    future: Future[Any]


class Muster:
    def __init__(self, course: Course, settings: Settings, name: str, *, mnist: bool, practice: bool) -> None:
        """`mnist`: a unit measures on it; `practice`: there is none, the digits are generated."""
        self._course, self._settings = course, settings
        self.plan = plan(course, settings, name, practice)
        self._needs_data = mnist and not practice
        self._whole = station.whole_of(course, self.plan)
        self._kit, self._versions = digest.kit(), digest.versions()
        self.hello: Hello | None = None
        self.threads: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.there: dict[str, int] = {}
        self._leases: dict[str, Future[Any]] = {}  # a station stays while its task is held
        self._asked: dict[str, Question] = {}  # by key
        self._files: Future[Any] | None = None
        self._numbers = itertools.count()
        self._counted = float("-inf")

    def begin(self, client: Client, answers: Callable[[Future[Any]], None]) -> None:
        """`answers` gets each future that ends; those of ours come back through `heard`."""
        self._client, self._answers = client, answers

    @property
    def asking(self) -> bool:
        return bool(self._asked)

    def census(self) -> None:
        """Once a second at most.  OSError when the scheduler is gone."""
        if time.monotonic() < self._counted + CENSUS:
            return
        self.there = self._client.nthreads()
        self._counted = time.monotonic()
        for worker in self.threads.keys() - self.there.keys():
            self.dismiss(worker)
        self.refused = {worker: why for worker, why in self.refused.items() if worker in self.there}
        self._asked = {key: asked for key, asked in self._asked.items() if asked.worker in self.there}
        known = {*self.threads, *self.refused, *(asked.worker for asked in self._asked.values())}
        for worker in self.there.keys() - known:
            # by names of Python's own: a task that a worker cannot import would close it
            self._ask(worker, self._found, pkgutil.resolve_name, f"{station.__name__}:HERE")

    def dismiss(self, worker: str, why: str = "") -> None:
        """It gets no more jobs; without a reason it may come again."""
        self.threads.pop(worker, None)
        self._leases.pop(worker, None)
        if why:
            self.refused[worker] = f"{worker}: {why}"

    def release(self) -> None:
        """All stations end."""
        with contextlib.suppress(Exception):  # the scheduler may be gone: Dask forgets us, and they look for that
            if self._leases:
                self._client.run(station.leave, self.plan.name, workers=list(self._leases), on_error="ignore")
        self._leases.clear()
        self._asked.clear()
        self._files = None

    def heard(self, future: Future[Any]) -> bool:
        """Was this an answer to one of our questions?"""
        if future.key not in self._asked:
            return False
        asked = self._asked.pop(future.key)
        try:
            asked.then(asked.worker, future)
        except (TimeoutError, CancelledError):  # it, or who held its data, went away just now
            self._files = None
        return True

    def _ask(self, worker: str, then: Then, what: Callable[..., Any], *words: Any) -> None:
        key = f"{what.__name__}-{self.plan.name}-{next(self._numbers)}"
        future = self._client.submit(what, *words, key=key, workers=[worker], pure=False)
        self._asked[key] = Question(worker, then, future)
        future.add_done_callback(self._answers)

    # Each of these has the answer to one question, and asks the next.

    def _found(self, worker: str, future: Future[Any]) -> None:
        if future.status == "error":
            self.dismiss(worker, f"it has not this kit ({line(why(future))}); {INSTALL}")
            return
        places = [str(place) for place in self._places()] if self._needs_data else []
        self._ask(worker, self._examined, station.examine, places)

    def _examined(self, worker: str, future: Future[Any]) -> None:
        if future.status == "error":
            self.dismiss(worker, f"it cannot be examined ({line(why(future))}); {INSTALL}, the scheduler, too")
            return
        theirs = future.result(timeout=FETCH)
        if theirs["versions"] != self._versions:
            self.dismiss(worker, f"it has {differing(theirs['versions'], self._versions)}; install the same there")
        elif theirs["kit"] != self._kit:
            self.dismiss(worker, f"its kit, the files of autograder/, is not this machine's; {INSTALL}")
        else:
            files: Any = self._scattered(worker) if self._needs_data and not theirs["data"] else {}
            self._ask(worker, self._settled, station.settle, packed(self.plan), theirs["data"], files)

    def _settled(self, worker: str, future: Future[Any]) -> None:
        told = told_by(future)
        if isinstance(told, Trouble):
            if told.fatal:
                raise HopelessError(told.text)
            self.dismiss(worker, f"{told.text}; see `autograder doctor` there")
            return
        assert isinstance(told, Settled)
        tier, self.hello = told.hello.isolation.tier, self.hello or told.hello
        differ = [part for part, digest_of in self._whole.items() if told.whole.get(part) != digest_of]
        if differ:
            self.dismiss(worker, f"it has another {', '.join(differ)}; {INSTALL}")
        elif tier != self.hello.isolation.tier:
            self.dismiss(
                worker,
                f"it holds submissions by {tier}, the others by {self.hello.isolation.tier}; name one that all have "
                "with --isolation (`autograder doctor` says what a machine has)",
            )
        elif worker in self.there:
            self.threads[worker], self._leases[worker] = self.there[worker], future

    # --- MNIST ---

    def _places(self) -> list[Path]:
        """Where it lies here, it may lie there: a shared folder."""
        named = self._settings.course_data
        return [place.absolute() for place in (named, self._course.root / "datasets") if place is not None]

    def _scattered(self, worker: str) -> Future[Any]:
        """Sent once; other workers fetch it from this one."""
        if self._files is None or self._files.status != "finished":
            files = compressed(self._course.root / "datasets", self._settings.course_data)
            self._files = self._client.scatter(files, workers=[worker], hash=False)
        return self._files


def plan(course: Course, settings: Settings, name: str, practice: bool) -> Plan:
    """Only what judges: the registry, and of each unit the suite, the mistakes and the solution."""
    root = course.root
    paths = [course.path]
    for unit in course.units:
        suite = root / "autograder" / "suites" / unit.id
        paths += [path for path in sorted(suite.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
        paths += [path for path in (bank_path(course, unit), solution_path(course, unit)) if path.is_file()]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    return Plan(
        name, course.path.name, files, settings.units, settings.isolation, settings.trust, settings.seed,
        settings.replays, practice,
    )  # fmt: skip


def told_by(future: Future[Any]) -> Told:
    """What a station said.  TimeoutError or CancelledError: its worker went away; KilledWorker: several did."""
    if future.status == "error":
        error = why(future)
        if isinstance(error, KilledWorker):
            raise error
        return Trouble("", line(error))
    return unpacked(future.result(timeout=FETCH), Told)  # type: ignore[arg-type]


def differing(theirs: str, ours: str) -> str:
    """Of two lists of versions what is not in both: `python 3.12.1 (here 3.11.7)`."""
    here = dict(one.split() for one in ours.split(", "))
    there = dict(one.split() for one in theirs.split(", "))
    return ", ".join(
        f"{name} {there.get(name, 'missing')} (here {here.get(name, 'missing')})"
        for name in here | there
        if there.get(name) != here.get(name)
    )


def why(future: Future[Any]) -> Exception:
    """Of a task that failed."""
    try:
        return cast(Exception, future.exception(timeout=FETCH))
    except Exception as error:  # the exception itself could not be read here
        return error


def line(error: object) -> str:
    """An error of a library, as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
