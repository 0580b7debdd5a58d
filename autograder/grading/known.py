"""A hidden test that gets the very answers it passed with before passes again, without being run.

    Known().run(test, body, session, metrics) → seconds saved     `body`, the test, runs only if an answer is not known

A test is a function of its seed and of the worker's answers: the same inputs for every student (`make`), no clock, no
random state of its own.  So its questions are known as long as its answers are, and who answers each of them with the
same bytes ends as the one before did (what that saves: docs/decisions/0010-known-answers.md).

What the next tests of an item ask first is known, too.  While a submission passes, it goes out with the question before
it: a worker that is not waited for between two answers takes a tenth less for each (docs/decisions/0010).

The verdict stays the grader's: it was computed from the same bytes, and of the worker nothing but its answers counts.
Only passes are kept.  A test that once asks something else after the same answers cannot be foreseen: nothing of it is
kept any more.  Where that shows only after something was asked ahead, `Unforeseen` is raised: our fault, and the item
is judged anew in a fresh worker, by all its tests.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.grading.memory import Memory
from autograder.sandbox.launch import OutOfStep, Worker
from autograder.sandbox.proxy import Session, Transport

SEEN = 2  # runs in which a question followed before it is asked ahead
MOST_BYTES = 64 << 20  # of all tests of a slot
MOST_OF_A_TEST = 1 << 20
STEP_BYTES = 700  # what a step weighs beside its question: 97 MB were held where 13.6 MB of questions were counted
MOST_AHEAD, MOST_BYTES_AHEAD = 16, 16 << 10  # of one message: a socket takes it, whether or not it is read
MOST_ANSWERS = 8  # to one question: other ways to be right


class Unforeseen(Exception):
    """The test asks something else than it did after the same answers."""


@dataclass
class Step:
    """What the test does after these answers: it asks `question`, or (None) it is over and has passed."""

    question: bytes | None
    metrics: Mapping[str, float]
    seconds: float  # what the test itself took, without its answers
    seen: int = 1
    after: dict[bytes, Step] = field(default_factory=dict)  # by the digest of the answer


class Known:
    """What one slot knows of its tests, by their node ids; the one asked for longest ago is forgotten first."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.tests: Memory[Transcripts] = Memory(most)

    def run(
        self,
        test: str,
        body: Callable[[], None],
        session: Session,
        metrics: dict[str, float],
        following: Sequence[str] = (),
    ) -> float:
        """The test once; see `Transcripts.run`.  `following`: tests that come after it, whether or not it passes."""
        past = self.tests.get(test) or Transcripts()
        worker = session.transport if isinstance(session.transport, Worker) else None
        if worker is not None and past.asks_once:
            worker.foretold = self._questions(following)
        try:
            return past.run(body, session, metrics)
        except OutOfStep:
            past.asks_more = True
            raise
        finally:
            if worker is not None:
                worker.foretold = ()
            self.tests.put(test, past, past.size)

    def _questions(self, following: Sequence[str]) -> list[bytes]:
        """What the following tests will ask first, up to one that asks twice: the next comes after all its answers."""
        found: list[bytes] = []
        for test in following:
            past = self.tests.get(test)
            first = past.first if past is not None else None
            if past is None or first is None or first.question is None or first.seen < SEEN:
                break
            room = MOST_BYTES_AHEAD - sum(map(len, found))
            if len(found) == MOST_AHEAD or len(first.question) > room:
                break
            found.append(first.question)
            if not past.asks_once:
                break
        return found


@dataclass
class Transcripts:
    """The runs of one test that passed, as a tree of questions and answers."""

    first: Step | None = None
    size: int = 0  # bytes
    unforeseeable: bool = False
    asks_more: bool = False  # than once, of who answers wrongly

    def run(self, body: Callable[[], None], session: Session, metrics: dict[str, float]) -> float:
        """The test once, by its answers or by `body`; raises what the body raises, and `Unforeseen`.

        The seconds that the body would have taken: an explanation asks how long a test takes, and must not hang on
        whose submission was judged before.
        """
        transport = session.transport
        session.transport = hearing = Hearing(transport)
        started = time.perf_counter()
        try:
            end = self._ahead(hearing)
            if end is not None:
                metrics.update(end.metrics)
                return end.seconds
            try:
                body()
            except Exception:  # an alarm is none: it rings wherever the test is
                self._confirm(hearing)
                raise
            self._confirm(hearing)
        finally:
            session.transport = transport
        if session.noted is None:  # a use that costs nothing is told of all the same
            self.learn(hearing.heard, metrics, time.perf_counter() - started - hearing.waited)
        return 0.0

    @property
    def asks_once(self) -> bool:
        """As often as it passed."""
        first = self.first
        if first is None or first.seen < SEEN or first.question is None or self.asks_more:
            return False
        return all(step.question is None for step in first.after.values())

    def _confirm(self, hearing: Hearing) -> None:
        """What was asked ahead must have been asked: if not, what the test found counts for nothing."""
        if not hearing.came_true:
            self.forget()
            raise Unforeseen("it asked something else than it did after the same answers")

    def _ahead(self, hearing: Hearing) -> Step | None:
        """Ask what the test asked before.  The end of a run that passed with these answers, if there was one."""
        step = self.first
        while step is not None and step.seen >= SEEN:
            if step.question is None:
                return step
            step = step.after.get(hearing.ask_ahead(step.question))
        return None

    def learn(self, heard: Sequence[tuple[bytes, bytes]], metrics: Mapping[str, float], seconds: float) -> None:
        """A run that passed: its questions, each with the digest of its answer."""
        size = sum(len(question) + STEP_BYTES for question, _ in heard) + STEP_BYTES
        if self.unforeseeable or self.size + size > MOST_OF_A_TEST:
            return
        place: dict[bytes, Step] = {b"": self.first} if self.first is not None else {}
        answer = b""
        for question, following in [*heard, (None, b"")]:
            step = place.get(answer)
            if step is None:
                if len(place) >= MOST_ANSWERS:
                    return
                step = place[answer] = Step(question, metrics if question is None else {}, seconds)
                self.size += len(question or b"") + STEP_BYTES
                self.first = self.first or step
            elif step.question != question or (question is None and step.metrics != metrics):
                self.forget()
                return
            else:
                step.seen += 1
            place, answer = step.after, following

    def forget(self) -> None:
        self.first, self.size, self.unforeseeable = None, 0, True


class Hearing:
    """The transport of one run of a test: what was asked ahead is not asked again."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.ahead: deque[tuple[bytes, bytes, bytes]] = deque()  # question, answer, its digest
        self.heard: list[tuple[bytes, bytes]] = []  # question, digest of its answer
        self.astray = False
        self.waited = 0.0  # seconds, for answers

    @property
    def busy(self) -> bool:
        return self.transport.busy

    @busy.setter
    def busy(self, value: bool) -> None:
        self.transport.busy = value

    @property
    def came_true(self) -> bool:
        """All that was asked ahead was asked, and nothing else in its place."""
        return not self.astray and not self.ahead

    def ask_ahead(self, question: bytes) -> bytes:
        """The digest of the answer."""
        answer, digest = self._asked(question, None)
        self.ahead.append((question, answer, digest))
        return digest

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        if self.ahead:
            question, answer, digest = self.ahead.popleft()
            if question != frame:
                self.astray = True
                raise Unforeseen
        else:
            answer, digest = self._asked(frame, seconds)
        self.heard.append((frame, digest))
        return answer

    def _asked(self, frame: bytes, seconds: float | None) -> tuple[bytes, bytes]:
        began = time.perf_counter()
        answer = self.transport.request(frame, seconds)
        self.waited += time.perf_counter() - began
        return answer, hashlib.blake2b(answer, digest_size=32).digest()
