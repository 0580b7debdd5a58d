"""A solution → its mutants: the same module with one small thing wrong, for `audit` to see whether a suite notices.

    mutants(solution, unit) → [Mutant(items, line, before, after, source)]

Only what a student would write is changed: code between `### BEGIN SOLUTION` and `### END SOLUTION`.  A helper outside
of every item is judged by the items that use it.  Pure; a mutant that says the same as the solution is left out.  The
operators are those of mutation testing (statements, operators, constants, arguments, conditions) and the slips of
deep learning: another reduction, dim, dtype, a lost detach, clone, keepdim or no_grad, in place or not, eval for train.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

from autograder.authoring.build import BEGIN, END
from autograder.course import Unit
from autograder.slips.operators import edits

Path = tuple[tuple[str, int | None], ...]  # the way from a top-level statement down to a node: field and place in it
SKIPPED = {"annotation", "returns", "decorator_list", "type_params", "type_comment"}
COMPOUND = ast.If | ast.For | ast.While | ast.With | ast.Try | ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Mutant:
    items: tuple[str, ...]  # the items whose suites must notice
    line: int
    before: str  # the statement, and what became of it
    after: str
    source: bytes


def mutants(solution: bytes, unit: Unit) -> Iterator[Mutant]:
    """Every mutant of every answer, in the order of the lines."""
    text = solution.decode()
    lines, tree = text.splitlines(keepends=True), ast.parse(text)
    written, users = _regions(lines), _users(tree, unit)
    for node in tree.body:
        items = users.get(node, ())
        if not items:
            continue
        seen = {ast.unparse(node)}
        for path, child in _nodes(node):
            if child.lineno not in written:
                continue
            for replacement in edits(child, [ancestor for _, ancestor in _chain(node, path)]):
                changed = _replaced(node, path, replacement)
                code = ast.unparse(changed)
                if code in seen:
                    continue
                seen.add(code)
                before, after = _statement(node, path), _statement(changed, path)
                body = "".join(lines[: node.lineno - 1]) + code + "\n" + "".join(lines[node.end_lineno :])
                yield Mutant(items, child.lineno, before, after, body.encode())


def _regions(lines: list[str]) -> set[int]:
    """The numbers of the lines between the markers."""
    inside, found = False, set()
    for number, line in enumerate(lines, start=1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            found.add(number)
    return found


def _users(tree: ast.Module, unit: Unit) -> Mapping[ast.stmt, tuple[str, ...]]:
    """Each top-level statement → the items that it belongs to, or that use what it defines."""
    names = {node: {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} for node in tree.body}
    users: dict[ast.stmt, tuple[str, ...]] = {}
    symbols = {item.symbol: item.id for item in unit.items}
    for node in tree.body:
        defined = {node.name} if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else set()
        if isinstance(node, ast.Assign):
            defined = {target.id for target in node.targets if isinstance(target, ast.Name)}
        own = next((symbols[name] for name in defined if name in symbols), None)
        users[node] = (own,) if own else tuple(_reached(defined, names, symbols))
    return users


def _reached(wanted: set[str], names: Mapping[ast.stmt, set[str]], symbols: Mapping[str, str]) -> Iterator[str]:
    """The items whose code names one of these, itself or through another helper."""
    wanted, grown = set(wanted), bool(wanted)
    while grown:
        grown = False
        for node, used in names.items():
            name = getattr(node, "name", None)
            if name and name not in wanted and used & wanted:
                wanted.add(name)
                grown = True
    return (item for symbol, item in symbols.items() if symbol in wanted)


def _nodes(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.expr | ast.stmt]]:
    """Everything below `node` that an edit may stand at."""
    for field, value in ast.iter_fields(node):
        if field in SKIPPED:
            continue
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for place, child in children:
            if isinstance(child, (ast.expr, ast.stmt)) and not _is_text(child):
                yield (*path, (field, place)), child
            if isinstance(child, ast.AST) and not isinstance(child, (ast.Raise, ast.JoinedStr)) and not _is_text(child):
                yield from _nodes(child, (*path, (field, place)))


def _is_text(node: object) -> bool:
    """A docstring: a statement that is nothing but a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _chain(top: ast.AST, path: Path) -> Iterator[tuple[int, ast.AST]]:
    """`top` and everything on the way down, the node at the end excluded."""
    node = top
    for depth, (field, place) in enumerate(path):
        yield depth, node
        value = getattr(node, field)
        node = value if place is None else value[place]


def _replaced(top: ast.stmt, path: Path, replacement: ast.AST) -> ast.stmt:
    """A copy of `top` with another node at the end of the path."""
    copy = deepcopy(top)
    *_, (_, parent) = _chain(copy, path)
    field, place = path[-1]
    if place is None:
        setattr(parent, field, replacement)
    else:
        getattr(parent, field)[place] = replacement
    return ast.fix_missing_locations(copy)


def _statement(top: ast.stmt, path: Path) -> str:
    """The innermost statement on the path, on one line; of a compound one its first line."""
    node: ast.AST = top
    innermost: ast.AST = top
    for field, place in path:
        value = getattr(node, field)
        node = value if place is None else value[place]
        innermost = node if isinstance(node, ast.stmt) else innermost
    text = ast.unparse(innermost)
    return text.splitlines()[0] if isinstance(innermost, COMPOUND) else " ".join(text.split())
