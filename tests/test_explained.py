"""audit --explain: each mistake is graded as if the bank did not know it, and what its report names has a kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.authoring import causes
from autograder.authoring.explained import Case, Explained, Named, explained
from autograder.checks import amount_rules, function_rules
from autograder.cli import NOT_YET, run
from autograder.course import Course
from autograder.grading import behaviour, complaints
from autograder.grading import explain as explain_module
from autograder.models import KINDS, WARNED, Verdict
from autograder.reports.explained import table
from autograder.slips.stories import STORIES
from autograder.slips.verdict import PREFIX
from tests.tiny_course import change, forgotten, here, tiny_course

ROOT = Path(__file__).resolve().parents[1]
BANK = "autograder/mistakes/u01_tiny.py"
TWIN = """
@mistake("double", kind="scale", en="Once more.", vi="Thêm lần nữa.")
def squares_by_a_product(x):
    return x * x
"""


@pytest.fixture(autouse=True)
def _as_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(explain_module, "SLOW", 60.0)
    monkeypatch.setattr(explain_module, "BUDGET", 60.0)
    with forgotten({"u01_tiny"}):
        yield


def measured(course: Course, *items: str) -> Explained:
    return explained(course, course.units, here(), items)


def case(found: Explained, name: str) -> Case:
    return next(case for case in found.cases if case.name == name)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    course = tiny_course(tmp_path_factory.mktemp("twins"))
    bank = course.root / BANK
    bank.write_text(bank.read_text() + TWIN)
    return measured(course)


def test_every_mistake_is_measured_once(found: Explained) -> None:
    assert len(found.cases) == len({case.name for case in found.cases}) == 13
    assert found.passed == ()


def test_a_mistake_is_not_called_by_its_own_name(found: Explained) -> None:
    assert [one.name for one in found.cases if one.name in one.codes] == []


def test_a_story_of_the_checks_is_right_for_its_kinds(found: Explained) -> None:
    single = case(found, "Single")
    assert (single.codes, single.named) == (("dtype",), Named.RIGHT)
    assert case(found, "doubles_in_place").named is Named.RIGHT


def test_what_names_no_cause_is_unnamed(found: Explained) -> None:
    assert case(found, "exponent_stays").named is Named.UNNAMED


def test_another_mistake_with_the_same_values_is_right_when_its_kind_is(found: Explained) -> None:
    twin = case(found, "squares_by_a_product")
    assert twin.codes == ("squares_instead_of_doubling",)
    assert twin.named is Named.WRONG  # scale is told that it is formula


def test_mistakes_with_the_same_values_in_every_test_are_told(found: Explained) -> None:
    (twins,) = found.twins
    assert twins.names == ("squares_instead_of_doubling", "squares_by_a_product")
    assert "squares_instead_of_doubling, squares_by_a_product" in table(found)


def test_mistakes_of_which_the_report_says_the_same_are_told() -> None:
    told = [("a", ("values",)), ("b", ("shape",)), ("c", ("values",))]
    cases = tuple(Case("u", "i", name, "sign", Verdict.FAILED, codes, (None,)) for name, codes in told)
    whole = Explained(cases, (), ())
    assert [one.names for one in whole.alike] == [("a", "c")]
    assert "same words: u/i: a, c (values)" in table(whole)


def test_a_mistake_that_the_bank_does_not_know_is_named_as_a_slip_in_a_right_answer(found: Explained) -> None:
    swapped = case(found, "swapped_halves")
    assert (swapped.codes[0], swapped.named) == ("slip_results_exchanged", Named.RIGHT)


def test_a_mixed_report_counts_as_right_and_as_wrong() -> None:
    def told(name: str, *kinds: str) -> Case:
        sets = tuple(frozenset(kind.split()) if kind else None for kind in kinds)
        return Case("u", "i", name, "sign", Verdict.FAILED, ("x",) * len(kinds), sets)

    cases = (told("a", "sign"), told("b", "sign scale", "order"), told("c", "order", ""), told("d", ""))
    assert [case.named for case in cases] == [Named.RIGHT, Named.MIXED, Named.WRONG, Named.UNNAMED]
    whole = Explained(cases, (), ())
    assert (whole.right, whole.wrong) == (0.5, 0.5)
    assert not whole.ok


def test_a_mistake_that_no_test_notices_is_a_problem(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    change(course.root / BANK, "    return x + 2\n", "    return x + x\n")
    found = measured(course, "double")
    assert [case.name for case in found.passed] == ["adds_two"]
    assert "no test notices adds_two" in table(found)


def test_a_replay_beyond_the_graders_time_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = tiny_course(tmp_path)
    bank = course.root / BANK
    bank.write_text(bank.read_text() + TWIN)
    monkeypatch.setattr(explain_module, "BUDGET", -1.0)
    assert case(measured(course, "double"), "squares_by_a_product").codes != ("squares_instead_of_doubling",)


def test_the_command_writes_the_page_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course, page = tiny_course(tmp_path / "course"), tmp_path / "page.md"
    arguments = ["audit", "--explain", "--course", str(course.root), "--item", "halves", "--page", str(page)]
    assert run(arguments) == NOT_YET
    assert "explain: the right kind is named for" in capsys.readouterr().out
    assert "| all | 3 |" in page.read_text()
    assert "## The mistakes that no diagnosis separates" in page.read_text()


def test_a_page_without_explain_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--page", "x.md"]) == 2
    assert "--page is for --explain" in capsys.readouterr().err


# --- the table of causes is closed ---

# places where the code is no literal, and the codes that arise there
COMPUTED: dict[str, set[str]] = {
    "amount_rules._constant": {row[0] for row in amount_rules.CONSTANTS},
    "function_rules.applied": {row[0] for row in function_rules.APPLIED},
    "function_rules.left_out": {row[0] for row in function_rules.LEFT_OUT},
    "about.__init__": set(),  # these four pass on what they are given
    "case.says": set(),
    "shape_rules._says": set(),
    "properties.that": set(),
    "amount_rules.factor": set(),  # a diagnosis said again with a second hint
    "nonfinite._from_input": set(),  # of a Trait, which is a literal
    "nonfinite._counted": {"nan", "infinite"},
    "behaviour._left": {row[0] for row in behaviour.LEFT.values()},
    "complaints.complaint": set(complaints.COMPLAINTS),
    "words.warned": {WARNED},
    "kinds.wrong_kind": {"tensor", "numpy", "python_number", "type"},
    "equality._strings": {"values", "letter_case", "white_space", "normal_form", "marks"},  # of `_reason`
    "equality._words": set(),
    "idioms._said": set(),  # codes of slips
    "properties.fail": {"property"},  # and what the suites give it
    "verdict.told": {PREFIX + code for code in STORIES},
}


def codes_of(path: Path) -> tuple[set[str], set[str]]:
    """The literal codes that a module says, and the functions in which a code is computed."""
    said: set[str] = set()
    computed: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            given = _code(node) if isinstance(node, ast.Call) else None
            if given is None:
                continue
            given = ast.Constant(constants.get(ast.unparse(given))) if isinstance(given, ast.Name) else given
            texts = {c.value for c in ast.walk(given) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
            said |= texts
            if not texts:
                computed.add(f"{path.stem}.{function.name}")
    return said, computed


def _code(call: ast.Call) -> ast.expr | None:
    name = ast.unparse(call.func).rpartition(".")[2]
    keyword = next((word.value for word in call.keywords if word.arg == "code"), None)
    if name in ("that", "fail"):
        return keyword
    place = {"Trait": 0, "about": 0, "Diagnosis": 0, "says": 0, "_says": 1}.get(name)
    return None if place is None else keyword or call.args[place]


SPEAKERS = [
    *sorted((ROOT / "autograder/checks").glob("*.py")),
    *sorted((ROOT / "autograder/suites").rglob("*.py")),
    ROOT / "autograder/slips/verdict.py",
    ROOT / "autograder/slips/idioms.py",
    ROOT / "autograder/grading/behaviour.py",
    ROOT / "autograder/grading/complaints.py",
    ROOT / "autograder/grading/words.py",
    ROOT / "autograder/grading/score.py",
    ROOT / "autograder/sandbox/proxy.py",
    ROOT / "autograder/sandbox/answers.py",
]


@pytest.fixture(scope="module")
def spoken() -> tuple[set[str], set[str]]:
    pairs = [codes_of(path) for path in SPEAKERS]
    return set().union(*(said for said, _ in pairs)), set().union(*(computed for _, computed in pairs))


def test_every_place_where_a_code_is_computed_is_known(spoken: tuple[set[str], set[str]]) -> None:
    assert spoken[1] == COMPUTED.keys()


def test_every_code_of_the_kit_and_of_the_suites_names_kinds_or_no_cause(spoken: tuple[set[str], set[str]]) -> None:
    said = spoken[0].union(*COMPUTED.values())
    assert len(said) > 90
    assert said - causes.RIGHT_FOR.keys() - causes.NAMES_NO_CAUSE == set()
    assert (causes.RIGHT_FOR.keys() | causes.NAMES_NO_CAUSE) - said == set()
    assert causes.RIGHT_FOR.keys() & causes.NAMES_NO_CAUSE == set()


def test_no_code_is_right_for_a_word_that_is_no_kind_or_for_more_kinds_than_a_few() -> None:
    assert set().union(*causes.RIGHT_FOR.values()) <= set(KINDS)
    assert [code for code, kinds in causes.RIGHT_FOR.items() if not 1 <= len(kinds) <= causes.MOST] == []
