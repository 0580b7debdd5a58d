"""The members of a tar, plain or packed, in the order in which they stand.  Read from the start, once.

Python's tarfile parses the 512 bytes of a header (`TarInfo.frombuf`) and no more of it is used.  Its stream mode
("r|") cannot be bounded: it unpacks 10 KiB of a file in one piece, whatever comes out (10 MiB of a gzip, gigabytes of
a bzip2), reads a pax header or a long name whole, however long it says it is, calls itself once for each header
before a member, and takes a damaged header in the middle for the end.
Fails with `Unreadable`: before the first member when it is no tar, behind the last whole one when it is damaged.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from autograder.intake.member import MIB, Bounds, Member, Unreadable, damaged, link, unusual
from autograder.intake.unpack import BROKEN, Stream, opened
from autograder.models import Words, msg

BLOCK = 512
HEADERS = 4  # for each member: its own, pax, a long name, a long link
HEADER_BYTES = 2048  # of pax headers and long names, on the average for a member
LONGEST_HEADER = MIB  # one pax header: a path, times, what a Mac knows of a file

_LONG_NAME = tarfile.GNUTYPE_LONGNAME
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_SKIPPED = (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK)  # what git says of a commit; where a link leads
_LABEL = b"V"  # the name of a tape
_SPARSE, _SPARSE_NAME = b"GNU.sparse.", b"GNU.sparse.name"  # a file with holes, which can be of any size
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_DAMAGED = (*BROKEN, tarfile.HeaderError, ValueError)


def members(file: IO[bytes], bounds: Bounds) -> Iterator[Member]:
    """Every member; its bytes are to be asked for before the next one is."""
    some = False
    try:
        stream = opened(file, bounds.unpacked)
        for member in _members(stream, bounds):
            some = True
            yield member
        stream.finish()
    except _DAMAGED as error:
        if some:
            raise Unreadable(msg("it is damaged; what stands behind the damage was not read; make it again")) from error
        raise Unreadable(msg("it is not a {kind} that can be opened; make it again", kind="tar")) from error


@dataclass
class _Extra:
    """What the headers before a member's own say of it."""

    long_name: bytes | None = None
    pax: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def sparse(self) -> bool:
        return _SPARSE in self.pax

    def name(self, short: str) -> str:
        raw = self.pax.get(_SPARSE_NAME, self.pax.get(b"path", self.long_name))
        return short if raw is None else raw.decode("utf-8", "surrogateescape")

    def size(self, stated: int) -> int:
        raw = self.pax.get(b"size")
        return stated if raw is None else _number(raw)


def _members(stream: Stream, bounds: Bounds) -> Iterator[Member]:
    extra, headers, left, count = _Extra(), HEADERS * bounds.entries, HEADER_BYTES * bounds.entries, 0
    for block in _blocks(stream):
        headers -= 1
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if info.size < 0:
            raise ValueError("a negative size")
        if info.type in (_LONG_NAME, *_PAX):
            left -= info.size
            if headers < 0 or left < 0 or info.size > LONGEST_HEADER:
                raise Unreadable(msg("its names are far too long; pack the modules only"))
            data = _exactly(stream, info.size)
            stream.skip(-info.size % BLOCK)
            if info.type == _LONG_NAME:
                extra.long_name = data.partition(b"\0")[0]
            else:
                extra.pax.update(_pax(data))
        elif info.type in _SKIPPED and headers >= 0:
            stream.skip(info.size + -info.size % BLOCK)
        else:
            count += 1
            if count > bounds.entries or headers < 0:
                raise Unreadable(msg("it holds more than {n} files; pack the modules only", n=bounds.entries))
            yield from _member(stream, info, block, extra)
            extra = _Extra()
    if extra != _Extra():
        raise EOFError("a header of a member that does not come")


def _member(stream: Stream, info: tarfile.TarInfo, block: bytes, extra: _Extra) -> Iterator[Member]:
    if info.type == tarfile.GNUTYPE_SPARSE:
        more = block[482]
        while more:  # lists of holes; each costs its sender a block
            more = _exactly(stream, BLOCK)[504]
    has_bytes = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES  # a link has none, whatever size it states
    sparse = extra.sparse or info.type == tarfile.GNUTYPE_SPARSE
    body = _Body(stream, extra.size(info.size) if has_bytes else 0, info.type in _FILES, sparse)
    if info.type != _LABEL:
        yield Member(extra.name(info.name), info.isdir(), body.read)
    if body.error is not None:
        raise body.error
    stream.skip(body.left + -body.size % BLOCK)


class _Body:
    """The bytes of one member.  What goes wrong in `read` is kept for the reader, which is asked for the next one."""

    def __init__(self, stream: Stream, size: int, is_file: bool, is_sparse: bool) -> None:
        self.stream = stream
        self.size = self.left = size
        self.is_file = is_file
        self.is_sparse = is_sparse
        self.error: Exception | None = None

    def read(self, most: int, shown: str) -> bytes | Words:
        if self.is_sparse:
            return unusual(shown, "tar")
        if not self.is_file:
            return link(shown, "tar")
        try:
            data = _exactly(self.stream, min(most, self.left))
        except (*_DAMAGED, Unreadable) as error:
            self.error = error
            return damaged(shown, "tar")
        self.left -= len(data)
        return data


def _blocks(stream: Stream) -> Iterator[bytes]:
    """Headers, to the zeros at the end.  Nothing at all behind the last member is an end too, as tar has it."""
    first = True
    while block := stream.read(BLOCK):
        if not block.strip(b"\0") and len(block) == BLOCK:
            return
        yield block
        first = False
    if first:
        raise EOFError


def _exactly(stream: Stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _pax(data: bytes) -> dict[bytes, bytes]:
    """What we need of a pax header: records of "LENGTH key=value\\n", where LENGTH counts the whole record."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + 9)
        end = at + _number(data[at : max(space, at)])
        if end <= space or data[end - 1 : end] != b"\n":
            raise ValueError("a damaged pax header")
        key, _, value = data[space + 1 : end - 1].partition(b"=")
        if key in (b"path", b"size", _SPARSE_NAME):
            found[key] = value
        elif key.startswith(_SPARSE):
            found[_SPARSE] = b""
        at = end
    return found


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise ValueError("no number")
    return int(digits)
