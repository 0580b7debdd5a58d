"""Why a test failed: the same calls are replayed through what is known to go wrong, in this process.

    the bank's mistakes → what the check knows → slips in the right answers → what the calls did beside (`behaviour`)
    → what the source shows (`slips.idioms`)

A mistake whose values equal the student's names the cause in the author's words.  Else the general diagnoses of
`autograder.checks` are told.  Where they leave the cause open, a slip may name it (`autograder.slips`: one small thing
wrong in the reference or an alternative), when the tests end alike with it; else what the calls did beside returning
values is compared with the reference.  Replays run trusted code only, never a student's, and stop after BUDGET
seconds; tests that train are not replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from autograder.bank import Bank, load
from autograder.checks import CheckFailed, StudentRaised
from autograder.course import Course, Item, Unit
from autograder.grading import behaviour, words
from autograder.grading.rehearse import Rehearsal
from autograder.grading.replays import Replays
from autograder.grading.suites import Suites, Test
from autograder.models import GENERAL, Diagnosis, Submission
from autograder.sandbox.proxy import Call
from autograder.slips import idioms, verdict
from autograder.slips.answers import base, slips_of, words_of_the_right

BUDGET = 4.0  # processor seconds of replay for one failed test: a busy machine must not leave a cause unnamed
SLOW = 1.0  # a test that took the student longer is replayed through the bank's few mistakes only
PATIENCE = 3.0  # … and after so long through nothing: DataLoader's processes alone take more than a second
REHEARSALS = 32  # tests whose module stands ready for slips
# what tells that something differs, and nothing of what it comes from
SEEN = GENERAL | {
    "none",
    "first_loss",
    "first_update",
    "later_step",
    "length",
    "missing_key",
    "metric",
    "below_the_mark",
    "factor",
    "factor_two",
    "factor_half",
    "one_entry",
    "some_zero",
    "unchanged",
    "constant",
    "raised",
    "not_learning",
}
CONFIRMED = 12  # slips that are run through the whole test


@dataclass(frozen=True)
class Failed:
    """One failed test of a submission: its calls, what ended it, and how long it took."""

    test: Test
    trace: Sequence[Call]
    error: BaseException
    seconds: float


@dataclass
class Purse:
    """The processor seconds that one explanation may take."""

    left: float

    def spend(self, seconds: float) -> None:
        self.left -= seconds

    @property
    def empty(self) -> bool:
        return self.left < 0


class Explainer:
    def __init__(self, course: Course, suites: Suites, *, replays: bool = True) -> None:
        self.course, self.suites, self.replays = course, suites, replays
        self.past = Replays(suites)
        self._bank = lru_cache(maxsize=None)(lambda unit: load(course, unit))
        # the same few mistakes are replayed for every failed test of a class: making their source took half of its time
        self._source = lru_cache(maxsize=None)(lambda unit, entry: self._bank(unit).source(entry))
        self._slips = lru_cache(maxsize=None)(lambda unit, item: slips_of(self._bank(unit), item))
        self._right_words = lru_cache(maxsize=None)(lambda unit, item: words_of_the_right(self._bank(unit), item))
        self._rehearsal = lru_cache(maxsize=REHEARSALS)(self._prepared)

    def explain(
        self,
        unit: Unit,
        item: Item,
        failed: Sequence[Failed],
        passed: Sequence[Test],
        submission: Submission,
        words: frozenset[str] | None = None,
    ) -> tuple[Diagnosis, ...]:
        """Of the first failure: the named cause first where a mistake or a slip matches, then what the check found.

        `passed`: tests of the item that the student passed.  What fails one of them is not what the student did.
        `words`: what the item's code calls, by its source; what stands there was not left out.
        """
        first = failed[0]
        general = (*_meaning(first.error, passed), *self.general(first, submission))
        quick = can_be_replayed(first.test, first.seconds)
        if not self.replays or not (quick or can_be_replayed(first.test, first.seconds, PATIENCE)):
            return self._with_idiom(unit, item, general, words)
        purse = Purse(BUDGET)
        named = self.matching(unit, item, first, passed, purse)
        if named is not None:
            return named, *(d for d in general if d.code == "raised")
        if not quick:
            return self._with_idiom(unit, item, general, words)
        slip = self.slipped(unit, item, failed, passed, purse, words) if behaviour.is_unnamed(general) else None
        if slip is not None:
            return slip, *map(_without_guess, general)  # what the check saw is certain, the slip is likely
        if general[0].code in GENERAL:
            general = (general[0], *map(_without_guess, general[1:]))  # what does not explain the first explains none
        if behaviour.is_open(general) and behaviour.is_unnamed(general):
            right = self.past.of(unit, first.test, self._bank(unit).reference, asked=True)
            causes = behaviour.differences(first.trace, right.trace) if right.error is None else ()
            general = _joined(general, causes)
        return self._with_idiom(unit, item, general, words)

    def _with_idiom(
        self, unit: Unit, item: Item, general: tuple[Diagnosis, ...], words: frozenset[str] | None
    ) -> tuple[Diagnosis, ...]:
        """Where nothing is known but what differs: what the source shows that no right answer does, or all."""
        if not words or not all(seen.code in SEEN for seen in general):
            return general
        idiom = idioms.told(words, self._right_words(unit, item.id))
        return (idiom, *map(_without_guess, general)) if idiom else general

    def matching(
        self, unit: Unit, item: Item, failed: Failed, passed: Sequence[Test], purse: Purse
    ) -> Diagnosis | None:
        """The first mistake that makes the same test end the same way with the same values."""
        bank: Bank = self._bank(unit)
        for entry in bank.mistakes_of(item.id):
            if purse.empty:
                break
            source = self._source(unit, entry)
            if self._alike(unit, failed, source, purse) and self._passes(unit, passed, source, purse):
                assert entry.cause is not None
                return Diagnosis(entry.name, entry.cause, entry.hint)
        return None

    def slipped(
        self,
        unit: Unit,
        item: Item,
        failed: Sequence[Failed],
        passed: Sequence[Test],
        purse: Purse,
        words: frozenset[str] | None = None,
    ) -> Diagnosis | None:
        """The slip that ends this test and one more as the student did, where all that do agree what it is."""
        first = failed[0]
        raised = isinstance(first.error, StudentRaised)
        if not first.trace or purse.empty or _shows_nothing(first.error):
            return None
        following, spent = self._rehearsal(unit, item.id, first.test).following(
            first.trace, purse.left, lambda slip: verdict.can_be(slip, words)
        )
        purse.spend(spent)
        ends = [first, *(other for other in failed[1:] if can_be_replayed(other.test, other.seconds))][:2]
        found = [
            slip
            for slip in verdict.few_of_each(following)[:CONFIRMED]
            if all(self._alike(unit, one, slip.source, purse, slip=True) for one in ends)
        ]
        if not behaviour.says_something(first.trace) and len({slip.code for slip in found}) > 1:
            return None
        slip = verdict.agreed(found, raised=raised)
        if slip is None or not self._passes(unit, passed, slip.source, purse, slip=True):
            found = [slip for slip in found if self._passes(unit, passed, slip.source, purse, slip=True)]
            slip = verdict.agreed(found, raised=raised)
        return verdict.told(slip) if slip is not None else None

    def _alike(self, unit: Unit, failed: Failed, source: bytes, purse: Purse, *, slip: bool = False) -> bool:
        """Does this answer end the test as the student's did?"""
        replay = self.past.of(unit, failed.test, source, slip=slip)
        purse.spend(replay.seconds)
        return replay.error is not None and replay.ends_like(failed.trace, failed.error)

    def _passes(self, unit: Unit, tests: Sequence[Test], source: bytes, purse: Purse, *, slip: bool = False) -> bool:
        """Does this answer pass these tests?  What cannot be asked any more does not speak against it."""
        for test in tests:
            if purse.empty:
                break
            replay = self.past.of(unit, test, source, slip=slip)
            purse.spend(replay.seconds)
            if replay.error is not None:
                return False
        return True

    def _prepared(self, unit: Unit, item: str, test: Test) -> Rehearsal:
        bank = self._bank(unit)
        right = self.past.of(unit, test, bank.reference, asked=True)
        return Rehearsal(unit, test, self._slips(unit, item), self.past, right, base(bank, item))

    def reference_passes(self, test: Test) -> bool:
        """Does the reference pass this test?  If not, the suite is broken, whatever the student wrote."""
        unit = self.course.unit(test.unit)
        return self.past.of(unit, test, self._bank(unit).reference, asked=True).error is None

    def general(self, failed: Failed, submission: Submission) -> tuple[Diagnosis, ...]:
        """What the check itself found."""
        if isinstance(failed.error, CheckFailed):
            return failed.error.diagnoses
        if isinstance(failed.error, StudentRaised):
            return words.raised(failed.error, submission)
        return words.wrong_form()

    def seen(self, failed: Failed, submission: Submission) -> tuple[Diagnosis, ...]:
        """The same; that it is wrong where the check cannot say what it found: its fault, not the student's."""
        try:
            return self.general(failed, submission)
        except Exception:
            return words.wrong_form()


def _meaning(error: BaseException, passed: Sequence[Test]) -> tuple[Diagnosis, ...]:
    """What the test asks for, when it raised where others passed, and torch did not complain of another thing."""
    told = isinstance(error, StudentRaised) and passed and not error.about
    return (error.meaning,) if told and isinstance(error, StudentRaised) and error.meaning else ()


def _without_guess(seen: Diagnosis) -> Diagnosis:
    """What a check saw, without what it guessed: its hint may be another cause than the one that is told first."""
    return seen if seen.code == "raised" else replace(seen, hint=None)


def _shows_nothing(error: BaseException) -> bool:
    """An exception that is none of torch's known complaints: many unlike slips raise a ValueError."""
    return isinstance(error, StudentRaised) and not error.about


def can_be_replayed(test: Test, seconds: float, most: float | None = None) -> bool:
    """`seconds`: what it took the student."""
    return seconds < (SLOW if most is None else most) and not test.uses_data


def _joined(general: tuple[Diagnosis, ...], causes: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """A cause stands before the places that are wrong; beside an exception, and where it may have no part, after."""
    before = () if general and general[0].code == "raised" else tuple(d for d in causes if d.code != "rng_touched")
    return *before, *general, *(d for d in causes if d not in before)
