"""An nbgrader assignment → a unit of ours, to be finished by hand.

    scaffold(COURSE_DIR, assignment) → Scaffold      files by name, and what could not be carried over

    source/<assignment>/<notebook>.ipynb ─▶ answer_cells: solutions/<unit>/<notebook>.py, and from it the stub
                                         ├▶ markdown:     exercises/<unit>/README.md
                                         ├▶ asserts:      autograder/suites/<unit>/test_<notebook>.py
                                         └▶ points:       grading.yml

The notebook is the instructor's and is read as data: nothing of it is run.  Fails with `ImportNotebookError`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.authoring.answer_cells import CodeCell, Module, module, sections, uses, without_magics
from autograder.authoring.asserts import Carried, carry
from autograder.authoring.build import BuildError, stub
from autograder.course import Item, Unit, did_you_mean
from autograder.models import Text

TODO = Text("TODO: say where to begin", "TODO: gợi ý nên bắt đầu từ đâu")
UNTESTED = 1.0  # points of an answer that no test cell tests
_AUTOTEST = re.compile(r"^\s*#+\s*(?:HASHED )?AUTOTEST\b.*$", re.MULTILINE)
_ATTACHMENT = re.compile(r"attachment:[^)\s]+")


class ImportNotebookError(Exception):
    """An assignment that cannot be read: which, why, and the cure."""


@dataclass(frozen=True)
class Cell:
    """A cell of the source notebook with what nbgrader knows of it."""

    number: int  # its place, from 1
    kind: str
    text: str
    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    task: bool = False
    points: float = 0.0

    @property
    def place(self) -> str:
        return f"cell {self.number}" + (f" ({self.grade_id})" if self.grade_id else "")


@dataclass(frozen=True)
class Test:
    """A test cell, and the answer that it is about."""

    cell: Cell
    carried: Carried
    symbol: str


@dataclass(frozen=True)
class Scaffold:
    unit: str
    files: dict[str, str]
    items: int = 0
    checks: int = 0  # asserts that became checks
    open: tuple[str, ...] = ()  # asserts to be finished by hand
    left: tuple[str, ...] = ()  # what was not carried over
    todo: tuple[str, ...] = field(default=())


def scaffold(course: Path, assignment: str, notebook: str = "") -> Scaffold:
    """What `autograder import-nbgrader` writes."""
    path = _notebook(course, assignment, notebook)
    cells = _cells(path)
    name, unit_id = as_name(path.stem), as_name(assignment)
    left: list[str] = []
    found, tests = _read(cells, left)
    if not found.symbols:
        raise ImportNotebookError(f"{path}: no function or class in a solution cell; hidden suites call functions")
    unit = _unit(unit_id, name, found, tests, left)
    solution = found.text(f"{unit_id}: from the nbgrader assignment {assignment}.")
    try:
        handed_out = stub(solution, unit)
    except BuildError as error:
        raise ImportNotebookError(f"{path}: no stub can be made of its solutions: {error}") from None
    if unit_id != assignment:
        left.append(f"the name {assignment}: the unit is {unit_id}; `grade --assignment` wants them to be equal")
    files = {
        f"solutions/{unit_id}/{name}.py": solution,
        f"exercises/{unit_id}/{name}.py": handed_out,
        f"exercises/{unit_id}/README.md": _statements(cells, unit_id, left),
        f"autograder/suites/{unit_id}/test_{name}.py": _suite(unit, tests),
    }
    opened = [f"{test.cell.place}: {one}" for test in tests for one in test.carried.open]
    todo = (
        f"autograder/suites/{unit_id}/test_{name}.py: finish {len(opened)} asserts; make hidden inputs with `make`",
        f"grading.yml: titles, minutes, difficulty and two hints of every item of {unit_id}",
        f"exercises/{unit_id}: test_{name}.py (public tests) and README.vi.md",
        f"autograder/mistakes/{unit_id}.py: three mistakes and two alternatives for every item; then autograder verify",
    )
    checks = sum(test.carried.checks for test in tests)
    return Scaffold(unit_id, files | _registry(unit), len(unit.items), checks, tuple(opened), tuple(left), todo)


def as_name(text: str) -> str:
    """As grading.yml spells names: `TwoLayerNet` is two_layer_net, `Problem 1` problem_1."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")
    return name if name[:1].isalpha() else f"u_{name}"


def _notebook(course: Path, assignment: str, notebook: str) -> Path:
    source = course / "source"
    if not source.is_dir():
        raise ImportNotebookError(f"{course}: has no folder source; name the folder of an nbgrader course")
    known = sorted(path.name for path in source.iterdir() if path.is_dir())
    if assignment not in known:
        near = did_you_mean(assignment, known) or f"; found: {', '.join(known) or 'nothing'}"
        raise ImportNotebookError(f"{source}: no assignment {assignment!r}{near}")
    found = {path.stem: path for path in sorted((source / assignment).glob("*.ipynb"))}
    if (notebook and notebook not in found) or not found:
        raise ImportNotebookError(f"{source / assignment}: no notebook {notebook}; found: {', '.join(found) or 'none'}")
    if not notebook and len(found) > 1:
        raise ImportNotebookError(f"{source / assignment}: several notebooks; --notebook names one: {', '.join(found)}")
    return found[notebook] if notebook else next(iter(found.values()))


def _cells(path: Path) -> list[Cell]:
    import nbformat

    try:
        cells = nbformat.reads(path.read_text("utf-8"), as_version=4).cells  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat raises whatever the broken file provokes
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImportNotebookError(f"{path}: cannot be read as a notebook ({why[:100]}); open it in Jupyter") from None
    return [_cell(number, cell) for number, cell in enumerate(cells, start=1)]


def _cell(number: int, cell: Any) -> Cell:
    about = cell.metadata.get("nbgrader", {})
    return Cell(
        number,
        cell.cell_type,
        cell.source,
        str(about.get("grade_id", "")),
        bool(about.get("grade", False)),
        bool(about.get("solution", False)),
        bool(about.get("task", False)),
        float(about.get("points", 0) or 0),
    )


def _read(cells: Sequence[Cell], left: list[str]) -> tuple[Module, list[Test]]:
    """The module and the tests; what is graded by a person is listed."""
    code, tests = [], []
    for cell in cells:
        if cell.task or (cell.grade and cell.solution):
            left.append(f"{cell.place}: graded by a person, {cell.points:g} points; it stays in nbgrader")
        elif cell.kind == "code" and cell.grade:
            left += [f"{cell.place}: {line.strip()}: write what it checks" for line in _AUTOTEST.findall(cell.text)]
            tests.append(cell)
        elif cell.kind == "code":
            code.append(CodeCell(cell.number, cell.text, cell.solution))
    texts = {cell.number: without_magics(cell.text, cell.number, left) for cell in tests}
    words = {word for text in texts.values() for word in re.findall(r"\b([A-Za-z_]\w*)\s*\(", text)}
    found = module(code, words)
    left += found.left
    carried = []
    for cell in tests:
        try:
            became = carry(texts[cell.number], found.symbols, found.imports)
        except SyntaxError as error:
            left.append(f"{cell.place}: is no Python (line {error.lineno}: {error.msg}), {cell.points:g} points")
            continue
        if not became.calls:
            left.append(f"{cell.place}: calls no answer, {cell.points:g} points")
            continue
        carried.append(Test(cell, became, _about(became.calls)))
    return found, carried


def _about(calls: Counter[str]) -> str:
    """The answer that a test is about: the one it calls most often, of two the one it calls first."""
    return max(calls, key=calls.__getitem__)


def _unit(unit_id: str, name: str, found: Module, tests: Sequence[Test], left: list[str]) -> Unit:
    items = []
    for symbol in found.symbols:
        own = [test.cell for test in tests if test.symbol == symbol]
        points = sum(cell.points for cell in own)
        if not points:
            left.append(f"points of {symbol}: no test cell tests it; it has {UNTESTED:g} and needs a hidden test")
        id, cells = as_name(symbol), tuple(cell.grade_id for cell in own)
        title = Text(symbol, symbol)
        cells = cells if cells != (id,) else ()
        items.append(Item(id, symbol, title, points or UNTESTED, 10, 2, (TODO, TODO), cells=cells))
    return Unit(unit_id, name, Text(unit_id, unit_id), tuple(items))


def _statements(cells: Sequence[Cell], unit_id: str, left: list[str]) -> str:
    """The prose of the notebook, in its order."""
    texts = []
    for cell in cells:
        if cell.kind == "markdown" and not cell.grade and not cell.task:
            left += [
                f"{cell.place}: {name}: lay the picture beside README.md" for name in _ATTACHMENT.findall(cell.text)
            ]
            texts.append(cell.text.strip())
    prose = "\n\n".join(text for text in texts if text)
    return (prose if prose.startswith("# ") else f"# {unit_id}\n\n{prose}".rstrip()) + "\n"


def _suite(unit: Unit, tests: Sequence[Test]) -> str:
    ids = {item.symbol: item.id for item in unit.items}
    imports = dict.fromkeys(line for test in tests for line in test.carried.imports)
    parts = []
    taken: Counter[str] = Counter()
    for test in tests:
        name = f"test_{as_name(test.cell.grade_id or str(test.cell.number)).removeprefix('test_')}"
        taken[name] += 1
        head = [
            f'@pytest.mark.item("{ids[test.symbol]}")',
            f"def {name}{'' if taken[name] == 1 else taken[name]}(student):",
        ]
        body = [f"    {line}".rstrip() for line in test.carried.lines]
        if not any(line.strip() and not line.strip().startswith("#") for line in body):
            body.append("    pass")
        parts.append("\n".join([*head, *body]))
    used = [line for line in imports if uses("\n".join(parts), line)]
    about = f'"""Hidden tests of {unit.id}, from a notebook: finish what is marked, draw inputs from `make`."""'
    top = [*sections({"import pytest", *used}), "from autograder import checks as check"]
    top.append(f'pytestmark = pytest.mark.unit("{unit.id}")')
    return "\n\n\n".join(("\n\n".join((about, *top)), *parts)) + "\n"


def _registry(unit: Unit) -> dict[str, str]:
    """A whole grading.yml for a new folder, and the same unit to be pasted into that of a course."""
    entry = "\n".join(_entry(unit))
    head = f"course:\n  id: {unit.id}\n  title: {{en: {json.dumps(unit.id)}, vi: {json.dumps(unit.id)}}}\n\nunits:\n"
    return {
        "grading.yml": f"{head}{entry}\n",
        f"{unit.id}.grading.yml": f"# goes below `units:` of grading.yml\n{entry}\n",
    }


def _entry(unit: Unit) -> list[str]:
    lines = [f"  - id: {unit.id}", f"    module: {unit.module}", f"    title: {_both(unit.title)}", "    items:"]
    for item in unit.items:
        lines += [f"      - id: {item.id}"]
        lines += [f"        symbol: {item.symbol}"] * (item.symbol != item.id)
        lines += [f"        title: {_both(item.title)}", f"        points: {item.points:g}"]
        lines += [f"        cells: {json.dumps(list(item.cells))}"] * bool(item.cells)
        lines += [f"        minutes: {item.minutes}", f"        difficulty: {item.difficulty}", "        hints:"]
        lines += [f"          - {_both(hint)}" for hint in item.hints]
    return lines


def _both(text: Text) -> str:
    return f"{{en: {json.dumps(text.en, ensure_ascii=False)}, vi: {json.dumps(text.vi, ensure_ascii=False)}}}"
