"""What it means when a test fails: the sentence of a test that asks for one thing only.

A comparison knows that two flags differ; the author of the test knows that the model was left in eval mode.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ContextDecorator
from functools import partial
from types import TracebackType

from autograder.checks.faults import CheckFailed, StudentRaised
from autograder.checks.sentences import SENTENCES
from autograder.models import GENERAL, Diagnosis, Text

# what says enough by itself, or says that the answer is not of the kind that this test is about
SILENT = frozenset(
    {"none", "type", "tensor", "numpy", "python_number", "dtype", "property", "argument_changed", "too_much"}
)


class about(ContextDecorator):  # noqa: N801  (reads as a function: `@check.about("mode", en=…, vi=…)`)
    """`@check.about("training_flag", en="…", vi="…")` on a test, or a `with` around some checks of it.

    A check that fails in there is told by this sentence first, then by what it found, when that is no story of its own.
    Without `en` and `vi` it is the one that several suites say (checks/sentences.py).
    It must hold for every answer that gets so far: put it on a test that asks for one thing, behind those that ask for
    the values.  An answer of another type or dtype (None, a number for a tensor), a `check.that` without a code and an
    argument that was changed keep their own words; `when` names the codes it is about instead, such as ("none",), and
    `always` says that it is about all of them: for a `with` around the one check that it is about.
    An exception of the student's is told by the sentence, too, where the answer has passed another test of the item.
    """

    def __init__(
        self, code: str, *, en: str = "", vi: str = "", when: Collection[str] = (), always: bool = False
    ) -> None:
        if not (en and vi) and code not in SENTENCES:
            raise ValueError(
                f"check.about({code!r}) has no sentence: give en and vi, or write it in checks/sentences.py"
            )
        self.said = Diagnosis(code, Text(en, vi) if en and vi else SENTENCES[code])
        self.when, self.always = frozenset(when), always

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, StudentRaised) and not self.when:
            error.meaning = error.meaning or self.said
        if isinstance(error, CheckFailed):
            raise CheckFailed(partial(self._told, error)).with_traceback(trace) from None

    def _told(self, error: CheckFailed) -> tuple[Diagnosis, ...]:
        codes = {found.code for found in error.diagnoses}
        if codes and (self.always or (codes & self.when if self.when else not codes & SILENT)):
            plain = [found for found in error.diagnoses if found.code in GENERAL]
            return self.said, *plain[:1]
        return error.diagnoses
