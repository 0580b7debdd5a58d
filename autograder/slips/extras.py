"""Slips that add something, or put two things the other way round: a function, a factor, a shape, a weight of 1."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from autograder.slips.edit import (
    Edit,
    assign,
    body,
    but,
    call,
    called,
    is_method,
    is_module,
    method,
    operand,
    swap,
    text,
)
from autograder.slips.places import Block, Change, Place, places

Rebuild = Callable[[ast.expr], ast.expr]
AT_THE_END = ("sqrt", "square", "abs", "exp", "log", "round")
COUNTED = ("len", "size", "numel")


def slips(place: Place) -> Iterator[Edit]:
    node = place.node
    if isinstance(node, ast.expr):
        yield from _functions_exchanged(node, place)
        yield from _reduced_too_early(node, place)
        yield from _two_dropped(node, place)
        yield from _through_a_function(node, place)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Add, ast.Mult)):
        yield from _stretched(node, place)
    if isinstance(node, ast.Return) and isinstance(
        node.value, (ast.Name, ast.Call, ast.BinOp, ast.UnaryOp, ast.Subscript)
    ):
        yield from _returned(node.value, place)
    if isinstance(node, ast.Return) and node.value is not None:
        yield from _opposite(node.value, place)
    if isinstance(node, ast.Constant):
        yield from _constant(node, place)
    if isinstance(node, ast.Call) and called(node) == "train" and node.args:
        yield swap("mode_not_restored", place, but(node, args=[]))
        yield swap("mode_not_restored", place, but(node, args=[ast.Constant(False)]))
    if isinstance(node, ast.Call) and called(node) == "randperm" and node.args:
        n = node.args[0]
        drawn = call("torch.randint", n, ast.Tuple([n], ast.Load()))
        yield swap("with_replacement", place, but(drawn, keywords=node.keywords))
    if isinstance(node, ast.With) and "no_grad" in text(node.items[0]):
        off = ast.Expr(call("torch.set_grad_enabled", ast.Constant(False)))
        yield swap("grad_left_off", place, ast.If(ast.Constant(True), [off, *node.body], []))
    if isinstance(node, (ast.For, ast.While)):
        yield from _weights(node)


def _apart(node: ast.expr) -> tuple[ast.expr, Rebuild] | None:
    """A function of one thing: the thing, and the function put over another."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return node.left, lambda x: but(node, left=x)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand, lambda x: but(node, operand=x)
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, (ast.Mult, ast.Div))
        and isinstance(node.right, (ast.Name, ast.Constant))
    ):
        return node.left, lambda x: but(node, left=x)
    if not isinstance(node, ast.Call) or isinstance(node.func, ast.Call) or called(node)[:1].isupper():
        return None
    inner = operand(node)
    if inner is None or isinstance(inner, (ast.Starred, ast.GeneratorExp, ast.Constant, ast.List)):
        return None
    if is_method(node):
        assert isinstance(node.func, ast.Attribute)
        function = node.func
        return inner, lambda x: but(node, func=but(function, value=x))
    if len(node.args) == 1 and (is_module(node.func) or isinstance(node.func, ast.Name)):
        return inner, lambda x: but(node, args=[x])
    return None


def _functions_exchanged(node: ast.expr, place: Place) -> Iterator[Edit]:
    """f(g(x)) → g(f(x)): the square of the mean for the mean of the squares."""
    outer = _apart(node)
    inner = _apart(outer[0]) if outer else None
    if outer and inner:
        yield swap("functions_exchanged", place, inner[1](outer[1](inner[0])))


def _reduced_too_early(node: ast.expr, place: Place) -> Iterator[Edit]:
    """mean(a · b) → mean(a) · mean(b)"""
    apart = _apart(node)
    if apart and called(node) in ("sum", "mean", "log", "exp", "sqrt") and isinstance(apart[0], ast.BinOp):
        both = apart[0]
        yield swap("function_of_the_parts", place, but(both, left=apart[1](both.left), right=apart[1](both.right)))


def _two_dropped(node: ast.expr, place: Place) -> Iterator[Edit]:
    """x.detach().clone() → x"""
    copies = ("detach", "clone", "copy", "contiguous")
    if called(node) in copies and isinstance(node, ast.Call) and is_method(node):
        inner = operand(node)
        if isinstance(inner, ast.Call) and called(inner) in copies and is_method(inner):
            last = operand(inner)
            assert last is not None
            yield swap("clone_missing", place, last)
    if called(node) in ("tensor", "empty_like") and isinstance(node, ast.Call) and node.args:
        given = node.args[0]
        if called(given) == "tolist" and isinstance(given, ast.Call) and operand(given) is not None:
            tracked = any(word.arg == "requires_grad" for word in node.keywords)
            x = operand(given)
            assert x is not None
            yield swap("clone_missing", place, method(x, "requires_grad_") if tracked else x)


def _stretched(node: ast.BinOp, place: Place) -> Iterator[Edit]:
    """(n, 1) meets (n,)."""
    for side in ("left", "right"):
        one = getattr(node, side)
        if isinstance(one, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)):
            for new in (method(one, "flatten"), method(one, "unsqueeze", ast.Constant(-1))):
                yield swap("stretched", place, but(node, **{side: new}))
    for side in ("left", "right"):
        one = getattr(node, side)
        if isinstance(one, (ast.Name, ast.Attribute)):
            yield swap("complement", place, but(node, **{side: ast.BinOp(ast.Constant(1), ast.Sub(), one)}))


def _through_a_function(node: ast.expr, place: Place) -> Iterator[Edit]:
    """mean(x) → mean(x²)"""
    inner = operand(node) if isinstance(node, ast.Call) and called(node) in ("sum", "mean") else None
    if inner is None or isinstance(inner, (ast.Starred, ast.GeneratorExp, ast.List)) or is_module(inner):
        return
    assert isinstance(node, ast.Call)
    for code, name in (("power", "square"), ("function_extra", "abs")):
        new = method(inner, name)
        if is_method(node):
            yield swap(code, place, but(node, func=but(node.func, value=new)))
        else:
            yield swap(code, place, but(node, args=[new, *node.args[1:]]))


def _opposite(value: ast.expr, place: Place) -> Iterator[Edit]:
    """A mask that is returned, or a yes: the other way round."""
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    for index, part in enumerate(parts):
        if not isinstance(part, (ast.Name, ast.Compare, ast.Call, ast.Subscript, ast.BoolOp)):
            continue
        for operator in (ast.Invert(), ast.Not()):
            new: ast.expr = ast.UnaryOp(operator, part)
            whole = but(value, elts=[*parts[:index], new, *parts[index + 1 :]]) if isinstance(value, ast.Tuple) else new
            at = Place(value, "value", None, (*place.above, place.node))
            yield swap("opposite", at, whole)


def drawn_twice(block: Block) -> Iterator[Edit]:
    """x[order], y[order] → the second by an order of its own."""
    for node in block.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        if not any(called(inner) in ("randperm", "permutation") for inner in ast.walk(node.value)):
            continue
        name = node.targets[0].id
        used = [
            found
            for other in block.body
            for found in places(other)
            if isinstance(found.node, ast.Name) and found.node.id == name and isinstance(found.node.ctx, ast.Load)
        ]
        for found in used if len(used) > 1 else []:
            yield swap("drawn_twice", found, node.value)


def _returned(value: ast.expr, place: Place) -> Iterator[Edit]:
    at = Place(value, "value", None, (*place.above, place.node))
    for name in AT_THE_END:
        yield swap("function_extra", at, method(value, name))
    yield swap("factor_extra", at, ast.BinOp(ast.Constant(2), ast.Mult(), value))
    yield swap("factor_extra", at, ast.BinOp(value, ast.Div(), ast.Constant(2)))
    yield swap("transpose_extra", at, ast.Attribute(value, "T", ast.Load()))
    yield swap("backwards", at, method(value, "flip", ast.Constant(0)))
    yield swap("dimension", at, method(value, "unsqueeze", ast.Constant(0)))
    yield swap("dimension", at, method(value, "unsqueeze", ast.Constant(-1)))
    yield swap("dimension", at, method(value, "flatten"))
    for dtype in ("float", "double", "long", "int", "bool"):
        yield swap("dtype", at, method(value, dtype))
    yield swap("number_for_tensor", at, method(value, "tolist"))
    yield swap("number_for_tensor", at, method(value, "numpy"))
    yield swap("wrapped", at, ast.Tuple([value], ast.Load()))
    yield swap("wrapped", at, ast.List([value], ast.Load()))
    yield swap("tensor_for_number", at, call("torch.tensor", value))
    function = next((above for above in reversed(place.above) if isinstance(above, ast.FunctionDef)), None)
    for arg in function.args.args[:3] if function else []:
        n = call("len", ast.Name(arg.arg, ast.Load()))
        yield swap("divisor_extra", at, ast.BinOp(value, ast.Div(), n))
        yield swap("divisor_extra", at, ast.BinOp(value, ast.Mult(), n))


def _constant(node: ast.Constant, place: Place) -> Iterator[Edit]:
    value = node.value
    if not isinstance(place.parent, ast.BinOp) or isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if abs(value) > 2:
        yield swap("constant", place, ast.Constant(value + 1))
        yield swap("constant", place, ast.Constant(value - 1))
    if value in (0.5, 2):
        yield swap("constant", place, ast.Constant(1 / value))


def _weights(loop: ast.For | ast.While) -> Iterator[Edit]:
    """Each batch counts the same, however many examples it has."""
    found = [
        p for p in places(loop) if called(p.node) in COUNTED and any(isinstance(a, ast.AugAssign) for a in p.above)
    ]
    if found:
        yield Edit("weights_of_one", tuple(Change(p.parent, p.field, p.index, ast.Constant(1)) for p in found))


def recomputed(block: Block) -> Iterator[Edit]:
    """What is recorded or returned is computed again, after the update."""
    nodes = block.body
    for last, node in enumerate(nodes):
        if not (".step(" in text(node) or isinstance(node, (ast.With, ast.AugAssign))) or isinstance(
            node, (ast.For, ast.While, ast.FunctionDef)
        ):
            continue
        again = [
            one for one in nodes[:last]
            if isinstance(one, ast.Assign) and isinstance(one.value, (ast.Call, ast.BinOp)) and "grad" not in text(one)
        ]  # fmt: skip
        recorded = [one for one in nodes[:last] if called(getattr(one, "value", one)) == "append"]
        if again:
            before = [one for one in nodes[: last + 1] if one not in recorded]
            yield body("recorded_after_the_update", block, [*before, *again, *recorded, *nodes[last + 1 :]])
            for k in range(last + 1, len(nodes)):
                yield body(
                    "recorded_after_the_update",
                    block,
                    [*before, *nodes[last + 1 : k + 1], *again, *recorded, *nodes[k + 1 :]],
                )


def first_round_only(block: Block) -> Iterator[Edit]:
    """A statement of a loop that runs in its first round only."""
    for i, loop in enumerate(block.body):
        if not isinstance(loop, (ast.For, ast.While)):
            continue
        for k, node in enumerate(loop.body):
            if isinstance(node, (ast.Expr, ast.Assign, ast.If, ast.AugAssign)) and "append" not in text(node):
                done = ast.Name("_done", ast.Load())
                once = ast.If(ast.UnaryOp(ast.Not(), done), [node, _set(True)], [])
                inner = but(loop, body=[*loop.body[:k], once, *loop.body[k + 1 :]])
                code = "zeroed_once" if "zero" in text(node) or ".grad = None" in text(node) else "once_before"
                yield body(code, block, [*block.body[:i], _set(False), inner, *block.body[i + 1 :]])


def _set(value: bool) -> ast.Assign:
    return assign([ast.Name("_done", ast.Store())], ast.Constant(value))


def left_in_eval(block: Block) -> Iterator[Edit]:
    """What is returned was put into eval mode, or into training mode."""
    last = block.body[-1] if block.body else None
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Name):
        for mode in ("eval", "train"):
            changed = ast.Expr(method(last.value, mode))
            yield body("mode_not_set", block, [*block.body[:-1], changed, last])
