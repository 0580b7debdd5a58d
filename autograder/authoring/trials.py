"""Answers of our own through the real path: what `verify` and `audit` share.

    try_all(course, units, options, trials) → (Hello, attempts in the order of the trials)

Each goes through the sandbox like a student's submission, with one seed drawn for the whole run; nothing is stored.
Without `replays` only verdicts are asked for, not the names of causes.  Fails with `GradingError` when no slot can be
had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograder.course import Course, Unit
from autograder.grading import devices
from autograder.grading.pool import Pool
from autograder.grading.run import Options, find_data
from autograder.grading.slot import Hello, Job, Settings
from autograder.grading.slots import attempts
from autograder.grading.store import new_seed
from autograder.models import Attempt, Submission


@dataclass(frozen=True)
class Trial:
    submission: Submission
    only: tuple[str, ...] = ()  # these items; empty: all of the unit


def try_all(
    course: Course,
    units: Sequence[Unit],
    options: Options,
    trials: Sequence[Trial],
    on_trial: Callable[[int, int], None] = lambda done, total: None,
    *,
    replays: bool = True,
) -> tuple[Hello, list[Attempt]]:
    find_data(course, units, options, None)
    names = tuple(unit.id for unit in units)
    gpus = devices.slots(options.device, options.jobs, options.isolation)
    settings = Settings(
        course.path,
        names,
        options.isolation,
        options.trust,
        new_seed(),
        options.course_data,
        replays,
        device=options.device,
        gpus=tuple(filter(None, gpus)),
    )
    jobs = [Job(number, trial.submission, trial.only) for number, trial in enumerate(trials)]
    ended: dict[int, Attempt] = {}
    with Pool(course, settings, len(gpus)) as pool:
        hello = pool.start()
        for job, attempt in attempts(pool.run(jobs)):
            ended[job.number] = attempt
            on_trial(len(ended), len(trials))
    return hello, [ended[number] for number in range(len(trials))]
