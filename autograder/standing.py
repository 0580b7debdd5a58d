"""What a class's attempts are worth: the late policy, and which of several attempts counts.  Pure, no clock.

    settled(attempts, course, deadlines) → the attempts with `late`, `number`, `of`, `weight`
    standings(attempts)                  → for each student and unit the score that enters a grade book

A verdict never depends on it: a result is kept by what was handed in, and a date changes only what stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import mul

from autograder.course import Course, LatePolicy
from autograder.dates import later, seconds
from autograder.dates import order as moment_order
from autograder.models import Attempt, Late, Words, msg

DAY = 86400.0


@dataclass(frozen=True)
class Deadlines:
    """What another grade book knows of due dates; grading.yml comes first wherever it names one itself."""

    due: Mapping[str, str] = field(default_factory=dict)  # unit → moment
    extensions: Mapping[tuple[str, str], float] = field(default_factory=dict)  # (student, unit) → days


@dataclass(frozen=True)
class Standing:
    """A student's attempts at one unit, and what they come to; no score while one that counts is unscored."""

    student: str
    unit: str
    attempts: tuple[Attempt, ...]

    @property
    def counting(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.weight)

    @property
    def score(self) -> float | None:
        """Before what lateness costs."""
        return self._mean([attempt.score for attempt in self.counting])

    @property
    def final_score(self) -> float | None:
        return self._mean([attempt.final_score for attempt in self.counting])

    @property
    def penalty(self) -> float:
        """What lateness costs; nothing while there is no score."""
        return round(self.score - (self.final_score or 0.0), 4) if self.score is not None else 0.0

    @property
    def share(self) -> float:
        """What lateness costs, as a share of the points earned; of any points while there are none of ours."""
        weights = [a.weight * ((a.score or 0.0) if self.score else 1.0) for a in self.counting]
        shares = [a.late.share if a.late else 0.0 for a in self.counting]
        return sum(map(mul, weights, shares)) / sum(weights) if weights else 0.0

    @property
    def max_score(self) -> float:
        return self.attempts[-1].max_score

    def _mean(self, scores: Sequence[float | None]) -> float | None:
        known = [score for score in scores if score is not None]
        return round(sum(known) / len(known), 4) if known and len(known) == len(scores) else None


def due(course: Course, student: str, unit: str, deadlines: Deadlines = Deadlines()) -> str:
    """The moment until which this student is on time, without the grace; "" where nobody names one."""
    named = course.unit(unit).due or deadlines.due.get(unit, "")
    extension = course.late.extension(student, unit)
    days = deadlines.extensions.get((student, unit), 0.0) if extension is None else extension
    return later(named, days) if named and days else named


def lateness(policy: LatePolicy, submitted_at: str, due: str, score: float | None) -> Late | None:
    """None when it is on time, or when one of the two moments is not known.

    Every day that has begun after the grace costs `per_day` of the points earned, up to `cap`.
    """
    if not submitted_at or not due:
        return None
    after = seconds(submitted_at, due)
    if after <= 0:
        return None
    days = max(0, math.ceil((after - policy.grace_hours * 3600) / DAY))
    share = round(min(policy.cap, policy.per_day * days), 6)
    return Late(due, after, share, round(share * (score or 0.0), 4))


def settled(attempts: Sequence[Attempt], course: Course, deadlines: Deadlines = Deadlines()) -> tuple[Attempt, ...]:
    """The attempts in the same order, of each student the numbers by their moments."""
    timed = [
        replace(
            attempt,
            late=lateness(
                course.late, attempt.submitted_at, due(course, attempt.student, attempt.unit, deadlines), attempt.score
            ),
        )
        for attempt in attempts
    ]
    for places in _together(timed).values():
        order = sorted(places, key=lambda place: (moment_order(timed[place].submitted_at), place))
        counting = _counting([timed[place] for place in order], course.attempts)
        for number, (place, weight) in enumerate(zip(order, counting, strict=True), start=1):
            timed[place] = replace(timed[place], number=number, of=len(order), weight=weight)
    return tuple(timed)


def unknown(attempts: Sequence[Attempt], course: Course, deadlines: Deadlines = Deadlines()) -> list[Words]:
    """What staff must hear: attempts at a unit with a due date of which nobody knows when they were handed in."""
    found = [a for a in attempts if not a.submitted_at and due(course, a.student, a.unit, deadlines)]
    about = msg(
        "no moment of submission is known of {n} submissions to units with a due date: they count as on time",
        n=len(found),
    )
    return [about] * bool(found)


def standings(attempts: Sequence[Attempt]) -> list[Standing]:
    """In the order in which a student and unit are first met."""
    return [
        Standing(student, unit, tuple(sorted((attempts[place] for place in places), key=lambda a: a.number)))
        for (student, unit), places in _together(attempts).items()
    ]


def _together(attempts: Sequence[Attempt]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for place, attempt in enumerate(attempts):
        found.setdefault((attempt.student, attempt.unit), []).append(place)
    return found


def _counting(attempts: Sequence[Attempt], policy: str) -> list[float]:
    """The weight of each.  While one is unscored, nobody knows which is the best: it counts until it is judged."""
    if policy == "average":
        return [round(1 / len(attempts), 6)] * len(attempts)
    best = len(attempts) - 1
    if policy == "best":
        scores = [math.inf if attempt.final_score is None else attempt.final_score for attempt in attempts]
        best = scores.index(max(scores))
    return [float(place == best) for place in range(len(attempts))]
