"""Troubles → lines of text, at most 79 columns wide.  Pure: no terminal, no file, no clock."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.board.lines import one_line, wrapped
from autograder.board.records import BrokenFile, Place, Trouble
from autograder.models import Words, msg
from autograder.words import say

INDENT = "  "


def failed_item(trouble: Trouble, id: str, title: Words | str, where: str, lang: str) -> list[str]:
    """The block of one failed test.  `where` is what one types after `pytest` to run the unit; "" in a notebook."""
    rows: list[tuple[Words, Iterable[str]]] = [
        (msg("call"), [trouble.call]),
        (msg("test"), [trouble.statement]),
        (msg("came back"), [trouble.got]),
        (msg("wanted"), [trouble.wanted]),
        (msg("raised"), [trouble.raised]),
        (msg("your line") if trouble.passed_here else msg("your code"), _line(trouble.place)),
        (msg("likely cause"), [say(cause, lang) for cause in trouble.causes]),
        (msg("look at"), [say(hint, lang) for hint in trouble.hints]),
        (msg("try again"), [f"pytest {where} -k {id}"] if where else []),
        (msg("a hint"), [f"pytest {where} --hint {id}"] if where else []),
    ]
    return [*wrapped(heading(id, title, lang)), *_table(rows, lang)]


def broken_unit(fault: BrokenFile, where: str, lang: str) -> list[str]:
    """The block of a file that does not load."""
    rows: list[tuple[Words, Iterable[str]]] = [
        (msg("raised"), [fault.raised]),
        (msg("your line"), _line(fault.place)),
        (msg("likely cause"), [say(words, lang) for words in fault.words]),
        (msg("try again"), [f"pytest {where}"]),
    ]
    title = say(msg("{file} does not load, so none of its tests can run.", file=fault.file), lang)
    return [*wrapped(title), *_table(rows, lang)]


def heading(id: str, title: Words | str, lang: str) -> str:
    """`row_standardize: Standardise each row`."""
    spoken = title if isinstance(title, str) else say(title, lang)
    return id if spoken == id else f"{id}: {spoken}"


def in_short(trouble: Trouble, lang: str) -> str:
    """One sentence, for pytest's short summary and for annotations."""
    return one_line(" ".join([*(say(cause, lang) for cause in trouble.causes[:1]), trouble.raised]).strip(), 300)


def _line(place: Place | None) -> list[str]:
    return [] if place is None else [str(place), f"    {place.text}" if place.text else ""]


def _table(rows: Iterable[tuple[Words, Iterable[str]]], lang: str) -> list[str]:
    """Labels in a column, texts wrapped beside them; rows without a text are left out."""
    filled = [(say(label, lang), [text for text in texts if text]) for label, texts in rows]
    filled = [(label, texts) for label, texts in filled if texts]
    column = max(len(label) for label, _ in filled) + len(INDENT) + 2
    lines = []
    for label, texts in filled:
        first = f"{INDENT}{label}".ljust(column)
        for text in texts:
            lines += wrapped(text.lstrip(), first + _lead(text), " " * column + _lead(text))
            first = " " * column
    return lines


def _lead(text: str) -> str:
    return " " * (len(text) - len(text.lstrip()))
