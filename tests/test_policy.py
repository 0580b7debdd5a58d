"""policy words: what a source shows and what a run counts of them, from grading.yml to the report.

The answers below are the measured table of docs/decisions/0007-policy-words.md, which a test holds to these outcomes.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch

from autograder.authoring.verify import Case
from autograder.bank import Entry
from autograder.course import Course, CourseError, Unit
from autograder.grading.pool import Pool
from autograder.models import (
    Attempt,
    Diagnosis,
    Environment,
    Grade,
    Isolation,
    ItemResult,
    Submission,
    Text,
    Verdict,
    msg,
)
from autograder.reports import json as results
from autograder.reports import markdown, text
from autograder.sandbox.answers import PolicyBroken, source_words
from autograder.sandbox.inner.guard import STEPS, Guard
from autograder.sandbox.inner.policy import Source
from autograder.sandbox.proxy import LocalTransport, Session
from tests.test_guard import CHEATS, HEAD, defined, guarded, numbers, right
from tests.tiny_course import SOLUTION, answer, item, judged, judged_here, slots, tiny_course, told

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

DECISION = Path(__file__).parents[1] / "docs" / "decisions" / "0007-policy-words.md"
SOFTMAX = "torch.nn.functional.softmax"


def found(source: str, *forbids: str, symbol: str = "f") -> tuple[str, int] | None:
    return Source([ast.parse(dedent(source))]).finding(symbol, forbids)


# --- forbidden names on the source: each of these is line 3 of its module ---

NAMED = {
    "the whole name": "import torch\ndef f(x):\n    return torch.nn.functional.softmax(x, 1)",
    "the usual alias": "import torch.nn.functional as F\ndef f(x):\n    return F.softmax(x, 1)",
    "an alias of the package": "import torch as t\ndef f(x):\n    return t.nn.functional.softmax(x, 1)",
    "from … import": "from torch.nn.functional import softmax\ndef f(x):\n    return softmax(x, 1)",
    "from … import … as": "from torch.nn.functional import softmax as s\ndef f(x):\n    return s(x, 1)",
    "a module from its package": "from torch.nn import functional\ndef f(x):\n    return functional.softmax(x, 1)",
    "from … import *": "from torch.nn.functional import *\ndef f(x):\n    return softmax(x, 1)",
    "a second name": "import torch; N = torch.nn.functional\ndef f(x):\n    return N.softmax(x, 1)",
    "a second name of the function": "import torch; s = torch.nn.functional.softmax\ndef f(x):\n    return s(x, 1)",
    "an import inside": "def f(x):\n    import torch.nn.functional as F\n    return F.softmax(x, 1)",
    "a second name inside": "import torch.nn as nn\ndef f(x):\n    g = nn.functional.softmax; return g(x, 1)",
    "getattr with a plain text": "import torch.nn.functional as F\ndef f(x):\n    return getattr(F, 'softmax')(x, 1)",
    "an argument of another call": "import torch.nn.functional as F\ndef f(x):\n    return torch.vmap(F.softmax)(x)",
    "a helper": "import torch.nn.functional as F\ndef g(x):\n    return F.softmax(x, 1)\ndef f(x):\n    return g(x)",
    "a helper that is a lambda": """\
        import torch.nn.functional as F
        g = 1
        g = lambda x: F.softmax(x, 1)
        f = lambda x: g(x)
    """,
    "a method of the class": """\
        import torch.nn.functional as F
        class f:
            def forward(self, x): return F.softmax(x, 1)
    """,
    "a base class": "import torch.nn.functional as F\nclass A:\n    g = F.softmax\nclass f(A):\n    pass",
    "an import under try": """\
        try: import torch.nn.functional as F
        except ImportError: pass
        def f(x): return F.softmax(x, 1)
    """,
}  # fmt: skip


@pytest.mark.parametrize("source", NAMED.values(), ids=NAMED)
def test_a_forbidden_name_is_found_with_its_line(source: str) -> None:
    assert found(source, "torch.relu", SOFTMAX) == (SOFTMAX, 3)


HONEST = {
    "another function of the module": """\
        import torch.nn.functional as F
        def g(x): return F.softmax(x)
        def f(x): return x
    """,
    "its own function of that name": """\
        from torch.nn.functional import softmax
        def softmax(x): return x
        def f(x): return softmax(x)
    """,
    "an argument of that name": "from torch.nn.functional import softmax\ndef f(softmax): return softmax + 1",
    "a local variable of a helper's name": """\
        import torch.nn.functional as F
        def g(x): return F.softmax(x)
        def f(x):
            g = x
            return g
    """,
    "a longer name": "import torch.nn.functional as F\ndef f(x): return F.softmax_backward(x)",
    "a text": "def f(x): 'F.softmax'; return 'torch.nn.functional.softmax'",
    "a check below the answer": "import torch.nn.functional as F\ndef f(x): return x\nif f(1): print(F.softmax)",
    "a class that is no item's": "import torch.nn.functional as F\nclass A:\n    g = F.softmax\nclass f: pass",
}  # fmt: skip


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_what_the_item_does_not_use_is_not_found(source: str) -> None:
    assert found(source, SOFTMAX) is None


def test_an_operator_of_the_dispatcher_is_found_with_its_overload() -> None:
    source = "import torch\ndef f(x): return torch.ops.aten.native_dropout.default(x, 0.5, True)"
    assert found(source, "aten.native_dropout") == ("aten.native_dropout", 2)


def test_the_item_itself_is_named_before_what_it_calls() -> None:
    source = "import torch\ndef g(x): return torch.exp(x)\ndef f(x):\n    return torch.tanh(g(x))"
    assert found(source, "torch.exp", "torch.tanh") == ("torch.tanh", 4)


def test_functions_that_call_each_other_are_read_once() -> None:
    assert found("def f(x): return g(x)\ndef g(x): return f(x)", SOFTMAX) is None


def test_a_module_that_names_nothing_forbids_nothing() -> None:
    assert Source().finding("f", ("autograd", "loops", SOFTMAX)) is None


# --- loops on the source ---

FIXED = [
    "return [x[0], x[1]]",
    "for size in x.shape: assert size > 0",
    "for size in x.shape[1:]: assert size > 0",
    "for i, size in enumerate(x.size()): assert size > i",
    "return [x.sum(i) for i in range(x.ndim)]",
    "return [x.sum(i) for i in range(-x.dim(), 0)]",
    "return x.sum(tuple(range(1, len(x.shape))))",
    "for name in ('a', 'b'): x = x + 1",
    "for a, b in zip(('a', 'b'), x): pass",
    "for k, v in {'a': 1}.items(): pass",
    "return functools.reduce(operator.mul, x.shape)",
    "return tuple(map(int, x.shape))",
]


@pytest.mark.parametrize("body", FIXED)
def test_a_loop_whose_rounds_are_fixed_is_none(body: str) -> None:
    assert found(f"import functools, operator\ndef f(x):\n    {body}", "loops") is None


LOOPS = [
    "for row in x: pass",
    "for i in range(len(x)): pass",
    "for i in range(x.shape[0]): pass",
    "for i in range(x.size(0)): pass",
    "while len(x): x = x[1:]",
    "return torch.stack([row for row in x])",
    "return sum(row for row in x)",
    "return {i: row for i, row in enumerate(x)}",
    "return [a * b for a, b in zip(x, x)]",
    "return list(map(torch.exp, x))",
    "return functools.reduce(torch.add, x, 0)",
    "return np.vectorize(math.exp)(x)",
    "return np.apply_along_axis(sum, 1, x)",
    "return (lambda: [row for row in x])()",
    "def inner(): return [row for row in x]",
    "for size in x.shape: [row for row in x]",
]


@pytest.mark.parametrize("body", LOOPS)
def test_a_loop_over_elements_is_found_with_its_line(body: str) -> None:
    assert found(f"import functools, math, torch, numpy as np\ndef f(x):\n    {body}", "loops") == ("loops", 3)


def test_a_table_that_the_module_builds_is_no_loop_of_the_item() -> None:
    assert found("TABLE = [i * i for i in range(9)]\ndef f(x): return TABLE", "loops") is None


def test_a_loop_of_a_helper_is_one_of_the_item() -> None:
    assert found("def g(x): return [y for y in x]\ndef f(x): return g(x)", "loops") == ("loops", 1)


def test_an_own_function_called_map_hides_no_loop() -> None:
    assert found("def map(f, x): return f(x)\ndef f(x): return map(abs, x)", "loops") is None


# --- by counting, and the table of the decision ---

MODULE = "import functools, math, operator, torch\nimport numpy as np\n"
GETS_THROUGH = "exec of plain Python"
# squared distances between the rows of x (N, 3) and of c (4, 3): is it a loop over rows, and the answer
ANSWERS: dict[str, tuple[bool, str]] = {
    "broadcasting": (False, "return ((x[:, None] - c[None]) ** 2).sum(-1)"),
    "the expanded formula": (False, "return (x * x).sum(1, keepdim=True) - 2 * x @ c.T + (c * c).sum(1)"),
    "torch.cdist": (False, "return torch.cdist(x, c) ** 2"),
    "torch.vmap": (False, "return torch.vmap(lambda r: ((r - c) ** 2).sum(1))(x)"),
    "einsum": (False, "e = x[:, None] - c; return torch.einsum('nkd,nkd->nk', e, e)"),
    "for over rows": (True, """
        out = torch.zeros(len(x), len(c), dtype=x.dtype)
        for i in range(len(x)):
            out[i] = ((x[i] - c) ** 2).sum(1)
        return out
    """),
    "a comprehension": (True, "return torch.stack([((r - c) ** 2).sum(1) for r in x])"),
    "while": (True, """
        out = []
        while len(out) < len(x):
            out.append(((x[len(out)] - c) ** 2).sum(1))
        return torch.stack(out)
    """),
    "map and lambda": (True, "return torch.stack(list(map(lambda r: ((r - c) ** 2).sum(1), x)))"),
    "map of C functions": (True, """
        d = list(map(operator.sub, x.unsqueeze(1).unbind(0), [c] * len(x)))
        return torch.stack(list(map(torch.Tensor.sum, map(operator.mul, d, d), [1] * len(d))))
    """),
    "plain Python on tolist()": (True, """
        X, C = x.tolist(), c.tolist()
        return torch.tensor([[sum((a - b) ** 2 for a, b in zip(r, q)) for q in C] for r in X], dtype=x.dtype)
    """),
    "np.vectorize": (True, """
        X, C = x.numpy(), c.numpy()
        distance = np.vectorize(lambda i, j: ((X[i] - C[j]) ** 2).sum())
        return torch.from_numpy(distance(np.arange(len(X))[:, None], np.arange(len(C))[None]))
    """),
    "np.apply_along_axis": (True, """
        C = c.numpy()
        return torch.from_numpy(np.apply_along_axis(lambda r: ((r - C) ** 2).sum(1), 1, x.numpy()))
    """),
    "recursion": (True, """
        if len(x) == 1:
            return ((x - c) ** 2).sum(1)[None]
        half = len(x) // 2
        return torch.cat([answer(x[:half], c), answer(x[half:], c)])
    """),
    "exec of a loop": (True, """
        names = {"x": x, "c": c, "torch": torch}
        exec("o = torch.stack([((r - c) ** 2).sum(1) for r in x])", names)
        return names["o"]
    """),
    "chunks of 8": (True, "return torch.cat([((r[:, None] - c) ** 2).sum(-1) for r in x.split(8)])"),
    "exec of plain Python": (True, """
        names = {"X": x.tolist(), "C": c.tolist()}
        exec("o = [[sum((a - b) ** 2 for a, b in zip(r, q)) for q in C] for r in X]", names)
        return torch.tensor(names["o"], dtype=x.dtype)
    """),
}  # fmt: skip


def measured(body: str) -> tuple[bool, bool]:
    """Is it found on the source, and by counting one call of 260 rows?"""
    lines = "\n".join("    " + line for line in dedent(body).strip().splitlines())
    source = f"{MODULE}def answer(x, c):\n{lines}\n"
    names: dict[str, Any] = {}
    exec(compile(source, "answer.py", "exec"), names)
    generator = torch.Generator().manual_seed(0)
    x, c = (torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in (260, 4))
    got, guard = guarded(names["answer"], x, c, forbids=("loops",))
    assert torch.allclose(got, ((x[:, None] - c) ** 2).sum(-1))
    return found(source, "loops", symbol="answer") is not None, guard.found is not None


@pytest.mark.parametrize("name", ANSWERS)
def test_a_right_answer_is_free_and_a_loop_is_seen_by_one_of_the_two(name: str) -> None:
    loop, body = ANSWERS[name]
    on_the_source, counted = measured(body)
    assert (on_the_source or counted) == (loop and name != GETS_THROUGH)


def test_the_decision_holds_the_tables_as_measured() -> None:
    written = DECISION.read_text(encoding="utf-8")
    mark = {True: "yes", False: "no"}
    rows = {name: (a, b) for name, a, b in re.findall(r"^\| (.+?) \| (yes|no) \| (yes|no) \|$", written, re.MULTILINE)}
    measures = {name: measured(body) for name, (_, body) in ANSWERS.items()}
    assert rows == {name: (mark[a], mark[b]) for name, (a, b) in measures.items()}
    seen = dict(re.findall(r"^\| (.+?) \| (found|not found) \|$", written, re.MULTILINE))
    assert seen == {name: "found" if cheat_on_the_source(body) else "not found" for name, (_, body) in CHEATS.items()}


def cheat_on_the_source(body: str) -> bool:
    lines = "\n".join("    " + line for line in dedent(body).strip().splitlines())
    return found(f"{HEAD}def answer(x, w, dout):\n{lines}\n", "autograd", symbol="answer") is not None


def test_a_library_that_works_at_its_first_use_counts_for_nothing() -> None:
    """dataclasses and namedtuple make code called "<string>"; an import at first use ran 37,000 calls of it."""
    library: dict[str, Any] = {}
    names: dict[str, Any] = {}
    exec(compile("def busy():\n    for _ in range(1000): len('')", "<string>", "exec"), library)
    exec(compile("def answer(busy): return busy()", "answer.py", "exec"), names)
    _, guard = guarded(names["answer"], library["busy"], forbids=("loops",))
    assert guard.found is None
    assert guard.steps < 10 < STEPS


# --- an item that only warns: nothing is refused or made wrong ---


@pytest.mark.parametrize("name", [name for name, (outcome, _) in CHEATS.items() if outcome == "noted"])
def test_without_strictness_a_use_is_noted_and_works(name: str) -> None:
    guard = Guard(("autograd",), "answer.py", strict=False)
    with guard.poisoning(), guard.watching():
        got = defined(CHEATS[name][1])(*numbers())
    assert right(got)
    assert guard.found is not None


def local(source: str) -> Session:
    session = Session(LocalTransport())
    session.open("answer.py", "answer", dedent(source).encode(), 5.0)
    return session


def test_a_strict_item_does_not_begin_when_its_source_breaks_a_policy() -> None:
    with pytest.raises(PolicyBroken) as broken:
        local("def f(x):\n    return [y for y in x]").item(["loops"], "f")
    assert (broken.value.what, broken.value.line) == ("loops", 2)


def test_an_item_that_warns_begins_and_keeps_what_was_noted() -> None:
    session = local("def f(x):\n    return [y for y in x]\ndef g(x): return x")
    session.item(["loops"], "f", strict=False)
    assert session.noted is not None
    assert (session.noted.what, session.noted.line) == ("loops", 2)
    session.item(["loops"], "g", strict=False)
    assert session.noted is None


def test_a_deep_expression_hides_no_loop_elsewhere() -> None:
    session = local(f"DEEP = {'+'.join(['1'] * 1500)}\ndef f(x):\n    return [y for y in x]\n")
    with pytest.raises(PolicyBroken):
        session.item(["loops"], "f")


# --- verify ---


def case_of(population: str, kind: str = "") -> Case:
    unit = Unit("u", "m", Text("u", "u"), ())
    entry = Entry("double", "by_rows", ast.parse("def f(): pass").body[0], kind)  # type: ignore[arg-type]
    return Case(population, unit, b"", entry)


def attempt_of(verdict: Verdict, code: str) -> Attempt:
    return Attempt("an", "u", (ItemResult("double", verdict, 0.0, 2.0, (Diagnosis(code, msg("a loop")),)),))


@pytest.mark.parametrize("population", ["solution", "alternative"])
def test_a_right_answer_that_is_warned_is_a_problem_of_the_course(population: str) -> None:
    problems = list(case_of(population).problems(attempt_of(Verdict.PASSED, "warned")))
    assert [problem.partition(": ")[2] for problem in problems] == ["double is right but warned of: a loop"]


def test_a_loop_of_the_bank_is_named_where_it_is_blocked_and_no_other_mistake_is() -> None:
    blocked = attempt_of(Verdict.BLOCKED, "blocked")
    assert [case_of("mistake", kind).named(blocked) for kind in ("loop", "shape")] == [True, False]


def test_a_deep_expression_hides_no_loop_beside_it() -> None:
    deep = "+".join(["1"] * 1500)
    assert found(f"import a\ndef f(x):\n    y = {deep}; z = a{'.b' * 1500}\n    return [y for y in x]", "loops") == (
        "loops",
        4,
    )


# --- grading.yml ---

ENDS_OF_SLOPE = "        forbids: [autograd]\n"
BROKEN = {
    "a loop in the singular": ("        forbids: [loop]\n", "'loop' cannot be forbidden; did you mean 'loops'?"),
    "a word that is none": (
        "        forbids: [softmax]\n",
        "'softmax' cannot be forbidden; write autograd, loops, torch.… or aten.…",
    ),
    "another price": (
        ENDS_OF_SLOPE + "        policy: warn\n",
        "grading.yml.units[0].items[2].policy is 'warn'; did you mean 'warning'?",
    ),
    "a price of nothing": (
        "        policy: warning\n",
        "slope has a policy but forbids nothing; add the line 'forbids: […]' or drop it",
    ),
}


@pytest.mark.parametrize(("lines", "said"), BROKEN.values(), ids=BROKEN)
def test_a_policy_that_cannot_be_is_told_with_its_place_and_cure(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(CourseError, match=rf"^grading\.yml:\d+: {re.escape(said)}$"):
        tiny_course(tmp_path, ("grading.yml", ENDS_OF_SLOPE, lines))


def test_an_item_costs_its_points_unless_it_says_otherwise(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, ("grading.yml", ENDS_OF_SLOPE, ENDS_OF_SLOPE + "        policy: warning\n"))
    assert [item.policy for item in course.units[0].items] == ["zero", "zero", "warning", "zero"]


# --- the real path ---

FIRST, SECOND = "        points: 2\n        minutes: 1\n", "        points: 4\n        minutes: 1\n"
SUITE = "autograder/suites/u01_tiny/test_tiny.py"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """double: no loop and no softmax, strictly; halves: the same as a warning; slope: autograd warns."""
    forbids = f"        forbids: [loops, {SOFTMAX}]\n"
    return tiny_course(
        tmp_path_factory.mktemp("course"),
        ("grading.yml", FIRST, FIRST + forbids),
        ("grading.yml", SECOND, SECOND + forbids + "        policy: warning\n"),
        ("grading.yml", ENDS_OF_SLOPE, ENDS_OF_SLOPE + "        policy: warning\n"),
        (SUITE, "x = make(make.pick(3, 6))", "x = make(300)"),
    )


@pytest.fixture(scope="module")
def pool(course: Course) -> Iterator[Pool]:
    with slots(course) as pool:
        yield pool


def judge(pool: Pool, course: Course, **answers: str) -> Attempt:
    (attempt,) = judged(pool, course, answer(**answers))
    return attempt


def test_answers_without_a_forbidden_use_are_not_warned(pool: Pool, course: Course) -> None:
    attempt = judge(pool, course)
    assert attempt.score == 10.0
    assert [result.diagnoses for result in attempt.items] == [()] * 4


BLOCKED = {
    "a forbidden function under another name": (
        "from torch.nn.functional import softmax as s\nreturn 2 * x + 0 * s(x, 0)",
        "done without torch.nn.functional.softmax, and your code used it on line",
        "`return 2 * x + 0 * s(x, 0)`",
    ),
    "a loop": (
        "out = torch.zeros_like(x)\nfor i in range(len(x)):\n    out[i] = 2 * x[i]\nreturn out",
        "without a loop in Python, and your code has one on line",
        "`for i in range(len(x)):`",
    ),
    "a loop that only counting sees": (
        "return torch.cat([double(x[:len(x) // 2]), double(x[len(x) // 2:])]) if len(x) > 1 else 2 * x",
        "without a loop in Python, and your code has one on line",
        "`return torch.cat([double(x[:len(x) // 2])",
    ),
}


@pytest.mark.parametrize(("body", "said", "line"), BLOCKED.values(), ids=BLOCKED)
def test_a_forbidden_use_blocks_its_item_with_the_line(
    pool: Pool, course: Course, body: str, said: str, line: str
) -> None:
    attempt = judge(pool, course, double=body)
    result = item(attempt, "double")
    assert (result.verdict, result.score) == (Verdict.BLOCKED, 0.0)
    assert [diagnosis.code for diagnosis in result.diagnoses] == ["blocked"]
    assert said in told(result)
    assert line in told(result)
    assert attempt.score == 8.0


WARNED = {
    "a loop": ("halves", "first = torch.stack([y for y in x[:3]])\nreturn first, x[3:].clone()", 4.0),
    "a function that only the guard sees": (
        "halves",
        "name = 'soft' + 'max'\ngetattr(torch.nn.functional, name)(x, 0)\nreturn x[:3].clone(), x[3:].clone()",
        4.0,
    ),
    "autograd": ("slope", "y = x.clone().requires_grad_()\n(y**3).sum().backward()\nreturn y.grad", 1.0),
}


@pytest.mark.parametrize(("id", "body", "points"), WARNED.values(), ids=WARNED)
def test_an_item_that_warns_keeps_its_points(pool: Pool, course: Course, id: str, body: str, points: float) -> None:
    attempt = judge(pool, course, **{id: body})
    result = item(attempt, id)
    assert (result.verdict, result.score) == (Verdict.PASSED, points)
    assert [diagnosis.code for diagnosis in result.diagnoses] == ["warned"]
    assert "It costs no points." in told(result)
    assert "on line " in told(result)
    assert attempt.score == 10.0


def test_a_wrong_answer_is_told_why_before_it_is_warned(pool: Pool, course: Course) -> None:
    result = item(judge(pool, course, halves="return [y for y in x[:2]], x[2:]"), "halves")
    assert result.verdict is Verdict.FAILED
    assert len(result.diagnoses) > 1
    assert [diagnosis.code == "warned" for diagnosis in result.diagnoses][-1]


def test_a_notebook_is_told_the_cell_of_its_loop(course: Course) -> None:
    source = SOLUTION.replace("return 2 * x\n", "return torch.stack([2 * y for y in x])\n")
    line = source[: source.index("def double")].count("\n") + 1
    notebook = Submission("an", "u01_tiny", "tiny.py", source.encode(), cells=(1, line))
    (attempt,) = judged_here(course, notebook)
    result = item(attempt, "double")
    assert result.verdict is Verdict.BLOCKED
    assert "in cell 2, line 4: `return torch.stack([2 * y for y in x])`" in told(result)


# --- the reports ---


def test_a_warning_stands_on_every_report(course: Course) -> None:
    (attempt,) = judged_here(course, answer(halves="return torch.stack([y for y in x[:3]]), x[3:].clone()"))
    where = Environment("2", "3", "2", "cpu", 1, 7, "0")
    grade = Grade("tiny", (attempt,), Isolation("landlock"), where)
    page = markdown.student(grade, "an", course, "en")
    assert [words for words in ("Two halves: passed", "It costs no points", "broadcasting") if words not in page] == []
    table = text.grade_table(grade, course, "en", 100)
    assert "warnings:\n  an u01_tiny halves: Do this item without a loop in Python" in table
    (record,) = json.loads(results.results(grade))
    assert [entry["code"] for entry in record["items"][1]["diagnoses"]] == ["warned"]
    assert "không bị trừ điểm" in text.grade_table(grade, course, "vi", 300)


def test_what_an_item_calls_is_told_with_its_helpers_and_without_the_other_items() -> None:
    session = local("""
        def helper(model): model.zero_grad(set_to_none=True)
        def f(model):
            helper(model)
            model.weight.grad = None
        def g(x): return x.secret()
    """)
    session.item([], "f")
    assert session.words("f") == {"helper", "zero_grad", "set_to_none=", ".zero_grad", ".weight", ".grad="}


def test_a_word_that_does_not_stand_in_the_submitted_file_is_not_believed() -> None:
    assert source_words(["sum", ".grad=", "eval", 3, None], {"sum", "grad"}) == {"sum", ".grad="}
    assert source_words("sum", {"sum"}) == frozenset()
