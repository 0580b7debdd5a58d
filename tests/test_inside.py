"""`@inside` functions: what travels, what is refused, and what the refusal says."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograder.checks import InsideError, InsideFunction, inside, inside_functions, runner

HEADER = "import torch\nfrom torch import nn\nfrom autograder.checks import inside\nimport math\nWANT = 3\n"


@pytest.fixture
def suite(tmp_path: Path) -> Callable[[str], ModuleType]:
    """A suite's module made of this source, after HEADER (five lines)."""

    def load(body: str) -> ModuleType:
        path = tmp_path / "test_suite.py"
        source = HEADER + textwrap.dedent(body)
        path.write_text(source)
        module = ModuleType("test_suite")
        exec(compile(source, str(path), "exec"), vars(module))
        return module

    return load


Suite = Callable[[str], ModuleType]


class Beside:
    """A stand-in for the worker: runs the program with the given names and nothing else."""

    def run_inside(self, fn: InsideFunction, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        names: dict[str, Any] = {"student": "the module"}
        exec(fn.program(), names)
        return names[fn.name](*args, **kwargs)


def run(fn: InsideFunction, *args: object, **kwargs: object) -> Any:
    token = runner.set(Beside())
    try:
        return fn(*args, **kwargs)
    finally:
        runner.reset(token)


def test_it_runs_where_the_runner_says_and_returns_what_comes_back(suite: Suite) -> None:
    module = suite("""
        @inside
        def add(a: torch.Tensor, *, b: Undefined = 2) -> Undefined:
            total: Undefined = a + b
            return total
    """)
    assert run(module.add, 1) == 3
    assert run(module.add, 1, b=5) == 6


def test_without_a_runner_it_says_that_suites_are_run_by_autograder(suite: Suite) -> None:
    module = suite("""
        @inside
        def one():
            return 1
    """)
    with pytest.raises(RuntimeError, match=r"one .* suites are run by autograder"):
        module.one()


def test_its_source_is_dedented_and_bare() -> None:
    @inside
    def ten() -> int:
        """Ten."""
        return 10  # a comment stays

    assert ten.source == 'def ten() -> int:\n    """Ten."""\n    return 10  # a comment stays\n'
    assert (ten.name, ten.__doc__, ten.needs) == ("ten", "Ten.", ())
    assert run(ten) == 10


@pytest.mark.parametrize(
    "body",
    [
        "return [a * k for k in range(3) if k]",
        "return {k: v for k, v in zip(a, a)}",
        "return (lambda b, *c, d=1, **e: b + d)(a)",
        "def inner(b):\n        nonlocal a\n        a = b\n        return a, b\n    return inner(2)",
        "class Net(nn.Module):\n        def __init__(self):\n            super().__init__()\n    return Net()",
        "import io\n    buffer = io.BytesIO()\n    return buffer",
        "with torch.no_grad() as g:\n        for i, (b, c) in enumerate(a):\n            b += c\n    return b",
        "try:\n        return student.f(a)\n    except ValueError as error:\n        return str(error)",
        "if (n := len(a)) > 1:\n        return n\n    return F.relu(np.ones(n))",
        "match a:\n        case [b, *c]:\n            return b, c",
        "del a\n    return __name__",
        "return probe(a - 1) if a else 0",
    ],
)
def test_arguments_locals_builtins_and_the_given_names_are_known(suite: Suite, body: str) -> None:
    module = suite(f"@inside\ndef probe(a):\n    {body}\n")
    module.probe.check_names()


@pytest.mark.parametrize(
    ("body", "line", "name", "cure"),
    [
        ("return a * WANT", 9, "WANT", "pass `WANT` as an argument"),
        ("b = 1\n    return math.exp(a)", 10, "math", "pass `math` as an argument"),
        ("return [wnat for _ in a]", 9, "wnat", "define `wnat` in it"),
        ("def inner():\n        return WANT\n    return inner()", 10, "WANT", "pass"),
        ("return lambda b=WANT: b", 9, "WANT", "pass"),
        ("class C:\n        x = WANT\n    return C", 10, "WANT", "pass"),
        ("return helper(a)", 9, "helper", "mark it @inside"),
        ("WANT[0] = a", 9, "WANT", "pass"),
    ],
)
def test_any_other_name_is_refused_with_its_place_and_a_cure(
    suite: Suite, body: str, line: int, name: str, cure: str
) -> None:
    module = suite(f"def helper(a): return a\n@inside\ndef probe(a):\n    {body}\n")
    with pytest.raises(InsideError) as caught:
        module.probe.check_names()
    words = str(caught.value)
    assert all(part in words for part in (f"test_suite.py:{line}: ", f"`{name}`", cure))


def test_a_default_value_is_evaluated_in_the_worker_and_checked(suite: Suite) -> None:
    module = suite("""
        @inside
        def probe(a, b=WANT):
            return b
    """)
    with pytest.raises(InsideError, match=r"test_suite.py:8.*`WANT`"):
        module.probe.check_names()


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (
            "def outer(k):\n    @inside\n    def probe(a):\n        return a + k\n    return probe\nouter(1)",
            "closes over `k`",
        ),
        ("@inside\ndef probe(a):\n    yield a", "is a generator"),
        ("@inside\nasync def probe(a):\n    return a", "is not a plain `def`"),
        ("probe = inside(lambda a: a)", "is not a plain `def`"),
        ("@inside\n@torch.no_grad()\ndef probe(a):\n    return a", "another decorator"),
        ("@inside\ndef probe(a):\n    global WANT\n    WANT = a", "has `global WANT`"),
    ],
)
def test_what_cannot_travel_is_refused_at_its_definition(suite: Suite, definition: str, words: str) -> None:
    with pytest.raises(InsideError) as caught:
        suite(definition)
    assert words in str(caught.value)
    assert "test_suite.py:" in str(caught.value)


def test_it_takes_along_the_inside_functions_it_names_in_order_of_definition(suite: Suite) -> None:
    module = suite("""
        @inside
        def all_of_it(a):
            return twice(a) + once(a)

        @inside
        def once(a):
            return a + OTHER(a)

        @inside
        def twice(a):
            return once(once(a))

        @inside
        def OTHER(a):
            return 1

        @inside
        def unrelated(a):
            return nothing_known
    """)
    module.all_of_it.check_names()
    assert [need.name for need in module.all_of_it.needs] == ["once", "twice"]
    program = module.all_of_it.program()
    assert [line for line in program.splitlines() if line.startswith("def ")] == [
        "def all_of_it(a):",
        "def once(a):",
        "def twice(a):",
        "def OTHER(a):",
    ]
    assert run(module.all_of_it, 1) == 5


def test_functions_that_name_each_other_travel_together(suite: Suite) -> None:
    module = suite("""
        @inside
        def even(n):
            return True if n == 0 else odd(n - 1)

        @inside
        def odd(n):
            return False if n == 0 else even(n - 1)
    """)
    assert run(module.even, 4) is True
    assert module.even.program() == module.odd.program()


def test_a_need_with_an_unknown_name_is_found_before_anything_is_shipped(suite: Suite) -> None:
    module = suite("""
        @inside
        def probe(a):
            return helper(a)

        @inside
        def helper(a):
            return WANT
    """)
    with pytest.raises(InsideError, match="`helper` names `WANT`"):
        module.probe.program()


def test_an_alias_of_an_inside_function_is_refused(suite: Suite) -> None:
    module = suite("""
        @inside
        def helper(a):
            return a

        alias = helper

        @inside
        def probe(a):
            return alias(a)
    """)
    with pytest.raises(InsideError, match="names `alias`, but that function is called `helper`"):
        module.probe.check_names()


def test_the_inside_functions_of_a_module_are_listed_in_order(suite: Suite) -> None:
    module = suite("""
        @inside
        def second(a):
            return a

        @inside
        def first(a):
            return a

        again = first
    """)
    assert [fn.name for fn in inside_functions(vars(module))] == ["second", "first"]
    assert repr(module.second).startswith("<inside second of ")


def test_only_a_function_can_be_inside() -> None:
    with pytest.raises(InsideError, match="plain `def`"):
        inside(functools.partial(print))
