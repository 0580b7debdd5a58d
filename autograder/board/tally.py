"""Tests → items → units → Score, in the order of grading.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from autograder.board.records import BrokenFile, ItemRow, Score, Test, UnitRow
from autograder.models import Verdict, Words

if TYPE_CHECKING:
    from autograder.course import Course, Item, Unit

_BAD = (Verdict.MISSING, Verdict.TIMED_OUT, Verdict.FAILED)  # the first that occurs is the item's


def tally(
    tests: Sequence[Test],
    broken: Iterable[BrokenFile],
    course: Course | None,
    where: Mapping[str, str],
    everything: bool,
    notes: tuple[Words, ...] = (),
) -> Score:
    """The score of what was asked for.

    `where` says what one types for a unit.  `everything` is False when single tests were chosen (-k, ::): then nobody
    can know which items of a broken file were meant, and it is listed without items.
    """
    faults = {fault.unit: fault for fault in broken}
    ids = list(dict.fromkeys([*(test.unit for test in tests), *faults]))
    units = {unit.id: unit for unit in course.units} if course is not None else {}
    order = list(units)
    ids.sort(key=lambda id: order.index(id) if id in units else len(order))
    rows = [_unit(id, tests, faults.get(id), units.get(id), where.get(id, id), everything) for id in ids]
    return Score(tuple(rows), notes)


def _unit(
    id: str, tests: Sequence[Test], fault: BrokenFile | None, unit: Unit | None, where: str, everything: bool
) -> UnitRow:
    known = {item.id: item for item in unit.items} if unit is not None else {}
    grouped: dict[str, list[Test]] = {}
    for test in tests:
        if test.unit == id:
            grouped.setdefault(test.item, []).append(test)
    order = list(known)
    ids = sorted(grouped, key=lambda item: order.index(item) if item in known else len(order))
    rows = [_item(id, item, grouped[item], known.get(item)) for item in ids]
    if fault is not None and everything:
        rows += [_lost(id, item) for item in known.values() if item.id not in grouped]
    return UnitRow(id, where, tuple(rows), fault)


def _item(unit: str, id: str, tests: Sequence[Test], item: Item | None) -> ItemRow:
    troubles = tuple(test.trouble for test in tests if test.trouble is not None)
    verdict = _verdict([test.verdict for test in tests])
    if item is None:
        return ItemRow(unit, id, id, 0.0, 0, verdict, troubles)
    return ItemRow(unit, id, item.title, item.points, item.minutes, verdict, troubles)


def _lost(unit: str, item: Item) -> ItemRow:
    return ItemRow(unit, item.id, item.title, item.points, item.minutes, Verdict.FAILED)


def _verdict(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    """Done when every test passed; a failing test outweighs one to do, and that one outweighs one that did not run."""
    for verdict in (*_BAD, Verdict.NOT_ATTEMPTED, None):
        if verdict in verdicts:
            return verdict
    return Verdict.PASSED
