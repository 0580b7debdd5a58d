"""No line of a hidden suite, of the mistake bank or of a solution is in anything that reaches a student.

The pages of a graded class are looked at where a class is graded (test_example_class.py), with the same eyes.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import SaveCells
from traitlets.config.loader import PyFileConfigLoader

from autograder.authoring.release import release
from autograder.words import languages
from tests import jupyter
from tests.hidden_lines import EVERYBODY_S, HIDDEN, TELLING
from tests.tiny_course import ROOT, python

COURSE = jupyter.COURSE


# What reaches a student


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release") / "copy"
    release(COURSE, out)
    return out


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The kit's wheel, built from a copy: a build leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "autograder", folder / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, folder / name)
    quietly = ("--no-deps", "--no-build-isolation", "--quiet")
    done = python("-m", "pip", "wheel", *quietly, ".", "-w", "wheel", cwd=folder)
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "wheel").glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module", params=languages())
def notebooks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Source and release of every unit, by nbgrader's own steps without its data base (test_notebooks.py has that)."""
    folder = tmp_path_factory.mktemp("nbgrader")
    made = {path.as_posix(): text for path, text in jupyter.course_of(request.param).items()}
    (folder / "nbgrader_config.py").write_text(made.pop("nbgrader_config.py"), encoding="utf-8")
    config = PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config()
    steps = [step(config=config) for step in GenerateAssignment.preprocessors.default() if step is not SaveCells]
    found = dict(made)
    for name, text in made.items():
        notebook, resources = nbformat.reads(text, as_version=4), ResourcesDict()
        for step in steps:
            notebook, resources = step.preprocess(notebook, resources)
        found[name.replace("source", "release", 1)] = nbformat.writes(notebook)
    return found


def test_no_released_notebook_holds_a_hidden_line(notebooks: dict[str, str]) -> None:
    released = {name: text for name, text in notebooks.items() if name.startswith("release/")}
    assert len(released) == len(COURSE.units)
    assert {name: found for name, text in released.items() if (found := HIDDEN.found(text))} == {}


def test_the_source_notebooks_hold_the_solutions_and_nothing_of_suites_and_mistakes(notebooks: dict[str, str]) -> None:
    for unit in COURSE.units:
        found = HIDDEN.found(notebooks[f"source/{unit.id}/{unit.module}.ipynb"])
        solution = (ROOT / "solutions" / unit.id / unit.filename).read_text(encoding="utf-8")
        assert found  # the same eyes see what nbgrader takes out
        assert [line for line in found if line not in solution] == []


def files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".png":
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def test_the_students_copy_holds_no_hidden_line(copy: Path) -> None:
    assert {name: found for name, text in files(copy) if (found := HIDDEN.found(text))} == {}


def test_the_wheel_holds_no_hidden_line_and_no_hidden_file(wheel: zipfile.ZipFile) -> None:
    texts = {name: wheel.read(name).decode(errors="replace") for name in wheel.namelist()}
    assert {name: found for name, text in texts.items() if (found := HIDDEN.found(text))} == {}
    assert "autograder/cli.py" in texts
    assert "autograder/board/notebook.py" in texts
    assert "autograder/locale/vi/LC_MESSAGES/autograder.mo" in texts
    assert "autograder/reports/templates/index.html.jinja" in texts
    assert [name for name in texts if re.search(r"suites/|mistakes/|solutions|test_", name)] == []


# The eyes


def test_every_hidden_file_has_lines_that_would_tell() -> None:
    hidden = {name for name, _ in HIDDEN._files()}
    silent = hidden - set(HIDDEN.lines.values())
    assert {name for name in silent if "/__init__." not in name} == set()
    assert len(HIDDEN.lines) > 10_000
    assert min(map(len, HIDDEN.lines)) == TELLING


def canaries() -> list[str]:
    """A line of each folder of what is hidden: with quotes, brackets and signs that JSON, HTML and Markdown escape."""
    every = sorted(HIDDEN.lines)
    folders = ("autograder/suites/", "autograder/mistakes/", "solutions/")
    awkward = [line for line in every if '"' in line and "[" in line and "*" in line]
    return [next(line for line in awkward if HIDDEN.lines[line].startswith(folder)) for folder in folders]


CARRIERS = {
    "as a line": "before\n    {}\nafter",
    "within a line": "before {} after",
    "Markdown": "**before** {markdown} after",
    "HTML": "<html><pre><b>before</b> {html} after</pre></html>",
    "a notebook": '{{"cells": [{{"cell_type": "markdown", "source": ["before\\n", {json}]}}]}}',
    "a notebook that cuts it": '{{"cells": [{{"cell_type": "code", "source": [{half}, {rest}]}}]}}',
}


@pytest.mark.parametrize("line", canaries(), ids=["a suite", "a mistake", "a solution"])
@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
def test_a_canary_is_found(carrier: str, line: str) -> None:
    from html import escape

    from autograder.reports.escape import markdown

    text = carrier.format(
        line,
        markdown=markdown(line),
        html=escape(line).replace("(", "<i>(</i>"),
        json=json.dumps(line),
        half=json.dumps(line[:12]),
        rest=json.dumps(line[12:]),
    )
    assert line in HIDDEN.found(text)


def test_what_everybody_says_is_said_by_the_kit() -> None:
    """The list of exceptions holds nothing that is not needed."""
    kit = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "autograder").rglob("*.py")
        if not {"suites", "mistakes"} & set(path.parts)
    )
    hidden = "\n".join(text for _, text in HIDDEN._files())
    assert [line for line in EVERYBODY_S if line not in kit or line not in hidden] == []
