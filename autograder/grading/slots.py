"""What judges a run's jobs, as the coordinator sees it: slots on this machine (`pool`) or on many (`cluster`).

    with Pool(…) or Cluster(…) as slots:
        slots.start() → Hello
        slots.run(jobs) → Event, …              each item's result the moment it is there, then the job's Done
    attempts(slots.run(jobs)) → (job, Attempt)  for who wants it whole

Both raise `GradingError` where no slot can be had, and give an item they cannot judge as `unscored`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self

from autograder.course import Course
from autograder.grading.slot import Done, Hello, Job
from autograder.models import Attempt, ItemResult, Verdict, attempt_of

Event = tuple[Job, ItemResult | Done]


class GradingError(Exception):
    """The run cannot go on, and no submission is at fault."""


class HopelessError(GradingError):
    """No other slot would fare better, on no machine."""


class Slots(Protocol):
    """Where jobs are judged: a context manager whose end ends them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def start(self) -> Hello:
        """Up and attested; GradingError when none can be had."""

    def now(self) -> list[tuple[str, str, float]]:
        """What is judged at this moment: student, item, seconds."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """Every item of every job once; each job ends with its `Done`."""


def unscored(course: Course, job: Job, item: str, why: str) -> ItemResult:
    """An item that we could not judge: no points are taken."""
    points = course.unit(job.submission.unit).item(item).points
    return ItemResult(item, Verdict.GRADER_ERROR, 0.0, points, staff=why)


def attempts(events: Iterable[Event]) -> Iterator[tuple[Job, Attempt]]:
    """Each job's results put together when it is over."""
    items: dict[int, list[ItemResult]] = {}
    for job, event in events:
        if isinstance(event, Done):
            yield job, attempt_of(job.submission, items.pop(job.number, []), event.notes)
        else:
            items.setdefault(job.number, []).append(event)
