"""release: the student's copy works by itself, and nothing in it is hidden."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from autograder.authoring.release import KIT, ReleaseError, leaks, release
from autograder.bank import bank_path, solution_path
from autograder.course import Course, load
from tests.tiny_course import ROOT, change, put, python, tiny_course

WORKFLOW = ".github/workflows/feedback.yml"
SOURCES = ("docs/student/README.md", "docs/student/README.vi.md", WORKFLOW, "LICENSE")


def with_kit(root: Path) -> Course:
    """The tiny course in a repository like this one."""
    course = tiny_course(root)
    for pattern in KIT:
        for path in (ROOT / "autograder").glob(pattern):
            target = root / "autograder" / path.relative_to(ROOT / "autograder")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for name in SOURCES:
        put(root / name, f"{name}\n")
    return course


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    release(with_kit(folder / "course"), folder / "copy")
    return folder / "copy"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# What is in it


def test_it_has_what_a_student_needs(copy: Path) -> None:
    unit = {f"exercises/u01_tiny/{name}" for name in ("tiny.py", "test_tiny.py", "README.md", "README.vi.md")}
    kit = {f"autograder/{name}" for name in ("__main__.py", "cli.py", "checks/__init__.py", "board/plugin.py")}
    rest = {"README.md", "README.vi.md", "LICENSE", "pyproject.toml", "grading.yml", ".gitignore", WORKFLOW}
    assert unit | kit | rest <= files(copy)


def test_it_has_no_half_that_grades(copy: Path) -> None:
    folders = {path.name for path in copy.rglob("*") if path.is_dir()}
    assert folders.isdisjoint({"solutions", "suites", "mistakes", "grading", "sandbox", "authoring", "intake", "docs"})
    assert {path.name for path in (copy / "exercises").iterdir()} == {"u01_tiny"}


def test_the_student_starts_from_the_stub(copy: Path) -> None:
    text = (copy / "exercises/u01_tiny/tiny.py").read_text(encoding="utf-8")
    assert text.count("raise NotImplementedError") == 5
    assert "SOLUTION" not in text


def test_its_registry_can_be_read_and_tells_nothing_of_credit(copy: Path) -> None:
    course = load(copy)
    assert [item.id for item in course.units[0].items] == ["double", "halves", "slope", "scale"]
    assert [item.points for item in course.units[0].items] == [2, 4, 1, 3]
    assert course.units[0].item("scale").symbol == "Scale"
    assert course.units[0].item("slope").forbids == ("autograd",)
    text = (copy / "grading.yml").read_text(encoding="utf-8")
    assert not re.search("credit|fraction|ramp|late|memory", text)


def test_the_files_written_are_told(tmp_path: Path) -> None:
    told = release(with_kit(tmp_path / "course"), tmp_path / "copy")
    assert {path.relative_to(tmp_path / "copy").as_posix() for path in told} == files(tmp_path / "copy")


# It works by itself


def inside(copy: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A Python that knows the copy and the libraries, and not this repository, which may be installed."""
    boot = f"import sys; sys.path[:0] = [{str(copy)!r}]; sys.path += [{sysconfig.get_path('purelib')!r}]; {code}"
    return python("-I", "-S", "-c", boot, cwd=copy)


def test_the_public_tests_run_in_it_and_an_untouched_stub_is_to_do(copy: Path) -> None:
    done = inside(copy, "import pytest; sys.exit(pytest.main(['exercises/']))")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "to do" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "4" in done.stdout


def test_an_answer_in_it_is_green(tmp_path: Path, copy: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(copy, mine)
    change(mine / "exercises/u01_tiny/tiny.py", 'raise NotImplementedError("double")', "return 2 * x")
    done = inside(mine, "import pytest; sys.exit(pytest.main(['exercises/', '-k', 'double']))")
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_command_offers_a_student_nothing_that_grades(copy: Path) -> None:
    done = inside(copy, "from autograder.arguments import parser; print(parser().format_help())")
    assert done.returncode == 0, done.stderr
    assert "ci" in done.stdout
    assert not re.search("grade SUB|verify|release", done.stdout)


# Nothing hidden is in it


def secrets(course: Course) -> set[str]:
    """The names of mistakes, alternatives and hidden tests, and of what solutions define for themselves."""
    found = set()
    for unit in course.units:
        suites = (course.root / "autograder/suites" / unit.id).glob("*.py")
        for path in (*suites, bank_path(course, unit), solution_path(course, unit)):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return found


def words_of(folder: Path) -> dict[str, str]:
    """Each word of the exercises and texts of a copy, and a file that holds it."""
    found: dict[str, str] = {}
    for name in sorted(files(folder)):
        if not name.startswith("autograder/"):
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            found |= dict.fromkeys(re.findall(r"\w+", text), name)
    return found


def public_words(course: Course) -> set[str]:
    """What authors wrote for students: statements, public tests, grading.yml."""
    texts = [course.path, *(course.root / "exercises").rglob("*.*"), *(course.root / "docs/student").rglob("*.md")]
    text = " ".join(path.read_text(encoding="utf-8") for path in texts if path.suffix in (".py", ".md", ".yml"))
    return set(re.findall(r"\w+", text))


def test_no_name_of_a_mistake_a_hidden_test_or_a_helper_is_in_it(copy: Path) -> None:
    hidden = secrets(load(copy.parent / "course")) - {"double", "halves", "slope", "Scale", "test_slope"}
    assert len(hidden) > 20
    assert hidden.isdisjoint(words_of(copy))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "copy"
    release(load(ROOT), out)
    return out


def test_the_copy_of_this_course_holds_no_line_of_what_is_hidden(real: Path) -> None:
    assert list(leaks(load(ROOT), real)) == []


def test_the_copy_of_this_course_holds_no_name_of_what_is_hidden(real: Path) -> None:
    course = load(ROOT)
    hidden = secrets(course) - public_words(course)
    assert len(hidden) > 200
    assert {name: file for name, file in words_of(real).items() if name in hidden} == {}


def test_the_copy_of_this_course_has_no_hidden_folder_and_every_unit(real: Path) -> None:
    names = {part for file in files(real) for part in Path(file).parts}
    assert names.isdisjoint({"solutions", "suites", "mistakes", "grading", "sandbox", "authoring", "example-class"})
    assert {path.name for path in (real / "exercises").iterdir()} == {unit.id for unit in load(ROOT).units}


# What is refused

LEAKS = {
    "a line of a suite": 'check.close(student.double(x), 2 * x, name="double(x) of the hidden suite")',
    "a line of the bank": 'self.register_parameter("weight", nn.Parameter(torch.tensor(float(start)).double()))',
    "a line of a solution": "return SQUARES_AND_OTHER_SECRETS_OF_THE_SOLUTION * x",
}


@pytest.mark.parametrize("line", LEAKS.values(), ids=LEAKS)
@pytest.mark.parametrize("place", ["docs/student/README.md", "autograder/board/plugin.py", WORKFLOW])
def test_a_leak_is_refused_and_nothing_is_left_behind(tmp_path: Path, place: str, line: str) -> None:
    course = with_kit(tmp_path / "course")
    with (course.root / place).open("a", encoding="utf-8") as file:
        file.write(f"\n    {line}\n")
    with pytest.raises(ReleaseError, match=r"holds a line of .*; remove it there and release again"):
        release(course, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["course"]


def test_a_folder_that_is_not_empty_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    put(tmp_path / "copy" / "mine.txt", "mine")
    with pytest.raises(ReleaseError, match="copy: is not empty; name a new folder with --out"):
        release(with_kit(tmp_path / "course"), tmp_path / "copy")
    assert files(tmp_path / "copy") == {"mine.txt"}


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "copy", "mine")
    with pytest.raises(ReleaseError, match="copy: is not empty"):
        release(with_kit(tmp_path / "course"), tmp_path / "copy")
    with pytest.raises(ReleaseError, match="cannot be written"):
        release(load(tmp_path / "course"), tmp_path / "copy" / "deeper")


def test_an_empty_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = with_kit(tmp_path / "course")
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    release(course, Path())
    assert "grading.yml" in files(tmp_path / "copy")


@pytest.mark.parametrize("name", [*SOURCES, "exercises/u01_tiny/README.vi.md"])
def test_a_source_that_is_missing_is_named_and_nothing_is_left_behind(tmp_path: Path, name: str) -> None:
    course = with_kit(tmp_path / "course")
    (course.root / name).unlink()
    with pytest.raises(ReleaseError, match=f"{name} is missing"):
        release(course, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["course"]
