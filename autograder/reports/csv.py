"""grades.csv: a line for each attempt.  Pure.  Only the header when the grade is advice: that enters no grade book."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from autograder.models import Grade, Verdict
from autograder.reports.escape import cell
from autograder.reports.wording import is_practice, points, unit_of

if TYPE_CHECKING:
    from autograder.course import Course

HEADER = (
    "student", "unit", "score", "max_score", *(verdict.value for verdict in Verdict), "practice",
    "attempt", "weight", "submitted_at", "late_penalty", "final_score",
)  # fmt: skip


def grades(grade: Grade, course: Course | None = None) -> str:
    """The text of grades.csv.  An attempt that we could not score has an empty score, never a zero.

    `score` is before the penalty for lateness and `final_score` after it; the sum of weight · final_score over a
    student's attempts at a unit is what enters the grade.

    `practice` is yes where the result rests on generated data; without `course`, on every line of such a run.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for attempt in () if grade.isolation.advice else grade.attempts:
        practice = is_practice(grade, unit_of(course, attempt.unit) if course else None)
        writer.writerow(
            (
                cell(attempt.student),
                cell(attempt.unit),
                "" if attempt.score is None else points(attempt.score),
                points(attempt.max_score),
                *(attempt.count(verdict) for verdict in Verdict),
                "yes" if practice else "no",
                attempt.number,
                f"{attempt.weight:g}",
                attempt.submitted_at,
                points(attempt.late.penalty if attempt.late else 0.0),
                "" if attempt.final_score is None else points(attempt.final_score),
            )
        )
    return file.getvalue()
