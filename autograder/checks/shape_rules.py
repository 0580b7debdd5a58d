"""Causes of a wrong shape, the most specific first.

Each rule gets the wanted values `e`, the actual ones `a` (float64, finite, not empty, unequal in shape) and the case.
"""

from __future__ import annotations

import itertools

from torch import Tensor

from autograder.checks.case import Case, Rule, spelled
from autograder.models import Diagnosis, Message, Words, msg


def explain_shape(case: Case) -> Diagnosis:
    """The first cause that fits; else what the shape is, what it should be, and a suspicion as the hint."""
    if case.plain and case.a.numel() and case.e.numel():
        for rule in RULES:
            found = rule(case.e, case.a, case)
            if found is not None:
                return found
    got, want = spelled(case.got.shape), spelled(case.want.shape)
    words = msg("{name} has shape {got}, it should be {want}", got=got, want=want)
    return case.says("shape", words, _suspicion(case.e, case.a))


def _says(case: Case, code: str, cause: Message, hint: Words | None = None) -> Diagnosis:
    got, want = spelled(case.got.shape), spelled(case.want.shape)
    words = msg("{name} has shape {got}, it should be {want}: {cause}", got=got, want=want, cause=cause)
    return case.says(code, words, hint)


def reduction_missing(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """One number is wanted, its parts came."""
    if e.numel() != 1 or not case.credible:
        return None
    if case.same(a.mean().reshape(e.shape), e):
        return _says(case, "mean_missing", msg("the parts are right, their mean is missing"))
    if case.same(a.sum().reshape(e.shape), e):
        return _says(case, "sum_missing", msg("the parts are right, their sum is missing"))
    return None


def reduction_missing_along(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if not case.credible or a.dim() not in (e.dim(), e.dim() + 1):
        return None
    for dim in range(a.dim()):
        keepdim = a.dim() == e.dim()
        if case.same(a.sum(dim, keepdim), e):
            return _says(case, "sum_missing", msg("it still has to be summed over dimension {dim}", dim=dim))
        if case.same(a.mean(dim, keepdim), e):
            return _says(case, "mean_missing", msg("the mean over dimension {dim} is missing", dim=dim))
    return None


def reduced_too_far(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if not case.rich or case.whole or a.dim() > e.dim():
        return None
    for dim in range(e.dim()):
        reduced = (f(dim, keepdim) for f in (e.sum, e.mean) for keepdim in (False, True))
        if e.shape[dim] > 1 and any(_says_something(r, case) and case.same(a, r) for r in reduced):
            return _says(case, "reduced_too_far", msg("it was summed or averaged over dimension {dim}", dim=dim))
    if a.numel() == 1 and any(_says_something(r, case) and case.same(a.reshape(()), r) for r in (e.sum(), e.mean())):
        return _says(case, "reduced_too_far", msg("it was summed or averaged to a single number"))
    return None


def _says_something(reduced: Tensor, case: Case) -> bool:
    """A sum that is 0, or 1 as of probabilities, by construction fits every 0 and 1."""
    whole = bool((reduced - reduced.round()).abs().max() < 1e-9)
    return not whole and float(reduced.abs().max()) > 1e-6 * case.scale


def ones_dims(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if _without_ones(a) != _without_ones(e) or not case.same(a.reshape(e.shape), e):
        return None
    hint = msg("Look at keepdim, squeeze and unsqueeze.")
    if a.dim() > e.dim():
        return _says(case, "extra_dim", msg("the values are right, a dimension of size 1 is extra"), hint)
    if a.dim() < e.dim():
        return _says(case, "missing_dim", msg("the values are right, a dimension of size 1 is missing"), hint)
    return _says(case, "misplaced_dim", msg("the values are right, the dimension of size 1 is in another place"), hint)


def transposed(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if not case.shuffled or a.dim() != e.dim() or not 2 <= a.dim() <= 5 or sorted(a.shape) != sorted(e.shape):
        return None
    for order in itertools.permutations(range(a.dim())):
        if case.same(a.permute(order), e):
            if a.dim() == 2:
                return _says(case, "transposed", msg("it is transposed (.T is missing or extra)"))
            return _says(case, "permuted", msg("the values are right, the dimensions are permuted"))
    return None


def reshaped(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if case.shuffled and case.same(a.reshape(-1), e.reshape(-1)):
        return _says(case, "reshaped", msg("the numbers and their order are right, only the reshape is wrong"))
    return None


def outer(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """(n, 1) met (n,): entry [i, j] mixes i with j, so the diagonal is what was wanted."""
    if case.rich and _square_of(e, a) and case.same(a.diagonal(), e.reshape(-1)):
        hint = msg("Bring both to the same shape first: squeeze or index one of them.")
        return _says(case, "outer", msg("(n, 1) met (n,), and broadcasting made (n, n) of them"), hint)
    return None


def part_of_it(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """The same up to where the shorter one ends."""
    differing = [dim for dim, (m, n) in enumerate(zip(a.shape, e.shape, strict=False)) if m != n]
    if a.dim() != e.dim() or len(differing) != 1:
        return None
    dim = differing[0]
    n = min(a.shape[dim], e.shape[dim])
    wanted = e.narrow(dim, 0, n)
    if len(set(wanted.reshape(-1).tolist())) < 4 or not case.same(a.narrow(dim, 0, n), wanted):
        return None
    if a.shape[dim] < e.shape[dim]:
        cause = msg("what is there is right, the end of dimension {dim} is missing", dim=dim)
        return _says(case, "end_missing", cause, msg("Is the last, smaller part left out? Off by one?"))
    cause = msg("it begins right and goes on too long along dimension {dim}", dim=dim)
    return _says(case, "too_long", cause, msg("Is a range one too long, or padding left in?"))


def _without_ones(t: Tensor) -> list[int]:
    return [n for n in t.shape if n != 1]


def _square_of(e: Tensor, a: Tensor) -> bool:
    """`e` is a vector (or a row, or a column) of n entries and `a` is (n, n)."""
    return len(_without_ones(e)) == 1 and tuple(a.shape) == (e.numel(), e.numel())


def _suspicion(e: Tensor, a: Tensor) -> Words | None:
    """What the shapes alone suggest."""
    if _square_of(e, a):
        return msg("Did a tensor of shape (n, 1) meet one of shape (n,)? Broadcasting makes (n, n) of them.")
    if a.dim() == e.dim() and sorted(a.shape) == sorted(e.shape):
        return msg("Are two dimensions swapped?")
    if _without_ones(a) == _without_ones(e):
        return msg("Look at keepdim, squeeze and unsqueeze.")
    if a.dim() < e.dim():
        return msg("A dimension is missing: was it reduced or indexed away?")
    if a.dim() > e.dim():
        return msg("There is a dimension too many: is a sum, a mean or an index left out?")
    return None


RULES: tuple[Rule, ...] = (
    reduction_missing,
    ones_dims,
    transposed,
    reshaped,
    outer,
    reduction_missing_along,
    reduced_too_far,
    part_of_it,
)
