"""A notebook's bytes as hostile data: its code cells as one text, and where each begins; or a note on why not.

    .ipynb (bytes) → read → Notebook(source, cells): what a Submission holds;  opened(Entry) → Entry

Nothing is run or parsed as Python here: the source stays as it was typed, magics and all.  Which lines are magics can
only be told beside Python's own parser (a `%` that begins a line may go on an expression, a `!` may stand in a text),
so that is done where student source is compiled: in the worker (`sandbox/inner/cells.py`).  Outputs, metadata and
attachments are thrown away object by object while the JSON is read, so nothing of them can reach a report.

nbformat is not asked.  Formats 1 to 4 differ, for code, in where the cells lie and what a cell's text is called (three
lines below; tests/test_notebook.py holds them against nbformat's own upgrade).  Importing it took 1.7 s and 370
modules, and it answers `{"nbformat": [1]}` with a TypeError, a cell without outputs with a ValidationError.

A cell has the number that Jupyter shows beside it after "Restart and run all": code cells count, empty ones not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from autograder.intake.entry import MAX_SOURCE, Entry
from autograder.intake.names import printable
from autograder.models import Message, msg

MAX_VALUES = 300_000  # of the JSON, outputs too: the dearest so many took 120 MB (tests/test_notebook.py)
MAX_CELLS = 2000
MAX_DIGITS = 18  # of a whole number: no number of a notebook is needed, and int() of 4000 digits is slow

# A text of the JSON.  It matches whatever follows a quote, so that no quote is ever tried twice (2 s for 8 MiB of \").
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_KEPT = frozenset({"cells", "worksheets", "cell_type", "source", "input", "code"})
_LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True)
class Notebook:
    source: bytes  # the code cells one after another, in UTF-8, each line ended by \n
    cells: tuple[int, ...]  # the line (from 1) at which each begins


class NoNotebook(Exception):
    """It cannot be read as a notebook, and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


def is_notebook(name: str) -> bool:
    return PurePosixPath(name.casefold()).suffix == ".ipynb"


def opened(entry: Entry) -> Entry:
    """The entry with its code as source, when it is a notebook; with a note instead when that cannot be had."""
    if entry.source is None or not is_notebook(entry.name):
        return entry
    try:
        notebook = read(entry.source)
    except NoNotebook as error:
        note = msg("{name} cannot be read as a notebook: {why}", name=printable(entry.name), why=error.message)
        return replace(entry, source=None, note=note)
    return replace(entry, source=notebook.source, cells=notebook.cells)


def read(data: bytes) -> Notebook:
    """The code of a notebook; NoNotebook for anything else, whatever it is."""
    texts = _code(_loaded(data))
    if len(texts) > MAX_CELLS:
        raise NoNotebook(msg("it holds {n} code cells; at most {most} are read", n=len(texts), most=MAX_CELLS))
    lines: list[str] = []
    cells: list[int] = []
    size = 0
    for text in texts:
        size += len(text)
        if size > MAX_SOURCE:
            break
        cells.append(len(lines) + 1)
        lines += _LINE_END.sub("\n", text).rstrip("\n").split("\n")
    # half a surrogate pair is no character: Python could not compile it, UTF-8 cannot hold it
    source = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="replace")
    if size > MAX_SOURCE or len(source) > MAX_SOURCE:
        raise NoNotebook(msg("its code is larger than {kib} KiB; hand in the code only", kib=MAX_SOURCE // 1024))
    return Notebook(source, tuple(cells))


def _loaded(data: bytes) -> Any:
    """The JSON, less what is no code.  Values are counted before the first of them is made."""
    if not data.strip():
        raise NoNotebook(msg("it is empty; was it saved before it was handed in?"))
    if too_much(data):
        raise NoNotebook(msg("it holds too much beside the code; clear all outputs, save it and hand it in again"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoNotebook(msg("it is not text in UTF-8; save it with Jupyter and hand it in again")) from None
    try:
        return json.loads(text, object_pairs_hook=_code_only, parse_int=_small)
    except (ValueError, RecursionError, MemoryError):
        raise NoNotebook(
            msg("it is broken JSON; open it in Jupyter, save it and hand it in again, or hand in a .py")
        ) from None


def too_much(data: bytes) -> bool:
    """Would it be more values than an honest notebook has?  Quotes first: cutting out a million texts is dear too."""
    if data.count(b'"') - data.count(b'\\"') > 2 * MAX_VALUES:
        return True
    bare = _TEXT.sub(b"", data)
    return bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MAX_VALUES


def _code_only(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if key in _KEPT}  # of two alike the later counts, as in Jupyter


def _small(digits: str) -> int:
    return int(digits) if len(digits) <= MAX_DIGITS else 0


def _code(notebook: Any) -> list[str]:
    """The texts of its code cells, empty ones left out."""
    found = _cells(notebook)
    if found is None:
        raise NoNotebook(msg("it is JSON, but holds no cells; hand in the notebook itself"))
    cells = (cell for cell in found if isinstance(cell, dict) and cell.get("cell_type") == "code")
    texts = (_text(cell) for cell in cells)
    return [text for text in texts if text and not text.isspace()]


def _cells(notebook: Any) -> list[Any] | None:
    """Formats 1 and 4 keep the cells at the top; 2 and 3 in worksheets."""
    if not isinstance(notebook, dict):
        return None
    if isinstance(notebook.get("cells"), list):
        cells: list[Any] = notebook["cells"]
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        return None
    inner = (sheet.get("cells") for sheet in sheets if isinstance(sheet, dict))
    return [cell for cells in inner if isinstance(cells, list) for cell in cells]


def _text(cell: dict[str, Any]) -> str:
    """A cell's text is its source (format 4), input (2, 3) or code (1): a string or a list of lines."""
    text = next((cell[key] for key in ("source", "input", "code") if key in cell), "")
    if isinstance(text, list):
        lines = [line for line in text if isinstance(line, str)]
        whole = "source" in cell or any(line.endswith(("\n", "\r")) for line in lines[:1])
        return ("" if whole else "\n").join(lines)  # an older format may have cut the line ends off
    return text if isinstance(text, str) else ""
