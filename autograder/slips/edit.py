"""What the operators share: an edit, and the small ways to write one down."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

from autograder.slips.places import Block, Change, Place

N = TypeVar("N", bound=ast.AST)
MODULES = {"torch", "F", "nn", "np", "math", "optim", "random", "functional", "init"}


@dataclass(frozen=True)
class Edit:
    """One slip: `code` of STORIES, what changes, and the words of the course that its sentence may name."""

    code: str
    changes: tuple[Change, ...]
    name: str = ""


def swap(code: str, place: Place, new: ast.AST, name: str = "") -> Edit:
    """Another node at this place."""
    return Edit(code, (Change(place.parent, place.field, place.index, new),), name)


def body(code: str, block: Block, new: Iterable[ast.stmt], name: str = "") -> Edit:
    """Other statements in this block; an empty one passes."""
    return Edit(code, (Change(block.parent, block.field, None, list(new) or [ast.Pass()]),), name)


def but(node: N, **fields: object) -> N:
    """A copy with other fields, which shares the rest: trees are only written out here."""
    other = copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def without(things: list[N], index: int) -> list[N]:
    return things[:index] + things[index + 1 :]


def text(node: ast.AST | None) -> str:
    return ast.unparse(node) if node is not None else ""


def called(node: ast.AST) -> str:
    """The last name of what is called; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def is_module(node: ast.AST) -> bool:
    return text(node).split(".")[0] in MODULES and not isinstance(node, ast.Call)


def is_method(node: ast.Call) -> bool:
    """`x.sum()`, not `torch.sum(x)`."""
    return isinstance(node.func, ast.Attribute) and not is_module(node.func.value)


def operand(node: ast.Call) -> ast.expr | None:
    """The tensor that a call is about: `x` of x.sum(1) and of torch.sum(x, 1)."""
    if is_method(node):
        assert isinstance(node.func, ast.Attribute)
        return node.func.value
    return node.args[0] if node.args else None


def names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def call(name: str, *args: ast.expr) -> ast.Call:
    """`call("torch.zeros", n)`."""
    return ast.Call(ast.parse(name, mode="eval").body, list(args), [])


def method(of: ast.expr, name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(of, name, ast.Load()), list(args), [])


def assign(targets: list[ast.expr], value: ast.expr) -> ast.Assign:
    return ast.Assign(targets, value, lineno=0)


def under(context: ast.expr, body: list[ast.stmt]) -> ast.With:
    return ast.With([ast.withitem(context)], list(body), lineno=0)
