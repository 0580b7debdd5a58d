"""Slips in an expression: a sign, a factor, a term, a boundary, an index, a condition."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.slips.edit import Edit, but, called, method, names_in, operand, swap, text, without
from autograder.slips.places import Place

BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITE = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
COUNTS = {"len", "numel", "size"}


def slips(place: Place) -> Iterator[Edit]:
    node = place.node
    if isinstance(node, ast.BinOp):
        yield from _binary(node, place)
    elif isinstance(node, ast.Compare):
        yield from _compare(node, place)
    elif isinstance(node, ast.BoolOp):
        yield swap("and_or", place, but(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()))
        for index in range(len(node.values)):
            rest = without(node.values, index)
            yield swap("condition_part", place, rest[0] if len(rest) == 1 else but(node, values=rest))
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            yield swap("sign", place, node.operand)
        elif isinstance(node.op, (ast.Not, ast.Invert)):
            yield swap("condition", place, node.operand)
    elif isinstance(node, ast.Subscript):
        yield from _subscript(node, place)
    elif isinstance(node, ast.IfExp):
        yield swap("condition", place, but(node, body=node.orelse, orelse=node.body))
        yield swap("case_missing", place, node.body)
        yield swap("case_missing", place, node.orelse)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
        yield from _comprehension(node, place)
        if isinstance(node, ast.ListComp) and isinstance(place.parent, ast.Assign):
            yield swap("walked_once", place, ast.GeneratorExp(node.elt, node.generators))
    elif isinstance(node, ast.Constant):
        yield from _constant(node, place)


def _binary(node: ast.BinOp, place: Place) -> Iterator[Edit]:
    left, right, op = node.left, node.right, node.op
    if isinstance(op, (ast.Add, ast.Sub)):
        yield from _terms(node, place)
    elif isinstance(op, ast.Mult):
        yield from _factors(node, place)
        yield swap("divided", place, but(node, op=ast.Div()))
    elif isinstance(op, ast.Div):
        yield swap(_division(right), place, left)
        yield swap("divided", place, but(node, op=ast.Mult()))
        yield swap("inverse", place, but(node, left=right, right=left))
        yield swap("whole_division", place, but(node, op=ast.FloorDiv()))
        if isinstance(left, ast.Name) and isinstance(right, ast.Name):
            for change in (ast.Add(), ast.Sub()):
                yield swap("off_by_one", place, but(node, left=ast.BinOp(left, change, ast.Constant(1))))
        if _is_count(right):
            yield swap("divisor", place, but(node, right=ast.BinOp(right, ast.Sub(), ast.Constant(1))))
    elif isinstance(op, ast.FloorDiv):
        yield swap("whole_division", place, but(node, op=ast.Div()))
        up = ast.BinOp(ast.BinOp(left, ast.Add(), right), ast.Sub(), ast.Constant(1))
        yield swap("rounding", place, but(node, left=up))
    elif isinstance(op, ast.Pow):
        yield swap("power", place, left)
        yield swap("power", place, method(left, "abs"))
        if text(right) == "2":
            yield swap("power", place, but(node, right=ast.Constant(3)))
    elif isinstance(op, ast.MatMult):
        yield swap("product_exchanged", place, but(node, left=right, right=left))
        yield swap("elementwise", place, but(node, op=ast.Mult()))
        for side, one in (("left", left), ("right", right)):
            if not (isinstance(one, ast.Attribute) and one.attr == "T"):
                yield swap("transpose_extra", place, but(node, **{side: ast.Attribute(one, "T", ast.Load())}))
    elif isinstance(op, (ast.BitAnd, ast.BitOr)):
        yield swap("and_or", place, but(node, op=ast.BitOr() if isinstance(op, ast.BitAnd) else ast.BitAnd()))
        yield swap("condition_part", place, left)
        yield swap("condition_part", place, right)
    elif isinstance(op, ast.Mod):
        yield swap("whole_division", place, but(node, op=ast.FloorDiv()))
        yield swap("remainder", place, left)


def _terms(node: ast.BinOp, place: Place) -> Iterator[Edit]:
    left, right = node.left, node.right
    other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    if _is_one(right) or _is_one(left) or _in_index(place):
        counted = (
            isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.Div) and place.field == "right"
        )
        scaled = left if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult) else None
        for drawn in (scaled.left, scaled.right) if scaled and isinstance(node.op, ast.Sub) else ():
            if any(called(inner).startswith("rand") for inner in ast.walk(drawn)):
                yield swap("range_of_draws", place, drawn)  # 2 · rand − 1 → rand
                yield swap("distribution", place, _normal(drawn))
        outside = not _in_index(place)  # a 1 in a formula, no place and no count
        code = "divisor" if counted else "complement" if _is_one(left) and outside else "off_by_one"
        yield swap(code, place, right if _is_one(left) else left)
        yield swap("sign" if code == "complement" else code, place, but(node, op=other))
        if isinstance(node.op, ast.Sub) and outside:
            yield swap("sign", place, but(node, left=right, right=left))
            yield swap("term_missing", place, _negative(right) if _is_one(left) else left)
        return
    for eps, rest in ((right, left), (left, right)):
        if _is_small(eps):
            yield swap("eps_missing", place, rest)
            yield swap("eps_place", place, method(rest, "clamp", eps))
            root = operand(rest) if isinstance(rest, ast.Call) and called(rest) == "sqrt" else None
            if root is not None:
                yield swap("eps_place", place, method(ast.BinOp(root, ast.Add(), eps), "sqrt"))
            if isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Pow):
                yield swap("eps_place", place, but(rest, left=ast.BinOp(rest.left, ast.Add(), eps)))
            return
    yield swap("sign", place, but(node, op=other))
    if isinstance(node.op, ast.Sub):
        yield swap("sign", place, but(node, left=right, right=left))
        if called(right) in ("max", "amax"):
            yield swap("unstable", place, left)
    yield swap("term_missing", place, left)
    yield swap("term_missing", place, right)
    if isinstance(node.op, ast.Sub):
        yield swap("term_missing", place, _negative(right))


def _normal(drawn: ast.expr) -> ast.expr:
    """The same numbers drawn by randn."""
    return ast.parse(text(drawn).replace("rand(", "randn("), mode="eval").body


def _is_small(node: ast.expr) -> bool:
    """A small number beside another: `eps`, or 1e-6."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float) and 0 < node.value < 1e-2
    return "eps" in text(node) and len(text(node)) < 12


def _negative(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)


def _factors(node: ast.BinOp, place: Place) -> Iterator[Edit]:
    for mine, rest in ((node.left, node.right), (node.right, node.left)):
        if isinstance(mine, ast.Compare) or "mask" in text(mine).lower():
            yield swap("mask_missing", place, rest)
        elif isinstance(mine, ast.BinOp) and isinstance(mine.op, ast.Sub) and _is_one(mine.left):
            yield swap("factor_missing", place, rest)
        elif isinstance(mine, ast.BinOp) and isinstance(mine.op, ast.Div) and _is_count(mine):
            yield swap("divisor_missing", place, rest)
        else:
            yield swap("factor_missing", place, rest)
    if isinstance(node.right, ast.Call) and isinstance(node.left, ast.Name):
        pass


def _division(divisor: ast.expr) -> str:
    return "divisor_missing" if _is_count(divisor) else "division_missing"


def _is_count(node: ast.expr) -> bool:
    return any(called(inner) in COUNTS or getattr(inner, "attr", "") == "shape" for inner in ast.walk(node)) or (
        isinstance(node, ast.Name)
        and node.id.lower() in ("n", "m", "k", "d", "count", "total", "seen", "size", "number")
    )


def _is_formula(node: ast.Compare, number: ast.Constant) -> bool:
    """Is what the number is compared with computed, and nothing that counts?"""
    others = [one for one in (node.left, *node.comparators) if one is not number]
    computed = [one for one in others if isinstance(one, (ast.BinOp, ast.Call)) and "%" not in text(one)]
    return computed == others and not any(map(_is_count, others))


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (1, 1.0) and not isinstance(node.value, bool)


def _in_index(place: Place) -> bool:
    """Does it say which elements, or how often?"""
    for node, below in zip(place.above, (*place.above[1:], place.node), strict=True):
        if isinstance(node, ast.Subscript) and below is node.slice:
            return True
        if called(node) in ("range", "arange", "narrow", "randint", "zeros", "empty"):
            return True
    return False


def _compare(node: ast.Compare, place: Place) -> Iterator[Edit]:
    for index, op in enumerate(node.ops):
        if type(op) in BOUNDARY:
            yield swap(
                "boundary", place, but(node, ops=[*node.ops[:index], BOUNDARY[type(op)](), *node.ops[index + 1 :]])
            )
        if type(op) in OPPOSITE:
            turned = OPPOSITE[type(op)]()
            yield swap("comparison", place, but(node, ops=[*node.ops[:index], turned, *node.ops[index + 1 :]]))
    if len(node.ops) == 2:
        yield swap("one_bound", place, but(node, ops=node.ops[:1], comparators=node.comparators[:1]))
        yield swap(
            "one_bound", place, but(node, left=node.comparators[0], ops=node.ops[1:], comparators=node.comparators[1:])
        )


def _subscript(node: ast.Subscript, place: Place) -> Iterator[Edit]:
    if not isinstance(node.ctx, ast.Load):
        if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
            new = but(node.slice, elts=node.slice.elts[::-1])
            yield swap("indices_exchanged", place, but(node, slice=new))
            for index, part in enumerate(node.slice.elts):
                if not isinstance(part, ast.Slice):
                    parts = [ast.Slice() if i == index else one for i, one in enumerate(node.slice.elts)]
                    yield swap("all_along", place, but(node, slice=but(node.slice, elts=parts)))
        yield from _slices(node, place)
        return
    where = node.slice
    if isinstance(where, ast.Constant) and where.value is None:
        yield swap("dimension", place, node.value)
        return
    yield from _slices(node, place)
    if isinstance(where, ast.Tuple):
        if any(isinstance(part, ast.Constant) and part.value is None for part in where.elts):
            yield swap("dimension", place, node.value)
            yield swap("dimension", place, but(node, slice=but(where, elts=where.elts[::-1])))
        elif len(where.elts) == 2:
            yield swap("indices_exchanged", place, but(node, slice=but(where, elts=where.elts[::-1])))
            everything = ast.Slice(None, None, None)
            for index, part in enumerate(where.elts):
                if not isinstance(part, ast.Slice):
                    parts = [everything if i == index else one for i, one in enumerate(where.elts)]
                    yield swap("all_along", place, but(node, slice=but(where, elts=parts)))
                other = [part if i != index else everything for i, _ in enumerate(where.elts)]
                if isinstance(where.elts[1 - index], ast.Slice) and not isinstance(part, ast.Slice):
                    yield swap("row_column", place, but(node, slice=but(where, elts=other)))
    elif isinstance(where, ast.Constant) and isinstance(where.value, int):
        code = "count" if getattr(node.value, "attr", "") == "shape" else "other_index"
        for value in (where.value + 1, where.value - 1, 0, -1):
            if value != where.value:
                yield swap(code, place, but(node, slice=ast.Constant(value)))
    elif isinstance(where, ast.UnaryOp) and text(where) == "-1":
        yield swap("other_index", place, but(node, slice=ast.Constant(0)))
        yield swap("other_index", place, but(node, slice=ast.Constant(-2)))
    elif isinstance(where, (ast.Name, ast.Compare, ast.Call, ast.BinOp, ast.UnaryOp)):
        yield swap("selection_missing", place, node.value)
        if isinstance(where, (ast.Name, ast.BinOp)):
            for value in (0, -1):
                yield swap("other_index", place, but(node, slice=ast.Constant(value)))
            for change in (ast.Add(), ast.Sub()):
                yield swap("off_by_one", place, but(node, slice=ast.BinOp(where, change, ast.Constant(1))))


def _slices(node: ast.Subscript, place: Place) -> Iterator[Edit]:
    whole = isinstance(node.slice, ast.Tuple)
    parts: list[ast.expr] = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    for index, part in enumerate(parts):
        if not isinstance(part, ast.Slice):
            continue
        for new, code in _other_slices(part):
            new_parts = [new if i == index else one for i, one in enumerate(parts)]
            yield swap(code, place, but(node, slice=but(node.slice, elts=new_parts) if whole else new))


def _other_slices(part: ast.Slice) -> Iterator[tuple[ast.Slice, str]]:
    if part.step is not None:
        yield but(part, step=None), "backwards" if text(part.step) == "-1" else "slice"
    elif part.lower is not None and part.upper is None:
        yield ast.Slice(None, part.lower, None), "other_half"
        yield but(part, lower=None), "slice"
    elif part.lower is None and part.upper is not None:
        yield ast.Slice(part.upper, None, None), "other_half"
        yield but(part, upper=None), "slice"
        if not isinstance(part.upper, ast.UnaryOp):
            yield ast.Slice(ast.UnaryOp(ast.USub(), part.upper), None, None), "other_half"
    elif part.lower is None and part.upper is None:
        yield but(part, step=ast.Constant(-1)), "backwards"
        return
    else:
        yield but(part, lower=None), "slice"
        yield but(part, upper=None), "slice"
    for end in ("lower", "upper"):
        bound = getattr(part, end)
        if bound is not None:
            for change in (ast.Add(), ast.Sub()):
                yield but(part, **{end: ast.BinOp(bound, change, ast.Constant(1))}), "off_by_one"


def _comprehension(node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, place: Place) -> Iterator[Edit]:
    for index, part in enumerate(node.generators):
        for condition in range(len(part.ifs)):
            new = but(part, ifs=without(part.ifs, condition))
            yield swap(
                "filter_missing",
                place,
                but(node, generators=[*node.generators[:index], new, *node.generators[index + 1 :]]),
            )
        for code, other in parts_of(part.iter):
            new = but(part, iter=other)
            yield swap(
                code, place, but(node, generators=[*node.generators[:index], new, *node.generators[index + 1 :]])
            )


def parts_of(walked: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """A loop over less than all, or the other way round."""
    if called(walked) in ("range", "reversed", "enumerate"):
        return
    listed = ast.Call(ast.Name("list", ast.Load()), [walked], [])
    for lower, upper in ((1, None), (None, -1), (None, 1)):
        bounds = ast.Slice(ast.Constant(lower) if lower else None, ast.Constant(upper) if upper else None, None)
        yield "loop_part", ast.Subscript(listed, bounds, ast.Load())
    yield "backwards", ast.Call(ast.Name("reversed", ast.Load()), [listed], [])


def _constant(node: ast.Constant, place: Place) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        if called(place.parent) == "requires_grad_":
            yield swap("not_tracked", place, ast.Constant(not value))
    elif isinstance(value, (int, float)):
        if isinstance(place.parent, (ast.BinOp, ast.AugAssign)) and value in (2, 2.0, 0.5):
            return  # a factor, dropped in its place
        if _in_index(place) or (isinstance(value, int) and isinstance(place.parent, (ast.Compare, ast.Assign))):
            code = "start_value" if isinstance(place.parent, ast.Assign) else "off_by_one"
            if isinstance(place.parent, ast.Subscript) and getattr(place.parent.value, "attr", "") == "shape":
                return  # which size it is: another count
            if isinstance(place.parent, ast.Compare) and _is_formula(place.parent, node):
                code = "threshold"
            for other in (value + 1, value - 1):
                yield swap(code, place, ast.Constant(other))
        elif isinstance(place.parent, (ast.Assign, ast.AnnAssign, ast.Call)) and isinstance(value, float):
            yield swap("start_value", place, ast.Constant(0.0 if value else 1.0))
        elif isinstance(place.parent, ast.AugAssign):
            yield swap("off_by_one", place, ast.Constant(value + 1))


def detached(place: Place) -> Iterator[Edit]:
    """A gradient that is cut off where it should flow: any value that is assigned, returned or computed with."""
    node, parent = place.node, place.parent
    values = (ast.Assign, ast.Return, ast.BinOp, ast.Call, ast.Tuple, ast.UnaryOp)
    if not isinstance(node, (ast.Name, ast.BinOp, ast.Call, ast.Attribute)) or not isinstance(parent, values):
        return
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    if place.field in ("func", "targets") or called(node) in ("detach", "item", "len", "range", "clone", "Parameter"):
        return
    if isinstance(node, ast.Name) and (node.id in ("torch", "F", "nn", "np", "self") or not names_in(node)):
        return
    yield swap("detached", place, method(node, "detach"))
