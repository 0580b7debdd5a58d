"""A class of any size that nobody handed in: right answers, known mistakes and untouched stubs, mixed for each student.

    SyntheticClass(course, unit).student(41)          → Student(name, source, answers)
    SyntheticClass(course, unit).write(folder, 1000)  → folder/s00000/tensors.py, folder/s00001/tensors.py, …
    python -m tests.synthetic_class FOLDER --unit u01_tensors --students 1000

Each file begins with a comment that holds the student's name, so no two are the same bytes and none is graded for
another.  What student 41 hands in depends on the seed and on 41 alone: a class of 10,000 begins with the class of
1,000, today and on any machine.  `answers` says of each item what it was made of, to compare a grader's verdicts with.
Fails as `autograder.bank` does: with `BankError`, on a bank or a reference that cannot be read.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.authoring.build import stub_path
from autograder.bank import Bank, Definition, load
from autograder.course import Course, Unit
from autograder.course import load as load_course
from autograder.models import Verdict

RIGHT, STUB = "right", "stub"  # what an item is made of; else it is the name of a mistake
SEED = 7
_MARKER = re.compile(r"^\s*### (BEGIN|END) (SOLUTION|STUB)\n", re.MULTILINE)


@dataclass(frozen=True)
class Shares:
    """How much of a class's answers is right and how much a known mistake; the rest are stubs."""

    right: float = 0.7
    mistaken: float = 0.2


@dataclass(frozen=True)
class Student:
    """One student's file, and of each item what it was made of: RIGHT, STUB or the name of a mistake."""

    name: str
    source: str
    answers: Mapping[str, str]

    def fits(self, item: str, verdict: str) -> bool:
        """Is this what a grader has to say of the item?  A mistake may fail, crash, be blocked, take too long …"""
        if self.answers[item] == RIGHT:
            return verdict == Verdict.PASSED
        if self.answers[item] == STUB:
            return verdict == Verdict.NOT_ATTEMPTED
        return verdict not in (Verdict.PASSED, Verdict.NOT_ATTEMPTED, Verdict.MISSING, Verdict.GRADER_ERROR)


class SyntheticClass:
    """The students of one unit, by number."""

    def __init__(self, course: Course, unit: Unit, *, seed: int = SEED, shares: Shares = Shares()) -> None:
        self.course, self.unit, self.seed, self.shares = course, unit, seed, shares

    def student(self, number: int) -> Student:
        draw = random.Random(f"{self.seed}/{self.unit.id}/{number}")
        answers = {item.id: self._drawn(item.id, draw) for item in self.unit.items}
        name = f"s{number:05d}"
        return Student(name, f"# {name}: {self.unit.id}\n{self._module(answers)}", answers)

    def students(self, number: int, first: int = 0) -> Iterator[Student]:
        return map(self.student, range(first, first + number))

    def write(self, folder: Path, number: int) -> None:
        """<folder>/<student>/<module>, as `autograder grade` wants them."""
        for student in self.students(number):
            place = folder / student.name
            place.mkdir(parents=True)
            (place / self.unit.filename).write_text(student.source, encoding="utf-8")

    def _drawn(self, item: str, draw: random.Random) -> str:
        kind, which = draw.random(), draw.random()  # always both: a share that is changed moves nobody else
        mistakes = self._bank.mistakes_of(item)
        if kind < self.shares.right:
            return RIGHT
        if kind < self.shares.right + self.shares.mistaken and mistakes:
            return mistakes[int(which * len(mistakes))].name
        return STUB

    @cached_property
    def _bank(self) -> Bank:
        return load(self.course, self.unit)

    @cached_property
    def _right(self) -> dict[str, str]:
        return _definitions(self._bank.reference.decode())

    @cached_property
    def _stubs(self) -> dict[str, str]:
        return _definitions(stub_path(self.course, self.unit).read_text(encoding="utf-8"))

    @cached_property
    def _mistaken(self) -> dict[tuple[str, str], str]:
        """By item and name: the definition that stands in the reference's place."""
        found = {}
        for entry in self._bank.mistakes:
            symbol = self.unit.item(entry.item).symbol
            found[entry.item, entry.name] = _definitions(self._bank.source(entry).decode())[symbol]
        return found

    @cached_property
    def _pieces(self) -> list[str]:
        """The reference, cut before and after each item's definition: texts and symbols in turn."""
        source, pieces, at = self._bank.reference.decode(), [], 0
        for symbol, (first, last) in _spans(source, {item.symbol for item in self.unit.items}):
            pieces += [source[at:first], symbol]
            at = last
        return [*pieces, source[at:]]

    def _module(self, answers: Mapping[str, str]) -> str:
        by_symbol = {item.symbol: (item.id, answers[item.id]) for item in self.unit.items}
        texts = [
            self._answer(piece, *by_symbol[piece]) if place % 2 else piece for place, piece in enumerate(self._pieces)
        ]
        if any(answer not in (RIGHT, STUB) for answer in answers.values()):
            texts[0] = _after_imports(texts[0], "\n".join(map(ast.unparse, self._bank.shared)))
        return _MARKER.sub("", "".join(texts))

    def _answer(self, symbol: str, item: str, answer: str) -> str:
        if answer == RIGHT:
            return self._right[symbol]
        return self._stubs[symbol] if answer == STUB else self._mistaken[item, answer]


def _definitions(source: str) -> dict[str, str]:
    return {name: source[first:last] for name, (first, last) in _spans(source)}


def _spans(source: str, only: set[str] | None = None) -> Iterator[tuple[str, tuple[int, int]]]:
    """Name, and first and last character, of each definition at the top level; decorators belong to it."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.parse(source).body:
        if isinstance(node, Definition) and (only is None or node.name in only):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            assert node.end_lineno is not None
            yield node.name, (starts[first - 1], starts[node.end_lineno])


def _after_imports(head: str, more: str) -> str:
    """What the bank's answers share goes where `Bank.source` puts it: behind the docstring and `__future__`."""
    lines, last = head.splitlines(keepends=True), 0
    for node in ast.parse(head).body:
        if not (isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__")):
            break
        last = node.end_lineno or 0
    return "".join([*lines[:last], "\n", more, "\n", *lines[last:]])


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a synthetic class.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--course", type=Path, default=Path())
    parser.add_argument("--unit", required=True)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    course = load_course(asked.course)
    SyntheticClass(course, course.unit(asked.unit), seed=asked.seed).write(asked.folder, asked.students)


if __name__ == "__main__":
    main()
