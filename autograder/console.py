"""What a run says while it goes on: a bar on stderr (rich), lines of JSON on stdout, or nothing.

    with voice(msg("grading"), lang, json=…, quiet=…) as progress: grade(…, watch=progress)

stdout stays clean for tables and pipes, or, with JSON, for lines alone.  The time that is left is told from what ended
in this run, so it says nothing before something has.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text as RichText

from autograder.models import ItemResult, Message, Submission, Verdict, Words, msg
from autograder.reports import lines
from autograder.reports.escape import plain
from autograder.watch import Now, Watch
from autograder.words import say

MIN_WIDTH, MAX_WIDTH = 60, 120
SLOW = 10.0  # seconds: an item that takes longer is named
ENOUGH = 3  # submissions of this run after which its pace is told


def width() -> int:
    return max(MIN_WIDTH, min(MAX_WIDTH, shutil.get_terminal_size((100, 24)).columns))


class Pace:
    """How fast submissions end, and how long the rest will take."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begin(0, 0)

    def begin(self, total: int, kept: int) -> None:
        self.total, self.done, self._kept, self._since = total, kept, kept, self._clock()

    def start(self) -> None:
        """The clock begins now: the slots are up."""
        self.begin(self.total, self.done)

    def step(self) -> None:
        self.done += 1

    @property
    def rate(self) -> float | None:
        """Submissions a second; None while too few have ended."""
        judged, seconds = self.done - self._kept, self._clock() - self._since
        return judged / seconds if judged >= ENOUGH and seconds > 0 else None

    @property
    def left(self) -> float | None:
        """Seconds until the last has ended, if it goes on like this."""
        return None if self.rate is None else (self.total - self.done) / self.rate


class Silent(Watch):
    """`--quiet`, and what all voices have."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def download(self, file: str, done: int, total: int | None) -> None:
        """So many bytes of a file are here."""


class Lines(Silent):
    """`--json`: each event as it happens."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace(clock)
        self._run = (1, 1)

    def run(self, number: int, runs: int) -> None:
        self._run = (number + 1, runs)

    def start(self, submissions: int, kept: int) -> None:
        self._pace.begin(submissions, kept)
        self._say(lines.start(submissions, kept, *self._run))

    def judging(self, now: Now) -> None:
        self._pace.start()

    def item(self, submission: Submission, result: ItemResult) -> None:
        self._say(lines.item(submission, result))

    def over(self, submission: Submission, results: Sequence[ItemResult]) -> None:
        pace = self._pace
        pace.step()
        self._say(lines.submission(submission, pace.done, pace.total, pace.rate, pace.left))

    def _say(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class Told(ProgressColumn):
    """What `Progress` has to say beside its bar, asked for whenever the bar is drawn."""

    def __init__(self, words: Callable[[], str]) -> None:
        super().__init__()
        self._words = words

    def render(self, task: Task) -> RichText:
        return RichText(self._words() if task.id == 0 else "")


class Progress(Silent):
    """One bar for the run, one more while something is downloaded."""

    def __init__(
        self, what: Words, lang: str, clock: Callable[[], float] = time.monotonic, console: Console | None = None
    ) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            Told(self.told),
        )
        self._bar = Bar(*columns, console=console or Console(stderr=True))
        self._what, self._lang = say(what, lang), lang
        self._task = self._bar.add_task(self._what, total=None, visible=False)
        self._files: dict[str, TaskID] = {}
        self._pace = Pace(clock)
        self._now: Now = list
        self._failed = self._unscored = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar.live.is_started:  # it comes with the first thing to show: an error before that is one line alone
            self._bar.stop()

    def run(self, number: int, runs: int) -> None:
        if runs > 1:
            self._bar.update(self._task, description=f"{self._what} {number + 1}/{runs}")

    def start(self, submissions: int, kept: int) -> None:
        self.at(kept, submissions)
        self._pace.begin(submissions, kept)
        if kept:
            words = msg("{done} of {total} kept from an earlier run", done=kept, total=submissions)
            self._bar.console.print(say(words, self._lang))

    def judging(self, now: Now) -> None:
        self._now = now
        self._pace.start()

    def left_out(self, line: str) -> None:
        self._bar.console.print(line, markup=False, highlight=False)

    def item(self, submission: Submission, result: ItemResult) -> None:
        self._unscored += result.unscored
        self._failed += result.verdict not in (Verdict.PASSED, Verdict.NOT_ATTEMPTED) and not result.unscored

    def over(self, submission: Submission, results: Sequence[ItemResult]) -> None:
        self._pace.step()
        self._bar.update(self._task, completed=self._pace.done)

    def at(self, done: int, total: int) -> None:
        if not self._bar.live.is_started:
            self._pace.begin(total, done)
        self._pace.done = done
        self._bar.start()
        self._bar.update(self._task, total=total, completed=done, visible=True)

    def download(self, file: str, done: int, total: int | None) -> None:
        self._bar.start()
        if file not in self._files:
            self._files[file] = self._bar.add_task(file, total=total)
        self._bar.update(self._files[file], completed=done, total=total)

    def told(self) -> str:
        """`3.1/s, 2 min left, failed: 14, 1 not scored, slow: an train_mlp 14 s`, of it what there is."""
        rate, left = self._pace.rate, self._pace.left
        parts: list[Message] = []
        if rate is not None and left is not None:
            parts += [_per(rate), msg("{time} left", time=_time(left))]
        if self._failed:
            parts.append(msg("failed: {n}", n=self._failed))
        if self._unscored:
            parts.append(msg("{n} not scored", n=self._unscored))
        slow = [(student, item, seconds) for student, item, seconds in self._now() if seconds >= SLOW]
        if slow:
            student, item, seconds = max(slow, key=lambda one: one[2])
            parts.append(msg("slow: {student} {item} {n} s", student=plain(student)[:24], item=item, n=int(seconds)))
        return ", ".join(say(part, self._lang) for part in parts)


def voice(what: Words, lang: str, *, json: bool = False, quiet: bool = False) -> Silent:
    if json:
        return Lines()
    return Silent() if quiet else Progress(what, lang)


def _per(rate: float) -> Message:
    return msg("{n}/s", n=f"{rate:.1f}") if rate >= 1 else msg("{n}/min", n=f"{60 * rate:.1f}")


def _time(seconds: float) -> Message:
    if seconds < 100:
        return msg("{n} s", n=round(seconds))
    if seconds < 6000:
        return msg("{n} min", n=round(seconds / 60))
    return msg("{n} h", n=f"{seconds / 3600:.1f}")
