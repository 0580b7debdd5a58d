"""A unit whose tests cannot be collected → a BrokenFile: which line of the student's file is in the way, in words."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.board.explain import kind_words, raised
from autograder.board.lines import one_line
from autograder.board.records import BrokenFile, Place
from autograder.board.student import StudentFile, frames, same, shown
from autograder.models import Words, msg

LIBRARIES = ("torch", "torchvision", "numpy", "matplotlib", "pytest", "yaml")


def broken_file(error: BaseException, student: StudentFile, folders: Iterable[Path]) -> BrokenFile | None:
    """Why the student's file does not load; None when the fault is not in a file of the student's."""
    cause = error.__cause__ or error
    return (
        _hides_a_library(cause, student, folders)
        or _unreadable(cause, student)
        or _absent(student)
        or _not_installed(cause, student)
        or _raised(cause, student)
    )


def _hides_a_library(error: BaseException, student: StudentFile, folders: Iterable[Path]) -> BrokenFile | None:
    """A file torch.py of the student's, found in place of the library."""
    passed = [file for file, _, _ in frames(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        passed.append(error.filename)
    for name in (*LIBRARIES, *sorted(sys.stdlib_module_names)):
        loaded = getattr(sys.modules.get(name), "__file__", None) or ""
        for folder in folders:
            path = folder / f"{name}.py"
            if any(same(file, path) for file in (*passed, loaded) if Path(file).name == path.name) and path.is_file():
                words = msg(
                    "The file {file} has the name of a library, so Python loads it in place of {name}. "
                    "Give it another name (and remove the folder __pycache__ beside it).",
                    file=one_line(shown(path, student.root)),
                    name=name,
                )
                return BrokenFile(student.unit, shown(path, student.root), (words,))
    return None


def _unreadable(error: BaseException, student: StudentFile) -> BrokenFile | None:
    if not isinstance(error, SyntaxError) or not same(error.filename or "", student.path):
        return None
    place = student.place(error.lineno or 1)
    return BrokenFile(student.unit, student.shown, (_syntax(error, place),), place, raised(error, message=error.msg))


def _syntax(error: SyntaxError, place: Place) -> Words:
    if isinstance(error, TabError):
        return msg("Line {line} mixes tabs and spaces: indent with spaces only.", line=place.line)
    if isinstance(error, IndentationError):
        return msg(
            "Line {line} is not indented as Python expects: compare it with the lines around it.", line=place.line
        )
    return msg("Python cannot read line {line}: look at it and at the line before.", line=place.line)


def _absent(student: StudentFile) -> BrokenFile | None:
    if student.path.is_file():
        return None
    folder = student.path.parent
    others = [path.name for path in sorted(folder.glob("*")) if path.is_file() and not path.name.startswith("test_")]
    near = difflib.get_close_matches(student.path.name, others, n=1, cutoff=0.6)
    if near:
        words = msg(
            "The file {file} is missing; {found} lies there: rename it.", file=student.shown, found=one_line(near[0])
        )
    else:
        words = msg("The file {file} is missing: the tests look for your code there.", file=student.shown)
    return BrokenFile(student.unit, student.shown, (words,))


def _not_installed(error: BaseException, student: StudentFile) -> BrokenFile | None:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    place = student.raised_at(error.__traceback__)
    name = error.name.split(".")[0]
    if place is None and name not in LIBRARIES:
        return None
    if name in LIBRARIES:
        words = msg(
            "{name} is not installed in this Python: {command}", name=name, command=f"python -m pip install {name}"
        )
    elif near := difflib.get_close_matches(name, (*LIBRARIES, *sys.stdlib_module_names), n=1, cutoff=0.7):
        words = msg("No library is called {name}: did you mean {guess}?", name=one_line(name), guess=near[0])
    else:
        words = msg("{name} is not installed here, and the course does without it.", name=one_line(name))
    return BrokenFile(student.unit, student.shown, (words,), place, raised(error))


def _raised(error: BaseException, student: StudentFile) -> BrokenFile | None:
    place = student.raised_at(error.__traceback__)
    if place is None:
        return None
    words = msg("Line {line} fails while the file is loaded, before any test.", line=place.line)
    return BrokenFile(student.unit, student.shown, (words, *kind_words(error)), place, raised(error))
