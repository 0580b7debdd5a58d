"""Names that strangers chose, made fit for a screen and for a disk.  Pure; never fails."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

LONGEST = 80
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, bidi and other format marks, surrogates, line ends
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # Windows gives these to devices


def student_name(raw: str) -> str:
    """The name as it is shown everywhere.  A name that had to be changed gets a mark of the one it was, so that
    nobody can pass for a neighbour by a hidden character."""
    name = unicodedata.normalize("NFC", raw)
    shown = printable(name)
    return shown if shown == name else f"{shown or 'unnamed'}~{_mark(raw)}"


def printable(raw: str) -> str:
    """The text on one line, without characters that act on the screen, and not too long."""
    seen = _on_one_line(raw)
    return seen if len(seen) <= LONGEST else seen[: LONGEST - 1] + "…"


def printable_path(path: Path) -> str:
    """The whole of it: it was typed by the instructor, who has to find it."""
    return _on_one_line(str(path))


def _on_one_line(raw: str) -> str:
    seen = "".join("_" if unicodedata.category(c) in _UNSEEN else c for c in unicodedata.normalize("NFC", raw))
    return " ".join(seen.split())


def file_names(students: Iterable[str]) -> dict[str, str]:
    """A file name (without suffix) for each student: safe on every system, and no two alike even without case."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for student in sorted(set(students)):
        name = _file_name(student)
        if name.casefold() in taken:
            name = f"{name}-{_mark(student)}"
        taken.add(name.casefold())
        names[student] = name
    return names


def _file_name(student: str) -> str:
    name = unicodedata.normalize("NFC", student)
    safe = re.sub(r"[^\w.+@~-]+", "-", name)[:LONGEST].strip(".-")
    if safe.casefold() == "index" or _RESERVED.fullmatch(safe):
        return f"{safe}-{_mark(student)}"
    return safe if safe and len(safe) >= len(name.strip(".-")) else f"{safe or 'student'}-{_mark(student)}"


def _mark(raw: str) -> str:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()[:6]
