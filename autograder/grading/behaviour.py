"""What a failed test's calls did that the reference's did not: kept a state, cut the graph, wrote into an input, …

    differences(trace of the student, trace of the reference) → diagnoses

Only asked after a failure, and only of what differs from the reference under the same calls, so nobody is accused of
what the item allows.  The evidence comes from the worker: it can explain a failure, never cause or lift one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from autograder.grading.complaints import COMPLAINTS
from autograder.models import GENERAL, Diagnosis, Message, msg
from autograder.sandbox.proxy import Call, Handle, same
from autograder.sandbox.shared import SharedData

MOST = 40  # calls of one test that are compared
ENOUGH = 12  # times yes or no
FINE = 1e-6  # relative: two right ways to compute may round differently
# what a check says when it knows no cause: behaviour is only looked at then
OPEN = GENERAL | {
    *COMPLAINTS, "raised", "wrong_form", "property", "none", "zeros", "constant", "unchanged", "nan", "infinite",
    "length", "kind", "one_entry", "some_zero", "first_slice", "last_slice", "one_slice", "precision", "graph",
    "wrong_exception", "factor", "factor_two", "factor_half", "offset", "negatives", "first_loss", "first_update",
    "later_step",
    "over_input", "times_input", "step_factor", "end_missing", "too_long", "zeros_wrong", "reordered", "type",
    "missing_key", "extra_key", "bessel", "times_size", "over_size", "at_negative", "at_zero",
    "joined", "axes", "not_drawn", "no_line", "no_picture", "place", "scale", "picture_sizes", "metric",
}  # fmt: skip

LEFT: dict[str, tuple[str, Message, Message]] = {
    "training": (
        "training_flag",
        msg("{call} leaves the model in another mode (train or eval) than it was in"),
        msg("Remember model.training before, and call model.train(was_training) at the end."),
    ),
    "grad": (
        "grad_mode",
        msg("{call} leaves gradients switched off or on for everything that comes after it"),
        msg("Use `with torch.no_grad():`, which puts it back, not torch.set_grad_enabled."),
    ),
    "dtype": (
        "default_dtype",
        msg("{call} changes the default dtype for everything that comes after it"),
        msg("Give each tensor its dtype: dtype=…"),
    ),
}


def is_open(told: Sequence[Diagnosis]) -> bool:
    """Does what was said leave the cause open?"""
    return all(diagnosis.code in OPEN for diagnosis in told)


def is_unnamed(told: Sequence[Diagnosis]) -> bool:
    """Could a slip say more?  A wrong dtype is told with both dtypes."""
    return is_open(told) and not all(diagnosis.code == "dtype" for diagnosis in told)


def differences(mine: Sequence[Call], right: Sequence[Call]) -> tuple[Diagnosis, ...]:
    """At most one diagnosis of each kind, the likeliest cause first."""
    pairs = []
    for x, y in zip(mine[:MOST], right[:MOST], strict=False):
        if x.name != y.name or len(x.arguments) != len(y.arguments) or isinstance(y.returned, Exception):
            break
        pairs.append((x, y))
    looks: tuple[Callable[[list[tuple[Call, Call]]], Iterator[Diagnosis]], ...] = (_kept, _left, _changed, _graph, _rng)
    found = (next(look(pairs), None) for look in looks)
    return tuple(diagnosis for diagnosis in found if diagnosis is not None)


def _kept(pairs: list[tuple[Call, Call]]) -> Iterator[Diagnosis]:
    """Two calls that should have agreed and do not, or should not and do."""
    hint = msg(
        "What outlives a call? A list or dict as a default argument, a global, an attribute, a cache, "
        "a tensor that was changed in place."
    )
    for (x1, y1), (x2, y2) in itertools.combinations(pairs, 2):
        if x1.name != x2.name or isinstance(x2.returned, Exception):
            continue
        asked = _same(x1.arguments, x2.arguments)
        wanted, met = _same(y1.returned, y2.returned, FINE), _same(x1.returned, x2.returned, FINE)
        began_right = _same(x1.returned, y1.returned, FINE)
        if asked and wanted and not met:
            if began_right:
                words = msg("{call} is right on its first call and not when it is called again", call=_called(x1))
                yield Diagnosis("first_call_only", words, hint)
            else:
                words = msg("{call} answers the same call differently when it is asked again", call=_called(x1))
                yield Diagnosis("state_kept", words, hint)
        if not asked and not wanted and met and began_right and _says_something(x1.returned):
            words = msg("{call} gives the answer of an earlier call again", call=_called(x1))
            yield Diagnosis("stale", words, hint)


def _left(pairs: list[tuple[Call, Call]]) -> Iterator[Diagnosis]:
    for x, y in pairs:
        for name in x.left:
            if name not in y.left:
                code, words, hint = LEFT[name]
                yield Diagnosis(code, Message(words.id, (("call", _called(x)),)), hint)


def _changed(pairs: list[tuple[Call, Call]]) -> Iterator[Diagnosis]:
    hint = msg(
        "An operation in place (`+=`, `x[...] =`, a name ending in `_`) writes into the caller's memory: "
        "work on a copy."
    )
    for x, y in pairs:
        for place in _changed_places(x):
            if place not in _changed_places(y):
                words = msg("{call} writes into what it is given, the right answer leaves it alone", call=_called(x))
                yield Diagnosis("input_changed", words, hint)


def _graph(pairs: list[tuple[Call, Call]]) -> Iterator[Diagnosis]:
    for x, y in pairs:
        for a, b in _tensors(x.returned, y.returned):
            if b.requires_grad and not a.requires_grad:
                words = msg("what {call} returns is cut off from the graph: no gradient reaches it", call=_called(x))
                hint = msg("detach(), .data, .item(), no_grad and torch.tensor(…) of a tensor cut it.")
                yield Diagnosis("graph_cut", words, hint)
            if a.requires_grad and not b.requires_grad:
                words = msg("what {call} returns still requires a gradient, the right answer does not", call=_called(x))
                yield Diagnosis("graph_kept", words, msg("detach() what is only read; update under no_grad."))


def _rng(pairs: list[tuple[Call, Call]]) -> Iterator[Diagnosis]:
    for x, y in pairs:
        if x.rng and not y.rng and not isinstance(x.returned, Exception):
            words = msg("{call} draws from (or seeds) a global random generator, the right answer does not",
                        call=_called(x))  # fmt: skip
            yield Diagnosis("rng_touched", words)


def _called(call: Call) -> str | Message:
    return msg("your code") if call.inside else f"`{call.name}`"


def _changed_places(call: Call) -> list[int]:
    if call.after is None or len(call.after) != len(call.arguments):
        return []
    pairs = enumerate(zip(call.arguments, call.after, strict=True))
    return [
        place
        for place, (given, after) in pairs
        if after is not None and not isinstance(given, SharedData) and not _same(given, after)
    ]


def _tensors(mine: object, right: object, depth: int = 3) -> Iterator[tuple[Tensor, Tensor]]:
    """Floating-point tensors that stand at the same place of both answers."""
    if isinstance(mine, Tensor) and isinstance(right, Tensor):
        if mine.is_floating_point() and right.is_floating_point():
            yield mine, right
    elif depth and isinstance(mine, (list, tuple)) and isinstance(right, (list, tuple)) and len(mine) == len(right):
        for a, b in zip(mine, right, strict=True):
            yield from _tensors(a, b, depth - 1)
    elif depth and isinstance(mine, dict) and isinstance(right, dict):
        for key in right:
            if key in mine:
                yield from _tensors(mine[key], right[key], depth - 1)


def _says_something(value: object) -> bool:
    """Not one of the values that many right answers share (None, True, 0, a handle)."""
    if isinstance(value, Tensor):
        return value.device.type != "meta" and value.numel() > 1 and int(torch.unique(value).numel()) > 1
    if isinstance(value, (list, tuple)):
        return any(map(_says_something, value))
    return isinstance(value, float) and value not in (0.0, 1.0)


def says_something(trace: Sequence[Call]) -> bool:
    """Did the answers hold more than a few times yes or no, as unlike things give them?"""
    bits = [_bits(call.returned) for call in trace]
    return None in bits or sum(filter(None, bits)) >= ENOUGH


def _bits(value: object) -> int | None:
    """How many times yes or no; None for what says more."""
    if isinstance(value, (list, tuple)):
        bits = list(map(_bits, value))
        return None if None in bits else sum(filter(None, bits))
    return int(value is not None) if value is None or isinstance(value, (bool, Handle)) else None


def _same(a: object, b: object, rtol: float = 0.0) -> bool:
    """Unlike handles are never known to be the same object."""
    if isinstance(a, Handle) or isinstance(b, Handle):
        return a is b
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_same(x, y, rtol) for x, y in zip(a, b, strict=True))
    try:
        return same(a, b, rtol=rtol)
    except (RuntimeError, TypeError, ValueError):
        return False
