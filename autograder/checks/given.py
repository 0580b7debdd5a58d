"""What the call behind an answer was given, so that a factor, a step or a NaN can be traced to an argument.

    Session.trace → given_for(got) → Case.given → input_rules, amount_rules, nonfinite

A suite hands `check.close` two values and no more; the session that runs the test keeps each call with its arguments.
The call is the one that returned this very object, else the last one.  Without a session (public tests on a student's
own machine) nothing was given and the rules that look at it stay silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from autograder.checks.inside import runner
from autograder.models import Message, msg

MOST = 24  # tensors and numbers of one call
RECENT = 50  # calls that are looked through for the one that returned a value
DEPTH = 3
LARGE = 200_000  # entries of a tensor that is still looked at
RATES = frozenset({"lr", "learning_rate", "eta", "step_size", "alpha"})


class Asked(Protocol):
    """One call as the session keeps it."""

    @property
    def arguments(self) -> tuple[object, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def returned(self) -> object: ...
    @property
    def inside(self) -> bool: ...


@dataclass(frozen=True)
class Given:
    """A tensor or a number among the arguments.  `words` names its argument; `rate`: its name says learning rate."""

    words: Message
    value: Tensor | float
    rate: bool = False


def given_for(got: object) -> tuple[Given, ...]:
    """What the call that returned `got` was given; nothing outside of a grading run."""
    trace: Sequence[Asked] = getattr(runner.get(), "trace", ())
    if not trace:
        return ()
    recent = trace[-1 : -RECENT - 1 : -1]
    call = next((call for call in recent if _holds(call.returned, got, DEPTH)), recent[0])
    return tuple(_given(call))


def _given(call: Asked) -> Iterator[Given]:
    found = 0
    for place, argument in enumerate(call.arguments):
        name = call.names[place] if place < len(call.names) else str(place + 1)
        words = _called(name, call.inside)
        for value in _values(argument, DEPTH):
            yield Given(words, value, name in RATES)
            found += 1
            if found == MOST:
                return


def _called(name: str, inside: bool) -> Message:
    """An argument as the student knows it; what the suite's own function was given has no number in their eyes."""
    if name in RATES:
        return msg("the learning rate")
    return msg("an input") if inside else msg("argument {place}", place=name)


def _values(value: object, depth: int) -> Iterator[Tensor | float]:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size <= LARGE:
        yield torch.from_numpy(np.array(value, dtype=np.float64, order="C"))
    elif isinstance(value, Tensor):
        plain = value.device.type == "cpu" and value.layout is torch.strided and not value.is_complex()
        if plain and value.numel() <= LARGE:
            yield value.detach()
    elif type(value) in (int, float):
        yield float(value)  # type: ignore[arg-type]
    elif depth and isinstance(value, (list, tuple)):
        for inner in value[:MOST]:
            yield from _values(inner, depth - 1)
    elif depth and isinstance(value, dict):
        for inner in list(value.values())[:MOST]:
            yield from _values(inner, depth - 1)


def _holds(returned: Any, got: object, depth: int) -> bool:
    """Is `got` what came back, or an entry of it?"""
    if returned is got:
        return got is not None
    if depth and isinstance(returned, (list, tuple)):
        return any(_holds(inner, got, depth - 1) for inner in returned[:MOST])
    if depth and isinstance(returned, dict):
        return any(_holds(inner, got, depth - 1) for inner in list(returned.values())[:MOST])
    return False
