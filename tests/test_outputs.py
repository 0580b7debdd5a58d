"""outputs: files of a graded class are whole or absent; a folder that cannot take them is refused beforehand."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.models import Attempt, Environment, Grade, Isolation, ItemResult, Verdict
from autograder.outputs import OutputError, check_folder, write, write_whole
from tests.tiny_course import put, tiny_course

Usage = namedtuple("Usage", "total used free")
ENVIRONMENT = Environment("2", "3", "2", "cpu", 1, 7, "0")
ITEMS = tuple(ItemResult(id, Verdict.PASSED, 1.0, 1.0) for id in ("double", "halves", "slope", "scale"))


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path / "course")


def graded(*students: str) -> Grade:
    attempts = tuple(Attempt(student, "u01_tiny", ITEMS) for student in students)
    return Grade("tiny", attempts, Isolation("landlock"), ENVIRONMENT)


# The folder


def test_a_folder_that_does_not_exist_is_made_with_its_parents(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    put(tmp_path / "grades.csv", "old")
    check_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["grades.csv"]


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_file_in_the_way_is_refused_with_the_cure(tmp_path: Path, below: str) -> None:
    put(tmp_path / "out", "a file")
    with pytest.raises(OutputError, match=r"out.*: cannot be written \(.*\); choose another folder with --out"):
        check_folder(tmp_path / "out" / below)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "a file"


def test_a_full_disk_is_refused_and_no_folder_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 1 << 40, 3 << 20))
    with pytest.raises(OutputError, match="only 3 MB of disk are free; free some"):
        check_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_read_only_is_refused_and_no_folder_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dir: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("autograder.outputs.tempfile.TemporaryFile", refuse)
    with pytest.raises(OutputError, match="Read-only file system"):
        check_folder(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


# A file


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", "old")
    write_whole(tmp_path / "a.txt", "mới\n")
    assert (tmp_path / "a.txt").read_bytes() == "mới\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def full(*_: object) -> Iterator[str]:
    yield "ne"  # half of it
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["a piece", "the last"])
def test_a_file_that_cannot_be_finished_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    put(tmp_path / "a.txt", "old")
    if step == "the last":
        monkeypatch.setattr("os.replace", lambda *_: list(full()))
    with pytest.raises(OutputError, match=r"a\.txt: cannot be written \(No space left on device\)"):
        write_whole(tmp_path / "a.txt", full() if step == "a piece" else "new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "students", "a file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "students" / "an.md", "text")


def test_a_folder_where_a_file_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grades.csv").mkdir()
    with pytest.raises(OutputError, match=r"grades\.csv: cannot be written"):
        write_whole(tmp_path / "grades.csv", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["grades.csv"]


# The files of a grade


def test_a_grade_becomes_results_a_grade_book_a_page_and_a_report_for_each_student(
    course: Course, tmp_path: Path
) -> None:
    page = write(graded("an", "binh"), course, tmp_path / "out", "en")
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["grades.csv", "index.html", "results.json", "students/an.md", "students/binh.md"]
    assert page == tmp_path / "out" / "index.html"
    assert len(json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))) == 2


def test_no_name_of_a_student_leads_out_of_the_folder(course: Course, tmp_path: Path) -> None:
    write(graded("../../evil", "/etc/passwd", "..", "con"), course, tmp_path / "out", "en")
    assert len(list((tmp_path / "out" / "students").iterdir())) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course", "out"]


def test_writing_again_leaves_no_half_files_behind(course: Course, tmp_path: Path) -> None:
    for _ in range(2):
        write(graded("an"), course, tmp_path / "out", "vi")
    assert not list((tmp_path / "out").rglob(".*"))
