"""The files of a graded class: renders with `autograder.reports`, writes each file whole or not at all.

    write(grade, course, out, lang) → the page to open

Fails with `OutputError` (folder and cure) when the folder cannot be written or the disk is full.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder.course import Course
from autograder.intake import file_names
from autograder.models import Grade
from autograder.reports import csv, html, json, markdown
from autograder.reports.printed import printed

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
    files = {"results.json": json.results(grade, lang), "grades.csv": csv.grades(grade, course)}
    for student, name in names.items():
        files[f"students/{name}.md"] = markdown.student(grade, student, course, lang)
    pages = {student: f"students/{name}.md" for student, name in names.items()}
    files["index.html"] = html.index(grade, course, lang, pages)
    for student, name in names.items():
        log = f"staff/printed/{name}.txt"  # apart from all that a student is given
        if text := printed(grade, student, lang):
            files[log] = text
        else:
            _remove(out / log)  # of an earlier run
    for name, text in files.items():
        write_whole(out / name, text)
    return out / "index.html"


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


def write_whole(path: Path, text: str) -> None:
    """The file as it was or as it shall be, never half."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); free some disk or choose another --out"
        ) from None
