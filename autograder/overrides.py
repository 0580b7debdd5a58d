"""What a person decided: overrides.yml in the grade folder → the attempts with the points and comments entered there.

    load(folder, course) → entries;  overridden(attempts, entries) → attempts;  strangers(attempts, entries) → notes

The file is the instructor's: nothing of the kit writes it, and every run and regrade applies it again.  An entry that
cannot be read is a `CourseError` (overrides.yml:4, and the cure); one that fits nobody becomes a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Course
from autograder.marked_yaml import Node, read
from autograder.models import Attempt, ItemResult, Manual, Text, Words, msg

FILE = "overrides.yml"


@dataclass(frozen=True)
class Override:
    student: str
    unit: str
    item: str  # "": a comment on the whole submission
    score: float | None  # None: only a comment
    comment: str
    attempt: int  # of the student's attempts at the unit; 0: all of them
    line: int

    def fits(self, attempt: Attempt) -> bool:
        return (attempt.student, attempt.unit) == (self.student, self.unit) and self.attempt in (0, attempt.number)


def load(folder: Path, course: Course) -> tuple[Override, ...]:
    """The entries of the folder's file; none where there is no file."""
    path = folder / FILE
    if not path.exists():
        return ()
    entries = tuple(_entry(node, course) for node in read(path, "a list of entries").sequence())
    places = [(one.student, one.unit, one.item, one.attempt) for one in entries]
    for number, place in enumerate(places):
        if place in places[:number]:
            first = entries[places.index(place)].line
            raise read(path).error(f"line {entries[number].line} decides again what line {first} did; keep one")
    return entries


def overridden(attempts: Sequence[Attempt], entries: Sequence[Override]) -> list[Attempt]:
    """The attempts as a person changed them; they must have their numbers."""
    by_place: dict[tuple[str, str], list[Override]] = {}
    for entry in entries:
        by_place.setdefault((entry.student, entry.unit), []).append(entry)
    return [_changed(attempt, by_place.get((attempt.student, attempt.unit), ())) for attempt in attempts]


def strangers(attempts: Sequence[Attempt], entries: Sequence[Override]) -> list[Words]:
    """Entries that fit no attempt: a name that is written otherwise, most likely."""
    places = {(attempt.student, attempt.unit, number) for attempt in attempts for number in (0, attempt.number)}
    lost = [entry for entry in entries if (entry.student, entry.unit, entry.attempt) not in places]
    return [
        msg(
            "{file}:{line}: {student} handed in no such attempt at {unit}; nothing was changed",
            file=FILE,
            line=entry.line,
            student=entry.student,
            unit=entry.unit,
        )
        for entry in lost
    ]


def _changed(attempt: Attempt, entries: Sequence[Override]) -> Attempt:
    mine = [entry for entry in entries if entry.fits(attempt)]
    if not mine:
        return attempt
    by_item = {entry.item: entry for entry in mine}
    items = tuple(_decided(result, by_item.get(result.item)) for result in attempt.items)
    whole = by_item.get("")
    notes = (*attempt.notes, Text(whole.comment, whole.comment)) if whole else attempt.notes
    return replace(attempt, items=items, notes=notes)


def _decided(result: ItemResult, entry: Override | None) -> ItemResult:
    if entry is None:
        return result
    judged = None if result.verdict.unscored else result.score
    manual = Manual(entry.score, entry.comment, judged)
    return replace(result, score=result.score if entry.score is None else entry.score, manual=manual)


def _entry(node: Node, course: Course) -> Override:
    found = node.mapping("student unit", "item score comment attempt")
    unit = course.unit(found["unit"].text([unit.id for unit in course.units]))
    item = found["item"].text([item.id for item in unit.items]) if "item" in found else ""
    if not {"score", "comment"} & set(found):
        raise node.error("an entry needs a score, a comment, or both")
    if "score" in found and not item:
        raise node.error("a score needs the item it is for; add the line 'item: …'")
    most = unit.item(item).points if item else 0.0
    return Override(
        student=found["student"].text(),
        unit=unit.id,
        item=item,
        score=found["score"].number(0.0, most) if "score" in found else None,
        comment=found["comment"].text() if "comment" in found else "",
        attempt=found["attempt"].integer(1) if "attempt" in found else 0,
        line=node.line,
    )
