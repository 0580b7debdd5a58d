"""index.html: the class on one page, for the instructor.  Pure; one file without scripts or anything to load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING

import jinja2

from autograder.models import Attempt, Grade, ItemResult, Verdict, msg
from autograder.reports.escape import plain
from autograder.reports.wording import (
    counting,
    counts,
    devices,
    environment,
    is_practice,
    item_of,
    judged_elsewhere,
    lateness,
    manual,
    points,
    tell,
    title,
    unit_of,
    unscored,
    unstable,
    warnings,
)
from autograder.standing import Standing, standings
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course

# What a reader tells apart at a glance; `stopped` are the three ways in which an item is ended from outside.
GROUPS = MappingProxyType(
    {
        "passed": (Verdict.PASSED,),
        "failed": (Verdict.FAILED,),
        "stopped": (Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED),
        "blocked": (Verdict.BLOCKED,),
        "todo": (Verdict.NOT_ATTEMPTED, Verdict.MISSING),
        "unscored": (Verdict.GRADER_ERROR, Verdict.UNSTABLE),
    }
)
LABELS = MappingProxyType(
    {
        "grade_report": msg("Grade report"),
        "to_table": msg("Skip to the class table"),
        "students": msg("students"),
        "submissions": msg("submissions"),
        "mean": msg("mean of all points"),
        "not_scored": msg("not scored"),
        "class": msg("Class"),
        "reading": msg("Points in each unit; the bar shows the items by verdict. The total is of what was scored."),
        "student": msg("Student"),
        "total": msg("Total"),
        "units": msg("Units"),
        "distribution": msg("Students by share of the points"),
        "median": msg("median"),
        "item": msg("Item"),
        "pass_rate": msg("Passed"),
        "other": msg("Otherwise"),
        "cause": msg("Most frequent cause"),
        "practice": msg("practice"),
        "devices": msg("judged on"),
        "rerun": msg("Not scored through our fault: run it again"),
        "rerun_why": msg("These submissions have an empty score in the grade book, not a zero."),
        "details": msg("what went wrong"),
        "unstable": msg("Unstable: with other seeds it ended otherwise; decide in overrides.yml"),
        "manual": msg("Decided by a person (overrides.yml)"),
        "notes": msg("Notes"),
        "origin": msg("Where these numbers come from"),
        "isolation": msg("isolation"),
        "seed": msg("seed (staff only)"),
        "empty": msg("Nothing was graded."),
        "none": msg("not handed in"),
        "passed": msg("passed"),
        "failed": msg("failed"),
        "stopped": msg("stopped (time, memory, crash)"),
        "blocked": msg("blocked"),
        "todo": msg("not attempted or missing"),
        "unscored": msg("not scored"),
    }
)
BINS = 10
OURS = Verdict.GRADER_ERROR


@dataclass(frozen=True)
class Part:
    """A piece of a stacked bar."""

    group: str
    count: int


@dataclass(frozen=True)
class Cell:
    """A student's result in one unit."""

    score: str
    max_score: str
    bar: list[Part]
    words: str
    about: str  # lateness, and which of several attempts counts


@dataclass(frozen=True)
class Row:
    student: str
    page: str | None
    cells: list[Cell | None]
    total: str
    share: str


@dataclass(frozen=True)
class Bin:
    label: str
    count: int
    height: float  # 0..100, against the fullest


@dataclass(frozen=True)
class ItemRow:
    id: str
    title: str
    passed: int
    of: int
    percent: int
    others: str
    cause: str
    devices: str  # empty: on the CPU only


@dataclass(frozen=True)
class UnitCard:
    id: str
    title: str
    practice: bool
    submissions: int
    median: str
    bins: list[Bin]
    bins_words: str
    items: list[ItemRow]


@dataclass
class _Total:
    score: float = 0.0
    most: float = 0.0
    complete: bool = True
    units: dict[str, Standing] = field(default_factory=dict)


def index(grade: Grade, course: Course, lang: str, pages: Mapping[str, str] | None = None) -> str:
    """The page.  `pages` gives a student's own page, as a link relative to this one."""
    totals = _totals(grade)
    columns = _columns(grade, course)
    scored = [total for total in totals.values() if total.most]
    share = sum(total.score for total in scored) / (sum(total.most for total in scored) or 1)
    return _template().render(
        lang=lang if lang in ("en", "vi") else "en",
        t={name: say(label, lang) for name, label in LABELS.items()},
        course=tell(course.title, lang),
        warnings=[tell(warning, lang) for warning in warnings(grade, course)],
        tiles=[
            (str(len(totals)), say(LABELS["students"], lang), ""),
            (str(len(grade.attempts)), say(LABELS["submissions"], lang), ""),
            (f"{share:.0%}" if scored else "–", say(LABELS["mean"], lang), ""),
            (str(len(unscored(grade))), say(LABELS["not_scored"], lang), "" if grade.complete else "alarm"),
        ],
        columns=[(id, title(unit_of(course, id), id, lang)) for id in columns],
        rows=[_row(student, total, columns, lang, pages or {}) for student, total in totals.items()],
        legend=[
            (group, say(LABELS[group], lang))
            for group, members in GROUPS.items()
            if any(item.verdict in members for attempt in grade.attempts for item in attempt.items)
        ],
        units=[_card(grade, course, id, lang) for id in columns],
        unscored=[
            (plain(attempt.student), plain(attempt.unit), faults)
            for attempt, items in unscored(grade)
            if (faults := [(plain(i.item), plain(i.staff, lines=True)) for i in items if i.verdict is OURS])
        ],
        lists=[(id, entries) for id, entries in _lists(grade, lang).items() if entries],
        tier=plain(grade.isolation.tier),
        reasons=[plain(reason) for reason in grade.isolation.reasons],
        environment=[*environment(grade, lang), (say(LABELS["seed"], lang), str(grade.environment.seed))],
    )


def _lists(grade: Grade, lang: str) -> dict[str, list[tuple[str, str]]]:
    """What there is to say of single submissions: about which, and the sentence."""
    each = [(f"{plain(attempt.student)} {plain(attempt.unit)}", attempt) for attempt in grade.attempts]
    items = [(where, item) for where, attempt in each for item in attempt.items]
    entered = [(f"{where} {plain(item.item)}", manual(item)) for where, item in items if item.manual]
    return {
        "unstable": [(where, tell(unstable(item), lang)) for where, item in items if item.verdict is Verdict.UNSTABLE],
        "manual": [(where, tell(about, lang)) for where, about in entered if about is not None],
        "notes": [("", tell(note, lang)) for note in grade.notes]
        + [(where, tell(note, lang)) for where, attempt in each for note in attempt.notes],
    }


def _columns(grade: Grade, course: Course) -> list[str]:
    graded = {attempt.unit for attempt in grade.attempts}
    known = [unit.id for unit in course.units if unit.id in graded]
    return [*known, *sorted(graded.difference(known))]


def _totals(grade: Grade) -> dict[str, _Total]:
    """What each student's attempts come to, and the sum; what is not scored counts neither for nor against."""
    totals: dict[str, _Total] = {}
    for standing in standings(grade.attempts):
        total = totals.setdefault(standing.student, _Total())
        total.units[standing.unit] = standing
        if standing.final_score is None:
            total.complete = False
        else:
            total.score += standing.final_score
            total.most += standing.max_score
    return totals


def _row(student: str, total: _Total, columns: Sequence[str], lang: str, pages: Mapping[str, str]) -> Row:
    cells = [_cell(total.units[unit], lang) if unit in total.units else None for unit in columns]
    share = f"{total.score / total.most:.0%}" if total.most else ""
    mark = "" if total.complete else " *"
    return Row(plain(student), pages.get(student), cells, f"{points(total.score)} / {points(total.most)}{mark}", share)


def _cell(standing: Standing, lang: str) -> Cell:
    """The bar and the verdicts are those of the attempt that counts, of several that count the last."""
    attempt = standing.counting[-1]
    bar = [Part(group, count) for group, count in _grouped(attempt.items).items() if count]
    told = [about for about in (lateness(attempt), counting(standing.attempts)) if about is not None]
    words = counts(attempt.items, lang)
    about = "; ".join(tell(one, lang) for one in told)
    return Cell(points(standing.final_score), points(standing.max_score), bar, words, about)


def _grouped(items: Iterable[ItemResult]) -> dict[str, int]:
    found = Counter(item.verdict for item in items)
    return {group: sum(found[member] for member in members) for group, members in GROUPS.items()}


def _card(grade: Grade, course: Course, id: str, lang: str) -> UnitCard:
    unit = unit_of(course, id)
    found = [standing for standing in standings(grade.attempts) if standing.unit == id]
    attempts = [attempt for standing in found for attempt in standing.counting]
    shares = [one.final_score / (one.max_score or 1) for one in found if one.final_score is not None]
    bins = _bins(shares)
    return UnitCard(
        id=plain(id),
        title=title(unit, id, lang),
        practice=is_practice(grade, unit),
        submissions=sum(len(standing.attempts) for standing in found),
        median=f"{median(shares):.0%}" if shares else "–",
        bins=bins,
        bins_words=", ".join(f"{bin.label}: {bin.count}" for bin in bins if bin.count),
        items=[
            _item_row(item, title(item_of(unit, item), item, lang), attempts, lang)
            for item in dict.fromkeys(item.item for attempt in attempts for item in attempt.items)
        ],
    )


def _bins(shares: Sequence[float]) -> list[Bin]:
    found = Counter(min(int(share * BINS + 1e-9), BINS - 1) for share in shares)
    fullest = max(found.values(), default=1)
    step = 100 // BINS
    return [Bin(f"{i * step}–{(i + 1) * step} %", found[i], 100 * found[i] / fullest) for i in range(BINS)]


def _item_row(id: str, name: str, attempts: Sequence[Attempt], lang: str) -> ItemRow:
    results = [item for attempt in attempts for item in attempt.items if item.item == id]
    passed = [item for item in results if item.verdict is Verdict.PASSED]
    others = [item for item in results if item.verdict is not Verdict.PASSED]
    judged = len(results) - sum(item.verdict.unscored for item in results)
    causes = Counter(diagnosis.code for item in others for diagnosis in item.diagnoses[:1])
    cause = ""
    if causes:
        code, times = causes.most_common(1)[0]
        first = next(d for item in others for d in item.diagnoses[:1] if d.code == code)
        cause = f"{times} × {tell(first.words, lang)}"
    percent = round(100 * len(passed) / judged) if judged else 0
    where = "; ".join(devices(names, lang) for names in judged_elsewhere(results))
    return ItemRow(plain(id), name, len(passed), judged, percent, counts(others, lang), cause, where)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("autograder.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("index.html.jinja")
