"""A grading as lines of JSON, for programs that look on: one for each thing that happens.  Pure.

{"event": "start" | "item" | "submission" | "end", …}      docs/reference/cli.md shows each
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from autograder.models import Grade, ItemResult, Submission

if TYPE_CHECKING:
    from autograder.regrade import Differences


def start(submissions: int, kept: int, run: int, runs: int) -> str:
    return _line("start", submissions=submissions, kept=kept, run=run, runs=runs)


def item(submission: Submission, result: ItemResult) -> str:
    return _line(
        "item",
        student=submission.student,
        unit=submission.unit,
        item=result.item,
        verdict=result.verdict.value,
        score=None if result.unscored else result.score,
        max_score=result.max_score,
        seconds=round(result.seconds, 3),
    )


def submission(one: Submission, done: int, of: int, rate: float | None, left: float | None) -> str:
    """`rate` in submissions a second, `left` in seconds; None while nobody can know."""
    return _line(
        "submission",
        student=one.student,
        unit=one.unit,
        done=done,
        of=of,
        per_second=None if rate is None else round(rate, 3),
        seconds_left=None if left is None else round(left, 1),
    )


def end(grade: Grade, report: str | None, changes: Differences | None) -> str:
    told: dict[str, Any] = {"report": report, "complete": grade.complete, "submissions": len(grade.attempts)}
    if changes is not None:
        told["changes"] = [
            {
                "student": change.about.student,
                "unit": change.about.unit,
                "attempt": change.about.number,
                "item": change.about.item,
                "before": _side(change.before),
                "after": _side(change.after),
                "why": list(change.why),
            }
            for change in changes.changes
        ]
    return _line("end", **told)


def _side(one: Any) -> dict[str, Any] | None:
    return None if one is None else {"verdict": one.verdict, "score": one.score}


def _line(event: str, **told: Any) -> str:
    return json.dumps({"event": event, **told}, ensure_ascii=False, allow_nan=False)
