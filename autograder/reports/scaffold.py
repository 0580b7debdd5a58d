"""What `autograder import-nbgrader` made and what it could not carry over: for the terminal and as a file.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograder.models import Message, msg
from autograder.reports.escape import plain
from autograder.words import say

if TYPE_CHECKING:
    from autograder.authoring.from_nbgrader import Scaffold


def table(made: Scaffold, written: Sequence[str], lang: str) -> str:
    head = msg(
        "{unit}: {n} items; {checks} asserts became checks, {open} are to be finished by hand",
        unit=made.unit,
        n=made.items,
        checks=made.checks,
        open=len(made.open),
    )
    lines = [*(say(msg("written: {path}", path=path), lang) for path in written), say(head, lang)]
    for label, entries in _lists(made):
        if entries:
            lines += [say(label, lang), *(f"  {plain(entry)}" for entry in entries)]
    return "\n".join(lines)


def page(made: Scaffold) -> str:
    """The same lists in Markdown, for whoever finishes the unit."""
    lines = [f"# {made.unit}: what was not carried over"]
    for label, entries in _lists(made):
        if entries:
            lines += ["", say(label, "en"), "", *(f"- {plain(entry)}" for entry in entries)]
    return "\n".join(lines) + "\n"


def _lists(made: Scaffold) -> list[tuple[Message, Sequence[str]]]:
    return [
        (msg("asserts to be finished:"), made.open),
        (msg("not carried over:"), made.left),
        (msg("to do:"), made.todo),
    ]
