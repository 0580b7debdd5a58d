"""`pytest --board-json FILE`: the score for `autograder ci` and other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autograder.board.blocks import in_short
from autograder.board.records import ItemRow, Score, UnitRow
from autograder.words import say

SCHEMA = "torch-exercise-kit/board/v1"


def write(path: Path, score: Score, course: str, lang: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_data(score, course, lang), ensure_ascii=False, indent=1), encoding="utf-8")


def as_data(score: Score, course: str, lang: str) -> dict[str, Any]:
    """`verdict` is a word of models.Verdict, or null for an item that did not run."""
    return {
        "schema": SCHEMA,
        "course": course,
        "language": lang,
        "points": score.points,
        "max_points": score.max_points,
        "all_done": score.all_done,
        "units": [_unit(unit, lang) for unit in score.units],
    }


def _unit(unit: UnitRow, lang: str) -> dict[str, Any]:
    fault = unit.broken
    return {
        "unit": unit.id,
        "points": unit.points,
        "max_points": unit.max_points,
        "broken": fault
        and {
            "file": fault.place.file if fault.place else fault.file,
            "line": fault.place.line if fault.place else None,
            "words": [*(say(words, lang) for words in fault.words), *([fault.raised] if fault.raised else [])],
        },
        "items": [_item(item, lang) for item in unit.items],
    }


def _item(item: ItemRow, lang: str) -> dict[str, Any]:
    trouble = item.troubles[0] if item.troubles else None
    for one in item.troubles:
        if one.verdict is item.verdict:
            trouble = one
            break
    place = trouble.place if trouble else None
    return {
        "item": item.id,
        "title": item.title if isinstance(item.title, str) else say(item.title, lang),
        "points": item.points if item.done else 0.0,
        "max_points": item.points,
        "verdict": item.verdict and item.verdict.value,
        "file": place and place.file,
        "line": place and place.line,
        "words": [say(cause, lang) for cause in trouble.causes] if trouble else [],
        "raised": trouble.raised if trouble else "",
        "call": trouble.call if trouble else "",
        "message": in_short(trouble, lang) if trouble else "",
    }
