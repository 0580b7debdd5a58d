"""docs/example-class, graded by the command an instructor types, says exactly what its golden file says.

Once in each tier that this machine offers: whole under `namespaces`, without u06 (it trains) under `landlock`, which is
slow (`make test-slow`): the hostile corpus walks that tier in every run.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load
from tests.hidden_lines import HIDDEN
from tests.real_path import ROOT, SECONDS, Graded, grade, once_a_tier

CLASS = ROOT / "docs" / "example-class"
GOLDEN = tomllib.loads((ROOT / "tests" / "golden" / "example_class" / "expect.toml").read_text(encoding="utf-8"))
ABSENT: list[str] = GOLDEN.pop("class")["absent"]
COURSE = load(ROOT)
UNITS = {unit.id: [item.id for item in unit.items] for unit in COURSE.units}
TRAINS = "u06_mlp"
TIERS = ("namespaces", "landlock")

pytestmark = [
    pytest.mark.timeout(SECONDS + 30),
    pytest.mark.skipif(sys.platform != "linux", reason="both tiers need Linux"),
]


Grader = Callable[[str], Graded]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """`graded(tier)`: the class graded in that tier, once; skips where the machine does not offer it."""
    return once_a_tier(lambda tier: _grade(tier, tmp_path_factory.mktemp(tier)))


def _grade(tier: str, folder: Path) -> Graded | str:
    submissions = CLASS
    if tier == "landlock":
        ignored = shutil.ignore_patterns("mlp.py", "sara_cohen")
        submissions = Path(shutil.copytree(CLASS, folder / "class", ignore=ignored))
    return grade([submissions], folder, tier)


def units_of(student: str, tier: str) -> dict[str, dict[str, Any]]:
    """What the golden file expects of a student, unit by unit."""
    units = {unit: want for unit, want in GOLDEN[student].items() if unit in UNITS}
    return {unit: want for unit, want in units.items() if tier != "landlock" or unit != TRAINS}


def verdicts_of(unit: str, want: dict[str, Any]) -> dict[str, str]:
    """Every item of the unit with the verdict it must have."""
    listed = {item: verdict for verdict, items in want.items() if isinstance(items, list) for item in items}
    unknown = sorted(listed.keys() - set(UNITS[unit]))
    assert not unknown, f"expect.toml names items that {unit} does not have: {unknown}"
    return {item: listed.get(item, want["rest"]) for item in UNITS[unit]}


def marked(cases: Sequence[Any]) -> list[Any]:
    """Those of the landlock tier are slow."""
    tiers = [case if isinstance(case, str) else case[0] for case in cases]
    values = [(case,) if isinstance(case, str) else case for case in cases]
    marks = [[pytest.mark.slow] if tier == "landlock" else [] for tier in tiers]
    return [pytest.param(*value, marks=mark) for value, mark in zip(values, marks, strict=True)]


CASES = [(tier, student, unit) for tier in TIERS for student in GOLDEN for unit in units_of(student, tier)]
STUDENTS = [(tier, student) for tier in TIERS for student in GOLDEN if units_of(student, tier)]


@pytest.mark.parametrize(("tier", "student", "unit"), marked(CASES))
def test_every_item_has_the_verdict_its_folder_says(graded: Grader, tier: str, student: str, unit: str) -> None:
    attempt, want = graded(tier).attempts[student, unit], GOLDEN[student][unit]
    assert {item["item"]: item["verdict"] for item in attempt["items"]} == verdicts_of(unit, want)
    assert attempt["score"] == pytest.approx(want["score"])
    assert attempt["max_score"] == pytest.approx(COURSE.unit(unit).points)


@pytest.mark.parametrize(("tier", "student", "unit"), marked(CASES))
def test_the_causes_are_named(graded: Grader, tier: str, student: str, unit: str) -> None:
    attempt, want = graded(tier).attempts[student, unit], GOLDEN[student][unit]
    first = {item["item"]: item["diagnoses"][0]["code"] for item in attempt["items"] if item["diagnoses"]}
    causes = want.get("causes", {})
    assert {item: first.get(item) for item in causes} == causes
    assert want.get("notes", "") in " ".join(attempt["notes"])


@pytest.mark.parametrize(("tier", "student"), marked(STUDENTS))
def test_the_student_reads_what_helps_and_nothing_secret(graded: Grader, tier: str, student: str) -> None:
    run = graded(tier)
    page = run.page(student)
    for words in GOLDEN[student].get("page", ()):
        assert words in page
    for words in GOLDEN[student].get("absent", ()):
        assert words not in page
    for seed in {str(attempt["environment"]["seed"]) for attempt in run.attempts.values()}:
        assert seed not in page


@pytest.mark.parametrize("tier", marked(TIERS))
def test_every_submission_is_graded_and_no_other(graded: Grader, tier: str) -> None:
    assert set(graded(tier).attempts) == {(student, unit) for t, student, unit in CASES if t == tier}


@pytest.mark.parametrize("tier", marked(TIERS))
def test_the_command_writes_all_reports_and_names_the_tier(graded: Grader, tier: str) -> None:
    run = graded(tier)
    assert run.code == 0
    assert "<html" in (run.out / "index.html").read_text(encoding="utf-8")
    with (run.out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["student"], row["unit"]) for row in rows} == set(run.attempts)
    assert {path.stem for path in (run.out / "students").iterdir()} == {student for student, _ in run.attempts}
    assert {attempt["isolation"]["tier"] for attempt in run.attempts.values()} == {tier}
    assert not any(attempt["isolation"]["advice"] for attempt in run.attempts.values())


@pytest.mark.parametrize("tier", marked(TIERS))
def test_no_text_of_a_student_s_making_reaches_a_reader(graded: Grader, tier: str) -> None:
    found = [(words, name) for name, text in graded(tier).texts().items() for words in ABSENT if words in text]
    assert not found


@pytest.mark.parametrize("tier", marked(TIERS))
def test_no_line_of_a_suite_a_mistake_or_a_solution_reaches_a_reader(graded: Grader, tier: str) -> None:
    own = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in CLASS.rglob("*.py"))
    found = {line: name for text in graded(tier).texts().values() for line, name in HIDDEN.found(text).items()}
    assert {
        line: name for line, name in found.items() if line not in own
    } == {}  # a student may have made a mistake of ours


@pytest.mark.parametrize("tier", marked(TIERS))
def test_no_process_and_no_file_outlives_the_command(graded: Grader, tier: str) -> None:
    assert graded(tier).left == ()


def test_the_untouched_stubs_are_those_of_the_course() -> None:
    for unit in COURSE.units:
        stub = ROOT / "exercises" / unit.id / unit.filename
        copy = CLASS / "binh_le" / "exercises" / unit.id / unit.filename
        assert copy.read_bytes() == stub.read_bytes(), f"copy {stub.relative_to(ROOT)} to {copy.relative_to(ROOT)}"


def test_every_submission_stands_in_the_readme_and_in_the_golden_file() -> None:
    readme = (CLASS / "README.md").read_text(encoding="utf-8")
    entries = [path for path in CLASS.iterdir() if path.name != "README.md"]
    assert {path.stem for path in entries} == set(GOLDEN)
    for path in entries:
        assert f"| `{path.name}{'/' if path.is_dir() else ''}` |" in readme
