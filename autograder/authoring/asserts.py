"""A test cell of nbgrader's → the body of a hidden test of ours.  Source is read, never run.

    carry(source, symbols) → Carried     every statement as a comment, below it what it became

A call of an answer becomes `student.<name>(…)`, a comparison that says what it compares with becomes a check.  What
does not say so (`assert (f(x) > 0).all()`), or names what only the notebook has, is left to be finished by hand, beside
the call; such a test ends in a NotImplementedError, which makes its item a grader_error and never a number.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from autograder.authoring.expressions import (
    Renamed,
    called,
    complains,
    difference,
    dotted,
    foreign,
    is_literal,
    is_text,
    quoted,
    stored,
)

UNFINISHED = "to be finished"

# function → (rtol, atol) when it is not told otherwise; None: the checks' own tolerance
CLOSE: Mapping[str, tuple[float, float] | None] = {
    "allclose": (1e-5, 1e-8),
    "isclose": (1e-5, 1e-8),
    "math.isclose": (1e-9, 0.0),
    "assert_allclose": (1e-7, 0.0),
    "assert_close": None,
    "equal": (0.0, 0.0),
    "array_equal": (0.0, 0.0),
    "assert_array_equal": (0.0, 0.0),
    "assert_equal": (0.0, 0.0),
    "assert_almost_equal": (0.0, 1.5e-7),
    "assert_array_almost_equal": (0.0, 1.5e-6),
}
_TOLERANCES = {"rtol": "rtol", "atol": "atol", "rel_tol": "rtol", "abs_tol": "atol", "rel": "rtol", "abs": "atol"}


@dataclass
class Carried:
    """What became of one test cell."""

    lines: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)  # statements that are to be finished, and why
    calls: Counter[str] = field(default_factory=Counter)  # of the answers
    checks: int = 0  # that need nobody's hand


class _NotYet(Exception):
    """A statement that is to be finished by hand: why."""


def carry(source: str, symbols: Mapping[str, bool], imports: Iterable[str] = ()) -> Carried:
    """`symbols`: the names of the answers, True for a class; `imports`: the notebook's own.

    SyntaxError for a cell that is no Python.
    """
    tree = ast.parse(source)
    carried = Carried()
    reader = _Reader(source, symbols, carried)
    for line in imports:
        reader.importing(line)
    for statement in tree.body:
        reader.take(statement, "")
    if carried.open:
        carried.lines.append(f'raise NotImplementedError("{UNFINISHED}: {len(carried.open)} of its asserts")')
    return carried


class _Reader:
    """Goes through the statements of a cell in order, and remembers which names it has carried."""

    def __init__(self, source: str, symbols: Mapping[str, bool], carried: Carried) -> None:
        self.source, self.symbols, self.carried = source, symbols, carried
        self.known = set(dir(builtins))  # names that the suite has
        self.answers: set[str] = set()  # of these: what came from the student
        self.objects: set[str] = set()  # of these: objects that stayed in the worker

    def importing(self, line: str) -> None:
        """An import of another cell: the suite has it as well, where it may."""
        statement = ast.parse(line).body[0]
        if isinstance(statement, ast.Import | ast.ImportFrom) and not foreign(statement):
            self._import(statement, line)

    def take(self, statement: ast.stmt, indent: str) -> None:
        text = ast.get_source_segment(self.source, statement) or ast.unparse(statement)
        self.carried.calls.update(called(statement, self.symbols))
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._import(statement, text)
            return
        told = [f"{indent}# {line}".rstrip() for line in text.split("\n")]
        if isinstance(statement, ast.Pass) or is_text(statement):
            self.carried.lines += told
            return
        try:
            lines, checks = self._became(statement)
        except _NotYet as why:
            self.carried.lines += told
            self.carried.lines += [f"{indent}{line}" for line in self._beside(statement)]
            self.carried.open.append(f"{' '.join(text.split())[:100]}: {why}")
            return
        self.carried.lines += [] if lines == [text] else told
        self.carried.checks += checks
        self.carried.lines += [f"{indent}{line}" for line in lines]

    def _import(self, statement: ast.Import | ast.ImportFrom, text: str) -> None:
        if module := foreign(statement):
            self.carried.open.append(f"{text}: a suite cannot import {module}")
            return
        self.carried.imports.append(ast.unparse(statement))
        self.known |= {(alias.asname or alias.name).split(".")[0] for alias in statement.names}

    def _became(self, statement: ast.stmt) -> tuple[list[str], int]:
        """The lines that stand for a statement, and how many checks are among them."""
        if isinstance(statement, ast.Assert):
            return [self._check(statement.test)], 1
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            return [self._check(statement.value)], 1
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            return [self._assignment(statement)], 0
        if isinstance(statement, ast.Try | ast.With):
            return self._raises(statement), 1
        if isinstance(statement, ast.For) and not statement.orelse:
            return self._loop(statement)
        raise _NotYet("a statement of this kind is not carried over")

    def _assignment(self, statement: ast.Assign) -> str:
        names = {node.id for node in ast.walk(statement.targets[0]) if isinstance(node, ast.Name)}
        if not all(
            isinstance(node, ast.Name | ast.Tuple | ast.expr_context) for node in ast.walk(statement.targets[0])
        ):
            raise _NotYet("it changes an object")
        if names & set(self.symbols):
            raise _NotYet("it gives an answer's name another meaning")
        value = self._ours(statement.value)
        self.known |= names
        self.answers = self.answers | names if self._is_answer(statement.value) else self.answers - names
        self.objects = self.objects | names if self._is_object(statement.value) else self.objects - names
        return f"{ast.unparse(statement.targets[0])} = {value}"

    def _loop(self, statement: ast.For) -> tuple[list[str], int]:
        head = f"for {ast.unparse(statement.target)} in {self._ours(statement.iter)}:"
        before = set(self.known)
        self.known |= {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
        lines, checks = [head], 0
        try:
            for inner in statement.body:
                became, more = self._became(inner)
                lines += [f"    {line}" for line in became]
                checks += more
        except _NotYet:
            self.known = before
            raise
        return lines, checks

    def _raises(self, statement: ast.Try | ast.With) -> list[str]:
        """try: f(0); except ValueError: pass; else: raise AssertionError — or with pytest.raises(ValueError): f(0)."""
        if isinstance(statement, ast.Try):
            handlers = statement.handlers
            silent = len(handlers) == 1 and all(isinstance(node, ast.Pass) for node in handlers[0].body)
            wanted = handlers[0].type if silent and not statement.finalbody else None
            rest = [*statement.orelse, *statement.body[1:]]
            if not rest or not all(complains(node) for node in rest):
                wanted = None
        else:
            call = statement.items[0].context_expr if len(statement.items) == 1 else None
            is_raises = isinstance(call, ast.Call) and dotted(call.func) == "pytest.raises" and len(statement.body) == 1
            wanted = call.args[0] if is_raises and isinstance(call, ast.Call) and len(call.args) == 1 else None
        first = statement.body[0]
        if not isinstance(wanted, ast.Name) or not isinstance(first, ast.Expr) or not self._is_answer(first.value):
            raise _NotYet("it is not clear which exception which call should raise")
        return [
            f"with check.raises({wanted.id}, name={self._name(first.value)}):",
            f"    {self._ours(first.value)}",
        ]

    def _check(self, test: ast.expr) -> str:
        """A check for a comparison of an answer with what is wanted."""
        if isinstance(test, ast.Call):
            return self._called_comparison(test)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            operator, sides = test.ops[0], (test.left, test.comparators[0])
            if isinstance(operator, ast.Lt | ast.LtE) and (pair := difference(sides[0])):
                return self._near(*self._sorted(*pair), {"rtol": "0.0", "atol": self._ours(sides[1])})
            if isinstance(operator, ast.Eq | ast.Is):
                return self._equality(*self._sorted(*sides))
        raise _NotYet("it does not say which value is wanted")

    def _equality(self, got: ast.expr, want: ast.expr) -> str:
        if isinstance(want, ast.Call) and dotted(want.func) in ("pytest.approx", "approx") and want.args:
            return self._near(got, want.args[0], self._tolerances(want, (1e-6, 1e-12)))
        if isinstance(got, ast.Attribute) and got.attr == "shape" and isinstance(want, ast.Tuple):
            return self._compared("shape", got.value, want, {})
        return self._compared("equal" if is_literal(want) else "close", got, want, {})

    def _called_comparison(self, call: ast.Call) -> str:
        """np.allclose(f(x), y), torch.equal, np.testing.assert_allclose …"""
        name = dotted(call.func)
        key = name if name in CLOSE else name.rpartition(".")[2]
        if key not in CLOSE or len(call.args) < 2 or "." not in name:
            raise _NotYet("it does not say which value is wanted")
        if len(call.args) > 2 or any(
            word.arg not in (*_TOLERANCES, "err_msg", "msg", "verbose") for word in call.keywords
        ):
            raise _NotYet("its tolerances are not carried over")
        compared = self._near if key.endswith("isclose") else self._close
        return compared(*self._sorted(*call.args), self._tolerances(call, CLOSE[key]))

    def _tolerances(self, call: ast.Call, default: tuple[float, float] | None) -> dict[str, str]:
        found = {"rtol": repr(default[0]), "atol": repr(default[1])} if default else {}
        given = {_TOLERANCES[word.arg]: self._ours(word.value) for word in call.keywords if word.arg in _TOLERANCES}
        return found | given

    def _sorted(self, left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr]:
        """What came from the student, and what is wanted."""
        sides = [side for side in (left, right) if self._is_answer(side)]
        if len(sides) != 1:
            raise _NotYet("it compares two answers" if sides else "it calls no answer")
        return (left, right) if sides[0] is left else (right, left)

    def _near(self, got: ast.expr, want: ast.expr, more: dict[str, str]) -> str:
        """Of two numbers, whichever library they are of; of anything else as `_close`."""
        try:
            number = float(ast.literal_eval(want))
        except (ValueError, TypeError, SyntaxError):
            return self._close(got, want, more)
        cast = ast.Call(ast.Name("float", ast.Load()), [got], [])
        return self._compared("number", cast, ast.Constant(number), more, self._name(got))

    def _close(self, got: ast.expr, want: ast.expr, more: dict[str, str]) -> str:
        return self._compared("close", got, want, more)

    def _compared(self, check: str, got: ast.expr, want: ast.expr, more: dict[str, str], name: str = "") -> str:
        more = more | {"name": name or self._name(got)}
        options = ", ".join(f"{key}={value}" for key, value in more.items())
        return f"check.{check}({self._ours(got)}, {self._ours(want)}, {options})"

    def _name(self, got: ast.expr) -> str:
        """`squares(…)`: what a student may read of a hidden call."""
        shown = copy.deepcopy(got)
        for call in (node for node in ast.walk(shown) if isinstance(node, ast.Call)):
            if call.args or call.keywords:
                call.args, call.keywords = [ast.Name("…", ast.Load())], []
        return quoted(ast.unparse(shown))

    def _is_answer(self, expression: ast.expr) -> bool:
        nodes = list(ast.walk(expression))
        return any(isinstance(node, ast.Name) and node.id in (self.answers | set(self.symbols)) for node in nodes)

    def _is_object(self, expression: ast.expr) -> bool:
        return isinstance(expression, ast.Call) and self.symbols.get(dotted(expression.func), False)

    def _ours(self, expression: ast.expr) -> str:
        """The expression as the suite can say it; _NotYet when it names what the suite does not have."""
        functions = {id(node.func) for node in ast.walk(expression) if isinstance(node, ast.Call)}
        bound = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name) and stored(node)}
        bound |= {argument.arg for argument in ast.walk(expression) if isinstance(argument, ast.arg)}
        for node in ast.walk(expression):
            if isinstance(node, ast.Attribute) and (self._is_object(node.value) or dotted(node.value) in self.objects):
                raise _NotYet("it looks into an object of the student's: drive it in an @inside function")
            if not isinstance(node, ast.Name) or node.id in bound:
                continue
            if node.id in self.symbols and id(node) not in functions:
                raise _NotYet(f"it uses {node.id} without calling it")
            if node.id not in self.known and node.id not in self.symbols:
                raise _NotYet(f"it names {node.id}, which only the notebook has")
        return ast.unparse(Renamed(self.symbols).visit(copy.deepcopy(expression)))

    def _beside(self, statement: ast.stmt) -> Iterator[str]:
        """The calls of answers in a statement, for the hand that finishes it."""
        for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
            if dotted(call.func) in self.symbols:
                try:
                    yield f"{self._ours(call)}  # {UNFINISHED}"
                except _NotYet as why:
                    named = ast.unparse(Renamed(self.symbols).visit(copy.deepcopy(call)))
                    yield f"# {named}  # {UNFINISHED}: {why}"
