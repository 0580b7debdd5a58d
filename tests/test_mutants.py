"""mutants: every small thing that can be wrong in a solution, and nothing else."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from autograder.authoring.mutants import Mutant, mutants
from autograder.course import Item, Unit
from autograder.models import Text

ITEM = Item("f", "f", Text("F", "F"), 1.0, 5, 1, ())
UNIT = Unit("u01", "answers", Text("U", "U"), (ITEM,))

SOLUTION = '''\
import torch

### BEGIN SOLUTION
def _helper(x):
    return x + 1
### END SOLUTION


def f(x, k: int = 3):
    """Say 2 + 2, and nothing of it is changed."""
    given = 7 * k
    ### BEGIN SOLUTION
    {body}
    ### END SOLUTION
'''


def of(body: str, unit: Unit = UNIT) -> list[Mutant]:
    return list(mutants(SOLUTION.replace("{body}", body).encode(), unit))


def changes(body: str) -> set[str]:
    return {mutant.after for mutant in of(body)}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("return x - k", {"return k - x", "return x + k", "return x", "return k", "return None"}),
        ("return x.mean(1, keepdim=True)", {"return x.mean(1)", "return x.mean(1, keepdim=False)"}),
        ("return x.mean(1)", {"return x.sum(1)", "return x.mean(2)", "return x.mean(0)", "return x"}),
        ("return x.detach()", {"return x"}),
        ("return x.clamp(min=0.5)", {"return x.clamp_(min=0.5)", "return x.clamp()", "return x.clamp(min=0.0)"}),
        ("return x.add_(k)", {"return x.add(k)"}),
        ("return torch.zeros(k, dtype=torch.float32)", {"return torch.zeros(k, dtype=torch.float64)"}),
        ("return x if k > 2 else k", {"return x", "return k", "return x if k >= 2 else k"}),
        ("return x[1:k]", {"return x[:k]", "return x[1:]", "return x[2:k]"}),
        ("return x, k", {"return (k, x)"}),
        ("x += k", {"pass", "x -= k", "x = k"}),
        ("with torch.no_grad():\n        x -= k", {"if True:", "with torch.enable_grad():", "x = x - k"}),
        ("if k == 1:\n        return x", {"if k != 1:", "if True:", "if False:", "if not k == 1:"}),
        ("raise ValueError(f'{k + 1} is odd')", {"pass"}),
        ("return [v for v in x if v]", {"return [v for v in x]"}),
        ("return torch.matmul(x, k)", {"return torch.matmul(k, x)", "return torch.matmul(x)"}),
    ],
)
def test_what_a_tired_student_would_write_is_among_the_mutants(body: str, wrong: set[str]) -> None:
    assert wrong - changes(body) == set()


def test_only_what_stands_between_the_markers_changes() -> None:
    lines = SOLUTION.splitlines()
    assert {lines[mutant.line - 1].strip() for mutant in of("return 2 * x")} == {"{body}"}


def test_every_mutant_is_python_and_differs_from_the_solution_and_from_every_other() -> None:
    solution = SOLUTION.replace("{body}", "return (x - 2) / (k + 1)")
    programs = [ast.unparse(ast.parse(mutant.source)) for mutant in of("return (x - 2) / (k + 1)")]
    assert len(set(programs)) == len(programs) > 10
    assert ast.unparse(ast.parse(solution)) not in programs


def test_a_text_that_only_people_read_is_left_alone() -> None:
    assert changes("raise ValueError(f'{k + 1} is odd')") == {"pass"}


def test_a_helper_is_judged_by_the_items_that_use_it() -> None:
    unit = replace(UNIT, items=(ITEM, replace(ITEM, id="g", symbol="g")))
    helper = [mutant for mutant in of("return _helper(x)\n\n\ndef g(x):\n    return 0", unit) if mutant.line == 5]
    assert {mutant.after for mutant in helper} >= {"return x - 1", "return x + 2"}
    assert {mutant.items for mutant in helper} == {("f",)}


def test_a_helper_that_no_item_uses_makes_no_mutant() -> None:
    assert "return x - 1" not in changes("return x")
