"""What a worker's answer says when it is no value, as far as it can be true: it was written next to student code.

    cells_ran(told) → CellsRan
    refusal(question, answer) → Missing, PolicyBroken, OutOfMemory, StudentRaised or CheckFailed, for `proxy` to raise

Every field is checked: a name only if it stands in the submitted file, a word only from a closed list, a line only as a
number.  What cannot be true is left out, or is a `WireError`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.checks.faults import CheckFailed, StudentRaised
from autograder.models import Diagnosis, msg
from autograder.sandbox.inner import wire
from autograder.sandbox.inner.raised import ABOUT
from autograder.sandbox.inner.workbench import NAMES, TOLD, WORDS

TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


class Missing(Exception):
    """The student's module has no such name; `names` are those it has (the student's texts: identifiers, checked)."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name, self.names = name, names


class PolicyBroken(Exception):
    """The item forbids what was used: `what` as grading.yml spells it, `line` in the student's file or 0."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what, self.line = what, line


class OutOfMemory(Exception):
    """The student's code asked for more memory than the item allows: `asked` bytes at once, or 0 when unknown."""

    def __init__(self, lines: tuple[int, ...], asked: int = 0) -> None:
        super().__init__("out of memory")
        self.lines, self.asked = lines, asked


@dataclass(frozen=True)
class Stop:
    """A cell of a notebook that raised.  `name`: what a NameError missed; `later`: the cell (from 1) that makes it;
    `slow`: it was stopped, for it would have taken the time of the cells below."""

    cell: int
    error: StudentRaised
    name: str = ""
    later: int = 0
    slow: bool = False


@dataclass(frozen=True)
class CellsRan:
    """How the cells of a notebook ran, as the worker tells it: lines left out, cells that raised, names made twice."""

    skipped: tuple[int, ...] = ()
    stops: tuple[Stop, ...] = ()
    twice: tuple[tuple[str, int, int], ...] = ()  # a name, the lines of its first and of its last definition


def cells_ran(told: object, cells: int, written: Collection[str]) -> CellsRan:
    """What the worker says of a notebook, as far as it can be true: it was written next to student code."""
    if not isinstance(told, dict):
        raise wire.WireError("no word about the cells")
    rows = {key: value[:TOLD] if isinstance(value, list) else [] for key, value in told.items()}
    stops: list[Stop] = []
    for row in rows.get("raised", []):
        if isinstance(row, dict) and type(cell := row.get("cell")) is int and 1 <= cell <= cells:
            name, later = row.get("name"), row.get("later")
            if isinstance(name, str) and name in written and type(later) is int and cell < later <= cells:
                stops.append(Stop(cell, _raised(row), name, later))
            else:
                stops.append(Stop(cell, _raised(row), slow=row.get("slow") is True))
    twice: list[tuple[str, int, int]] = []
    for row in rows.get("twice", []):
        if isinstance(row, list) and row and isinstance(row[0], str) and row[0] in written:
            lines = _lines(row[1:])
            twice += [(row[0], *lines)] if len(lines) == 2 else []
    return CellsRan(_lines(rows.get("skipped")), tuple(stops), tuple(twice))


def refusal(
    question: Mapping[str, object], answer: Mapping[str, Any], written: Collection[str], forbids: Collection[str]
) -> Exception:
    """The exception that an answer without a value stands for."""
    if "missing" in answer:
        names = answer.get("names")
        known = [name for name in names[:NAMES] if isinstance(name, str)] if isinstance(names, list) else []
        asked = question.get("symbol") or question.get("name")  # as we asked, not as it was answered
        return Missing(str(asked), tuple(name for name in known if name in written))
    if "blocked" in answer:
        return policy_broken(answer["blocked"], forbids)
    if "memory" in answer:
        asked = answer.get("asked")
        return OutOfMemory(_lines(answer["memory"]), asked if type(asked) is int and 0 < asked < 1 << 63 else 0)
    if "too_much" in answer:
        return CheckFailed(Diagnosis("too_much", msg("What came back is too large or too deep to be an answer.")))
    return _raised(answer)


def policy_broken(told: object, forbids: Collection[str]) -> PolicyBroken:
    """What the worker says was used: one of the item's own words, and a line."""
    what, *lines = told if isinstance(told, list) and told else [None]
    if not isinstance(what, str) or what not in forbids:
        raise wire.WireError("a policy that the item does not have")
    return PolicyBroken(what, *_lines(lines)[:1] or (0,))


def source_words(told: object, written: Collection[str]) -> frozenset[str]:
    """What the worker says the item's code calls: of that, what stands in the submitted file."""
    words = told[:WORDS] if isinstance(told, list) else []
    return frozenset(word for word in words if isinstance(word, str) and word.strip(".=") in written)


def _raised(answer: Mapping[str, Any]) -> StudentRaised:
    name = answer.get("error")
    known = isinstance(name, str) and TYPE_NAME.fullmatch(name)
    about = answer.get("about")
    told = about if isinstance(about, str) and about in ABOUT else ""
    return StudentRaised(str(name) if known else "Exception", _lines(answer.get("lines")), told)


def _lines(value: object) -> tuple[int, ...]:
    return tuple(line for line in value if type(line) is int and line > 0) if isinstance(value, list) else ()
