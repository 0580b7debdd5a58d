"""Causes that move entries about: transposed, reversed, shifted, in another order.

Rules get the wanted values `e` and the actual ones `a`: float64, finite, equal in shape, not equal in value.
"""

from __future__ import annotations

import itertools

from torch import Tensor

from autograder.checks.case import Case, distinct
from autograder.models import Diagnosis, msg

MOST_ROLLED = 65  # places


def transposed(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if not case.shuffled or not 2 <= e.dim() <= 5:
        return None
    for order in itertools.permutations(range(e.dim())):
        if order != tuple(range(e.dim())) and case.same(a.permute(order), e):
            if e.dim() == 2:
                return case.says("transposed", msg("{name} is transposed (.T is missing or extra)"))
            return case.says("permuted", msg("{name} has the right values, its dimensions are permuted"))
    return None


def flipped(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    for dim in range(e.dim()):
        if case.shuffled and e.shape[dim] > 1 and case.same(a.flip(dim), e):
            return case.says("flipped", msg("{name} is reversed along dimension {dim}", dim=dim))
    return None


def shifted(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if not case.rich:
        return None
    for dim in range(e.dim()):
        n = e.shape[dim] - 1
        if n < 2:
            continue
        for mine, theirs in ((1, 0), (0, 1)):
            wanted = e.narrow(dim, theirs, n)
            if case.same(a.narrow(dim, mine, n), wanted) and distinct(wanted) >= 4:
                hint = msg("Does an index start at 1, or is a value taken one step too early or too late?")
                return case.says("shifted", msg("{name} is shifted by one along dimension {dim}", dim=dim), hint)
    return None


def rolled(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """Moved by more than one place, what falls out comes in at the other end."""
    if not case.shuffled:
        return None
    for dim in range(e.dim()):
        for places in range(2, min(e.shape[dim] - 1, MOST_ROLLED)):
            if case.same(a, e.roll(places, dim)) or case.same(a, e.roll(-places, dim)):
                hint = msg("Is a position counted from another end or from another start than the statement says?")
                return case.says("rolled", msg("{name} is rolled along dimension {dim}", dim=dim), hint)
    return None


def sorting(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """The same numbers along a dimension, sorted where they should not be or the other way round."""
    if not case.shuffled:
        return None
    for dim in range(e.dim()):
        if e.shape[dim] < 3 or not case.same(a.sort(dim).values, e.sort(dim).values):
            continue
        mine, theirs = _monotone(a, dim), _monotone(e, dim)
        if mine and not theirs:
            return case.says("sorted", msg("{name} is sorted along dimension {dim}, it should not be", dim=dim))
        if theirs and not mine:
            return case.says("unsorted", msg("{name} should be sorted along dimension {dim}", dim=dim))
    return None


def _monotone(t: Tensor, dim: int) -> bool:
    d = t.diff(dim=dim)
    return bool((d >= 0).all()) or bool((d <= 0).all())


def row_order(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if not case.shuffled or e.dim() < 2 or len(e) < 2 or distinct(e.reshape(len(e), -1).sum(1)) < len(e):
        return None
    rows, wanted = a.reshape(len(a), -1), e.reshape(len(e), -1)
    if case.same(rows[rows.sum(1).argsort()], wanted[wanted.sum(1).argsort()]):
        return case.says("row_order", msg("{name} has the right rows in another order"), msg("Shuffled, or sorted?"))
    return None


def reordered(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    if case.shuffled:
        hint = msg("A reshape or view where a transpose or permute is needed?")
        if e.dim() == 1:
            hint = msg("Shuffled, or sorted?")
        return case.says("reordered", msg("{name} has the right numbers in the wrong places"), hint)
    return None
