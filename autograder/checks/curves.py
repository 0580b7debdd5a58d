"""Loss curves: the first step that differs says which part of a training loop is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from autograder.checks.amount_rules import factor, negated
from autograder.checks.case import Case
from autograder.checks.faults import CheckFailed
from autograder.checks.kinds import same_kind, wrong_kind, wrong_length
from autograder.models import Diagnosis, msg


def trajectory(
    got: object,
    want: list[float],
    *,
    name: str = "losses",
    rtol: float = 1e-6,
    atol: float | None = None,
    sizes: Mapping[str, int] | None = None,
) -> None:
    """Fail unless `got` is a list of plain floats equal to `want` step by step, `want` being finite and not empty.

    `atol` None: a millionth of `rtol` of the largest loss.  A loss that has fallen to nothing is the square of a
    difference of equal numbers, and holds no digit that two right answers share.

    The words say which step is the first to differ, and name a curve that never moves, lags by one step or is scaled.
    """
    if not want or not all(type(value) is float and math.isfinite(value) for value in want):
        raise ValueError("a trajectory is compared with finite floats, at least one")
    floor = 1e-6 * rtol * max(map(abs, want)) if atol is None else atol
    found = _difference(got, want, Case(name, _curve(want), _curve(want), rtol, floor, dict(sizes or {})))
    if found:
        raise CheckFailed(found)


def _curve(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _difference(got: object, want: list[float], case: Case) -> Diagnosis | None:
    name = case.name
    if not isinstance(got, list) or not same_kind(got, want):
        return wrong_kind(got, want, name)
    for i, value in enumerate(got):
        if type(value) is not float:
            return wrong_kind(value, want[0], f"{name}[{i}]")
    mine = _curve(got)
    if len(got) != len(want):
        found = wrong_length(got, want, name)
        both = min(len(got), len(want))
        if both > 2 and case.same(mine[:both], case.e[:both]):
            hint = msg("What is there is right: is the last step left out, or one too many?")
            return Diagnosis("length", found.words, hint)
        return found
    case = Case(name, case.want, mine, case.rtol, case.atol, case.sizes)
    wrong = case.bad
    if not bool(wrong.any()):
        return None
    first = int(wrong.nonzero()[0])
    if not bool(torch.isfinite(mine).all()):
        step = int((~torch.isfinite(mine)).nonzero()[0])
        words = msg("{name} is NaN or infinite from index {step} on", step=step)
        return case.says(
            "nan", words, msg("Does it diverge (learning rate, sign of the update), or is there a log of 0?")
        )
    return _shape_of_curve(mine, case) or _first_step(first, case)


def _shape_of_curve(mine: Tensor, case: Case) -> Diagnosis | None:
    want = case.e
    if len(mine) >= 3 and bool((mine == mine[0]).all()) and not bool((want == want[0]).all()):
        hint = msg(
            "Are the parameters updated in place, is it the optimizer's step that moves them, and are their gradients "
            "still there when it does?"
        )
        return case.says("constant", msg("{name} never changes"), hint)
    if len(mine) >= 3 and case.rich:
        if case.same(mine[:-1], want[1:]):
            return case.says("late", msg("{name} holds each loss after its update, the loss before it is wanted"))
        if case.same(mine[1:], want[:-1]):
            return case.says("early", msg("{name} is one step behind"))
    if len(mine) >= 3:
        return negated(want, mine, case) or factor(want, mine, case)
    return None


def _first_step(first: int, case: Case) -> Diagnosis:
    if first == 0:
        hint = msg("Nothing was updated yet: look at the forward pass, the loss, and the data it sees.")
        return case.says("first_loss", msg("{name} is wrong from index 0 on"), hint)
    if first == 1:
        hint = msg("The loss is right: look at the gradients and at the update.")
        return case.says("first_update", msg("{name} is right at index 0 and wrong from index 1 on"), hint)
    hint = msg("The first steps are right: look at what is carried from one step to the next.")
    return case.says("later_step", msg("{name} is right before index {step} and wrong there", step=first), hint)
