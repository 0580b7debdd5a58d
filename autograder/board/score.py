"""Score → the board at the end of a run, at most 79 columns wide.  Pure: no terminal, no file, no clock."""

from __future__ import annotations

import textwrap

from autograder.board.lines import WIDTH, wrapped
from autograder.board.records import ItemRow, Score, UnitRow
from autograder.models import Words, msg
from autograder.words import say

BAR = 16
NAME = 21


def board(score: Score, lang: str) -> list[str]:
    """One row a unit, a sum when there are several, what is left to do, the next step."""
    units = score.units
    lines = [_heads(lang), *(_unit(unit, lang) for unit in units)]
    if len(units) > 1:
        lines.append(_row(say(msg("all units"), lang), *_counts(units), points=(score.points, score.max_points)))
    if len(units) == 1:
        lines += _left(units[0], lang)
    elif waiting := sum(item.verdict is None for item in score.items):
        lines += wrapped(say(msg("{count} items were not run: pytest stopped before them.", count=waiting), lang))
    for note in score.notes:
        lines += wrapped(say(note, lang))
    return [line.rstrip() for line in [*lines, "", *following(score, lang)]]


def totals(score: Score, lang: str) -> list[str]:
    """The board in one line and the next step, for `-qq`."""
    done, todo, failing = _counts(score.units)
    words = msg(
        "{done} done, {todo} to do, {failing} failing, {points} of {all} points",
        done=done, todo=todo, failing=failing, points=score.points, all=score.max_points,
    )  # fmt: skip
    return [say(words, lang), *following(score, lang)]


def following(score: Score, lang: str) -> list[str]:
    """What to do next: the first that is not done, in the order of the course."""
    for unit in score.units:
        if unit.broken is not None:
            place = str(unit.broken.place or unit.broken.file)
            return _step(msg("Next: mend {file}, then:", file=place), f"pytest {unit.where}", lang)
        for item in unit.items:
            if not item.done:
                return _step(_next_words(item, lang), f"pytest {unit.where} --hint {item.id}", lang)
    return [say(msg("All that you asked for is done. Well done!"), lang)]


def _next_words(item: ItemRow, lang: str) -> Words:
    if not item.minutes:
        return msg("Next: {item}:", item=item.id)
    title = item.title if isinstance(item.title, str) else say(item.title, lang)
    return msg("Next: {item} ({title}, about {minutes} min):", item=item.id, title=title, minutes=item.minutes)


def _step(words: Words, command: str, lang: str) -> list[str]:
    line = f"{say(words, lang)} {command}"
    if len(line) <= WIDTH:
        return [line]
    return [*textwrap.wrap(say(words, lang), WIDTH), f"      {command}"]


def _heads(lang: str) -> str:
    words = (msg("done"), msg("to do"), msg("failing"), msg("points"))
    done, todo, failing, points = (say(word, lang) for word in words)
    return f"{say(msg('unit'), lang):<{NAME}} {done:>7} {todo:>8} {failing:>9} {points:>9}"


def _unit(unit: UnitRow, lang: str) -> str:
    if unit.broken is not None and not unit.items:
        return f"{unit.id:<{NAME}} {say(msg('does not load'), lang)}"
    return _row(unit.id, unit.done, unit.todo, unit.failing, points=(unit.points, unit.max_points))


def _row(name: str, done: int, todo: int, failing: int, points: tuple[float, float]) -> str:
    share = points[0] / points[1] if points[1] else 0.0
    text = f"{points[0]:g}/{points[1]:g}" if points[1] else "-"
    bar = f"  [{_bar(share)}]" if points[1] else ""
    return f"{name:<{NAME}} {done:>7} {todo:>8} {failing:>9} {text:>9}{bar}"


def _bar(share: float) -> str:
    """Full only when all is done."""
    filled = int(share * BAR + 1e-9)
    return "#" * filled + "." * (BAR - filled)


def _counts(units: tuple[UnitRow, ...]) -> tuple[int, int, int]:
    return sum(unit.done for unit in units), sum(unit.todo for unit in units), sum(unit.failing for unit in units)


def _left(unit: UnitRow, lang: str) -> list[str]:
    """The names of what is not done, where one unit was asked for."""
    groups = (
        (msg("to do"), [item.id for item in unit.items if item.todo]),
        (msg("failing"), [item.id for item in unit.items if item.failing and unit.broken is None]),
        (msg("not run"), [item.id for item in unit.items if item.verdict is None]),
    )
    lines: list[str] = []
    for label, ids in groups:
        if ids:
            lines += wrapped(", ".join(ids), f"{say(label, lang)}: ")
    return lines
