"""Do the reports name the right cause?  Every mistake of the bank is graded as if the bank did not know it.

    explained(course, units) → Explained: a Case a mistake, and the mistakes that nothing separates

Leave one out: mistake M is taken from the bank, and only M; then it is judged like a submission, by the judge itself.
What its report names is another mistake of the item, a story of `autograder.checks`, or nothing.  It is right when the
kind of what is named is the kind that M's author wrote down (`authoring.causes` for the stories).

Trusted code only (the bank, the reference), so it runs in this process, as replays do.  Replays are remembered; the
time limits of `grading.explain` hold as if they were not.  Fails with `BankError` or `SuiteError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from autograder.authoring.causes import right_for
from autograder.bank import Bank, Entry, load
from autograder.course import Course, Item, Unit
from autograder.grading.behaviour import OPEN
from autograder.grading.data import DataSource
from autograder.grading.explain import Explainer
from autograder.grading.judge import Judge
from autograder.grading.replays import Replay, switches_kept
from autograder.grading.run import Options, find_data
from autograder.grading.suites import Suites, Test
from autograder.models import GENERAL, Diagnosis, Submission, Verdict

SEED = 0  # of the inputs: the same table from the same files
RIGHT_GOAL, WRONG_GOAL = 0.70, 0.02


class Named(StrEnum):
    """What a report says about a mistake that the bank does not know."""

    RIGHT = "right"  # only causes of its kind
    MIXED = "mixed"  # a cause of its kind and one of another
    WRONG = "wrong"  # only causes of other kinds
    RAISED = "raised"  # no cause; the exception and the student's own line
    UNNAMED = "unnamed"  # no cause: what differs, and where


@dataclass(frozen=True)
class Case:
    unit: str
    item: str
    name: str
    kind: str
    verdict: Verdict
    codes: tuple[str, ...]  # of the diagnoses, another mistake by its name
    kinds: tuple[frozenset[str] | None, ...]  # what each is right for; None: no cause, or what was found beside one

    @property
    def named(self) -> Named:
        causes = [kinds for kinds in self.kinds if kinds is not None]
        right = sum(self.kind in kinds for kinds in causes)
        if causes:
            return Named.RIGHT if right == len(causes) else Named.MIXED if right else Named.WRONG
        return Named.RAISED if "raised" in self.codes else Named.UNNAMED


@dataclass(frozen=True)
class Twins:
    """Mistakes of one item that end every replayed test alike: the first takes the name of all."""

    unit: str
    item: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Alike:
    """Mistakes of one item that are not named, and of which the report says the same."""

    unit: str
    item: str
    codes: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Explained:
    cases: tuple[Case, ...]
    twins: tuple[Twins, ...]
    passed: tuple[Case, ...]  # mistakes that no test noticed: nothing to explain, and a problem of `verify`

    def of(self, unit: str | None = None) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if unit in (None, case.unit))

    def share(self, *named: Named, unit: str | None = None) -> float:
        """Of the mistakes, those of which the report says this."""
        cases = self.of(unit)
        return sum(case.named in named for case in cases) / len(cases) if cases else 0.0

    @property
    def right(self) -> float:
        return self.share(Named.RIGHT, Named.MIXED)

    @property
    def wrong(self) -> float:
        """A cause of another kind is named, whether or not a right one stands beside it."""
        return self.share(Named.WRONG, Named.MIXED)

    @property
    def ok(self) -> bool:
        return self.right >= RIGHT_GOAL and self.wrong < WRONG_GOAL

    @property
    def alike(self) -> tuple[Alike, ...]:
        groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
        for case in self.cases:
            if case.named is Named.UNNAMED:
                groups[case.unit, case.item, case.codes].append(case.name)
        return tuple(Alike(*key, tuple(names)) for key, names in groups.items() if len(names) > 1)


def explained(
    course: Course,
    units: Sequence[Unit],
    options: Options,
    items: Sequence[str] = (),
    on_mistake: Callable[[int, int], None] = lambda done, total: None,
) -> Explained:
    """Every mistake of these units (of `items` only, when some are named)."""
    import torch._dynamo  # noqa: F401  as in the zygote: a test's alarm may break off its import, which takes seconds

    wanted = [(unit, item) for unit in units for item in unit.items if not items or item.id in items]
    find_data(course, units, options, None)
    total = sum(len(load(course, unit).mistakes_of(item.id)) for unit, item in wanted)
    suites = Suites(course, units, SEED, DataSource(course.root / "datasets", options.course_data, SEED))
    cases: list[Case] = []
    twins: list[Twins] = []

    def loop() -> None:
        judge = Judge(course, suites, None, suites.data, beat=lambda item, seconds: None, hasty=True)
        for unit, item in wanted:
            judge.explainer = left_out = LeftOut(course, suites)
            mistakes = load(course, unit).mistakes_of(item.id)
            for entry in mistakes:
                cases.append(_case(judge, left_out, unit, item, entry))
                on_mistake(len(cases), total)
            twins.extend(_twins(left_out, unit, item, mistakes))

    suites.serve(loop)
    missed = tuple(case for case in cases if case.verdict is Verdict.PASSED)
    return Explained(tuple(case for case in cases if case not in missed), tuple(twins), missed)


def twins(course: Course, units: Sequence[Unit], options: Options, items: Sequence[str] = ()) -> tuple[Twins, ...]:
    """Of these units (of `items` only, when some are named) the mistakes that nothing tells apart."""
    suites = Suites(course, units, SEED, DataSource(course.root / "datasets", options.course_data, SEED))
    found: list[Twins] = []

    def loop() -> None:
        for unit in units:
            for item in unit.items:
                if not items or item.id in items:
                    left_out = LeftOut(course, suites)
                    found.extend(_twins(left_out, unit, item, load(course, unit).mistakes_of(item.id)))

    suites.serve(loop)
    return tuple(found)


class LeftOut(Explainer):
    """The explainer of the grader with one mistake less."""

    def __init__(self, course: Course, suites: Suites) -> None:
        super().__init__(course, suites)
        self._whole, self._without = self._bank, ""
        self._bank = self._smaller  # type: ignore[assignment]

    def whole(self, unit: Unit) -> Bank:
        return self._whole(unit)

    def leave_out(self, entry: Entry) -> None:
        self._without = entry.name

    def _smaller(self, unit: Unit) -> Bank:
        bank = self._whole(unit)
        return replace(bank, mistakes=tuple(entry for entry in bank.mistakes if entry.name != self._without))

    def replayed(self, unit: Unit, test: Test, entry: Entry) -> Replay:
        return self.past.of(unit, test, self._source(unit, entry))


def _case(judge: Judge, left_out: LeftOut, unit: Unit, item: Item, entry: Entry) -> Case:
    left_out.leave_out(entry)
    source = left_out.whole(unit).source(entry)
    with switches_kept():
        attempt = judge.judge(Submission(entry.name, unit.id, unit.filename, source), (item.id,))
    (result,) = attempt.items
    others: dict[object, str] = {other.cause: other.kind for other in left_out.whole(unit).mistakes_of(item.id)}
    told = result.diagnoses
    kinds = tuple(_kinds(one, others) if place == 0 or not _is_seen(one) else None for place, one in enumerate(told))
    return Case(
        unit.id, item.id, entry.name, entry.kind, result.verdict, tuple(d.code for d in result.diagnoses), kinds
    )


def _is_seen(beside: Diagnosis) -> bool:
    """Is it no cause of its own, but where the first shows: what a check saw, without a guess at what it comes from?"""
    return beside.code in GENERAL or (beside.code in OPEN and beside.hint is None)


def _kinds(diagnosis: Diagnosis, others: dict[object, str]) -> frozenset[str] | None:
    """The kinds that a diagnosis is right for; None when it names no cause."""
    if diagnosis.words in others:
        return frozenset({others[diagnosis.words]})
    return right_for(diagnosis.code)


def _twins(left_out: LeftOut, unit: Unit, item: Item, mistakes: Sequence[Entry]) -> Iterator[Twins]:
    """Groups of mistakes with the same end and the same values in every test that is replayed."""
    tests = [test for test in left_out.suites.of(unit.id, item.id) if not test.uses_data]
    left = list(mistakes) if tests else []
    while left:
        first, *others = left
        same = [other for other in others if _same(left_out, unit, tests, first, other)]
        if same:
            yield Twins(unit.id, item.id, (first.name, *(other.name for other in same)))
        left = [entry for entry in others if entry not in same]


def _same(left_out: LeftOut, unit: Unit, tests: Sequence[Test], a: Entry, b: Entry) -> bool:
    pairs = ((left_out.replayed(unit, test, a), left_out.replayed(unit, test, b)) for test in tests)
    return all(one.ends_like(other.trace, other.error) for one, other in pairs)
