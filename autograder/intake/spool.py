"""Submissions of a large class, out of the memory: their bytes lie in an unnamed file until one is asked for.

    spool = Spool();  stored = spool.put(content);  stored.read() → content      Submissions: a sequence that reads so

Ten thousand modules of 15 KB would be 150 MB.  The file has no name, so nothing else can write into it, and it is gone
with the process, however that ends.  A full disk is an `OSError`; `collect` says the cure.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

from autograder.models import Submission


class Spool:
    def __init__(self) -> None:
        self._end = 0

    @cached_property
    def _descriptor(self) -> int:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  it is closed with the last `Stored` that needs it
        weakref.finalize(self, file.close)
        return file.fileno()

    def put(self, content: bytes) -> Stored:
        at = self._end
        while self._end < at + len(content):
            self._end += os.pwrite(self._descriptor, content[self._end - at :], self._end)
        return Stored(self, at, len(content))

    def read(self, at: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, at)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Some bytes of a spool."""

    spool: Spool
    at: int
    size: int

    def read(self) -> bytes:
        return self.spool.read(self.at, self.size)


class Submissions(Sequence[Submission]):
    """As a tuple of Submissions, of which each is made anew whenever it is asked for."""

    def __init__(self, entries: Iterable[tuple[Submission, Stored | None]]) -> None:
        """Each without its source, and where that lies; None for what was not handed in."""
        self._entries = list(entries)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> Submission: ...

    @overload
    def __getitem__(self, place: slice) -> Submissions: ...

    def __getitem__(self, place: int | slice) -> Submission | Submissions:
        if isinstance(place, slice):
            return Submissions(self._entries[place])
        submission, stored = self._entries[place]
        return submission if stored is None else replace(submission, source=stored.read())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
