"""An nbgrader course's hand-ins: submitted/<student>/<assignment>/, with their timestamp.txt → Intake.

Also the exchange's inbound folder, whose names are <student>+<assignment>+<moment>[+…], where a student who handed in
twice has two folders.  Each folder is an attempt of its own; so is the same student's folder in another PATH.
timestamp.txt was written by the student's own nbgrader: it is read strictly, and what cannot be read becomes a note and
no moment.  Fails with `IntakeError` when a PATH holds no folder of the assignment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Course, did_you_mean
from autograder.dates import DateError, moment, order
from autograder.intake import folder
from autograder.intake.collect import Intake, Student
from autograder.intake.entry import IntakeError, Wanted, skipped
from autograder.intake.layout import listed_names
from autograder.intake.names import printable_path, student_name
from autograder.intake.notebook import opened
from autograder.intake.spool import Spool, Stored, Submissions
from autograder.models import Submission, Words, msg

TIMESTAMP = "timestamp.txt"
MOST_BYTES = 200  # of timestamp.txt
_EXCHANGED = re.compile(r"(?P<student>.+?)\+(?P<assignment>[^+]+)\+\d{4}-.*", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class HandIn:
    """One folder of a student's for this assignment."""

    student: str  # as it stands on the disk
    path: Path


def collect_assignment(paths: Sequence[Path], course: Course, assignment: str) -> Intake:
    """Every student who handed the assignment in, each in the unit of the same name."""
    unit = course.unit(assignment)
    wanted, spool = Wanted(course, (unit,)), Spool()
    submissions: list[tuple[Submission, Stored | None]] = []
    notes: list[Words] = []
    for path in paths:
        found, without = _hand_ins(path, assignment)
        for hand_in in found:
            submissions.append(_submission(hand_in, wanted, notes, spool))
        if without:
            notes.append(
                msg(
                    "{path}: {n} did not hand in {assignment}: {names}",
                    path=printable_path(path),
                    n=len(without),
                    assignment=assignment,
                    names=listed_names(without),
                )
            )
    submissions.sort(key=lambda one: (one[0].student.casefold(), one[0].student, order(one[0].submitted_at)))
    return Intake(Submissions(submissions), tuple(notes))


def _submission(hand_in: HandIn, wanted: Wanted, notes: list[Words], spool: Spool) -> tuple[Submission, Stored | None]:
    student = Student(student_name(hand_in.student), wanted)
    try:
        entries = [opened(entry).put_away(spool) for entry in folder.read(hand_in.path, wanted)]
    except OSError as error:
        entries = []
        student.notes.append(msg("{name} cannot be listed ({why})", name=hand_in.path.name, why=error.strerror or "?"))
    notes += student.add(entries, hand_in.path, 0)
    submitted_at, note = timestamp(hand_in.path)
    if note is not None:
        student.notes.append(note)
    submission, stored = student.submissions(every_unit=True)[0]
    return replace(submission, submitted_at=submitted_at), stored


def names_on_disk(submitted: Path) -> dict[str, str]:
    """By the name that is shown, the student's folder as nbgrader knows it: not composed, or longer, or as it is.

    Where two come to the same, the one that is shown as it stands.  None that is no text: no book could hold it.
    """
    raw = sorted(_folders(submitted), key=lambda name: (student_name(name) == name, name))
    return {student_name(name): name for name in raw if name == name.encode(errors="ignore").decode()}


def timestamp(place: Path) -> tuple[str, Words | None]:
    """The moment in a folder's timestamp.txt, "" where there is none; and why not, where there is something."""
    try:
        with folder.open_regular(place / TIMESTAMP) as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return "", None
    except (OSError, folder.Irregular):
        return "", _unread(msg("it is not a file that can be read"))
    if len(data) > MOST_BYTES:
        return "", _unread(msg("it is too long"))
    try:
        return moment(data.decode("ascii"), zone="UTC"), None
    except UnicodeDecodeError:
        return "", _unread(msg("it is not plain text"))
    except DateError as error:
        return "", _unread(error.words)


def _unread(why: Words) -> Words:
    return msg("timestamp.txt was not read, so nobody knows when this was handed in: {why}", why=why)


def _hand_ins(path: Path, assignment: str) -> tuple[list[HandIn], list[str]]:
    """The folders of the assignment, and the students without one."""
    shown = printable_path(path)
    try:
        tops = sorted(entry.name for entry in os.scandir(path) if _is_folder(Path(entry.path)))
    except FileNotFoundError as error:
        raise IntakeError(f"{shown}: no such folder; check the path") from error
    except OSError as error:
        raise IntakeError(f"{shown}: cannot be listed ({error.strerror}); with --assignment name a folder") from error
    found: list[HandIn] = []
    without: list[str] = []
    others: set[str] = set()
    for name in (name for name in tops if not skipped(name)):
        inside = set(_folders(path / name))
        student, theirs = _exchanged(name, assignment)
        if assignment in inside and theirs != assignment:  # whatever the name looks like
            found.append(HandIn(name, path / name / assignment))
        elif theirs == assignment:
            found.append(HandIn(student, path / name))
        elif not theirs:
            without.append(name)
        others |= {theirs} if theirs else inside
    if not found:
        raise IntakeError(f"{shown}: no student has a folder {assignment}{_instead(path, tops, others, assignment)}")
    return found, without


def _exchanged(name: str, assignment: str) -> tuple[str, str]:
    """The student and the assignment of a folder of the exchange; no assignment where it is a student's folder.

    A student's name may hold a + itself; of this assignment the moment may be written in any form.
    """
    named = _EXCHANGED.fullmatch(name)
    if named:
        return named["student"], named["assignment"]
    student, within, _ = name.partition(f"+{assignment}+")
    return (student, assignment) if within else (name, "")


def _instead(path: Path, tops: Sequence[str], others: set[str], assignment: str) -> str:
    if "submitted" in tops:
        return f"; name {printable_path(path / 'submitted')}"
    return did_you_mean(assignment, others) or (f"; found: {listed_names(sorted(others))}" if others else "")


def _folders(path: Path) -> Iterator[str]:
    try:
        yield from (entry.name for entry in os.scandir(path) if _is_folder(Path(entry.path)))
    except OSError:
        return  # as if nothing were there: the student is listed among those without


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
