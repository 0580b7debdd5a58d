"""The student's board, on tiny courses that are written for one test each."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

# Modules with C code stay loaded: an inner run, which forgets what it imported, must not import them again.
import autograder.checks
import autograder.course  # noqa: F401
from autograder.board import blocks, score, values
from autograder.board.calls import watched
from autograder.board.lines import WIDTH
from autograder.board.records import BrokenFile, ItemRow, Place, Score, Trouble, UnitRow
from autograder.models import Text, Verdict, msg

pytest_plugins = ["pytester"]

KIT = Path(__file__).resolve().parent.parent

GRADING = """\
course: {id: demo, title: {en: Demo, vi: Demo}, language: en}
limits: {item_seconds: 20}
units:
  - id: u01_tensors
    module: tensors
    title: {en: Tensors, vi: Tensor}
    items:
      - {id: double, title: {en: Twice as much, vi: Gấp đôi}, points: 2, minutes: 5, difficulty: 1,
         hints: [{en: Try multiplication., vi: Thử phép nhân.}, {en: Write 2 * x., vi: Viết 2 * x.}]}
      - {id: halve, title: {en: Half of it, vi: Một nửa}, points: 1, minutes: 5, difficulty: 1, seconds: 0.5,
         hints: [{en: Divide., vi: Chia.}]}
      - {id: small_net, symbol: SmallNet, title: {en: A small network, vi: Mạng nhỏ}, points: 3, minutes: 10,
         difficulty: 2, hints: [{en: A hint., vi: Gợi ý.}]}
  - id: u02_more
    module: more
    title: {en: More, vi: Thêm}
    items:
      - {id: track, title: {en: Track it, vi: Theo dõi}, points: 4, minutes: 10, difficulty: 2,
         hints: [{en: The only hint., vi: Gợi ý duy nhất.}]}
      - {id: double, title: {en: Double again, vi: Gấp đôi lần nữa}, points: 1, minutes: 1, difficulty: 1,
         hints: [{en: Not like before., vi: Không như trước.}]}
"""

TESTS = """\
import pytest
from autograder import checks as check
from u01_tensors import tensors

pytestmark = pytest.mark.unit("u01_tensors")

@pytest.mark.item("double")
def test_doubles():
    check.number(tensors.double(3), 6, name="double(3)")

@pytest.mark.item("double")
def test_doubles_nothing():
    check.number(tensors.double(0), 0, name="double(0)")

@pytest.mark.item("halve")
def test_halves():
    check.number(tensors.halve(3.0), 1.5, name="halve(3.0)")
"""

QUICK_TESTS = """\
import pytest
from u01_tensors import tensors

pytestmark = pytest.mark.unit("u01_tensors")

@pytest.mark.item("double")
def test_doubles():
    assert tensors.double(3) == 6

@pytest.mark.item("halve")
def test_halves():
    assert tensors.halve(3.0) == 1.5
"""  # without torch: for runs in a process of their own

NET_TESTS = """
@pytest.mark.item("small_net")
def test_adds():
    net = tensors.SmallNet(2)
    check.number(
        net.add(1),
        3,
        name="net.add(1)",
    )
"""

MORE = """\
import pytest
from u02_more import more

pytestmark = pytest.mark.unit("u02_more")

@pytest.mark.item("track")
def test_tracks():
    assert more.track(1) == 1
"""

STUB = "def double(x):\n    # TODO: double it\n    raise NotImplementedError('double')\n"
DOUBLE = "def double(x):\n    return 2 * x\n"
HALVE = "def halve(x):\n    return x / 2\n"
HALVE_STUB = "def halve(x):\n    raise NotImplementedError('halve')\n"

Board = Callable[..., pytest.RunResult]


class Course:
    """A course in a folder of its own, and pytest as a student types it there."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester, self.root = pytester, pytester.path
        self.write("grading.yml", GRADING)
        self.write(
            "pytest.ini",
            "[pytest]\naddopts = -p autograder.board --import-mode=importlib --strict-markers\n"
            f"pythonpath = exercises {KIT.as_posix()}\n",
        )
        self.write("exercises/u01_tensors/test_tensors.py", TESTS)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def student(self, *parts: str) -> None:
        self.write("exercises/u01_tensors/tensors.py", "\n\n".join(parts))

    def more(self, source: str) -> None:
        self.write("exercises/u02_more/test_more.py", MORE)
        self.write("exercises/u02_more/more.py", source)

    def pytest(self, *args: str) -> "Run":
        return Run(self.pytester.runpytest_inprocess(*(args or ("exercises",))))

    def process(self, *args: str) -> "Run":
        """In a process of its own: where signals, timers or imports matter."""
        return Run(self.pytester.runpytest_subprocess(*(args or ("exercises",)), timeout=60))


class Run:
    def __init__(self, result: pytest.RunResult) -> None:
        self.code, self.lines, self.errors = int(result.ret), result.outlines, result.stderr.str()
        self.text = "\n".join(self.lines)

    @property
    def board(self) -> str:
        """From the score board on."""
        return self.text[max(self.text.find(" score board "), self.text.find(" bảng điểm ")) :]

    def words(self) -> str:
        """The text without line breaks and columns."""
        return " ".join(self.text.split())


@pytest.fixture
def course(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.delenv("COURSE_LANG", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not path.startswith(str(KIT / "exercises"))])
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:benchmark -p no:cacheprovider")
    return Course(pytester)


# to do, done, failing


def test_an_untouched_stub_is_to_do_and_no_failure_is_printed(course: Course) -> None:
    course.student(STUB, HALVE)
    run = course.pytest()
    assert "test_tensors.py tt." in run.text
    assert "FAILURES" not in run.text
    assert "NotImplementedError" not in run.text
    assert "2 to do" in run.lines[-1]
    assert run.code == 1


def test_everything_done_exits_with_0_and_says_so(course: Course) -> None:
    course.student(DOUBLE, HALVE)
    run = course.pytest()
    assert run.code == 0
    assert "u01_tensors                 2        0         0       3/3  [################]" in run.board
    assert "All that you asked for is done. Well done!" in run.board


def test_the_board_names_the_next_item_and_what_to_type(course: Course) -> None:
    course.student(DOUBLE, HALVE_STUB)
    assert "Next: halve (Half of it, about 5 min):" in course.pytest().board
    assert "pytest exercises/u01_tensors --hint halve" in course.pytest().board


def test_an_item_is_done_only_when_all_its_tests_passed(course: Course) -> None:
    course.student("def double(x):\n    return 6\n", HALVE)
    assert "u01_tensors                 1        0         1       1/3" in course.pytest().board


def test_v_says_todo(course: Course) -> None:
    course.student(STUB, HALVE)
    assert "::test_doubles TODO" in course.pytest("exercises", "-v").text


def test_x_stops_at_the_first_that_is_to_do(course: Course) -> None:
    course.student(STUB, HALVE)
    run = course.pytest("exercises", "-x")
    assert run.code == 1
    assert "1 to do" in run.lines[-1]
    assert "not run: halve" in run.board


def test_k_takes_the_id_of_an_item(course: Course) -> None:
    course.student(DOUBLE, HALVE_STUB)
    run = course.pytest("exercises", "-k", "double")
    assert run.code == 0
    assert "2 passed, 1 deselected" in run.lines[-1]
    assert "2/2" in run.board


def test_only_what_was_asked_for_is_counted(course: Course) -> None:
    course.student(DOUBLE, HALVE)
    course.more("def track(x):\n    raise NotImplementedError\n")
    assert "u02_more" not in course.pytest("exercises/u01_tensors").text
    assert "all units                   2        1         0       3/7" in course.pytest("exercises").board


def test_lf_runs_what_is_to_do_again(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:benchmark")
    course.student(DOUBLE, HALVE_STUB)
    course.pytest()
    assert "1 to do" in course.pytest("exercises", "--lf").lines[-1]


def test_collect_only_lists_and_shows_no_board(course: Course) -> None:
    course.student(STUB, HALVE)
    run = course.pytest("exercises", "--collect-only", "-q")
    assert run.code == 0
    assert "score board" not in run.text
    assert "test_tensors.py::test_halves" in run.text


def test_qq_says_it_in_one_line(course: Course) -> None:
    course.student(DOUBLE, HALVE_STUB)
    run = course.pytest("exercises", "-qq")
    assert "1 done, 1 to do, 0 failing, 2 of 3 points" in run.text


def test_a_junit_file_of_pytest_holds_the_words_too(course: Course) -> None:
    course.student(STUB, HALVE)
    course.pytest("exercises", "--junitxml=junit.xml")
    text = (course.root / "junit.xml").read_text(encoding="utf-8")
    assert 'message="double: Twice as much: to do"' in text
    assert "Traceback" not in text


def test_a_skipped_test_is_not_counted(course: Course) -> None:
    course.student(DOUBLE)
    course.write(
        "exercises/u01_tensors/test_tensors.py",
        TESTS.replace('@pytest.mark.item("halve")', '@pytest.mark.skip\n@pytest.mark.item("halve")'),
    )
    run = course.pytest()
    assert run.code == 0
    assert "2/2" in run.board


def test_a_stub_met_inside_a_fixture_is_to_do_as_well(course: Course) -> None:
    course.student(STUB)
    course.write(
        "exercises/u01_tensors/test_tensors.py",
        "import pytest\nfrom u01_tensors import tensors\npytestmark = pytest.mark.unit('u01_tensors')\n"
        "@pytest.fixture\ndef six():\n    return tensors.double(3)\n"
        "@pytest.mark.item('double')\ndef test_doubles(six):\n    assert six == 6\n",
    )
    run = course.pytest()
    assert "1 to do" in run.lines[-1]
    assert "ERRORS" not in run.text


def test_a_test_without_an_item_is_left_alone(course: Course) -> None:
    file = course.write("tests/test_kit.py", "def test_it():\n    raise NotImplementedError('mine')\n")
    run = course.pytest(str(file))
    assert run.code == 1
    assert "score board" not in run.text
    assert ">       raise NotImplementedError('mine')" in run.text
    assert "1 failed" in run.lines[-1]


# a failing item


def test_a_failing_item_shows_the_call_the_answer_and_what_is_wanted(course: Course) -> None:
    course.student("def double(x):\n    return x + 2\n", HALVE)
    text = course.pytest().words()
    assert "double: Twice as much call double(3) came back 5 (int) wanted 6 (int)" in text
    assert "your code exercises/u01_tensors/tensors.py:1 def double(x): likely cause" in text
    assert "try again pytest exercises/u01_tensors -k double" in text
    assert "a hint pytest exercises/u01_tensors --hint double" in text


def test_no_traceback_and_no_line_of_the_kit_is_printed(course: Course) -> None:
    course.student("def double(x):\n    return x.nothing\n", HALVE)
    run = course.pytest()
    assert "Traceback" not in run.text
    assert str(KIT) not in run.text.replace(f"{KIT}/.venv", "")
    assert "autograder/" not in run.text


def test_an_exception_of_the_student_names_the_line_and_its_text(course: Course) -> None:
    course.student("def double(x):\n    return helper(x)\n\n\ndef helper(x):\n    return x / 0  # oh\n", HALVE)
    text = course.pytest().words()
    assert "raised ZeroDivisionError: division by zero" in text
    assert "your line exercises/u01_tensors/tensors.py:6 return x / 0 # oh" in text


ASKS = """
@pytest.mark.item("double")
@check.about("mode", en="Left on.", vi="Vẫn bật.", when=("none",))
def test_refuses():
    with check.raises(ValueError, name="double(None)"):
        tensors.double(None)
"""


def test_where_a_test_s_own_sentence_does_not_fit_the_line_that_raised_is_still_shown(course: Course) -> None:
    course.write("exercises/u01_tensors/test_tensors.py", TESTS + ASKS)
    course.student("def double(x):\n    return 2 * [x][0 if x is not None else 1]\n", HALVE)
    text = course.pytest().words()
    assert "double(None) raised IndexError; a ValueError is wanted" in text
    assert "raised IndexError: list index out of range" in text
    assert "tensors.py:2" in text


def test_a_class_is_shown_by_the_line_of_the_test(course: Course) -> None:
    course.write("exercises/u01_tensors/test_tensors.py", TESTS + NET_TESTS)
    course.student(
        DOUBLE, HALVE, "class SmallNet:\n    def __init__(self, n): self.n = n\n    def add(self, x): return 4\n"
    )
    text = course.pytest().words()
    assert 'test check.number( net.add(1), 3, name="net.add(1)", )' in text
    assert "try again pytest exercises/u01_tensors -k small_net" in text
    assert "tensors.py:9" in text


@pytest.mark.parametrize("style", ["short", "long", "native"])
def test_an_explicit_tb_gives_pytests_traceback_in_addition(course: Course, style: str) -> None:
    course.student("def double(x):\n    return x / 0\n", HALVE)
    run = course.pytest("exercises", f"--tb={style}")
    assert "try again" in run.text
    assert "test_tensors.py" in run.text.split("a hint")[1]
    assert "ZeroDivisionError" in run.text.split("a hint")[1]


def test_tb_no_shows_no_block(course: Course) -> None:
    course.student("def double(x):\n    return x / 0\n", HALVE)
    assert "try again" not in course.pytest("exercises", "--tb=no").text


def test_a_wrong_name_is_answered_with_did_you_mean(course: Course) -> None:
    course.student("def duble(x):\n    return 2 * x\n", HALVE)
    text = course.pytest().words()
    assert "tensors has no double: did you mean duble?" in text
    assert "your code exercises/u01_tensors/tensors.py:1 def duble(x):" in text


def test_a_name_unlike_any_other_is_said_to_be_missing(course: Course) -> None:
    course.student(HALVE)
    assert "tensors has no double: the tests look for exactly this name." in course.pytest().words()


def test_a_forgotten_return_is_the_likely_cause_of_none(course: Course) -> None:
    course.write(
        "exercises/u01_tensors/test_tensors.py",
        "import pytest\nfrom u01_tensors import tensors\npytestmark = pytest.mark.unit('u01_tensors')\n"
        "@pytest.mark.item('double')\ndef test_pair():\n    a, b = tensors.double(3)\n",
    )
    course.student("def double(x):\n    2 * x\n")
    assert "double returned None: is a return statement missing?" in course.pytest().words()


def test_a_stub_behind_a_working_item_makes_it_to_do(course: Course) -> None:
    course.student("def double(x):\n    return 4 * halve(x)\n", HALVE_STUB)
    assert "3 to do" in course.pytest().lines[-1]


def test_exit_in_a_function_costs_this_item_only(course: Course) -> None:
    course.student("def double(x):\n    exit(3)\n", HALVE)
    run = course.pytest()
    assert "Your code ended Python (exit or quit): return a value instead." in run.words()
    assert "2 failed, 1 passed" in run.lines[-1]


def test_control_characters_of_the_student_do_not_reach_the_terminal(course: Course) -> None:
    course.student("def double(x):\n    raise ValueError('\\x1b[31mred\\x1b[0m \\u202e\\x07 end')\n", HALVE)
    text = course.pytest().text
    assert "red" in text
    assert not any(char in text for char in "\x1b\x07\u202e")


def test_a_repr_that_raises_does_not_disturb(course: Course) -> None:
    course.student(
        "class Odd:\n    def __repr__(self):\n        raise RuntimeError('no')\n"
        "    __str__ = __repr__\n\ndef double(x):\n    return Odd()\n",
        HALVE,
    )
    run = course.pytest()
    assert "came back     <Odd>" in run.text
    assert "INTERNALERROR" not in run.text


def test_the_modules_function_is_put_back_after_the_test(course: Course) -> None:
    course.student(DOUBLE, HALVE)
    course.write(
        "exercises/u01_tensors/test_tensors.py",
        TESTS + "\ndef test_last():\n    assert not hasattr(tensors.double, '__wrapped__')\n",
    )
    assert course.pytest().code == 0


# time


@pytest.mark.parametrize("method", ["thread", *(["signal"] if hasattr(os, "fork") else [])])
def test_an_endless_loop_costs_its_item_the_items_seconds(course: Course, method: str) -> None:
    course.write("exercises/u01_tensors/test_tensors.py", QUICK_TESTS)
    course.student("def halve(x):\n    while True:\n        pass\n", DOUBLE)
    run = course.process("exercises", "-o", f"timeout_method={method}")
    assert "It was stopped after 0.5 s: is there a loop that never ends" in run.words()
    assert "your line exercises/u01_tensors/tensors.py:" in run.words()
    assert "1 failed, 1 passed" in run.lines[-1]


def test_a_tests_own_limit_stays(course: Course) -> None:
    course.student("import time\n\n\ndef halve(x):\n    time.sleep(0.7)\n    return x / 2\n", DOUBLE)
    course.write(
        "exercises/u01_tensors/test_tensors.py",
        QUICK_TESTS.replace('@pytest.mark.item("halve")', '@pytest.mark.timeout(30)\n@pytest.mark.item("halve")'),
    )
    assert course.process().code == 0


# files that do not load


def broken(course: Course, source: str | None, *args: str) -> Run:
    """u01 holds `source` (None: no file), u02 is right."""
    if source is not None:
        course.student(source)
    course.more("def track(x):\n    return x\n")
    run = course.pytest("exercises", *args)
    assert run.code == 1
    assert "u02_more                    1        0         0       4/4" in run.board
    assert "Traceback" not in run.text
    assert "Interrupted" not in run.text
    assert "autograder/" not in run.text
    return run


def test_a_syntax_error_costs_its_unit_and_names_the_line(course: Course) -> None:
    run = broken(course, "x = 1\n\ndef double(x)\n    return x\n")
    assert "exercises/u01_tensors/tensors.py does not load, so none of its tests can run." in run.words()
    assert "your line exercises/u01_tensors/tensors.py:3 def double(x)" in run.words()
    assert "Python cannot read line 3: look at it and at the line before." in run.words()
    assert "u01_tensors                 0        0         3       0/6" in run.board
    assert "Next: mend exercises/u01_tensors/tensors.py:3, then: pytest exercises/u01_tensors" in run.words()


def test_tabs_are_told(course: Course) -> None:
    assert "Line 3 mixes tabs and spaces" in broken(course, "def double(x):\n        x = 1\n\treturn x\n").words()


def test_a_wrong_indentation_is_told(course: Course) -> None:
    assert "Line 2 is not indented as Python expects" in broken(course, "def double(x):\nreturn x\n").words()


def test_a_misspelled_import_is_answered_with_did_you_mean(course: Course) -> None:
    run = broken(course, "import trch\n")
    assert "No library is called trch: did you mean torch?" in run.words()
    assert "your line exercises/u01_tensors/tensors.py:1 import trch" in run.words()


def test_a_library_that_is_not_installed_is_told_with_the_command(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    run = broken(course, "import matplotlib\n")
    assert "matplotlib is not installed in this Python: python -m pip install matplotlib" in run.words()


def test_an_error_while_loading_names_the_line(course: Course) -> None:
    run = broken(course, "import math\n\nx = nothing\n")
    assert "Line 3 fails while the file is loaded, before any test." in run.words()
    assert "raised NameError: name 'nothing' is not defined" in run.words()


def test_exit_at_the_top_of_a_file_does_not_end_the_run(course: Course) -> None:
    assert "your line exercises/u01_tensors/tensors.py:1 exit()" in broken(course, "exit()\n").words()


def test_a_missing_file_is_told_by_name(course: Course) -> None:
    text = broken(course, None).words()
    assert "The file exercises/u01_tensors/tensors.py is missing: the tests look for your code there." in text


def test_a_file_of_nearly_that_name_is_pointed_at(course: Course) -> None:
    course.write("exercises/u01_tensors/tensors (1).py", DOUBLE)
    assert "tensors (1).py lies there: rename it." in broken(course, None).words()


def test_a_file_named_like_a_library_is_pointed_at(course: Course) -> None:
    course.write("exercises/numpy.py", "x = 1\n")
    course.student("import numpy as np\n\n\nzeros = np.zeros(3)\n")
    course.write("exercises/u01_tensors/test_tensors.py", QUICK_TESTS)
    run = course.process()
    assert "The file exercises/numpy.py has the name of a library" in run.words()
    assert "Traceback" not in run.text


def test_with_k_a_broken_file_is_listed_without_items(course: Course) -> None:
    course.student("def\n")
    course.more("def track(x):\n    return x\n")
    assert "u01_tensors           does not load" in course.pytest("exercises", "-k", "track").board


def test_x_stops_at_a_broken_file(course: Course) -> None:
    course.student("def\n")
    course.more("def track(x):\n    return x\n")
    run = course.pytest("exercises", "-x")
    assert run.code != 0
    assert "passed" not in run.lines[-1]


def test_a_broken_public_test_is_pytests_own_matter(course: Course) -> None:
    course.student(DOUBLE)
    course.write("exercises/u01_tensors/test_tensors.py", TESTS + "\nnothing\n")
    assert "NameError: name 'nothing' is not defined" in course.pytest().text


def test_a_broken_test_of_another_kind_still_interrupts(course: Course) -> None:
    course.student(DOUBLE, HALVE)
    course.write("tests/test_kit.py", "nothing\n")
    run = course.pytest("tests", "exercises")
    assert run.code == 2
    assert "Interrupted: 1 error during collection" in run.text


# hints


def test_hint_prints_the_weak_one_and_runs_nothing(course: Course) -> None:
    run = course.pytest("exercises/u01_tensors", "--hint", "halve")
    assert run.code == 0
    assert run.lines[:3] == ["halve (u01_tensors): Half of it", "", "  1. Divide."]
    assert "That was the last hint for it." in run.text


def test_a_hint_says_how_to_get_the_stronger_one(course: Course) -> None:
    run = course.pytest("exercises/u01_tensors", "--hint", "double")
    assert "Write 2 * x." not in run.text
    assert "A stronger hint: pytest exercises/u01_tensors --hint double:2" in run.text


@pytest.mark.parametrize("args", [("--hint", "double:2"), ("--hint", "double", "--hint", "double")])
def test_a_number_or_asking_twice_gives_the_stronger_hint(course: Course, args: tuple[str, ...]) -> None:
    text = course.pytest("exercises/u01_tensors", *args).text
    assert "  1. Try multiplication.\n  2. Write 2 * x." in text


def test_a_hint_for_a_class_is_found_by_its_python_name(course: Course) -> None:
    assert "1. A hint." in course.pytest("--hint", "SmallNet").text


def test_an_item_of_two_units_gives_the_hints_of_both(course: Course) -> None:
    text = course.pytest("--hint", "double").text
    assert "Try multiplication." in text
    assert "Not like before." in text


def test_an_unknown_item_is_a_usage_error_with_did_you_mean(course: Course) -> None:
    run = course.pytest("exercises", "--hint", "dubble")
    assert run.code == 4
    assert "No item is called dubble: did you mean double?" in run.errors


def test_a_hint_number_that_is_none_is_a_usage_error(course: Course) -> None:
    run = course.pytest("--hint", "double:x")
    assert run.code == 4
    assert "after the colon stands a number, as in --hint double:2" in run.errors


# language, grading.yml


def test_lang_chooses_the_language_of_titles_and_hints(course: Course) -> None:
    course.student(STUB, HALVE)
    assert "Gấp đôi" in course.pytest("exercises", "--lang", "vi").board
    assert "Thử phép nhân." in course.pytest("exercises/u01_tensors", "--hint", "double", "--lang", "vi").text


def test_course_lang_is_used_where_no_lang_is_given(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_LANG", "vi_VN.UTF-8")
    course.student(STUB, HALVE)
    assert "Gấp đôi" in course.pytest().board


def test_the_course_has_a_language_of_its_own(course: Course) -> None:
    course.write("grading.yml", GRADING.replace("language: en", "language: vi"))
    course.student(STUB, HALVE)
    assert "Gấp đôi" in course.pytest().board


def test_without_grading_yml_the_tests_run_and_one_line_says_so(course: Course) -> None:
    (course.root / "grading.yml").unlink()
    course.student(DOUBLE, HALVE_STUB)
    run = course.pytest()
    assert "grading.yml was not found in" in run.words()
    assert "start pytest in the folder of the course" in run.words()
    assert "2 passed, 1 to do" in run.lines[-1]
    assert "u01_tensors                 1        1         0         -" in run.board


def test_a_grading_yml_that_does_not_parse_is_told_with_its_line(course: Course) -> None:
    course.write("grading.yml", GRADING.replace("points: 2", "points: many"))
    course.student(DOUBLE, HALVE)
    run = course.pytest()
    assert "grading.yml:8: " in run.words()
    assert run.code == 0


def test_hint_without_grading_yml_is_a_usage_error(course: Course) -> None:
    (course.root / "grading.yml").unlink()
    assert course.pytest("--hint", "double").code == 4


# the JSON


def test_board_json_tells_items_verdicts_lines_and_words(course: Course) -> None:
    course.student("def double(x):\n    return x / 0\n", HALVE)
    course.more("def\n")
    course.pytest("exercises", "--board-json", "build/board.json")
    data = json.loads((course.root / "build" / "board.json").read_text(encoding="utf-8"))
    first, second = data["units"]
    assert (data["points"], data["max_points"], data["all_done"]) == (1.0, 8.0, False)
    assert [(item["item"], item["verdict"], item["line"]) for item in first["items"]] == [
        ("double", "failed", 2),
        ("halve", "passed", None),
    ]
    assert first["items"][0]["file"] == "exercises/u01_tensors/tensors.py"
    assert first["items"][0]["raised"] == "ZeroDivisionError: division by zero"
    assert second["broken"]["line"] == 1
    assert [item["verdict"] for item in second["items"]] == ["failed", "failed"]


def test_a_board_json_that_cannot_be_written_is_told_in_one_line(course: Course) -> None:
    course.student(DOUBLE, HALVE)
    course.write("file", "")
    run = course.pytest("exercises", "--board-json", "file/board.json")
    assert "--board-json file/board.json cannot be written" in run.words()
    assert run.code == 4


# pure parts


def test_the_board_is_light_to_load() -> None:
    code = "import sys, autograder.board; print(sorted({'torch', 'numpy', 'yaml'} & set(sys.modules)))"
    env = {**os.environ, "PYTHONPATH": str(KIT)}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert answer.stdout.strip() == "[]"


def test_a_call_is_remembered_as_it_was_made() -> None:
    module = type(sys)("answers")
    exec("def fill(x):\n    x += 1\n    return x", vars(module))
    with watched(module, "fill") as call:
        module.fill(torch.zeros(2))
    assert str(call) == "fill(tensor([0., 0.]))"
    assert values.answer(call.result) == "float32 tensor, shape (2,): [1., 1.]"


def test_of_a_recursive_function_the_outer_call_is_remembered() -> None:
    module = type(sys)("answers")
    exec("def down(n):\n    return n and down(n - 1)", vars(module))
    with watched(module, "down") as call:
        module.down(3)
    assert str(call) == "down(3)"
    assert call.result == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.zeros(64, 784), "float32 tensor, shape (64, 784)"),
        (torch.tensor([1, 2]), "int64 tensor, shape (2,): [1, 2]"),
        (torch.tensor(0.5, dtype=torch.bfloat16), "bfloat16 tensor, shape (): 0.5"),
        (torch.tensor([1.0], requires_grad=True) * 2, "float32 tensor, shape (1,): [2.]"),
        (np.array([[True]]), "bool array, shape (1, 1): [[True]]"),
        (None, "None"),
        (2.0, "2.0 (float)"),
        ("two", "'two' (str)"),
        ((torch.ones(1), [3]), "(tensor([1.]), [3])"),
        ({"a": np.ones(1)}, "{'a': array([1.])}"),
        (torch.float32, "torch.float32"),
        (len, "len"),
    ],
)
def test_an_answer_is_spelled_by_kind_and_value(value: object, words: str) -> None:
    assert values.answer(value) == words
    assert values.answer(values.snapshot(value)) == words


def test_two_answers_get_as_many_digits_as_it_takes_to_differ() -> None:
    got, wanted = values.answers(torch.tensor([1.0, 0.3333333]), torch.tensor([1.0, 0.3333433]))
    assert got != wanted


def row(id: str, verdict: Verdict | None, points: float = 2.5) -> ItemRow:
    return ItemRow(
        "u08_losses_optimizers",
        id,
        Text("An item of some length, with words", "Một mục khá dài, có chữ"),
        points,
        25,
        verdict,
    )


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_board_fits_80_columns(lang: str) -> None:
    ids = [f"a_rather_long_item_name_{n}" for n in range(16)]
    verdicts = [Verdict.PASSED, Verdict.NOT_ATTEMPTED, Verdict.FAILED, None]
    items = tuple(row(id, verdicts[n % 4]) for n, id in enumerate(ids))
    unit = UnitRow("u08_losses_optimizers", "exercises/u08_losses_optimizers", items)
    for units in ((unit,), (unit, unit)):
        lines = score.board(Score(units, (msg("A note."),)), lang)
        assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_a_block_fits_80_columns(lang: str) -> None:
    trouble = Trouble(
        Verdict.FAILED,
        (msg("A cause that is told in a sentence of quite some length, so that it must be wrapped somewhere."),),
        call="x" * 300,
        got="y " * 100,
        raised="ValueError: " + "z" * 200,
        place=Place("exercises/u08_losses_optimizers/losses_optimizers.py", 120, "return " + "a + " * 50),
    )
    lines = blocks.failed_item(trouble, "an_item", Text("Title", "Tên"), "exercises/u08_losses_optimizers", lang)
    lines += blocks.broken_unit(
        BrokenFile("u", "exercises/u/m.py", (msg("Words."),), trouble.place), "exercises/u", lang
    )
    assert max(map(len, lines)) <= WIDTH


def test_the_bar_is_full_only_when_all_is_done() -> None:
    items = (row("a", Verdict.PASSED, 999.0), row("b", Verdict.FAILED, 1.0))
    assert "[###############.]" in "\n".join(score.board(Score((UnitRow("u", "exercises/u", items),)), "en"))
