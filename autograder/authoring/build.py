"""solutions/ → exercises/: stubs are generated, never written by hand.

    generated(course) → {path: text};  differences(course) → the paths whose file is not what it should be

Everything between `### BEGIN SOLUTION` and `### END SOLUTION` becomes a TODO, the command that shows the first hint,
and `raise NotImplementedError`.  Where code is given to be mended, it stands commented out between `### BEGIN STUB` and
`### END STUB` inside of that region, and takes the place of the `raise`; `broken_items` names the items that have such
code, since their untouched stub is a wrong answer and not a missing one.
Pure but for reading the solutions; `cli` writes.  Fails with `BuildError`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.bank import solution_path
from autograder.course import Course, Item, Unit
from autograder.reports.curriculum import page

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_STUB, END_STUB = "### BEGIN STUB", "### END STUB"
_MARKER = re.compile(r"#\s*(BEGIN|END)\s+(SOLUTION|STUB)\b", re.IGNORECASE)


class BuildError(Exception):
    """A solution that no stub can be made from: file:line and the cure."""


@dataclass(frozen=True)
class Region:
    """What stands between two markers, and what the student gets in its place."""

    first: int  # the line of its BEGIN
    last: int  # the line of its END
    indent: str
    item: Item | None  # None: a helper of the solution's own
    broken: tuple[str, ...] = ()  # the code that the student is to mend; () where there is none yet


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


def broken_items(course: Course, unit: Unit) -> frozenset[str]:
    """The items whose stub holds code to be mended instead of `raise NotImplementedError`."""
    return frozenset(r.item.id for r in _regions(_solution(course, unit), unit) if r.item and r.broken)


def _solution(course: Course, unit: Unit) -> str:
    path = solution_path(course, unit)
    if not path.is_file():
        raise BuildError(f"{path} is missing; write the reference of {unit.id}, or take the unit out of grading.yml")
    return path.read_text(encoding="utf-8")


def stub(solution: str, unit: Unit) -> str:
    """The text a student starts from."""
    lines = solution.splitlines()
    out: list[str] = []
    told: set[str] = set()
    done = 0  # lines
    for region in _regions(solution, unit):
        out += lines[done : region.first - 1]
        out += _todo(region, unit, told)
        done = region.last
    out += lines[done:]
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


def _regions(solution: str, unit: Unit) -> list[Region]:
    """The regions of a solution in order; BuildError where its markers do not fit together."""
    items = _items_by_line(solution, unit)
    found: list[Region] = []
    region: Region | None = None  # open: its last line is still to come
    code: list[str] | None = None  # of the STUB region we are in
    for number, line in enumerate(solution.splitlines(), start=1):
        mark, at = line.strip(), f"{unit.filename}:{number}:"
        if mark == BEGIN:
            if region is not None:
                raise BuildError(f"{at} {BEGIN} stands inside another region; close that one first")
            region = Region(number, 0, line[: len(line) - len(line.lstrip())], items.get(number))
        elif mark == BEGIN_STUB:
            if region is None or region.item is None or region.broken or code is not None:
                raise BuildError(f"{at} {BEGIN_STUB} stands once in the {BEGIN} … {END} of an item, and nowhere else")
            code = []
        elif mark == END_STUB:
            if region is None or not code:
                raise BuildError(f"{at} {END_STUB} without {BEGIN_STUB} and code behind it")
            region, code = replace(region, broken=tuple(code)), None
        elif mark == END:
            if region is None or code is not None:
                raise BuildError(f"{at} {END} without {BEGIN if region is None else END_STUB}")
            found.append(replace(region, last=number))
            region = None
        elif _MARKER.search(line):
            known = f"{BEGIN!r} or {END!r}, {BEGIN_STUB!r} or {END_STUB!r}"
            raise BuildError(f"{at} a marker must be {known}, alone on its line")
        elif region is not None and code is not None:
            code.append(_uncommented(line, region.indent, at))
    if region is not None:
        raise BuildError(f"{unit.filename}:{region.first}: this region has no {END}")
    return found


def _uncommented(line: str, indent: str, at: str) -> str:
    """A line of a STUB region as it stands in the stub; `#` alone is an empty one."""
    if line.rstrip() == f"{indent}#":
        return ""
    if not line.startswith(f"{indent}# "):
        raise BuildError(f"{at} in {BEGIN_STUB} every line is code behind {indent + '# '!r}")
    return indent + line.removeprefix(f"{indent}# ")


def _todo(region: Region, unit: Unit, told: set[str]) -> Iterator[str]:
    item, indent = region.item, region.indent
    if item is None:
        return  # a helper of the solution's own: the student sees nothing of it
    if item.id not in told:
        yield f"{indent}# TODO: {item.title.en} · {item.title.vi}"
        yield f"{indent}# Hint: pytest exercises/{unit.id} --hint {item.id}"
    else:
        yield f"{indent}# TODO"
    told.add(item.id)
    yield from region.broken or (f'{indent}raise NotImplementedError("{item.id}")',)


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
