"""grading.yml → Course: the one registry of units, items, points, limits and policies.

Read at the start of every command and by the student's board; from here on only these frozen records travel.
Fails with `CourseError` ("grading.yml:12: unknown key 'point' in item; did you mean 'points'?").  Expected values
and tolerances do not stand in the registry, they live in the suites; credit thresholds do.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autograder.dates import DateError, moment
from autograder.marked_yaml import CourseError, Node, did_you_mean, read
from autograder.models import Text

__all__ = [
    "Course", "CourseError", "Credit", "Extension", "Item", "LatePolicy", "Limits", "Unit", "did_you_mean", "load",
]  # fmt: skip

FILE = "grading.yml"
FEEDBACK_LEVELS = ("full", "cause", "verdict")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
POLICY_WORDS = ("autograd", "loops")
POLICIES = ("zero", "warning")
ATTEMPTS = ("best", "last", "average")
_FORBIDDEN = re.compile(r"(torch|aten)(\.\w+)+")
_UNIT = "id module title items"
_ITEM = "id title points minutes difficulty hints"
_ITEM_OPTIONS = "symbol credit seconds memory_mb forbids policy processes feedback cells"


@dataclass(frozen=True)
class Ramp:
    """Linear credit of a metric: nothing below `start`, everything from `full` on."""

    start: float
    full: float

    def share(self, value: float) -> float:
        """The share of the points in [0, 1]; `start` itself earns nothing unless it equals `full`."""
        if value >= self.full:
            return 1.0
        return max(0.0, (value - self.start) / (self.full - self.start)) if self.full > self.start else 0.0


@dataclass(frozen=True)
class Credit:
    kind: str = "all"  # all | fraction | ramp
    ramp: Ramp | None = None
    practice: Ramp | None = None  # for generated data, which is easier or harder than the real one


@dataclass(frozen=True)
class Limits:
    """What one item may use.  Seconds are wall clock of one hidden test, memory is above what torch itself takes."""

    item_seconds: float = 5.0
    import_seconds: float = 10.0
    memory_mb: int = 1024


@dataclass(frozen=True)
class Extension:
    """More time for one student: in one unit, or in all (`unit` is "")."""

    student: str
    days: float
    unit: str = ""


@dataclass(frozen=True)
class LatePolicy:
    per_day: float = 0.0  # share of the points earned that a day costs
    grace_hours: float = 0.0
    cap: float = 1.0  # the most that lateness can cost, as a share
    extensions: tuple[Extension, ...] = ()

    def extension(self, student: str, unit: str) -> float | None:
        """The student's days in a unit: what names the unit counts, else what names none; None without either."""
        given = {e.unit: e.days for e in self.extensions if e.student == student}
        return given.get(unit, given.get(""))


@dataclass(frozen=True)
class Item:
    id: str
    symbol: str  # the function's or class's name in the student's module
    title: Text
    points: float
    minutes: int
    difficulty: int
    hints: tuple[Text, ...]
    credit: Credit = Credit()
    seconds: float = 5.0
    memory_mb: int = 1024
    forbids: tuple[str, ...] = ()
    policy: str = "zero"  # what a forbidden use costs: zero | warning
    processes: bool = False  # a DataLoader of the student's may have workers
    feedback: str = "cause"
    cells: tuple[str, ...] = ()  # the nbgrader grade cells that hold its points, where they are called otherwise


@dataclass(frozen=True)
class Unit:
    id: str
    module: str
    title: Text
    items: tuple[Item, ...]
    source: str = ""
    due: str = ""  # a moment of `autograder.dates`; "" where the registry names none

    @property
    def filename(self) -> str:
        return f"{self.module}.py"

    def item(self, id: str) -> Item:
        return next(item for item in self.items if item.id == id)

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items)


@dataclass(frozen=True)
class Course:
    id: str
    title: Text
    language: str
    limits: Limits
    late: LatePolicy
    units: tuple[Unit, ...]
    path: Path
    attempts: str = "last"  # which of a student's attempts at a unit counts: best | last | average

    @property
    def root(self) -> Path:
        return self.path.parent

    def unit(self, id: str) -> Unit:
        """The unit, or a CourseError with the nearest name."""
        for unit in self.units:
            if unit.id == id:
                return unit
        known = [unit.id for unit in self.units]
        raise CourseError(f"no unit {id!r} in {FILE}{did_you_mean(id, known) or '; known: ' + ', '.join(known)}")

    def select(self, ids: Collection[str]) -> tuple[Unit, ...]:
        """The named units in course order; all of them when no name is given."""
        wanted = {self.unit(id).id for id in ids}
        return tuple(unit for unit in self.units if not wanted or unit.id in wanted)


def load(path: Path) -> Course:
    """Read a registry.  `path` is grading.yml itself or the folder that holds it."""
    path = path / FILE if path.is_dir() else path
    root = read(path).mapping("course units", "limits late attempts feedback")
    about = root["course"].mapping("id title", "language")
    limits = _limits(root.get("limits"))
    feedback = root["feedback"].text(FEEDBACK_LEVELS) if "feedback" in root else "cause"
    units = tuple(_unit(node, limits, feedback) for node in root["units"].sequence())
    if not units:
        raise root["units"].error("units is empty; a course has at least one")
    _unique(root["units"], "unit")
    late = _late(root.get("late"), [unit.id for unit in units])
    return Course(
        id=about["id"].text(),
        title=_text(about["title"]),
        language=about["language"].text(("en", "vi")) if "language" in about else "en",
        limits=limits,
        late=late,
        units=units,
        path=path.resolve(),
        attempts=root["attempts"].text(ATTEMPTS) if "attempts" in root else "last",
    )


def _limits(node: Node | None) -> Limits:
    if node is None:
        return Limits()
    found = node.mapping(optional="item_seconds import_seconds memory_mb")
    default = Limits()
    return Limits(
        found["item_seconds"].number(0.1, 3600) if "item_seconds" in found else default.item_seconds,
        found["import_seconds"].number(0.1, 3600) if "import_seconds" in found else default.import_seconds,
        found["memory_mb"].integer(64, 1 << 20) if "memory_mb" in found else default.memory_mb,
    )


def _late(node: Node | None, units: Collection[str]) -> LatePolicy:
    if node is None:
        return LatePolicy()
    found = node.mapping(optional="per_day grace_hours cap extensions")
    return LatePolicy(
        found["per_day"].number(0, 1) if "per_day" in found else 0.0,
        found["grace_hours"].number(0, 24 * 365) if "grace_hours" in found else 0.0,
        found["cap"].number(0, 1) if "cap" in found else 1.0,
        _extensions(found["extensions"], units) if "extensions" in found else (),
    )


def _extensions(node: Node, units: Collection[str]) -> tuple[Extension, ...]:
    given: dict[tuple[str, str], Extension] = {}
    for entry in node.sequence():
        found = entry.mapping("student days", "unit")
        unit = found["unit"].text(units) if "unit" in found else ""
        student = found["student"].text()
        if (student, unit) in given:
            raise found["student"].error(f"{student!r} has two extensions for {unit or 'all units'}; keep one")
        given[student, unit] = Extension(student, found["days"].number(0, 3660), unit)
    return tuple(given.values())


def _moment(node: Node) -> str:
    try:
        return moment(node.text())
    except DateError as error:
        raise node.error(f"{node.text()!r} is no moment: {error}") from None


def _unit(node: Node, limits: Limits, feedback: str) -> Unit:
    found = node.mapping(_UNIT, "source due")
    items = tuple(_item(item, limits, feedback) for item in found["items"].sequence())
    if not items:
        raise found["items"].error(f"unit {found['id'].text()} has no items")
    _unique(found["items"], "item")
    return Unit(
        id=_name(found["id"]),
        module=_name(found["module"]),
        title=_text(found["title"]),
        items=items,
        source=found["source"].text() if "source" in found else "",
        due=_moment(found["due"]) if "due" in found else "",
    )


def _item(node: Node, limits: Limits, feedback: str) -> Item:
    found = node.mapping(_ITEM, _ITEM_OPTIONS)
    id = _name(found["id"])
    hints = tuple(_text(hint) for hint in found["hints"].sequence())
    if not hints:
        raise found["hints"].error(f"{id} has no hint; write one weak and one stronger hint")
    symbol = found["symbol"].text() if "symbol" in found else id
    if not symbol.isidentifier():
        raise found["symbol"].error(f"symbol {symbol!r} is not a Python name")
    forbids = tuple(map(_forbidden, found["forbids"].sequence())) if "forbids" in found else ()
    if "policy" in found and not forbids:
        raise found["policy"].error(f"{id} has a policy but forbids nothing; add the line 'forbids: […]' or drop it")
    return Item(
        id=id,
        symbol=symbol,
        title=_text(found["title"]),
        points=found["points"].number(0.01, 1000),
        minutes=found["minutes"].integer(1, 600),
        difficulty=found["difficulty"].integer(1, 5),
        hints=hints,
        credit=_credit(found["credit"]) if "credit" in found else Credit(),
        seconds=found["seconds"].number(0.1, 3600) if "seconds" in found else limits.item_seconds,
        memory_mb=found["memory_mb"].integer(64, 1 << 20) if "memory_mb" in found else limits.memory_mb,
        forbids=forbids,
        policy=found["policy"].text(POLICIES) if "policy" in found else "zero",
        processes=found["processes"].boolean() if "processes" in found else False,
        feedback=found["feedback"].text(FEEDBACK_LEVELS) if "feedback" in found else feedback,
        cells=tuple(cell.text() for cell in found["cells"].sequence()) if "cells" in found else (),
    )


def _credit(node: Node) -> Credit:
    if node.is_scalar:
        return Credit(node.text(("all", "fraction")))
    ramp = node.mapping("ramp")["ramp"].mapping("from full", "practice")
    practice = ramp["practice"].mapping("from full") if "practice" in ramp else None
    return Credit("ramp", _ramp(ramp), _ramp(practice) if practice else None)


def _ramp(found: dict[str, Node]) -> Ramp:
    start, full = found["from"].number(), found["full"].number()
    if full < start:
        raise found["full"].error(f"full ({full:g}) lies below from ({start:g}); swap them")
    return Ramp(start, full)


def _text(node: Node) -> Text:
    found = node.mapping("en vi")
    return Text(found["en"].text(), found["vi"].text())


def _name(node: Node) -> str:
    name = node.text()
    if not _NAME.fullmatch(name):
        raise node.error(f"{name!r} is not a name of small letters, digits and underscores")
    return name


def _forbidden(node: Node) -> str:
    """autograd, loops, a function (torch.nn.functional.dropout) or an operator (aten.native_dropout)."""
    word = node.text()
    if word not in POLICY_WORDS and not _FORBIDDEN.fullmatch(word):
        near = did_you_mean(word, POLICY_WORDS) or "; write autograd, loops, torch.… or aten.…"
        raise node.error(f"{word!r} cannot be forbidden{near}")
    return word


def _unique(entries: Node, what: str) -> None:
    seen: set[str] = set()
    for id in entries.each("id"):
        if id.text() in seen:
            raise id.error(f"{what} {id.text()!r} is registered twice; rename or remove one")
        seen.add(id.text())
