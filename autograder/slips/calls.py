"""Slips in a call: another function, one that is left out, another dimension, an argument left at its default."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.slips.edit import Edit, but, call, called, is_method, is_module, method, operand, swap, text, without
from autograder.slips.places import Place
from autograder.slips.tables import (
    ADDED,
    ALONG,
    ARGUMENTS,
    ATTRIBUTES,
    DIMMED,
    DROPPED,
    IN_PLACE,
    INSTEAD,
    LOGITS,
    PLACED,
    STABLE,
    TOLD,
    VALUES,
)  # fmt: skip


def slips(place: Place) -> Iterator[Edit]:
    node = place.node
    if isinstance(node, ast.Attribute):
        yield from _attribute(node, place)
    if not isinstance(node, ast.Call):
        return
    yield from _renamed(node, place)
    yield from _dropped(node, place)
    yield from _dimension(node, place)
    yield from _keywords(node, place)
    yield from _positions(node, place)
    yield from _in_place(node, place)
    yield from _unstable(node, place)
    yield from _small_number(node, place)
    yield from _counts(node, place)
    yield from _layers(node, place)
    if called(node) == "Compose" and node.args and isinstance(node.args[0], ast.List):
        for index in range(len(node.args[0].elts)):
            fewer = but(node.args[0], elts=without(node.args[0].elts, index))
            yield swap("preparation", place, but(node, args=[fewer, *node.args[1:]]))


def _attribute(node: ast.Attribute, place: Place) -> Iterator[Edit]:
    if node.attr in ("T", "mT", "H"):
        yield swap("transpose_missing", place, node.value)
        yield swap("reshaped", place, method(node.value, "reshape", ast.Attribute(node, "shape", ast.Load())))
    for name in ATTRIBUTES.get(node.attr, ()):
        if isinstance(node.ctx, ast.Load) and not _is_called(place):
            yield swap("other_attribute", place, but(node, attr=name))
    if text(node) == "self.training":
        yield swap("training_ignored", place, ast.Constant(True))
        yield swap("training_ignored", place, ast.Constant(False))
        yield swap("mode_exchanged", place, ast.UnaryOp(ast.Not(), node))
    if is_module(node.value) and node.attr in INSTEAD and not _is_called(place):
        for name, code in INSTEAD[node.attr]:
            yield swap(code, place, but(node, attr=name))


def _is_called(place: Place) -> bool:
    return isinstance(place.parent, ast.Call) and place.field == "func"


def _renamed(node: ast.Call, place: Place) -> Iterator[Edit]:
    for name, code in INSTEAD.get(called(node), ()):
        if isinstance(node.func, ast.Attribute):
            yield swap(code, place, but(node, func=but(node.func, attr=name)))
        elif isinstance(node.func, ast.Name) and name in ("max", "min", "any", "all", "sum"):
            yield swap(code, place, but(node, func=ast.Name(name, ast.Load())))


def _dropped(node: ast.Call, place: Place) -> Iterator[Edit]:
    code, inner = DROPPED.get(called(node)), operand(node)
    if code is None or inner is None or isinstance(inner, (ast.GeneratorExp, ast.Starred)):
        return
    if code == "to_missing":
        code = "device_missing" if "device" in text(node) else "cast_missing"
    if code == "clamp_missing" and not is_method(node) and isinstance(inner, ast.Constant):
        return
    if called(node) in ("max", "min") and isinstance(node.func, ast.Name) and len(node.args) > 1:
        for one in node.args:  # of two numbers: a limit
            yield swap("clamp_missing", place, one)
        return
    yield swap(code, place, inner)
    if called(node) in ("maximum", "minimum", "where", "torch.where") and len(node.args) > 1:
        for other in node.args[1:]:
            yield swap(code, place, other)
    if called(node) in ("transpose", "permute", "t") and is_method(node):
        yield swap("reshaped", place, method(inner, "reshape", ast.Attribute(node, "shape", ast.Load())))


def _dimension(node: ast.Call, place: Place) -> Iterator[Edit]:
    """Along another dimension, along all, or along one where all are meant."""
    name = called(node)
    if name not in DIMMED | PLACED:
        return
    code = "count" if name == "size" else "along" if name in ALONG else "dim" if name in DIMMED else "dim_placed"
    first = 0 if is_method(node) else 1
    for keyword in range(len(node.keywords)):
        if node.keywords[keyword].arg in ("dim", "axis", "dims"):
            for value in _other_dims(node.keywords[keyword].value):
                new = but(node.keywords[keyword], value=value)
                kept = without(node.keywords, keyword)
                yield swap(code, place, but(node, keywords=[*kept, new]))
            if name in DIMMED:
                kept = [word for word in without(node.keywords, keyword) if not str(word.arg).startswith("keepdim")]
                yield swap("dim_all", place, but(node, keywords=kept))
            return
    if len(node.args) > first and (is_method(node) or node.args):
        given = node.args[first]
        if isinstance(given, (ast.Constant, ast.UnaryOp, ast.Tuple)) and not _is_float(given):
            for value in _other_dims(given):
                yield swap(code, place, but(node, args=[*node.args[:first], value, *node.args[first + 1 :]]))
            if name in DIMMED:
                kept = [word for word in node.keywords if not str(word.arg).startswith("keepdim")]
                yield swap("dim_all", place, but(node, args=without(node.args, first), keywords=kept))
        return
    if name in ("sum", "mean", "std", "var", "max", "min", "norm") and isinstance(node.func, ast.Attribute):
        for dim in (0, -1):
            yield swap("dim_one", place, but(node, keywords=[*node.keywords, ast.keyword("dim", ast.Constant(dim))]))
    elif name in ("stack", "cat", "argmax", "argmin", "argsort", "sort", "softmax"):
        for dim in (0, -1, 1):
            yield swap(code, place, but(node, keywords=[*node.keywords, ast.keyword("dim", ast.Constant(dim))]))


def _other_dims(given: ast.expr) -> Iterator[ast.expr]:
    if isinstance(given, ast.Tuple):
        yield from given.elts
        for index in range(len(given.elts)):
            if len(given.elts) > 2:
                yield but(given, elts=without(given.elts, index))
        return
    for dim in (0, 1, -1, -2, 2):
        if text(given) != str(dim):
            yield ast.Constant(dim)


def _is_float(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.Constant) and type(inner.value) is not int for inner in ast.walk(node))


def _keywords(node: ast.Call, place: Place) -> Iterator[Edit]:
    for index, keyword in enumerate(node.keywords):
        name = keyword.arg or ""
        code = ARGUMENTS.get(name)
        if code is None:
            continue
        told = name if code in TOLD else ""
        value = keyword.value
        others: list[ast.expr] = []
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            others = [ast.Constant(not value.value)]
        elif isinstance(value, ast.Constant) and name in ("correction", "ddof"):
            others = [ast.Constant(1 - value.value)] if value.value in (0, 1) else []
        elif name in VALUES:
            others = [ast.Constant(one) for one in VALUES[name] if text(value) != repr(one)]
        for other in others:
            changed = [*node.keywords[:index], but(keyword, value=other), *node.keywords[index + 1 :]]
            yield swap("argument_extra" if told else code, place, but(node, keywords=changed), told)
        yield swap(code, place, but(node, keywords=without(node.keywords, index)), told)
    given = {keyword.arg for keyword in node.keywords}
    for names, instead, extras in ADDED:
        if called(node) in names and not given & instead:
            yield from (_with(node, place, code, word, extra) for word, extra, code in extras)


def _with(node: ast.Call, place: Place, code: str, word: str, value: bool | float | str) -> Edit:
    new = ast.keyword(word, ast.Constant(value))
    return swap(code, place, but(node, keywords=[*node.keywords, new]), word if code in TOLD else "")


def _positions(node: ast.Call, place: Place) -> Iterator[Edit]:
    """Two arguments exchanged, or the last one left out."""
    args, name = node.args, called(node)
    if any(isinstance(arg, ast.Starred) for arg in args):
        return
    if len(args) > 1 and name not in ("isinstance", "getattr", "setattr", "hasattr"):
        for i in range(len(args) - 1):
            if text(args[i]) != text(args[i + 1]):
                code = "where_exchanged" if name == "where" and i == 1 else "arguments_exchanged"
                yield swap(code, place, but(node, args=[*args[:i], args[i + 1], args[i], *args[i + 2 :]]))
        if name in ("clamp", "clip"):
            yield swap("one_bound", place, but(node, args=args[:-1]))
        elif name in ("range", "arange", "linspace", "zip", "enumerate"):
            pass
        elif args and not is_module(node.func):
            yield swap("argument_missing_plain", place, but(node, args=args[:-1]))
    if is_method(node) and len(args) == 1 and name in ("sub", "div", "matmul", "dot", "mm", "lerp", "copy_"):
        assert isinstance(node.func, ast.Attribute)
        yield swap("arguments_exchanged", place, but(node, func=but(node.func, value=args[0]), args=[node.func.value]))
    if name in ("range", "arange") and args:
        code = "range"
        stop = 0 if len(args) == 1 else 1
        for change in (ast.Add(), ast.Sub()):
            new = ast.BinOp(args[stop], change, ast.Constant(1))
            yield swap(code, place, but(node, args=[*args[:stop], new, *args[stop + 1 :]]))
        if len(args) == 1:
            yield swap(code, place, but(node, args=[ast.Constant(1), args[0]]))
            after = ast.BinOp(args[0], ast.Add(), ast.Constant(1))
            yield swap(code, place, but(node, args=[ast.Constant(1), after]))
        else:
            for change in (ast.Add(), ast.Sub()):
                yield swap(code, place, but(node, args=[ast.BinOp(args[0], change, ast.Constant(1)), *args[1:]]))
            yield swap(code, place, but(node, args=[ast.Constant(0), *args[1:]]))
            if len(args) == 3:
                yield swap(code, place, but(node, args=args[:2]))
        if name == "range":
            yield swap("backwards", place, call("reversed", node))


def _in_place(node: ast.Call, place: Place) -> Iterator[Edit]:
    if not isinstance(node.func, ast.Attribute) or is_module(node.func.value):
        return
    name = node.func.attr
    if name.endswith("_") and not name.endswith("__"):
        yield swap("not_in_place", place, but(node, func=but(node.func, attr=name[:-1])))
    elif name in IN_PLACE:
        yield swap("in_place", place, but(node, func=but(node.func, attr=f"{name}_")))


def _unstable(node: ast.Call, place: Place) -> Iterator[Edit]:
    name, inner = called(node), operand(node)
    rest = [*(node.args if is_method(node) else node.args[1:]), *(k.value for k in node.keywords if k.arg == "dim")]
    if inner is not None and name in STABLE and not isinstance(inner, ast.Starred):
        yield swap("unstable", place, STABLE[name](inner, rest))
    if inner is not None and name in LOGITS and not is_method(node):
        function, args = LOGITS[name]
        yield swap("probabilities_for_logits", place, but(node, args=[method(inner, function, *args), *node.args[1:]]))


def _small_number(node: ast.Call, place: Place) -> Iterator[Edit]:
    """sqrt(v + eps) → sqrt(v) + eps; a weight w where 1 − w is meant."""
    inner = operand(node)
    if called(node) in ("sqrt", "rsqrt") and isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add):
        outside = ast.BinOp(method(inner.left, "sqrt"), ast.Add(), inner.right)
        inverse = called(node) == "rsqrt"
        yield swap("eps_place", place, ast.BinOp(ast.Constant(1), ast.Div(), outside) if inverse else outside)
    if called(node) in ("lerp", "lerp_") and len(node.args) == 2:
        rest = ast.BinOp(ast.Constant(1), ast.Sub(), node.args[1])
        yield swap("complement", place, but(node, args=[node.args[0], rest]))


def _counts(node: ast.Call, place: Place) -> Iterator[Edit]:
    """How many: of the examples, of the entries, of the features."""
    x = None
    if called(node) == "len" and node.args:
        x = node.args[0]
    elif called(node) == "numel":
        x = operand(node)
    elif called(node) == "size" and isinstance(node.func, ast.Attribute):
        x = node.func.value
    if x is None:
        return
    code = "count"
    yield swap(code, place, method(x, "numel"))
    if called(node) != "len":
        yield swap(code, place, call("len", x))
    for dim in (0, 1, -1):
        yield swap(code, place, method(x, "size", ast.Constant(dim)))
    if isinstance(x, ast.Attribute) and x.attr == "dataset":
        yield swap(code, place, call("len", x.value))
    if called(node) == "len" and isinstance(x, (ast.Name, ast.Attribute)):
        yield swap(code, place, call("len", ast.Attribute(x, "dataset", ast.Load())))


def _layers(node: ast.Call, place: Place) -> Iterator[Edit]:
    """The parts of an nn.Sequential: one left out, or an activation at the end."""
    if called(node) != "Sequential" or not node.args:
        return
    for index, part in enumerate(node.args):
        if not isinstance(part, ast.Starred):
            yield swap("layer_missing", place, but(node, args=without(node.args, index)))
    for extra in ("nn.ReLU()", "nn.Softmax(dim=-1)", "nn.Sigmoid()"):
        yield swap("activation_at_the_end", place, but(node, args=[*node.args, ast.parse(extra, mode="eval").body]))
