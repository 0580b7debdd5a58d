"""What a check raises, and what it may meet: the two exceptions between a suite and the engine."""

from __future__ import annotations

from autograder.models import Diagnosis
from autograder.words import say


class CheckFailed(AssertionError):
    """The student's answer is wrong.  `diagnoses` say why, the most useful first; `str()` is their English words.

    The words name shapes, dtypes, counts and causes.  They hold no expected value and no amount.
    """

    def __init__(self, *diagnoses: Diagnosis) -> None:
        super().__init__(*diagnoses)
        self.diagnoses = diagnoses

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
