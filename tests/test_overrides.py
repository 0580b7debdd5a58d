"""overrides: what a person decided stands in every report, and what the kit judged stands beside it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from autograder.course import Course, CourseError
from autograder.models import Attempt, Environment, Grade, Isolation, ItemResult, Manual, Text, Verdict
from autograder.overrides import FILE, Override, load, overridden, strangers
from autograder.reports import html, markdown, text
from autograder.reports import json as results_json
from autograder.results import _validator
from autograder.words import say
from tests.tiny_course import UNIT, put, tiny_course

ITEMS = (
    ItemResult("double", Verdict.FAILED, 0.0, 2.0),
    ItemResult("halves", Verdict.GRADER_ERROR, 0.0, 4.0),
    ItemResult("slope", Verdict.PASSED, 1.0, 1.0),
)
ATTEMPT = Attempt("an", UNIT, ITEMS)
ENTRY = Override("an", UNIT, "double", 1.5, "right but for the sign", 0, 1)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("course"))


def loaded(course: Course, folder: Path, entries: str) -> tuple[Override, ...]:
    put(folder / FILE, entries)
    return load(folder, course)


def decided(*entries: Override, attempt: Attempt = ATTEMPT) -> Attempt:
    (found,) = overridden([attempt], entries)
    return found


def test_a_score_takes_the_place_of_what_was_judged_which_stays_beside_it() -> None:
    first, *others = decided(ENTRY).items
    assert first == replace(ITEMS[0], score=1.5, manual=Manual(1.5, "right but for the sign", 0.0))
    assert tuple(others) == ITEMS[1:]


def test_a_person_may_decide_what_the_kit_could_not_judge() -> None:
    assert ATTEMPT.score is None
    found = decided(replace(ENTRY, item="halves", score=4.0))
    assert found.score == 5.0
    assert found.items[1].manual == Manual(4.0, "right but for the sign", None)


def test_a_comment_changes_no_points() -> None:
    found = decided(replace(ENTRY, score=None))
    assert found.items[0].score == 0.0
    assert found.items[0].manual == Manual(None, "right but for the sign", 0.0)
    assert decided(replace(ENTRY, item="halves", score=None)).score is None


def test_a_comment_on_the_whole_is_a_note() -> None:
    found = decided(replace(ENTRY, item="", score=None))
    assert found == replace(ATTEMPT, notes=(Text(ENTRY.comment, ENTRY.comment),))


@pytest.mark.parametrize(("number", "counts"), [(0, True), (1, False), (2, True)])
def test_an_entry_may_be_for_one_of_several_attempts(number: int, counts: bool) -> None:
    found = decided(replace(ENTRY, attempt=number), attempt=replace(ATTEMPT, number=2, of=2))
    assert (found.items[0].manual is not None) is counts


@pytest.mark.parametrize("other", [{"student": "binh"}, {"unit": "u02"}, {"attempt": 3}])
def test_an_entry_that_fits_nobody_changes_nothing_and_is_told(other: dict[str, str | int]) -> None:
    entry = replace(ENTRY, line=7, **other)  # type: ignore[arg-type]
    assert decided(entry) == ATTEMPT
    (note,) = strangers([ATTEMPT], [ENTRY, entry])
    assert say(note, "en").startswith(f"overrides.yml:7: {entry.student} handed in no such attempt at {entry.unit}")


def test_the_file_is_read_with_its_lines(course: Course, tmp_path: Path) -> None:
    text = (
        f"- {{student: an, unit: {UNIT}, item: double, score: 1.5}}\n- student: binh\n  unit: {UNIT}\n  comment: Đẹp\n"
    )
    assert loaded(course, tmp_path, text) == (
        Override("an", UNIT, "double", 1.5, "", 0, 1),
        Override("binh", UNIT, "", None, "Đẹp", 0, 2),
    )
    assert load(tmp_path / "elsewhere", course) == ()


BROKEN = {
    "an unknown unit": ("- {student: an, unit: u01_tinny, comment: x}", "1: .*'u01_tinny'; did you mean 'u01_tiny'"),
    "an unknown item": ("- {student: an, unit: u01_tiny, item: doubel, score: 1}", "1: .*; did you mean 'double'"),
    "too many points": ("- {student: an, unit: u01_tiny, item: double, score: 3}", "1: .*between 0 and 2"),
    "nothing": ("- {student: an, unit: u01_tiny, item: double}", "1: an entry needs a score, a comment, or both"),
    "a score for no item": ("- {student: an, unit: u01_tiny, score: 1}", "1: a score needs the item it is for"),
    "an unknown key": ("- {student: an, unit: u01_tiny, points: 1}", "1: unknown key 'points'"),
    "no list": ("student: an", "1: overrides.yml must be a list"),
    "no YAML": ("- {student: an", "expected ',' or '}'"),
    "the same twice": ("- {student: an, unit: u01_tiny, comment: a}\n" * 2, "line 2 decides again what line 1 did"),
    "an empty file": ("", "1: the file is empty; it must hold a list of entries"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_an_entry_that_cannot_be_read_is_told_with_its_line_and_cure(
    course: Course, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(CourseError, match=f"overrides.yml.*{said}"):
        loaded(course, tmp_path, text)


@pytest.fixture
def grade() -> Grade:
    environment = Environment("2.13.0", "3.11.7", "2.1.0", "cpu", 1, 7, "0.1.0")
    return Grade("tiny", (decided(ENTRY),), Isolation("landlock"), environment)


SAID = "a person set the points: 1.5, judged 0: right but for the sign"


def test_every_report_marks_what_a_person_decided(course: Course, grade: Grade) -> None:
    assert f"an u01_tiny double: {SAID}" in text.grade_table(grade, course, "en")
    assert SAID in markdown.student(grade, "an", course, "en").replace("\\", "")
    assert re.search(rf"an u01_tiny double</strong>: {re.escape(SAID)}", html.index(grade, course, "en"))
    assert "một người đã đặt điểm" in text.grade_table(grade, course, "vi").lower()
    (told,) = json.loads(results_json.results(grade))
    assert told["items"][0]["manual"] == {"score": 1.5, "comment": "right but for the sign", "judged": 0.0}
    assert told["items"][2]["manual"] is None


@pytest.mark.parametrize("entries", [(), (ENTRY,), (replace(ENTRY, item="halves"),), (replace(ENTRY, score=None),)])
def test_the_schema_knows_when_there_is_a_score(grade: Grade, entries: tuple[Override, ...]) -> None:
    told = json.loads(results_json.results(replace(grade, attempts=(decided(*entries),))))
    _validator().validate(told)
    told[0]["score"] = 1.0 if told[0]["score"] is None else None
    with pytest.raises(jsonschema.ValidationError):
        _validator().validate(told)
