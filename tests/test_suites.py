"""suites: pytest as a library; a suite that is not whole is refused before any student code runs."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from autograder.course import Course
from autograder.grading.direct import Overdue, limited
from autograder.grading.suites import SuiteError, Test, raised_by_suite
from autograder.models import Verdict
from autograder.sandbox.proxy import LocalTransport, Session
from tests.tiny_course import SOLUTION, answer, item, judged_here, serve, suites_of, tiny_course

Test.__test__ = False  # type: ignore[attr-defined]
SUITE = "autograder/suites/u01_tiny/test_tiny.py"
INDIRECT = "@pytest.mark.parametrize('n', [1], indirect=True)"
DOUBLE = '@pytest.mark.item("double")\ndef test_it_is_twice_x(student, make):'


def refusal(course: Course) -> str:
    ran: list[str] = []
    with pytest.raises(SuiteError) as refused:
        serve(suites_of(course), lambda: ran.append("loop"))
    assert not ran
    return str(refused.value)


def collected(course: Course) -> dict[str, Test]:
    suites = suites_of(course)
    serve(suites)
    return {test.name: test for tests in suites.tests.values() for test in tests}


def line_of(root: Path, text: str) -> int:
    lines = (root / SUITE).read_text(encoding="utf-8").splitlines()
    return 1 + next(i for i, line in enumerate(lines) if text in line)


def opened() -> Session:
    session = Session(LocalTransport())
    session.open("tiny.py", "tiny", SOLUTION.encode(), 30.0)
    return session


def test_every_test_is_found_under_its_unit_and_item_in_the_order_of_the_file(tmp_path: Path) -> None:
    suites = suites_of(tiny_course(tmp_path))
    serve(suites)
    assert [test.name for test in suites.of("u01_tiny", "halves")] == ["test_the_first_half", "test_the_second_half"]
    assert suites.of("u01_tiny", "unheard_of") == []


def test_a_test_without_an_item_is_refused_with_the_line_to_add(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, '@pytest.mark.item("slope")\n', "")))
    assert "test_tiny.py::test_slope: mark it with @pytest.mark.item(…)" in said


def test_a_module_without_a_unit_is_refused(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, 'pytestmark = pytest.mark.unit("u01_tiny")\n', "")))
    assert "the module with pytest.mark.unit(…)" in said


def test_an_item_that_grading_yml_does_not_have_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, '@pytest.mark.item("slope")', '@pytest.mark.item("slop")')))
    assert "test_slope: grading.yml has no item u01_tiny/slop; did you mean 'slope'?" in said


def test_a_unit_that_is_not_graded_is_refused(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, 'unit("u01_tiny")', 'unit("u02_other")')))
    assert "grading.yml has no item u02_other/double" in said


def test_a_suite_that_cannot_be_imported_is_refused_with_its_line_and_reason(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, "import torch\n", "import a_module_nobody_has\n")))
    assert "test_tiny.py:2: ModuleNotFoundError: No module named 'a_module_nobody_has'" in said


def test_a_suite_with_a_syntax_error_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, "def test_slope(student, make):", "def test_slope(student, make:")))
    assert f"test_tiny.py:{line_of(tmp_path, 'def test_slope')}: SyntaxError" in said


def test_a_mark_without_a_name_is_refused_like_none(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, '@pytest.mark.item("slope")', "@pytest.mark.item")))
    assert "test_tiny.py::test_slope: mark it with @pytest.mark.item(…)" in said


def test_an_inside_function_that_cannot_travel_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refusal(tiny_course(tmp_path, (SUITE, "@inside\ndef", "@inside\n@inside\ndef")))
    assert f"test_tiny.py:{line_of(tmp_path, '@inside')}: the inside function `gradient_of_weight` has another" in said


def test_a_fixture_that_does_not_exist_is_a_fault_of_ours(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, "def test_slope(student, make):", "def test_slope(student, make, tide):"))
    (attempt,) = judged_here(course, SOLUTION)
    assert item(attempt, "slope").verdict is Verdict.GRADER_ERROR


def test_an_inside_function_that_names_what_the_worker_lacks_is_refused_with_its_line_and_the_cure(
    tmp_path: Path,
) -> None:
    course = tiny_course(tmp_path, (SUITE, "    y.sum().backward()\n", "    check.finite(y)\n"))
    said = refusal(course)
    place = f"test_tiny.py:{line_of(tmp_path, 'check.finite(y)')}"
    assert f"{place}: the inside function `gradient_of_weight` names `check`" in said
    assert "pass `check` as an argument" in said


def test_all_problems_of_a_suite_are_told_at_once(tmp_path: Path) -> None:
    said = refusal(
        tiny_course(tmp_path, (SUITE, 'item("slope")', 'item("slop")'), (SUITE, 'item("scale")', 'item("scal")'))
    )
    assert "u01_tiny/slop;" in said
    assert "u01_tiny/scal;" in said


def test_a_unit_without_a_folder_of_suites_is_refused(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    (tmp_path / SUITE).unlink()
    (tmp_path / SUITE).parent.rmdir()
    assert f"{(tmp_path / SUITE).parent} is missing" in refusal(course)


def test_the_time_limit_of_a_test_comes_from_grading_yml(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, ("grading.yml", "forbids: [autograd]\n", "seconds: 77\n"))
    tests = collected(course)

    def limit(name: str) -> object:
        mark = tests[name].node.get_closest_marker("timeout")
        return mark and mark.args[0]

    assert (limit("test_slope"), tests["test_slope"].seconds) == (77.0, 77.0)
    assert (limit("test_the_first_half"), tests["test_the_first_half"].seconds) == (3.0, 3.0)


def test_a_test_that_sets_its_own_time_limit_keeps_it(tmp_path: Path) -> None:
    mark = '@pytest.mark.timeout(1.5)\n@pytest.mark.item("slope")'
    tests = collected(tiny_course(tmp_path, (SUITE, '@pytest.mark.item("slope")', mark)))
    marks = list(tests["test_slope"].node.iter_markers("timeout"))
    assert [mark.args[0] for mark in marks] == [1.5]


def test_an_exception_in_the_loop_is_raised_again(tmp_path: Path) -> None:
    def breaks() -> None:
        raise ConnectionError("the coordinator is gone")

    with pytest.raises(ConnectionError, match="the coordinator is gone"):
        serve(suites_of(tiny_course(tmp_path)), breaks)


def test_a_test_that_fails_says_nothing_and_gives_its_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (attempt,) = judged_here(tiny_course(tmp_path), answer(double="return x"))
    assert item(attempt, "double").verdict is Verdict.FAILED
    assert capfd.readouterr() == ("", "")


# How a test is called: as the function it is, where pytest has no part in it


@pytest.mark.parametrize(
    ("new", "direct"),
    [
        (DOUBLE, True),
        (f"@pytest.mark.parametrize('n', [1])\n{DOUBLE}", True),
        (f"@pytest.mark.filterwarnings('ignore')\n{DOUBLE}", False),
        (f"@pytest.mark.timeout(timeout=2)\n{DOUBLE}", False),
        (f"@pytest.fixture(autouse=True)\ndef ours(): ...\n\n\n{DOUBLE}", False),
        (
            f"@pytest.fixture\ndef n(request): return request.param\n\n\n{INDIRECT}\n{DOUBLE}",
            False,
        ),
    ],
    ids=["plain", "with parameters", "with a mark", "with a limit by name", "with a fixture", "with an indirect one"],
)
def test_a_test_is_called_without_pytest_only_where_that_has_no_part_in_it(
    tmp_path: Path, new: str, direct: bool
) -> None:
    changed = new.replace("(student, make)", "(student, make, n)") if "'n'" in new else new
    course = tiny_course(tmp_path, (SUITE, DOUBLE, changed))
    found = next(test for name, test in collected(course).items() if name.startswith("test_it_is_twice_x"))
    assert (found.direct is not None) is direct
    wrong, right = judged_here(course, answer(double="return x"), SOLUTION)
    assert item(right, "double").verdict is Verdict.PASSED
    assert item(wrong, "double").verdict is Verdict.FAILED


def test_a_test_that_is_skipped_judges_nothing(tmp_path: Path) -> None:
    skipped = f"{DOUBLE}\n    pytest.skip('not today')"
    (attempt,) = judged_here(tiny_course(tmp_path, (SUITE, DOUBLE, skipped)), SOLUTION)
    assert item(attempt, "double").verdict is Verdict.GRADER_ERROR


def test_a_test_whose_time_is_over_ends_and_the_alarm_of_whoever_called_it_is_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Overdue, match=r"not done within 0\.05 s"), limited(0.05):
        time.sleep(60)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] in (0.0, pytest.approx(120, abs=120))  # pytest-timeout's own


def test_an_alarm_that_rings_while_a_failure_is_written_down_changes_nothing(tmp_path: Path) -> None:
    alarm = [pytest.fail.Exception("Timeout (>5.0s) from pytest-timeout.")]
    report = pytest.TestReport

    def interrupted(*args: Any, **kwargs: Any) -> pytest.TestReport:
        if args[5] == "call" and alarm:
            raise alarm.pop()
        return report(*args, **kwargs)

    course = tiny_course(tmp_path, (SUITE, DOUBLE, f"@pytest.mark.filterwarnings('ignore')\n{DOUBLE}"))
    with mock.patch.object(pytest, "TestReport", interrupted):
        wrong, right = judged_here(course, answer(double="return x"), SOLUTION)
    assert not alarm
    assert item(wrong, "double").verdict is Verdict.FAILED
    assert {result.verdict for result in right.items} == {Verdict.PASSED}


def test_the_same_test_can_be_run_again_and_again_with_the_same_inputs(tmp_path: Path) -> None:
    suites = suites_of(tiny_course(tmp_path))
    inputs: list[object] = []

    def loop() -> None:
        (test,) = suites.of("u01_tiny", "double")
        for _ in range(3):
            session = opened()
            assert suites.run(test, session).error is None
            inputs.append(session.trace[0].arguments[0].tolist())  # type: ignore[attr-defined]

    serve(suites, loop)
    assert len(inputs) == 3
    assert inputs[0] == inputs[1] == inputs[2]


def test_a_fault_of_a_suite_is_told_to_staff_with_its_file_and_line(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, "student.slope(x), 3 * x**2", "student.slope(x), 1 / 0"))
    (attempt,) = judged_here(course, SOLUTION)
    place = f"test_tiny.py:{line_of(tmp_path, '1 / 0')}"
    assert item(attempt, "slope").staff.startswith(f"{place}: ZeroDivisionError: division by zero")


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert raised_by_suite(ValueError("no")) == "ValueError: no"
