"""What a regrade would change, as a table and as CSV.  Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from autograder.models import Message, Verdict, Words, msg
from autograder.reports.escape import cell, plain
from autograder.reports.text import columns, pad
from autograder.reports.wording import points, tell, verdict
from autograder.words import say

if TYPE_CHECKING:
    from autograder.grading.store import Published
    from autograder.regrade import Change, Differences

HEADER = (
    "student", "unit", "attempt", "item", "verdict_before", "verdict_after", "score_before", "score_after", "max_score",
    "why",
)  # fmt: skip
WHY = MappingProxyType(
    {
        "submission": msg("another file was handed in"),
        "suite": msg("its hidden tests changed"),
        "mistakes": msg("its mistakes changed"),
        "solution": msg("the solution changed"),
        "settings": msg("grading.yml changed"),
        "data": msg("other data"),
        "isolation": msg("another isolation was asked for"),
        "device": msg("another device"),
        "seed": msg("another seed"),
        "kit": msg("the kit changed"),
        "versions": msg("other versions of Python or a library"),
        "manual": msg("a person decided"),
        "added": msg("was not graded before"),
        "gone": msg("is not handed in any more"),
        "unkept": msg("was not scored before, or is not now"),
    }
)


def table(found: Differences, lang: str, *, applied: bool, again: str, notes: Sequence[Words] = ()) -> str:
    """A line for each item that changes, the sums, the notes of the run.  `again`: the command that writes it."""
    lines = [say(_head(found), lang)]
    rows = [_row(change, lang) for change in found.changes]
    if rows:
        wide = [max(columns(row[i]) for row in rows) for i in range(4)]
        lines += ["", *("  ".join((*map(pad, row, wide), row[4])).rstrip() for row in rows), ""]
        reasons = Counter(why for change in found.changes for why in change.why)
        lines += [f"{times} × {say(WHY[why], lang)}" for why, times in reasons.most_common()]
    if notes:
        lines += [say(msg("notes:"), lang), *(f"  {tell(note, lang)}" for note in notes)]
    if applied:
        lines.append(say(msg("The reports say so now."), lang))
    elif rows:
        lines.append(say(msg("Nothing is written yet; to write it: {command}", command=again), lang))
    return "\n".join(lines) + "\n"


def as_csv(found: Differences) -> str:
    """The same for programs and spreadsheets."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for change in found.changes:
        about, before, after = change.about, change.before, change.after
        writer.writerow(
            (
                cell(about.student),
                cell(about.unit),
                about.number,
                cell(about.item),
                before.verdict if before else "",
                after.verdict if after else "",
                _number(before),
                _number(after),
                points(about.most),
                " ".join(change.why),
            )
        )
    return file.getvalue()


def _head(found: Differences) -> Message:
    if not found.changes:
        return msg("no verdict and no points change ({n} items compared)", n=found.items)
    return msg(
        "{m} items of {k} students change ({n} compared, {again} of them judged under other circumstances):",
        m=len(found.changes),
        k=found.students,
        n=found.items,
        again=found.judged_again,
    )


def _row(change: Change, lang: str) -> tuple[str, str, str, str, str]:
    about = change.about
    number = f" #{about.number}" if about.number > 1 else ""
    return (
        plain(about.student),
        plain(about.unit) + number,
        plain(about.item),
        f"{_told(change.before, lang)} → {_told(change.after, lang)}",
        ", ".join(say(WHY[why], lang) for why in change.why),
    )


def _told(one: Published | None, lang: str) -> str:
    if one is None:
        return "–"
    return f"{verdict(Verdict(one.verdict), lang)} {points(one.score)}/{points(one.most)}"


def _number(one: Published | None) -> str:
    return "" if one is None or one.score is None else points(one.score)
