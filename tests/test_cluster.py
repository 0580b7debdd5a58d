"""cluster: Dask carries the jobs, nothing is lost with a machine and nothing counts twice.

First with a scheduler that is none and answers as a test says, then with a real one and worker processes.
"""

from __future__ import annotations

import gzip
import json
import os
import pkgutil
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("distributed", reason="pip install -e '.[cluster]'")
from dask import config as dask_config
from distributed import Client, KilledWorker

from autograder import datasets
from autograder.arguments import parser
from autograder.course import Course
from autograder.grade_folder import Asked, remembered
from autograder.grading import cluster as cluster_module
from autograder.grading import digest, muster, station
from autograder.grading.cluster import AHEAD, Cluster
from autograder.grading.records import packed, unpacked
from autograder.grading.run import Options, grade
from autograder.grading.slot import Done, Hello, Job, Settings
from autograder.grading.slots import Event, GradingError, attempts
from autograder.grading.station import Ended, Settled, Trouble
from autograder.grading.store import Store
from autograder.models import Attempt, Diagnosis, Environment, Isolation, ItemResult, Submission, Text, Verdict, msg
from tests.tiny_course import (
    ROOT,
    SEED,
    SOLUTION,
    UNIT,
    WRONG,
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
    wait_until,
    without_time,
)

HELLO = Hello(Isolation("process"), Environment("2", "3", "2", "cpu", 1, 7, "0"), ())
ITEMS = ("double", "halves", "slope", "scale")
SLOW = answer(double="import time; time.sleep(0.7); return 2 * x")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("course"))


def settings(course: Course, isolation: str = "process") -> Settings:
    return Settings(course.path, (UNIT,), isolation, True, SEED, None)


def jobs(*sources: str) -> list[Job]:
    return [Job(number, submission(source, f"s{number}"), ITEMS) for number, source in enumerate(sources)]


def passed(job: Job) -> Ended:
    return Ended(tuple(ItemResult(id, Verdict.PASSED, 1.0, 1.0) for id in job.only), job.submission.notes)


# --- a scheduler that is none ---


class Task:
    """A future of Dask's, as far as it is used."""

    def __init__(self, key: str, what: Callable[..., Any], words: Sequence[Any], workers: list[str]) -> None:
        self.key, self.what, self.words, self.workers = key, what, words, workers
        self.status, self.value, self.hears = "pending", None, lambda task: None

    @property
    def job(self) -> Job:
        return unpacked(self.words[1], Job)

    def end(self, value: Any) -> None:
        self.status, self.value = "error" if isinstance(value, Exception) else "finished", value
        self.hears(self)

    def add_done_callback(self, hears: Callable[[Any], None]) -> None:
        self.hears = hears
        if self.status != "pending":
            hears(self)

    def result(self, timeout: float) -> Any:
        return self.value

    def exception(self, timeout: float) -> Any:
        return self.value

    def cancel(self) -> None:
        self.status = "cancelled"


class Dask:
    """Its workers judge as `judge` says, and say of themselves what `facts` and `tiers` hold."""

    def __init__(self, *workers: str) -> None:
        self.workers = dict.fromkeys(workers, 1)
        self.tasks: list[Task] = []
        self.facts: dict[str, dict[str, str]] = {}
        self.tiers: dict[str, str] = {}
        self.scattered: list[list[str]] = []
        self.whole: dict[str, str] = {}
        self.left: list[str] = []
        self.judge: Callable[[Task], None] = lambda task: task.end(packed(passed(task.job)))

    def __call__(self, course: Course, **options: Any) -> Cluster:
        return Cluster(course, settings(course), 2, "tcp://nowhere:8786", patience=0.3, **options)

    def subscribe_topic(self, topic: str, hears: Callable[[Any], None]) -> None:
        self.topic = topic

    def run(self, what: Callable[..., Any], name: str, workers: list[str], on_error: str) -> None:
        assert what is station.leave
        self.left += workers

    def close(self, timeout: float) -> None:
        self.workers.clear()

    @property
    def judging(self) -> list[Task]:
        return [task for task in self.tasks if task.what is station.judge]

    def nthreads(self) -> dict[str, int]:
        return dict(self.workers)

    def submit(self, what: Callable[..., Any], *words: Any, key: str, workers: list[str], pure: bool) -> Task:
        task = Task(key, what, words, workers)
        self.tasks.append(task)
        if what is station.judge:
            self.judge(task)
        elif what is pkgutil.resolve_name:
            task.end(pkgutil.resolve_name(*words))
        elif what is station.examine:
            ours = {"kit": digest.kit(), "versions": digest.versions(), "data": ""}
            task.end(ours | self.facts.get(workers[0], {}))
        else:
            hello = replace(HELLO, isolation=Isolation(self.tiers.get(workers[0], "process")))
            task.end(packed(Settled(hello, self.whole)))
        return task

    def scatter(self, files: Any, workers: list[str], hash: bool) -> Task:
        self.scattered.append(workers)
        task = Task("files", dict, (), workers)
        task.end(files)
        return task


@pytest.fixture
def dask(course: Course, monkeypatch: pytest.MonkeyPatch) -> Dask:
    monkeypatch.setattr(muster, "CENSUS", 0.0)
    monkeypatch.setattr(cluster_module, "WAIT", 0.01)
    made = Dask("tcp://a:1", "tcp://b:2")
    monkeypatch.setattr(cluster_module, "Client", lambda *args, **options: made)
    made.whole = station.whole_of(course, muster.plan(course, settings(course), "", False))
    return made


def killed_with(task: Task) -> KilledWorker:
    """What Dask says of a task after several workers died with it."""
    return KilledWorker(task.key, SimpleNamespace(address="tcp://a:1"), 3)  # type: ignore[arg-type]


def ended(events: Iterator[Event]) -> dict[int, list[str]]:
    """What was told of each job, in order."""
    found: dict[int, list[str]] = {}
    for job, event in events:
        found.setdefault(job.number, []).append("done" if isinstance(event, Done) else event.item)
    return found


WHOLE = [*ITEMS, "done"]


def test_every_item_of_every_job_comes_once_and_each_job_ends(course: Course, dask: Dask) -> None:
    with dask(course) as cluster:
        assert cluster.start() == HELLO
        assert ended(cluster.run(jobs(*[SOLUTION] * 9))) == dict.fromkeys(range(9), WHOLE)
    assert sorted(dask.left) == ["tcp://a:1", "tcp://b:2"]


def test_nothing_crosses_but_plain_data(course: Course, dask: Dask) -> None:
    """Dask pickles what it carries; of ours there is nothing to unpickle but texts, numbers and bytes."""
    with dask(course) as cluster:
        list(cluster.run(jobs(SOLUTION)))
    assert {type(word) for task in dask.tasks for word in task.words} == {str, bytes, list, dict}


def test_what_travels_comes_back_as_it_was() -> None:
    words = (msg("{n} of {what}", n=3, what=Text("a", "b")), Text("c", "d"))
    job = Job(3, Submission("an", UNIT, "tiny.ipynb", b"\xff\x00", words, (1, 9)), ("double",))
    assert unpacked(packed(job), Job) == job
    told = Ended(
        (ItemResult("double", Verdict.FAILED, 0.5, 2.0, (Diagnosis("c", words[0], words[1]),), printed="\ud800"),),
        words,
    )
    assert unpacked(packed(told), station.Told) == told  # type: ignore[arg-type]
    assert unpacked(packed(Settled(HELLO, {"a": "b"})), station.Told) == Settled(HELLO, {"a": "b"})  # type: ignore[arg-type]


def test_jobs_are_asked_for_as_threads_become_free(course: Course, dask: Dask) -> None:
    dask.workers = {"tcp://a:1": 2, "tcp://b:2": 1}
    asked: list[int] = []

    def endless() -> Iterator[Job]:
        for job in jobs(*[SOLUTION] * 50):
            asked.append(job.number)
            yield job

    over = 0
    with dask(course) as cluster:
        for _, event in cluster.run(endless()):
            over += isinstance(event, Done)
            assert len(asked) <= over + 1 + AHEAD * 3
    assert over == 50


def test_a_job_that_dask_gives_up_is_tried_with_nothing_else_at_work_and_then_set_aside(
    course: Course, dask: Dask
) -> None:
    def judge(task: Task) -> None:
        if task.job.number == 1:
            task.end(killed_with(task))
        else:
            task.end(packed(passed(task.job)))

    dask.judge = judge
    with dask(course) as cluster:
        events = list(cluster.run(jobs(*[SOLUTION] * 6)))
    assert ended(iter(events)) == dict.fromkeys(range(6), WHOLE)
    lost = [event for job, event in events if job.number == 1 and isinstance(event, ItemResult)]
    assert {result.verdict for result in lost} == {Verdict.GRADER_ERROR}
    assert [result.max_score for result in lost] == [2.0, 4.0, 1.0, 3.0]
    assert "nothing else at work" in lost[0].staff
    assert [task.job.number for task in dask.judging] == [0, 1, 2, 3, 4, 5, 1]
    assert len(dask.judging[-1].workers) == 1


def test_a_job_that_was_killed_beside_a_killer_is_judged_when_it_is_alone(course: Course, dask: Dask) -> None:
    sent: Counter[int] = Counter()

    def judge(task: Task) -> None:
        sent[task.job.number] += 1
        killed = task.job.number == 1 or (task.job.number == 2 and sent[2] == 1)
        task.end(killed_with(task) if killed else packed(passed(task.job)))

    dask.judge = judge
    with dask(course) as cluster:
        told = {job.number: attempt for job, attempt in attempts(cluster.run(jobs(*[SOLUTION] * 4)))}
    assert {number: attempt.scored for number, attempt in told.items()} == {0: True, 1: False, 2: True, 3: True}


def test_what_was_with_workers_that_are_all_gone_is_sent_to_those_that_came_and_a_late_answer_counts_for_nothing(
    course: Course, dask: Dask
) -> None:
    stranded: list[Task] = []

    def judge(task: Task) -> None:
        if "tcp://c:3" in task.workers:
            for one in stranded:  # what was thought to be gone answers after all
                one.end(packed(passed(one.job)))
            stranded.clear()
            task.end(packed(passed(task.job)))
            return
        stranded.append(task)
        if len(stranded) == 4:
            dask.workers = {"tcp://c:3": 1}

    dask.judge = judge
    with dask(course) as cluster:
        assert ended(cluster.run(jobs(*[SOLUTION] * 7))) == dict.fromkeys(range(7), WHOLE)
    assert Counter(task.job.number for task in dask.judging) == {0: 2, 1: 2, 2: 2, 3: 2, 4: 1, 5: 1, 6: 1}


@pytest.mark.parametrize("error", [TimeoutError, CancelledError])
def test_an_answer_that_is_lost_with_its_worker_is_waited_for_or_asked_for_again(
    course: Course, dask: Dask, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def result(task: Task, timeout: float) -> Any:
        if task.what is station.judge:
            fetched.append(task.key)
            if len(fetched) == 1:
                raise error
        return task.value

    monkeypatch.setattr(Task, "result", result)
    with dask(course) as cluster:
        assert ended(cluster.run(jobs(SOLUTION, SOLUTION))) == {0: WHOLE, 1: WHOLE}
    assert len(fetched) == 3
    assert len(dask.judging) == (2 if error is TimeoutError else 3)


def test_a_worker_in_trouble_is_left_out_and_its_job_is_judged_elsewhere(course: Course, dask: Dask) -> None:
    def judge(task: Task) -> None:
        if "tcp://a:1" in task.workers:
            task.end(packed(Trouble("tcp://a:1", "OSError: No space left on device")))
        else:
            task.end(packed(passed(task.job)))

    dask.judge = judge
    told: list[str] = []
    with dask(course, told=told.append) as cluster:
        assert ended(cluster.run(jobs(SOLUTION, SOLUTION, SOLUTION))) == dict.fromkeys(range(3), WHOLE)
    assert told == ["left out: tcp://a:1: OSError: No space left on device"]


def test_a_fault_that_no_machine_escapes_ends_the_run(course: Course, dask: Dask) -> None:
    dask.judge = lambda task: task.end(packed(Trouble("tcp://a:1", "tiny.py:3: is not Python", fatal=True)))
    with dask(course) as cluster, pytest.raises(GradingError, match=r"^tiny.py:3: is not Python$"):
        list(cluster.run(jobs(SOLUTION)))


def test_a_station_that_is_gone_is_made_anew(course: Course, dask: Dask) -> None:
    dask.workers = {"tcp://a:1": 1}
    first = iter([Trouble("tcp://a:1", "")])
    dask.judge = lambda task: task.end(packed(next(first, None) or passed(task.job)))
    with dask(course) as cluster:
        assert ended(cluster.run(jobs(SOLUTION))) == {0: WHOLE}
    assert [task.what.__name__ for task in dask.tasks][-4:] == ["resolve_name", "examine", "settle", "judge"]


def test_when_all_workers_stay_away_the_run_ends_with_the_cure(course: Course, dask: Dask) -> None:
    dask.judge = lambda task: dask.workers.clear()
    with (
        dask(course) as cluster,
        pytest.raises(
            GradingError, match=r"^tcp://nowhere:8786: no worker in 0 s; start some with `dask worker tcp://n.*is kept$"
        ),
    ):
        list(cluster.run(jobs(SOLUTION)))


def test_when_everything_is_judged_it_does_not_matter_that_all_workers_are_gone(course: Course, dask: Dask) -> None:
    def judge(task: Task) -> None:
        task.end(packed(passed(task.job)))
        dask.workers.clear()

    dask.judge = judge
    with dask(course) as cluster:
        assert ended(cluster.run(jobs(SOLUTION))) == {0: WHOLE}


def test_a_scheduler_that_goes_away_ends_the_run_with_the_cure(course: Course, dask: Dask) -> None:
    def gone() -> dict[str, int]:
        raise OSError("Connection refused")

    dask.judge = lambda task: setattr(dask, "nthreads", gone)
    with dask(course) as cluster, pytest.raises(GradingError, match=r"scheduler is gone \(OSError: Conn.*is kept$"):
        list(cluster.run(jobs(SOLUTION)))


def test_who_looks_on_is_told_which_item_takes_long(course: Course, dask: Dask) -> None:
    dask.judge = lambda task: None
    with dask(course) as cluster:
        cluster.start()
        cluster._fill(iter([cluster_module.Work(job) for job in jobs(SOLUTION, SOLUTION)]))
        assert cluster.now() == []
        cluster._told((0.0, [cluster.name, 1, "slope", 14.0]))
        cluster._told((0.0, ["another run", 0, "double", 14.0]))
        ((student, item, seconds),) = cluster.now()
    assert (student, item) == ("s1", "slope")
    assert 14.0 <= seconds < 60


# which workers may judge

OTHER = "kit 0.1.0, python 3.12.1, torch 2.12.0"


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            {"versions": OTHER},
            r"python 3\.12\.1 \(here 3\.\d+\.\d+\), torch 2\.12\.0 \(here .*; install the same there$",
        ),
        ({"kit": "0"}, r"its kit, the files of autograder/, is not this machine's; pip install .* same commit there"),
    ],
)
def test_a_worker_that_would_judge_with_something_else_is_refused_with_the_cure(
    course: Course, dask: Dask, facts: dict[str, str], told: str
) -> None:
    dask.facts["tcp://b:2"] = facts
    with dask(course) as cluster, pytest.raises(GradingError, match=rf"^tcp://b:2: .*{told}"):
        cluster.start()


def test_a_worker_without_the_kit_is_refused_before_it_gets_anything(
    course: Course, dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pkgutil, "resolve_name", missing)
    with (
        dask(course) as cluster,
        pytest.raises(GradingError, match=r"it has not this kit \(ModuleNotFoundError: No mod"),
    ):
        cluster.start()
    assert {task.what for task in dask.tasks} == {missing}


def missing(name: str) -> Exception:
    return ModuleNotFoundError(f"No module named {name!r}")


def test_all_workers_hold_submissions_alike(course: Course, dask: Dask) -> None:
    dask.tiers = {"tcp://a:1": "landlock", "tcp://b:2": "namespaces"}
    with (
        dask(course) as cluster,
        pytest.raises(GradingError, match=r"it holds submissions by .*name one that all have"),
    ):
        cluster.start()


def test_a_course_that_arrived_otherwise_is_refused(course: Course, dask: Dask) -> None:
    dask.whole["mistakes"] = "0"
    with dask(course) as cluster, pytest.raises(GradingError, match=r"^tcp://.: *\d: it has another mistakes; "):
        cluster.start()


# MNIST

SMALL = {name: f"{name} {'x' * 100}".encode() for name in datasets.CONTENT}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any bytes pass for MNIST, if they are these."""
    monkeypatch.setattr(datasets, "CONTENT", {name: sha256(data).hexdigest() for name, data in SMALL.items()})


def cache(folder: Path) -> Path:
    for name, data in SMALL.items():
        path = folder / "MNIST" / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def measured(tmp_path: Path, small: None) -> Course:
    """A course that has MNIST in its cache."""
    cache(tmp_path / "datasets")
    return tiny_course(tmp_path)


def test_mnist_is_sent_once_and_only_to_workers_that_have_it_nowhere(measured: Course, dask: Dask) -> None:
    dask.workers |= {"tcp://c:3": 1}
    dask.facts["tcp://c:3"] = {"data": "/shared/mnist"}
    with dask(measured, mnist=True) as cluster:
        cluster.start()
    asked = {task.workers[0]: task for task in dask.tasks if task.what is station.settle}
    assert len(dask.scattered) == 1
    assert [asked[worker].words[1] for worker in sorted(asked)] == ["", "", "/shared/mnist"]
    assert asked["tcp://a:1"].words[2] is asked["tcp://b:2"].words[2]
    assert asked["tcp://c:3"].words[2] == {}
    sent = asked["tcp://a:1"].words[2].value
    assert {name: gzip.decompress(data) for name, data in sent.items()} == {f"{n}.gz": d for n, d in SMALL.items()}


@pytest.mark.parametrize("options", [{}, {"mnist": True, "practice": True}])
def test_no_data_travel_where_none_are_measured_on(measured: Course, dask: Dask, options: dict[str, bool]) -> None:
    with dask(measured, **options) as cluster:
        cluster.start()
    assert dask.scattered == []
    assert [task.words for task in dask.tasks if task.what is station.examine] == [([],), ([],)]


def test_a_machine_says_where_it_has_mnist(tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    there = cache(tmp_path / "there")
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert station.examine([str(tmp_path / "nowhere"), str(there)])["data"] == str(there)
    assert station.examine([str(tmp_path / "nowhere")])["data"] == ""
    monkeypatch.setenv("COURSE_DATA", str(there))
    assert station.examine([str(tmp_path / "nowhere")])["data"] == str(there)
    (there / "MNIST" / "raw" / next(iter(SMALL))).write_bytes(b"damaged")
    assert station.examine([str(there)])["data"] == ""


def test_a_station_has_the_course_and_the_data_in_a_folder_that_goes_with_it(measured: Course) -> None:
    files = datasets.compressed(measured.root / "datasets", None)
    plan = muster.plan(measured, settings(measured), "a run", False)
    made = station.Station(plan, "", files, "key")
    found = made._settings
    assert found.course_data is not None
    assert datasets.whole(found.course_data)
    assert station.whole_of(made._course, plan) == station.whole_of(measured, plan)
    assert not found.course.is_relative_to(measured.root)
    made.close()
    assert not found.course.exists()
    assert not found.course_data.exists()


# --- a real scheduler, and workers as somebody starts them by hand ---


class Machines:
    """A scheduler and worker machines: each a process group of its own, nanny and all."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder, self.environ = folder, {**environment(), **environ}
        self.started: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.run("scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2])
        self.client = Client(self.address, timeout=60, set_as_default=False)

    def run(self, what: str, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, "--no-dashboard"]
        log = (self.folder / f"{what}{len(self.started)}.log").open("wb")
        with log:
            started = subprocess.Popen(
                command, cwd=self.folder, env=self.environ | environ, stdout=log, stderr=log, start_new_session=True
            )
        self.started.append(started)
        return started

    def worker(self, **environ: str) -> tuple[str, subprocess.Popen[bytes]]:
        """Its address, and the group of its processes."""
        before = self.client.nthreads().keys()
        started = self.run("worker", self.address, "--nthreads", "1", **environ)
        wait_until(lambda: len(self.client.nthreads().keys() - before) == 1)
        (address,) = self.client.nthreads().keys() - before
        return address, started

    def end(self, started: subprocess.Popen[bytes]) -> None:
        """As when the power goes."""
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()

    def close(self) -> None:
        self.client.close()
        for started in self.started:
            if started.poll() is None:
                self.end(started)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    made = Machines(tmp_path_factory.mktemp("machines"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def two(machines: Machines) -> dict[str, subprocess.Popen[bytes]]:
    """Two workers; a test that ends one starts another."""
    return dict(machines.worker() for _ in range(2))


CLASS = (SOLUTION, WRONG, SLOW, answer(halves="return x[:3].clone(), x[:3].clone()"), SLOW, SLOW)


@pytest.fixture(scope="module")
def undisturbed(course: Course) -> list[Attempt]:
    with slots(course, "none") as pool:
        return without_time(judged(pool, course, *CLASS))


@pytest.fixture(scope="module")
def running(course: Course, machines: Machines, two: dict[str, subprocess.Popen[bytes]]) -> Iterator[Cluster]:
    """A run on the two."""
    with Cluster(course, settings(course), 0, machines.address) as cluster:
        cluster.start()
        yield cluster


def test_two_workers_judge_like_one_slot(course: Course, running: Cluster, undisturbed: list[Attempt]) -> None:
    assert running.start().isolation.tier == "process"
    found = dict(attempts(running.run([Job(n, submission(source)) for n, source in enumerate(CLASS)])))
    in_order = [attempt for _, attempt in sorted(found.items(), key=lambda one: one[0].number)]
    assert without_time(in_order) == undisturbed


def test_a_worker_tells_what_takes_long(course: Course, running: Cluster) -> None:
    told: list[Any] = []
    running._client.subscribe_topic(station.TOPIC, lambda event: told.append(list(event[1])))
    (attempt,) = judged(running, course, answer(double="import time; time.sleep(60)"))
    assert item(attempt, "double").verdict is Verdict.TIMED_OUT
    wait_until(lambda: len(told) > 0)
    assert told[0][:3] == [running.name, 0, "double"]
    assert told[0][3] >= station.LOOK


def test_a_machine_that_dies_in_the_middle_loses_nothing_and_counts_nothing_twice(
    course: Course,
    machines: Machines,
    two: dict[str, subprocess.Popen[bytes]],
    running: Cluster,
    undisturbed: list[Attempt],
) -> None:
    events: list[Event] = []
    dead = ""
    for job, event in running.run([Job(n, submission(source)) for n, source in enumerate(CLASS)]):
        events.append((job, event))
        if not dead:
            at_work = {worker: keys for worker, keys in machines.client.processing().items() if keys}
            dead = max(at_work, key=lambda worker: len(at_work[worker]))
            machines.end(two.pop(dead))
    assert set(Counter((job.number, getattr(event, "item", "done")) for job, event in events).values()) == {1}
    found = {job.number: attempt for job, attempt in attempts(iter(events))}
    assert without_time([found[number] for number in sorted(found)]) == undisturbed
    assert dead not in machines.client.nthreads()


def test_a_worker_with_another_kit_is_refused_and_one_that_comes_later_is_left_out(
    course: Course, machines: Machines, running: Cluster, undisturbed: list[Attempt], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "autograder", tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "autograder" / "grading" / "score.py").open("a") as file:
        file.write("# mended here alone\n")
    other, started = machines.worker(PYTHONPATH=str(tmp_path))
    try:
        with (
            Cluster(course, settings(course), 0, machines.address) as cluster,
            pytest.raises(GradingError, match=rf"^{other}: its kit, the files of autograder/, is not this machine's; "),
        ):
            cluster.start()
        told: list[str] = []
        running._tell = told.append
        (attempt,) = judged(running, course, SOLUTION)
        assert without_time([attempt]) == undisturbed[:1]
        assert [line.partition(",")[0] for line in told] == [f"left out: {other}: its kit"]
    finally:
        machines.end(started)


@pytest.mark.usefixtures("two")
def test_slots_go_when_their_coordinator_does_even_if_it_was_killed(course: Course, machines: Machines) -> None:
    """Dask forgets what a client wanted that went away."""
    cluster = Cluster(course, settings(course, "none"), 0, machines.address).__enter__()
    cluster.start()
    assert cluster.name in stations(machines)
    cluster._client.close()
    wait_until(lambda: cluster.name not in stations(machines))


def stations(machines: Machines) -> set[str]:
    """The runs that have slots somewhere."""
    return set().union(*machines.client.run(lambda dask_worker: list(dask_worker.plugins)).values())


def test_without_a_worker_and_without_a_scheduler_there_is_one_line_with_the_cure(
    course: Course, tmp_path: Path
) -> None:
    alone = Machines(tmp_path)
    try:
        with (
            Cluster(course, settings(course), 0, alone.address, patience=0.5) as cluster,
            pytest.raises(
                GradingError, match=rf"^{alone.address}: no worker in 0 s; start some with `dask worker {alone.address}"
            ),
        ):
            cluster.start()
    finally:
        alone.close()
    with pytest.raises(
        GradingError, match=rf"^{alone.address}: no Dask scheduler answers \(.*\); start one with `dask"
    ):
        Cluster(course, settings(course), 0, alone.address, patience=0.5).__enter__()


def test_certificates_are_looked_for_before_a_scheduler_is(course: Course, tmp_path: Path) -> None:
    def told() -> str:
        with pytest.raises(GradingError) as raised:
            Cluster(course, settings(course), 0, "tls://127.0.0.1:1").__enter__()
        return str(raised.value)

    assert told().startswith("tls://127.0.0.1:1: no certificates; set distributed.comm.tls.ca-file, ")
    names = ("ca-file", "client.cert", "client.key")
    with dask_config.set({f"distributed.comm.tls.{name}": str(tmp_path / "none.pem") for name in names}):
        assert told().startswith("tls://127.0.0.1:1: the certificates cannot be used (FileNotFoundError: ")


@pytest.mark.slow
def test_a_submission_that_takes_its_workers_down_again_and_again_is_set_aside_and_all_others_are_judged(
    course: Course, tmp_path: Path, undisturbed: list[Attempt]
) -> None:
    above = "int(open(f'/proc/{os.getppid()}/stat').read().split()[3])"  # the Dask worker: a child of it forks slots
    killer = answer(double=f"import os, signal; os.kill({above}, signal.SIGKILL)")
    weak = Machines(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")
    try:
        for _ in range(2):
            weak.worker()
        with Cluster(course, settings(course, "none"), 0, weak.address) as cluster:
            told = judged(cluster, course, SOLUTION, killer, *CLASS[1:])
    finally:
        weak.close()
    assert set(verdicts(told[1]).values()) == {Verdict.GRADER_ERROR}
    assert "nothing else at work" in item(told[1], "scale").staff
    assert without_time([told[0], *told[2:]]) == undisturbed


# --- the command ---


def test_the_command_judges_on_a_cluster_of_its_own_and_leaves_nothing(course: Course, tmp_path: Path) -> None:
    for number, source in enumerate((SOLUTION, WRONG, SOLUTION)):
        put(tmp_path / "class" / f"s{number}" / "tiny.py", source)
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    arguments = ("--out", out, "--isolation", "process", "--trust-submissions", "--course", course.root)
    done = python(
        "-m", "autograder", "grade", tmp_path / "class", *arguments, "--cluster", "dask", "--jobs", "2", "--quiet",
        TMPDIR=str(scratch),
    )  # fmt: skip
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert [one["score"] for one in json.loads((out / "results.json").read_text(encoding="utf-8"))] == [10.0, 0.0, 10.0]
    assert list(scratch.iterdir()) == []
    with Store(out) as store:
        assert remembered(store, out).options.cluster == "dask"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_ctrl_c_in_a_terminal_ends_a_local_cluster_with_one_line(course: Course, tmp_path: Path) -> None:
    """It reaches Dask's worker processes, too."""
    for number in range(8):
        put(tmp_path / "class" / f"s{number}" / "tiny.py", f"{SLOW}\n# {number}\n")  # equal files are judged once
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "class"), "--out", str(out), "--jobs", "2"]
    command += ["--isolation", "process", "--trust-submissions", "--course", str(course.root), "--cluster", "dask"]
    command += ["--json"]
    running = subprocess.Popen(
        command,
        env=environment() | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    try:
        while '"item"' not in running.stdout.readline():
            assert running.poll() is None
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=90)
    finally:
        running.kill()
    assert running.returncode == 130
    assert errors == "autograder: interrupted; what is finished is kept, the same command continues\n"
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"isolation": "none"}, "--isolation none is for a suite's author, on one machine; leave one of them out"),
        ({"device": "cuda"}, "its workers judge on the CPU; grade --device cuda without it"),
    ],
)
def test_what_a_cluster_cannot_do_is_refused_in_one_line(
    course: Course, tmp_path: Path, options: dict[str, str], told: str
) -> None:
    with Store(tmp_path) as store, pytest.raises(GradingError, match=f"^--cluster: {told}$"):
        grade(course, [submission(SOLUTION)], here(cluster="dask", **options), store)


def test_where_dask_is_not_installed_one_line_says_what_to_install(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "an" / "tiny.py", SOLUTION)
    put(tmp_path / "without" / "distributed" / "__init__.py", "raise ModuleNotFoundError(name='distributed')\n")
    arguments = ("grade", tmp_path / "an", "--out", tmp_path / "out", "--course", course.root, "--cluster", "dask")
    done = python("-m", "autograder", *arguments, PYTHONPATH=f"{tmp_path / 'without'}:{ROOT}")
    assert done.returncode == 2
    assert done.stderr == (
        "autograder: --cluster: distributed is not installed; pip install -e '.[cluster]' in the course's folder\n"
    )


@pytest.mark.parametrize("words", ["scheduler:8786", "http://scheduler", ""])
def test_an_address_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["grade", "class", "--out", "out", "--cluster", words])


@pytest.mark.parametrize(
    ("options", "cluster"),
    [([], ""), (["--cluster", "none"], ""), (["--cluster", "dask"], "dask"), (["--cluster", "tls://a:1"], "tls://a:1")],
)
def test_without_a_cluster_the_slots_are_this_machine_s(options: list[str], cluster: str) -> None:
    assert parser().parse_args(["grade", "class", "--out", "out", *options]).cluster == cluster


def test_a_regrade_judges_where_the_grade_did_unless_told_otherwise() -> None:
    said = Asked((), Options(cluster="tcp://host:1"))
    assert Asked.loads(said.dumps()).options.cluster == "tcp://host:1"
    assert [
        parser().parse_args(["regrade", "--out", "o", *words]).cluster for words in ([], ["--cluster", "none"])
    ] == [
        None,
        "",
    ]


def test_who_does_not_ask_for_a_cluster_does_not_wait_for_dask() -> None:
    done = python("-c", "import sys, autograder.cli, autograder.grading.run; print('distributed' in sys.modules)")
    assert done.stdout == "False\n"
