"""Text that a student's code produced, made safe and short for a terminal: the one place where that happens."""

from __future__ import annotations

import textwrap

WIDTH = 79


def visible(text: str) -> str:
    """Control characters, escape sequences and direction marks as `\\x1b`; line breaks stay, tabs become spaces."""
    text = text.replace("\t", "    ")
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def one_line(text: str, limit: int = 240) -> str:
    """The text on one line of at most `limit` characters, the middle left out."""
    text = " ".join(visible(text[: 20 * limit]).split())
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3].rstrip()} ... {text[-(limit // 4) :].lstrip()}"


def wrapped(text: str, first: str = "", rest: str | None = None, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` columns.  `first` stands before the first line, `rest` (default: spaces) before the others."""
    rest = " " * len(first) if rest is None else rest
    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False
    )
    return lines or [first.rstrip()]


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
