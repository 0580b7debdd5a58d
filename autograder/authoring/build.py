"""solutions/ → exercises/: stubs are generated, never written by hand.

    stubs(course) → {path: text};  differences(course) → the paths whose file is not what it should be

Everything between `### BEGIN SOLUTION` and `### END SOLUTION` becomes a TODO, the command that shows the first hint,
and `raise NotImplementedError`.  Pure but for reading the solutions; `cli` writes.  Fails with `BuildError`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.bank import solution_path
from autograder.course import Course, Item, Unit

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


class BuildError(Exception):
    """A solution that no stub can be made from: file:line and the cure."""


def stub_path(course: Course, unit: Unit) -> Path:
    return course.root / "exercises" / unit.id / unit.filename


def stubs(course: Course) -> dict[Path, str]:
    """What every stub must contain."""
    return {
        stub_path(course, unit): stub(solution_path(course, unit).read_text(encoding="utf-8"), unit) for unit in course.units
    }


def differences(course: Course) -> list[Path]:
    """The stubs that are missing or differ from what their solution generates."""
    return [path for path, text in stubs(course).items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def stub(solution: str, unit: Unit) -> str:
    """The text a student starts from."""
    items = _items_by_line(solution, unit)
    lines = solution.splitlines()
    out: list[str] = []
    told: set[str] = set()
    begin: int | None = None
    for number, line in enumerate(lines, start=1):
        mark = line.strip()
        if mark == BEGIN:
            if begin is not None:
                raise BuildError(f"{unit.filename}:{number}: {BEGIN} stands inside another region; close that one first")
            begin = number
            out += _todo(line[: len(line) - len(line.lstrip())], items.get(number), unit, told)
        elif mark == END:
            if begin is None:
                raise BuildError(f"{unit.filename}:{number}: {END} without {BEGIN}")
            begin = None
        elif begin is None:
            out.append(line)
    if begin is not None:
        raise BuildError(f"{unit.filename}:{begin}: this region has no {END}")
    missing = [item.id for item in unit.items if item.id not in told]
    if missing:
        raise BuildError(f"{unit.filename}: no region for {', '.join(missing)}; put {BEGIN} … {END} around the answer")
    return "\n".join(out) + "\n"


def _todo(indent: str, item: Item | None, unit: Unit, told: set[str]) -> Iterator[str]:
    if item is None:
        return  # a helper of the solution's own: the student sees nothing of it
    if item.id not in told:
        yield f"{indent}# TODO: {item.title.en}"
        yield f"{indent}# Hint: pytest exercises/{unit.id} --hint {item.id}"
    else:
        yield f"{indent}# TODO"
    told.add(item.id)
    yield f'{indent}raise NotImplementedError("{item.id}")'


def _items_by_line(solution: str, unit: Unit) -> Mapping[int, Item]:
    """Line number → the item whose function or class stands there."""
    by_symbol = {item.symbol: item for item in unit.items}
    found: dict[int, Item] = {}
    for node in ast.parse(solution).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in by_symbol:
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 2):  # END may follow the last statement
                found.setdefault(line, by_symbol[node.name])
    return found
