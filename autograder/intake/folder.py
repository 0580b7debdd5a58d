"""A folder as a list of entries.  Links are never followed, and only regular files are ever opened.

A zip or tar up to two folders deep counts as a folder: `alice.zip`, `alice/homework.tar.gz` in a folder of submissions.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from autograder.intake import archive
from autograder.intake.archive import Unreadable
from autograder.intake.entry import (
    MAX_DEPTH,
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
from autograder.models import Words, msg

MAX_NAMES = 20_000  # names below one folder of PATH

_FLAGS = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


class Irregular(Exception):
    """A link, a pipe, a device: something that is not to be opened."""


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file, or fail with `Irregular` before a link is followed or a pipe can block."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Irregular
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Irregular
    return file


def read_source(path: Path) -> tuple[bytes, None] | tuple[None, Words]:
    """The bytes of a module, or why they cannot be had."""
    shown, most = printable(path.name), cap(path.name)
    try:
        with open_regular(path) as file:
            source = file.read(most + 1)
    except Irregular:
        return None, msg("{name} is a link or a device, not a file; hand in the file itself", name=shown)
    except OSError as error:
        return None, msg("{name} cannot be read ({why})", name=shown, why=_reason(error))
    return (source, None) if len(source) <= most else (None, too_large(path.name, shown))


def read(top: Path, wanted: Wanted) -> Iterator[Entry]:
    """Every entry worth a word, nearest first, name by name.  Fails with OSError when `top` cannot be listed."""
    with os.scandir(top) as found:
        children = sorted(found, key=lambda child: child.name)
    for child in children:
        yield from _read_child(child, wanted)


def _read_child(top: os.DirEntry[str], wanted: Wanted) -> Iterator[Entry]:
    """One name in the folder and all below it, breadth first, so that a heap of files hides nothing near the top."""
    queue: deque[tuple[tuple[str, ...], os.DirEntry[str]]] = deque([((top.name,), top)])
    names, left = MAX_NAMES, MAX_STUDENT
    while queue:
        parts, found = queue.popleft()
        for entry in _entries(parts, found, wanted):
            left -= weight(entry.source)
            yield entry if left >= 0 or entry.source is None else _without_source(entry)
        if names > 0 and _is_folder(found) and not skipped(found.name) and len(parts) <= MAX_DEPTH:
            try:
                with os.scandir(found.path) as inside:
                    children = list(islice(inside, names))
            except OSError as error:
                note = msg("{name} cannot be listed ({why})", name=printable(found.name), why=_reason(error))
                yield Entry((*parts, "?"), Kind.REFUSED, note=note)
                continue
            names -= len(children)
            if names <= 0:
                note = msg("there are more than {n} files; the rest was not looked at", n=MAX_NAMES)
                yield Entry((*parts, "?"), Kind.REFUSED, note=note)
                continue
            children.sort(key=lambda child: (not wanted.is_unit_folder(child.name), child.name))
            queue.extend(((*parts, child.name), child) for child in children)


def _entries(parts: tuple[str, ...], found: os.DirEntry[str], wanted: Wanted) -> Iterator[Entry]:
    path = Path(found.path)
    unit = wanted.unit(found.name)
    if unit is not None and not _is_folder(found):
        yield Entry(parts, Kind.MODULE, unit.id, *(read_source(path) if unit.id in wanted.reads else ()))
    elif found.is_symlink():
        note = msg("{name} is a link and was not followed", name=printable(found.name))
        yield Entry(parts, Kind.REFUSED, note=note)
    elif _is_folder(found):
        if not skipped(found.name):
            yield Entry(parts, Kind.FOLDER)
        elif found.name == "__pycache__":
            yield Entry(parts, Kind.IGNORED)
    elif _counts_as_folder(parts, wanted):
        yield from _archive(parts, path, wanted)
    elif mentioned(found.name):
        yield Entry(parts, Kind.IGNORED)


def _is_folder(found: os.DirEntry[str]) -> bool:
    try:
        return found.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _counts_as_folder(parts: tuple[str, ...], wanted: Wanted) -> bool:
    is_archive = archive.stem(parts[-1]) is not None
    return is_archive and (len(parts) == 1 or (len(parts) == 2 and not wanted.is_unit_folder(parts[0])))


def _archive(parts: tuple[str, ...], path: Path, wanted: Wanted) -> Iterator[Entry]:
    """What could be read of it, and what is wrong with it as a whole."""
    shown, note = printable(parts[-1]), None
    inside = (*parts[:-1], archive.stem(parts[-1]) or parts[-1])
    found: list[Entry] = []
    try:
        with open_regular(path) as file:
            for entry in archive.read(file, parts[-1], wanted, archive.ONE_STUDENT):
                found.append(Entry((*inside, *entry.parts), entry.kind, entry.unit, entry.source, entry.note))
    except Irregular:
        note = msg("{name} is a link or a device, not a file", name=shown)
    except Unreadable as error:
        note = msg("{name}: {why}", name=shown, why=error.message)
    except OSError as error:
        note = msg("{name} cannot be read ({why})", name=shown, why=_reason(error))
    yield Entry(inside, Kind.ZIP, note=note)
    yield from found


def _without_source(entry: Entry) -> Entry:
    return Entry(entry.parts, entry.kind, entry.unit, None, too_large(entry.name, printable(entry.name)))


def _reason(error: OSError) -> str:
    return error.strerror or "input/output error"
