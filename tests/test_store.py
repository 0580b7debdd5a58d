"""store: results the moment they are there; nothing is judged twice, and nothing old is taken for new."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, load
from autograder.grading.store import FOLDER, Kept, Store, StoreError, digest, judged_by
from autograder.models import (
    Attempt,
    Diagnosis,
    Environment,
    Isolation,
    ItemResult,
    Submission,
    Text,
    Verdict,
    msg,
)
from tests.tiny_course import change, submission, tiny_course

ENVIRONMENT = Environment("2.13.0", "3.12", "2.3", "cpu", 1, 7, "0.1.0", data="MNIST, your copy", practice=False)
HELD = Isolation("landlock", ("namespaces: no bwrap", "landlock: the self-attack failed"))
WORDS = msg(
    "{name} is {n} of {share}{where}",
    name="dx",
    n=3,
    share=0.25,
    where=msg(" on line {line}: {code}", line=4, code=Text("x", "ẋ")),
)
ITEM = ItemResult(
    "f",
    Verdict.FAILED,
    1.5,
    4.0,
    (Diagnosis("sign", WORDS, Text("look", "xem")), Diagnosis("shape", Text("a", "b"))),
    (WORDS, Text("c", "d"), msg("no holes")),
    0.25,
    "exit code 1",
)
ATTEMPT = Attempt("Đặng Nam", "u01", (ITEM, replace(ITEM, verdict=Verdict.PASSED)), (WORDS,), 1.25)


def kept(attempt: Attempt = ATTEMPT, isolation: Isolation = HELD) -> Kept:
    return Kept(attempt, isolation, ENVIRONMENT)


def test_a_result_comes_back_as_it_was_with_all_words_in_both_languages(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", kept())
        assert store.get("key") == kept()


def test_a_result_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", kept())
    with Store(tmp_path) as store:
        assert store.get("key") == kept()


def test_what_was_never_put_is_not_there(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.get("key") is None


def test_a_newer_result_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    newer = kept(replace(ATTEMPT, seconds=9.0))
    with Store(tmp_path) as store:
        store.put("key", kept())
        store.put("key", newer)
        assert store.get("key") == newer


def test_an_attempt_unscored_through_our_fault_is_never_kept(tmp_path: Path) -> None:
    unscored = replace(ATTEMPT, items=(ITEM, replace(ITEM, verdict=Verdict.GRADER_ERROR)))
    with Store(tmp_path) as store:
        store.put("key", kept(unscored))
        assert store.get("key") is None


def test_advice_is_never_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", kept(isolation=Isolation("none")))
        assert store.get("key") is None


def broken(record: dict[str, object]) -> list[str]:
    """The record as other versions may have written it, and no record at all."""
    attempt = record["attempt"]
    assert isinstance(attempt, dict)
    item = attempt["items"][0]
    return [
        json.dumps({"attempt": attempt}),
        json.dumps(record | {"attempt": attempt | {"items": [item | {"verdict": "excellent"}]}}),
        json.dumps(record | {"attempt": attempt | {"notes": [{"sentence": "x"}]}}),
        json.dumps(record | {"attempt": 3}),
        "[]",
        "{half of it",
        "",
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_record_of_another_version_is_as_good_as_none(tmp_path: Path, number: int) -> None:
    with Store(tmp_path) as store:
        store.put("key", kept())
        with sqlite3.connect(tmp_path / FOLDER / "results.sqlite") as other:
            ((record,),) = other.execute("SELECT record FROM attempts")
            other.execute("UPDATE attempts SET record = ?", (broken(json.loads(record))[number],))
        assert store.get("key") is None


# The seed


def test_a_run_that_goes_on_keeps_its_seed_and_a_fresh_one_draws_another(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed = store.seed()
    with Store(tmp_path) as store:
        assert store.seed() == seed
        fresh = store.seed(fresh=True)
        assert fresh != seed
        assert store.seed() == fresh


def test_two_folders_have_two_seeds(tmp_path: Path) -> None:
    with Store(tmp_path / "a") as one, Store(tmp_path / "b") as other:
        assert one.seed() != other.seed()


# What a run leaves behind


def test_a_run_that_ends_in_an_error_leaves_nothing_when_it_finished_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Store(tmp_path) as store:
        store.seed()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_ends_in_an_error_leaves_what_it_finished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Store(tmp_path) as store:
        store.put("key", kept())
        raise KeyboardInterrupt
    with Store(tmp_path) as store:
        assert store.get("key") == kept()


# Folders that cannot be used


def test_a_file_in_the_way_is_told_with_the_folder_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(StoreError, match=r"out: cannot be written \(.*\); choose another folder with --out"):
        Store(tmp_path / "out")


def test_a_damaged_file_of_results_is_told_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "results.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(tmp_path)


def test_a_full_disk_is_told_with_the_student_whose_result_is_lost(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA max_page_count = 1")
        long = replace(ATTEMPT, items=(replace(ITEM, staff="x" * 100_000),))
        with pytest.raises(StoreError, match=r"the result of Đặng Nam could not be kept .* free some disk, run again"):
            store.put("key", kept(long))


# The digest

SUBMITTED = submission("def double(x): ...")
OPTIONS: dict[str, Any] = {"isolation": "auto", "seed": 7, "data": ""}


def key(course: Course, submitted: Submission = SUBMITTED, **options: Any) -> str:
    return digest(course, course.units[0], submitted, **{**OPTIONS, **options})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_course(tmp_path_factory.mktemp("course")).root


OURS = {
    "the suite": ("autograder/suites/u01_tiny/test_tiny.py", "3 * x**2", "3 * x ** 2"),
    "the mistakes": ("autograder/mistakes/u01_tiny.py", "You squared x.", "You have squared x."),
    "the reference": ("solutions/u01_tiny/tiny.py", "return 2 * x", "return x * 2"),
    "grading.yml": ("grading.yml", "points: 2", "points: 5"),
}


@pytest.mark.parametrize(("file", "old", "new"), OURS.values(), ids=OURS)
def test_a_result_is_judged_again_when_there_is_another_version_of(root: Path, file: str, old: str, new: str) -> None:
    before = key(load(root))
    change(root / file, old, new)
    assert key(load(root)) != before
    change(root / file, new, old)
    assert key(load(root)) == before


def test_a_new_file_of_the_suite_counts(root: Path) -> None:
    before = key(load(root))
    more = root / "autograder/suites/u01_tiny/test_more.py"
    more.write_text("")
    assert key(load(root)) != before
    more.unlink()


THEIRS = {
    "source": replace(SUBMITTED, source=b"def double(x): ..  "),
    "file handed in": replace(SUBMITTED, source=None),
    "student": replace(SUBMITTED, student="binh"),
    "cut into cells": replace(SUBMITTED, cells=(1,)),
    "name of the file": replace(SUBMITTED, filename="tiny.ipynb"),
    "note": replace(SUBMITTED, notes=(msg("{name} was not handed in", name="x"),)),
}


@pytest.mark.parametrize("submitted", THEIRS.values(), ids=THEIRS)
def test_a_result_is_judged_again_for_another(root: Path, submitted: Submission) -> None:
    assert key(load(root), submitted) != key(load(root))


@pytest.mark.parametrize("part", ["sandbox/inner/watch.py", "torchvision_compat.py"])
def test_a_change_of_the_engine_counts(root: Path, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.store.KIT", tmp_path / "kit")
    file = tmp_path / "kit" / part
    file.parent.mkdir(parents=True)
    file.write_text("a = 1\n")
    course = load(root)
    before = judged_by(course, course.units[0])
    file.write_text("a = 2\n")
    assert judged_by(course, course.units[0]) != before


def test_an_empty_file_is_another_submission_than_none(root: Path) -> None:
    empty, none = replace(SUBMITTED, source=b""), replace(SUBMITTED, source=None)
    assert key(load(root), empty) != key(load(root), none)


@pytest.mark.parametrize("options", [{"isolation": "process"}, {"seed": 8}, {"data": "generated digits"}])
def test_a_result_is_judged_again_under_other(root: Path, options: dict[str, Any]) -> None:
    assert key(load(root), SUBMITTED, **options) != key(load(root))


def test_a_result_is_judged_again_by_another_version_of_torch(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(load(root))
    other = {"torch": "9.9"}
    monkeypatch.setattr("autograder.grading.store.version", lambda name: other.get(name) or version(name))
    assert key(load(root)) != before


UNRELATED = {
    "the public test": ("exercises/u01_tiny/test_tiny.py", '"""Public tests of u01_tiny."""', '"""Other words."""'),
    "the stub": ("exercises/u01_tiny/tiny.py", "# TODO: Twice as much", "# TODO: Double"),
    "a statement": ("exercises/u01_tiny/README.md", "# Tiny", "# Small"),
}


@pytest.mark.parametrize(("file", "old", "new"), UNRELATED.values(), ids=UNRELATED)
def test_a_result_stays_when_only_this_changes(root: Path, file: str, old: str, new: str) -> None:
    before = key(load(root))
    change(root / file, old, new)
    assert key(load(root)) == before
    change(root / file, new, old)


def test_the_place_of_the_course_does_not_count(root: Path, tmp_path: Path) -> None:
    assert key(tiny_course(tmp_path)) == key(load(root))
