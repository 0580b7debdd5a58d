"""What a class misunderstood: attempts → Misconceptions, for `autograder misconceptions`.  Pure.

A failure is counted once, under the first cause that its diagnoses name; a code of GENERAL names none.  What says
nothing about understanding is kept apart: not attempted, missing, unscored through our fault, and a module that was not
handed in or does not load, which would otherwise fail every item of its unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.models import GENERAL, WARNED, Attempt, Diagnosis, ItemResult, Verdict, Words

# These tell of the whole file by themselves; other ends of an import are known by their being the same in every item.
OF_THE_FILE = frozenset({"no_file", "import_failed", "import_timed_out"})
APART = (Verdict.PASSED, Verdict.NOT_ATTEMPTED, Verdict.MISSING, Verdict.GRADER_ERROR, Verdict.UNSTABLE)


@dataclass(frozen=True)
class Sentence:
    """How a cause was told, and to whom: a rule of the checks names the value or the line that it is about."""

    words: Words
    students: tuple[str, ...]


@dataclass(frozen=True)
class Cause:
    """One reason why an item (or "", the whole module) failed; the most frequent sentence stands first."""

    unit: str
    item: str
    code: str
    sentences: tuple[Sentence, ...]

    @property
    def students(self) -> tuple[str, ...]:
        return tuple(student for sentence in self.sentences for student in sentence.students)

    @property
    def count(self) -> int:
        return len(self.students)


@dataclass(frozen=True)
class Tally:
    """What became of one item in the class."""

    unit: str
    item: str
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()  # of those who failed: no cause was named
    not_attempted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # the module has no such name
    unscored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Misconceptions:
    """The class: `causes` by count, then in the order of the course; `items` in the order of the course."""

    students: int
    submissions: int
    causes: tuple[Cause, ...] = ()
    files: tuple[Cause, ...] = ()  # modules that were not handed in or do not load
    items: tuple[Tally, ...] = ()

    @property
    def failures(self) -> int:
        return sum(len(item.failed) for item in self.items)

    @property
    def unexplained(self) -> int:
        return sum(len(item.unexplained) for item in self.items)

    @property
    def share_unexplained(self) -> float | None:
        """None where nothing failed."""
        return self.unexplained / self.failures if self.failures else None


def reckon(attempts: Sequence[Attempt], order: Iterable[tuple[str, str]] = ()) -> Misconceptions:
    """`order`: (unit, item) as the course has them; what it does not name comes after, as it is met.

    Of two attempts of one student at one unit the later one in the list counts.
    """
    counting = tuple({(attempt.student, attempt.unit): attempt for attempt in attempts}.values())
    results = [(attempt, result) for attempt in counting for result in attempt.items]
    met = list(dict.fromkeys((attempt.unit, result.item) for attempt, result in results))
    places = {key: number for number, key in enumerate(dict.fromkeys([*order, *met]))}
    units = {unit: number for number, unit in enumerate(dict.fromkeys(unit for unit, _ in places))}
    lost = [(attempt, told) for attempt in counting if (told := _of_the_file(attempt)) is not None]
    gone = {(attempt.student, attempt.unit) for attempt, _ in lost}
    judged = [(attempt, result) for attempt, result in results if (attempt.student, attempt.unit) not in gone]
    causes = sorted(_causes(judged), key=lambda cause: (-cause.count, places[cause.unit, cause.item]))
    files = sorted(_causes(lost), key=lambda cause: (-cause.count, units[cause.unit]))
    items = [_tally(key, judged) for key in sorted(met, key=places.__getitem__)]
    return Misconceptions(
        len({attempt.student for attempt in counting}), len(counting), tuple(causes), tuple(files), tuple(items)
    )


def named(result: ItemResult) -> Diagnosis | None:
    """The cause that counts: the first that is more than what is wrong."""
    silent = GENERAL | {WARNED}  # a warning costs no points: it is not why the item failed
    return next((diagnosis for diagnosis in result.diagnoses if diagnosis.code not in silent), None)


def _failed(result: ItemResult) -> bool:
    return result.verdict not in APART


def _of_the_file(attempt: Attempt) -> ItemResult | None:
    """What became of a module that was not handed in or did not load; its items all end alike."""
    told = next((result for result in attempt.items if result.diagnoses), None)
    if told is None or told.verdict.unscored or told.verdict in (Verdict.PASSED, Verdict.NOT_ATTEMPTED):
        return None
    alike = len(attempt.items) > 1 and len({(result.verdict, result.diagnoses) for result in attempt.items}) == 1
    if not alike and told.diagnoses[0].code not in OF_THE_FILE:
        return None
    return ItemResult("", told.verdict, 0.0, 0.0, told.diagnoses)


def _tally(key: tuple[str, str], results: Iterable[tuple[Attempt, ItemResult]]) -> Tally:
    own = [(attempt.student, result) for attempt, result in results if (attempt.unit, result.item) == key]

    def those(*verdicts: Verdict) -> tuple[str, ...]:
        return tuple(student for student, result in own if result.verdict in verdicts)

    return Tally(
        *key,
        passed=those(Verdict.PASSED),
        failed=tuple(student for student, result in own if _failed(result)),
        unexplained=tuple(student for student, result in own if _failed(result) and named(result) is None),
        not_attempted=those(Verdict.NOT_ATTEMPTED),
        missing=those(Verdict.MISSING),
        unscored=those(Verdict.GRADER_ERROR, Verdict.UNSTABLE),
    )


def _causes(results: Iterable[tuple[Attempt, ItemResult]]) -> Iterator[Cause]:
    """Grouped by unit, item and code; within, by sentence, the most frequent first, then the one met first."""
    found: dict[tuple[str, str, str], dict[Words, list[str]]] = {}
    for attempt, result in results:
        cause = named(result)
        if cause is not None and (_failed(result) or not result.item):
            sentences = found.setdefault((attempt.unit, result.item, cause.code), {})
            sentences.setdefault(cause.words, []).append(attempt.student)
    for key, told in found.items():
        ordered = sorted(told.items(), key=lambda pair: -len(pair[1]))
        yield Cause(*key, tuple(Sentence(words, tuple(students)) for words, students in ordered))
