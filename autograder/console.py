"""Progress on the terminal (rich): a bar on stderr, so that stdout stays clean for tables and pipes."""

from __future__ import annotations

import shutil
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from autograder.models import Words, msg
from autograder.words import say

MIN_WIDTH, MAX_WIDTH = 60, 120


def width() -> int:
    return max(MIN_WIDTH, min(MAX_WIDTH, shutil.get_terminal_size((100, 24)).columns))


class Progress:
    """One bar for the run, one more while something is downloaded."""

    def __init__(self, what: Words, lang: str) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=console)
        self._what, self._lang = say(what, lang), lang
        self._task = self._bar.add_task(self._what, total=None, visible=False)
        self._files: dict[str, TaskID] = {}

    def __enter__(self) -> Progress:
        return self  # the bar comes with the first thing to show: an error before that is one line alone

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def start(self, total: int, done: int) -> None:
        """`done` of `total` are kept from an earlier run."""
        self.at(done, total)
        if done:
            kept = msg("{done} of {total} kept from an earlier run", done=done, total=total)
            self._bar.console.print(say(kept, self._lang))

    def step(self, name: str) -> None:
        self._bar.update(self._task, advance=1, description=f"{self._what} {name[:24]}")

    def at(self, done: int, total: int) -> None:
        self._bar.start()
        self._bar.update(self._task, total=total, completed=done, visible=True)

    def download(self, file: str, done: int, total: int | None) -> None:
        self._bar.start()
        if file not in self._files:
            self._files[file] = self._bar.add_task(file, total=total)
        self._bar.update(self._files[file], completed=done, total=total)
