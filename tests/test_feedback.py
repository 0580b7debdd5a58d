"""What a student is told, from the code to the page: the levels of `feedback`, and one language for board and page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.cli import OK, run
from autograder.models import Verdict, msg
from autograder.reports.escape import markdown
from autograder.reports.wording import VERDICTS
from autograder.words import languages, say
from tests.tiny_course import UNIT, answer, put, python, tiny_course

SUITE, PUBLIC = f"autograder/suites/{UNIT}/test_tiny.py", f"exercises/{UNIT}/test_tiny.py"


@dataclass(frozen=True)
class Told:
    """What one graded submission left for its readers."""

    page: str
    results: dict[str, Any]
    index: str
    misconceptions: str

    def item(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = next(item for item in self.results["items"] if item["item"] == id)
        return found

    def section(self, title: str) -> str:
        """What the student's page says of one item."""
        return self.page.partition(f"### {title}")[2].partition("\n#")[0].partition("**")[0]


def graded(folder: Path, source: str, lang: str, capsys: pytest.CaptureFixture[str], *changes: Any) -> Told:
    """The source graded by the command an instructor types, and the class's misconceptions."""
    course = tiny_course(folder / "course", *changes)
    put(folder / "class" / "an" / "tiny.py", source)
    out, shared = folder / "out", ["--course", str(course.root), "--lang", lang]
    arguments = ["grade", str(folder / "class"), "--out", str(out), *shared]
    assert run([*arguments, "--isolation", "process", "--trust-submissions", "--jobs", "1"]) == OK
    capsys.readouterr()
    assert run(["misconceptions", str(out), *shared]) == OK
    (results,) = json.loads((out / "results.json").read_text(encoding="utf-8"))
    page, index = ((out / name).read_text(encoding="utf-8") for name in ("students/an.md", "index.html"))
    return Told(page, results, index, " ".join(capsys.readouterr().out.split()))


# The levels

LEVELS = (
    ("grading.yml", "points: 2\n", "points: 2\n        feedback: full\n"),
    ("grading.yml", "points: 4\n", "points: 4\n        feedback: cause\n"),
    ("grading.yml", "points: 1\n", "points: 1\n        feedback: verdict\n"),
)
WRONG = answer(
    double="return x**2",
    halves="n = len(x) // 2\nreturn x[n:].clone(), x[:n].clone()",
    slope="return x**2",
    scale="return x / 0",
)
WORDS = {
    "en": {
        "full": ("You squared x.", "The call: double(", "The test: it is twice x", "Hint: 2 · x"),
        "cause": ("The halves are swapped.", "The call: halves("),
        "verdict": ("The factor is missing.", "The call: slope("),
        "only": "Of this item only the verdict is told.",
        "titles": ("Twice as much", "Two halves", "A derivative"),
        "failed": "failed",
    },
    "vi": {
        "full": ("Bạn đã bình phương x.", "Lời gọi: double(", "it is twice x", "Gợi ý: 2 · x"),
        "cause": ("Hai nửa bị đổi chỗ.", "Lời gọi: halves("),
        "verdict": ("Thiếu hệ số.", "Lời gọi: slope("),
        "only": "Với bài này chỉ cho biết kết quả.",
        "titles": ("Gấp đôi", "Hai nửa", "Đạo hàm"),
        "failed": "chưa đạt",
    },
}


@pytest.mark.parametrize("lang", languages())
def test_each_level_says_what_it_may_and_the_staff_read_the_cause_at_all_of_them(
    tmp_path: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told, words = graded(tmp_path, WRONG, lang, capsys, *LEVELS), WORDS[lang]
    full, cause, verdict = (told.section(title) for title in words["titles"])
    assert all(section.startswith(f": {words['failed']}\n") for section in (full, cause, verdict))
    assert [sentence for sentence in words["full"] if sentence not in full] == []
    assert [sentence for sentence in words["cause"] if sentence not in cause] == []
    assert "the first" not in cause  # the sentence of a hidden test is told at the level full only
    assert verdict.strip() == f": {words['failed']}\n\n- {words['only']}"
    assert [sentence for sentence in words["verdict"] if sentence in told.page] == []
    kept = told.item("slope")
    assert kept["verdict"] == "failed"
    assert (kept["diagnoses"][0]["code"], kept["diagnoses"][0]["text"]) == ("without_the_factor", words["verdict"][0])
    assert kept["feedback"][0].startswith(words["verdict"][1])
    assert words["verdict"][0] in told.index
    assert words["verdict"][0] in told.misconceptions


def test_a_verdict_alone_names_no_line_and_no_reason_whatever_became_of_the_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    level = ("grading.yml", "limits: {item_seconds: 3,", "feedback: verdict\nlimits: {item_seconds: 1,")
    bodies = {"double": "while True: pass", "halves": "import os; os._exit(1)", "slope": "return 1 / 0"}
    told = graded(tmp_path, answer(**bodies, scale="return None"), "en", capsys, level)
    verdicts = {item["item"]: item["verdict"] for item in told.results["items"]}
    assert verdicts == {"double": "timed_out", "halves": "crashed", "slope": "failed", "scale": "failed"}
    for item in told.results["items"]:
        assert item["diagnoses"][0]["text"] in told.misconceptions
        assert markdown(item["diagnoses"][0]["text"]) not in told.page
    assert told.page.count("Of this item only the verdict is told.") == 4
    assert "It did not finish in the time allowed." in told.page  # what the verdict itself means
    assert not [words for words in ("line ", "The call", "Hint", *bodies.values()) if words in told.page]


# Board and page

SAME = (
    (SUITE, "double(x) of the hidden suite", "double(x)"),
    (PUBLIC, 'name="second"', 'name="the second"'),
)
MISTAKEN = answer(
    double="return None",
    halves="n = len(x) // 2\nreturn x[:n].clone(), None",
    slope="return cube_root(x)",
    scale="return (self.weight * x).float()",
)
TELLING = {
    "en": ("double(x) is None", "the second is None", "A name is used that nothing defines", "its dtype is float32"),
    "vi": ("double(x) là None", "the second là None", "Có tên được dùng mà chưa định nghĩa", "dtype là float32"),
}


@pytest.mark.parametrize("lang", languages())
def test_the_page_and_the_board_say_the_same_words_of_one_attempt(
    tmp_path: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = graded(tmp_path, MISTAKEN, lang, capsys, *SAME)
    board = put(tmp_path / "course" / "exercises" / UNIT / "tiny.py", MISTAKEN).parents[2]
    options = ["--import-mode=importlib", "-o", "pythonpath=exercises", "-p", "no:cacheprovider", "--lang", lang]
    ran = python("-m", "pytest", "exercises", "-p", "autograder.board", *options, cwd=board)
    terminal, page = " ".join(ran.stdout.split()), " ".join(told.page.split())
    for words in TELLING[lang]:
        assert words in terminal
        assert markdown(words) in page
    for item in ("double", "halves", "scale"):  # the whole sentence of the cause, word for word
        assert told.item(item)["diagnoses"][0]["text"] in terminal
    assert f"{say(msg('failing'), lang)}: double, halves, slope, scale" in terminal


def test_the_board_s_heads_are_the_verdicts_of_the_page_in_vietnamese() -> None:
    assert say(msg("to do"), "vi") == say(VERDICTS[Verdict.NOT_ATTEMPTED], "vi")
    assert say(msg("failing"), "vi") == say(VERDICTS[Verdict.FAILED], "vi")
