"""Where the time of one submission goes: processor time of grader, zygote and worker, part by part.

    python -m tests.benchmarks.where --course COURSE --unit U --submissions 100     → the table, as Markdown

One slot in this process, judging as `grading.slot` does, in the tier landlock: there /proc shows the times of zygote
and worker.  The grader's parts are counters around the functions that do them; the part entered last runs, the one
around it stands still.  The worker's parts are read from the kernel at their borders.  What the coordinator does for a
submission (intake, digest, store, reports) is not in here: `test_throughput` has it as the coordinator's own time.
The floor is the same conversation once more, without a grader: the frames that were asked are sent to fresh workers
again, and their answers thrown away.
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, as a slot has it

import torch

from autograder import checks
from autograder.course import Course, Unit, load
from autograder.grading.data import DataSource
from autograder.grading.judge import Judge
from autograder.grading.suites import Suites
from autograder.models import Attempt, Submission
from autograder.sandbox.inner import wire
from autograder.sandbox.launch import Worker, Zygote
from autograder.sandbox.proxy import Session
from autograder.sandbox.tiers import choose
from tests.synthetic_class import Shares, SyntheticClass

P = ParamSpec("P")
T = TypeVar("T")

# The grader's parts.  What is done within the last three belongs to them, whatever it is.
JUDGE, PYTEST, BODY, COMPARE, PROXY, WIRE = "judge", "pytest", "test", "compare", "proxy", "wire"
FORK, IMPORT, EXPLAIN = "fork", "import", "explain"
CLOSED = (FORK, IMPORT, EXPLAIN)
MEANS = {
    FORK: "order a worker, wait until it is locked in; end it",
    IMPORT: "send the module, read that it was imported",
    PYTEST: "pytest's protocol: set-up, hooks, timeout, tear-down of each hidden test",
    BODY: "the hidden tests themselves: inputs, expected values",
    COMPARE: "`check.*`",
    PROXY: "`student.f(…)` to a question, the answer to a value",
    WIRE: "pack, send, receive, unpack",
    EXPLAIN: "replays of what failed",
    JUDGE: "the rest of the judge: items, verdicts, words",
}


class Clock:
    """Processor and wall time by part, exclusive of each other."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.stack: list[str] = []
        self.cpu_at = self.wall_at = 0.0

    def turn(self) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        if self.stack:
            part = self.stack[-1]
            self.cpu[part] = self.cpu.get(part, 0.0) + cpu - self.cpu_at
            self.wall[part] = self.wall.get(part, 0.0) + wall - self.wall_at
        self.cpu_at, self.wall_at = cpu, wall

    def around(self, name: str, function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            if (not self.stack and name != JUDGE) or (self.stack and self.stack[-1] in CLOSED):
                return function(*args, **kwargs)
            self.turn()
            self.stack.append(name)
            try:
                return function(*args, **kwargs)
            finally:
                self.turn()
                self.stack.pop()

        return timed


@dataclass
class Inside:
    """Processor seconds of all workers by part; the frames that were asked, worker by worker."""

    fork: float = 0.0
    imports: float = 0.0
    answers: float = 0.0
    exit: float = 0.0
    workers: int = 0
    asked: list[tuple[dict[str, Any], list[bytes]]] = field(default_factory=list)


def ran(pid: int) -> float:
    """Processor seconds of a process so far."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


@contextmanager
def counted(clock: Clock, inside: Inside) -> Iterator[None]:
    """The functions that do the parts, with counters around them."""
    born: dict[int, float] = {}
    at: dict[int, float] = {}
    zygotes_worker, open_, end, request = Zygote.worker, Session.open, Worker.end, Worker.request

    def forked(self: Zygote, **limits: Any) -> Worker:
        worker = zygotes_worker(self, **limits)
        at[worker.pid] = born[worker.pid] = ran(worker.pid)
        inside.fork += born[worker.pid]
        inside.workers += 1
        inside.asked.append((limits, []))
        return worker

    def opened(self: Session, *args: Any, **kwargs: Any) -> Any:
        pid = getattr(self.transport, "pid", 0)
        try:
            return open_(self, *args, **kwargs)
        finally:
            if pid:
                now = ran(pid)
                inside.imports += now - at[pid]
                at[pid] = now

    def asked(self: Worker, frame: bytes, seconds: float | None = None) -> bytes:
        inside.asked[-1][1].append(frame)
        return request(self, frame, seconds)

    def ended(self: Worker, wait: float = 0.5) -> Any:
        first = self.ending is None
        now = ran(self.pid) if first else 0.0
        ending = end(self, wait)
        if first:
            now = max(now, at[self.pid])
            inside.answers += now - at[self.pid]
            inside.exit += max(0.0, ending.cpu - now)
        return ending

    names = ("close", "number", "equal", "shape", "dtype", "finite", "trajectory", "that", "fail", "device")
    parts: list[tuple[object, str, Any]] = [
        (Zygote, "worker", clock.around(FORK, forked)),
        (Worker, "end", clock.around(FORK, ended)),
        (Worker, "request", asked),
        (Session, "open", clock.around(IMPORT, opened)),
        *((Session, name, clock.around(PROXY, getattr(Session, name))) for name in ("call", "item", "end_item")),
        *((wire, name, clock.around(WIRE, getattr(wire, name))) for name in ("pack", "unpack", "send", "receive")),
        (Suites, "run", clock.around(PYTEST, Suites.run)),
        (Judge, "_explain", clock.around(EXPLAIN, Judge._explain)),
        (Judge, "judge", clock.around(JUDGE, Judge.judge)),
        *((checks, name, clock.around(COMPARE, getattr(checks, name))) for name in names),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in parts]
    for owner, name, new in parts:
        setattr(owner, name, new)
    try:
        yield
    finally:
        for owner, name, old in before:
            setattr(owner, name, old)


@dataclass(frozen=True)
class Found:
    submissions: int
    tests: int
    clock: Clock
    inside: Inside
    zygote: float  # processor seconds
    floor: float  # … of all three in the conversation without a grader
    attempts: tuple[Attempt, ...]
    grader: float

    @property
    def total(self) -> float:
        return (
            self.grader + self.zygote + self.inside.fork + self.inside.imports + self.inside.answers + self.inside.exit
        )


def measure(course: Course, unit: Unit, submissions: Sequence[Submission], warm: int) -> Found:
    """Judge `warm` of them first, uncounted; then the others."""
    clock, inside, found = Clock(), Inside(), []
    data = DataSource(course.root / "datasets", None, 1)
    with counted(clock, inside):
        suites = Suites(course, [unit], 1, data, "cpu")

        def loop() -> None:
            for tests in suites.tests.values():
                for test in tests:
                    test.node.obj = clock.around(BODY, test.node.obj)
            zygote, _ = choose("landlock", trust=False, hidden=(course.path,))
            try:
                found.append(
                    _judged(
                        Judge(course, suites, zygote, data, lambda item, seconds: None),
                        submissions,
                        warm,
                        clock,
                        inside,
                    )
                )
            finally:
                zygote.close()

        suites.serve(loop)
    return found[0]


def _judged(judge: Judge, submissions: Sequence[Submission], warm: int, clock: Clock, inside: Inside) -> Found:
    assert judge.zygote is not None
    for submission in submissions[:warm]:
        judge.judge(submission)
    clock.__init__()  # type: ignore[misc]
    inside.__init__()  # type: ignore[misc]
    pid = judge.zygote.pid
    began, grader = ran(pid), time.process_time()
    attempts = tuple(judge.judge(submission) for submission in submissions[warm:])
    grader = time.process_time() - grader
    zygote = ran(pid) - began
    tests = sum(len(tests) for tests in judge.suites.tests.values())
    counts = replace(inside)  # the floor's own workers are counted, too
    return Found(len(attempts), tests, clock, counts, zygote, _floor(judge.zygote, inside), attempts, grader)


def _floor(zygote: Zygote, inside: Inside) -> float:
    asked, inside.asked = inside.asked, []
    began, grader, workers = ran(zygote.pid), time.process_time(), 0.0
    for limits, frames in asked:
        worker = zygote.worker(**{**limits, "printed": None})
        for frame in frames:
            with suppress(Exception):  # it may end there, as it did the first time
                worker.request(frame, 30.0)
        workers += worker.end(0.0).cpu
    return time.process_time() - grader + ran(zygote.pid) - began + workers


def table(found: Found, torch_seconds: float) -> str:
    """Milliseconds of processor time for one submission."""
    n, ms = found.submissions, 1000 / found.submissions
    rows = [("grader", part, found.clock.cpu.get(part, 0.0), MEANS[part]) for part in MEANS]
    other = found.grader - sum(found.clock.cpu.values())
    rows += [
        ("zygote", "fork", found.zygote, "fork, watch, end, sweep, its folder"),
        ("worker", "fork", found.inside.fork, "its own half of the fork, the jail"),
        ("worker", "import", found.inside.imports, "compile the module, run it, look at its source"),
        ("worker", "answer", found.inside.answers, "unpack, the student's functions, what they left, pack"),
        ("worker", "exit", found.inside.exit, "the kernel takes its memory apart"),
    ]
    lines = ["| process | part | ms | share | what |", "| --- | --- | ---: | ---: | --- |"]
    for process, part, seconds, what in rows:
        lines.append(f"| {process} | {part} | {seconds * ms:.1f} | {seconds / found.total:.0%} | {what} |")
    lines.append(f"| all | | **{found.total * ms:.1f}** | {found.total / n / torch_seconds:.3f} of `import torch` | |")
    lines.append(
        f"| floor | | **{found.floor * ms:.1f}** | {found.floor / found.total:.0%} | the same frames, no grader |"
    )
    counts = f"{n} submissions, {found.tests} hidden tests each, {found.inside.workers / n:.2f} workers each"
    waited = found.clock.wall.get(WIRE, 0.0) - found.clock.cpu.get(WIRE, 0.0)
    return "\n".join(
        [*lines, "", f"{counts}; not in a counter: {other * ms:.1f} ms; waiting for answers {waited * ms:.1f} ms."]
    )


def import_torch() -> float:
    """Processor seconds of `python -c "import torch"`, best of three."""
    best = float("inf")
    for _ in range(3):
        before = os.times()
        os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", "import torch"], dict(os.environ)), 0)
        after = os.times()
        best = min(best, after.children_user + after.children_system - before.children_user - before.children_system)
    return best


def submissions_of(course: Course, unit: Unit, number: int, shares: Shares) -> list[Submission]:
    students = SyntheticClass(course, unit, shares=shares).students(number)
    return [Submission(student.name, unit.id, unit.filename, student.source.encode()) for student in students]


def main() -> int:
    parser = argparse.ArgumentParser(description="Where the time of one submission goes.")
    parser.add_argument("--course", type=Path, default=Path())
    parser.add_argument("--unit", required=True)
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--right", action="store_true", help="every answer is right")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    course = load(asked.course)
    unit = course.unit(asked.unit)
    warm = max(2, asked.submissions // 5)
    shares = Shares(1.0, 0.0) if asked.right else Shares()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        gc.collect()
        gc.freeze()
        found = measure(course, unit, submissions_of(course, unit, warm + asked.submissions, shares), warm)
    sys.stdout.write(table(found, import_torch()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
