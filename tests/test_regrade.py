"""regrade: who changes, from what to what and why, before anything is written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.cli import USAGE, run
from autograder.course import Course
from autograder.grading.digest import Parts
from autograder.grading.store import Published
from autograder.regrade import ADDED, GONE, MANUAL, UNKEPT, Change, Differences, differences
from autograder.reports.regrade import WHY, as_csv, table
from tests.tiny_course import SOLUTION, UNIT, answer, change, put, tiny_course

PARTS = Parts(*"abcdefghijk")
FAILED = Published("an", UNIT, 1, "double", "failed", 0.0, 2.0, PARTS)
PASSED = replace(FAILED, verdict="passed", score=2.0, parts=replace(PARTS, suite="other"))
UNSCORED = replace(FAILED, item="halves", verdict="grader_error", score=None, parts=None)
SUITE = "autograder/suites/u01_tiny/test_tiny.py"
MORE = answer(double="return 2.0 * x + 1e-3")  # wrong, until somebody finds the test too strict


def test_what_is_told_as_before_is_no_change() -> None:
    assert differences([FAILED, UNSCORED], [FAILED, UNSCORED]) == Differences((), 1 + 1, 0)


def test_a_change_says_from_what_to_what_and_why() -> None:
    assert differences([FAILED], [PASSED]) == Differences((Change(FAILED, PASSED, ("suite",)),), 1, 1)


def test_what_was_judged_again_with_the_same_end_is_counted_and_not_listed() -> None:
    assert differences([FAILED], [replace(FAILED, parts=PASSED.parts)]) == Differences((), 1, 1)


def test_why_may_be_a_person_or_a_fault_or_that_there_is_none_to_compare_with() -> None:
    entered = replace(FAILED, score=1.0)
    assert differences([FAILED], [entered]).changes[0].why == (MANUAL,)
    assert differences([UNSCORED], [replace(PASSED, item="halves")]).changes[0].why == (UNKEPT,)
    assert differences([], [PASSED]).changes == (Change(None, PASSED, (ADDED,)),)
    assert differences([FAILED], []).changes == (Change(FAILED, None, (GONE,)),)


def test_every_reason_has_words() -> None:
    assert set(WHY) == {*Parts.__dataclass_fields__, MANUAL, ADDED, GONE, UNKEPT}


def test_the_table_says_who_changes_and_how_to_write_it() -> None:
    found = differences([FAILED, replace(FAILED, item="scale")], [PASSED])
    said = table(found, "en", applied=False, again="autograder regrade --out o --apply")
    assert "an  u01_tiny  double  failed 0/2 → passed 2/2  its hidden tests changed" in said
    assert "an  u01_tiny  scale   failed 0/2 → –           is not handed in any more" in said
    assert "Nothing is written yet; to write it: autograder regrade --out o --apply" in said
    assert "The reports say so now." in table(found, "en", applied=True, again="")
    assert "Chưa ghi gì" in table(found, "vi", applied=False, again="")


def test_a_table_without_changes_says_so() -> None:
    said = table(differences([FAILED], [FAILED]), "en", applied=False, again="")
    assert said == "no verdict and no points change (1 items compared)\n"


def test_the_csv_has_a_line_for_each_change() -> None:
    (line,) = csv.DictReader(io.StringIO(as_csv(differences([UNSCORED], [replace(PASSED, item="halves")]))))
    assert line == {
        "student": "an", "unit": UNIT, "attempt": "1", "item": "halves", "verdict_before": "grader_error",
        "verdict_after": "passed", "score_before": "", "score_after": "2", "max_score": "2", "why": "unkept",
    }  # fmt: skip


# Through the real command


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path / "course")


@pytest.fixture
def out(course: Course, tmp_path: Path) -> Path:
    """A graded class: an is right, binh a little wrong."""
    for student, source in {"an": SOLUTION, "binh": MORE}.items():
        put(tmp_path / "class" / student / "tiny.py", source)
    assert run_on(course, "grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--quiet",
                  "--isolation", "process", "--trust-submissions", "--jobs", "1") == 0  # fmt: skip
    return tmp_path / "out"


def run_on(course: Course, *arguments: str) -> int:
    return run([*arguments, "--course", str(course.root)])


def scores(out: Path) -> dict[str, float]:
    told = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return {attempt["student"]: attempt["score"] for attempt in told}


def test_a_mended_test_changes_who_it_wronged_and_writes_only_when_asked(
    course: Course, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scores(out) == {"an": 10.0, "binh": 8.0}
    change(
        course.root / SUITE, "check.close(student.double(x), 2 * x,", "check.close(student.double(x), 2 * x, atol=0.1,"
    )
    before = (out / "results.json").read_bytes()
    capsys.readouterr()
    assert run_on(course, "regrade", "--out", str(out), "--csv", str(out / "changes.csv")) == 0
    said = capsys.readouterr().out
    assert "binh  u01_tiny  double  failed 0/2 → passed 2/2  its hidden tests changed" in said
    assert "1 items of 1 students change (8 compared, 2 of them judged under other circumstances)" in said
    assert (out / "results.json").read_bytes() == before
    assert len((out / "changes.csv").read_text(encoding="utf-8").splitlines()) == 2

    assert run_on(course, "regrade", "--out", str(out), "--apply") == 0
    assert "The reports say so now." in capsys.readouterr().out
    assert scores(out) == {"an": 10.0, "binh": 10.0}
    assert run_on(course, "regrade", "--out", str(out)) == 0
    assert "no verdict and no points change (8 items compared)" in capsys.readouterr().out


def test_what_a_person_decided_outlives_every_regrade(
    course: Course, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = f"- {{student: binh, unit: {UNIT}, item: double, score: 1, comment: nearly}}\n"
    put(out / "overrides.yml", entries + f"- {{student: bing, unit: {UNIT}, comment: hello}}\n")
    assert run_on(course, "regrade", "--out", str(out), "--apply") == 0
    said = capsys.readouterr().out
    assert "failed 0/2 → failed 1/2  a person decided" in said
    assert "overrides.yml:2: bing handed in no such attempt at u01_tiny; nothing was changed" in said
    change(course.root / SUITE, "check.close(student.double(x), 2 * x,", "check.close(student.double(x), x * 2,")
    assert run_on(course, "regrade", "--out", str(out), "--apply") == 0
    assert scores(out) == {"an": 10.0, "binh": 9.0}
    assert "a person set the points: 1, judged 0: nearly" in (out / "students/binh.md").read_text(encoding="utf-8")


def test_a_regrade_tells_programs_the_changes_in_its_last_line(
    course: Course, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(
        course.root / SUITE, "check.close(student.double(x), 2 * x,", "check.close(student.double(x), 2 * x, atol=0.1,"
    )
    capsys.readouterr()
    assert run_on(course, "regrade", "--out", str(out), "--json") == 0
    events: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["start", "item", "submission", "item", "submission", "end"]
    assert events[0] == {"event": "start", "submissions": 2, "kept": 0, "run": 1, "runs": 1}
    (told,) = events[-1]["changes"]
    assert (told["student"], told["item"], told["why"]) == ("binh", "double", ["suite"])
    assert told["before"] == {"verdict": "failed", "score": 0.0}
    assert events[-1]["report"] is None


def test_a_folder_into_which_nothing_was_graded_is_refused_and_left_alone(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert run_on(course, "regrade", "--out", str(tmp_path / "empty")) == USAGE
    assert "nothing was graded into it; run `autograder grade PATH… --out" in capsys.readouterr().err
    assert list((tmp_path / "empty").iterdir()) == []
