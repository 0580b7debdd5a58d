"""A hidden test called as the function it is: pytest collected it, but its protocol takes no part in the call.

    arguments(node) → how it is called, or None where pytest must call it
    limited(seconds): Overdue is raised in the test when its time is over

Setting up and tearing down, with reports that nobody reads, took a third of a millisecond a test: for ten items of u01
28 of 176 ms a submission (docs/explanation/throughput.md).  A test of a class, with a fixture of the suite's own, or
with a mark that pytest acts on goes through pytest as ever.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from types import FrameType

import pytest
from _pytest.outcomes import Failed

FIXTURES = frozenset({"student", "make", "mnist"})
MARKS = ("skip", "skipif", "xfail", "usefixtures", "filterwarnings")


class Overdue(Failed):
    """The test's own seconds are over, whoever used them."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Overdue(f"not done within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def arguments(node: pytest.Function) -> Mapping[str, object] | None:
    """The parameters of `@pytest.mark.parametrize`; FIXTURES are the caller's to add."""
    params: Mapping[str, object] = node.callspec.params if hasattr(node, "callspec") else {}
    own = {name for name in params if not node.session._fixturemanager.getfixturedefs(name, node)}
    plain = node.cls is None and set(node.fixturenames) <= FIXTURES | own
    if not plain or any(node.get_closest_marker(mark) for mark in MARKS):
        return None
    return {name: params[name] for name in own}


def seconds(node: pytest.Function) -> float | None:
    """Of its own `@pytest.mark.timeout(5)`; None where that is written another way."""
    mark = node.get_closest_marker("timeout")
    if mark is None or len(mark.args) != 1 or mark.kwargs.keys() - {"method"}:
        return None
    return float(mark.args[0])
