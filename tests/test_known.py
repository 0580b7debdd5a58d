"""known: a hidden test that gets the very answers it passed with before passes again, without being run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from autograder.grading import known
from autograder.grading.direct import Overdue, limited
from autograder.grading.known import Known, Transcripts, Unforeseen
from autograder.models import Verdict
from autograder.sandbox import launch
from autograder.sandbox.answers import PolicyBroken
from autograder.sandbox.endings import Ending, WorkerGone
from autograder.sandbox.proxy import Session
from tests.tiny_course import SOLUTION, answer, item, judged, judged_here, slots, tiny_course, told, verdicts

SUITE = "autograder/suites/u01_tiny/test_tiny.py"
DOUBLE = 'check.close(student.double(x), 2 * x, name="double(x) of the hidden suite")'


@dataclass
class Worker:
    """Answers with what it was given for each question, and remembers what it was asked."""

    answers: Mapping[bytes, bytes]
    asked: list[bytes] = field(default_factory=list)
    busy: bool = False

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        self.asked.append(frame)
        if frame not in self.answers:
            raise WorkerGone(Ending(exit=1, killed=False, cpu=0.0, rss_mb=1))
        return self.answers[frame]


RIGHT = {b"2+2": b"4", b"3+3": b"6"}


@dataclass
class Adds:
    """A hidden test: two questions, the second after the first was right.  `runs` counts its runs."""

    transcripts: Transcripts
    second: bytes = b"3+3"
    runs: int = 0
    takes: float = 0.0  # seconds of its own
    right: tuple[frozenset[bytes], ...] = (frozenset({b"4", b"four"}), frozenset({b"6"}))

    def __call__(self, answers: Mapping[bytes, bytes], noted: PolicyBroken | None = None) -> Run:
        worker = Worker(answers)
        session, metrics = Session(worker, noted=noted), dict[str, float]()

        def body() -> None:
            self.runs += 1
            time.sleep(self.takes)
            for question, right in zip((b"2+2", self.second), self.right, strict=True):
                assert session.transport.request(question) in right
            metrics["sum"] = 10.0

        try:
            saved = self.transcripts.run(body, session, metrics)
        except AssertionError:
            return Run(False, worker.asked, metrics)
        finally:
            assert session.transport is worker
        return Run(True, worker.asked, metrics, saved)


@dataclass(frozen=True)
class Run:
    passed: bool
    asked: list[bytes]
    metrics: dict[str, float]
    saved: float = field(default=0.0, compare=False)  # seconds


@pytest.fixture
def adds() -> Adds:
    return Adds(Transcripts())


def test_the_third_of_three_equal_runs_asks_the_same_and_passes_without_the_test(adds: Adds) -> None:
    runs = [adds(RIGHT) for _ in range(4)]
    assert runs[0] == runs[1] == runs[2] == runs[3] == Run(True, [b"2+2", b"3+3"], {"sum": 10.0})
    assert adds.runs == known.SEEN == 2


@pytest.mark.parametrize("wrong", [{b"2+2": b"5", b"3+3": b"6"}, {b"2+2": b"4", b"3+3": b"7"}])
def test_an_answer_that_is_not_known_is_judged_by_the_test_and_nothing_is_asked_twice(
    adds: Adds, wrong: Mapping[bytes, bytes]
) -> None:
    for _ in range(3):
        adds(RIGHT)
    run = adds(wrong)
    assert not run.passed
    assert run.asked == ([b"2+2"] if wrong[b"2+2"] == b"5" else [b"2+2", b"3+3"])
    assert adds.runs == 3


def test_a_failure_is_never_kept(adds: Adds) -> None:
    for _ in range(5):
        assert not adds({b"2+2": b"4", b"3+3": b"7"}).passed
    assert adds.runs == 5
    assert adds.transcripts.size == 0


def test_another_right_answer_is_learned_beside_the_first(adds: Adds) -> None:
    for answers in (RIGHT, RIGHT | {b"2+2": b"four"}) * 3:
        assert adds(answers).passed
    assert adds.runs == 4


def test_only_so_many_right_answers_to_one_question_are_kept(adds: Adds) -> None:
    many = [b"%d" % n for n in range(100)]
    adds.right = frozenset(many), adds.right[1]
    for sum_ in many:
        assert adds(RIGHT | {b"2+2": sum_}).passed
    assert adds.transcripts.first is not None
    assert len(adds.transcripts.first.after) == known.MOST_ANSWERS


def test_a_test_that_asks_otherwise_after_the_same_answers_is_never_foreseen(adds: Adds) -> None:
    adds(RIGHT)
    adds.second = b"1+5"
    for _ in range(5):
        assert adds({b"2+2": b"4", b"1+5": b"6"}).asked == [b"2+2", b"1+5"]
    assert adds.runs == 6
    assert adds.transcripts.size == 0


def test_one_that_asks_otherwise_after_it_was_foreseen_is_our_fault_and_is_forgotten(adds: Adds) -> None:
    for _ in range(3):
        adds(RIGHT)
    adds.second = b"1+5"
    with pytest.raises(Unforeseen):
        adds(RIGHT | {b"3+3": b"six"})
    assert adds({b"2+2": b"4", b"1+5": b"6"}).passed
    assert adds.runs == 4


def test_one_that_ends_before_it_has_asked_what_was_foreseen_is_our_fault(adds: Adds) -> None:
    for _ in range(3):
        adds(RIGHT)
    adds.right = frozenset(), adds.right[1]  # it fails of what it passed with
    with pytest.raises(Unforeseen):
        adds(RIGHT | {b"3+3": b"7"})


def test_an_alarm_that_rings_in_the_test_is_told_as_what_it_is_and_nothing_is_forgotten(adds: Adds) -> None:
    for _ in range(3):
        adds(RIGHT)
    adds.takes = 60.0
    with pytest.raises(Overdue), limited(0.1):
        adds(RIGHT | {b"3+3": b"7"})
    assert adds.transcripts.size > 0


def test_the_time_of_a_test_is_told_where_it_was_not_run(adds: Adds) -> None:
    """An explanation asks for it, and must not hang on whose submission was judged before."""
    adds.takes = 0.05
    first, second, served = (adds(RIGHT) for _ in range(3))
    assert first.saved == second.saved == 0.0
    assert 0.05 <= served.saved < 1.0
    assert adds.runs == 2


def test_a_worker_that_ends_at_a_question_asked_ahead_ends_the_test_as_it_ever_did(adds: Adds) -> None:
    for _ in range(3):
        adds(RIGHT)
    with pytest.raises(WorkerGone):
        adds({b"2+2": b"4"})


def test_a_pass_with_a_use_that_is_only_noted_is_not_kept_for_it_is_told(adds: Adds) -> None:
    for _ in range(4):
        adds(RIGHT, noted=PolicyBroken("loops", 3))
    assert adds.runs == 4


def test_what_is_too_large_is_not_kept(adds: Adds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST_OF_A_TEST", len(b"2+2"))
    for _ in range(4):
        assert adds(RIGHT).passed
    assert (adds.runs, adds.transcripts.size) == (4, 0)


def test_all_tests_together_keep_so_much_and_the_one_asked_for_longest_ago_goes_first() -> None:
    one = Adds(Transcripts())
    one(RIGHT)
    size = one.transcripts.size
    slot = Known(2 * size + 10)
    for name in ("first", "second", "first", "third"):
        session = Session(Worker(RIGHT))

        def body(session: Session = session) -> None:
            for question in RIGHT:
                session.transport.request(question)

        slot.run(name, body, session, {})
    assert slot.tests.bytes == 2 * size
    assert [slot.tests.get(name) is None for name in ("first", "second", "third")] == [False, True, False]


class Far(launch.Worker):
    """A worker in another process, as far as messages go."""

    def __init__(self) -> None:
        self.foretold, self.messages = (), list[tuple[bytes, ...]]()

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        self.messages.append((frame, *self.foretold))
        self.foretold = ()
        return RIGHT[frame]


def asked(slot: Known, following: Sequence[str], **tests: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """The messages of tests that pass, each with its questions; `following` comes after the first."""
    worker = Far()
    for name, questions in tests.items():
        session = Session(worker)

        def body(session: Session = session, questions: Sequence[bytes] = questions) -> None:
            for question in questions:
                session.transport.request(question)

        slot.run(name, body, session, {}, following if name == next(iter(tests)) else ())
    return worker.messages


ONE, OTHER = [b"2+2"], [b"3+3"]
BOTH = [b"2+2", b"3+3"]


def test_what_the_following_tests_ask_first_goes_out_with_the_question_before() -> None:
    slot = Known()
    for _ in range(known.SEEN):
        assert asked(slot, ["b", "c", "d"], a=ONE, b=OTHER, c=BOTH, d=ONE)[0] == (b"2+2",)
    assert asked(slot, ["b", "c", "d"], a=ONE)[0] == (b"2+2", b"3+3", b"2+2")  # c asks twice: nothing of d
    assert asked(slot, ["b"], c=BOTH)[0] == (b"2+2",)
    assert asked(slot, ["b", "unknown", "d"], a=ONE)[0] == (b"2+2", b"3+3")
    assert asked(slot, [], a=ONE)[0] == (b"2+2",)


def test_only_so_much_goes_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = Known()
    for _ in range(known.SEEN):
        asked(slot, [], a=ONE, b=OTHER)
    monkeypatch.setattr(known, "MOST_AHEAD", 2)
    assert asked(slot, ["b", "b", "b"], a=ONE)[0] == (b"2+2", b"3+3", b"3+3")
    monkeypatch.setattr(known, "MOST_BYTES_AHEAD", 5)
    assert asked(slot, ["b", "b", "b"], a=ONE)[0] == (b"2+2", b"3+3")


# Through the judge


def runs_of_double(tmp_path: Path) -> tuple[tuple[str, str, str], Callable[[], int]]:
    """A change that has the hidden test of `double` count its runs, and what reads the count."""
    counter = tmp_path / "runs"
    counter.write_text("")
    line = f"open({str(counter)!r}, 'a').write('x'); {DOUBLE}"
    return (SUITE, DOUBLE, line), lambda: len(counter.read_text())


def test_of_five_equal_submissions_the_hidden_tests_run_for_two(tmp_path: Path) -> None:
    change, runs = runs_of_double(tmp_path)
    attempts = judged_here(tiny_course(tmp_path, change), *[SOLUTION] * 5)
    assert {result.verdict for attempt in attempts for result in attempt.items} == {Verdict.PASSED}
    assert runs() == 2


def test_a_mistake_after_many_right_answers_is_rejected_and_named(tmp_path: Path) -> None:
    *_, wrong = judged_here(tiny_course(tmp_path), *[SOLUTION] * 4, answer(double="return x**2"))
    assert verdicts(wrong) == {
        "double": Verdict.FAILED, "halves": Verdict.PASSED, "slope": Verdict.PASSED, "scale": Verdict.PASSED,
    }  # fmt: skip
    assert "You squared x." in told(item(wrong, "double"))


def test_an_argument_that_is_changed_is_seen_though_the_values_are_right(tmp_path: Path) -> None:
    *_, wrong = judged_here(tiny_course(tmp_path), *[SOLUTION] * 4, answer(double="x *= 2\nreturn x"))
    assert item(wrong, "double").verdict is Verdict.FAILED


def test_a_test_with_random_questions_judges_every_submission_alike(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, DOUBLE, f"x = x + torch.rand(())\n    {DOUBLE}"))
    attempts = judged_here(course, *[SOLUTION, answer(double="return x + x")] * 4)
    assert {item(attempt, "double").verdict for attempt in attempts} == {Verdict.PASSED}


def test_tests_that_change_their_questions_late_cost_nobody_a_verdict(tmp_path: Path) -> None:
    """Both tests of `double` ask something else from their third run on: what was asked ahead was asked in vain."""
    body = f"SEEN.append(0)\n    x = x + len(SEEN) // 5\n    {DOUBLE}"
    again = f"\n\n\n@pytest.mark.item('double')\ndef test_again(student, make):\n    x = make(4)\n    {body}"
    course = tiny_course(tmp_path, (SUITE, DOUBLE, body + again), (SUITE, "@inside\n", "SEEN = []\n\n\n@inside\n"))
    almost = answer(double="return 2 * x * (1 + 1e-14)")  # right, to other bits
    sources = [SOLUTION, SOLUTION, almost, *[SOLUTION] * 4, answer(double="return x + 1")]
    with mock.patch.object(Transcripts, "forget", autospec=True, side_effect=Transcripts.forget) as forgotten:
        *right, last = judged_here(course, *sources)
    assert forgotten.call_count >= 1
    assert {item(attempt, "double").verdict for attempt in right} == {Verdict.PASSED}
    assert item(last, "double").verdict is Verdict.FAILED


MORE = """


@pytest.mark.item("double")
def test_seven(student, make):
    x = make(7)
    got = student.double(x)
    if not torch.equal(got, 2 * x):
        student.double(x + 1)
    check.close(got, 2 * x, name="y")


@pytest.mark.item("double")
def test_eight(student, make):
    x = make(8)
    check.close(student.double(x), 2 * x, name="y")
"""
SEVEN = {
    "return x if len(x) == 7 else 2 * x": Verdict.FAILED,  # and is asked once more, where test_eight was foretold
    "if len(x) == 7:\n    __import__('os')._exit(3)\nreturn 2 * x": Verdict.CRASHED,
    "if len(x) == 7:\n    raise NotImplementedError\nreturn 2 * x": Verdict.FAILED,
    "if len(x) == 8:\n    raise NotImplementedError\nreturn 2 * x": Verdict.FAILED,
    "if len(x) == 7:\n    __import__('time').sleep(60)\nreturn 2 * x": Verdict.TIMED_OUT,
    "return 2 * x": Verdict.PASSED,
}


def test_in_a_slot_who_ends_in_the_middle_of_what_was_foretold_is_judged_as_ever(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, DOUBLE, DOUBLE + MORE))
    with slots(course) as pool:
        answers = [answer(double=body) for body in SEVEN]
        ended = judged(pool, course, *[SOLUTION] * 3, *answers)[3:]
    assert [item(attempt, "double").verdict for attempt in ended] == list(SEVEN.values())
    assert all(item(attempt, id).verdict is Verdict.PASSED for attempt in ended for id in ("halves", "slope", "scale"))


def test_in_a_slot_a_slow_answer_to_what_is_asked_ahead_is_timed_out(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    slow = answer(double="import time\ntime.sleep(60)\nreturn 2 * x")
    with slots(course) as pool:
        *right, late = judged(pool, course, *[SOLUTION] * 3, slow, only=["double"])
    assert {item(attempt, "double").verdict for attempt in right} == {Verdict.PASSED}
    assert item(late, "double").verdict is Verdict.TIMED_OUT
