"""packed: submissions of a large class are small in memory, and are what they were when one is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autograder.intake.entry import Entry, Kind
from autograder.intake.packed import Submissions, pack
from tests.tiny_course import SOLUTION, submission

AN, BINH = submission(SOLUTION, "an"), submission(None, "binh")
CLASS = Submissions([(replace(AN, source=None), pack(SOLUTION.encode())), (BINH, None)])


def test_a_submission_is_what_it_was_when_it_is_asked_for() -> None:
    assert list(CLASS) == [AN, BINH]
    assert CLASS == (AN, BINH)
    assert (CLASS[0], CLASS[-1], len(CLASS)) == (AN, BINH, 2)
    assert list(CLASS[1:]) == [BINH]


def test_an_empty_file_is_another_thing_than_none() -> None:
    (empty,) = Submissions([(replace(AN, source=None), pack(b""))])
    assert empty.source == b""


def test_an_entry_that_is_put_away_can_be_read_and_takes_less() -> None:
    source = Path(__file__).read_bytes()
    entry = Entry(("an", "tiny.py"), Kind.MODULE, "u01_tiny", source)
    put_away = entry.put_away()
    assert put_away.source is None
    assert put_away.packed is not None
    assert len(put_away.packed) < 0.6 * len(source)
    assert put_away.content == entry.content == source
    assert put_away.is_read
    assert put_away.put_away() == put_away
    assert not Entry(("an", "tiny.py"), Kind.MODULE).put_away().is_read
