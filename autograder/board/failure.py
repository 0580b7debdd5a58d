"""What stands in the place of a traceback: a block of words, and the line by which pytest names a failure."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.board.student import StudentFile
from autograder.models import Words

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter


@dataclass(frozen=True)
class Asked:
    """A test that belongs to an item."""

    unit: str
    item: str
    title: Words | str
    symbol: str
    student: StudentFile
    test: Path
    where: str  # the folder one gives to pytest
    seconds: float | None


@dataclass(frozen=True)
class Crash:
    """The line by which pytest's short summary and JUnit file name a failure."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


class Block:
    """Words in the place of a traceback; `traceback` is pytest's own, when it was asked for."""

    def __init__(self, lines: list[str], crash: Crash, traceback: Any = None) -> None:
        self.lines, self.reprcrash, self.traceback = lines, crash, traceback

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def toterminal(self, tw: TerminalWriter) -> None:
        tw.line(self.lines[0], bold=True)
        for line in self.lines[1:]:
            tw.line(line)
        if self.traceback is not None:
            tw.line("")
            self.traceback.toterminal(tw)


def in_words(call: pytest.CallInfo[None], longrepr: Block) -> pytest.CallInfo[None]:
    """The same call with its failure in words: pytest takes what is no ExceptionInfo as it is."""
    spoken = copy.copy(call)
    spoken.excinfo = longrepr  # type: ignore[assignment]
    return spoken
