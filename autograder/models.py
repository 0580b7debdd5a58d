"""The records that travel through the flow: Submission → Attempt → Grade.

Everything is frozen and holds plain data, so a record can be pickled, stored as JSON and rendered anywhere.
Nothing here touches the disk, the clock, torch or a process; nothing here fails except on a broken invariant.
Words for people are kept as `Text` (both languages at hand) or `Message` (an English sentence with holes, looked
up in the gettext catalogue when it is rendered by `autograder.words.say`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args


class Verdict(StrEnum):
    """What became of an item.  Only `grader_error` is our fault; neither it nor `unstable` is turned into a number."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    BLOCKED = "blocked"
    MISSING = "missing"
    GRADER_ERROR = "grader_error"
    UNSTABLE = "unstable"  # with other seeds it ended otherwise: staff decide

    @property
    def unscored(self) -> bool:
        return self in (Verdict.GRADER_ERROR, Verdict.UNSTABLE)

    @property
    def abnormal(self) -> bool:
        """True when the worker that produced it must not be used again."""
        return self in (Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence an author wrote in both languages."""

    en: str
    vi: str


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the kit: `id` is the English text with {holes}, `values` fills them."""

    id: str
    values: tuple[tuple[str, Value], ...] = ()


PRETEND = "pretend"  # two GPUs that are none: the one device that is not real
WARNED = "warned"  # the code of a diagnosis that costs no points
Words = Text | Message
Value = str | int | float | Text | Message


def msg(id: str, **values: Value) -> Message:
    """`msg("{name} is None", name="dx")`: the one way to build a Message (pybabel extracts calls of `msg`)."""
    return Message(id, tuple(values.items()))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause the kit is willing to name.  `code` is stable and machine-readable, `words` is for the student."""

    code: str
    words: Words
    hint: Words | None = None


# What sort of mistake an author describes: the closed list of `kind` in the bank; docs/how-to/add-an-item.md says each.
Kind = Literal[
    "shape", "broadcast", "dtype", "device", "view_copy", "inplace", "indexing", "statistics", "reduction", "sign",
    "scale", "formula", "stability", "gradient", "graph", "state", "mode", "randomness", "initialisation", "order",
    "return", "data", "api", "loop",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)

# Codes that say what is wrong and not why.  They stand here, not in `checks`: a report must not wait for torch.
GENERAL = frozenset({"shape", "values", "some_values", "dtype", "type"})


@dataclass(frozen=True)
class Submission:
    """One student's module for one unit, as bytes: nothing has been parsed or run.

    Of a notebook, `source` is its code and `cells` the lines (from 1) at which its code cells begin.
    """

    student: str
    unit: str
    filename: str
    source: bytes | None  # None: the file was not handed in
    notes: tuple[Words, ...] = ()
    cells: tuple[int, ...] = ()
    submitted_at: str = ""  # a moment of `autograder.dates`; "" where nothing trustworthy says when


@dataclass(frozen=True, slots=True)
class Manual:
    """What a person entered for an item, in the place of what was judged."""

    score: float | None  # None: only a comment
    comment: str
    judged: float | None  # the score before; None where there was none


@dataclass(frozen=True, slots=True)
class ItemResult:
    item: str
    verdict: Verdict
    score: float
    max_score: float
    diagnoses: tuple[Diagnosis, ...] = ()
    feedback: tuple[Words, ...] = ()
    seconds: float = 0.0
    staff: str = ""  # for the instructor only: our own traceback, the exit status
    printed: str = ""  # for staff only: may hold hidden inputs; the student's text, not made harmless
    devices: tuple[str, ...] = ()  # on which it was judged: cpu, pretend, cuda, mps; empty when it was not
    peak_bytes: int | None = None  # the most that torch held on a real GPU, as the worker told it; evidence only
    runs: tuple[Verdict, ...] = ()  # of an item judged with several seeds: how each run ended
    manual: Manual | None = None  # no part of the verdict: set by `autograder.overrides`

    @property
    def unscored(self) -> bool:
        """No number stands for it: ours is the fault, or the wavering, and nobody has decided."""
        return self.verdict.unscored and (self.manual is None or self.manual.score is None)

    @property
    def warnings(self) -> tuple[Diagnosis, ...]:
        """Forbidden uses that cost nothing (`policy: warning`): told whatever the verdict."""
        return tuple(diagnosis for diagnosis in self.diagnoses if diagnosis.code == WARNED)


@dataclass(frozen=True, slots=True)
class Late:
    """How late an attempt was, and what that costs."""

    due: str  # a moment; with the student's extension
    seconds: float  # after that
    share: float  # of the points earned
    penalty: float  # in points


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submission judged: every item of its unit, in the order of grading.yml.

    What stands below `seconds` is no part of the verdict: it is known after it, and set by `autograder.standing`.
    """

    student: str
    unit: str
    items: tuple[ItemResult, ...]
    notes: tuple[Words, ...] = ()
    seconds: float = 0.0  # of its items' tests
    submitted_at: str = ""
    late: Late | None = None
    number: int = 1  # of the student's attempts at this unit, in the order of their moments
    of: int = 1
    weight: float = 1.0  # its share in the student's grade: one of several counts, or each by an equal part

    @property
    def scored(self) -> bool:
        """False when any item has no number."""
        return not any(item.unscored for item in self.items)

    @property
    def score(self) -> float | None:
        return round(sum(item.score for item in self.items), 4) if self.scored else None

    @property
    def final_score(self) -> float | None:
        """The score less the penalty for lateness."""
        if self.score is None or self.late is None:
            return self.score
        return round(self.score - self.late.penalty, 4)

    @property
    def max_score(self) -> float:
        return sum(item.max_score for item in self.items)

    def count(self, verdict: Verdict) -> int:
        return sum(item.verdict is verdict for item in self.items)


def attempt_of(submission: Submission, items: Sequence[ItemResult], notes: tuple[Words, ...]) -> Attempt:
    """What was judged, put together; `notes` are those of the submission and of its run."""
    seconds = round(sum(item.seconds for item in items), 4)
    return Attempt(submission.student, submission.unit, tuple(items), notes, seconds, submission.submitted_at)


@dataclass(frozen=True)
class Isolation:
    """Which tier held the student's code and how it was chosen (the self-attack's findings, in order)."""

    tier: str  # namespaces | landlock | process | none
    reasons: tuple[str, ...] = ()

    @property
    def advice(self) -> bool:
        """Results of `none` are advice: they never enter a grade book."""
        return self.tier == "none"


@dataclass(frozen=True)
class Environment:
    torch: str
    python: str
    numpy: str
    device: str
    threads: int
    seed: int
    kit: str
    data: str = ""  # where MNIST came from, in words; "" when no unit asked for it
    practice: bool = False  # generated data: for practice, not for a grade
    runs: int = 1  # how often everything was judged, each time with another seed


@dataclass(frozen=True)
class Grade:
    """A whole grading run: what the reports are made from."""

    course: str
    attempts: tuple[Attempt, ...]
    isolation: Isolation
    environment: Environment
    notes: tuple[Words, ...] = field(default=())

    @property
    def complete(self) -> bool:
        return all(attempt.scored for attempt in self.attempts)
