"""Outcomes → one verdict and points: pure functions, the only place where points are made.

    result(item, outcomes, tests) → ItemResult      steadiness(attempts of several seeds) → one Attempt

A fault of ours anywhere in an item makes the item `grader_error` and leaves it without points, to be run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.course import Item, Ramp
from autograder.models import Attempt, Diagnosis, ItemResult, Verdict, Words, msg

# What an item is called when its tests ended differently: the first that occurs.  (`unstable` is made of whole runs.)
PRECEDENCE = (
    Verdict.GRADER_ERROR, Verdict.UNSTABLE, Verdict.BLOCKED, Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED,
    Verdict.MISSING, Verdict.FAILED, Verdict.NOT_ATTEMPTED, Verdict.PASSED,
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How one hidden test ended."""

    verdict: Verdict
    diagnoses: tuple[Diagnosis, ...] = ()
    feedback: tuple[Words, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    staff: str = ""
    seconds: float = 0.0
    warnings: tuple[Diagnosis, ...] = ()
    slow: bool = False  # a fault of ours, and only because the clock ran out


def result(item: Item, outcomes: Sequence[Outcome], tests: int, *, practice: bool = False) -> ItemResult:
    """The item's result.  `tests` counts all its tests: those not run after an abnormal end earn nothing."""
    verdicts = [outcome.verdict for outcome in outcomes]
    verdict = next(v for v in PRECEDENCE if v in verdicts)
    if verdict is Verdict.NOT_ATTEMPTED and Verdict.PASSED in verdicts:
        verdict = Verdict.FAILED  # half of it is written
    telling = [outcome for outcome in outcomes if outcome.verdict is not Verdict.PASSED]
    ramp = item.credit.practice if practice and item.credit.practice else item.credit.ramp
    share = 0.0 if verdict in (Verdict.GRADER_ERROR, Verdict.BLOCKED) else _share(item, outcomes, tests, ramp)
    if verdict is Verdict.PASSED and share < 1.0 and ramp is not None:
        verdict = Verdict.FAILED
        telling = [Outcome(Verdict.FAILED, (_below(outcomes, ramp),))]
    first = next((outcome for outcome in telling if outcome.verdict is verdict), telling[0] if telling else None)
    warned = next((outcome.warnings for outcome in outcomes if outcome.warnings), ())
    return ItemResult(
        item=item.id,
        verdict=verdict,
        score=round(share * item.points, 4),
        max_score=item.points,
        diagnoses=(first.diagnoses if first else ()) + warned,
        feedback=first.feedback if first else (),
        seconds=round(sum(outcome.seconds for outcome in outcomes), 4),
        staff="\n".join(outcome.staff for outcome in telling if outcome.staff),
    )


def steadiness(attempts: Sequence[Attempt]) -> Attempt:
    """The first of several judgements of one submission, its items marked where the others ended otherwise."""
    first = attempts[0]
    together = zip(*(attempt.items for attempt in attempts), strict=True)
    return replace(first, items=tuple(_steady(results) for results in together))


def _steady(results: Sequence[ItemResult]) -> ItemResult:
    """One verdict is everybody's, or the item is `unstable`; what one run could not judge is not judged."""
    runs = tuple(result.verdict for result in results)
    faults = [result for result in results if result.verdict is Verdict.GRADER_ERROR]
    if len(set(runs) - {Verdict.GRADER_ERROR}) > 1:
        told = Diagnosis("unstable", msg("With other random inputs it ended otherwise; a person will look at it."))
        return replace(results[0], verdict=Verdict.UNSTABLE, score=0.0, diagnoses=(told,), feedback=(), runs=runs)
    return replace(faults[0] if faults else results[0], runs=runs)


def _share(item: Item, outcomes: Sequence[Outcome], tests: int, ramp: Ramp | None) -> float:
    passed = sum(outcome.verdict is Verdict.PASSED for outcome in outcomes)
    if item.credit.kind == "fraction":
        return passed / tests
    if passed < tests:
        return 0.0
    if ramp is None:
        return 1.0
    values = [value for outcome in outcomes for value in outcome.metrics.values()]
    return min((ramp.share(value) for value in values), default=0.0)


def _below(outcomes: Sequence[Outcome], ramp: Ramp) -> Diagnosis:
    """The metric that lies furthest below the full mark; a test that records none is a metric of nothing."""
    measured = {name: value for outcome in outcomes for name, value in outcome.metrics.items()}
    name = min(measured, key=measured.__getitem__, default="accuracy")
    value = round(measured.get(name, 0.0), 4)
    words = msg("It works: {name} {value}; full points begin at {full}.", name=name, value=value, full=ramp.full)
    return Diagnosis("below_the_mark", words)
