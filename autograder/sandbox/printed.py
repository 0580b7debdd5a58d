"""What graded code prints, for staff: the first and the last of it, however much it was.

    Drain(excerpt).descriptor → a worker's standard output and error;  excerpt.take() → text

    worker ──pipe──▶ a thread of the grader's ──▶ Excerpt

A pipe that is always emptied: to the student's code it is as patient as /dev/null, also in code below Python, and keeps
what a crash said.  The bytes are the student's and are only counted and cut here; who shows them makes them harmless.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading

HEAD, TAIL = 4096, 2048  # bytes that are kept of what was printed during one item
PIPE = 1 << 20  # what a worker may be ahead: the usual 64 KiB wake the thread sixteen times as often
SETPIPE_SZ = 1031  # F_SETPIPE_SZ, which the fcntl module knows only on Linux
SECONDS = 1.0  # for the pipe's end to arrive, once every process that wrote into it was killed


class Excerpt:
    """The first HEAD and the last TAIL bytes since the last `take`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head, self._tail, self._total = bytearray(), bytearray(), 0

    def add(self, data: memoryview | bytes) -> None:
        with self._lock:
            self._total += len(data)
            if room := HEAD - len(self._head):
                self._head += data[:room]
                data = data[room:]
            if len(data) >= TAIL:
                self._tail[:] = data[-TAIL:]
            elif data:
                self._tail += data
                del self._tail[:-TAIL]

    def take(self) -> str:
        """As text, bytes that are none as \\xff; the next item begins with nothing."""
        with self._lock:
            head, tail, total = self._head, self._tail, self._total
            self._head, self._tail, self._total = bytearray(), bytearray(), 0
        left_out = total - len(head) - len(tail)
        if not left_out:
            return _text(head + tail)
        return f"{_text(head)}\n… {left_out:,} bytes left out …\n{_text(tail)}"


class Drain:
    """A pipe and the thread that empties it until the last writer is gone."""

    def __init__(self, excerpt: Excerpt) -> None:
        self.excerpt = excerpt
        self._read, self.descriptor = os.pipe()
        os.set_blocking(self._read, False)  # our end only
        self._buffer = memoryview(bytearray(PIPE))
        self._lock = threading.Lock()
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            fcntl.fcntl(self._read, SETPIPE_SZ, PIPE)
        self._thread = threading.Thread(target=self._run, name="printed", daemon=True)
        self._thread.start()

    def handed_over(self) -> None:
        """The worker has its descriptor; with ours open the end would never come."""
        os.close(self.descriptor)

    def settle(self) -> None:
        """Take what is in the pipe now: a worker flushes before it answers."""
        taken = 0
        while taken < PIPE and (got := self._take()) is not None and got > 0:
            taken += got

    def close(self) -> None:
        self._thread.join(SECONDS)
        if not self._thread.is_alive():
            os.close(self._read)

    def _run(self) -> None:
        ready = select.poll()
        ready.register(self._read, select.POLLIN)
        while True:
            ready.poll()
            if self._take() == 0:
                return

    def _take(self) -> int | None:
        """How many bytes there were: 0 at the end, None when there are none yet."""
        with self._lock:
            try:
                got = os.readv(self._read, [self._buffer])
            except BlockingIOError:
                return None
            self.excerpt.add(self._buffer[:got])
            return got


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", errors="backslashreplace")
