"""Which slips answer a failed test as the student did: the calls are asked again, the test itself is not run.

    Rehearsal(…).following(trace, seconds) → the slips whose answers are the student's, call by call, and the seconds

A test asks the same calls of everybody until an answer differs.  So the calls of the reference, as they went out, can
be put to each slip, which is dropped at the first answer that is not the student's.  That takes a tenth of running the
test, and there are hundreds of slips.  All of them run in one module, one after another, and what remains of one can
meet the next: the few that follow are then run through the test itself (`explain`), and only that names a cause.

A slip is the kit's own code with an edit that nobody read, and may run for ever, wait for ever or ask for all memory:
each has its alarms and its limit.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from autograder.course import Unit
from autograder.grading.replays import Replay, Replays, equal, little_memory, size, switches_kept
from autograder.grading.suites import Test
from autograder.sandbox.inner.workbench import Workbench
from autograder.sandbox.proxy import Asked, Call, Session
from autograder.slips.answers import Slip

LIMIT, LEAST = 5.0, 0.03  # a slip's seconds: so many times what the reference took, and never less

WAIT = 20.0  # a busy machine gives a slot a twentieth of its time at worst


class TooSlow(BaseException):
    """A slip that runs much longer than the reference."""


class Nothing:
    """What a slip answers that does not even define, or whose time is over: no student answers that."""


class Rehearsal:
    """One test and the slips of its item, for all the students of a run.  `base`: a module that holds the rest."""

    def __init__(
        self, unit: Unit, test: Test, slips: Sequence[Slip], replays: Replays, right: Replay, base: bytes
    ) -> None:
        self.unit, self.test, self.slips, self.replays, self.right, self.base = unit, test, slips, replays, right, base
        self.limit = max(LEAST, LIMIT * right.seconds)
        self._open: tuple[Session, Workbench] | None = None

    def following(
        self, trace: Sequence[Call], seconds: float, can_be: Callable[[Slip], bool] = lambda slip: True
    ) -> tuple[list[Slip], float]:
        """Seconds count as if nothing were remembered; no slip begins after so many, and none that cannot be."""
        asked = self._shared(trace)
        found: list[Slip] = []
        spent = 0.0
        for number, slip in enumerate(self.slips if asked else ()):
            if spent > seconds:
                break
            if not can_be(slip):
                continue
            first, cost = self._first(number, slip, asked[0])
            spent += cost
            if equal(first, trace[0].returned):
                started = time.process_time()
                if len(asked) == 1 or len(self._answers(slip, asked, trace)) == len(asked):
                    found.append(slip)
                spent += time.process_time() - started
        return found, spent

    def _shared(self, trace: Sequence[Call]) -> list[Asked]:
        """The reference's calls, as far as the student was asked the same."""
        shared: list[Asked] = []
        for asked, right, mine in zip(self.right.asked, self.right.trace, trace, strict=False):
            if right.name != mine.name or not equal(right.arguments, mine.arguments):
                break
            shared.append(asked)
        return shared

    def _first(self, number: int, slip: Slip, asked: Asked) -> tuple[object, float]:
        key = "first", self.test.node.nodeid, number
        known = self.replays.memory.get(key)
        if known is None:
            started = time.process_time()
            (answer,) = self._answers(slip, [asked]) or [Nothing()]
            known = answer, time.process_time() - started
            self.replays.memory.put(key, known, size(answer))
        return known

    def _answers(self, slip: Slip, asked: Sequence[Asked], trace: Sequence[Call] = ()) -> list[object]:
        """What the slip answers, up to where it differs from the trace."""
        session, bench = self._session()
        answers: list[object] = []
        with switches_kept(), little_memory():
            try:
                with hurried(self.limit):
                    bench.redefine(slip.definitions)
                    for number, one in enumerate(asked):
                        answer = session.repeat(one)
                        if trace and not equal(answer, trace[number].returned):
                            break
                        answers.append(answer)
            except (Exception, TooSlow):
                pass
        return answers

    def _session(self) -> tuple[Session, Workbench]:
        if self._open is None:
            transport = self.replays.transport(self.test)
            self._open = Session(transport), transport.bench
            self._open[0].open(self.unit.filename, self.unit.module, self.base, 30.0)
        return self._open


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """`TooSlow` after so many seconds of the processor, or WAIT times as many of the clock: a slip may wait, too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    alarms = ((signal.SIGVTALRM, signal.ITIMER_VIRTUAL, seconds), (signal.SIGALRM, signal.ITIMER_REAL, WAIT * seconds))
    before = [signal.signal(number, stop) for number, _, _ in alarms]
    try:
        for _, timer, after in alarms:
            signal.setitimer(timer, after)
        yield
    finally:
        for (number, timer, _), handler in zip(alarms, before, strict=True):
            signal.setitimer(timer, 0.0)
            signal.signal(number, handler)
