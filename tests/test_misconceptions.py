"""misconceptions: what a class misunderstood, counted from the published results; files that are none are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.cli import OK, USAGE, run
from autograder.course import Course
from autograder.misconceptions import Misconceptions, reckon
from autograder.models import Attempt, Diagnosis, Environment, Grade, Isolation, ItemResult, Text, Verdict, Words, msg
from autograder.reports import json as published
from autograder.reports.misconceptions import as_json, table
from autograder.results import ResultsError, read
from tests.tiny_course import UNIT, answer, put, tiny_course

ORDER = [(UNIT, "double"), (UNIT, "halves"), (UNIT, "slope")]
P, F, N, M, G = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_ATTEMPTED, Verdict.MISSING, Verdict.GRADER_ERROR
SQUARED, ADDED = Text("You squared x.", "Bạn đã bình phương x."), Text("You added 2.", "Bạn đã cộng 2.")


def result(item: str, verdict: Verdict = P, code: str = "", words: Words = SQUARED) -> ItemResult:
    told = (Diagnosis(code, words),) if code else ()
    return ItemResult(item, verdict, float(verdict is P), 1.0, told)


def attempt(student: str, *results: ItemResult, unit: str = UNIT) -> Attempt:
    return Attempt(student, unit, results)


def squares(student: str) -> Attempt:
    return attempt(student, result("double", F, "squares"), result("halves"))


def causes(found: Misconceptions) -> list[tuple[str, str, int]]:
    return [(cause.item, cause.code, cause.count) for cause in found.causes]


# Reckoning


def test_a_cause_is_counted_once_for_each_student_who_met_it() -> None:
    (cause,) = reckon([squares("an"), squares("bình")], ORDER).causes
    assert (cause.unit, cause.item, cause.code, cause.students) == (UNIT, "double", "squares", ("an", "bình"))


def test_the_most_frequent_cause_comes_first_then_the_order_of_the_course() -> None:
    found = reckon(
        [
            attempt("an", result("double", F, "b"), result("halves", F, "c")),
            attempt("bình", result("double"), result("halves", F, "c")),
            attempt("chi", result("slope", F, "a"), result("halves")),
        ],
        ORDER,
    )
    assert causes(found) == [("halves", "c", 2), ("double", "b", 1), ("slope", "a", 1)]


def test_an_item_that_the_course_no_longer_has_comes_last() -> None:
    found = reckon([attempt("an", result("gone", F, "a"), result("double", F, "b"))], ORDER)
    assert causes(found) == [("double", "b", 1), ("gone", "a", 1)]
    assert [item.item for item in found.items] == ["double", "gone"]


def test_of_two_attempts_of_one_student_the_later_counts() -> None:
    found = reckon([squares("an"), attempt("an", result("double", F, "adds", ADDED), result("halves"))], ORDER)
    assert (found.students, found.submissions, causes(found)) == (1, 1, [("double", "adds", 1)])


@pytest.mark.parametrize("code", ["shape", "values", "some_values", "dtype", "type", "warned"])
def test_a_general_code_explains_nothing(code: str) -> None:
    found = reckon([attempt("an", result("double", F, code), result("halves")), squares("bình")], ORDER)
    assert (found.failures, found.unexplained, found.share_unexplained) == (2, 1, 0.5)
    assert found.items[0].unexplained == ("an",)
    assert causes(found) == [("double", "squares", 1)]


def test_the_first_cause_that_is_more_than_general_counts() -> None:
    both = replace(result("double", F, "shape"), diagnoses=(Diagnosis("shape", ADDED), Diagnosis("squares", SQUARED)))
    found = reckon([attempt("an", both)], ORDER)
    assert (found.unexplained, causes(found)) == (0, [("double", "squares", 1)])


def test_a_failure_without_any_diagnosis_is_unexplained() -> None:
    assert reckon([attempt("an", result("double", F))], ORDER).share_unexplained == 1.0


def test_what_is_no_failure_of_understanding_stands_apart() -> None:
    found = reckon(
        [attempt("an", result("double", N, "not_attempted"), result("halves", G), result("slope", M, "missing"))]
    )
    assert (found.failures, found.causes, found.share_unexplained) == (0, (), None)
    double, halves, slope = found.items
    assert (double.not_attempted, halves.unscored, slope.missing) == (("an",), ("an",), ("an",))


@pytest.mark.parametrize("verdict", [Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED, Verdict.BLOCKED])
def test_an_item_that_was_stopped_has_failed(verdict: Verdict) -> None:
    found = reckon([attempt("an", result("double", verdict, "stopped"), result("halves"))], ORDER)
    assert (found.failures, causes(found)) == (1, [("double", "stopped", 1)])


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(F, "import_failed"), (Verdict.TIMED_OUT, "import_timed_out"), (M, "no_file"), (Verdict.CRASHED, "exited")],
)
def test_a_module_that_does_not_load_is_one_trouble_and_no_failure_of_its_items(verdict: Verdict, code: str) -> None:
    broken = attempt("an", result("double", verdict, code, ADDED), result("halves", verdict, code, ADDED))
    found = reckon([broken, squares("bình")], ORDER)
    (file,) = found.files
    assert (file.unit, file.item, file.code, file.students) == (UNIT, "", code, ("an",))
    assert (found.failures, causes(found)) == (1, [("double", "squares", 1)])


def test_items_that_end_alike_for_different_reasons_are_no_broken_module() -> None:
    found = reckon([attempt("an", result("double", F, "raised", SQUARED), result("halves", F, "raised", ADDED))], ORDER)
    assert (found.files, found.failures) == ((), 2)


def test_an_untouched_stub_is_no_broken_module() -> None:
    assert (
        reckon([attempt("an", result("double", N, "not_attempted"), result("halves", N, "not_attempted"))]).files == ()
    )


def test_one_cause_told_in_several_sentences_keeps_them_the_most_frequent_first() -> None:
    students = [("an", "dx"), ("bình", "dw"), ("chi", "dw")]
    words = "{name} is None"
    found = reckon([attempt(who, result("double", F, "none", msg(words, name=name))) for who, name in students], ORDER)
    (cause,) = found.causes
    assert [(sentence.words, sentence.students) for sentence in cause.sentences] == [
        (msg(words, name="dw"), ("bình", "chi")),
        (msg(words, name="dx"), ("an",)),
    ]


def test_a_class_without_a_submission_has_nothing_to_tell() -> None:
    assert reckon([], ORDER) == Misconceptions(0, 0)


# Rendering


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("course"))


def test_what_comes_from_outside_is_harmless_in_the_table_and_in_the_json(course: Course) -> None:
    found = reckon([attempt("a\x1b[31mn\u202e", result("double", F, "x", msg("{x}", x="a\x1b[2Jb\u2066\nc")))], ORDER)
    for text in (table(found, course, "en"), as_json(found, course, "en")):
        assert not set(text) & {"\x1b", "\u202e", "\u2066"}


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_of_the_table_is_longer_than_the_terminal(course: Course, width: int) -> None:
    long = msg("{x}", x="a word of many " * 30)
    found = reckon([attempt(f"student_{n}", result("double", F, "x", long)) for n in range(40)], ORDER)
    assert max(map(len, table(found, course, "vi", width).splitlines())) <= width


def test_of_many_sentences_of_one_cause_the_table_shows_three_and_the_json_all(course: Course) -> None:
    told = [attempt(f"s{n}", result("double", F, "raised", msg("line {n}", n=n))) for n in range(5)]
    found = reckon(told, ORDER)
    assert "and 2 more sentences of this kind (raised)\n" in table(found, course, "en")
    assert "s3, s4" in table(found, course, "en")
    (cause,) = json.loads(as_json(found, course, "en"))["causes"]
    assert [one["text"] for one in cause["sentences"]] == [f"line {n}" for n in range(5)]


def test_a_class_in_which_nothing_failed_has_a_null_share_and_a_sentence(course: Course) -> None:
    found = reckon([attempt("an", result("double"))], ORDER)
    assert json.loads(as_json(found, course, "en"))["unexplained_share"] is None
    assert "Nothing failed." in table(found, course, "en")


# Reading what was published

ENVIRONMENT = Environment("2.13.0", "3.11.7", "2.1.0", "cpu", 1, 7, "0.1.0")


def results_json(*attempts: Attempt, tier: str = "namespaces", course: str = "tiny", lang: str = "en") -> Any:
    return json.loads(published.results(Grade(course, attempts, Isolation(tier), ENVIRONMENT), lang))


def test_what_was_published_is_read_back_in_both_languages(tmp_path: Path) -> None:
    put(tmp_path / "results.json", json.dumps(results_json(squares("an"), tier="none")))
    for path in (tmp_path, tmp_path / "results.json"):
        results = read(path, "tiny")
        assert results.advice
        assert [(one.student, one.unit, one.items) for one in results.attempts] == [("an", UNIT, squares("an").items)]


def without_texts(data: Any) -> Any:
    del data[0]["items"][0]["diagnoses"][0]["texts"]
    return data


def of_an_older_kit(data: Any) -> Any:
    data[0]["environment"]["kit"] = "0.0.9"
    return without_texts(data)


def with_a_key(data: Any) -> Any:
    data[0]["late_days"] = 2
    return data


def with_a_verdict(data: Any) -> Any:
    data[0]["items"][1]["verdict"] = "perfect"
    return data


def of_another_course(data: Any) -> Any:
    data[0]["course"] = "biology"
    return data


CHANGED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "an older form": (
        without_texts,
        "[0].items[0].diagnoses[0] lacks 'texts'; it was changed, or written by an older 0",
    ),
    "an older kit": (
        of_an_older_kit,
        "lacks 'texts'; it was written by version 0.0.9 of the kit and this is 0.1.0: run",
    ),
    "a newer form": (with_a_key, "results.json: [0] has an unknown key 'late_days'; "),
    "a verdict of another kit": (with_a_verdict, "[0].items[1].verdict is not what the schema asks for (enum)"),
    "no list": (lambda data: data[0], "the whole of it is not what the schema asks for (type); it is no results.json"),
    "another course": (
        of_another_course,
        "results of the course 'biology', not of 'tiny'; give its folder with --course",
    ),
}


@pytest.mark.parametrize(("change", "words"), CHANGED.values(), ids=CHANGED)
def test_results_of_another_form_are_refused(tmp_path: Path, change: Callable[[Any], Any], words: str) -> None:
    file = put(tmp_path / "results.json", json.dumps(change(results_json(squares("an")))))
    with pytest.raises(ResultsError) as error:
        read(tmp_path, "tiny")
    said = str(error.value)
    assert said.startswith(f"{file}: ")
    assert words in said
    assert "\n" not in said


BROKEN: dict[str, tuple[bytes | None, str]] = {
    "no results": (None, "holds no results.json; name the folder that `autograder grade --out` wrote"),
    "cut in the middle": (b'[\n{"course": "ti', "results.json:2: is not JSON ("),
    "empty": (b"", "results.json:1: is not JSON (Expecting value); it is damaged: run `autograder grade` again"),
    "not UTF-8": (b'["\xff"]', "results.json: is not JSON in UTF-8; it is damaged: run"),
    "nested without end": (b"[" * 200_000, "results.json: is not JSON in UTF-8; it is damaged: run"),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_folder_without_results_is_refused_on_one_line(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "results.json").write_bytes(content)
    assert run(["misconceptions", str(tmp_path), "--course", str(course.root)]) == USAGE
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"autograder: {tmp_path}")
    assert words in err


def test_a_path_that_does_not_exist_is_refused(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["misconceptions", "nowhere", "--course", str(course.root)]) == USAGE
    assert "nowhere: no such file or folder; name the folder that" in capsys.readouterr().err


# A class, from the submissions to the table

CLASS = {
    "an": answer(),
    "bình": answer(double="return x**2", halves="n = len(x) // 2\nreturn x[n:].clone(), x[:n].clone()"),
    "chi": answer(double="return x**2", slope="return x**2"),
    "dũng": answer(double="return x + 2"),
    "em": answer(double="return torch.sin(7 * x)", slope="raise NotImplementedError"),
    "giang": "import no_such_package\n",
    "hoa": answer().replace("def double(", "def doubel("),
}

TABLE = """\
Tiny

7 students, 7 submissions
6 failures; 1 of them (17%) are explained by no diagnosis

failed  item             why, and who
────────────────────────────────────────────────────────────────────────────────
2 of 5  u01_tiny/double  You squared x.
                           bình, chi
1 of 5  u01_tiny/double  You added 2.
                           dũng
1 of 6  u01_tiny/halves  The halves are swapped.
                           bình
1 of 5  u01_tiny/slope   The factor is missing.
                           chi
1 of 5  u01_tiny/double  (no diagnosis explains it)
                           em
────────────────────────────────────────────────────────────────────────────────

modules that were not handed in or do not load:
  1  u01_tiny (Tiny)
     tiny.py does not run: ModuleNotFoundError on line 1: `import
       no_such_package`.
       giang

not attempted:
  u01_tiny/slope 1
not in the module:
  u01_tiny/double 1
"""


@pytest.fixture(scope="module")
def graded(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    for student, text in CLASS.items():
        put(folder / "handed in" / student / "tiny.py", text)
    arguments = ["grade", str(folder / "handed in"), "--out", str(folder / "out"), "--course", str(course.root)]
    assert run([*arguments, "--isolation", "process", "--trust-submissions", "--jobs", "1", "--lang", "vi"]) == OK
    return folder / "out"


def test_the_table_of_a_graded_class(
    course: Course, graded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["misconceptions", str(graded), "--course", str(course.root), "--lang", "en"]) == OK
    assert capsys.readouterr().out == TABLE


def test_the_json_of_a_graded_class_says_the_same(
    course: Course, graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["misconceptions", str(graded), "--course", str(course.root), "--lang", "vi", "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert (found["course"], found["language"], found["advice"]) == ("tiny", "vi", False)
    assert (found["failures"], found["unexplained"], found["unexplained_share"]) == (6, 1, 0.1667)
    assert found["causes"][0] == {
        "unit": "u01_tiny",
        "item": "double",
        "code": "squares_instead_of_doubling",
        "count": 2,
        "students": ["bình", "chi"],
        "sentences": [{"text": "Bạn đã bình phương x.", "students": ["bình", "chi"]}],
    }
    assert [(file["code"], file["students"]) for file in found["files"]] == [("import_failed", ["giang"])]
    assert found["items"][0] == {
        "unit": "u01_tiny",
        "item": "double",
        "passed": ["an"],
        "failed": ["bình", "chi", "dũng", "em"],
        "unexplained": ["em"],
        "not_attempted": [],
        "missing": ["hoa"],
        "unscored": [],
    }


def test_one_unit_alone_can_be_asked_for(course: Course, graded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["misconceptions", str(graded), "--course", str(course.root), "--unit"]
    assert run([*arguments, UNIT, "--lang", "en"]) == OK
    assert "6 failures" in capsys.readouterr().out
    assert run([*arguments, "u02"]) == USAGE
    assert "no unit 'u02' in grading.yml" in capsys.readouterr().err
