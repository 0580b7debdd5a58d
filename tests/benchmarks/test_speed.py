"""What grading costs, as ratios to one `python -c "import torch"` of the same run: `make bench`.

The machine is noisy, so nothing is asserted; each benchmark keeps its ratio in `extra_info`, and the table at the end
shows it beside the bound that the project has set itself.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograder.bank import solution_path
from autograder.course import Course, load
from autograder.grading import forks
from autograder.grading.pool import Pool
from autograder.grading.slot import Job, Settings
from autograder.grading.slots import attempts
from autograder.models import Submission

ROOT = Path(__file__).parents[2]
TRAINING = ("numpy_mlp",)  # 500 steps of the published network: the student's own work
WARM, SUBMISSIONS, TRAININGS = 2, 20, 3
pytestmark = pytest.mark.timeout(900)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def timed(command: list[str]) -> float:
    """Processor seconds of a process and its children: wall time tripled beside another run of ours."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture(scope="module")
def floor() -> float:
    """The best of five runs of `python -c "import torch"`."""
    return min(timed([sys.executable, "-c", "import torch"]) for _ in range(5))


@pytest.fixture(scope="module")
def course() -> Course:
    return load(ROOT)


@pytest.mark.parametrize("unit", ["u01_tensors", "u03_backprop"])
def test_a_submission_of_ten_items(benchmark: BenchmarkFixture, course: Course, floor: float, unit: str) -> None:
    """Processor seconds of grader and worker for one submission, steady state, against one import of torch."""
    items = [item.id for item in course.unit(unit).items if item.id not in TRAINING][:10]
    benchmark.group = "one submission: processor seconds of a slot's life"
    few = _pool_seconds(course, {unit: items}, WARM)
    many = benchmark.pedantic(_pool_seconds, args=(course, {unit: items}, WARM + SUBMISSIONS), rounds=1)
    each = (many - few) / SUBMISSIONS
    benchmark.extra_info.update(seconds=round(each, 3))
    keep(benchmark, each / floor, 0.2)


def test_a_submission_of_every_unit_without_training(benchmark: BenchmarkFixture, course: Course, floor: float) -> None:
    """The second submission: from the third on known answers spare the hidden tests their work."""
    work = {
        unit.id: [item.id for item in unit.items if item.credit.kind != "ramp" and item.id not in TRAINING]
        for unit in course.units
    }
    benchmark.group = "one submission of all units: processor seconds of a slot's life"
    few = _pool_seconds(course, work, 1)
    many = benchmark.pedantic(_pool_seconds, args=(course, work, 2), rounds=1)
    each = many - few
    benchmark.extra_info.update(seconds=round(each, 2))
    keep(benchmark, each / floor, 12)


def keep(benchmark: BenchmarkFixture, ratio: float, bound: float) -> None:
    benchmark.extra_info.update(ratio=round(ratio, 3), bound=bound)


@pytest.mark.parametrize(
    ("path", "what", "bound"),
    [
        ("exercises/u01_tensors", "stubs", 1.4),
        ("exercises/u01_tensors", "solutions", 1.4),
        ("exercises", "solutions", 4),
    ],
)
def test_a_student_runs_the_public_tests(
    benchmark: BenchmarkFixture, floor: float, path: str, what: str, bound: float
) -> None:
    command = [sys.executable, "-m", "pytest", path, "-p", "no:cacheprovider", "-p", "no:benchmark"]
    command += ["-o", "pythonpath=solutions ."] if what == "solutions" else []
    benchmark.group = f"pytest {path}"
    runs: list[float] = []
    benchmark.pedantic(lambda: runs.append(timed(command)), rounds=5, warmup_rounds=1)
    keep(benchmark, min(runs) / floor, bound)


TRAIN = """
import os, sys, time
from pathlib import Path
import torch
sys.path.insert(0, "solutions/u06_mlp")
import mlp
from autograder.datasets import mnist
from autograder.grading.data import judged
torch.set_num_threads(1)
torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)  # its first imports are no training
data = os.environ.get("COURSE_DATA")
found = judged(mnist(Path("datasets"), course_data=Path(data) if data else None, download=False), 1)
started = time.process_time()
mlp.train_mlp(found.train_x.tensor, found.train_y.tensor, 128, 3, 0.25, 100, 1)
print(time.process_time() - started)
"""


def test_grading_a_training_item(benchmark: BenchmarkFixture, course: Course) -> None:
    """Processor seconds of a graded training, the slot's start taken off, against the same training in plain Python."""
    plain = min(_plain_training() for _ in range(TRAININGS))
    benchmark.group = "a training item: processor seconds of a slot's life"
    work = {"u06_mlp": ["train_mlp"]}
    one = _pool_seconds(course, work, 1)
    many = benchmark.pedantic(_pool_seconds, args=(course, work, 1 + TRAININGS), rounds=1)
    graded = (many - one) / TRAININGS
    benchmark.extra_info.update(plain=round(plain, 2), graded=round(graded, 2))
    keep(benchmark, graded / plain, 1.1)


def _plain_training() -> float:
    command = [sys.executable, "-c", TRAIN]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _pool_seconds(course: Course, work: Mapping[str, Sequence[str]], times: int) -> float:
    """Processor seconds of a slot's whole life that judges these items of these units so many times.

    Tier landlock: bubblewrap does not pass its children's times on.
    """
    data = os.environ.get("COURSE_DATA")
    settings = Settings(course.path, tuple(work), "landlock", False, 1, Path(data) if data else None)
    handed_in = [
        Submission("reference", unit, course.unit(unit).filename, solution_path(course, course.unit(unit)).read_bytes())
        for unit in work
    ]
    pairs = [(submission, tuple(work[submission.unit])) for submission in handed_in] * times
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Pool(course, settings, 1) as pool:
        jobs = [Job(number, submission, items) for number, (submission, items) in enumerate(pairs)]
        ended = [attempt for _, attempt in attempts(pool.run(jobs))]
    assert len(ended) == len(pairs)
    assert all(attempt.scored for attempt in ended)
    forks.end()  # slots are children of that process, and their times are known with its end
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent > 1.0, "a slot's life cannot be shorter than an import of torch"
    return spent
