"""cli: what is typed, what is printed, how it exits; a command that cannot be carried out says so on one line."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import autograder
from autograder import cli
from autograder.ci import run_ci
from autograder.cli import COMMANDS, NOT_YET, OK, UNSCORED, USAGE, run
from autograder.course import Course
from tests.tiny_course import ROOT, SOLUTION, change, put, python, tiny_course

SUITE = "autograder/suites/u01_tiny/test_tiny.py"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path / "course")


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    put(tmp_path / "class" / "an" / "tiny.py", SOLUTION)
    return tmp_path / "class"


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# Before anything is imported


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["grade", "--help"], ["verify", "--help"]])
def test_help_does_not_wait_for_torch(arguments: list[str]) -> None:
    code = "import sys; from autograder.cli import run\n"
    code += f"try: run({arguments!r})\nexcept SystemExit as exit: print('exit', exit.code)\n"
    code += "print([name for name in ('torch', 'numpy', 'pytest', 'rich') if name in sys.modules])"
    done = python("-c", code)
    assert done.stdout.endswith("exit 0\n[]\n"), done.stdout + done.stderr


def test_the_version_is_the_kits(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        run(["--version"])
    assert exit.value.code == 0
    assert capsys.readouterr().out == f"autograder {autograder.__version__}\n"


def test_every_command_has_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["--help"])
    said = capsys.readouterr().out
    assert [command for command in COMMANDS if not re.search(rf"^    {command}\s+[a-z]", said, re.MULTILINE)] == []


USAGES = [
    [],
    ["grades"],
    ["grade", "--out", "out"],
    ["grade", "class"],
    ["grade", "class", "--out", "out", "--jobs", "0"],
    ["grade", "class", "--out", "out", "--jobs", "many"],
    ["grade", "class", "--out", "out", "--jobs", "1.5"],
    ["grade", "class", "--out", "out", "--isolation", "strong"],
    ["grade", "class", "--out", "out", "--lang", "fr"],
]


@pytest.mark.parametrize("arguments", USAGES, ids=" ".join)
def test_a_command_that_is_not_understood_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        run(arguments)
    assert exit.value.code == USAGE
    said = capsys.readouterr().err
    assert said.startswith("usage: autograder")
    assert "_count" not in said


def test_a_number_of_jobs_that_is_none_is_told_with_what_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["grade", "class", "--out", "out", "--jobs", "many"])
    assert "argument --jobs: 'many' is no whole number from 1 to 1024" in capsys.readouterr().err


# Bad input: one line, exit 2, nothing written


def corrupt_zip(root: Path) -> None:
    put(root / "class.zip", "PK\x03\x04 and then nothing")


def foreign_zip(root: Path) -> None:
    with zipfile.ZipFile(root / "class.zip", "w") as archive:
        archive.writestr("an/notes.txt", "hello")


def full_disk(root: Path) -> None:
    put(root / "class" / "an" / "tiny.py", SOLUTION)


Prepare = Callable[[Path], object]
GRADE = ("grade", "class", "--out", "out", "--course", "course")
BAD: dict[str, tuple[Prepare, tuple[str, ...], str]] = {
    "a path that does not exist": (
        lambda root: None,
        ("grade", "clas", "--out", "out", "--course", "course"),
        "clas: no such file or folder; check the path",
    ),
    "one path of several": (
        lambda root: put(root / "class/an/tiny.py", SOLUTION),
        ("grade", "class", "nowhere", "--out", "out", "--course", "course"),
        "nowhere: no such file or folder; check the path",
    ),
    "a folder with no known module": (
        lambda root: put(root / "class/an/homework.py", SOLUTION),
        GRADE,
        "class: no known module; looked for tiny.py",
    ),
    "a folder with a module nearly right": (
        lambda root: put(root / "class/an/tinny.py", SOLUTION),
        GRADE,
        "class: no known module; looked for tiny.py; did you mean tiny.py? found tinny.py",
    ),
    "a corrupt zip": (corrupt_zip, ("grade", "class.zip", "--out", "out", "--course", "course"), "class.zip: "),
    "a zip of other things": (
        foreign_zip,
        ("grade", "class.zip", "--out", "out", "--course", "course"),
        "class.zip: no known module; looked for tiny.py",
    ),
    "a file of another kind": (
        lambda root: put(root / "class.txt", "x"),
        ("grade", "class.txt", "--out", "out", "--course", "course"),
        "class.txt: neither a folder nor a .py, .ipynb, .zip or .tar; name one of these",
    ),
    "an unknown unit": (
        lambda root: put(root / "class/an/tiny.py", SOLUTION),
        (*GRADE, "--unit", "u01_tniy"),
        "no unit 'u01_tniy' in grading.yml; did you mean 'u01_tiny'?",
    ),
    "an unknown unit to verify": (
        lambda root: None,
        ("verify", "--course", "course", "--unit", "u7"),
        "no unit 'u7' in grading.yml",
    ),
    "no course": (
        lambda root: None,
        ("grade", "class", "--out", "out"),
        "grading.yml: no such file; run the command in the course's folder, or give --course",
    ),
    "a course that is no YAML": (
        lambda root: change(root / "course/grading.yml", "        points: 4\n", "       points: 4\n"),
        GRADE,
        "grading.yml:18: ",
    ),
    "a course with an unknown key": (
        lambda root: change(root / "course/grading.yml", "        points: 4\n", "        point: 4\n"),
        GRADE,
        "grading.yml:18: unknown key 'point' in ",
    ),
    "an output folder that is a file": (
        lambda root: (put(root / "class/an/tiny.py", SOLUTION), put(root / "out", "mine")),
        GRADE,
        "out: cannot be written (File exists); choose another folder with --out",
    ),
    "an output folder below a file": (
        lambda root: (put(root / "class/an/tiny.py", SOLUTION), put(root / "out", "mine")),
        ("grade", "class", "--out", "out/deeper", "--course", "course"),
        "out/deeper: cannot be written (Not a directory); choose another folder with --out",
    ),
    "a bank that is no Python": (
        lambda root: change(root / "course/autograder/mistakes/u01_tiny.py", "def adds_two(x):", "def adds_two(x:"),
        ("verify", "--course", "course"),
        "u01_tiny.py:13: is not Python ('(' was never closed); mend it first",
    ),
    "a solution whose region is open": (
        lambda root: change(root / "course/solutions/u01_tiny/tiny.py", "    return 2 * x\n    ### END SOLUTION\n", ""),
        ("build", "--course", "course"),
        "stands inside another region; close that one first",
    ),
    "a release into a folder with files": (
        lambda root: put(root / "out/mine.txt", "mine"),
        ("release", "--out", "out", "--course", "course"),
        "out: is not empty; name a new folder with --out",
    ),
}


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(("prepare", "arguments", "line"), BAD.values(), ids=BAD)
def test_it_refuses(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    prepare: Prepare,
    arguments: tuple[str, ...],
    line: str,
) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    assert run(arguments) == USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("autograder: ")
    assert line in err
    assert tree(tmp_path) == before


def test_it_refuses_a_full_disk_before_any_work(
    course: Course,
    handed_in: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=1, used=1, free=5 << 20))
    before = tree(tmp_path)
    assert run(["grade", str(handed_in), "--out", str(tmp_path / "out"), "--course", str(course.root)]) == USAGE
    assert "out: only 5 MB of disk are free; free some" in capsys.readouterr().err
    assert tree(tmp_path) == before


def test_it_names_a_library_that_is_not_installed(
    course: Course,
    handed_in: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "autograder.console", None)
    assert run(["grade", str(handed_in), "--out", str(tmp_path / "out"), "--course", str(course.root)]) == USAGE
    assert "is not installed; pip install -e '.[grade]'" in capsys.readouterr().err


def test_a_fault_of_the_kit_is_not_dressed_up_as_bad_input(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(asked: object) -> int:
        raise RuntimeError("a bug")

    monkeypatch.setitem(cli.COMMANDS, "build", breaks)
    with pytest.raises(RuntimeError, match="a bug"):
        run(["build", "--course", str(course.root)])


def test_an_interrupt_is_told_in_words_and_exits_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(asked: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "build", interrupted)
    assert run(["build"]) == 130
    assert capsys.readouterr().err.startswith("autograder: interrupted; what is finished is kept")


# Grading


def test_a_fault_of_ours_exits_with_3_and_the_rest_is_written(
    tmp_path: Path, handed_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tiny_course(tmp_path / "course", (SUITE, "student.slope(x), 3 * x**2", "student.slope(x), 1 / 0"))
    out = tmp_path / "out"
    arguments = ["grade", str(handed_in), "--out", str(out), "--course", str(course.root)]
    assert run([*arguments, "--isolation", "process", "--trust-submissions", "--jobs", "1"]) == UNSCORED
    (attempt,) = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert attempt["score"] is None
    assert {item["item"]: item["verdict"] for item in attempt["items"]} == {
        "double": "passed",
        "halves": "passed",
        "slope": "grader_error",
        "scale": "passed",
    }
    (row,) = csv.DictReader((out / "grades.csv").read_text(encoding="utf-8").splitlines())
    assert (row["student"], row["score"], row["grader_error"]) == ("an", "", "1")
    said = capsys.readouterr().out
    assert f"report: {out / 'index.html'}" in said
    assert "process" in said


def test_a_suite_that_cannot_be_used_is_bad_input_and_nothing_is_written(
    tmp_path: Path, handed_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tiny_course(tmp_path / "course", (SUITE, "    y.sum().backward()\n", "    check.finite(y)\n"))
    out = tmp_path / "out"
    arguments = ["grade", str(handed_in), "--out", str(out), "--course", str(course.root), "--isolation", "none"]
    assert run(arguments) == USAGE
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("autograder: ")
    line = 1 + (course.root / SUITE).read_text(encoding="utf-8").splitlines().index("    check.finite(y)")
    assert f"test_tiny.py:{line}: the inside function `gradient_of_weight` names `check`" in last
    assert not out.exists() or list(out.iterdir()) == []


# Building


def test_build_writes_what_differs_and_says_so(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    stub = course.root / "exercises/u01_tiny/tiny.py"
    text = stub.read_text(encoding="utf-8")
    put(stub, "edited\n")
    assert run(["build", "--check", "--course", str(course.root)]) == NOT_YET
    assert capsys.readouterr().out == "differs: exercises/u01_tiny/tiny.py\n"
    assert stub.read_text(encoding="utf-8") == "edited\n"
    assert run(["build", "--course", str(course.root)]) == OK
    assert capsys.readouterr().out == "written: exercises/u01_tiny/tiny.py\n"
    assert stub.read_text(encoding="utf-8") == text
    assert run(["build", "--check", "--course", str(course.root)]) == OK
    assert capsys.readouterr().out == ""


def test_release_says_where_the_copy_is_and_how_to_try_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "copy"
    assert run(["release", "--out", str(out), "--course", str(ROOT)]) == OK
    count = sum(path.is_file() for path in out.rglob("*"))
    said = f"{count} files written to {out}; try: cd {out} && pip install -e . && pytest exercises/\n"
    assert capsys.readouterr().out == said


# Language


def test_every_command_that_prints_can_be_asked_for_a_language(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            run([command, "--help"])
        assert "--lang {en,vi}" in capsys.readouterr().out, command


# (--lang, COURSE_LANG, course.language of grading.yml) → the language of the words
ORDER = [
    (None, None, None, "en"),
    (None, None, "vi", "vi"),
    (None, "en", "vi", "en"),
    (None, "vi_VN.UTF-8", None, "vi"),
    (None, "fr", "vi", "vi"),
    ("en", "vi", "vi", "en"),
    ("vi", "en", "en", "vi"),
]


@pytest.mark.parametrize(("option", "variable", "registry", "lang"), ORDER)
def test_the_option_comes_before_the_variable_and_that_before_the_registry(
    course: Course,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str | None,
    variable: str | None,
    registry: str | None,
    lang: str,
) -> None:
    monkeypatch.delenv("COURSE_LANG", raising=False)
    if variable:
        monkeypatch.setenv("COURSE_LANG", variable)
    if registry:
        change(course.path, "vi: Nhỏ}\nlimits", f"vi: Nhỏ}}\n  language: {registry}\nlimits")
    chosen = ["--lang", option] if option else []
    put(tmp_path / "out" / "results.json", "[]")
    put(course.root / "exercises/u01_tiny/tiny.py", "edited\n")
    words = {"en": ("Nothing failed.", "differs: "), "vi": ("Không có bài nào chưa đạt.", "khác: ")}[lang]
    commands = (["misconceptions", str(tmp_path / "out")], ["build", "--check"])
    for command, expected in zip(commands, words, strict=True):
        run([*command, "--course", str(course.root), *chosen])
        assert expected in capsys.readouterr().out
    answer = run_ci(course.root, ["exercises/nowhere"], lang=option, environ={})
    assert answer.text.startswith("exercises/nowhere " + {"en": "does not exist", "vi": "không"}[lang])
