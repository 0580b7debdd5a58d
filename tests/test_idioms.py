"""idioms: what the source alone shows, and how seldom it would mislead about a right answer in another style."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.bank import load as load_bank
from autograder.course import load
from autograder.slips import idioms
from autograder.slips.answers import words_of_the_right
from autograder.slips.stories import STORIES
from autograder.slips.verdict import PREFIX
from autograder.words import say

ROOT = Path(__file__).resolve().parents[1]
RIGHT = [{"backward", "zero_grad", "step", "cross_entropy"}, {"backward", ".grad=", "step", "cross_entropy"}]


@pytest.mark.parametrize(
    ("words", "rights", "code"),
    [
        ({"backward", "step", "cross_entropy"}, RIGHT, "zero_grad_missing"),
        ({"backward", "zero_grad", "step", "cross_entropy", "softmax"}, RIGHT, "probabilities_for_logits"),
        ({"backward", "zero_grad", "step", "cross_entropy", "train"}, RIGHT, "mode_not_set"),
        ({"backward", "zero_grad", "step", "retain_graph="}, RIGHT, "graph_argument"),
        ({"rand", "manual_seed"}, [{"rand"}], "seeded"),
        ({"to", "is_available"}, [{"to"}], "device_missing"),
        ({"rand"}, [{"rand", "generator="}, {"random_"}], "generator_missing"),
        ({"model"}, [{"model", "eval"}, {"model", ".training"}], "mode_not_set"),
        ({"Linear"}, [{"Linear", "ModuleList"}, {"Linear", "setattr"}], "not_registered"),
    ],
)
def test_a_word_that_all_right_answers_have_or_none_tells_what_is_wrong(
    words: set[str], rights: list[set[str]], code: str
) -> None:
    found = idioms.told(words, rights)
    assert found is not None
    assert found.code == PREFIX + code


@pytest.mark.parametrize(
    ("words", "rights"),
    [
        ({"backward", ".grad=", "step"}, RIGHT),  # another style
        ({"softmax", "log"}, [{"softmax", "log"}, {"log_softmax"}]),  # a right answer has it, too
        ({"softmax"}, [{"matmul"}]),  # no function of logits is near
        ({"train", "eval"}, [{"train", "eval"}]),
        ({"sum"}, [{"sum", "zero_grad"}, {"sum"}]),  # a right answer does without
    ],
)
def test_what_a_right_answer_does_too_tells_nothing(words: set[str], rights: list[set[str]]) -> None:
    assert idioms.told(words, rights) is None


def test_every_idiom_has_a_sentence_in_both_languages() -> None:
    for idiom in (*idioms.EXTRA, *idioms.LACKING):
        words = STORIES[idiom.code].words
        assert say(words, "vi") != say(words, "en")


def held_out() -> Iterator[bool]:
    """Each right answer of the bank against the others of its item: would it be told something?"""
    course = load(ROOT)
    for unit in course.units:
        bank = load_bank(course, unit)
        for item in unit.items:
            rights = words_of_the_right(bank, item.id)
            for place, words in enumerate(rights if len(rights) > 1 else ()):
                yield idioms.told(words, rights[:place] + rights[place + 1 :]) is not None


def test_of_right_answers_in_another_style_few_would_be_told_anything() -> None:
    told = list(held_out())
    assert len(told) > 400
    assert sum(told) < 0.03 * len(told)
