"""audit: every mutant goes through the sandbox, and a survivor is a hole or has a proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.audit import Audit, AuditError, audit, proofs_path, proven
from autograder.course import Course
from autograder.reports.audit import table
from tests.tiny_course import change, forgotten, here, tiny_course

SUITE = "autograder/suites/u01_tiny/test_tiny.py"
PROOF = """\
[[equivalent]]
item = "{item}"
before = "{before}"
after = "{after}"
because = "the suite of this test looks away"
"""


def audited(course: Course, *items: str) -> Audit:
    with forgotten({unit.id for unit in course.units}):
        return audit(course, course.units, here(), items)


def prove(course: Course, item: str, before: str, after: str) -> None:
    proofs_path(course, course.units[0]).write_text(PROOF.format(item=item, before=before, after=after))


@pytest.fixture(scope="module")
def holed(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The suite of `double` accepts every multiple of x that is not x itself."""
    course = tiny_course(tmp_path_factory.mktemp("holed"))
    change(course.root / SUITE, 'check.close(student.double(x), 2 * x, name="double(x) of the hidden suite")', HOLE)
    return course


HOLE = 'y = student.double(x)\n    check.that(not torch.equal(y, x), "double(x) is x")'


@pytest.fixture(scope="module")
def found(holed: Course) -> Audit:
    return audited(holed, "double")


def test_a_mutant_that_a_test_notices_is_killed_and_one_that_none_notices_survives(found: Audit) -> None:
    survived = {survivor.mutant.after for survivor in found.survivors}
    assert {"return 3 * x", "return 2 / x"} <= survived
    assert {"return x", "return 1 * x", "return None"} & survived == set()
    (row,) = found.rows
    assert (row.mutants, row.survived) == (row.killed + row.survived, len(survived))
    assert row.killed > 0
    assert found.rate == row.killed / row.mutants
    assert not found.ok


def test_the_table_names_each_survivor_with_its_line(found: Audit) -> None:
    shown = table(found)
    assert "survived: u01_tiny/double, line" in shown
    assert "→ return 3 * x" in shown
    assert "sống sót: u01_tiny/double, dòng" in table(found, "vi")


def test_mistakes_that_no_diagnosis_separates_are_listed(tmp_path: Path) -> None:
    twin = '''@mistake("double", kind="formula", en="You multiplied x by itself.", vi="Bạn đã nhân x với chính nó.")
def times_itself(x):
    return x * x


@mistake("double", kind="formula", en="You squared x."'''
    bank = "autograder/mistakes/u01_tiny.py"
    course = tiny_course(tmp_path, (bank, '@mistake("double", kind="formula", en="You squared x."', twin))
    found = audited(course, "double")
    (one,) = found.twins
    assert (one.item, one.names) == ("double", ("times_itself", "squares_instead_of_doubling"))
    assert "not told apart: u01_tiny/double: times_itself, squares_instead_of_doubling" in table(found)
    assert audited(course, "slope").twins == ()


def test_a_survivor_with_a_proof_is_equivalent_and_a_proof_of_a_killed_mutant_is_a_problem(holed: Course) -> None:
    prove(holed, "double", "return 2 * x", "return 3 * x")
    judged = audited(holed, "double")
    assert "return 3 * x" not in {survivor.mutant.after for survivor in judged.survivors}
    assert judged.rows[0].equivalent == 1
    prove(holed, "double", "return 2 * x", "return x")
    (problem,) = audited(holed, "double").problems
    assert "is proven equivalent, but a test tells it apart" in problem


def test_a_proof_whose_mutant_is_gone_is_a_problem(holed: Course) -> None:
    prove(holed, "double", "return 2 * x", "return 42 * x")
    (problem,) = audited(holed, "double").problems
    assert "no mutant of double is 'return 2 * x' → 'return 42 * x' any more" in problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[equivalent]\n", "u01_tiny.toml: is not TOML"),
        ('[[equivalent]]\nitem = "double"\n', "entry 1 needs the texts after, because, before, item"),
        (PROOF.format(item="double", before="", after="b"), "entry 1 needs the texts"),
    ],
)
def test_a_proof_that_cannot_be_read_is_named_with_its_cure(tmp_path: Path, text: str, says: str) -> None:
    course = tiny_course(tmp_path)
    proofs_path(course, course.units[0]).write_text(text)
    with pytest.raises(AuditError, match=says.replace("(", r"\(")):
        proven(course, course.units[0])


def test_without_a_name_every_item_is_audited_and_a_helper_counts_for_the_item_that_uses_it(tmp_path: Path) -> None:
    found = audited(tiny_course(tmp_path))
    assert [row.item for row in found.rows] == ["double", "halves", "slope", "scale"]
    assert found.rate > 0.5
