"""`autograder ci`: the rules of GitHub's formats, and whole runs on a course of two items."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from autograder.ci import CiRun, run_ci
from autograder.models import Verdict
from autograder.reports import github
from autograder.reports.github import BoardResult, ItemOutcome, UnitOutcome

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "feedback.yml"
NASTY = "50% *bold* | <script> `x`\r\n::error::no \x1b[31mred\x1b[0m"


def item(id: str, verdict: Verdict | None, *words: str, line: int = 3) -> ItemOutcome:
    done = verdict is Verdict.PASSED
    return ItemOutcome(id, f"Title of {id}", 2.0 * done, 2.0, verdict, "exercises/u01_a/a.py", line, words)


def result(*items: ItemOutcome, lang: str = "en") -> BoardResult:
    return BoardResult("demo", lang, (UnitOutcome("u01_a", items),))


MIXED = result(
    item("first", Verdict.PASSED), item("second", Verdict.FAILED, "off by two"), item("third", Verdict.NOT_ATTEMPTED)
)
LOST = ItemOutcome("x", "X", 0.0, 1.0, Verdict.FAILED)
BROKEN = BoardResult(
    "demo",
    "en",
    (
        UnitOutcome("u01_a", (item("first", Verdict.PASSED),)),
        UnitOutcome("u02_b", (LOST,), "exercises/u02_b/b.py", 7, ("Python cannot read line 7.",)),
    ),
)


# annotations


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads it: split first, decode then."""
    found = re.fullmatch(r"::(\w+) ?([^:]*)::(.*)", line, re.DOTALL)
    assert found is not None
    name, properties, message = found.groups()
    pairs = dict(pair.split("=", 1) for pair in properties.split(",") if pair)

    def decode(text: str, codes: str) -> str:
        for char in codes:
            text = text.replace(f"%{ord(char):02X}", char)
        return text.replace("%25", "%")

    return name, {key: decode(value, "\r\n:,") for key, value in pairs.items()}, decode(message, "\r\n")


def test_an_annotation_reads_back_as_it_was_meant() -> None:
    line = github.command("error", "50%, a: b\nsecond", file="a,b.py", line=3, title="x: y, 100%")
    assert "\n" not in line
    expected = {"file": "a,b.py", "line": "3", "title": "x: y, 100%"}
    assert read_command(line) == ("error", expected, "50%, a: b\nsecond")


def test_only_failing_items_are_annotated_on_their_line() -> None:
    (line,) = github.annotations(MIXED)
    name, properties, message = read_command(line)
    assert name == "error"
    assert properties == {"file": "exercises/u01_a/a.py", "line": "3", "title": "second: Title of second"}
    assert message == "off by two"


def test_a_course_in_a_folder_of_the_repository_has_its_paths_from_there() -> None:
    (line,) = github.annotations(MIXED, "homework/course")
    assert "file=homework/course/exercises/u01_a/a.py" in line


def test_a_file_that_does_not_load_is_annotated_once() -> None:
    (line,) = github.annotations(BROKEN)
    _, properties, message = read_command(line)
    assert properties == {"file": "exercises/u02_b/b.py", "line": "7", "title": "u02_b does not load"}
    assert message == "Python cannot read line 7."


def test_at_most_ten_annotations_and_the_last_counts_the_rest() -> None:
    lines = github.annotations(result(*(item(f"i{n}", Verdict.FAILED, "no") for n in range(14))))
    assert len(lines) == 10
    assert "5 more are not right yet" in lines[-1]
    assert len(github.annotations(result(*(item(f"i{n}", Verdict.FAILED, "no") for n in range(10))))) == 10


def test_words_of_a_student_cannot_start_a_command_or_a_colour() -> None:
    (line,) = github.annotations(result(item("i", Verdict.FAILED, NASTY)))
    assert line.count("\n") == 0
    assert "\x1b" not in line
    assert line.startswith("::error file=")


def test_the_log_is_fenced_by_a_token_that_it_cannot_hold() -> None:
    text = github.fenced("::error::mine\n::t0ken::\n::error::mine too", "t0ken")
    assert text.splitlines()[0] == "::stop-commands::t0ken"
    assert text.splitlines()[-1] == "::t0ken::"
    assert text.count("t0ken") == 2


# the summary, the outputs, JUnit


def test_the_summary_tells_points_table_and_causes() -> None:
    text = github.summary(MIXED)
    assert text.startswith("## 2 of 6 points\n")
    assert "| u01_a | 1 | 1 | 1 | 2/6 |" in text
    assert "### second: Title of second\n- exercises/u01_a/a.py:3\n- off by two" in text
    assert "**to do:** third" in text


def test_the_summary_speaks_the_language_of_the_board() -> None:
    assert "điểm" in github.summary(result(item("a", Verdict.PASSED), lang="vi"))


def test_markdown_of_a_student_is_shown_and_not_read() -> None:
    text = github.summary(result(item("i", Verdict.FAILED, NASTY, "![x](http://example.org/a.png) @someone")))
    assert "<script>" not in text
    assert "\x1b" not in text
    assert not re.search(r"(?<!\\)[*`|<@!]", text.split("### ")[1].split("\n\n")[0])


def test_a_summary_that_is_too_long_is_cut_at_a_paragraph() -> None:
    long = result(*(item(f"i{n}", Verdict.FAILED, "ờ" * 3000) for n in range(300)))
    text = github.summary(long)
    assert len(text.encode()) <= 1 << 20
    assert text.rstrip().endswith("The rest was left out: the summary became too long.")
    assert len(github.summary(long, 5000).encode()) <= 5000


def test_the_outputs_are_lines_of_numbers() -> None:
    expected = "score=2\nmax_score=6\ndone=1\ntodo=1\nfailing=1\nall_done=false\n"
    assert github.outputs(MIXED) == expected


def test_the_junit_file_holds_the_points_of_each_item() -> None:
    suite = ET.fromstring(github.junit(MIXED)).find("testsuite")
    assert suite is not None
    assert suite.attrib == {"name": "u01_a", "errors": "0", "tests": "3", "failures": "1", "skipped": "1"}
    points = [case.find("properties/property[@name='points']") for case in suite.findall("testcase")]
    assert [one is not None and one.get("value") for one in points] == ["2/2", "0/2", "0/2"]
    failure = suite.find("testcase[@name='second']/failure")
    assert failure is not None
    assert failure.get("message") == "off by two"
    assert failure.text == "exercises/u01_a/a.py:3\noff by two"
    assert suite.find("testcase[@name='third']/skipped") is not None


def test_the_junit_file_is_xml_whatever_a_student_wrote() -> None:
    text = github.junit(result(item("i", Verdict.FAILED, NASTY + "\x00\x07\ud800 ]]> &")))
    assert ET.fromstring(text.encode()).find(".//failure") is not None


def test_the_end_of_a_log_tells_the_line_of_each_failing_item() -> None:
    assert github.text(MIXED).splitlines() == [
        "exercises/u01_a/a.py:3: second: Title of second: off by two",
        "1 done, 1 to do, 1 failing, 2 of 6 points",
    ]


# whole runs

GRADING = """\
course: {id: demo, title: {en: Demo, vi: Demo}}
units:
  - id: u01_a
    module: a
    title: {en: A, vi: A}
    items:
      - {id: one, title: {en: One, vi: Một}, points: 1, minutes: 1, difficulty: 1, hints: [{en: h, vi: h}]}
      - {id: two, title: {en: Two, vi: Hai}, points: 2, minutes: 1, difficulty: 1, hints: [{en: h, vi: h}]}
"""
TESTS = """\
import pytest
from u01_a import a

pytestmark = pytest.mark.unit("u01_a")

@pytest.mark.item("one")
def test_one():
    assert a.one() == 1

@pytest.mark.item("two")
def test_two():
    assert a.two() == 2
"""
INI = """\
[pytest]
addopts = --import-mode=importlib -p no:hypothesispytest -p no:benchmark
pythonpath = exercises
"""
RIGHT = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
WRONG = "def one():\n    return 1\n\n\ndef two():\n    return 2 / 0\n"

Course = Callable[[str], Path]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    def build(source: str) -> Path:
        unit = tmp_path / "exercises" / "u01_a"
        unit.mkdir(parents=True)
        (tmp_path / "grading.yml").write_text(GRADING, encoding="utf-8")
        (unit / "test_a.py").write_text(TESTS, encoding="utf-8")
        (unit / "a.py").write_text(source, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text(INI, encoding="utf-8")
        return tmp_path

    return build


def on_github(root: Path) -> tuple[CiRun, str, str]:
    """A run as in a workflow: the answer, the summary, the outputs."""
    summary, output = root / "summary.md", root / "output.txt"
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(root),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
    }
    answer = run_ci(root, environ=environ)
    return answer, summary.read_text(encoding="utf-8"), output.read_text(encoding="utf-8")


def test_all_done_exits_with_0_and_writes_the_junit_file(course: Course) -> None:
    root = course(RIGHT)
    answer = run_ci(root, environ={})
    assert answer.exit_code == 0
    assert answer.text.splitlines()[-1] == "2 done, 0 to do, 0 failing, 3 of 3 points"
    assert "::" not in answer.text.splitlines()[-1]
    assert (root / "build" / "junit.xml").is_file()


def test_github_gets_annotations_summary_and_outputs(course: Course) -> None:
    answer, summary, output = on_github(course(WRONG))
    assert answer.exit_code == 1
    expected = "::error file=exercises/u01_a/a.py,line=6,title=two%3A Two::ZeroDivisionError: division by zero"
    assert expected in answer.text.splitlines()
    assert "| u01_a | 1 | 0 | 1 | 1/3 |" in summary
    assert "score=1\nmax_score=3\n" in output


def test_what_a_student_prints_is_no_command_and_the_job_files_are_out_of_reach(course: Course) -> None:
    source = "import os\n\nprint('::error::mine', sorted(key for key in os.environ if key.startswith('GITHUB_')))\n"
    answer, _, _ = on_github(course(source + "raise ValueError\n"))
    lines = answer.text.splitlines()
    printed = next(n for n, line in enumerate(lines) if line.startswith("::error::mine"))
    assert lines[printed] == "::error::mine ['GITHUB_ACTIONS', 'GITHUB_WORKSPACE']"
    token = next(line.removeprefix("::stop-commands::") for line in lines if line.startswith("::stop-commands::"))
    assert lines.index(f"::stop-commands::{token}") < printed < lines.index(f"::{token}::")


def test_a_file_that_does_not_load_is_told_on_its_line(course: Course) -> None:
    answer, _, output = on_github(course("def one()\n"))
    assert answer.exit_code == 1
    assert (
        "::error file=exercises/u01_a/a.py,line=1,title=u01_a does not load::Python cannot read line 1" in answer.text
    )
    assert "score=0\nmax_score=3\n" in output


def test_the_place_of_the_junit_file_can_be_chosen(course: Course, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "results.xml"
    run_ci(course(RIGHT), out=out, environ={})
    assert ET.parse(out).getroot().tag == "testsuites"


def test_a_student_that_ends_the_process_is_not_done(course: Course) -> None:
    answer = run_ci(course("import os\n\n\ndef one():\n    os._exit(0)\n"), environ={})
    assert answer.exit_code == 1
    assert "pytest could not run the tests" in answer.text


def test_tests_that_never_end_are_stopped(course: Course) -> None:
    answer = run_ci(course("while True:\n    pass\n"), environ={}, seconds=2)
    assert answer.exit_code == 1
    assert "The tests did not come to an end and were stopped." in answer.text


def test_a_run_without_a_result_is_one_annotation(course: Course) -> None:
    root = course("import os\n\n\ndef one():\n    os._exit(0)\n")
    answer = run_ci(root, environ={"GITHUB_ACTIONS": "true"})
    assert answer.text.startswith("::error::pytest could not run the tests (exit status 0).%0A")
    assert "\n" not in answer.text


def test_a_folder_without_a_course_is_a_usage_error(tmp_path: Path) -> None:
    answer = run_ci(tmp_path, environ={})
    assert answer.exit_code == 2
    assert "has no grading.yml: run autograder ci in the folder of the course." in answer.text


def test_a_path_that_does_not_exist_is_a_usage_error(course: Course) -> None:
    answer = run_ci(course(RIGHT), ["exercises/u99"], environ={})
    assert answer.exit_code == 2
    assert "exercises/u99 does not exist" in answer.text


def test_an_out_that_cannot_be_written_is_a_usage_error_before_any_test_runs(course: Course, tmp_path: Path) -> None:
    answer = run_ci(course(RIGHT), out=tmp_path / "grading.yml" / "junit.xml", environ={})
    assert answer.exit_code == 2
    assert "give another file with --out" in answer.text


# the workflow


def test_the_workflow_follows_githubs_schema() -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_the_workflow_may_only_read_and_pins_its_actions() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["feedback"]["steps"]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    assert steps[0]["with"]["persist-credentials"] is False


def test_the_workflow_runs_the_public_tests_and_nothing_hidden() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "autograder ci" in text
    assert not re.search(r"autograder (grade|verify)|suites|secrets\.", text)
