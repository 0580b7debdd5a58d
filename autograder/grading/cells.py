"""What there is to say about how a notebook's cells ran: pure, values in, words out.

CellsRan (from the worker, checked by the proxy) → notes for the student's page;  lost → why a name is missing
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.grading.words import at, type_of
from autograder.models import Message, Submission, Value, Words, msg
from autograder.sandbox.answers import CellsRan, Stop

MOST = 4  # sentences of one kind; the rest is counted


def notes(submission: Submission, ran: CellsRan) -> tuple[Words, ...]:
    said: list[Words] = [_stopped(submission, stop) for stop in ran.stops[:MOST]]
    if len(ran.stops) > MOST:
        said.append(msg("cells that stopped besides: {n}", n=len(ran.stops) - MOST))
    for name, first, last in ran.twice[:MOST]:
        where = {"first": at((first,), submission), "last": at((last,), submission)}
        said.append(
            msg("`{name}` is defined more than once, first{first}, last{last}; the last one counts", name=name, **where)
        )
    for line in ran.skipped[:MOST]:
        said.append(msg("skipped, as only a notebook understands it,{where}", where=at((line,), submission)))
    if len(ran.skipped) > MOST:
        said.append(msg("such lines skipped besides: {n}", n=len(ran.skipped) - MOST))
    return tuple(said)


def lost(submission: Submission, name: str, stops: Sequence[Stop]) -> Message | None:
    """A cell that stopped, and in whose text the name is defined: the reason why it is missing."""
    defines = re.compile(rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b", re.MULTILINE)
    for stop in stops:
        if stop.slow and defines.search(_text(submission, stop.cell)):
            return msg("It stands in cell {cell}, which was stopped, for it takes too long.", cell=stop.cell)
        if defines.search(_text(submission, stop.cell)):
            return msg(
                "It stands in cell {cell}, which stopped with {type}{where}.", cell=stop.cell, **_why(submission, stop)
            )
    return None


def _stopped(submission: Submission, stop: Stop) -> Words:
    if stop.later:
        return msg(
            "cell {cell} uses `{name}`, which cell {later} defines only later: put the cells into the order in which "
            "they run, and try Restart and run all",
            cell=stop.cell,
            name=stop.name,
            later=stop.later,
        )
    if stop.slow:
        return msg(
            "cell {cell} was stopped, it takes too long{where}: put what trains or loads into a function; "
            "the cells below it were run all the same",
            cell=stop.cell,
            where=at(stop.error.lines[-1:], submission),
        )
    return msg(
        "cell {cell} stopped with {type}{where}; the cells below it were run all the same",
        cell=stop.cell,
        **_why(submission, stop),
    )


def _why(submission: Submission, stop: Stop) -> dict[str, Value]:
    return {"type": type_of(stop.error), "where": at(stop.error.lines[-1:], submission)}


def _text(submission: Submission, cell: int) -> str:
    lines = (submission.source or b"").decode("utf-8", errors="replace").split("\n")
    ends = (*submission.cells[1:], len(lines) + 1)
    return "\n".join(lines[submission.cells[cell - 1] - 1 : ends[cell - 1] - 1])
