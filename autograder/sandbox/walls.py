"""The walls of `namespaces`: bubblewrap puts them up around a `cat`, and a zygote is let in beside it.

    Walls(gpu, log) → up, or SandboxError;  walls.door: what setns(2) is given;  walls.close() ends all within

What ends `cat` ends every process in there, since it is the first of that process space: also the end of the process
that holds the walls.  The zygote is no child of bubblewrap's because torch is imported only once, in the nursery.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from typing import IO

from autograder.sandbox import view
from autograder.sandbox.endings import SandboxError

START_SECONDS = 60.0  # 6 to 10 ms on an idle machine


class Walls:
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
        """The first process in there, once it answers."""
        assert self._bubblewrap.stdin is not None
        assert self._bubblewrap.stdout is not None
        text = info.read()  # nothing where it failed
        with contextlib.suppress(BrokenPipeError):
            self._bubblewrap.stdin.write(b"?")
        up = select.select([self._bubblewrap.stdout], [], [], START_SECONDS)[0] and self._bubblewrap.stdout.read(1)
        if not (text and up):
            raise SandboxError("bubblewrap put up no walls")
        try:
            return os.pidfd_open(json.loads(text)["child-pid"])
        except OSError as error:
            raise SandboxError(f"the walls cannot be entered ({error.strerror})") from None

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

    door = -1
