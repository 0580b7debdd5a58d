"""What the judge says to a student, one function a situation: pure, values in, words out.

Never a hidden value, never a text of the student's making except names and lines as they stand in the submitted file.
"""

from __future__ import annotations

import bisect
import builtins
import re
from collections.abc import Sequence

import numpy as np
import torch

from autograder.checks import InsideFunction, StudentRaised
from autograder.course import Item, Unit, did_you_mean
from autograder.grading.complaints import complaint
from autograder.meanings import meaning
from autograder.models import WARNED, Diagnosis, Message, Submission, Verdict, Words, msg
from autograder.sandbox.endings import WorkerGone
from autograder.sandbox.proxy import Call, Handle
from autograder.sandbox.shared import SharedData

SIGKILL, SIGXCPU, SIGSEGV = -9, -24, -11
LINE_WIDTH = 100
Told = tuple[Diagnosis, ...]

# What often lies behind a type of exception, on a line that looks like this: the first row that fits is the hint.
LIKELY: tuple[tuple[str, str, Message], ...] = (
    ("SyntaxError", r"^[%!]", msg("`!pip`, `%matplotlib` and the like work in a notebook only: delete the line.")),
    (
        "SyntaxError IndentationError",
        r"^(<{7}|={7}|>{7})",
        msg("git left this mark where two versions met: keep one of them and delete the marks."),
    ),
    ("SyntaxError", r"[“”‘’]", msg("Curly quotes come from a word processor: type plain quotes instead.")),
    (
        "SyntaxError",
        r"\\[UuNx]",
        msg("In a string a backslash begins a special character: write paths with / instead."),
    ),
    ("TabError IndentationError", "", msg("Indent with spaces only, four for each level: tabs and spaces do not mix.")),
    (
        "ModuleNotFoundError",
        "",
        msg(
            "This package is not available when grading: use Python's own, torch and NumPy.  "
            "A file of your own beside this one is not read: put what you need of it into this file."
        ),
    ),
    (
        "FileNotFoundError NotADirectoryError",
        "",
        msg(
            "Files and folders of your computer do not exist where your code is graded: use what the function is given."
        ),
    ),
    (
        "OSError PermissionError ConnectionError TimeoutError",
        "",
        msg(
            "Where your code is graded there is no network, no other process (DataLoader: num_workers=0), "
            "and no file outside the working folder."
        ),
    ),
    (
        "BlockingIOError",
        "",
        msg("Only a few processes may run at once, one for each worker of a DataLoader: use fewer of them."),
    ),
    ("EOFError", r"\binput\(", msg("Nobody is there to type when grading: use the arguments instead of input().")),
    (
        "SystemExit",
        "",
        msg("This ends the program: keep what is meant to run by itself under `if __name__ == '__main__':`."),
    ),
    (
        "AssertionError RuntimeError",
        r"cuda",
        msg("There may be no GPU where your code is graded: ask torch.cuda.is_available() first, or stay on the CPU."),
    ),
    (
        "RuntimeError",
        r"(?<![=<>!])[-+*/@]=|\]\s*=(?!=)|(?<!requires_grad)[a-z]_\(",
        msg("Is this an operation in place on a tensor that requires a gradient?  Make a new tensor, or use no_grad."),
    ),
    ("AttributeError", r"^self\.\w+\s*=\s*(torch\.)?nn\.", msg("Does `__init__` call `super().__init__()` first?")),
    ("TypeError", r"^$", msg("Does it take the arguments that the statement names, `self` first in a method?")),
)


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


def kind(value: object, depth: int = 2) -> str:
    """A value's type, dtype and shape: "float64 tensor (4, 3)".  Never its contents; tuples open twice at most."""
    if isinstance(value, SharedData):
        value = value.tensor
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} tensor {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array {value.shape}"
    if isinstance(value, Handle):
        return value.type_name
    if isinstance(value, InsideFunction):
        return "function"
    if isinstance(value, tuple) and len(value) <= 4 and depth:
        return f"({', '.join(kind(inner, depth - 1) for inner in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"dict of {len(value)}"
    return "None" if value is None else type(value).__name__


def is_stub(error: StudentRaised, submission: Submission) -> bool:
    """Was it the stub's own `raise NotImplementedError`?  torch raises the same type for what it does not offer."""
    if error.type_name != "NotImplementedError" or not error.lines:
        return False
    lines, last = _written(submission), error.lines[-1]
    return 1 <= last <= len(lines) and "NotImplementedError" in lines[last - 1]


def not_attempted(item: Item) -> Told:
    return (Diagnosis("not_attempted", msg("`{symbol}` still waits for your code.", symbol=item.symbol)),)


def no_file(unit: Unit, why: Sequence[Words] = ()) -> Told:
    """`why`: what intake said about it, the reason first (too large, a link …)."""
    return (Diagnosis("no_file", why[0] if why else msg("{filename} was not handed in.", filename=unit.filename)),)


def missing(submission: Submission, name: str, names: Sequence[str], lost: Message | None = None) -> Told:
    """`lost`: why the name is missing, when that is known (the notebook's cell that defines it did not run)."""
    near = did_you_mean(name, names).removeprefix("; did you mean '").removesuffix("'?")
    words = msg("{filename} has no `{name}`.", filename=submission.filename, name=name)
    hint = msg("Your `{near}` looks like it: rename it to `{name}`.", near=near, name=name) if near else None
    if not names:
        hint = msg("Nothing is defined in it: was it saved before it was handed in?")
    return (Diagnosis("missing", words, lost or hint),)


def blocked(what: str, line: int, submission: Submission) -> Told:
    where = at((line,), submission)
    words = msg("This item is done without {what}, and your code used it{where}.", what=what, where=where)
    if what == "loops":
        words = msg("This item is done without a loop in Python, and your code has one{where}.", where=where)
    return (Diagnosis("blocked", words, _instead(what)),)


def warned(what: str, line: int, submission: Submission) -> Told:
    """As `blocked`, where the item only warns."""
    where = at((line,), submission)
    words = msg("Do this item without {what}: your code used it{where}.  It costs no points.", what=what, where=where)
    if what == "loops":
        words = msg(
            "Do this item without a loop in Python: your code has one{where}.  It costs no points.", where=where
        )
    return (Diagnosis(WARNED, words, _instead(what)),)


def _instead(what: str) -> Message:
    if what == "loops":
        return msg("Let one tensor operation go through all elements: broadcasting, indexing, a sum over a dimension.")
    return msg("The statement of the item says what may be used; write that part by hand.")


def timed_out(item: Item) -> Told:
    words = msg(
        "`{symbol}` was still running after {seconds} s and was stopped.", symbol=item.symbol, seconds=item.seconds
    )
    return (
        Diagnosis(
            "timed_out", words, msg("Does every loop end?  Can a loop over elements become one tensor operation?")
        ),
    )


def out_of_memory(item: Item, lines: tuple[int, ...], submission: Submission, asked: int = 0) -> Told:
    """`asked`: the bytes of the allocation that failed, a number that crossed: told in round figures only."""
    where = at(lines[-1:], submission)
    words = msg("Your code asked for more memory than the {mb} MB it may use{where}.", mb=item.memory_mb, where=where)
    if asked >> 20 > 0:
        words = msg(
            "Your code asked for more memory than the {mb} MB it may use{where}: it tried to allocate {asked} bytes.",
            mb=item.memory_mb,
            where=where,
            asked=f"{float(f'{asked:.1e}'):,.0f}",
        )
    return (
        Diagnosis(
            "out_of_memory", words, msg("Look for a tensor or a list whose size grows with the product of two sizes.")
        ),
    )


def gone(item: Item, error: WorkerGone, submission: Submission, *, importing: bool = False) -> tuple[Verdict, Told]:
    """The process ended under the call: which verdict, and what to say."""
    exit_code = error.ending.exit
    over = error.ending.over
    if exit_code == SIGXCPU or over == "time":
        return Verdict.TIMED_OUT, timed_out(item)
    if over == "memory":
        return Verdict.OUT_OF_MEMORY, out_of_memory(item, (), submission)
    if over == "files":
        words = msg("Your code wrote far more to files than an answer needs and was stopped.")
        return Verdict.CRASHED, (Diagnosis("files", words),)
    if error.why or error.ending.killed:  # it hung up and lived on, or said what is no answer
        return Verdict.CRASHED, garbled()
    what = msg("the import of {filename}", filename=submission.filename) if importing else f"`{item.symbol}`"
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


def was_killed(told: Told) -> bool:
    """Did the process end by a SIGKILL that was not ours: the kernel's for memory, the student's, anybody's?"""
    return any(diagnosis.code == "killed" for diagnosis in told)


def garbled() -> Told:
    return (Diagnosis("garbled", msg("Your code disturbed the exchange of values, so nothing could be judged.")),)


def wrong_form() -> Told:
    words = msg("What came back does not have the form the statement asks for.")
    hint = msg("Compare it with the statement: how many values come back, under which keys, of which types?")
    return (Diagnosis("wrong_form", words, hint),)


def raised(error: StudentRaised, submission: Submission) -> Told:
    """An exception by its type and the student's own lines."""
    words = msg("Your code raised {type}{where}.", type=type_of(error), where=at(error.lines[-1:], submission))
    return (Diagnosis("raised", words, None if error.about else _likely(error, submission)), *complaint(error))


def import_raised(unit: Unit, error: StudentRaised, submission: Submission) -> Told:
    where = at(error.lines[-1:], submission)
    words = msg(
        "{filename} does not run: {type}{where}.", filename=submission.filename, type=type_of(error), where=where
    )
    hint = _no_text(error, submission.source or b"") or _likely(error, submission)
    if not submission.cells:
        hint = hint or msg("Try: python {path}", path=f"exercises/{unit.id}/{unit.filename}")
    return (Diagnosis("import_failed", words, hint),)


def import_timed_out(submission: Submission, seconds: float) -> Told:
    words = msg("Importing {filename} took longer than {seconds} s.", filename=submission.filename, seconds=seconds)
    return (
        Diagnosis(
            "import_timed_out", words, msg("Move what trains or loads into a function; importing should only define.")
        ),
    )


def type_of(error: StudentRaised) -> str:
    """A type of Python's or torch's; anything else crossed as a text of the student's and is not repeated."""
    name = error.type_name
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return name
    return name if name in ("OutOfMemoryError", "LinAlgError", "Unsupported") else "Exception"


def _likely(error: StudentRaised, submission: Submission) -> Message | None:
    """What often lies behind it, by its type and the student's own line: the first row of LIKELY that fits; else what
    such an exception means, as the board says it."""
    line = _line(error.lines[-1] if error.lines else 0, submission)[:1000]
    rows = (hint for types, looks, hint in LIKELY if error.type_name in types.split() and re.search(looks, line))
    return next(rows, None) or meaning(error.type_name)


def _no_text(error: StudentRaised, source: bytes) -> Message | None:
    """A file that Python cannot even read as text: UTF-16, NUL bytes, an old encoding that it does not name."""
    if error.type_name not in ("SyntaxError", "ValueError", "UnicodeDecodeError"):
        return None
    readable = b"\0" not in source and ("\ufffd" not in source.decode("utf-8", errors="replace"))
    return None if readable or b"coding" in source[:200] else msg("Save the file as plain text in UTF-8.")


def _written(submission: Submission) -> list[str]:
    """The lines as Python counts them: str.splitlines() would also end one at a form feed."""
    return re.split(r"\r\n|\r|\n", (submission.source or b"").decode("utf-8", errors="replace"))


def _line(number: int, submission: Submission) -> str:
    """One line as it stands in the submitted file, without its margins; "" when there is no such line."""
    text = _written(submission)
    return text[number - 1].strip() if 1 <= number <= len(text) else ""


def at(lines: Sequence[int], submission: Submission) -> Words | str:
    """ " on line 12: `return x`", or of a notebook " in cell 3, line 2: `return x`", as it stands in the submitted
    file; or nothing."""
    for line in lines:
        if found := _line(line, submission):
            code = f"`{shown(found)}`"
            cell = bisect.bisect(submission.cells, line)
            if cell:
                within = line - submission.cells[cell - 1] + 1
                return msg(" in cell {cell}, line {line}: {code}", cell=cell, line=within, code=code)
            return msg(" on line {line}: {code}", line=line, code=code)
    return ""


def shown(code: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in code)[:LINE_WIDTH]
