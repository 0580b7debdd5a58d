"""A time limit where signals are not to be had (Windows): raise in the main thread, as pytest-timeout's signal would.

pytest-timeout's own thread method prints all stacks and ends the whole process: one endless loop would cost a student
the verdicts of all other items.  An exception set from a timer's thread arrives at the next bytecode of the loop.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable

GRACE = 20.0  # seconds in which a call into C may still come back


class OutOfTime(BaseException):
    """The test used up its time.  Not an Exception: `except Exception` of the student must not catch it."""


def limit(seconds: float, say_the_end: Callable[[], None]) -> Callable[[], None]:
    """Raise OutOfTime in this thread after `seconds`; returns what cancels it.

    A call that never comes back from C cannot be interrupted: after `GRACE` more seconds `say_the_end` is called and
    the process ends with exit code 1.
    """
    thread = threading.get_ident()

    def interrupt() -> None:
        _raise_in(thread, OutOfTime)

    def end() -> None:
        say_the_end()
        sys.stdout.flush()
        os._exit(1)

    timers = [threading.Timer(seconds, interrupt), threading.Timer(seconds + GRACE, end)]
    for timer in timers:
        timer.daemon = True
        timer.start()

    def cancel() -> None:
        for timer in timers:
            timer.cancel()
        if threading.get_ident() != thread:
            return
        try:
            timers[0].join()
            _raise_in(thread, None)  # one that was set and not yet raised belongs to the test that is over
        except OutOfTime:
            pass

    return cancel


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(kind) if kind is not None else None
    )
