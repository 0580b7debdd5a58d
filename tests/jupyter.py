"""Real nbgrader and real kernels, for tests of notebooks.  Both find this checkout's kit, not one that is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
from nbclient import NotebookClient

from autograder.authoring.build import BEGIN
from autograder.authoring.notebooks import ANSWER, tree
from autograder.authoring.pieces import pieces
from autograder.course import Unit, load

ROOT = Path(__file__).parents[1]
COURSE = load(ROOT)
SECONDS = 300  # for a notebook, on a machine that is busy


def environment(home: Path) -> dict[str, str]:
    """nbgrader calls alembic by its name; neither it nor a kernel writes into the home of who runs the tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COURSE_"))}
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(home), "JUPYTER_NO_CONFIG": "1"}


@cache
def course_of(lang: str) -> dict[PurePosixPath, str]:
    """What `build --notebooks` makes of this course: seconds, so once a language."""
    return tree(COURSE, lang)


def nbgrader(course: Path, *arguments: str) -> str:
    """`nbgrader …` in the folder of a course: all that it says."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=course, env=environment(course), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def executed(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Run a notebook from top to bottom; the outputs of each cell by its id.  A cell that raises ends the test."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3").execute(
        env=environment(path.parent), cwd=str(path.parent)
    )
    return {cell.id: [dict(output) for output in cell.get("outputs", [])] for cell in notebook.cells}


def said(outputs: list[dict[str, Any]]) -> str:
    """What a cell printed."""
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


def value(outputs: list[dict[str, Any]]) -> str:
    """What a cell gave back, as nbgrader reads it."""
    return "".join(output["data"]["text/plain"] for output in outputs if output["output_type"] == "execute_result")


def complaints(outputs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Errors and lines on stderr: nbgrader gives 0 points for either."""
    every = [output for cell in outputs.values() for output in cell]
    return [output for output in every if output["output_type"] == "error" or output.get("name") == "stderr"]


def fill_in(unit: Unit, released: Path, to: Path) -> Path:
    """A student's notebook: the released one with the reference typed into its cells."""
    notebook = nbformat.read(released, as_version=4)
    answers = {f"{piece.item.id}{ANSWER}": piece.answer for piece in pieces(COURSE, unit, "en").items}
    for cell in notebook.cells:
        assert BEGIN not in cell.source
        cell.source = answers.pop(cell.id, cell.source)
    assert answers == {}
    to.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, to)
    return to
