"""workbench: one request in, one response out; whatever a student's code does is an answer."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo  # as in the zygote: what is imported later looks like a trace

from autograder.sandbox.inner import traces, wire
from autograder.sandbox.inner.raised import ABOUT
from autograder.sandbox.inner.traces import SMALL
from autograder.sandbox.inner.workbench import Workbench

SHARED = torch.arange(4.0)


class Desk:
    """A workbench with a module on it, asked as a grader asks: by frames."""

    def __init__(self, scratch: Path | None, source: str) -> None:
        self.bench = Workbench({"train_x": lambda: SHARED}, scratch=scratch)
        self.opened = self.ask("open", filename="answer.py", name="answer", source=dedent(source).encode())

    def ask(self, op: str, **fields: object) -> dict[str, Any]:
        response = wire.unpack(self.bench.answer(wire.pack({"op": op, **fields})))
        assert isinstance(response, dict)
        return response

    def call(self, name: str, *args: object, **kwargs: object) -> dict[str, Any]:
        return self.ask("call", name=name, args=list(args), kwargs=kwargs)

    def traces(self) -> list[str]:
        found: list[str] = self.ask("end")["ok"]
        return found


Lay = Callable[[str], Desk]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """lay(source) → a desk in a scratch folder, as in the jail: everything that is raised is the student's."""
    return lambda source: Desk(tmp_path, source)


# --- calls ---


def test_a_call_answers_with_the_value(lay: Lay) -> None:
    desk = lay("def f(x, *, scale): return x * scale")
    assert desk.opened == {"ok": None}
    assert torch.equal(desk.call("f", torch.ones(2), scale=3)["ok"], torch.full((2,), 3.0))


def test_a_missing_name_answers_with_the_names_there_are(lay: Lay) -> None:
    desk = lay("import torch\ndef row_standardise(x): return x\n_private = 1\nglobals()['not a name'] = 2")
    assert desk.call("row_standardize") == {"missing": "row_standardize", "names": ["torch", "row_standardise"]}


def test_only_the_first_names_are_told(lay: Lay) -> None:
    assert len(lay("globals().update({f'n{i}': i for i in range(9999)})").call("f")["names"]) == 200


RAISES = {
    "an exception": ("raise ValueError('x = 3')", "ValueError"),
    "a student's subclass": ("class Mine(KeyError): pass\n    raise Mine", "KeyError"),
    "a student's own kind": ("class Mine(Exception): pass\n    raise Mine", "Exception"),
    "a stub": ("raise NotImplementedError('f')", "NotImplementedError"),
    "torch's own": ("torch.linalg.inv(torch.zeros(2, 2))", "LinAlgError"),
    "a torch error": ("torch.ones(2) @ torch.ones(3)", "RuntimeError"),
    "the end of the process": ("raise SystemExit(0)", "SystemExit"),
    "sys.exit": ("import sys; sys.exit('passed')", "SystemExit"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a generator's end": ("raise GeneratorExit", "GeneratorExit"),
    "recursion without end": ("return f()", "RecursionError"),
    "an exception that cannot be printed": (
        "class Bomb(ValueError):\n        def __str__(self): raise SystemExit\n    raise Bomb", "ValueError",
    ),
    "an exception group": ("raise ExceptionGroup('two', [ValueError(), KeyError()])", "ExceptionGroup"),
    "a name that is not defined": ("return np.zeros(3)", "NameError"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), RAISES.values(), ids=RAISES)
def test_what_is_raised_is_told_by_its_type_of_python_or_torch(lay: Lay, body: str, kind: str) -> None:
    answer = lay(f"import torch\n\ndef f():\n    {body}\n").call("f")
    assert answer["error"] == kind
    assert answer["lines"][0] >= 4
    assert set(answer) - {"about"} == {"error", "lines"}
    assert answer.get("about", "sizes") in ABOUT  # a name of a closed list, never the text


def test_only_lines_of_the_students_file_are_told(lay: Lay) -> None:
    desk = lay("""
        import torch

        def g(x):
            return torch.nn.functional.linear(x, x[0])

        def f(x):
            return g(x)
    """)
    assert desk.call("f", torch.ones(2))["lines"] == [8, 5]


def test_the_last_five_lines_of_a_deep_fall_are_told(lay: Lay) -> None:
    answer = lay("def f(n):\n    if n == 0:\n        raise ValueError\n    return f(n - 1)").call("f", 50)
    assert answer["lines"] == [4, 4, 4, 4, 3]


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ndef f(:\n", "SyntaxError", 2),
        ("def f():\nreturn 1\n", "IndentationError", 2),
        ("def f():\n\tif 1:\n        return 1\n", "TabError", 3),
        ("\n\n1 / 0\n", "ZeroDivisionError", 3),
        ("import no_such_package\n", "ModuleNotFoundError", 1),
        ("raise SystemExit\n", "SystemExit", 1),
    ],
)
def test_a_module_that_does_not_run_answers_with_the_line(tmp_path: Path, source: str, kind: str, line: int) -> None:
    assert Desk(tmp_path, source).opened == {"error": kind, "lines": [line]}


def test_a_source_with_a_nul_byte_is_an_answer(tmp_path: Path) -> None:
    assert Desk(tmp_path, "x = '\0'").opened["error"] in ("ValueError", "SyntaxError")


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("raise MemoryError", 0),
        ("return torch.empty(1 << 50)", 4 << 50),
        ("raise RuntimeError('DefaultCPUAllocator: can\\'t allocate memory: you tried to allocate 8 bytes')", 8),
    ],
)
def test_too_much_memory_is_told_as_such(lay: Lay, body: str, asked: int) -> None:
    assert lay(f"import torch\ndef f():\n    {body}\n").call("f") == {"memory": [3], "asked": asked}


def test_a_memory_story_of_the_students_own_making_is_an_error(lay: Lay) -> None:
    answer = lay('class Mine(Exception): pass\ndef f():\n    raise Mine("can\'t allocate memory")').call("f")
    assert answer["error"] == "Exception"


def test_in_the_graders_own_process_an_interrupt_gets_through() -> None:
    desk = Desk(None, "def f(): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        desk.call("f")


def test_the_module_is_known_by_its_name_in_the_jail(lay: Lay) -> None:
    desk = lay(
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\ndef f(): return A(2).x, __name__, __file__"
    )
    assert desk.call("f")["ok"] == (2, "answer", "answer.py")


# --- what comes back ---


def test_what_is_no_data_stays_and_comes_back_as_a_handle(lay: Lay) -> None:
    desk = lay(
        "import torch\nclass Net(torch.nn.Linear): pass\ndef f(): return Net(3, 2)\ndef g(net): return net.in_features"
    )
    net = desk.call("f")["ok"]
    assert (net.kind, net.text) == ("handle", "Net")
    assert desk.call("g", net)["ok"] == 3
    applied = desk.ask("apply", target=net, args=[torch.ones(1, 3)], kwargs={})["ok"]
    assert applied.shape == (1, 2)


def test_handles_end_with_their_item(lay: Lay) -> None:
    desk = lay("def f(): return object()")
    desk.call("f")
    desk.traces()
    assert desk.bench.handles == {}


@pytest.mark.parametrize(
    "value",
    ["torch.zeros(1).expand(1 << 40)", "b'x' * (65 << 20)", "functools.reduce(lambda x, _: (x,), range(99), 1)"],
)
def test_a_value_that_is_too_much_says_so(lay: Lay, value: str) -> None:
    assert "too_much" in lay(f"import torch, functools\ndef f(): return {value}").call("f")


def test_a_value_that_raises_when_it_is_looked_at_is_an_error(lay: Lay) -> None:
    source = """
        class Bad:
            @property
            def __class__(self): raise KeyError
        def f(): return Bad()
    """
    assert lay(source).call("f") == {"error": "KeyError", "lines": [4]}


# --- evidence ---


def test_arguments_are_shown_as_they_are_after_the_call(lay: Lay) -> None:
    desk = lay("def f(x, y, z, *, w): x += 1; y[0] = 9; z.append(4)")
    after = desk.call("f", torch.zeros(2), np.zeros(2), [3], w={"a": 1})["args"]
    assert [after[0].tolist(), after[1].tolist(), after[2], after[3]] == [[1, 1], [9, 0], [3, 4], {"a": 1}]


def test_large_arguments_are_not_sent_back(lay: Lay) -> None:
    assert lay("def f(x): pass").call("f", torch.zeros(SMALL // 4 + 1))["args"] is None


def test_arguments_that_are_no_data_leave_a_gap(lay: Lay) -> None:
    desk = lay("def f(*args): return object()")
    handle = desk.call("f")["ok"]
    assert desk.call("f", handle, 3, [handle], torch.float32)["args"] == [None, None, None, None]


def test_a_student_who_puts_a_list_into_itself_gets_an_answer(lay: Lay) -> None:
    assert lay("def f(x): x.append(x)").call("f", [1])["error"] == "RecursionError"


@pytest.mark.parametrize(
    ("body", "touched"),
    [
        ("return 1", False),
        ("return torch.ones(3).sum()", False),
        ("return torch.rand(3, generator=torch.Generator().manual_seed(0))", False),
        ("return np.random.default_rng(0).random()", False),
        ("return torch.rand(1)", True),
        ("torch.manual_seed(0)", True),
        ("np.random.rand()", True),
        ("random.random()", True),
    ],
)
def test_a_call_that_moves_a_global_random_state_leaves_evidence(lay: Lay, body: str, touched: bool) -> None:
    desk = lay(f"import torch, random, numpy as np\ndef f():\n    {body}")
    before, after = desk.ask("call", name="f", args=[], kwargs={}, seed=7)["rng"]
    assert (before != after) is touched


def test_a_call_after_one_that_raised_is_measured_by_itself(lay: Lay) -> None:
    desk = lay("import torch\ndef f():\n    torch.rand(1)\n    raise ValueError\ndef g(): return 1")
    desk.ask("call", name="f", args=[], kwargs={}, seed=7)
    before, after = desk.call("g")["rng"]
    assert before == after


def test_a_seed_gives_every_student_the_same_numbers(lay: Lay) -> None:
    desk = lay(
        "import torch, random, numpy as np\ndef f(): return torch.rand(1).item(), np.random.rand(), random.random()"
    )
    first = desk.ask("call", name="f", args=[], kwargs={}, seed=1 << 40)["ok"]
    other = desk.call("f")["ok"]
    assert desk.ask("call", name="f", args=[], kwargs={}, seed=1 << 40)["ok"] == first
    assert other != first


# --- traces ---

LEAVES: dict[str, tuple[str, str]] = {
    "a default dtype": ("torch.set_default_dtype(torch.float64)", "default dtype"),
    "a grad mode": ("torch.set_grad_enabled(False)", "grad mode"),
    "anomaly detection": ("torch.autograd.set_detect_anomaly(True)", "anomaly mode"),
    "deterministic algorithms": ("torch.use_deterministic_algorithms(True)", "deterministic"),
    "a dispatch mode": ("Passing().__enter__()", "dispatch modes"),
    "a function mode": ("Seeing().__enter__()", "function modes"),
    "a thread": ("threading.Thread(target=time.sleep, args=(1,)).start()", "threads"),
    "a file": ("open('cache.pt', 'w').close()", "files"),
    "another torch.allclose": ("torch.allclose = lambda *a, **k: True", "names of torch"),
    "another torch.nn.functional.relu": ("torch.nn.functional.relu = abs", "names of torch.nn.functional"),
    "another Tensor.__add__": ("torch.Tensor.add = torch.Tensor.sub", "names of Tensor"),
    "another builtin": ("builtins.abs = len", "names of builtins"),
    "a name in NumPy": ("np.answer = 42", "names of numpy"),
    "a cache that grew": ("CACHE.append(1)", "student.CACHE"),
    "a dict that grew": ("TABLE['x'] = 1", "student.TABLE"),
    "a counter": ("global COUNT; COUNT += 1", "student.COUNT"),
    "a new name": ("globals()['fresh'] = 1", "student.fresh"),
    "a tensor changed in place": ("WEIGHT.add_(1)", "student.WEIGHT"),
    "an array changed in place": ("ARRAY[0] = 1", "student.ARRAY"),
    "an attribute of a function": ("f.calls = 1", "student.f"),
    "a rebound function": ("global g; g = abs", "student.g"),
}


@pytest.mark.parametrize(("body", "trace"), LEAVES.values(), ids=LEAVES)
def test_what_an_item_leaves_behind_is_named(hand_in: Callable[..., Any], body: str, trace: str) -> None:
    """In a process of its own: what these leave behind would spoil the other tests."""
    submitted = hand_in(
        f"""
        import builtins, threading, time, torch, numpy as np
        from torch.utils._python_dispatch import TorchDispatchMode as Mode
        class Passing(Mode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None): return func(*args, **(kwargs or {{}}))
        class Seeing(torch.overrides.TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None): return func(*args, **(kwargs or {{}}))
        CACHE, TABLE, COUNT, WEIGHT, ARRAY = [], {{}}, 0, torch.zeros(2), np.zeros(2)
        def g(): pass
        def f():
            {body}
        """,
        "process",
    )
    submitted.student.f()
    assert trace in submitted.session.end_item()


@pytest.mark.parametrize(
    "body",
    [
        "return torch.rand(3) + torch.ones(3)",
        "with torch.no_grad(): return torch.ones(2)",
        "local = []; local.append(1); return local",
        "return torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)",
        "raise ValueError",
    ],
)
def test_an_honest_call_leaves_nothing(lay: Lay, body: str) -> None:
    desk = lay(f"import torch\ndef f():\n    {body}\n")
    desk.call("f")
    assert desk.traces() == []


def test_a_guarded_item_leaves_nothing(lay: Lay) -> None:
    desk = lay("import torch\ndef f(x): return x @ x")
    desk.ask("item", forbids=["autograd", "torch.nn.functional.dropout", "aten.native_dropout"])
    assert "ok" in desk.call("f", torch.ones(2, 2))
    assert desk.traces() == []


def test_a_namespace_is_copied_where_it_was_changed() -> None:
    namespace: dict[str, object] = {"relu": abs}
    first = traces._names("mine", namespace)
    again = traces._names("mine", namespace)
    assert again == first
    assert (again is first) == traces._tags_tell()
    assert traces._tags_tell() or sys.version_info >= (3, 12)
    namespace["relu"] = len
    second = traces._names("mine", namespace)
    assert (first, second) == ({"relu": abs}, {"relu": len})
    assert traces._names("mine", dict(namespace)) is not second  # another one by the same name


def test_where_changes_have_no_number_it_is_copied_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_tag", lambda namespace: 0)
    namespace: dict[str, object] = {"relu": abs}
    first, second = traces._names("mine", namespace), traces._names("mine", namespace)
    assert first == second
    assert first is not second


def test_a_value_that_cannot_be_compared_or_printed_does_no_harm(lay: Lay) -> None:
    desk = lay("""
        class Bad:
            def __repr__(self): raise ValueError
            def __eq__(self, other): raise ValueError
        LIST, BAD = [Bad()], Bad()
        def f(): return 1
    """)
    assert desk.opened == {"ok": None}
    assert desk.call("f")["ok"] == 1
    assert desk.traces() == []


# --- programs, references, policies ---

PROGRAM = (
    "def double(x):\n    return 2 * x\n\ndef run(f, x):\n    return double(student.f(f(x))), torch.is_tensor(x), np.pi"
)


def test_an_inside_program_runs_beside_the_students_module(lay: Lay) -> None:
    desk = lay("def f(x): return x + 1")
    fn = wire.Ref("inside", "double", PROGRAM)
    answer = desk.ask("inside", entry="run", program=PROGRAM, args=[fn, torch.tensor(1.0)], kwargs={})["ok"]
    assert (answer[0].item(), *answer[1:]) == (6.0, True, np.pi)


def test_an_inside_program_sees_nothing_of_the_grader(lay: Lay) -> None:
    program = "def names():\n    return sorted(n for n in globals() if n != '__builtins__')"
    assert lay("").ask("inside", entry="names", program=program, args=[], kwargs={})["ok"] == [
        "F",
        "names",
        "nn",
        "np",
        "student",
        "torch",
    ]


def test_an_exception_inside_names_no_line_of_the_program(lay: Lay) -> None:
    program = "def run():\n    return student.f()"
    answer = lay("def f():\n    raise KeyError").ask("inside", entry="run", program=program, args=[], kwargs={})
    assert answer == {"error": "KeyError", "lines": [2]}


def test_shared_data_is_given_by_its_name(lay: Lay) -> None:
    desk = lay("def f(x): return x.sum().item()")
    assert desk.call("f", wire.Ref("shared", "train_x"))["ok"] == 6.0


def test_a_reference_to_nothing_is_the_graders_fault(lay: Lay) -> None:
    with pytest.raises(wire.WireError):
        lay("def f(x): return x").call("f", wire.Ref("handle", "77"))


def test_a_broken_policy_is_told_with_its_line(lay: Lay) -> None:
    desk = lay("import torch\ndef f(x):\n    return torch.nn.functional.dropout(x)")
    desk.ask("item", forbids=["torch.nn.functional.dropout"])
    assert desk.call("f", torch.ones(3)) == {"blocked": ["torch.nn.functional.dropout", 3]}


def test_a_policy_ends_with_its_item(lay: Lay) -> None:
    desk = lay("import torch\ndef f(x):\n    return torch.nn.functional.dropout(x)")
    desk.ask("item", forbids=["torch.nn.functional.dropout"])
    desk.ask("item", forbids=[])
    assert "ok" in desk.call("f", torch.ones(3))


@pytest.fixture(autouse=True)
def _random_states_kept() -> Any:
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    yield
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])


def test_in_the_graders_own_process_a_policy_does_not_reach_the_reference() -> None:
    desk = Desk(None, "def f(x): return x @ x")
    desk.ask("item", forbids=["autograd"])
    assert "ok" in desk.call("f", torch.ones(2, 2))
    w = torch.ones(2, 2, requires_grad=True)
    assert torch.autograd.grad((w @ w).sum(), w)[0].tolist() == [[4, 4], [4, 4]]
