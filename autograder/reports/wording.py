"""The words that all reports share: verdicts, points, where a grade comes from.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from autograder.models import PRETEND, Attempt, Grade, ItemResult, Message, Verdict, Words, msg
from autograder.reports.escape import plain
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course, Item, Unit

VERDICTS = MappingProxyType(
    {
        Verdict.PASSED: msg("passed"),
        Verdict.FAILED: msg("failed"),
        Verdict.NOT_ATTEMPTED: msg("not attempted"),
        Verdict.TIMED_OUT: msg("out of time"),
        Verdict.OUT_OF_MEMORY: msg("out of memory"),
        Verdict.CRASHED: msg("crashed"),
        Verdict.BLOCKED: msg("blocked"),
        Verdict.MISSING: msg("missing"),
        Verdict.GRADER_ERROR: msg("not scored"),
        Verdict.UNSTABLE: msg("unstable"),
    }
)

MEANINGS = MappingProxyType(
    {
        Verdict.TIMED_OUT: msg("It did not finish in the time allowed."),
        Verdict.OUT_OF_MEMORY: msg("It asked for more memory than allowed."),
        Verdict.CRASHED: msg("It ended the process it ran in."),
        Verdict.BLOCKED: msg("It used something that this item forbids."),
        Verdict.MISSING: msg("It was not found in what was handed in."),
        Verdict.GRADER_ERROR: msg("The grader failed here, not you: nothing is lost, and it will be graded again."),
        Verdict.UNSTABLE: msg("With other random inputs it ended otherwise; a person will look at it."),
    }
)

ADVICE = msg("Advice only: graded without isolation. These results enter no grade book.")
PRACTICE = msg("Practice, not for a grade: the digits were generated, they are not MNIST.")


def tell(words: Words, lang: str) -> str:
    """The sentence on one line, harmless on a screen."""
    return plain(say(words, lang))


def verdict(which: Verdict, lang: str) -> str:
    return say(VERDICTS[which], lang)


def counts(items: Iterable[ItemResult], lang: str) -> str:
    """`14 passed, 1 failed`, in the order of the verdicts."""
    found = [item.verdict for item in items]
    return ", ".join(f"{found.count(which)} {verdict(which, lang)}" for which in Verdict if which in found)


def points(value: float | None) -> str:
    """`12`, `12.5`, `–` for what has no score."""
    return "–" if value is None else f"{round(value, 2):g}" if abs(value) < 1e6 else f"{value:.0f}"


def lateness(attempt: Attempt) -> Message | None:
    """`handed in 2.3 days after it was due: −20 % of 8 points, 6.4 remain`; None for an attempt on time."""
    late = attempt.late
    if late is None:
        return None
    if not late.share:
        return msg("handed in {time} after it was due, which costs nothing", time=_time(late.seconds))
    return msg(
        "handed in {time} after it was due: −{share} % of {score} points, {final} remain",
        time=_time(late.seconds),
        share=points(100 * late.share),
        score=points(attempt.score),
        final=points(attempt.final_score),
    )


def _time(seconds: float) -> Message:
    if seconds < 3600:
        minutes = max(1, round(seconds / 60))
        return msg("{n} minutes", n=minutes) if minutes > 1 else msg("one minute")
    if seconds < 2 * 86400:
        hours = points(seconds / 3600)
        return msg("{n} hours", n=hours) if hours != "1" else msg("one hour")
    return msg("{n} days", n=points(seconds / 86400))


def class_size(students: int, submissions: int) -> Message:
    if submissions == 1:
        return msg("one student, one submission")
    if students == 1:
        return msg("one student, {m} submissions", m=submissions)
    return msg("{n} students, {m} submissions", n=students, m=submissions)


def counting(attempts: Sequence[Attempt]) -> Message | None:
    """Which of several attempts counts, by their numbers; None where there is one only."""
    if len(attempts) < 2:
        return None
    chosen = [attempt for attempt in attempts if attempt.weight]
    if len(chosen) > 1:
        return msg("{n} attempts, their average counts", n=len(attempts))
    return msg("{n} attempts, number {k} counts", n=len(attempts), k=chosen[0].number)


def feedback(result: ItemResult, lang: str) -> list[str]:
    """What the student is told about an item: the causes named, then what else was seen; nothing twice."""
    sentences = [say(diagnosis.words, lang) for diagnosis in result.diagnoses]
    sentences += [say(words, lang) for words in result.feedback]
    if not sentences and result.verdict in MEANINGS:
        sentences = [say(MEANINGS[result.verdict], lang)]
    return [clean for clean in dict.fromkeys(plain(sentence, lines=True) for sentence in sentences) if clean]


def units(grade: Grade, course: Course) -> list[Unit]:
    """The units that were graded, in course order."""
    graded = {attempt.unit for attempt in grade.attempts}
    return [unit for unit in course.units if unit.id in graded]


def title(unit: Unit | Item | None, id: str, lang: str) -> str:
    return tell(unit.title, lang) if unit is not None else plain(id)


def unit_of(course: Course, id: str) -> Unit | None:
    return next((unit for unit in course.units if unit.id == id), None)


def item_of(unit: Unit | None, id: str) -> Item | None:
    return next((item for item in unit.items if item.id == id), None) if unit else None


def is_practice(grade: Grade, unit: Unit | None) -> bool:
    """Does this unit's result rest on generated data?  Only a metric (`credit: ramp`) is measured on the data set."""
    if not grade.environment.practice:
        return False
    return unit is None or any(item.credit.kind == "ramp" for item in unit.items)


def warnings(grade: Grade, course: Course) -> list[Message]:
    """What a reader must know before any number."""
    names = ", ".join(unit.id for unit in units(grade, course) if is_practice(grade, unit))
    practice = msg("{units}: practice, not for a grade; the digits were generated, they are not MNIST.", units=names)
    return [ADVICE] * grade.isolation.advice + [practice] * bool(names)


def unscored(grade: Grade) -> list[tuple[Attempt, list[ItemResult]]]:
    """What has no score, for a re-run or for a person to decide."""
    return [
        (attempt, [item for item in attempt.items if item.unscored]) for attempt in grade.attempts if not attempt.scored
    ]


def manual(result: ItemResult) -> Message | None:
    """What a person decided about an item."""
    if result.manual is None:
        return None
    if result.manual.score is None:
        return msg("a person wrote: {comment}", comment=result.manual.comment)
    about = {"now": points(result.score), "before": points(result.manual.judged)}
    if not result.manual.comment:
        return msg("a person set the points: {now}, judged {before}", **about)
    return msg("a person set the points: {now}, judged {before}: {comment}", comment=result.manual.comment, **about)


def unstable(result: ItemResult) -> Message:
    """How its runs ended."""
    ends = ", ".join(f"{result.runs.count(which)} × {which.value}" for which in Verdict if which in result.runs)
    return msg("{item}: {ends}", item=result.item, ends=ends)


def devices(names: Iterable[str], lang: str) -> str:
    """`cpu, pretend (not a real GPU)`."""
    pretended = say(msg("{device} (not a real GPU)", device=PRETEND), lang)
    return ", ".join(pretended if name == PRETEND else plain(name) for name in names)


def judged_elsewhere(items: Iterable[ItemResult]) -> dict[tuple[str, ...], list[str]]:
    """The items that were judged on more than the CPU, by the devices."""
    found: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        if set(item.devices) - {"cpu"} and item.item not in found.setdefault(item.devices, []):
            found[item.devices].append(item.item)
    return found


def environment(grade: Grade, lang: str) -> list[tuple[str, str]]:
    """Where the numbers come from, as (name, value); the seed is the staff's."""
    env = grade.environment
    rows = [
        ("torch", env.torch),
        ("Python", env.python),
        ("NumPy", env.numpy),
        (say(msg("device"), lang), env.device),
        (say(msg("threads"), lang), str(env.threads)),
        (say(msg("kit"), lang), env.kit),
    ]
    if env.data:
        rows.append((say(msg("data"), lang), env.data))
    return [(name, plain(value)) for name, value in rows]
