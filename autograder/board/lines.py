"""Lines for a terminal: text of a student's code made safe and short, sentences wrapped."""

from __future__ import annotations

import textwrap

from autograder.reports.escape import plain

WIDTH = 79


def one_line(text: str, limit: int = 240) -> str:
    """The text on one line of at most `limit` characters, the middle left out."""
    text = plain(text[: 20 * limit])
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3].rstrip()} ... {text[-(limit // 4) :].lstrip()}"


def wrapped(text: str, first: str = "", rest: str | None = None, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` columns, `first` before the first one and `rest` (default: spaces) before the others."""
    rest = " " * len(first) if rest is None else rest
    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False
    )
    return lines or [first.rstrip()]
