"""judge: one submission → one attempt, through the real sandbox; a fault costs the item it happened in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from autograder.checks import diagnose
from autograder.course import Course
from autograder.grading.explain import Explainer
from autograder.grading.judge import crowded
from autograder.grading.pool import Pool
from autograder.models import Attempt, ItemResult, Verdict
from tests.tiny_course import SOLUTION, answer, item, judged, judged_here, slots, tiny_course, told, verdicts

SUITE = "autograder/suites/u01_tiny/test_tiny.py"
ITEMS = ("double", "halves", "slope", "scale")
IN_THE_STUDENTS_WAY = "import ctypes, os, resource, signal, sys, time, warnings"


class Bench:
    """Judges one submission after another in one slot."""

    def __init__(self, pool: Pool, course: Course) -> None:
        self.pool, self.course = pool, course

    def judge(self, source: str | bytes | None) -> Attempt:
        (attempt,) = judged(self.pool, self.course, source)
        return attempt

    def item(self, id: str, body: str) -> ItemResult:
        """The result of an item answered like this; the others, which are right, must have passed."""
        attempt = self.judge(answer(**{id: f"{IN_THE_STUDENTS_WAY}\n{dedent(body)}"}))
        others = {result.item: result.verdict for result in attempt.items if result.item != id}
        assert set(others.values()) == {Verdict.PASSED}, others
        return item(attempt, id)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    course = tiny_course(tmp_path_factory.mktemp("course"))
    with slots(course) as pool:
        yield Bench(pool, course)


def test_a_right_answer_passes_every_item(bench: Bench) -> None:
    attempt = bench.judge(SOLUTION)
    assert verdicts(attempt) == dict.fromkeys(ITEMS, Verdict.PASSED)
    assert (attempt.score, attempt.max_score) == (10.0, 10.0)


def test_the_untouched_stub_is_not_attempted_everywhere(bench: Bench) -> None:
    stub = (bench.course.root / "exercises/u01_tiny/tiny.py").read_bytes()
    attempt = bench.judge(stub)
    assert verdicts(attempt) == dict.fromkeys(ITEMS, Verdict.NOT_ATTEMPTED)
    assert attempt.score == 0.0
    assert "`double` still waits for your code." in told(item(attempt, "double"))


# How an item can end.  The other items of the same submission keep their verdicts (Bench.item looks).

ENDS = {
    "a wrong value": ("double", "return x / 2", Verdict.FAILED, ""),
    "None": ("double", "pass", Verdict.FAILED, "none"),
    "not written yet": ("double", "raise NotImplementedError('double')", Verdict.NOT_ATTEMPTED, "not_attempted"),
    "an exception": ("double", "raise KeyError('x')", Verdict.FAILED, "raised"),
    "an exit that can be caught": ("double", "sys.exit(0)", Verdict.FAILED, "raised"),
    "a hang": ("double", "time.sleep(60)", Verdict.TIMED_OUT, "timed_out"),
    "a hang that swallows exceptions": (
        "double",
        """
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
        """,
        Verdict.TIMED_OUT,
        "timed_out",
    ),
    "a list too large": ("double", "return [0] * (1 << 34)", Verdict.OUT_OF_MEMORY, "out_of_memory"),
    "a tensor too large": ("double", "return torch.ones(1 << 33)", Verdict.OUT_OF_MEMORY, "out_of_memory"),
    "the kernel's kill for memory": ("double", "os.kill(os.getpid(), signal.SIGKILL)", Verdict.OUT_OF_MEMORY, "killed"),
    "os._exit(0)": ("double", "os._exit(0)", Verdict.CRASHED, "exited"),
    "a segmentation fault": ("double", "ctypes.string_at(0)", Verdict.CRASHED, "crashed"),
    "an abort": ("double", "os.abort()", Verdict.CRASHED, "crashed"),
    "bytes that are no answer": (
        "double",
        """
        for descriptor in range(3, 30):
            try:
                os.write(descriptor, b"full marks" * 4)
            except OSError:
                pass
        """,
        Verdict.CRASHED,
        "garbled",
    ),
    "a line that is hung up": ("double", "os.closerange(3, 256)\ntime.sleep(60)", Verdict.CRASHED, "garbled"),
    "something forbidden": (
        "slope",
        "x = x.clone().requires_grad_()\n(x**3).sum().backward()\nreturn x.grad",
        Verdict.BLOCKED,
        "blocked",
    ),
    "an argument changed in place": ("halves", "x[0] = 9.0\nreturn x[:3], x[3:]", Verdict.FAILED, "argument_changed"),
    "one value where two are wanted": ("halves", "return 1.0", Verdict.FAILED, "wrong_form"),
    "a module's forward that hangs up": ("scale", "os._exit(3)", Verdict.CRASHED, "exited"),
}


@pytest.mark.parametrize(("id", "body", "verdict", "code"), ENDS.values(), ids=ENDS)
def test_an_item_that_ends_in(bench: Bench, id: str, body: str, verdict: Verdict, code: str) -> None:
    found = bench.item(id, body)
    assert (found.verdict, found.score) == (verdict, 0.0)
    assert not code or [diagnosis.code for diagnosis in found.diagnoses] == [code]


def test_an_explanation_that_breaks_costs_the_cause_and_not_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Explainer, "matching", lambda *_: 1 / 0)
    (attempt,) = judged_here(tiny_course(tmp_path), answer(double="return x"))
    found = item(attempt, "double")
    assert found.verdict is Verdict.FAILED
    assert found.diagnoses
    assert "ZeroDivisionError" in found.staff
    assert all(other.verdict is Verdict.PASSED for other in attempt.items if other is not found)


def test_a_check_that_cannot_say_what_it_found_still_costs_the_student_nothing_but_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose, "explain", lambda case: 1 / 0)
    (attempt,) = judged_here(tiny_course(tmp_path), answer(double="return x"))
    found = item(attempt, "double")
    assert found.verdict is Verdict.FAILED
    assert [diagnosis.code for diagnosis in found.diagnoses] == ["wrong_form"]
    assert "ZeroDivisionError" in found.staff


def test_what_was_passed_before_a_hang_keeps_its_fraction(bench: Bench) -> None:
    body = "global ASKED\nASKED = globals().get('ASKED', 0) + 1\ntime.sleep(60 * (ASKED - 1))\nreturn x[:3], x[3:]"
    found = bench.item("halves", body)
    assert (found.verdict, found.score) == (Verdict.TIMED_OUT, 2.0)


def test_a_forbidden_use_is_told_with_its_line(bench: Bench) -> None:
    said = told(bench.item("slope", "y = x.clone().requires_grad_()\n(y**3).sum().backward()\nreturn y.grad"))
    assert "This item is done without autograd" in said
    assert "`(y**3).sum().backward()`" in said


def test_a_function_under_another_name_is_missing_with_the_name_that_looks_like_it(bench: Bench) -> None:
    attempt = bench.judge(SOLUTION.replace("def double(", "def doubel("))
    found = item(attempt, "double")
    assert found.verdict is Verdict.MISSING
    assert "tiny.py has no `double`." in told(found)
    assert "Your `doubel` looks like it" in told(found)
    assert item(attempt, "halves").verdict is Verdict.PASSED


def test_a_file_that_was_not_handed_in_is_missing_in_every_item(bench: Bench) -> None:
    attempt = bench.judge(None)
    assert verdicts(attempt) == dict.fromkeys(ITEMS, Verdict.MISSING)
    assert "tiny.py was not handed in." in told(item(attempt, "scale"))


# A module that cannot be imported

IMPORTS = {
    "a syntax error": ("def f(:\n", Verdict.FAILED, "tiny.py does not run: SyntaxError on line 1: `def f(:`"),
    "no Python at all": (b"\x00\xff\xfe", Verdict.FAILED, "tiny.py does not run: "),
    "an exception": ("import torch\nx = torch.ones(2)\nx[5]\n", Verdict.FAILED, "IndexError on line 3: `x[5]`"),
    "a missing library": ("import pandas_of_nobody\n", Verdict.FAILED, "does not run: ModuleNotFoundError on line 1"),
    "an exit": ("import sys\nsys.exit(0)\n", Verdict.FAILED, "does not run: SystemExit on line 2: `sys.exit(0)`"),
    "a stub's own line": ("raise NotImplementedError('all')\n", Verdict.NOT_ATTEMPTED, "NotImplementedError on line 1"),
    "a hang": ("import time\ntime.sleep(60)\n", Verdict.TIMED_OUT, "Importing tiny.py took longer than 4 s."),
    "os._exit": ("import os\nos._exit(0)\n", Verdict.CRASHED, "Your code ended Python during the import of tiny.py"),
    "a crash": ("import ctypes\nctypes.string_at(0)\n", Verdict.CRASHED, "Python crashed during the import of tiny.py"),
    "too much memory": ("x = [0] * (1 << 34)\n", Verdict.OUT_OF_MEMORY, "more memory than the 512 MB"),
}


@pytest.mark.parametrize(("source", "verdict", "words"), IMPORTS.values(), ids=IMPORTS)
def test_an_import_that_ends_in(bench: Bench, source: str | bytes, verdict: Verdict, words: str) -> None:
    attempt = bench.judge(source)
    assert verdicts(attempt) == dict.fromkeys(ITEMS, verdict)
    assert words in told(item(attempt, "scale"))
    assert attempt.score == 0.0


def test_a_worker_that_dies_between_two_items_costs_none_of_them(bench: Bench) -> None:
    body = """
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_item"):
        frame = frame.f_back
    frame.f_locals["self"]._item = lambda **order: os._exit(0)
    return 2 * x
    """
    assert bench.item("double", body).verdict is Verdict.PASSED


# What an item leaves behind does not reach the next one

TRACES = {
    "a comparison made true": ("torch.allclose = lambda *a, **k: True", "torch.allclose(x, x + 1)"),
    "a method of tensors": ("torch.Tensor.__len__ = lambda self: 0", "len(torch.ones(2)) == 0"),
    "a default dtype": ("torch.set_default_dtype(torch.float16)", "torch.get_default_dtype() != torch.float32"),
    "gradients switched off": ("torch.set_grad_enabled(False)", "not torch.is_grad_enabled()"),
    "a cache that grew": ("CACHE.append(x)", "CACHE"),
    "a global that was set": ("globals()['seen'] = True", "'seen' in globals()"),
    "an attribute of its own function": ("double.calls = 1", "hasattr(double, 'calls')"),
    "a file": ("open('notes', 'w').write('x')", "__import__('os').path.exists('notes')"),
    "a built-in function": ("__import__('builtins').sum = max", "sum((1, 1)) == 1"),
    "a weight of the module": ("WEIGHT.mul_(2)", "float(WEIGHT) != 1"),
}


@pytest.mark.parametrize(("deed", "seen"), TRACES.values(), ids=TRACES)
def test_the_next_item_does_not_meet(bench: Bench, deed: str, seen: str) -> None:
    halves = f"if {seen}:\n    return None\nreturn x[:3].clone(), x[3:].clone()"
    top = "CACHE = []\nWEIGHT = torch.ones(())"
    attempt = bench.judge(answer(top=top, double=f"{deed}\nreturn 2 * x", halves=halves))
    assert item(attempt, "halves").verdict is Verdict.PASSED


# What never makes an answer wrong

HARMLESS = {
    "a warning": "warnings.warn('careful')",
    "words on stderr": "print('Traceback (most recent call last):', file=sys.stderr)",
    "words on stdout": "print('x' * 100_000)",
    "a random number": "torch.rand(1)",
    "an exception it caught": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
}


@pytest.mark.parametrize("deed", HARMLESS.values(), ids=HARMLESS)
def test_a_right_answer_stays_right_with(bench: Bench, deed: str) -> None:
    assert bench.item("double", f"{deed}\nreturn 2 * x").verdict is Verdict.PASSED


# What a student's code may not make the kit say

LEAKS = {
    "the text of an exception": "raise ValueError(word + str(x.tolist()))",
    "a class of exceptions": "raise type(word, (Exception,), {})(word)",
    "the notes of an exception": "error = ValueError()\nerror.add_note(word)\nraise error",
    "a missing key": "return {}[word]",
    "a missing attribute": "return getattr(torch, word)",
    "a class of results": "return type(word, (), {})()",
    "a class of tensors": "return type(word, (torch.Tensor,), {})(2 * x)",
    "a string": "return word",
    "the keys of a dict": "return {word: x}",
}


@pytest.mark.parametrize("body", LEAKS.values(), ids=LEAKS)
def test_feedback_never_repeats(bench: Bench, body: str) -> None:
    found = bench.item("double", f"word = ''.join(['le', 'ak', str(abs(int(x[0] * 1000)))])\n{body}")
    assert found.verdict is Verdict.FAILED
    assert "leak" not in told(found)
    assert "leak" not in found.staff


def test_a_name_made_up_at_run_time_is_not_offered_for_a_missing_one(bench: Bench) -> None:
    made_up = "globals()['doubl' + 'e_31'] = 1"
    found = item(bench.judge(SOLUTION.replace("def double(", f"{made_up}\n\n\ndef twice(")), "double")
    assert found.verdict is Verdict.MISSING
    assert "double_31" not in told(found)


def test_a_line_is_shown_as_it_stands_in_the_file_and_nothing_else_of_it(bench: Bench) -> None:
    found = bench.item("double", "raise ValueError(str(x.sum().item()))")
    assert "Your code raised ValueError on line" in told(found)
    assert "`raise ValueError(str(x.sum().item()))`" in told(found)


def test_hidden_inputs_are_shown_by_shape_only(bench: Bench) -> None:
    said = told(bench.item("double", "return x / 3"))
    assert "double(float64 tensor (" in said
    assert "." not in said.split("The call:")[1].split("\n")[0].replace("float64", "")


@pytest.mark.parametrize(("level", "sentences"), [("full", 3), ("cause", 2), ("verdict", 2)])
def test_the_hidden_test_is_named_at_the_feedback_level_full_only(tmp_path: Path, level: str, sentences: int) -> None:
    course = tiny_course(tmp_path, ("grading.yml", "points: 2\n", f"points: 2\n        feedback: {level}\n"))
    (attempt,) = judged_here(course, answer(double="return x / 3"))
    found = item(attempt, "double")
    assert len(found.feedback) == sentences
    assert ("The test: it is twice x" in told(found)) is (level == "full")


# Whose fault it is

BROKEN = [
    ("student.slope(x), 3 * x**2", "student.slope(x), 3 * y**2"),
    ("student.slope(x), 3 * x**2", "student.slope(x), {}['dx']"),
    ("student.slope(x), 3 * x**2", "student.slope(x).nothing, x"),
]


@pytest.mark.parametrize(("line", "broken"), BROKEN)
def test_a_broken_suite_is_our_fault_whatever_the_answer(tmp_path: Path, line: str, broken: str) -> None:
    course = tiny_course(tmp_path, (SUITE, line, broken))
    for attempt in judged_here(course, SOLUTION, answer(slope="return None")):
        found = item(attempt, "slope")
        assert found.verdict is Verdict.GRADER_ERROR
        assert found.staff.startswith("test_tiny.py:")
        assert attempt.score is None
        assert item(attempt, "double").verdict is Verdict.PASSED


SLOW_AT_FIRST = """
    import sys, time
    sys.times = getattr(sys, 'times', 0) + 1
    time.sleep(60 * (sys.times == 1))
"""


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SLOW_AT_FIRST counts in `sys`, which outlives a test."""
    yield
    if hasattr(sys, "times"):
        del sys.times


@pytest.mark.usefixtures("times")
@pytest.mark.parametrize(("crowd", "verdict"), [(True, Verdict.PASSED), (False, Verdict.TIMED_OUT)])
def test_what_takes_too_long_on_a_crowded_machine_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crowd: bool, verdict: Verdict
) -> None:
    monkeypatch.setattr("autograder.grading.judge.crowded", lambda: crowd)
    (attempt,) = judged_here(tiny_course(tmp_path), answer(double=f"{dedent(SLOW_AT_FIRST)}\nreturn 2 * x"))
    assert verdicts(attempt) == dict.fromkeys(ITEMS, Verdict.PASSED) | {"double": verdict}


@pytest.mark.usefixtures("times")
def test_a_test_of_ours_that_was_too_slow_once_is_run_again(tmp_path: Path) -> None:
    limit = ("grading.yml", "limits: {item_seconds: 3,", "limits: {item_seconds: 1,")
    slow = f"{SLOW_AT_FIRST}    check.close(student.slope(x), 3 * x**2"
    course = tiny_course(tmp_path, (SUITE, "    check.close(student.slope(x), 3 * x**2", slow), limit)
    (attempt,) = judged_here(course, SOLUTION)
    assert verdicts(attempt) == dict.fromkeys(ITEMS, Verdict.PASSED)


@pytest.mark.parametrize(("load", "said"), [(0.5, False), (1.4, False), (1.6, True)])
def test_a_machine_is_crowded_by_its_load_for_each_core(
    monkeypatch: pytest.MonkeyPatch, load: float, said: bool
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("os.getloadavg", lambda: (4 * load, 0.0, 0.0))
    assert crowded() is said


def test_a_suite_too_slow_by_itself_is_our_fault(tmp_path: Path) -> None:
    slow = "import time\n    time.sleep(60)\n    check.close(student.slope(x), 3 * x**2"
    limit = ("grading.yml", "seconds: 3", "seconds: 0.5")
    course = tiny_course(tmp_path, (SUITE, "check.close(student.slope(x), 3 * x**2", slow), limit)
    (attempt,) = judged_here(course, SOLUTION)
    assert item(attempt, "slope").verdict is Verdict.GRADER_ERROR
    assert item(attempt, "scale").verdict is Verdict.PASSED


def test_an_item_without_a_hidden_test_is_our_fault(tmp_path: Path) -> None:
    start = '@pytest.mark.item("slope")'
    course = tiny_course(tmp_path, (SUITE, start, '@pytest.mark.item("double")'))
    (attempt,) = judged_here(course, SOLUTION)
    assert item(attempt, "slope").verdict is Verdict.GRADER_ERROR
    assert item(attempt, "slope").staff == "no hidden test judges u01_tiny/slope"


def test_only_the_items_that_were_asked_for_are_judged(bench: Bench) -> None:
    (attempt,) = judged(bench.pool, bench.course, SOLUTION, only=("scale", "halves"))
    assert list(verdicts(attempt)) == ["halves", "scale"]
