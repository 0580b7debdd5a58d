"""results.json read back: a published file → records, through its own schema.

    read(path, course) → Results      `path` is the folder that `autograder grade --out` wrote, or its results.json

Fails with `ResultsError` (file, place and cure) for a folder without results, a broken file, and a file whose form is
another one's: that of another version of the kit, or no results at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from autograder import __version__
from autograder.models import Attempt, Diagnosis, ItemResult, Text, Verdict

FILE = "results.json"
AGAIN = "run `autograder grade` again, with the same submissions and --out"


class ResultsError(Exception):
    """Results that cannot be read: the file, the place in it, and the cure."""


@dataclass(frozen=True)
class Results:
    """What was read: notes, environment and the seed stay in the file."""

    attempts: tuple[Attempt, ...]
    advice: bool  # some were graded without isolation


def read(path: Path, course: str) -> Results:
    """`course`: the id of the course that they must be results of."""
    file = _found(path)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"{file}: cannot be read ({error.strerror}); see to its permissions") from None
    except json.JSONDecodeError as error:
        raise ResultsError(f"{file}:{error.lineno}: is not JSON ({error.msg}); it is damaged: {AGAIN}") from None
    except (ValueError, RecursionError):  # no UTF-8; nested without end
        raise ResultsError(f"{file}: is not JSON in UTF-8; it is damaged: {AGAIN}") from None
    wrong = next(_validator().iter_errors(data), None)
    if wrong is not None:
        raise ResultsError(f"{file}: {_told(wrong)}; {_whose(data)}: {AGAIN}")
    for attempt in data:
        if attempt["course"] != course:
            theirs = attempt["course"][:40]
            raise ResultsError(
                f"{file}: results of the course {theirs!r}, not of {course!r}; give its folder with --course"
            )
    return Results(
        tuple(_attempt(attempt) for attempt in data),
        any(attempt["isolation"]["advice"] for attempt in data),
    )


def _found(path: Path) -> Path:
    if not path.exists():
        raise ResultsError(f"{path}: no such file or folder; name the folder that `autograder grade --out` wrote")
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise ResultsError(f"{path}: holds no {FILE}; name the folder that `autograder grade --out` wrote")
    return file


@cache
def _validator() -> Any:
    schema = resources.files("autograder.reports").joinpath("schema/attempt.schema.json").read_text("utf-8")
    return jsonschema.Draft202012Validator(json.loads(schema))


def _told(error: jsonschema.ValidationError) -> str:
    """`[0].items[2] lacks 'texts'`: where, and what, without the data themselves."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    kind, instance = error.validator, error.instance
    if kind == "required":
        lacking = next(name for name in error.validator_value if name not in instance)
        return f"{place} lacks '{lacking}'"
    if kind == "additionalProperties":
        unknown = next(name for name in instance if name not in error.schema["properties"])
        return f"{place} has an unknown key '{str(unknown)[:40]}'"
    return f"{place or 'the whole of it'} is not what the schema asks for ({kind})"


def _whose(data: Any) -> str:
    """Was it written by this kit?  The version stands in each attempt."""
    try:
        kit = str(data[0]["environment"]["kit"])[:40]
    except (KeyError, IndexError, TypeError):
        return f"it is no {FILE} of the kit's"
    if kit == __version__:
        return f"it was changed, or written by an older {__version__}"
    return f"it was written by version {kit} of the kit and this is {__version__}"


def _attempt(data: dict[str, Any]) -> Attempt:
    return Attempt(data["student"], data["unit"], tuple(_item(item) for item in data["items"]), (), data["seconds"])


def _item(data: dict[str, Any]) -> ItemResult:
    told = tuple(
        Diagnosis(diagnosis["code"], Text(diagnosis["texts"]["en"], diagnosis["texts"]["vi"]))
        for diagnosis in data["diagnoses"]
    )
    verdict = Verdict(data["verdict"])
    return ItemResult(data["item"], verdict, data["score"], data["max_score"], told, seconds=data["seconds"])
