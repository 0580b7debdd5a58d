"""An exception of the student's as data: what kind it was and where it was raised, never what it says.

    describe(error, filename) → {"error": type, "lines": […]} or {"memory": lines, "asked": bytes}
    statement(error, filename) → the line of a notebook's cell that it came out of

Its text is of the student's making and stays here: it is only searched for torch's words for a lack of memory, and
for how many bytes that was.
Where an exception is made so that looking at it raises, that error is told in its place; at the import it ends the
worker, which is the student's crash.
"""

from __future__ import annotations

import re


def describe(error: BaseException, filename: str) -> dict[str, object]:
    """An exception as data: a type of Python's or torch's, lines of the student's file, never a text."""
    if _is_memory(error):
        return {"memory": _lines(error, filename), "asked": _asked(error)}
    kind = next(t for t in type(error).__mro__ if t.__module__ == "builtins" or t.__module__.startswith("torch."))
    return {"error": kind.__name__.lstrip("_"), "lines": _lines(error, filename)}


def _lines(error: BaseException, filename: str) -> list[int]:
    lines = []
    if isinstance(error, SyntaxError) and type(error.lineno) is int:
        lines.append(error.lineno)
    trace = error.__traceback__
    while trace is not None and len(lines) < 1000:
        if trace.tb_frame.f_code.co_filename == filename:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return [line for line in lines if type(line) is int][-5:]


def statement(error: BaseException, filename: str) -> int:
    """The line of the file's own statement that raised; 0 when it raised elsewhere."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            return trace.tb_lineno
        trace = trace.tb_next
    return 0


def _asked(error: BaseException) -> int:
    """How many bytes torch says it was asked for; 0 where nobody says (a MemoryError)."""
    text = error.args[0] if type(error).__module__ in ("builtins", "torch") and error.args else ""
    found = re.search(r"tried to allocate ([0-9]{1,18}) bytes", text) if type(text) is str else None
    return int(found[1]) if found else 0


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    text = error.args[0] if type(error).__module__ in ("builtins", "torch") and error.args else ""
    return type(text) is str and ("can't allocate memory" in text or "std::bad_alloc" in text)
