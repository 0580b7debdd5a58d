"""Numbers a test measures for `credit: ramp`: the suite computes one, the engine records it and makes points of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from autograder.checks.faults import CheckFailed
from autograder.models import Diagnosis, msg

_found: ContextVar[dict[str, float] | None] = ContextVar("metrics", default=None)


def metric(value: float, name: str = "accuracy") -> None:
    """Record `value` under `name`.  The last value wins; outside of `recording()` it is only validated.

    The suite computes it from what the student returned and from labels only the grader holds.
    Raises CheckFailed for NaN and infinity, TypeError for anything but a plain int or float.
    """
    if type(value) not in (int, float):
        raise TypeError(f"check.metric({name!r}) wants a plain float, not {type(value).__name__}")
    if not math.isfinite(value):
        raise CheckFailed(Diagnosis("metric", msg("{name} is not a finite number", name=name)))
    found = _found.get()
    if found is not None:
        found[name] = float(value)


@contextmanager
def recording() -> Iterator[dict[str, float]]:
    """Collects the metrics of what runs inside: name → value.  Recordings nest; the innermost collects."""
    found: dict[str, float] = {}
    token = _found.set(found)
    try:
        yield found
    finally:
        _found.reset(token)
