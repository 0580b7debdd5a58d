"""What a run did to an nbgrader grade book, for the terminal.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.models import Message, msg
from autograder.reports.escape import plain
from autograder.reports.wording import points
from autograder.words import say

if TYPE_CHECKING:
    from autograder.gradebook import Written


def summary(written: Written, lang: str) -> str:
    """One line on what was written, then all that was left as it was, and why."""
    head = msg(
        "{path}: {n} students, {m} scores written", path=plain(written.path), n=written.students, m=written.scores
    )
    lines = [say(head, lang)]
    for label, names in _left(written):
        if names:
            lines += [say(label, lang), *(f"  {plain(name)}" for name in names)]
    return "\n".join(lines)


def _left(written: Written) -> list[tuple[Message, list[str]]]:
    kept = [f"{student} {cell}: {points(manual)} ({points(ours)})" for student, cell, manual, ours in written.kept]
    return [
        (msg("manual scores that were kept (ours in brackets):"), kept),
        (msg("not scored, left as it was:"), [f"{student} {item}" for student, item in written.unscored]),
        (msg("measured on generated data, left as it was:"), list(written.practice)),
        (msg("no solution cell could take the comment of:"), list(written.silent)),
        (msg("autograded by nbgrader, their notebooks left as they were:"), list(written.foreign)),
    ]
