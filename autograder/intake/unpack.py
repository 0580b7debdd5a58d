"""The bytes of a tar in their order, plain or out of gzip, bzip2 or xz.  Counted as they come; no size is believed.

Fails with `Unreadable` (words) where a bomb goes off, and with EOFError, OSError, zlib.error or LZMAError where the
file is cut short or damaged.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Protocol

from autograder.intake.member import MIB, Unreadable
from autograder.models import msg

PIECE = 64 * 1024  # bytes that one step may unpack
FREE = 16 * MIB  # bytes that may be unpacked whatever the file's size
RATIO = 100  # and so many more for each byte of the file: code packs 3 to 20 times, zeros in gzip 1030, in bzip2 10⁶
STREAMS = 1000  # gzip files one behind the other in one file; bgzip and pbzip2 make some
XZ_MEMORY = 72 * MIB  # xz -9 needs 65; the file says how much, up to 4 GiB

BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError)


class Stream(Protocol):
    def read(self, size: int) -> bytes:
        """As many bytes, or fewer at the end."""

    def skip(self, size: int) -> None:
        """Leave out so many bytes.  Fails with EOFError where there are not so many."""

    def finish(self) -> None:
        """Look at what is left, as far as it tells whether the bytes before were whole."""


def opened(file: IO[bytes], most: int) -> Stream:
    """The tar in a file.  Its first bytes say how it is packed, as a browser may unpack and keep the name .tar.gz."""
    head = file.read(6)
    file.seek(0)
    for magic, unpacker in _PACKED:
        if head.startswith(magic):
            return _Packed(file, magic, unpacker, most)
    return _Plain(file)


class _Plain:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def skip(self, size: int) -> None:
        if size > self._size - self._file.tell():
            raise EOFError
        self._file.seek(size, io.SEEK_CUR)

    def finish(self) -> None:
        """A plain tar has no checksum of its contents."""


class _Unpacker(Protocol):
    """What bz2 and lzma offer."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib, with the manners of bz2 and lzma."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _Packed:
    def __init__(self, file: IO[bytes], magic: bytes, unpacker: Callable[[], _Unpacker], most: int) -> None:
        self._file = file
        self._magic = magic
        self._new = unpacker
        self._now = unpacker()
        self._most = most
        self._streams = 1
        self._read = self._came = 0
        self._rest = b""

    def read(self, size: int) -> bytes:
        pieces = []
        while size > 0 and (piece := self._take(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        while size > 0:
            piece = self._take(size)
            if not piece:
                raise EOFError
            size -= len(piece)

    def finish(self) -> None:
        """To the end, where the checksum stands."""
        while self._take(PIECE):
            pass

    def _take(self, size: int) -> bytes:
        piece = self._rest or self._piece()
        self._rest = piece[size:]
        return piece[:size]

    def _piece(self) -> bytes:
        """Some bytes more; none at the end."""
        while True:
            data, ended = b"", False
            if self._now.eof:
                data = self._now.unused_data
                data += self._input() if len(data) < len(self._magic) else b""
                if not data.startswith(self._magic):
                    return b""  # nothing, or the zeros of a tape, which gzip leaves out too
                self._another()
            elif self._now.needs_input:
                data = self._input()
                ended = not data
            try:
                piece = self._now.decompress(data, PIECE)
            except lzma.LZMAError as error:
                if "Memory usage limit" in str(error):
                    raise _unusual() from error
                raise
            if piece:
                self._count(piece)
                return piece
            if ended and not self._now.eof:
                raise EOFError

    def _input(self) -> bytes:
        data = self._file.read(PIECE)
        self._read += len(data)
        return data

    def _another(self) -> None:
        self._streams += 1
        if self._streams > STREAMS:
            raise _unusual()
        self._now = self._new()

    def _count(self, piece: bytes) -> None:
        self._came += len(piece)
        if self._came > min(self._most, FREE + RATIO * self._read):
            mib = self._came // MIB
            raise Unreadable(
                msg("it unpacks to far more than code does (over {mib} MiB); pack the modules only", mib=mib)
            )


def _unusual() -> Unreadable:
    return Unreadable(msg("it is packed in an unusual way; make an ordinary {kind}", kind="tar"))


def _xz() -> _Unpacker:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


_PACKED: tuple[tuple[bytes, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", _xz),
)
