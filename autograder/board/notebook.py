"""The public tests of an item in a cell of a notebook: an IPython extension (`%load_ext autograder.board.notebook`).

    %%public_tests unit=u01_tensors module=tensors lang=en    what all test cells share: imports and helpers
    %%public_tests row_standardize points=2                   the tests of one item

A test cell prints the board's words.  Its value is the points, which nbgrader reads as the score of the cell; it never
raises and writes nothing to stderr, since nbgrader gives 0 points for either.  The tests are run by pytest in this
kernel: in them the unit's module is the notebook itself.  That is beside the student's code, so it is advice; what a
cell cannot do (no test, a wrong line) is said and worth 0 points.  Written by `autograder build --notebooks`.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import io
import linecache
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import Any

import pytest

from autograder.board import blocks, options
from autograder.board.lines import one_line, wrapped
from autograder.board.plugin import Board
from autograder.board.records import ItemRow, Place
from autograder.board.student import StudentFile, frames
from autograder.course import Course, Item, LatePolicy, Limits, Unit
from autograder.models import Text, Verdict, Words, msg
from autograder.words import chosen_language, say

MAGIC = "public_tests"
_OLD_NAME = re.compile(r"<ipython-input-(\d+)-")
PYTEST = (
    "--import-mode=importlib", "--capture=fd",
    "-p", "timeout", "--timeout-disable-debugger-detection",  # a kernel has debugpy, which is no debugging
    "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:unraisableexception", "-p", "no:threadexception",
)  # fmt: skip


def load_ipython_extension(shell: Any) -> None:
    shell.register_magic_function(PublicTests(shell), "cell", MAGIC)


class Points(float):
    """What nbgrader reads as a number, and a reader sees as 2 / 2."""

    most: float

    @classmethod
    def of(cls, points: float, most: float) -> Points:
        made = cls(points)
        made.most = most
        return made

    def _repr_html_(self) -> str:
        return f"{self:g} / {self.most:g}"


@dataclass(frozen=True)
class Line:
    """What stands behind `%%public_tests`."""

    item: str
    options: dict[str, str]

    @classmethod
    def read(cls, text: str) -> Line:
        words = text.split()
        pairs = [word.split("=", 1) for word in words if "=" in word]
        return cls(" ".join(word for word in words if "=" not in word), dict(pairs))

    def number(self, name: str, default: float) -> float:
        try:
            return float(self.options.get(name, default))
        except ValueError:
            return default


class PublicTests:
    """The magic.  It remembers what the test cells share."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.shared: str | None = None
        self.about = Line("", {})

    def __call__(self, line: str, cell: str) -> Points | None:
        asked = Line.read(line)
        if not asked.item:
            self.shared, self.about = cell, asked
            return None
        most = asked.number("points", 0.0)
        said, passed = self._judge(asked, cell)
        sys.stdout.write("\n".join([*said, ""]))
        return Points.of(most if passed else 0.0, most)

    @property
    def lang(self) -> str:
        return self.about.options.get("lang") or chosen_language()

    def _judge(self, asked: Line, cell: str) -> tuple[list[str], bool]:
        if self.shared is None:
            words = msg("Run the cells above first: this one needs what all tests of the notebook share.")
            return wrapped(say(words, self.lang)), False
        with tempfile.TemporaryDirectory() as scratch:
            session = _run(f"{self.shared}\n\n{cell}", self._course(asked, Path(scratch)), self.shell)
        rows = session.board.score().items if session.board is not None else ()
        row = next((row for row in rows if row.id == asked.item), None)
        if row is None or row.verdict is None:
            words = msg("The tests of {item} could not be run; Restart and run all may help.", item=asked.item)
            return [*wrapped(say(words, self.lang)), *session.errors], False
        return _told(row, self._missing(row, asked), self.lang), row.done

    def _missing(self, row: ItemRow, asked: Line) -> Words | None:
        """The commonest reason why a name is missing in a notebook."""
        if row.verdict is not Verdict.MISSING or any(trouble.place for trouble in row.troubles):
            return None
        return msg("Has the cell above been run, and does it define {name}?", name=asked.options.get("symbol", row.id))

    def _course(self, asked: Line, folder: Path) -> Course:
        """The record of the one item, from what the two lines say."""
        name = Text(asked.item, asked.item)
        item = Item(
            id=asked.item,
            symbol=asked.options.get("symbol", asked.item),
            title=name,
            points=asked.number("points", 0.0),
            minutes=1,
            difficulty=1,
            hints=(name,),
            seconds=asked.number("seconds", Limits().item_seconds),
        )
        said = self.about.options
        unit = Unit(said.get("unit", "u00"), said.get("module", "notebook"), name, (item,))
        return Course(unit.id, name, self.lang, Limits(), LatePolicy(), (unit,), folder / "grading.yml")


def _told(row: ItemRow, more: Words | None, lang: str) -> list[str]:
    heading = blocks.heading(row.id, row.title, lang)
    if row.done:
        return [f"{heading}: {say(msg('done'), lang)}"]
    if row.todo:
        return [f"{heading}: {say(msg('to do'), lang)}"]
    lines: list[str] = []
    for trouble in row.troubles:
        if not trouble.todo:
            lines += blocks.failed_item(trouble, row.id, row.title, "", lang)
    return [*lines, *(wrapped(say(more, lang)) if more is not None else [])]


# Running


class NotebookBoard(Board):
    """The board of one test cell: the course comes from its line, the student's file is the notebook."""

    def __init__(self, config: pytest.Config, known: Course, shell: Any) -> None:
        super().__init__(config)
        self.known, self.shell = known, shell

    @cached_property
    def course(self) -> Course | None:
        return self.known

    def _student(self, unit: str, test: Path) -> StudentFile:
        return Notebook(unit, self.known.units[0].module, test, test.parent, self.shell)


class Session:
    """The plugin of one run."""

    def __init__(self, course: Course, shell: Any) -> None:
        self.course, self.shell = course, shell
        self.board: NotebookBoard | None = None
        self.errors: list[str] = []

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        options.pytest_addoption(parser)

    def pytest_configure(self, config: pytest.Config) -> None:
        for marker in options.MARKERS:
            config.addinivalue_line("markers", marker)
        self.board = NotebookBoard(config, self.course, self.shell)
        config.pluginmanager.register(self.board, "course-board")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(one_line(str(report.longrepr).strip().rsplit("\n", 1)[-1]).removeprefix("E "))


def _run(text: str, course: Course, shell: Any) -> Session:
    """Run these tests in the kernel; they import the notebook by the name of the unit's module."""
    unit, session = course.units[0], Session(course, shell)
    file = course.root / f"test_{unit.module}.py"
    file.write_text(text, encoding="utf-8")
    (course.root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    place = ("--rootdir", str(course.root), "-c", str(course.root / "pytest.ini"))
    package = ModuleType(unit.id)
    package.__path__ = []
    setattr(package, unit.module, shell.user_module)
    modules = {unit.id: package, f"{unit.id}.{unit.module}": shell.user_module}
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    quiet = io.StringIO()
    with (
        _held(sys.modules, modules),
        _held(os.environ, environment),
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
    ):
        pytest.main([str(file), *place, *PYTEST, "--lang", course.language], plugins=[session])
    sys.modules.pop(file.stem, None)  # else the next cell's tests would be this one's
    gc.unfreeze()  # the board froze what was there: right for a process that ends, a leak in a kernel
    return session


@contextlib.contextmanager
def _held(target: MutableMapping[str, Any], values: Mapping[str, Any]) -> Iterator[None]:
    """These entries for a while; all others stay, for a module imported meanwhile must not be imported again."""
    before = {name: target.get(name) for name in values}
    target.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = value


@dataclass(frozen=True)
class Notebook(StudentFile):
    """The notebook as the student's file.  Its lines are told as Jupyter tells them: In[5], line 2."""

    shell: Any

    @property
    def loaded(self) -> ModuleType | None:
        module: ModuleType = self.shell.user_module
        return module

    def owns(self, file: str) -> bool:
        return bool(_OLD_NAME.match(file)) or f"ipykernel_{os.getpid()}" in file or self._label(file) != ""

    def beginning(self) -> Place | None:
        return None

    def definition(self, symbol: str) -> Place | None:
        """The `def` line of a function; of a class no code object knows it."""
        value = self.shell.user_ns.get(symbol)
        if not isinstance(value, FunctionType):
            return None
        code = inspect.unwrap(value).__code__
        return self._at(code.co_filename, code.co_firstlineno) if self.owns(code.co_filename) else None

    def raised_at(self, trace: TracebackType | None) -> Place | None:
        steps = [(file, line) for file, line, _ in frames(trace) if self.owns(file)]
        return self._at(*steps[-1]) if steps else None

    def _at(self, file: str, line: int) -> Place:
        return Place(self._label(file) or "In[…]", line, one_line(linecache.getline(file, line)))

    def _label(self, file: str) -> str:
        """In[5]; "" for a file that is no cell, or where IPython is older than 8 and names cells in another way."""
        if old := _OLD_NAME.match(file):
            return f"In[{old[1]}]"
        name = getattr(self.shell.compile, "format_code_name", lambda file: None)(file)
        return str(name[1]) if name else ""
