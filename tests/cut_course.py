"""A course of one unit and some of its items, cut out of this repository: what `autograder grade --course` can grade.

    cut(course, unit, items, folder) → Course

For measures on "a unit of ten items": a unit has as many as it has, and a command grades all of them.  Reference, stub,
suites and mistake bank keep what belongs to the items and what several items share; nothing is written anew.
Fails with `CourseError`, as loading the cut course does.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import yaml

from autograder.authoring.build import stub_path
from autograder.bank import Definition, bank_path, solution_path, suite_path
from autograder.course import FILE, Course, Unit, load
from autograder.marked_yaml import Loader


def cut(course: Course, unit: Unit, items: Collection[str], folder: Path) -> Course:
    """Write the course into the folder and load it."""
    registry = yaml.load(course.path.read_text(encoding="utf-8"), Loader)
    registry["units"] = [one for one in registry["units"] if one["id"] == unit.id]
    registry["units"][0]["items"] = [item for item in registry["units"][0]["items"] if item["id"] in items]
    _put(folder / FILE, yaml.safe_dump(registry, allow_unicode=True, sort_keys=False))

    others = [item for item in unit.items if item.id not in items]
    symbols = {item.symbol for item in others}
    ids = {item.id for item in others}
    modules = [solution_path(course, unit), stub_path(course, unit)]
    marked = [bank_path(course, unit), *sorted(suite_path(course, unit).glob("*.py"))]
    for path in modules:
        _put(folder / path.relative_to(course.root), _without(path, lambda node: node.name in symbols))
    for path in (path for path in marked if not _about(path) & ids):
        _put(folder / path.relative_to(course.root), _without(path, lambda node: bool(_named(node) & ids)))
    return load(folder)


def _named(node: Definition) -> set[str]:
    """The texts that its decorators are called with: @mistake("item", …), @pytest.mark.item("item")."""
    return _first_arguments(node.decorator_list)


def _about(path: Path) -> set[str]:
    """The same of a whole file: pytestmark = [pytest.mark.item("item")]."""
    assigned = [node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.Assign)]
    marks = [node.value for node in assigned if ast.unparse(node.targets[0]) == "pytestmark"]
    return _first_arguments([inner for mark in marks for inner in ast.walk(mark)])


def _first_arguments(nodes: Iterable[ast.AST]) -> set[str]:
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return {str(arg.value) for call in calls for arg in call.args[:1] if isinstance(arg, ast.Constant)}


def _without(path: Path, out: Callable[[Definition], bool]) -> str:
    """The file's text without the top-level definitions for which `out` holds."""
    source = path.read_text(encoding="utf-8")
    lines: list[str | None] = list(source.splitlines(keepends=True))
    for node in ast.parse(source).body:
        if isinstance(node, Definition) and out(node):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines[first - 1 : node.end_lineno] = [None] * ((node.end_lineno or 0) - first + 1)
    return "".join(line for line in lines if line is not None)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
