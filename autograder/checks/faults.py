"""What a check raises, and what it may meet: the two exceptions between a suite and the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from autograder.models import Diagnosis
from autograder.words import say

Story = Callable[[], Iterable[Diagnosis]]


class CheckFailed(AssertionError):
    """The student's answer is wrong.  `diagnoses` say why, the most useful first; `str()` is their English words.

    The words name shapes, dtypes, counts and causes.  They hold no expected value and no amount.
    A `Story` finds its diagnoses when they are first asked for: of an item's failed tests one is told, and a mistake
    that is replayed mostly differs by its values already (a fifth of a grader's processor time went into the others).
    """

    def __init__(self, *found: Diagnosis | Story) -> None:
        super().__init__(*found)
        self._found = found

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        told: list[Diagnosis] = []
        for one in self._found:
            told += [one] if isinstance(one, Diagnosis) else one()
        return tuple(told)

    def __reduce__(self) -> tuple[type[CheckFailed], tuple[Diagnosis, ...]]:
        """Between processes its words travel, and no value that they were found in."""
        return CheckFailed, self.diagnoses

    def __str__(self) -> str:
        return "\n".join(say(diagnosis.words, "en") for diagnosis in self.diagnoses)


class StudentRaised(Exception):
    """An exception of the student's code, raised again in the grader by the proxy.

    Only its type's name, the line numbers (in the submitted file, outermost call first) and what torch complains
    about (a name of the worker's ABOUT, or nothing) cross the wire.
    """

    def __init__(self, type_name: str, lines: tuple[int, ...] = (), about: str = "") -> None:
        super().__init__(type_name, lines, about)
        self.type_name = type_name
        self.lines = lines
        self.about = about
        self.meaning: Diagnosis | None = None  # what the test asks for in which it was raised (`check.about`)

    def __str__(self) -> str:
        return self.type_name
