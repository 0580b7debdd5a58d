"""Slips of names: another value of the answer's own, an argument that is not used, a state that is everybody's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from autograder.slips.edit import Edit, assign, but, names_in, swap, text
from autograder.slips.places import Change, places

DATA = ("train", "val", "test")
LIBS = {"math", "torch", "float", "list", "dict", "set", "nn", "np"}


def of_function(function: ast.FunctionDef) -> Iterator[Edit]:
    """One of its values for another."""
    found = list(places(function))
    args = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs) if arg.arg != "self"]
    stored = [p.node.id for p in found if isinstance(p.node, ast.Name) and isinstance(p.node.ctx, ast.Store)]
    known = list(dict.fromkeys([*args, *stored]))
    for place in found:
        node = place.node
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id not in known:
            continue
        for other in known:
            if other != node.id:
                data = _part(node.id) and _part(other) and _part(node.id) != _part(other)
                yield swap("other_data" if data else "other_value", place, ast.Name(other, ast.Load()))


def _part(name: str) -> str:
    """Which part of the data a name says it holds."""
    return next((part for part in DATA if part in name.lower()), "")


def unused(function: ast.FunctionDef) -> Iterator[Edit]:
    """An argument with a default, which is used whatever was given."""
    args, found = function.args, list(places(function))
    with_default = list(zip(reversed(args.args), reversed(args.defaults), strict=False))
    with_default += [(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None]
    for arg, default in with_default:
        changes = tuple(
            Change(place.parent, place.field, place.index, default)
            for place in found
            if isinstance(place.node, ast.Name) and place.node.id == arg.arg and isinstance(place.node.ctx, ast.Load)
        )
        if changes:
            yield Edit("argument_unused", changes, arg.arg)


def of_class(top: ast.ClassDef) -> Iterator[Edit]:
    """What belongs to one object belongs to the class."""
    init = next((node for node in top.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"), None)
    if init is None:
        return
    for index, node in enumerate(init.body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute) and not names_in(node.value):
            shared = assign([ast.Name(node.targets[0].attr, ast.Store())], node.value)
            kept = init.body[:index] + init.body[index + 1 :]
            yield Edit(
                "shared_by_all",
                (Change(init, "body", None, kept or [ast.Pass()]), Change(top, "body", None, [shared, *top.body])),
            )
    states = [
        node
        for node in init.body
        if isinstance(node, ast.Assign)
        and text(node.targets[0]).startswith("self.")
        and not names_in(node.value) - LIBS
    ]
    if states:
        yield Edit("shared_by_all", (Change(top, "body", None, _of_all(top, init, states)),))


def _of_all(top: ast.ClassDef, init: ast.FunctionDef, states: Sequence[ast.Assign]) -> list[ast.stmt]:
    """Its body with these attributes of the class: numbers are shared only where they are counted up there, too."""
    names = [text(node.targets[0]).removeprefix("self.") for node in states]
    kept: list[ast.stmt] = [but(init, body=[node for node in init.body if node not in states] or [ast.Pass()])]
    rest = [node for node in top.body if node is not init]
    source = ast.unparse(ast.Module([*kept, *rest], []))
    for name in names:
        source = re.sub(rf"\bself\.{name}\b", f"{top.name}.{name}", source)
    shared = [assign([ast.Name(name, ast.Store())], node.value) for name, node in zip(names, states, strict=True)]
    return [*shared, *ast.parse(source).body]
