"""solutions/ → an nbgrader course: for each unit a source notebook, from the files that the stubs come from.

    tree(course, lang, kit) → {path inside the course: text}

    nbgrader_config.py                      the course's name, and what ClearSolutions leaves behind
    source/u01_tensors/tensors.ipynb        title, setup, imports; for each item statement, answer and public tests

A solution cell holds the stub and below it, between `### BEGIN SOLUTION` and `### END SOLUTION`, the reference, which
defines the same name anew.  `nbgrader generate_assignment` takes the region out: what is left is the stub, also where
it is code to be mended, and no helper of the solution's own leaves a trace.  The cells are written as a script in
jupytext's percent format; jupytext makes the notebook of it.  Pure but for reading the course, and `write`.  Fails with
`BuildError`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import jupytext

from autograder.authoring.build import BEGIN, END, BuildError
from autograder.authoring.pieces import Piece, Pieces, pieces
from autograder.board.notebook import MAGIC
from autograder.course import Course, Item, Limits, Unit
from autograder.models import Words, msg
from autograder.outputs import write_whole
from autograder.reports.escape import markdown
from autograder.words import say

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SCHEMA = 3
ANSWER, STATEMENT = "_answer", "_statement"

CONFIG = '''\
"""The nbgrader course of {course}, written by `autograder build --notebooks`.  Run nbgrader in this folder."""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = {course!r}
# The stub stands in the cell already, above the region of the solution: nothing takes the region's place.
c.ClearSolutions.code_stub = {{"python": ""}}
c.Execute.timeout = 600  # seconds a cell may take; the training items need some
'''


@dataclass(frozen=True)
class Cell:
    """One cell and what nbgrader knows of it."""

    id: str
    text: str
    prose: bool = False
    solution: bool = False
    points: float | None = None  # of a test cell

    @property
    def nbgrader(self) -> dict[str, Any]:
        known = {
            "schema_version": SCHEMA,
            "grade": self.points is not None,
            "grade_id": self.id,
            "locked": not self.solution,
            "solution": self.solution,
            "task": False,
        }
        return known if self.points is None else {**known, "points": self.points}


def tree(course: Course, lang: str, kit: str = "") -> dict[PurePosixPath, str]:
    """What `build --notebooks` writes.  `kit`: what pip installs where the course's kit is missing, as in Colab."""
    found = {PurePosixPath("nbgrader_config.py"): CONFIG.format(course=course.id)}
    for unit in course.units:
        path = PurePosixPath("source", unit.id, f"{unit.module}.ipynb")
        found[path] = notebook(list(cells(course, unit, lang, kit)))
    return found


def write(course: Course, out: Path, lang: str, kit: str = "") -> list[Path]:
    """Write the course; a configuration that stands there is the instructor's and stays."""
    written = []
    for name, text in tree(course, lang, kit).items():
        path = out / name
        if name.suffix == ".ipynb" or not path.exists():
            write_whole(path, text)
            written.append(path)
    return written


def notebook(made: list[Cell]) -> str:
    """The JSON of a notebook, the same for the same cells."""
    ids = [cell.id for cell in made]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise BuildError(f"two cells would be called {', '.join(twice)}; rename the item in grading.yml")
    found = jupytext.reads(script(made), fmt="py:percent")
    for cell, known in zip(found.cells, made, strict=True):
        cell["id"] = known.id
        cell["metadata"].pop("lines_to_next_cell", None)  # of interest to jupytext alone
        if cell.source != known.text:
            raise BuildError(f"{known.id}: jupytext reads its cell in another way; does a line in it begin with # %%?")
    found["metadata"] = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def script(made: list[Cell]) -> str:
    """The cells in the percent format; prose and magics stand there as comments."""
    return "\n".join(_percent(cell) for cell in made)


def _percent(cell: Cell) -> str:
    head = f"# %%{' [markdown]' if cell.prose else ''} nbgrader={json.dumps(cell.nbgrader)}"
    lines = cell.text.split("\n")
    if cell.prose:
        lines = [f"# {line}".rstrip() for line in lines]
    else:
        lines = [f"# {line}" if line.startswith("%") else line for line in lines]
    return "\n".join([head, *lines, ""])


# What stands in the cells


def cells(course: Course, unit: Unit, lang: str, kit: str = "") -> Iterator[Cell]:
    found = pieces(course, unit, lang)
    yield Cell(f"{unit.id}_about", _about(unit, found, lang), prose=True)
    yield Cell(f"{unit.id}_setup", _setup(lang, kit))
    yield Cell(f"{unit.id}_imports", found.imports)
    yield Cell(f"{unit.id}_tests", _shared(unit, found, lang))
    for number, piece in enumerate(found.items, start=1):
        item = piece.item
        yield Cell(f"{item.id}{STATEMENT}", _statement(number, piece, lang), prose=True)
        yield Cell(f"{item.id}{ANSWER}", f"{piece.stub}\n\n{BEGIN}\n{piece.answer}\n{END}", solution=True)
        yield Cell(item.id, f"{_test_line(item)}\n{piece.tests}", points=item.points)


def _about(unit: Unit, found: Pieces, lang: str) -> str:
    steps = (
        msg("Run the cells from top to bottom. The first three only prepare the notebook."),
        msg(
            "Read the statement of an item and write its cell: replace the line that raises `NotImplementedError`, or "
            "mend the code that stands there. Run it."
        ),
        msg("Run the test cell below it. It says in words what is right, what is wrong and what is still to do."),
        msg(
            "Hand in this notebook under its name, `{file}`. Helpers and imports of your own may stand in cells of "
            "their own; keep the names of the functions.",
            file=f"{unit.module}.ipynb",
        ),
    )
    numbered = [f"{number}. {say(step, lang)}" for number, step in enumerate(steps, start=1)]
    public = msg(
        "The public tests are small examples. Your grade comes from hidden tests with other numbers: an answer that is "
        "right for every input passes both."
    )
    parts = [found.readme, f"## {say(msg('How to work'), lang)}", "\n".join(numbered), say(public, lang), found.about]
    return "\n\n".join(part for part in parts if part)


def _setup(lang: str, kit: str) -> str:
    """Silent in the grader's worker, whose get_ipython() does nothing."""
    lost = msg("The kit of the course is not installed here, so the public tests cannot be judged.")
    cure = msg("pip installs it from the student's copy of the course: pip install -e . in its folder.")
    lines = [f"# {say(msg('This fetches what judges the public tests in words. Run it first.'), lang)}"]
    if kit:
        lines += [
            "from importlib.util import find_spec",
            "",
            'if find_spec("autograder") is None:',
            f"    get_ipython().run_line_magic({'pip'!r}, {f'install --quiet {kit}'!r})",
        ]
    lines += [
        "try:",
        '    get_ipython().run_line_magic("load_ext", "autograder.board.notebook")',
        "except ModuleNotFoundError:",
        f"    print({f'{say(lost, lang)} {say(cure, lang)}'!r})",
        f"    lost = lambda line, cell: print({say(lost, lang)!r}) or 0.0  # nbgrader reads 0 points",
        f'    get_ipython().register_magic_function(lost, "cell", "{MAGIC}")',
    ]
    return "\n".join(lines)


def _shared(unit: Unit, found: Pieces, lang: str) -> str:
    words = msg("What the public tests share. In them {module} stands for this notebook.", module=unit.module)
    return f"%%{MAGIC} unit={unit.id} module={unit.module} lang={lang}\n# {say(words, lang)}\n{found.shared}"


def _statement(number: int, piece: Piece, lang: str) -> str:
    item = piece.item
    frame = msg(
        "points: {points}, about {minutes} minutes, difficulty {difficulty} of 5",
        points=item.points,
        minutes=item.minutes,
        difficulty=item.difficulty,
    )
    hints = [_folded(msg("Hint {n}", n=n), hint, lang) for n, hint in enumerate(item.hints, start=1)]
    title = f"## {number}. {say(item.title, lang)}: `{item.symbol}`"
    return "\n\n".join([title, f"*{say(frame, lang)}*", piece.statement, *hints])


def _folded(label: Words, hint: Words, lang: str) -> str:
    """A blank line on either side, so that Markdown is read inside."""
    return f"<details><summary>{say(label, lang)}</summary>\n\n{markdown(say(hint, lang))}\n\n</details>"


def _test_line(item: Item) -> str:
    words = [f"%%{MAGIC}", item.id, f"points={item.points:g}"]
    if item.symbol != item.id:
        words.append(f"symbol={item.symbol}")
    if item.seconds != Limits().item_seconds:
        words.append(f"seconds={item.seconds:g}")
    return " ".join(words)
