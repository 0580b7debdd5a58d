"""words: what the judge says to a student; values in, words out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder.checks import StudentRaised, inside
from autograder.course import Item, Unit
from autograder.grading import words
from autograder.grading.words import Told
from autograder.models import Submission, Text, Verdict
from autograder.sandbox.endings import Ending, WorkerGone
from autograder.sandbox.proxy import Call, Handle, LocalTransport, Session
from autograder.sandbox.shared import SharedData
from autograder.words import say

ITEM = Item("f", "f", Text("F", "F"), 1.0, 5, 1, (Text("look", "xem"),), seconds=5.0, memory_mb=512)
UNIT = Unit("u01", "answers", Text("U", "U"), (ITEM,))


def handed_in(source: bytes, cells: tuple[int, ...] = ()) -> Submission:
    return Submission("an", "u01", "answers.ipynb" if cells else "answers.py", source, cells=cells)


SOURCE = handed_in(b"import torch\n\ndef f(x):\n    return x.oops()  # \x1b[31m\n")


def said(told: Told, lang: str = "en") -> str:
    parts = [part for diagnosis in told for part in (diagnosis.words, diagnosis.hint) if part is not None]
    return " | ".join(say(part, lang) for part in parts)


def code(told: Told) -> str:
    (diagnosis,) = told
    return diagnosis.code


# What came back, in kind


def twice(x: torch.Tensor) -> torch.Tensor:
    return 2 * x


KINDS = [
    (torch.zeros(4, 3, dtype=torch.float64), "float64 tensor (4, 3)"),
    (torch.tensor(1), "int64 tensor ()"),
    (np.zeros((2, 1), dtype=np.float32), "float32 array (2, 1)"),
    (None, "None"),
    (3.14159, "float"),
    ("secret", "str"),
    (True, "bool"),
    ((torch.zeros(2), None), "(float32 tensor (2,), None)"),
    ((1,), "(int,)"),
    ((1,) * 5, "tuple of 5"),
    ([1, 2], "list of 2"),
    ({"secret": 1}, "dict of 1"),
    (Handle(Session(LocalTransport()), "0", "DataLoader"), "DataLoader"),
    (SharedData("x", torch.zeros(2, 3)), "float32 tensor (2, 3)"),
    (inside(twice), "function"),
]


@pytest.mark.parametrize(("value", "kind"), KINDS)
def test_a_value_is_told_by_its_kind_never_by_what_it_holds(value: object, kind: str) -> None:
    assert words.kind(value) == kind


def test_the_last_call_is_told_with_what_it_returned() -> None:
    trace = [Call("g", (1,), 2), Call("f", (torch.zeros(2),), None)]
    assert [say(line, "en") for line in words.call(trace)] == ["The call: f(float32 tensor (2,))", "It returned: None"]


def test_a_call_that_raised_returned_nothing() -> None:
    (line,) = words.call([Call("f", (), StudentRaised("ValueError"))])
    assert say(line, "en") == "The call: f()"


def test_nothing_is_told_of_a_call_that_never_came_or_that_the_suite_drove() -> None:
    assert words.call([]) == ()
    assert words.call([Call("gradients", (1,), 2, inside=True)]) == ()


# How a process ended

ENDINGS = [
    # exit, killed by us, why → verdict, code
    (0, False, "", Verdict.CRASHED, "exited"),
    (3, False, "", Verdict.CRASHED, "exited"),
    (-11, False, "", Verdict.CRASHED, "crashed"),
    (-6, False, "", Verdict.CRASHED, "crashed"),
    (-9, False, "", Verdict.OUT_OF_MEMORY, "killed"),
    (-24, False, "", Verdict.TIMED_OUT, "timed_out"),
    (-9, True, "", Verdict.CRASHED, "garbled"),
    (-9, True, "a frame of 2 TB", Verdict.CRASHED, "garbled"),
    (0, False, "an answer that belongs to no question", Verdict.CRASHED, "garbled"),
]


@pytest.mark.parametrize(("exit", "killed", "why", "verdict", "name"), ENDINGS)
def test_the_way_a_process_ended_decides_the_verdict(
    exit: int, killed: bool, why: str, verdict: Verdict, name: str
) -> None:
    found, told = words.gone(ITEM, WorkerGone(Ending(exit, killed, 0.1, 10), why), SOURCE)
    assert (found, code(told)) == (verdict, name)
    assert why == "" or why not in said(told)


@pytest.mark.parametrize(
    ("over", "verdict", "name"),
    [
        ("time", Verdict.TIMED_OUT, "timed_out"),
        ("memory", Verdict.OUT_OF_MEMORY, "out_of_memory"),
        ("files", Verdict.CRASHED, "files"),
    ],
)
def test_a_kill_is_told_by_the_limit_it_stands_for(over: str, verdict: Verdict, name: str) -> None:
    found, told = words.gone(ITEM, WorkerGone(Ending(-9, False, 30.0, 10, over)), SOURCE)
    assert (found, code(told)) == (verdict, name)


def test_what_was_asked_for_is_told_in_round_figures() -> None:
    assert "it tried to allocate 4,300,000,000 bytes" in said(words.out_of_memory(ITEM, (4,), SOURCE, 4294967296))


def test_a_crash_is_told_with_its_signal_and_where_it_happened() -> None:
    gone = WorkerGone(Ending(-11, False, 0.1, 10))
    assert "Python crashed during `f` (SIGSEGV)" in said(words.gone(ITEM, gone, SOURCE)[1])
    assert "during the import of answers.py" in said(words.gone(ITEM, gone, SOURCE, importing=True)[1])


# Lines and types

TYPES = [
    ("ValueError", "ValueError"),
    ("KeyboardInterrupt", "KeyboardInterrupt"),
    ("OutOfMemoryError", "OutOfMemoryError"),
    ("LinAlgError", "LinAlgError"),
    ("Leak_of_labels_3141", "Exception"),
    ("print", "Exception"),
    ("__import__", "Exception"),
]


@pytest.mark.parametrize(("name", "shown"), TYPES)
def test_an_exception_is_shown_by_a_type_of_pythons_or_torchs(name: str, shown: str) -> None:
    assert said(words.raised(StudentRaised(name), SOURCE)) == f"Your code raised {shown}."


def test_an_exception_is_shown_with_the_line_as_it_stands_in_the_file() -> None:
    told = words.raised(StudentRaised("AttributeError", (3, 4)), SOURCE)
    assert said(told) == "Your code raised AttributeError on line 4: `return x.oops()  # ·[31m`."


@pytest.mark.parametrize(("line", "where"), [(1, "cell 1, line 1"), (3, "cell 2, line 1"), (4, "cell 2, line 2")])
def test_a_line_of_a_notebook_is_told_by_its_cell(line: int, where: str) -> None:
    notebook = handed_in(b"import torch\nx = 1\ndef f(x):\n    return x\n", (1, 3))
    shown = ("import torch", "x = 1", "def f(x):", "return x")[line - 1]
    assert said(words.raised(StudentRaised("ValueError", (line,)), notebook)) == (
        f"Your code raised ValueError in {where}: `{shown}`."
    )


@pytest.mark.parametrize("lines", [(), (0,), (-1,), (99,)])
def test_a_line_that_the_file_does_not_have_is_not_told(lines: tuple[int, ...]) -> None:
    assert said(words.raised(StudentRaised("ValueError", lines), SOURCE)) == "Your code raised ValueError."


def test_a_long_line_is_cut() -> None:
    assert len(said(words.raised(StudentRaised("ValueError", (1,)), handed_in(b"x = " + b"1" * 10_000)))) < 200


def test_a_file_that_is_no_text_still_has_lines() -> None:
    assert "on line 1: `\ufffd\ufffd`" in said(
        words.raised(StudentRaised("SyntaxError", (1,)), handed_in(b"\xff\xfe\n"))
    )


STUBS = [
    ("NotImplementedError", (2,), True),
    ("NotImplementedError", (3,), False),  # torch raises it too, for what it does not offer
    ("NotImplementedError", (), False),
    ("ValueError", (2,), False),
]


@pytest.mark.parametrize(("type_name", "lines", "stub"), STUBS)
def test_a_stub_is_known_by_its_own_line(type_name: str, lines: tuple[int, ...], stub: bool) -> None:
    source = b"def f(x):\n    raise NotImplementedError('f')\n    return torch.quantized_thing(x)\n"
    assert words.is_stub(StudentRaised(type_name, lines), handed_in(source)) is stub


# The sentences

SENTENCES = [
    (words.not_attempted(ITEM), "not_attempted", "`f` still waits for your code."),
    (words.no_file(UNIT), "no_file", "answers.py was not handed in."),
    (words.missing(SOURCE, "f", ("torch", "np")), "missing", "answers.py has no `f`."),
    (words.blocked("autograd", 3, SOURCE), "blocked", "your code used it on line 3: `def f(x):`"),
    (words.blocked("autograd", 0, SOURCE), "blocked", "This item is done without autograd, and your code used it."),
    (words.timed_out(ITEM), "timed_out", "`f` was still running after 5 s and was stopped."),
    (words.out_of_memory(ITEM, (4,), SOURCE), "out_of_memory", "than the 512 MB it may use on line 4: `return x.oops"),
    (words.import_timed_out(SOURCE, 10.0), "import_timed_out", "Importing answers.py took longer than 10 s."),
    (words.import_raised(UNIT, StudentRaised("SyntaxError", (3,)), SOURCE), "import_failed", "on line 3: `def f(x):`"),
    (words.garbled(), "garbled", "disturbed the exchange"),
    (words.wrong_form(), "wrong_form", "does not have the form"),
]


@pytest.mark.parametrize(("told", "name", "words"), SENTENCES)
def test_each_situation_has_its_code_and_its_sentence(told: Told, name: str, words: str) -> None:
    assert code(told) == name
    assert words in said(told)


@pytest.mark.parametrize("told", [told for told, *_ in SENTENCES])
def test_each_sentence_is_translated(told: Told) -> None:
    assert said(told, "vi") != said(told)


def test_a_name_that_is_nearly_right_is_pointed_out() -> None:
    told = words.missing(SOURCE, "linear_backward", ("linear_bakward", "helper"))
    assert "Your `linear_bakward` looks like it: rename it to `linear_backward`." in said(told)
