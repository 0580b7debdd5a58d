"""A unit's files cut into what a notebook shows item by item.

    pieces(course, unit, lang) → Pieces: README, imports, what the public tests share, and a Piece for each item

The stub and the solution are cut at the functions and classes of the items, the public tests at their `item` marker; a
helper goes with the item below it.  Pure but for reading the files.  Fails with `BuildError` where an item has no code
or no public test to show.
"""

from __future__ import annotations

import ast
import base64
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from autograder.authoring.build import BEGIN, BEGIN_STUB, END, END_STUB, BuildError, stub
from autograder.bank import solution_path
from autograder.course import Course, Item, Unit

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([\w.-]+\.png)\)")
_ACTS = re.compile(r"[\\*_<>$\[\]#|~]")  # what Markdown or MathJax would take for a sign of its own
_INDENTED = re.compile(r"((?:^ {4}.*\n?(?:[ \t]*\n(?= {4}))?)+)", re.MULTILINE)
_OF_FILES = "  # the file you edit"
_COMMAND = "pytest exercises/"  # what stands around it is for those who work with files


@dataclass(frozen=True)
class Piece:
    item: Item
    statement: str  # Markdown
    stub: str
    answer: str
    tests: str


@dataclass(frozen=True)
class Pieces:
    readme: str  # Markdown, its pictures within
    about: str  # Markdown: the docstring of the module
    imports: str
    shared: str  # what the public tests have in common
    items: tuple[Piece, ...]  # in the order of the file


def pieces(course: Course, unit: Unit, lang: str) -> Pieces:
    solution = solution_path(course, unit)
    if not solution.is_file():
        raise BuildError(f"{solution} is missing; write the reference of {unit.id}")
    text = solution.read_text(encoding="utf-8")
    folder = course.root / "exercises" / unit.id
    todo, done = stub(text, unit), _answers_only(text)
    first = _first_definition(todo)
    if todo.split("\n")[:first] != done.split("\n")[:first]:
        raise BuildError(f"{unit.filename}: a region stands among the imports; move it below them")
    stubs, answers = _cut(todo, unit, first), _cut(done, unit, first)
    about, imports = _head(todo, first)
    shared, tests = _tests(folder / f"test_{unit.filename}")
    lacking = [item.id for item in unit.items if item.id not in tests]
    if lacking:
        raise BuildError(
            f"exercises/{unit.id}/test_{unit.filename}: no public test of {', '.join(lacking)}; "
            "a notebook needs one for each item"
        )
    found = []
    for id, chunk in stubs.items():
        told, short = _statement(chunk, unit.item(id).symbol)
        short = "\n".join(line for line in short.split("\n") if not line.lstrip().startswith(f"# Hint: {_COMMAND}"))
        answer = _statement(answers[id], unit.item(id).symbol)[1]
        found.append(Piece(unit.item(id), _markdown(told), short, answer, tests[id]))
    return Pieces(_readme(folder, lang), _markdown(about), imports, shared, tuple(found))


def _answers_only(text: str) -> str:
    """A solution without its markers and without the code that is to be mended."""
    lines: list[str] = []
    given = False
    for line in text.split("\n"):
        mark = line.strip()
        given = mark == BEGIN_STUB or (given and mark != END_STUB)
        if not given and mark not in (BEGIN, END, END_STUB):
            lines.append(line)
    return "\n".join(lines)


def _first_definition(text: str) -> int:
    """How many lines stand above the first function or class and what belongs to it: docstring, imports, constants."""
    body = ast.parse(text).body
    definition = next(node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return max((node.end_lineno or 0 for node in body if node.lineno < definition.lineno), default=0)


def _head(text: str, first: int) -> tuple[str, str]:
    """Docstring and imports of a module."""
    tree = ast.parse(text)
    doc = ast.get_docstring(tree)
    after = tree.body[0].end_lineno if doc is not None else 0
    return doc or "", "\n".join(text.split("\n")[after:first]).strip()


def _cut(text: str, unit: Unit, first: int) -> dict[str, str]:
    """The lines of each item with what stands above it, in the order of the file; the last takes what follows it."""
    lines = text.split("\n")
    of_symbol = {item.symbol: item.id for item in unit.items}
    nodes = [node for node in ast.parse(text).body if getattr(node, "name", None) in of_symbol]
    ends = [*(_end(node, lines) for node in nodes[:-1]), len(lines)]
    chunks = zip(nodes, [first, *ends], ends, strict=False)
    return {of_symbol[getattr(node, "name")]: "\n".join(lines[start:end]).strip("\n") for node, start, end in chunks}  # noqa: B009


def _end(node: ast.stmt, lines: list[str]) -> int:
    """The lines up to the end of a definition, indented comments below it too."""
    end = node.end_lineno or node.lineno
    while end < len(lines) and (lines[end].startswith((" ", "\t")) or not lines[end].strip()):
        end += 1
    return end


def _statement(chunk: str, symbol: str) -> tuple[str, str]:
    """The docstring of a definition, and the code with its first paragraph only: the rest stands above the cell."""
    node = next(node for node in ast.parse(chunk).body if getattr(node, "name", "") == symbol)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    told = ast.get_docstring(node, clean=False)
    if told is None:
        return "", chunk
    lines, doc = chunk.split("\n"), node.body[0]
    first, last = doc.lineno - 1, doc.end_lineno or doc.lineno
    blank = next((number for number in range(first, last) if not lines[number].strip()), None)
    if blank is not None:
        lines[first:last] = [*lines[first : blank - 1], lines[blank - 1].rstrip() + '"""']
    return inspect.cleandoc(told), "\n".join(lines)


def _tests(path: Path) -> tuple[str, dict[str, str]]:
    """What the tests of a file share, and the tests of each item as they stand."""
    if not path.is_file():
        raise BuildError(f"{path} is missing; a notebook shows the public tests of its unit")
    text = path.read_text(encoding="utf-8")
    lines, shared = text.split("\n"), ""
    compound = False
    tests: dict[str, list[str]] = {}
    for position, node in enumerate(ast.parse(text).body):
        marks: list[ast.expr] = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(mark.lineno for mark in marks)]) - 1
        code = "\n".join(lines[first : node.end_lineno]).replace(_OF_FILES, "")
        id = next((found for mark in marks if (found := _marked(mark)) is not None), None)
        if id is not None:
            tests.setdefault(id, []).append(code)
        elif position > 0 or not isinstance(node, ast.Expr):  # without its docstring: it tells of files and commands
            gap = 2 if compound or hasattr(node, "body") else int(first > 0 and not lines[first - 1].strip())
            shared += "\n" * (gap + 1) + code
            compound = hasattr(node, "body")
    return shared.strip("\n"), {id: "\n\n\n".join(codes) for id, codes in tests.items()}


def _marked(decorator: ast.expr) -> str | None:
    """`pytest.mark.item("id")` → id."""
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.item":
        return str(ast.literal_eval(decorator.args[0]))
    return None


# Markdown


def _readme(folder: Path, lang: str) -> str:
    """A unit's page without what is said of files and commands, its pictures as data: Colab shows no attachment
    (googlecolab/colabtools#3836), and has the notebook only."""
    path = folder / ("README.md" if lang == "en" else f"README.{lang}.md")
    if not path.is_file():
        raise BuildError(f"{path} is missing; a notebook begins with the page of its unit")
    first, *sections = re.split(r"(?m)^(?=## )", path.read_text(encoding="utf-8"))
    kept = [paragraph for paragraph in first.strip().split("\n\n") if _COMMAND not in paragraph]
    text = "\n\n".join([*kept, *(section.strip() for section in sections if _COMMAND not in section)])
    return _PICTURE.sub(lambda found: f"![{found[1]}]({_as_data(folder / found[2])})", text)


def _as_data(picture: Path) -> str:
    if not picture.is_file():
        raise BuildError(f"{picture} is missing; its README shows it")
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"


def _markdown(docstring: str) -> str:
    """A docstring as Markdown: what is indented by four is code, the rest is prose."""
    parts = []
    for number, part in enumerate(_INDENTED.split(docstring)):
        text = part.strip("\n")
        if number % 2:
            parts.append(f"```{'python' if text.lstrip().startswith('>>>') else 'text'}\n{dedent(text)}\n```")
        elif text:
            parts.append("\n".join("".join(_prose(line)) for line in text.split("\n")))
    return "\n\n".join(parts)


def _prose(line: str) -> Iterator[str]:
    """`code` between backticks stays as it is."""
    for number, part in enumerate(re.split(r"(`[^`]+`)", line)):
        yield part if number % 2 else _ACTS.sub(lambda found: f"\\{found[0]}", part)
