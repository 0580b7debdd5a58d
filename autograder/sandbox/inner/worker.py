"""A worker, from its fork to its end: locks itself in, then answers requests until the grader hangs up.

    become(jail, scratch, descriptors, order, zygote)     never returns

What goes wrong before it says READY is our fault, and is told on stderr, the zygote's log; later, an exception is an
answer.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import mmap
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from . import loaders, own_files, wire
from .jail import SPARE, Jail
from .workbench import Workbench


def become(jail: Jail, scratch: Path, descriptors: list[int], order: dict[str, Any], zygote: socket.socket) -> None:
    """Lock up, then answer requests until the grader hangs up.  Never returns."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        connection = socket.socket(fileno=descriptors[0])
        shared = _shared(order["shared"], descriptors[1 + order["group"] + order["printed"] :])
        screen = descriptors[1 + order["group"]] if order["printed"] else None
        if order["group"]:
            os.close(descriptors[1])  # the zygote lets it in
        os.chdir(scratch)
        os.environ.update(TMPDIR=str(scratch), HOME=str(scratch))
        tempfile.tempdir = str(scratch)
        if jail.walls:
            own_files.settle(scratch)
        if order["processes"] and jail.walls:
            loaders.settle()
            os.register_at_fork(after_in_child=connection.close)  # only the worker itself answers
            jail.ask_before_forks(zygote)
        zygote.close()
        jail.close_on_child(scratch, order["memory_mb"], order["cpu_seconds"], processes=order["processes"])
        _answer_requests(connection, scratch, shared, screen)
        code = 0
    except BaseException as error:  # ours: the student's exceptions are answers
        traceback.print_exception(error, file=sys.__stderr__)
    finally:
        os._exit(code)


def _answer_requests(
    connection: socket.socket, scratch: Path, shared: Mapping[str, Callable[[], Any]], screen: int | None
) -> None:
    flush = _speak_into(screen)
    spare = mmap.mmap(-1, SPARE, flags=mmap.MAP_PRIVATE)  # counted, and no page of it touched
    bench = Workbench(shared, scratch=scratch, make_room=spare.close)
    wire.send(connection, wire.READY)  # locked in; not a line of the student's has run, so nobody else can say this
    while (frame := wire.receive(connection)) is not None:
        number, body = bytes(frame[:8]), frame[8:]
        answer = bench.answer(body)
        flush()
        wire.send(connection, number + answer)


def _speak_into(screen: int | None) -> Callable[[], None]:
    """What a student prints goes to the grader's excerpt for staff, or nowhere; returns what flushes it."""
    null = os.open(os.devnull, os.O_RDWR)
    screen = null if screen is None else screen
    for standard, descriptor in enumerate((null, screen, screen)):
        os.dup2(descriptor, standard)
    for descriptor in {null, screen} - {0, 1, 2}:
        os.close(descriptor)
    faulthandler.enable(2, all_threads=False)  # a crash says where; it still ends by its own signal
    streams: list[Any] = []
    for name, standard, buffering in (("stdout", 1, -1), ("stderr", 2, 1)):  # the zygote's would seek in a pipe
        old = getattr(sys, name)
        streams.append(open(standard, "w", buffering, old.encoding, old.errors, closefd=False))  # noqa: SIM115
        setattr(sys, name, streams[-1])
        setattr(sys, f"__{name}__", streams[-1])
    write_out = io.TextIOWrapper.flush

    def flush() -> None:
        for stream in streams:
            with contextlib.suppress(BaseException):  # closed, taken apart: theirs to do
                write_out(stream)

    return flush


def _shared(described: list[dict[str, Any]], descriptors: list[int]) -> dict[str, Callable[[], Any]]:
    """Data every submission reads, mapped when first asked for (copy on write: a student's write stays private)."""

    def reader(entry: dict[str, Any], descriptor: int) -> Callable[[], Any]:
        @cache
        def tensor() -> torch.Tensor:
            memory = mmap.mmap(
                descriptor, entry["bytes"], flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE
            )
            return torch.frombuffer(memory, dtype=wire.DTYPES[entry["dtype"]]).reshape(entry["shape"])

        return tensor

    return {entry["name"]: reader(entry, fd) for entry, fd in zip(described, descriptors, strict=True)}
