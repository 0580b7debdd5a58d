"""The readers of what others wrote, fuzzed: damaged input gives one line of an error, never another exception."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from autograder.course import CourseError, load
from autograder.intake import IntakeError, collect
from autograder.intake.notebook import NoNotebook, read
from autograder.models import Submission
from autograder.sandbox.inner.cells import split
from autograder.words import say
from tests.hostile_notebooks import PARTS, as_bytes, notebook, prose
from tests.tiny_course import GRADING, tiny_course

MANY = settings(
    max_examples=200, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
)
REGISTRY = GRADING.encode()


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them changed, cut off, or moved."""
    place = st.integers(0, len(whole))
    changes = st.lists(st.tuples(place, st.binary(max_size=6), st.integers(0, 12)), min_size=1, max_size=4)

    def damage(steps: list[tuple[int, bytes, int]]) -> bytes:
        data = whole
        for at, put, drop in steps:
            data = data[:at] + put + data[at + drop :]
        return data

    return changes.map(damage)


@MANY
@given(st.one_of(st.binary(max_size=400), damaged(REGISTRY)))
def test_a_damaged_grading_yml_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "grading.yml"
    path.write_bytes(data)
    refused = ""
    try:
        load(path)
    except CourseError as error:
        refused = str(error)
    assert "\n" not in refused


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("an/tiny.py", "def double(x):\n    return 2 * x\n" * 20)
        file.writestr("binh/u01_tiny/tiny.py", "x = 1\n")
        file.writestr("binh/notes.txt", "hello")
    return buffer.getvalue()


@MANY
@given(st.one_of(st.binary(max_size=400), damaged(archive())))
def test_a_damaged_archive_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    base = tmp_path_factory.getbasetemp()
    course = load(base / "fuzzed") if (base / "fuzzed").exists() else tiny_course(base / "fuzzed")
    path: Path = base / "class.zip"
    path.write_bytes(data)
    refused = ""
    submissions: tuple[Submission, ...] = ()
    try:
        submissions = collect([path], course, None).submissions
    except IntakeError as error:
        refused = str(error)
    assert "\n" not in refused
    assert all(submission.source is None or len(submission.source) <= 256 << 10 for submission in submissions)


NOTEBOOK = as_bytes(notebook([prose("# Homework"), "!pip install torch", *PARTS]))
KEYS = st.sampled_from(["cells", "worksheets", "cell_type", "source", "input", "code", "nbformat", "outputs"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.just("code"), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


@settings(MANY, max_examples=600)
@given(st.one_of(st.binary(max_size=400), damaged(NOTEBOOK), ANYTHING.map(json.dumps).map(str.encode)))
def test_a_damaged_notebook_is_read_or_refused_in_one_line(data: bytes) -> None:
    refused = ""
    try:
        found = read(data)
    except NoNotebook as error:
        refused = say(error.message, "en")
    else:
        lines = found.source.decode("utf-8").split("\n")
        assert list(found.cells) == sorted(set(found.cells))
        assert all(1 <= line < len(lines) for line in found.cells)
    assert "\n" not in refused


TOKENS = ["%", "!", "?", "%%time", "x", "=", "1", "(", ")", "\n", "\n", "    ", "\\", "'''", "'", "def f():", "#", " "]


@MANY
@given(st.lists(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join), min_size=1, max_size=4))
def test_cells_that_python_understands_are_never_touched(sources: list[str]) -> None:
    """And the others keep the numbers of their lines."""
    whole = read(as_bytes(notebook(sources)))
    for cell in split(whole.source, whole.cells):
        before = list(cell.lines)
        try:
            ast.parse("\n".join(before))
            understood = True
        except (SyntaxError, ValueError):
            understood = False
        with contextlib.suppress(SyntaxError, ValueError):
            cell.parsed(ast.parse)
        assert len(cell.lines) == len(before)
        assert not understood or cell.lines == before
