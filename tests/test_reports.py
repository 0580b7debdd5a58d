"""reports: Grade → text, json, csv, markdown, html; pure, complete, and harmless whatever a name or sentence holds."""

from __future__ import annotations

import ast
import csv as reader
import io
import json as parser
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest
from markdown_it import MarkdownIt

import autograder.reports
from autograder.course import Course, Credit, Item, LatePolicy, Limits, Ramp, Unit
from autograder.models import (
    Attempt,
    Diagnosis,
    Environment,
    Grade,
    Isolation,
    ItemResult,
    Text,
    Verdict,
    msg,
)
from autograder.reports import csv, html, json, markdown, text
from autograder.reports.escape import cell, fenced, plain
from autograder.reports.escape import markdown as escaped
from autograder.reports.wording import MEANINGS, VERDICTS, class_size, counts, feedback, points
from autograder.words import say

HINTS = (Text("Look at keepdim.", "Xem keepdim."), Text("Use var_mean.", "Dùng var_mean."))
SEED = 918273645
STAFF = "Traceback of the hidden suite"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "[click](javascript:alert(1))",
    "![](http://evil.example/x.png)",
    "http://evil.example www.evil.example <http://evil.example> @everyone a@evil.example #1",
    "| a | b |",
    "`code` ```fence **bold** _it_ ~~s~~ $x$",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "=HYPERLINK(1)",
    "===",
    "\x1b[31mred\x1b[0m\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x9b31m",
    "a\u202eb\u2066c\x00d\x07e\ud800f\u2028g",
    "a\r\nb\nc",
]


def item(id: str, credit: Credit | None = None) -> Item:
    title = Text(f"Title of {id}", f"Tên của {id}")
    return Item(id, id, title, 2.0, 10, 2, HINTS, credit=credit or Credit())


COURSE = Course(
    id="pytorch",
    title=Text("Introduction to PyTorch", "Nhập môn PyTorch"),
    language="en",
    limits=Limits(),
    late=LatePolicy(),
    units=(
        Unit("u01_tensors", "tensors", Text("Tensors", "Tensor"), (item("regroup"), item("one_hot"), item("select"))),
        Unit("u06_mlp", "mlp", Text("Networks", "Mạng"), (item("accuracy", Credit("ramp", Ramp(0.9, 0.95))),)),
    ),
    path=Path("grading.yml"),
)

CAUSE = Diagnosis(
    "mistake:sample_std",
    Text("You divided by N − 1.", "Bạn đã chia cho N − 1."),
    Text("Look at correction.", "Xem correction."),
)


def result(id: str, verdict: Verdict = Verdict.PASSED, score: float | None = None) -> ItemResult:
    failed = verdict is Verdict.FAILED
    return ItemResult(
        item=id,
        verdict=verdict,
        score=score if score is not None else 2.0 * (verdict is Verdict.PASSED),
        max_score=2.0,
        diagnoses=(CAUSE,) if failed else (),
        feedback=(msg("{name} has {n} wrong entries", name="dx", n=3),) if failed else (),
        seconds=0.0123456,
        devices=("cpu", "pretend") if id == "accuracy" else ("cpu",),
        staff=STAFF if verdict is Verdict.GRADER_ERROR else "",
    )


def attempt(student: str, *verdicts: Verdict, unit: str = "u01_tensors") -> Attempt:
    ids = ["regroup", "one_hot", "select"] if unit == "u01_tensors" else ["accuracy"]
    return Attempt(student, unit, tuple(result(id, verdict) for id, verdict in zip(ids, verdicts, strict=True)))


P, F, N, G = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_ATTEMPTED, Verdict.GRADER_ERROR


def grade(*attempts: Attempt, tier: str = "namespaces", practice: bool = False) -> Grade:
    environment = Environment("2.13.0", "3.11.7", "2.1.0", "cpu", 1, SEED, "0.1.0", "MNIST from a mirror", practice)
    return Grade("pytorch", attempts, Isolation(tier, ("bubblewrap answers",)), environment)


CLASS = grade(
    attempt("alice", P, P, P),
    attempt("alice", P, unit="u06_mlp"),
    attempt("Trần Bình", P, F, N),
    attempt("carol", P, G, Verdict.TIMED_OUT),
)


def hostile(name: str) -> Grade:
    """`name` in every place that comes from outside."""
    bad = Diagnosis("code", msg("{x}", x=name), msg("{x}", x=name))
    items = (
        ItemResult("regroup", F, 0.0, 2.0, (bad,), (msg("{x}", x=name), msg("{x}", x=f"line\n{name}")), staff=name),
        ItemResult("one_hot", G, 0.0, 2.0, staff=name),
    )
    note = msg("{x}", x=name)
    made = grade(Attempt(name, "u01_tensors", items, (note,)))
    environment = replace(made.environment, data=name)
    return replace(made, notes=(note,), isolation=Isolation("landlock", (name,)), environment=environment)


def every_report(made: Grade, student: str, lang: str = "en") -> dict[str, str]:
    return {
        "text": text.grade_table(made, COURSE, lang),
        "json": json.results(made, lang),
        "csv": csv.grades(made, COURSE),
        "markdown": markdown.student(made, student, COURSE, lang),
        "html": html.index(made, COURSE, lang),
    }


def rows(made: Grade, course: Course | None = None) -> list[dict[str, str]]:
    return list(reader.DictReader(io.StringIO(csv.grades(made, course))))


# Purity


def test_reports_import_nothing_that_touches_disk_clock_process_or_torch() -> None:
    allowed = {"__future__", "autograder", "collections", "contextlib", "csv", "dataclasses", "functools", "html", "io"}
    allowed |= {"jinja2", "json", "re", "statistics", "textwrap", "types", "typing", "unicodedata"}
    for module in ("__init__", "csv", "escape", "html", "json", "markdown", "misconceptions", "text", "wording"):
        source = resources.files(autograder.reports).joinpath(f"{module}.py").read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed
            assert not (isinstance(node, ast.Name) and node.id == "open")


def test_the_same_grade_gives_the_same_bytes_twice() -> None:
    assert every_report(CLASS, "alice") == every_report(CLASS, "alice")


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_an_empty_grade_has_every_report(lang: str) -> None:
    for report in every_report(grade(), "nobody", lang).values():
        assert report.endswith("\n")


# Harmless, whatever a name or a sentence holds


@pytest.mark.parametrize("name", HOSTILE)
def test_no_report_carries_characters_that_act_on_a_screen(name: str) -> None:
    for report in every_report(hostile(name), name).values():
        report.encode("utf-8")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", report)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_has_no_tag_or_attribute_that_a_name_brought(name: str) -> None:
    assert _Tags.of(html.index(hostile(name), COURSE, "en")) == _Tags.of(html.index(hostile("x"), COURSE, "en"))


@pytest.mark.parametrize("name", HOSTILE[:-1])  # the last has lines, which are shown as a block
def test_a_students_page_reads_as_the_words_themselves(name: str) -> None:
    github = MarkdownIt("gfm-like", {"html": True, "linkify": False}).enable("strikethrough")
    want, got = _Tags(), _Tags()
    want.feed(github.render(markdown.student(hostile("x"), "x", COURSE, "en")))
    got.feed(github.render(markdown.student(hostile(name), name, COURSE, "en")))
    assert got.tags == want.tags
    assert plain(name) in " ".join("".join(got.text).split())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_students_page_brings_no_link_of_its_own(name: str) -> None:
    page = markdown.student(hostile(name), name, COURSE, "en")
    page = re.sub(
        r"^ *(`{3,})text$.*?^ *\1$", "", page, flags=re.MULTILINE | re.DOTALL
    )  # a block of code is only shown
    assert not re.search(r"https?://|(?<!\\)@|www\.", page)


class _Tags(HTMLParser):
    """The tags of a page with their attributes' names, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []

    @classmethod
    def of(cls, page: str) -> list[tuple[str, tuple[str, ...]]]:
        found = cls()
        found.feed(page)
        return found.tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "  =", "\u200b=", "＝"])
def test_a_student_whose_name_is_a_formula_is_quoted_in_the_csv(start: str) -> None:
    (row,) = rows(grade(attempt(f'{start}HYPERLINK("x")', P, P, P)))
    assert not row["student"].lstrip().startswith(("=", "+", "-", "@", "＝"))


def test_ansi_sequences_are_dropped_whole_and_other_marks_shown() -> None:
    assert plain("\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x07") == "red x\N{REPLACEMENT CHARACTER}"


def test_a_cell_and_a_line_of_markdown_keep_ordinary_words() -> None:
    words = "row_standardize(x): shape (4, 1), 3 of 12 entries differ. Chuẩn hóa?"
    assert plain(words) == cell(words) == escaped(words) == words


def test_a_block_of_code_cannot_be_left_from_within() -> None:
    block = fenced("a\n```\n<b>\n````")
    assert block.startswith("`````text\n")
    assert block.endswith("\n`````")


# What each report says


def test_the_table_has_a_line_for_each_attempt() -> None:
    table = text.grade_table(CLASS, COURSE, "en", 100)
    assert re.search(r"^alice +u01_tensors +6 / 6 +3 passed$", table, re.MULTILINE)
    assert re.search(r"^Trần Bình +u01_tensors +2 / 6 +1 passed, 1 failed, 1 not attempted$", table, re.MULTILINE)
    assert re.search(r"^carol +u01_tensors +– / 6 +1 passed, 1 out of time, 1 not scored$", table, re.MULTILINE)
    assert "3 students, 4 submissions" in table


def test_the_table_says_isolation_data_and_what_to_run_again() -> None:
    table = text.grade_table(CLASS, COURSE, "en", 100)
    assert "isolation: namespaces (bubblewrap answers)" in table
    assert "data MNIST from a mirror" in table
    assert "  carol u01_tensors: one_hot" in table
    assert "run it again" not in text.grade_table(grade(attempt("alice", P, P, P)), COURSE, "en")


def test_the_table_gives_notes_of_the_run_and_of_students() -> None:
    noted = replace(CLASS, notes=(msg("eve.zip is broken"),))
    noted = replace(noted, attempts=(replace(noted.attempts[0], notes=(msg("ignored: conftest.py"),)),))
    table = text.grade_table(noted, COURSE, "en")
    assert "notes:\n  eve.zip is broken\n  alice u01_tensors: ignored: conftest.py\n" in table


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_table_keeps_to_the_width_and_its_columns_stay_aligned(width: int) -> None:
    wide = grade(attempt("x" * 60, P, F, N), attempt("田中太郎", P, F, Verdict.CRASHED), attempt("Trần", P, P, P))
    lines = text.grade_table(wide, COURSE, "en", width).split("\n\n")[1].splitlines()
    assert all(text.columns(line) <= max(width, 54) for line in lines)
    at = {text.columns(line[: line.index("u01")]) for line in lines if "u01" in line}
    assert len(at) == 1
    assert all(line == line.rstrip() for line in lines)


def test_the_json_is_a_list_of_attempts_each_complete_in_itself() -> None:
    first, *_ = attempts = parser.loads(json.results(CLASS))
    assert len(attempts) == 4
    assert (first["student"], first["unit"], first["score"], first["max_score"]) == ("alice", "u01_tensors", 6.0, 6.0)
    assert first["isolation"] == {"tier": "namespaces", "advice": False, "reasons": ["bubblewrap answers"]}
    assert first["environment"]["torch"] == "2.13.0"
    assert first["environment"]["seed"] == SEED


def test_the_json_has_each_verdict_with_its_causes_and_feedback() -> None:
    failed = parser.loads(json.results(CLASS))[2]["items"][1]
    assert failed == {
        "item": "one_hot",
        "verdict": "failed",
        "score": 0.0,
        "max_score": 2.0,
        "seconds": 0.012,
        "devices": [{"device": "cpu", "real": True}],
        "peak_mb": None,
        "diagnoses": [
            {
                "code": "mistake:sample_std",
                "text": "You divided by N − 1.",
                "texts": {"en": "You divided by N − 1.", "vi": "Bạn đã chia cho N − 1."},
            }
        ],
        "feedback": ["dx has 3 wrong entries"],
        "runs": [],
        "manual": None,
    }


def test_the_json_says_each_cause_in_every_language_whatever_the_language_of_the_report() -> None:
    (said,) = parser.loads(json.results(CLASS, "vi"))[2]["items"][1]["diagnoses"]
    assert said["text"] == said["texts"]["vi"] == "Bạn đã chia cho N − 1."
    assert said["texts"]["en"] == "You divided by N − 1."


def test_every_report_names_the_devices_of_an_item_and_that_one_is_no_real_gpu() -> None:
    (item,) = parser.loads(json.results(CLASS))[1]["items"]
    assert item["devices"] == [{"device": "cpu", "real": True}, {"device": "pretend", "real": False}]
    said = "Judged on cpu, pretend (not a real GPU):"
    assert f"{said} accuracy" in text.grade_table(CLASS, COURSE, "en")
    assert f"{said} `accuracy`" in markdown.student(CLASS, "alice", COURSE, "en")
    assert "judged on: cpu, pretend (not a real GPU)" in html.index(CLASS, COURSE, "en")
    assert "không phải GPU thật" in markdown.student(CLASS, "alice", COURSE, "vi")
    assert said not in markdown.student(CLASS, "carol", COURSE, "en")


def test_the_memory_of_a_gpu_is_told_in_megabytes() -> None:
    (one,) = CLASS.attempts[1].items
    used = replace(CLASS.attempts[1], items=(replace(one, devices=("cpu", "cuda"), peak_bytes=3 << 19),))
    (item,) = parser.loads(json.results(replace(CLASS, attempts=(used,))))[0]["items"]
    assert (item["peak_mb"], item["devices"][1]) == (1.5, {"device": "cuda", "real": True})


def test_the_json_of_an_unscored_attempt_has_no_number() -> None:
    carol = parser.loads(json.results(CLASS))[3]
    assert carol["score"] is None
    assert STAFF not in json.results(CLASS)


def schema() -> jsonschema.Draft202012Validator:
    file = resources.files(autograder.reports).joinpath("schema/attempt.schema.json")
    described = parser.loads(file.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(described)
    return jsonschema.Draft202012Validator(described)


@pytest.mark.parametrize("made", [CLASS, grade(), hostile("x\n\x1b"), grade(tier="none", practice=True)])
def test_the_json_keeps_to_the_published_schema(made: Grade) -> None:
    schema().validate(parser.loads(json.results(made)))
    schema().validate(parser.loads(json.results(made, "vi")))


def test_the_schema_knows_every_verdict_and_no_other() -> None:
    verdicts = schema().schema["$defs"]["item"]["properties"]["verdict"]["enum"]
    assert verdicts == [verdict.value for verdict in Verdict]


@pytest.mark.parametrize(
    ("key", "value"), [("score", 0), ("score", "6"), ("student", ""), ("surprise", 1), ("isolation", {"tier": "magic"})]
)
def test_the_schema_refuses_what_a_grade_book_must_not_read(key: str, value: object) -> None:
    attempts = parser.loads(json.results(CLASS))
    attempts[3][key] = value  # the one that is not scored
    assert not schema().is_valid(attempts)


def test_the_csv_counts_verdicts_and_leaves_an_unscored_score_empty() -> None:
    alice, mlp, binh, carol = rows(CLASS, COURSE)
    assert list(alice) == list(csv.HEADER)
    assert (alice["score"], alice["max_score"], alice["passed"]) == ("6", "6", "3")
    assert (binh["student"], binh["score"], binh["failed"], binh["not_attempted"]) == ("Trần Bình", "2", "1", "1")
    assert (carol["score"], carol["grader_error"], carol["timed_out"]) == ("", "1", "1")
    assert mlp["unit"] == "u06_mlp"


def test_advice_enters_no_grade_book() -> None:
    assert csv.grades(replace(CLASS, isolation=Isolation("none"))) == ",".join(csv.HEADER) + "\n"


def test_advice_and_practice_are_said_before_any_number() -> None:
    made = replace(CLASS, isolation=Isolation("none"), environment=replace(CLASS.environment, practice=True))
    for name, report in every_report(made, "alice").items():
        if name in ("text", "html", "markdown"):
            assert "Advice only" in report
            assert "practice, not for a grade" in report.lower()


def test_only_what_rests_on_generated_data_is_marked_as_practice() -> None:
    made = replace(CLASS, environment=replace(CLASS.environment, practice=True))
    assert [row["practice"] for row in rows(made, COURSE)] == ["no", "yes", "no", "no"]
    assert [row["practice"] for row in rows(made)] == ["yes"] * 4
    assert [row["practice"] for row in rows(CLASS)] == ["no"] * 4
    assert "Practice" not in markdown.student(made, "carol", COURSE, "en")
    assert "Practice" in markdown.student(made, "alice", COURSE, "en")


def test_a_students_page_has_verdict_cause_hint_and_next_step() -> None:
    page = markdown.student(CLASS, "Trần Bình", COURSE, "en")
    assert page.startswith("# Trần Bình\n")
    assert "## Tensors: 2 of 6 points" in page
    assert "| Title of regroup `regroup` | ✓ passed | 2 / 2 |" in page
    assert "| Title of one_hot `one_hot` | failed | 0 / 2 |" in page
    assert "- You divided by N − 1.\n- dx has 3 wrong entries\n- Hint: Look at correction.\n" in page
    assert "**Next step:** Title of one_hot (`one_hot`)\n\nLook at keepdim.\n\nThen: `select`" in page


def test_a_students_page_shows_nothing_hidden_and_nothing_of_a_neighbour() -> None:
    for student in ("alice", "Trần Bình", "carol"):
        page = markdown.student(CLASS, student, COURSE, "en")
        assert str(SEED) not in page
        assert STAFF not in page
        assert not any(other in page for other in {"alice", "Trần Bình", "carol"} - {student})


def test_a_fault_of_ours_costs_the_reader_nothing_and_says_so() -> None:
    page = markdown.student(CLASS, "carol", COURSE, "en")
    assert "– of 6 points" in page
    assert "The grader failed here, not you" in page
    assert "**Next step:** Title of select" in page


def test_a_student_with_everything_right_is_told_so() -> None:
    assert "**Everything in this unit passes.**" in markdown.student(CLASS, "alice", COURSE, "en")


def test_feedback_of_several_lines_is_shown_as_it_stands() -> None:
    source = ItemResult("regroup", F, 0.0, 2.0, feedback=(msg("line 3:\n    return *x*\n           ^"),))
    made = grade(Attempt("alice", "u01_tensors", (source,)))
    page = markdown.student(made, "alice", COURSE, "en")
    assert "- line 3:\n\n  ```text\n      return *x*\n             ^\n  ```\n" in page


def test_the_page_speaks_vietnamese() -> None:
    page = markdown.student(CLASS, "Trần Bình", COURSE, "vi")
    assert "Nhập môn PyTorch" in page
    assert "Bạn đã chia cho N − 1." in page
    assert '<html lang="vi">' in html.index(CLASS, COURSE, "vi")
    assert "Tên của one\\_hot" in page or "Tên của one_hot" in page


def test_the_index_has_every_student_item_and_origin() -> None:
    page = html.index(CLASS, COURSE, "en")
    for words in ("alice", "Trần Bình", "carol", "Title of one_hot", "Networks", "MNIST from a mirror", "2.13.0"):
        assert words in page
    assert "namespaces" in page
    assert str(SEED) in page
    assert "1 × You divided by N − 1." in page


def test_the_index_lists_what_is_not_scored_with_our_own_traceback() -> None:
    assert STAFF in html.index(CLASS, COURSE, "en")
    assert "run it again" not in html.index(grade(attempt("alice", P, P, P)), COURSE, "en")


def test_the_index_counts_pass_rates_without_our_faults() -> None:
    page = html.index(CLASS, COURSE, "en")
    rates = re.findall(
        r"<code>(\w+)</code></th>\s*<td><div class=\"rate\">.*?</span>(\d+ / \d+)</div>", page, re.DOTALL
    )
    assert rates == [("regroup", "3 / 3"), ("one_hot", "1 / 2"), ("select", "1 / 3"), ("accuracy", "1 / 1")]


def test_the_index_links_to_students_pages_only_where_there_are_any() -> None:
    page = html.index(CLASS, COURSE, "en", {"alice": "students/alice.md"})
    assert '<a href="students/alice.md">alice</a>' in page
    assert page.count('<a href="students/') == 1


def test_the_index_loads_and_runs_nothing() -> None:
    page = html.index(CLASS, COURSE, "en", {"alice": "students/alice.md"})
    tags = {tag for tag, _ in _Tags.of(page)}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert "url(" not in page
    assert not {name for _, names in _Tags.of(page) for name in names if name.startswith("on")}


def test_the_index_can_be_read_without_colours_or_a_mouse() -> None:
    page = html.index(CLASS, COURSE, "en")
    assert 'aria-label="1 passed, 1 failed, 1 not attempted"' in page
    assert page.count('scope="row"') == 3 + 4
    assert 'tabindex="0"' in page
    assert "prefers-color-scheme: dark" in page


def test_a_unit_that_left_the_course_is_still_reported() -> None:
    made = grade(replace(attempt("alice", P, P, P), unit="u99_old"))
    for name, report in every_report(made, "alice").items():
        assert "u99_old" in report or name == "markdown"


# Words


def test_every_verdict_has_words_and_every_stop_a_meaning() -> None:
    assert set(VERDICTS) == set(Verdict)
    assert set(MEANINGS) == set(Verdict) - {P, F, N}


def test_counts_come_in_the_order_of_the_verdicts() -> None:
    assert counts([result("a", F), result("b"), result("c", F)], "en") == "1 passed, 2 failed"


def test_a_sentence_is_told_once_when_cause_and_feedback_say_the_same() -> None:
    twice = ItemResult("a", F, 0.0, 1.0, (CAUSE,), (CAUSE.words,))
    assert feedback(twice, "en") == ["You divided by N − 1."]


def test_an_item_that_was_stopped_without_a_word_gets_one() -> None:
    assert feedback(result("a", Verdict.TIMED_OUT), "en") == ["It did not finish in the time allowed."]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12.0, "12"), (12.5, "12.5"), (0.3333, "0.33"), (None, "–"), (0.0, "0")],
)
def test_points_are_short(value: float | None, shown: str) -> None:
    assert points(value) == shown


def test_a_class_of_400_is_rendered_within_seconds() -> None:
    made = grade(*(attempt(f"s{i:03}", P, F, N) for i in range(400)))
    assert len(html.index(made, COURSE, "en")) < 1_000_000


@pytest.mark.parametrize(
    ("students", "submissions", "said", "vietnamese"),
    [
        (1, 1, "one student, one submission", "1 sinh viên, 1 bài nộp"),
        (1, 3, "one student, 3 submissions", "1 sinh viên, 3 bài nộp"),
        (2, 2, "2 students, 2 submissions", "2 sinh viên, 2 bài nộp"),
    ],
)
def test_the_size_of_a_class_is_said_as_people_say_it(
    students: int, submissions: int, said: str, vietnamese: str
) -> None:
    words = class_size(students, submissions)
    assert (say(words, "en"), say(words, "vi")) == (said, vietnamese)
