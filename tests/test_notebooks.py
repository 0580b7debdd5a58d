"""notebooks: solutions → an nbgrader course; nbgrader makes a release of it, which runs, and is graded when filled."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from autograder.authoring.build import BEGIN, END, BuildError, broken_items
from autograder.authoring.notebooks import ANSWER, STATEMENT, cells, notebook, tree, write
from autograder.authoring.pieces import _markdown, pieces
from autograder.cli import OK, USAGE, run
from autograder.course import Unit
from autograder.words import languages, say
from tests import jupyter
from tests.real_path import grade, once_a_tier
from tests.tiny_course import change, tiny_course

COURSE = jupyter.COURSE
LANGUAGES = languages()
UNIT = COURSE.unit("u03_backprop")

everywhere = pytest.mark.parametrize(
    ("unit", "lang"),
    [(unit, lang) for unit in COURSE.units for lang in LANGUAGES],
    ids=lambda value: value if isinstance(value, str) else value.id,
)


@cache
def built(unit: Unit, lang: str) -> Any:
    return nbformat.reads(
        jupyter.course_of(lang)[PurePosixPath("source", unit.id, f"{unit.module}.ipynb")], as_version=4
    )


def cell(unit: Unit, lang: str, id: str) -> str:
    return next(str(cell.source) for cell in built(unit, lang).cells if cell.id == id)


# What is in it


@everywhere
def test_nbformat_and_nbgrader_accept_it(unit: Unit, lang: str) -> None:
    nbformat.validate(built(unit, lang))
    MetadataValidator().validate_nb(built(unit, lang))


@everywhere
def test_every_item_has_a_statement_an_answer_and_tests_that_carry_its_id_and_its_points(unit: Unit, lang: str) -> None:
    known = [cell.metadata.nbgrader for cell in built(unit, lang).cells]
    assert [cell.grade_id for cell in known[:4]] == [
        f"{unit.id}_{name}" for name in ("about", "setup", "imports", "tests")
    ]
    assert {cell.schema_version for cell in known} == {3}
    for item, (statement, answer, tests) in zip(unit.items, zip(*[iter(known[4:])] * 3, strict=True), strict=True):
        assert (statement.grade_id, statement.locked, statement.solution) == (f"{item.id}{STATEMENT}", True, False)
        assert (answer.grade_id, answer.locked, answer.solution) == (f"{item.id}{ANSWER}", False, True)
        assert (tests.grade_id, tests.locked, tests.solution) == (item.id, True, False)
        assert (statement.grade, answer.grade, tests.grade, tests.points) == (False, False, True, item.points)


def definition(text: str, symbol: str) -> str:
    """Its code without the docstring: the statement cell has that."""
    (node,) = (node for node in ast.parse(text).body if getattr(node, "name", "") == symbol)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    if ast.get_docstring(node) is not None:
        node.body = node.body[1:]
    return ast.dump(node)


@everywhere
def test_an_answer_cell_holds_the_stub_and_in_the_region_the_reference(unit: Unit, lang: str) -> None:
    stub = (jupyter.ROOT / "exercises" / unit.id / unit.filename).read_text(encoding="utf-8")
    solution = (jupyter.ROOT / "solutions" / unit.id / unit.filename).read_text(encoding="utf-8")
    for item in unit.items:
        source = cell(unit, lang, f"{item.id}{ANSWER}")
        given, region = source.split(f"\n{BEGIN}\n")
        assert region.endswith(f"\n{END}")
        assert definition(given, item.symbol) == definition(stub, item.symbol)
        assert definition(region, item.symbol) == definition(solution, item.symbol)


@everywhere
def test_the_docstring_of_an_item_stands_in_its_statement(unit: Unit, lang: str) -> None:
    stub = ast.parse((jupyter.ROOT / "exercises" / unit.id / unit.filename).read_text(encoding="utf-8"))
    told = {
        node.name: ast.get_docstring(node) for node in stub.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    for item in unit.items:
        statement = cell(unit, lang, f"{item.id}{STATEMENT}")
        words = set(re.findall(r"\w{4,}", (told[item.symbol] or "").replace("\\", "")))
        assert words <= set(re.findall(r"\w{4,}", statement.replace("\\", "")))
        assert say(item.title, lang) in statement
        assert statement.count("<details>") == len(item.hints)


@everywhere
def test_the_public_tests_stand_in_the_cells_as_they_stand_in_their_file(unit: Unit, lang: str) -> None:
    text = (jupyter.ROOT / "exercises" / unit.id / f"test_{unit.filename}").read_text(encoding="utf-8")
    tests = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    marked = [node for node in tests if "item" in ast.unparse(node.decorator_list[0])]
    shown = "\n".join(cell(unit, lang, item.id) for item in unit.items)
    assert len(marked) >= len(unit.items)
    for node in marked:
        assert str(ast.get_source_segment(text, node)) in shown


@everywhere
def test_it_needs_no_other_file(unit: Unit, lang: str) -> None:
    every = "\n".join(str(cell.source) for cell in built(unit, lang).cells)
    assert "![" in every
    assert every.count("![") == every.count("](data:image/png;base64,")
    assert "pytest exercises/" not in every
    assert "the file you edit" not in every


def test_words_are_in_the_language_asked_for() -> None:
    assert "## How to work" in cell(UNIT, "en", "u03_backprop_about")
    assert "## Cách làm bài" in cell(UNIT, "vi", "u03_backprop_about")
    assert "lan truyền ngược" in cell(UNIT, "vi", "u03_backprop_about")
    assert "lang=vi" in cell(UNIT, "vi", "u03_backprop_tests")


def test_building_twice_gives_the_same_bytes() -> None:
    once, again = (notebook(list(cells(COURSE, UNIT, "en"))) for _ in range(2))
    assert once == again


def test_a_helper_of_the_solution_stands_in_the_region_only(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    first = pieces(course, course.units[0], "en").items[0]
    assert "SQUARES_AND_OTHER_SECRETS" in first.answer
    assert "SQUARES_AND_OTHER_SECRETS" not in first.stub + pieces(course, course.units[0], "en").imports


class Missing:
    """A kernel where the kit is not installed."""

    def __init__(self) -> None:
        self.magics: dict[str, Callable[[str, str], Any]] = {}
        self.asked: list[tuple[str, str]] = []

    def run_line_magic(self, name: str, line: str) -> None:
        self.asked.append((name, line))
        if name == "load_ext":
            raise ModuleNotFoundError(line)

    def register_magic_function(self, function: Callable[[str, str], Any], kind: str, name: str) -> None:
        self.magics[f"{kind} {name}"] = function


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_the_kit_a_test_cell_says_so_and_is_worth_no_points(
    lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Missing()
    exec(cell(UNIT, lang, "u03_backprop_setup"), {"get_ipython": lambda: shell})
    assert "pip install -e ." in capsys.readouterr().out
    assert shell.magics["cell public_tests"]("double points=2", "…") == 0.0
    assert capsys.readouterr().out.startswith({"en": "The kit of the course", "vi": "Bộ công cụ"}[lang])


def test_the_setup_asks_pip_for_the_kit_before_it_loads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    shell = Missing()
    source = next(cell.text for cell in cells(COURSE, UNIT, "en", "KIT") if cell.id.endswith("_setup"))
    exec(source, {"get_ipython": lambda: shell})
    assert shell.asked == [("pip", "install --quiet KIT"), ("load_ext", "autograder.board.notebook")]


MARKDOWN = {
    "prose": ("x_i * y is [a, b]", r"x\_i \* y is \[a, b\]"),
    "code in a line": ("the `x_i` of __init__", r"the `x_i` of \_\_init\_\_"),
    "an indented block": ("Keys:\n    a  1\n    b  2\nEnd.", "Keys:\n\n```text\na  1\nb  2\n```\n\nEnd."),
    "an example after a list": ("- one\n- two\n\n    >>> f(1)\n    2", "- one\n- two\n\n```python\n>>> f(1)\n2\n```"),
    "a block with an empty line": ("    a\n\n    b\n", "```text\na\n\nb\n```"),
}


@pytest.mark.parametrize(("docstring", "markdown"), MARKDOWN.values(), ids=MARKDOWN)
def test_a_docstring_becomes_markdown(docstring: str, markdown: str) -> None:
    assert _markdown(docstring) == markdown


# What is refused

PUBLIC = "exercises/u01_tiny/test_tiny.py"
REFUSED = {
    "no public test of an item": (PUBLIC, '@pytest.mark.item("slope")\n', "", "no public test of slope"),
    "a picture that is missing": ("exercises/u01_tiny/README.md", "# Tiny", "![a](b.png)", "b.png is missing"),
    "a region among the imports": (
        "solutions/u01_tiny/tiny.py",
        "from torch import Tensor, nn\n\n### BEGIN SOLUTION",
        "### BEGIN SOLUTION\nimport math\n### END SOLUTION\nfrom torch import Tensor, nn\n\n### BEGIN SOLUTION",
        "a region stands among the imports; move it below them",
    ),
    "a line that begins a cell": (
        PUBLIC,
        "    first, second =",
        "    # %% here\n    first, second =",
        "begin with # %%",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_notebook_is_told(tmp_path: Path, file: str, old: str, new: str, problem: str) -> None:
    course = tiny_course(tmp_path)
    change(course.root / file, old, new)
    with pytest.raises(BuildError, match=problem):
        tree(course, "en")


def test_two_cells_of_one_name_are_told(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, ("grading.yml", "- id: scale", "- id: double_answer"))
    change(course.root / PUBLIC, 'item("scale")', 'item("double_answer")')
    with pytest.raises(BuildError, match="two cells would be called double_answer; rename the item"):
        tree(course, "en")


# The command


def test_build_writes_an_nbgrader_course(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = tiny_course(tmp_path / "course")
    out = tmp_path / "nbgrader"
    command = ["build", "--notebooks", "--course", str(course.root), "--out", str(out)]
    assert run(command) == OK
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == {
        "nbgrader_config.py",
        "source/u01_tiny/tiny.ipynb",
    }
    assert f"written: {out / 'source/u01_tiny/tiny.ipynb'}" in capsys.readouterr().out
    (out / "nbgrader_config.py").write_text("# mine\n", encoding="utf-8")
    assert run(command) == OK
    assert (out / "nbgrader_config.py").read_text(encoding="utf-8") == "# mine\n"  # the instructor's


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--notebooks"], "name its folder with --out"),
        (["--notebooks", "--check", "--out", "x"], "leave --check out"),
        (["--out", "x"], "--out and --kit are for --notebooks"),
        (["--kit", "x"], "--out and --kit are for --notebooks"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", *options]) == USAGE
    assert problem in capsys.readouterr().err


# Through nbgrader: one unit in every run, all of them in `make test-slow`


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An nbgrader course with one unit, its notebook in each language, as `nbgrader generate_assignment` leaves it."""
    return release(tmp_path_factory.mktemp("nbgrader"), UNIT, "--no-db")  # with its data base it takes twice as long


def release(out: Path, unit: Unit, *options: str) -> Path:
    files = {lang: jupyter.course_of(lang) for lang in LANGUAGES}
    (out / "source" / unit.id).mkdir(parents=True)
    (out / "nbgrader_config.py").write_text(files["en"][PurePosixPath("nbgrader_config.py")], encoding="utf-8")
    for lang, made in files.items():
        text = made[PurePosixPath("source", unit.id, f"{unit.module}.ipynb")]
        (out / "source" / unit.id / f"{lang}.ipynb").write_text(text, encoding="utf-8")
    jupyter.nbgrader(out, "generate_assignment", unit.id, *options)
    return out


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_release_holds_the_stubs_and_nothing_of_the_solution(released: Path, lang: str) -> None:
    found = nbformat.read(released / "release" / UNIT.id / f"{lang}.ipynb", as_version=4)
    known = {cell.id: cell for cell in found.cells}
    for piece in pieces(COURSE, UNIT, lang).items:
        answer = known[f"{piece.item.id}{ANSWER}"]
        assert answer.source.strip() == piece.stub
        assert known[piece.item.id].metadata.nbgrader.checksum
    assert "SOLUTION" not in json.dumps(found)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lang", [pytest.param("en", marks=pytest.mark.slow), "vi"])
def test_the_release_runs_from_top_to_bottom_and_says_what_is_to_do(released: Path, lang: str) -> None:
    runs_and_is_to_do(released, UNIT, lang)


def runs_and_is_to_do(course: Path, unit: Unit, lang: str) -> None:
    outputs = jupyter.executed(course / "release" / unit.id / f"{lang}.ipynb")
    assert jupyter.complaints(outputs) == []
    todo = {"en": "to do", "vi": "chưa làm"}[lang]
    broken = broken_items(COURSE, unit)  # code to be mended: wrong, not to do
    said = {item.id: jupyter.said(outputs[item.id]).strip() for item in unit.items if item.id not in broken}
    assert said == {item: f"{item}: {todo}" for item in said}
    assert {jupyter.value(outputs[item.id]) for item in unit.items} == {"0.0"}


@pytest.mark.timeout(600)
def test_nbgrader_validates_the_source(released: Path) -> None:
    said = jupyter.nbgrader(released, "validate", f"source/{UNIT.id}/en.ipynb")
    assert "Success! Your notebook passes all the tests." in said


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="the tier needs Linux")
def test_the_release_filled_in_earns_full_marks_and_no_remark(released: Path, tmp_path: Path) -> None:
    graded_in_full(released, [UNIT], tmp_path)


def graded_in_full(course: Path, units: list[Unit], folder: Path) -> None:
    for unit in units:
        source = course / "release" / unit.id / "vi.ipynb"
        jupyter.fill_in(unit, source, folder / "class" / "an" / f"{unit.module}.ipynb")
    (folder / "run").mkdir()
    graded = once_a_tier(lambda tier: grade([folder / "class"], folder / "run", tier))("namespaces")
    for unit in units:
        attempt = graded.attempts["an", unit.id]
        assert (attempt["score"], attempt["notes"]) == (unit.points, [])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.id)
def test_every_unit_goes_through_nbgrader(unit: Unit, tmp_path: Path) -> None:
    course = release(tmp_path / "course", unit)
    said = jupyter.nbgrader(course, "validate", f"source/{unit.id}/en.ipynb")
    assert "Success! Your notebook passes all the tests." in said
    for lang in LANGUAGES:
        runs_and_is_to_do(course, unit, lang)
    graded_in_full(course, [unit], tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nbgrader_itself_reads_the_points_of_the_public_tests(tmp_path: Path) -> None:
    from nbgrader.api import Gradebook

    course = release(tmp_path, UNIT)
    for student in ("an", "binh"):
        for lang in LANGUAGES:
            given, to = (course / folder / UNIT.id / f"{lang}.ipynb" for folder in ("release", f"submitted/{student}"))
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(given.read_bytes())
    jupyter.fill_in(UNIT, course / "release" / UNIT.id / "en.ipynb", course / "submitted/an" / UNIT.id / "en.ipynb")
    jupyter.nbgrader(course, "autograde", UNIT.id, "--create")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", COURSE.id) as book:
        scores = {student: book.find_submission(UNIT.id, student).score for student in ("an", "binh")}
    assert scores == {"an": UNIT.points, "binh": 0.0}  # of two notebooks an wrote one


def test_writing_makes_no_part_of_it_when_a_unit_is_at_fault(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course")
    change(course.root / PUBLIC, '@pytest.mark.item("slope")\n', "")
    with pytest.raises(BuildError):
        write(course, tmp_path / "out", "en")
    assert not (tmp_path / "out").exists()
