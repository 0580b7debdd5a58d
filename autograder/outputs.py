"""The files of a graded class: renders with `autograder.reports`, writes each file whole or not at all.

    write(grade, course, out, lang) → the page to open

Fails with `OutputError` (folder and cure) when the folder cannot be written or the disk is full.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from autograder.course import Course
from autograder.intake import file_names
from autograder.models import Attempt, Grade
from autograder.reports import csv, html, json, markdown
from autograder.reports.printed import printed

PAGE = "index.html"
PAGES = (("students", ".md"), ("staff/printed", ".txt"))  # a file for each student
FREE_MB = 64  # below this a run does not start: reports and results of 400 submissions take a few MB


class OutputError(Exception):
    """A folder that cannot take the results: which, why, and the cure."""


def check_folder(out: Path) -> None:
    """Refuse before any work is done what could not be written afterwards; a folder refused is not left behind."""
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
        free = shutil.disk_usage(out).free >> 20
        if free < FREE_MB:
            raise OutputError(f"{out}: only {free} MB of disk are free; free some, or choose another folder with --out")
    except (OSError, OutputError) as error:
        for folder in new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{out}: cannot be written ({error.strerror}); choose another folder with --out") from None


def write(grade: Grade, course: Course, out: Path, lang: str) -> Path:
    """results.json, grades.csv, students/<student>.md, index.html; staff/printed/<student>.txt where code printed."""
    names = file_names(attempt.student for attempt in grade.attempts)
    write_whole(out / "results.json", json.pieces(grade, lang))
    write_whole(out / "grades.csv", csv.grades(grade, course))
    for student, own in _by_student(grade).items():
        write_whole(out / f"students/{names[student]}.md", markdown.student(own, student, course, lang))
        log = out / f"staff/printed/{names[student]}.txt"  # apart from all that a student is given
        if text := printed(own, student, lang):
            write_whole(log, text)
        else:
            _remove(log)  # of an earlier run
    pages = {student: f"students/{name}.md" for student, name in names.items()}
    write_whole(out / PAGE, html.index(grade, course, lang, pages))
    return out / PAGE


def state(grade: Grade, out: Path) -> str:
    """A digest of the reports' files as they stand there: what was deleted or touched is written again."""
    names = file_names(attempt.student for attempt in grade.attempts).values()
    files = [out / name for name in ("results.json", "grades.csv", PAGE)]
    files += (out / folder / f"{name}{end}" for folder, end in PAGES for name in names)
    found = hashlib.sha256()
    for file in files:
        with contextlib.suppress(OSError):
            about = file.stat()
            found.update(f"{file.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _by_student(grade: Grade) -> dict[str, Grade]:
    """The grade of each student alone: who looks for one among all does so once for each of them."""
    found: dict[str, list[Attempt]] = {}
    for attempt in grade.attempts:
        found.setdefault(attempt.student, []).append(attempt)
    return {student: replace(grade, attempts=tuple(own)) for student, own in found.items()}


def write_new(out: Path, files: Mapping[str, str]) -> list[Path]:
    """Files that are not there yet; OutputError, and nothing written, when one of them is."""
    paths = {out / name: text for name, text in files.items()}
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        raise OutputError(f"{there[0]}: is there already, and is not overwritten; move it away or choose another --out")
    for path, text in paths.items():
        write_whole(path, text)
    return list(paths)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: is out of date and cannot be removed ({error.strerror}); remove it") from None


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """The file as it was or as it shall be, never half."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            for piece in [text] if isinstance(text, str) else text:
                file.write(piece)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); free some disk or choose another --out"
        ) from None
