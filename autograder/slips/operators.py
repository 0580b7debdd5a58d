"""What may be wrong with one node of a solution: edits(node, ancestors) → replacements.  Pure; used by `mutants`.

An edit copies what it keeps; it never changes the node it is given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TypeVar

N = TypeVar("N", bound=ast.AST)

ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,), ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}  # fmt: skip
ORDERED = (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
# a name and what a tired student writes for it
NAMES = {
    "mean": "sum", "sum": "mean", "max": "min", "min": "max", "amax": "amin", "amin": "amax", "argmax": "argmin",
    "argmin": "argmax", "exp": "log", "log": "exp", "sqrt": "abs", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "rand": "randn", "randn": "rand", "softmax": "log_softmax", "log_softmax": "softmax",
    "relu": "sigmoid", "train": "eval", "eval": "train", "cat": "stack", "clone": "detach", "var": "std", "std": "var",
    "squeeze": "unsqueeze", "no_grad": "enable_grad", "inference_mode": "enable_grad", "append": "extend",
    "normal_": "uniform_", "zero_": "fill_diagonal_", "sin": "cos", "cos": "sin", "all": "any", "any": "all",
    "float32": "float64", "float64": "float32", "int64": "int32", "uint8": "int8", "long": "int", "float": "double",
    "double": "float", "randperm": "arange", "BCELoss": "MSELoss", "SGD": "Adam", "Adam": "SGD",
}  # fmt: skip
DROPPED = {
    "detach", "clone", "contiguous", "float", "double", "long", "to", "mean", "sum", "sqrt", "exp", "log", "abs", "t",
    "squeeze", "unsqueeze", "item", "copy", "train", "eval", "requires_grad_", "astype", "numpy", "flatten", "tolist",
}  # fmt: skip
IN_PLACE = {
    "add", "sub", "mul", "div", "clamp", "relu", "exp", "log", "sqrt", "neg", "abs", "masked_fill", "transpose",
    "unsqueeze", "squeeze",
}  # fmt: skip
UNWRAPPED = {
    "abs", "float", "int", "sorted", "tuple", "list", "str", "bool", "set", "reversed", "len", "torch.relu", "F.relu",
    "torch.exp", "torch.sqrt", "torch.tanh", "torch.sigmoid", "torch.tensor", "torch.as_tensor", "torch.from_numpy",
    "np.sqrt", "np.exp", "np.asarray", "nn.Parameter", "nn.ModuleList", "math.sqrt", "round",
}  # fmt: skip
MODULES = {
    "torch", "F", "nn", "np", "math", "optim", "random",
}  # fmt: skip


def edits(node: ast.AST, ancestors: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Everything that may stand in the place of this node."""
    if isinstance(node, ast.stmt):
        yield from _statements(node, ancestors)
    elif isinstance(node, ast.BinOp):
        yield from _binary(node)
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS[type(node.ops[0])]:
            yield _with(node, ops=[other(), *node.ops[1:]])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        yield from (deepcopy(value) for value in node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield deepcopy(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute):
        yield from _attributes(node)
    elif isinstance(node, ast.Slice):
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                yield _with(node, **{part: None})
    elif isinstance(node, (ast.List, ast.Tuple, ast.Dict)) and len(_parts(node)) > 1:
        yield _shortened(node)
    elif isinstance(node, ast.IfExp):
        yield _with(node, test=_negated(node.test))
        yield from (deepcopy(node.body), deepcopy(node.orelse))
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
        yield from _comprehensions(node)


def _statements(node: ast.stmt, ancestors: Sequence[ast.AST]) -> Iterator[ast.AST]:
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Delete, ast.Assert)):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        for other in ARITHMETIC.get(type(node.op), ()):
            yield _with(node, op=other())
        yield ast.Assign([deepcopy(node.target)], deepcopy(node.value))
        if any(isinstance(ancestor, ast.With) and "grad" in ast.unparse(ancestor.items[0]) for ancestor in ancestors):
            value = deepcopy(node.target)
            value.ctx = ast.Load()  # what was changed in place is a new tensor now
            yield ast.Assign([deepcopy(node.target)], ast.BinOp(value, deepcopy(node.op), deepcopy(node.value)))
    elif isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.Constant(None))
        if isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
            first, second, *rest = deepcopy(node.value.elts)
            yield ast.Return(ast.Tuple([second, first, *rest], ast.Load()))
    elif isinstance(node, (ast.If, ast.While)):
        yield _with(node, test=_negated(node.test))
        if isinstance(node, ast.If):
            yield _with(node, test=ast.Constant(True))
            yield _with(node, test=ast.Constant(False))
    elif isinstance(node, ast.With):
        yield ast.If(ast.Constant(True), deepcopy(node.body), [])  # the block without its context
    elif isinstance(node, ast.Break):
        yield ast.Continue()
    elif isinstance(node, ast.Continue):
        yield ast.Break()


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    for other in ARITHMETIC.get(type(node.op), ()):
        yield _with(node, op=other())
    yield deepcopy(node.left)
    yield deepcopy(node.right)
    if isinstance(node.op, ORDERED):
        yield ast.BinOp(deepcopy(node.right), deepcopy(node.op), deepcopy(node.left))


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)
        if value:
            yield ast.Constant(0.0)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    for place in range(len(node.keywords)):
        yield _with(node, keywords=node.keywords[:place] + node.keywords[place + 1 :])
    if len(node.args) > 1:
        first, second, *rest = node.args
        yield _with(node, args=[second, first, *rest])
        yield _with(node, args=node.args[:-1])
    if isinstance(node.func, ast.Attribute) and node.func.attr in DROPPED and not _is_module(node.func.value):
        yield deepcopy(node.func.value)
    elif len(node.args) == 1 and not isinstance(node.args[0], ast.GeneratorExp) and ast.unparse(node.func) in UNWRAPPED:
        yield deepcopy(node.args[0])


def _attributes(node: ast.Attribute) -> Iterator[ast.AST]:
    if node.attr in NAMES:
        yield _with(node, attr=NAMES[node.attr])
    if node.attr in ("T", "mT"):
        yield deepcopy(node.value)
    if node.attr.endswith("_") and not node.attr.endswith("__"):
        yield _with(node, attr=node.attr[:-1])
    elif node.attr in IN_PLACE and not _is_module(node.value):
        yield _with(node, attr=f"{node.attr}_")


def _comprehensions(node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp) -> Iterator[ast.AST]:
    for place, part in enumerate(node.generators):
        for condition in range(len(part.ifs)):
            copy = deepcopy(node)
            del copy.generators[place].ifs[condition]
            yield copy


def _parts(node: ast.List | ast.Tuple | ast.Dict) -> list[ast.expr]:
    return node.values if isinstance(node, ast.Dict) else node.elts


def _shortened(node: ast.List | ast.Tuple | ast.Dict) -> ast.AST:
    """Without its last part."""
    if isinstance(node, ast.Dict):
        return _with(node, keys=node.keys[:-1], values=node.values[:-1])
    return _with(node, elts=node.elts[:-1])


def _is_module(node: ast.expr) -> bool:
    return ast.unparse(node).split(".")[0] in MODULES


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), deepcopy(test))


def _with(node: N, **fields: object) -> N:
    """A copy with other fields."""
    copy = deepcopy(node)
    for name, value in fields.items():
        setattr(copy, name, deepcopy(value))
    return copy
