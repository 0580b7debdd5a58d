"""Causes that put a function over the answer, or leave one out: a lost sign, a missing root, logits for probabilities.

Rules get the wanted values `e` and the actual ones `a`: float64, finite, equal in shape, not equal in value.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from autograder.checks.case import Case, distinct
from autograder.models import Diagnosis, Message, msg

Named = tuple[str, Callable[[Tensor], Tensor], Message]

APPLIED: tuple[Named, ...] = (
    ("abs", torch.abs, msg("{name} holds the absolute values of the right answer: a sign is lost")),
    ("clamped", torch.relu, msg("{name} is 0 for every negative value: one ReLU or clamp too many")),
    ("squared", torch.square, msg("{name} holds the squares of the right values: is a square root missing?")),
    ("exp", torch.exp, msg("{name} holds exp of the right values: is a log missing?")),
    ("log", torch.log, msg("{name} holds the logarithms of the right values: log-probabilities for probabilities?")),
    ("sqrt", torch.sqrt, msg("{name} holds the square roots of the right values: std where the variance is wanted?")),
    ("reciprocal", torch.reciprocal, msg("{name} holds 1 divided by the right values")),
    ("complement", lambda t: 1 - t, msg("{name} holds 1 minus the right values: is p confused with 1 − p?")),
    ("sigmoid", torch.sigmoid, msg("{name} has one sigmoid too many")),
    ("tanh", torch.tanh, msg("{name} has one tanh too many")),
    ("softmax", lambda t: t.softmax(-1), msg("{name} has one softmax too many: logits are wanted")),
    ("log_softmax", lambda t: t.log_softmax(-1), msg("{name} has one log_softmax too many: logits are wanted")),
    ("rounded", torch.round, msg("{name} is rounded to whole numbers: an integer dtype or // somewhere?")),
    ("floored", torch.floor, msg("{name} is rounded down: an integer dtype or // somewhere?")),
    ("truncated", torch.trunc, msg("{name} has lost its decimals: an integer dtype somewhere?")),
)
LEFT_OUT: tuple[Named, ...] = (
    ("relu_missing", torch.relu, msg("{name} is right up to a ReLU (a clamp at 0) that is missing")),
    ("sigmoid_missing", torch.sigmoid, msg("{name} is right up to a sigmoid that is missing")),
    ("tanh_missing", torch.tanh, msg("{name} is right up to a tanh that is missing")),
    ("softmax_missing", lambda t: t.softmax(-1), msg("{name} is right up to a softmax that is missing")),
    ("log_softmax_missing", lambda t: t.log_softmax(-1), msg("{name} is right up to a log_softmax that is missing")),
)


def applied(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """The answer is f(right answer)."""
    if case.rich and not case.whole and e.dim() > 0:
        for code, f, words in APPLIED:
            image = f(e)
            if case.same(a, image) and distinct(image) >= 3:
                return case.says(code, words)
    return None


def left_out(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """The right answer is f(answer)."""
    if case.rich and not case.whole and e.dim() > 0:
        for code, f, words in LEFT_OUT:
            if case.same(f(a), e):
                return case.says(code, words)
    return None


def softmax_dim(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """Something sums to 1 along another dimension than it should."""
    if e.dim() < 2 or not case.rich or case.whole or bool((e < 0).any()):
        return None
    wanted = [dim for dim in range(e.dim()) if _sums_to_one(e, dim)]
    met = [dim for dim in range(e.dim()) if _sums_to_one(a, dim)]
    if wanted and met and not set(wanted) & set(met):
        words = msg("{name} should sum to 1 along dimension {want}, it does so along dimension {got}",
                    want=wanted[0], got=met[0])  # fmt: skip
        return case.says("softmax_dim", words)
    return None


def _sums_to_one(t: Tensor, dim: int) -> bool:
    return t.shape[dim] > 1 and bool(((t.sum(dim) - 1).abs() < 1e-5).all())


def low_precision(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """Close, and every entry a number that a coarser dtype has: the values went through it."""
    if case.whole or not case.rich or not case.got.is_floating_point():
        return None
    for dtype, name in ((torch.float16, "float16"), (torch.bfloat16, "bfloat16"), (torch.float32, "float32")):
        step = torch.finfo(dtype).eps
        coarser = step > torch.finfo(case.got.dtype).eps and _close(e, a, case, max(1e-3, step))
        if coarser and _representable(a, dtype) and not _representable(e, dtype):
            hint = msg("New tensors are float32 unless told otherwise: zeros_like(x), x.new_zeros(…) or dtype=x.dtype.")
            return case.says("low_precision", msg("{name} went through {dtype} on its way", dtype=name), hint)
    return None


def _representable(t: Tensor, dtype: torch.dtype) -> bool:
    return torch.equal(t.to(dtype).to(t.dtype), t)


def _close(e: Tensor, a: Tensor, case: Case, rtol: float = 1e-3) -> bool:
    return float(((a - e).abs() / (e.abs() + case.scale * 1e-3 + 1e-300)).max()) < rtol


def imprecise(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """Close, and not close enough; only said of many different values, where it gives none of them away."""
    if case.whole or not case.rich:
        return None
    if _close(e, a, case):
        hint = msg("A lower precision in between, an eps in another place, or a numeric derivative?")
        return case.says("precision", msg("{name} is close to the right answer and not equal to it"), hint)
    return None
