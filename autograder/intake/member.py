"""What a reader of archives hands to `archive`: one Member after the other, in the archive's own order.

A reader knows its format and nothing of a course.  It fails with `Unreadable` (words) for the archive as a whole, at
the start or behind the members it could read; a member whose bytes cannot be had says so itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autograder.models import Message, Words, msg

MIB = 1024 * 1024


class Unreadable(Exception):
    """The archive as a whole cannot be read, or no further."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


@dataclass(frozen=True)
class Bounds:
    """What one archive may cost."""

    entries: int
    total: int  # bytes of all modules together, unpacked
    unpacked: int = 256 * MIB  # bytes of a compressed tar, which can only be read from its start


@dataclass(frozen=True)
class Member:
    """One name in an archive.  `read(most, shown)` gives its first bytes, or why not; until the next member is asked
    for."""

    name: str  # with / between its parts
    folder: bool
    read: Callable[[int, str], bytes | Words]


def link(shown: str, kind: str) -> Words:
    return msg("{name} is a link or a device in the {kind}, not a file; pack the file itself", name=shown, kind=kind)


def unusual(shown: str, kind: str) -> Words:
    return msg("{name} is packed in an unusual way; make an ordinary {kind}", name=shown, kind=kind)


def damaged(shown: str, kind: str) -> Words:
    return msg("{name} is damaged in the {kind}; make the {kind} again", name=shown, kind=kind)
