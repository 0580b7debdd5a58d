"""Results the moment they are there: one SQLite file in the output folder, so that a stop loses nothing that is done.

    Store(folder).get(key) / .put(key, …) / .seed()

An open store holds its folder: a second run into it is refused, and told who is there.
A result is kept under a digest of everything that made it (`digest`), so grading again does only what changed.
Attempts with a fault of ours, and everything graded with `none`, are never kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import cattrs
from cattrs.preconf.json import make_converter
from cattrs.strategies import configure_union_passthrough
from filelock import FileLock, Timeout

from autograder import __version__
from autograder.course import Course, Unit
from autograder.models import Attempt, Environment, Isolation, Message, Submission, Text, Value

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (key TEXT PRIMARY KEY, student TEXT, unit TEXT, record TEXT NOT NULL);
"""
FOLDER = ".autograder"
KIT = Path(__file__).parents[1]
# a change in here may change a verdict; an editable install keeps its version
ENGINE = ("checks", "grading", "sandbox")
BESIDE = ("torchvision_compat.py",)  # laid beside the student's code, what it builds is what they get


@dataclass(frozen=True)
class Kept:
    """An attempt with what held it while it was judged."""

    attempt: Attempt
    isolation: Isolation
    environment: Environment


class StoreError(Exception):
    """The output folder cannot hold results: which, why, and the cure."""


class Store:
    def __init__(self, out: Path) -> None:
        """Opens or creates the store of an output folder; StoreError when it cannot be written."""
        self._folder = out / FOLDER
        path = self._folder / "results.sqlite"
        self._lock = FileLock(self._folder / "lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._hold(out)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            self._lock.release(force=True)
            reason = getattr(error, "strerror", None) or str(error)
            raise StoreError(f"{out}: cannot be written ({reason}); choose another folder with --out") from None
        self._converter = _converter()

    def _hold(self, out: Path) -> None:
        holder = self._folder / "holder"
        try:
            self._lock.acquire(timeout=0)  # the kernel frees it when we die, however we die
        except Timeout:
            who = holder.read_text(encoding="utf-8").strip() if holder.is_file() else ""
            raise StoreError(
                f"{out}: another run is grading into it ({who or 'it has just begun'}); "
                "wait for it, or choose another folder with --out"
            ) from None
        holder.write_text(f"process {os.getpid()} on {platform.node()}, since {datetime.now():%H:%M}", encoding="utf-8")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        nothing_kept = error is not None and self._empty()
        self._db.close()
        with contextlib.suppress(OSError):
            (self._folder / "holder").unlink()
        if nothing_kept:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release(force=True)

    def _empty(self) -> bool:
        try:
            return not self._db.execute("SELECT 1 FROM attempts LIMIT 1").fetchall()
        except sqlite3.Error:  # it cannot be read now: nothing is thrown away
            return False

    def seed(self, fresh: bool = False) -> int:
        """The secret seed of this grading run: the same when a run is continued, new with `fresh`."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'seed'").fetchone()
        if row is not None and not fresh:
            return int(row[0])
        seed = new_seed()
        try:
            self._db.execute("BEGIN")
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('seed', ?)", (str(seed),))
            self._db.execute("DELETE FROM attempts")  # of another seed: no run could use them again
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"the seed of the run could not be kept ({error}); free some disk, run again") from None
        return seed

    def get(self, key: str) -> Kept | None:
        row = self._db.execute("SELECT record FROM attempts WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        try:
            kept: Kept = self._converter.loads(row[0], Kept)
        except (cattrs.BaseValidationError, ValueError, KeyError, TypeError):
            return None  # written by another version: judged again
        return kept

    def put(self, key: str, kept: Kept) -> None:
        """Keep a result; StoreError when the disk is full."""
        if not kept.attempt.scored or kept.isolation.advice:
            return
        record = self._converter.dumps(kept)
        row = (key, kept.attempt.student, kept.attempt.unit, record)
        try:
            self._db.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise StoreError(
                f"the result of {kept.attempt.student} could not be kept ({error}); free some disk, run again"
            ) from None


def new_seed() -> int:
    """What nobody can know beforehand: hidden inputs are drawn from it."""
    return secrets.randbits(48)


def digest(
    course: Course, unit: Unit, submission: Submission, *, isolation: str, seed: int, data: str, device: str = "cpu"
) -> str:
    """What a result depends on, as one text: the file, our side of the unit, the registry, the machine."""
    parts: dict[str, Any] = {
        "student": submission.student,
        "source": _sha(submission.source or b""),
        "handed in": submission.source is not None,
        "filename": submission.filename,
        "cells": submission.cells,
        "notes": repr(submission.notes),
        "unit": unit.id,
        "judged by": judged_by(course, unit),
        "isolation": isolation,
        "device": device,
        "seed": seed,
        "data": data,
        "versions": [__version__, *(version(name) for name in ("torch", "numpy", "pytest"))],
    }
    return _sha(json.dumps(parts, sort_keys=True).encode())


def judged_by(course: Course, unit: Unit) -> str:
    """A digest of our side of a unit: grading.yml, suite, mistakes, reference, and the engine itself."""
    root = course.root
    paths = [
        course.path,
        *sorted((root / "autograder" / "suites" / unit.id).glob("*.py")),
        root / "autograder" / "mistakes" / f"{unit.id}.py",
        root / "solutions" / unit.id / unit.filename,
        *(path for part in ENGINE for path in sorted((KIT / part).rglob("*.py"))),
        *(KIT / name for name in BESIDE),
    ]
    return _sha("".join(_sha(path.read_bytes()) for path in _existing(paths)).encode())


def _existing(paths: Iterable[Path]) -> Iterable[Path]:
    return (path for path in paths if path.is_file())


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _converter() -> Any:
    """Records ↔ JSON.  A Text and a Message are told apart by their fields."""
    converter = make_converter()
    configure_union_passthrough(str | int | float, converter)

    def value(raw: Any, _: object) -> Any:
        return converter.structure(raw, Text if "en" in raw else Message) if isinstance(raw, dict) else raw

    converter.register_structure_hook(Value, value)
    converter.register_structure_hook(Text | Message, value)
    return converter
