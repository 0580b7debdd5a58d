"""digest: a result hangs on what could change it, and on nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, load
from autograder.grading.digest import Parts, Sides, handed, loads
from autograder.models import Submission, msg
from tests.tiny_course import change, submission, tiny_course

SUITE = "autograder/suites/u01_tiny/test_tiny.py"
ITEMS = ("double", "halves", "slope", "scale")
SUBMITTED = submission("def double(x): ...")
OPTIONS: dict[str, Any] = {"isolation": "auto", "seed": 7, "device": "cpu", "practice": False}


def parts(course: Course, item: str = "double", submitted: Submission = SUBMITTED, **options: Any) -> Parts:
    return Sides(course, course.units, **{**OPTIONS, **options}).parts("u01_tiny", item, handed(submitted))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_course(tmp_path_factory.mktemp("course")).root


OURS = {  # file, old, new, the part that changes, and for which items
    "the item's test": (
        SUITE,
        "check.close(student.double(x), 2 * x",
        "check.close(student.double(x), x * 2",
        "suite",
        {"double"},
    ),
    "one of several tests": (SUITE, "x[:3], name", "x[0:3], name", "suite", {"halves"}),
    "a helper of the suite": (SUITE, "y.sum()", "y.mean()", "suite", set(ITEMS)),
    "the item's mistake": ("autograder/mistakes/u01_tiny.py", "You squared x.", "You s. x.", "mistakes", {"double"}),
    "the reference": ("solutions/u01_tiny/tiny.py", "return 2 * x", "return x * 2", "solution", set(ITEMS)),
    "the item's points": ("grading.yml", "points: 2", "points: 5", "settings", {"double"}),
    "the limits": ("grading.yml", "import_seconds: 4", "import_seconds: 5", "settings", set(ITEMS)),
    "no verdict's business": ("grading.yml", "id: tiny", "id: small", "", set()),
}


@pytest.mark.parametrize(("file", "old", "new", "part", "items"), OURS.values(), ids=OURS)
def test_what_is_judged_again_when_this_changes(
    root: Path, file: str, old: str, new: str, part: str, items: set[str]
) -> None:
    before = {item: parts(load(root), item) for item in ITEMS}
    change(root / file, old, new)
    after = {item: parts(load(root), item) for item in ITEMS}
    change(root / file, new, old)
    assert {item for item in ITEMS if before[item].key != after[item].key} == items
    assert {name for item in ITEMS for name in before[item].changed(after[item])} == ({part} if part else set())
    assert {item: parts(load(root), item) for item in ITEMS} == before


def test_a_suite_that_cannot_be_parsed_counts_as_a_whole(root: Path) -> None:
    before = {item: parts(load(root), item) for item in ITEMS}
    change(root / SUITE, "import pytest", "import pytest (")
    assert all(parts(load(root), item).changed(before[item]) == ("suite",) for item in ITEMS)
    change(root / SUITE, "import pytest (", "import pytest")


def test_a_new_file_of_the_suite_counts_for_the_items_it_judges(root: Path) -> None:
    before = {item: parts(load(root), item) for item in ITEMS}
    more = root / "autograder/suites/u01_tiny/test_more.py"
    more.write_text("@pytest.mark.item('scale')\ndef test_more(student): ...\n")
    assert {item for item in ITEMS if parts(load(root), item) != before[item]} == {"scale"}
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
    assert parts(load(root), submitted=submitted).changed(parts(load(root))) == ("submission",)


@pytest.mark.parametrize("part", ["sandbox/inner/watch.py", "slips/names.py", "torchvision_compat.py"])
def test_a_change_of_the_engine_counts(root: Path, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.digest.KIT", tmp_path / "kit")
    file = tmp_path / "kit" / part
    file.parent.mkdir(parents=True)
    file.write_text("a = 1\n")
    before = parts(load(root))
    file.write_text("a = 2\n")
    assert parts(load(root)).changed(before) == ("kit",)


def test_an_empty_file_is_another_submission_than_none(root: Path) -> None:
    empty, none = replace(SUBMITTED, source=b""), replace(SUBMITTED, source=None)
    assert parts(load(root), submitted=empty) != parts(load(root), submitted=none)


@pytest.mark.parametrize(
    ("options", "part"),
    [({"isolation": "process"}, "isolation"), ({"seed": 8}, "seed"), ({"device": "cuda"}, "device")],
)
def test_a_result_is_judged_again_under_other(root: Path, options: dict[str, Any], part: str) -> None:
    assert parts(load(root), **options).changed(parts(load(root))) == (part,)


def test_generated_data_count_for_a_unit_that_measures_and_for_no_other(root: Path, tmp_path: Path) -> None:
    assert parts(load(root), practice=True) == parts(load(root))
    ramp = ("grading.yml", "credit: fraction", "credit: {ramp: {from: 0.5, full: 0.9}}")
    course = tiny_course(tmp_path, ramp)
    assert parts(course, practice=True).changed(parts(course)) == ("data",)


@pytest.mark.parametrize("library", ["torch", "numpy", "pytest"])
def test_a_result_is_judged_again_with_another_version(
    root: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    before = parts(load(root))
    other = {library: "9.9"}
    monkeypatch.setattr("autograder.grading.digest.version", lambda name: other.get(name) or version(name))
    assert parts(load(root)).changed(before) == ("versions",)


def test_a_result_is_judged_again_by_another_python(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parts(load(root))
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    assert parts(load(root)).changed(before) == ("versions",)


UNRELATED = {
    "the public test": ("exercises/u01_tiny/test_tiny.py", '"""Public tests of u01_tiny."""', '"""Other words."""'),
    "the stub": ("exercises/u01_tiny/tiny.py", "# TODO: Twice as much", "# TODO: Double"),
    "a statement": ("exercises/u01_tiny/README.md", "# Tiny", "# Small"),
}


@pytest.mark.parametrize(("file", "old", "new"), UNRELATED.values(), ids=UNRELATED)
def test_a_result_stays_when_only_this_changes(root: Path, file: str, old: str, new: str) -> None:
    before = parts(load(root))
    change(root / file, old, new)
    assert parts(load(root)) == before
    change(root / file, new, old)


def test_the_place_of_the_course_does_not_count(root: Path, tmp_path: Path) -> None:
    assert parts(tiny_course(tmp_path)) == parts(load(root))


def test_the_parts_of_a_result_are_read_back(root: Path) -> None:
    found = parts(load(root))
    assert loads(found.dumps()) == found


@pytest.mark.parametrize("text", ["[]", "3", '["a"]', str([1] * len(fields(Parts)))])
def test_parts_of_another_version_are_as_good_as_none(text: str) -> None:
    assert loads(text) is None


def test_another_machine_s_whole_differs_in_the_parts_that_differ(root: Path, tmp_path: Path) -> None:
    def whole(course: Course, **options: Any) -> dict[str, str]:
        return Sides(course, course.units, **{**OPTIONS, **options}).whole()

    here, there = whole(load(root)), tiny_course(tmp_path)
    assert whole(there) == here
    assert set(here) == {field.name for field in fields(Parts)}
    change(tmp_path / SUITE, "x[:3], name", "x[0:3], name")
    other = whole(load(tmp_path), seed=8)
    assert {name for name in here if here[name] != other[name]} == {"suite", "seed"}
