"""Who is a student?  Pure: the entries of one PATH, shared out among students by where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autograder.intake.entry import Entry, Kind, Wanted
from autograder.intake.names import printable
from autograder.models import Words, msg


@dataclass
class Shared:
    """A PATH's entries by student (the name as it stands on the disk), and what belongs to nobody."""

    students: dict[str, list[Entry]] = field(default_factory=dict)
    notes: list[Words] = field(default_factory=list)


def share(entries: Sequence[Entry], wanted: Wanted, name: str, *, is_zip: bool) -> Shared:
    """One student's folder when modules lie at its top (or in unit folders), a class when they lie one folder down.

    A zip that holds one student is that student's, whatever the folder in it is called.
    """
    homes = {home(entry, wanted) for entry in entries if entry.kind is Kind.MODULE}
    tops = {top[0] for top in homes if top}
    if (() in homes and len(tops) < 2) or (is_zip and len(homes) == 1):
        return Shared({name: list(entries)})
    shared = Shared()
    level = 0
    if () not in homes and _is_wrapped(entries, homes):
        level = 1
        shared.notes.append(msg("the submissions lie one folder down, in {name}", name=printable(tops.pop())))
    strays = []
    for entry in entries:
        is_folder = entry.kind in (Kind.FOLDER, Kind.ZIP) and len(entry.parts) == level + 1
        if is_folder or len(entry.parts) > level + 1:
            shared.students.setdefault(entry.parts[level], []).append(entry)
        elif entry.kind is Kind.REFUSED and entry.note is not None:
            shared.notes.append(entry.note)
        elif entry.kind in (Kind.MODULE, Kind.IGNORED):
            strays.append(entry)
    if strays:
        shared.notes.append(msg("beside the students' folders, not graded: {names}", names=listed(strays)))
    return shared


def home(entry: Entry, wanted: Wanted) -> tuple[str, ...]:
    """The student's folder that a module lies in: above its unit's folder and above `exercises`."""
    folders = entry.parts[:-1]
    for depth, folder in enumerate(folders):
        if wanted.is_unit_folder(folder):
            folders = folders[:depth]
            break
    return folders[:-1] if folders and folders[-1].casefold() == "exercises" else folders


def listed(entries: Iterable[Entry], most: int = 6) -> str:
    """`conftest.py, pytest.ini and 3 more`, for a note."""
    return listed_names(sorted({entry.name for entry in entries}), most)


def listed_names(found: Sequence[str], most: int = 6) -> str:
    """The same of names, in their order."""
    names = [printable(name) for name in found]
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} … (+{more})"


def _is_wrapped(entries: Sequence[Entry], homes: set[tuple[str, ...]]) -> bool:
    """Is everything in one more folder, with several students in it?"""
    if any(entry.kind is Kind.ZIP for entry in entries) or len({top[0] for top in homes}) != 1:
        return False
    return all(len(place) > 1 for place in homes) and len({place[1] for place in homes}) > 1
