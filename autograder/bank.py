"""The mistake bank as data: autograder/mistakes/<unit>.py is read as source, never imported.

    load(course, unit) → Bank;  bank.source(entry) → the reference module with one answer exchanged

Used by `grading.explain` (replay, in the grader) and `authoring.verify` (as submissions, through the sandbox).
Fails with `BankError`, which names file, line and cure.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.course import Course, Unit, did_you_mean
from autograder.models import KINDS, Text

Definition = ast.FunctionDef | ast.ClassDef
KEYWORDS = frozenset({"kind", "en", "vi", "hint_en", "hint_vi"})


class BankError(Exception):
    """A mistake file that cannot be used: file:line, and what to change."""


@dataclass(frozen=True)
class Entry:
    """One answer written another way than the reference; a mistake when it has a cause, else an alternative."""

    item: str
    name: str
    node: Definition
    kind: str = ""
    cause: Text | None = None
    hint: Text | None = None


@dataclass(frozen=True)
class Bank:
    unit: Unit
    reference: bytes
    mistakes: tuple[Entry, ...]
    alternatives: tuple[Entry, ...]
    shared: tuple[ast.stmt, ...]  # imports and helpers of the bank file

    def mistakes_of(self, item: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.mistakes if entry.item == item)

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.reference)

    @cached_property
    def _lines(self) -> list[str]:
        """As Python counts them: str.splitlines knows other ends of lines."""
        return self.reference.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def _shared(self) -> str:
        return ast.unparse(ast.Module([*self.shared], []))

    def source(self, entry: Entry) -> bytes:
        """The reference module in which the item's answer is this entry's.

        Only the answer is written out anew: for a whole module it took 17 ms, and each slot asks for each mistake.
        """
        symbol = self.unit.item(entry.item).symbol
        answer = ast.unparse(_renamed(entry.node, symbol))
        body = self._tree.body
        opening = next((node for node in body if not (isinstance(node, ast.Expr) or _is_future(node))), None)
        lines = [*self._lines]
        for node in reversed(body):
            if isinstance(node, Definition) and node.name == symbol:
                lines[_first_line(node) - 1 : node.end_lineno] = [answer]
            if node is opening:  # behind the docstring and `from __future__`
                lines.insert(_first_line(node) - 1, self._shared)
        return "\n".join(lines).encode()


def solution_path(course: Course, unit: Unit) -> Path:
    return course.root / "solutions" / unit.id / unit.filename


def bank_path(course: Course, unit: Unit) -> Path:
    return course.root / "autograder" / "mistakes" / f"{unit.id}.py"


def suite_path(course: Course, unit: Unit) -> Path:
    """The folder of the unit's hidden tests."""
    return course.root / "autograder" / "suites" / unit.id


def load(course: Course, unit: Unit) -> Bank:
    """The unit's reference and its bank; a unit without a bank file has an empty one."""
    solution, path = solution_path(course, unit), bank_path(course, unit)
    if not solution.is_file():
        raise BankError(f"{solution}: no such file; write the reference solution of {unit.id} there")
    reference = solution.read_bytes()
    _parsed(solution, reference)
    if not path.exists():
        return Bank(unit, reference, (), (), ())
    mistakes: list[Entry] = []
    alternatives: list[Entry] = []
    shared: list[ast.stmt] = []
    for node in _parsed(path, path.read_bytes()).body:
        if isinstance(node, Definition) and node.decorator_list:
            entry = _entry(node, unit, path)
            (mistakes if entry.cause else alternatives).append(entry)
        elif isinstance(node, (ast.Import, ast.ImportFrom, *_HELPERS)) and not _is_ours(node):
            shared.append(node)
    return Bank(unit, reference, tuple(mistakes), tuple(alternatives), tuple(shared))


def _parsed(path: Path, source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL byte
        line, why = getattr(error, "lineno", None) or 1, getattr(error, "msg", None) or error
        raise BankError(f"{path.name}:{line}: is not Python ({why}); mend it first") from None


_HELPERS = (ast.FunctionDef, ast.ClassDef, ast.Assign)


def _entry(node: Definition, unit: Unit, path: Path) -> Entry:
    where = f"{path.name}:{node.lineno}"
    call = node.decorator_list[0]
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or len(call.args) != 1:
        raise BankError(f"{where}: write @mistake('item', kind=…, en=…, vi=…) or @alternative('item')")
    try:
        item = ast.literal_eval(call.args[0])
        words = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except ValueError:
        raise BankError(f"{where}: the decorator's arguments must be plain texts") from None
    known = [known.id for known in unit.items]
    if item not in known:
        raise BankError(f"{where}: {unit.id} has no item {item!r}{did_you_mean(str(item), known)}")
    if call.func.id == "alternative":
        return Entry(item, node.name, node)
    for odd in words.keys() - KEYWORDS:
        raise BankError(f"{where}: {node.name} has an unknown keyword {odd!r}{did_you_mean(odd, KEYWORDS)}")
    missing = {"kind", "en", "vi"} - words.keys()
    if call.func.id != "mistake" or missing:
        raise BankError(f"{where}: {node.name} lacks {', '.join(sorted(missing)) or '@mistake or @alternative'}")
    kind = words["kind"]
    if kind not in KINDS:
        near = did_you_mean(str(kind), KINDS) or f"; the kinds are {', '.join(KINDS)}"
        raise BankError(f"{where}: {node.name} has an unknown kind {kind!r}{near}")
    hint = Text(words["hint_en"], words.get("hint_vi", words["hint_en"])) if words.get("hint_en") else None
    return Entry(item, node.name, node, kind, Text(words["en"], words["vi"]), hint)


def _renamed(node: Definition, symbol: str) -> Definition:
    copy: Definition = ast.parse(ast.unparse(node)).body[0]  # type: ignore[assignment]
    copy.decorator_list = copy.decorator_list[1:]
    for inner in ast.walk(copy):
        if isinstance(inner, ast.Name) and inner.id == node.name:
            inner.id = symbol
    copy.name = symbol
    return copy


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and ((node.module or "").startswith("autograder") or _is_future(node))
