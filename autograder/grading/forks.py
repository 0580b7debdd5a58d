"""How a slot's process starts: forked from one that has torch and the judge imported, once for all of them.

    started(partial(context().Process, target=…), cache) → its process

That one starts with this process's first slot and ends with it.  Elsewhere than on Linux each slot imports for itself:
Apple's frameworks do not survive a fork.  `GradingError` when it is killed again and again.  Imports no torch here.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.util
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from autograder.grading.late import DYNAMO
from autograder.grading.slots import GradingError

STARTS = 3  # how often in a row it may be killed while it is asked
BURIAL = 0.5  # seconds: three starts within a millisecond all asked a process that had just been killed
CACHE = "TORCHINDUCTOR_CACHE_DIR"
IMPORTED = ["autograder.grading.imported"]
ROOM = 70  # bytes of a path that "/pymp-xxxxxxxx/listener-xxxxxxxx" may follow; Apple allows 103 in all, Linux 107
SHORT = "/tmp"


def context(late: Collection[str] = ()) -> Any:
    """multiprocessing, as slots use it.  `late`: what is imported late and the first slots need (late.py)."""
    found: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    found.set_forkserver_preload([*IMPORTED, *({DYNAMO} & set(late))])  # torchvision may fail in more than one way
    return found


def started(make: Callable[[], Any], cache: Path | None) -> Any:
    """A process of `make`'s, started; once more where the one that forks it was killed while it was asked.

    `cache`: where torch may put what it compiles.
    """
    error: Exception | None = None
    _sockets_in_reach()
    with _cache_in(cache):
        for _ in range(STARTS):
            process = make()
            try:
                process.start()
            except (EOFError, ConnectionError, FileNotFoundError) as gone:  # the next start brings it up again …
                error = gone
                time.sleep(BURIAL)  # … once it is buried
                continue
            return process
    raise GradingError(
        f"slots could not be forked {STARTS} times in a row: the process that forks them was killed ({error!r})"
    )


def _sockets_in_reach() -> None:
    """multiprocessing puts its sockets below TMPDIR; where that is too long a path for one, in SHORT.

    Python 3.14 does it by itself (cpython#132124).
    """
    before = tempfile.gettempdir()
    if len(os.fsencode(before)) <= ROOM:
        return
    tempfile.tempdir = SHORT
    try:
        multiprocessing.util.get_temp_dir()  # kept for this process, and removed with it
    except OSError as error:
        why = f"TMPDIR is too long for a socket's path: {before} ({error})"
        raise GradingError(f"{why}; TMPDIR={SHORT} helps") from None
    finally:
        tempfile.tempdir = before


def may_have_children() -> None:
    """Called in a Dask worker, which multiprocessing forbids children: its nanny starts it as a daemon by default.

    A daemon's children would outlive it; a slot does not: it ends when its pipe closes, and the kernel kills it before.
    """
    multiprocessing.current_process()._config.pop("daemon", None)  # type: ignore[attr-defined]


@contextlib.contextmanager
def _cache_in(folder: Path | None) -> Iterator[None]:
    """torch makes a folder for its compiler when it is imported, in /tmp unless it is told where; ours are cleared."""
    before = os.environ.pop(CACHE, None)
    os.environ.update({CACHE: str(folder)} if folder is not None else {})
    try:
        yield
    finally:
        os.environ.pop(CACHE, None)
        os.environ.update({CACHE: before} if before is not None else {})


def end() -> None:
    """What slots are forked from ends now, and its processor time is ours.  The next slot starts it again.

    At the end of this process it is called by itself: left alone it ends seconds later, so long Python takes to take
    torch apart.  It holds nothing that could be lost.  Where this process is killed, it ends without being told.
    """
    server: Any = multiprocessing.forkserver._forkserver
    with contextlib.suppress(OSError, AttributeError, TypeError):  # there is none, or Python keeps it otherwise now
        os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()


atexit.register(end)
