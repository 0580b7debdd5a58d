"""A synthetic class is the same on any machine, differs from student to student, and holds what it says it holds."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from autograder.bank import load as load_bank
from autograder.course import load
from autograder.intake import collect
from autograder.models import Verdict
from tests.cut_course import cut
from tests.real_path import grade
from tests.synthetic_class import RIGHT, STUB, Shares, Student, SyntheticClass

ROOT = Path(__file__).parents[1]
COURSE = load(ROOT)
UNITS = [unit.id for unit in COURSE.units]
U03 = COURSE.unit("u03_backprop")


def definitions(source: str) -> dict[str, str]:
    """Each definition as it reads without comments and layout."""
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {node.name: ast.unparse(node) for node in found}


def test_a_student_is_the_same_today_and_in_a_class_of_any_size(tmp_path: Path) -> None:
    first, again = SyntheticClass(COURSE, U03), SyntheticClass(COURSE, U03)
    assert first.student(41) == again.student(41)
    again.write(tmp_path, 5)
    written = {path.parent.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*/backprop.py")}
    assert written == {student.name: student.source for student in first.students(5)}


def test_another_seed_is_another_class() -> None:
    ours, theirs = (list(SyntheticClass(COURSE, U03, seed=seed).students(20)) for seed in (1, 2))
    assert [student.answers for student in ours] != [student.answers for student in theirs]


def test_no_two_files_are_the_same_even_where_all_is_right() -> None:
    students = list(SyntheticClass(COURSE, U03, shares=Shares(1.0, 0.0)).students(50))
    assert {answer for student in students for answer in student.answers.values()} == {RIGHT}
    assert len({student.source for student in students}) == 50
    assert all(f"# {student.name}" in student.source for student in students)


def test_the_shares_are_those_that_were_asked_for() -> None:
    drawn = Counter(
        "mistake" if answer not in (RIGHT, STUB) else answer
        for student in SyntheticClass(COURSE, U03, shares=Shares(0.5, 0.3)).students(400)
        for answer in student.answers.values()
    )
    assert {kind: round(number / 4000, 1) for kind, number in drawn.items()} == {RIGHT: 0.5, "mistake": 0.3, STUB: 0.2}


@pytest.mark.parametrize("unit", UNITS)
def test_each_item_is_made_of_what_the_answers_say(unit: str) -> None:
    """Of right answers the reference, of mistakes the bank's own module, of stubs what the student was given."""
    chosen = COURSE.unit(unit)
    bank = load_bank(COURSE, chosen)
    right = definitions(bank.reference.decode())
    stubs = definitions((ROOT / "exercises" / unit / chosen.filename).read_text(encoding="utf-8"))
    entries = {(entry.item, entry.name): entry for entry in bank.mistakes}
    for student in SyntheticClass(COURSE, chosen).students(15):
        found = definitions(student.source)
        for item in chosen.items:
            answer = student.answers[item.id]
            if answer in (RIGHT, STUB):
                want = (right if answer == RIGHT else stubs)[item.symbol]
            else:
                want = definitions(bank.source(entries[item.id, answer]).decode())[item.symbol]
            assert found[item.symbol] == want


def test_a_grader_is_held_to_what_each_item_was_made_of() -> None:
    student = Student("s00000", "", {"a": RIGHT, "b": STUB, "c": "off_by_one"})
    fits = {item: {verdict for verdict in Verdict if student.fits(item, verdict)} for item in "abc"}
    assert fits["a"] == {Verdict.PASSED}
    assert fits["b"] == {Verdict.NOT_ATTEMPTED}
    assert Verdict.FAILED in fits["c"]
    assert not fits["c"] & {Verdict.PASSED, Verdict.NOT_ATTEMPTED, Verdict.GRADER_ERROR}


def test_a_course_is_cut_down_to_the_items_that_were_named(tmp_path: Path) -> None:
    items = ["linear_backward", "value_backward"]
    course = cut(COURSE, U03, items, tmp_path)
    assert [(unit.id, [item.id for item in unit.items]) for unit in course.units] == [("u03_backprop", items)]
    whole, bank = load_bank(COURSE, U03), load_bank(course, course.units[0])
    assert [entry.name for entry in bank.mistakes] == [entry.name for entry in whole.mistakes if entry.item in items]
    assert set(definitions(bank.reference.decode())) == {"linear_backward", "Value"}


@pytest.mark.timeout(300)
def test_the_command_grades_a_synthetic_class_of_a_cut_course_as_it_was_made(tmp_path: Path) -> None:
    course = cut(COURSE, U03, ["relu_backward", "unbroadcast"], tmp_path / "course")
    synthetic = SyntheticClass(course, course.units[0], shares=Shares(0.4, 0.3))
    synthetic.write(tmp_path / "class", 12)
    assert len(collect([tmp_path / "class"], course, None).submissions) == 12
    graded = grade([tmp_path / "class"], tmp_path, "namespaces", "--course", str(course.root))
    if isinstance(graded, str):
        pytest.skip(graded)
    kinds = set()
    for student in synthetic.students(12):
        for item in graded.attempts[student.name, "u03_backprop"]["items"]:
            kinds.add(student.answers[item["item"]])
            assert student.fits(item["item"], item["verdict"]), (student.name, item)
    assert {RIGHT, STUB} < kinds
