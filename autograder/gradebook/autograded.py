"""submitted/ → autograded/<student>/<assignment>/<notebook>.ipynb: what formgrader and generate_feedback show.

formgrader takes a submission for graded only where this folder is.  Ours is the student's notebook as text: code and
prose of its cells; outputs, attachments and all metadata are left out, and what nbgrader needs to know of a cell is
written from the grade book.  nbgrader makes the same file by running the student's code in the instructor's account.
One that nbgrader made is left as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course import Unit
from autograder.gradebook.cells import Cell, Layout
from autograder.intake.folder import read_source
from autograder.intake.nbgrader import TIMESTAMP, timestamp
from autograder.intake.notebook import MAX_CELLS, too_much
from autograder.outputs import write_whole

MARK = "torch_exercise_kit"  # in the notebook's metadata: it is ours, and may be written again
KINDS = ("code", "markdown", "raw")
_HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?(?:END HIDDEN TESTS[^\n]*(?:\n|\Z)|\Z)", re.DOTALL | re.MULTILINE)


def write_autograded(course: Path, unit: Unit, student: str, layout: Layout) -> bool:
    """False where nbgrader's own stands there, or the name is no folder of this course."""
    submitted = course / "submitted" / student / unit.id
    folder = course / "autograded" / student / unit.id
    if not student or student != Path(student).name or student in (".", "..") or folder.is_symlink():
        return False
    path = folder / f"{unit.module}.ipynb"
    if path.exists() and not _ours(path):
        return False
    cells = [*_known(_submitted(submitted, unit), layout)]
    placed = {cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells}
    cells += [_written(cell, _text(cell)) for cell in _needed(layout) if cell.name not in placed]
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, MARK: True},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    write_whole(path, json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")
    if timestamp(submitted)[0]:  # as it stands: nbgrader finds a student's feedback by it
        write_whole(folder / TIMESTAMP, (submitted / TIMESTAMP).read_text(encoding="ascii"))
    return True


def _ours(path: Path) -> bool:
    try:
        return MARK in json.loads(path.read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _submitted(folder: Path, unit: Unit) -> Iterator[tuple[str, str, str]]:
    """(kind, text, grade_id) of the cells that were handed in; of a .py one code cell; nothing of what is neither."""
    source, _ = read_source(folder / f"{unit.module}.ipynb")
    if source is None:
        source, _ = read_source(folder / unit.filename)
        if source is not None:
            yield "code", source.decode("utf-8", errors="replace"), ""
        return
    try:
        cells = [] if too_much(source) else json.loads(source.decode("utf-8-sig"))["cells"][:MAX_CELLS]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") in KINDS:
            text = cell.get("source", "")
            lines = text if isinstance(text, list) else [text]
            yield cell["cell_type"], "".join(line for line in lines if isinstance(line, str)), _grade_id(cell)


def _grade_id(cell: dict[str, Any]) -> str:
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    found = about.get("grade_id") if isinstance(about, dict) else None
    return found if isinstance(found, str) else ""


def _known(cells: Iterator[tuple[str, str, str]], layout: Layout) -> Iterator[dict[str, Any]]:
    """Each cell, with what the book says of the one that its grade_id names: the first time that it is named."""
    met: set[str] = set()
    for kind, text, grade_id in cells:
        cell = None if grade_id in met else layout.cells.get(grade_id)
        if cell is None:
            yield _cell(kind, text, {})
            continue
        met.add(grade_id)
        yield _written(cell, _text(cell) if cell.locked and cell.source is not None else text)


def _needed(layout: Layout) -> Iterator[Cell]:
    """The cells without which nbgrader would not find a score or a comment."""
    for place in layout.places:
        names = ((place.comment,) if place.comment else ()) + place.cells
        yield from (layout.cells[name] for name in names)


def _text(cell: Cell) -> str:
    """As released: the book keeps hidden tests, and generate_feedback shows a student what stands here."""
    if cell.source is not None:
        return _HIDDEN.sub("", cell.source)
    return "# judged by the hidden suite" if cell.grade else "# what the hidden suite says of it stands in the comment"


def _written(cell: Cell, text: str) -> dict[str, Any]:
    about: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": cell.name,
        "grade": cell.grade,
        "solution": cell.solution,
        "locked": cell.locked,
        "task": cell.task,
        "cell_type": cell.kind,
        "checksum": cell.checksum or "",
    }
    if cell.points is not None:
        about["points"] = cell.points
    return _cell(cell.kind, text, {"nbgrader": about})


def _cell(kind: str, text: str, metadata: dict[str, Any]) -> dict[str, Any]:
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": metadata, **code, "source": text}
