"""The hostile hand-ins hold: tests/golden/hostile/intake/<name>/ through the command an instructor types.

One class, graded once in the strongest tier that the machine offers (what is judged here happens before any code
runs), with honest submissions between the cases.  Then each case alone before intake, for the memory that it takes;
and the same files before a naive reader, where they must win: the test of the test.
"""

from __future__ import annotations

import csv
import pickle
import re
import subprocess
import sys
import tarfile
import time
import tomllib
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load
from autograder.intake import IntakeError, collect, file_names
from tests.hostile_files import RIGHT
from tests.hostile_intake import BUILDERS, ZEROS, Place
from tests.real_path import ROOT, SECONDS, Graded, grade

CORPUS = ROOT / "tests" / "golden" / "hostile"
CASES = {path.parent.name: tomllib.loads(path.read_text("utf-8")) for path in CORPUS.glob("intake/*/expect.toml")}
NUMBER = {name: number for number, name in enumerate(sorted(CASES))}
KEYS = {"about", "from", "rest", "graded", "student", "page", "says", "unmarked", "mib", "seconds"}
COURSE = load(CORPUS / "course")
UNIT = COURSE.unit("u00_target")
SOLUTION = CORPUS / "course" / "solutions" / UNIT.id / UNIT.filename
NEVER = ("CANARY_", "\x1b", "\0", "\u202e")  # what may stand in no report and on no terminal
MIB, ALLOWED = 4, 2.0  # what intake may take for a case that names no bound (two honest folders take 0.3 MiB)
EACH = 6  # cases between two neighbours

pytestmark = [
    pytest.mark.timeout(SECONDS + 60),
    pytest.mark.skipif(sys.platform != "linux", reason="links, pipes and devices as Linux has them"),
]
every_case = pytest.mark.parametrize("case", sorted(CASES))
State = dict[str, tuple[int, int, int]]


def test_every_hand_in_is_built_and_every_expectation_is_known() -> None:
    assert set(CASES) == set(BUILDERS)
    assert {name: set(want) - KEYS for name, want in CASES.items() if set(want) - KEYS} == {}


def lay(case: str, folder: Path) -> Place:
    """The hand-in of a case, in a class's folder."""
    place = Place(folder / "class", f"{NUMBER[case]:03d}-{case}", folder / "ran", SOLUTION)
    place.submissions.mkdir(parents=True, exist_ok=True)
    place.ran.mkdir(exist_ok=True)
    BUILDERS[case](place)
    return place


def neighbour(submissions: Path, number: int) -> str:
    student = f"{number:03d}~honest"
    (submissions / student).mkdir(parents=True)
    (submissions / student / UNIT.filename).write_text(RIGHT, encoding="utf-8")
    return student


@dataclass(frozen=True)
class Class:
    """The class as graded, and all files around it before and after."""

    run: Graded
    neighbours: tuple[str, ...]
    before: State
    after: State

    def attempt(self, case: str) -> dict[str, Any]:
        return self.run.attempts[self.student(case), UNIT.id]

    def student(self, case: str) -> str:
        return str(CASES[case].get("student", f"{NUMBER[case]:03d}-{case}"))

    def page(self, case: str) -> str:
        return self.run.page(file_names([student for student, _ in self.run.attempts])[self.student(case)])


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    folder = tmp_path_factory.mktemp("intake")
    found = "no tier"
    neighbours = []
    for case, number in NUMBER.items():
        lay(case, folder / "in")
        if number % EACH == 0 or number == len(NUMBER) - 1:
            neighbours.append(neighbour(folder / "in" / "class", number))
    before = state(folder / "in")
    for tier in ("namespaces", "landlock"):
        options = ("--course", str(CORPUS / "course"), "--unit", UNIT.id, "--jobs", "1")
        (folder / tier).mkdir()
        run = grade([folder / "in" / "class"], folder / tier, tier, *options)
        if not isinstance(run, str):
            return Class(run, tuple(neighbours), before, state(folder / "in"))
        found = run
    pytest.skip(found)


def state(folder: Path) -> State:
    """Every name below, with what would tell of a change."""
    names = {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*")}
    return {name: (status.st_mode, status.st_size, status.st_mtime_ns) for name, status in names.items()}


@every_case
def test_every_item_has_the_verdict_its_folder_says(graded: Class, case: str) -> None:
    if CASES[case].get("graded", True):
        found = {item["item"]: item["verdict"] for item in graded.attempt(case)["items"]}
        assert found == {item.id: CASES[case]["rest"] for item in UNIT.items}
    else:
        assert (graded.student(case), UNIT.id) not in graded.run.attempts


@every_case
def test_who_handed_it_in_and_who_grades_it_read_what_helps(graded: Class, case: str) -> None:
    page = graded.page(case) if CASES[case].get("page") else ""
    assert [words for words in CASES[case].get("page", ()) if words not in page] == []
    said = " ".join(graded.run.said.split())
    about = [rf"{graded.student(case)}[.\w]*:? {re.escape(words)}" for words in CASES[case].get("says", ())]
    assert [words for words in about if not re.search(words, said)] == []


def test_nothing_secret_and_nothing_that_acts_on_a_screen_reaches_a_reader(graded: Class) -> None:
    texts = graded.run.texts()
    assert [(words, name) for name, text in texts.items() for words in NEVER if words in text] == []
    marks = [words for want in CASES.values() for words in want.get("unmarked", ())]
    pages = {name: text for name, text in texts.items() if name.endswith((".md", ".html"))}
    bare = {words: re.compile(r"(?<!\\)" + re.escape(words)) for words in marks}
    assert [(words, name) for name, text in pages.items() for words in marks if bare[words].search(text)] == []


def test_no_cell_of_the_grades_is_a_formula(graded: Class) -> None:
    text = (graded.run.out / "grades.csv").read_text(encoding="utf-8-sig")
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert any("=HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_nothing_is_unpacked_loaded_run_or_changed(graded: Class) -> None:
    assert {"class", "ran"} <= set(graded.before)
    assert graded.after == graded.before


def test_the_neighbours_have_their_usual_result(graded: Class) -> None:
    scores = {student: graded.run.attempts[student, UNIT.id]["score"] for student in graded.neighbours}
    assert scores == dict.fromkeys(graded.neighbours, UNIT.points)


def test_no_process_and_no_file_outlives_the_command(graded: Class) -> None:
    assert graded.run.left == ()


@every_case
def test_to_read_it_takes_little_memory_and_time(case: str, tmp_path: Path) -> None:
    place = lay(case, tmp_path)
    neighbour(place.submissions, NUMBER[case])
    collect([place.submissions], COURSE, None)  # what is imported late is not the case's
    tracemalloc.start()
    begun = time.process_time()
    try:
        intake = collect([place.submissions], COURSE, [UNIT.id])
        peak, seconds = tracemalloc.get_traced_memory()[1], time.process_time() - begun
    finally:
        tracemalloc.stop()
    assert any(submission.student.endswith("~honest") and submission.source for submission in intake.submissions)
    assert peak < CASES[case].get("mib", MIB) * 2**20
    assert seconds < CASES[case].get("seconds", ALLOWED)


@pytest.mark.parametrize("case", sorted(name for name in CASES if name.endswith(("_gz", "_bz2", "_xz"))))
def test_named_by_hand_a_packed_tar_takes_no_more(case: str, tmp_path: Path) -> None:
    """A PATH may hold a whole class, so its bounds are wider; a bomb in it is cut all the same."""
    lay(case, tmp_path)
    (path,) = (tmp_path / "class").iterdir()
    tracemalloc.start()
    try:
        with suppress(IntakeError):
            collect([path], COURSE, None)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < CASES[case].get("mib", MIB) * 2**20


# The test of the test: before a reader that is not careful, these do what they were made for.


def test_the_pickle_runs_when_it_is_loaded(tmp_path: Path) -> None:
    place = lay("pickles", tmp_path)
    pickle.loads((place.submissions / place.student / "model.pt").read_bytes())
    assert [path.name for path in place.ran.iterdir()] == ["pickle"]


def test_the_setup_writes_when_it_is_run(tmp_path: Path) -> None:
    place = lay("setup", tmp_path)
    subprocess.run([sys.executable, place.submissions / place.student / "setup.py"], check=True, timeout=60)
    assert [path.name for path in place.ran.iterdir()] == ["setup.py"]


@pytest.mark.parametrize("case", ["climbing_tar", "link_then_file_tar"])
def test_the_tar_writes_outside_when_it_is_extracted(case: str, tmp_path: Path) -> None:
    place = lay(case, tmp_path)
    (path,) = place.submissions.iterdir()
    (tmp_path / "x" / "y").mkdir(parents=True)
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "x" / "y", archive.getmembers()[:2], filter="fully_trusted")
    assert [path.name for path in place.ran.iterdir()] == ["target.py"]


def test_the_links_lead_to_the_solution(tmp_path: Path) -> None:
    for case in ("linked_folder", "linked_file"):
        place = lay(case, tmp_path / case)
        (found,) = place.submissions.glob("*/target.py")
        assert found.read_bytes() == SOLUTION.read_bytes()
    place = lay("hard_linked_tar", tmp_path / "tar")
    with tarfile.open(next(place.submissions.iterdir())) as archive:
        archive.extractall(tmp_path / "y", filter="fully_trusted")
    assert (tmp_path / "y" / "target.py").read_bytes() == SOLUTION.read_bytes()


def test_the_bombs_are_bombs(tmp_path: Path) -> None:
    place = lay("bomb_zip", tmp_path / "zip")
    (path,) = place.submissions.iterdir()
    with zipfile.ZipFile(path) as archive:
        assert (archive.getinfo("target.py").file_size, path.stat().st_size < 200_000) == (ZEROS, True)
    place = lay("bomb_gz", tmp_path / "gz")
    (path,) = place.submissions.iterdir()
    assert len(zlib.decompress(path.read_bytes(), wbits=31)) > ZEROS > 1000 * path.stat().st_size
