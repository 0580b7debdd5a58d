"""The grader's end of the nursery (inner/nursery.py): the one process of a run that imports torch for its zygotes.

    line(folder) → this process's, started when there is none (any more): for the coordinator, which hands it on
    adopt(line)                        for a slot, which got one (elsewhere than on Linux each slot starts its own)
    ask(order, descriptors)            a zygote will come up on the order's socket

It starts when its line is first asked for, and ends with this process and all that hold the line.  `NurseryGone` where
a slot's was killed: the slot cannot start another, its coordinator does.  Imports no torch.
"""

from __future__ import annotations

import atexit
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import view
from autograder.sandbox.endings import Killed, SandboxError

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
        """It holds nothing that could be lost, and taking a Python with torch apart would take it 0.5 s.

        Its line may just be on the way to a slot, in another thread: it closes when nobody holds it.
        """
        if self.process is not None:
            self.process.kill()
            self.process.wait()


_here: Nursery | None = None
_lock = threading.Lock()  # a Dask worker starts slots from many threads


def line(folder: Path | None = None, imports: Sequence[str] = ()) -> socket.socket | None:
    """None where a line cannot be shared.  `folder`: where it may put what it needs while it starts; `imports`: modules
    that it brings beside torch (inner/late.py), unless it stands already."""
    return _nursery(folder, imports).line if sys.platform == "linux" else None


def adopt(line: socket.socket | None) -> None:
    """From here on this process asks on a line that it was given."""
    global _here
    _here = Nursery(line) if line is not None else None


def ask(order: Mapping[str, object], descriptors: Sequence[int]) -> None:
    nursery = _nursery()
    try:
        socket.send_fds(nursery.line, [json.dumps(order).encode()], descriptors)
        if sys.platform != "linux":  # Apple's systems lose what is closed on the way
            nursery.line.recv(1)
    except OSError as error:
        said = f"what zygotes are forked from was killed ({error.strerror})"
        if nursery.process is None:
            raise NurseryGone(said) from None
        nursery.close()  # or the next would be asked of it, too
        raise Killed(said) from None


@atexit.register
def end() -> None:
    """It ends now, and its processor time is ours.  The next zygote starts another."""
    global _here
    with _lock:
        if _here is not None:
            _here.close()
            _here = None


def _nursery(folder: Path | None = None, imports: Sequence[str] = ()) -> Nursery:
    global _here
    with _lock:
        if _here is not None and not _here.stands:
            _here.close()
            _here = None
        if _here is None:
            _here = _started(str(folder or tempfile.gettempdir()), imports)
        return _here


def _started(folder: str, imports: Sequence[str]) -> Nursery:
    ours, theirs = socket.socketpair(type=KIND)
    with theirs:
        try:
            process = subprocess.Popen(
                view.program(imports),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=view.ENVIRONMENT | {"TMPDIR": folder, "HOME": folder},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise SandboxError(f"{error.strerror}: {error.filename}") from None
    return Nursery(ours, process)
