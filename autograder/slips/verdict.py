"""Several slips end a test as the student did: which one is told, or none.

    agreed(slips) → the slip, when all that match agree on a kind
    told(slip) → its Diagnosis

A slip of the reference and one of an alternative are often the same slip in other words ("zeroed once", "zeroed before
the loop").  Where their kinds have nothing in common the values do not show what went wrong, and nothing is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autograder.models import Diagnosis, Message
from autograder.slips.answers import Slip
from autograder.slips.stories import STORIES, WEAK

PREFIX = "slip_"  # of the codes of slips, beside those of the checks


def agreed(slips: Sequence[Slip], *, raised: bool = False) -> Slip | None:
    """The one that most of them are, the first of equals; weak ones only where there are no others.

    `raised`: an exception ended the test.  Many unlike things raise, and then a weak one says nothing.
    """
    strong = [slip for slip in slips if slip.code not in WEAK] or (slips if not raised else [])
    if not strong or not set.intersection(*(set(STORIES[slip.code].kinds) for slip in strong)):
        return None
    counts = Counter((slip.code, slip.name) for slip in strong)
    most = max(counts.values())
    return next(slip for slip in strong if counts[slip.code, slip.name] == most)


def few_of_each(slips: Sequence[Slip]) -> list[Slip]:
    """Two of each code: enough to see whether the other tests bear it out."""
    counts: Counter[str] = Counter()
    kept: list[Slip] = []
    for slip in slips:
        counts[slip.code] += 1
        if counts[slip.code] <= 2:
            kept.append(slip)
    return kept


def told(slip: Slip) -> Diagnosis:
    story = STORIES[slip.code]
    values = (("name", f"`{slip.name}`"),) if slip.name else ()
    return Diagnosis(PREFIX + slip.code, Message(story.words.id, values), story.hint)
