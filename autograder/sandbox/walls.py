"""The walls of `namespaces`: bubblewrap puts them up around a `cat`, and a zygote is let in beside it.

    Walls(gpu, log) → up, or SandboxError;  walls.door: what setns(2) is given;  walls.close() ends all within

What ends `cat` ends every process in there, since it is the first of that process space: also the end of the process
that holds the walls.  The zygote is no child of bubblewrap's because torch is imported only once, in the nursery.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
from typing import IO

from autograder.sandbox import view
from autograder.sandbox.endings import Killed, SandboxError

START_SECONDS = 60.0  # 6 to 10 ms on an idle machine
PIDFD_OPEN = 434  # a Python that was built beside an old kernel (conda's) has no os.pidfd_open


class Walls:
    door = -1

    def __init__(self, gpu: str, log: IO[bytes]) -> None:
        told, tells = os.pipe()
        with open(told, "rb") as info:
            try:
                self._bubblewrap = subprocess.Popen(
                    view.walls(tells, gpu),
                    pass_fds=[tells],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    bufsize=0,
                    env=view.ENVIRONMENT,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                raise SandboxError(f"{error.strerror}: {error.filename}") from None
            finally:
                os.close(tells)
            try:
                self.door = self._found(info)
            except BaseException:
                self.close()
                raise

    def _found(self, info: IO[bytes]) -> int:
        """The first process in there, once it answers: what was opened before is then surely `cat`."""
        why = "bubblewrap put up no walls"
        if _within(START_SECONDS, info) and (told := info.read()):  # nothing where it failed
            try:
                door = _opened(json.loads(told)["child-pid"])
            except OSError as error:
                why = f"the walls cannot be entered (pidfd_open: {error.strerror})"
            else:
                if self._answers():
                    return door
                os.close(door)
        raise (Killed if self.fell() else SandboxError)(why)

    def _answers(self) -> bool:
        assert self._bubblewrap.stdin is not None
        assert self._bubblewrap.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._bubblewrap.stdin.write(b"?")
        return _within(START_SECONDS, self._bubblewrap.stdout) and bool(self._bubblewrap.stdout.read(1))

    def fell(self) -> bool:
        """Was bubblewrap, or what it holds, killed from outside?"""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._bubblewrap.wait(1.0) in (-signal.SIGKILL, 128 + signal.SIGKILL)  # the second: what it holds
        return False

    def leave(self) -> None:
        """The zygote is in, or will never be."""
        if self.door >= 0:
            os.close(self.door)
            self.door = -1

    def close(self) -> None:
        self.leave()
        for end in (self._bubblewrap.stdin, self._bubblewrap.stdout):
            if end is not None:
                end.close()
        try:
            self._bubblewrap.wait(2.0)
        except subprocess.TimeoutExpired:
            self._bubblewrap.kill()
            self._bubblewrap.wait()


def _within(seconds: float, file: IO[bytes]) -> bool:
    return bool(select.select([file], [], [], seconds)[0])


def _opened(pid: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    door: int = libc.syscall(PIDFD_OPEN, pid, 0)
    if door < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return door
