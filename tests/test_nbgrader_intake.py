"""intake.nbgrader: submitted/<student>/<assignment>/ and the inbound folders, whatever students put there."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.cli import run
from autograder.course import Course, load
from autograder.grading.digest import handed
from autograder.intake import IntakeError, collect_assignment
from autograder.intake.nbgrader import names_on_disk
from autograder.models import Submission
from autograder.words import say
from tests.nbgrader_course import hand_in
from tests.tiny_course import GRADING, SOLUTION, UNIT, answer, put, tiny_course

MOMENT = "2026-03-01 11:00:00 UTC"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return load(put(tmp_path / "grading.yml", GRADING))


def collected(course: Course, *paths: Path) -> list[Submission]:
    return list(collect_assignment(paths, course, UNIT).submissions)


def notes(submission: Submission) -> str:
    return "\n".join(say(note, "en") for note in submission.notes)


def test_the_folder_names_say_the_student_and_timestamp_txt_the_moment(tmp_path: Path, course: Course) -> None:
    hand_in(tmp_path, "binh", SOLUTION, "2026-03-01 11:00:00 America/Los_Angeles")
    hand_in(tmp_path, "an", SOLUTION)
    put(tmp_path / "submitted" / "an" / "another" / "tiny.py", "raise SystemExit")
    found = collected(course, tmp_path / "submitted")
    assert [(one.student, one.filename, one.submitted_at) for one in found] == [
        ("an", "tiny.ipynb", ""),
        ("binh", "tiny.ipynb", "2026-03-01T19:00:00Z"),
    ]
    assert found[0].source is not None
    assert b"raise SystemExit" not in found[0].source


def test_a_py_handed_in_beside_the_notebook_is_one_submission(tmp_path: Path, course: Course) -> None:
    place = hand_in(tmp_path, "an", "x = 1", MOMENT)
    put(place / "tiny.py", SOLUTION)
    (one,) = collected(course, tmp_path / "submitted")
    assert one.filename == "tiny.py"
    assert "handed in as .py and as notebook" in notes(one)


def test_a_moment_has_no_part_in_what_a_result_is_kept_under(tmp_path: Path, course: Course) -> None:
    place = hand_in(tmp_path, "an", SOLUTION, MOMENT)
    keys = set()
    for text in (MOMENT, "2026-03-09 11:00:00 UTC"):
        put(place / "timestamp.txt", text)
        (one,) = collected(course, tmp_path / "submitted")
        keys.add(handed(one))
    assert len(keys) == 1


def test_each_folder_of_the_exchange_is_an_attempt(tmp_path: Path, course: Course) -> None:
    for moment in ("2026-03-02 11:00:00 UTC", MOMENT):
        hand_in(tmp_path, "an", SOLUTION, moment, place="inbound", folder=f"an+{UNIT}+{moment}+x1")
    hand_in(tmp_path, "an", SOLUTION, MOMENT, place="inbound", folder=f"an+another+{MOMENT}")
    found = collected(course, tmp_path / "inbound")
    assert sorted(one.submitted_at for one in found) == ["2026-03-01T11:00:00Z", "2026-03-02T11:00:00Z"]


@pytest.mark.parametrize("student", ["an+lab@x.edu", "an+lab+2", "an+another+2026-spring", "+an", "an+"])
def test_a_plus_in_a_student_s_name_hides_no_hand_in(tmp_path: Path, course: Course, student: str) -> None:
    hand_in(tmp_path, student, SOLUTION)
    hand_in(tmp_path, "binh+lab@x.edu", SOLUTION, folder="binh+lab@x.edu/another")
    found = collect_assignment([tmp_path / "submitted"], course, UNIT)
    assert [one.student for one in found.submissions] == [student]
    assert "1 did not hand in u01_tiny: binh+lab@x.edu" in say(found.notes[0], "en")


def test_a_shown_name_leads_back_to_the_folder_where_a_book_could_hold_it(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "nguyễn")
    for name in ("an", decomposed, "bình", unicodedata.normalize("NFD", "bình"), os.fsdecode(b"\xff")):
        (tmp_path / name).mkdir()
    assert names_on_disk(tmp_path) == {"an": "an", "bình": "bình", "nguyễn": decomposed}
    assert names_on_disk(tmp_path / "nowhere") == {}


def test_a_plus_in_a_student_s_name_is_told_from_those_of_the_exchange(tmp_path: Path, course: Course) -> None:
    hand_in(tmp_path, "an", SOLUTION, place="inbound", folder=f"an+lab@x.edu+{UNIT}+{MOMENT}+x1")
    assert [one.student for one in collected(course, tmp_path / "inbound")] == ["an+lab@x.edu"]


def test_a_student_in_two_folders_of_submissions_has_two_attempts(tmp_path: Path, course: Course) -> None:
    for round in ("first", "second"):
        hand_in(tmp_path / round, "an", SOLUTION)
    assert len(collected(course, tmp_path / "first" / "submitted", tmp_path / "second" / "submitted")) == 2


def test_a_notebook_under_another_name_is_missing_and_asked_for(tmp_path: Path, course: Course) -> None:
    put(tmp_path / "submitted" / "an" / UNIT / "tinny.ipynb", "{}")
    (one,) = collected(course, tmp_path / "submitted")
    assert one.source is None
    assert "did you mean tiny.ipynb? found tinny.ipynb" in notes(one)


# timestamp.txt is the student's


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


TIMESTAMPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "words": (lambda path: put(path, "last night"), "it is not of the form"),
    "a day only": (lambda path: put(path, "2026-03-01"), "it is not of the form"),
    "an unknown zone": (lambda path: put(path, "2026-03-01 11:00:00 PST"), "its time zone is not known"),
    "a gigabyte of it": (lambda path: put(path, "2026-03-01 11:00:00 UTC" + " " * 4000), "it is too long"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe2026"), "it is not plain text"),
    "a link": (link, "it is not a file that can be read"),
    "a pipe": (os.mkfifo, "it is not a file that can be read"),
    "a folder": (Path.mkdir, "it is not a file that can be read"),
    "nothing": (lambda path: put(path, ""), "it is not of the form"),
}


@pytest.mark.parametrize(("make", "why"), TIMESTAMPS.values(), ids=list(TIMESTAMPS))
def test_a_timestamp_that_cannot_be_read_is_no_moment_and_a_note(
    tmp_path: Path, course: Course, make: Callable[[Path], object], why: str
) -> None:
    make(hand_in(tmp_path, "an", SOLUTION) / "timestamp.txt")
    (one,) = collected(course, tmp_path / "submitted")
    assert one.submitted_at == ""
    assert f"timestamp.txt was not read, so nobody knows when this was handed in: {why}" in notes(one)


def test_a_link_to_a_neighbour_is_not_followed(tmp_path: Path, course: Course) -> None:
    hand_in(tmp_path, "an", SOLUTION)
    (tmp_path / "submitted" / "binh").mkdir()
    (tmp_path / "submitted" / "binh" / UNIT).symlink_to(tmp_path / "submitted" / "an" / UNIT)
    (tmp_path / "submitted" / "chi").symlink_to(tmp_path / "submitted" / "an")
    assert [one.student for one in collected(course, tmp_path / "submitted")] == ["an"]


# Bad input


def test_a_path_without_the_assignment_is_told_with_what_is_there(tmp_path: Path, course: Course) -> None:
    hand_in(tmp_path, "an", SOLUTION, folder="an/u01_tinny")
    with pytest.raises(IntakeError, match="no student has a folder u01_tiny; did you mean 'u01_tinny'"):
        collected(course, tmp_path / "submitted")
    with pytest.raises(IntakeError, match=r"no student has a folder u01_tiny; name .*submitted$"):
        collected(course, tmp_path)
    with pytest.raises(IntakeError, match="no such folder"):
        collected(course, tmp_path / "nowhere")
    with pytest.raises(IntakeError, match="with --assignment name a folder"):
        collected(course, tmp_path / "grading.yml")


WRONG = [
    (("--assignment", "u1_tiny"), "no unit 'u1_tiny' in grading.yml; did you mean 'u01_tiny'?"),
    (("--assignment", UNIT, "--unit", UNIT), "--assignment names the unit; leave --unit away"),
    (("--gradebook", "nb/gradebook.db"), "--gradebook needs --assignment"),
    (("--assignment", UNIT, "--gradebook", "nb/x.db", "--isolation", "none"), "advice enters no grade book"),
    (("--assignment", UNIT, "--gradebook", "nowhere/gradebook.db"), "there is no folder nowhere"),
]


@pytest.mark.parametrize(("options", "said"), WRONG, ids=[said for _, said in WRONG])
def test_options_that_do_not_go_together_are_told_before_anything_is_done(
    tmp_path: Path,
    options: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "grading.yml", GRADING)
    hand_in(tmp_path / "nb", "an", SOLUTION)
    assert run(["grade", "nb/submitted", "--out", "out", "--isolation", "process", "--offline", *options]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.rglob("results.*"))


# The real path: attempts, lateness and reports


def test_attempts_and_lateness_are_told_in_every_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = ("grading.yml", "limits:", "late: {per_day: 0.25}\nattempts: best\nlimits:")
    due = ("grading.yml", "module: tiny\n", "module: tiny\n    due: 2026-03-01T12:00Z\n")
    tiny_course(tmp_path / "course", late, due)
    for moment, text in ((MOMENT, answer(slope="return x")), ("2026-03-01 15:00:00 UTC", SOLUTION)):
        hand_in(tmp_path, "an", text, moment, place="inbound", folder=f"an+{UNIT}+{moment}")
    hand_in(tmp_path, "binh", SOLUTION, place="inbound", folder=f"binh+{UNIT}+unknown")
    command = ["grade", tmp_path / "inbound", "--assignment", UNIT, "--course", tmp_path / "course", "--lang", "en"]
    command += ["--out", tmp_path / "out", "--isolation", "process", "--trust-submissions", "--jobs", "1", "--offline"]
    assert run([str(word) for word in command]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "an u01_tiny #1 9 / 10 3 passed, 1 failed" in said
    assert "an u01_tiny #2 7.5 / 10 4 passed" in said
    assert "late: an u01_tiny #2: handed in 3 hours after it was due: −25 % of 10 points, 7.5 remain" in said
    assert "an u01_tiny: 2 attempts, number 1 counts: 9 / 10" in said
    assert "no moment of submission is known of 1 submissions to units with a due date" in said

    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    told = [(one["attempt"], one["submitted_at"], one["score"], one["final_score"]) for one in results]
    assert told == [
        ({"number": 1, "of": 2, "weight": 1.0}, "2026-03-01T11:00:00Z", 9.0, 9.0),
        ({"number": 2, "of": 2, "weight": 0.0}, "2026-03-01T15:00:00Z", 10.0, 7.5),
        ({"number": 1, "of": 1, "weight": 1.0}, None, 10.0, 10.0),
    ]
    assert results[1]["late"] == {"due": "2026-03-01T12:00:00Z", "seconds": 10800.0, "share": 0.25, "penalty": 2.5}

    rows = (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].endswith(",practice,attempt,weight,submitted_at,late_penalty,final_score")
    assert rows[2].startswith("an,u01_tiny,10,10,")
    assert rows[2].endswith(",no,2,0,2026-03-01T15:00:00Z,2.5,7.5")

    page = (tmp_path / "out" / "students" / "an.md").read_text(encoding="utf-8")
    assert "attempt 1 of 2; this one counts" in page
    assert "handed in 3 hours after it was due: −25 % of 10 points, 7.5 remain" in page
    shown = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "2 attempts, number 1 counts" in shown
    assert "<strong>90%</strong>" in shown
