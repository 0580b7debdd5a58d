"""Where a tree can be changed: every node of an answer with the way down to it, and every list of statements.

A change is made in the tree itself, written out and undone: copying a tree for each of a thousand slips took longer
than to replay them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

SKIPPED = {"annotation", "returns", "decorator_list", "type_params", "type_comment", "ctx"}


@dataclass(frozen=True)
class Place:
    """One expression or statement; `above` is the way down to it, its parent last."""

    node: ast.AST
    field: str
    index: int | None
    above: tuple[ast.AST, ...]

    @property
    def parent(self) -> ast.AST:
        return self.above[-1]

    def inside(self, *kinds: type[ast.AST]) -> bool:
        return any(isinstance(node, kinds) for node in self.above)


@dataclass(frozen=True)
class Block:
    """One list of statements."""

    body: list[ast.stmt]
    field: str
    above: tuple[ast.AST, ...]

    @property
    def parent(self) -> ast.AST:
        return self.above[-1]


@dataclass(frozen=True)
class Change:
    """What comes into a field of a node, or into one place of it."""

    parent: ast.AST
    field: str
    index: int | None
    new: object

    @property
    def old(self) -> ast.AST:
        held = getattr(self.parent, self.field)
        found: ast.AST = held if self.index is None else held[self.index]
        return found


def places(top: ast.AST, above: tuple[ast.AST, ...] = ()) -> Iterator[Place]:
    """Every expression and statement below `top`, but for texts, annotations and what a `raise` says."""
    above = (*above, top)
    for field, value in ast.iter_fields(top):
        if field in SKIPPED:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or is_text(child):
                continue
            if isinstance(child, (ast.expr, ast.stmt)):
                yield Place(child, field, index, above)
            if not isinstance(child, (ast.Raise, ast.JoinedStr)):
                yield from places(child, above)


def blocks(top: ast.AST, above: tuple[ast.AST, ...] = ()) -> Iterator[Block]:
    above = (*above, top)
    for field in ("body", "orelse", "finalbody"):
        body = getattr(top, field, None)
        if isinstance(body, list):
            yield Block(body, field, above)
            for child in body:
                yield from blocks(child, above)


def is_text(node: object) -> bool:
    """A docstring: a statement that is nothing but a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@contextmanager
def changed(changes: Sequence[Change]) -> Iterator[None]:
    """The tree with these changes; as it was afterwards."""
    before: list[Change] = []
    for change in changes:
        before.append(Change(change.parent, change.field, change.index, _put(change)))
    try:
        yield
    finally:
        for change in reversed(before):
            _put(change)


def _put(change: Change) -> object:
    if change.index is None:
        old = getattr(change.parent, change.field)
        setattr(change.parent, change.field, change.new)
        return old
    held = getattr(change.parent, change.field)
    old, held[change.index] = held[change.index], change.new
    return old
