"""What `autograder audit --explain` found: a table for the terminal, and the same as a page of docs/explanation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.authoring.explained import Alike, Case, Explained, Twins

COLUMNS = ("right", "mixed", "wrong", "raised", "unnamed")

PAGE = """\
# How often a report names the right cause

Written by `autograder audit --explain --page {page}`; do not edit it.
{n} known mistakes, inputs of seed {seed}.

The bank names the mistakes that it holds; what of those that it does not hold? Each mistake was taken out of the
bank, that one only, and its answer was graded like a submission, by the judge itself, in the grader's own process.
What the report then named, if anything, is another mistake of the item, a story of the checks (a lost sum, a
transposed matrix …), the sentence of a hidden test that asks for one thing, or a slip: one of some hundred small things
that go wrong in any right answer, made by machine in the reference and the alternatives
([how grading works](how-grading-works.md)).

| column | the report |
| --- | --- |
| right | names causes, all of the kind that the mistake's author wrote down |
| mixed | names a cause of that kind and one of another |
| wrong | names causes of other kinds only |
| raised | names no cause, but the exception and the student's own line |
| unnamed | says what differs and where |

The goal: at least {right_goal:.0%} right or mixed, less than {wrong_goal:.0%} wrong or mixed. **Measured:
{right:.1%} and {wrong:.1%}; the goal is {met}.**

{table}

Slips name {slips} of the mistakes, {slips_right} of them by the right kind: where neither the bank nor a check knows
the cause, and where three quarters of the slips that end the tests alike agree on one.

The operators and sentences of the slips were written for the constructs of torch, first with the first half of the
units at hand ({first}: {first_right:.1%} right, {first_wrong:.1%} wrong), then with the second ({second}:
{second_right:.1%} right, {second_wrong:.1%} wrong). Rules, sentences and some kinds were changed after the wrongly
named mistakes of every unit had been looked at, so none of these figures is of mistakes that nobody had seen.
The table of kinds was revised then, too: on 2026-11-30 the same reports, measured by the table before, gave 72.8% and
2.7%. Two of its changes matter: `waits` and `cache` say in their sentences what the mistakes are that they were counted
wrong for, and `later_step` and `some_zero` no longer guess at a cause, so they are counted as none.

## What the figures are, and what they are not

- "Kind" is one of the {kinds} words of the [bank](../how-to/add-an-item.md#6-mistakes-and-alternatives). A story is
  right for at most {most} of them; which, and why, is written in `autograder/authoring/causes.py`. A diagnosis that
  says only that values, a shape or a length differ, or where they do, counts as unnamed, however plain it is.
- The judge's limits hold: tests that train on MNIST or run longer than a second are not replayed, and a report
  tells the first failed test of an item.
- A slip must end a second failed test alike, too, and fail none that was passed. Whoever makes two mistakes in one
  item is therefore seldom told a slip.
- A mistake that stands in the bank twice, in other words, finds its twin there and is named. The authors tried not to
  write one down twice, so the mistakes of a bank are further apart than those of a class.
- The sentences of the hidden tests (`check.about`) and the table of kinds were written by people who know this bank,
  and are measured on it. What nobody foresaw will meet them less often: the figures are no forecast for a class.
- A kind is the author's word. Some mistakes could bear two.

## The mistakes that are named wrongly

{wrongly}

## The mistakes that no diagnosis separates

Of these the values are the same in every replayed test of the item: the first takes the name of all.

{twins}

Of these, unknown to the bank, the report says the same, and names no cause.

{alike}
"""


def table(found: Explained) -> str:
    lines = [f"{'unit':<26} {'mistakes':>8} " + " ".join(f"{name:>8}" for name in COLUMNS)]
    lines += [f"{unit:<26} {sum(counts):>8} " + " ".join(f"{n:>8}" for n in counts) for unit, counts in _rows(found)]
    lines += [f"same values in every test: {_where(one)}: {', '.join(one.names)}" for one in found.twins]
    lines += [f"same words: {_where(one)}: {', '.join(one.names)} ({', '.join(one.codes)})" for one in found.alike]
    lines += [f"problem: {case.unit}/{case.item}: no test notices {case.name}" for case in found.passed]
    lines.append(f"explain: the right kind is named for {found.right:.1%}, a wrong one for {found.wrong:.1%}")
    return "\n".join(lines)


def page(
    found: Explained, name: str, seed: int, right_goal: float, wrong_goal: float, kinds: int, most: int, prefix: str
) -> str:
    """The page as Markdown; `name` is its path as the command was given it, `prefix` how codes of slips begin."""
    rows = [f"| unit | mistakes | {' | '.join(COLUMNS)} |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
    rows += [f"| {unit} | {sum(counts)} | {' | '.join(map(str, counts))} |" for unit, counts in _rows(found)]
    wrongly = [
        f"- {_where(case)}: `{case.name}`, a mistake of kind {case.kind}, is told {_codes(case)}"
        for case in found.cases
        if case.named in ("wrong", "mixed")
    ]
    slips = [case for case in found.cases if any(code.startswith(prefix) for code in case.codes)]
    units = list(dict.fromkeys(case.unit for case in found.cases))
    first, second = (replace(found, cases=_of(found, part)) for part in (_half(units, 0), _half(units, 1)))
    twins = [f"- {_where(one)}: {', '.join(map(_code, one.names))}" for one in found.twins]
    alike = [f"- {_where(one)}: {', '.join(map(_code, one.names))}" for one in found.alike]
    return PAGE.format(
        page=name,
        n=len(found.cases),
        seed=seed,
        right_goal=right_goal,
        wrong_goal=wrong_goal,
        right=found.right,
        wrong=found.wrong,
        met="met" if found.ok else "not met",
        table="\n".join(rows),
        kinds=kinds,
        most=most,
        wrongly=_list(wrongly),
        slips=len(slips),
        slips_right=sum(case.named in ("right", "mixed") for case in slips),
        first=_span(first),
        first_right=first.right,
        first_wrong=first.wrong,
        second=_span(second),
        second_right=second.right,
        second_wrong=second.wrong,
        twins=_list(twins),
        alike=_list(alike),
    )


def _half(units: list[str], which: int) -> list[str]:
    middle = (len(units) + 1) // 2
    return units[middle:] if which else units[:middle]


def _of(found: Explained, units: list[str]) -> tuple[Case, ...]:
    return tuple(case for case in found.cases if case.unit in units)


def _span(found: Explained) -> str:
    """ "u01 to u05" """
    units = [case.unit.split("_")[0] for case in found.cases]
    return f"{units[0]} to {units[-1]}" if units else "none"


def _rows(found: Explained) -> list[tuple[str, list[int]]]:
    units = list(dict.fromkeys(case.unit for case in found.cases))
    counted = [(unit, [sum(case.named == name for case in found.of(unit)) for name in COLUMNS]) for unit in units]
    return [*counted, ("all", [sum(case.named == name for case in found.cases) for name in COLUMNS])]


def _where(one: Case | Twins | Alike) -> str:
    return f"{one.unit}/{one.item}"


def _codes(case: Case) -> str:
    return ", ".join(map(_code, dict.fromkeys(case.codes)))


def _code(name: str) -> str:
    return f"`{name}`"


def _list(lines: list[str]) -> str:
    return "\n".join(lines) or "None."
