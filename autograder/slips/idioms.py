"""What the source alone shows: a word that every right answer uses and this one does not, or one that none uses.

    told(words of the student's source, words of each right answer) → Diagnosis or None

The last resort, for what neither the values nor the calls explain, and for tests that train for too long to be
replayed.  Style differs, so only such words are asked about as right answers in another style have or lack alike: of
444 right answers, each held against the others of its item, 2% would be told something (tests/test_idioms.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autograder.models import Diagnosis
from autograder.slips.stories import STORIES
from autograder.slips.verdict import PREFIX


@dataclass(frozen=True)
class Idiom:
    """`code` of STORIES is told when one of `words` stands there, or none, unlike in all right answers.

    `beside`: only where each right answer uses one of these.
    """

    code: str
    words: frozenset[str]
    beside: frozenset[str] = frozenset()


def _idiom(code: str, words: str, beside: str = "") -> Idiom:
    return Idiom(code, frozenset(words.split()), frozenset(beside.split()))


LOGITS = "cross_entropy binary_cross_entropy_with_logits log_softmax logsumexp softplus logsigmoid CrossEntropyLoss"
EXTRA = (
    _idiom("mode_not_set", "train eval"),
    _idiom("probabilities_for_logits", "softmax sigmoid Softmax Sigmoid", LOGITS),
    _idiom("graph_argument", "retain_graph= create_graph="),
    _idiom("seeded", "manual_seed manual_seed_all"),
    _idiom("device_missing", "cuda is_available"),
)
LACKING = (
    _idiom("mode_not_set", "train eval .training"),
    _idiom("zero_grad_missing", "zero_grad zero_ .grad= grad", "backward"),
    _idiom("generator_missing", "generator= .generator random_ manual_seed"),
    _idiom("not_registered", "Parameter ModuleList register_buffer Sequential register_parameter add_module setattr "
                             "ModuleDict ParameterList register_module"),
)  # fmt: skip


def told(words: Collection[str], rights: Sequence[Collection[str]]) -> Diagnosis | None:
    """The first idiom that tells this source from every right answer."""
    mine, others = frozenset(words), [frozenset(right) for right in rights]
    known = frozenset().union(*others)
    for idiom in EXTRA:
        if (mine & idiom.words) - known and all(_beside(idiom, right) for right in others):
            return _said(idiom.code)
    for idiom in LACKING:
        if not mine & idiom.words and all(right & idiom.words and _beside(idiom, right) for right in others):
            return _said(idiom.code)
    return None


def _beside(idiom: Idiom, right: frozenset[str]) -> bool:
    return not idiom.beside or not right.isdisjoint(idiom.beside)


def _said(code: str) -> Diagnosis:
    return Diagnosis(PREFIX + code, STORIES[code].words, STORIES[code].hint)
