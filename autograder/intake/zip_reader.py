"""The members of a zip.  Python's zipfile reads the directory; a member is unpacked only as far as it is asked for."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import IO, cast

from autograder.intake.member import Bounds, Member, Unreadable, damaged, link, unusual
from autograder.models import Words, msg

DIRECTORY_BYTES = 400  # of the archive's own directory, for one name
_TAIL = 128 * 1024  # the end of the file, where the directory is looked for: 22 bytes and a comment of up to 64 KiB
_PIECE = 64 * 1024  # less than the directory of one student's zip may be: see _Bounded

_ENCRYPTED = 0x1
_UTF8 = 0x800
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError, struct.error)


def members(file: IO[bytes], bounds: Bounds) -> Iterator[Member]:
    """Every member, in the order of the zip's directory."""
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], _Bounded(file, bounds.entries * DIRECTORY_BYTES)))
    except _TooMany as error:
        raise Unreadable(msg("it holds more than {n} files; pack the modules only", n=bounds.entries)) from error
    except (*_BROKEN, NotImplementedError) as error:
        raise Unreadable(msg("it is not a {kind} that can be opened; make it again", kind="zip")) from error
    with archive:
        infos = archive.infolist()
        if len(infos) > bounds.entries:
            raise Unreadable(msg("it holds too many files ({n}); zip the modules only", n=len(infos)))
        for info in infos:
            yield Member(_name(info), info.is_dir(), partial(_read, archive, info))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, shown: str) -> bytes | Words:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        return link(shown, "zip")
    if info.flag_bits & _ENCRYPTED:
        return msg("{name} is encrypted; hand in a zip without a password", name=shown)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return unusual(shown, "zip")
    try:
        with archive.open(info) as file:
            pieces = []
            while most > 0 and (piece := file.read(min(most, _PIECE))):
                pieces.append(piece)
                most -= len(piece)
            return b"".join(pieces)
    except (*_BROKEN, NotImplementedError, RuntimeError):
        return damaged(shown, "zip")


def _name(info: zipfile.ZipInfo) -> str:
    """The name with / between its parts.  Zips made on a Mac are UTF-8 without saying so.  zipfile cuts a name at a
    NUL, where a reader in another language may not: such a name is left whole, to be refused."""
    name = info.orig_filename if "\0" in info.orig_filename else info.filename
    if not info.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


class _TooMany(Exception):
    """The directory is larger than that of an honest archive, or says so."""


class _Bounded(io.RawIOBase):
    """A file that never gives more at once than an honest archive's directory needs: zipfile reads it in one piece."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise _TooMany
        return self._file.read(_TAIL if size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
