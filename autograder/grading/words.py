"""What the judge says to a student, one function a situation: pure, values in, words out.

Never a hidden value, never a text of the student's making except names and lines as they stand in the submitted file.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import numpy as np
import torch

from autograder.checks import StudentRaised
from autograder.course import Item, Unit, did_you_mean
from autograder.models import Diagnosis, Verdict, Words, msg
from autograder.sandbox.launch import WorkerGone
from autograder.sandbox.proxy import Call, Handle
from autograder.sandbox.shared import SharedData

SIGKILL, SIGXCPU, SIGSEGV = -9, -24, -11
LINE_WIDTH = 100
Told = tuple[Diagnosis, ...]


def call(trace: Sequence[Call]) -> tuple[Words, ...]:
    """The last call of the student's code and what came back, in kind; nothing when the suite drove it from inside."""
    if not trace or trace[-1].inside:
        return ()
    last = trace[-1]
    arguments = ", ".join(kind(argument) for argument in last.arguments)
    said: list[Words] = [msg("The call: {call}", call=f"{last.name}({arguments})")]
    if not isinstance(last.returned, StudentRaised):
        said.append(msg("It returned: {kind}", kind=kind(last.returned)))
    return tuple(said)


def test(name: str) -> tuple[Words, ...]:
    """Which test it was, as the sentence its name makes: for `feedback: full` only."""
    return (msg("The test: {sentence}", sentence=name.partition("[")[0].removeprefix("test_").replace("_", " ")),)


def kind(value: object) -> str:
    """A value's type, dtype and shape: "float64 tensor (4, 3)".  Never its contents, except for small whole numbers."""
    if isinstance(value, SharedData):
        value = value.tensor
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} tensor {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array {value.shape}"
    if isinstance(value, Handle):
        return value.type_name
    if isinstance(value, tuple) and len(value) <= 4:
        return f"({', '.join(map(kind, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"dict of {len(value)}"
    return "None" if value is None else type(value).__name__


def is_stub(error: StudentRaised, source: bytes) -> bool:
    """Was it the stub's own `raise NotImplementedError`?  torch raises the same type for what it does not offer."""
    if error.type_name != "NotImplementedError" or not error.lines:
        return False
    lines = source.decode("utf-8", errors="replace").splitlines()
    last = error.lines[-1]
    return 1 <= last <= len(lines) and "NotImplementedError" in lines[last - 1]


def not_attempted(item: Item) -> Told:
    return (Diagnosis("not_attempted", msg("`{symbol}` still waits for your code.", symbol=item.symbol)),)


def no_file(unit: Unit) -> Told:
    return (Diagnosis("no_file", msg("{filename} was not handed in.", filename=unit.filename)),)


def missing(unit: Unit, name: str, names: Sequence[str]) -> Told:
    near = did_you_mean(name, names).removeprefix("; did you mean '").removesuffix("'?")
    words = msg("{filename} has no `{name}`.", filename=unit.filename, name=name)
    hint = msg("Your `{near}` looks like it: rename it to `{name}`.", near=near, name=name) if near else None
    return (Diagnosis("missing", words, hint),)


def blocked(what: str, line: int, source: bytes) -> Told:
    hint = msg("The statement of the item says what may be used; write that part by hand.")
    words = msg(
        "This item is done without {what}, and your code used it{where}.", what=what, where=_at((line,), source)
    )
    return (Diagnosis("blocked", words, hint),)


def timed_out(item: Item) -> Told:
    words = msg(
        "`{symbol}` was still running after {seconds} s and was stopped.", symbol=item.symbol, seconds=item.seconds
    )
    return (
        Diagnosis(
            "timed_out", words, msg("Does every loop end?  Can a loop over elements become one tensor operation?")
        ),
    )


def out_of_memory(item: Item, lines: tuple[int, ...], source: bytes) -> Told:
    where = _at(lines[-1:], source)
    words = msg("Your code asked for more memory than the {mb} MB it may use{where}.", mb=item.memory_mb, where=where)
    return (
        Diagnosis(
            "out_of_memory", words, msg("Look for a tensor or a list whose size grows with the product of two sizes.")
        ),
    )


def gone(item: Item, error: WorkerGone, source: bytes, importing: Unit | None = None) -> tuple[Verdict, Told]:
    """The process ended under the call: which verdict, and what to say."""
    exit_code = error.ending.exit
    if exit_code == SIGXCPU:
        return Verdict.TIMED_OUT, timed_out(item)
    if error.why or error.ending.killed:  # it hung up and lived on, or said what is no answer
        return Verdict.CRASHED, garbled()
    what = msg("the import of {filename}", filename=importing.filename) if importing else f"`{item.symbol}`"
    if exit_code == SIGKILL:
        words = msg("Python was killed during {what}, most likely for its memory.", what=what)
        return Verdict.OUT_OF_MEMORY, (Diagnosis("killed", words),)
    if exit_code >= 0:
        words = msg(
            "Your code ended Python during {what} (os._exit or the like); an answer returns a value.", what=what
        )
        return Verdict.CRASHED, (Diagnosis("exited", words),)
    words = msg("Python crashed during {what} ({signal}).", what=what, signal=error.ending.words)
    hint = msg("A crash comes from code below Python: ctypes, a wild index into memory, or very deep recursion.")
    return Verdict.CRASHED, (Diagnosis("crashed", words, hint),)


def garbled() -> Told:
    return (Diagnosis("garbled", msg("Your code disturbed the exchange of values, so nothing could be judged.")),)


def wrong_form() -> Told:
    words = msg("What came back does not have the form the statement asks for.")
    hint = msg("Compare it with the statement: how many values come back, under which keys, of which types?")
    return (Diagnosis("wrong_form", words, hint),)


def raised(error: StudentRaised, source: bytes) -> Told:
    """An exception by its type and the student's own lines."""
    words = msg("Your code raised {type}{where}.", type=_type(error.type_name), where=_at(error.lines[-1:], source))
    return (Diagnosis("raised", words),)


def import_raised(unit: Unit, error: StudentRaised, source: bytes) -> Told:
    where = _at(error.lines[-1:], source)
    words = msg(
        "{filename} does not run: {type}{where}.", filename=unit.filename, type=_type(error.type_name), where=where
    )
    hint = msg("Try: python {path}", path=f"exercises/{unit.id}/{unit.filename}")
    return (Diagnosis("import_failed", words, hint),)


def import_timed_out(unit: Unit, seconds: float) -> Told:
    words = msg("Importing {filename} took longer than {seconds} s.", filename=unit.filename, seconds=seconds)
    return (
        Diagnosis(
            "import_timed_out", words, msg("Move what trains or loads into a function; importing should only define.")
        ),
    )


def _type(name: str) -> str:
    """A type of Python's or torch's; anything else crossed as a text of the student's and is not repeated."""
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return name
    return name if name in ("OutOfMemoryError", "LinAlgError", "Unsupported") else "Exception"


def _at(lines: Sequence[int], source: bytes) -> Words | str:
    """ " on line 12: `return x`" as it stands in the submitted file, or nothing."""
    text = source.decode("utf-8", errors="replace").splitlines()
    for line in lines:
        if 1 <= line <= len(text):
            shown = "".join(c if c.isprintable() else "·" for c in text[line - 1].strip())[:LINE_WIDTH]
            return msg(" on line {line}: {code}", line=line, code=f"`{shown}`")
    return ""
