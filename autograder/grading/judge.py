"""One submission → one Attempt: workers, items in order, and a verdict for each test that keeps faults apart.

The student's fault costs the item it happened in.  Ours (a suite that raises, a zygote that died, a machine without
memory) is `grader_error`: no points are lost, the item is listed for another run; a sandbox that died (`SandboxError`)
leaves the judge at once, and the coordinator goes on at this item in a new slot.  Who sent a SIGKILL cannot be known:
what a worker was doing when one came is done once more in a fresh worker; the second is the student's.  So is what took
too long on a machine with more to do than it has cores, and everywhere what took us too long.
Why an item failed is explained once, when all its tests have ended: of the first that failed.
When a line of a suite raises (`dx, dw, db = student.f(…)` on a None), the test is replayed with the reference: if that
passes, the answer had the wrong form; if it raises too, the suite is broken.
"""

from __future__ import annotations

import dataclasses
import os
import traceback
from collections.abc import Callable, Collection, Sequence

from autograder.checks import CheckFailed, StudentRaised
from autograder.course import Course, Item, Unit
from autograder.grading import cells, words
from autograder.grading.data import DataSource
from autograder.grading.explain import Explainer, Failed, can_be_replayed
from autograder.grading.known import Known, Unforeseen
from autograder.grading.late import of_source
from autograder.grading.score import Outcome, result
from autograder.grading.suites import DEVICES, Ran, Suites, Test, is_timeout, raised_by_suite
from autograder.models import Attempt, ItemResult, Message, Submission, Verdict, Words, attempt_of
from autograder.sandbox.answers import CellsRan, Missing, OutOfMemory, PolicyBroken
from autograder.sandbox.endings import SandboxError, WorkerGone, WorkerTimeout
from autograder.sandbox.inner.wire import WireError
from autograder.sandbox.launch import OutOfStep, Worker, Zygote
from autograder.sandbox.printed import Excerpt
from autograder.sandbox.proxy import LocalTransport, Session
from autograder.sandbox.shared import SharedData


class Judge:
    """Judges submissions one after another with one zygote (None: `--isolation none`, in this process)."""

    def __init__(
        self,
        course: Course,
        suites: Suites,
        zygote: Zygote | None,
        data: DataSource,
        beat: Callable[[str, float], None],
        *,
        replays: bool = True,
        hasty: bool = False,
        imports: Sequence[str] = (),
    ) -> None:
        self.course, self.suites, self.zygote, self.data, self.beat = course, suites, zygote, data, beat
        self.imports = imports  # what the units need of what is imported late
        self.hasty = hasty  # an item is over when it is known what is told of it: for measures of that alone
        self.explainer = Explainer(course, suites, replays=replays)
        self.known = Known()

    def judge(
        self,
        submission: Submission,
        only: Collection[str] = (),
        on_item: Callable[[ItemResult], None] = lambda result: None,
    ) -> Attempt:
        """Every item of the unit (or `only` some), in the order of grading.yml; each is told of when it ends."""
        unit = self.course.unit(submission.unit)
        items = [item for item in unit.items if not only or item.id in only]
        desk = Desk(self, unit, submission)
        results: list[ItemResult] = []
        try:
            for item in items:
                results.append(self._item(desk, unit, item))
                on_item(results[-1])
        finally:
            desk.clear()
        return attempt_of(submission, results, (*submission.notes, *desk.notes))

    def _item(self, desk: Desk, unit: Unit, item: Item) -> ItemResult:
        tests = self.suites.of(unit.id, item.id)
        try:
            outcomes = self._outcomes(desk, unit, item, tests, self.known)
        except (Unforeseen, OutOfStep):
            desk.clear()
            outcomes = self._outcomes(desk, unit, item, tests)
        if may_end_otherwise(outcomes[-1]):
            desk.clear()
            outcomes = self._outcomes(desk, unit, item, tests)
        stays = not outcomes[-1].verdict.abnormal and not item.processes and desk.leave()
        peak = desk.current.peak_bytes if stays and desk.current is not None else None
        if not stays:
            desk.clear()
        judged = result(item, outcomes, len(tests), practice=self.data.practice)
        devices = tuple(device for device in DEVICES if any(test.device == device for test in tests))
        return dataclasses.replace(judged, printed=desk.printed(), devices=devices, peak_bytes=peak)

    def _outcomes(
        self, desk: Desk, unit: Unit, item: Item, tests: Sequence[Test], known: Known | None = None
    ) -> list[Outcome]:
        """How its tests ended, up to the first abnormal end."""
        outcomes: list[Outcome] = []
        desk.failures.clear()
        for test in tests:
            if self.hasty and desk.failures and (len(desk.failures) > 1 or test.uses_data):
                break
            self.beat(item.id, test.seconds)
            passing = outcomes and not desk.failures  # who failed one is asked one after another
            following = tests[len(outcomes) + 1 :] if passing else ()
            outcomes.append(self._test(desk, unit, item, test, known, following))
            if outcomes[-1].verdict not in (Verdict.PASSED, Verdict.FAILED):
                break
        if desk.failures:
            self.beat(item.id, tests[len(outcomes) - 1].seconds)
            self._explain(desk, unit, item, tests, outcomes)
        return outcomes or [Outcome(Verdict.GRADER_ERROR, staff=f"no hidden test judges {unit.id}/{item.id}")]

    def _explain(self, desk: Desk, unit: Unit, item: Item, tests: Sequence[Test], outcomes: list[Outcome]) -> None:
        """Of an item's failures the first is told; the other tests are evidence."""
        ended = zip(tests, outcomes, strict=False)
        passed = [test for test, one in ended if one.verdict is Verdict.PASSED and can_be_replayed(test, one.seconds)]
        place = tests.index(desk.failures[0].test)
        try:
            told = self.explainer.explain(unit, item, desk.failures, passed, desk.submission, desk.words(item))
        except Exception as error:  # ours; the verdict stands without a cause, and is told as far as it can be
            told, staff = self.explainer.seen(desk.failures[0], desk.submission), raised_by_suite(error)
            outcomes[place] = dataclasses.replace(outcomes[place], diagnoses=told, staff=staff)
        else:
            outcomes[place] = dataclasses.replace(outcomes[place], diagnoses=told)

    def _test(
        self, desk: Desk, unit: Unit, item: Item, test: Test, known: Known | None, following: Sequence[Test]
    ) -> Outcome:
        try:
            try:
                session = desk.session(item)
                ran = self.suites.run(test, session, known, following)
            except STUDENTS as error:  # how the worker answered, or not, when the item was announced
                session, ran = desk.current or Session(LocalTransport()), Ran(error, {}, 0.0)
            outcome = self._outcome(desk, unit, item, test, session, ran)
            if session.noted is None:
                return outcome
            told = words.warned(session.noted.what, session.noted.line, desk.submission)
            return dataclasses.replace(outcome, warnings=told)
        except ImportFailed as failed:
            return failed.outcome
        except (SandboxError, Unforeseen, OutOfStep):
            raise
        except Exception as error:  # ours, whatever it is
            desk.clear()
            return Outcome(Verdict.GRADER_ERROR, staff=raised_by_suite(error))

    def _outcome(self, desk: Desk, unit: Unit, item: Item, test: Test, session: Session, ran: Ran) -> Outcome:
        error, submission = ran.error, desk.submission
        if error is None:
            return Outcome(Verdict.PASSED, metrics=ran.metrics, seconds=ran.seconds)

        def outcome(verdict: Verdict, told: words.Told, staff: str = "") -> Outcome:
            call = words.call(session.trace) if verdict is Verdict.FAILED else ()
            call += words.test(test.name) if item.feedback == "full" else ()
            return Outcome(verdict, told, call, ran.metrics, staff, ran.seconds)

        if isinstance(error, StudentRaised) and words.is_stub(error, submission):
            return outcome(Verdict.NOT_ATTEMPTED, words.not_attempted(item))
        if isinstance(error, OutOfMemory):
            return outcome(Verdict.OUT_OF_MEMORY, words.out_of_memory(item, error.lines, submission, error.asked))
        if isinstance(error, Missing):
            return outcome(Verdict.MISSING, words.missing(submission, error.name, error.names, desk.lost(error.name)))
        if isinstance(error, PolicyBroken):
            return outcome(Verdict.BLOCKED, words.blocked(error.what, error.line, submission))
        if isinstance(error, WorkerGone):
            return outcome(*words.gone(item, error, submission), staff=str(error))
        if isinstance(error, WireError):
            return outcome(Verdict.CRASHED, words.garbled(), staff=str(error))
        late = isinstance(error, WorkerTimeout) or (is_timeout(error) and session.transport.busy)
        if late and desk.starved():  # the kernel killed a process of its own that it then waited for
            return outcome(Verdict.OUT_OF_MEMORY, words.out_of_memory(item, (), submission))
        if is_timeout(error) and session.transport.busy:
            return outcome(Verdict.TIMED_OUT, words.timed_out(item))
        if isinstance(error, (SandboxError, Unforeseen, OutOfStep)):
            raise error
        if isinstance(error, WorkerTimeout):
            return outcome(Verdict.TIMED_OUT, words.timed_out(item))
        if is_timeout(error):
            return Outcome(Verdict.GRADER_ERROR, staff=raised_by_suite(error), slow=True)
        if not isinstance(error, (CheckFailed, StudentRaised)) and not self.explainer.reference_passes(test):
            trace = "".join(traceback.format_exception(error))
            return Outcome(Verdict.GRADER_ERROR, staff=f"{raised_by_suite(error)}\n{trace}")
        desk.failures.append(Failed(test, tuple(session.trace), error, ran.seconds))
        return outcome(Verdict.FAILED, ())  # why, is asked of the first one only: `_explain`

    def shared(self, unit: Unit, item: Item) -> Sequence[SharedData]:
        uses = any(test.uses_data for test in self.suites.of(unit.id, item.id))
        return self.data.get().shared if uses else ()


# What an answer, or its absence, can raise: the student's, wherever it happens.
STUDENTS = (StudentRaised, Missing, OutOfMemory, PolicyBroken, CheckFailed, WorkerGone, WorkerTimeout, WireError)


def may_end_otherwise(outcome: Outcome) -> bool:
    """Is this an end that the machine may have brought about?  Then the same is tried once more."""
    return outcome.slow or words.was_killed(outcome.diagnoses) or (outcome.verdict is Verdict.TIMED_OUT and crowded())


def crowded() -> bool:
    """Has the machine had more to do than its cores can?  Each slot keeps one busy: now its grader, now its worker."""
    return os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1)


class ImportFailed(Exception):
    """The student's module could not be imported; every item of the unit ends like this."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.verdict)
        self.outcome = outcome


class Desk:
    """The worker a submission has at the moment: kept between items, replaced after an abnormal end or a trace."""

    def __init__(self, judge: Judge, unit: Unit, submission: Submission) -> None:
        self.judge, self.unit, self.submission = judge, unit, submission
        self.worker: Worker | None = None
        self.current: Session | None = None
        self.memory_mb = 0
        self.processes = False
        self.names: frozenset[str] = frozenset()
        self.item = ""
        self.ran: CellsRan | None = None  # how the cells of a notebook ran
        self.failed: ImportFailed | None = None
        self.importing_again = False
        self.excerpt = Excerpt()
        self.failures: list[Failed] = []  # how the tests of the current item failed

    def session(self, item: Item) -> Session:
        """A session in which the module is imported and the item's policies hold."""
        if self.failed is not None:
            raise self.failed
        shared = self.judge.shared(self.unit, item)
        needs = frozenset(data.name for data in shared)
        if self.current is not None and self.item != item.id:
            try:
                self._announce(item)
            except (Missing, PolicyBroken):
                raise
            except STUDENTS:  # it died of what an earlier item had started
                self.clear()
        fits = self.memory_mb >= item.memory_mb and needs <= self.names and self.processes == item.processes
        if self.current is None or not fits:
            self.clear()
            self._open(item, shared)
            self.memory_mb, self.names, self.processes = item.memory_mb, needs, item.processes
        assert self.current is not None
        if self.item != item.id:
            self._announce(item)
        return self.current

    def _announce(self, item: Item) -> None:
        assert self.current is not None
        self.current.item(item.forbids, item.symbol, strict=item.policy == "zero")
        self.item = item.id

    def words(self, item: Item) -> frozenset[str] | None:
        """What the item's code calls, by its source; None when there is no worker left to ask."""
        if self.current is None or self.item != item.id:
            return None
        if self.worker is not None and not self.worker.in_step:  # it broke off in the middle of what was foretold
            self.clear()
            return None
        try:
            return self.current.words(item.symbol)
        except STUDENTS:
            self.clear()
            return None

    @property
    def notes(self) -> tuple[Words, ...]:
        return cells.notes(self.submission, self.ran) if self.ran is not None else ()

    def lost(self, name: str) -> Message | None:
        return cells.lost(self.submission, name, self.ran.stops) if self.ran is not None else None

    def leave(self) -> bool:
        """The item is over; False when its worker must not serve another one."""
        if self.current is None:
            return True
        self.item = ""
        try:
            return not self.current.end_item()
        except Exception:
            return False

    def printed(self) -> str:
        """What was printed since the last item, an import of the module included."""
        if self.worker is not None and self.worker.drain is not None:
            self.worker.drain.settle()
        return self.excerpt.take()

    def starved(self) -> bool:
        """Has the kernel killed a process of the worker's for its memory?"""
        return self.worker is not None and self.worker.zygote.killed_for_memory()

    def clear(self) -> None:
        if self.worker is not None:
            self.worker.end(0.0)
        self.worker = self.current = None
        self.item = ""

    def _open(self, item: Item, shared: Sequence[SharedData]) -> None:
        """A fresh worker with the module imported; ImportFailed when it does not get that far."""
        submission, source = self.submission, self.submission.source
        if source is None:
            raise self._fails(Outcome(Verdict.MISSING, words.no_file(self.unit, self.submission.notes[:1])))
        zygote, limits = self.judge.zygote, self.judge.course.limits
        if zygote is None:
            self.current = Session(LocalTransport(shared))
        else:
            seconds = limits.import_seconds + sum(2 * item.seconds for item in self.unit.items)
            self.worker = zygote.worker(
                memory_mb=item.memory_mb,
                cpu_seconds=seconds,
                shared=shared,
                processes=item.processes,
                printed=self.excerpt,
                imports=(*self.judge.imports, *of_source(source)),
            )
            self.current = Session(self.worker)
        try:
            name, module = self.unit.filename, self.unit.module
            self.ran = self.current.open(name, module, source, limits.import_seconds, submission.cells)
        except StudentRaised as error:
            verdict = Verdict.NOT_ATTEMPTED if words.is_stub(error, submission) else Verdict.FAILED
            raise self._fails(Outcome(verdict, words.import_raised(self.unit, error, submission))) from None
        except OutOfMemory as error:
            told = words.out_of_memory(item, error.lines, submission, error.asked)
            raise self._fails(Outcome(Verdict.OUT_OF_MEMORY, told)) from None
        except WorkerTimeout:
            ended = Outcome(Verdict.TIMED_OUT, words.import_timed_out(submission, limits.import_seconds))
            self._once_more(item, shared, ended)
            return
        except WorkerGone as error:
            verdict, told = words.gone(item, error, submission, importing=True)
            self._once_more(item, shared, Outcome(verdict, told, staff=str(error)))
            return
        except WireError as error:
            raise self._fails(Outcome(Verdict.CRASHED, words.garbled(), staff=str(error))) from None
        self.importing_again = False

    def _once_more(self, item: Item, shared: Sequence[SharedData], ended: Outcome) -> None:
        if self.importing_again or not may_end_otherwise(ended):
            raise self._fails(ended) from None
        self.importing_again = True
        self.clear()
        self._open(item, shared)

    def _fails(self, outcome: Outcome) -> ImportFailed:
        self.failed = ImportFailed(outcome)
        self.clear()
        return self.failed
