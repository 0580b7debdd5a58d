"""`pytest --hint row_standardize`: the hints of an item, the weak one first."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograder.board.lines import wrapped
from autograder.models import Words, msg
from autograder.words import say

if TYPE_CHECKING:
    from autograder.course import Course, Item, Unit


class NoHint(Exception):
    """A wish that cannot be met; `words` say why."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.words = words


def hints(wishes: Sequence[str], course: Course, paths: Sequence[str], lang: str) -> list[str]:
    """The lines for the values of `--hint`: "item" or "item:2"; a repeated item gives one hint more each time.

    Where several units have an item of that name, those named in `paths` are meant, else all.
    """
    levels: dict[str, int] = {}
    for wish in wishes:
        name, level = _parsed(wish)
        levels[name] = level or levels.get(name, 0) + 1
    lines: list[str] = []
    for name, level in levels.items():
        for unit, item in _find(name, course, paths):
            lines += (
                ["", *_spoken(unit, item, level, paths, lang)] if lines else _spoken(unit, item, level, paths, lang)
            )
    return lines


def _parsed(wish: str) -> tuple[str, int]:
    name, _, level = wish.partition(":")
    if not level:
        return name.strip(), 0
    if not level.strip().isdecimal() or int(level) < 1:
        raise NoHint(msg("--hint {wish}: after the colon stands a number, as in --hint {item}:2", wish=wish, item=name))
    return name.strip(), int(level)


def _find(name: str, course: Course, paths: Sequence[str]) -> list[tuple[Unit, Item]]:
    pairs = [(unit, item) for unit in course.units for item in unit.items]
    found = [(unit, item) for unit, item in pairs if name in (item.id, item.symbol)]
    named = [(unit, item) for unit, item in found if any(unit.id in path for path in paths)]
    if found:
        return named or found
    near = difflib.get_close_matches(name, [item.id for _, item in pairs], n=1, cutoff=0.6)
    if near:
        raise NoHint(msg("No item is called {item}: did you mean {guess}?", item=name, guess=near[0]))
    raise NoHint(msg("No item is called {item}: the score board names the items.", item=name))


def _spoken(unit: Unit, item: Item, level: int, paths: Sequence[str], lang: str) -> list[str]:
    lines = [f"{item.id} ({unit.id}): {say(item.title, lang)}", ""]
    for number, hint in enumerate(item.hints[:level], 1):
        lines += wrapped(say(hint, lang), f"  {number}. ")
    where = " ".join(paths) or f"exercises/{unit.id}"
    if level < len(item.hints):
        command = f"pytest {where} --hint {item.id}:{level + 1}"
        return [*lines, "", f"{say(msg('A stronger hint:'), lang)} {command}"]
    return [*lines, "", say(msg("That was the last hint for it."), lang)]
