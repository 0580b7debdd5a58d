"""The zygote: a process that has torch imported and forks a worker whenever the grader asks for one.

    grader ──control socket──▶ zygote ──fork──▶ worker ──its own socket──▶ grader

Exec'd fresh (a secret of the grader's was still found in a forked child's heap), with an empty environment; it runs
no student code, no parallel operation (one would hang every child for ever: pytorch#17199) and keeps one thread.
Orders are frames of `wire`; a fork order brings the worker's socket and the shared data as descriptors.
It ends when the grader closes the control socket, and takes everything it started with it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from . import wire
from .jail import Jail

DESCRIPTORS_MAX = 8
READY = b"locked in"


def main(control_fd: int, settings: str) -> None:
    chosen = json.loads(settings)
    control = socket.socket(fileno=control_fd)
    jail = Jail(chosen["tier"], tuple(chosen["readable"]))
    jail.prepare()
    versions = _preload()
    threads = _one_thread()
    gc.collect()
    gc.freeze()  # the heap stays shared with the children: 0.35 s less a submission (field-notes.md)
    wire.send(control, wire.pack({"ready": versions, "threads": threads}))
    _serve(control, jail, Path(chosen["scratch"]))


def _preload() -> dict[str, str]:
    """Import now what an answer would import later; constructing an optimizer alone pulls in 823 modules."""
    import numpy
    import torch
    import torch._dynamo
    import torch.optim
    import torch.utils.data

    from . import guard, workbench  # noqa: F401

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


def _serve(control: socket.socket, jail: Jail, scratch_root: Path) -> None:
    workers: dict[int, Path] = {}
    while True:
        order, descriptors = _order(control)
        if order is None:
            _end_all(workers, jail)
            return
        if order["op"] == "fork":
            scratch = Path(tempfile.mkdtemp(prefix="work-", dir=scratch_root))
            pid = os.fork()
            if pid == 0:
                control.close()
                _become_worker(jail, scratch, descriptors, order)
            workers[pid] = scratch
            answer: dict[str, object] = {"pid": pid}
        else:  # end: kill it if it still runs, and say how it ended
            pid = order["pid"]
            answer = _end(pid, order["wait"], jail)
            shutil.rmtree(workers.pop(pid, scratch_root / "none"), ignore_errors=True)
        for descriptor in descriptors:
            os.close(descriptor)
        wire.send(control, wire.pack(answer))


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


def _end(pid: int, wait: float, jail: Jail) -> dict[str, object]:
    """Give a worker `wait` seconds to end by itself, then kill it and all that it left; its exit and its costs."""
    deadline = time.monotonic() + wait
    done, status, usage = os.wait4(pid, os.WNOHANG)
    while not done and time.monotonic() < deadline:
        time.sleep(0.001)
        done, status, usage = os.wait4(pid, os.WNOHANG)
    killed = not done
    if killed:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
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
    while left := _children():
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(-1, 0)


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:  # no /proc (macOS): a daemon stays, which is said where the process tier is offered
        return []


def _end_all(workers: Mapping[int, Path], jail: Jail) -> None:
    for pid, scratch in workers.items():
        _end(pid, 0.0, jail)
        shutil.rmtree(scratch, ignore_errors=True)


# --- the child ---


def _become_worker(jail: Jail, scratch: Path, descriptors: list[int], order: dict[str, Any]) -> None:
    """Lock up, then answer requests until the grader hangs up.  Never returns."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        connection = socket.socket(fileno=descriptors[0])
        shared = _shared(order["shared"], descriptors[1:])
        os.chdir(scratch)
        os.environ.update(TMPDIR=str(scratch), HOME=str(scratch))
        tempfile.tempdir = str(scratch)
        jail.close_on_child(scratch, order["memory_mb"], order["cpu_seconds"])
        _answer_requests(connection, scratch, shared)
        code = 0
    except BaseException as error:  # ours: the student's exceptions are answers
        traceback.print_exception(error, file=sys.__stderr__)
    finally:
        os._exit(code)


def _answer_requests(connection: socket.socket, scratch: Path, shared: Mapping[str, Callable[[], Any]]) -> None:
    from .workbench import Workbench

    _silence()
    bench = Workbench(shared, scratch=scratch)
    wire.send(connection, READY)  # locked in; not a line of the student's has run, so nobody else can say this
    while (frame := wire.receive(connection)) is not None:
        number, body = bytes(frame[:8]), frame[8:]
        wire.send(connection, number + bench.answer(body))


def _silence() -> None:
    """What a student prints goes nowhere: 400 MB of it cost nothing, and nothing hidden can leave this way."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    if null > 2:
        os.close(null)


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
