"""The last call of an item, remembered while one public test runs.

The item's function is wrapped in the student's module and put back afterwards.  A class is left alone: wrapping it
would change what the student made (`type(net) is TwoLayerNet`); the board shows the line of the test instead.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from autograder.board import values


@dataclass
class LastCall:
    """The call the test made last: calls that the student's functions make among themselves are not told."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    made: bool = False
    returned: bool = False
    depth: int = 0

    def __str__(self) -> str:
        return values.call(self.name, self.args, self.kwargs) if self.made else ""


@contextmanager
def watched(module: ModuleType | None, symbol: str) -> Iterator[LastCall]:
    """Remember the calls of `module.symbol` made inside the block."""
    last = LastCall(symbol)
    function = vars(module).get(symbol) if module is not None else None
    if module is None or not isinstance(function, FunctionType):
        yield last
        return
    setattr(module, symbol, _remembering(function, last))
    try:
        yield last
    finally:
        setattr(module, symbol, function)


def _remembering(function: FunctionType, last: LastCall) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if last.depth == 0:
            last.args, last.kwargs = values.snapshot(args), values.snapshot(kwargs)
            last.made, last.returned, last.result = True, False, None
        last.depth += 1
        try:
            result = function(*args, **kwargs)
        finally:
            last.depth -= 1
        if last.depth == 0:
            last.result, last.returned = values.snapshot(result), True
        return result

    return wrapper
