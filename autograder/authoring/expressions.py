"""What can be read off the syntax of an instructor's test: names, literals, differences.  Pure; nothing is run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

LIBRARIES = frozenset({"torch", "numpy", "pytest", "torchvision"}) | sys.stdlib_module_names  # what a suite may import
_NAME = 60  # characters of the name that a student reads


class Renamed(ast.NodeTransformer):
    """f(x) → student.f(x)."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = frozenset(symbols)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.symbols:
            return ast.Attribute(ast.Name("student", ast.Load()), node.id, ast.Load())
        return node


def foreign(statement: ast.Import | ast.ImportFrom) -> str:
    """A module that no suite may import; "" where there is none."""
    modules = [a.name for a in statement.names] if isinstance(statement, ast.Import) else [statement.module or "."]
    return next((name for name in modules if name.split(".")[0] not in LIBRARIES), "")


def called(statement: ast.stmt, symbols: Iterable[str]) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and dotted(node.func) in symbols:
            yield dotted(node.func)


def dotted(node: ast.expr) -> str:
    """np.testing.assert_equal; "" for what is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


def difference(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """a, b of abs(a - b)."""
    if isinstance(node, ast.Call) and dotted(node.func) in ("abs", "math.fabs", "np.abs", "torch.abs") and node.args:
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub):
            return inner.left, inner.right
    return None


def complains(node: ast.stmt) -> bool:
    """raise AssertionError(…), or assert False."""
    if isinstance(node, ast.Assert):
        return isinstance(node.test, ast.Constant) and node.test.value is False
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    return dotted(node.exc.func if isinstance(node.exc, ast.Call) else node.exc) == "AssertionError"


def stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def quoted(text: str) -> str:
    """As a Python text in double quotes; what a student reads of a hidden call is its beginning."""
    short = text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"
    return '"' + short.replace("\\", "\\\\").replace('"', "'") + '"'
