"""Which cells of an nbgrader notebook hold what of an item.  Pure: of the book it sees names, points and sources.

An item's points lie in the grade cell of its own name, or in those that `cells:` in grading.yml names; its comment goes
to the solution cell called after it (`double_answer`), or to the one that defines it.  A notebook that nbgrader knows
must have these grade cells: one more would change the points of the assignment behind nbgrader's back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograder.course import Item, Unit


class GradebookError(Exception):
    """A grade book that cannot be read or written: which, why, and the cure."""


@dataclass(frozen=True)
class Written:
    """What a run did to the grade book."""

    path: str
    students: int = 0
    scores: int = 0
    kept: tuple[tuple[str, str, float, float], ...] = ()  # student, cell, the manual score, ours beside it
    unscored: tuple[tuple[str, str], ...] = ()  # student, item: left as it was
    practice: tuple[str, ...] = ()  # items measured on generated data: left as they were
    silent: tuple[str, ...] = ()  # items without a cell that could hold a comment
    foreign: tuple[str, ...] = ()  # students whose autograded notebook nbgrader made: left as it was


@dataclass(frozen=True)
class Cell:
    """A cell as the book has it; `source` as it was released."""

    name: str
    kind: str = "code"
    grade: bool = False
    solution: bool = False
    task: bool = False
    locked: bool = False
    points: float | None = None
    source: str | None = None
    checksum: str | None = None


@dataclass(frozen=True)
class Place:
    """Where an item's points and comment go."""

    item: Item
    cells: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True)
class Layout:
    places: tuple[Place, ...]
    made_by_nbgrader: bool = False
    cells: Mapping[str, Cell] = field(default_factory=dict)


def layout(unit: Unit, cells: Sequence[Cell], book: str) -> Layout:
    """Places for every item; `cells` is empty where nbgrader does not know the notebook yet."""
    known = any(cell.source is not None for cell in cells)
    found = tuple(_place(item, cells, known) for item in unit.items)
    names = {cell.name for cell in cells if cell.grade}
    for place in found if known else ():
        lacking = [name for name in place.cells or (place.item.id,) if name not in names]
        if lacking:
            raise GradebookError(
                f"{book}: the notebook {unit.module} of {unit.id} has no grade cell {lacking[0]!r}; it has "
                f"{', '.join(sorted(names)) or 'none'}; call one so in source/ and run nbgrader generate_assignment, "
                f"or name the cells of {place.item.id} in grading.yml (cells: […])"
            )
    return Layout(found, known, {cell.name: cell for cell in cells})


def _place(item: Item, cells: Sequence[Cell], known: bool) -> Place:
    if not known:
        return Place(item, item.cells or (item.id,), f"{item.id}_answer")
    named = item.cells or tuple(cell.name for cell in cells if cell.grade and as_name(cell.name) == item.id)
    answers = [cell for cell in cells if cell.solution or cell.task]
    called = {item.id, f"{item.id}_answer", f"{item.id}_solution", f"answer_{item.id}", f"solution_{item.id}"}
    defines = re.compile(rf"^[ \t]*(?:def|class)[ \t]+{re.escape(item.symbol)}\b", re.MULTILINE)
    by_name = (cell.name for cell in answers if as_name(cell.name) in called)
    by_source = (cell.name for cell in answers if defines.search(cell.source or ""))
    return Place(item, named, next(by_name, None) or next(by_source, None))


def as_name(cell: str) -> str:
    """A grade_id as grading.yml could spell it: `Test-1` is test_1."""
    return re.sub(r"\W+", "_", cell, flags=re.ASCII).strip("_").lower()
