"""Other graders, given the same ten items: nbgrader, otter and plain pytest, each in a virtual environment of its own.

    Nbgrader(unit, folder).grade(students) → Run(cost, verdicts);  Otter and Pytest alike

The environments stand in build/peers (`pip install` on first use; a peer that cannot be installed is skipped, and that
says so).  torch comes from the environment that runs the benchmark, by a .pth file written after the installation:
everything else that a peer imports is its own.  The checks are `plain_tensors`: what the hidden suite asks, as plain
asserts, with nothing of the kit in it.  Verdicts are read from what a peer wrote: one that did nothing is not fast.
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import pytest

from autograder.course import Unit
from tests.benchmarks.measure import Cost, measured
from tests.nbgrader_course import cell, notebook
from tests.synthetic_class import Student

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers"
PLAIN = Path(__file__).with_name("plain_tensors.py")
# as a careful instructor would have it: one thread, and no plugin of another package in pytest's way
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
Verdicts = Mapping[tuple[str, str], bool]  # of each student and item: did it pass?


@dataclass(frozen=True)
class Run:
    cost: Cost
    verdicts: Verdicts


def environment(requirement: str) -> Path:
    """The Python of the peer's own environment, with torch; skips where it cannot be made."""
    name, _, version = requirement.partition("==")
    folder = PEERS / name
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != requirement:
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
        for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"{requirement} cannot be installed into {folder}: {done.stderr.strip()[-300:]}")
        here = subprocess.run([python, "-c", WHERE], capture_output=True, text=True, check=True).stdout.strip()
        Path(here, "torch-of-the-kit.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        ready.write_text(requirement, encoding="utf-8")
    done = subprocess.run([python, "-c", WHAT, name], capture_output=True, text=True, check=True)
    found, place = done.stdout.split()
    assert found == version, f"{place} is {name} {found}"
    assert Path(place).is_relative_to(folder), f"{name} comes from {place}, not from {folder}"
    return python


WHERE = "import sysconfig; print(sysconfig.get_path('purelib'))"
WHAT = """
import importlib.metadata, sys
found = importlib.metadata.distribution(sys.argv[1])
print(found.version, found.locate_file(""))
"""


@dataclass(frozen=True)
class Plain:
    """`plain_tensors` in pieces: what all checks need, and each item's check."""

    head: str
    checks: Mapping[str, str]


def plain() -> Plain:
    source = PLAIN.read_text(encoding="utf-8")
    head, checks = [], {}
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ""
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_"):
            checks[node.name.removeprefix("check_")] = text
        elif not isinstance(node, ast.Expr):
            head.append(text)
    return Plain("\n".join(head), checks)


class Peer:
    """`grade(students)`: submissions are laid out, then the peer's command is measured, then its verdicts are read."""

    requirement: ClassVar[str]

    def __init__(self, unit: Unit, folder: Path) -> None:
        self.python = environment(self.requirement)
        self.unit, self.folder, self.plain = unit, folder, plain()
        folder.mkdir(parents=True)

    def grade(self, students: Sequence[Student]) -> Run:
        raise NotImplementedError

    def run(self, command: Sequence[str | Path], cwd: Path) -> Cost:
        environment = {**ENVIRONMENT, "PATH": f"{self.python.parent}:{os.environ['PATH']}"}
        return measured([str(part) for part in command], cwd=cwd, env=environment)


class Nbgrader(Peer):
    """One `nbgrader autograde` for all, as an instructor types it: a cell for the answers, a test cell for an item."""

    requirement = "nbgrader==0.9.6"

    def __init__(self, unit: Unit, folder: Path, reference: str) -> None:
        super().__init__(unit, folder)
        config = "c = get_config()\nc.CourseDirectory.course_id = 'ten'\n"
        (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
        self._write("source", reference)  # with the regions of its solutions
        self._nbgrader("generate_assignment", unit.id)

    def grade(self, students: Sequence[Student]) -> Run:
        for student in students:
            self._write(f"submitted/{student.name}", student.source)
        cost = self._nbgrader("autograde", self.unit.id)  # of those that it has not graded yet
        asked = [str(self.python), "-c", READ_BOOK, self.unit.id, *(student.name for student in students)]
        read = subprocess.run(asked, cwd=self.folder, capture_output=True, text=True, check=True)
        verdicts = {(student, item): score == 1 for student, item, score in json.loads(read.stdout)}
        return Run(cost, verdicts)

    def _nbgrader(self, *arguments: str) -> Cost:
        return self.run([self.python, "-m", "nbgrader", *arguments], self.folder)

    def _write(self, place: str, answers: str) -> None:
        checks = self.plain.checks.items()
        cells = [cell(answers, "answers", solution=True), cell(self.plain.head, "head", locked=True)]
        cells += [cell(f"{text}\n\n\ncheck_{item}({item})", item, points=1, locked=True) for item, text in checks]
        path = self.folder / place / self.unit.id / f"{self.unit.module}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(notebook(cells), encoding="utf-8")


READ_BOOK = """
import json, sys
from nbgrader.api import Gradebook
unit, *students = sys.argv[1:]
with Gradebook("sqlite:///gradebook.db") as book:
    found = [(student, grade.name, grade.score) for student in students
             for notebook in book.find_submission(unit, student).notebooks for grade in notebook.grades]
print(json.dumps(found))
"""


class Otter(Peer):
    """One `otter run` for each, as its documentation has it: the .py, an autograder.zip, a test file for each item."""

    requirement = "otter-grader==7.0.0"

    def __init__(self, unit: Unit, folder: Path) -> None:
        super().__init__(unit, folder)
        with zipfile.ZipFile(folder / "autograder.zip", "w") as archive:
            archive.writestr("otter_config.json", json.dumps({"print_summary": False}))
            for item, text in self.plain.checks.items():
                archive.writestr(f"tests/{item}.py", self._test(item, text))

    def grade(self, students: Sequence[Student]) -> Run:
        verdicts: dict[tuple[str, str], bool] = {}
        lines: list[str] = []
        for student in students:
            place = self.folder / student.name
            place.mkdir()
            (place / self.unit.filename).write_text(student.source, encoding="utf-8")
            command = [self.python, "-m", "otter", "run", "--no-logo", "-a", "autograder.zip", "-o", place]
            lines.append(shlex.join(map(str, [*command, place / self.unit.filename])))
        cost = self.run(["sh", "-ec", "\n".join(lines)], self.folder)
        for student in students:
            tests = json.loads((self.folder / student.name / "results.json").read_text(encoding="utf-8"))["tests"]
            scores = {test["name"]: test["score"] for test in tests if "score" in test}
            verdicts |= {(student.name, item): scores[item] == 1 for item in self.plain.checks}
        return Run(cost, verdicts)

    def _test(self, item: str, text: str) -> str:
        head = (
            f"from otter.test_files import test_case\n{self.plain.head}\nOK_FORMAT = False\nname = {item!r}\npoints = 1"
        )
        return f"{head}\n\n\n@test_case()\n{text}\n"


class Pytest(Peer):
    """One pytest process for each submission, two at a time."""

    requirement = "pytest==9.2.0"

    def __init__(self, unit: Unit, folder: Path) -> None:
        super().__init__(unit, folder)
        tests = [f"def test_{item}():\n    check_{item}(answers.{item})" for item in self.plain.checks]
        parts = [f"import {unit.module} as answers", self.plain.head, *self.plain.checks.values(), *tests]
        self.tests = "\n\n\n".join(parts) + "\n"

    def grade(self, students: Sequence[Student]) -> Run:
        verdicts: dict[tuple[str, str], bool] = {}
        for student in students:
            place = self.folder / student.name
            place.mkdir()
            (place / self.unit.filename).write_text(student.source, encoding="utf-8")
            (place / "test_answers.py").write_text(self.tests, encoding="utf-8")
        one = f"cd {{}} && {self.python} -m pytest -q -p no:cacheprovider --junitxml=result.xml test_answers.py || true"
        names = " ".join(student.name for student in students)
        cost = self.run(["sh", "-c", f"printf '%s\\n' {names} | xargs -P 2 -I{{}} sh -c '{one}'"], self.folder)
        for student in students:
            for case in ElementTree.parse(self.folder / student.name / "result.xml").iter("testcase"):
                item = case.attrib["name"].removeprefix("test_")
                verdicts[student.name, item] = case.find("failure") is None and case.find("error") is None
        return Run(cost, verdicts)
