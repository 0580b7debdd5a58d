"""What a class misunderstood, as a table for the terminal and as JSON.  Pure.  For the staff: students are named."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from autograder.misconceptions import Cause, Misconceptions, Tally
from autograder.models import msg
from autograder.reports.escape import plain
from autograder.reports.text import GAP, columns, pad
from autograder.reports.wording import ADVICE, class_size, tell, title, unit_of
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course

Told = list[tuple[str, Sequence[str]]]  # sentences, each with the students who were told it
SENTENCES = 3  # of one cause, in the terminal; the JSON has all


def table(found: Misconceptions, course: Course, lang: str, width: int = 100, *, advice: bool = False) -> str:
    """The most frequent cause of the whole class first: how many, which item, why, who; then what stands apart."""
    width = max(width, 60)
    head = [tell(course.title, lang), *([tell(ADVICE, lang)] if advice else [])]
    blocks = [head, _totals(found, lang, width), _causes(found, lang, width), _files(found, course, lang, width)]
    blocks += [_apart(found, lang, width)]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def as_json(found: Misconceptions, course: Course, lang: str, *, advice: bool = False) -> str:
    """For programs; docs/reference/results.md names the keys."""
    share = found.share_unexplained
    record = {
        "course": plain(course.id),
        "language": lang,
        "advice": advice,
        "students": found.students,
        "submissions": found.submissions,
        "failures": found.failures,
        "unexplained": found.unexplained,
        "unexplained_share": None if share is None else round(share, 4),
        "causes": [_cause_record(cause, lang) for cause in found.causes],
        "files": [_cause_record(cause, lang) for cause in found.files],
        "items": [_item_record(item) for item in found.items],
    }
    return json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _cause_record(cause: Cause, lang: str) -> dict[str, Any]:
    return {
        "unit": cause.unit,
        "item": cause.item,
        "code": plain(cause.code),
        "count": cause.count,
        "students": _names(cause.students),
        "sentences": [
            {"text": plain(say(sentence.words, lang), lines=True), "students": _names(sentence.students)}
            for sentence in cause.sentences
        ],
    }


def _item_record(item: Tally) -> dict[str, Any]:
    groups = ("passed", "failed", "unexplained", "not_attempted", "missing", "unscored")
    return {"unit": item.unit, "item": item.item} | {group: _names(getattr(item, group)) for group in groups}


def _totals(found: Misconceptions, lang: str, width: int) -> list[str]:
    lines = [say(class_size(found.students, found.submissions), lang)]
    share = found.share_unexplained
    if share is None:
        return [*lines, say(msg("Nothing failed."), lang)]
    words = msg(
        "{failures} failures; {unexplained} of them ({share}) are explained by no diagnosis",
        failures=found.failures, unexplained=found.unexplained, share=f"{share:.0%}",
    )  # fmt: skip
    return [*lines, *_wrapped(say(words, lang), "", width)]


def _causes(found: Misconceptions, lang: str, width: int) -> list[str]:
    """A row a cause, `3 of 12`: of those who wrote the item; the last rows are failures that nothing explains."""
    tallies = {(item.unit, item.item): item for item in found.items}
    rows: list[tuple[str, Cause | Tally, Told]] = [
        (_share(cause.count, tallies[cause.unit, cause.item], lang), cause, _told(cause, lang))
        for cause in found.causes
    ]
    silent = sorted((item for item in found.items if item.unexplained), key=lambda item: -len(item.unexplained))
    none = say(msg("(no diagnosis explains it)"), lang)
    rows += [(_share(len(item.unexplained), item, lang), item, [(none, item.unexplained)]) for item in silent]
    if not rows:
        return []
    heads = (say(msg("failed"), lang), say(msg("item"), lang), say(msg("why, and who"), lang))
    first = max(columns(text) for text in (heads[0], *(count for count, _, _ in rows)))
    names = [f"{plain(row.unit)}/{plain(row.item)}" for _, row, _ in rows]
    second = min(2 * width // 5, max(columns(text) for text in (heads[1], *names)))
    left = first + second + 2 * len(GAP)
    lines = [GAP.join((pad(heads[0], first), pad(heads[1], second), heads[2])), "─" * width]
    for (count, _, told), name in zip(rows, names, strict=True):
        body = [line for words, students in told for line in _sentence(words, students, width - left)] or [""]
        lines.append(GAP.join((pad(count, first), pad(name, second), body[0])))
        lines += [" " * left + line for line in body[1:]]
    return [line.rstrip() for line in [*lines, "─" * width]]


def _share(count: int, item: Tally, lang: str) -> str:
    return say(msg("{count} of {judged}", count=count, judged=len(item.passed) + len(item.failed)), lang)


def _told(cause: Cause, lang: str) -> Told:
    """The sentences and who each was said to."""
    told: Told = [(plain(say(one.words, lang)), one.students) for one in cause.sentences[:SENTENCES]]
    if rest := cause.sentences[SENTENCES:]:
        words = msg("and {n} more sentences of this kind ({code})", n=len(rest), code=cause.code)
        told.append((tell(words, lang), tuple(student for one in rest for student in one.students)))
    return told


def _sentence(words: str, students: Sequence[str], width: int) -> list[str]:
    return [*_wrapped(words, "", width), *_wrapped(_listed(students), "  ", width)]


def _files(found: Misconceptions, course: Course, lang: str, width: int) -> list[str]:
    lines = [say(msg("modules that were not handed in or do not load:"), lang)] if found.files else []
    for cause in found.files:
        head = f"{cause.count}  {plain(cause.unit)} ({title(unit_of(course, cause.unit), cause.unit, lang)})"
        told = [line for words, students in _told(cause, lang) for line in _sentence(words, students, width - 5)]
        lines += [*_wrapped(head, "  ", width), *(f"     {line}" for line in told)]
    return lines


def _apart(found: Misconceptions, lang: str, width: int) -> list[str]:
    """What tells nothing about understanding."""
    lines: list[str] = []
    groups = (
        (msg("not attempted:"), [(item, item.not_attempted) for item in found.items]),
        (msg("not in the module:"), [(item, item.missing) for item in found.items]),
        (msg("not scored through our fault:"), [(item, item.unscored) for item in found.items]),
    )
    for label, items in groups:
        if counted := [f"{item.unit}/{item.item} {len(students)}" for item, students in items if students]:
            lines += [say(label, lang), *_wrapped(plain(", ".join(counted)), "  ", width)]
    return lines


def _names(students: Sequence[str]) -> list[str]:
    return [plain(student) for student in students]


def _listed(students: Iterable[str]) -> str:
    return ", ".join(plain(student) for student in students)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    """Lines of at most `width` places, those after the first two further in."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
