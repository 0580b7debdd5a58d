"""What a second worker is worth: the time of a class on two local Dask workers against one, part of `make bench`.

Wall-clock time, so it means something on a machine with two idle cores only; the load before and after is kept with it.
"""

from __future__ import annotations

import os
import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograder.bank import solution_path
from autograder.course import load
from autograder.grading.cluster import Cluster
from autograder.grading.slot import Job, Settings
from autograder.grading.slots import attempts
from autograder.models import Submission
from tests.benchmarks.test_speed import ROOT, keep

UNIT, SUBMISSIONS, WARM = "u01_tensors", 40, 4
pytestmark = pytest.mark.timeout(900)


def test_two_workers_against_one(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "a class of one unit: seconds on two local workers"
    before = os.getloadavg()[0]
    one = seconds(1)
    two = benchmark.pedantic(seconds, args=(2,), rounds=1)
    benchmark.extra_info.update(
        one=round(one, 2), two=round(two, 2), load_before=round(before, 1), load_after=round(os.getloadavg()[0], 1)
    )
    keep(benchmark, one / two, 1.7)


def seconds(workers: int) -> float:
    """Of the class, with slots that are up and warm."""
    course = load(ROOT)
    unit = course.unit(UNIT)
    submission = Submission("reference", UNIT, unit.filename, solution_path(course, unit).read_bytes())
    with Cluster(course, Settings(course.path, (UNIT,), "auto", True, 1, None), workers) as cluster:
        for count in (WARM, SUBMISSIONS):
            begun = time.perf_counter()
            ended = list(attempts(cluster.run(Job(number, submission) for number in range(count))))
            taken = time.perf_counter() - begun
            assert len(ended) == count
            assert all(attempt.scored for _, attempt in ended)
    return taken
