"""docs/example-class, graded by the command an instructor types, says exactly what its golden file says.

Once in each tier that this machine offers: whole under `namespaces`, without u06 (it trains) under `landlock`.
"""

from __future__ import annotations

import csv
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load

ROOT = Path(__file__).parents[1]
CLASS = ROOT / "docs" / "example-class"
GOLDEN = tomllib.loads((ROOT / "tests" / "golden" / "example_class" / "expect.toml").read_text(encoding="utf-8"))
ABSENT: list[str] = GOLDEN.pop("class")["absent"]
COURSE = load(ROOT)
UNITS = {unit.id: [item.id for item in unit.items] for unit in COURSE.units}
TRAINS = "u06_mlp"
TIERS = ("namespaces", "landlock")
SECONDS = 540  # for one class on a machine that is busy; alone it takes a tenth
PR_SET_CHILD_SUBREAPER = 36

pytestmark = [
    pytest.mark.timeout(SECONDS + 30),
    pytest.mark.skipif(sys.platform != "linux", reason="both tiers need Linux"),
]


@dataclass(frozen=True)
class Graded:
    """What one run left: the folder, what it said, and the processes and temporary files that outlived it."""

    out: Path
    code: int
    said: str
    left: tuple[str, ...]
    attempts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def page(self, student: str) -> str:
        return (self.out / "students" / f"{student}.md").read_text(encoding="utf-8")

    def texts(self) -> dict[str, str]:
        """Everything that was printed or written for people, by name."""
        paths = [path for path in self.out.rglob("*") if path.suffix in (".json", ".csv", ".html", ".md")]
        return {"the terminal": self.said} | {path.name: path.read_text(encoding="utf-8") for path in paths}


Grader = Callable[[str], Graded]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """`graded(tier)`: the class graded in that tier, once; skips where the machine does not offer it."""
    done: dict[str, Graded | str] = {}

    def grade_once(tier: str) -> Graded:
        if tier not in done:
            done[tier] = _grade(tier, tmp_path_factory.mktemp(tier))
        found = done[tier]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    return grade_once


def _grade(tier: str, folder: Path) -> Graded | str:
    """The run, or why this machine does not offer the tier."""
    submissions = CLASS
    if tier == "landlock":
        ignored = shutil.ignore_patterns("mlp.py", "sara_cohen")
        submissions = Path(shutil.copytree(CLASS, folder / "class", ignore=ignored))
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(folder / "out")]
    command += ["--offline", "--lang", "en", "--isolation", tier]
    temporary = folder / "tmp"
    temporary.mkdir()
    env = {**os.environ, "TMPDIR": str(temporary)}
    with _adopting_orphans() as orphans:
        run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
        left = orphans() + tuple(path.name for path in temporary.iterdir())
    if run.returncode == 2 and f"autograder: {tier}: " in run.stderr:
        return run.stderr.strip().splitlines()[-1]
    assert run.returncode == 0, run.stdout + run.stderr
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    attempts = {(attempt["student"], attempt["unit"]): attempt for attempt in results}
    return Graded(folder / "out", run.returncode, run.stdout + run.stderr, left, attempts)


@contextmanager
def _adopting_orphans() -> Iterator[Callable[[], tuple[str, ...]]]:
    """Whoever outlives the command becomes our child, and so is seen: a worker carries no name or variable of ours."""
    libc = ctypes.CDLL(None)
    before = _children()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def orphans() -> tuple[str, ...]:
        """Those still running after two seconds, by their command line; none is left when this returns."""
        deadline = time.monotonic() + 2.0
        while (found := _running(_children() - before)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in found:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return tuple(found.values())

    try:
        yield orphans
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _children() -> set[int]:
    """Our children, by who each process says its parent is."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            parent = stat.read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def _running(pids: set[int]) -> dict[int, str]:
    """Those that did not end by themselves; the others are reaped here."""
    alive = [pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0]
    return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in alive}


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


CASES = [(tier, student, unit) for tier in TIERS for student in GOLDEN for unit in units_of(student, tier)]
STUDENTS = [(tier, student) for tier in TIERS for student in GOLDEN if units_of(student, tier)]


@pytest.mark.parametrize(("tier", "student", "unit"), CASES)
def test_every_item_has_the_verdict_its_folder_says(graded: Grader, tier: str, student: str, unit: str) -> None:
    attempt, want = graded(tier).attempts[student, unit], GOLDEN[student][unit]
    assert {item["item"]: item["verdict"] for item in attempt["items"]} == verdicts_of(unit, want)
    assert attempt["score"] == pytest.approx(want["score"])
    assert attempt["max_score"] == pytest.approx(COURSE.unit(unit).points)


@pytest.mark.parametrize(("tier", "student", "unit"), CASES)
def test_the_causes_are_named(graded: Grader, tier: str, student: str, unit: str) -> None:
    attempt, want = graded(tier).attempts[student, unit], GOLDEN[student][unit]
    first = {item["item"]: item["diagnoses"][0]["code"] for item in attempt["items"] if item["diagnoses"]}
    causes = want.get("causes", {})
    assert {item: first.get(item) for item in causes} == causes
    assert want.get("notes", "") in " ".join(attempt["notes"])


@pytest.mark.parametrize(("tier", "student"), STUDENTS)
def test_the_student_reads_what_helps_and_nothing_secret(graded: Grader, tier: str, student: str) -> None:
    run = graded(tier)
    page = run.page(student)
    for words in GOLDEN[student].get("page", ()):
        assert words in page
    for words in GOLDEN[student].get("absent", ()):
        assert words not in page
    for seed in {str(attempt["environment"]["seed"]) for attempt in run.attempts.values()}:
        assert seed not in page


@pytest.mark.parametrize("tier", TIERS)
def test_every_submission_is_graded_and_no_other(graded: Grader, tier: str) -> None:
    assert set(graded(tier).attempts) == {(student, unit) for t, student, unit in CASES if t == tier}


@pytest.mark.parametrize("tier", TIERS)
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


@pytest.mark.parametrize("tier", TIERS)
def test_no_text_of_a_student_s_making_reaches_a_reader(graded: Grader, tier: str) -> None:
    found = [(words, name) for name, text in graded(tier).texts().items() for words in ABSENT if words in text]
    assert not found


@pytest.mark.parametrize("tier", TIERS)
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
