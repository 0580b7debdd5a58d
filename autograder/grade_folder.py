"""The grade folder, from PATHs to reports: what `grade` writes into --out, and what `regrade` compares with it.

    gather(asked, course, out) → Gathered                 what is to be judged; nothing is touched
    judge(gathered, course, store) → Graded               everything judged; the reports say what they said
    differences(store, graded) → Differences              against what the reports say
    publish(asked, graded, …) → the page to open          now they say this

The folder remembers what was asked of `grade` (`Asked`), so that a regrade asks the same.  Prints nothing.  Raises what
intake, grading, the store and outputs raise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import regrade
from autograder.course import Course
from autograder.grading.run import Graded, Options, grade
from autograder.grading.store import FOLDER, Published, Store, StoreError
from autograder.intake import Intake, collect, collect_assignment
from autograder.models import Attempt, ItemResult
from autograder.outputs import PAGE, state, write
from autograder.overrides import Override, load
from autograder.standing import Deadlines
from autograder.watch import Watch

if TYPE_CHECKING:
    from autograder.datasets import Progress

ASKED, STAMP, FILES = "asked", "stamp", "files"
KIT = Path(__file__).parent


@dataclass(frozen=True)
class Asked:
    """What was asked of `grade`."""

    paths: tuple[Path, ...]
    options: Options
    assignment: str = ""
    gradebook: Path | None = None

    def dumps(self) -> str:
        """For the folder: paths that hold wherever the next command is typed."""
        return json.dumps(asdict(self), default=lambda path: str(path.resolve()))

    @classmethod
    def loads(cls, text: str) -> Asked:
        found: dict[str, Any] = json.loads(text)
        options = found["options"]
        data = options["course_data"]
        options |= {"units": tuple(options["units"]), "course_data": Path(data) if data else None, "fresh": False}
        book = found["gradebook"]
        paths = tuple(map(Path, found["paths"]))
        return cls(paths, Options(**options), found["assignment"], Path(book) if book else None)


@dataclass(frozen=True)
class Gathered:
    """Submissions, and what else stands beside them."""

    asked: Asked
    options: Options
    intake: Intake
    due: Deadlines
    overrides: tuple[Override, ...]


def check_graded(out: Path) -> None:
    """StoreError for a folder into which nothing was graded; nothing is made there."""
    if not (out / FOLDER).is_dir():
        raise _never_graded(out)


def remembered(store: Store, out: Path) -> Asked:
    """What the last `grade` into this folder was asked; StoreError where nothing was graded."""
    try:
        return Asked.loads(store.meta(ASKED))
    except (ValueError, KeyError, TypeError):
        raise _never_graded(out) from None


def _never_graded(out: Path) -> StoreError:
    return StoreError(f"{out}: nothing was graded into it; run `autograder grade PATH… --out {out}` first")


def gather(asked: Asked, course: Course, out: Path) -> Gathered:
    """All that can be wrong with what was asked is found here, before any work is done and anything is written."""
    due, options = Deadlines(), asked.options
    if asked.assignment:
        found = collect_assignment(asked.paths, course, asked.assignment)
        options = replace(options, units=(asked.assignment,))
    else:
        found = collect(asked.paths, course, options.units or None)
    if asked.gradebook:
        from autograder.gradebook import deadlines

        due = deadlines(asked.gradebook, course.unit(asked.assignment))
    return Gathered(asked, options, found, due, load(out, course))


def judge(
    found: Gathered, course: Course, store: Store, *, watch: Watch = Watch(), progress: Progress | None = None
) -> Graded:
    """Everything judged that is not kept; what a person decided stands in it."""
    return grade(
        course,
        found.intake.submissions,
        found.options,
        store,
        notes=found.intake.notes,
        deadlines=found.due,
        overrides=found.overrides,
        watch=watch,
        progress=progress,
    )


def publish(asked: Asked, judged: Graded, course: Course, store: Store, out: Path, lang: str) -> Path:
    """Write the reports, and remember what they say; not again what stands there already."""
    stamp = _stamp(judged, course, lang)
    if store.meta(STAMP) != stamp or store.meta(FILES) != state(judged.grade, out):
        store.remember(STAMP, "")  # of reports that are half written nothing is known
        write(judged.grade, course, out, lang)
        store.publish(told(judged))
        store.remember(FILES, state(judged.grade, out))
        store.remember(STAMP, stamp)
    store.remember(ASKED, asked.dumps())
    return out / PAGE


def _stamp(judged: Graded, course: Course, lang: str) -> str:
    """A digest of all that the reports are made from: an item's result follows from what it hangs on."""
    grade = judged.grade
    found = hashlib.sha256(repr((grade.isolation, grade.environment, grade.notes, lang, course)).encode())
    found.update(_renderers().encode())
    kept = not grade.isolation.advice
    for place, attempt in enumerate(grade.attempts):
        found.update(repr(replace(attempt, items=())).encode())
        for item in attempt.items:
            plain = kept and not item.verdict.unscored and item.manual is None and not item.runs
            found.update(judged.parts(place, item.item).key if plain else repr(item).encode())
    return found.hexdigest()


def _renderers() -> str:
    """Of the code and the words that make a report."""
    files = [path for part in ("reports", "locale") for path in sorted((KIT / part).rglob("*")) if path.is_file()]
    return " ".join(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)


def told(judged: Graded) -> Iterator[Published]:
    """What the reports of this grade say of each item."""
    kept = not judged.grade.isolation.advice
    for place, attempt in enumerate(judged.grade.attempts):
        for item in attempt.items:
            yield _told(attempt, item, judged, place, kept)


def differences(store: Store, judged: Graded) -> regrade.Differences:
    return regrade.differences(store.published(), told(judged))


def _told(attempt: Attempt, item: ItemResult, judged: Graded, place: int, kept: bool) -> Published:
    return Published(
        attempt.student,
        attempt.unit,
        attempt.number,
        item.item,
        item.verdict.value,
        None if item.unscored else item.score,
        item.max_score,
        judged.parts(place, item.item) if kept and not item.verdict.unscored else None,
    )


__all__ = ["Asked", "Gathered", "check_graded", "differences", "gather", "judge", "publish", "remembered", "told"]
