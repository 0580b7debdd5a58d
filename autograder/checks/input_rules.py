"""Causes that show only beside what the call was given: an input that came back, a step, an eps, a broadcast loss.

Rules get the wanted values `e` and the actual ones `a`: float64, finite, equal in shape, not equal in value; the
inputs are in `case.given`, which is empty outside of a grading run.  Each rule recomputes the answer from `e` and an
input and asks for equality over many entries, so an input that has nothing to do with it fits by accident only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograder.checks.amount_rules import ALSO_SIGN, known_factors
from autograder.checks.case import Case, coarseness, distinct
from autograder.checks.order_rules import flipped
from autograder.models import Diagnosis, Message, msg

SMALL = 20_000  # entries: every eps is tried at every place
EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)  # where none is among the arguments
Root = Callable[[Tensor, float], Tensor]


def unchanged(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    for name, x in _alike(e, case):
        if torch.equal(x, a) and distinct(x) >= 4:
            hint = msg("Is the result computed and then not stored, or not returned?")
            return case.says("unchanged", msg("{name} is {input}, unchanged", input=name), hint)
    return None


def unchanged_or_flipped(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """What was not reversed comes back as it was given: it is not that it was reversed once too often."""
    found = flipped(e, a, case)
    return (unchanged(e, a, case) or found) if found else None


def step(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """An update that starts at an input: the right direction, another sign or another length."""
    if case.whole or not case.rich:
        return None
    for name, x in _alike(e, case):
        right, mine = e - x, a - x
        noise = 4 * max(coarseness(case.want), coarseness(case.got)) * max(case.scale, float(x.abs().max()))
        longest = float(right.abs().max())
        if distinct(x) < 4 or distinct(right) < 4 or longest <= 1000 * noise:
            continue
        k = float((mine * right).sum() / (right * right).sum())
        slack = max(case.story_rtol * abs(k) * longest, noise)
        if abs(k) < 1e-9 or float((mine - k * right).abs().max()) > slack:
            continue
        return _step(k, max(case.story_rtol, 2 * noise / longest), name, case)
    return None


def _step(k: float, within: float, start: Message, case: Case) -> Diagnosis:
    if abs(k + 1) < within:
        hint = msg("Descent subtracts the gradient.")
        return case.says("step_sign", msg("{name} steps from {input} the opposite way", input=start), hint)
    also = ALSO_SIGN if k < 0 else msg("Is a factor applied twice or left out: the learning rate, 1/N, a 2?")
    for factor, value in known_factors(case):
        if abs(abs(k) / value - 1) < within:
            words = msg("the step from {input} to {name} is the right one times {factor}", input=start, factor=factor)
            return case.says("step_factor", words, also)
        if abs(abs(k) * value - 1) < within:
            words = msg("the step from {input} to {name} is the right one divided by {factor}",
                        input=start, factor=factor)  # fmt: skip
            return case.says("step_factor", words, also)
    return case.says("step_factor", msg("the step from {input} to {name} has the wrong length", input=start), also)


def broadcast_loss(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """(n, 1) met (n,) and the (n, n) differences were then averaged or summed to one number."""
    if e.numel() != 1 or not case.credible:
        return None
    for (_, x), (_, y) in itertools.permutations(case.inputs, 2):
        n = x.numel()
        if not (3 <= n <= 500 and tuple(x.shape) == (n, 1) and tuple(y.shape) == (n,)):
            continue
        d = x - y
        for parts in (d.square(), d.abs(), d.square() / 2):
            for number in (parts.mean(), parts.sum(), parts.sum() / n, parts.mean().sqrt()):
                if case.same(a.reshape(()), number):
                    hint = msg("Bring both to the same shape first: squeeze or index one of them.")
                    words = msg("{name} comes from (n, 1) that met (n,): broadcasting made (n, n) of them")
                    return case.says("outer", words, hint)
    return None


PLACES = ("in", "out", "none", "clamped")
BACK: dict[str, Root] = {  # from the answer to what stood under the root
    "in": lambda y, eps: (y * y - eps).clamp(min=0).sqrt(),
    "out": lambda y, eps: y - eps,
    "none": lambda y, eps: y,
}


def eps(e: Tensor, a: Tensor, case: Case) -> Diagnosis | None:
    """An eps outside of the root instead of inside, the other way round, clamped, missing or extra."""
    top = case.scale
    fine = max(1e-9, 16 * max(coarseness(case.want), coarseness(case.got))) * top
    gap = float((a - e).abs().max())
    if case.whole or not case.rich or e.numel() > SMALL or gap <= 50 * fine or bool((a * e < 0).any()):
        return None
    if bool((a >= 0).all()) and bool((e >= 0).all()):  # the answer may be the root itself
        for size, (met, back) in itertools.product(_epsilons(case), BACK.items()):
            errors = (_roots(back(a, size), size)[:3] - e).abs().flatten(1).amax(1)
            best = int(errors.argmin())
            if float(errors[best]) <= fine and PLACES[best] != met:
                return _eps(met, PLACES[best], case)
    for _, x in case.inputs:
        for s, size in itertools.product(_spreads(x, e), _epsilons(case)):
            roots = _roots(s.expand(e.shape), size)
            errors = (a * (roots[:, None] / roots) - e).abs().flatten(2).amax(2).nan_to_num(nan=torch.inf)
            mine, theirs = divmod(int(errors.argmin()), len(PLACES))
            if mine != theirs and float(errors[mine, theirs]) <= fine:
                return _eps(PLACES[mine], PLACES[theirs], case)
    return None


def _roots(s: Tensor, size: float) -> Tensor:
    """One for each of PLACES."""
    return torch.stack([(s * s + size).sqrt(), s + size, s, s.clamp(min=size)])


def _eps(met: str, wanted: str, case: Case) -> Diagnosis:
    hint = msg("sqrt(v + eps) and sqrt(v) + eps are different numbers where v is small.")
    if met == "none":
        return case.says("eps_missing", msg("{name} lacks the eps that keeps a root or a division away from 0"), hint)
    if wanted == "none":
        return case.says("eps_extra", msg("{name} has an eps that should not be there"), hint)
    if met == "clamped" or wanted == "clamped":
        words = msg("{name} is clamped to eps where eps should be added, or the other way round")
        return case.says("eps_place", words)
    if met == "out":
        return case.says("eps_place", msg("{name} adds eps outside of the square root, it belongs inside"), hint)
    return case.says("eps_place", msg("{name} adds eps inside the square root, it belongs outside"), hint)


def _epsilons(case: Case) -> list[float]:
    given = [number.value for number in case.numbers if isinstance(number.value, float) and 0 < number.value <= 0.01]
    return given or list(EPSILONS)


def _spreads(x: Tensor, e: Tensor) -> Iterator[Tensor]:
    """What an answer is divided by: its own size, or a norm, a standard deviation, a root mean square of the input."""
    if x.dim() == 0 or not bool(torch.isfinite(x).all()):
        return
    if x.shape == e.shape:
        yield x.abs()
    everything = tuple(range(x.dim()))
    dims = [(dim,) for dim in everything] + [everything[:dim] + everything[dim + 1 :] for dim in everything]
    for over in dict.fromkeys([*dims, everything[1:], everything]):
        if not over:
            continue
        n = x.numel() // max(1, len(x.sum(over).reshape(-1)))
        squares = x.square().sum(over, keepdim=True)
        centred = (x - x.mean(over, keepdim=True)).square().sum(over, keepdim=True)
        found = [squares, squares / n, centred / n] + ([centred / (n - 1)] if n > 1 else [])
        for variance in found:
            s = variance.sqrt()
            for fitting in (s, s.reshape(x.sum(over).shape)):
                if _broadcasts(fitting, e):
                    yield fitting
                    break


def _broadcasts(s: Tensor, e: Tensor) -> bool:
    sizes = zip(reversed(s.shape), reversed(e.shape), strict=False)
    return s.dim() <= e.dim() and all(m in (1, n) for m, n in sizes)


def _alike(e: Tensor, case: Case) -> Iterator[tuple[Message, Tensor]]:
    for name, x in case.inputs:
        if x.shape == e.shape and x.numel() and bool(torch.isfinite(x).all()):
            yield name, x
