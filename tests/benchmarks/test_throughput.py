"""A whole class through `autograder grade`, beside the graders that others use: `make bench`.

A unit of ten items without training (the first ten of u01_tensors, cut out by `tests.cut_course`), a synthetic class of
right answers, known mistakes and stubs, two slots, the sandbox as the machine has it, reports written.  The peers grade
a few students of the same class with plain asserts about the same things, after one of them as a warm-up; what they
would need for the whole class is reckoned from that, one submission like another.

Nothing is asserted about time: each benchmark keeps `ratio` and `bound` in `extra_info`, and `also` with the other ways
to count.  That verdicts are right is asserted, ours and the peers'.  Smaller classes: BENCH_SUBMISSIONS (100),
BENCH_UNCHANGED (1000), BENCH_MANY (10000).  Figures that were measured stand in docs/explanation/throughput.md.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograder.bank import solution_path
from autograder.course import Course, Unit, load
from tests.benchmarks.measure import Cost, measured
from tests.benchmarks.peers import Nbgrader, Otter, Peer, Pytest, Run
from tests.cut_course import cut
from tests.synthetic_class import RIGHT, STUB, Student, SyntheticClass

ROOT = Path(__file__).parents[2]
UNIT, ITEMS = "u01_tensors", 10
SUBMISSIONS = int(os.environ.get("BENCH_SUBMISSIONS", 100))
UNCHANGED = int(os.environ.get("BENCH_UNCHANGED", 1000))
MANY = int(os.environ.get("BENCH_MANY", 10000))
START, PEER_STUDENTS = 10, 4  # submissions of a run that is mostly its start; of a peer's, after its warm-up
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}

pytestmark = [
    pytest.mark.timeout(7200),
    pytest.mark.skipif(sys.platform != "linux", reason="times are read from /proc"),
]


@dataclass(frozen=True)
class Graded:
    """One class graded once: what it cost and where the results lie."""

    number: int
    cost: Cost
    out: Path


@dataclass
class Grader:
    """The command an instructor types, for classes of any size; each size is graded once."""

    course: Course
    folder: Path
    done: dict[int, Graded] = field(default_factory=dict)

    @property
    def unit(self) -> Unit:
        return self.course.units[0]

    @property
    def students(self) -> SyntheticClass:
        return SyntheticClass(self.course, self.unit)

    def graded(self, number: int) -> Graded:
        if number not in self.done:
            handed_in, out = self.folder / f"class-{number}", self.folder / f"out-{number}"
            self.students.write(handed_in, number)
            cost = measured(self.command(number), cwd=ROOT, env=ENVIRONMENT)
            self.done[number] = Graded(number, cost, out)
            verdicts_are_right(self.unit, out, self.students.students(number))
        return self.done[number]

    def anew(self, number: int) -> Cost:
        """The same class once more, from nothing: what it costs now, on a machine that others use."""
        self.graded(number)
        return measured([*self.command(number), "--fresh"], cwd=ROOT, env=ENVIRONMENT)

    def command(self, number: int, *python: str) -> list[str]:
        words = [sys.executable, *python, "-m", "autograder", "grade", self.folder / f"class-{number}", "--offline"]
        words += ["--course", self.course.root, "--unit", UNIT, "--out", self.folder / f"out-{number}", "--jobs", 2]
        return [str(word) for word in words]


def verdicts_are_right(unit: Unit, out: Path, students: Iterable[Student]) -> None:
    attempts = json.loads((out / "results.json").read_text(encoding="utf-8"))
    found = {attempt["student"]: {item["item"]: item["verdict"] for item in attempt["items"]} for attempt in attempts}
    wrong = [
        (student.name, item.id, student.answers[item.id], found[student.name][item.id])
        for student in students
        for item in unit.items
        if not student.fits(item.id, found[student.name][item.id])
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    whole, folder = load(ROOT), tmp_path_factory.mktemp("throughput")
    items = [item.id for item in whole.unit(UNIT).items][:ITEMS]
    return Grader(cut(whole, whole.unit(UNIT), items, folder / "course"), folder)


def floor() -> float:
    """Processor seconds of `python -c "import torch"`, the best of five."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "import torch"], env=ENVIRONMENT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(5))


def keep(benchmark: BenchmarkFixture, ratio: float, bound: str, **also: float) -> None:
    rounded = {name.replace("_", " "): round(value, 3) for name, value in also.items()}
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    benchmark.extra_info.update(ratio=round(ratio, 3), bound=bound, also=rounded, load=load)


def steady(few: Cost, many: Cost, number: int = SUBMISSIONS - START) -> Cost:
    """What one more submission costs, of so many: the start of the run is in both."""
    wall, cpu, own = many.wall - few.wall, many.cpu - few.cpu, many.own_cpu - few.own_cpu
    return Cost(wall / number, cpu / number, own / number, many.peak_mb - few.peak_mb)


def mean(one: Cost, other: Cost) -> Cost:
    pairs = zip(astuple(one), astuple(other), strict=True)
    return Cost(*((a + b) / 2 for a, b in pairs))


# --- (a) a hundred submissions ---


@pytest.mark.parametrize(
    ("make", "times"), [(Nbgrader, 50), (Otter, 100), (Pytest, 20)], ids=["nbgrader", "otter", "pytest"]
)
def test_a_class_beside(
    benchmark: BenchmarkFixture, grader: Grader, tmp_path: Path, make: Callable[..., Peer], times: int
) -> None:
    """Wall clock of the class, start-up included, of the peer and of us: us before it and after it.

    The same `import torch` took 2.6 to 3.7 s within one minute, and 1.4 s a few hours before.
    """
    reference = solution_path(grader.course, grader.unit).read_text(encoding="utf-8")
    more = {"reference": reference} if make is Nbgrader else {}
    peer = make(grader.unit, tmp_path / "peer", **more)
    # two at a time: an even number, and a warm-up that is a pair
    first = 2 if make is Pytest else 1
    students = list(grader.students.students(first + PEER_STUDENTS))
    warm = peer.grade(students[:first])
    benchmark.group = f"{SUBMISSIONS} submissions of ten items"
    before = grader.anew(START), grader.anew(SUBMISSIONS)
    run: Run = benchmark.pedantic(peer.grade, args=(students[first:],), rounds=1)
    passed_what_is_right(grader.unit, students, {**warm.verdicts, **run.verdicts})
    few, ours = map(mean, before, (grader.anew(START), grader.anew(SUBMISSIONS)))
    each = peers_each(make, warm.cost, run.cost, first)
    whole = each.wall * SUBMISSIONS
    keep(
        benchmark,
        whole / ours.wall,
        f"at least {times}",
        steady_state=each.wall / steady(few, ours).wall,
        processor_time=each.cpu * SUBMISSIONS / ours.cpu,
        processor_time_steady=each.cpu / steady(few, ours).cpu,
        seconds_of_the_peer_each=each.wall,
        seconds_of_ours_each=steady(few, ours).wall,
    )


def peers_each(make: Callable[..., Peer], warm: Cost, run: Cost, first: int) -> Cost:
    """One submission's share.  nbgrader starts once for all of them: its start, seen in both runs, is taken off."""
    if make is not Nbgrader:
        return Cost(run.wall / PEER_STUDENTS, run.cpu / PEER_STUDENTS, 0.0, 0.0)
    number = PEER_STUDENTS - first
    return Cost((run.wall - warm.wall) / number, (run.cpu - warm.cpu) / number, 0.0, 0.0)


def passed_what_is_right(unit: Unit, students: Sequence[Student], verdicts: dict[tuple[str, str], bool]) -> None:
    """Where loops are forbidden, a plain assert cannot know that one was written."""
    asked = [(student, item) for student in students for item in unit.items if not item.forbids]
    wrong = [(s.name, i.id, s.answers[i.id]) for s, i in asked if verdicts[s.name, i.id] != (s.answers[i.id] == RIGHT)]
    assert wrong == []
    assert {RIGHT, STUB} < {student.answers[item.id] for student, item in asked}  # and some mistake


def test_processor_time_of_a_submission(benchmark: BenchmarkFixture, grader: Grader) -> None:
    """Of coordinator, slots, zygotes and workers, the start taken off, against one import of torch."""
    benchmark.group = f"{SUBMISSIONS} submissions of ten items"
    before = floor()
    few = grader.anew(START)
    many = benchmark.pedantic(grader.anew, args=(SUBMISSIONS,), rounds=1)
    each, torchs = steady(few, many), min(before, floor())
    keep(
        benchmark,
        each.cpu / torchs,
        "at most 0.1",
        start_included=many.cpu / SUBMISSIONS / torchs,
        seconds=each.cpu,
        seconds_of_the_coordinator=each.own_cpu,
        import_torch=torchs,
    )


# --- (b) unchanged submissions ---


def test_unchanged_submissions_again(benchmark: BenchmarkFixture, grader: Grader) -> None:
    """Wall clock of the class, and of the same command once more."""
    benchmark.group = f"{UNCHANGED} submissions"
    first = grader.graded(UNCHANGED)
    results = (first.out / "results.json").read_bytes()
    command = grader.command(UNCHANGED)
    again = benchmark.pedantic(lambda: measured(command, cwd=ROOT, env=ENVIRONMENT), rounds=3, warmup_rounds=1)
    assert (first.out / "results.json").read_bytes() == results
    keep(
        benchmark,
        first.cost.wall / again.wall,
        "at least 100",
        processor_time=first.cost.cpu / again.cpu,
        seconds=again.wall,
        seconds_at_first=first.cost.wall,
        peak_mb=again.peak_mb,
    )


def test_unchanged_submissions_import_no_torch(benchmark: BenchmarkFixture, grader: Grader) -> None:
    """The modules of torch that the same command imports once more."""
    benchmark.group = f"{START} unchanged submissions"
    command = grader.command(grader.graded(START).number, "-X", "importtime")
    done = benchmark.pedantic(
        lambda: subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True), rounds=1
    )
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert "autograder.cli" in names
    ours = [name for name in names if name.split(".")[0] == "torch"]
    keep(benchmark, len(ours), "at most 0", modules_in_all=len(names))


# --- (c) ten thousand ---


def test_time_is_linear_in_the_class(benchmark: BenchmarkFixture, grader: Grader) -> None:
    """Processor time of one more submission, between the second and the largest class and between the first two."""
    benchmark.group = f"{MANY} submissions"
    some = grader.graded(MANY // 10)
    many = benchmark.pedantic(grader.graded, args=(MANY,), rounds=1)
    few = grader.graded(SUBMISSIONS if SUBMISSIONS < MANY // 10 else START)
    later = steady(some.cost, many.cost, many.number - some.number)
    earlier = steady(few.cost, some.cost, some.number - few.number)
    keep(
        benchmark,
        later.cpu / earlier.cpu,
        "at most 1.1",
        wall_of_all=many.cost.wall / some.cost.wall,
        coordinator=later.own_cpu / earlier.own_cpu,
        seconds=many.cost.wall,
        seconds_each=later.cpu,
    )


def test_memory_does_not_grow_with_the_class(benchmark: BenchmarkFixture, grader: Grader) -> None:
    """The peak of the coordinator's own process, reports included."""
    benchmark.group = f"{MANY} submissions"
    many = grader.graded(MANY)
    few = benchmark.pedantic(grader.graded, args=(MANY // 10,), rounds=1)
    mb = many.cost.peak_mb - few.cost.peak_mb
    keep(benchmark, mb, "at most 100", peak_mb=many.cost.peak_mb, peak_of_a_tenth_mb=few.cost.peak_mb)


# --- (e) where the time of one submission goes ---


@pytest.mark.parametrize("answers", ["mixed", "right"])
def test_where_the_time_goes(benchmark: BenchmarkFixture, grader: Grader, answers: str) -> None:
    """Judge, zygote and worker alone, part by part: the table is written to build/where-<answers>.md."""
    benchmark.group = "one submission in a slot: processor seconds"
    command = [sys.executable, "-m", "tests.benchmarks.where", "--course", str(grader.course.root), "--unit", UNIT]
    command += ["--submissions", str(SUBMISSIONS), *(["--right"] if answers == "right" else [])]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True), rounds=1
    )
    path = ROOT / "build" / f"where-{answers}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(done.stdout, encoding="utf-8")
    rows = [[cell.strip(" *") for cell in line.split("|")] for line in done.stdout.splitlines() if "**" in line]
    ms = {name: float(figure) for _, name, _, figure, *_ in rows}
    of_torch = float(rows[0][4].split()[0])  # one that was imported in the same minute
    keep(benchmark, of_torch, "at most 0.1", floor=of_torch * ms["floor"] / ms["all"], seconds=ms["all"] / 1000)
