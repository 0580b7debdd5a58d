"""The grader's end of the nursery (inner/nursery.py): the one process of a run that imports torch for its zygotes.

    line() → this process's line to it, started when there is none (any more): for the coordinator, which hands it on
    adopt(line)                        for a slot, which got one (elsewhere than on Linux each slot starts its own)
    ask(order, descriptors)            a zygote will come up on the order's socket

It starts with its first order and ends with this process and all that hold its line.  `NurseryGone` where a slot's
was killed: the slot cannot start another, its coordinator does.  Imports no torch.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.sandbox import view
from autograder.sandbox.endings import SandboxError

# many slots write to one line, so a message is whole or not there; Apple has no such pairs
KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM


class NurseryGone(Exception):
    """It was killed, and is not ours to start again: says nothing about walls, the next slot finds another."""


@dataclass
class Nursery:
    line: socket.socket
    process: subprocess.Popen[bytes] | None = None  # None: the coordinator's

    @property
    def stands(self) -> bool:
        return self.process is None or self.process.poll() is None

    def close(self) -> None:
        """It holds nothing that could be lost, and taking a Python with torch apart would take it 0.5 s."""
        self.line.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()


_here: Nursery | None = None
_lock = threading.Lock()  # a Dask worker starts slots from many threads


def line() -> socket.socket | None:
    """None where a line cannot be shared."""
    return _nursery().line if sys.platform == "linux" else None


def adopt(line: socket.socket | None) -> None:
    """From here on this process asks on a line that it was given."""
    global _here
    _here = Nursery(line) if line is not None else None


def ask(order: Mapping[str, object], descriptors: Sequence[int]) -> None:
    nursery = _nursery()
    try:
        socket.send_fds(nursery.line, [json.dumps(order).encode()], descriptors)
    except OSError as error:
        if nursery.process is None:
            raise NurseryGone(f"what zygotes are forked from was killed ({error.strerror})") from None
        raise SandboxError(f"what zygotes are forked from does not answer ({error.strerror})") from None


@atexit.register
def end() -> None:
    """It ends now, and its processor time is ours.  The next zygote starts another."""
    global _here
    with _lock:
        if _here is not None:
            _here.close()
            _here = None


def _nursery() -> Nursery:
    global _here
    with _lock:
        if _here is not None and not _here.stands:
            _here.close()
            _here = None
        if _here is None:
            _here = _started()
        return _here


def _started() -> Nursery:
    ours, theirs = socket.socketpair(type=KIND)
    with theirs, contextlib.ExitStack() as undo:
        undo.callback(ours.close)
        try:
            process = subprocess.Popen(
                view.program(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=view.ENVIRONMENT | {"TMPDIR": tempfile.gettempdir(), "HOME": tempfile.gettempdir()},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{error.strerror}: {error.filename}") from None
        undo.pop_all()
    return Nursery(ours, process)
