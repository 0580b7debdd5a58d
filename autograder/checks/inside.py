"""`@inside`: a small function a hidden suite ships to the worker, to drive the student's objects beside them.

Only its source crosses.  So it may name its arguments, builtins, `torch`, `nn`, `F`, `np`, `student` (there: the
student's module) and other `@inside` functions of its module; anything else is an InsideError when the suite is
collected.  It holds no answer and returns evidence: numbers and tensors, never a verdict.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import textwrap
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import FunctionType
from typing import Any, Protocol

GIVEN = frozenset({"torch", "nn", "F", "np", "student"})


class InsideError(Exception):
    """An `@inside` function that cannot travel: says file:line, the name, and the cure."""


class Runner(Protocol):
    """Whoever can run an inside function beside the student's code: the sandbox, or a local stand-in."""

    def run_inside(self, fn: InsideFunction, args: tuple[object, ...], kwargs: dict[str, object]) -> object: ...


runner: ContextVar[Runner | None] = ContextVar("runner", default=None)


class InsideFunction:
    """A function by its source.  Calling it runs it in the worker and returns what came back over the wire."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        inner = inspect.unwrap(fn)
        if not inspect.isfunction(inner):
            raise InsideError(f"{fn!r} is no function: mark a plain `def` with @inside")
        self.name = inner.__name__
        self.filename = inner.__code__.co_filename
        self.line = inner.__code__.co_firstlineno
        self.__name__ = self.name
        self.__doc__ = inner.__doc__
        self.parameters = inner.__code__.co_varnames[: inner.__code__.co_argcount]
        self._globals = inner.__globals__
        if inner is not fn:
            raise self._error(self.line, "has another decorator, which would not travel: put a `with` into the body")
        self.source, self._names = self._read(inner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns in the worker.  RuntimeError outside of a grading run."""
        current = runner.get()
        if current is None:
            raise RuntimeError(f"{self.name} runs beside a student's code: suites are run by autograder")
        return current.run_inside(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<inside {self.name} of {self.filename}:{self.line}>"

    @property
    def needs(self) -> tuple[InsideFunction, ...]:
        """The other inside functions it names, in order of definition."""
        named = (self._globals.get(name) for name in self._names)
        return tuple(sorted((fn for fn in named if isinstance(fn, InsideFunction) and fn is not self), key=_place))

    def check_names(self) -> None:
        """Raise InsideError for the first name the worker would not know.  Call it when the module is complete."""
        for name, line in self._names.items():
            if name in GIVEN or hasattr(builtins, name) or name == self.name:
                continue
            value = self._globals.get(name)
            if not isinstance(value, InsideFunction):
                cure = f"pass `{name}` as an argument" if name in self._globals else f"define `{name}` in it"
                raise self._error(line, f"names `{name}`, which the worker does not have: {cure}, or mark it @inside")
            if value.name != name:
                raise self._error(line, f"names `{name}`, but that function is called `{value.name}`: use one name")

    def program(self) -> str:
        """The source of all it needs and of itself, each once, in order of definition.  Names are checked first.

        Annotations are not evaluated in the worker.
        """
        found: dict[str, InsideFunction] = {}
        waiting = [self]
        while waiting:
            fn = waiting.pop()
            if found.setdefault(fn.name, fn) is not fn:
                raise fn._error(fn.line, f"two inside functions are called `{fn.name}`: rename one")
            fn.check_names()
            waiting.extend(need for need in fn.needs if found.get(need.name) is not need)
        sources = (fn.source for fn in sorted(found.values(), key=_place))
        return "from __future__ import annotations\n\n" + "\n\n".join(sources)

    def _read(self, fn: FunctionType) -> tuple[str, dict[str, int]]:
        """Its source without decorators, and the names it takes from outside with the line of their first use."""
        if fn.__closure__:
            raise self._error(self.line, f"closes over `{fn.__code__.co_freevars[0]}`: pass it as an argument")
        whole = textwrap.dedent(inspect.getsource(fn))
        tree = ast.parse(whole)
        definition = tree.body[0]
        if not isinstance(definition, ast.FunctionDef):
            raise self._error(self.line, "is not a plain `def`: write it as one")
        if len(definition.decorator_list) > 1:
            raise self._error(self.line, "has another decorator, which would not travel: put a `with` into the body")
        if inspect.isgeneratorfunction(fn):
            raise self._error(self.line, "is a generator, which cannot come back: return a list")
        definition.decorator_list = []
        lines = whole.splitlines(keepends=True)[definition.lineno - 1 : definition.end_lineno]
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                raise self._error(self.line + node.lineno - 1, f"has `global {node.names[0]}`: return it instead")
        _strip_annotations(tree)
        table = symtable.symtable(ast.unparse(tree), self.filename, "exec")
        free = set(_free(table))
        used: dict[str, int] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in free:
                line = self.line + node.lineno - 1
                used[node.id] = min(line, used.get(node.id, line))
        return "".join(lines), dict(sorted(used.items(), key=lambda item: item[1]))

    def _error(self, line: int, what: str) -> InsideError:
        return InsideError(f"{self.filename}:{line}: the inside function `{self.name}` {what}")


def inside(fn: Callable[..., Any]) -> InsideFunction:
    """Mark a function of a hidden suite to run in the worker.  InsideError when it cannot travel."""
    return InsideFunction(fn)


def inside_functions(namespace: dict[str, Any]) -> tuple[InsideFunction, ...]:
    """The inside functions of a suite's module (its `__dict__`), in order of definition."""
    return tuple(sorted({fn for fn in namespace.values() if isinstance(fn, InsideFunction)}, key=_place))


def _place(fn: InsideFunction) -> tuple[str, int]:
    return fn.filename, fn.line


def _strip_annotations(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.copy_location(ast.Constant(None), node.annotation)


def _free(table: symtable.SymbolTable) -> Iterator[str]:
    """The names a piece of source takes from outside of it, in all of its scopes."""
    for symbol in table.get_symbols():
        if table.get_type() == "module":
            if symbol.is_referenced() and not symbol.is_assigned():
                yield symbol.get_name()
        elif symbol.is_global():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _free(child)
