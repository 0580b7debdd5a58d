"""proxy: what a suite calls `student`; every answer is data that was checked, or an exception in words."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from autograder.checks import CheckFailed, StudentRaised, inside, runner
from autograder.sandbox.answers import Missing, OutOfMemory, PolicyBroken
from autograder.sandbox.inner import wire
from autograder.sandbox.inner.wire import Ref, WireError
from autograder.sandbox.proxy import Call, Handle, LocalTransport, Session, Student, same
from autograder.sandbox.shared import SharedData
from autograder.words import say


class Liar:
    """A transport that answers whatever it was told to, as a student's forged worker could."""

    def __init__(self, *answers: object) -> None:
        self.busy = False
        self.answers = list(answers)
        self.asked: list[Any] = []

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        self.asked.append(wire.unpack(frame))
        answer = self.answers.pop(0)
        return answer if isinstance(answer, bytes) else wire.pack(answer)


def student_of(*answers: object) -> tuple[Student, Session]:
    session = Session(Liar(*answers))
    return Student(session), session


@pytest.fixture
def local() -> Callable[[str], tuple[Student, Session]]:
    """local(source) → a student whose module lives in this process."""

    def open_(source: str) -> tuple[Student, Session]:
        session = Session(LocalTransport())
        session.open("answer.py", "answer", source.encode(), 5.0)
        return Student(session), session

    return open_


Local = Callable[[str], tuple[Student, Session]]

# --- calls ---


def test_what_is_replayed_here_may_import_torchvision(local: Local) -> None:
    student, _ = local("def name():\n    from torchvision.datasets import CIFAR10\n    return CIFAR10.__name__")
    assert student.name() == "CIFAR10"


def test_a_call_gives_plain_values(local: Local) -> None:
    student, _ = local("def f(x, *, scale=1): return x * scale, {'n': len(x)}")
    value, facts = student.f(torch.ones(2), scale=3)
    assert (value.tolist(), facts) == ([3, 3], {"n": 2})


def test_private_names_are_no_answers(local: Local) -> None:
    student, _ = local("_secret = 1")
    with pytest.raises(AttributeError):
        _ = student._secret


def test_an_exception_comes_with_its_type_and_lines(local: Local) -> None:
    student, _ = local("def f():\n    raise KeyError('x')")
    with pytest.raises(StudentRaised) as error:
        student.f()
    assert (error.value.type_name, error.value.lines) == ("KeyError", (2,))


def test_an_exception_at_import_comes_from_open() -> None:
    with pytest.raises(StudentRaised, match="ZeroDivisionError"):
        Session(LocalTransport()).open("answer.py", "answer", b"1 / 0", 5.0)


def test_a_missing_name_comes_with_the_names_there_are(local: Local) -> None:
    student, _ = local("def softmaxx(): pass")
    with pytest.raises(Missing) as error:
        student.softmax()
    assert (error.value.name, error.value.names) == ("softmax", ("softmaxx",))


def test_a_missing_symbol_is_told_when_the_item_begins(local: Local) -> None:
    _, session = local("def softmaxx(): pass")
    with pytest.raises(Missing) as error:
        session.item([], "softmax")
    assert error.value.name == "softmax"


def test_a_broken_policy_comes_with_its_line(local: Local) -> None:
    student, session = local("import torch\ndef f(x):\n    return torch.nn.functional.relu(x)")
    session.item(["torch.nn.functional.relu"])
    with pytest.raises(PolicyBroken) as error:
        student.f(torch.ones(2))
    assert (error.value.what, error.value.line) == ("torch.nn.functional.relu", 3)


def test_questions_and_answers_are_kept_for_the_replay(local: Local) -> None:
    student, session = local("def f(x):\n    if x > 1: raise ValueError\n    return x")
    student.f(1)
    with pytest.raises(StudentRaised):
        student.f(x=2)
    first, second = session.trace
    assert (first.name, first.arguments, first.returned) == ("f", (1,), 1)
    assert (second.arguments, type(second.returned)) == ((2,), StudentRaised)


def test_a_test_begins_with_an_empty_trace_and_its_seed(local: Local) -> None:
    student, session = local("import torch\ndef f(): return torch.rand(1).item()")
    seen = []
    for seed in (7, 8, 7):
        session.test(seed, mutates=False)
        assert session.trace == []
        seen.append(student.f())
    assert seen[0] == seen[2] != seen[1]


def test_the_seed_travels_with_the_first_question_only() -> None:
    student, session = student_of({"ok": 1}, {"ok": 2})
    session.test(7, mutates=False)
    student.f()
    student.f()
    assert [question.get("seed") for question in session.transport.asked] == [7, None]  # type: ignore[attr-defined]


def test_a_call_that_moves_a_global_random_state_is_seen(local: Local) -> None:
    student, session = local("import torch\ndef f(): return 1\ndef g(): return torch.rand(1)")
    session.test(7, mutates=False)
    student.f()
    assert not student.rng_touched
    student.g()
    assert student.rng_touched


# --- arguments ---

CHANGES = {
    "a tensor": ("x += 1", torch.zeros(2)),
    "an array": ("x[0] = 1", np.zeros(2)),
    "a list": ("x.append(1)", [1]),
    "a list inside": ("x[0].append(1)", [[1]]),
    "a dict": ("x['a'] = 2", {"a": 1}),
    "a tensor in a dict": ("x['w'].zero_()", {"w": torch.ones(2)}),
    "a tensor's shape": ("x.t_()", torch.zeros(2, 3)),
}


@pytest.mark.parametrize(("body", "argument"), CHANGES.values(), ids=CHANGES)
def test_a_changed_argument_fails_the_test_in_words(local: Local, body: str, argument: object) -> None:
    student, session = local(f"def f(x): {body}")
    with pytest.raises(CheckFailed) as error:
        student.f(argument)
    (diagnosis,) = error.value.diagnoses
    assert diagnosis.code == "argument_changed"
    assert say(diagnosis.words, "en").startswith("`f` changed its argument 1")
    session.test(1, mutates=True)
    student.f(argument)  # a test that is marked `mutates` lets it


def test_a_changed_keyword_argument_is_named(local: Local) -> None:
    student, _ = local("def f(a, *, w): w += 1")
    with pytest.raises(CheckFailed) as error:
        student.f(1, w=torch.zeros(2))
    assert "argument w;" in say(error.value.diagnoses[0].words, "en")


def test_the_graders_own_argument_is_never_touched(local: Local) -> None:
    student, session = local("def f(x): x += 1")
    session.test(1, mutates=True)
    x = torch.zeros(2)
    student.f(x)
    assert x.tolist() == [0, 0]


@pytest.mark.parametrize(
    "value",
    [torch.tensor([math.nan]), np.array([math.nan]), [math.nan], torch.empty(0), torch.nn.Parameter(torch.ones(1))],
)
def test_an_unchanged_argument_is_no_change(local: Local, value: object) -> None:
    assert local("def f(x): return 1")[0].f(value) == 1


# --- handles, inside functions, shared data ---


@inside
def features(net, x):  # type: ignore[no-untyped-def]
    return net.n, student.double(x)  # type: ignore[name-defined]  # noqa: F821


@inside
def plus_one(x):  # type: ignore[no-untyped-def]
    return x + 1


NETS = """
class Net:
    n = 3
    def __call__(self, x): return x + self.n
def double(x): return 2 * x
def apply(f, x): return f(x)
"""


def test_an_object_comes_back_as_a_handle_that_can_be_called(local: Local) -> None:
    student, _ = local(NETS)
    net = student.Net()
    assert isinstance(net, Handle)
    assert (net.type_name, repr(net)) == ("Net", "<a Net in the worker>")
    assert net(1) == 4


def test_an_inside_function_gets_the_object_behind_a_handle(local: Local) -> None:
    student, session = local(NETS)
    token = runner.set(session)
    try:
        assert features(student.Net(), 5) == (3, 10)
    finally:
        runner.reset(token)


def test_an_inside_function_may_be_an_argument(local: Local) -> None:
    assert local(NETS)[0].apply(plus_one, 1) == 2


def test_shared_data_is_passed_by_its_name() -> None:
    data = SharedData("train_x", torch.arange(3.0))
    session = Session(LocalTransport([data]))
    session.open("answer.py", "answer", b"def f(x): return x.sum().item()\ndef g(x): x += 1", 5.0)
    assert Student(session).f(data) == 3.0
    with pytest.raises(CheckFailed, match="changed its argument"):
        Student(session).g(data)
    assert data.tensor.tolist() == [0, 1, 2]
    data.close()


def test_what_is_no_data_cannot_be_sent(local: Local) -> None:
    with pytest.raises(TypeError, match="passes what cannot cross to the worker: a function"):
        local(NETS)[0].apply(lambda x: x, 1)


# --- answers nobody honest sends ---

FORGED: dict[str, object] = {
    "no mapping": [1, 2],
    "no frame": b"\xc1\xc1",
    "a policy that the item does not have": {"blocked": ["the answer is 42", 3]},
    "a policy that is no text": {"blocked": [torch.ones(2), 3]},
    "a policy that is nothing": {"blocked": None},
    "a policy that is an empty list": {"blocked": []},
}


@pytest.mark.parametrize("answer", FORGED.values(), ids=FORGED)
def test_a_forged_answer_is_a_wire_error(answer: object) -> None:
    with pytest.raises(WireError):
        student_of(answer)[0].f()


@pytest.mark.parametrize("name", ["x" * 200, "a b", "3", 3, None, ["KeyError"], "", "<script>"])
def test_an_exception_of_the_students_wording_is_an_exception(name: object) -> None:
    with pytest.raises(StudentRaised) as error:
        student_of({"error": name, "lines": ["text", 3, True, -1, 2.5, 1 << 70]})[0].f()
    assert error.value.type_name == "Exception"
    assert error.value.lines == (3, 1 << 70)


@pytest.mark.parametrize("lines", [None, "text", {"a": 1}, 3, [[1]]])
def test_lines_that_are_no_lines_are_left_out(lines: object) -> None:
    with pytest.raises(OutOfMemory) as error:
        student_of({"memory": lines})[0].f()
    assert error.value.lines == ()


def test_a_missing_name_is_the_one_that_was_asked_for() -> None:
    with pytest.raises(Missing) as error:
        student_of({"missing": "the labels are 3 1 4", "names": "all"})[0].softmax()
    assert (error.value.name, error.value.names) == ("softmax", ())


def test_names_that_do_not_stand_in_the_file_are_not_repeated() -> None:
    missing = {"missing": "f", "names": ["g", "secret_31415", 3, "a b"]}
    handles = [{"ok": Ref("handle", "0", name)} for name in ("secret_31415", "Linear")]
    student, session = student_of({"ok": None}, missing, *handles)
    session.open("answer.py", "answer", b"def g(): pass", 5.0)
    with pytest.raises(Missing) as error:
        student.f()
    assert error.value.names == ("g",)
    assert student.f().type_name == "object"
    assert student.f().type_name == "Linear"


def test_an_answer_that_is_too_much_fails_the_test_in_words() -> None:
    with pytest.raises(CheckFailed) as error:
        student_of({"too_much": "whatever the worker says"})[0].f()
    assert say(error.value.diagnoses[0].words, "en") == "What came back is too large or too deep to be an answer."


@pytest.mark.parametrize("evidence", [None, 3, [], [1], [1, 2, 3], "ab"])
def test_evidence_that_is_none_proves_nothing(evidence: object) -> None:
    student, _ = student_of({"ok": 1, "args": evidence, "rng": evidence})
    assert student.f(torch.ones(1), 2, 3, 4, 5) == 1
    assert not student.rng_touched


@pytest.mark.parametrize(
    ("answer", "traces"), [([], []), (["files"], ["files"]), (None, ["unknown"]), ("none", ["unknown"])]
)
def test_traces_are_a_list_or_unknown(answer: object, traces: Sequence[str]) -> None:
    assert student_of({"ok": answer})[1].end_item() == traces


# --- same ---

SAME = [
    (1, 1, True),
    (1, 1.0, False),
    (True, 1, False),
    (1.0, 1.0 + 1e-12, False),
    (math.nan, math.nan, True),
    ("a", "a", True),
    (None, None, True),
    ([1, 2], [1, 2], True),
    ([1, 2], (1, 2), False),
    ([1], [1, 2], False),
    ({"a": 1}, {"a": 1}, True),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
    (torch.ones(2), torch.ones(2), True),
    (torch.ones(2), torch.ones(2, 1), False),
    (torch.ones(2), torch.ones(2).double(), False),
    (torch.ones(2), np.ones(2), False),
    (torch.tensor([math.nan]), torch.tensor([math.nan]), True),
    (torch.ones(0), torch.ones(0), True),
    (torch.ones(2, device="meta"), torch.zeros(2, device="meta"), True),
    (torch.tensor([True]), torch.tensor([False]), False),
    (torch.nn.Parameter(torch.ones(2)), torch.ones(2), True),
    (np.ones(2), np.ones(2, dtype=np.float32), False),
    (np.arange(4)[::2], np.array([0, 2]), True),
    (StudentRaised("KeyError", (1,)), StudentRaised("KeyError", (2,)), True),
    (StudentRaised("KeyError"), StudentRaised("ValueError"), False),
    (StudentRaised("KeyError"), None, False),
    (torch.float32, torch.float32, True),
    (torch.float32, torch.float64, False),
]


@pytest.mark.parametrize(("a", "b", "want"), SAME)
def test_same_is_type_shape_dtype_and_every_bit(a: object, b: object, want: bool) -> None:
    assert same(a, b) is want
    assert same(b, a) is want or isinstance(a, torch.nn.Parameter)


def test_same_may_be_given_a_tolerance() -> None:
    assert same(1.0, 1.0 + 1e-12, rtol=1e-9)
    assert same(torch.ones(2), torch.ones(2) + 1e-6, rtol=1e-5)
    assert not same(torch.ones(2), torch.ones(2) + 1e-3, rtol=1e-5)


def test_handles_are_the_same_when_their_types_are() -> None:
    session = Session(Liar())
    assert same(Handle(session, "1", "Net"), Handle(session, "2", "Net"))
    assert not same(Handle(session, "1", "Net"), Handle(session, "1", "Mlp"))


def test_a_call_is_a_frozen_record() -> None:
    assert Call("f", (1,), 2) == Call("f", (1,), 2)


def test_the_graders_own_process_has_the_cure_for_torchvision_that_the_worker_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cure = "autograder.torchvision_compat"
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if type(finder).__module__ != cure])
    LocalTransport()
    assert [type(finder).__module__ for finder in sys.meta_path].count(cure) == 1
