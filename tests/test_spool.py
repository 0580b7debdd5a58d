"""spool: submissions of a large class take no memory, and are what they were when one is asked for."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.intake import IntakeError, collect
from autograder.intake.entry import Entry, Kind
from autograder.intake.spool import Spool, Submissions
from tests.tiny_course import SOLUTION, put, submission, tiny_course

AN, BINH = submission(SOLUTION, "an"), submission(None, "binh")


def handed_in(content: bytes) -> Submissions:
    return Submissions([(replace(AN, source=None), Spool().put(content)), (BINH, None)])


def test_a_submission_is_what_it_was_when_it_is_asked_for() -> None:
    found = handed_in(SOLUTION.encode())
    assert list(found) == [AN, BINH]
    assert found == (AN, BINH)
    assert (found[0], found[-1], len(found)) == (AN, BINH, 2)
    assert list(found[1:]) == [BINH]


def test_an_empty_file_is_another_thing_than_none() -> None:
    assert handed_in(b"")[0].source == b""


def test_contents_lie_one_after_another() -> None:
    spool = Spool()
    contents = [b"one", b"", b"\0" * 100_000, "Đặng".encode()]
    stored = [spool.put(content) for content in contents]
    assert [one.read() for one in reversed(stored)] == contents[::-1]


def test_an_entry_that_is_put_away_can_be_read() -> None:
    entry = Entry(("an", "tiny.py"), Kind.MODULE, "u01_tiny", b"x = 1\n")
    put_away = entry.put_away(Spool())
    assert put_away.source is None
    assert put_away.content == entry.content == b"x = 1\n"
    assert put_away.is_read
    assert put_away.put_away(Spool()) is put_away
    assert not Entry(("an", "tiny.py"), Kind.MODULE).put_away(Spool()).is_read


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path / "course")


def test_a_full_disk_is_told_with_the_cure(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    put(tmp_path / "an" / "tiny.py", SOLUTION)
    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(
        IntakeError, match=r"the submissions cannot be laid aside \(No space left on device\); free some"
    ):
        collect([tmp_path / "an"], course, None)
