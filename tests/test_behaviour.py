"""behaviour: what a failed test's calls did beside returning values, told only where the reference does not do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import torch

from autograder.checks import inside
from autograder.checks.inside import runner
from autograder.grading import behaviour
from autograder.models import Diagnosis, msg
from autograder.sandbox.proxy import Call, LocalTransport, Session, Student
from autograder.words import say
from tests.tiny_course import answer, change, item, judged_here, tiny_course

RIGHT = "import torch\nfrom torch import nn\n"
X, Y = torch.arange(4.0), torch.ones(4)

Drive = Callable[[Student], object]


def ran(source: str, drive: Drive, *, mutates: bool = True) -> list[Call]:
    """The calls that a test makes of a module with this source."""
    session = Session(LocalTransport())
    session.open("tiny.py", "tiny", (RIGHT + dedent(source)).encode(), 5.0)
    session.test(7, mutates)
    token = runner.set(session)
    try:
        drive(Student(session))
    finally:
        runner.reset(token)
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
    return session.trace


def found(mine: str, right: str, drive: Drive) -> tuple[Diagnosis, ...]:
    return behaviour.differences(ran(mine, drive), ran(right, drive))


def codes(mine: str, right: str, drive: Drive) -> list[str]:
    return [diagnosis.code for diagnosis in found(mine, right, drive)]


def twice(student: Student) -> None:
    student.f(X)
    student.f(X)


def of_two(student: Student) -> None:
    student.f(X)
    student.f(Y)


DOUBLE = "def f(x): return 2 * x"


def test_an_answer_that_is_right_on_the_first_call_only_is_named() -> None:
    kept = "def f(x, seen=[]):\n    seen.append(1)\n    return 2 * x * len(seen)"
    assert codes(kept, DOUBLE, twice) == ["first_call_only"]
    assert codes(DOUBLE, DOUBLE, twice) == []
    assert codes("def f(x): return 3 * x", DOUBLE, twice) == []  # wrong, and the same both times
    assert codes(kept, kept, twice) == []  # the reference keeps count, too


def test_an_answer_that_changes_from_call_to_call_is_named() -> None:
    assert codes("n = 1\ndef f(x):\n    global n\n    n += 1\n    return n * n * x", DOUBLE, twice) == ["state_kept"]


def test_a_random_answer_is_not_taken_for_a_kept_state_where_the_right_one_is_random() -> None:
    noisy = "def f(x): return x + torch.rand(4)"
    assert codes(noisy.replace("+", "-"), noisy, twice) == []


def test_an_answer_of_an_earlier_call_that_comes_again_is_named() -> None:
    cached = "seen = []\ndef f(x):\n    seen.append(2 * x)\n    return seen[0]"
    assert codes(cached, DOUBLE, of_two) == ["stale"]
    assert codes("def f(x): return torch.zeros(4)", DOUBLE, of_two) == []
    assert codes(cached, "def f(x): return torch.arange(4.0) * 2", of_two) == []


def test_a_graph_that_is_cut_or_kept_is_named() -> None:
    tracked = "def f(x): return 2 * x.requires_grad_()"
    plain = "def f(x): return (2 * x.requires_grad_()).detach()"
    assert codes(plain, tracked, twice) == ["graph_cut"]
    assert codes(tracked, plain, twice) == ["graph_kept"]
    assert codes(tracked, tracked, twice) == []
    nested = "def f(x): return {'a': (x, 2 * x.requires_grad_())}"
    assert codes(nested.replace("_()", "_().detach()"), nested, twice) == ["graph_cut"]


def test_an_input_that_was_written_into_is_named_where_the_test_allows_it() -> None:
    in_place = "def f(x):\n    x += 1\n    return x"
    aside = "def f(x): return x + 1"
    assert codes(in_place, aside, of_two) == ["input_changed"]
    assert codes(in_place, in_place, of_two) == []
    assert codes(aside, in_place, of_two) == []


def test_a_global_random_state_that_only_the_student_touches_is_named() -> None:
    assert codes("def f(x):\n    torch.manual_seed(0)\n    return x", "def f(x): return 2 * x", of_two) == [
        "rng_touched"
    ]
    assert codes("def f(x): return x * torch.rand(4)", "def f(x): return x + torch.rand(4)", of_two) == []


def measured(student: Student) -> None:
    student.f(student.Net())


NET = "class Net(nn.Sequential):\n    def __init__(self): super().__init__(nn.Linear(2, 2), nn.Dropout())\n"
CAREFUL = "def f(net):\n    was = net.training\n    net.eval()\n    net.train(was)\n    return 1.0\n"


def test_a_training_flag_that_is_left_changed_is_named() -> None:
    careless = NET + "def f(net):\n    net.eval()\n    return 1.0\n"
    partly = NET + "def f(net):\n    net[1].eval()\n    return 1.0\n"
    assert codes(careless, NET + CAREFUL, measured) == ["training_flag"]
    assert codes(partly, NET + CAREFUL, measured) == ["training_flag"]
    assert codes(careless, careless, measured) == []
    assert codes(NET + CAREFUL, careless, measured) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [("torch.set_grad_enabled(False)", "grad_mode"), ("torch.set_default_dtype(torch.float64)", "default_dtype")],
)
def test_a_switch_of_torch_that_is_left_is_named(line: str, code: str) -> None:
    assert codes(f"def f(x):\n    {line}\n    return x", DOUBLE, lambda student: student.f(X)) == [code]
    assert codes("def f(x):\n    with torch.no_grad():\n        return x", DOUBLE, of_two) == []


@inside
def stepped(w: object) -> object:
    return student.f(w)  # type: ignore[name-defined]  # noqa: F821


def test_what_a_test_drives_from_inside_is_not_called_by_the_name_of_its_own_function() -> None:
    (cause,) = found("def f(w): return w.add_(1)", "def f(w): return w + 1", lambda student: stepped(X))
    assert cause.code == "input_changed"
    assert say(cause.words, "en") == "your code writes into what it is given, the right answer leaves it alone"


def test_what_a_worker_says_of_its_switches_is_taken_for_nothing_but_names(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(LocalTransport())
    odd = [torch.zeros(3), "grad", 7, ["dtype"], "secret"]
    monkeypatch.setattr(session, "exchange", lambda *_: {"ok": 1, "left": odd})
    session.call("call", "f", (), {}, name="f")
    assert session.trace[-1].left == ("grad",)


def test_a_failure_whose_cause_is_open_is_explained_by_what_the_calls_did(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    suite = next((course.root / "autograder" / "suites").rglob("test_*.py"))
    change(
        suite,
        '    check.close(student.double(x), 2 * x, name="double(x) of the hidden suite")\n',
        "".join(f'    check.close(student.double(x), 2 * x, name="{name}")\n' for name in ("once", "again")),
    )
    (attempt,) = judged_here(
        course, answer(double="global n\nn = globals().get('n', 0) + 1\nreturn 2 * x if n == 1 else x.cos()")
    )
    assert [diagnosis.code for diagnosis in item(attempt, "double").diagnoses] == ["first_call_only", "values"]


def answers(*returned: object) -> list[Call]:
    return [Call("f", (), value) for value in returned]


def test_a_yes_or_a_no_says_too_little_and_a_number_or_a_name_says_something() -> None:
    assert not behaviour.says_something(answers(True, None, [False, (True,)]))
    assert behaviour.says_something(answers(True, 3))
    assert behaviour.says_something(answers(["layer.0"]))
    assert behaviour.says_something(answers(X))


def test_a_wrong_dtype_is_told_already_and_a_gradient_that_is_none_is_not() -> None:
    dtype, none, values = (Diagnosis(code, msg("x")) for code in ("dtype", "none", "values"))
    assert not behaviour.is_unnamed([dtype])
    assert behaviour.is_unnamed([none])
    assert behaviour.is_unnamed([dtype, values])
