"""A zip as a list of entries.  Streamed and counted, never unpacked: only known modules are decompressed at all.

Sizes in the archive's directory are not believed.  Fails with `Unreadable` (words) for the archive as a whole;
an entry that cannot be had is an entry with a note.
"""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

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
from autograder.intake.names import printable
from autograder.models import Message, Words, msg

_DIRECTORY_BYTES = 400  # of the archive's own directory, for one name

_ENCRYPTED = 0x1
_UTF8 = 0x800
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError, struct.error)


class Unreadable(Exception):
    """The archive as a whole cannot be read."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


@dataclass(frozen=True)
class Bounds:
    entries: int
    total: int  # bytes of all modules together, unpacked


ONE_STUDENT = Bounds(MAX_ENTRIES, MAX_STUDENT)
A_CLASS = Bounds(50_000, 256 * 1024 * 1024)


def read(file: IO[bytes], wanted: Wanted, bounds: Bounds) -> Iterator[Entry]:
    """Every entry worth a word, in the zip's own order; modules with their bytes."""
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], _Bounded(file, bounds.entries * _DIRECTORY_BYTES)))
    except (*_BROKEN, NotImplementedError) as error:
        raise Unreadable(msg("it is not a zip that can be opened; make it again")) from error
    with archive:
        infos = archive.infolist()
        if len(infos) > bounds.entries:
            raise Unreadable(msg("it holds too many files ({n}); zip the modules only", n=len(infos)))
        left = bounds.total
        for info in infos:
            entry = _entry(archive, info, wanted, left)
            if entry is not None:
                left -= weight(entry.source)
                yield entry


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, wanted: Wanted, left: int) -> Entry | None:
    name = _name(info)
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if "\0" in info.orig_filename or name.startswith("/") or ".." in parts or ":" in name[:2]:
        note = msg("{name} was refused: its name leads out of the zip", name=printable(info.orig_filename))
        return Entry(("?",), Kind.REFUSED, note=note)
    if not parts or len(parts) > MAX_DEPTH + 2 or any(skipped(folder) for folder in parts[:-1]):
        return None
    if info.is_dir() or name.endswith("/"):
        return None if skipped(parts[-1]) else Entry(parts, Kind.FOLDER)
    unit = wanted.unit(parts[-1])
    if unit is None:
        return Entry(parts, Kind.IGNORED) if mentioned(parts[-1]) else None
    if unit.id not in wanted.reads:
        return Entry(parts, Kind.MODULE, unit.id)
    return Entry(parts, Kind.MODULE, unit.id, *_source(archive, info, printable(name), left))


def _source(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shown: str, left: int
) -> tuple[bytes, None] | tuple[None, Words]:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        return None, msg("{name} is a link or a device in the zip, not a file; zip the file itself", name=shown)
    if info.flag_bits & _ENCRYPTED:
        return None, msg("{name} is encrypted; hand in a zip without a password", name=shown)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None, msg("{name} is packed in an unusual way; make an ordinary zip", name=shown)
    try:
        with archive.open(info) as file:
            source = file.read(cap(info.filename) + 1)
    except (*_BROKEN, NotImplementedError, RuntimeError):
        return None, msg("{name} is damaged in the zip; make the zip again", name=shown)
    fits = len(source) <= cap(info.filename) and weight(source) <= left
    return (source, None) if fits else (None, too_large(shown))


def _name(info: zipfile.ZipInfo) -> str:
    """The name with / between its parts.  Zips made on a Mac are UTF-8 without saying so; some on Windows use \\."""
    name = info.filename
    if not info.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


class _Bounded(io.RawIOBase):
    """A file that never gives more at once than an honest archive's directory needs: zipfile reads it in one piece."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise zipfile.BadZipFile("the directory of the archive is too large")
        return self._file.read(self._most if size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
