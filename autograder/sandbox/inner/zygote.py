"""The zygote: a process that has torch imported and forks a worker whenever the grader asks for one.

    grader ──control socket──▶ zygote ──fork──▶ worker ──its own socket──▶ grader

Exec'd fresh (a secret of the grader's was still found in a forked child's heap), with an empty environment; it runs
no student code, no parallel operation (one would hang every child for ever: pytorch#17199) and keeps one thread.
Orders are frames of `wire`; a fork order brings the worker's socket and the shared data as descriptors.
It ends when the grader closes the control socket, and takes everything it started with it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import io
import json
import mmap
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from . import watch, wire
from .jail import Jail
from .rubble import remove
from .watch import Held

DESCRIPTORS_MAX = 16
READY = b"locked in"
WATCH_SECONDS = 0.1  # between two looks at what the worker has put into its folder


def main(control_fd: int, settings: str) -> None:
    chosen = json.loads(settings)
    control = socket.socket(fileno=control_fd)
    jail = Jail(chosen["tier"], tuple(chosen["readable"]), tuple(chosen["nodes"]))
    jail.prepare()
    versions = _preload()
    threads = _one_thread()
    gc.collect()
    gc.freeze()  # the heap stays shared with the children: 0.35 s less a submission (field-notes.md)
    wire.send(control, wire.pack({"ready": versions, "threads": threads}))
    workers: dict[int, Held] = {}
    try:
        _serve(control, jail, Path(chosen["scratch"]), workers)
    finally:  # also when it fails itself: what a worker had started does not outlive the zygote
        _end_all(workers.values(), jail)


def _preload() -> dict[str, str]:
    """Import now what an answer would import later; constructing an optimizer alone pulls in 823 modules."""
    import numpy
    import torch
    import torch._dynamo
    import torch.optim
    import torch.utils.data

    from . import guard, loaders, own_files, real, workbench  # noqa: F401

    try:
        import torchvision_compat  # laid beside this package by the launcher

        torchvision_compat.install()
    except ImportError:
        pass
    torch.set_num_threads(1)
    # asked once and for all: in the jail torch could not read the processor's kind and would run its slowest code
    capability = torch.backends.cpu.get_cpu_capability()
    return {
        "capability": capability,
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
        "python": sys.version.split()[0],
    }


def _one_thread() -> int:
    """The number of threads now; more than one would make every fork a gamble.  0 where /proc is not mounted."""
    try:
        threads = len(os.listdir("/proc/self/task"))
    except OSError:
        return 0
    assert threads == 1, f"the zygote has {threads} threads; a child's first parallel operation would hang"
    return threads


def _serve(control: socket.socket, jail: Jail, scratch_root: Path, workers: dict[int, Held]) -> None:
    while True:
        _watch(control, workers.values())
        order, descriptors = _order(control)
        if order is None:
            return
        if order["op"] == "fork":
            held = _fork(control, jail, scratch_root, order, descriptors)
            workers[held.pid] = held
            answer: dict[str, object] = {"pid": held.pid}
        else:  # end: kill it if it still runs, and say how it ended
            ended = workers.pop(order["pid"])
            answer = _end(ended, order["wait"], jail) | {"stopped": ended.stopped}
            remove(ended.scratch)
        for descriptor in descriptors:
            os.close(descriptor)
        wire.send(control, wire.pack(answer))


def _watch(control: socket.socket, workers: Collection[Held]) -> None:
    """Until the grader orders something: answer the forks of workers, stop the ones that break a limit."""
    looked = time.monotonic()
    while workers:
        listeners = {held.listener: held for held in workers if held.listener is not None}
        left = max(0.0, looked + WATCH_SECONDS - time.monotonic())
        ready = select.select([control.fileno(), *listeners], [], [], left)[0]
        for listener in ready:
            if listener in listeners:
                listeners[listener].permit()
        if time.monotonic() - looked >= WATCH_SECONDS:
            for held in workers:
                try:
                    if not held.stopped and (why := held.over()):
                        held.stop(why)
                    elif held.ended():
                        held.stop()
                except Exception:  # what it has made cannot be looked at: its end, not that of the zygote
                    traceback.print_exc()
                    held.stop()
            looked = time.monotonic()
        if control.fileno() in ready:
            return


def _fork(
    control: socket.socket, jail: Jail, scratch_root: Path, order: dict[str, Any], descriptors: list[int]
) -> Held:
    if jail.nodes:
        from .real import not_started

        assert not_started(), "CUDA was started in the zygote: no worker could use it"
    scratch = Path(tempfile.mkdtemp(prefix="work-", dir=scratch_root))
    free = watch.free(scratch)
    ours, theirs = socket.socketpair()
    with ours:
        pid = os.fork()
        if pid == 0:
            control.close()
            ours.close()
            _become_worker(jail, scratch, descriptors, order, theirs)
        theirs.close()
        held = Held(pid, scratch, order["memory_mb"], free=free)
        if order["processes"] and jail.walls:
            held.listener = next(iter(socket.recv_fds(ours, 1, 1)[1]), None)  # none: it could not lock itself in
            held.born_with = watch.own_memory(pid)
    return held


def _order(control: socket.socket) -> tuple[Any, list[int]]:
    """One frame with the descriptors that came with its first byte."""
    head, descriptors, _, _ = socket.recv_fds(control, 8, DESCRIPTORS_MAX)
    if not head:
        return None, []
    while len(head) < 8:
        head += control.recv(8 - len(head))
    size = int.from_bytes(head, "big")
    body = b""
    while len(body) < size:
        more = control.recv(size - len(body))
        if not more:
            return None, descriptors
        body += more
    return wire.unpack(body), descriptors


def _end(held: Held, wait: float, jail: Jail) -> dict[str, object]:
    """Give a worker `wait` seconds to end by itself, then kill it and all that it left; its exit and its costs."""
    held.hang_up()
    deadline = time.monotonic() + wait
    done, status, usage = os.wait4(held.pid, os.WNOHANG)
    while not done and time.monotonic() < deadline:
        time.sleep(0.001)
        done, status, usage = os.wait4(held.pid, os.WNOHANG)
    killed = not done
    if killed:
        os.kill(held.pid, signal.SIGKILL)
        _, status, usage = os.wait4(held.pid, 0)
    _sweep(jail)
    code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return {"exit": code, "killed": killed, "cpu": cpu, "rss_mb": usage.ru_maxrss >> 10}


def _sweep(jail: Jail) -> None:
    """Kill what a worker left behind, daemons too: the zygote is a subreaper, every orphan becomes its child.

    In a pid namespace kill(-1) reaches all but the namespace's init and us at once.
    """
    if jail.tier == "namespaces":
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    while left := watch.children(os.getpid()):
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(-1, 0)


def _end_all(workers: Collection[Held], jail: Jail) -> None:
    for held in workers:
        _end(held, 0.0, jail)
        remove(held.scratch)


# --- the child ---


def _become_worker(
    jail: Jail, scratch: Path, descriptors: list[int], order: dict[str, Any], zygote: socket.socket
) -> None:
    """Lock up, then answer requests until the grader hangs up.  Never returns."""
    from . import loaders, own_files

    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        connection = socket.socket(fileno=descriptors[0])
        shared = _shared(order["shared"], descriptors[1 + order["group"] + order["printed"] :])
        screen = descriptors[1 + order["group"]] if order["printed"] else None
        if order["group"]:
            os.write(descriptors[1], b"0")  # 0: the writer
            os.close(descriptors[1])
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
    from .workbench import Workbench

    flush = _speak_into(screen)
    bench = Workbench(shared, scratch=scratch)
    wire.send(connection, READY)  # locked in; not a line of the student's has run, so nobody else can say this
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
    import torch

    def reader(entry: dict[str, Any], descriptor: int) -> Callable[[], Any]:
        @cache
        def tensor() -> torch.Tensor:
            memory = mmap.mmap(
                descriptor, entry["bytes"], flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE
            )
            return torch.frombuffer(memory, dtype=wire.DTYPES[entry["dtype"]]).reshape(entry["shape"])

        return tensor

    return {entry["name"]: reader(entry, fd) for entry, fd in zip(described, descriptors, strict=True)}
