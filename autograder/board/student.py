"""The student's file of a unit: where it lies, which line defines an item, which line of it an exception passed."""

from __future__ import annotations

import ast
import linecache
import os
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, TracebackType

from autograder.board.lines import one_line
from autograder.board.records import Place


@dataclass(frozen=True)
class StudentFile:
    """The module a student edits.  `path` need not exist; `root` is the folder paths are told from."""

    unit: str
    module: str
    path: Path
    root: Path

    @property
    def shown(self) -> str:
        return shown(self.path, self.root)

    @property
    def loaded(self) -> ModuleType | None:
        """The module as the tests imported it, or None."""
        return sys.modules.get(f"{self.unit}.{self.module}")

    def owns(self, file: str) -> bool:
        """Whether a code object's file name is this file's."""
        return same(file, self.path)

    def place(self, line: int) -> Place:
        return Place(self.shown, line, one_line(linecache.getline(str(self.path), line)))

    def beginning(self) -> Place | None:
        return self.place(1)

    def definition(self, symbol: str) -> Place | None:
        """The line that defines the symbol; None when no such line stands at the top level."""
        line = definitions(self.path).get(symbol)
        return self.place(line) if line else None

    def raised_at(self, trace: TracebackType | None) -> Place | None:
        """The innermost line of this file that the exception passed."""
        lines = [line for file, line, _ in frames(trace) if self.owns(file)]
        return self.place(lines[-1]) if lines else None


def find(unit: str, module: str, folders: Iterable[Path], beside: Path, root: Path) -> StudentFile:
    """The file the tests import: in the first import folder that has it, else where it should lie, beside the tests."""
    places = [folder / unit / f"{module}.py" for folder in folders]
    path = next((place for place in places if place.is_file()), beside / f"{module}.py")
    return StudentFile(unit, module, path, root)


@cache
def definitions(path: Path) -> dict[str, int]:
    """Top-level functions and classes and their lines; empty when the file cannot be parsed."""
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: node.lineno for node in tree.body if isinstance(node, kinds)}


def frames(trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    """File, line and function of each step, outermost first."""
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next


def same(file: str, path: Path) -> bool:
    """Whether a code object's file name is this path (Windows writes one path in several ways)."""
    return file == str(path) or _plain(file) == _plain(str(path))


def shown(path: Path, root: Path) -> str:
    """The path from `root`, with forward slashes everywhere; the whole path when it lies elsewhere."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


@cache
def _plain(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))
