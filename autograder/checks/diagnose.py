"""From a wrong tensor to one sentence a student can act on: `explain(case)`.

The first rule that fits is told, the most specific rules come first.  What no rule explains is said as where it
differs.  Every rule is exact over many different values, so that it tells no story about unrelated numbers, and no
sentence holds an expected value or an amount.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from autograder.checks import amount_rules, function_rules, input_rules, order_rules
from autograder.checks.case import LARGE, Case, Rule, first_place
from autograder.checks.faults import Story
from autograder.checks.nonfinite import explain_nonfinite
from autograder.checks.shape_rules import explain_shape
from autograder.models import Diagnosis, msg

VALUE_RULES: tuple[Rule, ...] = (
    amount_rules.all_zero,
    amount_rules.constant,
    amount_rules.negated,
    amount_rules.inverted,
    input_rules.broadcast_loss,
    amount_rules.factor,
    input_rules.eps,
    amount_rules.offset,
    order_rules.transposed,
    input_rules.unchanged_or_flipped,
    order_rules.shifted,
    order_rules.rolled,
    order_rules.row_order,
    order_rules.sorting,
    order_rules.reordered,
    function_rules.applied,
    function_rules.left_out,
    function_rules.softmax_dim,
    input_rules.unchanged,
    input_rules.step,
    function_rules.low_precision,
    function_rules.imprecise,
    amount_rules.offset_along,
    amount_rules.factor_along,
)
FINE_RULES: tuple[Rule, ...] = (input_rules.eps, function_rules.low_precision, function_rules.imprecise)
CHEAP_RULES: tuple[Rule, ...] = (amount_rules.all_zero, amount_rules.negated, amount_rules.factor)


def explain(case: Case) -> Diagnosis:
    """Why `case.got` is not `case.want`: wrong in shape, else in NaN, else in values."""
    if case.got.shape != case.want.shape:
        return explain_shape(case)
    return explain_nonfinite(case) or explain_values(case)


def told_later(case: Case) -> Story:
    """`explain(case)` when it is asked for.  What the call was given is known only now; what the comparison has made of
    the tensors is let go, because replays are kept by the thousand."""
    given = case.given
    kept = replace(case, origin=lambda: given)
    return lambda: [explain(kept)]


def explain_values(case: Case) -> Diagnosis:
    """The first story that fits, else which entries are wrong; shapes are equal."""
    if case.plain and case.e.numel():
        close = case.same(case.a, case.e)  # to what a story must fit: only a story about precision can be true
        rules = FINE_RULES if close else VALUE_RULES if case.e.numel() <= LARGE else CHEAP_RULES
        for rule in rules:
            found = rule(case.e, case.a, case)
            if found is not None:
                return found
    return _where(case)


def _where(case: Case) -> Diagnosis:
    bad, total = case.bad, case.e.numel()
    count = int(bad.sum())
    if case.e.dim() == 0:
        return case.says("values", msg("{name} is not the right number"))
    if count == total:
        return case.says("values", msg("all {total} entries of {name} differ", total=total))
    words = msg("{count} of {total} entries of {name} differ, first at {place}",
                count=count, total=total, place=first_place(bad))  # fmt: skip
    if total < 6 or not case.plain:
        return case.says("values", words)
    found = _pattern(case.e, case.a, bad, case)
    return found or case.says("values" if count > total // 2 else "some_values", words)


def _pattern(e: Tensor, a: Tensor, bad: Tensor, case: Case) -> Diagnosis | None:
    """What the wrong entries have in common, when some are right."""
    if int(bad.sum()) == 1:
        hint = msg("An edge: the first or last place, a tie, a value that no other entry has?")
        words = msg("one entry of {name} is wrong, at {place}, the others are right", place=first_place(bad))
        return case.says("one_entry", words, hint)
    for dim in range(e.dim()):
        n = e.shape[dim]
        wrong = bad.movedim(dim, 0).reshape(n, -1).any(1)
        if n > 2 and e.numel() > n and int(wrong.sum()) == 1:
            index = int(wrong.nonzero()[0])
            if index == n - 1:
                return case.says(
                    "last_slice", msg("only the last index along dimension {dim} of {name} is wrong", dim=dim)
                )
            if index == 0:
                return case.says("first_slice", msg("only index 0 along dimension {dim} of {name} is wrong", dim=dim))
            words = msg("only index {index} along dimension {dim} of {name} is wrong", index=index, dim=dim)
            return case.says("one_slice", words)
    count, total = int(bad.sum()), bad.numel()
    if count > 2 and bool((bad == (e < 0)).all()):
        return case.says("negatives", msg("exactly the entries of {name} that should be negative are wrong"))
    if count > 2 and bool((bad == (e == 0)).all()):
        words = msg("exactly the entries of {name} that should be 0 are wrong")
        return case.says("zeros_wrong", words, msg("A mask that was not applied?"))
    if count <= total // 2 and bool((a[bad] == 0).all()):
        words = msg("{count} of {total} entries of {name} are 0 and should not be, first at {place}",
                    count=count, total=total, place=first_place(bad))  # fmt: skip
        return case.says("some_zero", words, msg("Look at what should have given these entries their values."))
    return None
