"""solutions/ → exercises/: stubs are generated, never written by hand.

    generated(course) → {path: text};  differences(course) → the paths whose file is not what it should be

Everything between `### BEGIN SOLUTION` and `### END SOLUTION` becomes a TODO, the command that shows the first hint,
and `raise NotImplementedError`.  Pure but for reading the solutions; `cli` writes.  Fails with `BuildError`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.bank import solution_path
from autograder.course import Course, Item, Unit
from autograder.reports.curriculum import page

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_MARKER = re.compile(r"#\s*(BEGIN|END)\s+SOLUTION", re.IGNORECASE)


class BuildError(Exception):
    """A solution that no stub can be made from: file:line and the cure."""


def stub_path(course: Course, unit: Unit) -> Path:
    return course.root / "exercises" / unit.id / unit.filename


def stubs(course: Course) -> dict[Path, str]:
    """What every stub must contain."""
    return {stub_path(course, unit): stub(_solution(course, unit), unit) for unit in course.units}


def generated(course: Course) -> dict[Path, str]:
    """What `build` writes: the stubs, and the page that lists the course."""
    return stubs(course) | {course.root / "docs" / "curriculum.md": page(course)}


def differences(course: Course) -> list[Path]:
    """The generated files that are missing or differ from what their source gives."""
    return [
        path
        for path, text in generated(course).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def _solution(course: Course, unit: Unit) -> str:
    path = solution_path(course, unit)
    if not path.is_file():
        raise BuildError(f"{path} is missing; write the reference of {unit.id}, or take the unit out of grading.yml")
    return path.read_text(encoding="utf-8")


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
                raise BuildError(
                    f"{unit.filename}:{number}: {BEGIN} stands inside another region; close that one first"
                )
            begin = number
            out += _todo(line[: len(line) - len(line.lstrip())], items.get(number), unit, told)
        elif mark == END:
            if begin is None:
                raise BuildError(f"{unit.filename}:{number}: {END} without {BEGIN}")
            begin = None
        elif _MARKER.search(line):
            raise BuildError(f"{unit.filename}:{number}: a marker must be {BEGIN!r} or {END!r}, alone on its line")
        elif begin is None:
            out.append(line)
    if begin is not None:
        raise BuildError(f"{unit.filename}:{begin}: this region has no {END}")
    missing = [item.id for item in unit.items if item.id not in told]
    if missing:
        raise BuildError(f"{unit.filename}: no region for {', '.join(missing)}; put {BEGIN} … {END} around the answer")
    text = "\n".join(out) + "\n"
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise BuildError(
            f"{unit.filename}: line {error.lineno} of its stub is not Python ({error.msg}); "
            "put the whole of a helper into a region, not its body alone"
        ) from None
    return text


def _todo(indent: str, item: Item | None, unit: Unit, told: set[str]) -> Iterator[str]:
    if item is None:
        return  # a helper of the solution's own: the student sees nothing of it
    if item.id not in told:
        yield f"{indent}# TODO: {item.title.en} · {item.title.vi}"
        yield f"{indent}# Hint: pytest exercises/{unit.id} --hint {item.id}"
    else:
        yield f"{indent}# TODO"
    told.add(item.id)
    yield f'{indent}raise NotImplementedError("{item.id}")'


def _items_by_line(solution: str, unit: Unit) -> Mapping[int, Item]:
    """Line number → the item whose function or class stands there."""
    by_symbol = {item.symbol: item for item in unit.items}
    found: dict[int, Item] = {}
    try:
        tree = ast.parse(solution)
    except SyntaxError as error:
        raise BuildError(f"{unit.filename}:{error.lineno}: not Python ({error.msg}); mend the solution first") from None
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in by_symbol:
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 2):  # END may follow the last statement
                found.setdefault(line, by_symbol[node.name])
    return found
