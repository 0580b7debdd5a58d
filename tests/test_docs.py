"""docs: what a reader looks up is there, what is linked exists, and both languages say the same."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder.board.options
import autograder.course
from autograder import checks
from autograder.arguments import parser
from autograder.grading.data import JudgedData
from autograder.grading.make import Make
from autograder.models import Verdict

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAIRS = [(ROOT / "README.md", ROOT / "README.vi.md"), (DOCS / "student/README.md", DOCS / "student/README.vi.md")]
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "datasets").glob("*.md")])
STUDENT = DOCS / "student"  # these two lie at the top of a student's copy, and link from there
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ .*", FENCE.sub("", text), re.MULTILINE)


def section(text: str, title: str) -> str:
    """The text below a heading, up to the next one of its level."""
    _, found, rest = text.partition(f"\n## {title}\n")
    assert found, f"no section {title!r}"
    return rest.partition("\n## ")[0]


def mentions(text: str, name: str) -> bool:
    """Does `name` stand in code, by itself or at the start (`--out DIR`), or in a table's column of code?"""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", " ".join(re.findall(r"`[^`\n]+`", text))) is not None


# the command line


def commands() -> dict[str, argparse.ArgumentParser]:
    actions = parser()._actions
    found = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def command_options() -> Iterator[tuple[str, str]]:
    for command, its_parser in commands().items():
        for action in its_parser._actions:
            yield from ((command, option) for option in action.option_strings if option not in ("-h", "--help"))


def test_every_command_has_a_section() -> None:
    text = read(DOCS / "reference/cli.md")
    assert [command for command in commands() if f"\n## autograder {command}\n" not in text] == []


@pytest.mark.parametrize(("command", "option"), list(command_options()))
def test_every_option_stands_in_its_command_s_section(command: str, option: str) -> None:
    text = section(read(DOCS / "reference/cli.md"), f"autograder {command}")
    assert mentions(text, option), f"docs/reference/cli.md: autograder {command} lacks {option}"


def test_every_exit_code_is_explained() -> None:
    codes = section(read(DOCS / "reference/cli.md"), "Exit codes")
    assert re.findall(r"^\| (\d+) \|", codes, re.MULTILINE) == ["0", "1", "2", "3", "130"]


def test_every_isolation_tier_is_explained() -> None:
    text = read(DOCS / "reference/cli.md")
    grade = next(action for action in commands()["grade"]._actions if "--isolation" in action.option_strings)
    assert [tier for tier in grade.choices or () if f"| `{tier}` |" not in text] == []


def test_every_option_of_the_board_is_explained() -> None:
    source = ast.parse(read(Path(str(autograder.board.options.__file__))))
    options = [
        node.args[0].value
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "addoption"
        if isinstance(node.args[0], ast.Constant)
    ]
    text = section(read(DOCS / "reference/cli.md"), "pytest exercises/")
    assert options
    assert [option for option in options if not mentions(text, str(option))] == []


# grading.yml


def registry_keys() -> set[str]:
    """Every key that `course.py` lets a mapping have: the arguments of its `.mapping(…)` calls."""
    keys: set[str] = set()
    for node in ast.walk(ast.parse(read(Path(autograder.course.__file__)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mapping":
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if isinstance(argument, ast.Name):
                    keys |= set(str(getattr(autograder.course, argument.id)).split())
                else:
                    keys |= set(str(ast.literal_eval(argument)).split())
    return keys


def test_every_key_of_the_registry_is_explained() -> None:
    text = read(DOCS / "reference/grading.md")
    keys = registry_keys()
    assert {"course", "item_seconds", "forbids", "ramp", "practice", "vi"} <= keys
    assert sorted(key for key in keys if not mentions(text, key)) == []


def test_no_key_is_explained_that_the_registry_refuses() -> None:
    text = read(DOCS / "reference/grading.md")
    explained = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert sorted(explained - registry_keys()) == []


# results and checks


def test_every_field_of_the_results_is_explained() -> None:
    schema = json.loads(read(ROOT / "autograder/reports/schema/attempt.schema.json"))
    fields = {name for part in schema["$defs"].values() for name in part.get("properties", ())}
    text = read(DOCS / "reference/results.md")
    assert sorted(field for field in fields if not mentions(text, field)) == []


def test_every_verdict_is_explained() -> None:
    text = section(read(DOCS / "reference/results.md"), "Verdicts")
    assert [verdict for verdict in Verdict if f"\n| `{verdict}` |" not in text] == []


def test_every_name_that_a_suite_can_import_is_explained() -> None:
    text = read(DOCS / "reference/checks.md")
    missing = [name for name in checks.__all__ if not (mentions(text, f"check.{name}") or mentions(text, name))]
    assert missing == []


@pytest.mark.parametrize(("fixture", "kind"), [("make", Make), ("mnist", JudgedData)])
def test_every_public_name_of_a_fixture_is_explained(fixture: str, kind: type) -> None:
    names = {*vars(kind), *getattr(kind, "__annotations__", ())}
    if kind is Make:
        names |= set(vars(Make(0)))
    text = read(DOCS / "reference/checks.md")
    public = sorted(name for name in names if not name.startswith("_"))
    assert [name for name in public if not mentions(text, f"{fixture}.{name}")] == []


# pages


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", read(page))
    base = ROOT if page.parent == STUDENT else page.parent
    broken = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = base / path if path else page
        if not target.exists() or (anchor and anchor not in map(slug, headings(read(target)))):
            broken.append(link)
    assert broken == []


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def test_the_map_names_every_page() -> None:
    text = read(DOCS / "README.md")
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(text)}
    pages = [page for page in DOCS.rglob("*.md") if page.parent != DOCS / "example-class" and page.name != "README.md"]
    assert [named(page) for page in pages if page.suffixes != [".vi", ".md"] and page.resolve() not in linked] == []


def test_the_readme_is_short() -> None:
    for name in ("README.md", "README.vi.md"):
        assert len(read(ROOT / name).splitlines()) <= 100, name


@pytest.mark.parametrize(("english", "vietnamese"), PAIRS, ids=lambda page: named(page))
def test_both_languages_have_the_same_form(english: Path, vietnamese: Path) -> None:
    one, other = read(english), read(vietnamese)
    assert FENCE.findall(one) == FENCE.findall(other), "the blocks of code differ"
    assert [line.count("#") for line in headings(one)] == [line.count("#") for line in headings(other)]
    assert len(re.findall(r"^\|", one, re.MULTILINE)) == len(re.findall(r"^\|", other, re.MULTILINE))


def test_the_student_s_links_work_in_a_copy() -> None:
    """At the top of a student's copy there is no docs/, no solutions/ and no suite."""
    for name in ("README.md", "README.vi.md"):
        links = [link for link in LINK.findall(read(STUDENT / name)) if not re.match(r"[a-z]+:", link)]
        assert [link for link in links if not re.fullmatch(r"README(\.vi)?\.md|exercises/.*|LICENSE", link)] == []
