"""build: solutions → stubs.  What stands between the markers never reaches a student."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.authoring.build import BuildError, broken_items, differences, stub, stubs
from autograder.course import Item, Unit, load
from autograder.models import Text
from tests.tiny_course import ROOT, SOLUTION, put, tiny_course

HINTS = (Text("look", "xem"),)
F = Item("f", "f", Text("The first", "Đầu tiên"), 1.0, 5, 1, HINTS)
NET = Item("net", "Net", Text("A net", "Một mạng"), 1.0, 5, 1, HINTS)
UNIT = Unit("u01", "answers", Text("U", "U"), (F,))

PLAIN = '''\
"""A unit."""

import torch


def f(x: torch.Tensor) -> torch.Tensor:
    """Twice x."""
    ### BEGIN SOLUTION
    y = 2 * x
    return y
    ### END SOLUTION
'''

STUB = '''\
"""A unit."""

import torch


def f(x: torch.Tensor) -> torch.Tensor:
    """Twice x."""
    # TODO: The first · Đầu tiên
    # Hint: pytest exercises/u01 --hint f
    raise NotImplementedError("f")
'''


def test_a_region_becomes_a_todo_the_way_to_a_hint_and_an_error() -> None:
    assert stub(PLAIN, UNIT) == STUB


def test_a_helper_of_the_solutions_own_disappears() -> None:
    helper = "### BEGIN SOLUTION\ndef secret(x):\n    return x\n### END SOLUTION\n\n\ndef f("
    assert stub(PLAIN.replace("def f(", helper), UNIT) == STUB.replace("def f(", "\n\ndef f(")


def test_each_method_of_a_class_keeps_its_signature_and_only_the_first_names_the_item() -> None:
    unit = replace(UNIT, items=(NET,))
    solution = """\
class Net:
    def __init__(self, n: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.n = n
        ### END SOLUTION

    def forward(self, x: int) -> int:
        ### BEGIN SOLUTION
        return self.n * x
        ### END SOLUTION
"""
    made = """\
class Net:
    def __init__(self, n: int) -> None:
        super().__init__()
        # TODO: A net · Một mạng
        # Hint: pytest exercises/u01 --hint net
        raise NotImplementedError("net")

    def forward(self, x: int) -> int:
        # TODO
        raise NotImplementedError("net")
"""
    assert stub(solution, unit) == made


MENDED = PLAIN.replace(
    "    y = 2 * x\n",
    """\
    ### BEGIN STUB
    # with torch.no_grad():
    #     y = 2 * x  # a comment of the stub's own
    #
    # return y
    ### END STUB
    y = 2 * x
""",
)


def test_code_to_mend_stands_in_the_stub_in_place_of_the_error() -> None:
    broken = """\
    with torch.no_grad():
        y = 2 * x  # a comment of the stub's own

    return y
"""
    assert stub(MENDED, UNIT) == STUB.replace('    raise NotImplementedError("f")\n', broken)


def test_one_method_is_mended_and_another_one_written() -> None:
    unit = replace(UNIT, items=(NET,))
    solution = """\
class Net:
    def first(self) -> int:
        ### BEGIN SOLUTION
        return 1
        ### END SOLUTION

    def second(self) -> int:
        ### BEGIN SOLUTION
        ### BEGIN STUB
        # return 1
        ### END STUB
        return 2
        ### END SOLUTION
"""
    made = """\
class Net:
    def first(self) -> int:
        # TODO: A net · Một mạng
        # Hint: pytest exercises/u01 --hint net
        raise NotImplementedError("net")

    def second(self) -> int:
        # TODO
        return 1
"""
    assert stub(solution, unit) == made


def test_the_items_with_code_to_mend_are_known(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    assert broken_items(course, course.units[0]) == frozenset()
    path = tmp_path / "solutions/u01_tiny/tiny.py"
    region = "    ### BEGIN SOLUTION\n    return 2 * x\n"
    mend = "    ### BEGIN SOLUTION\n    ### BEGIN STUB\n    # return x\n    ### END STUB\n    return 2 * x\n"
    put(path, path.read_text(encoding="utf-8").replace(region, mend))
    assert broken_items(course, course.units[0]) == {"double"}


def test_a_stub_is_python_and_holds_nothing_of_a_region() -> None:
    text = stub(SOLUTION, load_tiny())
    ast.parse(text)
    for secret in ("SOLUTION", "_thrice", "2 * x", "nn.Parameter"):
        assert secret not in text


def load_tiny() -> Unit:
    names = {"double": "double", "halves": "halves", "slope": "slope", "scale": "Scale"}
    return replace(UNIT, items=tuple(replace(F, id=id, symbol=symbol) for id, symbol in names.items()))


BROKEN = {
    "a region that is not closed": (
        PLAIN.replace("    ### END SOLUTION\n", ""),
        "answers.py:8: this region has no ### END SOLUTION",
    ),
    "an end without a beginning": (
        PLAIN.replace("    ### BEGIN SOLUTION\n", ""),
        "answers.py:10: ### END SOLUTION without ### BEGIN SOLUTION",
    ),
    "a region in a region": (
        PLAIN.replace("    y = 2 * x\n", "    ### BEGIN SOLUTION\n    y = 2 * x\n"),
        "answers.py:9: ### BEGIN SOLUTION stands inside another region; close that one first",
    ),
    "a marker that is misspelt": (
        PLAIN.replace("### BEGIN SOLUTION", "# Begin solution").replace("### END SOLUTION", "# end solution"),
        "answers.py:8: a marker must be '### BEGIN SOLUTION' or '### END SOLUTION', '### BEGIN STUB' or '### END STUB'",
    ),
    "a marker behind code": (
        PLAIN.replace("    y = 2 * x\n    return y\n    ### END SOLUTION\n", "    return 2 * x  ### END SOLUTION\n"),
        "answers.py:9: a marker must be",
    ),
    "code to mend outside of a region": (
        PLAIN.replace("    ### BEGIN SOLUTION\n", "    ### BEGIN STUB\n    # return x\n    ### END STUB\n"),
        "answers.py:8: ### BEGIN STUB stands once in the ### BEGIN SOLUTION … ### END SOLUTION of an item",
    ),
    "code to mend in a helper of the solution's own": (
        "### BEGIN SOLUTION\n### BEGIN STUB\n# A = 1\n### END STUB\nA = 2\n### END SOLUTION\n" + PLAIN,
        "answers.py:2: ### BEGIN STUB stands once in",
    ),
    "two pieces of code to mend in one region": (
        MENDED.replace(
            "    ### END STUB\n", "    ### END STUB\n    ### BEGIN STUB\n    # return x\n    ### END STUB\n"
        ),
        "answers.py:15: ### BEGIN STUB stands once in",
    ),
    "code to mend in code to mend": (
        MENDED.replace("    # return y\n", "    ### BEGIN STUB\n"),
        "answers.py:13: ### BEGIN STUB stands once in",
    ),
    "code to mend that is not closed": (
        MENDED.replace("    ### END STUB\n    y = 2 * x\n    return y\n", ""),
        "answers.py:14: ### END SOLUTION without ### END STUB",
    ),
    "an end of code to mend without a beginning": (
        PLAIN.replace("    y = 2 * x\n", "    ### END STUB\n"),
        "answers.py:9: ### END STUB without ### BEGIN STUB and code behind it",
    ),
    "no code to mend": (
        PLAIN.replace("    y = 2 * x\n", "    ### BEGIN STUB\n    ### END STUB\n"),
        "answers.py:10: ### END STUB without ### BEGIN STUB and code behind it",
    ),
    "code to mend that is no comment": (
        MENDED.replace("    # return y\n", "    return y\n"),
        "answers.py:13: in ### BEGIN STUB every line is code behind '    # '",
    ),
    "code to mend that is no Python": (
        MENDED.replace("    # return y\n", "    # return y y\n"),
        "answers.py: line 13 of its stub is not Python",
    ),
    "an item without a region": (
        PLAIN.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", ""),
        "answers.py: no region for f; put ### BEGIN SOLUTION … ### END SOLUTION around the answer",
    ),
    "an item that is not there": (PLAIN.replace("def f(", "def g("), "answers.py: no region for f"),
    "a solution that is no Python": (PLAIN.replace("def f(x:", "def f(x:\n:"), "answers.py:7: not Python"),
    "a helper whose body alone is hidden": (
        PLAIN + "\n\ndef helper(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n",
        "put the whole of a helper into a region, not its body alone",
    ),
}


@pytest.mark.parametrize(("solution", "problem"), BROKEN.values(), ids=BROKEN)
def test_no_stub_is_made_from(solution: str, problem: str) -> None:
    with pytest.raises(BuildError) as refused:
        stub(solution, UNIT)
    assert problem in str(refused.value)


def test_a_unit_without_a_solution_is_refused_with_the_file_to_write(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    (tmp_path / "solutions/u01_tiny/tiny.py").unlink()
    with pytest.raises(BuildError, match=r"solutions/u01_tiny/tiny\.py is missing; write the reference of u01_tiny"):
        stubs(course)


def test_building_twice_changes_nothing(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    assert differences(course) == []
    ((path, text),) = stubs(course).items()
    assert path.read_text(encoding="utf-8") == text


def test_a_stub_that_was_edited_or_is_missing_differs(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    (path,) = stubs(course)
    put(path, path.read_text(encoding="utf-8") + "# mine\n")
    assert differences(course) == [path]
    path.unlink()
    assert differences(course) == [path]


def test_the_page_of_the_course_lists_every_item_with_its_minutes_and_is_kept_in_step(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    path = tmp_path / "docs" / "curriculum.md"
    assert "| `Scale` | A module · Một module | 3 | 1 | 2 | all tests pass, or nothing |" in path.read_text("utf-8")
    put(path, "mine")
    assert differences(course) == [path]


def test_the_exercises_of_this_course_are_what_their_solutions_generate() -> None:
    course = load(ROOT)
    assert [path.relative_to(course.root) for path in differences(course)] == []
