"""The tests are tested: four populations go through the same sandbox as a student, and the registry must be whole.

    stubs fail every item · solutions pass all · every mistake is rejected by its item and named · alternatives pass

An untouched stub is `not_attempted`; where it holds code to be mended it may be `failed` instead, without a point.
`static_problems` looks at files only; `verify` runs everything and returns a `Verification`, which `cli` prints.
With `runs` everything is judged again, each time with another seed: no verdict may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.build import broken_items, differences, stub_path
from autograder.authoring.trials import Trial, try_all
from autograder.bank import Bank, Entry, bank_path, load
from autograder.course import POLICY_WORDS, Course, Unit
from autograder.grading.run import GradingError, Options
from autograder.grading.slot import Hello
from autograder.models import Attempt, ItemResult, Submission, Verdict
from autograder.words import say

MISTAKES, ALTERNATIVES, HINTS = 3, 2, 2  # the least an item has (curriculum.md)


@dataclass(frozen=True)
class Case:
    """One member of a population and what must become of its items."""

    population: str  # stub | solution | mistake | alternative
    unit: Unit
    source: bytes
    entry: Entry | None = None
    broken: frozenset[str] = frozenset()  # of a stub: the items that hold code to be mended

    @property
    def name(self) -> str:
        return (
            f"{self.unit.id}/{self.entry.item}/{self.entry.name}" if self.entry else f"{self.unit.id}/{self.population}"
        )

    @property
    def only(self) -> tuple[str, ...]:
        return (self.entry.item,) if self.entry else ()

    def problems(self, attempt: Attempt) -> Iterator[str]:
        for item in attempt.items:
            if item.verdict is Verdict.GRADER_ERROR:
                yield f"{self.name}: {item.item} could not be judged: {item.staff.strip() or 'no reason given'}"
            elif self.population in ("solution", "alternative") and item.verdict is not Verdict.PASSED:
                yield f"{self.name}: {item.item} is right but {item.verdict} ({_causes(item)})"
            elif self.population in ("solution", "alternative") and item.warnings:
                yield f"{self.name}: {item.item} is right but warned of: {say(item.warnings[0].words, 'en')}"
            elif self.population == "stub" and item.verdict not in self._untouched(item.item):
                wanted = " or ".join(self._untouched(item.item))
                yield f"{self.name}: the untouched {item.item} is {item.verdict}, not {wanted}"
            elif self.population == "stub" and item.score > 0:
                yield f"{self.name}: the untouched {item.item} earns {item.score:g} points; nothing was mended yet"
            elif self.population == "mistake" and item.verdict is Verdict.PASSED:
                yield f"{self.name}: passes; no hidden test sees this mistake"

    def _untouched(self, item: str) -> tuple[Verdict, ...]:
        """What a stub may be: where there is code to mend, it runs and is wrong."""
        return (Verdict.NOT_ATTEMPTED, Verdict.FAILED) if item in self.broken else (Verdict.NOT_ATTEMPTED,)

    def named(self, attempt: Attempt) -> bool:
        """Was the mistake called by its name?  A forbidden loop is named where it is blocked, with its line."""
        if self.entry is None:
            return False
        names = {self.entry.name, "blocked"} if self.entry.kind == "loop" else {self.entry.name}
        return any(diagnosis.code in names for item in attempt.items for diagnosis in item.diagnoses)


@dataclass(frozen=True)
class Row:
    unit: str
    population: str
    cases: int
    right: int
    named: int | None  # of the mistakes: how many the report calls by name


@dataclass(frozen=True)
class Verification:
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    unnamed: tuple[str, ...]  # mistakes rejected for a general reason only
    tier: str
    runs: int = 1

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(
    course: Course,
    units: Sequence[Unit],
    options: Options,
    on_case: Callable[[int, int], None] = lambda done, total: None,
    runs: int = 1,
) -> Verification:
    """Run every population of these units.  GradingError or BankError when that cannot be done."""
    problems = static_problems(course, units)
    cases = [case for unit in units for case in cases_of(course, unit)]
    tried = [Trial(_submission(case), case.only) for case in cases]

    def counted(run: int) -> Callable[[int, int], None]:
        return lambda done, total: on_case(run * total + done, runs * total)

    hello, attempts = try_all(course, units, options, tried, counted(0))
    problems += _untested(hello, units)
    for run in range(1, runs):
        again = try_all(course, units, options, tried, counted(run), replays=False)
        problems += _changes(cases, (hello, attempts), again)
    found = list(zip(cases, attempts, strict=True))
    problems += [problem for case, attempt in found for problem in case.problems(attempt)]
    unnamed = tuple(case.name for case, attempt in found if case.population == "mistake" and not case.named(attempt))
    return Verification(tuple(_rows(units, found)), tuple(problems), unnamed, hello.isolation.tier, runs)


def _changes(
    cases: Sequence[Case], first: tuple[Hello, list[Attempt]], again: tuple[Hello, list[Attempt]]
) -> Iterator[str]:
    """Verdicts that hang on the seed."""
    seeds = [hello.environment.seed for hello, _ in (first, again)]
    for case, one, other in zip(cases, first[1], again[1], strict=True):
        for a, b in zip(one.items, other.items, strict=True):
            if a.verdict is not b.verdict:
                yield f"{case.name}: {a.item} is {a.verdict} with seed {seeds[0]} and {b.verdict} with seed {seeds[1]}"


def cases_of(course: Course, unit: Unit) -> Iterator[Case]:
    bank = load(course, unit)
    path = stub_path(course, unit)
    if path.is_file():
        yield Case("stub", unit, path.read_bytes(), broken=broken_items(course, unit))
    yield Case("solution", unit, bank.reference)
    for entry in bank.mistakes:
        yield Case("mistake", unit, bank.source(entry), entry)
    for entry in bank.alternatives:
        yield Case("alternative", unit, bank.source(entry), entry)


def static_problems(course: Course, units: Sequence[Unit]) -> list[str]:
    """What is wrong before anything runs."""
    problems = [
        f"{_short(course, path)} is not what `autograder build` makes of its solution; run it"
        for path in differences(course)
    ]
    problems += [
        f"{_short(course, path)} belongs to no unit of grading.yml; register or remove it"
        for path in unregistered(course)
    ]
    problems += [problem for unit in units for problem in _guards_nothing(unit)]
    for unit in units:
        problems += _incomplete(course, unit, load(course, unit))
    return problems


def unregistered(course: Course) -> Iterator[Path]:
    """Unit folders and bank files that no unit of grading.yml names, and modules that are no unit's."""
    known = {unit.id: unit for unit in course.units}
    for tree in ("exercises", "solutions", "autograder/suites"):
        for path in sorted((course.root / tree).glob("*")):
            if path.is_dir() and path.name not in known and not path.name.startswith(("_", ".")):
                yield path
    for path in sorted((course.root / "autograder" / "mistakes").glob("*.py")):
        if path.stem not in known and path.stem != "__init__":
            yield path
    for unit in course.units:
        allowed = {unit.filename, f"test_{unit.filename}"}
        for tree in ("exercises", "solutions"):
            yield from (
                path for path in sorted((course.root / tree / unit.id).glob("*.py")) if path.name not in allowed
            )


def _incomplete(course: Course, unit: Unit, bank: Bank) -> Iterator[str]:
    stub = stub_path(course, unit)
    text = stub.read_text(encoding="utf-8") if stub.is_file() else ""
    for item in unit.items:
        if f"--hint {item.id}\n" not in text:
            yield f"{_short(course, stub)}: {item.id} has no TODO with a hint"
        if len(item.hints) < HINTS:
            yield f"grading.yml: {item.id} has {len(item.hints)} hint, {HINTS} are wanted"
        mistakes = len(bank.mistakes_of(item.id))
        alternatives = sum(entry.item == item.id for entry in bank.alternatives)
        if mistakes < MISTAKES or alternatives < ALTERNATIVES:
            where = _short(course, bank_path(course, unit))
            has = f"{mistakes} mistakes and {alternatives} alternatives"
            yield f"{where}: {item.id} has {has}; {MISTAKES} and {ALTERNATIVES} are wanted"
    for name in (f"test_{unit.filename}", "README.md", "README.vi.md"):
        if not (stub.parent / name).is_file():
            yield f"{_short(course, stub.parent / name)} is missing"


def _guards_nothing(unit: Unit) -> Iterator[str]:
    """Words of `forbids` that are no function or operator of torch's: a guard that would never close."""
    import torch

    for item in unit.items:
        for word in (word for word in item.forbids if word not in POLICY_WORDS):
            holder: object = torch.ops if word.startswith("aten.") else torch
            for part in word.removeprefix("torch.").split("."):
                holder = getattr(holder, part, None)
            if holder is None:
                yield f"grading.yml: {item.id} forbids {word!r}, which torch does not have"


def _untested(hello: Hello, units: Sequence[Unit]) -> Iterator[str]:
    judged = {(unit, item) for unit, item, _ in hello.tests}
    return (
        f"{unit.id}/{item.id} has no hidden test"
        for unit in units
        for item in unit.items
        if (unit.id, item.id) not in judged
    )


def _rows(units: Sequence[Unit], found: Sequence[tuple[Case, Attempt]]) -> Iterator[Row]:
    for unit in units:
        for population in ("stub", "solution", "mistake", "alternative"):
            members = [
                (case, attempt) for case, attempt in found if case.unit is unit and case.population == population
            ]
            right = sum(not any(case.problems(attempt)) for case, attempt in members)
            named = sum(case.named(attempt) for case, attempt in members) if population == "mistake" else None
            yield Row(unit.id, population, len(members), right, named)


def _submission(case: Case) -> Submission:
    return Submission(case.name, case.unit.id, case.unit.filename, case.source)


def _causes(item: ItemResult) -> str:
    return ", ".join(diagnosis.code for diagnosis in item.diagnoses) or "no cause"


def _short(course: Course, path: Path) -> str:
    return path.relative_to(course.root).as_posix()


__all__ = ["Case", "GradingError", "Row", "Verification", "cases_of", "static_problems", "unregistered", "verify"]
