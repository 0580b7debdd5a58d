"""replays and rehearsals: trusted answers run through a failed test, once for a whole run, and never for ever."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
import torch
from torch._C import _len_torch_function_stack
from torch.overrides import BaseTorchFunctionMode

from autograder.course import Course
from autograder.grading import explain as explain_module
from autograder.grading import suites
from autograder.grading.memory import Memory
from autograder.grading.rehearse import TooSlow, hurried
from autograder.grading.replays import Replays, little_memory, size, switches_kept
from autograder.models import Verdict
from autograder.sandbox.inner.pretend.machine import NAMES, two_gpus
from autograder.words import say
from tests.tiny_course import SUITE, answer, change, item, judged_here, tiny_course

BANK = "autograder/mistakes/u01_tiny.py"
SWAPPED = "n = len(x) // 2\nreturn x[n:].clone(), x[:n].clone()"


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_module, "SLOW", 60.0)
    monkeypatch.setattr(explain_module, "BUDGET", 60.0)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path)


def told(course: Course, id: str, body: str) -> list[str]:
    (attempt,) = judged_here(course, answer(**{id: body}))
    found = item(attempt, id)
    assert found.verdict is Verdict.FAILED
    return [diagnosis.code for diagnosis in found.diagnoses]


def test_a_mistake_of_the_bank_is_named_before_a_slip(course: Course) -> None:
    assert told(course, "halves", SWAPPED) == ["swapped_halves"]


def test_what_the_bank_does_not_hold_is_named_by_a_slip_in_a_right_answer(course: Course) -> None:
    (course.root / BANK).unlink()
    (attempt,) = judged_here(course, answer(halves=SWAPPED))
    cause, *facts = item(attempt, "halves").diagnoses
    assert cause.code == "slip_results_exchanged"
    assert facts  # what the check saw is told beside it
    assert say(cause.words, "en") == "Two results are in the other order."
    assert say(cause.words, "vi") == "Hai kết quả bị đổi thứ tự."


def test_a_slip_is_known_by_its_values_however_it_was_written(course: Course) -> None:
    assert told(course, "halves", "first, second = x.chunk(2)\nreturn second.clone(), first.clone()") == [
        "swapped_halves"
    ]
    (course.root / BANK).unlink()
    written = "first, second = x.chunk(2)\nreturn second.clone(), first.clone()"
    assert told(course, "halves", written)[0] == "slip_results_exchanged"


def test_what_the_check_can_say_itself_is_not_said_by_a_slip(course: Course) -> None:
    assert told(course, "double", "return -2 * x") == ["sign"]


def test_a_slip_that_ends_only_one_of_two_tests_alike_is_not_told(course: Course) -> None:
    """The first half is that of another slip; the second is of nothing that is known."""
    (course.root / BANK).unlink()
    assert "slip" not in told(course, "halves", "n = len(x) // 2\nreturn x[n:].clone(), x[:n] + 17")[0]


def test_a_slip_that_only_raises_the_same_type_of_exception_is_not_told(course: Course) -> None:
    """`len(x) / 2` as an index is a TypeError, too, and has nothing to do with this one."""
    (course.root / BANK).unlink()
    assert told(course, "halves", "return x.clone(1, 2), x") == ["raised"]


def test_a_mistake_that_fails_a_test_which_the_student_passed_is_not_named(course: Course) -> None:
    suite = next((course.root / "autograder/suites").rglob("test_*.py"))
    earlier = '@pytest.mark.item("double")\ndef test_zeros(student):\n    x = torch.zeros(3, dtype=torch.float64)\n'
    earlier += '    check.close(student.double(x), x, name="of zeros")\n\n\n'
    first = '@pytest.mark.item("double")\ndef test_it_is_twice_x'
    assert first in SUITE
    change(suite, first, earlier + first)
    by_halves = "return torch.where(x == 0, 0, x + 2)"
    assert "adds_two" not in told(course, "double", by_halves)
    assert told(course, "double", "return x + 2") == ["adds_two"]


def test_a_class_pays_for_each_replay_once(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[tuple[str, bytes]] = []
    run = Replays._run

    def counted(self: Replays, unit: object, test: suites.Test, source: bytes, *how: bool) -> object:
        runs.append((test.name, source))
        return run(self, unit, test, source, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(Replays, "_run", counted)
    judged_here(course, *[answer(double="return x**2", slope="return x**2")] * 3)
    assert len(runs) == len(set(runs)) > 0


def test_a_memory_forgets_what_was_asked_for_longest_ago() -> None:
    memory: Memory[str] = Memory(100)
    memory.put("a", "A", 40)
    memory.put("b", "B", 40)
    assert memory.get("a") == "A"
    memory.put("c", "C", 40)
    assert (memory.get("a"), memory.get("b"), memory.get("c"), memory.bytes) == ("A", None, "C", 80)


def test_a_size_counts_the_numbers_of_a_tensor() -> None:
    assert size([torch.zeros(1000)]) > 4000 > size([1, "two"])


def test_a_slip_that_never_ends_is_broken_off() -> None:
    with pytest.raises(TooSlow), hurried(0.02):
        while True:
            pass


def test_a_pretended_gpu_that_an_alarm_broke_off_leaves_torch_as_it_was() -> None:
    real, modes = [getattr(holder, name) for holder, name, _ in NAMES], _len_torch_function_stack()
    gpus = two_gpus()
    with switches_kept():
        gpus.__enter__()  # and never left
        BaseTorchFunctionMode().__enter__()  # type: ignore[no-untyped-call]
        assert torch.cuda.is_available()
    assert [getattr(holder, name) for holder, name, _ in NAMES] == real
    assert _len_torch_function_stack() == modes


def test_a_slip_that_waits_for_ever_is_broken_off() -> None:
    with pytest.raises(TooSlow), hurried(0.01):
        time.sleep(60)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_slip_that_takes_a_seed_for_a_size_gets_no_memory() -> None:
    with pytest.raises(RuntimeError, match="memory"), little_memory(1 << 28):
        torch.empty(1 << 33, dtype=torch.int8)
    torch.empty(1 << 20)
