"""What the board knows about a run: frozen records, made by `explain` and `tally`, told by `blocks` and `score`."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.models import Verdict, Words


@dataclass(frozen=True)
class Place:
    """A line of a file of the student."""

    file: str  # as the student types it: exercises/u01_tensors/tensors.py
    line: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Trouble:
    """Why one test did not pass.  What is not known is empty."""

    verdict: Verdict
    causes: tuple[Words, ...] = ()
    hints: tuple[Words, ...] = ()
    call: str = ""  # row_standardize(tensor([1., 2.]))
    statement: str = ""  # the line of the public test, where no call was seen
    got: str = ""
    wanted: str = ""
    raised: str = ""  # ValueError: text
    place: Place | None = None
    passed_here: bool = False  # the exception passed `place`; else `place` is the `def` line of the item

    @property
    def todo(self) -> bool:
        return self.verdict is Verdict.NOT_ATTEMPTED


@dataclass(frozen=True)
class BrokenFile:
    """A student's file that does not load: no test of its unit can run."""

    unit: str
    file: str
    words: tuple[Words, ...]
    place: Place | None = None
    raised: str = ""


@dataclass(frozen=True)
class Test:
    """One public test that was asked for; `verdict` is None when pytest stopped before it."""

    name: str
    unit: str
    item: str
    verdict: Verdict | None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class ItemRow:
    """One item that was asked for."""

    unit: str
    id: str
    title: Words | str
    points: float
    minutes: int
    verdict: Verdict | None
    troubles: tuple[Trouble, ...] = ()

    @property
    def done(self) -> bool:
        return self.verdict is Verdict.PASSED

    @property
    def todo(self) -> bool:
        return self.verdict is Verdict.NOT_ATTEMPTED

    @property
    def failing(self) -> bool:
        return self.verdict is not None and not self.done and not self.todo


@dataclass(frozen=True)
class UnitRow:
    """One unit of which something was asked for.  `where` is what one types to run it, `broken` why none of it ran."""

    id: str
    where: str
    items: tuple[ItemRow, ...]
    broken: BrokenFile | None = None

    @property
    def done(self) -> int:
        return sum(item.done for item in self.items)

    @property
    def todo(self) -> int:
        return sum(item.todo for item in self.items)

    @property
    def failing(self) -> int:
        return sum(item.failing for item in self.items)

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items if item.done)

    @property
    def max_points(self) -> float:
        return sum(item.points for item in self.items)


@dataclass(frozen=True)
class Score:
    """The whole board.  `notes` are lines for the student that belong to no item."""

    units: tuple[UnitRow, ...]
    notes: tuple[Words, ...] = field(default=())

    @property
    def items(self) -> tuple[ItemRow, ...]:
        return tuple(item for unit in self.units for item in unit.items)

    @property
    def points(self) -> float:
        return sum(unit.points for unit in self.units)

    @property
    def max_points(self) -> float:
        return sum(unit.max_points for unit in self.units)

    @property
    def all_done(self) -> bool:
        return all(item.done for item in self.items) and not any(unit.broken for unit in self.units)
