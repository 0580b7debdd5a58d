"""How a worker ends, and what is said of it: by the student's doing, or by our fault.

    Worker.request → WorkerGone (with its Ending) or WorkerTimeout: the student's
    Walls, Zygote, Worker.await_ready, tiers.choose → SandboxError, Killed: ours, no verdict follows from them

Raised by the rest of this package, told apart in tiers.py and in grading/.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass


class SandboxError(Exception):
    """The sandbox could not do its work: our fault, never a student's."""


class Killed(SandboxError):
    """A part of the sandbox got a SIGKILL from outside: says nothing about the walls, and may go well the next time."""


@dataclass(frozen=True)
class Ending:
    """How a worker ended, as its parent saw it."""

    exit: int  # exit code, or minus the signal
    killed: bool  # by us
    cpu: float  # seconds
    rss_mb: int
    over: str = ""  # the limit that a SIGKILL of the kernel's or the zygote's stands for: time, memory, files

    @property
    def by_another(self) -> bool:
        """Killed, and neither by us nor for a limit: by the machine, the worker itself, anybody."""
        return self.exit == -signal.SIGKILL and not self.killed and not self.over

    @property
    def words(self) -> str:
        if self.exit >= 0:
            return f"exit code {self.exit}"
        try:
            return signal.Signals(-self.exit).name
        except ValueError:  # a real-time signal has no name of its own
            return f"signal {-self.exit}"


class WorkerGone(Exception):
    """The worker hung up, answered out of turn, or sent something that is no frame."""

    def __init__(self, ending: Ending, why: str = "") -> None:
        super().__init__(why or f"the worker ended with {ending.words}")
        self.ending, self.why = ending, why


class WorkerTimeout(Exception):
    """No answer within the time that was given; the worker has been killed."""
