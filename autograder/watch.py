"""What a run tells whoever looks on: `Watch` hears everything and says nothing; `autograder.console` has its voices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograder.models import ItemResult, Submission

Now = Callable[[], Sequence[tuple[str, str, float]]]  # what is judged at this moment: student, item, seconds


class Watch:
    """Called by the coordinator in the order of the methods; each may be overridden."""

    def run(self, number: int, runs: int) -> None:
        """The next of several runs over everything begins; `number` counts from 0."""

    def start(self, submissions: int, kept: int) -> None:
        """So many there are, and of so many every item is kept from an earlier run."""

    def judging(self, now: Now) -> None:
        """The slots are up."""

    def left_out(self, line: str) -> None:
        """A machine that came while the run goes on is not used; for staff, in English."""

    def item(self, submission: Submission, result: ItemResult) -> None:
        """An item is judged and kept."""

    def over(self, submission: Submission, results: Sequence[ItemResult]) -> None:
        """Every item of a submission is judged."""
