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
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder import datasets
from autograder.course import Course
from autograder.grading import run as run_module
from autograder.grading.pool import Pool, Slot, Work
from autograder.grading.run import Data, grade
from autograder.grading.slot import Done, Hello, Job, Settings
from autograder.grading.slots import Event, GradingError, attempts, unscored
from autograder.grading.store import FOLDER, Store
from autograder.intake import collect
from autograder.models import Attempt, Environment, Grade, Isolation, ItemResult, Submission, Verdict, Words, msg
from autograder.sandbox import nursery, view
from autograder.sandbox.inner.watch import children
from autograder.watch import Watch
from tests.nurseries import kill_the_nursery, the_nursery
from tests.tiny_course import (
    SOLUTION,
    WRONG,
    answer,
    change,
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
    wait_until,
    without_time,
)

HELLO = Hello(Isolation("landlock"), Environment("2", "3", "2", "cpu", 1, 7, "0"), ())
SUITE = "autograder/suites/u01_tiny/test_tiny.py"
CLASS = (SOLUTION, WRONG, answer(halves="return x[:3].clone(), x[:3].clone()"))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("course"))


# grade: what is judged and what is kept, with slots that answer at once

POINTS = {"double": 2.0, "halves": 4.0, "slope": 1.0, "scale": 3.0}


class Quick:
    """A pool without processes: every item is judged at once, as `judge` says."""

    hello = HELLO
    judge: Callable[[Job, str], Verdict]
    jobs: list[str]
    asked: list[tuple[str, ...]]
    size: int
    seeds: list[int]

    def __init__(self, course: Course, settings: Settings, size: int) -> None:
        type(self).size = size
        self.seeds.append(settings.seed)

    def __enter__(self) -> Quick:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start(self) -> Hello:
        return self.hello

    def now(self) -> list[tuple[str, str, float]]:
        return []

    def run(self, jobs: Iterable[Job]) -> Iterator[Event]:
        for job in reversed(list(jobs)):  # the order in which they end is nobody's
            self.jobs.append(job.submission.student)
            self.asked.append(job.only)
            for id in job.only:
                verdict = type(self).judge(job, id)
                yield job, ItemResult(id, verdict, POINTS[id] if verdict is Verdict.PASSED else 0.0, POINTS[id])
            yield job, Done((*job.submission.notes, *HEARD))


HEARD: list[Words] = []


def passed(job: Job, item: str) -> Verdict:
    return Verdict.PASSED


def faulty(job: Job, item: str) -> Verdict:
    return Verdict.GRADER_ERROR if item == "double" else Verdict.PASSED


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[Quick]:
    pool = type("Pool", (Quick,), {"jobs": [], "asked": [], "seeds": [], "judge": staticmethod(passed)})
    monkeypatch.setattr(run_module, "Pool", pool)
    return pool


def graded(course: Course, out: Path, *names: str, **options: object) -> Grade:
    with Store(out) as store:
        submissions = [submission(SOLUTION, name) for name in names]
        return grade(course, submissions, here(jobs=2, **options), store).grade


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
    assert quick.asked == [tuple(POINTS), ("double",)]


def test_of_a_submission_only_what_is_missing_is_judged(tmp_path: Path, quick: type[Quick]) -> None:
    course = tiny_course(tmp_path / "course")
    first = graded(course, tmp_path / "out", "an", "binh")
    change(course.root / SUITE, "check.close(student.double(x), 2 * x", "check.close(student.double(x), x * 2")
    again = graded(course, tmp_path / "out", "an", "binh")
    assert quick.asked == [tuple(POINTS)] * 2 + [("double",)] * 2
    assert again.attempts == first.attempts


def test_a_run_that_was_killed_in_the_middle_of_a_submission_goes_on_at_the_item_it_was_at(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    def killed(job: Job, item: str) -> Verdict:
        if item == "slope":
            raise KeyboardInterrupt
        return Verdict.PASSED

    quick.judge = staticmethod(killed)
    with pytest.raises(KeyboardInterrupt):
        graded(course, tmp_path, "an")
    quick.judge = staticmethod(passed)
    assert graded(course, tmp_path, "an").attempts[0].score == 10.0
    assert quick.asked == [tuple(POINTS), ("slope", "scale")]


def test_what_a_notebook_s_cells_had_to_say_is_kept_with_it(
    course: Course, tmp_path: Path, quick: type[Quick], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "HEARD", [msg("cell 2 stops")])
    notebook = replace(submission(SOLUTION), filename="tiny.ipynb", cells=(1, 9), notes=(msg("found twice"),))
    for _ in range(2):
        with Store(tmp_path) as store:
            found = grade(course, [notebook], here(), store).grade
        assert found.attempts[0].notes == (msg("found twice"), msg("cell 2 stops"))
    assert quick.asked == [tuple(POINTS)]


# grade: with several seeds


def test_an_item_that_ends_otherwise_with_another_seed_is_unstable_and_has_no_number(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    def wavering(job: Job, item: str) -> Verdict:
        return Verdict.FAILED if item == "halves" and len(quick.seeds) % 2 == 0 else Verdict.PASSED

    quick.judge = staticmethod(wavering)
    found = graded(course, tmp_path, "an", repeat=3)
    wavers = item(found.attempts[0], "halves")
    assert wavers.verdict is Verdict.UNSTABLE
    assert wavers.runs == (Verdict.PASSED, Verdict.FAILED, Verdict.PASSED)
    assert [diagnosis.code for diagnosis in wavers.diagnoses] == ["unstable"]
    assert item(found.attempts[0], "double").runs == (Verdict.PASSED,) * 3
    assert (found.attempts[0].score, found.complete, found.environment.runs) == (None, False, 3)
    assert len(set(quick.seeds)) == 3


def test_a_repeated_run_goes_on_with_the_same_seeds_and_judges_nothing_twice(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    assert graded(course, tmp_path, "an").environment.runs == 1
    assert graded(course, tmp_path, "an", repeat=2).complete
    assert graded(course, tmp_path, "an", repeat=3).complete
    assert quick.jobs == ["an"] * 3


def test_what_one_of_several_runs_could_not_judge_is_run_again_and_not_called_unstable(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    quick.judge = staticmethod(lambda job, item: faulty(job, item) if len(quick.seeds) == 1 else passed(job, item))
    found = graded(course, tmp_path, "an", repeat=2)
    assert item(found.attempts[0], "double").verdict is Verdict.GRADER_ERROR
    assert graded(course, tmp_path, "an", repeat=2).complete


# grade: more


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
    monkeypatch.setattr("autograder.grading.digest.measures", lambda unit: True)
    for data in (Data("generated digits", True), Data("MNIST"), Data("MNIST")):
        monkeypatch.setattr(run_module, "find_data", lambda *_, data=data: data)
        found = graded(course, tmp_path, "an")
        assert (found.environment.data, found.environment.practice) == (data.source, data.practice)
    assert quick.jobs == ["an", "an"]


class Notes(Watch):
    """Writes down what a run tells."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def run(self, number: int, runs: int) -> None:
        self.told.append(f"run {number} of {runs}")

    def start(self, submissions: int, kept: int) -> None:
        self.told.append((submissions, kept))

    def item(self, submission: Submission, result: ItemResult) -> None:
        self.told.append(result.item)

    def over(self, submission: Submission, results: Sequence[ItemResult]) -> None:
        self.told.append(submission.student)


def test_who_looks_on_is_told_how_many_are_kept_and_of_each_item_and_submission_that_ends(
    course: Course, tmp_path: Path, quick: type[Quick]
) -> None:
    graded(course, tmp_path, "an")
    notes = Notes()
    with Store(tmp_path) as store:
        grade(course, [submission(SOLUTION, name) for name in ("an", "binh")], here(), store, watch=notes)
    assert notes.told == ["run 0 of 1", (2, 1), *POINTS, "binh"]


def test_data_are_not_looked_for_when_no_item_measures_on_them(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(datasets, "mnist")
    assert run_module.find_data(course, course.units, here(), None) == Data()


def test_an_item_set_aside_has_no_number_and_the_reason_for_staff(course: Course) -> None:
    found = unscored(course, Job(0, submission(SOLUTION)), "scale", "the slot died")
    assert (found.verdict, found.max_score, found.staff) == (Verdict.GRADER_ERROR, 3.0, "the slot died")


# Slots that die


class Handing:
    """What happens right after a job was handed to a slot: `deed(slot)`, so many times."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.hand, self.deeds = pool, pool._hand, 0
        self.deed: Callable[[Slot], None] = lambda slot: None

    def __call__(self, slot: Slot, work: Work) -> None:
        self.hand(slot, work)
        if self.deeds and work.job.submission.source == CLASS[1].encode():
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


def test_an_item_that_takes_two_slots_down_is_set_aside_and_all_others_are_judged(
    course: Course, pool: Pool, handing: Handing, undisturbed: list[Attempt]
) -> None:
    handing.deed, handing.deeds = lambda slot: os.kill(slot.process.pid, signal.SIGKILL), 2
    first, second, third = without_time(judged(pool, course, *CLASS))
    assert [first, third] == [undisturbed[0], undisturbed[2]]
    assert item(second, "double").verdict is Verdict.GRADER_ERROR
    assert item(second, "double").staff == "its process ended (exit code -9)"
    assert second.items[1:] == undisturbed[1].items[1:]


def test_a_submission_that_takes_four_slots_down_is_set_aside_as_a_whole(
    course: Course, pool: Pool, handing: Handing, undisturbed: list[Attempt]
) -> None:
    handing.deed, handing.deeds = lambda slot: os.kill(slot.process.pid, signal.SIGKILL), 4
    first, second, third = without_time(judged(pool, course, *CLASS))
    assert [first, third] == [undisturbed[0], undisturbed[2]]
    assert set(verdicts(second).values()) == {Verdict.GRADER_ERROR}
    assert handing.deeds == 0


def test_jobs_are_asked_for_one_by_one_as_slots_become_free(course: Course, pool: Pool) -> None:
    asked: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(4):
            asked.append(number)
            yield Job(number, submission(SOLUTION), ("double",))

    ended = []
    for job, _ in attempts(pool.run(jobs())):
        ended.append(job.number)
        assert len(asked) <= len(ended) + len(pool.slots)
    assert ended == asked == [0, 1, 2, 3]


def test_a_slot_that_died_idle_is_no_trouble_at_the_end(course: Course) -> None:
    ours, theirs = multiprocessing.Pipe()
    with Pool(course, settings(course), 1) as pool:
        theirs.close()
        process = SimpleNamespace(join=lambda seconds=None: None, kill=lambda: None)
        pool.slots.append(Slot(process, ours, float("inf"), hello=HELLO))
    assert ours.closed


def test_who_waits_for_a_slot_can_be_told_from_another_thread_that_it_ends(course: Course) -> None:
    hang = answer(double="import time; time.sleep(60)")
    with Pool(course, settings(course), 1) as pool, pytest.raises(GradingError, match=r"^the slots were ended$"):
        for _ in pool.run([Job(0, submission(SOLUTION)), Job(1, submission(hang))]):
            threading.Timer(0.1, pool.end).start()


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


linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each slot has its own nursery, and no /proc")


def zygotes() -> set[int]:
    """All that were forked for this process; a keeper is between each and the nursery."""
    assert nursery.line() is not None
    return {zygote for keeper in children(the_nursery().pid) for zygote in children(keeper)}


@linux
def test_a_submission_whose_zygote_was_killed_is_run_again(course: Course, undisturbed: list[Attempt]) -> None:
    others = zygotes()
    with slots(course, "process", 2) as pool:
        before = list(pool.slots)
        victim, _ = zygotes() - others
        os.kill(victim, signal.SIGKILL)
        assert without_time(judged(pool, course, *CLASS)) == undisturbed
        assert sum(slot not in pool.slots for slot in before) == 1


@linux
def test_a_submission_whose_nursery_was_killed_is_judged_and_the_next_slot_finds_another(
    course: Course, undisturbed: list[Attempt]
) -> None:
    others = zygotes()
    with slots(course, "process", 2) as pool:
        victim, _ = zygotes() - others
        killed = the_nursery()
        kill_the_nursery()
        os.kill(victim, signal.SIGKILL)
        assert without_time(judged(pool, course, *CLASS)) == undisturbed
    assert the_nursery() is not killed


@linux
def test_a_nursery_that_is_killed_is_one_death_however_many_slots_were_asking(
    course: Course, another_nursery: None
) -> None:
    with Pool(course, replace(settings(course), isolation="process"), 4) as pool:
        while len(pool.slots) < pool.size:
            pool._add()
        kill_the_nursery()
        assert pool.start().isolation.tier == "process"


def test_without_walls_no_nursery_is_started(course: Course, another_nursery: None) -> None:
    with Pool(course, settings(course), 1) as pool:
        pool.start()
        assert nursery._here is None


def test_what_the_shell_tells_pytest_is_not_told_to_hidden_suites(
    course: Course, undisturbed: list[Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--junitxml=report.xml --no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    with slots(course, "process") as pool:
        assert without_time(judged(pool, course, *CLASS)) == undisturbed


def test_a_nursery_that_cannot_be_started_is_told(
    course: Course, another_nursery: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "program", lambda imports: ["/no/such/python"])
    processes = replace(settings(course), isolation="process")
    with Pool(course, processes, 1) as pool, pytest.raises(GradingError, match="/no/such/python"):
        pool.start()


# Ctrl-C


@pytest.fixture
def heard() -> Iterator[None]:
    """Where tests run in the background, the shell has told them to be deaf to Ctrl-C, and so would be the command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_keeps_what_is_finished_and_the_next_run_goes_on_from_there(
    course: Course, tmp_path: Path, heard: None
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
        wait_until(lambda: len(records(out)) == 2 * len(POINTS))
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
    assert len(finished) == 2 * len(POINTS)

    put(tmp_path / "class" / "chi" / "tiny.py", SOLUTION)
    notes = Notes()
    with Store(out) as store:
        submissions = collect([tmp_path / "class"], course, None).submissions
        found = grade(course, submissions, here(), store, watch=notes).grade
    assert notes.told == ["run 0 of 1", (3, 2), *POINTS, "chi"]
    assert [attempt.score for attempt in found.attempts] == [10.0, 0.0, 10.0]
    assert finished.items() < records(out).items()


def records(out: Path) -> dict[str, str]:
    path = out / FOLDER / "results.sqlite"
    if not path.exists():
        return {}
    with sqlite3.connect(path) as database:
        try:
            return dict(database.execute("SELECT hex(key), record FROM results"))
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
    with Pool(course, settings(course), 1) as pool:
        assert pool.settings.scratch is not None
        assert pool.settings.scratch.is_relative_to(tempfile.gettempdir())
    assert not pool.settings.scratch.exists()
