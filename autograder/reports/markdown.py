"""The page a student reads: each unit, each item, the cause where one is known, the next step.  Pure.

Nothing hidden is on it: no input, no expected value, no seed, nothing of a neighbour's, nothing of `staff`.  Of an item
with `feedback: verdict` no cause is on it either: the records hold the causes for the staff, this page leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.models import Attempt, Grade, ItemResult, Message, Verdict, msg
from autograder.reports.escape import fenced, markdown
from autograder.reports.wording import (
    ADVICE,
    PRACTICE,
    devices,
    environment,
    feedback,
    is_practice,
    item_of,
    judged_elsewhere,
    lateness,
    manual,
    points,
    title,
    unit_of,
    verdict,
)
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course, Unit

_QUIET = (Verdict.PASSED, Verdict.NOT_ATTEMPTED)


def student(grade: Grade, student: str, course: Course, lang: str) -> str:
    """The page of one student, in GitHub's Markdown."""
    attempts = [attempt for attempt in grade.attempts if attempt.student == student]
    lines = [f"# {markdown(student)}", "", markdown(say(course.title, lang)), ""]
    if grade.isolation.advice:
        lines += [f"> **{markdown(say(ADVICE, lang))}**", ""]
    for attempt in attempts:
        lines += _unit(grade, attempt, unit_of(course, attempt.unit), lang)
    about = ", ".join(f"{name} {value}" for name, value in environment(grade, lang))
    lines += ["---", "", markdown(about)]
    return "\n".join(lines) + "\n"


def comment(result: ItemResult, unit: Unit | None, lang: str) -> str:
    """What a student is told of one item, for a grade book; "" where there is nothing to say."""
    if result.verdict in _QUIET and not result.warnings and result.score in (0.0, result.max_score):
        return ""
    return "\n".join(_item(result, unit, lang)).strip()


def _unit(grade: Grade, attempt: Attempt, unit: Unit | None, lang: str) -> Iterator[str]:
    most = points(attempt.max_score)
    score = say(msg("{score} of {most} points", score=points(attempt.final_score), most=most), lang)
    yield from (f"## {markdown(title(unit, attempt.unit, lang))}: {score}", "")
    told = [about for about in (lateness(attempt), _place(attempt)) if about is not None]
    for about in told:
        yield f"- {markdown(say(about, lang))}"
    if told and not attempt.notes:
        yield ""
    if is_practice(grade, unit):
        yield from (f"> **{markdown(say(PRACTICE, lang))}**", "")
    for note in attempt.notes:
        yield f"- {markdown(say(note, lang))}"
    if attempt.notes:
        yield ""
    head = (say(msg("Item"), lang), say(msg("Verdict"), lang), say(msg("Points"), lang))
    yield f"| {' | '.join(head)} |"
    yield "| --- | --- | ---: |"
    for item in attempt.items:
        name = f"{markdown(title(item_of(unit, item.item), item.item, lang))} `{item.item}`"
        value = points(None if item.unscored else item.score)
        mark = "✓ " if item.verdict is Verdict.PASSED else ""
        yield f"| {name} | {mark}{verdict(item.verdict, lang)} | {value} / {points(item.max_score)} |"
    yield ""
    for where, names in judged_elsewhere(attempt.items).items():
        listed = ", ".join(f"`{name}`" for name in names)
        yield f"{markdown(say(msg('Judged on {devices}:', devices=devices(where, lang)), lang))} {listed}"
        yield ""
    for item in attempt.items:
        part = item.verdict is Verdict.PASSED and item.score < item.max_score
        if item.verdict not in _QUIET or part or item.warnings or item.manual:
            yield from _item(item, unit, lang)
    yield from _next_step(attempt, unit, lang)


def _place(attempt: Attempt) -> Message | None:
    """Which of several attempts this is, and whether it counts."""
    if attempt.of < 2:
        return None
    if 0 < attempt.weight < 1:
        return msg("attempt {k} of {n}; the average of all counts", k=attempt.number, n=attempt.of)
    if attempt.weight:
        return msg("attempt {k} of {n}; this one counts", k=attempt.number, n=attempt.of)
    return msg("attempt {k} of {n}; another one counts", k=attempt.number, n=attempt.of)


def _item(result: ItemResult, unit: Unit | None, lang: str) -> Iterator[str]:
    item = item_of(unit, result.item)
    name = markdown(title(item, result.item, lang))
    yield from (f"### {name}: {verdict(result.verdict, lang)}", "")
    if item is not None and item.feedback == "verdict":  # the staff read the causes in results.json and index.html
        result = replace(result, diagnoses=(), feedback=())
        yield from _bullet(say(msg("Of this item only the verdict is told."), lang))
    if about := manual(result):
        yield from _bullet(say(about, lang))
    for sentence in feedback(result, lang):
        yield from _bullet(sentence)
    hints = (diagnosis.hint for diagnosis in result.diagnoses if diagnosis.hint is not None)
    for hint in dict.fromkeys(say(hint, lang) for hint in hints):
        yield from _bullet(say(msg("Hint: {hint}", hint=hint), lang))
    yield ""


def _bullet(sentence: str) -> Iterator[str]:
    """The first line as a sentence, what follows it as it stands."""
    first, _, rest = sentence.partition("\n")
    yield f"- {markdown(first)}"
    if rest.strip():
        yield from ("", fenced(rest, indent="  "), "")


def _next_step(attempt: Attempt, unit: Unit | None, lang: str) -> Iterator[str]:
    """One thing to do: mend what was tried before beginning another item."""
    open_items = [item for item in attempt.items if item.verdict is not Verdict.PASSED and not item.verdict.unscored]
    if not open_items:
        if attempt.items and attempt.scored:
            yield from (f"**{say(msg('Everything in this unit passes.'), lang)}**", "")
        return
    result = min(open_items, key=lambda item: item.verdict in (Verdict.NOT_ATTEMPTED, Verdict.MISSING))
    item = item_of(unit, result.item)
    name = markdown(title(item, result.item, lang))
    yield f"**{say(msg('Next step:'), lang)}** {name} (`{result.item}`)"
    if item is not None and item.hints:
        yield from ("", f"{markdown(say(item.hints[0], lang))}")
    todo = [f"`{other.item}`" for other in open_items if other is not result]
    if todo:
        yield from ("", f"{say(msg('Then:'), lang)} {', '.join(todo)}")
    yield ""
