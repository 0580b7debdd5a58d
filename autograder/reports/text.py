"""The grade as a table in the terminal, and below it all that an instructor has to know about it.  Pure."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

from autograder.models import Grade, Verdict, msg
from autograder.reports.escape import plain
from autograder.reports.wording import (
    class_size,
    counting,
    counts,
    devices,
    environment,
    judged_elsewhere,
    lateness,
    manual,
    points,
    tell,
    unscored,
    unstable,
    warnings,
)
from autograder.standing import standings
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course

GAP = "  "
LONGEST_NAME = 28


def grade_table(grade: Grade, course: Course, lang: str, width: int = 100) -> str:
    """One line for each attempt, then totals, isolation, data, what was not scored, notes; no line ends in blanks."""
    width = max(width, 40)
    blocks = [_table(grade, lang, width), "\n".join(_facts(grade, course, lang, width))]
    blocks += [_rerun(grade, lang, width), _unstable(grade, lang, width), _manual(grade, lang, width)]
    blocks += [_late(grade, lang, width), _attempts(grade, lang, width)]
    blocks += [_warned(grade, lang, width), _notes(grade, lang, width)]
    return "\n\n".join([tell(course.title, lang), *(block for block in blocks if block)]) + "\n"


def _table(grade: Grade, lang: str, width: int) -> str:
    head = (say(msg("student"), lang), say(msg("unit"), lang), say(msg("points"), lang), say(msg("verdicts"), lang))
    rows = [
        (
            plain(attempt.student),
            plain(attempt.unit) + (f" #{attempt.number}" if attempt.of > 1 else ""),
            f"{points(attempt.final_score)} / {points(attempt.max_score)}",
            counts(attempt.items, lang),
        )
        for attempt in grade.attempts
    ]
    most = [min(LONGEST_NAME, width // 4), width // 4, 16]
    wide = [min(most[i], max(columns(row[i]) for row in [head, *rows])) for i in range(3)]
    left = width - sum(wide) - 3 * len(GAP)
    lines = []
    for row in [head, *rows]:
        name, unit, score = pad(row[0], wide[0]), pad(row[1], wide[1]), _right(row[2], wide[2])
        first, *more = _pieces(row[3], max(left, 12))
        lines.append(GAP.join((name, unit, score, first)).rstrip())
        lines += [" " * (sum(wide) + 3 * len(GAP)) + line for line in more]
    rule = "─" * max(columns(line) for line in lines)
    return "\n".join([lines[0], rule, *lines[1:], rule])


def _facts(grade: Grade, course: Course, lang: str, width: int) -> list[str]:
    students = len({attempt.student for attempt in grade.attempts})
    lines = [say(class_size(students, len(grade.attempts)), lang)]
    reasons = "; ".join(plain(reason) for reason in grade.isolation.reasons)
    isolation = plain(grade.isolation.tier) + (f" ({reasons})" if reasons else "")
    lines += _wrapped(say(msg("isolation: {isolation}", isolation=isolation), lang), width)
    lines += _wrapped(", ".join(f"{name} {value}" for name, value in environment(grade, lang)), width)
    elsewhere = judged_elsewhere(item for attempt in grade.attempts for item in attempt.items)
    for where, names in elsewhere.items():
        words = say(msg("Judged on {devices}:", devices=devices(where, lang)), lang)
        lines += _wrapped(f"{words} {', '.join(map(plain, names))}", width)
    for warning in warnings(grade, course):
        lines += _wrapped(tell(warning, lang), width)
    return lines


def _rerun(grade: Grade, lang: str, width: int) -> str:
    lines = []
    for attempt, items in unscored(grade):
        names = ", ".join(plain(item.item) for item in items if item.verdict is Verdict.GRADER_ERROR)
        if names:
            lines += _wrapped(f"  {plain(attempt.student)} {plain(attempt.unit)}: {names}", width)
    return "\n".join([say(msg("not scored through our fault, run it again:"), lang), *lines]) if lines else ""


def _unstable(grade: Grade, lang: str, width: int) -> str:
    lines = []
    for attempt, items in unscored(grade):
        ends = "; ".join(tell(unstable(item), lang) for item in items if item.verdict is Verdict.UNSTABLE)
        if ends:
            lines += _wrapped(f"  {plain(attempt.student)} {plain(attempt.unit)}: {ends}", width)
    head = msg("unstable, with other seeds it ended otherwise; decide in overrides.yml:")
    return "\n".join([say(head, lang), *lines]) if lines else ""


def _manual(grade: Grade, lang: str, width: int) -> str:
    lines = []
    for attempt in grade.attempts:
        for item in attempt.items:
            if about := manual(item):
                where = f"{plain(attempt.student)} {plain(attempt.unit)} {plain(item.item)}"
                lines += _wrapped(f"  {where}: {tell(about, lang)}", width)
    return "\n".join([say(msg("decided by a person (overrides.yml):"), lang), *lines]) if lines else ""


def _late(grade: Grade, lang: str, width: int) -> str:
    lines = []
    for attempt in grade.attempts:
        if about := lateness(attempt):
            number = f" #{attempt.number}" if attempt.of > 1 else ""
            lines += _wrapped(f"  {plain(attempt.student)} {plain(attempt.unit)}{number}: {tell(about, lang)}", width)
    return "\n".join([say(msg("late:"), lang), *lines]) if lines else ""


def _attempts(grade: Grade, lang: str, width: int) -> str:
    lines = []
    for one in standings(grade.attempts):
        if about := counting(one.attempts):
            grade_of = f"{points(one.final_score)} / {points(one.max_score)}"
            lines += _wrapped(f"  {plain(one.student)} {plain(one.unit)}: {tell(about, lang)}: {grade_of}", width)
    return "\n".join([say(msg("more than one attempt:"), lang), *lines]) if lines else ""


def _warned(grade: Grade, lang: str, width: int) -> str:
    """What an item with `policy: warning` forbids and an answer used: nobody sees it in the points."""
    lines = []
    for attempt in grade.attempts:
        for item in attempt.items:
            for warning in item.warnings:
                where = f"{plain(attempt.student)} {plain(attempt.unit)} {plain(item.item)}"
                lines += _wrapped(f"  {where}: {tell(warning.words, lang)}", width)
    return "\n".join([say(msg("warnings:"), lang), *lines]) if lines else ""


def _notes(grade: Grade, lang: str, width: int) -> str:
    lines = []
    for note in grade.notes:
        lines += _wrapped(f"  {tell(note, lang)}", width)
    for attempt in grade.attempts:
        for note in attempt.notes:
            lines += _wrapped(f"  {plain(attempt.student)} {plain(attempt.unit)}: {tell(note, lang)}", width)
    return "\n".join([say(msg("notes:"), lang), *lines]) if lines else ""


def columns(text: str) -> int:
    """The places a text takes in a terminal: two for a wide character, none for an accent that stands alone."""
    wide = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c)]
    return sum(wide)


def pad(text: str, wide: int) -> str:
    """Exactly so many places: cut with …, or blanks behind it."""
    while columns(text) > wide:
        text = text.rstrip("…")[:-1] + "…"
    return text + " " * (wide - columns(text))


def _right(text: str, wide: int) -> str:
    return " " * (wide - columns(text)) + text


def _pieces(text: str, width: int) -> list[str]:
    """The text in lines that break only after a comma."""
    lines = [""]
    for piece in text.split(", "):
        joined = f"{lines[-1]}, {piece}" if lines[-1] else piece
        if lines[-1] and columns(joined) >= width:
            lines[-1] += ","
            lines.append(piece)
        else:
            lines[-1] = joined
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
