"""The suites are measured: every small thing that can be wrong in a solution is made wrong, and a test must notice.

    audit(course, units, options) → Audit: per item the mutants, how many were killed, and each survivor

A mutant (`authoring.mutants`) goes through the sandbox like a submission and is killed when an item that it belongs to
does not pass.  A survivor is a hole in the suite, unless autograder/mistakes/<unit>.toml proves in a sentence that it
means the same as the solution (below).  Beside that, it lists the mistakes of the bank that no diagnosis separates:
every test ends alike with them, so the first takes the name of all.

    [[equivalent]]
    item = "regroup"
    before = "return x.reshape(-1, k)"
    after = "return x.reshape(0 - 1, k)"
    because = "0 - 1 is -1"

Fails with `AuditError` for a proof that cannot be read or fits no mutant, `GradingError` when nothing can be run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.explained import Twins, twins
from autograder.authoring.mutants import Mutant, mutants
from autograder.authoring.trials import Trial, try_all
from autograder.bank import solution_path
from autograder.course import Course, Unit
from autograder.grading.run import Options
from autograder.models import Attempt, Submission, Verdict

GOAL = 0.98  # of the mutants that are not proven equivalent
FIELDS = {"item", "before", "after", "because"}
Key = tuple[str, str, str]


class AuditError(Exception):
    """A proof that proves nothing: the file, the entry and the cure."""


@dataclass(frozen=True)
class Row:
    unit: str
    item: str
    mutants: int
    killed: int
    equivalent: int
    told: int  # of the killed: how many failed with a cause in words, not by a general sentence

    @property
    def survived(self) -> int:
        return self.mutants - self.killed - self.equivalent


@dataclass(frozen=True)
class Survivor:
    unit: Unit
    mutant: Mutant


@dataclass(frozen=True)
class Audit:
    rows: tuple[Row, ...]
    survivors: tuple[Survivor, ...]
    problems: tuple[str, ...]  # proofs of mutants that were killed, mutants that could not be judged
    twins: tuple[Twins, ...] = ()  # mistakes of the bank that no diagnosis separates

    @property
    def rate(self) -> float:
        """The share of the mutants without a proof that a suite noticed."""
        judged = sum(row.mutants - row.equivalent for row in self.rows)
        return sum(row.killed for row in self.rows) / judged if judged else 1.0

    @property
    def ok(self) -> bool:
        return not self.survivors and not self.problems


def audit(
    course: Course,
    units: Sequence[Unit],
    options: Options,
    items: Sequence[str] = (),
    on_mutant: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Every mutant of these units' solutions (of `items` only, when some are named)."""
    proofs = {unit.id: proven(course, unit) for unit in units}
    wanted = [
        (unit, mutant)
        for unit in units
        for mutant in mutants(solution_path(course, unit).read_bytes(), unit)
        if not items or set(items) & set(mutant.items)
    ]
    trials = [Trial(_submission(unit, mutant), mutant.items) for unit, mutant in wanted]
    # whether it is told in words, not in which: the bank need not be asked, and half of the time is saved
    _, attempts = try_all(course, units, options, trials, on_mutant, replays=False)
    judged = list(zip(wanted, attempts, strict=True))
    rows, survivors, problems = [], [], list(_stale(proofs, wanted, items))
    for unit in units:
        for item in unit.items:
            own = [(mutant, attempt) for (of, mutant), attempt in judged if of is unit and mutant.items[0] == item.id]
            if own:
                rows.append(_row(unit, item.id, own, proofs[unit.id]))
    for (unit, mutant), attempt in judged:
        proof = _proofs_of(mutant) & proofs[unit.id].keys()
        where = f"{unit.id}/{mutant.items[0]}, line {mutant.line}: {mutant.before} → {mutant.after}"
        problems += [f"{where}: could not be judged: {why}" for why in _unjudged(attempt)]
        if _killed(attempt) and proof:
            problems.append(f"{where}: is proven equivalent, but a test tells it apart; take the proof out")
        elif not _killed(attempt) and not proof:
            survivors.append(Survivor(unit, mutant))
    return Audit(tuple(rows), tuple(survivors), tuple(problems), twins(course, units, options, items))


def proofs_path(course: Course, unit: Unit) -> Path:
    return course.root / "autograder" / "mistakes" / f"{unit.id}.toml"


def proven(course: Course, unit: Unit) -> dict[Key, str]:
    """(item, before, after) → why the two say the same."""
    path = proofs_path(course, unit)
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    except tomllib.TOMLDecodeError as error:
        raise AuditError(f"{path.name}: is not TOML ({error}); mend it first") from None
    found: dict[Key, str] = {}
    for number, entry in enumerate(entries, start=1):
        if entry.keys() != FIELDS or not all(isinstance(value, str) and value for value in entry.values()):
            raise AuditError(f"{path.name}: entry {number} needs the texts {', '.join(sorted(FIELDS))}, and no others")
        found[entry["item"], entry["before"], entry["after"]] = entry["because"]
    return found


def _stale(
    proofs: dict[str, dict[Key, str]], wanted: Sequence[tuple[Unit, Mutant]], items: Sequence[str]
) -> Iterator[str]:
    """Proofs whose mutant is no longer made."""
    made = {(unit.id, *key) for unit, mutant in wanted for key in _proofs_of(mutant)}
    for unit, keys in proofs.items():
        for item, before, after in keys:
            if (unit, item, before, after) not in made and (not items or item in items):
                yield f"{unit}.toml: no mutant of {item} is {before!r} → {after!r} any more; take the proof out"


def _proofs_of(mutant: Mutant) -> set[Key]:
    return {(item, mutant.before, mutant.after) for item in mutant.items}


def _row(unit: Unit, item: str, own: Sequence[tuple[Mutant, Attempt]], proofs: dict[Key, str]) -> Row:
    killed = [attempt for _, attempt in own if _killed(attempt)]
    equivalent = sum(not _killed(attempt) and bool(_proofs_of(mutant) & proofs.keys()) for mutant, attempt in own)
    told = sum(any(result.diagnoses for result in attempt.items) for attempt in killed)
    return Row(unit.id, item, len(own), len(killed), equivalent, told)


def _killed(attempt: Attempt) -> bool:
    return any(result.verdict not in (Verdict.PASSED, Verdict.GRADER_ERROR) for result in attempt.items)


def _unjudged(attempt: Attempt) -> Iterator[str]:
    for result in attempt.items:
        if result.verdict is Verdict.GRADER_ERROR:
            yield (result.staff.strip() or "no reason given").splitlines()[0]


def _submission(unit: Unit, mutant: Mutant) -> Submission:
    return Submission(f"line {mutant.line}", unit.id, unit.filename, mutant.source)
