"""A slot: one process with one zygote and one pytest session, which judges what the coordinator hands it.

    Hello, then for each Job: Beat as it goes on, Judged after each item, Done; or Fault when the sandbox died (the
    process then ends).

Runs in a process of its own, suites and answers in its memory: not dumpable, deaf to Ctrl-C (the coordinator
ends it), killed by the kernel when the coordinator dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import multiprocessing
import os
import platform
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.grading.devices import HIDDEN, usable
from autograder.models import Environment, Isolation, ItemResult, Submission, Words

if TYPE_CHECKING:
    from autograder.course import Course

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4


@dataclass(frozen=True)
class Settings:
    """What every slot of a run shares."""

    course: Path
    units: tuple[str, ...]
    isolation: str
    trust: bool
    seed: int
    course_data: Path | None
    replays: bool = True  # a failed test is replayed through the known mistakes, to name its cause
    device: str = "cpu"  # a real one beside the CPU and the pretended GPU
    gpus: tuple[str, ...] = ()  # of the machine, one for each slot; empty: the slots are on the CPU
    gpu: str = ""  # the one that this slot's workers may use, by number
    scratch: Path | None = None  # where temporary folders go; the coordinator clears it, also after a kill
    imports: tuple[str, ...] = ()  # what the units need of what is imported late (late.py)


@dataclass(frozen=True)
class Job:
    """`only` limits the items: for `verify`, which asks one item of each mistake, and for what is not kept yet."""

    number: int
    submission: Submission
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hello:
    isolation: Isolation
    environment: Environment
    tests: tuple[tuple[str, str, int], ...]  # unit, item, how many hidden tests judge it


@dataclass(frozen=True)
class Beat:
    """A test of this item begins, which may take so long."""

    item: str
    seconds: float


class Pulse:
    """Beats, where they tell something new: each wakes the coordinator, and a submission has a hundred tests."""

    EVERY = 1.0  # seconds, at the least: SLACK (pool.py) is above what may pass unheard

    def __init__(self, send: Callable[[object], None]) -> None:
        self._send = send
        self._last, self._at = Beat("", 0.0), 0.0

    def __call__(self, item: str, seconds: float) -> None:
        now, beat = time.monotonic(), Beat(item, seconds)
        if item != self._last.item or seconds > self._last.seconds or now - self._at >= self.EVERY:
            self._send(beat)
            self._last, self._at = beat, now


@dataclass(frozen=True)
class Judged:
    result: ItemResult


@dataclass(frozen=True)
class Done:
    """The job is over.  What there is to say about the submission as a whole is known only now."""

    notes: tuple[Words, ...]


@dataclass(frozen=True)
class Fault:
    """Ours.  `fatal`: no other slot would fare better (a suite that cannot be collected).

    `killed`: a process that the slot needs was killed from outside, so another may fare better.
    """

    text: str
    fatal: bool
    killed: bool = False


def main(
    connection: Connection, settings: Settings, environment: Mapping[str, str], line: socket.socket | None
) -> None:
    """The body of the slot's process.  It may have been forked with the environment of another hour.

    `line`: to the nursery, which the slot asks for its zygote.
    """
    _harden()
    os.environ.clear()
    os.environ.update(environment)
    os.environ.update(HIDDEN, OMP_NUM_THREADS="1")  # before CUDA could start: the grader itself uses no GPU
    tempfile.tempdir = str(settings.scratch) if settings.scratch is not None else None
    if sys.platform == "linux":  # a replay's DataLoader forks its workers, as the student's does; it is forkserver here
        multiprocessing.set_start_method("fork", force=True)
    from autograder.bank import BankError
    from autograder.course import CourseError
    from autograder.datasets import DataError
    from autograder.grading.devices import NoDevice
    from autograder.grading.suites import SuiteError
    from autograder.sandbox.endings import SandboxError
    from autograder.sandbox.nursery import NurseryGone, adopt

    adopt(line)
    try:
        _serve(connection, settings)
    except (SuiteError, CourseError, DataError, BankError, NoDevice) as error:
        _send(connection, Fault(str(error), fatal=True))
    except SandboxError as error:
        _send(connection, Fault(str(error), fatal=False))
    except NurseryGone as error:
        _send(connection, Fault(str(error), fatal=False, killed=True))
    except OSError as error:
        if not isinstance(error, (BrokenPipeError, ConnectionResetError)):  # a full disk, say
            _send(connection, Fault(f"{error.strerror}: {error.filename}", fatal=False))
    except EOFError:
        pass  # the coordinator is gone; so are we
    connection.close()
    os._exit(0)  # nothing is left to be done, and taking a Python with torch apart takes 0.5 s


def _serve(connection: Connection, settings: Settings) -> None:
    import torch

    from autograder.course import load
    from autograder.grading.data import DataSource
    from autograder.grading.judge import Judge
    from autograder.grading.late import DYNAMO
    from autograder.grading.suites import Suites
    from autograder.sandbox.launch import Zygote
    from autograder.sandbox.tiers import choose

    if DYNAMO in settings.imports:
        importlib.import_module(DYNAMO)  # or the first step of a replay's optimizer would spend its whole budget on it
    torch.set_num_threads(1)
    usable(settings.device)
    course = load(settings.course)
    units = course.select(settings.units)
    data = DataSource(course.root / "datasets", settings.course_data, settings.seed)
    suites = Suites(course, units, settings.seed, data, settings.device)

    @contextlib.contextmanager
    def sandbox() -> Iterator[tuple[Zygote | None, Isolation]]:
        if settings.isolation == "none":
            yield None, Isolation("none", ("none: in the grader's own process; advice, not a grade",))
            return
        hidden = _hidden(course, settings)
        zygote, isolation = choose(settings.isolation, trust=settings.trust, hidden=hidden, gpu=settings.gpu)
        try:
            yield zygote, isolation
        finally:
            zygote.close()

    def loop() -> None:
        gc.freeze()  # the suites stay: collections need not look at them again
        with sandbox() as (zygote, isolation):
            tests = tuple((unit, item, len(found)) for (unit, item), found in suites.tests.items())
            connection.send(Hello(isolation, _environment(settings), tests))
            judge = Judge(
                course,
                suites,
                zygote,
                data,
                beat=lambda item, seconds: None,
                replays=settings.replays,
                imports=settings.imports,
            )
            while (job := connection.recv()) is not None:
                judge.beat = Pulse(connection.send)
                attempt = judge.judge(job.submission, job.only, lambda result: connection.send(Judged(result)))
                connection.send(Done(attempt.notes))

    suites.serve(loop)


def _hidden(course: Course, settings: Settings) -> tuple[Path, ...]:
    """Files that graded code must not be able to read, wherever the course was put: tried by the self-attack."""
    from autograder.bank import solution_path

    labels = settings.course_data.glob("*labels*") if settings.course_data is not None else ()
    return course.path, solution_path(course, course.units[0]), *labels


def _environment(settings: Settings) -> Environment:
    import numpy
    import torch

    from autograder import __version__

    return Environment(
        torch=str(torch.__version__),
        python=platform.python_version(),
        numpy=numpy.__version__,
        device=settings.device,
        threads=1,
        seed=settings.seed,
        kit=__version__,
    )


def _harden() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():  # it died before the kernel was told
        os._exit(1)


def _send(connection: Connection, message: Fault) -> None:
    with contextlib.suppress(OSError):
        connection.send(message)
