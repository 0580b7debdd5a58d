"""A hidden test called as the function it is: pytest collected it, but its protocol takes no part in the call.

    direct(node) → Direct: how it is called, or None where pytest must call it
    limited(seconds): Overdue is raised in the test when its time is over

Setting up and tearing down, with reports that nobody reads, took a third of a millisecond a test: for ten items of u01
28 of 176 ms a submission (docs/explanation/throughput.md).  A test of a class, with a fixture of the suite's own, or
with a mark that pytest acts on goes through pytest as ever.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType

import pytest
from _pytest.outcomes import Failed

FIXTURES = frozenset({"student", "make", "mnist"})
MARKS = ("skip", "skipif", "xfail", "usefixtures", "filterwarnings")


class Overdue(Failed):
    """The test's own seconds are over, whoever used them."""


@dataclass(frozen=True, eq=False)
class Direct:
    """What a test takes: FIXTURES by name, the values of `@pytest.mark.parametrize`, and at most so many seconds."""

    fixtures: frozenset[str]
    parameters: Mapping[str, object]
    seconds: float


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


def direct(node: pytest.Function) -> Direct | None:
    params: Mapping[str, object] = node.callspec.params if hasattr(node, "callspec") else {}
    own = {name for name in params if not node.session._fixturemanager.getfixturedefs(name, node)}
    plain = node.cls is None and set(node.fixturenames) <= FIXTURES | own
    limit = node.get_closest_marker("timeout")
    by_number = limit is not None and len(limit.args) == 1 and not limit.kwargs.keys() - {"method"}
    if limit is None or not plain or not by_number or any(node.get_closest_marker(mark) for mark in MARKS):
        return None
    return Direct(FIXTURES.intersection(node.fixturenames), {name: params[name] for name in own}, float(limit.args[0]))
