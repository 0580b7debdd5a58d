"""What `autograder ci` shows: annotations, job summary, outputs and JUnit XML.  Pure functions of a `BoardResult`.

The result was written beside the student's code, so every text in it is escaped here for the place it goes to:
workflow commands (GitHub's own rules), Markdown, XML, the terminal.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.models import Message, Verdict, msg
from autograder.reports.escape import markdown, plain
from autograder.words import say

ANNOTATIONS = 10  # GitHub shows about ten of a kind for one step
SUMMARY_BYTES = 1 << 20  # and refuses a longer summary


@dataclass(frozen=True)
class ItemOutcome:
    """One item of the student's board; `verdict` is None when its tests did not run."""

    item: str
    title: str
    points: float
    max_points: float
    verdict: Verdict | None
    file: str = ""
    line: int = 0
    words: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return self.verdict is Verdict.PASSED

    @property
    def todo(self) -> bool:
        return self.verdict in (Verdict.NOT_ATTEMPTED, None)

    @property
    def failing(self) -> bool:
        return not self.done and not self.todo


@dataclass(frozen=True)
class UnitOutcome:
    """One unit; `fault` says why its file does not load, at `file` and `line`."""

    unit: str
    items: tuple[ItemOutcome, ...]
    file: str = ""
    line: int = 0
    fault: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items)

    @property
    def max_points(self) -> float:
        return sum(item.max_points for item in self.items)


@dataclass(frozen=True)
class BoardResult:
    course: str
    lang: str
    units: tuple[UnitOutcome, ...]

    @property
    def items(self) -> tuple[ItemOutcome, ...]:
        return tuple(item for unit in self.units for item in unit.items)

    @property
    def points(self) -> float:
        return sum(unit.points for unit in self.units)

    @property
    def max_points(self) -> float:
        return sum(unit.max_points for unit in self.units)

    @property
    def all_done(self) -> bool:
        return all(item.done for item in self.items) and not any(unit.fault for unit in self.units)


@dataclass(frozen=True)
class _Complaint:
    """What an annotation or a paragraph is made from."""

    title: str
    file: str
    line: int
    words: tuple[str, ...]


# annotations


def annotations(result: BoardResult, folder: str = "") -> list[str]:
    """At most ten `::error` commands, on the student's lines.  `folder` leads from the repository to the course."""
    complaints = _complaints(result)
    shown = complaints if len(complaints) <= ANNOTATIONS else complaints[: ANNOTATIONS - 1]
    lines = [
        command("error", " ".join(one.words), file=_in(folder, one.file), line=one.line, title=one.title)
        for one in shown
    ]
    if len(shown) < len(complaints):
        more = msg(
            "{count} more are not right yet: the job summary lists all of them.", count=len(complaints) - len(shown)
        )
        lines.append(command("error", say(more, result.lang)))
    return lines


def command(name: str, message: str, **properties: str | int) -> str:
    """`::error file=a.py,line=3,title=t::message`; empty properties are left out.

    >>> command("error", "50%\\nwrong", title="a: b, c")
    '::error title=a%3A b%2C c::50%25%0Awrong'
    """
    filled = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' if filled else ''}{filled}::{_data(message)}"


def fenced(text: str, token: str) -> str:
    """The text as it is, its lines kept from acting as workflow commands until `token` ends that."""
    return f"::stop-commands::{token}\n{text.replace(token, '')}\n::{token}::"


def _data(text: str) -> str:
    return plain(text, lines=True).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# the job summary


def summary(result: BoardResult, limit: int = SUMMARY_BYTES) -> str:
    """Markdown: the points, a table of the units, what is not right yet, what is to do.  At most `limit` bytes."""
    lang = result.lang
    head = say(msg("{points} of {all} points", points=result.points, all=result.max_points), lang)
    parts = [f"## {markdown(head)}", _table(result), *(_paragraph(one, lang) for one in _complaints(result))]
    todo = [item.item for item in result.items if item.todo]
    if todo:
        parts.append(f"**{markdown(say(msg('to do'), lang))}:** {', '.join(markdown(id) for id in todo)}")
    if result.all_done:
        parts.append(markdown(say(msg("All that you asked for is done. Well done!"), lang)))
    parts.append(f"_{markdown(say(_ADVICE, lang))}_")
    cut = markdown(say(msg("The rest was left out: the summary became too long."), lang))
    return _within(parts, limit, cut)


_ADVICE = msg("These are the public tests, for you to learn from. The grade comes from other tests.")


def _table(result: BoardResult) -> str:
    lang = result.lang
    heads = (msg("unit"), msg("done"), msg("to do"), msg("failing"), msg("points"))
    lines = [
        "| " + " | ".join(markdown(say(head, lang)) for head in heads) + " |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for unit in result.units:
        name = markdown(unit.unit)
        if unit.fault:
            name += f" ({markdown(say(msg('does not load'), lang))})"
        counts = [*_counts(unit.items), f"{unit.points:g}/{unit.max_points:g}"]
        lines.append(f"| {name} | " + " | ".join(str(count) for count in counts) + " |")
    return "\n".join(lines)


def _paragraph(one: _Complaint, lang: str) -> str:
    lines = [f"### {markdown(one.title)}", *(f"- {markdown(words)}" for words in (_place(one), *one.words) if words)]
    return "\n".join(lines)


def _within(parts: Sequence[str], limit: int, cut: str) -> str:
    """As many whole parts as fit, and a word where some do not."""
    text = "\n\n".join(parts) + "\n"
    if len(text.encode()) <= limit:
        return text
    kept: list[str] = []
    room = limit - len(cut.encode()) - 3
    for part in parts:
        room -= len(part.encode()) + 2
        if room < 0:
            break
        kept.append(part)
    return "\n\n".join([*kept, cut]) + "\n"


# outputs, JUnit XML, plain text


def outputs(result: BoardResult) -> str:
    """Lines for GITHUB_OUTPUT: numbers and words of ours only."""
    done, todo, failing = _counts(result.items)
    values = {
        "score": f"{result.points:g}",
        "max_score": f"{result.max_points:g}",
        "done": done,
        "todo": todo,
        "failing": failing,
        "all_done": str(result.all_done).lower(),
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())


def junit(result: BoardResult) -> str:
    """JUnit XML in pytest's xunit2 shape: a suite for each unit, a case for each item, its points as a property."""
    root = ET.Element("testsuites", name=plain(result.course) or "autograder ci")
    for unit in result.units:
        done, todo, failing = _counts(unit.items)
        suite = ET.SubElement(root, "testsuite", name=plain(unit.unit), errors="0")
        suite.attrib |= {"tests": str(done + todo + failing), "failures": str(failing), "skipped": str(todo)}
        for item in unit.items:
            _case(suite, unit, item, result.lang)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, unit: UnitOutcome, item: ItemOutcome, lang: str) -> None:
    case = ET.SubElement(suite, "testcase", classname=plain(unit.unit), name=plain(item.item), time="0")
    properties = ET.SubElement(case, "properties")
    ET.SubElement(properties, "property", name="points", value=f"{item.points:g}/{item.max_points:g}")
    words = [plain(one) for one in (item.words or unit.fault)]
    if item.todo:
        ET.SubElement(case, "skipped", message=say(msg("to do"), lang))
    elif item.failing:
        failure = ET.SubElement(case, "failure", message=words[0] if words else "", type=str(item.verdict))
        failure.text = "\n".join([*([f"{item.file}:{item.line}"] if item.file else []), *words])


def text(result: BoardResult) -> str:
    """A few lines for the end of a terminal log: what is not right yet, and the sum."""
    lines = [f"{_place(one)}: {plain(one.title)}: {plain(' '.join(one.words))}" for one in _complaints(result)]
    return "\n".join([*lines, total(result)])


def total(result: BoardResult) -> str:
    """The result in one line."""
    done, todo, failing = _counts(result.items)
    words = msg(
        "{done} done, {todo} to do, {failing} failing, {points} of {all} points",
        done=done, todo=todo, failing=failing, points=result.points, all=result.max_points,
    )  # fmt: skip
    return say(words, result.lang)


def _complaints(result: BoardResult) -> list[_Complaint]:
    """Files that do not load first, then the items that are not right yet, in the order of the course."""
    faults = [
        _Complaint(_said(msg("{unit} does not load", unit=unit.unit), result), unit.file, unit.line, unit.fault)
        for unit in result.units
        if unit.fault
    ]
    items = [
        _Complaint(f"{item.item}: {item.title}", item.file, item.line, item.words)
        for unit in result.units
        for item in unit.items
        if item.failing and not (unit.fault and not item.words)
    ]
    return faults + items


def _place(one: _Complaint) -> str:
    return plain(f"{one.file}:{one.line}" if one.line else one.file)


def _said(words: Message, result: BoardResult) -> str:
    return say(words, result.lang)


def _counts(items: Iterable[ItemOutcome]) -> tuple[int, int, int]:
    items = tuple(items)
    return sum(item.done for item in items), sum(item.todo for item in items), sum(item.failing for item in items)


def _in(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder and file else file
