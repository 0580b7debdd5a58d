"""Why a test failed: the same calls are replayed through each known mistake of the item, in this process.

A mistake whose values equal the student's names the cause in the author's words.  What no mistake matches keeps the
general diagnoses of `autograder.checks`; where they leave the cause open, what the calls did beside returning values is
compared with the reference (`behaviour`).  Replays run trusted code only (the bank, the reference), never a student's,
and stop after BUDGET seconds; tests that train are not replayed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import torch

from autograder.bank import Bank, Entry, load
from autograder.checks import CheckFailed, StudentRaised
from autograder.course import Course, Item, Unit
from autograder.grading import behaviour, words
from autograder.grading.suites import Suites, Test
from autograder.models import Diagnosis, Submission
from autograder.sandbox.proxy import Call, LocalTransport, Session, same

BUDGET = 2.0  # processor seconds of replay for one failed test: a busy machine must not leave a cause unnamed
SLOW = 1.0  # a test that took the student longer is not replayed
Ended = tuple[Sequence[Call], BaseException | None]  # a test's calls, and what ended it
SAME = 1e-6  # relative: two ways to write one mistake may round differently


class Explainer:
    def __init__(self, course: Course, suites: Suites, *, replays: bool = True) -> None:
        self.course, self.suites, self.replays = course, suites, replays
        self._bank = lru_cache(maxsize=None)(lambda unit: load(course, unit))
        # the same few mistakes are replayed for every failed test of a class: making their source took half of its time
        self._source = lru_cache(maxsize=None)(lambda unit, entry: self._bank(unit).source(entry))

    def explain(
        self,
        unit: Unit,
        item: Item,
        test: Test,
        trace: Sequence[Call],
        error: BaseException,
        submission: Submission,
        seconds: float,
    ) -> tuple[Diagnosis, ...]:
        """The named cause first where a mistake matches, then what the check itself found."""
        replayed = self.replays and seconds < SLOW and not test.uses_data
        found = self.matching(unit, item, test, list(trace), error) if replayed else None
        general = self._general(test, error, submission)
        if found is None or found.cause is None:
            if replayed and behaviour.is_open(general):
                right, failed = self._replay(unit, test, self._bank(unit).reference)
                causes = behaviour.differences(trace, right) if failed is None else ()
                general = _joined(general, causes)
            return general
        return Diagnosis(found.name, found.cause, found.hint), *(d for d in general if d.code == "raised")

    def matching(self, unit: Unit, item: Item, test: Test, trace: list[Call], error: BaseException) -> Entry | None:
        """The first mistake that makes the same test end the same way with the same values."""
        bank: Bank = self._bank(unit)
        deadline = time.process_time() + BUDGET
        for entry in bank.mistakes_of(item.id):
            if time.process_time() > deadline:
                return None
            replayed, end = self._replay(unit, test, self._source(unit, entry))
            if end is not None and ends_alike((replayed, end), (trace, error)):
                return entry
        return None

    def reference_passes(self, test: Test) -> bool:
        """Does the reference pass this test?  If not, the suite is broken, whatever the student wrote."""
        unit = self.course.unit(test.unit)
        return self._replay(unit, test, self._bank(unit).reference)[1] is None

    def _replay(self, unit: Unit, test: Test, source: bytes) -> tuple[list[Call], BaseException | None]:
        session = Session(LocalTransport(self.suites.data.get().shared if test.uses_data else ()))
        with switches_kept():
            try:
                session.open(unit.filename, unit.module, source, 30.0)
                ran = self.suites.run(test, session)
            except Exception as error:
                return session.trace, error
        return session.trace, ran.error

    def _general(self, test: Test, error: BaseException, submission: Submission) -> tuple[Diagnosis, ...]:
        if isinstance(error, CheckFailed):
            return error.diagnoses
        if isinstance(error, StudentRaised):
            return words.raised(error, submission)
        return words.wrong_form()


def _joined(general: tuple[Diagnosis, ...], causes: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """A cause stands before the places that are wrong; beside an exception, and where it may have no part, after."""
    before = () if general and general[0].code == "raised" else tuple(d for d in causes if d.code != "rng_touched")
    return *before, *general, *(d for d in causes if d not in before)


@contextmanager
def switches_kept() -> Iterator[None]:
    """A mistake may be that it leaves autograd off for ever; this process must not learn it (a worker is replaced)."""
    grad, dtype, anomaly = torch.is_grad_enabled(), torch.get_default_dtype(), torch.is_anomaly_enabled()
    try:
        yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.autograd.set_detect_anomaly(anomaly)


def ends_alike(a: Ended, b: Ended) -> bool:
    """Do two answers end one test the same way, with the same values on the way?"""
    return _same_end(a[1], b[1]) and _same_trace(a[0], b[0])


def _same_end(a: BaseException | None, b: BaseException | None) -> bool:
    if isinstance(a, CheckFailed) and isinstance(b, CheckFailed):
        return [d.code for d in a.diagnoses] == [d.code for d in b.diagnoses]
    return type(a) is type(b)


def _same_trace(a: Sequence[Call], b: Sequence[Call]) -> bool:
    try:
        return len(a) == len(b) > 0 and all(
            x.name == y.name and same(x.returned, y.returned, rtol=SAME) for x, y in zip(a, b, strict=True)
        )
    except (RuntimeError, TypeError, ValueError):  # values that cannot be compared (tensors as keys) are no match
        return False
