"""Results the moment they are there: one SQLite file in the output folder, so that a stop loses nothing that is done.

    with Store(folder) as store: store.kept(keys), store.put(parts, …), store.publish(…), store.published()

An open store holds its folder: a second run into it is refused, and told who is there.  A result is kept under what it
hangs on (`digest.Parts`), so grading again does only what changed.  What has no number, and everything graded with
`none`, is never kept.  Beside the results stands what the reports in this folder say (`publish`), for `regrade`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from autograder.grading import digest
from autograder.grading.digest import Parts
from autograder.grading.records import UNREADABLE, converter
from autograder.models import Environment, Isolation, ItemResult, Message, Text, Words

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS walls (id INTEGER PRIMARY KEY, record TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS results (
    key BLOB PRIMARY KEY, parts TEXT NOT NULL, walls INTEGER NOT NULL, seconds REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (handed TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (
    place INTEGER, student TEXT, unit TEXT, number INTEGER, item TEXT, verdict TEXT, score REAL, most REAL, parts TEXT,
    PRIMARY KEY (place, item)
) WITHOUT ROWID;
"""
FOLDER = ".autograder"
ASKED = 500  # keys in one question; SQLite takes 32,766
ALIKE = 20_000  # records that are kept apart in memory; of a large class most are told of many students


@dataclass(frozen=True, slots=True)
class Walls:
    """What held an item while it was judged."""

    isolation: Isolation
    environment: Environment


@dataclass(frozen=True, slots=True)
class Kept:
    result: ItemResult
    walls: Walls


@dataclass(frozen=True, slots=True)
class Published:
    """One item as the reports in this folder tell it."""

    student: str
    unit: str
    number: int  # of the student's attempts at the unit
    item: str
    verdict: str
    score: float | None
    most: float
    parts: Parts | None  # None: nothing was kept


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
        self._converter = converter()
        self._alike: dict[str, ItemResult] = {}
        self._walls: dict[int, Walls] = {}
        self._numbers: dict[Walls, int] = {}

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
            return not self._db.execute("SELECT 1 FROM results LIMIT 1").fetchall()
        except sqlite3.Error:  # it cannot be read now: nothing is thrown away
            return False

    # --- the run ---

    def seed(self, fresh: bool = False) -> int:
        """The secret seed of this grading run: the same when a run is continued, new with `fresh`."""
        known = self.meta("seed")
        if known and not fresh:
            return int(known)
        seed = new_seed()
        try:
            with self._whole():
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('seed', ?)", (str(seed),))
                self._db.execute("DELETE FROM results")  # of another seed: no run could use them again
        except sqlite3.Error as error:
            raise StoreError(f"the seed of the run could not be kept ({error}); free some disk, run again") from None
        return seed

    def meta(self, name: str) -> str:
        """What `remember` kept under a name, or ""."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def remember(self, name: str, value: str) -> None:
        try:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
        except sqlite3.Error as error:
            raise StoreError(f"the run could not be kept ({error}); free some disk, run again") from None

    # --- results ---

    def kept(self, keys: Sequence[bytes]) -> dict[bytes, Kept]:
        """Those of the keys that have a result; a record of another version is as good as none."""
        found: dict[bytes, Kept] = {}
        for first in range(0, len(keys), ASKED):
            some = keys[first : first + ASKED]
            holes = ",".join("?" * len(some))
            rows = self._db.execute(f"SELECT key, walls, seconds, record FROM results WHERE key IN ({holes})", some)
            for key, number, seconds, record in rows:
                with contextlib.suppress(*UNREADABLE):
                    found[key] = Kept(replace(self._result(record), seconds=seconds), self._held_by(number))
        return found

    def put(self, parts: Parts, result: ItemResult, walls: Walls) -> ItemResult:
        """Keep a result; StoreError when the disk is full.  Returns it, sharing what is alike with others."""
        record = self._converter.dumps(replace(result, seconds=0.0))
        if not result.verdict.unscored and not walls.isolation.advice:
            try:
                row = (parts.key, parts.dumps(), self._number(walls), result.seconds, record)
                self._db.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", row)
            except sqlite3.Error as error:
                raise StoreError(f"a result could not be kept ({error}); free some disk, run again") from None
        return replace(self._result(record), seconds=result.seconds)

    def put_notes(self, handed: str, notes: Sequence[Words]) -> None:
        """What is known of a notebook only after its cells ran."""
        try:
            self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (handed, self._converter.dumps(notes)))
        except sqlite3.Error as error:
            raise StoreError(f"a note could not be kept ({error}); free some disk, run again") from None

    def notes(self, handed: str) -> tuple[Words, ...] | None:
        row = self._db.execute("SELECT record FROM notes WHERE handed = ?", (handed,)).fetchone()
        try:
            return self._converter.loads(row[0], tuple[Text | Message, ...]) if row else None
        except UNREADABLE:
            return None

    def _result(self, record: str) -> ItemResult:
        found = self._alike.get(record)
        if found is None:
            if len(self._alike) >= ALIKE:
                self._alike.clear()
            found = self._alike[record] = self._converter.loads(record, ItemResult)
        return found

    def _held_by(self, number: int) -> Walls:
        if number not in self._walls:
            (record,) = self._db.execute("SELECT record FROM walls WHERE id = ?", (number,)).fetchone()
            self._walls[number] = self._converter.loads(record, Walls)
        return self._walls[number]

    def _number(self, walls: Walls) -> int:
        if walls not in self._numbers:
            record = self._converter.dumps(walls)
            self._db.execute("INSERT OR IGNORE INTO walls (record) VALUES (?)", (record,))
            (self._numbers[walls],) = self._db.execute("SELECT id FROM walls WHERE record = ?", (record,)).fetchone()
        return self._numbers[walls]

    # --- what the reports say ---

    def publish(self, rows: Iterable[Published]) -> None:
        """The reports in this folder now say this."""
        lines = (
            (place, r.student, r.unit, r.number, r.item, r.verdict, r.score, r.most, r.parts.dumps() if r.parts else "")
            for place, r in enumerate(rows)
        )
        try:
            with self._whole():
                self._db.execute("DELETE FROM published")
                self._db.executemany("INSERT INTO published VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
        except sqlite3.Error as error:
            raise StoreError(f"what was reported could not be kept ({error}); free some disk, run again") from None

    def published(self) -> Iterator[Published]:
        rows = self._db.execute(
            "SELECT student, unit, number, item, verdict, score, most, parts FROM published ORDER BY place"
        )
        for row in rows:
            student, unit, number, item, verdict, score, most, parts = row
            found = digest.loads(parts) if parts else None
            yield Published(student, unit, number, item, verdict, score, most, found)

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """All of it or nothing."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def new_seed() -> int:
    """What nobody can know beforehand: hidden inputs are drawn from it."""
    return secrets.randbits(48)
