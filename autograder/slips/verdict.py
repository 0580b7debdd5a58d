"""Several slips end a test as the student did: which one is told, or none.

    agreed(slips) → the slip, when all that match agree on a kind
    told(slip) → its Diagnosis

A slip of the reference and one of an alternative are often the same slip in other words ("zeroed once", "zeroed before
the loop").  Where their kinds have nothing in common the values do not show what went wrong, and nothing is named.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from autograder.models import Diagnosis, Message
from autograder.sandbox.inner.policy import words_of
from autograder.slips.answers import Slip
from autograder.slips.stories import STORIES
from autograder.slips.trust import UNSURE, WEAK

AGREE = 0.75  # of all slips that match: so many share a kind with the one that is told
# what a slip cannot be without: a word that cuts off from the graph, one that makes probabilities
NEEDS = {
    code: frozenset(words.split())
    for code, words in {
        "detached": "detach detach_ .data item tolist numpy no_grad inference_mode set_grad_enabled tensor as_tensor "
        "from_numpy float int argmax round enable_grad requires_grad_ Parameter",
        "tensor_for_number": "tensor as_tensor full stack zeros ones empty asarray",
        "probabilities_for_logits": "softmax sigmoid Softmax Sigmoid exp",
        "dtype": "float double half long int bool to type astype float32 float64 float16 bfloat16 int64 .float32 "
        ".float64 .float16 .bfloat16 .int64 .double .float .long dtype= .dtype zeros ones empty full tensor "
        "set_default_dtype",
        "log_of_softmax": "softmax log_softmax exp log Softmax LogSoftmax",
    }.items()
}
NEEDS["too_much_without_grad"] = NEEDS["detached"]
PREFIX = "slip_"  # of the codes of slips, beside those of the checks


def agreed(slips: Sequence[Slip], *, raised: bool = False) -> Slip | None:
    """The one that most of them are, the first of equals; weak ones only where there are no others.

    The weak count, too, where it is asked whether the values show what went wrong: they may not all point elsewhere.
    One that is seldom right (UNSURE) is not told.

    `raised`: an exception ended the test.  Many unlike things raise, and then a weak one says nothing.
    """
    strong = [slip for slip in slips if slip.code not in WEAK]
    if strong and not set.intersection(*map(_kinds, strong)):
        return None
    strong = strong or ([*slips] if not raised else [])
    if not strong:
        return None
    counts = Counter((slip.code, slip.name) for slip in strong)
    most = max(counts.values())
    told = next(slip for slip in strong if counts[slip.code, slip.name] == most)
    alike = sum(not _kinds(slip).isdisjoint(_kinds(told)) for slip in slips)
    return told if alike >= AGREE * len(slips) and told.code not in UNSURE else None


def _kinds(slip: Slip) -> set[str]:
    return set(STORIES[slip.code].kinds)


def can_be(slip: Slip, words: frozenset[str] | None) -> bool:
    """Does the source not speak against it?  What a slip leaves out altogether must not stand there.

    `words`: of the student's source (`sandbox.inner.policy.words_of`); None when nothing is known of it.
    """
    if words is None:
        return True
    if slip.code in NEEDS and words.isdisjoint(NEEDS[slip.code]):
        return False
    gone = left_out(slip)
    return not gone or not gone <= words


@lru_cache(maxsize=1 << 14)
def left_out(slip: Slip) -> frozenset[str]:
    """What the right answer calls, and the slip nowhere."""
    right, wrong = (words_of(ast.parse(source)) for source in (slip.right, slip.definitions))
    return frozenset(word for word in right - wrong if word.isidentifier())


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
