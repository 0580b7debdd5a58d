"""The zygote of a slot: forks a worker whenever the grader asks for one, and says how it ended.

    grader ──control socket──▶ zygote ──fork──▶ worker ──its own socket──▶ grader

Born of the nursery, with torch imported and one thread, inside the walls of its tier.  It runs no student code and no
parallel operation (one would hang every child for ever: pytorch#17199).
Orders are frames of `wire`; a fork order brings the worker's socket and the shared data as descriptors.
It ends when the grader closes the control socket, and takes everything it started with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import tempfile
import time
import traceback
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from . import late, watch, wire, worker
from .jail import Jail
from .real import not_started
from .rubble import remove
from .watch import Held

DESCRIPTORS_MAX = 16
WATCH_SECONDS = 0.1  # between two looks at what the worker has put into its folder


def main(control: socket.socket, jail: Jail, scratch: Path, versions: Mapping[str, str]) -> None:
    """Never returns."""
    jail.prepare()
    wire.send(control, wire.pack({"ready": dict(versions), "threads": one_thread()}))
    workers: dict[int, Held] = {}
    try:
        _serve(control, jail, scratch, workers)
    finally:  # also when it fails itself: what a worker had started does not outlive the zygote
        _end_all(workers.values(), jail)
    os._exit(0)  # taking a Python with torch apart takes 0.5 s


def one_thread() -> int:
    """The number of threads now; more than one would make every fork a gamble.  0 where /proc is not mounted."""
    try:
        threads = len(os.listdir("/proc/self/task"))
    except OSError:
        return 0
    assert threads == 1, f"it has {threads} threads; a child's first parallel operation would hang"
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
    late.bring(order["imports"])
    assert not jail.nodes or not_started(), "CUDA was started in the zygote: no worker could use it"
    scratch = Path(tempfile.mkdtemp(prefix="work-", dir=scratch_root))
    free = watch.free(scratch)
    jail.compile(order["processes"])
    ours, theirs = socket.socketpair()
    with ours:
        pid = os.fork()
        if pid == 0:
            control.close()
            ours.close()
            worker.become(jail, scratch, descriptors, order, theirs)
        theirs.close()
        if order["group"]:  # while it locks itself in: joining waits 8 to 10 ms for the kernel
            os.write(descriptors[1], b"%d" % pid)
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
