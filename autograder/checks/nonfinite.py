"""NaN and infinities where finite values are wanted, and which entries of which argument they come from.

An input is only named when the places agree: every NaN stands where the argument is 0, negative, too large for exp …,
and nowhere else.  Its values are not told, only what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.checks.case import Case, first_place
from autograder.models import Diagnosis, Message, msg

FEW = 4  # below it an agreement of places is too easily an accident
LARGE = 80.0  # exp overflows float32 above 88.7
LARGE_HALF = 10.0  # and float16 above 11.1

LOG = msg("A log of 0 or a division by 0: add a small eps, clamp, or use the stable function (log_softmax, xlogy).")
ROOT = msg("A log, a square root or a power of a negative number: is something missing before it?")
OVERFLOW = msg("exp overflows: subtract the largest value first, or use logsumexp, log_softmax, softplus.")
CARRIED = msg("They have to be masked or handled before anything is summed over them.")
NO_SPREAD = msg("A division by a norm, a sum or a standard deviation that is 0 there: add eps or treat it apart.")
NOTHING_LEFT = msg("A softmax or a mean over nothing: what should come out where everything is masked?")
UNKNOWN = msg("Overflow in exp, log of 0, 0 / 0, or a square root of a negative number?")


@dataclass(frozen=True)
class Trait:
    """What some entries have in common."""

    code: str
    words: Message
    hint: Message
    holds: Tensor
    few: bool = False  # rare enough in inputs to be believed of few entries


def explain_nonfinite(case: Case) -> Diagnosis | None:
    """NaN, or infinities, where finite values are wanted; shapes are equal."""
    fine = torch.isfinite(case.e)
    for code, kind, wrong in (("nan", "NaN", torch.isnan(case.a)), ("infinite", "inf", torch.isinf(case.a) & fine)):
        if bool(wrong.any()):
            return _from_input(kind, wrong, case) or _counted(code, kind, wrong, case)
    return None


def _counted(code: str, kind: str, wrong: Tensor, case: Case) -> Diagnosis:
    count, total = int(wrong.sum()), wrong.numel()
    if total == 1:
        return case.says(code, msg("{name} is {kind}", kind=kind), UNKNOWN)
    words = msg("{count} of {total} entries of {name} are {kind}, first at {place}",
                count=count, total=total, kind=kind, place=first_place(wrong))  # fmt: skip
    return case.says(code, words, UNKNOWN)


def _from_input(kind: str, wrong: Tensor, case: Case) -> Diagnosis | None:
    """Whole slices that are all one value or masked first, then entries, then what a slice holds somewhere."""
    tensors = [(given.words, given.value) for given in case.given if isinstance(given.value, Tensor)]
    tensors = [(name, x) for name, x in tensors if x.numel()]
    for look in (_one_number,) if wrong.numel() == 1 else (_whole_slices, _entries, _slices):
        for name, x in tensors:
            for trait, words in look(kind, wrong, name, x):
                return case.says(trait.code, words, trait.hint)
    return None


Found = Iterator[tuple[Trait, Message]]


def _one_number(kind: str, wrong: Tensor, name: Message, x: Tensor) -> Found:
    for trait in _of_one(name, x):
        if bool(trait.holds):
            yield trait, msg("{name} is {kind}, and {cause}", kind=kind, cause=trait.words)


def _entries(kind: str, wrong: Tensor, name: Message, x: Tensor) -> Found:
    if x.shape == wrong.shape:
        for trait in _of_entries(name, x, wrong):
            if _same_places(trait, wrong):
                yield trait, msg("{name} is {kind} exactly where {cause}", kind=kind, cause=trait.words)


def _whole_slices(kind: str, wrong: Tensor, name: Message, x: Tensor) -> Found:
    return _along(_of_uniform_slices, kind, wrong, name, x)


def _slices(kind: str, wrong: Tensor, name: Message, x: Tensor) -> Found:
    return _along(_of_slices, kind, wrong, name, x)


def _along(
    traits: Callable[[Message, Tensor, Tensor], Iterator[Trait]], kind: str, wrong: Tensor, name: Message, x: Tensor
) -> Found:
    """`wrong` is made of whole slices along a dimension that `x` has, too."""
    for dim in range(min(x.dim(), wrong.dim())):
        n = wrong.shape[dim]
        rows = wrong.movedim(dim, 0).reshape(n, -1)
        at = rows.any(1)
        if x.shape[dim] != n or n < 2 or not torch.equal(at, rows.all(1)):
            continue
        for trait in traits(name, x.movedim(dim, 0).reshape(n, -1), at):
            if _same_places(trait, at):
                words = msg(
                    "{name} is {kind} exactly at those indices along dimension {dim} where {cause}",
                    kind=kind,
                    dim=dim,
                    cause=trait.words,
                )
                yield trait, words


def _same_places(trait: Trait, wrong: Tensor) -> bool:
    return (trait.few or wrong.numel() >= FEW) and bool((trait.holds == wrong).all())


def _of_entries(name: Message, x: Tensor, wrong: Tensor) -> Iterator[Trait]:
    if x.is_floating_point():
        yield Trait("from_nonfinite", msg("{input} is NaN or infinite", input=name), CARRIED, ~torch.isfinite(x), True)
        yield Trait("overflow", msg("{input} is largest", input=name), OVERFLOW, _far_out(x.abs(), x, wrong), True)
    if x.dtype is not torch.bool:
        yield Trait("at_zero", msg("{input} is 0", input=name), LOG, x == 0)
        yield Trait("at_negative", msg("{input} is negative", input=name), ROOT, x < 0)
        yield Trait("at_negative", msg("{input} is 0 or negative", input=name), ROOT, x <= 0)
        yield Trait("at_zero", msg("{input} is 0 or 1", input=name), LOG, (x == 0) | (x == 1))
        yield Trait("at_zero", msg("{input} is 1", input=name), LOG, x == 1)


def _of_uniform_slices(name: Message, x: Tensor, wrong: Tensor) -> Iterator[Trait]:
    """`x` has one row for each index: those rows that hold a single value."""
    if x.is_floating_point():
        words = msg("{input} is infinite throughout", input=name)
        yield Trait("masked_out", words, NOTHING_LEFT, torch.isinf(x).all(1), True)
    if x.dtype is torch.bool:
        yield Trait("masked_out", msg("{input} is False throughout", input=name), NOTHING_LEFT, ~x.any(1), True)
        yield Trait("masked_out", msg("{input} is True throughout", input=name), NOTHING_LEFT, x.all(1), True)
    elif x.shape[1] > 1:
        yield Trait("no_spread", msg("{input} is 0 throughout", input=name), NO_SPREAD, (x == 0).all(1), True)
        words = msg("{input} has the same value throughout", input=name)
        yield Trait("no_spread", words, NO_SPREAD, (x == x[:, :1]).all(1), True)


def _of_slices(name: Message, x: Tensor, wrong: Tensor) -> Iterator[Trait]:
    """What a row holds somewhere."""
    if x.is_floating_point():
        words = msg("{input} holds NaN or infinity", input=name)
        yield Trait("from_nonfinite", words, CARRIED, ~torch.isfinite(x).all(1), True)
        top = _far_out(x.abs().amax(1), x, wrong)
        yield Trait("overflow", msg("{input} holds its largest values", input=name), OVERFLOW, top, True)
    if x.dtype is not torch.bool:
        yield Trait("at_zero", msg("{input} holds a 0", input=name), LOG, (x == 0).any(1))
        yield Trait("at_negative", msg("{input} holds a negative value", input=name), ROOT, (x < 0).any(1))


def _of_one(name: Message, x: Tensor) -> Iterator[Trait]:
    """One number came out: only what ordinary inputs do not have is named."""
    if x.numel() > 1 and x.dtype is not torch.bool:
        yield Trait("no_spread", msg("{input} is 0 throughout", input=name), NO_SPREAD, (x == 0).all())
    if x.is_floating_point():
        words = msg("{input} holds NaN or infinity", input=name)
        yield Trait("from_nonfinite", words, CARRIED, ~torch.isfinite(x).all())
        words = msg("{input} holds values for which exp overflows", input=name)
        yield Trait("overflow", words, OVERFLOW, x.abs().max() >= _limit(x))
        shares = bool(((x >= 0) & (x <= 1)).all()) and x.numel() > 1
        words = msg("{input} holds probabilities that are 0 or 1", input=name)
        yield Trait("at_zero", words, LOG, torch.tensor(shares) & ((x == 0) | (x == 1)).any())


def _far_out(size: Tensor, x: Tensor, wrong: Tensor) -> Tensor:
    """`wrong` itself where it holds all entries beyond what exp can take and they are larger than the rest."""
    beyond = bool(torch.isfinite(size).all()) and float(size[wrong].min()) >= _limit(x)
    apart = bool(wrong.all()) or (beyond and float(size[~wrong].max()) < float(size[wrong].min()))
    return wrong if beyond and apart else torch.zeros_like(wrong)


def _limit(x: Tensor) -> float:
    return LARGE_HALF if x.dtype is torch.float16 else LARGE
