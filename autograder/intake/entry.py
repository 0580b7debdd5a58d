"""The words of intake: what a reader looks for (`Wanted`), what it found (`Entry`), why it cannot go on."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.intake.spool import Spool, Stored
from autograder.models import Words, msg

if TYPE_CHECKING:
    from autograder.course import Course, Unit

MAX_SOURCE = 256 * 1024  # bytes of one module: labels and weights would fit into a larger one
MAX_NOTEBOOK = 8 * 1024 * 1024  # bytes of one notebook, outputs and all; of its code MAX_SOURCE
MAX_DEPTH = 8  # folders below the student's own
MAX_ENTRIES = 2000  # names in one student's folder or zip
MAX_STUDENT = 16 * 1024 * 1024  # bytes of all modules of one student, copies included

# Folders that tools make, and the kit's own copy in a student's repository: never a place to hand in.
SKIPPED = {"__pycache__", "__macosx", "autograder", "venv", "node_modules", "site-packages"}
# Files that would steer python or pytest if anything here ran where they lie.
STEERING = {"pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini", "requirements.txt"}
# What a module may be handed in as.
MODULES = (".py", ".ipynb")
# Files in which an answer may be meant to lie, so that a reader is told that they were not opened.
UNREAD = {".py", ".pyc", ".pth", ".ipynb", ".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz"}


class IntakeError(Exception):
    """A PATH that cannot be graded: one line that names the thing and the cure."""


class Kind(Enum):
    MODULE = auto()  # a known module; `source` holds its bytes, or `note` says why not
    FOLDER = auto()
    ZIP = auto()  # a zip or tar that counts as a folder; `note`: what is wrong with it as a whole
    IGNORED = auto()  # worth a mention
    REFUSED = auto()  # `note` says why


@dataclass(frozen=True)
class Entry:
    """One name in a submission, by its parts below PATH."""

    parts: tuple[str, ...]
    kind: Kind
    unit: str = ""
    source: bytes | None = None
    note: Words | None = None
    cells: tuple[int, ...] = ()  # of a notebook, once it is opened: the line of `source` at which each cell begins
    stored: Stored | None = None  # in the place of `source`, once nothing is to be done with it for now

    def put_away(self, spool: Spool) -> Entry:
        """The same, out of the memory."""
        if self.source is None:
            return self
        try:
            return replace(self, source=None, stored=spool.put(self.source))
        except OSError as error:
            folder = tempfile.gettempdir()
            raise IntakeError(
                f"the submissions cannot be laid aside ({error.strerror}); free some disk in {folder}, or set TMPDIR"
            ) from None

    @property
    def is_read(self) -> bool:
        return self.source is not None or self.stored is not None

    @property
    def content(self) -> bytes | None:
        return self.stored.read() if self.stored is not None else self.source

    @property
    def name(self) -> str:
        return self.parts[-1]


class Wanted:
    """The modules of a course by file name, whatever its case; `reads` are the selected units."""

    def __init__(self, course: Course, units: tuple[Unit, ...]) -> None:
        self.course = course
        self.units = units
        self.reads = {unit.id for unit in units}
        self.filenames = [f"{unit.module}.py" for unit in units]
        self._by_name = {f"{unit.module}{end}".casefold(): unit for unit in course.units for end in MODULES}
        self._folders = {unit.id.casefold() for unit in course.units}

    def unit(self, filename: str) -> Unit | None:
        return self._by_name.get(filename.casefold())

    def filename(self, entry: Entry) -> str:
        """How the module's file should be called, as .py or as notebook."""
        suffix = PurePosixPath(entry.name.casefold()).suffix
        return f"{self.course.unit(entry.unit).module}{suffix}"

    def is_unit_folder(self, name: str) -> bool:
        return name.casefold() in self._folders


def skipped(folder: str) -> bool:
    return folder.startswith(".") or folder.casefold() in SKIPPED


def mentioned(filename: str) -> bool:
    """Is a file that is not a module worth a word?  Data, pictures and notes of a student's own are not."""
    name = filename.casefold()
    return name in STEERING or PurePosixPath(name).suffix in UNREAD


def cap(filename: str) -> int:
    """The most bytes that are read of a module with this name."""
    return MAX_NOTEBOOK if filename.casefold().endswith(".ipynb") else MAX_SOURCE


def weight(source: bytes | None) -> int:
    """What a module takes of the bytes that one student, or one zip, may hold.  The outputs of a notebook count an
    eighth: they are read and thrown away, so they cost time but are not kept."""
    size = len(source or b"")
    return max(min(size, MAX_SOURCE), size // 8)


def too_large(filename: str, shown: str) -> Words:
    """`shown` may have been cut short: it does not tell a notebook from a module."""
    kib = cap(filename) // 1024
    if kib * 1024 == MAX_SOURCE:
        return msg("{name} is larger than {kib} KiB; hand in the code only", name=shown, kib=kib)
    return msg("{name} is larger than {kib} KiB; clear all outputs and hand it in again", name=shown, kib=kib)
