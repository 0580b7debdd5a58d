"""Grades → rows of gradebook.db, through nbgrader.api.Gradebook.  Importing nbgrader takes seconds: only when needed.

Written twice, the rows are the same.  nbgrader commits row by row; a run that was broken off is made good by the next.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course import Course, Item, Unit
from autograder.dates import utc, written
from autograder.gradebook.autograded import write_autograded
from autograder.gradebook.cells import Cell, GradebookError, Layout, Place, Written, layout
from autograder.intake.names import student_name
from autograder.intake.nbgrader import names_on_disk
from autograder.models import Grade, ItemResult
from autograder.reports.markdown import comment
from autograder.reports.wording import is_practice
from autograder.standing import Deadlines, Standing, standings

KERNEL = json.dumps({"display_name": "Python 3", "language": "python", "name": "python3"})


def deadlines(path: Path, unit: Unit) -> Deadlines:
    """The due date and the extensions of an assignment in the book, if there is one; GradebookError if it is unfit."""
    _check(path)
    if not path.exists():
        return Deadlines()
    with _opened(path) as book:
        assignment = _assignment(book, unit.id)
        if assignment is None:
            return Deadlines()
        layout(unit, _cells(book, unit), str(path))
        due = {} if assignment.duedate is None else {unit.id: written(assignment.duedate)}
        extended = (submission for submission in assignment.submissions if submission.extension)
        days = {(student_name(one.student.id), unit.id): one.extension.total_seconds() / 86400 for one in extended}
        return Deadlines(due, days)


def write_grades(grade: Grade, course: Course, unit_id: str, path: Path, lang: str) -> Written:
    """Students, the assignment with its cells, submissions, scores, comments, penalties; advice is refused."""
    if grade.isolation.advice:
        raise GradebookError(f"{path}: graded without isolation; advice enters no grade book")
    _check(path)
    unit = course.unit(unit_id)
    with _opened(path) as book:
        places = _prepared(book, unit, path)
        pen = _Pen(
            book, grade, course, unit, places, lang, path, _Ids.of(book, unit), names_on_disk(path.parent / "submitted")
        )
        found = [standing for standing in standings(grade.attempts) if standing.unit == unit.id]
        for standing in found:
            pen.write(standing)
    practice = [item.id for item in unit.items if _on_practice_data(grade, unit, item)]
    silent = [place.item.id for place in places.places if place.comment is None]
    return Written(
        str(path),
        len(found),
        pen.scores,
        tuple(pen.kept),
        tuple(pen.unscored),
        tuple(practice),
        tuple(silent),
        tuple(pen.foreign),
    )


def _check(path: Path) -> None:
    if path.is_dir():
        raise GradebookError(f"{path}: is a folder; name the file, {path / 'gradebook.db'}")
    if not path.parent.is_dir():
        raise GradebookError(f"{path}: there is no folder {path.parent}; name the gradebook.db of an nbgrader course")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The book; every way in which nbgrader or the file can fail ends here."""
    try:
        from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
        from sqlalchemy.engine import URL
        from sqlalchemy.exc import SAWarning, SQLAlchemyError
    except ImportError as error:
        raise GradebookError(
            f"{path}: nbgrader cannot be imported ({error}); pip install 'nbgrader>=0.9.5' in this environment"
        ) from None
    url = URL.create("sqlite", database=str(path.absolute()))
    try:
        with _programs_beside_python(), warnings.catch_warnings(), Gradebook(url) as book:
            warnings.simplefilter("ignore", SAWarning)  # of the order in which nbgrader makes its rows
            yield book
    except (SQLAlchemyError, InvalidEntry, MissingEntry) as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise GradebookError(
            f"{path}: nbgrader cannot use it ({why}); close formgrader if it is locked, see that it is nbgrader's and "
            "writable, run `nbgrader db upgrade` if it is an old one"
        ) from None


@contextmanager
def _programs_beside_python() -> Iterator[None]:
    """For a new book nbgrader calls `alembic`, which lies beside this Python whether or not its venv is activated."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _assignment(book: Any, name: str) -> Any:
    return next((assignment for assignment in book.assignments if assignment.name == name), None)


def _cells(book: Any, unit: Unit) -> list[Cell]:
    """The notebook's cells in nbgrader's order; none where the book does not know it."""
    assignment = _assignment(book, unit.id)
    notebook = next((n for n in assignment.notebooks if n.name == unit.module), None) if assignment else None
    if notebook is None:
        return []
    graded = {cell.name: cell for cell in (*notebook.grade_cells, *notebook.task_cells)}
    answers = {cell.name for cell in notebook.solution_cells}
    tasks = {cell.name for cell in notebook.task_cells}
    sources = {cell.name: cell for cell in notebook.source_cells}
    return [
        Cell(
            name,
            kind=sources[name].cell_type if name in sources else "code",
            grade=name in graded and name not in tasks,
            solution=name in answers,
            task=name in tasks,
            locked=bool(sources[name].locked) if name in sources else name not in answers,
            points=graded[name].max_score if name in graded else None,
            source=sources[name].source if name in sources else None,
            checksum=sources[name].checksum if name in sources else None,
        )
        for name in dict.fromkeys((*sources, *answers, *graded))
    ]


def _prepared(book: Any, unit: Unit, path: Path) -> Layout:
    """The assignment, its notebook and the cells of every item, made where they are not there."""
    places = layout(unit, _cells(book, unit), str(path))
    about = {"duedate": utc(unit.due).replace(tzinfo=None)} if unit.due else {}
    if _assignment(book, unit.id) is None:  # into the course of the others
        about |= {"course_id": next((other.course_id for other in book.assignments), book.course_id)}
    book.update_or_create_assignment(unit.id, **about)
    if not places.made_by_nbgrader:
        book.update_or_create_notebook(unit.module, unit.id, kernelspec=KERNEL)
    for place in places.places:
        for cell in place.cells:
            if not place.item.cells:
                book.update_or_create_grade_cell(
                    cell, unit.module, unit.id, max_score=place.item.points, cell_type="code"
                )
            elif not places.made_by_nbgrader:
                points = place.item.points / len(place.cells)
                book.update_or_create_grade_cell(cell, unit.module, unit.id, max_score=points, cell_type="code")
        if place.comment and not places.made_by_nbgrader:
            book.update_or_create_solution_cell(place.comment, unit.module, unit.id)
    return layout(unit, _cells(book, unit), str(path))


@dataclass(frozen=True)
class _Ids:
    """The keys of the notebook's rows, asked for once: nbgrader's own look-up of a grade joins six tables."""

    notebook: str
    scored: dict[str, str]  # cell → its key: what has a grade
    commented: dict[str, str]  # … what has a comment

    @classmethod
    def of(cls, book: Any, unit: Unit) -> _Ids:
        notebook = book.find_notebook(unit.module, unit.id)
        tasks = {cell.name: cell.id for cell in notebook.task_cells}
        return cls(
            notebook.id,
            {cell.name: cell.id for cell in notebook.grade_cells} | tasks,
            {cell.name: cell.id for cell in notebook.solution_cells} | tasks,
        )


@dataclass
class _Pen:
    """Writes one student after the other, and remembers what it left alone."""

    book: Any
    grade: Grade
    course: Course
    unit: Unit
    layout: Layout
    lang: str
    path: Path
    ids: _Ids
    names: Mapping[str, str]  # a student's name as shown → as nbgrader knows it
    scores: int = 0
    kept: list[tuple[str, str, float, float]] = field(default_factory=list)
    unscored: list[tuple[str, str]] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def write(self, standing: Standing) -> None:
        student, unit = self.names.get(standing.student, standing.student), self.unit
        self.book.update_or_create_student(student)
        submitted_at = standing.counting[-1].submitted_at
        moment = {"timestamp": utc(submitted_at).replace(tzinfo=None)} if submitted_at else {}
        submission = self.book.update_or_create_submission(unit.id, student, **moment)
        days = self.course.late.extension(standing.student, unit.id)
        if days is not None:
            self.book.grant_extension(unit.id, student, days=days)
        notebook = self._complete(submission)
        scores = {row.cell_id: row for row in notebook.grades}
        for place in self.layout.places:
            self._score(standing, place, scores)
        comments = {row.cell_id: row for row in notebook.comments}
        for cell, text in self._comments(standing.counting[-1].items).items():
            comments[self.ids.commented[cell]].auto_comment = text or None
        self.book.db.commit()
        notebook.late_submission_penalty = round(standing.share * notebook.score, 4) or None  # of manual scores, too
        self.book.db.commit()
        if not write_autograded(self.path.parent, unit, student, self.layout):
            self.foreign.append(standing.student)

    def _comments(self, results: tuple[ItemResult, ...]) -> dict[str, str]:
        """By solution cell: what the student is told of the items that are answered there."""
        told: dict[str, list[str]] = {}
        for place in self.layout.places:
            result = _result(results, place.item)
            if place.comment and result and not result.unscored:
                told.setdefault(place.comment, []).append(comment(result, self.unit, self.lang))
        return {cell: "\n\n".join(filter(None, texts)) for cell, texts in told.items()}

    def _complete(self, submission: Any) -> Any:
        """The student's notebook with a row for every cell: nbgrader makes rows at the first sight of a submission."""
        from nbgrader.api import Comment, Grade, SubmittedNotebook

        found = next((own for own in submission.notebooks if own.notebook_id == self.ids.notebook), None)
        if found is None:
            found = SubmittedNotebook(notebook_id=self.ids.notebook, assignment=submission)
            self.book.db.add(found)
        graded, told = {row.cell_id for row in found.grades}, {row.cell_id for row in found.comments}
        missing = [Grade(cell_id=id, notebook=found) for id in self.ids.scored.values() if id not in graded]
        missing += [Comment(cell_id=id, notebook=found) for id in self.ids.commented.values() if id not in told]
        self.book.db.add_all(missing)
        self.book.db.commit()
        return found

    def _score(self, standing: Standing, place: Place, rows: Mapping[str, Any]) -> None:
        share = None if _on_practice_data(self.grade, self.unit, place.item) else _share(standing, place.item)
        if share is None:
            self.unscored.append((standing.student, place.item.id))
        for cell in place.cells:
            row = rows[self.ids.scored[cell]]
            if share is None:  # what stands there stays; formgrader shows it as open
                row.needs_manual_grade = row.manual_score is None
                continue
            row.auto_score = round(share * (self.layout.cells[cell].points or 0.0), 4)
            row.needs_manual_grade = False
            self.scores += 1
            if row.manual_score is not None:
                self.kept.append((standing.student, cell, row.manual_score, row.auto_score))


def _share(standing: Standing, item: Item) -> float | None:
    """Of the item's points, over the attempts that count; None while one of them is unscored."""
    results = [_result(attempt.items, item) for attempt in standing.counting]
    if any(result is None or result.unscored for result in results):
        return None
    return sum(result.score / (result.max_score or 1) for result in results if result) / len(results)


def _result(results: tuple[ItemResult, ...], item: Item) -> ItemResult | None:
    return next((result for result in results if result.item == item.id), None)


def _on_practice_data(grade: Grade, unit: Unit, item: Item) -> bool:
    return item.credit.kind == "ramp" and is_practice(grade, unit)
