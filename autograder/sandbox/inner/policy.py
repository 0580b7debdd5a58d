"""What a module's source shows of forbidden things, read in the worker before the first line of it runs.

    trees of the source → Source → finding(symbol, forbids) → ("torch.softmax", line) | ("loops", line) | None

Read are the item's own definition and, through the names they use, the definitions of the same module that it calls.
`Source` keeps plain facts, so nothing that the module rebinds later changes them.  It sees imports under other names
(`from torch import softmax as s`), names given again (`N = torch.nn`), `getattr(F, "softmax")` with a plain text, and
loops: `for`, `while`, comprehensions, and calls that hide one (`map`, `np.vectorize`).  A loop whose rounds are fixed
by the source or by the number of dimensions is none: over a written list, `x.shape`, `range(3)`, `range(x.ndim)`.

It deters like the guards: what is made at run time (`exec`, `getattr` with a computed name, a method of a tensor) is
left to `guard`, which counts and watches (docs/decisions/0007-policy-words.md).
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

LOOPS = "loops"
AUTOGRAD = tuple(
    f"{module}.{name}"
    for module, names in {
        "torch.autograd": "grad backward functional forward_ad variable.Variable._execution_engine",
        "torch.func": "grad grad_and_value vjp jvp jacrev jacfwd hessian linearize",
        "functorch": "grad grad_and_value vjp jvp jacrev jacfwd hessian",
    }.items()
    for name in names.split()
)
GO_THROUGH = frozenset({"map", "filter", "functools.reduce"})  # what their second argument holds
CALL_FOR_EACH = frozenset(f"numpy.{name}" for name in ("vectorize", "frompyfunc", "fromiter", "apply_along_axis"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_PASSES_ON = frozenset({"enumerate", "reversed", "sorted", "list", "tuple", "set"})


@dataclass
class Facts:
    """Of one name that the module defines: what its definitions use, in which lines."""

    uses: list[tuple[int, str]] = field(default_factory=list)  # dotted names of a library
    loops: list[int] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)  # other names of the module, and of a starred import
    words: set[str] = field(default_factory=set)  # see `words_of`


class Source:
    def __init__(self, trees: Sequence[ast.Module] = ()) -> None:
        self.facts: dict[str, Facts] = {}
        self.starred: set[str] = set()
        outside: dict[str, str | None] = {}
        statements = [node for tree in trees for node in _statements(tree.body)]
        for node in statements:
            outside.update(dict.fromkeys(_defines(node)))  # its own `def softmax` is not the one it imported
            _bind(node, outside, (outside,))
            if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == "*" for alias in node.names):
                self.starred.add(node.module)
        for node in statements:
            for name in _defines(node):
                facts = self.facts.setdefault(name, Facts())
                facts.words |= words_of(node)
                with contextlib.suppress(RecursionError):  # too deep: what was read so far counts, and the others
                    _Reader(facts, outside).visit(node)

    def finding(self, symbol: str, forbids: Iterable[str]) -> tuple[str, int] | None:
        """The first forbidden thing that the item's code names, nearest to the item's own definition."""
        meant = {name: word for word in forbids for name in (AUTOGRAD if word == "autograd" else (word,))}
        waiting, seen = [symbol], {symbol}
        while waiting:
            facts = self.facts.get(waiting.pop(0), Facts())
            found = [(line, LOOPS) for line in facts.loops if LOOPS in meant]
            for line, used in facts.uses:
                used = used.removeprefix("torch.ops.")
                found += [(line, meant[used]) for used in _prefixes(used) if used in meant]
            for name, word in meant.items():
                module, _, last = name.rpartition(".")
                if last in facts.names and last not in self.facts and module in self.starred:
                    found.append((facts.names[last], word))
            if found:
                line, word = min(found)
                return word, line
            waiting += [name for name in facts.names if name not in seen]
            seen |= facts.names.keys()
        return None

    def words(self, symbol: str) -> set[str]:
        """What the item's code and the definitions that it reaches call, and which keywords they give."""
        waiting, seen, found = [symbol], {symbol}, set[str]()
        while waiting:
            facts = self.facts.get(waiting.pop(), Facts())
            found |= facts.words
            waiting += [name for name in facts.names if name not in seen]
            seen |= facts.names.keys()
        return found


def words_of(node: ast.AST) -> set[str]:
    """`zero_grad` for what is called, `shuffle=` for a keyword, `.grad=` for an attribute that is set, `.grad` for one
    that is read: how a thing is done, in whatever style."""
    found = set()
    for inner in ast.walk(node):  # not by recursion
        if isinstance(inner, ast.Call):
            last = inner.func
            found.add(last.attr if isinstance(last, ast.Attribute) else last.id if isinstance(last, ast.Name) else "")
        elif isinstance(inner, ast.keyword):
            found.add(f"{inner.arg or ''}=")
        elif isinstance(inner, ast.Attribute):
            found.add(f".{inner.attr}" if isinstance(inner.ctx, ast.Load) else f".{inner.attr}=")
    return found - {"", "="}


class _Reader(ast.NodeVisitor):
    """Fills the facts of one definition.  Scopes map a name to its dotted meaning, or to None: something local."""

    def __init__(self, facts: Facts, outside: dict[str, str | None]) -> None:
        self.facts = facts
        self.scopes: tuple[dict[str, str | None], ...] = (outside,)

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, _FUNCTIONS):
            self._function(node)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            self._name(node)
        else:
            inside = len(self.scopes) > 1  # a table that the module builds at import is no loop of the item
            if inside and self._is_loop(node):
                self.facts.loops.append(node.lineno)  # type: ignore[attr-defined]
            if isinstance(node, ast.Call) and (used := dotted(node, self.scopes)):
                self.facts.uses.append((node.lineno, used))
            self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        for outer in [*node.args.defaults, *filter(None, node.args.kw_defaults), *getattr(node, "decorator_list", ())]:
            self.visit(outer)
        scope: dict[str, str | None] = {name.arg: None for name in ast.walk(node.args) if isinstance(name, ast.arg)}
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        before, self.scopes = self.scopes, (*self.scopes, scope)
        for inner in _own(body):
            _bind(inner, scope, self.scopes)
        for name in [name for inner in _own(body) if isinstance(inner, ast.Global) for name in inner.names]:
            scope.pop(name, None)
        for statement in body:
            with contextlib.suppress(RecursionError):  # one deep expression hides nothing of the others
                self.visit(statement)
        self.scopes = before

    def _name(self, node: ast.Name | ast.Attribute) -> None:
        used, root = dotted(node, self.scopes), _root(node)
        if used:
            self.facts.uses.append((node.lineno, used))
        elif not isinstance(root, ast.Name):
            self.visit(root)
        elif isinstance(root.ctx, ast.Load) and not any(root.id in scope for scope in self.scopes[1:]):
            self.facts.names.setdefault(root.id, root.lineno)

    def _is_loop(self, node: ast.AST) -> bool:
        if isinstance(node, ast.While):
            return True
        if isinstance(node, (ast.For, ast.AsyncFor)):
            return not self._fixed(node.iter)
        if isinstance(node, _COMPREHENSIONS):
            return not all(self._fixed(part.iter) for part in node.generators)
        if isinstance(node, ast.Call):
            called = self._called(node)
            return called in CALL_FOR_EACH or (called in GO_THROUGH and not any(map(self._fixed, node.args[1:2])))
        return False

    def _called(self, node: ast.Call) -> str:
        """The function that is called: dotted, or a builtin's name; "" for what the module or the function defines."""
        if isinstance(node.func, ast.Name) and not any(node.func.id in scope for scope in self.scopes):
            return node.func.id
        return dotted(node.func, self.scopes) or ""

    def _fixed(self, node: ast.expr) -> bool:
        """Is the number of rounds fixed by the source, or by the number of dimensions?"""
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            return not any(isinstance(element, ast.Starred) for element in node.elts)
        if isinstance(node, (ast.Constant, ast.Dict)):
            return True
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Slice) and self._fixed(node.value)
        if isinstance(node, ast.Attribute):
            return node.attr == "shape"
        if not isinstance(node, ast.Call):
            return False
        if isinstance(node.func, ast.Attribute):  # x.size(), {…}.items()
            return (node.func.attr == "size" and not node.args) or isinstance(node.func.value, ast.Dict)
        called = self._called(node)
        if called == "range":
            return all(map(self._is_small, node.args))
        if called == "zip":
            return any(map(self._fixed, node.args))
        return called in _PASSES_ON and len(node.args) > 0 and self._fixed(node.args[0])

    def _is_small(self, node: ast.expr) -> bool:
        """A written number, or a number of dimensions."""
        if isinstance(node, ast.UnaryOp):
            return self._is_small(node.operand)
        if isinstance(node, ast.BinOp):
            return self._is_small(node.left) and self._is_small(node.right)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                return node.func.attr in ("dim", "ndimension") and not node.args
            return self._called(node) == "len" and len(node.args) == 1 and self._fixed(node.args[0])
        return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr == "ndim")


def dotted(node: ast.AST, scopes: Sequence[dict[str, str | None]]) -> str | None:
    """The name by which a library knows what stands here: `F.softmax` → torch.nn.functional.softmax."""
    if isinstance(node, ast.Name):
        return next((scope[node.id] for scope in reversed(scopes) if node.id in scope), None)
    if isinstance(node, ast.Attribute):
        holder, names = dotted(_root(node), scopes), []
        while holder and isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        return ".".join([holder, *reversed(names)]) if holder else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        match node.args:
            case [holder_node, ast.Constant(value=str(name)), *_]:
                holder = dotted(holder_node, scopes)
                return f"{holder}.{name}" if holder else None
    return None


def _prefixes(name: str) -> Iterator[str]:
    """`a.b.c` → a.b.c, a.b, a: what stands below a forbidden name (`aten.native_dropout.default`) is forbidden."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _root(node: ast.expr) -> ast.expr:
    """What stands left of all dots."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements at a module's top, those below an `if`, a `try`, a `with` or a loop included."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.stmt):
                    yield from _statements([part])
                elif isinstance(part, (ast.ExceptHandler, ast.match_case)):
                    yield from _statements(part.body)


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a function except those inside of functions and classes that it defines."""
    waiting = [*body]
    while waiting:  # not by recursion: an expression may be as deep as it likes
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)


def _bind(node: ast.AST, scope: dict[str, str | None], scopes: Sequence[dict[str, str | None]]) -> None:
    """What a node binds in its scope: imports, and second names of what they give, with their meaning; others None."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            scope[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.split(".")[0]
            )
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        scope.update((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    elif isinstance(node, ast.Assign) and (meaning := dotted(node.value, scopes)):
        scope.update((target.id, meaning) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        scope.setdefault(node.id, None)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        scope.setdefault(node.name, None)


def _defines(node: ast.stmt) -> set[str]:
    """The names that a statement of the module gives a value."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    inner = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return {name.id for name in inner if isinstance(name.ctx, ast.Store)}
