"""check.about: a test of one thing says in its author's words what its failure means."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import torch

from autograder import checks as check
from autograder.checks import CheckFailed, StudentRaised
from autograder.checks.sentences import SENTENCES
from autograder.models import Diagnosis, Text


def told(body: object, want: object = None, when: Collection[str] = ()) -> list[str]:
    with pytest.raises(CheckFailed) as failed, check.about("flag", en="a", vi="b", when=when):
        if isinstance(body, Exception):
            raise body
        check.close(body, want, name="y")
    return [found.code for found in failed.value.diagnoses]


def test_the_sentence_comes_first_and_what_was_found_after_it() -> None:
    with pytest.raises(CheckFailed) as failed, check.about("flag", en="Left on.", vi="Vẫn bật."):
        check.equal(True, False, name="training")
    first, second = failed.value.diagnoses
    assert (first.code, first.words) == ("flag", Text("Left on.", "Vẫn bật."))
    assert second.code == "values"


def test_what_passes_passes_and_a_decorated_test_keeps_its_arguments() -> None:
    @check.about("flag", en="a", vi="b")
    def test_one(got: int) -> int:
        check.equal(got, 1)
        return got

    assert test_one(1) == 1
    with pytest.raises(CheckFailed) as failed:
        test_one(2)
    assert [found.code for found in failed.value.diagnoses] == ["flag", "values"]
    assert test_one.__name__ == "test_one"


def test_a_story_is_not_told_beside_it() -> None:
    want = torch.tensor([1.0, 2.0, 4.0, 7.5])
    assert told(-want, want) == ["flag"]


def test_an_answer_of_another_type_keeps_its_own_words() -> None:
    assert told(None, torch.ones(3)) == ["none"]
    assert told(1.0, torch.ones(3)) == ["python_number"]
    assert told(torch.ones(3).double(), torch.ones(3)) == ["dtype"]
    assert told(CheckFailed(Diagnosis("argument_changed", Text("a", "b")))) == ["argument_changed"]
    with pytest.raises(CheckFailed) as failed, check.about("flag", en="a", vi="b"):
        check.that(False, Text("c", "d"))
    assert [found.code for found in failed.value.diagnoses] == ["property"]


def test_it_can_be_about_certain_codes_only() -> None:
    assert told(None, torch.ones(3), when=("none",)) == ["flag"]
    assert told(torch.zeros(2), torch.ones(2), when=("none",)) == ["values"]


def test_it_can_be_about_whatever_the_check_finds() -> None:
    with pytest.raises(CheckFailed) as failed, check.about("flag", en="a", vi="b", always=True):
        check.close(None, torch.ones(3), name="x.grad")
    assert [found.code for found in failed.value.diagnoses] == ["flag"]


def test_what_is_no_failed_check_goes_through() -> None:
    with pytest.raises(StudentRaised), check.about("flag", en="a", vi="b"):
        raise StudentRaised("ValueError", (3,))


def test_a_sentence_that_several_suites_say_is_named_by_its_code_alone() -> None:
    with pytest.raises(CheckFailed) as failed, check.about("training_flag"):
        check.equal(True, False, name="training")
    assert failed.value.diagnoses[0].words == SENTENCES["training_flag"]


def test_a_code_without_a_sentence_is_refused_where_it_is_written_with_the_cure() -> None:
    with pytest.raises(ValueError, match=r"'training_flog'.* has no sentence: give en and vi, or .*sentences\.py"):
        check.about("training_flog")


def test_an_exception_of_the_student_s_keeps_what_the_test_asks_for() -> None:
    with (
        pytest.raises(StudentRaised) as raised,
        check.about("outer", en="a", vi="b"),
        check.about("inner", en="c", vi="d"),
    ):
        raise StudentRaised("TypeError")
    assert raised.value.meaning == Diagnosis("inner", Text("c", "d"))


def test_an_exception_means_nothing_where_it_is_about_certain_codes_only() -> None:
    with pytest.raises(StudentRaised) as raised, check.about("outer", en="a", vi="b", when=("none",)):
        raise StudentRaised("TypeError")
    assert raised.value.meaning is None
