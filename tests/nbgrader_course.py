"""An nbgrader course on the disk beside tests.tiny_course: its source, its book, what students handed in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from tests.tiny_course import SOLUTION, UNIT, put

V4: Any = nbformat.v4  # without types
POINTS = {"double": 2, "halves": 4, "slope": 1, "scale": 3}


def cell(
    source: str, grade_id: str = "", *, kind: str = "code", points: float | None = None, **about: bool
) -> nbformat.NotebookNode:
    """A cell as nbgrader's Create Assignment leaves it: `solution`, `locked`, `task`; graded when it has points."""
    metadata: dict[str, Any] = {}
    if grade_id:
        nbgrader = {"grade_id": grade_id, "schema_version": 3, "solution": False, "locked": False, "task": False}
        nbgrader["grade"] = points is not None and not about.get("task", False)
        metadata = {"nbgrader": nbgrader | about | ({} if points is None else {"points": points})}
    new = V4.new_code_cell if kind == "code" else V4.new_markdown_cell
    made: nbformat.NotebookNode = new(source, metadata=metadata)
    return made


def notebook(cells: Sequence[nbformat.NotebookNode]) -> str:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for number, one in enumerate(cells):
        one["id"] = f"cell-{number}"  # nbformat would draw one
    return str(V4.writes(V4.new_notebook(cells=list(cells), metadata={"kernelspec": kernel})))


def source_cells() -> list[nbformat.NotebookNode]:
    """The tiny unit: a cell for its answers, a test cell for each item, and a question that a person grades."""
    cells = [cell("# Tiny\n\nFour small answers.", kind="markdown"), cell(SOLUTION, "answers", solution=True)]
    for item, points in POINTS.items():
        hidden = f"### BEGIN HIDDEN TESTS\nassert {item!r} == 'THE HIDDEN TEST'\n### END HIDDEN TESTS"
        cells.append(cell(f'"""Tests of {item}."""\n{hidden}', item, points=points, locked=True))
    return [*cells, cell("In your words?", "essay", kind="markdown", points=5, solution=True)]


def hand_in(
    course: Path, student: str, answer: str, moment: str = "", *, place: str = "submitted", folder: str = ""
) -> Path:
    """submitted/<student>/u01_tiny/tiny.ipynb as a student leaves it: outputs, markdown, metadata of their own."""
    where = course / place / (folder or f"{student}/{UNIT}")
    cells = [cell("# My work", kind="markdown"), cell(answer, "answers", solution=True)]
    cells[1]["outputs"] = [V4.new_output("stream", text="THE OUTPUT")]
    cells += [cell("pass", item, points=1000, locked=True) for item in POINTS]
    cells += [cell(f"Because I am {student}.", "essay", kind="markdown", points=5, solution=True)]
    put(where / "tiny.ipynb", notebook(cells))
    if moment:
        put(where / "timestamp.txt", moment)
    return where


def dump(book: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    db = sqlite3.connect(book)
    try:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {table: sorted(db.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}
    finally:
        db.close()


def told(path: Path) -> dict[str, Any]:
    """A notebook's nbgrader cells by grade_id."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {one["metadata"]["nbgrader"]["grade_id"]: one for one in cells if "nbgrader" in one["metadata"]}
