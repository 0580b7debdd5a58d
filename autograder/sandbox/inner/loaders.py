"""What a DataLoader with workers needs of multiprocessing, without shared memory and without named sockets.

    settle() → in this process and its children, locks are eventfds and tensors cross a pipe as bytes

Called in the worker of an item with `processes: true`, before the jail closes.  The usual way needs /dev/shm (locks,
batches) and a Unix socket on which any process answers (descriptors of batches): memory that no limit counts, and a
way to reach services of the machine.  This way costs one copy of each batch.  What stays refused (`share_memory_`,
another start method than fork, a manager) raises PermissionError or RuntimeError in the student's code.
"""

from __future__ import annotations

import _multiprocessing  # type: ignore[import-not-found]
import contextlib
import io
import multiprocessing
import os
import select
import threading
import time
from collections.abc import Callable
from functools import wraps
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch

UNBOUNDED = 1 << 16  # what stands for a queue without a limit: counting a semaphore takes it apart
RECURSIVE = 0  # _multiprocessing's number for RLock; 1 is a semaphore, of which Lock is one


def settle() -> None:
    multiprocessing.set_start_method("fork", force=True)  # the other two begin with exec
    os.fork = _patient(os.fork)
    _multiprocessing.SemLock = EventLock
    torch.UntypedStorage._new_shared = classmethod(_unshared)  # type: ignore[assignment, method-assign]
    kinds = {torch.Tensor, torch.nn.Parameter, torch.storage.TypedStorage, torch.UntypedStorage}
    for kind in kinds | set(torch._tensor_classes) | set(torch._storage_classes):
        ForkingPickler.register(kind, by_value)


def _patient(fork: Callable[[], int]) -> Callable[[], int]:
    """While the zygote is asked a signal may end the wait: DataLoader hears SIGCHLD, and Python does not try again."""

    @wraps(fork)
    def again() -> int:
        while True:
            try:
                return fork()
            except InterruptedError:
                continue

    return again


def by_value(value: Any) -> tuple[Any, tuple[bytes]]:
    """A tensor as bytes; a view sends what it shows, not the whole that it looks into."""
    if isinstance(value, torch.Tensor):
        if value.requires_grad and not value.is_leaf:  # as torch's own way says it
            raise RuntimeError(
                "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
                "crossing process boundaries.  If you just want to transfer the data, call detach() on the tensor."
            )
        if value.layout is torch.strided and value.untyped_storage().nbytes() > value.numel() * value.element_size():
            value = value.detach().clone().requires_grad_(value.requires_grad)
    file = io.BytesIO()
    torch.save(value, file)
    return torch.storage._load_from_bytes, (file.getvalue(),)


def _unshared(cls: type[torch.UntypedStorage], size: int, *, device: Any = "cpu") -> torch.UntypedStorage:
    """default_collate writes its batch into a new shared storage; here into one of its own, which the limit counts."""
    return cls(size, device=device)


class EventLock:
    """`_multiprocessing.SemLock` on an eventfd: the semaphore of glibc lies in a file in /dev/shm.

    A descriptor each, closed with the object; a lock may be released by another process, as the original allows.
    """

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind, self.maxvalue, self.name = kind, maxvalue, None
        self._beyond = max(0, value - UNBOUNDED)  # places that are never asked for
        self.handle = os.eventfd(value - self._beyond, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._held, self._holder = 0, 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        if self.kind == RECURSIVE and self._is_mine():
            self._held += 1
            return True
        end = None if timeout is None else time.monotonic() + max(timeout, 0.0)
        while not self._taken():
            left = None if end is None else end - time.monotonic()
            if not block or (left is not None and left <= 0):
                return False
            poll = select.poll()  # select() would fail above descriptor 1023
            poll.register(self.handle, select.POLLIN)
            poll.poll(None if left is None else left * 1000)
        self._held, self._holder = self._held + 1, threading.get_ident()
        return True

    def release(self) -> None:
        if self.kind == RECURSIVE:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._held > 1:
                self._held -= 1
                return
        elif self.maxvalue < self.SEM_VALUE_MAX and self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        self._held -= 1
        os.eventfd_write(self.handle, 1)

    def _taken(self) -> bool:
        try:
            os.eventfd_read(self.handle)
        except BlockingIOError:
            return False
        return True

    def _get_value(self) -> int:
        """Counted by taking all and giving them back: nothing tells an eventfd's value without /proc."""
        if self.maxvalue == 1:
            return int(not self._is_zero())
        value = 0
        while self._taken():
            value += 1
        if value:
            os.eventfd_write(self.handle, value)
        return value + self._beyond

    def _is_zero(self) -> bool:
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return not poll.poll(0)

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._holder == threading.get_ident()

    def _after_fork(self) -> None:
        self._held = 0

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *raised: object) -> None:
        self.release()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError, TypeError):  # never opened, or the interpreter is going
            os.close(self.handle)
