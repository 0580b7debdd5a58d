"""What an exception of a student's code means in plain words: the board and the student's page say the same.

The board meets the exception itself, the grader only the name of its type (`StudentRaised`).  A sentence holds in both
places; what is so in one of them only (no network where code is graded) stands with that one.
"""

from __future__ import annotations

import builtins

from autograder.models import Message, msg

MEANINGS: dict[type[BaseException], Message] = {  # a subclass stands before its base
    UnboundLocalError: msg("A variable is used before it has a value."),
    NameError: msg("A name is used that nothing defines: is it misspelled, or is an import missing?"),
    NotImplementedError: msg("A part of it is still to do."),
    RecursionError: msg("The function calls itself without end."),
    MemoryError: msg("It asked for more memory than there is."),
    SystemExit: msg("Your code ended Python (exit or quit): return a value instead."),
    ImportError: msg("Your code imports something that is not installed here."),
}


def meaning(kind: type[BaseException] | str) -> Message | None:
    """Of a type, or of the name of one of Python's own; None where the exception's own name must do."""
    found = getattr(builtins, kind, None) if isinstance(kind, str) else kind
    if not isinstance(found, type):
        return None
    return next((words for base, words in MEANINGS.items() if issubclass(found, base)), None)
