"""What a regrade would change: two tellings of the same class → the items that differ, from what to what and why.

    differences(before, after) → Differences        pure

`before` is what the reports in the grade folder say, `after` what they would say now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.grading.store import Published

MANUAL, ADDED, GONE, UNKEPT = "manual", "added", "gone", "unkept"


@dataclass(frozen=True)
class Change:
    """One item.  `before` or `after` is None where there was or is no such attempt."""

    before: Published | None
    after: Published | None
    why: tuple[str, ...]  # fields of `Parts` that changed, or MANUAL, ADDED, GONE, UNKEPT

    @property
    def about(self) -> Published:
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True)
class Differences:
    changes: tuple[Change, ...]
    items: int  # that are in both
    judged_again: int  # of these, whose circumstances changed

    @property
    def students(self) -> int:
        return len({change.about.student for change in self.changes})


def differences(before: Iterable[Published], after: Iterable[Published]) -> Differences:
    old = {(one.student, one.unit, one.number, one.item): one for one in before}
    changes: list[Change] = []
    both = again = 0
    for one in after:
        was = old.pop((one.student, one.unit, one.number, one.item), None)
        if was is None:
            changes.append(Change(None, one, (ADDED,)))
            continue
        both += 1
        again += was.parts != one.parts
        if (was.verdict, was.score) != (one.verdict, one.score):
            changes.append(Change(was, one, _why(was, one)))
    changes += (Change(one, None, (GONE,)) for one in old.values())
    return Differences(tuple(changes), both, again)


def _why(was: Published, now: Published) -> tuple[str, ...]:
    if was.parts is None or now.parts is None:
        return (UNKEPT,)
    return was.parts.changed(now.parts) or (MANUAL,)
