"""standing: what lateness costs and which of several attempts counts; dates: the moments that it is given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import Course, CourseError, LatePolicy, load
from autograder.dates import DateError, later, moment, seconds
from autograder.models import Attempt, ItemResult, Verdict
from autograder.standing import Deadlines, due, lateness, settled, standings
from autograder.words import say
from tests.tiny_course import GRADING, UNIT, put

DUE = "2026-03-01T12:00:00Z"
POLICY = LatePolicy(per_day=0.1, grace_hours=1, cap=0.35)


def attempt(score: float, submitted_at: str = "", student: str = "an") -> Attempt:
    items = (ItemResult("double", Verdict.PASSED, score, 10.0),)
    return Attempt(student, UNIT, items, submitted_at=submitted_at)


def course(tmp_path: Path, *lines: str, attempts: str = "", due: str = "") -> Course:
    text = GRADING.replace("limits:", "\n".join((*lines, *([f"attempts: {attempts}"] if attempts else []), "limits:")))
    text = text.replace("    module: tiny\n", f"    module: tiny\n    due: {due}\n") if due else text
    return load(put(tmp_path / "grading.yml", text))


# dates


MOMENTS = [
    ("2015-02-02 14:58:23.948203 America/Los_Angeles", "2015-02-02T22:58:23.948203Z"),  # nbgrader's own example
    ("2026-03-01 10:00:00.5 UTC", "2026-03-01T10:00:00.500000Z"),
    ("2026-03-01T23:59+07:00", "2026-03-01T16:59:00Z"),
    ("2026-03-01 10:00:00 -0330", "2026-03-01T13:30:00Z"),
    ("2026-03-01 10:00:00\n", "2026-03-01T10:00:00Z"),
]


@pytest.mark.parametrize(("text", "wanted"), MOMENTS)
def test_a_moment_is_read_into_utc(text: str, wanted: str) -> None:
    assert moment(text, zone="UTC") == wanted
    assert moment(wanted) == wanted


NO_MOMENTS = [
    "", "10", "yesterday", "2026-03-01", "2026-02-30T10:00Z", "2026-03-01T25:00Z", "2026-03-01 10:00 Mars/Olympus",
    "2026-03-01 10:00 ../../etc/passwd", "2026-03-01 10:00 +99:00", "9999-12-31T23:59-10:00", "٢026-03-01T10:00Z",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_what_is_no_moment_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(DateError):
        moment(text, zone="UTC")


def test_a_moment_without_a_zone_is_refused_where_nobody_says_which() -> None:
    with pytest.raises(DateError, match="names no time zone"):
        moment("2026-03-01T10:00")


@pytest.mark.parametrize("days", [3, 1e12, -1e12])
def test_an_extension_beyond_the_calendar_leaves_the_moment(days: float) -> None:
    assert later("9999-12-31T00:00:00Z", days) == "9999-12-31T00:00:00Z"


# The late policy


@pytest.mark.parametrize(
    ("hours", "share"),
    [(-1, None), (0, None), (0.5, 0.0), (1, 0.0), (1.01, 0.1), (25, 0.1), (25.01, 0.2), (49.5, 0.3), (1000, 0.35)],
)
def test_every_day_that_has_begun_after_the_grace_costs_up_to_the_cap(hours: float, share: float | None) -> None:
    late = lateness(POLICY, later(DUE, hours / 24), DUE, 8.0)
    assert (late.share if late else None) == share
    if late:
        assert late.penalty == pytest.approx(8.0 * late.share)
        assert late.seconds == pytest.approx(hours * 3600)


@pytest.mark.parametrize(("submitted_at", "until"), [("", DUE), ("2030-01-01T00:00:00Z", "")])
def test_who_cannot_be_shown_to_be_late_is_not(submitted_at: str, until: str) -> None:
    assert lateness(POLICY, submitted_at, until, 8.0) is None


def test_an_attempt_keeps_its_score_beside_the_penalty(tmp_path: Path) -> None:
    here = course(tmp_path, "late: {per_day: 0.25}", due="2026-03-01T12:00Z")
    (late,) = settled([attempt(8.0, "2026-03-01T13:00:00Z")], here)
    assert (late.score, late.final_score) == (8.0, 6.0)


def test_an_extension_moves_the_due_date_of_one_student_in_one_unit_or_in_all(tmp_path: Path) -> None:
    lines = f"late: {{extensions: [{{student: an, days: 2}}, {{student: an, unit: {UNIT}, days: 0.5}}]}}"
    here = course(tmp_path, lines, due="2026-03-01T12:00Z")
    assert due(here, "an", UNIT) == "2026-03-02T00:00:00Z"
    assert due(here, "binh", UNIT) == DUE
    assert here.late.extension("an", "another") == 2


def test_the_registry_comes_before_another_grade_book(tmp_path: Path) -> None:
    theirs = Deadlines({UNIT: "2027-01-01T00:00:00Z"}, {("an", UNIT): 1.0, ("binh", UNIT): 1.0})
    named = course(tmp_path, "late: {extensions: [{student: an, days: 0}]}", due="2026-03-01T12:00Z")
    assert due(named, "an", UNIT, theirs) == DUE
    assert due(named, "binh", UNIT, theirs) == later(DUE, 1)
    silent = course(tmp_path)
    assert due(silent, "an", UNIT, theirs) == "2027-01-02T00:00:00Z"
    assert due(silent, "an", UNIT) == ""


# Attempts


WEIGHTS = [("best", [0, 1, 0], 9.0), ("last", [0, 0, 1], 5.0), ("average", [1 / 3] * 3, 7.0), ("", [0, 0, 1], 5.0)]


@pytest.mark.parametrize(("policy", "weights", "grade"), WEIGHTS)
def test_the_registry_says_which_attempt_counts(
    tmp_path: Path, policy: str, weights: list[float], grade: float
) -> None:
    mine = [attempt(7, "2026-03-01T10:00:00Z"), attempt(9, "2026-03-01T11:00:00Z"), attempt(5, "2026-03-02T09:00:00Z")]
    found = settled([mine[2], mine[0], attempt(1, student="binh"), mine[1]], course(tmp_path, attempts=policy))
    one, other = standings(found)
    assert [a.score for a in one.attempts] == [7, 9, 5]
    assert [a.number for a in found] == [3, 1, 1, 2]
    assert [a.weight for a in one.attempts] == pytest.approx(weights, abs=1e-6)
    assert (one.final_score, other.final_score) == (grade, 1.0)


def test_the_best_attempt_is_the_best_after_its_penalty(tmp_path: Path) -> None:
    here = course(tmp_path, "late: {per_day: 0.5}", attempts="best", due="2026-03-01T12:00Z")
    found = settled([attempt(6, "2026-03-01T11:00:00Z"), attempt(10, "2026-03-01T13:00:00Z")], here)
    (standing,) = standings(found)
    assert (standing.score, standing.penalty, standing.final_score) == (6, 0, 6)
    assert [a.number for a in standing.counting] == [1]


@pytest.mark.parametrize(("policy", "grade"), [("best", None), ("last", 9.0), ("average", None)])
def test_an_attempt_that_is_unscored_leaves_the_grade_open_where_it_may_count(
    tmp_path: Path, policy: str, grade: float | None
) -> None:
    ours = replace(attempt(0, "2026-03-01T10:00:00Z"), items=(ItemResult("double", Verdict.GRADER_ERROR, 0, 10),))
    found = settled([ours, attempt(9, "2026-03-01T11:00:00Z")], course(tmp_path, attempts=policy))
    assert standings(found)[0].final_score == grade


@pytest.mark.parametrize(
    ("scores", "share"), [((8.0, 8.0), 0.375), ((9.0, 3.0), 0.3125), ((None, 8.0), 0.375), ((0.0, 0.0), 0.375)]
)
def test_the_share_that_lateness_costs_is_known_without_a_score_of_ours(
    tmp_path: Path, scores: tuple[float | None, ...], share: float
) -> None:
    """A grade book takes it of a person's scores, too."""
    here = course(tmp_path, "late: {per_day: 0.25, cap: 0.5}", attempts="average", due="2026-03-01T12:00Z")
    ours = (ItemResult("double", Verdict.GRADER_ERROR, 0, 10),)
    handed_in = zip(scores, ("2026-03-01T13:00:00Z", "2026-03-02T13:00:00Z"), strict=True)
    mine = [attempt(score, at) if score is not None else replace(attempt(0, at), items=ours) for score, at in handed_in]
    assert standings(settled(mine, here))[0].share == pytest.approx(share)


# grading.yml


BAD = [
    ("due: 2026-03-01T12:00Z", "due: tomorrow", "grading.yml:10: 'tomorrow' is no moment: it is not of the form"),
    ("due: 2026-03-01T12:00Z", "due: 2026-03-01T12:00", "it names no time zone; write 2026-03-01T23:59+07:00"),
    ("attempts: best", "attempts: bests", "grading.yml:5: grading.yml.attempts is 'bests'; did you mean 'best'?"),
    ("days: 1", "days: many", "grading.yml:4: grading.yml.late.extensions[0].days must be a number, not 'many'"),
    ("unit: u01_tiny", "unit: u1_tiny", "extensions[0].unit is 'u1_tiny'; did you mean 'u01_tiny'?"),
    ("}]}", "}, {student: an, unit: u01_tiny, days: 2}]}", "'an' has two extensions for u01_tiny; keep one"),
]


@pytest.mark.parametrize(("old", "new", "said"), BAD)
def test_a_mistake_in_dates_and_attempts_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    lines = "late: {extensions: [{student: an, unit: u01_tiny, days: 1}]}\nattempts: best\nlimits:"
    text = GRADING.replace("limits:", lines).replace("module: tiny", "module: tiny\n    due: 2026-03-01T12:00Z")
    load(put(tmp_path / "grading.yml", text))
    assert text.count(old) == 1
    with pytest.raises(CourseError) as error:
        load(put(tmp_path / "grading.yml", text.replace(old, new)))
    assert said in str(error.value)


def test_a_moment_is_told_in_both_languages() -> None:
    with pytest.raises(DateError) as error:
        moment("soon")
    assert say(error.value.words, "vi") != say(error.value.words, "en")


def test_seconds_are_exact_to_the_microsecond() -> None:
    assert seconds("2026-03-01T10:00:00.000001Z", "2026-03-01T10:00:00Z") == 1e-6
