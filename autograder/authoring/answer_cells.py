"""The code cells of an nbgrader notebook → a module of ours: imports, constants, functions and classes with regions.

nbgrader's solution markers may stand anywhere in a cell, or nowhere; ours stand in the body of each answer.  What a
module cannot hold (calls at the top, plots, magics) is listed and left behind.  Source is read, never run.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from autograder.authoring.build import BEGIN, END
from autograder.authoring.expressions import is_literal

_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)
_MARK = re.compile(r"(BEGIN|END) SOLUTION")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class CodeCell:
    """A code cell that is no test: its place in the notebook (from 1), its text, whether students fill it in."""

    number: int
    text: str
    answer: bool


@dataclass
class Module:
    """What the solution will hold."""

    imports: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    helper: str = ""  # a region of the solution's own, to stand right above the next answer
    symbols: dict[str, bool] = field(default_factory=dict)  # the answers, True for a class
    left: list[str] = field(default_factory=list)  # what was not carried over, and why

    def text(self, title: str) -> str:
        used = [line for line in self.imports if uses("\n".join(self.parts), line)]
        head = [f'"""{title}"""', *sections(used)]
        bare = not self.parts[:1] or not self.parts[0].startswith(("def ", "class ", "async ", "@", "#"))
        text = "\n\n".join(head) + ("\n\n" if bare else "\n\n\n") + "\n\n\n".join(self.parts) + "\n"
        return "\n".join(line.rstrip() for line in text.split("\n"))


def module(cells: Iterable[CodeCell], tested: Iterable[str]) -> Module:
    """`tested`: names that a test cell calls; a helper that stands in a region of its own and is none stays hidden."""
    found, called = Module(), set(tested)
    for cell in cells:
        text = without_magics(cell.text, cell.number, found.left)
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            found.left.append(f"cell {cell.number}: is no Python (line {error.lineno}: {error.msg})")
            continue
        for node in tree.body:
            _take(node, text, cell, found, called)
    if found.helper:
        found.parts.append(found.helper.rstrip("\n"))
    code = "\n".join(found.parts)
    found.left += [f"{line}: no answer uses it" for line in found.imports if not uses(code, line)]
    return found


def uses(code: str, line: str) -> bool:
    """Does the code name what an import binds?  Comments do not count."""
    names = [alias.asname or alias.name.split(".")[0] for alias in ast.parse(line).body[0].names]  # type: ignore[attr-defined]
    bare = re.sub(r"#.*", "", code)
    return any(re.search(rf"\b{re.escape(name)}\b", bare) for name in names)


def sections(imports: Iterable[str]) -> list[str]:
    """Imports as isort has them: the standard library, then all others."""
    found: dict[bool, list[str]] = {}
    for line in sorted(imports, key=lambda line: (line.startswith("from"), line)):
        found.setdefault(line.split()[1].split(".")[0] not in sys.stdlib_module_names, []).append(line)
    return ["\n".join(found[other]) for other in sorted(found)]


def without_magics(text: str, number: int, left: list[str]) -> str:
    """The text without %magic and !command lines, which are listed."""
    left += [f"cell {number}: {line.strip()}: a magic or a command" for line in _MAGIC.findall(text)]
    return _MAGIC.sub("", text)


def _take(node: ast.stmt, text: str, cell: CodeCell, found: Module, tested: set[str]) -> None:
    lines = text.split("\n")
    if isinstance(node, ast.Import | ast.ImportFrom):
        if (line := ast.unparse(node)) not in found.imports:
            found.imports.append(line)
    elif isinstance(node, Definition):
        hidden = cell.answer and node.name not in tested and _in_region(node, lines)
        if not cell.answer:
            found.parts.append("\n".join(_own_lines(node, lines)))
        elif hidden:
            found.helper += "\n".join((BEGIN, *_own_lines(node, lines), "", "", END, ""))
        else:
            answer = "\n".join(_answer(node, lines))
            found.parts.append(found.helper + answer)
            found.helper = ""
            if BEGIN in answer:
                found.symbols[node.name] = isinstance(node, ast.ClassDef)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and is_literal(node.value):
        found.parts.append(ast.get_source_segment(text, node) or ast.unparse(node))
    elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        shown = " ".join((ast.get_source_segment(text, node) or "").split())[:80]
        why = "an answer outside of a function: write one that returns it" if cell.answer else "runs at the top"
        found.left.append(f"cell {cell.number}: {shown}: {why}")


def _own_lines(node: Definition, lines: list[str]) -> list[str]:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return lines[first - 1 : node.end_lineno]


def _in_region(node: Definition, lines: list[str]) -> bool:
    """Does the whole of it stand between two markers?"""
    before = [mark for line in lines[: node.lineno - 1] for mark in _MARK.findall(line)]
    return bool(before) and before[-1] == "BEGIN"


def _answer(node: Definition, lines: list[str]) -> Iterator[str]:
    """Its lines with our markers: where nbgrader's stand in it, else around the whole of each body."""
    own = _own_lines(node, lines)
    last = node.end_lineno or node.lineno
    if any(_MARK.search(line) for line in own):
        for line in own:
            mark = _MARK.search(line)
            yield line if mark is None else f"{_indent(line)}{BEGIN if mark[1] == 'BEGIN' else END}"
        if _open(own):  # its END follows the last statement, where the syntax tree sees no more of it
            yield f"{next(_indent(line) for line in reversed(own) if _MARK.search(line))}{END}"
        return
    begins = dict(_bodies(node))
    ends = {end: first for first, end in begins.items()}
    for number, line in enumerate(own, start=last - len(own) + 1):
        if number in begins:
            yield f"{_indent(line)}{BEGIN}"
        yield line
        if number in ends:
            yield f"{_indent(lines[ends[number] - 1])}{END}"


def _bodies(node: Definition) -> Iterator[tuple[int, int]]:
    """First and last line of what is to be written: the body behind the docstring; of a class, of each method."""
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, Definition):
                yield from _bodies(inner)
        return
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if body and body[0].lineno > node.lineno:
        yield body[0].lineno, body[-1].end_lineno or body[-1].lineno


def _open(own: list[str]) -> bool:
    marks = [mark for line in own for mark in _MARK.findall(line)]
    return bool(marks) and marks[-1] == "BEGIN"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
