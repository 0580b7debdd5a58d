"""Checks in words: a property that holds or not, a failure, an exception that is wanted."""

from __future__ import annotations

import builtins
from types import TracebackType
from typing import NoReturn

from autograder.checks.faults import CheckFailed, StudentRaised
from autograder.checks.inside import runner
from autograder.models import Diagnosis, Words, msg


def that(evidence: bool, words: Words, *, code: str = "property") -> None:
    """Fail with `words` unless `evidence` is True: for what no comparison can say.

    `evidence` is computed by the suite in the grader.  Anything but a plain bool is a TypeError: a tensor, an array
    or a string that a student returned must not be taken for a yes.
    """
    if type(evidence) is not bool:
        raise TypeError(f"check.that wants a plain bool, not {type(evidence).__name__}")
    if not evidence:
        fail(words, code=code)


def fail(words: Words, *, code: str = "property") -> NoReturn:
    """Fail with these words."""
    raise CheckFailed(Diagnosis(code, words))


class raises:  # noqa: N801  (reads as a function: `with check.raises(ValueError, name="regroup(x, 4)"):`)
    """Passes when the body raises `wanted`, here or in the student's worker.

    A `StudentRaised` counts when its type name is `wanted`'s or that of a builtin subclass of it.  No exception, or
    another one, is a CheckFailed.  NotImplementedError (an untouched stub), CheckFailed and what the engine raises pass
    through.
    """

    def __init__(self, wanted: type[Exception], *, name: str = "the call") -> None:
        self.wanted = wanted
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        wanted = self.wanted.__name__
        if error is None:
            words = msg("{name} returned a value; a {wanted} is wanted", name=self.name, wanted=wanted)
            raise CheckFailed(Diagnosis("not_raised", words)) from None
        if _type_name(error) == "NotImplementedError" or isinstance(error, CheckFailed):
            return False
        if isinstance(error, StudentRaised):
            met = _is_named(error.type_name, self.wanted)
        elif isinstance(error, self.wanted):
            met = True
        elif isinstance(error, Exception) and runner.get() is None:
            met = False
        else:  # behind a proxy a student's exception is always a StudentRaised: this one is the engine's
            return False
        if not met:
            words = msg(
                "{name} raised {raised}; a {wanted} is wanted", name=self.name, raised=_shown(error), wanted=wanted
            )
            raise CheckFailed(Diagnosis("wrong_exception", words)) from None
        return True


def _type_name(error: BaseException) -> str:
    return error.type_name if isinstance(error, StudentRaised) else _first_library_type(type(error)).__name__


def _first_library_type(kind: type[BaseException]) -> type[BaseException]:
    """The nearest ancestor that Python or torch defines: a class of the student's making is not named."""
    return next(base for base in kind.__mro__ if base.__module__.split(".")[0] in ("builtins", "torch", "numpy"))


def _builtin(type_name: str) -> type[BaseException] | None:
    kind = getattr(builtins, type_name, None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None


def _is_named(type_name: str, wanted: type[Exception]) -> bool:
    kind = _builtin(type_name)
    return type_name == wanted.__name__ or (kind is not None and issubclass(kind, wanted))


def _shown(error: BaseException) -> Words | str:
    """The name of an exception of Python; a class of the student's making is not named."""
    name = _type_name(error)
    return name if _builtin(name) else msg("another exception")
