"""console: how a run is told to a person, to a program, or to nobody."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from autograder.console import ENOUGH, Lines, Pace, Progress, Silent, voice
from autograder.models import ItemResult, Verdict, msg
from tests.tiny_course import submission

AN = submission("", "an")
PASSED = ItemResult("double", Verdict.PASSED, 2.0, 2.0, seconds=0.5)
FAILED = ItemResult("halves", Verdict.FAILED, 0.0, 4.0)
OURS = ItemResult("slope", Verdict.GRADER_ERROR, 0.0, 1.0)


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def progress(clock: Clock, lang: str = "en") -> Progress:
    return Progress(msg("grading"), lang, clock, Console(file=io.StringIO()))


def test_a_pace_is_told_only_when_enough_has_ended(clock: Clock) -> None:
    pace = Pace(clock)
    pace.begin(100, 40)
    for _ in range(ENOUGH - 1):
        pace.step()
    clock.now += 2.0
    assert (pace.rate, pace.left) == (None, None)
    pace.step()
    assert pace.rate == ENOUGH / 2.0
    assert pace.left == (100 - 40 - ENOUGH) / (ENOUGH / 2.0)


def test_what_was_kept_from_an_earlier_run_makes_nothing_faster(clock: Clock) -> None:
    pace = Pace(clock)
    pace.begin(10, 7)
    clock.now += 1.0
    assert pace.rate is None


def test_the_start_of_the_slots_makes_nothing_slower(clock: Clock) -> None:
    with progress(clock) as told:
        told.start(10, 0)
        clock.now += 60.0
        told.judging(list)
        clock.now += 4.0
        for _ in range(4):
            told.over(AN, [PASSED])
        assert told.told() == "1.0/s, 6 s left"


def test_a_person_is_told_the_rate_the_time_left_the_failures_and_what_is_slow(clock: Clock) -> None:
    with progress(clock) as told:
        told.start(10, 0)
        told.judging(lambda: [("an", "train_mlp", 14.2), ("binh", "double", 0.2)])
        clock.now += 2.0
        for result in (PASSED, FAILED, OURS):
            told.item(AN, result)
        for _ in range(4):
            told.over(AN, [PASSED])
        assert told.told() == "2.0/s, 3 s left, failed: 1, 1 not scored, slow: an train_mlp 14 s"


def test_it_is_told_in_vietnamese(clock: Clock) -> None:
    with progress(clock, "vi") as told:
        told.start(1000, 0)
        clock.now += 60.0
        for _ in range(30):
            told.over(AN, [PASSED])
        assert told.told() == "30.0/phút, còn 32 phút"


def test_nothing_is_told_before_there_is_anything(clock: Clock) -> None:
    with progress(clock) as told:
        assert told.told() == ""


def test_a_program_is_told_each_event_on_a_line(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(clock) as told:
        told.run(0, 2)
        told.start(3, 1)
        clock.now += 2.0
        told.item(AN, PASSED)
        told.item(AN, OURS)
        told.over(AN, [PASSED, OURS])
    start, passed, ours, over = map(json.loads, capsys.readouterr().out.splitlines())
    assert start == {"event": "start", "submissions": 3, "kept": 1, "run": 1, "runs": 2}
    assert passed == {
        "event": "item", "student": "an", "unit": "u01_tiny", "item": "double", "verdict": "passed", "score": 2.0,
        "max_score": 2.0, "seconds": 0.5,
    }  # fmt: skip
    assert (ours["verdict"], ours["score"]) == ("grader_error", None)
    assert over == {
        "event": "submission", "student": "an", "unit": "u01_tiny", "done": 2, "of": 3, "per_second": None,
        "seconds_left": None,
    }  # fmt: skip


def test_the_quiet_voice_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with voice(msg("grading"), "en", quiet=True) as told:
        assert type(told) is Silent
        told.start(1, 0)
        told.item(AN, PASSED)
        told.over(AN, [PASSED])
        told.download("a", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_machine_that_is_left_out_is_told_as_it_is(clock: Clock) -> None:
    file = io.StringIO()
    with Progress(msg("grading"), "en", clock, Console(file=file, width=200)) as told:
        told.left_out("left out: tcp://host:1: it has [python 3.12] (here 3.11.7)")
    assert file.getvalue() == "left out: tcp://host:1: it has [python 3.12] (here 3.11.7)\n"
