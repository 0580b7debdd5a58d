"""explain: why a test failed, by replaying it through the known mistakes of its item."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from autograder.course import Course
from autograder.grading import explain as explain_module
from autograder.models import Attempt, ItemResult, Verdict
from autograder.words import say
from tests.tiny_course import SOLUTION, answer, change, item, judged_here, tiny_course, told

BANK = "autograder/mistakes/u01_tiny.py"


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_module, "SLOW", 60.0)  # a busy machine is no reason to say less
    monkeypatch.setattr(explain_module, "BUDGET", 60.0)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path)


def failed(course: Course, id: str, body: str) -> ItemResult:
    (attempt,) = judged_here(course, answer(**{id: body}))
    found = item(attempt, id)
    assert found.verdict is Verdict.FAILED
    return found


def codes(found: ItemResult) -> list[str]:
    return [diagnosis.code for diagnosis in found.diagnoses]


def test_a_known_mistake_is_named_with_the_words_and_the_hint_of_its_author(course: Course) -> None:
    found = failed(course, "double", "return x * x")
    assert codes(found) == ["squares_instead_of_doubling"]
    cause = found.diagnoses[0]
    assert say(cause.words, "en") == "You squared x."
    assert say(cause.words, "vi") == "Bạn đã bình phương x."
    assert cause.hint is not None
    assert say(cause.hint, "en") == "2 · x"


def test_a_mistake_that_leaves_a_switch_off_does_not_leave_it_off_in_the_grader(course: Course) -> None:
    change(
        course.root / BANK,
        "squares_instead_of_doubling(x):\n",
        "squares_instead_of_doubling(x):\n    torch.set_grad_enabled(False)\n",
    )
    assert codes(failed(course, "double", "return x * x")) == ["squares_instead_of_doubling"]
    assert torch.is_grad_enabled()


def test_a_mistake_is_known_by_its_values_however_it_was_written(course: Course) -> None:
    assert codes(failed(course, "double", "y = x.clone()\ny += 1\nreturn y + 1")) == ["adds_two"]


def test_a_mistake_that_rounds_differently_is_still_known(course: Course) -> None:
    found = failed(course, "double", "return torch.exp(2 * torch.log(x.abs()))")
    assert codes(found) == ["squares_instead_of_doubling"]


def test_a_near_miss_is_not_called_by_a_name_it_does_not_have(course: Course) -> None:
    found = failed(course, "double", "return x**2 + 1e-3")
    assert "squares_instead_of_doubling" not in codes(found)
    assert "You squared x." not in told(found)
    assert codes(found)


def test_a_mistake_in_a_class_is_named(course: Course) -> None:
    assert codes(failed(course, "scale", "return x / self.weight")) == ["Divides"]


def test_a_mistake_that_changes_its_argument_is_named(course: Course) -> None:
    assert codes(failed(course, "double", "return x.mul_(2)")) == ["doubles_in_place"]


def test_a_mistake_that_raises_keeps_the_students_own_line(tmp_path: Path) -> None:
    raises = '@mistake("double", kind="api", en="A list has no power.", vi="x")\ndef of_a_list(x):\n'
    raises += "    return x.tolist() ** 2\n\n\n"
    first = '@alternative("double")\ndef by_adding(x):'
    course = tiny_course(tmp_path, (BANK, first, raises + first))
    found = failed(course, "double", "numbers = x.tolist()\nreturn numbers**2")
    assert codes(found) == ["of_a_list", "raised"]
    assert "`return numbers**2`" in told(found)


def test_what_no_mistake_explains_keeps_the_words_of_the_check(course: Course) -> None:
    found = failed(course, "double", "return (2 * x).float()")
    assert codes(found) == ["dtype"]


def test_a_mistake_of_another_item_is_not_looked_at(course: Course) -> None:
    assert "exponent_stays" not in codes(failed(course, "double", "return 3 * x**3"))


@pytest.mark.parametrize(("patience", "named"), [(60.0, True), (0.0, False)])
def test_a_test_that_took_long_is_replayed_through_the_bank_and_one_that_took_longer_is_not(
    course: Course, monkeypatch: pytest.MonkeyPatch, patience: float, named: bool
) -> None:
    monkeypatch.setattr(explain_module, "SLOW", 0.0)
    monkeypatch.setattr(explain_module, "PATIENCE", patience)
    assert ("squares_instead_of_doubling" in codes(failed(course, "double", "return x**2"))) is named
    assert codes(failed(course, "double", "return x - x.mean()")) == ["values"]


def test_a_replay_stops_when_its_time_is_spent(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_module, "BUDGET", -1.0)
    assert "squares_instead_of_doubling" not in codes(failed(course, "double", "return x**2"))


def test_a_unit_without_a_bank_still_tells_what_the_check_found(course: Course) -> None:
    (course.root / BANK).unlink()
    assert codes(failed(course, "double", "return x.float()")) == ["dtype"]


def test_a_replay_leaves_no_trace_in_the_submissions_after_it(course: Course) -> None:
    def results(attempt: Attempt) -> list[tuple[Verdict, list[str]]]:
        return [(found.verdict, codes(found)) for found in attempt.items]

    wrong = answer(double="return x**2", slope="return x**2", scale="return x / self.weight")
    first, right, again = judged_here(course, wrong, SOLUTION, wrong)
    assert results(first) == results(again)
    assert {verdict for verdict, _ in results(right)} == {Verdict.PASSED}


def test_the_words_never_hold_the_name_of_the_hidden_test(course: Course) -> None:
    said = told(failed(course, "double", "return x**2"))
    assert "twice" not in said
    assert "test_" not in said


EMPTY = """
@pytest.mark.item("double")
@check.about("waits", en="Nothing to double is no error.", vi="Không có gì để nhân đôi thì không phải là lỗi.")
def test_nothing(student):
    check.close(student.double(torch.zeros(0)), torch.zeros(0), name="double of nothing")
"""
SUITE = "autograder/suites/u01_tiny/test_tiny.py"


def test_what_raises_only_in_a_test_of_one_thing_is_told_by_its_sentence_and_the_line(course: Course) -> None:
    suite = course.root / SUITE
    suite.write_text(suite.read_text() + EMPTY)
    found = failed(course, "double", "if not len(x):\n    raise KeyError(x)\nreturn 2 * x")
    assert codes(found) == ["waits", "raised"]
    assert "Nothing to double is no error." in told(found)
    assert "`raise KeyError(x)`" in told(found)


def test_what_raises_everywhere_is_not_told_by_the_sentence_of_one_test(course: Course) -> None:
    suite = course.root / SUITE
    suite.write_text(suite.read_text() + EMPTY)
    assert codes(failed(course, "double", "raise KeyError(x)")) == ["raised"]


def test_what_a_check_saw_stands_beside_a_slip_without_a_guess_of_its_own(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.slips.verdict.UNSURE", frozenset())  # this one would be told to nobody
    change(course.root / "solutions/u01_tiny/tiny.py", "x[:n].clone()", "torch.where(x * x >= 0, x, 0 * x)[:n]")
    found = failed(course, "halves", "n = len(x) // 2\nreturn 0 * x[:n], x[n:]")
    assert codes(found)[0].startswith("slip_"), codes(found)
    assert "zeros" in codes(found)
    assert [diagnosis.hint for diagnosis in found.diagnoses[1:]] == [None]


def test_a_slip_that_leaves_out_what_stands_in_the_source_is_not_told(course: Course) -> None:
    change(course.root / "solutions/u01_tiny/tiny.py", "    return 2 * x\n", "    return x.mul(2).abs() * x.sign()\n")
    assert codes(failed(course, "double", "return 2 * abs(x)"))[0] != "slip_function_missing"
