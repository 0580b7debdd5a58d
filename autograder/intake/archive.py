"""A zip or a tar as a list of entries.  Streamed and counted, never unpacked: only known modules are kept at all.

    zip_reader, tar_reader ──▶ Member: a name, its bytes on request ──▶ the rules for names and sizes ──▶ Entry

The rules stand here once, so that they hold for every format.  Sizes that an archive states are not believed.  Fails
with `Unreadable` (words) for the archive as a whole, in a tar that is damaged half-way behind the entries before the
damage; an entry that cannot be had is an entry with a note.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import IO

from autograder.intake import tar_reader, zip_reader
from autograder.intake.entry import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_STUDENT,
    Entry,
    Kind,
    Wanted,
    cap,
    mentioned,
    skipped,
    too_large,
    weight,
)
from autograder.intake.member import MIB, Bounds, Member, Unreadable
from autograder.intake.names import printable
from autograder.models import Words, msg

__all__ = ["A_CLASS", "ONE_STUDENT", "Bounds", "Unreadable", "read", "stem"]

ONE_STUDENT = Bounds(MAX_ENTRIES, MAX_STUDENT)
A_CLASS = Bounds(50_000, 256 * MIB, 4096 * MIB)
LONGEST_NAME = 1024  # characters of a name with its folders; a tar can state one of any length

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def stem(filename: str) -> str | None:
    """The name of an archive without what says that it is one: `alice` of alice.tar.gz; None for any other file."""
    suffix = max((end for end in (".zip", *_TARS) if filename.casefold().endswith(end)), key=len, default="")
    return filename[: -len(suffix)] or None if suffix else None


def read(file: IO[bytes], filename: str, wanted: Wanted, bounds: Bounds) -> Iterator[Entry]:
    """Every entry worth a word, in the archive's own order; modules with their bytes."""
    kind = "zip" if filename.casefold().endswith(".zip") else "tar"
    left = bounds.total
    for member in (zip_reader if kind == "zip" else tar_reader).members(file, bounds):
        entry = _entry(member, kind, wanted, left)
        if entry is not None:
            left -= weight(entry.source)
            yield entry


def _entry(member: Member, kind: str, wanted: Wanted, left: int) -> Entry | None:
    name = unicodedata.normalize("NFC", member.name[: LONGEST_NAME + 1].replace("\\", "/"))
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    shown = printable(name)
    if len(name) > LONGEST_NAME:
        return Entry(("?",), Kind.REFUSED, note=msg("{name} was refused: its name is too long", name=shown))
    if "\0" in name or name.startswith("/") or ".." in parts or ":" in name[:2]:
        note = msg("{name} was refused: its name leads out of the {kind}", name=shown, kind=kind)
        return Entry(("?",), Kind.REFUSED, note=note)
    if not parts or len(parts) > MAX_DEPTH + 2 or any(skipped(folder) for folder in parts[:-1]):
        return None
    if member.folder or name.endswith("/"):
        return None if skipped(parts[-1]) else Entry(parts, Kind.FOLDER)
    if parts[-1].startswith("._"):
        return None  # what a Mac keeps beside each file
    unit = wanted.unit(parts[-1])
    if unit is None:
        return Entry(parts, Kind.IGNORED) if mentioned(parts[-1]) else None
    if unit.id not in wanted.reads:
        return Entry(parts, Kind.MODULE, unit.id)
    return Entry(parts, Kind.MODULE, unit.id, *_source(member, shown, left))


def _source(member: Member, shown: str, left: int) -> tuple[bytes, None] | tuple[None, Words]:
    most = cap(member.name)
    source = member.read(most + 1, shown)
    if not isinstance(source, bytes):
        return None, source
    fits = len(source) <= most and weight(source) <= left
    return (source, None) if fits else (None, too_large(member.name, shown))
