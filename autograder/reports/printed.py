"""The staff log of a student: what the code printed while each item was judged.  Pure.

For the staff only: a student's code may print what it was called with, hidden inputs included.
"""

from __future__ import annotations

from autograder.models import Grade, msg
from autograder.reports.escape import plain, verbatim
from autograder.words import say

STAFF_ONLY = msg("For staff only, never for students: hidden inputs may stand in it.  The text is the student's.")


def printed(grade: Grade, student: str, lang: str) -> str:
    """One block an item, each line behind a mark, so that no line of the student's can pass for one of ours; or ""."""
    blocks = []
    for attempt in grade.attempts:
        for item in attempt.items if attempt.student == student else ():
            if item.printed:
                lines = verbatim(item.printed).removesuffix("\n").split("\n")
                head = f"{plain(attempt.unit)} {plain(item.item)}: {item.verdict.value}"
                blocks.append("\n".join([head, *(f"| {line}" for line in lines)]))
    return "\n\n".join([f"{plain(student)}\n{say(STAFF_ONLY, lang)}", *blocks]) + "\n" if blocks else ""
