"""verify: four populations go through the sandbox, and every hole in the course is reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.authoring.build import stub_path
from autograder.authoring.trials import Trial, try_all
from autograder.authoring.verify import (
    Case,
    Row,
    Verification,
    _guards_nothing,
    _submission,
    cases_of,
    static_problems,
    verify,
)
from autograder.bank import BankError
from autograder.course import Course, Item, Unit, load
from autograder.grading.run import GradingError
from autograder.models import Attempt, ItemResult, Text, Verdict
from autograder.reports.verification import table
from tests.tiny_course import change, here, put, tiny_course

SUITE = "autograder/suites/u01_tiny/test_tiny.py"
BANK = "autograder/mistakes/u01_tiny.py"
STUB = "exercises/u01_tiny/tiny.py"


def verified(course: Course, seen: Callable[[int, int], None] = lambda done, total: None) -> Verification:
    return verify(course, course.units, here(), seen)


# A course that is whole


@pytest.fixture(scope="module")
def progress() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, progress: list[tuple[int, int]]) -> Verification:
    return verified(tiny_course(tmp_path_factory.mktemp("whole")), lambda done, total: progress.append((done, total)))


def test_a_whole_course_has_no_problem(whole: Verification) -> None:
    assert whole.problems == ()
    assert whole.ok


def test_each_population_is_counted_with_those_that_do_as_they_must(whole: Verification) -> None:
    assert whole.rows == (
        Row("u01_tiny", "stub", 1, 1, None),
        Row("u01_tiny", "solution", 1, 1, None),
        Row("u01_tiny", "mistake", 12, 12, 12),
        Row("u01_tiny", "alternative", 8, 8, None),
    )
    assert whole.unnamed == ()
    assert whole.tier == "process"


def test_progress_counts_every_case(whole: Verification, progress: list[tuple[int, int]]) -> None:
    assert progress == [(done, 22) for done in range(1, 23)]


def test_the_table_says_what_holds(whole: Verification) -> None:
    lines = table(whole).splitlines()
    assert lines[3].split() == ["u01_tiny", "mistake", "are", "rejected", "12", "12", "12"]
    assert lines[-1] == "verify: all populations hold"


def test_the_table_can_be_read_in_vietnamese(whole: Verification) -> None:
    english, lines = table(whole).splitlines(), table(whole, "vi").splitlines()
    assert lines[3].split() == ["u01_tiny", "mistake", "bị", "bác", "bỏ", "12", "12", "12"]
    assert lines[-1] == "verify: mọi quần thể đều đúng"
    assert len(lines) == len(english)


# A verdict that hangs on the seed

SECOND_RUN = """
import pathlib
RUNS = pathlib.Path(__file__).with_name("runs")
RUNS.write_text(RUNS.read_text() + "." if RUNS.exists() else ".")  # a slot collects its suites once
"""


def test_a_verdict_that_changes_from_run_to_run_is_a_problem_that_names_both_seeds(tmp_path: Path) -> None:
    moody = "def test_the_second_half(student, make):\n    x = make(6)\n"
    course = tiny_course(
        tmp_path,
        (SUITE, "import torch\n", f"import torch\n{SECOND_RUN}"),
        (SUITE, moody, f'{moody}    if RUNS.read_text() == "..":\n        check.that(False, "the second run")\n'),
    )
    seen: list[tuple[int, int]] = []
    found = verify(course, course.units, here(jobs=1), lambda done, total: seen.append((done, total)), runs=2)
    changed = [problem for problem in found.problems if problem.startswith("u01_tiny/solution")]
    assert len(changed) == 1
    assert re.fullmatch(r"u01_tiny/solution: halves is passed with seed \d+ and failed with seed \d+", changed[0])
    assert seen == [(done, 44) for done in range(1, 45)]
    assert "runs: 2, each with a seed of its own" in table(found).splitlines()


# A course with a hole of every kind that only a run can find

HOLES = [
    # an alternative that is wrong, a mistake that is right, a mistake that nobody can tell from another
    (BANK, "    return x + x\n", "    return x + x + 1\n"),
    (BANK, "    return x + 2\n", "    return x * 2.0\n"),
    (BANK, "    return x / self.weight\n", "    return self.weight.detach() * x\n"),
    # a solution that its suite refuses, an item that no test judges
    (SUITE, "check.close(second, x[3:]", "check.close(second, x[:3]"),
    (SUITE, '@pytest.mark.item("slope")', '@pytest.mark.item("double")'),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Verification:
    course = tiny_course(tmp_path_factory.mktemp("broken"), *HOLES)
    change(course.root / STUB, 'raise NotImplementedError("double")', "return x")
    return verified(course)


FOUND = {
    "an alternative that fails": "u01_tiny/double/by_adding: double is right but failed",
    "a mistake that passes": "u01_tiny/double/adds_two: passes; no hidden test sees this mistake",
    "a solution that fails": "u01_tiny/solution: halves is right but failed",
    "a stub that was edited": f"{STUB} is not what `autograder build` makes of its solution; run it",
    "a stub that does something": "u01_tiny/stub: the untouched double is failed, not not_attempted",
    "an item without a test": "u01_tiny/slope has no hidden test",
    "what could not be judged": "u01_tiny/solution: slope could not be judged: no hidden test judges u01_tiny/slope",
}


@pytest.mark.parametrize("problem", FOUND.values(), ids=FOUND)
def test_it_reports(broken: Verification, problem: str) -> None:
    assert not broken.ok
    assert any(found.startswith(problem) for found in broken.problems), broken.problems


def test_a_mistake_rejected_for_a_general_reason_only_is_listed_but_no_problem(broken: Verification) -> None:
    assert "u01_tiny/scale/Detached" in broken.unnamed
    assert not any("Detached" in problem for problem in broken.problems)


def test_the_table_lists_each_problem_on_a_line(broken: Verification) -> None:
    lines = table(broken).splitlines()
    assert [line.removeprefix("problem: ") for line in lines if line.startswith("problem: ")] == list(broken.problems)
    assert lines[-1] == f"verify: problems: {len(broken.problems)}"


def test_a_test_without_an_item_stops_it_with_the_test_and_the_nearest_item(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, '@pytest.mark.item("slope")', '@pytest.mark.item("slopes")'))
    with pytest.raises(GradingError, match="has no item u01_tiny/slopes; did you mean 'slope'"):
        verified(course)


# Code to be mended


def judged_stub(verdict: Verdict, score: float, broken: frozenset[str]) -> list[str]:
    unit = Unit("u", "m", Text("u", "u"), ())
    case = Case("stub", unit, b"", broken=broken)
    return list(case.problems(Attempt("s", "u", (ItemResult("mend", verdict, score, 2.0),))))


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.NOT_ATTEMPTED])
def test_an_untouched_item_with_code_to_mend_may_fail_without_points(verdict: Verdict) -> None:
    assert judged_stub(verdict, 0.0, frozenset({"mend"})) == []


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.TIMED_OUT, Verdict.CRASHED, Verdict.BLOCKED])
def test_an_untouched_item_with_code_to_mend_is_reported_when_it(verdict: Verdict) -> None:
    said = judged_stub(verdict, 0.0, frozenset({"mend"}))
    assert said == [f"u/stub: the untouched mend is {verdict}, not not_attempted or failed"]


def test_an_untouched_item_that_earns_points_is_reported() -> None:
    said = judged_stub(Verdict.FAILED, 0.5, frozenset({"mend"}))
    assert said == ["u/stub: the untouched mend earns 0.5 points; nothing was mended yet"]


def test_an_item_without_code_to_mend_must_not_be_attempted() -> None:
    assert judged_stub(Verdict.FAILED, 0.0, frozenset({"other"})) != []


def test_a_stub_knows_its_items_with_code_to_mend(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    mend = "    ### BEGIN SOLUTION\n    ### BEGIN STUB\n    # return x\n    ### END STUB\n    return 2 * x\n"
    change(tmp_path / "solutions/u01_tiny/tiny.py", "    ### BEGIN SOLUTION\n    return 2 * x\n", mend)
    stub, *others = cases_of(course, course.units[0])
    assert stub.name == "u01_tiny/stub"
    assert stub.broken == {"double"}
    assert not any(case.broken for case in others)


# What the files alone tell


def problems(root: Path) -> list[str]:
    course = load(root)
    return static_problems(course, course.units)


def test_whole_files_have_no_problem(tmp_path: Path) -> None:
    tiny_course(tmp_path)
    assert problems(tmp_path) == []


UNREGISTERED = [
    "exercises/u09_new/new.py",
    "solutions/u09_new/new.py",
    "autograder/suites/u09_new/test_new.py",
    "autograder/mistakes/u09_new.py",
    "exercises/u01_tiny/helper.py",
    "solutions/u01_tiny/helper.py",
]


@pytest.mark.parametrize("file", UNREGISTERED)
def test_what_no_unit_registers_is_reported(tmp_path: Path, file: str) -> None:
    tiny_course(tmp_path)
    put(tmp_path / file, "")
    short = file.rpartition("/")[0] if "u09_new/" in file else file
    assert problems(tmp_path) == [f"{short} belongs to no unit of grading.yml; register or remove it"]


def test_what_python_and_editors_leave_behind_is_not_reported(tmp_path: Path) -> None:
    tiny_course(tmp_path)
    for file in ("exercises/__pycache__/a.pyc", "solutions/.idea/x", "autograder/mistakes/__init__.py"):
        put(tmp_path / file, "")
    assert problems(tmp_path) == []


def test_a_stub_without_a_hint_is_reported(tmp_path: Path) -> None:
    tiny_course(tmp_path)
    change(tmp_path / STUB, "    # Hint: pytest exercises/u01_tiny --hint slope\n", "")
    assert f"{STUB}: slope has no TODO with a hint" in problems(tmp_path)


def test_a_missing_stub_is_reported(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    stub_path(course, course.units[0]).unlink()
    assert f"{STUB} is not what `autograder build` makes of its solution; run it" in problems(tmp_path)


@pytest.mark.parametrize("name", ["test_tiny.py", "README.md", "README.vi.md"])
def test_a_unit_whose_public_files_are_not_all_there_is_reported(tmp_path: Path, name: str) -> None:
    tiny_course(tmp_path)
    (tmp_path / "exercises/u01_tiny" / name).unlink()
    assert problems(tmp_path) == [f"exercises/u01_tiny/{name} is missing"]


def test_an_item_with_too_few_mistakes_and_alternatives_is_reported(tmp_path: Path) -> None:
    tiny_course(tmp_path, (BANK, '@alternative("slope")\ndef with_pow', "def with_pow"))
    assert problems(tmp_path) == [f"{BANK}: slope has 3 mistakes and 1 alternatives; 3 and 2 are wanted"]
    (tmp_path / BANK).unlink()
    assert f"{BANK}: double has 0 mistakes and 0 alternatives; 3 and 2 are wanted" in problems(tmp_path)


def test_an_item_with_one_hint_is_reported(tmp_path: Path) -> None:
    hints = "forbids: [autograd]\n        hints: [{en: weak, vi: yếu}, {en: strong, vi: mạnh}]"
    tiny_course(tmp_path, ("grading.yml", hints, hints.replace(", {en: strong, vi: mạnh}", "")))
    assert problems(tmp_path) == ["grading.yml: slope has 1 hint, 2 are wanted"]


BANKS = {
    "an item that is not there": ('@alternative("slope")\ndef with_pow', '@alternative("slop")\ndef with_pow'),
    "a decorator that is not called": ('@alternative("double")\ndef by_adding', "@alternative\ndef by_adding"),
    "a text that is computed": ('en="You added 2."', 'en="You added " + str(2)'),
    "a sentence in one language": (', vi="Bạn đã cộng 2."', ""),
    "another decorator": ('@alternative("double")\ndef by_adding', '@variant("double")\ndef by_adding'),
    "no Python": ("def by_adding(x):", "def by_adding(x:"),
}
SAID = {
    "an item that is not there": "u01_tiny has no item 'slop'; did you mean 'slope'?",
    "a decorator that is not called": "write @mistake('item', kind=…, en=…, vi=…) or @alternative('item')",
    "a text that is computed": "the decorator's arguments must be plain texts",
    "a sentence in one language": "adds_two lacks vi",
    "another decorator": "by_adding lacks",
    "no Python": "is not Python",
}


@pytest.mark.parametrize("fault", BANKS)
def test_a_bank_is_refused_with_its_line_for(tmp_path: Path, fault: str) -> None:
    tiny_course(tmp_path)
    change(tmp_path / BANK, *BANKS[fault])
    with pytest.raises(BankError, match=r"^u01_tiny\.py:\d+: ") as refused:
        problems(tmp_path)
    assert SAID[fault] in str(refused.value)


def test_a_mistake_is_asked_for_its_own_item_only(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    cases = {case.name: case for case in cases_of(course, course.units[0])}
    assert cases["u01_tiny/slope/without_the_factor"].only == ("slope",)
    assert cases["u01_tiny/solution"].only == ()
    assert b"return x ** 2" in cases["u01_tiny/slope/without_the_factor"].source


def test_a_word_of_forbids_that_torch_does_not_have_is_a_problem() -> None:
    words = ("autograd", "torch.nn.functional.dropout", "aten.native_layer_norm", "torch.dropuot", "aten.no_such")
    item = Item("a", "a", Text("a", "a"), points=1.0, minutes=1, difficulty=1, hints=(), forbids=words)
    found = list(_guards_nothing(Unit("u", "m", Text("u", "u"), (item,))))
    assert [problem.split("'")[1] for problem in found] == ["torch.dropuot", "aten.no_such"]


def test_a_mistake_of_an_item_with_worker_processes_is_named_too() -> None:
    """Its passed tests are replayed in the slot, where a DataLoader forks its workers, however the slot was started."""
    course = load(Path(__file__).parents[1])
    unit = course.unit("u07_data")
    case = next(case for case in cases_of(course, unit) if case.entry and case.entry.name == "drop_last_ignored")
    _, (attempt,) = try_all(course, [unit], here(), [Trial(_submission(case), case.only)])
    assert case.named(attempt)
