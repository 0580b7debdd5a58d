"""PATH… → Intake: every student's submissions in course order, and notes on what was left out and why."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autograder.intake import archive, folder
from autograder.intake.archive import Unreadable
from autograder.intake.entry import MODULES, Entry, IntakeError, Kind, Wanted
from autograder.intake.layout import Shared, home, listed, share
from autograder.intake.names import printable, printable_path, student_name
from autograder.intake.notebook import is_notebook, opened
from autograder.intake.spool import Spool, Stored, Submissions
from autograder.models import Submission, Words, msg
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course, Unit

MOST_NOTES = 12  # on what was refused of one student: an archive can hold 2000 names that lead out of it


@dataclass(frozen=True)
class Intake:
    """What there is to grade."""

    submissions: Sequence[Submission]
    notes: tuple[Words, ...] = ()


def collect(paths: Sequence[Path], course: Course, units: Collection[str] | None) -> Intake:
    """Find the submissions in folders, archives and files.  Fails with `IntakeError` for a PATH that cannot be graded.

    `units` None: each student is graded in what they handed in.  Else: in each of these, handed in or not.
    """
    if not paths:
        raise IntakeError(
            "nothing to grade; name a folder of submissions, a student's folder, a .py, a .ipynb, a .zip or a .tar"
        )
    wanted = Wanted(course, course.select(units or ()))
    spool = Spool()
    students: dict[str, Student] = {}
    notes: list[Words] = []
    for order, path in enumerate(paths):
        shared = _read(path, wanted, spool)
        notes += shared.notes
        for raw, entries in shared.students.items():
            name = student_name(raw)
            student = students.setdefault(name, Student(name, wanted))
            notes += student.add(entries, path, order)
            if name not in (raw, printable(raw)):
                student.notes.append(msg("the name was changed: it held characters that are not shown"))
    every_unit = bool(units)
    submissions: list[tuple[Submission, Stored | None]] = []
    for name in sorted(students, key=lambda name: (name.casefold(), name)):
        student = students[name]
        submissions += student.submissions(every_unit)
        if not student.copies and not every_unit:
            notes.append(msg("{student}: {note}", student=name, note=student.nothing()))
    return Intake(Submissions(submissions), tuple(notes))


@dataclass(frozen=True)
class _Copy:
    """A module that a student handed in.  Of several the one with the least rank counts: readable, from the PATH
    named first, nearest to the top, rightly named; of two with one name in a zip the later one, as unzip has it.
    Between a .py and a notebook at the same place: the one with more of the unit done, then the .py."""

    place: tuple[bool, int, int]
    name: tuple[bool, int, tuple[str, ...], int]
    entry: Entry
    shown: str


class Student:
    """What one student handed in, and what there is to say about it."""

    def __init__(self, name: str, wanted: Wanted) -> None:
        self.name = name
        self.wanted = wanted
        self.copies: dict[str, list[_Copy]] = {}
        self.notes: list[Words] = []
        self.ignored: list[Entry] = []

    def add(self, entries: list[Entry], path: Path, order: int) -> list[Words]:
        """Take the entries of one PATH.  Returns what the instructor must hear besides."""
        loud: list[Words] = []
        for index, entry in enumerate(entries):
            if entry.kind is Kind.MODULE and entry.unit in self.wanted.reads:
                self.copies.setdefault(entry.unit, []).append(self._copy(entry, path, order, index))
            elif entry.kind is Kind.IGNORED:
                self.ignored.append(entry)
            elif entry.note is not None:
                self.notes.append(entry.note)
                if entry.kind is Kind.ZIP:
                    loud.append(msg("{student}: {note}", student=self.name, note=entry.note))
        return loud

    def submissions(self, every_unit: bool) -> list[tuple[Submission, Stored | None]]:
        """In course order, each with its source put away; what is said of the student stands with the first."""
        notes = self.notes[:MOST_NOTES]
        if len(self.notes) > MOST_NOTES:
            notes.append(msg("and {n} more of this kind", n=len(self.notes) - MOST_NOTES))
        if self.ignored:
            notes.append(msg("ignored, never read: {names}", names=listed(self.ignored)))
        found: list[tuple[Submission, Stored | None]] = []
        for unit in self.wanted.units:
            copies = _ranked(self.copies.get(unit.id, ()), unit)
            if copies:
                best, about = copies[0].entry, _about(copies, self.wanted)
                name, stored, cells = self.wanted.filename(best), best.stored, best.cells
            elif every_unit:
                about = [msg("{name} was not handed in", name=unit.filename)]
                name, stored, cells = unit.filename, None, ()
            else:
                continue
            found.append((Submission(self.name, unit.id, name, None, (*about, *notes), cells), stored))
            notes = []
        if found:
            missing = [unit for unit in self.wanted.units if unit.id not in self.copies]
            first, stored = found[0]
            found[0] = replace(first, notes=(*first.notes, *misnamed(self.ignored, missing))), stored
        return found

    def nothing(self) -> Words:
        meant = misnamed(self.ignored, self.wanted.units)
        if meant:
            return meant[0]
        return msg("no module was found; looked for {names}", names=", ".join(self.wanted.filenames))

    def _copy(self, entry: Entry, path: Path, order: int, index: int) -> _Copy:
        depth, exact = len(home(entry, self.wanted)), entry.name == self.wanted.filename(entry)
        name = (not exact, len(entry.parts), entry.parts, -index)
        shown = path.name if is_module(path) else "/".join((path.name, *entry.parts))
        return _Copy((not entry.is_read, order, depth), name, entry, printable(shown))


def _ranked(copies: Sequence[_Copy], unit: Unit) -> list[_Copy]:
    """The copies of one module, best first."""
    kinds = {is_notebook(copy.entry.name) for copy in copies}

    def rank(copy: _Copy) -> tuple[object, ...]:
        between = (-_done(copy.entry, unit), is_notebook(copy.entry.name)) if len(kinds) > 1 else ()
        return (*copy.place, *between, *copy.name)

    return sorted(copies, key=rank)


def _done(entry: Entry, unit: Unit) -> int:
    """How many items look done, by the text alone: defined, less what still raises NotImplementedError.

    Who works in the notebook hands in the untouched .py beside it, or the other way round; no date tells them apart.
    """
    source = entry.content or b""
    symbols = {item.symbol.encode() for item in unit.items}
    defined = set(re.findall(rb"^[ \t]*(?:def|class)[ \t]+(\w+)", source, re.MULTILINE))
    return len(symbols & defined) - len(re.findall(rb"^[ \t]*raise[ \t]+NotImplementedError", source, re.MULTILINE))


def _about(copies: list[_Copy], wanted: Wanted) -> list[Words]:
    """What there is to say about a module of which these copies were handed in, best first."""
    best, *others = copies
    about: list[Words] = [] if best.entry.note is None else [best.entry.note]
    name = wanted.filename(best.entry)
    if best.entry.name != name:
        about.append(msg("{found} was taken for {name}", found=printable(best.entry.name), name=name))
    about += [copy.entry.note for copy in others if copy.entry.note is not None and is_notebook(copy.entry.name)][:1]
    content = best.entry.content if others else None
    others = [copy for copy in others if copy.entry.content != content]
    if others:
        places = ", ".join(copy.shown for copy in others[:3]) + ("" if len(others) <= 3 else f" … (+{len(others) - 3})")
        sentence = msg("handed in more than once: {best} counts, not {others}", best=best.shown, others=places)
        if len({is_notebook(copy.entry.name) for copy in copies if copy.entry.is_read}) > 1:
            sentence = msg(
                "handed in as .py and as notebook: {best} counts, not {others}; "
                "the one with more of its functions written does, else the .py",
                best=best.shown,
                others=places,
            )
        about.append(sentence)
    return about


def misnamed(ignored: Sequence[Entry], units: Sequence[Unit]) -> list[Words]:
    """Files that may have been meant as one of the units' modules."""
    found: list[Words] = []
    for entry in ignored:
        name = PurePosixPath(entry.name.casefold())
        if name.suffix not in MODULES or name.stem.startswith("test_"):
            continue
        for module in difflib.get_close_matches(name.stem, [unit.module for unit in units], n=1, cutoff=0.75):
            right = f"{module}{name.suffix}"
            found.append(msg("did you mean {name}? found {found}", name=right, found=printable(entry.name)))
    return found


def _read(path: Path, wanted: Wanted, spool: Spool) -> Shared:
    """The entries of one PATH by student.  Every way in which PATH as a whole can be wrong ends here."""
    shown, whole = printable_path(path), Path(os.path.abspath(path))
    try:
        mode = os.lstat(whole).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IntakeError(f"{shown}: no such file or folder; check the path") from error
    except (OSError, ValueError) as error:
        raise IntakeError(f"{shown}: cannot be looked at ({error}); check the path") from error
    if stat.S_ISLNK(mode):
        raise IntakeError(f"{shown}: a link; name what it points to")
    try:
        if stat.S_ISDIR(mode):
            entries = [opened(entry).put_away(spool) for entry in folder.read(whole, wanted)]
            return _known(share(entries, wanted, whole.name or "student", is_zip=False), entries, shown, wanted)
        if is_module(whole):
            return _module(whole, shown, wanted, spool)
        if stem := archive.stem(whole.name):
            with folder.open_regular(whole) as file:
                entries = [
                    opened(entry).put_away(spool) for entry in archive.read(file, whole.name, wanted, archive.A_CLASS)
                ]
            return _known(share(entries, wanted, stem, is_zip=True), entries, shown, wanted)
    except Unreadable as error:
        raise IntakeError(f"{shown}: {say(error.message, 'en')}") from error
    except folder.Irregular as error:
        raise IntakeError(f"{shown}: not a regular file; name a folder, a .py, .ipynb, .zip or .tar") from error
    except OSError as error:
        raise IntakeError(f"{shown}: cannot be read ({error.strerror}); check its permissions") from error
    raise IntakeError(f"{shown}: neither a folder nor a .py, .ipynb, .zip or .tar; name one of these")


def _module(path: Path, shown: str, wanted: Wanted, spool: Spool) -> Shared:
    """One .py or notebook: its name says the unit, the folder it lies in says the student."""
    unit = wanted.unit(path.name)
    if unit is None or unit.id not in wanted.reads:
        entries = [Entry((path.name,), Kind.IGNORED if unit is None else Kind.MODULE, unit.id if unit else "")]
        return _known(Shared(), entries, shown, wanted)
    entry = opened(Entry((path.name,), Kind.MODULE, unit.id, *folder.read_source(path)))
    if entry.note is not None:
        raise IntakeError(f"{shown}: {say(entry.note, 'en')}")
    folders = home(Entry(path.parts[1:], Kind.MODULE), wanted)
    return Shared({folders[-1] if folders else "student": [entry.put_away(spool)]})


def _known(shared: Shared, entries: Sequence[Entry], shown: str, wanted: Wanted) -> Shared:
    """`shared`, when it holds a module that is to be graded; else the error that helps most."""
    modules = [entry for entry in entries if entry.kind is Kind.MODULE]
    if any(entry.unit in wanted.reads for entry in modules):
        return shared
    looked = f"looked for {', '.join(wanted.filenames)}"
    if modules:
        units = ", ".join(sorted({entry.unit for entry in modules}))
        raise IntakeError(f"{shown}: nothing of the selected units; {looked}; found modules of {units}: see --unit")
    why = [say(words, "en") for words in misnamed([e for e in entries if e.kind is Kind.IGNORED], wanted.units)]
    why += [say(entry.note, "en") for entry in entries if entry.note is not None]
    raise IntakeError(f"{shown}: no known module; {looked}" + (f"; {why[0]}" if why else ""))


def is_module(path: Path) -> bool:
    return path.suffix.casefold() in MODULES and not path.is_dir()
