"""Causes that change every entry in the same way: nothing stored, a sign, a factor, an offset.

Rules get the wanted values `e` and the actual ones `a`: float64, finite, equal in shape, not equal in value.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from autograder.checks.case import Case, coarseness
from autograder.models import Diagnosis, Message, msg

SizeRule = Callable[[float, Message, int, Case], Diagnosis | None]

ALSO_SIGN = msg("The sign is wrong, too.")
WHICH_STATISTICS = msg("Population or sample statistics? Look at `correction` or `unbiased`.")
CONSTANTS: tuple[tuple[str, float, Message, Message | None], ...] = (
    (
        "factor_two",
        2.0,
        msg("{name} is twice the right answer"),
        msg("The derivative of a square, a gradient added twice, or a ½ left out?"),
    ),
    ("factor_half", 0.5, msg("{name} is half the right answer"), msg("Is a factor 2 left out, or a ½ too many?")),
    ("log2", 1 / math.log(2), msg("{name} is in base-2 logarithms, natural ones are wanted"), None),
    ("log10", 1 / math.log(10), msg("{name} is in base-10 logarithms, natural ones are wanted"), None),
    ("ln_for_log2", math.log(2), msg("{name} is in natural logarithms, base-2 ones are wanted"), None),
    ("ln_for_log10", math.log(10), msg("{name} is in natural logarithms, base-10 ones are wanted"), None),
    ("times_100", 100.0, msg("{name} is 100 times the right answer"), msg("A percentage where a fraction is wanted?")),
    ("times_255", 255.0, msg("{name} is 255 times the right answer"), msg("Pixels that were not scaled to [0, 1]?")),
    ("over_255", 1 / 255.0, msg("{name} is the right answer divided by 255"), msg("Pixels that were scaled twice?")),
)


def all_zero(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if e.numel() >= 3 and case.scale > 0 and (case.rich or not case.whole) and not bool(a.any()):
        hint = msg("Computed and never stored, or was the graph cut (detach, no_grad, a fresh tensor)?")
        return case.says("zeros", msg("{name} is 0 everywhere"), hint)
    return None


def constant(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if case.rich and bool((a == a.reshape(-1)[0]).all()):
        return case.says("constant", msg("{name} has the same value everywhere, its entries should differ"))
    return None


def negated(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    return case.says("sign", msg("{name} has the wrong sign")) if case.credible and case.same(-a, e) else None


def inverted(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    both = case.want.dtype == case.got.dtype == torch.bool and e.numel() >= 12 and 0 < int(e.sum()) < e.numel()
    if both and bool((a != e).all()):
        return case.says("inverted", msg("{name} is True where it should be False, and False where it should be True"))
    return None


def factor(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """One factor for all: a size the suite named, a known constant, a size of the shape, or just a factor."""
    if case.whole or not case.credible or case.scale == 0:
        return None
    k = float((a * e).sum() / (e * e).sum())
    if abs(k) < 1e-12 or not case.same(a / k, e):
        return None
    found = _named(abs(k), case)
    if not found and case.rich:
        found = case.says("factor", msg("{name} is the right answer times one factor that should not be there"))
    return Diagnosis(found.code, found.words, ALSO_SIGN) if found and k < 0 else found


def _named(k: float, case: Case) -> Diagnosis | None:
    given = [(Message(name), n) for name, n in case.sizes.items()]
    shape, inputs = _shape_sizes(case), _input_sizes(case)
    return (
        _first(_size, given, k, case)
        or _constant(k, case)
        or _argument(k, case)
        or _first(_confused, given, k, case)
        or _first(_size, shape, k, case)
        or _first(_size, inputs, k, case)
        or _first(_confused, shape, k, case)
        or _first(_confused, inputs, k, case)
        or _first(_twice, given + shape + inputs, k, case)
        or _some_n(k, case)
    )


def _shape_sizes(case: Case) -> list[tuple[Message, int]]:
    sizes = [(msg("the size of dimension {dim}", dim=dim), n) for dim, n in enumerate(case.want.shape)]
    return sizes + ([(msg("the number of entries"), case.want.numel())] if len(sizes) > 1 else [])


def _input_sizes(case: Case) -> list[tuple[Message, int]]:
    """The sizes of what the call was given, each number once."""
    found: dict[int, Message] = {}
    for given in case.given:
        if isinstance(given.value, Tensor):
            for dim, n in enumerate(given.value.shape):
                found.setdefault(n, msg("the size of dimension {dim} of {input}", dim=dim, input=given.words))
            found.setdefault(given.value.numel(), msg("the number of entries of {input}", input=given.words))
    return [(words, n) for n, words in found.items()]


def known_factors(case: Case) -> list[tuple[Message | str, float]]:
    """What a factor may be, the likeliest first."""
    sizes = [(Message(name), n) for name, n in case.sizes.items()] + _shape_sizes(case) + _input_sizes(case)
    numbers = [(given.words, abs(float(given.value))) for given in case.numbers]
    return [("2", 2.0), *((words, n) for words, n in [*numbers, *sizes] if n not in (0, 1, 2))]


def _argument(k: float, case: Case) -> Diagnosis | None:
    """A number that the call was given: a learning rate, a momentum, a temperature."""
    for given in case.numbers:
        value = abs(float(given.value))
        if value in (0.0, 1.0) or not math.isfinite(value):
            continue
        hint = msg("Is it applied twice, or left out?")
        if _near(k, value, case):
            return case.says("times_input", msg("{name} is the right answer times {input}", input=given.words), hint)
        if _near(k, 1 / value, case):
            words = msg("{name} is the right answer divided by {input}", input=given.words)
            return case.says("over_input", words, hint)
    return None


def _twice(k: float, size: Message, n: int, case: Case) -> Diagnosis | None:
    """A size and a 2 at once, as in the derivative of a mean of squares."""
    if n < 3 or not case.rich:
        return None
    return _size(k, msg("twice {size}", size=size), 2 * n, case) or _size(k, msg("half {size}", size=size), n / 2, case)


def _first(rule: SizeRule, sizes: list[tuple[Message, int]], k: float, case: Case) -> Diagnosis | None:
    return next(filter(None, (rule(k, size, n, case) for size, n in sizes)), None)


def _constant(k: float, case: Case) -> Diagnosis | None:
    for code, value, words, hint in CONSTANTS:
        if _near(k, value, case):
            return case.says(code, words, hint)
    return None


def _size(k: float, size: Message, n: float, case: Case) -> Diagnosis | None:
    if n > 1 and _near(k, n, case):
        words = msg("{name} is too large by a factor, {size}", size=size)
        return case.says("times_size", words, msg("Is there a sum where a mean is wanted?"))
    if n > 1 and _near(k, 1 / n, case):
        words = msg("{name} is too small by a factor, {size}", size=size)
        return case.says("over_size", words, msg("Divided once too often, or a mean where a sum is wanted?"))
    return None


def _confused(k: float, size: Message, n: int, case: Case) -> Diagnosis | None:
    """n for n − 1, or a square root."""
    if n > 2 and any(_near(k, f, case) for f in _bessel(n)):
        words = msg("{name} divides by n where n − 1 is wanted, or the other way round; n is {size}", size=size)
        return case.says("bessel", words, WHICH_STATISTICS)
    if n > 2 and any(_near(k, f, case) for f in (math.sqrt(n), 1 / math.sqrt(n))):
        return case.says("root_of_size", msg("{name} is off by a factor, the square root of {size}", size=size))
    return None


def _some_n(k: float, case: Case) -> Diagnosis | None:
    """n for n − 1 where n is no size of the shape."""
    if case.rich and coarseness(case.got) < 1e-12 and any(_near(k, f, case) for n in range(3, 130) for f in _bessel(n)):
        words = msg("{name} divides by n where n − 1 is wanted, or the other way round")
        return case.says("bessel", words, WHICH_STATISTICS)
    return None


def _bessel(n: int) -> tuple[float, ...]:
    """Variance and standard deviation, unbiased where biased is wanted and the other way round."""
    return n / (n - 1), math.sqrt(n / (n - 1)), (n - 1) / n, math.sqrt((n - 1) / n)


def _near(k: float, value: float, case: Case) -> bool:
    return abs(k / value - 1) < max(case.story_rtol, 1e-6)


def offset(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    d = a - e
    middle = float(d.mean())
    if not case.rich or float((d - middle).abs().max()) > case.story_rtol * max(case.scale, abs(middle)):
        return None
    if case.whole and abs(middle) == 1:
        return case.says("off_by_one", msg("{name} is off by one everywhere"), msg("Does it count from 0 or from 1?"))
    within = 8 * max(coarseness(case.want), coarseness(case.got)) * max(case.scale, abs(middle)) + 1e-12 * case.scale
    for given in case.numbers:
        if abs(middle) > 100 * within and abs(abs(middle) - abs(float(given.value))) <= within:
            return case.says("offset", msg("{name} is off by {input} everywhere", input=given.words))
    return case.says("offset", msg("{name} is off by the same amount everywhere"))


def offset_along(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """Right up to one number per row or per column: a bias or a mean."""
    d = a - e
    for dim in _lines(e, case):
        spread = d - d.mean(dim, keepdim=True)
        if float(spread.abs().max()) <= case.story_rtol * max(case.scale, float(d.abs().max())):
            hint = msg("A bias or a mean that is missing, added twice, or taken along the wrong dimension?")
            words = (
                msg("{name} is right up to one added number per column"),
                msg("{name} is right up to one added number per row"),
            )
            return case.says("offset_along", words[dim], hint)
    return None


def factor_along(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """Right up to one factor per row or per column: a normalisation."""
    for dim in _lines(e, case):
        k = (a * e).sum(dim, keepdim=True) / (e * e).sum(dim, keepdim=True).clamp(min=1e-300)
        if bool((k.abs() > 1e-9).all()) and case.same(a / k, e):
            hint = msg("A division (by a norm, std or sum) that is missing, or taken along the wrong dimension?")
            words = (
                msg("{name} is right up to one factor per column"),
                msg("{name} is right up to one factor per row"),
            )
            return case.says("factor_along", words[dim], hint)
    return None


def _lines(e: Tensor, case: Case) -> list[int]:
    """The dimensions of a matrix along which there is enough to see a pattern."""
    if e.dim() != 2 or case.whole or not case.rich:
        return []
    return [dim for dim in (0, 1) if e.shape[dim] >= 3 and e.shape[1 - dim] >= 2]
