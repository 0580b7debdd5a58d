"""run: the coordinator hands submissions to slots, keeps what comes back, and survives what happens to a slot."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.course import Course
from autograder.grading import run as run_module
from autograder.grading.run import Data, Options, Pool, Slot, _key, grade, unscored
from autograder.grading.slot import Hello, Job, Settings
from autograder.grading.store import FOLDER, Store
from autograder.intake import collect
from autograder.models import Attempt, Environment, Grade, Isolation, ItemResult, Submission, Verdict
from tests.tiny_course import (
    SOLUTION,
    answer,
    environment,
    here,
    item,
    judged,
    put,
    python,
    slots,
    submission,
    tiny_course,
    verdicts,
)

HELLO = Hello(Isolation("landlock"), Environment("2", "3", "2", "cpu", 1, 7, "0"), ())
WRONG = answer(double="return x**2", halves="return None", slope="raise ValueError", scale="return x")
CLASS = (SOLUTION, WRONG, answer(halves="return x[:3].clone(), x[:3].clone()"))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("course"))


def without_time(attempts: Sequence[Attempt]) -> list[Attempt]:
    items = [tuple(replace(result, seconds=0.0) for result in attempt.items) for attempt in attempts]
    return [replace(attempt, seconds=0.0, items=found) for attempt, found in zip(attempts, items, strict=True)]


# grade: what is judged and what is kept, with slots that answer at once


class Quick:
    """A pool without processes: every job is judged at once, as `judge` says."""

    hello = HELLO
    judge: Callable[[Job], Attempt]
    jobs: list[str]
    size: int

    def __init__(self, settings: Settings, size: int) -> None:
        type(self).size = size

    def __enter__(self) -> Quick:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start(self) -> Hello:
        return self.hello

    def run(self, jobs: Sequence[Job], unscored: object) -> Iterator[tuple[Job, Attempt]]:
        for job in reversed(jobs):  # the order in which they end is nobody's
            self.jobs.append(job.submission.student)
            yield job, type(self).judge(job)


def passed(job: Job) -> Attempt:
    return Attempt(job.submission.student, "u01_tiny", (ItemResult("double", Verdict.PASSED, 2.0, 2.0),))


def faulty(job: Job) -> Attempt:
    return Attempt(job.submission.student, "u01_tiny", (ItemResult("double", Verdict.GRADER_ERROR, 0.0, 2.0),))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[Quick]:
    pool = type("Pool", (Quick,), {"jobs": [], "judge": staticmethod(passed)})
    monkeypatch.setattr(run_module, "Pool", pool)
    return pool


def graded(course: Course, out: Path, *names: str, **options: object) -> Grade:
    with Store(out) as store:
        return grade(course, [submission(SOLUTION, name) for name in names], here(jobs=2, **options), store)


def test_attempts_come_in_the_order_of_the_submissions(course: Course, tmp_path: Path, quick: type[Quick]) -> None:
    found = graded(course, tmp_path, "an", "binh", "chi")
    assert [attempt.student for attempt in found.attempts] == ["an", "binh", "chi"]
    assert found.isolation == HELLO.isolation
    assert found.complete


def test_what_is_kept_is_not_judged_again(course: Course, tmp_path: Path, quick: type[Quick]) -> None:
    graded(course, tmp_path, "an", "binh")
    again = graded(course, tmp_path, "an", "binh", "chi")
    assert quick.jobs == ["binh", "an", "chi"]
    assert [attempt.student for attempt in again.attempts] == ["an", "binh", "chi"]


def test_no_slot_is_started_when_everything_is_kept(course: Course, tmp_path: Path, quick: type[Quick]) -> None:
    first = graded(course, tmp_path, "an")
    quick.__init__ = quick.start = None  # type: ignore[assignment]
    assert graded(course, tmp_path, "an") == first


def test_a_run_asks_for_no_more_slots_than_there_are_submissions(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    graded(course, tmp_path, "an")
    assert quick.size == 1


def test_a_run_with_nothing_left_to_judge_clears_what_a_killed_one_left(
    course: Course, tmp_path: Path, quick: type[Quick], monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(course, tmp_path / "out", "an")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    put(tmp_path / "autograder-dead" / "lock", "")
    (tmp_path / "autograder-dead" / "slots").mkdir()
    graded(course, tmp_path / "out", "an")
    assert not (tmp_path / "autograder-dead").exists()


def test_fresh_judges_everything_again_with_another_seed(course: Course, tmp_path: Path, quick: type[Quick]) -> None:
    graded(course, tmp_path, "an")
    with Store(tmp_path) as store:
        seed = store.seed()
    graded(course, tmp_path, "an", fresh=True)
    assert quick.jobs == ["an", "an"]
    with Store(tmp_path) as store:
        assert store.seed() != seed


def test_what_was_unscored_through_our_fault_is_judged_again(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    quick.judge = staticmethod(faulty)
    assert not graded(course, tmp_path, "an").complete
    quick.judge = staticmethod(passed)
    assert graded(course, tmp_path, "an").complete


def test_advice_is_never_kept(course: Course, tmp_path: Path, quick: type[Quick]) -> None:
    quick.hello = replace(HELLO, isolation=Isolation("none"))
    graded(course, tmp_path, "an", isolation="none")
    graded(course, tmp_path, "an", isolation="none")
    assert quick.jobs == ["an", "an"]


def test_one_grade_never_mixes_two_kinds_of_walls(course: Course, tmp_path: Path, quick: type[Quick]) -> None:
    graded(course, tmp_path, "an", isolation="auto")
    quick.hello = replace(HELLO, isolation=Isolation("namespaces"))
    found = graded(course, tmp_path, "an", "binh", isolation="auto")
    assert found.isolation.tier == "namespaces"
    assert sorted(quick.jobs) == ["an", "an", "binh"]


def test_a_change_of_the_data_is_a_reason_to_judge_again(
    course: Course, tmp_path: Path, quick: type[Quick], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "measures", lambda unit: True)
    for data in (Data("generated digits", True), Data("MNIST"), Data("MNIST")):
        monkeypatch.setattr(run_module, "find_data", lambda *_, data=data: data)
        found = graded(course, tmp_path, "an")
        assert (found.environment.data, found.environment.practice) == (data.source, data.practice)
    assert quick.jobs == ["an", "an"]


def test_progress_tells_how_many_are_kept_and_each_one_that_ends(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    graded(course, tmp_path, "an")
    told: list[object] = []
    with Store(tmp_path) as store:
        grade(
            course,
            [submission(SOLUTION, name) for name in ("an", "binh")],
            here(),
            store,
            on_start=lambda total, done: told.append((total, done)),
            on_attempt=lambda attempt: told.append(attempt.student),
        )
    assert told == [(2, 1), "binh"]


def test_data_are_not_looked_for_when_no_item_measures_on_them(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(run_module, "mnist")
    assert run_module.find_data(course, course.units, here(), None) == Data()


def test_a_submission_set_aside_has_all_its_items_unscored_and_the_reason_for_staff(course: Course) -> None:
    attempt = unscored(course, Job(0, submission(SOLUTION)), "the slot died")
    assert set(verdicts(attempt).values()) == {Verdict.GRADER_ERROR}
    assert attempt.score is None
    assert {result.staff for result in attempt.items} == {"the slot died"}
    assert list(verdicts(unscored(course, Job(0, submission(SOLUTION), ("scale",)), ""))) == ["scale"]


# Slots that die


class Handing:
    """What happens right after a job was handed to a slot: `deed(slot)`, so many times."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.hand, self.deeds = pool, pool._hand, 0
        self.deed: Callable[[Slot], None] = lambda slot: None

    def __call__(self, slot: Slot, job: Job) -> None:
        self.hand(slot, job)
        if self.deeds and job.submission.source == CLASS[1].encode():
            self.deeds -= 1
            self.deed(slot)


@pytest.fixture(scope="module")
def pool(course: Course) -> Iterator[Pool]:
    with slots(course, "none") as started:
        yield started


@pytest.fixture(scope="module")
def undisturbed(course: Course, pool: Pool) -> list[Attempt]:
    return without_time(judged(pool, course, *CLASS))


@pytest.fixture
def handing(pool: Pool, undisturbed: list[Attempt], monkeypatch: pytest.MonkeyPatch) -> Handing:
    wrapped = Handing(pool)
    monkeypatch.setattr(pool, "_hand", wrapped)
    pool.tries.clear()
    return wrapped


def test_a_slot_that_is_killed_loses_nothing(
    course: Course, pool: Pool, handing: Handing, undisturbed: list[Attempt]
) -> None:
    handing.deed, handing.deeds = lambda slot: os.kill(slot.process.pid, signal.SIGKILL), 1
    assert without_time(judged(pool, course, *CLASS)) == undisturbed
    assert handing.deeds == 0


def test_a_slot_that_falls_silent_is_replaced(
    course: Course, pool: Pool, handing: Handing, undisturbed: list[Attempt]
) -> None:
    def silence(slot: Slot) -> None:
        os.kill(slot.process.pid, signal.SIGSTOP)
        while slot.connection.poll(0.2):
            slot.connection.recv()
        slot.deadline = time.monotonic() + 0.2

    handing.deed, handing.deeds = silence, 1
    assert without_time(judged(pool, course, *CLASS)) == undisturbed
    assert handing.deeds == 0


def test_a_submission_that_takes_two_slots_down_is_set_aside_and_the_others_are_judged(
    course: Course, pool: Pool, handing: Handing, undisturbed: list[Attempt]
) -> None:
    handing.deed, handing.deeds = lambda slot: os.kill(slot.process.pid, signal.SIGKILL), 2
    first, second, third = without_time(judged(pool, course, *CLASS))
    assert [first, third] == [undisturbed[0], undisturbed[2]]
    assert set(verdicts(second).values()) == {Verdict.GRADER_ERROR}
    assert item(second, "double").staff == "its process ended (exit code -9)"


def test_a_slot_that_died_idle_is_no_trouble_at_the_end(course: Course) -> None:
    ours, theirs = multiprocessing.Pipe()
    with Pool(settings(course), 1) as pool:
        theirs.close()
        process = SimpleNamespace(join=lambda seconds=None: None, kill=lambda: None)
        pool.slots.append(Slot(process, ours, float("inf"), hello=HELLO))
    assert ours.closed


def settings(course: Course) -> Settings:
    return Settings(course.path, ("u01_tiny",), "none", True, 7, None)


@pytest.fixture(scope="module")
def walled(course: Course) -> Iterator[Pool]:
    with slots(course, "process", 2) as started:
        yield started


def test_two_slots_behind_walls_judge_like_one_without(
    course: Course, walled: Pool, undisturbed: list[Attempt]
) -> None:
    assert without_time(judged(walled, course, *CLASS)) == undisturbed


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_submission_whose_zygote_was_killed_is_run_again(
    course: Course, walled: Pool, undisturbed: list[Attempt]
) -> None:
    before = list(walled.slots)
    (zygote,) = children(before[0].process.pid)
    os.kill(zygote, signal.SIGKILL)
    assert without_time(judged(walled, course, *CLASS)) == undisturbed
    assert before[0] not in walled.slots


# Ctrl-C


def test_an_interrupt_keeps_what_is_finished_and_the_next_run_goes_on_from_there(
    course: Course, tmp_path: Path
) -> None:
    hang = answer(**dict.fromkeys(("double", "halves", "slope"), "import time; time.sleep(60)"))
    handed_in = {"an": SOLUTION, "binh": WRONG, "chi": hang}
    for student, source in handed_in.items():
        put(tmp_path / "class" / student / "tiny.py", source)
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "class"), "--out", str(out), "--jobs", "1"]
    command += ["--isolation", "process", "--trust-submissions", "--course", str(course.root)]
    environ = environment() | {"TMPDIR": str(scratch)}
    running = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: len(records(out)) == 2)
        running.send_signal(signal.SIGINT)
        printed, errors = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "autograder: interrupted; what is finished is kept, the same command continues" in errors
    assert "Traceback" not in errors
    assert printed == ""
    assert [path.name for path in out.iterdir()] == [FOLDER]
    assert list(scratch.iterdir()) == []
    finished = records(out)
    assert set(finished) == {"an", "binh"}

    put(tmp_path / "class" / "chi" / "tiny.py", SOLUTION)
    judged_now: list[str] = []
    with Store(out) as store:
        submissions = collect([tmp_path / "class"], course, None).submissions
        found = grade(course, submissions, here(), store, on_attempt=lambda attempt: judged_now.append(attempt.student))
    assert judged_now == ["chi"]
    assert [attempt.score for attempt in found.attempts] == [10.0, 0.0, 10.0]
    assert {student: record for student, record in records(out).items() if student in finished} == finished


def wait_until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def records(out: Path) -> dict[str, str]:
    path = out / FOLDER / "results.sqlite"
    if not path.exists():
        return {}
    with sqlite3.connect(path) as database:
        try:
            return dict(database.execute("SELECT student, record FROM attempts"))
        except sqlite3.OperationalError:  # it is being made at this moment
            return {}


# Advice


def test_without_isolation_results_are_advice_and_the_grade_book_stays_empty(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "an" / "tiny.py", SOLUTION)
    out = tmp_path / "out"
    arguments = ("grade", tmp_path / "an", "--out", out, "--isolation", "none", "--course", course.root)
    done = python("-m", "autograder", *arguments)
    assert (done.returncode, re.findall("Traceback.*", done.stderr)) == (0, [])
    (result,) = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert result["isolation"]["advice"] is True
    assert result["score"] == 10.0
    assert len((out / "grades.csv").read_text(encoding="utf-8").splitlines()) == 1
    assert records(out) == {}


def test_temporary_folders_of_slots_go_with_the_pool(course: Course) -> None:
    with Pool(settings(course), 1) as pool:
        assert pool.settings.scratch is not None
        assert pool.settings.scratch.is_relative_to(tempfile.gettempdir())
    assert not pool.settings.scratch.exists()


def test_where_the_data_came_from_does_not_matter_to_a_unit_that_measures_nothing(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    submission = Submission("an", course.units[0].id, course.units[0].filename, b"")
    keys = {_key(course, submission, Options(), 1, Data(source)) for source in ("", "COURSE_DATA /a", "generated")}
    assert len(keys) == 1
