"""The hostile corpus holds: tests/golden/hostile/<group>/<name>/ through the command an instructor types, in each tier.

Each group is graded once a tier, by one slot, with an honest submission before and after every hostile one.  What a
case must become stands in its expect.toml (see tests/golden/hostile/README.md).  Cases with a `baseline` are run
against a plain pytest in one process as well, where they must win: the test of the test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load
from tests.hostile_files import BUILDERS
from tests.hostile_notebooks import NOTEBOOKS
from tests.real_path import ROOT, SECONDS, Graded, grade

CORPUS = ROOT / "tests" / "golden" / "hostile"
COURSE = CORPUS / "course"
UNIT = load(COURSE).unit("u00_target")
ITEMS = [item.id for item in UNIT.items]
TIERS = ("namespaces", "landlock")
CANARIES = tuple(
    f"CANARY_{place}" for place in ("SUITE", "SOLUTION", "MISTAKES", "LABELS", "ENVIRONMENT", "NEIGHBOUR", "HOME")
)
RESERVED = {"about", "from", "rest", "page", "absent", "printed", "seconds", "baseline", "tiers", "build"}
LOG_BYTES = 16 << 10  # of an item: 6 KB, in which every byte may have become an escape, and every line a mark
ALLOWED = 6.0  # seconds of all items together, where a case names no bound

pytestmark = [
    pytest.mark.timeout(SECONDS + 30),
    pytest.mark.skipif(sys.platform != "linux", reason="both tiers need Linux"),
]


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    want: dict[str, Any]

    @property
    def folder(self) -> Path:
        return CORPUS / self.group / self.name

    def verdicts(self, item: str) -> list[str]:
        """What may become of an item."""
        found = self.want.get(item, self.want["rest"])
        return found if isinstance(found, list) else [found]


def _case(path: Path) -> Case:
    want = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = want.keys() - RESERVED - set(ITEMS)
    assert not unknown, f"{path}: unknown keys {sorted(unknown)}"
    return Case(path.parent.parent.name, path.parent.name, want)


# The group intake has a test of its own (test_hostile_intake.py): an archive is no folder.
CASES = [_case(path) for path in sorted(CORPUS.glob("*/*/expect.toml")) if path.parts[-3] != "intake"]
GROUPS = sorted({case.group for case in CASES})
RUNS = [(tier, case) for tier in TIERS for case in CASES if tier in case.want.get("tiers", TIERS)]
BITES = [case for case in CASES if "baseline" in case.want]
every_run = pytest.mark.parametrize(("tier", "case"), RUNS, ids=[f"{tier}-{c.group}-{c.name}" for tier, c in RUNS])
every_group = pytest.mark.parametrize(("tier", "group"), [(tier, group) for tier in TIERS for group in GROUPS])


@dataclass(frozen=True)
class Class:
    """A group as graded: who is who, and what came out."""

    run: Graded
    student: dict[str, str]  # case → its student
    neighbours: tuple[str, ...]

    def attempt(self, case: Case) -> dict[str, Any]:
        found: dict[str, Any] = self.run.attempts[self.student[case.name], UNIT.id]
        return found


Grader = Callable[[str, str], Class]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """`graded(tier, group)`: graded once; skips where the machine does not offer the tier."""
    done: dict[tuple[str, str], Class | str] = {}

    def once(tier: str, group: str) -> Class:
        if (tier, group) not in done:
            done[tier, group] = _grade(tier, group, tmp_path_factory.mktemp(f"{tier}-{group}"))
        found = done[tier, group]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    return once


def _grade(tier: str, group: str, folder: Path) -> Class | str:
    """Honest and hostile submissions in turn, in one slot, with canaries where a thief would look."""
    submissions, home = folder / "submissions", folder / "home"
    home.mkdir()
    (home / "notes.txt").write_text("CANARY_HOME\n")
    cases = [case for case in CASES if case.group == group and tier in case.want.get("tiers", TIERS)]
    honest = (COURSE / "solutions" / UNIT.id / UNIT.filename).read_text(encoding="utf-8")
    honest = honest.replace("CANARY_SOLUTION", "CANARY_NEIGHBOUR")
    students, neighbours = {}, [_neighbour(submissions, 0, honest)]
    for number, case in enumerate(cases, start=1):
        students[case.name] = f"{number:03d}-{case.name}"
        _hand_in(case, submissions / students[case.name], home)
        neighbours.append(_neighbour(submissions, number, honest))
    env = {"HOME": str(home), "CANARY_ENVIRONMENT": "CANARY_ENVIRONMENT"}
    run = grade([submissions], folder, tier, "--course", str(COURSE), "--unit", UNIT.id, "--jobs", "1", env=env)
    return run if isinstance(run, str) else Class(run, students, tuple(neighbours))


def _neighbour(submissions: Path, number: int, source: str) -> str:
    student = f"{number:03d}~honest"  # sorts after the case of the same number
    (submissions / student).mkdir(parents=True)
    (submissions / student / UNIT.filename).write_text(source, encoding="utf-8")
    return student


def _hand_in(case: Case, student: Path, home: Path) -> None:
    """The case's files, with the places a thief would have to guess filled in."""
    student.mkdir(parents=True)
    if "build" in case.want:
        (BUILDERS | NOTEBOOKS)[case.want["build"]](student)
    places = {"{{course}}": COURSE, "{{home}}": home, "{{submissions}}": student.parent}
    for path in case.folder.rglob("*"):
        if path.is_file() and path.name != "expect.toml":
            target = student / path.relative_to(case.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            for mark, place in places.items():
                data = data.replace(mark.encode(), str(place).encode())
            target.write_bytes(data)


@every_run
def test_every_item_has_the_verdict_its_folder_says(graded: Grader, tier: str, case: Case) -> None:
    attempt = graded(tier, case.group).attempt(case)
    found = {item["item"]: item["verdict"] for item in attempt["items"]}
    assert {item: verdict for item, verdict in found.items() if verdict not in case.verdicts(item)} == {}
    assert list(found) == ITEMS


@every_run
def test_the_student_reads_what_helps(graded: Grader, tier: str, case: Case) -> None:
    found = graded(tier, case.group)
    page = found.run.page(found.student[case.name])
    assert [words for words in case.want.get("page", ()) if words not in page] == []


@every_run
def test_nothing_secret_and_no_text_of_the_student_s_reaches_a_reader(graded: Grader, tier: str, case: Case) -> None:
    secret = (*CANARIES, *case.want.get("absent", ()))
    texts = graded(tier, case.group).run.texts()
    assert [(words, name) for name, text in texts.items() for words in secret if words in text] == []


@every_run
def test_staff_reads_what_was_printed_and_no_canary(graded: Grader, tier: str, case: Case) -> None:
    found = graded(tier, case.group)
    log = found.run.log(found.student[case.name])
    assert [words for words in case.want.get("printed", ()) if words not in log] == []
    assert [canary for canary in CANARIES if canary in log] == []
    assert len(log) <= LOG_BYTES * len(ITEMS)


@every_run
def test_it_ends_in_time(graded: Grader, tier: str, case: Case) -> None:
    attempt = graded(tier, case.group).attempt(case)
    assert sum(item["seconds"] for item in attempt["items"]) <= case.want.get("seconds", ALLOWED)


@every_group
def test_the_neighbours_have_their_usual_result(graded: Grader, tier: str, group: str) -> None:
    found = graded(tier, group)
    attempts = {student: found.run.attempts[student, UNIT.id] for student in found.neighbours}
    harmed = {student: attempt["items"] for student, attempt in attempts.items() if attempt["score"] != UNIT.points}
    assert harmed == {}


@every_group
def test_no_process_and_no_file_outlives_the_command(graded: Grader, tier: str, group: str) -> None:
    assert graded(tier, group).run.left == ()


@pytest.mark.parametrize("case", BITES, ids=[f"{case.group}-{case.name}" for case in BITES])
def test_it_wins_where_test_and_submission_share_a_process(case: Case, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "notes.txt").write_text("CANARY_HOME\n")
    _hand_in(case, tmp_path / "work", home)
    (tmp_path / "work" / "test_plain.py").write_bytes((CORPUS / "plain" / "test_plain.py").read_bytes())
    env = {**os.environ, "HOME": str(home), "CANARY_ENVIRONMENT": "CANARY_ENVIRONMENT", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-c", os.devnull, "test_plain.py"]
    run = subprocess.run(command, cwd=tmp_path / "work", env=env, capture_output=True, timeout=60, check=False)
    if case.want["baseline"] == "score":
        assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    else:
        assert b"CANARY_" in run.stdout + run.stderr
