"""score: outcomes of hidden tests → one verdict and points."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from autograder.course import Credit, Item, Ramp
from autograder.grading.score import PRECEDENCE, Outcome, result
from autograder.models import Attempt, Diagnosis, Text, Verdict, msg
from autograder.words import say

ITEM = Item("f", "f", Text("F", "F"), 4.0, 5, 1, (Text("look", "xem"),))
FRACTION = replace(ITEM, credit=Credit("fraction"))
RAMP = replace(ITEM, credit=Credit("ramp", Ramp(0.90, 0.95), practice=Ramp(0.5, 0.7)))
PASSED = Outcome(Verdict.PASSED)
SIGN = Diagnosis("sign", msg("the sign is flipped"))
FAILED = Outcome(Verdict.FAILED, (SIGN,), (msg("The call: {call}", call="f(x)"),))
UNSCORED = Outcome(Verdict.GRADER_ERROR, staff="test_f.py:3: KeyError: 'dx'")


def measured(value: float) -> Outcome:
    return Outcome(Verdict.PASSED, metrics={"accuracy": value})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("graver", "lighter"), list(pairwise(PRECEDENCE[:-1])))
def test_the_gravest_outcome_names_the_item_whatever_the_order(graver: Verdict, lighter: Verdict, order: int) -> None:
    outcomes = [Outcome(graver), Outcome(lighter), PASSED][::order]
    assert result(ITEM, outcomes, 3).verdict is graver


def test_every_verdict_has_its_place_in_the_precedence() -> None:
    assert sorted(PRECEDENCE) == sorted(Verdict)


def test_an_item_of_which_half_is_written_is_failed_not_unattempted() -> None:
    assert result(ITEM, [PASSED, Outcome(Verdict.NOT_ATTEMPTED)], 2).verdict is Verdict.FAILED
    assert result(ITEM, [Outcome(Verdict.NOT_ATTEMPTED)], 2).verdict is Verdict.NOT_ATTEMPTED


def test_credit_all_gives_its_points_for_all_tests_and_nothing_for_fewer() -> None:
    assert result(ITEM, [PASSED, PASSED], 2).score == 4.0
    assert result(ITEM, [PASSED, FAILED], 2).score == 0.0


def test_credit_fraction_counts_the_tests_that_passed() -> None:
    assert result(FRACTION, [PASSED, FAILED, PASSED], 3).score == 2.6667
    assert result(FRACTION, [PASSED, PASSED, PASSED], 3).score == 4.0


def test_a_test_that_was_not_run_after_an_abnormal_end_earns_nothing() -> None:
    stopped = result(FRACTION, [PASSED, Outcome(Verdict.TIMED_OUT)], 4)
    assert (stopped.verdict, stopped.score) == (Verdict.TIMED_OUT, 1.0)


def test_a_broken_policy_earns_nothing_not_even_a_fraction() -> None:
    assert result(FRACTION, [PASSED, PASSED, Outcome(Verdict.BLOCKED)], 3).score == 0.0


RAMPS = [
    # accuracy, practice, score, verdict
    (0.80, False, 0.0, Verdict.FAILED),
    (0.90, False, 0.0, Verdict.FAILED),
    (0.925, False, 2.0, Verdict.FAILED),
    (0.95, False, 4.0, Verdict.PASSED),
    (1.0, False, 4.0, Verdict.PASSED),
    (0.5, True, 0.0, Verdict.FAILED),
    (0.6, True, 2.0, Verdict.FAILED),
    (0.7, True, 4.0, Verdict.PASSED),
]


@pytest.mark.parametrize(("accuracy", "practice", "score", "verdict"), RAMPS)
def test_credit_ramp_grows_with_the_metric(accuracy: float, practice: bool, score: float, verdict: Verdict) -> None:
    found = result(RAMP, [PASSED, measured(accuracy)], 2, practice=practice)
    assert found.score == pytest.approx(score)
    assert found.verdict is verdict


def test_a_ramp_without_a_ramp_for_practice_is_the_same_on_generated_data() -> None:
    strict = replace(RAMP, credit=Credit("ramp", Ramp(0.90, 0.95)))
    assert result(strict, [measured(0.8)], 1, practice=True).score == 0.0


def test_of_several_metrics_the_least_one_counts() -> None:
    assert result(RAMP, [measured(0.99), measured(0.925)], 2).score == pytest.approx(2.0)


def test_a_ramp_earns_nothing_when_another_test_of_the_item_fails() -> None:
    assert result(RAMP, [measured(0.99), FAILED], 2).score == 0.0


def test_a_ramp_whose_test_measured_nothing_earns_nothing() -> None:
    assert result(RAMP, [PASSED], 1).score == 0.0


def test_a_fault_of_ours_makes_the_attempt_unscored_whatever_else_passed() -> None:
    unscored = result(FRACTION, [PASSED, UNSCORED], 2)
    attempt = Attempt("an", "u01", (unscored, result(ITEM, [PASSED], 1)))
    assert unscored.verdict is Verdict.GRADER_ERROR
    assert attempt.score is None
    assert attempt.max_score == 8.0


def test_staff_read_what_went_wrong_in_a_fault_of_ours() -> None:
    assert result(ITEM, [UNSCORED], 1).staff == "test_f.py:3: KeyError: 'dx'"


def test_the_first_test_that_failed_explains_the_item() -> None:
    found = result(ITEM, [PASSED, FAILED, Outcome(Verdict.FAILED, (Diagnosis("shape", msg("the shape")),))], 3)
    assert [diagnosis.code for diagnosis in found.diagnoses] == ["sign"]
    assert found.feedback == FAILED.feedback


def test_the_reason_that_is_shown_is_that_of_the_verdict() -> None:
    hang = Outcome(Verdict.TIMED_OUT, (Diagnosis("timed_out", msg("too long")),))
    assert [diagnosis.code for diagnosis in result(ITEM, [FAILED, hang], 2).diagnoses] == ["timed_out"]


def test_a_passed_item_is_explained_by_nothing() -> None:
    passed = result(ITEM, [PASSED], 1)
    assert (passed.diagnoses, passed.feedback) == ((), ())


@pytest.mark.parametrize("level", ["full", "cause", "verdict"])
def test_the_record_has_the_cause_at_every_feedback_level_for_the_staff(level: str) -> None:
    found = result(replace(ITEM, feedback=level), [FAILED], 1)
    assert (found.verdict, found.diagnoses, found.feedback) == (Verdict.FAILED, FAILED.diagnoses, FAILED.feedback)


def test_the_seconds_of_an_item_are_those_of_its_tests() -> None:
    assert result(ITEM, [replace(PASSED, seconds=0.25), replace(PASSED, seconds=0.5)], 2).seconds == 0.75


def test_a_metric_below_the_full_mark_is_told_with_the_mark() -> None:
    judged = result(RAMP, [measured(0.93)], 1)
    assert [diagnosis.code for diagnosis in judged.diagnoses] == ["below_the_mark"]
    assert say(judged.diagnoses[0].words, "en") == "It works: accuracy 0.93; full points begin at 0.95."
