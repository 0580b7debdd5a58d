"""gradebook: an nbgrader course is graded through the command, and read back with nbgrader's own queries and export.

nbgrader takes seconds to import and to make an assignment: it does so once, and the tests look at what it left.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import unicodedata
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from autograder.cli import run
from autograder.course import Course, load
from autograder.gradebook import GradebookError, Written, deadlines, write_grades
from autograder.gradebook.cells import Cell, layout
from autograder.intake.names import student_name
from autograder.models import Attempt, Diagnosis, Environment, Grade, Isolation, ItemResult, Text, Verdict
from autograder.reports.gradebook import summary
from autograder.standing import settled
from tests.nbgrader_course import dump, hand_in, notebook, source_cells, told
from tests.tiny_course import GRADING, SOLUTION, UNIT, answer, put, tiny_course

LATE = "late: {per_day: 0.1, grace_hours: 1, cap: 0.5}"
HIDDEN = "THE HIDDEN TEST"
pytestmark = pytest.mark.timeout(300)  # the first test waits for nbgrader, which takes minutes on a busy machine


# The real path: nbgrader makes the assignment, students hand in, the command grades, nbgrader shows


@dataclass(frozen=True)
class Shown:
    """The command typed three times, a person's score after the first; and what nbgrader shows after the third."""

    folder: Path  # of the nbgrader course
    said: list[str]
    rows: list[dict[str, Any]]  # of the grade book, after each run
    submissions: dict[str, dict[str, Any]]
    notebooks: dict[str, dict[str, Any]]
    exported: dict[str, dict[str, str]]
    results: Path


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, empty_book: Path) -> Shown:
    root = tmp_path_factory.mktemp("nbgrader")
    folder, out = root / "nb", root / "out"
    tiny_course(root / "course", ("grading.yml", "limits:", f"{LATE}\nlimits:"))
    put(folder / "source" / UNIT / "tiny.ipynb", notebook(source_cells()))
    shutil.copy(empty_book, folder / "gradebook.db")
    api = nbgrader_api(folder)
    made = api.generate_assignment(UNIT)
    assert made["success"], made["log"]
    with api.gradebook as book:
        book.update_or_create_assignment(UNIT, duedate=datetime(2026, 3, 1, 12))
    hand_in(folder, "an", SOLUTION, "2026-03-01 11:00:00.5 UTC")
    hand_in(folder, "binh", answer(double="return x**2"), "2026-03-02 14:00:00 UTC")
    put(folder / "submitted" / "chi" / UNIT / "tiny.py", SOLUTION)
    put(folder / "submitted" / "dung" / "another" / "tiny.py", SOLUTION)
    command = ["grade", folder / "submitted", "--assignment", UNIT, "--gradebook", folder / "gradebook.db"]
    command += ["--course", root / "course", "--out", out, "--isolation", "process", "--trust-submissions"]
    said, rows = [], []
    for number in range(3):
        with redirect_stdout(io.StringIO()) as text:
            assert run([*map(str, command), "--offline", "--jobs", "1", "--lang", "en"]) == 0
        said.append(text.getvalue())
        rows.append(dump(folder / "gradebook.db"))
        if number == 0:
            with api.gradebook as book:
                grade = book.find_grade("double", "tiny", UNIT, "binh")
                grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.5, False
                book.find_comment("answers", "tiny", UNIT, "an").manual_comment = "Well done."
                book.db.commit()
    submissions = {one["student"]: one for one in api.get_submissions(UNIT)}
    notebooks = {one["student"]: one for one in api.get_notebook_submissions(UNIT, "tiny")}
    return Shown(folder, said, rows, submissions, notebooks, exported(folder), out)


def nbgrader_api(folder: Path) -> Any:
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(folder)
    return NbGraderAPI(config=config)


def exported(folder: Path) -> dict[str, dict[str, str]]:
    """What `nbgrader export` writes, by student."""
    from nbgrader.apps import ExportApp

    target = folder / "exported.csv"
    app = ExportApp()
    app.initialize(["--to", str(target), f"--CourseDirectory.root={folder}"])
    app.start()
    with target.open(encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_formgrader_shows_every_submission_with_our_scores(shown: Shown) -> None:
    found = {
        student: (one["autograded"], one["code_score"], one["max_code_score"])
        for student, one in shown.submissions.items()
    }
    # binh: 8 of 10 by us, and a person gave 1.5 and half a point of extra credit
    assert found == {"an": (True, 10, 10), "binh": (True, 10, 10), "chi": (True, 10, 10)}
    assert {student: one["failed_tests"] for student, one in shown.notebooks.items()} == {
        "an": False,
        "binh": True,
        "chi": False,
    }
    assert all(one["needs_manual_grade"] for one in shown.notebooks.values())  # the essay, which a person grades


def test_nbgrader_export_has_the_moments_the_raw_score_and_the_penalty_apart(shown: Shown) -> None:
    columns = ("duedate", "timestamp", "raw_score", "late_submission_penalty", "score", "max_score")
    assert {student: [row[column] for column in columns] for student, row in shown.exported.items()} == {
        "an": ["2026-03-01 12:00:00", "2026-03-01 11:00:00.500000", "10.0", "0.0", "10.0", "15.0"],
        "binh": ["2026-03-01 12:00:00", "2026-03-02 14:00:00", "10.0", "2.0", "8.0", "15.0"],
        "chi": ["2026-03-01 12:00:00", "", "10.0", "0.0", "10.0", "15.0"],
    }


def test_a_manual_score_is_kept_and_said_to_be(shown: Shown) -> None:
    assert "manual scores" not in shown.said[0]
    assert "manual scores that were kept (ours in brackets):\n  binh double: 1.5 (0)\n" in shown.said[1]


def test_the_same_command_again_changes_no_row(shown: Shown) -> None:
    assert shown.rows[0] != shown.rows[1]  # the manual score, and the penalty that follows it
    assert shown.rows[1] == shown.rows[2]
    assert {table for table, rows in shown.rows[2].items() if rows} >= {"grade", "comment", "submitted_notebook"}


def test_a_comment_says_what_the_student_s_page_says_and_one_of_a_person_stays(shown: Shown) -> None:
    comments = {(row[-2], row[-1]) for row in shown.rows[2]["comment"]}
    assert (None, "Well done.") in comments
    (told,) = [auto for auto, _ in comments if auto]
    assert "Twice as much: failed" in told
    assert "You squared x" in told
    assert told.splitlines()[2] in (shown.results / "students" / "binh.md").read_text(encoding="utf-8")


def test_who_did_not_hand_in_is_named_and_gets_no_row(shown: Shown) -> None:
    assert "1 did not hand in u01_tiny: dung" in " ".join(shown.said[0].split())  # a long path breaks its line
    assert "dung" not in {row[0] for row in shown.rows[2]["student"]}


def test_the_autograded_notebook_is_the_students_text_and_nothing_else_of_theirs(shown: Shown) -> None:
    path = shown.folder / "autograded" / "binh" / UNIT / "tiny.ipynb"
    text, cells = path.read_text(encoding="utf-8"), told(path)
    assert "return x**2" in text
    assert "Because I am binh." in text
    assert "THE OUTPUT" not in text
    assert cells["double"]["metadata"]["nbgrader"]["points"] == 2  # the student's copy said 1000
    assert cells["double"]["source"] == '"""Tests of double."""\n'  # … and `pass`; the hidden test stays hidden
    assert HIDDEN not in text
    assert (path.parent / "timestamp.txt").read_text() == "2026-03-02 14:00:00 UTC"
    other = shown.folder / "autograded" / "chi" / UNIT / "tiny.ipynb"
    assert SOLUTION in [cell["source"] for cell in json.loads(other.read_text(encoding="utf-8"))["cells"]]


@pytest.mark.slow
def test_generate_feedback_shows_scores_comments_and_the_penalty(shown: Shown) -> None:
    done = nbgrader_api(shown.folder).generate_feedback(UNIT)
    assert done["success"], done["log"]
    page = (shown.folder / "feedback" / "binh" / UNIT / "tiny.html").read_text(encoding="utf-8")
    assert "You squared x" in page
    assert "Late submission penalty (Score: -2.0)" in page
    assert HIDDEN not in page


# What a book without nbgrader's assignment, and grades of every kind, become


@pytest.fixture(scope="module")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new grade book: nbgrader calls alembic for it, which takes seconds, and lies beside this Python."""
    path = tmp_path_factory.mktemp("book") / "gradebook.db"
    course = load(put(path.parent / "grading.yml", GRADING))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.defpath)
        write_grades(grade(), course, UNIT, path, "en")
    return path


@pytest.fixture
def book(tmp_path: Path, empty_book: Path) -> Path:
    (tmp_path / "nb").mkdir()
    return Path(shutil.copy(empty_book, tmp_path / "nb" / "gradebook.db"))


def course_of(tmp_path: Path, *changes: tuple[str, str]) -> Course:
    text = GRADING
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return load(put(tmp_path / "grading.yml", text))


def attempt(student: str, *shares: float | None, submitted_at: str = "") -> Attempt:
    """A share for each of the four items; None for one that is unscored through our fault."""
    points = {"double": 2.0, "halves": 4.0, "slope": 1.0, "scale": 3.0}
    items = []
    for (item, most), share in zip(points.items(), shares, strict=True):
        verdict = Verdict.GRADER_ERROR if share is None else Verdict.PASSED if share == 1 else Verdict.FAILED
        cause = (
            (Diagnosis("values", Text(en=f"{item} <b>is</b> wrong", vi="sai")),) if verdict is Verdict.FAILED else ()
        )
        items.append(ItemResult(item, verdict, (share or 0.0) * most, most, cause))
    return Attempt(student, UNIT, tuple(items), submitted_at=submitted_at)


def grade(*attempts: Attempt, tier: str = "namespaces") -> Grade:
    environment = Environment("2", "3", "2", "cpu", 1, 7, "0")
    return Grade("tiny", attempts, Isolation(tier), environment)


def written(book: Path, course: Course, *attempts: Attempt) -> Written:
    return write_grades(grade(*settled(attempts, course, deadlines(book, course.unit(UNIT)))), course, UNIT, book, "en")


def scores(book: Path, student: str) -> dict[str, tuple[float | None, float | None, bool]]:
    """By cell: the automatic score, the manual one, whether a person is asked for one."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{book}") as opened:
        rows = opened.find_submission_notebook("tiny", UNIT, student).grades
        return {row.name: (row.auto_score, row.manual_score, row.needs_manual_grade) for row in rows}


def test_a_course_without_a_book_gets_one_with_a_cell_for_each_item(tmp_path: Path, book: Path) -> None:
    done = written(book, course_of(tmp_path), attempt("an", 1, 0.5, 0, 1))
    assert (done.students, done.scores) == (1, 4)
    wanted = {"double": 2.0, "halves": 2.0, "slope": 0.0, "scale": 3.0}
    assert scores(book, "an") == {cell: (score, None, False) for cell, score in wanted.items()}


def test_what_is_unscored_stays_as_it_was_and_is_listed(tmp_path: Path, book: Path) -> None:
    course = course_of(tmp_path)
    written(book, course, attempt("an", 1, 1, 1, 1))
    done = written(book, course, attempt("an", None, 0.5, 1, 1), attempt("binh", None, 1, 1, 1))
    assert done.unscored == (("an", "double"), ("binh", "double"))
    assert scores(book, "an")["double"] == (2.0, None, True)
    assert "not scored" not in repr(dump(book)["comment"])
    assert scores(book, "an")["halves"] == (2.0, None, False)
    assert scores(book, "binh")["double"] == (None, None, True)
    assert "not scored, left as it was:\n  an double\n  binh double" in summary(done, "en")


def test_the_average_of_two_attempts_is_written_by_item(tmp_path: Path, book: Path) -> None:
    course = course_of(tmp_path, ("limits:", "attempts: average\nlimits:"))
    first, second = "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"
    written(book, course, attempt("an", 1, 0, 1, 1, submitted_at=first), attempt("an", 0, 1, 1, 1, submitted_at=second))
    assert {cell: score for cell, (score, _, _) in scores(book, "an").items()} == {
        "double": 1.0,
        "halves": 2.0,
        "slope": 1.0,
        "scale": 3.0,
    }


def test_a_due_date_and_an_extension_of_the_registry_are_written_into_the_book(tmp_path: Path, book: Path) -> None:
    lines = "late: {per_day: 0.5, extensions: [{student: binh, days: 1.5}]}\nlimits:"
    course = course_of(tmp_path, ("limits:", lines), ("tiny\n    title", "tiny\n    due: 2026-03-01T12:00Z\n    title"))
    moment = "2026-03-02T12:00:00Z"
    written(book, course, *(attempt(student, 1, 1, 1, 1, submitted_at=moment) for student in ("an", "binh")))
    found = deadlines(book, course.unit(UNIT))
    assert found.due == {UNIT: "2026-03-01T12:00:00Z"}
    assert found.extensions == {("binh", UNIT): 1.5}
    assert sorted(row[-1] or 0.0 for row in dump(book)["submitted_notebook"]) == [0.0, 5.0]


def test_points_that_lie_in_several_cells_are_shared_out_by_their_size(tmp_path: Path, book: Path) -> None:
    cells = ("id: halves", "id: halves\n        cells: [first_half, second_half]")
    written(book, course_of(tmp_path, cells), attempt("an", 1, 0.5, 1, 1))
    assert {cell: scores(book, "an")[cell][0] for cell in ("first_half", "second_half")} == {
        "first_half": 1.0,
        "second_half": 1.0,
    }


def test_a_student_s_words_act_as_nothing_in_a_comment(tmp_path: Path, book: Path) -> None:
    written(book, course_of(tmp_path), attempt("an", 0, 1, 1, 1))
    (text,) = [row[-2] for row in dump(book)["comment"] if row[-2]]
    assert "double \\<b\\>is\\</b\\> wrong" in text


# Which cell holds what of an item


CELLS = [
    Cell("Test-Double", grade=True, points=2, source=""),
    *(Cell(item, grade=True, points=1, source="") for item in ("halves", "slope", "scale")),
    Cell("double_answer", solution=True, source=""),
    Cell("rest", solution=True, source="def halves(x):\n    pass\n\n\nclass Scale(nn.Module):\n    pass"),
]


def test_a_comment_goes_to_the_cell_called_after_the_item_or_to_the_one_that_defines_it(tmp_path: Path) -> None:
    course = course_of(tmp_path, ("id: double", "id: double\n        cells: [Test-Double]"))
    places = {place.item.id: place for place in layout(course.unit(UNIT), CELLS, "gradebook.db").places}
    assert {item: place.comment for item, place in places.items()} == {
        "double": "double_answer",
        "halves": "rest",
        "slope": None,
        "scale": "rest",
    }
    assert places["double"].cells == ("Test-Double",)


def test_an_item_without_a_cell_in_nbgrader_s_notebook_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(GradebookError) as error:
        layout(course_of(tmp_path).unit(UNIT), CELLS, "gradebook.db")
    assert str(error.value) == (
        "gradebook.db: the notebook tiny of u01_tiny has no grade cell 'double'; it has Test-Double, halves, scale, "
        "slope; call one so in source/ and run nbgrader generate_assignment, or name the cells of double in "
        "grading.yml (cells: […])"
    )


# Bad input


def test_a_file_that_is_no_grade_book_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    unit = course_of(tmp_path).unit(UNIT)
    path = put(tmp_path / "notes.db", "These are notes, and no database at all.\n" * 50)
    with pytest.raises(GradebookError, match=r"notes\.db: nbgrader cannot use it \(file is not a database\); "):
        deadlines(path, unit)
    with pytest.raises(GradebookError, match="is a folder; name the file"):
        deadlines(tmp_path, unit)
    with pytest.raises(GradebookError, match="there is no folder"):
        deadlines(tmp_path / "nowhere" / "gradebook.db", unit)


def test_advice_enters_no_grade_book(tmp_path: Path) -> None:
    with pytest.raises(GradebookError, match="advice enters no grade book"):
        write_grades(grade(tier="none"), course_of(tmp_path), UNIT, tmp_path / "gradebook.db", "en")
    assert not (tmp_path / "gradebook.db").exists()


@pytest.mark.parametrize("student", ["..", ".", "a/b", ""])
def test_a_student_whose_name_is_a_path_gets_no_folder(tmp_path: Path, book: Path, student: str) -> None:
    done = written(book, course_of(tmp_path), attempt(student, 1, 1, 1, 1))
    assert done.foreign == (student,)
    assert not (book.parent / "autograded").exists()


@pytest.mark.parametrize("folder", [unicodedata.normalize("NFD", "nguyễn"), "n" * 90], ids=["decomposed", "long"])
def test_a_student_is_in_the_book_under_the_name_of_the_folder(tmp_path: Path, book: Path, folder: str) -> None:
    course, shown = course_of(tmp_path), student_name(folder)
    assert shown != folder
    hand_in(book.parent, folder, "The student's own text")
    written(book, course, attempt(shown, 1, 1, 1, 1))
    assert scores(book, folder)["double"] == (2.0, None, False)
    assert [row[0] for row in dump(book)["student"]] == [folder]
    assert [path.name for path in (book.parent / "autograded").iterdir()] == [folder]
    assert "own text" in (book.parent / "autograded" / folder / UNIT / "tiny.ipynb").read_text(encoding="utf-8")


def test_an_extension_in_the_book_is_met_under_the_name_that_is_shown(tmp_path: Path, book: Path) -> None:
    folder = unicodedata.normalize("NFD", "nguyễn")
    lines = "late: {extensions: [{student: nguyễn, days: 2}]}\nlimits:"
    hand_in(book.parent, folder, SOLUTION)
    written(book, course_of(tmp_path, ("limits:", lines)), attempt(student_name(folder), 1, 1, 1, 1))
    assert deadlines(book, course_of(tmp_path).unit(UNIT)).extensions == {(student_name(folder), UNIT): 2.0}


def test_a_notebook_that_nbgrader_autograded_is_left_as_it_is(tmp_path: Path, book: Path) -> None:
    theirs = put(book.parent / "autograded" / "an" / UNIT / "tiny.ipynb", notebook(source_cells()))
    before = theirs.read_text(encoding="utf-8")
    assert written(book, course_of(tmp_path), attempt("an", 1, 1, 1, 1)).foreign == ("an",)
    assert theirs.read_text(encoding="utf-8") == before


HOSTILE = [
    ("[" * 100_000, "deep"),
    ('{"cells": [{"cell_type": "code"}, 7, {"cell_type": "markdown", "source": 7, "metadata": 7}]}', "odd"),
    ('{"cells": {"a": 1}}', "no list"),
    ("\x00\x01", "binary"),
]


@pytest.mark.parametrize("text", [text for text, _ in HOSTILE], ids=[name for _, name in HOSTILE])
def test_a_hostile_notebook_becomes_a_readable_one(tmp_path: Path, book: Path, text: str) -> None:
    put(book.parent / "submitted" / "an" / UNIT / "tiny.ipynb", text)
    written(book, course_of(tmp_path), attempt("an", 1, 1, 1, 1))
    cells = told(book.parent / "autograded" / "an" / UNIT / "tiny.ipynb")
    assert set(cells) == {f"{item}{end}" for item in ("double", "halves", "slope", "scale") for end in ("", "_answer")}
