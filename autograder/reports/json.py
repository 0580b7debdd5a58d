"""results.json: a list of attempts, each complete in itself.  Pure.  Its form is schema/attempt.schema.json.

For the staff: the seed of the hidden inputs is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import indent
from typing import Any

from autograder.models import PRETEND, Attempt, Grade, ItemResult, Late, Manual
from autograder.reports.escape import plain
from autograder.reports.wording import tell
from autograder.words import languages, say


def results(grade: Grade, lang: str = "en") -> str:
    """The text of results.json, with the sentences in one language; the codes are the same in all."""
    return "".join(pieces(grade, lang))


def pieces(grade: Grade, lang: str = "en") -> Iterator[str]:
    """The same, an attempt at a time: the text of a large class is larger than all that it is made from."""
    start = "[\n"
    for attempt in grade.attempts:
        text = json.dumps(_attempt(grade, attempt, lang), ensure_ascii=False, indent=2, allow_nan=False)
        yield start + indent(text, "  ")
        start = ",\n"
    yield "\n]\n" if grade.attempts else "[]\n"


def _attempt(grade: Grade, attempt: Attempt, lang: str) -> dict[str, Any]:
    env = grade.environment
    return {
        "course": plain(grade.course),
        "student": plain(attempt.student),
        "unit": attempt.unit,
        "score": attempt.score,
        "max_score": attempt.max_score,
        "final_score": attempt.final_score,
        "submitted_at": attempt.submitted_at or None,
        "late": _late(attempt.late),
        "attempt": {"number": attempt.number, "of": attempt.of, "weight": attempt.weight},
        "seconds": round(attempt.seconds, 3),
        "items": [_item(item, lang) for item in attempt.items],
        "notes": [tell(note, lang) for note in attempt.notes],
        "isolation": {
            "tier": grade.isolation.tier,
            "advice": grade.isolation.advice,
            "reasons": [plain(reason) for reason in grade.isolation.reasons],
        },
        "environment": {
            "torch": env.torch,
            "python": env.python,
            "numpy": env.numpy,
            "device": env.device,
            "threads": env.threads,
            "seed": env.seed,
            "kit": env.kit,
            "data": plain(env.data),
            "practice": env.practice,
            "runs": env.runs,
        },
    }


def _late(late: Late | None) -> dict[str, Any] | None:
    if late is None:
        return None
    return {"due": late.due, "seconds": round(late.seconds, 3), "share": late.share, "penalty": late.penalty}


def _item(item: ItemResult, lang: str) -> dict[str, Any]:
    return {
        "item": item.item,
        "verdict": item.verdict.value,
        "score": item.score,
        "max_score": item.max_score,
        "seconds": round(item.seconds, 3),
        "devices": [{"device": device, "real": device != PRETEND} for device in item.devices],
        "peak_mb": None if item.peak_bytes is None else round(item.peak_bytes / (1 << 20), 1),
        "diagnoses": [
            {
                "code": diagnosis.code,
                "text": plain(say(diagnosis.words, lang), lines=True),
                "texts": {each: plain(say(diagnosis.words, each), lines=True) for each in languages()},
            }
            for diagnosis in item.diagnoses
        ],
        "feedback": [plain(say(words, lang), lines=True) for words in item.feedback],
        "runs": [verdict.value for verdict in item.runs],
        "manual": _manual(item.manual),
    }


def _manual(entered: Manual | None) -> dict[str, Any] | None:
    if entered is None:
        return None
    return {"score": entered.score, "comment": plain(entered.comment, lines=True), "judged": entered.judged}
